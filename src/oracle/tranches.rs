//! What of an interval's earnings is due in a run, where components are paid in tranches.
//!
//! All that is earned up to a pay period is shared out over the periods whose deals it came with, in proportion to what
//! the table gave for them (with a quota to date, a formula or a floor each has what it earned itself); each share is due by its own period. Where a part waits for what customers pay, it is shared
//! out over single deals.

use super::credits::{Paid, Sum};
use super::deals::settles;
use super::formulas::is_formula;
use super::numbers::{decimal, round};
use super::rewards::{Pricing, Slot, find, kind_of};
use super::tables::{self, Case, counts};
use super::to_date::is_to_date;
use super::world::periods_of;
use crate::domain::money::RATE_DECIMALS;
use crate::wire::records::{Component, Due, Interval, Period, Quarter};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// A share of an earning: what it came with, and the component that says when it is due.
struct Share<'h> {
    period: Period,
    deal: Option<u32>,
    component: &'h Component,
    money: BigRational,
}

impl<'h> Pricing<'_, 'h> {
    /// What is due in a run, by slot, of every interval in which a component is paid in tranches.
    pub(super) fn due(&self, payee: u32, sums: &[Sum], run: Period) -> BTreeMap<Slot, i64> {
        let mut due = BTreeMap::new();
        let quarters: BTreeSet<i32> = sums.iter().map(|sum| sum.period.0.div_euclid(3)).collect();
        for quarter in quarters {
            let quarter_interval = Interval::Quarter(Quarter(quarter));
            let months = periods_of(quarter_interval).into_iter().map(Interval::Month);
            for interval in months.chain([quarter_interval]) {
                self.due_of(payee, sums, run, interval, &mut due);
            }
        }
        for interval in self.long_intervals(sums) {
            self.due_of(payee, sums, run, interval, &mut due);
        }
        self.raise_due(payee, &mut due);
        due
    }

    fn due_of(&self, payee: u32, sums: &[Sum], run: Period, interval: Interval, into: &mut BTreeMap<Slot, i64>) {
        let by_period: Vec<_> = periods_of(interval).into_iter().map(|period| (period, self.components(payee, period))).collect();
        let all = by_period.iter().flat_map(|(_, components)| components);
        let of_kind = all.filter(|(_, component)| component.interval == kind_of(interval));
        let ids: BTreeSet<_> = of_kind.map(|(plan, part)| (&*plan.plan_id, &*part.component_id)).collect();
        for (plan_id, component_id) in ids {
            let versions: Vec<_> = by_period
                .iter()
                .filter_map(|(period, components)| {
                    let (plan, component) = find(components, plan_id, component_id, interval)?;
                    Some(Case { pricing: self, payee, sums, plan, component, interval, period: *period })
                })
                .collect();
            if versions.iter().all(|case| case.component.pay.is_empty()) {
                continue;
            }
            let in_force: Vec<_> =
                by_period.iter().map(|(_, components)| find(components, plan_id, component_id, interval)).collect();
            if self.priced(payee, sums, interval, &in_force).is_none() {
                continue;
            }
            let mut before = 0;
            for count in 1..=versions.len() {
                let case = versions[count - 1];
                let shares = shares(&versions[..count]);
                let part = |share: Share<'h>| {
                    let settled = share.deal.map(|deal| self.settled(deal, run)).unwrap_or_default();
                    share.money * falls_due(share.component, share.period, interval, run, &settled)
                };
                let money = shares.into_iter().map(part).fold(BigRational::zero(), |all, one| all + one);
                let now = round(&money, self.minor_digits, case.component.rounding).unwrap_or(before);
                if let Some(slot) = self.slot(payee, component_id, interval, case.period) {
                    *into.entry(slot).or_default() += now - before;
                }
                before = now;
            }
        }
    }

    /// The part of a deal that is paid for up to the last day of a run.
    fn settled(&self, deal: u32, run: Period) -> BigRational {
        let (Some(Paid { total, on }), Some((_, after))) = (self.paid.get(&deal), self.world.bounds(run)) else {
            return BigRational::zero();
        };
        if *total == 0 {
            return BigRational::one();
        }
        let paid: i128 = on.iter().filter(|(day, _)| *day < after).map(|(_, amount)| amount).sum();
        let part = BigRational::new(paid.into(), (*total).into());
        if part.is_negative() { BigRational::zero() } else { part.min(BigRational::one()) }
    }
}

/// Shares out all that the cases of an interval earned: each version what it earned itself.
fn shares<'h>(cases: &[Case<'_, 'h>]) -> Vec<Share<'h>> {
    let mut shared = Vec::new();
    let mut before = BigRational::zero();
    for version in cases.chunk_by(|one, next| one.goes_on_in(next)) {
        let earned = tables::earned(version, &before);
        let floor = version[0].component.modifiers.floor.is_some();
        if is_to_date(version[0].component) || is_formula(version[0].component) || floor {
            let up_to = |count: usize| tables::earned(&version[..count], &before);
            let own = |(place, case): (usize, &Case<'_, 'h>)| Share {
                period: case.period,
                deal: None,
                component: case.component,
                money: up_to(place + 1) - up_to(place),
            };
            shared.extend(version.iter().enumerate().map(own));
            before += earned;
            continue;
        }
        let counted = (1..=version.len()).filter(|count| counts(&version[..*count], &before));
        let mut parts: Vec<Share<'h>> = counted.flat_map(|count| parts(&version[count - 1])).collect();
        let whole = parts.iter().fold(BigRational::zero(), |all, part| all + &part.money);
        if !whole.is_zero() {
            parts.iter_mut().for_each(|part| part.money = &part.money * &earned / &whole);
            shared.append(&mut parts);
        }
        before += earned;
    }
    shared
}

/// What the table gave for a period, deal by deal where a part waits for them.
fn parts<'h>(case: &Case<'_, 'h>) -> Vec<Share<'h>> {
    let (period, component) = (case.period, case.component);
    let share = |(deal, money)| Share { period, deal, component, money };
    match settles(component) {
        true => case.each_deal().into_iter().flatten().map(|(deal, money)| share((Some(deal), money))).collect(),
        false => case.priced().into_iter().map(|money| share((None, money))).collect(),
    }
}

/// The part of what a period's deals earned, or one that is settled in part, that a run pays.
fn falls_due(component: &Component, earned_in: Period, interval: Interval, run: Period, settled: &BigRational) -> BigRational {
    let december = (earned_in.0..earned_in.0 + 12).map(Period).find(|period| period.to_string().ends_with("-12"));
    let first_run = |when: Due| match when {
        Due::Booked | Due::Settled => earned_in,
        Due::AfterMonths(months) => Period(earned_in.0 + months as i32),
        Due::IntervalEnd => periods_of(interval).into_iter().max().unwrap_or(earned_in),
        Due::YearEnd => december.unwrap_or(earned_in),
    };
    let hundred = if component.pay.is_empty() { decimal(1, 0) } else { BigRational::zero() };
    let due = component.pay.iter().filter(|tranche| tranche.when == Due::Settled || first_run(tranche.when) <= run);
    due.fold(hundred, |all, tranche| {
        let share = decimal(tranche.share.0, RATE_DECIMALS);
        all + if tranche.when == Due::Settled { share * settled } else { share }
    })
}
