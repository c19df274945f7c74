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
    /// Of a component that needs deals one by one: those of the period, in order.
    pub deals: Vec<OneDeal<'w>>,
    /// The interval ends with this period.
    pub last: bool,
}

/// What one deal gave the measure that picks the tier.
#[derive(Clone, Copy, Debug)]
pub struct OneDeal<'w> {
    pub deal_id: &'w str,
    pub measured: Measured,
}

/// A part of what an interval earned, and what it came with: the sums of the period at a place, or one deal of it where
/// a part of its earning waits for the deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<'w> {
    pub place: usize,
    pub deal_id: Option<&'w str>,
    pub amount: BigRational,
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
    /// All that the interval earned up to this period, in parts; only where that is asked for and some version of the component pays in tranches.
    pub slices: Vec<Slice<'w>>,
}

/// Prices the periods of one interval in order, `in_parts` with slices; `None` when an amount does not fit.
pub fn earned<'w>(periods: &[PeriodInput<'w>], minor_digits: u32, in_parts: bool) -> Option<Vec<Earned<'w>>> {
    let (mut total, mut rounded) = (Exact::ZERO, Minor(0));
    let mut result = Vec::with_capacity(periods.len());
    let mut segment = Segment::default();
    let sliced = in_parts && periods.iter().any(|period| period.component.is_some_and(|component| !component.pay.is_empty()));
    let mut earlier: Vec<Slice<'w>> = Vec::new();
    for (place, period) in periods.iter().enumerate() {
        let (mut minor, mut exact, mut lacks) = (Minor(0), Exact::ZERO, None);
        if let Some(component) = period.component {
            if segment.version != Some(period.version) {
                earlier.extend(segment.slices());
                segment = Segment { version: Some(period.version), before: total.clone(), ..Segment::default() };
            }
            match segment.advance(component, period, minor_digits, sliced.then_some(place)) {
                Ok(added) => exact = added,
                Err(missing) => lacks = Some(missing),
            }
            total = &total + &exact;
            let before = std::mem::replace(&mut rounded, total.round(minor_digits, component.rounding)?);
            minor = Minor(rounded.0.checked_sub(before.0)?);
        }
        let slices = if sliced { earlier.iter().cloned().chain(segment.slices()).collect() } else { Vec::new() };
        result.push(Earned { minor, exact, lacks, slices });
    }
    Some(result)
}

/// The periods of an interval that one version of the component prices.
#[derive(Default)]
struct Segment<'w> {
    version: Option<Date>,
    /// What earlier versions earned in the interval.
    before: Exact,
    /// What the table gave, and what of it was earned.
    priced: Exact,
    earned: Exact,
    /// What the table gave, in parts.
    parts: Vec<(usize, Option<&'w str>, Exact)>,
}

impl<'w> Segment<'w> {
    /// What the version earned, in parts: in proportion to what the table gave.
    fn slices(&self) -> Vec<Slice<'w>> {
        let priced = self.priced.fraction();
        if priced.is_zero() {
            // What modifiers leave of nothing is nothing, and so is what is left of parts that make up for each other.
            return Vec::new();
        }
        let factor = self.earned.fraction() / priced;
        let slice = |(place, deal_id, part): &(usize, Option<&'w str>, Exact)| Slice {
            place: *place,
            deal_id: *deal_id,
            amount: part.fraction() * &factor,
        };
        self.parts.iter().map(slice).collect()
    }

    /// Prices one more period: what it adds to what is earned. A period that lacks something adds nothing. Parts are kept
    /// under `place`.
    fn advance(
        &mut self,
        component: &'w Component,
        period: &PeriodInput<'w>,
        minor_digits: u32,
        place: Option<usize>,
    ) -> Result<Exact, Lacks<'w>> {
        let end = Pricing { component, period, sum: |reading| reading.to };
        let waits = place.is_some() && component.settles();
        let by_deal = if component.reads_deals() || waits { end.by_deal(minor_digits)? } else { Vec::new() };
        let added = match component.reads_deals() {
            true => by_deal.iter().fold(Exact::ZERO, |all, one| &all + one),
            false => {
                let start = Pricing { component, period, sum: |reading| reading.from };
                &end.table()? - &start.table()?
            }
        };
        let priced = &self.priced + &added;
        let Some(earned) = end.modified(&priced, &self.before)? else { return Ok(Exact::ZERO) };
        self.priced = priced;
        let before = std::mem::replace(&mut self.earned, earned);
        match place {
            Some(place) if waits => {
                let deals = by_deal.into_iter().zip(&period.deals);
                self.parts.extend(deals.map(|(part, deal)| (place, Some(deal.deal_id), part)));
            }
            Some(place) => self.parts.push((place, None, added)),
            None => {}
        }
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
        self.table_at((self.sum)(&self.period.tier))
    }

    /// The table where the measure that picks the tier stands at a sum.
    fn table_at(&self, tier: Measured) -> Result<Exact, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        let target = self.target()?;
        let paid = if component.paid_measure.is_some() { (self.sum)(&period.paid) } else { tier };
        let Some(axis) = self.axis_at(component.tier_by, &component.measure, tier, period.tier.quota)? else {
            return Ok(Exact::ZERO);
        };
        Ok(match axis {
            Some(axis) => value(component, Question { axis, paid, target: target.as_ref() }),
            None => without_quota(component, tier, paid),
        })
    }

    /// What each deal of the period adds: by itself, at the sum that it finds, or by how far it moves the sum.
    fn by_deal(&self, minor_digits: u32) -> Result<Vec<Exact>, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        let mut each = Vec::with_capacity(period.deals.len());
        let mut position = period.tier.from;
        let mut table = if component.reads_deals() { Exact::ZERO } else { self.table_at(position)? };
        for OneDeal { measured, .. } in &period.deals {
            let before = position;
            position = Measured(before.0.saturating_add(measured.0));
            let one = match (component.scope, component.method.is_whole_deal()) {
                (Scope::Deal, _) => of_deal(component, *measured, minor_digits),
                (_, true) => {
                    let at = if component.method == Method::WholeDealBefore { before } else { position };
                    let axis = self.axis_at(component.tier_by, &component.measure, at, period.tier.quota)?;
                    axis.map_or(Exact::ZERO, |axis| whole_deal(component, axis, *measured))
                }
                (_, false) => {
                    let now = self.table_at(position)?;
                    let before = std::mem::replace(&mut table, now);
                    &table - &before
                }
            };
            each.push(one);
        }
        Ok(each)
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
