//! Reward: what one component earned for each pay period of one interval.
//!
//! `E(up to P)` carries: each period is priced from its starting position on the curve in force in it. What the table
//! gives in the periods of one version of the component is then weighted, multiplied, gated and capped, in this order: a
//! gate that opens lets through what its own version priced, never what another one has paid. What is earned for P is
//! the difference of two rounded cumulative amounts, so nothing drifts.

use super::calendar::Date;
use super::deals::{of_deal, whole_deal};
use super::exact::{Exact, scaled};
use super::money::{AMOUNT_DECIMALS, Amount, Measured, Minor, RATE_DECIMALS};
use super::plan::{Component, Gate, Method, NoQuota, Otherwise, Pays, Prorate, Scope, Tested, TierBy};
use super::rate_table::{Axis, Part, Question, value, without_quota};
use num_rational::BigRational;
use num_traits::Zero;

/// A measure of an interval as a pay period sees it: the quota in force, and the cumulative sums before and after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub quota: Option<Amount>,
    pub from: Measured,
    pub to: Measured,
}

/// One pay period of the interval: the component's version in force (if any) and what it reads.
#[derive(Clone, Debug)]
pub struct PeriodInput<'w> {
    pub component: Option<&'w Component>,
    /// First day of that version.
    pub version: Date,
    pub prorate: Prorate,
    /// Of the interval, in which the payee is on the plan.
    pub part: Part,
    /// The payee's parameter that the component pays a fraction of.
    pub target: Option<Amount>,
    /// The measures that pick the tier, are paid on, pick the multiplier and are tested by the gate.
    pub tier: Reading,
    pub paid: Reading,
    pub multiplier: Reading,
    pub gate: Reading,
    /// Of a component that reads deals one by one: what each of the period's gave, in order.
    pub deals: Vec<Measured>,
    /// The interval ends with this period.
    pub last: bool,
}

/// What a component waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacks<'w> {
    /// The quota of a measure.
    Quota(&'w str),
    /// A parameter of the payee.
    Parameter(&'w str),
}

/// What was earned for one pay period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earned<'w> {
    pub minor: Minor,
    /// Unrounded.
    pub exact: Exact,
    pub lacks: Option<Lacks<'w>>,
}

/// Prices the periods of one interval in order; `None` when an amount does not fit.
pub fn earned<'w>(periods: &[PeriodInput<'w>], minor_digits: u32) -> Option<Vec<Earned<'w>>> {
    let (mut total, mut rounded) = (Exact::ZERO, Minor(0));
    let mut result = Vec::with_capacity(periods.len());
    let mut segment = Segment::default();
    for period in periods {
        let Some(component) = period.component else {
            result.push(Earned { minor: Minor(0), exact: Exact::ZERO, lacks: None });
            continue;
        };
        if segment.version != Some(period.version) {
            segment = Segment { version: Some(period.version), before: total.clone(), ..Segment::default() };
        }
        let (exact, lacks) = match segment.advance(component, period, minor_digits) {
            Ok(exact) => (exact, None),
            Err(lacks) => (Exact::ZERO, Some(lacks)),
        };
        total = &total + &exact;
        let before = std::mem::replace(&mut rounded, total.round(minor_digits, component.rounding)?);
        result.push(Earned { minor: Minor(rounded.0.checked_sub(before.0)?), exact, lacks });
    }
    Some(result)
}

/// The periods of an interval that one version of the component prices.
#[derive(Default)]
struct Segment {
    version: Option<Date>,
    /// What earlier versions earned in the interval.
    before: Exact,
    /// What the table gave, and what of it was earned.
    priced: Exact,
    earned: Exact,
}

impl Segment {
    /// Prices one more period: what it adds to what is earned. A period that lacks something adds nothing.
    fn advance<'w>(&mut self, component: &'w Component, period: &PeriodInput<'w>, minor_digits: u32) -> Result<Exact, Lacks<'w>> {
        let start = Pricing { component, period, sum: |reading| reading.from };
        let end = Pricing { component, period, sum: |reading| reading.to };
        let priced = match component.reads_deals() {
            true => start.deals(minor_digits)?,
            false => &end.table()? - &start.table()?,
        };
        let priced = &self.priced + &priced;
        let Some(earned) = end.modified(&priced, &self.before)? else { return Ok(Exact::ZERO) };
        self.priced = priced;
        let before = std::mem::replace(&mut self.earned, earned);
        Ok(&self.earned - &before)
    }
}

/// A component at one point of an interval: after a period, or before it.
struct Pricing<'p, 'w> {
    component: &'w Component,
    period: &'p PeriodInput<'w>,
    sum: fn(&Reading) -> Measured,
}

impl<'w> Pricing<'_, 'w> {
    /// What of a version's priced amount is earned after the period. `None`: for want of a quota the period adds nothing.
    fn modified(&self, priced: &Exact, before: &Exact) -> Result<Option<Exact>, Lacks<'w>> {
        let modifiers = &self.component.modifiers;
        let mut total = priced.clone();
        if let Some(weight) = modifiers.weight {
            total = times(&total, scaled(weight.0, RATE_DECIMALS));
        }
        if let Some(multiplier) = &modifiers.multiplier {
            let Some(axis) = self.axis(multiplier.tier_by, &multiplier.measure, &self.period.multiplier)? else {
                return Ok(None);
            };
            let place = axis.map_or(0, |axis| axis.place(&multiplier.tiers, self.component.boundary));
            total = times(&total, scaled(multiplier.tiers[place].rate.0, RATE_DECIMALS));
        }
        if let Some(gate) = &modifiers.gate {
            let Some(gated) = self.gated(gate, total)? else { return Ok(None) };
            total = gated;
        }
        Ok(Some(match modifiers.cap {
            Some(cap) => at_most(total, self.room(cap, before)),
            None => total,
        }))
    }

    /// What a cap of the interval leaves behind what earlier versions earned.
    fn room(&self, cap: Amount, before: &Exact) -> BigRational {
        let cap = scaled(cap.0, AMOUNT_DECIMALS) * self.prorated(self.period.prorate.cap).fraction();
        (cap - before.fraction()).max(BigRational::zero())
    }

    fn table(&self) -> Result<Exact, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        let target = self.target()?;
        let paid = if component.paid_measure.is_some() { &period.paid } else { &period.tier };
        let paid = (self.sum)(paid);
        let Some(axis) = self.axis(component.tier_by, &component.measure, &period.tier)? else { return Ok(Exact::ZERO) };
        Ok(match axis {
            Some(axis) => value(component, Question { axis, paid, target: target.as_ref() }),
            None => without_quota(component, (self.sum)(&period.tier), paid),
        })
    }

    /// What the deals of the period earn, each by itself or at the sum that they find.
    fn deals(&self, minor_digits: u32) -> Result<Exact, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        if component.scope == Scope::Deal {
            let deals = period.deals.iter().map(|deal| of_deal(component, *deal, minor_digits));
            return Ok(deals.fold(Exact::ZERO, |all, one| &all + &one));
        }
        let (mut all, mut position) = (Exact::ZERO, period.tier.from);
        for deal in &period.deals {
            let before = position;
            position = Measured(before.0.saturating_add(deal.0));
            let at = if component.method == Method::WholeDealBefore { before } else { position };
            let Some(axis) = self.axis_at(component.tier_by, &component.measure, at, period.tier.quota)? else { continue };
            all = &all + &whole_deal(component, axis, *deal);
        }
        Ok(all)
    }

    fn target(&self) -> Result<Option<BigRational>, Lacks<'w>> {
        let Pays::FractionOf(parameter) = &self.component.pays else { return Ok(None) };
        let target = self.period.target.ok_or(Lacks::Parameter(parameter))?;
        Ok(Some(scaled(target.0, AMOUNT_DECIMALS) * self.prorated(self.period.prorate.target).fraction()))
    }

    fn prorated(&self, prorated: bool) -> Part {
        if prorated { self.period.part } else { Part::ALL }
    }

    /// Where a measure stands; `Some(None)` without a quota where the first tier applies, `None` where nothing is earned.
    fn axis(&self, by: TierBy, measure: &'w str, reading: &Reading) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        self.axis_at(by, measure, (self.sum)(reading), reading.quota)
    }

    fn axis_at(
        &self,
        by: TierBy,
        measure: &'w str,
        sum: Measured,
        quota: Option<Amount>,
    ) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        let part = self.prorated(self.period.prorate.quota);
        let axis = Axis::new(by, sum, quota, part);
        match (axis, self.component.no_quota) {
            (Some(axis), _) => Ok(Some(Some(axis))),
            (None, Some(NoQuota::FirstTier)) => Ok(Some(None)),
            (None, Some(NoQuota::Nothing)) => Ok(None),
            (None, Some(NoQuota::Park) | None) => Err(Lacks::Quota(measure)),
        }
    }

    /// `None`: without a quota nothing is earned.
    fn gated(&self, gate: &'w Gate, total: Exact) -> Result<Option<Exact>, Lacks<'w>> {
        let Some(axis) = self.axis(gate.tier_by, &gate.measure, &self.period.gate)? else { return Ok(None) };
        let met = axis.is_some_and(|axis| axis.reaches(gate.at_least, self.component.boundary));
        Ok(Some(match (gate.tested, self.period.last) {
            (Tested::AtEndPaidUntilThen, false) => total,
            (Tested::AtEndHeldUntilThen, false) => Exact::ZERO,
            _ if met => total,
            _ => otherwise(gate.otherwise, total),
        }))
    }
}

fn otherwise(otherwise: Otherwise, total: Exact) -> Exact {
    match otherwise {
        Otherwise::Zero => Exact::ZERO,
        Otherwise::Factor(factor) => times(&total, scaled(factor.0, RATE_DECIMALS)),
        Otherwise::Cap(cap) => at_most(total, scaled(cap.0, AMOUNT_DECIMALS)),
    }
}

fn times(total: &Exact, factor: BigRational) -> Exact {
    Exact::of(total.fraction() * factor)
}

fn at_most(total: Exact, cap: BigRational) -> Exact {
    if total.fraction() > cap { Exact::of(cap) } else { total }
}
