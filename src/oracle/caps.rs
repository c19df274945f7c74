//! The cap of a plan: what its components keep of what they earned together, pay period by pay period.

use super::deficits::{by_year, is_long};
use super::intervals::interval_of;
use super::numbers::{decimal, round};
use super::rewards::{Earned, Pricing, Slot};
use super::rules::{Check, hold};
use super::segments::days_on;
use super::tables::covers;
use super::world::periods_of;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, RoundingMode};
use crate::wire::records::{AmountPlace, Component, Deficit, Interval, Measure, Period, Plan, PlanCap};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use std::collections::{BTreeMap, BTreeSet};

impl<'h> Pricing<'_, 'h> {
    /// Leaves of what a plan's components earned what its caps let through.
    pub(super) fn cap(&self, payee: u32, plan_id: &str, earned: &mut BTreeMap<Slot, Earned<'h>>) {
        let points = |slot: &Slot| self.world.points.contains(&**self.history.texts.text(slot.component));
        let raw: BTreeMap<Slot, i64> =
            earned.iter().filter(|(slot, _)| !points(slot)).map(|(slot, of)| (*slot, of.minor)).collect();
        let total = |slots: &BTreeMap<Slot, i64>, period: Period| -> i64 {
            slots.iter().filter(|(slot, _)| slot.effective == period).map(|(_, minor)| minor).sum()
        };
        let mut kept = raw.clone();
        let periods: BTreeSet<Period> = raw.keys().map(|slot| slot.effective).collect();
        for period in periods {
            let Some(plan) = self.world.version_of(plan_id, period) else { continue };
            let Some(cap) = &plan.cap else { continue };
            let interval = interval_of(cap.per, period);
            let Some(most) = self.most(payee, plan, cap, interval, period) else {
                kept.iter_mut().filter(|(slot, _)| slot.effective == period).for_each(|(_, minor)| *minor = 0);
                continue;
            };
            let until: Vec<Period> = periods_of(interval).into_iter().filter(|other| *other < period).collect();
            let own = |other: &Period| self.world.version_of(plan_id, *other).is_some_and(|other| other.from == plan.from);
            let by_others: i64 = until.iter().filter(|other| !own(other)).map(|other| total(&kept, *other)).sum();
            let left = (most - by_others).max(0);
            let before: i64 = until.iter().filter(|other| own(other)).map(|other| total(&raw, *other)).sum();
            let now = total(&raw, period);
            let keeps = (before + now).min(left) - before.min(left);
            self.lay(period, now - keeps, &mut kept);
        }
        for (slot, minor) in kept {
            earned.entry(slot).and_modify(|of| of.minor = minor);
        }
    }

    /// Takes a cut from those who earned of its sign, each in proportion, the units that are left from those with the largest
    /// remainders, in order of ids.
    fn lay(&self, period: Period, cut: i64, kept: &mut BTreeMap<Slot, i64>) {
        let of_sign = kept.iter().filter(|(slot, minor)| slot.effective == period && minor.signum() * cut.signum() > 0);
        let mut parts: Vec<(Slot, BigRational)> =
            of_sign.map(|(slot, minor)| (*slot, BigRational::from_integer(minor.abs().into()))).collect();
        let whole: BigRational = parts.iter().map(|(_, size)| size.clone()).sum();
        if whole.is_zero() {
            return;
        }
        let share = BigRational::from_integer(cut.abs().into()) / whole;
        parts.iter_mut().for_each(|(_, size)| *size *= &share);
        let id = |slot: &Slot| (self.history.texts.text(slot.component).clone(), slot.interval);
        parts.sort_by_cached_key(|(slot, part)| (-part.fract(), id(slot)));
        let mut left = cut.abs() - parts.iter().map(|(_, part)| floor(part)).sum::<i64>();
        for (slot, part) in parts {
            let units = floor(&part) + i64::from(left > 0);
            left -= 1;
            kept.entry(slot).and_modify(|minor| *minor -= units * cut.signum());
        }
    }

    /// What a cap comes to for a payee, to the minor unit; `None` where it is the payee's own and there is none.
    fn most(&self, payee: u32, plan: &Plan, cap: &PlanCap, interval: Interval, period: Period) -> Option<i64> {
        let own = plan.own_amounts.iter().find(|own| own.place == AmountPlace::PlanCap);
        let amount = own.map_or(Some(cap.amount), |own| self.own_cap(payee, plan, &own.parameter, interval, period))?;
        let part = if plan.prorate.cap { days_on(self.world, payee, plan, interval) } else { BigRational::one() };
        let exact = decimal(amount.0, AMOUNT_DECIMALS) * part;
        Some(round(&exact, self.world.digits_of(payee), RoundingMode::HalfEven).unwrap_or(i64::MAX))
    }

    /// As the payee's first row says it in the first month of the interval that has the payee on this version.
    fn own_cap(&self, payee: u32, plan: &Plan, name: &str, interval: Interval, period: Period) -> Option<Amount> {
        let on_version = |month: &Period| {
            let version = self.world.version_of(&plan.plan_id, *month);
            self.world.plans_of(payee, *month).contains(plan.plan_id.as_str()) && version.is_some_and(|of| of.from == plan.from)
        };
        let first = periods_of(interval).into_iter().filter(|month| *month <= period).find(on_version)?;
        let (from, after) = self.world.bounds(first)?;
        let rows = &self.world.known(payee)?.payee.rows;
        let row = rows.iter().find(|row| (from.0..after.0).any(|day| covers(row, day)))?;
        row.parameters.iter().find(|(of, _)| of == name).map(|(_, amount)| *amount)
    }
}

fn floor(value: &BigRational) -> i64 {
    value.floor().to_integer().to_i64().unwrap_or_default()
}

/// Whether the versions of a plan can have a cap, where one states it.
pub(super) fn fits<'p>(versions: impl Iterator<Item = &'p Plan> + Clone, measures: &[&Measure]) -> Check {
    let caps: Vec<&PlanCap> = versions.clone().filter_map(|plan| plan.cap.as_ref()).collect();
    if caps.is_empty() {
        return Ok(());
    }
    hold(caps.iter().all(|cap| !cap.amount.0.is_negative()), "a negative cap of a plan")?;
    let components: Vec<&Component> = versions.clone().flat_map(|plan| &plan.components).collect();
    let short = caps.iter().any(|cap| !is_long(cap.per));
    let of_a_year = caps.iter().any(|cap| is_long(cap.per));
    let over_years = of_a_year || components.iter().any(|of| is_long(of.interval));
    hold(!(short && over_years), "a cap over months and years")?;
    let known = |plan: &Plan| plan.components.iter().all(|of| is_long(of.interval) || by_year(plan, of));
    hold(!of_a_year || versions.clone().all(known), "a cap of a year over what another version prices by the quarter")?;
    let lost = components.iter().all(|of| of.deficit == Deficit::Lost);
    hold(!short || lost, "a cap of months where deficits are brought in")?;
    hold(components.iter().all(|of| of.pay.is_empty() && !super::later::is_later(of)), "a cap of what is earned or paid later")?;
    let counted = measures.iter().filter_map(|measure| measure.earnings.as_ref()).flat_map(|of| &of.components);
    let ids: BTreeSet<&String> = counted.collect();
    hold(!components.iter().any(|of| ids.contains(&of.component_id)), "a measure of what a cap cuts")
}
