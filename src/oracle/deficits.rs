//! What is missing at the end of an interval, where the next one of the same year starts from it; which components can say so, and
//! which of months and quarters are priced by the year, for ever.
//!
//! Leaves out what a table makes of it (`rewards`, `tables`) and the caps of a year (`caps`).

use super::credits::Sum;
use super::deals::{by_deals, settles, takes_back};
use super::formulas::is_formula;
use super::later::is_later;
use super::lookups::is_lookup;
use super::lower::is_lower;
use super::numbers::{decimal, whole_number};
use super::rewards::{Pricing, find, sum_of};
use super::rules::{Check, hold};
use super::tables::Point;
use super::world::{World, periods_of};
use crate::domain::money::MEASURED_DECIMALS;
use crate::wire::records::{
    Component, Deficit, Half, Interval, IntervalKind, MidIntervalChange, Negative, Period, Plan, Quarter,
};
use ethnum::I256;
use num_rational::BigRational;

impl Pricing<'_, '_> {
    /// Where an interval starts for a version of a component: at zero, or below it by what was missing before.
    pub(super) fn brought_in(
        &self,
        payee: u32,
        sums: &[Sum],
        (plan, component): (&Plan, &Component),
        interval: Interval,
    ) -> I256 {
        let before = if brings_in(component) { one_before(interval) } else { None };
        let Some((before, last)) = before.and_then(|before| Some((before, *periods_of(before).last()?))) else {
            return I256::ZERO;
        };
        let in_force = self.components(payee, last);
        let handing_on = find(&in_force, &plan.plan_id, &component.component_id, before)
            .filter(|(_, then)| brings_in(then) && then.measure == component.measure);
        let (Some(then), Some(measure)) = (handing_on, self.place_of(&component.measure)) else { return I256::ZERO };
        let start = self.brought_in(payee, sums, then, before);
        let end = periods_of(before).into_iter().fold(start, |all, period| all + sum_of(sums, measure, period));
        end.min(I256::ZERO)
    }
}

impl Point<'_, '_> {
    /// Where the sum that picks the tier stands.
    pub(super) fn position(&self) -> BigRational {
        let case = self.case;
        let start = case.pricing.brought_in(case.payee, case.sums, (case.plan, case.component), case.interval);
        self.sum(&case.component.measure) + decimal(whole_number(&start.to_string()), MEASURED_DECIMALS)
    }
}

fn brings_in(component: &Component) -> bool {
    component.deficit == Deficit::NextIntervalOfYear
}

/// The interval before, of the same year.
fn one_before(interval: Interval) -> Option<Interval> {
    let behind = |number: i32, of_a_year: i32| (number.rem_euclid(of_a_year) > 0).then_some(number - 1);
    match interval {
        Interval::Month(Period(month)) => behind(month, 12).map(|month| Interval::Month(Period(month))),
        Interval::Quarter(Quarter(quarter)) => behind(quarter, 4).map(|quarter| Interval::Quarter(Quarter(quarter))),
        Interval::Half(Half(half)) => behind(half, 2).map(|half| Interval::Half(Half(half))),
        Interval::Year(_) => None,
    }
}

impl<'h> World<'h> {
    /// Remembers whether a component runs over half a year or a year, and of months or quarters whether the year prices it.
    pub(super) fn note_span(&mut self, plan: &Plan, component: &'h Component) {
        self.yearly |= is_long(component.interval);
        if !is_long(component.interval) {
            let names = if by_year(plan, component) { &mut self.by_year } else { &mut self.by_interval };
            names.insert(&component.component_id);
        }
    }
}

pub(super) fn is_long(kind: IntervalKind) -> bool {
    matches!(kind, IntervalKind::HalfYear | IntervalKind::Year)
}

pub(super) fn by_year(plan: &Plan, component: &Component) -> bool {
    brings_in(component) || plan.cap.as_ref().is_some_and(|cap| is_long(cap.per))
}

/// Sums that earn nothing below zero, of intervals that others of the year follow; and a component as it was priced before.
pub(super) fn fits(component: &Component, plan: &Plan, world: &World<'_>) -> Check {
    let other = if by_year(plan, component) { &world.by_interval } else { &world.by_year };
    let known = !is_long(component.interval) && other.contains(component.component_id.as_str());
    hold(!known, "a component that was priced by the year, or was not")?;
    if !brings_in(component) {
        return Ok(());
    }
    hold(component.negative == Negative::Zero, "a deficit of what earns less than nothing")?;
    hold(!is_lower(component), "a deficit where lower is better")?;
    hold(!is_formula(component) && !is_lookup(component), "a deficit without tiers")?;
    hold(!by_deals(component), "a deficit of single deals")?;
    hold(component.paid_measure.is_none(), "a deficit that is paid on another measure")?;
    hold(!takes_back(component) && !is_later(component), "a deficit of what is taken back by itself or later")?;
    hold(!settles(component), "a deficit of settled deals")?;
    hold(component.interval != IntervalKind::Year, "a deficit of a year")?;
    hold(plan.mid_interval_change != MidIntervalChange::Restart, "a deficit that begins anew")?;
    hold(component.pool.is_none(), "a deficit of a pool")
}
