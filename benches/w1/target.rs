//! The log that W1 runs on, embedded in a temporary directory or on Kafka, and the engine over it.

use super::support::broker;
use accrue::config::{Config, Limits};
use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Client, LogError, StageLog};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::wire::Codec;
use accrue::worker::engine::{Engine, EngineSetup};
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Embedded,
    Kafka,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Embedded => "embedded",
            Kind::Kafka => "kafka",
        }
    }
}

#[derive(Clone)]
enum Log {
    Embedded(Embedded),
    Kafka(Kafka),
}

/// An open log.
pub struct Target {
    log: Log,
    pub codec: Arc<Codec>,
    pub limits: Limits,
    partitions: u32,
    directory: tempfile::TempDir,
}

impl Target {
    /// A log with its topics and nothing in them.
    pub fn create(kind: Kind, partitions: u32, batch: Option<usize>) -> anyhow::Result<Target> {
        let mut limits = Config::defaults()?.limits;
        limits.batch_records = batch.unwrap_or(limits.batch_records);
        let directory = tempfile::Builder::new().prefix("accrue-w1-").tempdir()?;
        let log = match kind {
            Kind::Embedded => Log::Embedded(open(directory.path(), &limits)?),
            Kind::Kafka => Log::Kafka(Kafka::connect(settings())?),
        };
        let target = Target { log, codec: Arc::new(Codec::new()?), limits, partitions, directory };
        target.client().create_topics(partitions)?;
        Ok(target)
    }

    /// The same log without what writing to it has left in memory.
    pub fn reopened(self) -> anyhow::Result<Target> {
        let Target { log, codec, limits, partitions, directory } = self;
        let kafka = matches!(log, Log::Kafka(_));
        drop(log);
        let log = if kafka { Log::Kafka(Kafka::connect(settings())?) } else { Log::Embedded(open(directory.path(), &limits)?) };
        Ok(Target { log, codec, limits, partitions, directory })
    }

    pub fn client(&self) -> &dyn Client {
        match &self.log {
            Log::Embedded(log) => log,
            Log::Kafka(log) => log,
        }
    }

    fn hold(&self, group: &str, inputs: &[Topic]) -> Result<Box<dyn StageLog>, LogError> {
        Ok(match &self.log {
            Log::Embedded(log) => Box::new(log.stage(group, inputs)?),
            Log::Kafka(log) => Box::new(log.stage(group, inputs)?),
        })
    }

    /// Both stages with the limits that `accrue up` and `accrue run` start them with.
    pub fn start(&self) -> anyhow::Result<Engine> {
        let application_id = application_id();
        let (partitions, reject_bytes) = (self.partitions, self.limits.reject_bytes);
        let client: Arc<dyn Client> = match self.log.clone() {
            Log::Embedded(log) => Arc::new(log),
            Log::Kafka(log) => Arc::new(log),
        };
        Ok(Engine::start(EngineSetup {
            client,
            codec: self.codec.clone(),
            limits: self.limits.clone(),
            application_id,
            store_directory: self.directory.path().into(),
            hold: &|group, inputs| self.hold(group, inputs),
            crediting: Box::new(move || Box::new(Crediting::new(partitions, reject_bytes))),
            earning: Box::new(move || Box::new(Earning::new(partitions, reject_bytes))),
            crash: Arc::default(),
        })?)
    }

    /// Size of the embedded log's file; none of ours lies at a broker.
    pub fn file_bytes(&self) -> anyhow::Result<Option<u64>> {
        Ok(match self.log {
            Log::Embedded(_) => Some(std::fs::metadata(self.directory.path().join("log.redb"))?.len()),
            Log::Kafka(_) => None,
        })
    }
}

fn open(directory: &Path, limits: &Limits) -> anyhow::Result<Embedded> {
    let settings = EmbeddedSettings { cache_bytes: limits.log_cache_bytes, ..EmbeddedSettings::default() };
    Ok(Embedded::open(directory, settings)?)
}

/// Names topics and groups that no other run has.
fn application_id() -> String {
    format!("w1-{}", std::process::id())
}

fn settings() -> KafkaSettings {
    KafkaSettings {
        topic_prefix: format!("{}.", application_id()),
        replication: 1,
        minimum_in_sync: 1,
        ..KafkaSettings::new(broker::brokers())
    }
}
