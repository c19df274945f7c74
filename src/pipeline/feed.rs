//! Facts that were offered to a stage and wait to be adopted, in offset order; and the records of refusals.

use super::{Origin, Output};
use crate::domain::fact::Fact;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::domain::reject::Reject;
use crate::domain::topic::Position;
use std::collections::VecDeque;

/// A fact in the queue, or why its record is none. The record's bytes are kept for its dead letter.
#[derive(Debug)]
pub struct Offered {
    pub position: Position,
    pub fact: Result<Fact, Reject>,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Offered {
    pub fn origin(&self) -> Origin<'_> {
        Origin { position: self.position, key: &self.key, value: &self.value }
    }
}

/// The queue. What a batch takes is gone only when the batch is committed.
#[derive(Debug, Default)]
pub struct Feed {
    queue: VecDeque<Offered>,
    taken: usize,
    next: u64,
}

impl Feed {
    /// Offset of the next fact to offer.
    pub fn wanted(&self) -> u64 {
        self.next
    }

    pub fn offer(&mut self, origin: Origin<'_>, fact: Result<Fact, Reject>) {
        self.next = origin.position.offset + 1;
        self.queue.push_back(Offered { position: origin.position, fact, key: origin.key.to_vec(), value: origin.value.to_vec() });
    }

    pub fn is_empty(&self) -> bool {
        self.taken == self.queue.len()
    }

    pub fn take(&mut self) -> Option<&Offered> {
        let offered = self.queue.get(self.taken)?;
        self.taken += 1;
        Some(offered)
    }

    pub fn committed(&mut self) {
        self.queue.drain(..self.taken);
        self.taken = 0;
    }

    pub fn abandon(&mut self) {
        self.taken = 0;
    }
}

/// The record for `rejected` about an input, because of itself.
pub fn reject_record(kind: RejectKind, origin: Origin<'_>, reject: Reject, reject_bytes: usize) -> Output {
    word_about(kind, origin, origin.position, reject, reject_bytes)
}

/// The same because of another record: at most `reject_bytes` of the input, its length and hash.
pub fn word_about(kind: RejectKind, origin: Origin<'_>, cause: Position, reject: Reject, reject_bytes: usize) -> Output {
    let kept = origin.value.len().min(reject_bytes);
    let record = Box::new(RejectRecord {
        kind,
        position: origin.position,
        key: origin.key.to_vec(),
        reject,
        original: origin.value[..kept].to_vec(),
        original_bytes: origin.value.len() as u64,
        original_hash: blake3::hash(origin.value).to_hex().to_string(),
    });
    Output::Rejected { record, cause }
}
