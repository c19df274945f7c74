//! A real schema registry for tests, Apicurio with Confluent's API, over HTTP and TLS, which keeps what it has over a kill -9.

use super::broker::free_ports;
use super::foreign;
use super::secured::certificates;
use super::story::PATIENCE;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Registry {
    port: u16,
    tls_port: u16,
    scratch: tempfile::TempDir,
    /// The shell that holds the server ends it when its input closes.
    shell: Option<Child>,
}

/// Runs the server until the input closes.
const SCRIPT: &str = r#"
REGISTRY_DATASOURCE_URL="jdbc:h2:file:$PWD/registry;WRITE_DELAY=0" java -Xmx400m -XX:+UseSerialGC \
    -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port="$1" -Dquarkus.http.ssl-port="$3" \
    -Dquarkus.http.ssl.certificate.files=broker.pem -Dquarkus.http.ssl.certificate.key-files=broker.key -jar "$2"/*-runner.jar >>registry.log 2>&1 &
read -r _
kill -9 $!
wait
"#;

impl Registry {
    /// Not started yet.
    pub fn new() -> Registry {
        let scratch = tempfile::tempdir().unwrap();
        certificates(scratch.path()).unwrap();
        let [port, tls_port] = free_ports();
        Registry { port, tls_port, scratch, shell: None }
    }

    /// The same over TLS.
    pub fn tls_url(&self) -> String {
        format!("https://127.0.0.1:{}/apis/ccompat/v7", self.tls_port)
    }

    /// `ca.pem` of its certificate, and `stranger.pem` of another CA.
    pub fn file(&self, name: &str) -> String {
        self.scratch.path().join(name).display().to_string()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    pub fn start(&mut self) {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "registry"]).arg(self.port.to_string()).arg(foreign::registry()).arg(self.tls_port.to_string());
        self.shell = Some(shell.current_dir(self.scratch.path()).stdin(Stdio::piped()).spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        while self.ask("GET", "/subjects", None).is_none() {
            let log = std::fs::read_to_string(self.scratch.path().join("registry.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the registry does not start; Java 17 is needed; it says:\n{log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// As kill -9 does it.
    pub fn kill(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            shell.wait().unwrap();
        }
    }

    /// All that it has is gone; it is not at work.
    pub fn forget(&self) {
        std::fs::remove_file(self.scratch.path().join("registry.mv.db")).unwrap();
    }

    /// Registers a schema as a producer does; its id.
    pub fn register(&self, subject: &str, schema: &str) -> u32 {
        let answer = self.ask("POST", &format!("/subjects/{subject}/versions"), Some(json!({ "schema": schema })));
        let id = answer.as_ref().and_then(|answer| answer["id"].as_u64());
        u32::try_from(id.unwrap_or_else(|| panic!("{answer:?}"))).unwrap()
    }

    /// Lets a subject take any schema.
    pub fn allow_all(&self, subject: &str) {
        self.ask("PUT", &format!("/config/{subject}"), Some(json!({ "compatibility": "NONE" }))).expect("an answer");
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Option<Value> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()))
            .header("content-type", "application/json")
            .body(body.map_or_else(String::new, |body| body.to_string()))
            .unwrap();
        let mut answer = agent.run(request).ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
    }
}
