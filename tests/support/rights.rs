//! Kafka's own authorizer and a company whose roles begin with nothing: a role climbs to what it needs by what errors name, and
//! loses each right again by itself.

use super::acls::KafkaAcls;
use super::secured::{PASSWORD, Secured, guarded};
use super::story::{PATIENCE, Story, Worker, accrue, error_text, succeeded, text};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const APPLICATION: &str = "test-acls";
/// Nothing that lacks a right may keep a person waiting for longer.
const HANGS: Duration = Duration::from_secs(60);
pub const TOKEN: &str = "0123456789abcdef";

fn user(role: &str) -> String {
    format!("{APPLICATION}-{role}")
}

pub struct Company {
    broker: Secured,
    pub story: Story,
    acls: Mutex<KafkaAcls>,
    workers: AtomicUsize,
}

impl Company {
    pub fn new() -> Company {
        let users = ["worker", "append", "read", "create"].map(user);
        let (broker, story) = (guarded(&users.each_ref().map(String::as_str)), Story::new());
        let acls = Mutex::new(KafkaAcls::start(&broker.plain));
        for (name, content) in [("password", PASSWORD), ("token", TOKEN)] {
            let path = story.write(name, content);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        Company { broker, story, acls, workers: AtomicUsize::new(0) }
    }

    /// The log as a role reaches it; `admin` may do everything.
    pub fn log(&self, role: &str) -> [String; 2] {
        let (brokers, security) = match role {
            "admin" => (&self.broker.plain, String::new()),
            _ => {
                let (ca, password) = (self.broker.directory.join("ca.pem"), self.story.text("password"));
                let user = user(role);
                let log_in = format!("user_name = \"{user}\"\npassword_file = {password:?}\nca_file = {ca:?}\n");
                (&self.broker.scram, format!("protocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\n{log_in}"))
            }
        };
        let state = self.story.text("worker-state");
        let text = format!(
            "partitions = 2\n[limits]\nmaintenance_ms = 50\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"acls.\"\n\
             application_id = \"{APPLICATION}\"\nsession_timeout_ms = 6000\nreplication = 1\nstate_directory = \"{state}\"\n\
             [kafka.security]\n{security}"
        );
        ["--config".into(), self.story.write(&format!("{role}.toml"), &text)]
    }

    pub fn run(&self, role: &str, arguments: &[&str]) -> Output {
        let log = self.log(role);
        let arguments = [arguments, &log.each_ref().map(String::as_str)].concat();
        accrue(&arguments)
    }

    pub fn start_worker(&self) -> Worker {
        let [option, config] = self.log("worker");
        let token = self.story.text("token");
        let listen = ["--listen", "127.0.0.1:0", "--token-file", &token];
        let number = self.workers.fetch_add(1, Ordering::SeqCst);
        let says = self.story.path(&format!("worker-{number}.log"));
        Worker::start(&[&["run", &option, &config][..], &listen].concat(), None, says)
    }

    /// With partitions of both stages.
    pub fn whole_worker(&self) -> Worker {
        let mut worker = self.start_worker();
        worker.wait_until("it has partitions", |worker| worker.said().contains("crediting 0, 1; earning 0, 1"));
        worker
    }

    /// What a worker says that ends for a right that it lacks; `None` where it goes on.
    pub fn refused_worker(&self) -> Option<String> {
        let mut worker = self.start_worker();
        let deadline = Instant::now() + HANGS;
        while !worker.has_ended() {
            if Instant::now() > deadline {
                worker.kill();
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let said = worker.said();
        assert_eq!(worker.exit_code(), Some(78), "{said}");
        Some(said)
    }

    fn call(&self, options: &str) {
        self.acls.lock().unwrap().call(options);
    }

    fn take(&self, line: &str) {
        self.call(&line.replacen("--add", "--remove --force", 1));
    }

    /// As somebody does who may do everything.
    pub fn delete_topic(&self, name: &str) {
        let mut config = ClientConfig::new();
        let admin: AdminClient<DefaultClientContext> = config.set("bootstrap.servers", &self.broker.plain).create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deleted = runtime.block_on(admin.delete_topics(&[name], &AdminOptions::new())).unwrap();
        // One that is tried again is gone already.
        let gone = |result: &Result<_, (_, RDKafkaErrorCode)>| {
            matches!(result, Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)))
        };
        assert!(deleted.iter().all(gone), "{deleted:?}");
    }
}

/// An ACL as it is printed.
pub struct Right {
    record: Value,
    line: String,
    granted: bool,
    /// The command that could not go on without it.
    pub by: Vec<String>,
}

impl Right {
    pub fn of(&self, key: &str) -> &str {
        self.record[key].as_str().unwrap()
    }

    /// As an error names it.
    fn is(&self, named: &[String; 3]) -> bool {
        self.of("operation") == named[0] && self.is_on(named)
    }

    fn is_on(&self, [_, resource, name]: &[String; 3]) -> bool {
        let begins = self.of("pattern") == "prefixed" && name.starts_with(self.of("name"));
        self.of("resource") == resource && (self.of("name") == name || begins)
    }

    /// Whoever may do this may describe.
    fn describes(&self) -> bool {
        !["Create", "DescribeConfigs"].contains(&self.of("operation"))
    }

    fn as_describe(&self) -> String {
        self.line.replace(self.of("operation"), "Describe")
    }
}

/// A role on its way to what it needs.
pub struct Ladder<'c> {
    company: &'c Company,
    pub rights: Vec<Right>,
    /// Rights to describe that were granted on the way to one that includes them.
    lent: Vec<String>,
}

impl Ladder<'_> {
    pub fn new<'c>(company: &'c Company, role: &str) -> Ladder<'c> {
        let asked = ["topics", "--acls", "--role", role];
        let [lines, records] = [company.run("admin", &asked), company.run("admin", &[&asked[..], &["--json"]].concat())];
        succeeded(&asked, &lines);
        let records = text(&records).lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        let lines = text(&lines).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(records.len(), lines.len());
        let right = |(record, line)| Right { record, line, granted: false, by: Vec::new() };
        Ladder { company, rights: records.into_iter().zip(lines).map(right).collect(), lent: Vec::new() }
    }

    /// Grants the first that an error names and that is not granted yet.
    pub fn climb(&mut self, said: &str, by: &[&str]) -> bool {
        let (company, named) = (self.company, named(said));
        let next = named.iter().find_map(|named| self.rights.iter().position(|right| !right.granted && right.is(named)));
        if let Some(next) = next {
            let right = &mut self.rights[next];
            company.call(&right.line);
            (right.granted, right.by) = (true, by.iter().map(|word| (*word).to_owned()).collect());
            return true;
        }
        // Whoever may read or write may describe: the error is right, and what is printed must be named next.
        let Some(described) = named.iter().find(|[operation, ..]| operation == "Describe") else { return false };
        let includes = |right: &&Right| {
            !right.granted && right.describes() && (right.of("resource"), right.of("name")) == (&described[1], &described[2])
        };
        let Some(line) = self.rights.iter().find(includes).map(Right::as_describe) else { return false };
        self.lend(line)
    }

    fn lend(&mut self, line: String) -> bool {
        if self.lent.contains(&line) {
            return false;
        }
        self.company.call(&line);
        self.lent.push(line);
        true
    }

    /// Lets all topics be seen, so that only what is really done with them is refused.
    pub fn lend_topics(&mut self) {
        let is_printed =
            |name: &str| self.rights.iter().any(|right| right.of("name") == name && right.of("operation") == "Describe");
        let topics = self.rights.iter().filter(|right| right.of("resource") == "topic" && !is_printed(right.of("name")));
        for line in topics.map(Right::as_describe).collect::<Vec<_>>() {
            self.lend(line);
        }
    }

    /// All of it was needed; from now on it has that and nothing else.
    pub fn give_back(&mut self) {
        assert_eq!(self.lacks(), Vec::<&str>::new());
        for line in std::mem::take(&mut self.lent) {
            self.company.take(&line);
        }
    }

    /// Until an attempt succeeds. Each that does not must name what it lacks.
    pub fn until(&mut self, by: &[&str], mut attempt: impl FnMut() -> Result<(), String>) {
        let mut again = 0;
        loop {
            let began = Instant::now();
            let Err(said) = attempt() else { return };
            assert!(began.elapsed() < HANGS, "{:?}: {said}", began.elapsed());
            // What was granted takes a moment to reach the broker.
            again = if self.climb(&said, by) { 0 } else { again + 1 };
            assert!(again < 20, "names nothing that is printed and lacks:\n{said}\nlacks {:#?}", self.lacks());
        }
    }

    pub fn command(&mut self, role: &str, arguments: &[&str]) {
        let company = self.company;
        self.until(arguments, || {
            let output = company.run(role, arguments);
            let said = format!("{arguments:?} {:?}: {}", output.status.code(), error_text(&output));
            // Something may be found, and a command that waits for what it has asked for may lack a right behind that.
            let found = output.status.code() == Some(1) && !said.contains("accrue: ");
            let done = output.status.success() || found || said.contains("is closed already");
            assert!(done || output.status.code() == Some(78), "{said}");
            if done { Ok(()) } else { Err(said) }
        });
    }

    pub fn lacks(&self) -> Vec<&str> {
        self.rights.iter().filter(|right| !right.granted).map(|right| right.line.as_str()).collect()
    }

    /// Takes some of the rights away, each by itself: an attempt must be refused and name it. What is said of an attempt that is
    /// refused is its answer; a right that was given back a moment ago may be named once more.
    pub fn loses_each(&self, which: impl Fn(&Right) -> bool, mut attempt: impl FnMut(&Right) -> Option<String>) {
        for right in self.rights.iter().filter(|right| which(right)) {
            let same = |other: &&Right| other.of("name") == right.of("name") && other.describes();
            let alone = right.describes() && self.rights.iter().filter(same).count() == 1;
            // What is missing first is told: without any other right on it, that it cannot be seen.
            let names = |named: &[String; 3]| right.is(named) || (alone && named[0] == "Describe" && right.is_on(named));
            self.company.take(&right.line);
            let (deadline, mut last) = (Instant::now() + PATIENCE, None);
            while !last.as_deref().is_some_and(|said| named(said).iter().any(names)) {
                assert!(Instant::now() < deadline, "not named: {}\nbut {last:?}", right.line);
                last = attempt(right);
            }
            self.company.call(&right.line);
        }
    }
}

/// What an error names: operation, kind of resource and name.
pub fn named(said: &str) -> Vec<[String; 3]> {
    let words: Vec<&str> = said.split_whitespace().map(|word| word.trim_end_matches([';', ',', ')', '"'])).collect();
    let four = words.windows(4).filter(|words| words[0] == "--operation" && words[2].starts_with("--"));
    four.map(|words| [words[1], &words[2][2..], words[3]].map(str::to_owned)).collect()
}
