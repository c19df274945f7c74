//! Tables of which less is better: their tiers fall, each reaching down to the next one, and what stands at zero is stated.
//!
//! Leaves out in which intervals nothing but a quota is measured (`intervals`).

use super::deals::{by_deals, earns_by_deal};
use super::own_rates::{has_own_edge, stated};
use super::rewards::find;
use super::rules::{Check, hold};
use super::tables::{Case, Point, Stands};
use crate::wire::records::{AtZero, Beyond, Boundary, Component, Direction, Method, Negative, NoQuota, Pays, TierBy};
use num_rational::BigRational;
use num_traits::Zero;

pub(super) fn is_lower(component: &Component) -> bool {
    matches!(component.direction, Direction::Lower(_))
}

/// Whether whoever has a quota is measured, be it at zero.
pub(super) fn is_best_at_zero(component: &Component) -> bool {
    component.direction == Direction::Lower(AtZero::Best)
}

/// What of nothing is nothing.
pub(super) fn is_nothing_at(component: &Component, x: &BigRational) -> bool {
    component.direction == Direction::Lower(AtZero::Nothing) && x.is_zero()
}

/// What falls, over what a sum has come down to.
pub(super) fn pays(
    component: &Component,
    x: &BigRational,
    whole: &BigRational,
    rates: &[BigRational],
    edges: &[BigRational],
) -> BigRational {
    if is_nothing_at(component, x) {
        return BigRational::zero();
    }
    let of_target = matches!(component.pays, Pays::FractionOf(_));
    match component.method {
        Method::Curve => on_curve(component, x, rates, edges) * whole,
        Method::Retroactive if of_target => &rates[reached(component, x, edges)] * x * whole,
        _ => &rates[reached(component, x, edges)] * whole,
    }
}

/// Whether a sum has come down to an edge.
pub(super) fn has_come_down(component: &Component, x: &BigRational, edge: &BigRational) -> bool {
    if component.boundary == Boundary::Upper { x <= edge } else { x < edge }
}

/// The best tier that a sum has come down to; the worst one where that is none.
fn reached(component: &Component, x: &BigRational, edges: &[BigRational]) -> usize {
    let mut places = (0..edges.len()).rev();
    places.find(|place| has_come_down(component, x, &edges[*place])).unwrap_or(0)
}

/// Nothing above the first point, a straight line from each to the next one, and behind the last what it says.
fn on_curve(component: &Component, x: &BigRational, rates: &[BigRational], edges: &[BigRational]) -> BigRational {
    if !has_come_down(component, x, &edges[0]) {
        return BigRational::zero();
    }
    let last = rates.len() - 1;
    let between = |above: usize| {
        let (from, to) = (&edges[above], &edges[above + 1]);
        let gone = (from - x) / (from - to);
        &rates[above] + (&rates[above + 1] - &rates[above]) * gone
    };
    match (0..last).find(|place| *x > edges[place + 1]) {
        Some(above) => between(above),
        None if component.beyond == Some(Beyond::Extend) && last > 0 => between(last - 1),
        None => rates[last].clone(),
    }
}

impl Case<'_, '_> {
    /// Amounts of a falling table, of which no earlier pay period was measured: what stands at the start was never earned.
    pub(super) fn starts_from_nothing(&self) -> bool {
        let amounts =
            matches!(self.component.pays, Pays::Lump | Pays::FractionOf(_)) && self.component.method != Method::Retroactive;
        is_lower(self.component) && amounts && !self.was_measured_before()
    }

    fn was_measured_before(&self) -> bool {
        let earlier = self.segment().into_iter().filter(|period| *period < self.period);
        let measured = |period| {
            let components = self.pricing.components(self.payee, period);
            let (plan, component) = find(&components, &self.plan.plan_id, &self.component.component_id, self.interval)?;
            let case = Case { plan, component, period, seen_by: None, ..*self };
            let measured = || case.by_each().any(|case| case.is_measured());
            (is_lower(component) && !by_deals(component) && measured()).then_some(())
        };
        earlier.filter_map(measured).next().is_some()
    }

    /// Whether everything is there that prices the period, the quota with it.
    fn is_measured(&self) -> bool {
        let point = Point { case: *self, last: self.period, against: self.period };
        let sum = point.sum(&self.component.measure);
        let stands = point.stands_at(self.component.tier_by, &self.component.measure, sum);
        let priced = matches!(point.table(), Ok(Some(_)))
            && matches!(self.modified(BigRational::zero(), &BigRational::zero()), Ok(Some(_)));
        priced && matches!(stands, Ok(Stands::At(_)))
    }
}

/// What can be where lower is better: a value that is read off, of sums, from falling edges; and somebody who is measured at
/// zero, in the last tier, where that is the best.
pub(super) fn fit(component: &Component) -> Check {
    let Direction::Lower(at_zero) = component.direction else { return Ok(()) };
    let read_off = [Method::Retroactive, Method::Lump, Method::Curve].contains(&component.method);
    hold(read_off, "lower is better of what builds up from zero")?;
    hold(component.negative == Negative::Carry, "something else below zero where lower is better")?;
    hold(!earns_by_deal(component), "single deals where lower is better")?;
    let falling = stated(component).windows(2).all(|pair| pair[1].from < pair[0].from);
    let Some(last) = component.tiers.last().filter(|_| falling && stated(component).iter().all(|tier| tier.from >= 0)) else {
        return Err("tiers that do not fall where lower is better".into());
    };
    if at_zero == AtZero::Nothing {
        return Ok(());
    }
    let quota = component.tier_by == TierBy::Attainment && component.no_quota != Some(NoQuota::FirstTier);
    hold(quota, "zero that nobody has a quota for")?;
    let own = has_own_edge(component, component.tiers.len() - 1);
    hold(last.from > 0 || own || component.boundary == Boundary::Upper, "zero that is not in the best tier")
}
