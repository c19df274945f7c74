//! The embedded log: Kafka's shape on one redb file, for one machine without a broker.
//!
//! A transaction is one durable redb commit, so what is not committed is never there and every reader is read-committed.
//! The file excludes other processes; inside one, [`Embedded`] is cloned between threads. A transaction holds its records
//! in memory until its commit. No file but this one and those under `embedded/` names redb.

mod block;
mod stage;
mod store;
#[cfg(test)]
mod tests;

pub use stage::EmbeddedStage;

use super::batch::Records;
use super::{Append, Batch, Client, Limit, LogError};
use crate::domain::topic::Topic;
use block::Packer;
use redb::{Builder, Database, DatabaseError, StorageBackend, backends::InMemoryBackend};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Extent, Store};

/// The log's file in its directory.
const FILE_NAME: &str = "log.redb";

/// Sizes of an embedded log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// Memory for pages of the file, read and written.
    pub cache_bytes: usize,
    /// Key, value and headers of one record together. Much more than an input may have: a deal's state holds all of its
    /// revisions.
    pub maximum_record_bytes: usize,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        EmbeddedSettings { cache_bytes: 256 << 20, maximum_record_bytes: 16 << 20 }
    }
}

/// A handle on the log; clones share it.
#[derive(Clone)]
pub struct Embedded {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    topics: RwLock<BTreeMap<Topic, u32>>,
    maximum_record_bytes: usize,
}

impl Embedded {
    /// Opens or creates `log.redb` in `directory`. One process at a time.
    pub fn open(directory: &Path, settings: EmbeddedSettings) -> Result<Self, LogError> {
        let place = directory.display().to_string();
        std::fs::create_dir_all(directory).map_err(|error| {
            LogError::Storage(format!("cannot create {place}: {error}; choose a directory that can be written"))
        })?;
        let database = builder(settings).create(directory.join(FILE_NAME)).map_err(|error| refusal(&place, error))?;
        Embedded::new(database, place, settings)
    }

    /// Whether a directory holds an embedded log.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(FILE_NAME).exists()
    }

    /// A log that ends with the process.
    pub fn in_memory() -> Result<Self, LogError> {
        Embedded::with_backend(InMemoryBackend::new(), EmbeddedSettings::default())
    }

    /// A log on a storage of the caller's, which may fail or forget.
    pub fn with_backend(backend: impl StorageBackend, settings: EmbeddedSettings) -> Result<Self, LogError> {
        let place = "memory".to_owned();
        let database = builder(settings).create_with_backend(backend).map_err(|error| refusal(&place, error))?;
        Embedded::new(database, place, settings)
    }

    fn new(database: Database, place: String, settings: EmbeddedSettings) -> Result<Self, LogError> {
        let store = Store::new(database, place)?;
        let topics = store.read(store::topics)?.into_iter().collect();
        let maximum_record_bytes = settings.maximum_record_bytes;
        Ok(Embedded { shared: Arc::new(Shared { store, topics: RwLock::new(topics), maximum_record_bytes }) })
    }

    /// Takes the group over: an older owner's commit is refused from now on. The first input's partitions are the stage's.
    pub fn stage(&self, group: &str, inputs: &[Topic]) -> Result<EmbeddedStage, LogError> {
        EmbeddedStage::new(self.clone(), group, inputs)
    }

    /// Rewrites every partition of the compacted topics of whose records a quarter or more are not the newest of their key.
    /// Appends and commits do the same for a partition that has grown fourfold.
    pub fn compact(&self) -> Result<(), LogError> {
        let topics = self.topics();
        for (topic, partitions) in topics.into_iter().filter(|(topic, _)| topic.compacted()) {
            for partition in 0..partitions {
                self.shared.store.write(|transaction| store::compact(transaction, topic, partition))?;
            }
        }
        Ok(())
    }

    fn store(&self) -> &Store {
        &self.shared.store
    }

    fn topics(&self) -> BTreeMap<Topic, u32> {
        self.shared.topics.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, topic: Topic) -> Result<u32, LogError> {
        let count = self.shared.topics.read().unwrap_or_else(PoisonError::into_inner).get(&topic).copied();
        count.ok_or_else(|| {
            let (name, place) = (topic.name(), self.store().place());
            LogError::Settings(format!("the log in {place} has no topic {name}; start `accrue up` there, which creates it"))
        })
    }

    fn check_partition(&self, topic: Topic, partition: u32) -> Result<(), LogError> {
        let partitions = self.count(topic)?;
        if partition < partitions {
            return Ok(());
        }
        let name = topic.name();
        Err(LogError::Settings(format!("{name} has {partitions} partitions and no partition {partition}; write to one of those")))
    }

    fn extent(&self, topic: Topic, partition: u32) -> Result<Extent, LogError> {
        self.check_partition(topic, partition)?;
        self.store().read(|transaction| store::extent(transaction, topic, partition))
    }

    /// A position that the log cannot go on from means that reader and log are not of one history.
    fn check_position(&self, topic: Topic, partition: u32, from: u64) -> Result<(), LogError> {
        let (name, Extent { start, end, .. }) = (topic.name(), self.extent(topic, partition)?);
        let what = match from {
            from if from < start => format!("was trimmed; the first one there is {start}"),
            from if from > end => format!("is beyond the end, which is {end}"),
            _ => return Ok(()),
        };
        Err(LogError::Settings(format!(
            "offset {from} of {name}, partition {partition}, {what}; use the log that it was read from"
        )))
    }

    /// Packs records behind those that `packed` holds already, after checking all of them.
    fn pack(&self, topic: Topic, partition: u32, records: &Records, packed: &mut Packer) -> Result<(), LogError> {
        self.check_partition(topic, partition)?;
        records.check_sizes(topic.name(), self.shared.maximum_record_bytes)?;
        let timestamp_ms = now_ms();
        for record in records.iter() {
            packed.push(packed.records(), timestamp_ms, record);
        }
        Ok(())
    }

    /// Rewrites what a commit made worth it. The commit stands whatever happens here: a failed storage refuses the next one.
    fn compact_after(&self, extents: &[(Topic, u32, Extent)]) {
        for (topic, partition, _) in extents.iter().filter(|(topic, _, extent)| topic.compacted() && extent.wants_compaction()) {
            let done = self.store().write(|transaction| store::compact(transaction, *topic, *partition));
            if let Err(error) = done {
                tracing::warn!(topic = topic.name(), partition, %error, "compaction failed");
            }
        }
    }
}

fn builder(settings: EmbeddedSettings) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(settings.cache_bytes);
    builder
}

fn refusal(place: &str, error: DatabaseError) -> LogError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => LogError::Fenced(format!(
            "another accrue holds {place}; stop it first, or let it answer: commands reach it through {place}/control.sock"
        )),
        other => store::failure(place, &other.into()),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Client for Embedded {
    fn create_topics(&self, partitions: u32) -> Result<(), LogError> {
        let mut topics = self.shared.topics.write().unwrap_or_else(PoisonError::into_inner);
        let wanted = Topic::ALL.map(|topic| (topic, topic.partitions(partitions)));
        for (topic, wanted) in wanted {
            if let Some(count) = topics.get(&topic).filter(|count| **count != wanted) {
                let (name, place) = (topic.name(), self.store().place());
                return Err(LogError::Settings(format!(
                    "{name} in {place} has {count} partitions, not {wanted}; set partitions = {count}, or start with an empty directory"
                )));
            }
        }
        let missing: Vec<_> = wanted.into_iter().filter(|(topic, _)| !topics.contains_key(topic)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.store().write(|transaction| {
            missing.iter().try_for_each(|(topic, partitions)| store::create_topic(transaction, *topic, *partitions))
        })?;
        topics.extend(missing);
        Ok(())
    }

    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        self.count(topic)
    }

    fn append(&self, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        let mut packed = Vec::with_capacity(appends.len());
        for append in appends {
            let mut packer = Packer::default();
            self.pack(append.topic, append.partition, append.records, &mut packer)?;
            packed.push((append.topic, append.partition, packer));
        }
        let done = self.store().write(|transaction| {
            let append = |(topic, partition, packer): &(Topic, u32, Packer)| {
                let (first, extent) = store::append(transaction, *topic, *partition, packer)?;
                Ok((first, (*topic, *partition, extent)))
            };
            packed.iter().map(append).collect::<Result<Vec<_>, redb::Error>>()
        })?;
        let (firsts, extents): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        self.compact_after(&extents);
        Ok(firsts)
    }

    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.extent(topic, partition)?.start)
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.extent(topic, partition)?.end)
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.end(topic, partition)
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        self.check_position(topic, partition, from)?;
        let limit = Limit { records: usize::MAX / 2, bytes: limit_bytes.max(1) };
        self.store().read(|transaction| store::read(transaction, topic, partition, from, limit, into))
    }

    fn committed(&self, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, LogError> {
        self.store().read(|transaction| store::committed(transaction, group, topic, partition))
    }

    fn trim(&self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.check_partition(topic, partition)?;
        self.store().write(|transaction| store::trim(transaction, topic, partition, offset))
    }
}
