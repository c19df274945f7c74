//! Records of a topic, from its start or from where the last look ended.

use super::ReadError;
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, Row};
use crate::wire::WireError;

const READ_BYTES: usize = 4 << 20;

/// A place to go on from in every partition of a topic.
#[derive(Clone, Debug)]
pub struct Cursor {
    topic: Topic,
    next: Vec<u64>,
}

impl Cursor {
    /// At the first record that is still there.
    pub fn at_start(client: &dyn Client, topic: Topic) -> Result<Cursor, ReadError> {
        let partitions = 0..client.partitions(topic)?;
        let next = partitions.map(|partition| client.start(topic, partition)).collect::<Result<_, _>>()?;
        Ok(Cursor { topic, next })
    }

    /// Visits what was committed since the last call, partition by partition.
    pub fn advance(
        &mut self,
        client: &dyn Client,
        mut visit: impl FnMut(&Batch, &Row) -> Result<(), WireError>,
    ) -> Result<(), ReadError> {
        let topic = self.topic;
        for (partition, next) in (0..).zip(&mut self.next) {
            read_partition(client, topic, partition, next, &mut visit)?;
        }
        Ok(())
    }
}

impl Cursor {
    /// Visits a bounded part of what was committed since the last call; false when nothing is left.
    pub fn advance_some(
        &mut self,
        client: &dyn Client,
        mut visit: impl FnMut(&Batch, &Row) -> Result<(), WireError>,
    ) -> Result<bool, ReadError> {
        for (partition, next) in (0..).zip(&mut self.next) {
            let before = *next;
            read_some(client, self.topic, partition, next, &mut visit)?;
            if *next > before {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Visits every committed record of a topic.
pub fn all(client: &dyn Client, topic: Topic, visit: impl FnMut(&Batch, &Row) -> Result<(), WireError>) -> Result<(), ReadError> {
    Cursor::at_start(client, topic)?.advance(client, visit)
}

/// Visits every committed record of one partition.
pub fn partition(
    client: &dyn Client,
    topic: Topic,
    partition: u32,
    mut visit: impl FnMut(&Batch, &Row) -> Result<(), WireError>,
) -> Result<(), ReadError> {
    let mut next = client.start(topic, partition)?;
    read_partition(client, topic, partition, &mut next, &mut visit)
}

fn read_partition(
    client: &dyn Client,
    topic: Topic,
    partition: u32,
    next: &mut u64,
    visit: &mut dyn FnMut(&Batch, &Row) -> Result<(), WireError>,
) -> Result<(), ReadError> {
    let end = client.end(topic, partition)?;
    while *next < end {
        let before = *next;
        read_some(client, topic, partition, next, visit)?;
        if *next <= before {
            break;
        }
    }
    Ok(())
}

/// Visits what one read of a partition gives, and moves `next` behind it.
fn read_some(
    client: &dyn Client,
    topic: Topic,
    partition: u32,
    next: &mut u64,
    visit: &mut dyn FnMut(&Batch, &Row) -> Result<(), WireError>,
) -> Result<(), ReadError> {
    if *next >= client.end(topic, partition)? {
        return Ok(());
    }
    let mut batch = Batch::default();
    let after = client.read(topic, partition, *next, READ_BYTES, &mut batch)?;
    for row in batch.rows() {
        let offset = row.position.offset;
        visit(&batch, row).map_err(|source| ReadError::Record { topic: topic.name(), partition, offset, source })?;
    }
    *next = after.max(*next);
    Ok(())
}
