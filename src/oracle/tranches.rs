//! What of an interval's earnings is due in a run, where components are paid in tranches.
//!
//! All that is earned up to a pay period is shared out over the periods whose deals it came with, in proportion to what
//! the table gave for them (with a quota to date, a formula or a floor each has what it earned itself); each share is due by its own period. Where a part waits for what customers pay, it is shared
//! out over single deals.

use super::credits::{Paid, Sum};
use super::deals::{earns_by_deal, per_unit};
use super::formulas::is_formula;
use super::later::Then;
use super::lower::is_lower;
use super::numbers::{decimal, round};
use super::rewards::{Pricing, Slot, find, kind_of};
use super::tables::{self, Case, counts};
use super::to_date::is_to_date;
use super::world::periods_of;
use crate::domain::money::RATE_DECIMALS;
use crate::wire::records::{Attribution, Component, Due, Interval, Period, Plan, Quarter};
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
        let (mut due, mut at_once) = (BTreeMap::new(), Vec::new());
        for quarter in self.quarters(payee, sums) {
            let quarter_interval = Interval::Quarter(Quarter(quarter));
            let months = periods_of(quarter_interval).into_iter().map(Interval::Month);
            for interval in months.chain([quarter_interval]) {
                at_once.extend(self.due_of(payee, sums, run, interval, &mut due));
            }
        }
        for interval in self.long_intervals(payee, sums) {
            at_once.extend(self.due_of(payee, sums, run, interval, &mut due));
        }
        // Another plan may pay the same component when it is booked.
        for (slot, minor) in at_once {
            due.entry(slot).and_modify(|due| *due += minor);
        }
        self.raise_due(payee, &mut due);
        due
    }

    fn due_of(
        &self,
        payee: u32,
        sums: &[Sum],
        run: Period,
        interval: Interval,
        into: &mut BTreeMap<Slot, i64>,
    ) -> Vec<(Slot, i64)> {
        let by_period: Vec<_> = periods_of(interval).into_iter().map(|period| (period, self.components(payee, period))).collect();
        let all = by_period.iter().flat_map(|(_, components)| components);
        let of_kind = all.filter(|(_, component)| component.interval == kind_of(interval));
        let ids: BTreeSet<_> = of_kind.map(|(plan, part)| (&*plan.plan_id, &*part.component_id)).collect();
        let mut at_once = Vec::new();
        for (plan_id, component_id) in ids {
            let in_force: Vec<_> =
                by_period.iter().map(|(_, components)| find(components, plan_id, component_id, interval)).collect();
            let tranches = in_force.iter().flatten().any(|(_, component)| !component.pay.is_empty());
            let Some(priced) = self.priced(payee, sums, interval, &in_force) else { continue };
            if !tranches {
                at_once.extend(priced.into_iter().map(|(slot, minor, _)| (slot, minor)));
                continue;
            }
            let known = (interval, run, in_force.as_slice());
            let dues = match self.moments(payee, sums, interval, &in_force) {
                Some(moments) => {
                    let due = |then: &Then| self.at(then).due_up_to(payee, &then.sums, known, then.period);
                    moments.iter().map(|then| (then.period, due(then))).collect::<Vec<_>>()
                }
                None => {
                    let all = periods_of(interval).into_iter().zip(&in_force).filter(|(_, version)| version.is_some());
                    all.map(|(period, _)| (period, self.due_up_to(payee, sums, known, period))).collect()
                }
            };
            let mut before = 0;
            for (period, due) in dues {
                let Some(due) = due else { continue };
                let now = due.unwrap_or(before);
                if let Some(slot) = self.slot(payee, component_id, interval, period) {
                    *into.entry(slot).or_default() += now - before;
                }
                before = now;
            }
        }
        at_once
    }

    /// What of all that was earned up to a pay period is due in a run, where it fits; `None` before the first version.
    fn due_up_to(
        &self,
        payee: u32,
        sums: &[Sum],
        (interval, run, in_force): (Interval, Period, &[Option<(&'h Plan, &'h Component)>]),
        last: Period,
    ) -> Option<Option<i64>> {
        let up_to = periods_of(interval).into_iter().zip(in_force).filter(|(period, _)| *period <= last);
        let cases = up_to.filter_map(|(period, version)| {
            let (plan, component) = (*version)?;
            Some(Case { pricing: self, payee, sums, plan, component, interval, period, seen_by: None })
        });
        let cases = at_their_best(cases);
        let part = |share: Share<'h>| {
            // What belongs to no deal is paid as if it were settled.
            let settled = share.deal.map_or_else(BigRational::one, |deal| self.settled(deal, run));
            share.money * falls_due(share.component, share.period, interval, run, &settled)
        };
        let money = shares(&cases).into_iter().map(part).fold(BigRational::zero(), |all, one| all + one);
        let last = cases.last()?;
        Some(round(&money, self.world.digits_of(payee), last.component.rounding))
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

/// Each case by the statements about quotas that it is priced by behind those before it.
fn at_their_best<'c, 'h>(cases: impl Iterator<Item = Case<'c, 'h>>) -> Vec<Case<'c, 'h>> {
    let (mut all, mut start, mut before) = (Vec::<Case<'c, 'h>>::new(), 0, BigRational::zero());
    for case in cases {
        if all.get(start).is_some_and(|first| !first.goes_on_in(&case)) {
            before += tables::earned(&all[start..], &before);
            start = all.len();
        }
        all.push(case.at_best(&all[start..], &before));
    }
    all
}

/// Shares out all that the cases of an interval earned: each version what it earned itself.
fn shares<'h>(cases: &[Case<'_, 'h>]) -> Vec<Share<'h>> {
    let mut shared = Vec::new();
    let mut before = BigRational::zero();
    for version in cases.chunk_by(|one, next| one.goes_on_in(next)) {
        let earned = tables::earned(version, &before);
        if version[0].component.attribution == Attribution::ProRata {
            shared.extend(in_parts_of_all(version, &before, &earned));
            before += earned;
            continue;
        }
        let floor = version[0].component.modifiers.floor.is_some();
        let of_both_signs =
            is_to_date(version[0].component) || is_formula(version[0].component) || is_lower(version[0].component);
        if of_both_signs || floor {
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
        if let Some(per_unit) = per_unit(version, &before) {
            parts.iter_mut().for_each(|part| part.money = &part.money * &per_unit);
            shared.append(&mut parts);
        }
        before += earned;
    }
    shared
}

/// All that a version earned, in the parts that deals, or periods, have of the sum that is paid; whole where that is nothing.
fn in_parts_of_all<'h>(cases: &[Case<'_, 'h>], before: &BigRational, earned: &BigRational) -> Vec<Share<'h>> {
    let counted: Vec<_> =
        (1..=cases.len()).filter(|count| counts(&cases[..*count], before)).map(|count| cases[count - 1]).collect();
    let of = |case: Case<'_, 'h>| case.paid_on().into_iter().map(move |(deal, size)| (case.period, case.component, deal, size));
    let sizes: Vec<_> = counted.iter().copied().flat_map(of).collect();
    let whole = sizes.iter().fold(BigRational::zero(), |all, (.., size)| all + size);
    if whole.is_zero() {
        let last = counted.last();
        return last
            .map(|case| Share { period: case.period, deal: None, component: case.component, money: earned.clone() })
            .into_iter()
            .collect();
    }
    sizes
        .into_iter()
        .map(|(period, component, deal, size)| Share { period, deal, component, money: earned * size / &whole })
        .collect()
}

/// What the table gave for a period, deal by deal where a part waits for them.
fn parts<'h>(case: &Case<'_, 'h>) -> Vec<Share<'h>> {
    let (period, component) = (case.period, case.component);
    let share = |(deal, money)| Share { period, deal, component, money };
    match earns_by_deal(component) {
        true => case.each_deal().into_iter().flatten().map(|given| share((Some(given.deal), given.left))).collect(),
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
