//! The changelog of a partition as it is: the newest state of each key, whether it adds up or not, and the last commit record.

use super::{LOOK, OWNER, PATIENCE, READ_BYTES};
use crate::domain::topic::Topic;
use crate::log::{Batch, Client};
use crate::store::{Change, Digest, Reader, Store};
use crate::worker::Stop;
use crate::worker::commit_record::{COMMIT_KEY, Sealed};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Instant;

pub struct Logged {
    pub reader: Reader,
    pub digest: Digest,
    pub last: Sealed,
    /// Where it ended.
    pub until: u64,
}

impl Logged {
    /// Reads a partition of a changelog into a store, which has to stay as long as this is read.
    pub fn read(client: &dyn Client, store: &Store, topic: Topic, partition: u32) -> Result<Logged, Stop> {
        let reader = store.open_partition(partition, OWNER, 1)?.reader;
        let until = client.high_watermark(topic, partition)?;
        let (mut next, mut digest, mut last) = (client.start(topic, partition)?, Digest::default(), None);
        let (mut batch, deadline) = (Batch::default(), Instant::now() + PATIENCE);
        while next < until {
            batch.clear();
            let reached = client.read(topic, partition, next, READ_BYTES, &mut batch)?;
            if reached == next {
                if Instant::now() > deadline {
                    return Err(undecided(topic));
                }
                std::thread::sleep(LOOK);
            }
            next = reached;
            let mut newest: FxHashMap<&[u8], Option<&[u8]>> = FxHashMap::default();
            for row in batch.rows() {
                match batch.key(row) {
                    Some(COMMIT_KEY) => last = Some(Sealed::read(batch.value(row).unwrap_or_default())),
                    Some(key) => drop(newest.insert(key, batch.value(row))),
                    None => {}
                }
            }
            for (key, state) in &newest {
                digest.replace(key, reader.get(key)?.as_deref(), *state);
            }
            let change = |(key, state): (&[u8], Option<&[u8]>)| Change { key: key.into(), state: state.map(Arc::from) };
            store.fill(partition, newest.into_iter().map(change).collect(), None)?;
        }
        let last = last.ok_or_else(|| {
            let name = topic.name();
            if until == 0 {
                return Stop::Settings(format!(
                    "{name}, partition {partition}, is empty: start the workers, which fold the inputs from their first record on"
                ));
            }
            Stop::Settings(format!(
                "{name}, partition {partition}, holds no commit record: which facts were adopted, and what was told, nobody knows; \
                 bring all topics back from one backup"
            ))
        })?;
        let last = last.map_err(|error| Stop::Settings(error.to_string()))?;
        Ok(Logged { reader, digest, last, until })
    }

    /// Whether the states are those that the last commit record says.
    pub fn adds_up(&self) -> bool {
        let record = &self.last.record;
        self.digest == Digest { live_keys: record.live_keys, sum: record.state_digest }
    }
}

/// The end of a topic does not come to rest.
pub fn undecided(topic: Topic) -> Stop {
    let name = topic.name();
    Stop::Unavailable(format!("the end of {name} stays undecided: a transaction hangs; wait and rebuild again"))
}
