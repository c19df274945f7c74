//! The tables of the embedded log and what is done with them inside one redb transaction: appending, reading, trimming,
//! compaction. Wakes readers after a commit, and remembers what failed first. Leaves out who owns a group (`stage`) and how
//! records are packed (`block`).

use super::block::{Damaged, Entries, Packer};
use crate::domain::topic::{Position, Topic};
use crate::log::{Batch, Limit, LogError};
use redb::{Database, Error, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::io::ErrorKind;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Blocks by topic, partition and first offset.
const RECORDS: TableDefinition<(&str, u32, u64), &[u8]> = TableDefinition::new("records");
/// Start, end, records and records after the last compaction, by topic and partition.
const PARTITIONS: TableDefinition<(&str, u32), (u64, u64, u64, u64)> = TableDefinition::new("partitions");
/// Partition counts.
const TOPICS: TableDefinition<&str, u32> = TableDefinition::new("topics");
/// Next offsets by group, topic and partition.
const OFFSETS: TableDefinition<(&str, &str, u32), u64> = TableDefinition::new("offsets");
/// How often a group was taken over.
const GENERATIONS: TableDefinition<&str, u64> = TableDefinition::new("generations");

/// A compacted partition with fewer records is not worth a rewrite.
const COMPACT_FROM_RECORDS: u64 = 50_000;
/// How often a partition holds what its last rewrite left or looked at before it is rewritten.
const COMPACT_AT_TIMES: u64 = 4;
/// A rewrite that leaves out less than one record in so many is put off: deals that are new and new again have few.
const WORTH_IT_ONE_IN: u64 = 4;
/// How long a thread waits to hear what failed first.
const FIRST_FAILURE_WAIT: Duration = Duration::from_millis(200);

/// What is known of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// First offset that is still there.
    pub start: u64,
    /// The next offset to be given.
    pub end: u64,
    records: u64,
    compacted_records: u64,
}

impl Extent {
    pub fn wants_compaction(&self) -> bool {
        self.records > COMPACT_FROM_RECORDS.max(COMPACT_AT_TIMES * self.compacted_records)
    }
}

/// The database, and the bell that rings after every commit.
pub struct Store {
    database: Database,
    place: String,
    commits: Mutex<u64>,
    committed: Condvar,
    first_failure: Mutex<Option<String>>,
    failure_said: Condvar,
}

impl Store {
    pub fn new(database: Database, place: String) -> Result<Self, LogError> {
        let store = Store {
            database,
            place,
            commits: Mutex::new(0),
            committed: Condvar::new(),
            first_failure: Mutex::new(None),
            failure_said: Condvar::new(),
        };
        store.write(|transaction| {
            transaction.open_table(RECORDS)?;
            transaction.open_table(PARTITIONS)?;
            transaction.open_table(TOPICS)?;
            transaction.open_table(OFFSETS)?;
            transaction.open_table(GENERATIONS)?;
            Ok(())
        })?;
        Ok(store)
    }

    /// Where the log lies, as people know it.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Error>) -> Result<T, LogError> {
        let read = || work(&self.database.begin_read()?);
        read().map_err(|error| self.failed(&error))
    }

    /// Runs `work` in a transaction that is durable when this returns, and wakes up the readers. `work` must not have
    /// changed anything if what it returns means a refusal.
    pub fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, Error>) -> Result<T, LogError> {
        let write = || {
            let transaction = self.database.begin_write()?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        let done = write().map_err(|error| self.failed(&error))?;
        *self.commits.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.committed.notify_all();
        Ok(done)
    }

    /// What failed first is what everybody is told: redb answers all later calls with "previous error" alone, and another
    /// thread may hear that before the one that met the error has said what it was.
    fn failed(&self, error: &Error) -> LogError {
        let text = failure_text(&self.place, error);
        let mut said = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Error::Io(_) => {
                said.get_or_insert_with(|| text.clone());
                self.failure_said.notify_all();
                LogError::Storage(text)
            }
            Error::PreviousIo => {
                let waited = self.failure_said.wait_timeout_while(said, FIRST_FAILURE_WAIT, |said| said.is_none());
                LogError::Storage(waited.unwrap_or_else(PoisonError::into_inner).0.clone().unwrap_or(text))
            }
            _ => LogError::Storage(text),
        }
    }

    /// How many commits this process has made.
    pub fn commits(&self) -> u64 {
        *self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a commit after the first `seen` ones.
    pub fn wait_for_commit(&self, seen: u64, wait: Duration) {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.committed.wait_timeout_while(commits, wait, |commits| *commits == seen));
    }
}

/// A storage error as the reader is told of it.
pub fn failure(place: &str, error: &Error) -> LogError {
    LogError::Storage(failure_text(place, error))
}

fn failure_text(place: &str, error: &Error) -> String {
    let remedy = match error {
        Error::Io(io) if matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "free space on its disk and start again: everything that was acknowledged is kept"
        }
        Error::Corrupted(_) => "keep the file for inspection and restore a copy",
        _ => "look at its disk and start again: everything that was acknowledged is kept",
    };
    format!("the log in {place} cannot be used: {error}; {remedy}")
}

fn damaged(topic: Topic, partition: u32, first: u64) -> impl Fn(Damaged) -> Error {
    move |Damaged| Error::Corrupted(format!("block {first} of {}, partition {partition}, does not parse", topic.name()))
}

pub fn topics(transaction: &ReadTransaction) -> Result<Vec<(Topic, u32)>, Error> {
    let mut topics = Vec::new();
    for row in transaction.open_table(TOPICS)?.range::<&str>(..)? {
        let (name, partitions) = row?;
        topics.extend(Topic::from_name(name.value()).map(|topic| (topic, partitions.value())));
    }
    Ok(topics)
}

pub fn create_topic(transaction: &WriteTransaction, topic: Topic, partitions: u32) -> Result<(), Error> {
    transaction.open_table(TOPICS)?.insert(topic.name(), partitions)?;
    Ok(())
}

pub fn extent(transaction: &ReadTransaction, topic: Topic, partition: u32) -> Result<Extent, Error> {
    extent_in(&transaction.open_table(PARTITIONS)?, topic, partition)
}

fn extent_in(
    table: &impl ReadableTable<(&'static str, u32), (u64, u64, u64, u64)>,
    topic: Topic,
    partition: u32,
) -> Result<Extent, Error> {
    let row = table.get((topic.name(), partition))?.map(|row| row.value()).unwrap_or_default();
    let (start, end, records, compacted_records) = row;
    Ok(Extent { start, end, records, compacted_records })
}

fn put_extent(transaction: &WriteTransaction, topic: Topic, partition: u32, extent: Extent) -> Result<(), Error> {
    let Extent { start, end, records, compacted_records } = extent;
    transaction.open_table(PARTITIONS)?.insert((topic.name(), partition), (start, end, records, compacted_records))?;
    Ok(())
}

/// Appends blocks whose offsets count from 0; returns where they begin and the partition afterwards.
pub fn append(transaction: &WriteTransaction, topic: Topic, partition: u32, packed: &Packer) -> Result<(u64, Extent), Error> {
    let before = extent_in(&transaction.open_table(PARTITIONS)?, topic, partition)?;
    let mut records = transaction.open_table(RECORDS)?;
    for block in packed.blocks() {
        records.insert((topic.name(), partition, before.end + block.first), block.bytes.as_slice())?;
    }
    let after = Extent { end: before.end + packed.records(), records: before.records + packed.records(), ..before };
    put_extent(transaction, topic, partition, after)?;
    Ok((before.end, after))
}

/// Reads from `from` on, at least one record if there is one; returns the offset to go on from.
pub fn read(
    transaction: &ReadTransaction,
    topic: Topic,
    partition: u32,
    from: u64,
    limit: Limit,
    into: &mut Batch,
) -> Result<u64, Error> {
    let table = transaction.open_table(RECORDS)?;
    let name = topic.name();
    let containing = table.range((name, partition, 0)..=(name, partition, from))?.next_back().transpose()?;
    let first = containing.map_or(from, |(key, _)| key.value().2);
    let (records, bytes) = (into.len() + limit.records, into.bytes() + limit.bytes);
    for block in table.range((name, partition, first)..=(name, partition, u64::MAX))? {
        let (key, block) = block?;
        let first = key.value().2;
        for entry in Entries::new(first, block.value()) {
            let entry = entry.map_err(damaged(topic, partition, first))?;
            if entry.offset < from {
                continue;
            }
            if into.len() >= records || into.bytes() >= bytes {
                return Ok(entry.offset);
            }
            let position = Position { topic, partition, offset: entry.offset };
            into.push(position, entry.timestamp_ms, entry.key, entry.value, entry.headers);
        }
    }
    Ok(from.max(extent(transaction, topic, partition)?.end))
}

/// Removes the blocks that lie wholly before `offset`, and hides the rest of what does.
pub fn trim(transaction: &WriteTransaction, topic: Topic, partition: u32, offset: u64) -> Result<(), Error> {
    let before = extent_in(&transaction.open_table(PARTITIONS)?, topic, partition)?;
    let start = offset.clamp(before.start, before.end);
    let mut table = transaction.open_table(RECORDS)?;
    let mut firsts = Vec::new();
    for block in table.range((topic.name(), partition, 0)..=(topic.name(), partition, start))? {
        firsts.push(block?.0.value().2);
    }
    let keep_last = usize::from(start < before.end);
    for first in &firsts[..firsts.len().saturating_sub(keep_last)] {
        table.remove((topic.name(), partition, *first))?;
    }
    put_extent(transaction, topic, partition, Extent { start, ..before })
}

/// Rewrites a partition with the newest record of each key, tombstones included, at their old offsets; or leaves it as
/// it is while few would go.
pub fn compact(transaction: &WriteTransaction, topic: Topic, partition: u32) -> Result<(), Error> {
    let before = extent_in(&transaction.open_table(PARTITIONS)?, topic, partition)?;
    let newest = newest_offsets(transaction, topic, partition)?;
    let kept = newest.len() as u64;
    if before.records.saturating_sub(kept) < before.records / WORTH_IT_ONE_IN {
        return put_extent(transaction, topic, partition, Extent { compacted_records: before.records, ..before });
    }
    let mut table = transaction.open_table(RECORDS)?;
    let mut firsts = Vec::new();
    for block in table.range((topic.name(), partition, 0)..=(topic.name(), partition, u64::MAX))? {
        firsts.push(block?.0.value().2);
    }
    let mut packed = Packer::default();
    for first in firsts {
        // An old block goes before a new one of the same first offset comes, and no more than two are held.
        let Some(old) = table.remove((topic.name(), partition, first))?.map(|block| block.value().to_vec()) else { continue };
        for entry in Entries::new(first, &old) {
            let entry = entry.map_err(damaged(topic, partition, first))?;
            if newest.get(&fingerprint(entry.key)) == Some(&entry.offset) {
                let record = crate::log::batch::Outgoing { key: entry.key, value: entry.value, headers: &entry.headers };
                packed.push(entry.offset, entry.timestamp_ms, record);
            }
        }
        for block in packed.take_full() {
            table.insert((topic.name(), partition, block.first), block.bytes.as_slice())?;
        }
    }
    for block in packed.blocks() {
        table.insert((topic.name(), partition, block.first), block.bytes.as_slice())?;
    }
    let records = packed.records();
    put_extent(transaction, topic, partition, Extent { records, compacted_records: records, ..before })
}

fn newest_offsets(
    transaction: &WriteTransaction,
    topic: Topic,
    partition: u32,
) -> Result<rustc_hash::FxHashMap<[u8; 16], u64>, Error> {
    let table = transaction.open_table(RECORDS)?;
    let mut newest = rustc_hash::FxHashMap::default();
    for block in table.range((topic.name(), partition, 0)..=(topic.name(), partition, u64::MAX))? {
        let (key, block) = block?;
        let first = key.value().2;
        for entry in Entries::new(first, block.value()) {
            let entry = entry.map_err(damaged(topic, partition, first))?;
            newest.insert(fingerprint(entry.key), entry.offset);
        }
    }
    Ok(newest)
}

/// Stands for a key in memory; a cryptographic hash, because two keys with one fingerprint would lose a record.
fn fingerprint(key: Option<&[u8]>) -> [u8; 16] {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&blake3::hash(key.unwrap_or_default()).as_bytes()[..16]);
    fingerprint
}

pub fn committed(transaction: &ReadTransaction, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, Error> {
    Ok(transaction.open_table(OFFSETS)?.get((group, topic.name(), partition))?.map(|row| row.value()))
}

pub fn put_offsets(transaction: &WriteTransaction, group: &str, offsets: &[(Topic, u32, u64)]) -> Result<(), Error> {
    let mut table = transaction.open_table(OFFSETS)?;
    for (topic, partition, next) in offsets {
        table.insert((group, topic.name(), *partition), *next)?;
    }
    Ok(())
}

pub fn generation(transaction: &ReadTransaction, group: &str) -> Result<u64, Error> {
    generation_in(&transaction.open_table(GENERATIONS)?, group)
}

pub fn generation_to_write(transaction: &WriteTransaction, group: &str) -> Result<u64, Error> {
    generation_in(&transaction.open_table(GENERATIONS)?, group)
}

fn generation_in(table: &impl ReadableTable<&'static str, u64>, group: &str) -> Result<u64, Error> {
    Ok(table.get(group)?.map_or(0, |row| row.value()))
}

/// Makes the caller the group's owner: whoever was it before is fenced.
pub fn take_over(transaction: &WriteTransaction, group: &str) -> Result<u64, Error> {
    let mut table = transaction.open_table(GENERATIONS)?;
    let generation = generation_in(&table, group)? + 1;
    table.insert(group, generation)?;
    Ok(generation)
}
