//! A log in memory that answers a call with what a test has ordered, and one whose changelogs never come to an end.

use crate::domain::topic::Topic;
use crate::log::embedded::{Embedded, EmbeddedStage};
use crate::log::{Append, Assigned, Batch, Client, Limit, LogError, Records, StageLog};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a call of the stage's log is to answer instead of doing it.
pub type Fault = (&'static str, fn(String) -> LogError);

#[derive(Default)]
pub struct Faults {
    pub ordered: VecDeque<Fault>,
    /// Commits happen, and their answer is lost.
    pub lost_answers: u32,
    /// What `assigned` answers, each after so many calls.
    pub assignments: VecDeque<(u32, Assigned)>,
    /// The largest batch polled.
    pub largest_poll: usize,
    /// A transaction of more input records than this is too large.
    pub largest_transaction: usize,
    polled: usize,
    /// What was polled in each transaction that was begun.
    pub transactions: Vec<usize>,
    /// So many states cannot be read.
    pub failing_reads: u32,
}

pub struct Faulty {
    inner: EmbeddedStage,
    faults: Arc<Mutex<Faults>>,
}

impl Faulty {
    pub fn new(inner: EmbeddedStage, faults: Arc<Mutex<Faults>>) -> Faulty {
        Faulty { inner, faults }
    }

    fn fail(&self, call: &'static str) -> Result<(), LogError> {
        let mut faults = self.faults.lock().unwrap();
        match faults.ordered.front() {
            Some((name, _)) if *name == call => {
                let (_, error) = faults.ordered.pop_front().unwrap();
                Err(error(format!("ordered fault of {call}")))
            }
            _ => Ok(()),
        }
    }
}

impl StageLog for Faulty {
    fn assigned(&mut self, wait: Duration) -> Result<Assigned, LogError> {
        self.fail("assigned")?;
        let mut faults = self.faults.lock().unwrap();
        match faults.assignments.front_mut() {
            Some((left, _)) if *left > 0 => *left -= 1,
            Some(_) => return Ok(faults.assignments.pop_front().unwrap().1),
            None => {}
        }
        drop(faults);
        self.inner.assigned(wait)
    }

    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        self.inner.start(partition, positions)
    }

    fn stop(&mut self, partition: u32) -> Result<(), LogError> {
        self.inner.stop(partition)
    }

    fn pause(&mut self, paused: bool) -> Result<(), LogError> {
        self.inner.pause(paused)
    }

    fn poll(&mut self, into: &mut Batch, limit: Limit, wait: Duration) -> Result<(), LogError> {
        self.fail("poll")?;
        self.inner.poll(into, limit, wait)?;
        let mut faults = self.faults.lock().unwrap();
        faults.polled = into.len();
        faults.transactions.last_mut().iter_mut().for_each(|polled| **polled += into.len());
        faults.largest_poll = faults.largest_poll.max(into.len());
        Ok(())
    }

    fn seek(&mut self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.fail("seek")?;
        self.inner.seek(topic, partition, offset)
    }

    fn begin(&mut self) -> Result<(), LogError> {
        self.faults.lock().unwrap().transactions.push(0);
        self.fail("begin")?;
        self.inner.begin()
    }

    fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError> {
        self.fail("send")?;
        let faults = self.faults.lock().unwrap();
        if faults.largest_transaction > 0 && faults.polled > faults.largest_transaction {
            return Err(LogError::TooLarge("too many".into()));
        }
        self.inner.send(topic, partition, records)
    }

    fn drain(&mut self) -> Result<(), LogError> {
        self.fail("drain")?;
        self.inner.drain()
    }

    fn send_offsets(&mut self, offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
        self.fail("send_offsets")?;
        self.inner.send_offsets(offsets)
    }

    fn commit(&mut self) -> Result<(), LogError> {
        self.fail("commit")?;
        self.inner.commit()?;
        let mut faults = self.faults.lock().unwrap();
        match faults.lost_answers.checked_sub(1) {
            Some(left) => {
                faults.lost_answers = left;
                Err(LogError::Doubt("the answer is lost".into()))
            }
            None => Ok(()),
        }
    }

    fn abort(&mut self) -> Result<(), LogError> {
        self.fail("abort")?;
        self.inner.abort()
    }
}

/// Somebody's transaction at the end of every changelog is neither committed nor aborted.
pub struct Hanging(pub Embedded);

impl Client for Hanging {
    fn create_topics(&self, partitions: u32) -> Result<(), LogError> {
        self.0.create_topics(partitions)
    }

    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        self.0.partitions(topic)
    }

    fn append(&self, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        self.0.append(appends)
    }

    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.0.start(topic, partition)
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.0.end(topic, partition)
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.0.high_watermark(topic, partition)? + 1)
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        self.0.read(topic, partition, from, limit_bytes, into)
    }

    fn committed(&self, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, LogError> {
        self.0.committed(group, topic, partition)
    }

    fn trim(&self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.0.trim(topic, partition, offset)
    }
}
