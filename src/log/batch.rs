//! Records in and out of the log: many of them in one buffer, so that no record costs an allocation.

use super::LogError;
use crate::domain::topic::{Position, Topic};
use std::ops::Range;

/// Records that were read.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

/// One record of a [`Batch`].
#[derive(Clone, Debug)]
pub struct Row {
    pub position: Position,
    /// Milliseconds since 1970, as the log stamped it.
    pub timestamp_ms: i64,
    /// Empty for most topics; no allocation then.
    pub headers: Vec<(String, Vec<u8>)>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Batch {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub fn push(
        &mut self,
        position: Position,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: Vec<(String, Vec<u8>)>,
    ) {
        let mut keep = |part: &[u8]| {
            let at = self.bytes.len();
            self.bytes.extend_from_slice(part);
            at..self.bytes.len()
        };
        let (key, value) = (key.map(&mut keep), value.map(&mut keep));
        self.rows.push(Row { position, timestamp_ms, headers, key, value });
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// `None` for a record without a key.
    pub fn key<'b>(&'b self, row: &Row) -> Option<&'b [u8]> {
        row.key.clone().map(|range| &self.bytes[range])
    }

    /// `None` for a tombstone.
    pub fn value<'b>(&'b self, row: &Row) -> Option<&'b [u8]> {
        row.value.clone().map(|range| &self.bytes[range])
    }
}

/// Records to write to one partition, in order.
#[derive(Clone, Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(String, Vec<u8>)>,
}

/// Headers of a record up to this do not count against the size limit; Kafka is told to take messages that are twice as much
/// larger.
pub const HEADERS_BESIDE_BYTES: usize = 32 * 1024;

/// A record of [`Records`] as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'r> {
    pub key: Option<&'r [u8]>,
    pub value: Option<&'r [u8]>,
    pub headers: &'r [(String, Vec<u8>)],
}

impl Outgoing<'_> {
    pub fn bytes(&self) -> usize {
        self.content_bytes() + self.header_bytes()
    }

    /// What counts against the record size limit: headers are what others say beside a record, and must not make one too
    /// large that is not without them.
    fn counted_bytes(&self) -> usize {
        self.content_bytes() + self.header_bytes().saturating_sub(HEADERS_BESIDE_BYTES)
    }

    fn content_bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len)
    }

    fn header_bytes(&self) -> usize {
        self.headers.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

impl Records {
    /// Refuses a record that is larger than the log takes.
    pub fn check_sizes(&self, topic: &str, limit: usize) -> Result<(), LogError> {
        match self.iter().map(|record| record.counted_bytes()).find(|bytes| *bytes > limit) {
            Some(bytes) => Err(LogError::TooLarge(format!(
                "a record of {bytes} bytes for {topic} is larger than the log takes ({limit} bytes); \
                 raise maximum_record_bytes or make the record smaller"
            ))),
            None => Ok(()),
        }
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for more.
    pub fn reserve(&mut self, records: usize, bytes: usize) {
        self.entries.reserve(records);
        self.bytes.reserve(bytes);
    }

    pub fn push(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.push_with_headers(key, value, Vec::new());
    }

    pub fn push_with_headers(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: Vec<(String, Vec<u8>)>) {
        let mut keep = |part: &[u8]| {
            let at = self.bytes.len();
            self.bytes.extend_from_slice(part);
            at..self.bytes.len()
        };
        let (key, value) = (key.map(&mut keep), value.map(&mut keep));
        self.entries.push(Entry { key, value, headers });
    }

    /// Appends a record whose value is written by `write` straight into the shared buffer.
    pub fn push_written(&mut self, key: &[u8], headers: Vec<(String, Vec<u8>)>, write: impl FnOnce(&mut Vec<u8>)) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry { key: Some(at..middle), value: Some(middle..self.bytes.len()), headers });
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Outgoing<'_>> {
        self.entries.iter().map(|entry| Outgoing {
            key: entry.key.clone().map(|range| &self.bytes[range]),
            value: entry.value.clone().map(|range| &self.bytes[range]),
            headers: &entry.headers,
        })
    }
}

/// A larger buffer is not kept for the next transaction.
const KEPT_BYTES: usize = 1 << 20;

/// The records of one transaction or append, by topic and partition in that order.
#[derive(Debug, Default)]
pub struct Outbox {
    partitions: std::collections::BTreeMap<(Topic, u32), Records>,
}

impl Outbox {
    pub fn to(&mut self, topic: Topic, partition: u32) -> &mut Records {
        self.partitions.entry((topic, partition)).or_default()
    }

    /// Only partitions that got a record.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, u32, &Records)> {
        self.partitions
            .iter()
            .filter(|(_, records)| !records.is_empty())
            .map(|((topic, partition), records)| (*topic, *partition, records))
    }

    /// Hands over and empties what each partition got if it is at least so much.
    pub fn drain<E>(&mut self, from_bytes: usize, mut each: impl FnMut(Topic, u32, &Records) -> Result<(), E>) -> Result<(), E> {
        let is_due = |records: &Records| !records.is_empty() && records.bytes() >= from_bytes;
        for ((topic, partition), records) in self.partitions.iter_mut().filter(|(_, records)| is_due(records)) {
            each(*topic, *partition, records)?;
            records.clear();
            if records.bytes.capacity() > KEPT_BYTES {
                *records = Records::default();
            }
        }
        Ok(())
    }

    /// Empties all, keeping the buffers.
    pub fn clear(&mut self) {
        self.partitions.values_mut().for_each(Records::clear);
    }
}
