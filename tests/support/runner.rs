//! One stage over plain maps instead of a log and a store, shared by several workers: what [`super::memory`] drives.

use accrue::domain::adjustment::AdjustmentMade;
use accrue::domain::deal::DealClosed;
use accrue::domain::fact::Fact;
use accrue::domain::quota::QuotaChanged;
use accrue::domain::reject::Reject;
use accrue::domain::settlement::DealSettled;
use accrue::domain::topic::{Position, Topic};
use accrue::pipeline::packed::PackedCredits;
use accrue::pipeline::{Effects, Flow, Input, Origin, Stage, StageError, States};
use std::collections::BTreeMap;
use std::sync::Arc;

type Entries = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// Committed states, as the stages see them, and how many of them were read.
struct Committed<'c> {
    entries: &'c [Entries],
    reads: usize,
    bytes: usize,
}

impl States for Committed<'_> {
    fn get(&mut self, partition: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        let found = self.entries[partition as usize].get(key).cloned();
        self.reads += 1;
        self.bytes += found.as_ref().map_or(0, |bytes| bytes.len());
        Ok(found)
    }

    fn keys_between(
        &mut self,
        partition: u32,
        after: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StageError> {
        let behind =
            self.entries[partition as usize].range((std::ops::Bound::Excluded(after.to_vec()), std::ops::Bound::Unbounded));
        let keys = behind.map(|(key, _)| key.clone()).take_while(|key| until.is_none_or(|until| key.as_slice() < until));
        let keys: Vec<Vec<u8>> = keys.take(limit).collect();
        self.reads += keys.len();
        Ok(keys)
    }
}

/// A stage of each worker, with what all their commits left: states, next offsets, commit records.
pub struct Runner<S> {
    make: fn(u32) -> S,
    pub workers: Vec<S>,
    /// Which worker has each partition.
    owners: Vec<usize>,
    states: Vec<Entries>,
    pub next: BTreeMap<(Topic, u32), u64>,
    records: BTreeMap<u32, (Vec<u8>, u64)>,
    /// States and keys that were read, and input records that were folded, since somebody set these to 0.
    pub work: Work,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub states_read: usize,
    pub bytes_read: usize,
    pub records_folded: usize,
}

/// How a memory engine runs; every choice comes from `seed`.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub partitions: u32,
    pub batch: usize,
    pub budget: usize,
    pub seed: u64,
    pub workers: usize,
    /// One batch in so many is dropped, one restart or move of a partition in so many batches; 0: never.
    pub drop_one_in: u64,
    pub restart_one_in: u64,
}

impl<S: Stage> Runner<S> {
    pub fn new(make: fn(u32) -> S, manner: &Manner) -> Runner<S> {
        let partitions = manner.partitions as usize;
        let mut runner = Runner {
            make,
            workers: (0..manner.workers).map(|_| make(manner.partitions)).collect(),
            owners: (0..partitions).map(|partition| partition % manner.workers).collect(),
            states: vec![Entries::new(); partitions],
            next: BTreeMap::new(),
            records: BTreeMap::new(),
            work: Work::default(),
        };
        (0..manner.workers).for_each(|worker| runner.restart(worker));
        runner
    }

    pub fn held(&self, worker: usize) -> Vec<u32> {
        let owners = self.owners.iter().enumerate();
        owners.filter(|(_, owner)| **owner == worker).map(|(partition, _)| partition as u32).collect()
    }

    /// A worker starts anew from the commit records of what it has.
    pub fn restart(&mut self, worker: usize) {
        self.workers[worker] = (self.make)(self.owners.len() as u32);
        for partition in self.held(worker) {
            let last = self.records.get(&partition).map(|(meta, facts_next)| (meta.as_slice(), *facts_next));
            self.workers[worker].assign(partition, last).unwrap();
        }
    }

    pub fn move_partition(&mut self, partition: usize, to: usize) {
        let from = std::mem::replace(&mut self.owners[partition], to);
        self.restart(from);
        self.restart(to);
    }

    /// Nothing is left to do, and every fact was offered.
    pub fn is_idle(&self, facts: usize) -> bool {
        let idle = |stage: &S| stage.idle() && stage.facts_wanted() as usize >= facts;
        (0..self.workers.len()).all(|worker| self.held(worker).is_empty() || idle(&self.workers[worker]))
    }
}

fn checked<'a, T: serde::Deserialize<'a>>(
    value: &'a [u8],
    check: fn(&T) -> Result<(), Reject>,
    input: fn(T) -> Input<'a>,
) -> Result<Input<'a>, Reject> {
    let read = postcard::from_bytes(value).unwrap();
    check(&read).map(|()| input(read))
}

/// One batch; `None` when it was dropped.
pub fn step<S: Stage>(
    runner: &mut Runner<S>,
    worker: usize,
    inputs: &BTreeMap<(Topic, u32), Vec<Vec<u8>>>,
    facts: &[Fact],
    manner: &Manner,
    dropped: bool,
) -> Option<Effects> {
    let held = runner.held(worker);
    if held.is_empty() {
        return Some(Effects::default());
    }
    let stage = &mut runner.workers[worker];
    while let Some(fact) = facts.get(stage.facts_wanted() as usize) {
        let position = Position { topic: Topic::Facts, partition: 0, offset: stage.facts_wanted() };
        stage.offer(Origin { position, key: fact.fact_id.as_bytes(), value: b"fact" }, Ok(fact.clone()));
    }
    let mut states = Committed { entries: &runner.states, reads: 0, bytes: 0 };
    let mut effects = Effects::default();
    let mut next = runner.next.clone();
    stage.begin();
    let at = |topic: Topic, partition: u32| runner.next.get(&(topic, partition)).copied().unwrap_or(0);
    stage.work(&at, manner.budget, &mut states, &mut effects).unwrap();
    let mut left = manner.batch;
    for topic in stage.inputs() {
        for partition in held.iter().copied() {
            let Some(log) = inputs.get(&(*topic, partition)) else { continue };
            let from = next.entry((*topic, partition)).or_default();
            while left > 0 && (*from as usize) < log.len() {
                let value = &log[*from as usize];
                let position = Position { topic: *topic, partition, offset: *from };
                let input = match topic {
                    Topic::DealClosed => checked(value, DealClosed::check, Input::Deal),
                    Topic::QuotaChanged => checked(value, QuotaChanged::check, Input::Quota),
                    Topic::AdjustmentMade => checked(value, AdjustmentMade::check, Input::Adjustment),
                    Topic::DealSettled => checked(value, DealSettled::check, Input::Settlement),
                    _ => Ok(Input::Credits(PackedCredits::decode(value).unwrap())),
                };
                if stage.fold(Origin { position, key: b"key", value }, input, &mut states, &mut effects).unwrap() == Flow::NotYet
                {
                    break;
                }
                *from += 1;
                left -= 1;
            }
        }
    }
    while stage.finish(&mut states, &mut effects).unwrap() {}
    runner.work.states_read += states.reads;
    runner.work.bytes_read += states.bytes;
    runner.work.records_folded += manner.batch - left;
    if dropped {
        stage.abandon();
        return None;
    }
    runner.next = next;
    for changed in &effects.changed {
        let entries = &mut runner.states[changed.partition as usize];
        match &changed.state {
            Some(state) => entries.insert(changed.key.to_vec(), state.clone()),
            None => entries.remove(changed.key.as_ref()),
        };
    }
    for partition in held {
        let meta = stage.meta(partition);
        runner.records.insert(partition, meta);
    }
    stage.committed();
    Some(effects)
}
