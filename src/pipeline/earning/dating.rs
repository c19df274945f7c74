//! Counts credits in measures that are dated by invoices or receipts: in the pay period of each day, the part of the deal
//! that came with it.

use super::Earning;
use super::inputs::DealKey;
use super::matching::{Told, matched};
use crate::domain::calendar::Period;
use crate::domain::measure::DatedBy;
use crate::domain::money::Amount;
use crate::domain::settlement::{Passed, lines_that_came};
use crate::pipeline::packed::PackedCredits;
use crate::pipeline::{StageError, States};

impl Earning {
    pub(super) fn count_dated(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        told: Told<'_>,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        let Some(dated) = told.dated else { return Ok(()) };
        for (by, days) in [(DatedBy::Invoice, &dated.invoiced), (DatedBy::Receipt, &dated.received)] {
            let mut before = 0;
            for (period, passed) in self.by_period(number, days)? {
                self.count_part(number, packed, told, Part { by, period, total: dated.total, before, passed }, states)?;
                before = passed;
            }
        }
        Ok(())
    }

    /// What had passed with the end of each pay period in which something did.
    fn by_period(&self, number: u32, days: &[Passed]) -> Result<Vec<(Period, i128)>, StageError> {
        let mut periods: Vec<(Period, i128)> = Vec::new();
        let mut all = 0;
        for passed in days {
            all += passed.amount.0;
            let period = self.period_of(number, passed.on)?;
            match periods.last_mut().filter(|(last, _)| *last == period) {
                Some((_, sum)) => *sum = all,
                None => periods.push((period, all)),
            }
        }
        Ok(periods)
    }

    fn count_part(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        told: Told<'_>,
        part: Part,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        let (group, measures, lookups) = (told.group, self.world.measures.clone(), self.world.lookups.clone());
        let deal = DealKey { closed_on: group.closed_on, sequence: told.sequence, deal_id: group.deal_id };
        let sign = if group.retract { -1 } else { 1 };
        for (span, since) in self.spans_of(part.period) {
            let matched = matched((&measures, &lookups), packed, told, (since, Some(part)));
            for (allocation, role) in told.allocations(packed).filter(|_| !matched.is_empty()) {
                let place = self.place_of(number, packed, allocation.payee, span, states)?;
                self.note_cause(place, packed.source, group.cause);
                let at = (span.place(part.period), deal);
                self.add_credit(place, packed.epoch, at, (allocation, role), &matched, sign)?;
            }
        }
        Ok(())
    }
}

/// What came of a deal in a pay period.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) by: DatedBy,
    period: Period,
    total: Amount,
    before: i128,
    passed: i128,
}

impl Part {
    /// What came in the period of what a measure takes of each line: over all periods each comes to its whole. `None` where it
    /// does not fit.
    pub(super) fn of(self, lines: &[i128]) -> Option<Vec<i128>> {
        lines_that_came(lines, (self.before, self.passed), self.total.0)
    }
}
