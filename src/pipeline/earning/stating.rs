//! Counts what people state about a payee: quotas and manual adjustments, each accepted once.

use super::entry::entry_key;
use super::inputs::Statement;
use super::{Earning, State, alarm};
use crate::domain::adjustment::{AdjustmentMade, MAXIMUM_ADJUSTMENTS, Target};
use crate::domain::calendar::Span;
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
        let place = self.load(number, &entry_key(quota.payee_id, quota.calendar, Span::of(quota.interval)), states)?;
        let statement = Statement::of(packed.epoch, quota);
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
        inputs.statements.push(statement);
        Ok(())
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
