//! A chunk: the states of many keys in one value, written once and never changed. It does not know which of its entries
//! are still in force.
//!
//! An entry is the key's length, the key, the state's length plus one, and the state; zero instead of the latter says that
//! the key was removed.

use super::StoreError;

pub(super) const CHUNK_ENTRIES: u32 = 256;
/// A chunk is larger only when its one entry is.
const CHUNK_BYTES: usize = 7 << 10;

/// No state key starts with a zero byte.
pub(super) const CHUNK_PREFIX: &[u8] = b"\0chunk";
/// The highest number of a chunk: one bit is left for the index.
pub(super) const LAST_CHUNK: u32 = u32::MAX >> 1;

/// Numbers in the order of writing are keys in the order of sled.
pub(super) fn chunk_key(id: u32) -> Vec<u8> {
    [CHUNK_PREFIX, &id.to_be_bytes()].concat()
}

pub(super) fn chunk_id(key: &[u8]) -> Result<u32, StoreError> {
    let number = key.strip_prefix(CHUNK_PREFIX).and_then(|number| number.try_into().ok());
    number.map(u32::from_be_bytes).ok_or_else(|| StoreError::Damaged("a chunk without a number".into()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'c> {
    pub(super) key: &'c [u8],
    /// `None`: removed.
    pub(super) state: Option<&'c [u8]>,
}

/// The entries of a chunk, up to the first that is damaged.
pub(super) struct Entries<'c> {
    rest: &'c [u8],
}

pub(super) fn entries(chunk: &[u8]) -> Entries<'_> {
    Entries { rest: chunk }
}

impl<'c> Iterator for Entries<'c> {
    type Item = Result<Entry<'c>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_none() {
            self.rest = &[];
        }
        Some(entry.ok_or_else(|| StoreError::Damaged("a chunk ends within an entry".into())))
    }
}

impl<'c> Entries<'c> {
    fn read(&mut self) -> Option<Entry<'c>> {
        let key_bytes = self.number()?;
        let key = self.take(key_bytes)?;
        let state = match self.number()?.checked_sub(1) {
            Some(state_bytes) => Some(self.take(state_bytes)?),
            None => None,
        };
        Some(Entry { key, state })
    }

    fn take(&mut self, bytes: usize) -> Option<&'c [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

fn write_number(mut number: usize, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Puts entries into new chunks, one after the other.
pub(super) struct Packer {
    next_id: u32,
    chunks: Vec<Packed>,
}

/// A new chunk.
pub(super) struct Packed {
    pub(super) id: u32,
    pub(super) entries: u32,
    pub(super) bytes: Vec<u8>,
}

impl Packer {
    pub(super) fn new(next_id: u32) -> Packer {
        Packer { next_id, chunks: Vec::new() }
    }

    pub(super) fn chunks(&self) -> &[Packed] {
        &self.chunks
    }

    pub(super) fn into_chunks(self) -> Vec<Packed> {
        self.chunks
    }

    /// The number of the chunk that takes the entry.
    pub(super) fn push(&mut self, entry: Entry<'_>) -> Result<u32, StoreError> {
        let entry_bytes = entry.key.len() + entry.state.map_or(0, <[u8]>::len);
        let fits = |chunk: &Packed| chunk.entries < CHUNK_ENTRIES && chunk.bytes.len() + entry_bytes <= CHUNK_BYTES;
        if !self.chunks.last().is_some_and(fits) {
            self.begin()?;
        }
        let Some(chunk) = self.chunks.last_mut() else { return Err(used_up()) };
        write_number(entry.key.len(), &mut chunk.bytes);
        chunk.bytes.extend_from_slice(entry.key);
        write_number(entry.state.map_or(0, |state| state.len() + 1), &mut chunk.bytes);
        chunk.bytes.extend_from_slice(entry.state.unwrap_or_default());
        chunk.entries += 1;
        Ok(chunk.id)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.next_id > LAST_CHUNK {
            return Err(used_up());
        }
        self.chunks.push(Packed { id: self.next_id, entries: 0, bytes: Vec::new() });
        self.next_id += 1;
        Ok(())
    }
}

pub(super) fn used_up() -> StoreError {
    StoreError::Damaged("the numbers of chunks are used up".into())
}
