//! The committed states of a stage in memory, within a budget, over its store.
//!
//! An entry may leave only once the store has acknowledged a sequence at or after its own. A set of fingerprints of all
//! live keys answers "unknown" without a read of the store: most deals are new, and a read that misses is dear.

use crate::pipeline::{StageError, States};
use crate::store::{Change, Delta, Reader, StoreError, fingerprint};
use rustc_hash::{FxHashMap, FxHashSet};
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
    /// Of every live key, and of some that are no more.
    fingerprints: FxHashSet<u64>,
    unacknowledged: VecDeque<Arc<Delta>>,
    acknowledged_seq: u64,
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
    pub fn open(&mut self, partition: u32, reader: Reader, seq: u64, fingerprints: FxHashSet<u64>) {
        let entries = FxHashMap::default();
        let unacknowledged = VecDeque::new();
        self.partitions.insert(partition, Partition { reader, entries, fingerprints, unacknowledged, acknowledged_seq: seq });
    }

    /// Forgets all partitions.
    pub fn clear(&mut self) {
        *self = WorkingSet::new(self.budget_bytes, self.unacknowledged_limit_bytes);
    }

    /// Makes a committed delta visible.
    pub fn publish(&mut self, delta: &Arc<Delta>) {
        let Some(partition) = self.partitions.get_mut(&delta.partition) else { return };
        for change in &delta.changes {
            if change.state.is_some() {
                partition.fingerprints.insert(fingerprint(&change.key));
            }
            let entry = Entry { state: change.state.clone(), seq: delta.to_seq, used: true };
            self.bytes += entry.bytes(&change.key);
            match partition.entries.insert(change.key.clone(), entry) {
                Some(old) => self.bytes -= old.bytes(&change.key),
                None => self.ring.push_back((delta.partition, change.key.clone())),
            }
        }
        self.unacknowledged_bytes += delta_bytes(delta);
        partition.unacknowledged.push_back(delta.clone());
        self.evict();
    }

    /// The store has applied everything up to `seq`.
    pub fn acknowledge(&mut self, partition: u32, seq: u64) {
        let Some(held) = self.partitions.get_mut(&partition) else { return };
        while let Some(delta) = held.unacknowledged.front().filter(|delta| delta.to_seq <= seq) {
            self.unacknowledged_bytes -= delta_bytes(delta);
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
        if !held.fingerprints.contains(&fingerprint(key)) {
            return Ok(None);
        }
        let state: Option<Arc<[u8]>> = held.reader.get(key).map_err(|error| unreadable(partition, error))?.map(Arc::from);
        let entry = Entry { state: state.clone(), seq: 0, used: true };
        self.bytes += entry.bytes(key);
        let key: Arc<[u8]> = key.into();
        self.ring.push_back((partition, key.clone()));
        held.entries.insert(key, entry);
        self.evict();
        Ok(state)
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

    fn keys_after(&mut self, partition: u32, after: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StageError> {
        match self.partitions.get(&partition) {
            Some(held) => held.keys_after(after, limit).map_err(|error| unreadable(partition, error)),
            None => Ok(Vec::new()),
        }
    }
}

impl Partition {
    fn keys_after(&self, after: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let recent = self.recent(after);
        // Each recent removal may take one stored key away.
        let removed = recent.values().filter(|live| !**live).count();
        let stored = self.reader.keys_after(after, limit.saturating_add(removed))?;
        let mut keys: Vec<Vec<u8>> = stored.into_iter().filter(|key| !recent.contains_key(key.as_slice())).collect();
        keys.extend(recent.iter().filter(|(_, live)| **live).map(|(key, _)| key.to_vec()));
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }

    /// What the store may not have yet: keys after `after`, and whether they are live.
    fn recent(&self, after: &[u8]) -> BTreeMap<&[u8], bool> {
        let changes = self.unacknowledged.iter().flat_map(|delta| &delta.changes);
        changes.filter(|change| change.key.as_ref() > after).map(|change| (change.key.as_ref(), change.state.is_some())).collect()
    }
}

fn delta_bytes(delta: &Delta) -> usize {
    delta.changes.iter().map(Change::bytes).sum()
}

fn unreadable(partition: u32, error: StoreError) -> StageError {
    StageError::Read { partition, source: Box::new(error) }
}
