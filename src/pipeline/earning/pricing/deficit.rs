//! What the intervals of a fiscal year before one lack to zero, and leave to it.

use super::reading::sum_of;
use super::{InForce, Terms};
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::Measured;
use crate::domain::plan::{Component, Deficit};
use crate::domain::reward::Reading;
use crate::pipeline::earning::inputs::Inputs;

impl<'w> Terms<'w> {
    /// A component's sums as its table is asked about them: they start from what is missing. `None` when a sum does not fit.
    pub(super) fn with_deficit(
        &self,
        reading: Reading,
        (component, interval): (&Component, Interval),
        in_force: &impl Fn(Period) -> Option<InForce<'w>>,
        inputs: &Inputs,
    ) -> Option<Reading> {
        if component.deficit == Deficit::Lost {
            return Some(reading);
        }
        let missing = self.missing_before(component, interval, in_force, inputs)?;
        let shifted = |sum: Measured| sum.0.checked_add(missing).map(Measured);
        Some(Reading { from: shifted(reading.from)?, to: shifted(reading.to)?, ..reading })
    }

    /// At most zero. An interval leaves what it lacks where the version in force in its last pay period does so with the same
    /// measure.
    fn missing_before(
        &self,
        component: &Component,
        interval: Interval,
        in_force: &impl Fn(Period) -> Option<InForce<'w>>,
        inputs: &Inputs,
    ) -> Option<i128> {
        let leaves = |last: Period| {
            let version = in_force(last).map(|version| version.component());
            version.is_some_and(|of| of.deficit == Deficit::NextIntervalOfYear && of.measure == component.measure)
        };
        let before = self.span.intervals(interval.kind()).take_while(|of| *of != interval);
        before.map(Interval::first_and_last).try_fold(0i128, |missing, (first, last)| {
            if !leaves(last) {
                return Some(0);
            }
            let places = self.span.place(first)..=self.span.place(last);
            let add = |sum: i128, place| sum.checked_add(sum_of(component, &component.measure, place, inputs)?);
            Some(places.into_iter().try_fold(missing, add)?.min(0))
        })
    }
}
