//! How a partition's states lie in its tree of sled, and what is read and written there.
//!
//! States that stand on their own are entries; packed ones are in chunks, found through the index, and listed as entries
//! without a value where the layout says so. Chunks are never changed, only written and dissolved: the newest entry of a
//! key is the one in force. One batch carries everything that a write changes, the position with it.

use super::chunk::{CHUNK_PREFIX, Entry, LAST_CHUNK, Packer, chunk_id, chunk_key, entries, used_up};
use super::index::{Fingerprint, Index, Place};
use super::{Change, Digest, Layout, StoreError, StorePosition, Wiped, guarded};
use std::collections::BTreeSet;
use std::ops::{Bound, Range};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// No state key starts with a zero byte.
const POSITION_KEY: &[u8] = b"\0position";
/// Before the first state key.
const BEFORE_STATES: &[u8] = b"\0\xff";
/// Keys that start below this, with a control character, are never packed.
const FIRST_PACKED: u8 = 0x20;
/// What one opening can use of the numbers of chunks: a tree with fewer left is made anew.
const SPARE_CHUNKS: u32 = 1 << 24;

/// How often a chunk that was read or written is asked for again. sled (0.34, `lru.rs`) looks at what a part of its cache holds
/// when that part was asked 64 times, and a leaf has 8 chunks or more: asking once for each takes in the whole store.
const TOUCHES: usize = 8;

/// Changes for which the index is locked at once: readers need it, too.
const PLACED_AT_ONCE: usize = 256;

impl Layout {
    /// First byte of the position: one layout is never taken for another.
    fn mark(self) -> u8 {
        match self {
            Layout::Packed => 2,
            Layout::Listed => 3,
        }
    }
}

fn is_packed(key: &[u8]) -> bool {
    key.first().is_some_and(|byte| *byte >= FIRST_PACKED)
}

pub(super) struct Tree {
    pub(super) tree: sled::Tree,
    layout: Layout,
    index: RwLock<Index>,
    /// Held by a write from its first change of the index until sled has the batch: whoever holds it sees both agree.
    writing: Mutex<()>,
}

impl Tree {
    /// Reads the tree in full.
    pub(super) fn open(tree: sled::Tree, layout: Layout) -> Result<(Tree, Option<StorePosition>, Digest), Wiped> {
        let position = read_position(&tree, layout)?;
        let (index, digest) = read_all(&tree, layout).map_err(|error| Wiped::Damaged(error.to_string()))?;
        Ok((Tree { tree, layout, index: RwLock::new(index), writing: Mutex::default() }, position, digest))
    }

    pub(super) fn wipe(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        wipe(&self.tree)?;
        *self.index_mut() = Index::default();
        Ok(())
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let fingerprint = Fingerprint::of(key);
        let Some(place) = self.index().find(fingerprint) else { return Ok(None) };
        if let Some(state) = self.read(key, place)? {
            return Ok(Some(state));
        }
        // A write was between the index and sled, or has dissolved the chunk meanwhile.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = self.index().find(fingerprint) else { return Ok(None) };
        let state = self.read(key, place)?;
        match place.chunk_id().filter(|_| state.is_none()) {
            Some(id) => self.chunk(id).map(|_| None),
            None => Ok(state),
        }
    }

    /// A chunk that the index knows while nothing is being written.
    fn chunk(&self, id: u32) -> Result<sled::IVec, StoreError> {
        let chunk = guarded(|| self.tree.get(chunk_key(id)))?;
        chunk.ok_or_else(|| StoreError::Damaged(format!("chunk {id} is missing")))
    }

    fn read(&self, key: &[u8], place: Place) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(id) = place.chunk_id() else {
            return guarded(|| Ok(self.tree.get(key)?.map(|value| value.to_vec())));
        };
        let chunk_key = chunk_key(id);
        let Some(chunk) = guarded(|| self.tree.get(&chunk_key))? else { return Ok(None) };
        touch(&self.tree, &chunk_key)?;
        for entry in entries(&chunk) {
            let entry = entry?;
            if entry.key == key {
                return Ok(entry.state.map(<[u8]>::to_vec));
            }
        }
        Ok(None)
    }

    pub(super) fn keys_between(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        if until.is_some_and(|until| until <= after) {
            return Ok(Vec::new());
        }
        let mut keys = self.entry_keys(after, until, limit)?;
        // Every packed key is behind all that stand on their own.
        let has_packed = self.layout == Layout::Packed && until.is_none_or(|until| until > [FIRST_PACKED].as_slice());
        if has_packed && keys.len() < limit {
            keys.extend(self.packed_keys(after, until, limit - keys.len())?);
        }
        Ok(keys)
    }

    fn entry_keys(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let from = Bound::Excluded(after.max(BEFORE_STATES));
        let keys = || self.tree.range::<&[u8], _>((from, until.map_or(Bound::Unbounded, Bound::Excluded))).keys();
        guarded(|| keys().take(limit).map(|key| Ok(key?.to_vec())).collect())
    }

    /// Reads all chunks and keeps the first `limit` keys of the range. A key counts wherever it is met, in force there or
    /// not: a write may carry it into a chunk ahead of the reading while this goes on, never behind it.
    fn packed_keys(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut first: BTreeSet<Vec<u8>> = BTreeSet::new();
        pass(&self.tree, self.tree.scan_prefix(CHUNK_PREFIX), |_, chunk| {
            for entry in entries(chunk) {
                let key = entry?.key;
                let in_range = key > after && until.is_none_or(|until| key < until);
                let wanted = in_range && (first.len() < limit || first.last().is_some_and(|last| key < last.as_slice()));
                if wanted && self.index().find(Fingerprint::of(key)).is_some() {
                    first.insert(key.to_vec());
                    if first.len() > limit {
                        first.pop_last();
                    }
                }
            }
            Ok(())
        })?;
        Ok(first.into_iter().collect())
    }

    /// Applies changes, at most one of each key, all of them or none; with `position` they count.
    pub(super) fn write(&self, changes: &[&Change], position: Option<&StorePosition>) -> Result<(), StoreError> {
        let fingerprints: Vec<Fingerprint> = changes.iter().map(|change| Fingerprint::of(&change.key)).collect();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = sled::Batch::default();
        let mut packer = Packer::new(self.index().next_chunk());
        for (changes, fingerprints) in changes.chunks(PLACED_AT_ONCE).zip(fingerprints.chunks(PLACED_AT_ONCE)) {
            self.place(changes, fingerprints, &mut packer, &mut batch)?;
        }
        let chosen = self.index().to_dissolve(packer.chunks().len());
        for id in chosen {
            self.dissolve(id, &mut packer, &mut batch)?;
        }
        let sealed = self.seal(packer, &mut batch);
        if let Some(position) = position {
            let bytes = postcard::to_extend(position, vec![self.layout.mark()]);
            batch.insert(POSITION_KEY, bytes.map_err(|error| StoreError::Damaged(error.to_string()))?);
        }
        guarded(|| self.tree.apply_batch(batch))?;
        for id in sealed {
            touch(&self.tree, &chunk_key(id))?;
        }
        Ok(())
    }

    fn place(
        &self,
        changes: &[&Change],
        fingerprints: &[Fingerprint],
        packer: &mut Packer,
        batch: &mut sled::Batch,
    ) -> Result<(), StoreError> {
        let mut index = self.index_mut();
        for (change, fingerprint) in changes.iter().zip(fingerprints) {
            let (key, state) = (change.key.as_ref(), change.state.as_deref());
            let was_there = index.find(*fingerprint).is_some();
            if is_packed(key) && was_there != state.is_some() {
                self.list(key, state.is_some(), batch);
            }
            match (is_packed(key), state) {
                (false, Some(state)) => {
                    batch.insert(key, state);
                    index.put(*fingerprint, Place::OWN);
                }
                (false, None) => {
                    batch.remove(key);
                    index.forget(*fingerprint);
                }
                (true, None) if !was_there => {}
                // Older chunks may hold the key: a removal is an entry, too.
                (true, _) => {
                    let id = packer.push(Entry { key, state })?;
                    index.put(*fingerprint, Place::chunk(id, state.is_none()));
                }
            }
        }
        Ok(())
    }

    fn list(&self, key: &[u8], there: bool, batch: &mut sled::Batch) {
        match (self.layout, there) {
            (Layout::Packed, _) => {}
            (Layout::Listed, true) => batch.insert(key, &[]),
            (Layout::Listed, false) => batch.remove(key),
        }
    }

    /// Carries what is in force in a chunk over to the new ones, and removes it.
    fn dissolve(&self, id: u32, packer: &mut Packer, batch: &mut sled::Batch) -> Result<(), StoreError> {
        if !self.index().is_empty(id) {
            for entry in entries(&self.chunk(id)?) {
                self.carry_over(entry?, id, packer)?;
            }
        }
        self.index_mut().drop_chunk(id);
        batch.remove(chunk_key(id));
        Ok(())
    }

    fn carry_over(&self, entry: Entry<'_>, id: u32, packer: &mut Packer) -> Result<(), StoreError> {
        let (fingerprint, removed) = (Fingerprint::of(entry.key), entry.state.is_none());
        let mut index = self.index_mut();
        if !index.in_force(fingerprint, Place::chunk(id, removed)) {
            return Ok(());
        }
        if removed && index.is_oldest(id) {
            index.forget(fingerprint);
            return Ok(());
        }
        let new = packer.push(entry)?;
        index.put(fingerprint, Place::chunk(new, removed));
        Ok(())
    }

    /// The numbers of the new chunks.
    fn seal(&self, packer: Packer, batch: &mut sled::Batch) -> Range<u32> {
        let mut index = self.index_mut();
        let first = index.next_chunk();
        for chunk in packer.into_chunks() {
            index.seal(chunk.id, chunk.entries, chunk.bytes.len());
            batch.insert(chunk_key(chunk.id), chunk.bytes);
        }
        first..index.next_chunk()
    }
}

/// Empties a tree. The position goes first: what a crash leaves behind is states without one, which are wiped again.
pub(super) fn wipe(tree: &sled::Tree) -> Result<(), StoreError> {
    guarded(|| tree.remove(POSITION_KEY))?;
    guarded(|| tree.clear())
}

fn read_position(tree: &sled::Tree, layout: Layout) -> Result<Option<StorePosition>, Wiped> {
    let damaged = |message: String| Wiped::Damaged(message);
    let Some(bytes) = guarded(|| tree.get(POSITION_KEY)).map_err(|error| damaged(error.to_string()))? else { return Ok(None) };
    let body = bytes.strip_prefix(&[layout.mark()]).ok_or(Wiped::OtherLayout)?;
    postcard::from_bytes(body).map(Some).map_err(|error| damaged(format!("position: {error}")))
}

/// Reads chunks one after the other, without keeping them in sled's cache.
fn pass(
    tree: &sled::Tree,
    mut chunks: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>,
    mut read: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    while let Some((key, chunk)) = guarded(|| chunks.next().transpose())? {
        read(&key, &chunk)?;
        touch(tree, &key)?;
    }
    Ok(())
}

/// Has sled look at what its cache holds.
fn touch(tree: &sled::Tree, key: &[u8]) -> Result<(), StoreError> {
    (0..TOUCHES).try_for_each(|_| guarded(|| tree.contains_key(key)).map(drop))
}

fn read_all(tree: &sled::Tree, layout: Layout) -> Result<(Index, Digest), StoreError> {
    let (mut index, mut digest) = (Index::default(), Digest::default());
    // The newest chunks first: what is met again is no longer in force.
    pass(tree, tree.scan_prefix(CHUNK_PREFIX).rev(), |key, chunk| read_chunk(chunk_id(key)?, chunk, &mut index, &mut digest))?;
    let (packed, mut listed) = (digest.live_keys, 0);
    let mut own = tree.range::<&[u8], _>((Bound::Excluded(BEFORE_STATES), Bound::Unbounded));
    while let Some((key, state)) = guarded(|| own.next().transpose())? {
        if is_packed(&key) {
            check_listed(layout, &key, &state, &index)?;
            listed += 1;
        } else {
            digest.replace(&key, None, Some(&state));
            index.put(Fingerprint::of(&key), Place::OWN);
        }
    }
    if layout == Layout::Listed && listed != packed {
        return Err(StoreError::Damaged(format!("{listed} keys are listed of {packed}")));
    }
    Ok((index, digest))
}

fn check_listed(layout: Layout, key: &[u8], state: &[u8], index: &Index) -> Result<(), StoreError> {
    if layout == Layout::Packed || !state.is_empty() {
        return Err(StoreError::Damaged("a state outside the chunks".into()));
    }
    match index.find(Fingerprint::of(key)) {
        Some(_) => Ok(()),
        None => Err(StoreError::Damaged("a key is listed that has no state".into())),
    }
}

fn read_chunk(id: u32, chunk: &[u8], index: &mut Index, digest: &mut Digest) -> Result<(), StoreError> {
    if id == 0 || id > LAST_CHUNK - SPARE_CHUNKS {
        return Err(used_up());
    }
    let mut count = 0;
    for entry in entries(chunk) {
        let entry = entry?;
        count += 1;
        let fingerprint = Fingerprint::of(entry.key);
        if !index.has_entry(fingerprint) {
            index.put(fingerprint, Place::chunk(id, entry.state.is_none()));
            digest.replace(entry.key, None, entry.state);
        }
    }
    index.seal(id, count, chunk.len());
    Ok(())
}
