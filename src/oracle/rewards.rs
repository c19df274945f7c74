//! What sums earn: plans, quotas and rate tables, and the one rounding.
//!
//! Written tier by tier instead of through breakpoints, and with a finer scale than the engine's, so that one mistake
//! does not hide in both: positions and edges are held at 10^-18 (a tier's edge times a quota is exact there), money
//! at 10^-26. Leaves out when it is booked (`totals`).

use super::credits::{DealSum, Lines, Paid, Sum, Until};
use super::deals::taken_back;
use super::history::History;
use super::numbers;
use super::pools;
use super::quotas::Closed;
use super::tables::{self, Case};
use super::totals::Attained;
use super::world::{World, periods_of};
use crate::domain::money::{Amount, MEASURED_DECIMALS, Measured, Minor, RATE_DECIMALS, RoundingMode};
use crate::wire::records::{
    Boundary, Component, Interval, IntervalKind, Method, Negative, NoQuota, Period, Plan, Quarter, TierBy,
};
use ethnum::I256;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Decimals of positions and edges in here: a measured sum's and a quota's.
const POSITION_DECIMALS: u32 = MEASURED_DECIMALS + 6;
/// Decimals of money in here.
const MONEY_DECIMALS: u32 = POSITION_DECIMALS + RATE_DECIMALS;
const TO_POSITION: I256 = I256::new(1_000_000);

/// What one earned total is about. A component of several plans is one: what they earn adds up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) payee: u32,
    pub(super) component: u32,
    pub(super) interval: Interval,
    pub(super) effective: Period,
}

/// An earned total in minor units, and the earning code of the plan version that priced it.
#[derive(Clone, Copy)]
pub(super) struct Earned<'h> {
    pub(super) minor: i64,
    pub(super) earning_code: &'h str,
}

/// Prices payees under one world and one cut.
pub(super) struct Pricing<'a, 'h> {
    pub(super) history: &'h History,
    pub(super) world: &'a World<'h>,
    pub(super) until: Until<'a>,
    pub(super) lines: &'a Lines,
    pub(super) deals: &'a [DealSum],
    pub(super) backs: &'a [DealSum],
    pub(super) paid: &'a FxHashMap<u32, Paid>,
    pub(super) closed: Rc<Closed<'a>>,
}

/// What the components of each plan earn.
type ByPlan<'h> = BTreeMap<&'h str, BTreeMap<Slot, Earned<'h>>>;

/// The components that price one pay period of a payee.
pub(super) type Components<'h> = Vec<(&'h Plan, &'h Component)>;

impl<'h> Pricing<'_, 'h> {
    /// Every non-zero total that rules make of a payee's sums. Where there is no sum nothing is earned, but where zero is best.
    pub(super) fn by_rules(&self, payee: u32, sums: &[Sum]) -> BTreeMap<Slot, Earned<'h>> {
        let mut by_plan = self.by_plan(payee, sums);
        by_plan.iter_mut().for_each(|(plan, earned)| self.cap(payee, plan, earned));
        let mut all = BTreeMap::new();
        for (slot, earned) in by_plan.into_values().flatten().filter(|(_, earned)| earned.minor != 0) {
            let code = earned.earning_code;
            all.entry(slot).or_insert(Earned { minor: 0, earning_code: code }).minor += earned.minor;
        }
        all
    }

    fn by_plan(&self, payee: u32, sums: &[Sum]) -> ByPlan<'h> {
        let mut earned = ByPlan::new();
        for quarter in self.quarters(payee, sums) {
            let periods = [0, 1, 2].map(|place| Period(quarter * 3 + place));
            let components = periods.map(|period| self.components(payee, period));
            self.interval(payee, sums, Interval::Quarter(Quarter(quarter)), &components, &mut earned);
            for (place, period) in periods.into_iter().enumerate() {
                let components = &components[place..=place];
                self.interval(payee, sums, Interval::Month(period), components, &mut earned);
            }
        }
        for interval in self.long_intervals(payee, sums) {
            let components: Vec<_> = periods_of(interval).into_iter().map(|period| self.components(payee, period)).collect();
            self.interval(payee, sums, interval, &components, &mut earned);
        }
        earned
    }

    /// Prices an interval; `by_period` has the components of each of its pay periods. A component that earns more in any of
    /// them than can be paid earns nothing in the interval.
    fn interval(&self, payee: u32, sums: &[Sum], interval: Interval, by_period: &[Components<'h>], into: &mut ByPlan<'h>) {
        let of_kind = by_period.iter().flatten().filter(|(_, component)| component.interval == kind_of(interval));
        let ids: BTreeSet<_> = of_kind.map(|(plan, component)| (&*plan.plan_id, &*component.component_id)).collect();
        for (plan_id, component_id) in ids {
            let of = |components: &Components<'h>| find(components, plan_id, component_id, interval);
            let versions: Vec<_> = by_period.iter().map(of).collect();
            for (slot, minor, earning_code) in self.priced(payee, sums, interval, &versions).unwrap_or_default() {
                let minor = self.own_part(slot, minor, &versions);
                if minor == 0 {
                    continue;
                }
                into.entry(plan_id).or_default().insert(slot, Earned { minor, earning_code });
            }
        }
    }

    /// Of a pool the payee's part, else all of it.
    fn own_part(&self, slot: Slot, minor: i64, versions: &[Option<(&'h Plan, &'h Component)>]) -> i64 {
        match versions.iter().flatten().next() {
            Some((plan, Component { pool: Some(share), .. })) => {
                let sharing = pools::sharing(self.history, self.world, slot.payee, (plan, slot.effective));
                let place = sharing.iter().position(|other| *other == slot.payee);
                let parts = pools::parts(self.world, &sharing, (share, slot.effective), minor);
                place.zip(parts).map_or(0, |(place, parts)| parts[place])
            }
            _ => minor,
        }
    }

    /// What one component earns in the pay periods of an interval, of which `versions` are those in force; zeros are left out.
    /// `None` where one of them is more than can be paid.
    pub(super) fn priced(
        &self,
        payee: u32,
        sums: &[Sum],
        interval: Interval,
        versions: &[Option<(&'h Plan, &'h Component)>],
    ) -> Option<Vec<(Slot, i64, &'h str)>> {
        match self.moments(payee, sums, interval, versions) {
            Some(moments) => self.priced_later(payee, interval, versions, &moments),
            None => self.priced_at_once(payee, sums, interval, versions, true),
        }
    }

    /// The same of everything that is known; where it is `payable`, `None` if a pay period is more than can be.
    pub(super) fn priced_at_once(
        &self,
        payee: u32,
        sums: &[Sum],
        interval: Interval,
        versions: &[Option<(&'h Plan, &'h Component)>],
        payable: bool,
    ) -> Option<Vec<(Slot, i64, &'h str)>> {
        let (mut total, mut fraction, mut rounded) = (I256::ZERO, BigRational::zero(), 0);
        let (mut cases, mut before): (Vec<Case<'_, 'h>>, _) = (Vec::new(), BigRational::zero());
        // With what goes back with deals that were returned.
        let mut gross = BigRational::zero();
        let mut earned = Vec::new();
        let digits = self.world.digits_of(payee);
        for (period, version) in periods_of(interval).into_iter().zip(versions) {
            let Some((plan, component)) = *version else { continue };
            if tables::is_plain(plan, component) {
                total += self.part(payee, sums, (plan, component), interval, period);
            } else {
                let mut case = Case { pricing: self, payee, sums, plan, component, interval, period, seen_by: None };
                if case.is_beyond_rates() || case.is_beyond_factors() {
                    return None;
                }
                if cases.first().is_none_or(|first| !first.goes_on_in(&case)) {
                    gross += tables::earned(&cases, &before);
                    (cases, before) = (Vec::new(), money(total).unwrap_or_default() + &gross);
                }
                fraction -= tables::earned(&cases, &before) - taken_back(&cases, &before);
                case = case.at_best(&cases, &before);
                cases.push(case);
                fraction += tables::earned(&cases, &before) - taken_back(&cases, &before);
            }
            let now = rounded_at(total, &fraction, component, digits)?;
            let new = now.checked_sub(rounded).filter(|new| !payable || Minor(*new).is_payable(digits))?;
            let slot = self.slot(payee, &component.component_id, interval, period).filter(|_| new != 0);
            earned.extend(slot.map(|slot| (slot, new, component.earning_code.as_str())));
            rounded = now;
        }
        Some(earned)
    }

    /// The components of all plans that price a payee's pay period.
    pub(super) fn components(&self, payee: u32, period: Period) -> Components<'h> {
        let versions = self.world.plans_of(payee, period).into_iter().filter_map(|plan| self.world.version_of(plan, period));
        versions.flat_map(|plan| plan.components.iter().map(move |component| (plan, component))).collect()
    }

    pub(super) fn slot(&self, payee: u32, component: &str, interval: Interval, effective: Period) -> Option<Slot> {
        let texts = &self.history.texts;
        Some(Slot { payee, component: texts.find(component)?, interval, effective })
    }

    /// The earning code of a component for a pay period in this world, whether or not anything is earned: of several
    /// plans the first by id says it.
    pub(super) fn earning_code(&self, slot: &Slot) -> Option<&'h str> {
        let component = self.history.texts.text(slot.component);
        let components = self.components(slot.payee, slot.effective);
        let same = |part: &Component| *part.component_id == **component && part.interval == kind_of(slot.interval);
        let found = components.into_iter().filter(|(_, part)| same(part));
        found.min_by_key(|(plan, _)| plan.plan_id.as_str()).map(|(_, part)| part.earning_code.as_str())
    }

    /// What a component earns in one pay period: its table at the interval's sum after the period, less the same before.
    fn part(&self, payee: u32, sums: &[Sum], (plan, component): (&Plan, &Component), interval: Interval, period: Period) -> I256 {
        let Some(measure) = self.place_of(&component.measure) else { return I256::ZERO };
        let start = self.brought_in(payee, sums, (plan, component), interval);
        let up_to = |last: Period| -> I256 {
            let inside = periods_of(interval).into_iter().filter(|period| *period <= last);
            inside.fold(start, |all, period| all + sum_of(sums, measure, period))
        };
        let quota = self.quota(payee, &component.measure, interval, period).and_then(|statement| statement.amount);
        let before = Period(period.0 - 1);
        table(component, quota, up_to(period) * TO_POSITION) - table(component, quota, up_to(before) * TO_POSITION)
    }

    /// Whether a component of the payee that runs over such an interval measures this in any of its pay periods.
    pub(super) fn measures_over(&self, payee: u32, measure: &str, interval: Interval) -> bool {
        let components = periods_of(interval).into_iter().flat_map(|period| self.components(payee, period));
        let mut running = components.filter(|(_, component)| component.interval == kind_of(interval));
        running.any(|(_, component)| tables::measures_of(component).contains(&measure))
    }

    /// A measured sum over an interval, and the quota in force for the interval's last period.
    pub(super) fn attained(&self, payee: u32, measure: u32, interval: Interval, sums: &[Sum]) -> Attained {
        let id = self.history.texts.text(measure);
        let (place, periods) = (self.place_of(id), periods_of(interval));
        let sums_of = |place| periods.iter().fold(I256::ZERO, |all, period| all + sum_of(sums, place, *period));
        let measured = place.map_or(I256::ZERO, sums_of);
        let quota = periods.last().and_then(|last| self.quota(payee, id, interval, *last));
        Attained {
            measured: Measured(i128::try_from(measured).unwrap_or(i128::MAX)),
            quota: quota.and_then(|stated| stated.amount).map(Amount),
        }
    }

    /// A measure's place in the world's order, by which sums are kept.
    pub(super) fn place_of(&self, measure: &str) -> Option<u32> {
        self.world.measures.keys().position(|id| *id == measure).map(|place| place as u32)
    }
}

/// Both parts of what is earned, in minor units of so many decimals.
fn rounded_at(total: I256, fraction: &BigRational, component: &Component, digits: u32) -> Option<i64> {
    if fraction.is_zero() {
        return round(total, digits, component.rounding);
    }
    numbers::round(&(money(total)? + fraction), digits, component.rounding)
}

/// Money at the scale of this file as a fraction.
fn money(total: I256) -> Option<BigRational> {
    let total: BigInt = total.to_string().parse().ok()?;
    Some(BigRational::new(total, BigInt::from(10).pow(MONEY_DECIMALS)))
}

pub(super) fn find<'h>(
    components: &Components<'h>,
    plan_id: &str,
    component_id: &str,
    interval: Interval,
) -> Option<(&'h Plan, &'h Component)> {
    let of_kind = components.iter().filter(|(_, component)| component.interval == kind_of(interval));
    let mut found = of_kind.filter(|(plan, component)| plan.plan_id == plan_id && component.component_id == component_id);
    found.next().copied()
}

pub(super) fn sum_of(sums: &[Sum], measure: u32, period: Period) -> I256 {
    let found = sums.iter().find(|sum| sum.measure == measure && sum.period == period);
    found.map_or(I256::ZERO, |found| found.sum)
}

pub(super) fn kind_of(interval: Interval) -> IntervalKind {
    match interval {
        Interval::Month(_) => IntervalKind::Month,
        Interval::Quarter(_) => IntervalKind::Quarter,
        Interval::Half(_) => IntervalKind::HalfYear,
        Interval::Year(_) => IntervalKind::Year,
    }
}

/// F(x) of a component, for a quota in millionths and a sum at the scale of positions; money at its scale.
fn table(component: &Component, quota: Option<i128>, sum: I256) -> I256 {
    let edges = match (component.tier_by, quota.filter(|quota| *quota != 0), component.no_quota) {
        (TierBy::Attainment, Some(quota), _) => edges(component, I256::from(quota)),
        (TierBy::Attainment, None, Some(NoQuota::FirstTier)) => vec![(I256::ZERO, first_rate(component))],
        (TierBy::Attainment, None, _) => return I256::ZERO,
        (TierBy::Amount | TierBy::Quantity | TierBy::Count, _, _) => edges(component, TO_POSITION),
    };
    if sum >= I256::ZERO {
        return above_zero(component, &edges, sum);
    }
    match component.negative {
        Negative::Carry => first_rate(component) * sum,
        Negative::Zero => I256::ZERO,
        Negative::Mirror => -above_zero(component, &edges, -sum),
    }
}

fn first_rate(component: &Component) -> I256 {
    component.tiers.first().map_or(I256::ZERO, |tier| I256::from(tier.rate.0))
}

/// Where each tier starts, and its rate.
fn edges(component: &Component, unit: I256) -> Vec<(I256, I256)> {
    component.tiers.iter().map(|tier| (I256::from(tier.from) * unit, I256::from(tier.rate.0))).collect()
}

fn above_zero(component: &Component, edges: &[(I256, I256)], sum: I256) -> I256 {
    match component.method {
        Method::Marginal => marginal(edges, sum),
        _ => {
            let reached = |edge: I256| if component.boundary == Boundary::Upper { sum >= edge } else { sum > edge };
            edges.iter().rev().find(|(edge, _)| reached(*edge)).map_or(I256::ZERO, |(_, rate)| *rate * sum)
        }
    }
}

/// Each tier's rate on the part of the sum that lies inside the tier.
fn marginal(edges: &[(I256, I256)], sum: I256) -> I256 {
    let mut earned = I256::ZERO;
    for (place, (from, rate)) in edges.iter().enumerate() {
        let end = edges.get(place + 1).map_or(sum, |(next, _)| sum.min(*next));
        if end > *from {
            earned += (end - *from) * *rate;
        }
    }
    earned
}

/// Rounds money to minor units; `None` when it does not fit.
fn round(money: I256, minor_digits: u32, mode: RoundingMode) -> Option<i64> {
    let unit = I256::from(10).pow(MONEY_DECIMALS - minor_digits);
    let size = money.abs();
    let doubled = size * I256::from(2) + unit;
    let half_up = doubled / (unit * I256::from(2));
    let tie = doubled % (unit * I256::from(2)) == I256::ZERO;
    let odd = half_up % I256::from(2) == I256::ONE;
    let rounded = match mode {
        RoundingMode::Down => size / unit,
        RoundingMode::HalfUp => half_up,
        RoundingMode::HalfEven if tie && odd => half_up - I256::ONE,
        RoundingMode::HalfEven => half_up,
    };
    i64::try_from(if money < I256::ZERO { -rounded } else { rounded }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_symmetric_and_knows_its_ties() {
        let half = I256::from(5) * I256::from(10).pow(MONEY_DECIMALS - 3);
        let cases = [
            (half, [0, 1, 0]),
            (half * 3, [2, 2, 1]),
            (half * 5, [2, 3, 2]),
            (half + 1, [1, 1, 0]),
            (half - 1, [0, 0, 0]),
            (half * 2, [1, 1, 1]),
        ];
        for (money, expected) in cases {
            let modes = [RoundingMode::HalfEven, RoundingMode::HalfUp, RoundingMode::Down];
            assert_eq!(modes.map(|mode| round(money, 2, mode)), expected.map(Some), "{money}");
            assert_eq!(modes.map(|mode| round(-money, 2, mode)), expected.map(|minor: i64| Some(-minor)), "-{money}");
        }
        assert_eq!(round(I256::from(10).pow(60), 2, RoundingMode::Down), None);
    }
}
