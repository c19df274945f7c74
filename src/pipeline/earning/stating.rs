//! Counts what people state about a payee: quotas and manual adjustments, each accepted once. And where a year that prices months
//! and quarters has their quotas from.

use super::entry::{Entry, KeyOf, decode, entry_key, parse_key};
use super::inputs::{Inputs, Statement};
use super::{Earning, State, alarm};
use crate::domain::adjustment::{AdjustmentMade, MAXIMUM_ADJUSTMENTS, Target};
use crate::domain::calendar::{Interval, Quarter, Span, Year};
use crate::domain::output::RejectKind;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::pipeline::feed::reject_record;
use crate::pipeline::packed::{Cause, PackedCredits};
use crate::pipeline::{Effects, Origin, StageError, States};

impl Earning {
    pub(super) fn count_quota(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        cause: Cause,
        quota: &QuotaChanged<'_>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let statement = Statement::of(packed.epoch, quota);
        for span in self.spans_with_quota(quota.interval) {
            let place = self.load(number, &entry_key(quota.payee_id, quota.calendar, span), states)?;
            let State::Entry { entry, .. } = &self.loaded[place].state else {
                return Err(alarm(number, "a quota's key is a ledger's"));
            };
            let known = entry.inputs.statement_like(&statement);
            let known = known.or_else(|| entry.later.iter().find_map(|(_, later)| later.statement_like(&statement)));
            let verdict = match known {
                Some(same) if same.says_the_same(&statement) => return Ok(()),
                Some(_) => Err(revision_conflict(quota)),
                None => self.check_calendar(quota.calendar),
            };
            if let Err(reject) = verdict {
                let position = Position { topic: Topic::QuotaChanged, partition: packed.source, offset: cause.offset };
                self.refuse(position, quota.payee_id, reject, effects);
                return Ok(());
            }
            self.note_cause(place, packed.source, cause);
            let inputs = self.inputs_mut(place, packed.epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
            inputs.statements.push(statement.clone());
        }
        Ok(())
    }

    /// The entries that need a quota: the year where years price months and quarters, before it takes those of its quarters, and
    /// that of its interval.
    fn spans_with_quota(&self, interval: Interval) -> impl Iterator<Item = Span> + use<> {
        let own = Span::of(interval);
        let year = year_of(own).filter(|_| self.world.by_year.any());
        year.into_iter().chain([own])
    }

    /// A year that prices months and quarters has their quotas. Where it has none it may be older than that: it takes what its
    /// quarters have. They are only read: nobody was told anything of one that is not stored.
    pub(super) fn take_quotas(&mut self, number: u32, place: usize, states: &mut dyn States) -> Result<(), StageError> {
        let State::Entry { entry, payee_id, calendar, span: Span::Year(Year(year)) } = &self.loaded[place].state else {
            return Ok(());
        };
        let of_quarters = |inputs: &Inputs| inputs.statements.iter().any(|of| !of.interval.kind().is_yearly());
        if !self.world.by_year.any() || all_inputs(entry).any(|(_, inputs)| of_quarters(inputs)) {
            return Ok(());
        }
        let keys = (0..4).map(|quarter| entry_key(payee_id, calendar, Span::Quarter(Quarter(year * 4 + quarter))));
        let (mut statements, mut as_of) = (Vec::new(), i64::MIN);
        for key in keys.collect::<Vec<_>>() {
            let mut take = |quarter: &Entry| {
                let told = |(epoch, inputs): (u32, &Inputs)| -> Vec<(u32, Statement)> {
                    inputs.statements.iter().map(|of| (epoch, of.clone())).collect()
                };
                let before = statements.len();
                statements.extend(all_inputs(quarter).flat_map(told));
                as_of = if statements.len() > before { as_of.max(quarter.as_of) } else { as_of };
            };
            match self.places.get(&number).and_then(|places| places.get(key.as_slice())) {
                Some(loaded) => match &self.loaded[*loaded].state {
                    State::Entry { entry, .. } => take(entry),
                    State::Ledger(_) => {}
                },
                None => take(&decode(states.get(number, &key)?.as_deref()).map_err(|error| alarm(number, error))?),
            }
        }
        for (epoch, statement) in statements {
            let inputs = self.inputs_mut(place, epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
            inputs.statements.push(statement);
        }
        if let State::Entry { entry, .. } = &mut self.loaded[place].state {
            entry.as_of = entry.as_of.max(as_of);
        }
        Ok(())
    }

    /// Keys with the years of the quarters among them behind a cursor, where years price months and quarters: such a year may be
    /// stored by nothing yet.
    pub(super) fn with_years(&self, mut keys: Vec<Vec<u8>>, after: &[u8]) -> Vec<Vec<u8>> {
        if !self.world.by_year.any() {
            return keys;
        }
        let year = |key: &Vec<u8>| match parse_key(key)? {
            KeyOf::Entry { payee_id, calendar, span } => Some(entry_key(payee_id, calendar, year_of(span)?)),
            KeyOf::Ledger { .. } => None,
        };
        let years: Vec<Vec<u8>> = keys.iter().filter_map(year).filter(|year| year.as_slice() > after).collect();
        keys.extend(years);
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(super) fn count_adjustment(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        cause: Cause,
        of: &AdjustmentMade,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let quarter = Span::Quarter(of.effective_period.quarter());
        // What is measured and earned over a year may be told of later: a component says so, or another version of it.
        let year = (!matches!(of.target, Target::Pay { .. })).then_some(Span::Year(of.effective_period.year()));
        for span in [quarter].into_iter().chain(year) {
            let place = self.load(number, &entry_key(&of.payee_id, &of.calendar, span), states)?;
            let State::Entry { entry, .. } = &self.loaded[place].state else {
                return Err(alarm(number, "an adjustment's key is a ledger's"));
            };
            let all = entry.later.iter().map(|(_, later)| later).chain([&entry.inputs]).flat_map(|inputs| &inputs.adjustments);
            let quarter = of.effective_period.quarter();
            let all: Vec<&AdjustmentMade> = all.filter(|known| known.effective_period.quarter() == quarter).collect();
            let verdict = match all.iter().find(|known| known.adjustment_id == of.adjustment_id) {
                Some(same) if same.says_the_same(of) => return Ok(()),
                Some(_) => Err(adjustment_conflict(of)),
                None if all.len() >= MAXIMUM_ADJUSTMENTS => Err(too_many(of)),
                None => self.check_calendar(&of.calendar),
            };
            if let Err(reject) = verdict {
                let position = Position { topic: Topic::AdjustmentMade, partition: packed.source, offset: cause.offset };
                self.refuse(position, &of.payee_id, reject, effects);
                return Ok(());
            }
            self.note_cause(place, packed.source, cause);
            let inputs = self.inputs_mut(place, packed.epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
            inputs.adjust(of.clone());
        }
        Ok(())
    }

    /// The record's bytes are not at hand: it was forwarded.
    fn refuse(&self, position: Position, payee_id: &str, reject: Reject, effects: &mut Effects) {
        let origin = Origin { position, key: payee_id.as_bytes(), value: &[] };
        effects.outputs.push(reject_record(RejectKind::Rejected, origin, reject, self.reject_bytes));
    }

    fn check_calendar(&self, calendar_id: &str) -> Result<(), Reject> {
        let Some(calendar) = self.world.calendar.as_deref() else { return Ok(()) };
        if calendar.calendar_id != calendar_id {
            let message = format!("\"{calendar_id}\": the company has one calendar, \"{}\"", calendar.calendar_id);
            return Err(Reject::new(Reason::NotSupported, "calendar", message));
        }
        Ok(())
    }
}

/// The year of a quarter.
fn year_of(span: Span) -> Option<Span> {
    match span {
        Span::Quarter(quarter) => Some(Span::Year(quarter.year())),
        Span::Year(_) => None,
    }
}

/// What was told, by the epoch that it is kept under.
fn all_inputs(entry: &Entry) -> impl Iterator<Item = (u32, &Inputs)> {
    [(0, &entry.inputs)].into_iter().chain(entry.later.iter().map(|(epoch, inputs)| (*epoch, inputs)))
}

fn revision_conflict(quota: &QuotaChanged<'_>) -> Reject {
    let message = format!(
        "revision {} of the quota of \"{}\" for {} was accepted before with another content",
        quota.revision, quota.measure, quota.interval
    );
    Reject::new(Reason::RevisionConflict, "revision", message)
}

fn too_many(of: &AdjustmentMade) -> Reject {
    let message =
        format!("\"{}\" has {MAXIMUM_ADJUSTMENTS} adjustments in the quarter of {} already", of.payee_id, of.effective_period);
    Reject::field("adjustment_id", message)
}

fn adjustment_conflict(of: &AdjustmentMade) -> Reject {
    let message = format!("\"{}\" was accepted before with another content", of.adjustment_id);
    Reject::new(Reason::RevisionConflict, "adjustment_id", message)
}
