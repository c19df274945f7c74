//! What the intervals of a fiscal year before one lack to zero, and leave to it.

use super::reading::sum_of;
use super::{InForce, Terms};
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::Measured;
use crate::domain::plan::{Component, Deficit};
use crate::pipeline::earning::inputs::Inputs;

impl<'w> Terms<'w> {
    /// What a component's sums in an interval start from, at most zero; `None` when a sum does not fit. An interval leaves what it
    /// lacks where the version in force in its last pay period does so with the same measure.
    pub(super) fn deficit(
        &self,
        component: &Component,
        interval: Interval,
        in_force: &impl Fn(Period) -> Option<InForce<'w>>,
        inputs: &Inputs,
    ) -> Option<Measured> {
        if component.deficit == Deficit::Lost {
            return Some(Measured(0));
        }
        let leaves = |last: Period| {
            let version = in_force(last).map(|version| version.component());
            version.is_some_and(|of| of.deficit == Deficit::NextIntervalOfYear && of.measure == component.measure)
        };
        let before = self.span.intervals(interval.kind()).take_while(|of| *of != interval);
        let missing = before.map(Interval::first_and_last).try_fold(0i128, |missing, (first, last)| {
            if !leaves(last) {
                return Some(0);
            }
            let places = self.span.place(first)..=self.span.place(last);
            let add = |sum: i128, place| sum.checked_add(sum_of(component, &component.measure, place, inputs)?);
            Some(places.into_iter().try_fold(missing, add)?.min(0))
        });
        missing.map(Measured)
    }
}
