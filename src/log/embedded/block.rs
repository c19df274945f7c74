//! Records of one partition packed into blocks, and back without an allocation a record. Knows nothing of the storage.
//!
//! A record is a byte of flags, then what the flags announce: timestamp (8 bytes, when it differs from the record
//! before), gap (how many offsets compaction left out before it), key, value, headers; lengths are LEB128.

use crate::log::batch::Outgoing;

/// A block takes no further record beyond this size, so that a reader of little never loads a whole big commit. A little
/// less than a power of two, because the storage rounds a value up to one.
const BLOCK_BYTES: usize = 256 * 1024 - 4096;

const KEY: u8 = 1;
const VALUE: u8 = 2;
const HEADERS: u8 = 4;
const TIMESTAMP: u8 = 8;
const GAP: u8 = 16;

/// Consecutive records, the first of them at offset `first`.
#[derive(Debug)]
pub struct Block {
    pub first: u64,
    pub bytes: Vec<u8>,
    next: u64,
    timestamp_ms: i64,
}

/// Packs records in offset order.
#[derive(Debug, Default)]
pub struct Packer {
    blocks: Vec<Block>,
    records: u64,
}

impl Packer {
    pub fn records(&self) -> u64 {
        self.records
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// All blocks but the one that the next record may go into.
    pub fn take_full(&mut self) -> Vec<Block> {
        let open = self.blocks.pop();
        std::mem::replace(&mut self.blocks, open.into_iter().collect())
    }

    pub fn push(&mut self, offset: u64, timestamp_ms: i64, record: Outgoing<'_>) {
        if self.blocks.last().is_none_or(|block| block.bytes.len() + record.bytes() > BLOCK_BYTES) {
            self.blocks.push(Block { first: offset, bytes: Vec::new(), next: offset, timestamp_ms: 0 });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push(offset, timestamp_ms, record);
        }
        self.records += 1;
    }
}

impl Block {
    fn push(&mut self, offset: u64, timestamp_ms: i64, record: Outgoing<'_>) {
        let (gap, stamped) = (offset - self.next, timestamp_ms != self.timestamp_ms);
        let flag = |present: bool, flag: u8| if present { flag } else { 0 };
        self.bytes.push(
            flag(record.key.is_some(), KEY)
                | flag(record.value.is_some(), VALUE)
                | flag(!record.headers.is_empty(), HEADERS)
                | flag(stamped, TIMESTAMP)
                | flag(gap > 0, GAP),
        );
        if stamped {
            self.bytes.extend_from_slice(&timestamp_ms.to_le_bytes());
        }
        if gap > 0 {
            put_number(&mut self.bytes, gap);
        }
        record.key.into_iter().chain(record.value).for_each(|part| put_bytes(&mut self.bytes, part));
        if !record.headers.is_empty() {
            self.put_headers(record.headers);
        }
        (self.next, self.timestamp_ms) = (offset + 1, timestamp_ms);
    }

    fn put_headers(&mut self, headers: &[(String, Vec<u8>)]) {
        put_number(&mut self.bytes, headers.len() as u64);
        for (name, value) in headers {
            put_bytes(&mut self.bytes, name.as_bytes());
            put_bytes(&mut self.bytes, value);
        }
    }
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    put_number(bytes, part.len() as u64);
    bytes.extend_from_slice(part);
}

/// A record as it lies in a block.
#[derive(Debug)]
pub struct Entry<'b> {
    pub offset: u64,
    pub timestamp_ms: i64,
    pub key: Option<&'b [u8]>,
    pub value: Option<&'b [u8]>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// The bytes are not what a [`Packer`] wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Damaged;

/// Walks the records of a block.
pub struct Entries<'b> {
    rest: &'b [u8],
    next: u64,
    timestamp_ms: i64,
}

impl<'b> Entries<'b> {
    pub fn new(first: u64, bytes: &'b [u8]) -> Self {
        Entries { rest: bytes, next: first, timestamp_ms: 0 }
    }

    fn entry(&mut self) -> Option<Entry<'b>> {
        let flags = self.take(1)?[0];
        if flags & TIMESTAMP != 0 {
            self.timestamp_ms = i64::from_le_bytes(self.take(8)?.try_into().ok()?);
        }
        let gap = if flags & GAP != 0 { self.number()? } else { 0 };
        let offset = self.next.checked_add(gap)?;
        self.next = offset.checked_add(1)?;
        let key = if flags & KEY != 0 { Some(self.bytes()?) } else { None };
        let value = if flags & VALUE != 0 { Some(self.bytes()?) } else { None };
        Some(Entry {
            offset,
            timestamp_ms: self.timestamp_ms,
            key,
            value,
            headers: if flags & HEADERS != 0 { self.headers()? } else { Vec::new() },
        })
    }

    fn headers(&mut self) -> Option<Vec<(String, Vec<u8>)>> {
        (0..self.number()?).map(|_| Some((String::from_utf8(self.bytes()?.to_vec()).ok()?, self.bytes()?.to_vec()))).collect()
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'b> Iterator for Entries<'b> {
    type Item = Result<Entry<'b>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry().ok_or(Damaged);
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}
