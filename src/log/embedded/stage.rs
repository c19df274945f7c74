//! A stage on the embedded log: cursors over its inputs, and the transaction that it collects until the commit. A newer
//! owner of the group fences the older one by its generation.

use super::block::Packer;
use super::store;
use super::{Embedded, Extent};
use crate::domain::topic::Topic;
use crate::log::{Assigned, Batch, Limit, LogError, NO_OFFSETS, Records, StageLog};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The owner of a group, until the next one.
pub struct EmbeddedStage {
    log: Embedded,
    group: String,
    generation: u64,
    /// The topic of the stage's partitions; the others come along with it.
    leading: Option<Topic>,
    partitions: u32,
    unassigned: Vec<u32>,
    /// Those of the leading topic come last: what a deal is measured by is read before the deals that wait for it.
    cursors: Vec<Cursor>,
    /// How far the order of partitions is turned, so that one busy partition does not starve the others.
    turn: u32,
    open: Option<Transaction>,
}

struct Cursor {
    topic: Topic,
    partition: u32,
    next: u64,
}

#[derive(Default)]
struct Transaction {
    records: BTreeMap<(Topic, u32), Packer>,
    offsets: Vec<(Topic, u32, u64)>,
}

impl EmbeddedStage {
    pub(super) fn new(log: Embedded, group: &str, inputs: &[Topic]) -> Result<Self, LogError> {
        let partitions = inputs.first().map_or(Ok(0), |first| log.count(*first))?;
        let generation = log.store().write(|transaction| store::take_over(transaction, group))?;
        Ok(EmbeddedStage {
            log,
            group: group.to_owned(),
            generation,
            leading: inputs.first().copied(),
            partitions,
            unassigned: (0..partitions).collect(),
            cursors: Vec::new(),
            turn: 0,
            open: None,
        })
    }

    fn fenced(&self) -> LogError {
        let group = &self.group;
        LogError::Fenced(format!("another worker of this process has taken {group} over; let that one go on"))
    }

    fn check_owner(&self) -> Result<(), LogError> {
        let current = self.log.store().read(|transaction| store::generation(transaction, &self.group))?;
        if current == self.generation { Ok(()) } else { Err(self.fenced()) }
    }

    fn read_available(&mut self, into: &mut Batch, limit: Limit) -> Result<(), LogError> {
        let (leading, turn) = (self.leading, self.turn);
        let place = |cursor: &Cursor| (Some(cursor.topic) == leading, cursor.partition.wrapping_sub(turn), cursor.topic);
        self.cursors.sort_unstable_by_key(place);
        let cursors = &mut self.cursors;
        self.log.store().read(|transaction| {
            let (records, bytes) = (into.len() + limit.records, into.bytes() + limit.bytes);
            for cursor in cursors {
                let left = Limit { records: records - into.len(), bytes: bytes.saturating_sub(into.bytes()) };
                if left.records == 0 || left.bytes == 0 {
                    break;
                }
                cursor.next = store::read(transaction, cursor.topic, cursor.partition, cursor.next, left, into)?;
            }
            Ok(())
        })?;
        self.turn = (self.turn + 1) % self.partitions.max(1);
        Ok(())
    }

    fn open(&mut self) -> Result<&mut Transaction, LogError> {
        self.open.as_mut().ok_or_else(|| LogError::Abort("no transaction is open; begin one first".into()))
    }
}

impl StageLog for EmbeddedStage {
    fn assigned(&mut self, _wait: Duration) -> Result<Assigned, LogError> {
        self.check_owner()?;
        Ok(Assigned { given: std::mem::take(&mut self.unassigned), taken: Vec::new() })
    }

    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        for (topic, next) in positions {
            self.log.check_position(*topic, partition, *next)?;
            self.cursors.retain(|cursor| (cursor.topic, cursor.partition) != (*topic, partition));
            self.cursors.push(Cursor { topic: *topic, partition, next: *next });
        }
        Ok(())
    }

    fn stop(&mut self, partition: u32) -> Result<(), LogError> {
        self.cursors.retain(|cursor| cursor.partition != partition);
        Ok(())
    }

    /// Nothing is fetched ahead: what is not polled does not flow.
    fn pause(&mut self, _paused: bool) -> Result<(), LogError> {
        Ok(())
    }

    fn poll(&mut self, into: &mut Batch, limit: Limit, wait: Duration) -> Result<(), LogError> {
        let (before, deadline) = (into.len(), Instant::now() + wait);
        if limit.records == 0 {
            return self.check_owner();
        }
        loop {
            let seen = self.log.store().commits();
            self.check_owner()?;
            self.read_available(into, limit)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if into.len() > before || left.is_zero() {
                return Ok(());
            }
            self.log.store().wait_for_commit(seen, left);
        }
    }

    fn seek(&mut self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        let cursor = self.cursors.iter_mut().find(|cursor| (cursor.topic, cursor.partition) == (topic, partition));
        let Some(cursor) = cursor else {
            let name = topic.name();
            return Err(LogError::Abort(format!("{name}, partition {partition}, was not started; start it before a seek")));
        };
        cursor.next = offset;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if self.open.is_some() {
            return Err(LogError::Abort("a transaction is open already; commit or abort it first".into()));
        }
        self.open = Some(Transaction::default());
        Ok(())
    }

    fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError> {
        let log = self.log.clone();
        log.pack(topic, partition, records, self.open()?.records.entry((topic, partition)).or_default())
    }

    fn drain(&mut self) -> Result<(), LogError> {
        self.open().map(|_| ())
    }

    fn send_offsets(&mut self, offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
        self.open()?.offsets.extend_from_slice(offsets);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), LogError> {
        if self.open()?.offsets.is_empty() {
            return Err(LogError::Abort(NO_OFFSETS.into()));
        }
        let open = self.open.take().unwrap_or_default();
        let (group, generation) = (&self.group, self.generation);
        let extents = self.log.store().write(|transaction| {
            if store::generation_to_write(transaction, group)? != generation {
                return Ok(None);
            }
            store::put_offsets(transaction, group, &open.offsets)?;
            let append = |((topic, partition), packed): (&(Topic, u32), &Packer)| -> Result<(Topic, u32, Extent), redb::Error> {
                let (_, extent) = store::append(transaction, *topic, *partition, packed)?;
                Ok((*topic, *partition, extent))
            };
            open.records.iter().map(append).collect::<Result<Vec<_>, _>>().map(Some)
        })?;
        let extents = extents.ok_or_else(|| self.fenced())?;
        self.log.compact_after(&extents);
        Ok(())
    }

    fn abort(&mut self) -> Result<(), LogError> {
        self.open = None;
        Ok(())
    }
}
