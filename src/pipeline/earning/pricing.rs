//! Prices one entry: which components are in force in which period, what each earned, and what they lack.

mod capped;
mod deficit;
mod later;
mod pooled;
mod reading;
mod released;

use super::adjusting::{Adjusted, adjusted};
use super::entry::Waiting;
use super::inputs::{Inputs, Statement};
use super::priced::{Priced, Pricing, Source};
use crate::domain::calendar::{Calendar, Date, Interval, IntervalKind, Period, Span};
use crate::domain::currency::Money;
use crate::domain::exact::Exact;
use crate::domain::fact::Payee;
use crate::domain::money::Minor;
use crate::domain::plan::{AmountPlace, Component};
use crate::domain::quota::label;
use crate::domain::reject::Reason;
use crate::domain::reward::{Earned, Lacks, PeriodInput, Slice, earned};
use crate::domain::tranche::due;
use crate::domain::world::{PlanVersion, World, plans_in};
use num_rational::BigRational;
use num_traits::{One, Zero};

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

    fn is_personal(&self) -> bool {
        let (prorate, ramp) = (self.plan.plan.prorate, &self.plan.plan.ramp);
        self.component().reads_parameters()
            || self.component().pool.is_some()
            || prorate.cap
            || self.plan.plan.own_amount(AmountPlace::PlanCap).is_some()
            || prorate.floor
            || ((prorate.quota || !ramp.is_empty()) && self.component().reads_quota())
    }
}

/// One component of one plan: its version in each of the span's periods.
struct Versions<'w> {
    plan_id: &'w str,
    component_id: &'w str,
    kind: IntervalKind,
    /// By period of the span.
    in_force: [Option<InForce<'w>>; 12],
}

impl Versions<'_> {
    fn has_tranches(&self) -> bool {
        self.in_force.iter().flatten().any(|version| !version.component().pay.is_empty())
    }
}

/// Goes through the periods of an interval with what of each is due in a run: rounded where all of it is.
struct FallingDue<'i> {
    inputs: &'i Inputs,
    run: Period,
    /// The day after its last.
    run_end: Date,
    interval: Interval,
    before: i64,
}

impl FallingDue<'_> {
    fn next<'w>(
        &mut self,
        earned: &Earned<'_>,
        component: &Component,
        in_force: impl Fn(Period) -> Option<InForce<'w>>,
        minor_digits: u32,
    ) -> Minor {
        let (first, _) = self.interval.first_and_last();
        let part = |slice: &Slice<'_>| {
            let period = Period(first.0 + slice.place as i32);
            let tranches = in_force(period).map_or(&[][..], |version| &version.component().pay);
            // What is of no deal waits for none.
            let settled = slice.deal_id.map(|deal_id| self.inputs.settled_part(deal_id, self.run_end));
            &slice.amount * due(tranches, period, self.interval, self.run, &settled.unwrap_or_else(BigRational::one))
        };
        let all = earned.slices.iter().map(part).fold(BigRational::zero(), |all, part| all + part);
        // What is due of an amount that fits does fit.
        let rounded = Exact::of(all).round(minor_digits, component.rounding).map_or(self.before, |minor| minor.0);
        Minor(rounded - std::mem::replace(&mut self.before, rounded))
    }
}

/// The terms of a payee's span under a world: its components, and what of them is missing.
pub struct Terms<'w> {
    pub world: &'w World,
    span: Span,
    payee: Option<&'w Payee>,
    /// What all of it is in.
    pub money: &'w Money,
    /// The plans that they follow from, by period of the span.
    plans: Vec<&'w [String]>,
    /// By plan and component: of what the span prices.
    versions: Vec<Versions<'w>>,
    /// What components measure over intervals that are kept in the span.
    measured: Vec<(&'w str, Interval)>,
    waiting: Vec<Waiting>,
}

impl<'w> Terms<'w> {
    pub fn of(payee_id: &str, span: Span, world: &'w World) -> Terms<'w> {
        let by_period: Vec<_> = plans_of(payee_id, span, world).collect();
        let payee = world.organisation.get(payee_id).map(AsRef::as_ref);
        let money = world.money_of(payee_id);
        let (versions, measured, waiting) = (Vec::new(), Vec::new(), Vec::new());
        let mut terms = Terms { world, span, payee, money, plans: Vec::new(), versions, measured, waiting };
        for (at, period) in span.periods().enumerate() {
            for plan_id in by_period[at] {
                let Some(plan) = world.plan_version(plan_id, period) else {
                    let message = format!("plan \"{plan_id}\" has no version in force in {period} for payee \"{payee_id}\"");
                    // Of a year its quarters say so.
                    if !span.is_year() {
                        terms.waiting.push(Waiting { reason: Reason::MissingPlan, message });
                    }
                    continue;
                };
                for (place, component) in plan.plan.components.iter().enumerate() {
                    if plan.plan.prices_by_year(component) == span.is_year() {
                        wait_for_measures(component, world, &mut terms.waiting);
                        versions_slot(&mut terms.versions, plan, component).in_force[at] = Some(InForce { plan, place });
                    }
                    let interval = Interval::of(component.interval, period);
                    if Span::of(interval) == span {
                        terms.measured.extend(component.measures().map(|(measure, _)| (measure, interval)));
                    }
                }
            }
        }
        terms.versions.sort_by_key(|of| (of.plan_id, of.component_id, of.kind));
        terms.measured.sort_unstable();
        terms.measured.dedup();
        Terms { plans: by_period, ..terms }
    }

    /// Whether these are another payee's terms, too: most payees share their plans with many.
    pub fn are_of(&self, payee_id: &str, span: Span) -> bool {
        // What waits names its payee, and so does what is read of a payee's own rows.
        let known = || self.world.organisation.get(payee_id).is_some();
        // The plans say it, where there are any.
        let paid_alike = || self.plans.iter().any(|plans| !plans.is_empty()) || self.money == self.world.money_of(payee_id);
        let shared = self.waiting.is_empty() && !self.is_personal() && self.payee.is_some() == known() && paid_alike();
        shared && self.span == span && self.plans.iter().copied().eq(plans_of(payee_id, span, self.world))
    }

    /// Whether a payee's own parameters or dates have a say.
    fn is_personal(&self) -> bool {
        let mut versions = self.versions.iter().flat_map(|versions| versions.in_force.iter().flatten());
        versions.any(|version| version.is_personal())
    }

    /// What the components measure over intervals that are kept in the span: published there, wherever it is paid on.
    pub fn measured(&self) -> &[(&'w str, Interval)] {
        &self.measured
    }

    /// Quotas of the span's own intervals: a year that prices months has theirs, too, and their quarters say what becomes of them.
    fn own<'i>(&self, inputs: &'i Inputs) -> impl Iterator<Item = &'i Statement> {
        inputs.statements.iter().filter(|statement| Span::of(statement.interval) == self.span)
    }

    /// The shortest interval of a component of this name that is in force in a period, in whichever span it is.
    pub fn shortest_kind(&self, component_id: &str, period: Period) -> Option<IntervalKind> {
        let plans = self.plans.get(self.span.place(period)).into_iter().copied().flatten();
        let components = plans.filter_map(|plan_id| self.world.plan_version(plan_id, period)).flat_map(|of| &of.plan.components);
        components.filter(|component| component.component_id == component_id).map(|component| component.interval).min()
    }

    /// Whether anything of the span is paid in tranches.
    pub fn has_tranches(&self) -> bool {
        self.versions.iter().any(Versions::has_tranches)
    }

    /// What the span was told, with what was adjusted by hand.
    pub fn adjusted<'i>(&self, inputs: &'i Inputs) -> Adjusted<'i> {
        adjusted(inputs, self.payee.is_some(), self.span, self.world)
    }

    /// A year of a company in which nothing runs over more than a quarter, whether or not months and quarters are priced by it.
    pub fn is_summed_by_nobody(&self) -> bool {
        self.span.is_year() && !self.world.has_long_intervals
    }

    /// Prices what the span was told.
    pub fn price(&self, inputs: &Inputs) -> Pricing<'w> {
        self.price_for(inputs, None)
    }

    /// The same, with what is due in a run.
    pub fn price_for(&self, inputs: &Inputs, run: Option<Period>) -> Pricing<'w> {
        let mut pricing = Pricing { earned: Vec::with_capacity(3 * self.versions.len()), waiting: self.waiting.clone() };
        let adjusted = self.adjusted(inputs);
        let inputs = &*adjusted.inputs;
        let Some(calendar) = self.world.calendar.as_deref() else {
            pricing.waiting.extend(self.own(inputs).map(no_period));
            adjusted.book(&mut pricing, self);
            return pricing;
        };
        for of_plan in self.versions.chunk_by(|one, next| one.plan_id == next.plan_id) {
            let mut own = Pricing::default();
            for versions in of_plan {
                for interval in self.span.intervals(versions.kind) {
                    if self.takes_back_later(interval, versions, inputs) {
                        self.price_later(interval, versions, inputs, run, &mut own);
                    } else {
                        self.price_interval(interval, versions, inputs, run, &mut own);
                    }
                }
            }
            self.cap(of_plan, &mut own);
            pricing.waiting.append(&mut own.waiting);
            own.earned.into_iter().for_each(|(key, priced)| pricing.add(key, priced));
        }
        wait_for_periods(self.own(inputs), calendar, &mut pricing.waiting);
        if self.is_summed_by_nobody() {
            pricing.waiting.extend(self.own(inputs).map(no_long_component));
        }
        adjusted.book(&mut pricing, self);
        pricing.waiting.sort();
        pricing.waiting.dedup();
        pricing
    }

    /// Whether anything was told of the quarter of an interval: a year prices what is still to come, too, and of that nothing is
    /// missing yet.
    fn is_told(&self, interval: Interval, inputs: &Inputs) -> bool {
        let quarter = Span::of(interval);
        let place_of = |place: u8| self.span.periods().nth(place.into());
        let inside = |period: Period| Span::Quarter(period.quarter()) == quarter;
        quarter.is_year()
            || inputs.sums.iter().any(|sum| place_of(sum.place).is_some_and(inside))
            || inputs.statements.iter().any(|statement| Span::of(statement.interval) == quarter)
            || inputs.adjustments.iter().any(|of| inside(of.effective_period))
    }

    fn price_interval(
        &self,
        interval: Interval,
        versions: &Versions<'w>,
        inputs: &Inputs,
        run: Option<Period>,
        pricing: &mut Pricing<'w>,
    ) {
        let (first, last) = interval.first_and_last();
        let in_force = |period: Period| versions.in_force[self.span.place(period)];
        let periods = (first.0..=last.0).map(Period);
        let rows = periods.clone().map(|period| self.period_input(interval, period, &in_force, inputs));
        let rows: Option<Vec<PeriodInput<'_>>> = rows.collect();
        let digits = self.money.minor_digits;
        let priced = rows.and_then(|rows| earned(&rows, digits, run.is_some()));
        let priced = priced.filter(|priced| priced.iter().all(|of| of.minor.is_payable(digits))).unwrap_or_else(|| {
            pricing.waiting.push(out_of_range(versions.component_id, interval));
            // What a person adds to it is paid all the same.
            vec![Earned::default(); periods.clone().count()]
        });
        let tranches = periods.clone().filter_map(in_force).any(|version| !version.component().pay.is_empty());
        let run = run.filter(|_| tranches).and_then(|run| Some((run, self.world.bounds(run)?.1)));
        let mut falling_due = run.map(|(run, run_end)| FallingDue { inputs, run, run_end, interval, before: 0 });
        for (period, earned) in periods.zip(priced) {
            let Some(version) = in_force(period) else { continue };
            let due = falling_due.as_mut().map(|due| due.next(&earned, version.component(), in_force, digits));
            let lacks = earned.lacks.filter(|_| self.is_told(interval, inputs));
            pricing.waiting.extend(lacks.map(|lacks| lacking(versions.component_id, interval, lacks)));
            let earning_code = &version.plan.names[version.place].1;
            let source = Source::Plan { version: version.plan, earning_code };
            let (minor, exact) = match &version.component().pool {
                Some(share) => self.part_of_pool(share, (versions, period), earned.minor, &mut pricing.waiting),
                None => (earned.minor, earned.exact),
            };
            let new = Priced { minor, due, exact, source };
            pricing.add((versions.component_id.into(), interval, period), new);
        }
    }
}

fn out_of_range(component_id: &str, interval: Interval) -> Waiting {
    let message = format!("component \"{component_id}\" in {interval}: an amount is out of range, it earns nothing");
    Waiting { reason: Reason::AmountOutOfRange, message }
}

fn lacking(component_id: &str, interval: Interval, lacks: Lacks<'_>) -> Waiting {
    match lacks {
        Lacks::Quota(measure) => {
            let message = format!("component \"{component_id}\" needs a quota of \"{measure}\" for {interval}");
            Waiting { reason: Reason::MissingQuota, message }
        }
        Lacks::Parameter(name) => {
            let message = format!("component \"{component_id}\" needs the payee's {name} in {interval}");
            Waiting { reason: Reason::MissingParameter, message }
        }
        Lacks::Order => {
            let message = format!("component \"{component_id}\": the payee's own edges put its tiers out of order in {interval}");
            Waiting { reason: Reason::EdgesOutOfOrder, message }
        }
        Lacks::Divisor => {
            let message = format!("component \"{component_id}\": its formula divides by zero in {interval}");
            Waiting { reason: Reason::DividedByZero, message }
        }
    }
}

fn plans_of<'w>(payee_id: &str, span: Span, world: &'w World) -> impl Iterator<Item = &'w [String]> {
    let known = world.calendar.as_deref().zip(world.organisation.get(payee_id));
    span.periods().map(move |period| known.map_or(&[][..], |(calendar, payee)| plans_in(payee, calendar, period)))
}

fn versions_slot<'v, 'w>(
    versions: &'v mut Vec<Versions<'w>>,
    plan: &'w PlanVersion,
    component: &'w Component,
) -> &'v mut Versions<'w> {
    let (plan_id, component_id, kind) = (plan.plan.plan_id.as_str(), component.component_id.as_str(), component.interval);
    let same = |of: &Versions<'_>| of.component_id == component_id && of.plan_id == plan_id && of.kind == kind;
    let at = versions.iter().position(same).unwrap_or_else(|| {
        versions.push(Versions { plan_id, component_id, kind, in_force: [None; 12] });
        versions.len() - 1
    });
    &mut versions[at]
}

fn wait_for_measures(component: &Component, world: &World, waiting: &mut Vec<Waiting>) {
    for (measure, _) in component.measures().filter(|(measure, _)| world.measure(measure).is_none()) {
        let message = format!("component \"{}\": measure \"{measure}\" is not published", component.component_id);
        waiting.push(Waiting { reason: Reason::UnknownMeasure, message });
    }
}

/// Quotas of intervals that the calendar does not reach yet.
fn wait_for_periods<'i>(statements: impl Iterator<Item = &'i Statement>, calendar: &Calendar, waiting: &mut Vec<Waiting>) {
    let unreached = statements.filter(|statement| {
        let (first, last) = statement.interval.first_and_last();
        calendar.bounds(first).is_none() || calendar.bounds(last).is_none()
    });
    waiting.extend(unreached.map(no_period));
}

fn no_long_component(statement: &Statement) -> Waiting {
    let message = label(&statement.measure, statement.interval) + "no plan has a component that runs over more than a quarter";
    Waiting { reason: Reason::MissingPlan, message }
}

pub fn no_period(statement: &Statement) -> Waiting {
    let message = label(&statement.measure, statement.interval) + "no calendar reaches it";
    Waiting { reason: Reason::NoSuchInterval, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_waits_for_is_told() {
        let check = |lacks, expected: &str| {
            let Waiting { reason, message } = lacking("commission", "2026-Q1".parse().unwrap(), lacks);
            assert_eq!(format!("{message} [{}]", reason.code()), expected);
        };
        check(Lacks::Quota("sales"), "component \"commission\" needs a quota of \"sales\" for 2026-Q1 [missing_quota]");
        check(Lacks::Parameter("edge"), "component \"commission\" needs the payee's edge in 2026-Q1 [missing_parameter]");
        let order = "component \"commission\": the payee's own edges put its tiers out of order in 2026-Q1 [edges_out_of_order]";
        check(Lacks::Order, order);
        check(Lacks::Divisor, "component \"commission\": its formula divides by zero in 2026-Q1 [divided_by_zero]");
    }
}
