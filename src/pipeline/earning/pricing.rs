//! Prices one entry: which components are in force in which period, what each earned, and what they lack.

use super::entry::Waiting;
use super::inputs::{Inputs, Statement};
use crate::domain::calendar::{Calendar, Interval, IntervalKind, Period, Quarter};
use crate::domain::fact::Component;
use crate::domain::money::{Measured, Minor};
use crate::domain::reject::Reason;
use crate::domain::reward::{PeriodInput, earned};
use crate::domain::world::{PlanVersion, World, plans_in};
use compact_str::CompactString;
use ethnum::I256;
use std::sync::Arc;

/// (component, interval, effective period).
pub type BookKey = (CompactString, Interval, Period);

/// What a component earned for a period, and the plan version that says so.
#[derive(Clone, Copy, Debug)]
pub struct Priced<'w> {
    pub minor: Minor,
    pub exact: I256,
    pub plan: &'w PlanVersion,
    pub earning_code: &'w Arc<str>,
}

#[derive(Debug, Default)]
pub struct Pricing<'w> {
    /// One for each key; few enough to look through.
    pub earned: Vec<(BookKey, Priced<'w>)>,
    pub waiting: Vec<Waiting>,
}

impl<'w> Pricing<'w> {
    pub fn get(&self, key: &BookKey) -> Option<&Priced<'w>> {
        self.earned.iter().find(|(of, _)| of == key).map(|(_, priced)| priced)
    }

    /// Two plans of a payee may hold a component of the same id: they add up.
    fn add(&mut self, key: BookKey, new: Priced<'w>) {
        match self.earned.iter_mut().find(|(of, _)| *of == key) {
            Some((_, sum)) => {
                sum.minor = Minor(sum.minor.0.saturating_add(new.minor.0));
                sum.exact += new.exact;
            }
            None => self.earned.push((key, new)),
        }
    }
}

/// A component as it stands in one period.
#[derive(Clone, Copy)]
struct InForce<'w> {
    plan: &'w PlanVersion,
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

/// The terms of a payee's quarter under a world: its components, and what of them is missing.
pub struct Terms<'w> {
    pub world: &'w World,
    quarter: Quarter,
    /// The plans that they follow from, by period of the quarter.
    plans: [&'w [String]; 3],
    /// By plan and component.
    versions: Vec<Versions<'w>>,
    waiting: Vec<Waiting>,
}

impl<'w> Terms<'w> {
    pub fn of(payee_id: &str, quarter: Quarter, world: &'w World) -> Terms<'w> {
        let plans = plans_of(payee_id, quarter, world);
        let mut terms = Terms { world, quarter, plans, versions: Vec::new(), waiting: Vec::new() };
        for (at, period) in quarter.periods().into_iter().enumerate() {
            for plan_id in plans[at] {
                let Some(plan) = world.plan_version(plan_id, period) else {
                    let message = format!("plan \"{plan_id}\" has no version in force in {period} for payee \"{payee_id}\"");
                    terms.waiting.push(Waiting { reason: Reason::MissingPlan, message });
                    continue;
                };
                for (place, component) in plan.plan.components.iter().enumerate() {
                    wait_for_measure(component, world, &mut terms.waiting);
                    versions_slot(&mut terms.versions, plan, component).in_force[at] = Some(InForce { plan, place });
                }
            }
        }
        terms.versions.sort_by_key(|of| (of.plan_id, of.component_id, of.kind));
        terms
    }

    /// Whether these are another payee's terms, too: most payees share their plans with many.
    pub fn are_of(&self, payee_id: &str, quarter: Quarter) -> bool {
        // What waits names its payee.
        self.quarter == quarter && self.waiting.is_empty() && self.plans == plans_of(payee_id, quarter, self.world)
    }

    /// What the components measure, and over which interval.
    pub fn measured(&self) -> impl Iterator<Item = (&'w str, Interval)> {
        let periods = self.quarter.periods();
        self.versions.iter().flat_map(move |versions| {
            let in_force = versions.in_force.iter().zip(periods).filter_map(|(version, period)| version.zip(Some(period)));
            in_force.map(|(version, period)| (version.component().measure.as_str(), Interval::of(versions.kind, period)))
        })
    }

    /// Prices what the quarter was told.
    pub fn price(&self, inputs: &Inputs) -> Pricing<'w> {
        let mut pricing = Pricing { earned: Vec::with_capacity(3 * self.versions.len()), waiting: self.waiting.clone() };
        let Some(calendar) = self.world.calendar.as_deref() else {
            pricing.waiting.extend(inputs.statements.iter().map(no_period));
            return pricing;
        };
        for versions in &self.versions {
            match versions.kind {
                IntervalKind::Quarter => {
                    price_interval(Interval::Quarter(self.quarter), versions, inputs, self.world, &mut pricing);
                }
                IntervalKind::Month => {
                    for period in self.quarter.periods() {
                        price_interval(Interval::Month(period), versions, inputs, self.world, &mut pricing);
                    }
                }
            }
        }
        wait_for_periods(inputs, calendar, &mut pricing.waiting);
        pricing.waiting.sort();
        pricing.waiting.dedup();
        pricing
    }
}

fn plans_of<'w>(payee_id: &str, quarter: Quarter, world: &'w World) -> [&'w [String]; 3] {
    match (world.calendar.as_deref(), world.organisation.get(payee_id)) {
        (Some(calendar), Some(payee)) => quarter.periods().map(|period| plans_in(payee, calendar, period)),
        _ => [&[]; 3],
    }
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

fn price_interval<'w>(interval: Interval, versions: &Versions<'w>, inputs: &Inputs, world: &'w World, pricing: &mut Pricing<'w>) {
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
        let earning_code = &version.plan.names[version.place].1;
        let new = Priced { minor: earned.minor, exact: earned.exact, plan: version.plan, earning_code };
        pricing.add((versions.component_id.into(), interval, period), new);
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
