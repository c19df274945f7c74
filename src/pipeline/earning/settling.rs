//! The end of a batch: what was touched is priced, and its states and outputs go into the effects.

use super::attaining::attain;
use super::booking::{Subject, book};
use super::entry::{self, Entry, Ledger, Waiting};
use super::pricing::Terms;
use super::progress::Snapshots;
use super::rounds::Sender;
use super::{Earning, Loaded, Partition, State, alarm};
use crate::domain::output::{Causes, RejectKind};
use crate::domain::reject::Reject;
use crate::domain::topic::{Position, Topic};
use crate::domain::world::World;
use crate::pipeline::feed::reject_record;
use crate::pipeline::packer::{PACKED_BYTES, Packer};
use crate::pipeline::{Changed, Effects, Origin, Output, StageError};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

impl Earning {
    /// Prices what was touched and puts all changes into the effects, some states at a time: what the worker has written
    /// meanwhile need not be kept. True: there are more.
    pub(super) fn settle(&mut self, effects: &mut Effects) -> Result<bool, StageError> {
        const AT_ONCE: usize = 1_024;
        let until = self.loaded.len().min(self.settled + AT_ONCE);
        let mut pricer = Pricer::new(&self.world, &self.snapshots, &self.partitions, &mut self.packers);
        for loaded in &mut self.loaded[self.settled..until] {
            if loaded.touched {
                pricer.reprice(loaded, effects)?;
            }
            let state = std::mem::replace(&mut loaded.state, State::Ledger(Ledger::default()));
            if loaded.changed {
                let bytes = match &state {
                    State::Entry { entry, .. } if entry.is_nothing() => None,
                    State::Entry { entry, .. } => Some(entry::encode(entry::ENTRY_VERSION, entry, &mut self.scratch)),
                    State::Ledger(ledger) => Some(entry::encode(entry::LEDGER_VERSION, ledger, &mut self.scratch)),
                };
                let state = bytes.transpose().map_err(|error| alarm(loaded.partition, error))?;
                let (partition, key, old) = (loaded.partition, loaded.key.clone(), loaded.stored.take());
                if state.is_some() || old.is_some() {
                    effects.changed.push(Changed { partition, key, old, state });
                }
            }
        }
        self.settled = until;
        self.send_told(if until < self.loaded.len() { PACKED_BYTES } else { 0 }, effects)?;
        if until < self.loaded.len() {
            return Ok(true);
        }
        self.forget_loaded();
        Ok(false)
    }

    pub(super) fn forget_loaded(&mut self) {
        self.settled = 0;
        self.loaded.clear();
        self.places.values_mut().for_each(FxHashMap::clear);
    }

    pub(super) fn reprice(&mut self, place: usize, effects: &mut Effects) -> Result<(), StageError> {
        let mut pricer = Pricer::new(&self.world, &self.snapshots, &self.partitions, &mut self.packers);
        pricer.reprice(&mut self.loaded[place], effects)
    }
}

/// Prices entries under the current world.
struct Pricer<'w> {
    world: &'w World,
    snapshots: &'w Snapshots,
    partitions: &'w BTreeMap<u32, Partition>,
    packers: &'w mut BTreeMap<u32, Packer>,
    /// Of the quarter and of the year before.
    terms: [Option<Terms<'w>>; 2],
}

impl<'w> Pricer<'w> {
    fn new(
        world: &'w World,
        snapshots: &'w Snapshots,
        partitions: &'w BTreeMap<u32, Partition>,
        packers: &'w mut BTreeMap<u32, Packer>,
    ) -> Pricer<'w> {
        Pricer { world, snapshots, partitions, packers, terms: [None, None] }
    }

    /// Brings an entry's books and attainments up to date.
    fn reprice(&mut self, loaded: &mut Loaded, effects: &mut Effects) -> Result<(), StageError> {
        loaded.touched = false;
        let State::Entry { entry, payee_id, span, calendar } = &mut loaded.state else { return Ok(()) };
        if self.world.calendar.is_some() && *calendar != self.world.calendar_id {
            return Ok(());
        }
        let Some(partition) = self.partitions.get(&loaded.partition) else { return Err(alarm(loaded.partition, "not assigned")) };
        let standpoint = partition.progress.standpoint(&loaded.key, self.world, self.snapshots);
        let causes = loaded.causes.unwrap_or_else(|| facts_cause(self.world));
        let subject = Subject { payee_id, span: *span, causes };
        let kept = &mut self.terms[usize::from(span.is_year())];
        let shared = kept.take().filter(|terms| terms.are_of(payee_id, *span));
        let terms = &*kept.insert(shared.unwrap_or_else(|| Terms::of(payee_id, *span, self.world)));
        let overflow = || alarm(loaded.partition, "a sum does not fit");
        let booked = book(entry, &subject, &standpoint, terms).ok_or_else(overflow)?;
        let released = partition.progress.released_for(&loaded.key, self.world);
        let attained = attain(entry, payee_id, *span, released, terms).ok_or_else(overflow)?;
        loaded.changed |= booked.changed || !attained.is_empty() || booked.waiting != entry.waiting;
        let cause = causes.last;
        effects.outputs.extend(attained.into_iter().map(|attainment| Output::Attainment { attainment, cause }));
        effects.outputs.extend(booked.accruals.into_iter().map(Output::Accrual));
        note_waiting(payee_id, entry, booked.waiting, causes.last, effects);
        if booked.news.is_empty() {
            return Ok(());
        }
        let packer = self.packers.entry(loaded.partition).or_insert_with(|| Packer::new(self.world.partitions));
        Sender { partition: loaded.partition, causes, as_of: entry.as_of }.tell(booked.news, packer)
    }
}

/// The newest fact as the cause of what nothing else caused.
fn facts_cause(world: &World) -> Causes {
    let position = Position { topic: Topic::Facts, partition: 0, offset: world.facts_next.saturating_sub(1) };
    Causes { first: position, last: position, count: 1 }
}

/// Says what began to wait and what goes on.
fn note_waiting(payee_id: &str, entry: &mut Entry, waiting: Vec<Waiting>, position: Position, effects: &mut Effects) {
    let origin = Origin { position, key: payee_id.as_bytes(), value: &[] };
    let mut note = |kind, waiting: &Waiting| {
        let reject = Reject::new(waiting.reason, "", waiting.message.clone());
        effects.outputs.push(reject_record(kind, origin, reject, 0));
    };
    waiting.iter().filter(|new| !entry.waiting.contains(new)).for_each(|new| note(RejectKind::Parked, new));
    entry.waiting.iter().filter(|old| !waiting.contains(old)).for_each(|old| note(RejectKind::Resumed, old));
    entry.waiting = waiting;
}
