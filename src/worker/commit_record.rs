//! The commit record: one per touched partition and transaction, in the changelog under [`COMMIT_KEY`], beside the
//! states that it seals. It holds where the partition stands, and what its states must add up to.

use crate::domain::topic::Topic;
use serde::{Deserialize, Serialize};

/// No state key starts with a zero byte.
pub const COMMIT_KEY: &[u8] = b"\0commit";

const VERSION: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// 1, 2, 3 ... per partition.
    pub seq: u64,
    /// BLAKE3 of the commit record before, as it was written; zeros for the first.
    pub previous_hash: [u8; 32],
    pub inputs: Vec<InputPosition>,
    pub facts_next: u64,
    /// Opaque: what the stage keeps per partition.
    pub stage_meta: Vec<u8>,
    pub live_keys: u64,
    pub state_digest: u128,
    /// Told apart from another log's partition of the same number.
    pub genesis: [u8; 16],
    pub engine_version: String,
    /// Grows whenever a worker takes the partition on.
    pub epoch: u64,
}

/// How far an input topic is folded, and its partition count, which never changes under a running state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputPosition {
    pub topic: String,
    pub next: u64,
    pub partitions: u32,
}

/// A commit record that is not one.
#[derive(Debug, thiserror::Error)]
#[error("commit record cannot be read: {0}; start the version of accrue that wrote it")]
pub struct CommitRecordError(String);

impl CommitRecord {
    pub fn encode(&self) -> Result<Vec<u8>, CommitRecordError> {
        postcard::to_extend(self, vec![VERSION]).map_err(|error| CommitRecordError(error.to_string()))
    }

    pub fn decode(bytes: &[u8]) -> Result<CommitRecord, CommitRecordError> {
        let (version, body) = bytes.split_first().ok_or_else(|| CommitRecordError("empty".into()))?;
        if *version != VERSION {
            return Err(CommitRecordError(format!("version {version}; this engine reads version {VERSION}")));
        }
        let (record, rest) = postcard::take_from_bytes(body).map_err(|error| CommitRecordError(error.to_string()))?;
        if rest.is_empty() { Ok(record) } else { Err(CommitRecordError(format!("{} trailing bytes", rest.len()))) }
    }

    pub fn next(&self, topic: Topic) -> Option<u64> {
        self.inputs.iter().find(|input| input.topic == topic.name()).map(|input| input.next)
    }
}

/// A commit record with the hash that its successor must name.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub record: CommitRecord,
    pub hash: [u8; 32],
}

impl Sealed {
    pub fn read(bytes: &[u8]) -> Result<Sealed, CommitRecordError> {
        Ok(Sealed { record: CommitRecord::decode(bytes)?, hash: hash_of(bytes) })
    }

    /// Whether `later` may stand after this one in a changelog. A compacted changelog has gaps, where only the order
    /// can be told.
    pub fn leads_to(&self, later: &Sealed) -> bool {
        let (before, after) = (&self.record, &later.record);
        if after.seq == before.seq + 1 {
            after.previous_hash == self.hash && after.genesis == before.genesis
        } else {
            after.seq > before.seq && after.genesis == before.genesis
        }
    }
}

pub fn hash_of(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}
