//! Reward: what one component earned for each pay period of one interval.
//!
//! `E(up to P)` carries: each period is priced from its starting position on the curve in force in it. What the table
//! gives in the periods of one version of the component is then weighted, multiplied, gated and capped, in this order: a
//! gate that opens lets through what its own version priced, never what another one has paid. What is earned for P is
//! the difference of two rounded cumulative amounts, so nothing drifts.
//!
//! With a quota to date a period starts where the one before ended, against the quota of then: so it makes up for what the
//! sums before it earn less, or more, now that the quota has grown. What a formula gives is in `formula`, what modifies a table in
//! `modified`, what is taken back of single deals in `taken_back`.

use super::calendar::{Date, Period};
use super::deals::{of_deal, whole_deal};
use super::exact::{Exact, scaled};
use super::money::{AMOUNT_DECIMALS, Amount, Measured, Minor};
use super::plan::{Component, Method, NoQuota, Pays, Scope, TierBy};
use super::rate_table::{Axis, Part, Parts, Question, value, without_quota};
use num_rational::BigRational;
use num_traits::{One, Zero};

mod formula;
mod modified;
mod taken_back;
#[cfg(test)]
pub(super) mod tests;

/// A measure of an interval as a pay period sees it: the quota in force, and the cumulative sums before and after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub quota: Option<Amount>,
    /// The quota in force in the period before.
    pub quota_before: Option<Amount>,
    pub from: Measured,
    pub to: Measured,
}

/// One pay period of the interval: the component's version in force (if any) and what it reads.
#[derive(Clone, Debug)]
pub struct PeriodInput<'w> {
    pub component: Option<&'w Component>,
    /// First day of that version.
    pub version: Date,
    /// Where the version begins anew: the first period of what it prices by itself.
    pub anew: Option<Period>,
    pub parts: Parts,
    /// The payee's parameter that the component pays a fraction of.
    pub target: Option<Amount>,
    /// The measures that pick the tier, are paid on, pick the multiplier and are tested by the gate.
    pub tier: Reading,
    pub paid: Reading,
    pub multiplier: Reading,
    pub gate: Reading,
    /// Of a formula: its measures, and its parameters as the payee's row states them.
    pub named: Vec<Reading>,
    pub parameters: Vec<Option<Amount>>,
    /// Of a component that needs deals one by one: those of the period, in order.
    pub deals: Vec<OneDeal<'w>>,
    /// The interval ends with this period.
    pub last: bool,
}

/// What one deal gave the measure that picks the tier.
#[derive(Clone, Copy, Debug)]
pub struct OneDeal<'w> {
    pub deal_id: &'w str,
    /// As it was sold, where what it earned is taken back by itself.
    pub measured: Measured,
    /// What is left of that.
    pub left: Measured,
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
    /// Anything but zero to divide by, in a formula.
    Divisor,
}

/// What was earned for one pay period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
            if segment.version != Some((period.version, period.anew)) {
                earlier.extend(segment.slices());
                let before = &segment.before + &segment.earned;
                segment = Segment { version: Some((period.version, period.anew)), before, ..Segment::default() };
            }
            let at = At { place, of: periods.len(), minor_digits, sliced };
            match segment.advance(component, period, at) {
                Ok(added) => exact = added,
                Err(missing) => lacks = Some(missing),
            }
            total = &total + &exact;
            let before = std::mem::replace(&mut rounded, total.round(minor_digits, component.rounding)?);
            minor = Minor(rounded.0.checked_sub(before.0)?);
        } else {
            segment.leave();
        }
        let slices = if sliced { earlier.iter().cloned().chain(segment.slices()).collect() } else { Vec::new() };
        result.push(Earned { minor, exact, lacks, slices });
    }
    Some(result)
}

/// Which period of an interval is priced, and how.
#[derive(Clone, Copy)]
struct At {
    place: usize,
    /// Periods of the interval.
    of: usize,
    minor_digits: u32,
    sliced: bool,
}

/// Where a table is asked: at sums, and against which part of which quota.
#[derive(Clone, Copy)]
struct Point {
    tier: Measured,
    paid: Measured,
    quota: Option<Amount>,
    so_far: Part,
}

/// What the table gave for a period, or for a deal of it, and what of that is left where the deal was returned.
struct Piece<'w> {
    place: usize,
    deal_id: Option<&'w str>,
    priced: Exact,
    kept: Exact,
}

/// The periods of an interval that one version of the component prices; of one that begins anew those without a gap.
#[derive(Default)]
struct Segment<'w> {
    version: Option<(Date, Option<Period>)>,
    /// What earlier versions earned in the interval.
    before: Exact,
    /// What the table gave, and what of it was earned.
    priced: Exact,
    earned: Exact,
    /// What the table gave, in parts.
    parts: Vec<Piece<'w>>,
    /// What is paid of it: what its deals earned is taken back with them.
    kept: Exact,
    /// The quota is to date, or a formula pays: a period's part is what it earned itself.
    own_parts: bool,
    /// With a quota to date: where the next period starts, and what deals of passed periods gave.
    start: Option<Point>,
    passed: Exact,
    /// What the modifiers leave of each unit of next to nothing, where single deals are taken back.
    of_little: Option<BigRational>,
    /// With a formula that divided by zero: the sums from which the next period makes up for it.
    undivided: Option<Vec<Measured>>,
}

impl<'w> Segment<'w> {
    /// What the version earned, in parts: in proportion to what the table gave. What a quota to date makes up for, and what a
    /// formula gives, is of both signs, and in proportion to it one part would take back more than was earned: there each is
    /// what its period earned.
    fn slices(&self) -> Vec<Slice<'w>> {
        let Some(factor) = self.factor() else { return Vec::new() };
        let slice = |part: &Piece<'w>| Slice { place: part.place, deal_id: part.deal_id, amount: part.kept.fraction() * &factor };
        self.parts.iter().map(slice).collect()
    }

    /// What is earned for each unit that the table gave.
    fn factor(&self) -> Option<BigRational> {
        let priced = self.priced.fraction();
        match self.own_parts {
            true => Some(BigRational::one()),
            // What modifiers leave of nothing is nothing, and so is what is left of parts that make up for each other, unless
            // one of them is taken back.
            false if priced.is_zero() => self.of_little.clone(),
            false => Some(self.earned.fraction() / priced),
        }
    }

    /// The component is not in force in a period: the position moves on, and nothing is made up for.
    fn leave(&mut self) {
        (self.start, self.passed, self.undivided) = (None, Exact::ZERO, None);
    }

    /// Prices one more period: what it adds to what is earned. A period that lacks something adds nothing; with a quota to
    /// date the next one makes up for it.
    fn advance(&mut self, component: &'w Component, period: &PeriodInput<'w>, at: At) -> Result<Exact, Lacks<'w>> {
        let end = Pricing { component, period, so_far: component.quota.part(at.place + 1, at.of) };
        let in_deals = component.takes_back() || (at.sliced && component.settles());
        let by_deal = if component.reads_deals() || in_deals { end.by_deal(at.minor_digits)? } else { Vec::new() };
        let added = match (component.reads_deals(), component.quota.is_to_date()) {
            _ if component.formula().is_some() => self.of_formula(&end)?,
            (true, to_date) => {
                let added = by_deal.iter().fold(std::mem::take(&mut self.passed), |all, one| &all + one);
                self.passed = if to_date { added.clone() } else { Exact::ZERO };
                added
            }
            (false, true) => {
                let before = component.quota.part(at.place, at.of);
                let start = *self.start.get_or_insert_with(|| end.before(before));
                let Some(now) = end.table(end.point())? else { return Ok(Exact::ZERO) };
                &now - &end.table(end.measurable(start))?.unwrap_or_default()
            }
            (false, false) => {
                let start = Point { tier: period.tier.from, paid: period.paid.from, ..end.point() };
                &end.table(end.point())?.unwrap_or_default() - &end.table(start)?.unwrap_or_default()
            }
        };
        let priced = &self.priced + &added;
        let Some(earned) = end.modified(&priced, &self.before)? else { return Ok(Exact::ZERO) };
        (self.priced, self.start, self.passed) = (priced, Some(end.point()), Exact::ZERO);
        let before = std::mem::replace(&mut self.earned, earned);
        if in_deals {
            let deals = by_deal.into_iter().zip(&period.deals);
            self.parts.extend(deals.map(|(priced, deal)| end.part(at, deal, priced)));
        } else if at.sliced {
            self.own_parts = component.quota.is_to_date() || component.formula().is_some();
            let priced = if self.own_parts { &self.earned - &before } else { added };
            self.parts.push(Piece { place: at.place, deal_id: None, kept: priced.clone(), priced });
        }
        if component.takes_back() {
            self.of_little = end.of_little(&self.before)?;
        }
        let kept = &self.earned - &self.taken_back();
        let before = std::mem::replace(&mut self.kept, kept);
        Ok(&self.kept - &before)
    }
}

/// A component as it prices one period.
struct Pricing<'p, 'w> {
    component: &'w Component,
    period: &'p PeriodInput<'w>,
    /// The part of a quota that its sums are compared with.
    so_far: Part,
}

impl<'w> Pricing<'_, 'w> {
    /// Where the period ends.
    fn point(&self) -> Point {
        let Reading { quota, to, .. } = self.period.tier;
        Point { tier: to, paid: self.period.paid.to, quota, so_far: self.so_far }
    }

    /// Where the period before ended, as this version shares the quota out.
    fn before(&self, so_far: Part) -> Point {
        let Reading { quota_before, from, .. } = self.period.tier;
        Point { tier: from, paid: self.period.paid.from, quota: quota_before, so_far }
    }

    /// A start without a quota of its own has the one that the period is measured by: nothing is paid for what lies before
    /// it. Where the first tier applies without a quota, that is what it has.
    fn measurable(&self, start: Point) -> Point {
        let measured = self.on_axis(self.component.tier_by, start.tier, start.quota, start.so_far).is_some();
        if measured || self.component.no_quota == Some(NoQuota::FirstTier) {
            return start;
        }
        Point { quota: self.period.tier.quota, so_far: self.so_far, ..start }
    }

    /// `None` where nothing is earned for want of a quota.
    fn table(&self, at: Point) -> Result<Option<Exact>, Lacks<'w>> {
        let component = self.component;
        let target = self.target()?;
        let paid = if component.paid_measure.is_some() { at.paid } else { at.tier };
        let axis = self.axis_at(component.tier_by, &component.measure, at.tier, at.quota, at.so_far)?;
        Ok(axis.map(|axis| match axis {
            Some(axis) => value(component, Question { axis, paid, target: target.as_ref() }),
            None => without_quota(component, at.tier, paid),
        }))
    }

    /// What each deal of the period adds: by itself, at the sum that it finds, or by how far it moves the sum.
    fn by_deal(&self, minor_digits: u32) -> Result<Vec<Exact>, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        let mut each = Vec::with_capacity(period.deals.len());
        let mut position = period.tier.from;
        let table_at = |tier| Ok(self.table(Point { tier, ..self.point() })?.unwrap_or_default());
        let mut table = if component.reads_deals() { Exact::ZERO } else { table_at(position)? };
        for OneDeal { measured, .. } in &period.deals {
            let before = position;
            position = Measured(before.0.saturating_add(measured.0));
            let one = match (component.scope, component.method.is_whole_deal()) {
                (Scope::Deal, _) => of_deal(component, *measured, minor_digits),
                (_, true) => {
                    let at = if component.method == Method::WholeDealBefore { before } else { position };
                    let axis = self.axis_at(component.tier_by, &component.measure, at, period.tier.quota, self.so_far)?;
                    axis.map_or(Exact::ZERO, |axis| whole_deal(component, axis, *measured))
                }
                (_, false) => {
                    let now = table_at(position)?;
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
        Ok(Some(scaled(target.0, AMOUNT_DECIMALS) * self.period.parts.target.fraction()))
    }

    /// Where a measure stands; `Some(None)` without a quota where the first tier applies, `None` where nothing is earned.
    fn axis(&self, by: TierBy, measure: &'w str, reading: &Reading) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        self.axis_at(by, measure, reading.to, reading.quota, self.so_far)
    }

    fn axis_at(
        &self,
        by: TierBy,
        measure: &'w str,
        sum: Measured,
        quota: Option<Amount>,
        so_far: Part,
    ) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        match (self.on_axis(by, sum, quota, so_far), self.component.no_quota) {
            (Some(axis), _) => Ok(Some(Some(axis))),
            (None, Some(NoQuota::FirstTier)) => Ok(Some(None)),
            (None, Some(NoQuota::Nothing)) => Ok(None),
            // Nothing of a quota that is stated falls to the periods so far: there is nothing to wait for but the next.
            (None, Some(NoQuota::Park)) if so_far.active == 0 && quota.is_some_and(|quota| quota.0 != 0) => Ok(None),
            (None, Some(NoQuota::Park) | None) => Err(Lacks::Quota(measure)),
        }
    }

    fn on_axis(&self, by: TierBy, sum: Measured, quota: Option<Amount>, so_far: Part) -> Option<Axis> {
        Axis::new(by, sum, quota, self.period.parts.quota.times(so_far))
    }
}
