//! Folds one polled batch: the stage's own work, then each record, then the end of the batch.
//!
//! A record whose fold panics is remembered as poison and the batch is folded again without what it did, so that the
//! record alone is rejected. Nothing here touches the log.

use super::working_set::WorkingSet;
use super::{Stop, Trouble, panic_text};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::batch::Outbox;
use crate::log::{Batch, Row};
use crate::pipeline::{Effects, Flow, Origin, Stage, StageError};
use crate::telemetry;
use crate::wire::Codec;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Outputs that may wait to be written.
const OUTPUTS_KEPT: usize = 1_024;

/// Next offsets of input topics by partition.
pub type Offsets = BTreeMap<(Topic, u32), u64>;

/// What a stage folds with.
pub struct Folding<'f> {
    pub stage: &'f mut dyn Stage,
    pub name: &'static str,
    pub codec: &'f Codec,
    pub states: &'f mut WorkingSet,
    pub effects: &'f mut Effects,
    /// Outputs are written as they come, so that no batch holds all of them twice.
    pub outbox: &'f mut Outbox,
    /// Records whose fold panicked.
    pub poison: &'f mut BTreeSet<Position>,
    /// Where the committed batches end.
    pub committed: &'f Offsets,
    pub partitions: u32,
    pub maximum_record_bytes: usize,
    pub work_budget_keys: usize,
}

/// How far a batch came.
#[derive(Debug, Default)]
pub struct Folded {
    pub reached: Offsets,
    /// Inputs that must be read again: the stage lacks facts for what stands at their next offset.
    pub held_back: BTreeSet<(Topic, u32)>,
    pub records: usize,
    pub outputs: usize,
    /// The stage has more of its own work to do.
    pub more: bool,
}

enum Attempt {
    Done(Folded),
    Poisoned(Position, String),
}

impl Folding<'_> {
    /// Folds until no record panics that did not before.
    pub fn run(&mut self, polled: &Batch) -> Result<Folded, Trouble> {
        loop {
            match self.attempt(polled)? {
                Attempt::Done(folded) => return Ok(folded),
                Attempt::Poisoned(position, message) => {
                    telemetry::fold_panicked(self.name, position, &message);
                    self.stage.abandon();
                    if !self.poison.insert(position) {
                        let topic = position.topic.name();
                        let place = format!("{topic}, partition {}, offset {}", position.partition, position.offset);
                        return Err(Stop::Alarm(format!("rejecting {place} panics, too: {message}")).into());
                    }
                }
            }
        }
    }

    fn attempt(&mut self, polled: &Batch) -> Result<Attempt, Trouble> {
        self.clear();
        self.stage.begin();
        let mut folded = Folded { more: self.work()?, ..Folded::default() };
        for row in polled.rows() {
            if self.is_passed(row, &folded) {
                continue;
            }
            let place = (row.position.topic, row.position.partition);
            match self.fold(polled, row) {
                Ok(Ok(Flow::Folded)) => {
                    folded.records += 1;
                    folded.reached.insert(place, row.position.offset + 1);
                    self.write_outputs(&mut folded, OUTPUTS_KEPT)?;
                }
                Ok(Ok(Flow::NotYet)) => drop(folded.held_back.insert(place)),
                Ok(Err(error)) => return Err(error.into()),
                Err(message) => return Ok(Attempt::Poisoned(row.position, message)),
            }
        }
        self.finish(polled, folded)
    }

    fn clear(&mut self) {
        self.outbox.clear();
        self.effects.outputs.clear();
        self.effects.changed.clear();
        self.effects.outcomes.clear();
    }

    /// Not of a partition that is held, folded already, or behind a record that must wait.
    fn is_passed(&self, row: &Row, folded: &Folded) -> bool {
        let place = (row.position.topic, row.position.partition);
        let next = folded.reached.get(&place).or_else(|| self.committed.get(&place));
        next.is_none_or(|next| row.position.offset < *next) || folded.held_back.contains(&place)
    }

    fn work(&mut self) -> Result<bool, Trouble> {
        let committed = self.committed;
        let next = |topic: Topic, partition: u32| committed.get(&(topic, partition)).copied().unwrap_or(0);
        let (budget, states, effects) = (self.work_budget_keys, &mut *self.states, &mut *self.effects);
        let stage = &mut *self.stage;
        match catch_unwind(AssertUnwindSafe(|| stage.work(&next, budget, states, effects))) {
            Ok(result) => Ok(result?),
            Err(panic) => {
                let message = panic_text(panic.as_ref());
                Err(Stop::Alarm(format!("the stage's own work panicked: {message}")).into())
            }
        }
    }

    fn fold(&mut self, polled: &Batch, row: &Row) -> Result<Result<Flow, StageError>, String> {
        let (key, value) = (polled.key(row), polled.value(row));
        let origin = Origin { position: row.position, key: key.unwrap_or_default(), value: value.unwrap_or_default() };
        let poisoned = self.poison.contains(&row.position);
        let (codec, partitions, limit) = (self.codec, self.partitions, self.maximum_record_bytes);
        let (stage, states, effects) = (&mut *self.stage, &mut *self.states, &mut *self.effects);
        let fold = || {
            let input = if poisoned { Err(panicked()) } else { codec.input(row.position, partitions, key, value, limit) };
            stage.fold(origin, input, states, effects)
        };
        catch_unwind(AssertUnwindSafe(fold)).map_err(|panic| panic_text(panic.as_ref()))
    }

    /// Writes the outputs that there are if they are more than `kept`.
    fn write_outputs(&mut self, folded: &mut Folded, kept: usize) -> Result<(), Trouble> {
        if self.effects.outputs.len() > kept {
            folded.outputs += self.effects.outputs.len();
            for output in self.effects.outputs.drain(..) {
                let written = self.codec.output(&output, self.partitions, self.outbox);
                written.map_err(|error| Stop::Alarm(format!("an output cannot be written: {error}")))?;
            }
        }
        Ok(())
    }

    /// A panic at the end is the doing of some record: of the only one, or fewer of them will tell.
    fn finish(&mut self, polled: &Batch, mut folded: Folded) -> Result<Attempt, Trouble> {
        loop {
            let (stage, states, effects) = (&mut *self.stage, &mut *self.states, &mut *self.effects);
            match catch_unwind(AssertUnwindSafe(|| stage.finish(states, effects))) {
                Ok(more) => {
                    let more = more?;
                    self.write_outputs(&mut folded, 0)?;
                    if !more {
                        return Ok(Attempt::Done(folded));
                    }
                }
                Err(panic) => return self.panicked_at_the_end(panic_text(panic.as_ref()), polled, &folded),
            }
        }
    }

    fn panicked_at_the_end(&self, message: String, polled: &Batch, folded: &Folded) -> Result<Attempt, Trouble> {
        let mut rows = polled.rows().iter().map(|row| row.position).filter(|at| is_folded(at, folded, self.committed));
        match (rows.next(), rows.next()) {
            (Some(only), None) => Ok(Attempt::Poisoned(only, message)),
            (Some(_), Some(_)) => Err(Trouble::Panicked(message)),
            (None, _) => Err(Stop::Alarm(format!("the stage's own work panicked: {message}")).into()),
        }
    }
}

fn is_folded(at: &Position, folded: &Folded, committed: &Offsets) -> bool {
    let place = (at.topic, at.partition);
    let from = committed.get(&place).copied().unwrap_or(0);
    folded.reached.get(&place).is_some_and(|next| (from..*next).contains(&at.offset))
}

fn panicked() -> Reject {
    Reject::new(Reason::FoldPanicked, "", "the engine failed on this record; report it with the record".into())
}
