//! Kafka's own `kafka-acls`, kept running, so that a call costs no start of Java.

use super::broker::libraries;
use super::foreign::repository;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct KafkaAcls {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    broker: String,
}

impl KafkaAcls {
    /// Of the broker at `broker`, which takes it for whoever may do everything.
    pub fn start(broker: &str) -> KafkaAcls {
        let libraries = libraries().unwrap_or_else(|missing| panic!("kafka-acls cannot run: {missing}"));
        let mut java = Command::new("java");
        java.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn").arg("-cp").arg(format!("{}/*", libraries.display()));
        java.arg(repository("tests/support/broker/Acls.java")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = java.spawn().unwrap_or_else(|error| panic!("java: {error}; install a JDK"));
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        KafkaAcls { child, input, output, broker: broker.into() }
    }

    /// One call with these options; returns what it says.
    pub fn call(&mut self, options: &str) -> String {
        writeln!(self.input, "--bootstrap-server {} {options}", self.broker).unwrap();
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "kafka-acls {options}: {said}");
            if line == "done\n" {
                return said;
            }
            said += &line;
        }
    }
}

impl Drop for KafkaAcls {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
