//! An application on the real broker: workers of `accrue run` that share its groups, each with an instance id and a state
//! directory of its own.

use super::broker;
use super::story::{PATIENCE, Story, Worker, accrue, error_text, text, totals};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

pub const SESSION_TIMEOUT_MS: u64 = 6_000;

pub struct Application<'s> {
    story: &'s Story,
    name: String,
    prefix: String,
    partitions: u32,
    starts: Cell<u32>,
}

impl Application<'_> {
    /// On topics of its own.
    pub fn new<'s>(story: &'s Story, name: &str, partitions: u32) -> Application<'s> {
        let prefix = broker::settings(name).topic_prefix;
        Application { story, name: name.into(), prefix, partitions, starts: Cell::new(0) }
    }

    /// A topic's whole name.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The config of a worker, which every command can use.
    pub fn config(&self, worker: usize) -> String {
        let Application { prefix, partitions, .. } = self;
        let (brokers, state) = (broker::brokers(), self.state(worker).display().to_string());
        let text = format!(
            "partitions = {partitions}\n[limits]\nbatch_records = 10\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{prefix}\"\n\
             application_id = \"test-{prefix}\"\ninstance_id = \"{worker}\"\nsession_timeout_ms = {SESSION_TIMEOUT_MS}\n\
             replication = 1\nstate_directory = \"{state}\"\n"
        );
        self.story.write(&format!("{}-{worker}.toml", self.name), &text)
    }

    fn state(&self, worker: usize) -> PathBuf {
        self.story.path(&format!("{}-{worker}-state", self.name))
    }

    /// What a worker has stored is lost.
    pub fn wipe(&self, worker: usize) {
        std::fs::remove_dir_all(self.state(worker)).unwrap();
    }

    pub fn start(&self, worker: usize, crash_at: Option<&str>) -> Worker {
        self.starts.set(self.starts.get() + 1);
        let says = self.story.path(&format!("{}-{worker}-{}.log", self.name, self.starts.get()));
        Worker::start(&["run", "--config", &self.config(worker)], crash_at, says)
    }

    /// One that must come to be at work.
    pub fn run(&self, worker: usize, crash_at: Option<&str>) -> Worker {
        let worker = self.start(worker, crash_at);
        assert!(worker.said().contains("run: at work on "), "{}", worker.said());
        worker
    }

    /// Commands do not wait for the workers on Kafka; totals and verification come to be right.
    pub fn ends_with(&self, expected: &str, workers: &mut [&mut Worker]) {
        let config = self.config(1);
        let log = ["--config", config.as_str()];
        let deadline = Instant::now() + PATIENCE;
        while totals(&log) != expected {
            for worker in workers.iter_mut() {
                assert!(!worker.has_ended(), "{}", worker.said());
                assert!(Instant::now() < deadline, "{}\nnot\n{expected}\n{}", totals(&log), worker.said());
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let verified = accrue(&[&["verify"], &log[..]].concat());
        assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{}{}", text(&verified), error_text(&verified));
    }
}

/// The partitions that a worker has of a stage, as it said last.
pub fn held(worker: &Worker, stage: &str) -> BTreeSet<u32> {
    let said = worker.said();
    let Some(line) = said.lines().rev().find_map(|line| line.strip_prefix("run: has ")) else { return BTreeSet::new() };
    let of_stage = line.split("; ").find_map(|part| part.strip_prefix(stage)?.strip_prefix(' '));
    of_stage.into_iter().flat_map(|list| list.split(", ")).filter_map(|partition| partition.parse().ok()).collect()
}
