//! Where each stored key is, in memory: rebuilt whenever a partition is opened, shared by the writer and all readers.
//!
//! It holds fingerprints instead of keys, 16 bytes for each with its place. Two keys of one fingerprint would hide each
//! other; with a hundred million keys in a partition the odds of that are below one in ten trillion.

use super::chunk::{CHUNK_ENTRIES, LAST_CHUNK};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// A chunk of whose entries less than one in so many is in force is dissolved.
const SPARSE_ONE_IN: u32 = 4;
/// A chunk below both of these is joined with what is written next, so that small commits do not leave a chunk each.
const SMALL_ENTRIES: u32 = 16;
const SMALL_BYTES: usize = 4 << 10;
/// Chunks that a batch dissolves for each that it writes: more than overwriting that many entries makes sparse or small.
const DISSOLVED_PER_WRITTEN: usize = 3;
/// Once more than one in so many entries says "removed", the oldest chunks are dissolved, too: only there are removals
/// no longer needed.
const REMOVED_ONE_IN: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u32; 3]);

impl Fingerprint {
    pub(super) fn of(key: &[u8]) -> Fingerprint {
        let hash = blake3::hash(key);
        let part = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| hash.as_bytes()[at + byte]));
        Fingerprint([part(0), part(4), part(8)])
    }
}

/// Where the newest entry of a key is: on its own, or in a chunk, which may say that the key was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    /// No chunk has the number 0.
    pub(super) const OWN: Place = Place(0);
    const REMOVED: u32 = LAST_CHUNK + 1;

    pub(super) fn chunk(id: u32, removed: bool) -> Place {
        Place(if removed { id | Place::REMOVED } else { id })
    }

    pub(super) fn chunk_id(self) -> Option<u32> {
        Some(self.0 & LAST_CHUNK).filter(|id| *id > 0)
    }

    pub(super) fn is_removed(self) -> bool {
        self.0 & Place::REMOVED != 0
    }
}

#[derive(Default)]
pub(super) struct Index {
    places: FxHashMap<Fingerprint, Place>,
    chunks: BTreeMap<u32, Counts>,
    /// Chunks that are to be dissolved.
    sparse: BTreeSet<u32>,
    removed: usize,
    last_chunk: u32,
}

/// Entries of a chunk.
#[derive(Default)]
struct Counts {
    total: u32,
    in_force: u32,
    small: bool,
}

impl Counts {
    fn is_sparse(&self) -> bool {
        self.small || self.in_force == 0 || self.in_force.saturating_mul(SPARSE_ONE_IN) < self.total
    }
}

impl Index {
    /// Where the state of a key is; `None`: it has none.
    pub(super) fn find(&self, fingerprint: Fingerprint) -> Option<Place> {
        self.places.get(&fingerprint).copied().filter(|place| !place.is_removed())
    }

    /// Whether this is the newest entry of the key.
    pub(super) fn in_force(&self, fingerprint: Fingerprint, place: Place) -> bool {
        self.places.get(&fingerprint) == Some(&place)
    }

    pub(super) fn has_entry(&self, fingerprint: Fingerprint) -> bool {
        self.places.contains_key(&fingerprint)
    }

    pub(super) fn next_chunk(&self) -> u32 {
        self.last_chunk + 1
    }

    /// The newest entry of a key is here from now on.
    pub(super) fn put(&mut self, fingerprint: Fingerprint, place: Place) {
        self.removed += usize::from(place.is_removed());
        if let Some(id) = place.chunk_id() {
            self.chunks.entry(id).or_default().in_force += 1;
        }
        if let Some(old) = self.places.insert(fingerprint, place) {
            self.release(old);
        }
    }

    /// A key has no entry any more.
    pub(super) fn forget(&mut self, fingerprint: Fingerprint) {
        if let Some(old) = self.places.remove(&fingerprint) {
            self.release(old);
        }
    }

    fn release(&mut self, old: Place) {
        self.removed -= usize::from(old.is_removed());
        let Some(id) = old.chunk_id() else { return };
        let Some(counts) = self.chunks.get_mut(&id) else { return };
        counts.in_force -= 1;
        if counts.is_sparse() {
            self.sparse.insert(id);
        }
    }

    /// A chunk is complete: its entries in force are put already.
    pub(super) fn seal(&mut self, id: u32, entries: u32, bytes: usize) {
        let counts = self.chunks.entry(id).or_default();
        counts.total = entries;
        counts.small = entries < SMALL_ENTRIES && bytes < SMALL_BYTES;
        if counts.is_sparse() {
            self.sparse.insert(id);
        }
        self.last_chunk = self.last_chunk.max(id);
    }

    /// What is to be dissolved along with a batch that writes some chunks: every chunk that has nothing in force, and a
    /// bounded number of others. Oldest first.
    pub(super) fn to_dissolve(&self, written: usize) -> BTreeSet<u32> {
        let limit = DISSOLVED_PER_WRITTEN * written;
        let (empty, sparse): (Vec<u32>, Vec<u32>) = self.sparse.iter().partition(|id| self.is_empty(**id));
        let mut chosen: BTreeSet<u32> = sparse.into_iter().take(limit).collect();
        if self.removed > (self.places.len() / REMOVED_ONE_IN).max(CHUNK_ENTRIES as usize) {
            let left = limit - chosen.len();
            chosen.extend(self.chunks.range(..=self.last_chunk).map(|(id, _)| *id).take(left));
        }
        chosen.extend(empty);
        chosen
    }

    pub(super) fn is_empty(&self, id: u32) -> bool {
        self.chunks.get(&id).is_none_or(|counts| counts.in_force == 0)
    }

    /// Nothing older could hold a key that this chunk says is removed.
    pub(super) fn is_oldest(&self, id: u32) -> bool {
        self.chunks.first_key_value().is_some_and(|(oldest, _)| *oldest == id)
    }

    /// A chunk is no more.
    pub(super) fn drop_chunk(&mut self, id: u32) {
        self.chunks.remove(&id);
        self.sparse.remove(&id);
    }
}
