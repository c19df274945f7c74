//! Prices one entry: which components are in force in which period, what each earned, and what they lack.

use super::entry::Waiting;
use super::inputs::{Inputs, Statement};
use crate::domain::calendar::{Calendar, Interval, IntervalKind, Period, Quarter};
use crate::domain::fact::Component;
use crate::domain::money::{Measured, Minor};
use crate::domain::reject::Reason;
use crate::domain::reward::{PeriodInput, earned};
use crate::domain::world::{PlanVersion, World};
use compact_str::CompactString;
use ethnum::I256;
use std::collections::BTreeMap;
use std::sync::Arc;

/// (component, interval, effective period).
pub type BookKey = (CompactString, Interval, Period);

/// What a component earned for a period, and the plan version that says so.
#[derive(Clone, Debug)]
pub struct Priced {
    pub minor: Minor,
    pub exact: I256,
    pub plan: Arc<PlanVersion>,
    pub earning_code: Arc<str>,
}

#[derive(Debug, Default)]
pub struct Pricing {
    pub earned: BTreeMap<BookKey, Priced>,
    pub waiting: Vec<Waiting>,
}

/// A component as it stands in one period.
#[derive(Clone, Copy)]
struct InForce<'w> {
    plan: &'w Arc<PlanVersion>,
    place: usize,
}

impl<'w> InForce<'w> {
    fn component(&self) -> &'w Component {
        &self.plan.plan.components[self.place]
    }
}

/// One component of one plan: its version in each of the quarter's periods.
struct Versions<'w> {
    plan_id: &'w str,
    component_id: &'w str,
    kind: IntervalKind,
    in_force: [Option<InForce<'w>>; 3],
}

/// Prices a payee's quarter under a world.
pub fn price(payee_id: &str, quarter: Quarter, inputs: &Inputs, world: &World) -> Pricing {
    let mut pricing = Pricing::default();
    let Some(calendar) = world.calendar.as_deref() else {
        pricing.waiting.extend(inputs.statements.iter().map(no_period));
        return pricing;
    };
    for versions in versions_of(payee_id, quarter, world, calendar, &mut pricing.waiting) {
        match versions.kind {
            IntervalKind::Quarter => price_interval(Interval::Quarter(quarter), &versions, inputs, world, &mut pricing),
            IntervalKind::Month => {
                for period in quarter.periods() {
                    price_interval(Interval::Month(period), &versions, inputs, world, &mut pricing);
                }
            }
        }
    }
    wait_for_periods(inputs, calendar, &mut pricing.waiting);
    pricing.waiting.sort();
    pricing.waiting.dedup();
    pricing
}

/// By plan and component.
fn versions_of<'w>(
    payee_id: &str,
    quarter: Quarter,
    world: &'w World,
    calendar: &Calendar,
    waiting: &mut Vec<Waiting>,
) -> Vec<Versions<'w>> {
    let mut versions: Vec<Versions<'w>> = Vec::new();
    for (at, period) in quarter.periods().into_iter().enumerate() {
        for plan_id in world.organisation.plans_in(payee_id, calendar, period) {
            let Some(plan) = world.plan_version(plan_id, period) else {
                let message = format!("plan \"{plan_id}\" has no version in force in {period} for payee \"{payee_id}\"");
                waiting.push(Waiting { reason: Reason::MissingPlan, message });
                continue;
            };
            for (place, component) in plan.plan.components.iter().enumerate() {
                wait_for_measure(component, world, waiting);
                let of = versions_slot(&mut versions, plan, component);
                of.in_force[at] = Some(InForce { plan, place });
            }
        }
    }
    versions.sort_by_key(|of| (of.plan_id, of.component_id, of.kind));
    versions
}

fn versions_slot<'v, 'w>(
    versions: &'v mut Vec<Versions<'w>>,
    plan: &'w PlanVersion,
    component: &'w Component,
) -> &'v mut Versions<'w> {
    let (plan_id, component_id, kind) = (plan.plan.plan_id.as_str(), component.component_id.as_str(), component.interval);
    let same = |of: &Versions<'_>| of.component_id == component_id && of.plan_id == plan_id && of.kind == kind;
    let at = versions.iter().position(same).unwrap_or_else(|| {
        versions.push(Versions { plan_id, component_id, kind, in_force: [None; 3] });
        versions.len() - 1
    });
    &mut versions[at]
}

fn wait_for_measure(component: &Component, world: &World, waiting: &mut Vec<Waiting>) {
    if world.measure(&component.measure).is_none() {
        let message = format!("component \"{}\": measure \"{}\" is not published", component.component_id, component.measure);
        waiting.push(Waiting { reason: Reason::UnknownMeasure, message });
    }
}

fn price_interval(interval: Interval, versions: &Versions<'_>, inputs: &Inputs, world: &World, pricing: &mut Pricing) {
    let (first, last) = interval.first_and_last();
    let in_force = |period: Period| versions.in_force[period.place_in_quarter()];
    let periods = (first.0..=last.0).map(Period);
    let rows = periods.clone().map(|period| period_input(interval, period, in_force(period), inputs, world));
    let rows: Option<Vec<PeriodInput<'_>>> = rows.collect();
    let Some(priced) = rows.and_then(|rows| earned(&rows, world.minor_digits)) else {
        let component_id = versions.component_id;
        let message = format!("component \"{component_id}\" in {interval}: an amount is out of range, it earns nothing");
        pricing.waiting.push(Waiting { reason: Reason::AmountOutOfRange, message });
        return;
    };
    for (period, earned) in periods.zip(priced) {
        let Some(version) = in_force(period) else { continue };
        if earned.needs_quota {
            let (component_id, measure) = (versions.component_id, &version.component().measure);
            let message = format!("component \"{component_id}\" needs a quota of \"{measure}\" for {interval}");
            pricing.waiting.push(Waiting { reason: Reason::MissingQuota, message });
        }
        let earning_code = version.plan.names[version.place].1.clone();
        let new = Priced { minor: earned.minor, exact: earned.exact, plan: version.plan.clone(), earning_code };
        add(&mut pricing.earned, (versions.component_id.into(), interval, period), new);
    }
}

/// Two plans of a payee may hold a component of the same id: they add up.
fn add(earned: &mut BTreeMap<BookKey, Priced>, key: BookKey, new: Priced) {
    match earned.entry(key) {
        std::collections::btree_map::Entry::Vacant(vacant) => {
            vacant.insert(new);
        }
        std::collections::btree_map::Entry::Occupied(mut occupied) => {
            let sum = occupied.get_mut();
            sum.minor = Minor(sum.minor.0.saturating_add(new.minor.0));
            sum.exact += new.exact;
        }
    }
}

/// The position of the component's own measure before and after a period; `None` when a sum does not fit.
fn period_input<'v>(
    interval: Interval,
    period: Period,
    version: Option<InForce<'v>>,
    inputs: &Inputs,
    world: &World,
) -> Option<PeriodInput<'v>> {
    let (from, to) = (Measured(0), Measured(0));
    let Some(component) = version.map(|version| version.component()) else {
        return Some(PeriodInput { component: None, quota: None, from, to });
    };
    let quota = world.bounds(period).and_then(|(first_day, _)| inputs.quota(&component.measure, interval, first_day));
    let (first, _) = interval.first_and_last();
    let before = cumulative(inputs, &component.measure, first.place_in_quarter(), period.place_in_quarter())?;
    let after = before.checked_add(inputs.by_kind(&component.measure, period.place_in_quarter()).total()?)?;
    Some(PeriodInput {
        component: Some(component),
        quota: quota.map(|quota| quota.amount),
        from: Measured(before),
        to: Measured(after),
    })
}

fn cumulative(inputs: &Inputs, measure: &str, from: usize, until: usize) -> Option<i128> {
    (from..until).try_fold(0i128, |sum, place| sum.checked_add(inputs.by_kind(measure, place).total()?))
}

/// Quotas of intervals that the calendar does not reach yet.
fn wait_for_periods(inputs: &Inputs, calendar: &Calendar, waiting: &mut Vec<Waiting>) {
    let unreached = inputs.statements.iter().filter(|statement| {
        let (first, last) = statement.interval.first_and_last();
        calendar.bounds(first).is_none() || calendar.bounds(last).is_none()
    });
    waiting.extend(unreached.map(no_period));
}

fn no_period(statement: &Statement) -> Waiting {
    let message = format!("the quota of \"{}\" for {}: no calendar reaches it", statement.measure, statement.interval);
    Waiting { reason: Reason::NoSuchInterval, message }
}
