//! What a component reads in a pay period: sums, quotas and parameters, and which parts of them count.
//!
//! A version whose `mid_interval_change` is `restart`, and that is in force in a part of an interval, reads the sums of that
//! part alone, against that part of its quotas and of the target.

use super::released::Statements;
use super::{InForce, Terms};
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::money::{Amount, Measured, Rate};
use crate::domain::plan::{Component, MidIntervalChange, Modifiers, Pays};
use crate::domain::rate_table::{Part, Parts};
use crate::domain::reward::{Lacks, OneDeal, PeriodInput, Reading, number_of, own_modifiers};
use crate::domain::world::{active_part, parameter_in, part_of, ramp_part};
use crate::pipeline::earning::inputs::{Inputs, Listed};
use ethnum::I256;

/// The pay periods one after the other in which a version is in force.
#[derive(Clone, Copy)]
struct Run {
    first: Period,
    last: Period,
}

impl<'w> Terms<'w> {
    /// What a component reads in a period; `None` when a sum, or a number of the payee's own, does not fit.
    pub(super) fn period_input<'i>(
        &self,
        interval: Interval,
        period: Period,
        in_force: &impl Fn(Period) -> Option<InForce<'w>>,
        inputs: &'i Inputs,
    ) -> Option<PeriodInput<'i>>
    where
        'w: 'i,
    {
        let read = |statements: &Statements| self.input_by(statements, (interval, period), in_force, inputs);
        let Some(version) = in_force(period) else { return read(&Statements::All) };
        let (statements, released) = self.statements(version, (interval, period), inputs);
        let released = released.iter().map(read).collect::<Option<_>>()?;
        Some(PeriodInput { released, ..read(&statements)? })
    }

    fn input_by<'i>(
        &self,
        statements: &Statements,
        (interval, period): (Interval, Period),
        in_force: &impl Fn(Period) -> Option<InForce<'w>>,
        inputs: &'i Inputs,
    ) -> Option<PeriodInput<'i>>
    where
        'w: 'i,
    {
        let (first, last) = interval.first_and_last();
        let nothing = Reading::default();
        let mut input = PeriodInput {
            component: None,
            version: Date(0),
            anew: None,
            parts: Parts::ALL,
            target: None,
            own_rates: Vec::new(),
            own_edges: Vec::new(),
            own_modifiers: None,
            deficit: Measured(0),
            tier: nothing,
            paid: nothing,
            multiplier: nothing,
            gate: nothing,
            named: Vec::new(),
            parameters: Vec::new(),
            deals: Vec::new(),
            deals_before: 0,
            last: period == last,
            released: Vec::new(),
        };
        let Some(version) = in_force(period) else { return Some(input) };
        let component = version.component();
        let modifiers = &component.modifiers;
        let run = restarted(interval, period, in_force);
        let since = run.map_or(first, |run| run.first);
        let read = |measure: Option<&str>| self.reading(interval, (since, period), measure, (inputs, statements), component);
        input.component = Some(component);
        (input.version, input.anew) = (version.plan.plan.from, run.map(|run| run.first));
        input.deficit = self.deficit(component, interval, in_force, inputs)?;
        input.tier = read(Some(&component.measure))?.behind(input.deficit)?;
        input.paid = read(component.paid_measure.as_deref())?;
        input.multiplier = read(modifiers.multiplier.as_ref().map(|of| of.measure.as_str()))?;
        input.gate = read(modifiers.gate.as_ref().map(|of| of.measure.as_str()))?;
        if let Some(formula) = component.formula() {
            input.named = formula.measures().iter().map(|named| read(Some(&named.id))).collect::<Option<_>>()?;
            input.parameters = formula.parameters().iter().map(|name| self.parameter(name, period)).collect();
        }
        if component.lookup.is_some() {
            input.named = self.world.lookup_keys(component).iter().map(|key| read(Some(key))).collect::<Option<_>>()?;
        }
        if component.lists_deals() {
            input.deals = deals(component, self.span.place(period), inputs)?;
        }
        if component.counts_whole() {
            let before = self.span.place(since)..self.span.place(period);
            let numbers = before.map(|place| Some(number_of(&deals(component, place, inputs)?)));
            input.deals_before = numbers.collect::<Option<Vec<_>>>()?.into_iter().sum();
        }
        if version.is_personal() {
            input.target = self.target(component, period);
            input.own_rates = self.own_rates(component, period)?;
            input.own_edges = component.own_edges.iter().map(|own| self.parameter(&own.parameter, period)).collect();
            input.own_modifiers = self.own_modifiers(component, period)?;
        }
        if version.is_personal() || run.is_some() {
            input.parts = self.parts(interval, version, run);
        }
        Some(input)
    }

    /// A measure before and after a period, of those from `since` on; `None` when a sum does not fit.
    fn reading(
        &self,
        interval: Interval,
        (since, period): (Period, Period),
        measure: Option<&str>,
        (inputs, statements): (&Inputs, &Statements),
        component: &Component,
    ) -> Option<Reading> {
        let Some(measure) = measure else { return Some(Reading::default()) };
        let quota = |period: Period| {
            let (first_day, _) = self.world.bounds(period)?;
            statements.quota(inputs, component, (measure, interval), first_day)
        };
        let (first, _) = interval.first_and_last();
        let to_date = component.quota.is_to_date();
        let quota_before = (to_date && period > first).then(|| quota(Period(period.0 - 1))).flatten();
        let (since, at) = (self.span.place(since), self.span.place(period));
        let before = (since..at).try_fold(0i128, |sum, place| sum.checked_add(sum_of(component, measure, place, inputs)?))?;
        let after = before.checked_add(sum_of(component, measure, at, inputs)?)?;
        Some(Reading { quota: quota(period), quota_before, from: Measured(before), to: Measured(after) })
    }

    /// The parts of an interval, or of what of it begins anew, that the version's quotas, target and cap are for.
    fn parts(&self, interval: Interval, version: InForce<'_>, run: Option<Run>) -> Parts {
        let Some(calendar) = self.world.calendar.as_deref() else { return Parts::ALL };
        let (plan, (first, last)) = (&version.plan.plan, interval.first_and_last());
        let active = |first, last| {
            let part = self.payee.and_then(|payee| active_part(payee, plan, calendar, interval, (first, last)));
            part.unwrap_or(Part::ALL)
        };
        let of = |prorated: bool, run: Option<Run>| match (prorated, run) {
            (true, run) => run.map_or_else(|| active(first, last), |run| active(run.first, run.last)),
            (false, Some(run)) => part_of(plan, calendar, interval, (run.first, run.last)).unwrap_or(Part::ALL),
            (false, None) => Part::ALL,
        };
        let stretch = run.map_or((first, last), |run| (run.first, run.last));
        let expected = self.payee.map_or(Part::ALL, |payee| ramp_part(payee, plan, calendar, stretch));
        Parts {
            quota: of(plan.prorate.quota, run).times(expected),
            target: of(plan.prorate.target, run),
            cap: of(plan.prorate.cap, None),
            floor: of(plan.prorate.floor, None),
        }
    }

    fn target(&self, component: &Component, period: Period) -> Option<Amount> {
        let Pays::FractionOf(parameter) = &component.pays else { return None };
        self.parameter(parameter, period)
    }

    /// `None` where a parameter is too large for a rate.
    fn own_rates(&self, component: &Component, period: Period) -> Option<Vec<Option<Rate>>> {
        let rate = |name: &str| self.parameter(name, period).map_or(Some(None), |stated| stated.as_rate().map(Some));
        component.own_rates.iter().map(|own| rate(&own.parameter)).collect()
    }

    /// `None` where a parameter is too large for its place.
    fn own_modifiers<'c>(&self, component: &'c Component, period: Period) -> Option<Option<Result<Modifiers, Lacks<'c>>>> {
        if component.own_modifiers.is_empty() {
            return Some(None);
        }
        own_modifiers(component, |name| self.parameter(name, period)).map(Some)
    }

    fn parameter(&self, name: &str, period: Period) -> Option<Amount> {
        parameter_in(self.payee?, self.world.calendar.as_deref()?, period, name)
    }
}

/// The part of an interval around a period in which its version begins anew, where that is not all of it.
fn restarted<'w>(interval: Interval, period: Period, in_force: &impl Fn(Period) -> Option<InForce<'w>>) -> Option<Run> {
    let plan = &in_force(period)?.plan.plan;
    if plan.mid_interval_change != MidIntervalChange::Restart {
        return None;
    }
    let (first, last) = interval.first_and_last();
    let same = |at: &i32| in_force(Period(*at)).is_some_and(|version| version.plan.plan.from == plan.from);
    let begins = (first.0..=period.0).rev().take_while(same).last().map_or(period, Period);
    let ends = (period.0..=last.0).take_while(same).last().map_or(period, Period);
    (begins > first || ends < last).then_some(Run { first: begins, last: ends })
}

/// What a component reads of a measure in a period. Where what a deal earned is taken back by itself, it goes on counting.
pub(super) fn sum_of(component: &Component, measure: &str, place: usize, inputs: &Inputs) -> Option<i128> {
    let left = inputs.by_kind(measure, place).total()?;
    match component.takes_back() {
        true => inputs.returned_of(measure, place).try_fold(left, |sum, of| sum.checked_add(of.value)),
        false => Some(left),
    }
}

/// The deals of a period one by one, in order; `None` when a sum does not fit.
fn deals<'i>(component: &Component, place: usize, inputs: &'i Inputs) -> Option<Vec<OneDeal<'i>>> {
    if component.takes_back() {
        return inputs.sold_in(&component.measure, place, &component.clawback);
    }
    let deal = |listed: &'i Listed| OneDeal { deal_id: &listed.deal_id, measured: Measured(listed.value), back: I256::ZERO };
    Some(inputs.deals_of(&component.measure, place).map(deal).collect())
}
