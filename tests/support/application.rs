//! An application on the real broker: workers of `accrue run` that share its groups, each with an instance id and a state
//! directory of its own.

use super::broker;
use super::story::{PATIENCE, Story, Worker, accrue, error_text, text, totals};
use accrue::domain::output::Accrual;
use accrue::domain::topic::Topic;
use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Batch, Client};
use accrue::wire::{Codec, Format, RESULT_TOPICS};
use accrue::worker::commit_record::{COMMIT_KEY, Sealed};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

pub const SESSION_TIMEOUT_MS: u64 = 6_000;
/// Whose events the results are.
pub const EVENT_SOURCE: &str = "https://comp.example/accrue";
const CHANGELOGS: [Topic; 2] = [Topic::CreditingChangelog, Topic::EarningChangelog];

pub struct Application<'s> {
    story: &'s Story,
    brokers: String,
    name: String,
    prefix: String,
    partitions: u32,
    /// Whose events its results are; empty: they are none.
    source: &'static str,
    results: Format,
    starts: Cell<u32>,
}

impl Application<'_> {
    /// On topics of its own.
    pub fn new<'s>(story: &'s Story, name: &str, partitions: u32) -> Application<'s> {
        Application::on(broker::brokers(), story, name, partitions)
    }

    /// The same on a certain broker.
    pub fn on<'s>(brokers: String, story: &'s Story, name: &str, partitions: u32) -> Application<'s> {
        let prefix = broker::unique(name);
        Application {
            story,
            brokers,
            name: name.into(),
            prefix,
            partitions,
            source: "",
            results: Format::Avro,
            starts: Cell::new(0),
        }
    }

    /// The group of a stage.
    pub fn group(&self, stage: &str) -> String {
        format!("test-{}.{stage}", self.prefix)
    }

    /// Its results are events.
    pub fn with_events(self) -> Self {
        Application { source: EVENT_SOURCE, ..self }
    }

    /// How many members the broker counts in each group, now.
    pub fn check_members(&self, count: usize) {
        for stage in ["crediting", "earning"] {
            let members = self.client().workers(&self.group(stage)).unwrap();
            assert_eq!(members.len(), count, "{stage}: {members:?}");
        }
    }

    /// How its results are written.
    pub fn with_results(self, results: Format) -> Self {
        Application { results, ..self }
    }

    /// Plain access to its log.
    pub fn client(&self) -> Kafka {
        Kafka::connect(KafkaSettings { topic_prefix: self.prefix.clone(), ..KafkaSettings::new(self.brokers.clone()) }).unwrap()
    }

    /// Makes the changelogs before anybody else does: in small segments, which the broker compacts as soon as it can.
    pub fn create_compacted_changelogs(&self) {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.brokers).create().unwrap();
        let settings = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "500"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("max.compaction.lag.ms", "500"),
            ("unclean.leader.election.enable", "false"),
            ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", "1114112"),
        ];
        for changelog in CHANGELOGS {
            let name = self.topic(changelog.name());
            let topic = NewTopic::new(&name, self.partitions as i32, TopicReplication::Fixed(1));
            let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let created = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap();
            assert!(created.iter().all(Result::is_ok), "{created:?}");
        }
    }

    /// Whether the broker has compacted every partition of both changelogs: the first commit records are gone.
    pub fn is_compacted(&self, log: &Kafka) -> bool {
        let places = CHANGELOGS.into_iter().flat_map(|topic| (0..self.partitions).map(move |partition| (topic, partition)));
        places.into_iter().all(|(topic, partition)| oldest_commit(log, topic, partition).is_some_and(|seq| seq > 1))
    }

    /// A topic's whole name.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The config of a worker, which every command can use.
    pub fn config(&self, worker: usize) -> String {
        let Application { brokers, prefix, partitions, source, results, .. } = self;
        let of_result = |topic: Topic| format!("[topics.{}]\nformat = \"json\"\n", topic.name());
        let topics = if *results == Format::Json { RESULT_TOPICS.map(of_result).concat() } else { String::new() };
        let state = self.state(worker).display().to_string();
        let text = format!(
            "partitions = {partitions}\ncloud_events_source = \"{source}\"\n[limits]\nbatch_records = 10\n{topics}[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{prefix}\"\n\
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

/// The number of the oldest commit record that is left.
fn oldest_commit(log: &Kafka, topic: Topic, partition: u32) -> Option<u64> {
    let (mut next, mut batch) = (0, Batch::default());
    while next < log.end(topic, partition).unwrap() {
        batch.clear();
        next = log.read(topic, partition, next, 1 << 20, &mut batch).unwrap();
        if let Some(row) = batch.rows().iter().find(|row| batch.key(row) == Some(COMMIT_KEY)) {
            return Some(Sealed::read(batch.value(row).unwrap()).unwrap().record.seq);
        }
    }
    None
}

/// Every accrual that a read-committed reader sees follows on the one before it, without a gap or a repetition.
pub fn check_accrual_chains(log: &dyn Client, partitions: u32) {
    let codec = Codec::new().unwrap();
    let mut chains = BTreeMap::new();
    let mut count = 0;
    for partition in 0..partitions {
        let (mut batch, mut next) = (Batch::default(), 0);
        while next < log.end(Topic::Accrual, partition).unwrap() {
            next = log.read(Topic::Accrual, partition, next, 1 << 20, &mut batch).unwrap();
        }
        for row in batch.rows() {
            let accrual = codec.read_accrual(batch.value(row).unwrap()).unwrap();
            let Accrual { payee_id, component, calendar, interval, effective_period, booking_period, .. } = &accrual;
            let key = (
                payee_id.to_string(),
                accrual.plan_id.to_string(),
                component.to_string(),
                calendar.to_string(),
                interval.to_string(),
                *effective_period,
                *booking_period,
            );
            let (sequence, total) = chains.get(&key).copied().unwrap_or((0, 0));
            assert_eq!((accrual.sequence, accrual.previous_total.0), (sequence + 1, total), "{partition} {:?}", row.position);
            chains.insert(key, (accrual.sequence, accrual.new_total.0));
            count += 1;
        }
    }
    assert!(count > chains.len() && !chains.is_empty(), "{count} accruals in {} chains", chains.len());
}

/// The partitions that a worker has of a stage, as it said last.
pub fn held(worker: &Worker, stage: &str) -> BTreeSet<u32> {
    let said = worker.said();
    let Some(line) = said.lines().rev().find_map(|line| line.strip_prefix("run: has ")) else { return BTreeSet::new() };
    let of_stage = line.split("; ").find_map(|part| part.strip_prefix(stage)?.strip_prefix(' '));
    of_stage.into_iter().flat_map(|list| list.split(", ")).filter_map(|partition| partition.parse().ok()).collect()
}
