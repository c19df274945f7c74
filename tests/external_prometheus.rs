//! The alert rules and the dashboard of `docs/operations` on Prometheus itself: `promtool` holds each alert to its case, and a
//! real server that scrapes a real worker finds every metric and label that they name.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::application::Application;
use support::foreign::{output, repository};
use support::story::{PATIENCE, Story, Worker, accrue, deals, succeeded};

const ALERTS: &str = include_str!("../docs/operations/alerts.yml");
const CASES: &str = include_str!("../docs/operations/alerts.test.yml");
const RUNBOOK: &str = include_str!("../docs/operations/runbook.md");
const DASHBOARD: &str = include_str!("../docs/operations/dashboard.json");
const INSTALL: &str = "prometheus";

/// What follows a key in every line of YAML that has it.
fn values<'t>(text: &'t str, key: &'t str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| line.trim().strip_prefix(key))
}

fn alerts() -> Vec<&'static str> {
    values(ALERTS, "- alert: ").collect()
}

#[test]
fn every_alert_has_a_case_that_holds_and_a_section_of_the_runbook() {
    let names = alerts();
    assert!(names.len() >= 10, "{names:?}");
    assert_eq!(values(CASES, "- name: ").collect::<Vec<_>>(), names);
    assert_eq!(values(RUNBOOK, "## ").collect::<Vec<_>>(), names);
    let anchors: Vec<String> = values(ALERTS, "runbook: docs/operations/runbook.md#").map(|anchor| anchor.to_string()).collect();
    assert_eq!(anchors, names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>());
    let tested =
        output(Command::new("promtool").args(["test", "rules", &repository("docs/operations/alerts.test.yml")]), INSTALL);
    assert!(tested.contains("SUCCESS"), "{tested}");
}

/// A server of this test's own.
struct Prometheus {
    address: String,
    child: Child,
    _scratch: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn scraping(worker: &str) -> Prometheus {
        let scratch = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = scratch.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{:?}]\nscrape_configs:\n  - job_name: accrue\n    static_configs: [{{ targets: [{worker:?}] }}]\n",
            repository("docs/operations/alerts.yml")
        );
        std::fs::write(&config, text).unwrap();
        let address = format!("127.0.0.1:{port}");
        let mut server = Command::new("prometheus");
        server.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={address}"));
        server.arg(format!("--storage.tsdb.path={}", scratch.path().join("data").display()));
        let log = std::fs::File::create(scratch.path().join("log")).unwrap();
        let spawned = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = spawned.unwrap_or_else(|error| panic!("prometheus: {error}; install {INSTALL}"));
        Prometheus { address, child, _scratch: scratch }
    }

    /// The data of an answer; `None` while it does not answer.
    fn ask(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        let mut body: Value = serde_json::from_str(body).ok()?;
        (body["status"] == "success").then(|| body["data"].take())
    }

    fn query(&self, expression: &str) -> Option<Value> {
        let encoded: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.ask(&format!("/api/v1/query?query={encoded}")).map(|mut data| data["result"].take())
    }

    fn wait_until(&self, what: &str, mut done: impl FnMut(&Prometheus) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited too long until {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The metrics of an expression with their labels: `accrue_rejects_total{kind="rejected"}`.
fn selectors(expression: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("accrue_").chain(expression.match_indices("up{")) {
        let rest = &expression[at..];
        let name = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(rest.len());
        let labels = if rest[name..].starts_with('{') { rest[name..].find('}').unwrap() + 1 } else { 0 };
        found.push(&rest[..name + labels]);
    }
    found
}

#[test]
fn prometheus_finds_every_metric_of_rules_and_dashboard_at_up_and_at_run() {
    let story = Story::new();
    let data = story.text("prometheus-data");
    watched(&story, "up", ["--data", &data]);
    let application = Application::new(&story, "prometheus", 2);
    watched(&story, "run", ["--config", &application.config(1)]);
}

fn watched(story: &Story, command: &str, log: [&str; 2]) {
    story.begin(&log);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let arguments = [command, log[0], log[1], "--listen", &address];
    let worker = Worker::start(&arguments, None, story.path(&format!("{command}.log")));
    let prometheus = Prometheus::scraping(&address);
    let file = story.write("some.jsonl", &deals("some", 50));
    let ingest = ["ingest", &file, log[0], log[1]];
    succeeded(&ingest, &accrue(&ingest));
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let shown: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(shown.len() >= 10, "{shown:?}");
    let expressions: Vec<&str> = values(ALERTS, "expr: ").chain(shown).collect();
    let wanted: BTreeSet<&str> = expressions.iter().flat_map(|expression| selectors(expression)).collect();
    assert!(wanted.contains("up{job=\"accrue\"}") && wanted.len() > 12, "{wanted:?}");
    for selector in wanted {
        prometheus.wait_until(&format!("the worker tells {selector}"), |prometheus| {
            prometheus.query(selector).is_some_and(|rows| !rows.as_array().unwrap().is_empty())
        });
    }
    for expression in expressions {
        assert!(prometheus.query(expression).is_some(), "{expression}");
    }
    let healthy = |prometheus: &Prometheus| {
        let rules = prometheus.ask("/api/v1/rules")?["groups"][0]["rules"].take();
        let health = rules.as_array()?.iter().filter(|rule| rule["health"] == "ok").count();
        Some(health)
    };
    prometheus.wait_until("every rule is evaluated", |prometheus| healthy(prometheus) == Some(alerts().len()));
    // A worker that does its work raises none.
    let alerts = prometheus.ask("/api/v1/alerts").unwrap()["alerts"].take();
    assert!(alerts.as_array().unwrap().iter().all(|alert| alert["state"] != "firing"), "{alerts}");
    worker.kill();
    prometheus.wait_until("the worker is missed", |prometheus| {
        let alerts = prometheus.ask("/api/v1/alerts").unwrap_or_default();
        alerts["alerts"].as_array().is_some_and(|alerts| alerts.iter().any(|alert| alert["labels"]["alertname"] == "AccrueDown"))
    });
}
