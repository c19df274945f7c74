//! The commit record: one per touched partition and transaction, in the changelog under [`COMMIT_KEY`], beside the
//! states that it seals. It holds where the partition stands, and what its states must add up to.

use crate::domain::topic::Topic;
use crate::wire::Contracts;
use serde::{Deserialize, Serialize};

/// No state key starts with a zero byte.
pub const COMMIT_KEY: &[u8] = b"\0commit";

const VERSION: u8 = 3;
/// The same without how the inputs are written: all of them as Avro, under the ids of `schemas/ids.toml`.
const EARLIER_VERSION: u8 = 2;

/// The version that is at work here.
pub const THIS_ENGINE: &str = env!("CARGO_PKG_VERSION");

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
    /// How the inputs are written; stands behind the rest.
    #[serde(skip)]
    pub contracts: Contracts,
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
        let bytes = postcard::to_extend(self, vec![VERSION]);
        let bytes = bytes.and_then(|bytes| postcard::to_extend(&self.contracts, bytes));
        bytes.map_err(|error| CommitRecordError(error.to_string()))
    }

    pub fn decode(bytes: &[u8]) -> Result<CommitRecord, CommitRecordError> {
        let (version, body) = bytes.split_first().ok_or_else(|| CommitRecordError("empty".into()))?;
        if ![VERSION, EARLIER_VERSION].contains(version) {
            return Err(CommitRecordError(format!("version {version}; this engine reads version {VERSION}")));
        }
        let failed = |error: postcard::Error| CommitRecordError(error.to_string());
        let (mut record, mut rest): (CommitRecord, &[u8]) = postcard::take_from_bytes(body).map_err(failed)?;
        if *version == VERSION {
            (record.contracts, rest) = postcard::take_from_bytes(rest).map_err(failed)?;
        }
        if !rest.is_empty() {
            return Err(CommitRecordError(format!("{} trailing bytes", rest.len())));
        }
        // It may mean something that this one does not know. Nothing of two versions is ever folded side by side.
        if parts(&record.engine_version) > parts(THIS_ENGINE) {
            let newer = &record.engine_version;
            return Err(CommitRecordError(format!("accrue {newer} wrote it, and this is the older {THIS_ENGINE}")));
        }
        Ok(record)
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

/// Major, minor and patch of a version.
fn parts(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

pub fn hash_of(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Format, PinnedSchema};

    #[test]
    fn a_record_reads_as_it_was_written_and_so_does_one_of_the_version_before() {
        let schemas = vec![PinnedSchema { id: 7, fingerprint: [9; 16] }];
        let contracts = Contracts { formats: vec![("deal-closed".into(), Format::Either)], registry: true, schemas };
        let record = CommitRecord {
            seq: 3,
            previous_hash: [1; 32],
            inputs: vec![InputPosition { topic: "deal-closed".into(), next: 5, partitions: 4 }],
            facts_next: 2,
            stage_meta: vec![1, 2],
            live_keys: 1,
            state_digest: 8,
            genesis: [4; 16],
            engine_version: THIS_ENGINE.into(),
            epoch: 1,
            contracts,
        };
        let bytes = record.encode().unwrap();
        assert_eq!(CommitRecord::decode(&bytes).unwrap(), record);
        let contracts = postcard::to_stdvec(&record.contracts).unwrap();
        let before = [&[EARLIER_VERSION], &bytes[1..bytes.len() - contracts.len()]].concat();
        assert_eq!(CommitRecord::decode(&before).unwrap(), CommitRecord { contracts: Contracts::default(), ..record.clone() });
        let newer = CommitRecord { engine_version: "10.0.0".into(), ..record.clone() }.encode().unwrap();
        let older = format!("accrue 10.0.0 wrote it, and this is the older {THIS_ENGINE}");
        for (bytes, said) in [
            (&newer[..], older.as_str()),
            (&[][..], "empty"),
            (&[1], "version 1; this engine reads version 3"),
            (&[before.as_slice(), &[0]].concat(), "1 trailing bytes"),
        ] {
            let error = CommitRecord::decode(bytes).unwrap_err().to_string();
            assert_eq!(error, format!("commit record cannot be read: {said}; start the version of accrue that wrote it"));
        }
    }
}
