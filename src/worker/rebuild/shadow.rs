//! The log as the machine of a rebuild sees it: the inputs and facts of some partitions as far as a gate lets it, and
//! nothing of what was made of them. What the machine writes goes nowhere but where it is kept for the rebuild itself.

use crate::domain::topic::Topic;
use crate::log::batch::Outgoing;
use crate::log::{Append, Assigned, Batch, Client, Limit, LogError, Records, StageLog};
use crate::worker::commit_record::{COMMIT_KEY, CommitRecord};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A place among the workers, which is kept while the inputs are folded.
pub type Hold = Arc<Mutex<Box<dyn StageLog>>>;

/// How much of the log may be seen.
#[derive(Debug, Default)]
pub struct Gate {
    facts_until: AtomicU64,
    inputs_until: Mutex<BTreeMap<(Topic, u32), u64>>,
    /// All of the inputs was read.
    at_end: AtomicBool,
}

impl Gate {
    pub fn open(&self, facts_until: u64, inputs_until: &BTreeMap<(Topic, u32), u64>) {
        inputs_until.clone_into(&mut self.inputs_until.lock().unwrap_or_else(PoisonError::into_inner));
        self.facts_until.store(facts_until, Ordering::Release);
        self.at_end.store(false, Ordering::Release);
    }

    pub fn is_at_end(&self) -> bool {
        self.at_end.load(Ordering::Acquire)
    }

    fn facts_until(&self) -> u64 {
        self.facts_until.load(Ordering::Acquire)
    }
}

/// Plain access, without the changelog and without facts behind the gate.
pub struct Shadow {
    pub log: Arc<dyn Client>,
    pub changelog: Topic,
    pub gate: Arc<Gate>,
}

impl Shadow {
    fn refused<T>(&self) -> Result<T, LogError> {
        Err(LogError::Settings("the inputs of a rebuild are only read".into()))
    }
}

impl Client for Shadow {
    fn create_topics(&self, _partitions: u32) -> Result<(), LogError> {
        self.refused()
    }

    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        self.log.partitions(topic)
    }

    fn append(&self, _appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        self.refused()
    }

    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        // Credits are folded as they are given again.
        if [self.changelog, Topic::Credits].contains(&topic) { Ok(0) } else { self.log.start(topic, partition) }
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        match topic {
            Topic::Facts => Ok(self.log.end(topic, partition)?.min(self.gate.facts_until())),
            topic if topic == self.changelog => Ok(0),
            topic => self.log.end(topic, partition),
        }
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        if topic == self.changelog { Ok(0) } else { self.log.high_watermark(topic, partition) }
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        let until = match topic {
            Topic::Facts => self.gate.facts_until(),
            topic if topic == self.changelog => 0,
            _ => u64::MAX,
        };
        read_until(self.log.as_ref(), (topic, partition), from..until, Limit { records: usize::MAX, bytes: limit_bytes }, into)
    }

    fn committed(&self, _group: &str, _topic: Topic, _partition: u32) -> Result<Option<u64>, LogError> {
        Ok(None)
    }

    fn trim(&self, _topic: Topic, _partition: u32, _offset: u64) -> Result<(), LogError> {
        self.refused()
    }
}

/// Reads no record at or behind the end of the range, nor more of them than the limit says.
fn read_until(
    log: &dyn Client,
    (topic, partition): (Topic, u32),
    range: std::ops::Range<u64>,
    limit: Limit,
    into: &mut Batch,
) -> Result<u64, LogError> {
    if range.is_empty() {
        return Ok(range.start);
    }
    let mut batch = Batch::default();
    let next = log.read(topic, partition, range.start, limit.bytes, &mut batch)?.min(range.end);
    let inside = batch.rows().iter().filter(|row| row.position.offset < range.end);
    for (taken, row) in inside.enumerate() {
        if taken == limit.records {
            return Ok(row.position.offset);
        }
        into.push(row.position, row.timestamp_ms, batch.key(row), batch.value(row), row.headers.clone());
    }
    Ok(next)
}

/// Where what a machine gives for some partitions of topics goes, transaction by transaction.
struct Kept {
    log: Arc<dyn Client>,
    pending: BTreeMap<(Topic, u32), Records>,
}

/// The last commit records of a machine, by partition.
pub type Commits = Arc<Mutex<BTreeMap<u32, CommitRecord>>>;

/// The inputs of some partitions; beside what is kept and commit records its transactions come to nothing.
pub struct Inputs {
    log: Arc<dyn Client>,
    pub partitions: Vec<u32>,
    pub gate: Arc<Gate>,
    next: BTreeMap<(Topic, u32), u64>,
    given: bool,
    holds: Vec<Hold>,
    kept: Option<Kept>,
    pub commits: Commits,
    committing: BTreeMap<u32, CommitRecord>,
}

impl Inputs {
    pub fn of(log: Arc<dyn Client>, partitions: Vec<u32>, holds: Vec<Hold>) -> Inputs {
        Inputs {
            log,
            partitions,
            gate: Arc::default(),
            next: BTreeMap::new(),
            given: false,
            holds,
            kept: None,
            commits: Commits::default(),
            committing: BTreeMap::new(),
        }
    }

    /// What is given for these partitions of topics is kept in another log.
    pub fn keeping(mut self, log: Arc<dyn Client>, places: &[(Topic, u32)]) -> Inputs {
        let pending = places.iter().map(|place| (*place, Records::default())).collect();
        self.kept = Some(Kept { log, pending });
        self
    }

    fn give_up(&mut self) {
        self.committing.clear();
        self.kept.iter_mut().flat_map(|kept| kept.pending.values_mut()).for_each(Records::clear);
    }
}

impl StageLog for Inputs {
    fn assigned(&mut self, _wait: Duration) -> Result<Assigned, LogError> {
        keep(&self.holds)?;
        let given = if std::mem::replace(&mut self.given, true) { Vec::new() } else { self.partitions.clone() };
        Ok(Assigned { given, taken: Vec::new() })
    }

    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        self.next.extend(positions.iter().map(|(topic, next)| ((*topic, partition), *next)));
        Ok(())
    }

    fn stop(&mut self, partition: u32) -> Result<(), LogError> {
        self.next.retain(|(_, of), _| *of != partition);
        Ok(())
    }

    fn pause(&mut self, _paused: bool) -> Result<(), LogError> {
        Ok(())
    }

    fn poll(&mut self, into: &mut Batch, limit: Limit, _wait: Duration) -> Result<(), LogError> {
        let (records, bytes) = (into.len() + limit.records, into.bytes() + limit.bytes);
        let all = self.gate.inputs_until.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, next) in &mut self.next {
            let until = all.get(place).copied().unwrap_or(0);
            let left = Limit { records: records - into.len(), bytes: bytes.saturating_sub(into.bytes()) };
            if left.records == 0 || left.bytes == 0 {
                break;
            }
            *next = read_until(self.log.as_ref(), *place, *next..until, left, into)?;
        }
        let reached = |(place, until): (&(Topic, u32), &u64)| self.next.get(place).is_some_and(|next| next >= until);
        self.gate.at_end.store(all.iter().all(reached), Ordering::Release);
        Ok(())
    }

    fn seek(&mut self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.next.insert((topic, partition), offset);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError> {
        if let Some(pending) = self.kept.as_mut().and_then(|kept| kept.pending.get_mut(&(topic, partition))) {
            let mut keep = |record: Outgoing<'_>| pending.push_with_headers(record.key, record.value, record.headers.to_vec());
            records.iter().for_each(&mut keep);
        }
        let last = records.iter().filter(|record| record.key == Some(COMMIT_KEY)).last();
        if let Some(record) = last.and_then(|record| CommitRecord::decode(record.value?).ok()) {
            self.committing.insert(partition, record);
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn send_offsets(&mut self, _offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), LogError> {
        if let Some(Kept { log, pending }) = &self.kept {
            let given = pending.iter().filter(|(_, records)| !records.is_empty());
            let appends = given.map(|((topic, partition), records)| Append { topic: *topic, partition: *partition, records });
            log.append(&appends.collect::<Vec<_>>())?;
        }
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.committing);
        self.give_up();
        Ok(())
    }

    fn abort(&mut self) -> Result<(), LogError> {
        self.give_up();
        Ok(())
    }
}

/// Keeps the places among the workers, and fails when they are not the only ones any more: whatever is taken away is told once.
pub fn keep(holds: &[Hold]) -> Result<(), LogError> {
    for hold in holds {
        let mut log = hold.lock().unwrap_or_else(PoisonError::into_inner);
        log.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO)?;
        if let Some(partition) = log.assigned(Duration::ZERO)?.taken.first() {
            return Err(LogError::Fenced(format!(
                "partition {partition} was given to a worker that came meanwhile; end the workers and rebuild again"
            )));
        }
    }
    Ok(())
}
