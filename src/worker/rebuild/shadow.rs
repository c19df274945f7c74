//! The log as the machine of a rebuild sees it: the inputs and facts of one partition up to its last commit record, and
//! nothing of what was made of them. What the machine writes goes nowhere.

use crate::domain::topic::Topic;
use crate::log::{Append, Assigned, Batch, Client, Limit, LogError, Records, StageLog};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A place among the workers, which is kept while the inputs are folded.
pub type Hold = Arc<Mutex<Box<dyn StageLog>>>;

/// Plain access, without the changelog and without facts behind the last commit.
pub struct Shadow {
    pub log: Arc<dyn Client>,
    pub changelog: Topic,
    pub facts_next: u64,
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
        if topic == self.changelog { Ok(0) } else { self.log.start(topic, partition) }
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        match topic {
            Topic::Facts => Ok(self.log.end(topic, partition)?.min(self.facts_next)),
            topic if topic == self.changelog => Ok(0),
            topic => self.log.end(topic, partition),
        }
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        if topic == self.changelog { Ok(0) } else { self.log.high_watermark(topic, partition) }
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        let until = match topic {
            Topic::Facts => self.facts_next,
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

/// The partition's inputs; its transactions come to nothing.
pub struct Inputs {
    pub log: Arc<dyn Client>,
    pub partition: u32,
    /// Where the last commit left them.
    pub until: BTreeMap<Topic, u64>,
    pub next: BTreeMap<Topic, u64>,
    pub given: bool,
    /// Everything was read.
    pub at_end: Arc<AtomicBool>,
    pub hold: Option<Hold>,
}

impl StageLog for Inputs {
    fn assigned(&mut self, _wait: Duration) -> Result<Assigned, LogError> {
        if let Some(hold) = &self.hold {
            keep(hold, self.partition)?;
        }
        let given = if std::mem::replace(&mut self.given, true) { Vec::new() } else { vec![self.partition] };
        Ok(Assigned { given, taken: Vec::new() })
    }

    fn start(&mut self, _partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        self.next = positions.iter().copied().collect();
        Ok(())
    }

    fn stop(&mut self, _partition: u32) -> Result<(), LogError> {
        self.next.clear();
        Ok(())
    }

    fn pause(&mut self, _paused: bool) -> Result<(), LogError> {
        Ok(())
    }

    fn poll(&mut self, into: &mut Batch, limit: Limit, _wait: Duration) -> Result<(), LogError> {
        let (records, bytes) = (into.len() + limit.records, into.bytes() + limit.bytes);
        for (topic, next) in &mut self.next {
            let until = self.until.get(topic).copied().unwrap_or(0);
            let left = Limit { records: records - into.len(), bytes: bytes.saturating_sub(into.bytes()) };
            if left.records == 0 || left.bytes == 0 {
                break;
            }
            *next = read_until(self.log.as_ref(), (*topic, self.partition), *next..until, left, into)?;
        }
        let reached = |(topic, until): (&Topic, &u64)| self.next.get(topic).is_some_and(|next| next >= until);
        self.at_end.store(self.until.iter().all(reached), Ordering::Release);
        Ok(())
    }

    fn seek(&mut self, topic: Topic, _partition: u32, offset: u64) -> Result<(), LogError> {
        self.next.insert(topic, offset);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn send(&mut self, _topic: Topic, _partition: u32, _records: &Records) -> Result<(), LogError> {
        Ok(())
    }

    fn drain(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn send_offsets(&mut self, _offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn abort(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

/// Keeps the place among the workers, and fails when it is not the only one any more.
pub fn keep(hold: &Hold, partition: u32) -> Result<(), LogError> {
    let mut log = hold.lock().unwrap_or_else(PoisonError::into_inner);
    log.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO)?;
    let changed = log.assigned(Duration::ZERO)?;
    if changed.taken.contains(&partition) {
        return Err(LogError::Fenced(format!(
            "partition {partition} was given to a worker that came meanwhile; end the workers and rebuild again"
        )));
    }
    Ok(())
}
