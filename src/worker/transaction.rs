//! From what a batch did to the log: outputs, new states and a commit record per touched partition, in one transaction.

use super::Stop;
use super::Trouble;
use super::batch::{Folded, Offsets};
use super::commit_record::{COMMIT_KEY, CommitRecord, InputPosition, Sealed, THIS_ENGINE, hash_of};
use super::crash::CrashPoints;
use crate::domain::topic::Topic;
use crate::log::batch::Outbox;
use crate::log::{Records, StageLog};
use crate::pipeline::{Changed, Effects, Stage};
use crate::store::{Change, Delta, Digest};
use crate::wire::Codec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A partition as its last commit left it.
#[derive(Clone, Debug)]
pub struct Held {
    pub last: Option<Sealed>,
    pub genesis: [u8; 16],
    pub digest: Digest,
    /// For commit records.
    pub epoch: u64,
    /// For deltas to the store.
    pub assignment: u64,
    /// What is written next to the changelog lies at or after this offset.
    pub changelog_bound: u64,
}

impl Held {
    pub fn seq(&self) -> u64 {
        self.last.as_ref().map_or(0, |sealed| sealed.record.seq)
    }

    fn is_same(&self, meta: &[u8], facts_next: u64) -> bool {
        match &self.last {
            Some(sealed) => sealed.record.stage_meta == meta && sealed.record.facts_next == facts_next,
            None => facts_next == 0,
        }
    }
}

/// A touched partition: what it is once the transaction is committed.
pub struct Advance {
    pub partition: u32,
    pub held: Held,
    pub delta: Arc<Delta>,
}

/// What a transaction is made from.
pub struct Preparing<'p> {
    pub stage: &'p dyn Stage,
    pub held: &'p BTreeMap<u32, Held>,
    pub committed: &'p Offsets,
    pub folded: &'p Folded,
    pub partitions: u32,
    pub outbox: &'p mut Outbox,
    pub codec: &'p Codec,
}

impl Preparing<'_> {
    /// Adds states and commit records to the outbox. No advance: there is nothing to write.
    pub fn run(&mut self, effects: &mut Effects) -> Result<Vec<Advance>, Trouble> {
        let mut changed = by_partition(coalesced(std::mem::take(&mut effects.changed)))?;
        let mut advances = Vec::new();
        for (partition, held) in self.held {
            let changed = changed.remove(partition).unwrap_or_default();
            let (meta, facts_next) = self.stage.meta(*partition);
            let advanced = self.stage.inputs().iter().any(|topic| self.folded.reached.contains_key(&(*topic, *partition)));
            let same = changed.is_empty() && !advanced && held.is_same(&meta, facts_next);
            if !same {
                advances.push(self.advance(*partition, held, changed, meta, facts_next)?);
            }
        }
        if let Some(partition) = changed.keys().next() {
            return Err(Stop::Alarm(format!("the stage changed a state of partition {partition}, which it does not hold")).into());
        }
        if advances.is_empty() && self.folded.outputs > 0 {
            return Err(Stop::Alarm("the stage wrote outputs and moved on in no partition".into()).into());
        }
        Ok(advances)
    }

    /// The next offset of every input of the touched partitions, advanced or not: without one, nothing is fenced.
    pub fn offsets(&self, advances: &[Advance]) -> Vec<(Topic, u32, u64)> {
        let inputs = self.stage.inputs();
        let of = |advance: &Advance| {
            let partition = advance.partition;
            inputs.iter().map(move |topic| (*topic, partition, self.next(*topic, partition)))
        };
        advances.iter().flat_map(of).collect()
    }

    fn next(&self, topic: Topic, partition: u32) -> u64 {
        let place = (topic, partition);
        self.folded.reached.get(&place).or_else(|| self.committed.get(&place)).copied().unwrap_or(0)
    }

    fn advance(
        &mut self,
        partition: u32,
        held: &Held,
        changed: Vec<Changed>,
        stage_meta: Vec<u8>,
        facts_next: u64,
    ) -> Result<Advance, Trouble> {
        let (changes, digest) = self.write_states(partition, held.digest, changed);
        let record = self.commit_record(partition, held, digest, stage_meta, facts_next);
        let bytes = record.encode().map_err(|error| Stop::Alarm(error.to_string()))?;
        self.changelog(partition).push(Some(COMMIT_KEY), Some(&bytes));
        let (from_seq, to_seq) = (held.seq(), record.seq);
        let (epoch, changelog_hint) = (held.assignment, held.changelog_bound);
        let changelog_bound = changelog_hint + changes.len() as u64 + 1;
        let last = Some(Sealed { record, hash: hash_of(&bytes) });
        let delta = Arc::new(Delta { partition, epoch, from_seq, to_seq, changelog_hint, changes });
        Ok(Advance { partition, held: Held { last, digest, changelog_bound, ..held.clone() }, delta })
    }

    /// States that are what they were are not written again.
    fn write_states(&mut self, partition: u32, mut digest: Digest, changed: Vec<Changed>) -> (Vec<Change>, Digest) {
        let mut changes = Vec::with_capacity(changed.len());
        let bytes = changed.iter().map(|changed| changed.key.len() + changed.state.as_ref().map_or(0, |state| state.len()));
        self.changelog(partition).reserve(changed.len(), bytes.sum());
        for Changed { key, old, state, .. } in changed {
            if old.as_deref() == state.as_deref() {
                continue;
            }
            digest.replace(&key, old.as_deref(), state.as_deref());
            self.changelog(partition).push(Some(&key), state.as_deref());
            changes.push(Change { key, state });
        }
        (changes, digest)
    }

    fn commit_record(&self, partition: u32, held: &Held, digest: Digest, stage_meta: Vec<u8>, facts_next: u64) -> CommitRecord {
        let partitions = self.partitions;
        let input = |topic: &Topic| InputPosition { topic: topic.name().into(), next: self.next(*topic, partition), partitions };
        CommitRecord {
            seq: held.seq() + 1,
            previous_hash: held.last.as_ref().map_or([0; 32], |sealed| sealed.hash),
            inputs: self.stage.inputs().iter().map(input).collect(),
            facts_next,
            stage_meta,
            live_keys: digest.live_keys,
            state_digest: digest.sum,
            genesis: held.genesis,
            engine_version: THIS_ENGINE.into(),
            epoch: held.epoch,
            contracts: self.codec.contracts(self.stage.inputs()),
        }
    }

    fn changelog(&mut self, partition: u32) -> &mut Records {
        self.outbox.to(self.stage.changelog(), partition)
    }
}

/// One change per key, the last, in the order of partitions and keys.
fn coalesced(mut changed: Vec<Changed>) -> Vec<Changed> {
    changed.sort_by(|a, b| (a.partition, &a.key).cmp(&(b.partition, &b.key)));
    // dedup keeps the first of a run, so the newer state moves down to it.
    changed.dedup_by(|later, kept| {
        let same = (later.partition, &later.key) == (kept.partition, &kept.key);
        if same {
            kept.state = later.state.take();
        }
        same
    });
    changed
}

fn by_partition(changed: Vec<Changed>) -> Result<BTreeMap<u32, Vec<Changed>>, Trouble> {
    let mut partitions: BTreeMap<u32, Vec<Changed>> = BTreeMap::new();
    for change in changed {
        if change.key.first().is_none_or(|byte| *byte == 0) {
            return Err(Stop::Alarm("a state key is empty or starts with a zero byte".into()).into());
        }
        partitions.entry(change.partition).or_default().push(change);
    }
    Ok(partitions)
}

/// Sends what the outbox holds for partitions that got at least `from_bytes`.
pub fn send(log: &mut dyn StageLog, outbox: &mut Outbox, from_bytes: usize, crash: &CrashPoints) -> Result<(), Trouble> {
    outbox.drain(from_bytes, |topic, partition, records| {
        log.send(topic, partition, records)?;
        Ok(crash.pass("mid-send")?)
    })
}

/// Sends what is left and commits. Nothing may be sent once the offsets are in.
pub fn commit(
    log: &mut dyn StageLog,
    outbox: &mut Outbox,
    offsets: &[(Topic, u32, u64)],
    crash: &CrashPoints,
) -> Result<(), Trouble> {
    send(log, outbox, 0, crash)?;
    crash.pass("after-send")?;
    log.drain()?;
    crash.pass("after-drain")?;
    log.send_offsets(offsets)?;
    crash.pass("after-offsets")?;
    log.commit()?;
    Ok(crash.pass("after-commit")?)
}
