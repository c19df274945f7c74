//! Where the stages stand, for everybody else to read: progress per partition, and what became of single inputs.

use crate::domain::topic::{Position, Topic};
use crate::pipeline::{Outcome, PendingClose};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The stages' names, also the end of their group ids.
pub const CREDITING: &str = "crediting";
pub const EARNING: &str = "earning";

#[derive(Clone, Debug, Default)]
pub struct StageStatus {
    /// Nothing is left to do but new input, and none has come.
    pub idle: bool,
    /// Nothing is left to do of what lies before the partitions' next offsets and facts.
    pub settled: bool,
    pub partitions: BTreeMap<u32, PartitionStatus>,
    pub commits: u64,
    pub last_commit: Option<Instant>,
    /// Polling waits for the store.
    pub paused: bool,
    /// Nothing is folded until somebody says so.
    pub paused_by_operator: bool,
    /// Closes that are stated and not done, as far as the stage knows.
    pub closing: Vec<PendingClose>,
    /// What the stage is retrying.
    pub trouble: Option<Stuck>,
}

/// Why something does not go on, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    pub reason: String,
    pub since: SystemTime,
}

impl Stuck {
    pub fn now(reason: String) -> Stuck {
        Stuck { reason, since: SystemTime::now() }
    }
}

#[derive(Clone, Debug, Default)]
pub struct PartitionStatus {
    /// The inputs' next offsets.
    pub next: Vec<(Topic, u64)>,
    pub facts_next: u64,
    pub seq: u64,
    pub live_keys: u64,
    pub restoring: bool,
    /// The partition stands still until somebody acts.
    pub alarm: Option<Stuck>,
    /// Inputs whose next record cannot be read now, and why; the others flow.
    pub unread: BTreeMap<Topic, Stuck>,
    /// Offsets of the changelog that its restore is still to read.
    pub restore_remaining: u64,
}

impl PartitionStatus {
    /// What stands still, if anything does.
    pub fn stuck(&self) -> Option<&Stuck> {
        self.alarm.as_ref().or_else(|| self.unread.values().next())
    }

    /// It is at work.
    pub fn flows(&self) -> bool {
        !self.restoring && self.alarm.is_none()
    }

    pub fn next(&self, topic: Topic) -> u64 {
        self.next.iter().find(|(input, _)| *input == topic).map_or(0, |(_, next)| *next)
    }
}

#[derive(Debug, Default)]
pub struct Status {
    stages: Mutex<BTreeMap<&'static str, StageStatus>>,
    changed: Condvar,
    pause: AtomicBool,
}

impl Status {
    /// Asks the stages to stop between transactions, or to go on.
    pub fn pause(&self, paused: bool) {
        self.pause.store(paused, Ordering::Release);
        self.changed.notify_all();
    }

    pub fn is_pause_asked(&self) -> bool {
        self.pause.load(Ordering::Acquire)
    }

    /// Until both stages have done as they were asked; false when that takes longer than `limit`.
    pub fn wait_paused(&self, paused: bool, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while [CREDITING, EARNING].iter().any(|name| self.stage(name).paused_by_operator != paused) {
            if Instant::now() >= deadline {
                return false;
            }
            self.wait(Duration::from_millis(50));
        }
        true
    }

    pub fn stage(&self, name: &str) -> StageStatus {
        self.lock().get(name).cloned().unwrap_or_default()
    }

    pub fn update(&self, name: &'static str, change: impl FnOnce(&mut StageStatus)) {
        change(self.lock().entry(name).or_default());
        self.changed.notify_all();
    }

    /// Until something changes, at most `wait`.
    pub fn wait(&self, wait: Duration) {
        drop(self.changed.wait_timeout(self.lock(), wait));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, StageStatus>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of inputs of crediting that were not simply counted, for as long as the ring holds.
#[derive(Debug)]
pub struct OutcomeTap {
    partitions: Mutex<BTreeMap<(Topic, u32), Ring>>,
    committed: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct Ring {
    outcomes: VecDeque<(u64, Outcome)>,
    /// Outcomes before this offset may be gone.
    from: u64,
    next: u64,
}

impl OutcomeTap {
    /// Keeps at most `limit` outcomes per topic and partition.
    pub fn new(limit: usize) -> OutcomeTap {
        OutcomeTap { partitions: Mutex::new(BTreeMap::new()), committed: Condvar::new(), limit }
    }

    /// The stage goes on from here: what was before is not known.
    pub fn start(&self, topic: Topic, partition: u32, next: u64) {
        self.lock().insert((topic, partition), Ring { outcomes: VecDeque::new(), from: next, next });
        self.committed.notify_all();
    }

    /// A batch was committed that reaches to these next offsets.
    pub fn committed(&self, outcomes: Vec<(Position, Outcome)>, reached: &[Position]) {
        let mut partitions = self.lock();
        for (position, outcome) in outcomes.into_iter().filter(|(_, outcome)| *outcome != Outcome::Counted) {
            let ring = partitions.entry((position.topic, position.partition)).or_default();
            ring.outcomes.push_back((position.offset, outcome));
            if ring.outcomes.len() > self.limit {
                ring.from = ring.outcomes.pop_front().map_or(ring.from, |(offset, _)| offset + 1);
            }
        }
        for end in reached {
            partitions.entry((end.topic, end.partition)).or_default().next = end.offset;
        }
        drop(partitions);
        self.committed.notify_all();
    }

    /// Outcomes other than counted of these offsets, once all of them are committed; `None` when that takes longer than
    /// `wait` or the ring no longer has them.
    pub fn outcomes(&self, topic: Topic, partition: u32, offsets: Range<u64>, wait: Duration) -> Option<Vec<(u64, Outcome)>> {
        let missing = |partitions: &mut BTreeMap<(Topic, u32), Ring>| {
            partitions.get(&(topic, partition)).is_none_or(|ring| ring.next < offsets.end)
        };
        let waited = self.committed.wait_timeout_while(self.lock(), wait, missing);
        let (partitions, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let ring = partitions.get(&(topic, partition)).filter(|ring| !timeout.timed_out() && ring.from <= offsets.start)?;
        Some(ring.outcomes.iter().filter(|(offset, _)| offsets.contains(offset)).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Topic, u32), Ring>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
