//! The committed states of a stage in memory, within a budget, over its store.
//!
//! An entry may leave only once the store has acknowledged a sequence at or after its own: what is not in memory is in the
//! store, or nowhere.

use crate::pipeline::{StageError, States};
use crate::store::{Delta, Reader, StoreError};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// About what an entry costs beside its bytes.
const ENTRY_BYTES: usize = 96;

pub struct WorkingSet {
    partitions: FxHashMap<u32, Partition>,
    /// Entries in the order in which they are looked at for eviction.
    ring: VecDeque<(u32, Arc<[u8]>)>,
    bytes: usize,
    budget_bytes: usize,
    unacknowledged_bytes: usize,
    unacknowledged_limit_bytes: usize,
}

struct Partition {
    reader: Reader,
    entries: FxHashMap<Arc<[u8]>, Entry>,
    /// In the order of their commits.
    unacknowledged: VecDeque<Arc<Delta>>,
    acknowledged_seq: u64,
}

/// The beginning of a range of keys.
struct SomeKeys {
    live: Vec<Vec<u8>>,
    /// What lies behind this key is not known yet. `None`: everything is known.
    through: Option<Vec<u8>>,
}

struct Entry {
    state: Option<Arc<[u8]>>,
    seq: u64,
    used: bool,
}

impl Entry {
    fn bytes(&self, key: &[u8]) -> usize {
        ENTRY_BYTES + key.len() + self.state.as_ref().map_or(0, |state| state.len())
    }
}

impl WorkingSet {
    pub fn new(budget_bytes: usize, unacknowledged_limit_bytes: usize) -> WorkingSet {
        WorkingSet {
            partitions: FxHashMap::default(),
            ring: VecDeque::new(),
            bytes: 0,
            budget_bytes,
            unacknowledged_bytes: 0,
            unacknowledged_limit_bytes,
        }
    }

    /// Takes a restored partition on: everything of it is in its store.
    pub fn open(&mut self, partition: u32, reader: Reader, seq: u64) {
        let entries = FxHashMap::default();
        let unacknowledged = VecDeque::new();
        self.partitions.insert(partition, Partition { reader, entries, unacknowledged, acknowledged_seq: seq });
    }

    /// Forgets a partition.
    pub fn close(&mut self, partition: u32) {
        let Some(closed) = self.partitions.remove(&partition) else { return };
        self.bytes -= closed.entries.iter().map(|(key, entry)| entry.bytes(key)).sum::<usize>();
        self.unacknowledged_bytes -= closed.unacknowledged.iter().map(|delta| delta.bytes()).sum::<usize>();
        self.ring.retain(|(of, _)| *of != partition);
    }

    /// Forgets all partitions.
    pub fn clear(&mut self) {
        *self = WorkingSet::new(self.budget_bytes, self.unacknowledged_limit_bytes);
    }

    /// Makes a committed delta visible.
    pub fn publish(&mut self, delta: &Arc<Delta>) {
        let Some(partition) = self.partitions.get_mut(&delta.partition) else { return };
        debug_assert!(delta.changes.is_sorted_by(|a, b| a.key < b.key));
        for change in &delta.changes {
            let entry = Entry { state: change.state.clone(), seq: delta.to_seq, used: true };
            self.bytes += entry.bytes(&change.key);
            match partition.entries.insert(change.key.clone(), entry) {
                Some(old) => self.bytes -= old.bytes(&change.key),
                None => self.ring.push_back((delta.partition, change.key.clone())),
            }
        }
        self.unacknowledged_bytes += delta.bytes();
        partition.unacknowledged.push_back(delta.clone());
        self.evict();
    }

    /// The store has applied everything up to `seq`.
    pub fn acknowledge(&mut self, partition: u32, seq: u64) {
        let Some(held) = self.partitions.get_mut(&partition) else { return };
        while let Some(delta) = held.unacknowledged.front().filter(|delta| delta.to_seq <= seq) {
            self.unacknowledged_bytes -= delta.bytes();
            held.unacknowledged.pop_front();
        }
        held.acknowledged_seq = held.acknowledged_seq.max(seq);
        self.evict();
    }

    /// Too much waits for the store: no more may be polled until it has caught up.
    pub fn is_full(&self) -> bool {
        self.unacknowledged_bytes > self.unacknowledged_limit_bytes
    }

    pub fn unacknowledged_bytes(&self) -> usize {
        self.unacknowledged_bytes
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The state without a copy of it.
    pub fn state(&mut self, partition: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        let Some(held) = self.partitions.get_mut(&partition) else {
            return Err(StageError::Alarm { partition, message: "a state was asked for that this worker does not hold".into() });
        };
        if let Some(entry) = held.entries.get_mut(key) {
            entry.used = true;
            return Ok(entry.state.clone());
        }
        let stored = held.reader.get(key).map_err(|error| unreadable(partition, error))?;
        let Some(state) = stored.map(Arc::<[u8]>::from) else { return Ok(None) };
        let entry = Entry { state: Some(state.clone()), seq: 0, used: true };
        self.bytes += entry.bytes(key);
        let key: Arc<[u8]> = key.into();
        self.ring.push_back((partition, key.clone()));
        held.entries.insert(key, entry);
        self.evict();
        Ok(Some(state))
    }

    /// Second chance: what was used since it was last looked at stays for another round.
    fn evict(&mut self) {
        let mut looks = self.ring.len().saturating_mul(2).min(4096);
        while self.bytes > self.budget_bytes && looks > 0 {
            looks -= 1;
            let Some((partition, key)) = self.ring.pop_front() else { return };
            let Some(held) = self.partitions.get_mut(&partition) else { continue };
            let Some(entry) = held.entries.get_mut(&key) else { continue };
            if entry.used || entry.seq > held.acknowledged_seq {
                entry.used = false;
                self.ring.push_back((partition, key));
            } else {
                self.bytes -= entry.bytes(&key);
                held.entries.remove(&key);
            }
        }
    }
}

impl States for WorkingSet {
    fn get(&mut self, partition: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        self.state(partition, key)
    }

    fn keys_between(
        &mut self,
        partition: u32,
        after: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StageError> {
        match self.partitions.get(&partition) {
            Some(held) => held.keys_between(after, until, limit).map_err(|error| unreadable(partition, error)),
            None => Ok(Vec::new()),
        }
    }
}

impl Partition {
    fn keys_between(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        let mut after = after.to_vec();
        while found.len() < limit {
            let some = self.some_keys(&after, until, limit)?;
            found.extend(some.live);
            let Some(through) = some.through else { break };
            after = through;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Merges at most `limit` keys of the store and of each delta that it may not have yet, the newer over the older.
    fn some_keys(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<SomeKeys, StoreError> {
        let stored = self.reader.keys_between(after, until, limit)?;
        let mut known_through = stored.last().filter(|_| stored.len() == limit).map(Vec::as_slice);
        let mut live: BTreeMap<&[u8], bool> = stored.iter().map(|key| (key.as_slice(), true)).collect();
        for delta in &self.unacknowledged {
            let changes = delta.range(after, until);
            let taken = &changes[..changes.len().min(limit)];
            live.extend(taken.iter().map(|change| (change.key.as_ref(), change.state.is_some())));
            if let Some(last) = taken.last().filter(|_| taken.len() < changes.len()) {
                known_through = Some(known_through.map_or(last.key.as_ref(), |known| known.min(&last.key)));
            }
        }
        let is_known = |key: &[u8]| known_through.is_none_or(|known| key <= known);
        let keys = live.iter().filter(|(key, live)| **live && is_known(key)).map(|(key, _)| key.to_vec()).collect();
        Ok(SomeKeys { live: keys, through: known_through.map(<[u8]>::to_vec) })
    }
}

fn unreadable(partition: u32, error: StoreError) -> StageError {
    StageError::Read { partition, source: Box::new(error) }
}

#[cfg(test)]
mod tests;
