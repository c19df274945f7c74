//! Folds what one transaction covers: the stage's own work, then each record as it comes, then the end.
//!
//! A record whose fold panics is remembered as poison and the transaction is given up; when its inputs are read again, the
//! record alone is rejected. Nothing here touches the log.

use super::working_set::WorkingSet;
use super::{Stop, Trouble, panic_text};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::batch::Outbox;
use crate::log::{Batch, Row};
use crate::pipeline::{Effects, Flow, Origin, Output, Stage, StageError};
use crate::telemetry;
use crate::wire::{Codec, Contexts, Raw, Unread};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

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
    /// Outputs are written as they come, so that no transaction holds all of them twice.
    pub outbox: &'f mut Outbox,
    /// Records whose fold panicked.
    pub poison: &'f mut BTreeSet<Position>,
    /// Where the committed transactions end.
    pub committed: &'f Offsets,
    pub partitions: u32,
    pub maximum_record_bytes: usize,
    pub work_budget_keys: usize,
    pub folded: &'f mut Folded,
}

/// How far an open transaction has come.
#[derive(Debug, Default)]
pub struct Folded {
    pub reached: Offsets,
    /// Inputs that must be read again: the stage lacks facts for what stands at their next offset.
    pub held_back: BTreeSet<(Topic, u32)>,
    /// Records that came, folded or not.
    pub polled: usize,
    pub records: usize,
    pub outputs: usize,
    /// Kind and reason of what was rejected, parked or resumed, and how often.
    pub rejects: BTreeMap<(&'static str, &'static str), u64>,
    /// When the newest record that was folded was written, milliseconds since 1970.
    pub newest_ms: i64,
    /// The stage has more of its own work to do.
    pub more: bool,
    /// Time spent on it.
    pub busy: Duration,
    first: Option<Position>,
    /// Why inputs that are held back cannot be read now.
    pub unread: BTreeMap<(Topic, u32), String>,
    /// What others wrote otherwise, written again; of one record at a time.
    scratch: Vec<u8>,
    /// What headers of the records say beside their values.
    contexts: Contexts,
}

impl Folding<'_> {
    /// The beginning: the stage's own work.
    pub fn begin(&mut self) -> Result<(), Trouble> {
        *self.folded = Folded::default();
        self.outbox.clear();
        self.effects.outputs.clear();
        self.effects.changed.clear();
        self.effects.outcomes.clear();
        self.stage.begin();
        self.folded.more = self.work()?;
        Ok(())
    }

    pub fn take(&mut self, polled: &Batch) -> Result<(), Trouble> {
        self.folded.polled += polled.len();
        for row in polled.rows() {
            if self.is_passed(row) {
                continue;
            }
            let place = (row.position.topic, row.position.partition);
            match self.fold(polled, row) {
                Ok(Ok(Flow::Folded)) => {
                    self.folded.records += 1;
                    self.folded.newest_ms = self.folded.newest_ms.max(row.timestamp_ms);
                    self.folded.first.get_or_insert(row.position);
                    self.folded.reached.insert(place, row.position.offset + 1);
                    self.write_outputs(OUTPUTS_KEPT)?;
                }
                Ok(Ok(Flow::NotYet)) => drop(self.folded.held_back.insert(place)),
                Ok(Err(error)) => return Err(error.into()),
                Err(message) => return Err(self.poisoned(row.position, message)),
            }
        }
        Ok(())
    }

    /// Goes on ending; false once everything that follows from what was taken is written or among the changed states.
    pub fn finish(&mut self) -> Result<bool, Trouble> {
        let (stage, states, effects) = (&mut *self.stage, &mut *self.states, &mut *self.effects);
        match catch_unwind(AssertUnwindSafe(|| stage.finish(states, effects))) {
            Ok(more) => {
                let more = more?;
                self.write_outputs(0)?;
                Ok(more)
            }
            Err(panic) => Err(self.panicked_at_the_end(panic_text(panic.as_ref()))),
        }
    }

    /// Not of a partition that is held, folded already, or behind a record that must wait.
    fn is_passed(&self, row: &Row) -> bool {
        let place = (row.position.topic, row.position.partition);
        let next = self.folded.reached.get(&place).or_else(|| self.committed.get(&place));
        next.is_none_or(|next| row.position.offset < *next) || self.folded.held_back.contains(&place)
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
        let raw = Raw::of(polled, row);
        let origin = Origin { position: row.position, key: raw.key.unwrap_or_default(), value: raw.value.unwrap_or_default() };
        if !row.headers.is_empty() {
            self.folded.contexts.note(row.position, &row.headers);
        }
        let poisoned = self.poison.contains(&row.position);
        let (codec, partitions, limit) = (self.codec, self.partitions, self.maximum_record_bytes);
        let (stage, states, effects) = (&mut *self.stage, &mut *self.states, &mut *self.effects);
        let scratch = &mut self.folded.scratch;
        let unread = &mut self.folded.unread;
        let fold = || {
            let taken = if poisoned { Err(panicked().into()) } else { codec.take(raw, partitions, limit, scratch) };
            let input = match taken {
                Ok(input) => Ok(input),
                Err(Unread::Refused(reject)) => Err(reject),
                // It may be good: it waits, and what comes behind it in its partition.
                Err(Unread::Unavailable(why)) => {
                    unread.insert((raw.position.topic, raw.position.partition), why);
                    return Ok(Flow::NotYet);
                }
            };
            stage.fold(origin, input, states, effects)
        };
        catch_unwind(AssertUnwindSafe(fold)).map_err(|panic| panic_text(panic.as_ref()))
    }

    /// Writes the outputs that there are if they are more than `kept`.
    fn write_outputs(&mut self, kept: usize) -> Result<(), Trouble> {
        if self.effects.outputs.len() > kept {
            self.folded.outputs += self.effects.outputs.len();
            for output in self.effects.outputs.drain(..) {
                if let Output::Rejected { record, .. } = &output {
                    *self.folded.rejects.entry((record.kind.name(), record.reject.reason.code())).or_default() += 1;
                }
                let written = self.codec.output(&output, &self.folded.contexts, self.partitions, self.outbox);
                written.map_err(|error| Stop::Alarm(format!("an output cannot be written: {error}")))?;
            }
        }
        Ok(())
    }

    fn poisoned(&mut self, position: Position, message: String) -> Trouble {
        telemetry::fold_panicked(self.name, position, &message);
        if self.poison.insert(position) {
            return Trouble::Poisoned;
        }
        let topic = position.topic.name();
        let place = format!("{topic}, partition {}, offset {}", position.partition, position.offset);
        Stop::Alarm(format!("rejecting {place} panics, too: {message}")).into()
    }

    /// A panic at the end is the doing of some record: of the only one, or fewer of them will tell.
    fn panicked_at_the_end(&mut self, message: String) -> Trouble {
        match (self.folded.records, self.folded.first) {
            (1, Some(only)) => self.poisoned(only, message),
            (_, Some(_)) => Trouble::Panicked(message),
            (_, None) => Stop::Alarm(format!("the stage's own work panicked: {message}")).into(),
        }
    }
}

fn panicked() -> Reject {
    Reject::new(Reason::FoldPanicked, "", "the engine failed on this record; report it with the record".into())
}
