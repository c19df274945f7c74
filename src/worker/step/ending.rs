//! The end of a transaction: what was folded goes to the log, and only then is anything local changed.

use super::{Machine, Progress};
use crate::domain::topic::{Position, Topic};
use crate::pipeline::Phase;
use crate::telemetry;
use crate::worker::Trouble;
use crate::worker::batch::Folded;
use crate::worker::status::Stuck;
use crate::worker::transaction::{self, Advance, Preparing};
use std::time::Instant;

/// Next offsets as the log takes them.
type NextOffsets = Vec<(Topic, u32, u64)>;

/// So much for one partition is sent before the end, so that a large transaction does not lie here and in the log.
const LARGE_BYTES: usize = 512 << 10;

impl Machine {
    pub(super) fn end(&mut self, offered: bool) -> Result<Progress, Trouble> {
        let started = Instant::now();
        while self.folding().0.finish()? {
            transaction::send(self.log.as_mut(), &mut self.outbox, LARGE_BYTES, &self.setup.crash)?;
        }
        let (advances, offsets) = self.prepare()?;
        if !advances.is_empty() {
            self.setup.crash.pass("after-fold")?;
            transaction::commit(self.log.as_mut(), &mut self.outbox, &offsets, &self.setup.crash)?;
            self.begun = false;
        }
        self.stage.committed();
        self.folding = false;
        let changes = advances.iter().map(|advance| advance.delta.changes.len()).sum();
        let worked = !advances.is_empty();
        self.publish(advances, &offsets)?;
        let folded = std::mem::take(&mut self.folded);
        let took = folded.busy + started.elapsed();
        self.gathering.committed(took);
        if worked {
            self.setup.metrics.committed(self.setup.name, &folded, took);
            telemetry::committed(self.setup.name, folded.records, folded.outputs, changes, took);
        }
        self.end_batch(&folded, worked || offered)
    }

    /// An input waits until its next record is read.
    fn tell_unread(&self, folded: &Folded) {
        let name = self.setup.name;
        self.setup.status.update(name, |stage| {
            for ((topic, partition), why) in &folded.unread {
                let unread = &mut stage.partitions.entry(*partition).or_default().unread;
                if let Some(stuck) = unread.get_mut(topic) {
                    stuck.reason.clone_from(why);
                } else {
                    telemetry::unread(name, *topic, *partition, why);
                    unread.insert(*topic, Stuck::now(why.clone()));
                }
            }
            for place in folded.reached.keys().filter(|place| !folded.unread.contains_key(place)) {
                stage.partitions.entry(place.1).or_default().unread.remove(&place.0);
            }
        });
    }

    fn prepare(&mut self) -> Result<(Vec<Advance>, NextOffsets), Trouble> {
        let mut preparing = Preparing {
            stage: self.stage.as_ref(),
            held: &self.held,
            committed: &self.committed,
            folded: &self.folded,
            partitions: self.partitions,
            outbox: &mut self.outbox,
            codec: &self.setup.codec,
        };
        let advances = preparing.run(&mut self.effects)?;
        let offsets = preparing.offsets(&advances);
        Ok((advances, offsets))
    }

    /// The transaction is committed: now everything local follows.
    fn publish(&mut self, advances: Vec<Advance>, offsets: &[(Topic, u32, u64)]) -> Result<(), Trouble> {
        let positions: Vec<_> = offsets
            .iter()
            .map(|(topic, partition, offset)| Position { topic: *topic, partition: *partition, offset: *offset })
            .collect();
        for at in &positions {
            self.committed.insert((at.topic, at.partition), at.offset);
        }
        if !advances.is_empty() {
            // Before anybody sees the new positions: what follows from them may not be done yet.
            self.setup.status.update(self.setup.name, |stage| (stage.idle, stage.settled) = (false, false));
        }
        for Advance { partition, held, delta } in advances {
            self.held.insert(partition, held);
            self.states.publish(&delta);
            self.store.apply(delta)?;
            self.report(partition);
        }
        let committed = &self.committed;
        self.poison.retain(|at| committed.get(&(at.topic, at.partition)).is_some_and(|next| at.offset >= *next));
        if let Some(tap) = self.setup.tap.as_ref().filter(|_| !positions.is_empty()) {
            tap.committed(std::mem::take(&mut self.effects.outcomes), &positions);
        }
        Ok(())
    }

    fn end_batch(&mut self, folded: &Folded, worked: bool) -> Result<Progress, Trouble> {
        for (topic, partition) in &folded.held_back {
            let next = self.committed.get(&(*topic, *partition)).copied().unwrap_or(0);
            self.log.seek(*topic, *partition, next)?;
            self.facts_due = None;
        }
        self.tell_unread(folded);
        self.failures = 0;
        // Slowly: each attempt that is too large again costs its time.
        self.records_limit = (self.records_limit + self.records_limit.div_ceil(4)).min(self.setup.limits.batch_records);
        self.more = folded.more;
        if folded.more {
            self.setup.crash.pass(phase_point(self.stage.phase()))?;
        }
        let settled = !folded.more && self.stage.idle();
        let idle = settled && !worked && folded.polled == 0;
        let closing = self.stage.pending_closes();
        self.setup.status.update(self.setup.name, |stage| {
            (stage.idle, stage.settled) = (idle, settled);
            stage.closing = closing;
            stage.trouble = None;
            if worked {
                stage.commits += 1;
                stage.last_commit = Some(Instant::now());
            }
        });
        Ok(match worked || folded.more {
            true => Progress::Worked,
            false if folded.held_back.is_empty() => Progress::Idle,
            false => Progress::Wait(self.setup.limits.batch_wait()),
        })
    }
}

fn phase_point(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "",
        Phase::Recrediting => "mid-recredit",
        Phase::Telling => "mid-round",
        Phase::Closing => "mid-close",
        Phase::Releasing => "mid-release",
    }
}
