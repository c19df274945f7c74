//! Which facts count. A fact that is wrong in itself is ignored, with these reasons and no others:
//!
//! - company: another id, currency or calendar than the first one's, a currency without ISO 4217 digits, or a calendar
//!   other than the one that is defined; plans and measures that do not fit beside its currency (`currencies`);
//! - calendar: another id than the company's or the first one's, periods that do not follow each other,
//!   or not an extension of the version before;
//! - measure: the same id with another content (but for a type of rate where it had none), no kind of credit, or a type of rate for what is no amount;
//!   a currency of what is no money, or that is none, or in which a component cannot read it (`currencies`); of earnings: no component, or anything that filters credits; plans that it leaves without an order of phases;
//!   single deals, or a clawback that comes later, of what invoices or receipts date;
//! - plan: an end not after its start, a start or end inside a known pay period, another calendar than the company's, another
//!   currency than its other versions' or, of the first one, than that in which somebody on it earns, measures of money in
//!   another one (`currencies`), a component twice, a component that cannot be (`plans`), components that read each other's earnings or
//!   more than four phases deep, or single deals of them, a pool that is not the team's alone (`pools`), a cap of what is not earned at once (`caps`), a deficit of what cannot lack anything, a component that was priced by the year or was not (`deficits`), a ramp of no quota, of one to date, or of what are no parts (`ramps`), a version that overlaps another one
//!   of the plan (the same start replaces);
//! - payee: no row, a row whose end is not after its start, rows out of order or overlapping, a pay group other than "default", a team without a name or of too many,
//!   different plans inside one known pay period, a manager cycle on any date (or a chain of more than [`WALK_LIMIT`]), rows in
//!   several pay currencies or in no currency, plans in several currencies or in another one than before, another one than before once a close stands that came after the first fact;
//! - territories: see `territories`;
//! - rates: before the company, from one currency into itself or of what is no currency, none or more than
//!   [`MAXIMUM_RATES`], not in order of their days, or one that is not above zero and below 10^10;
//! - close: another calendar or no calendar, a pay group other than "default", a period that the calendar does not
//!   reach, a `close_id` used before, a cut that lacks a partition, any period but the one after the last closed, a pay
//!   currency of anybody without a rate on the period's last day, pay terms of anybody without an amount of their own;
//! - reopen: any but the last close, or one that is released;
//! - release: any but the first close that is not released; by the closer, unless the company lets the closer release.
//!   Its digest and totals are not looked at here.

use super::conversion::{converted, rate};
use super::currencies;
use super::earnings::in_order;
use super::history::{History, Names};
use super::pay::Run;
use super::plans::{component, pay_terms};
use super::pools;
use super::to_date::is_to_date;
use super::world::{WALK_LIMIT, World};
use crate::domain::money::minor_digits;
use crate::wire::records::{
    Calendar, Company, Component, CurrencyRates, Cut, Date, EarningUnit, Fact, FactBody, MAXIMUM_RATES, Measure,
    MidIntervalChange, Payee, PayeeRow, PeriodClosed, PeriodReleased, Plan, QuotaAfterRelease, RateRow,
};
use std::collections::{BTreeMap, BTreeSet};

/// A close that stands: it was not reopened.
#[derive(Clone, Copy)]
pub(super) struct Close<'h> {
    pub(super) offset: u64,
    pub(super) author: &'h str,
    pub(super) closed: &'h PeriodClosed,
    pub(super) released_by: Option<&'h str>,
    /// Offset of the release.
    pub(super) released_at: Option<u64>,
}

/// The facts that count, the closes that stand, and what was ignored, by offset.
#[derive(Default)]
pub(super) struct Accepted<'h> {
    pub(super) facts: Vec<(u64, &'h FactBody)>,
    pub(super) closes: Vec<Close<'h>>,
    pub(super) ignored: Vec<(u64, String)>,
}

pub(super) type Check = Result<(), String>;

pub(super) fn hold(condition: bool, otherwise: &str) -> Check {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}

/// Goes through all facts in log order.
pub(super) fn accept(history: &History) -> Accepted<'_> {
    let mut accepted = Accepted::default();
    let mut rules = Rules {
        world: World::default(),
        payees: &history.payees,
        partitions: history.partitions as usize,
        used: BTreeSet::new(),
        known_since: BTreeMap::new(),
    };
    for (offset, fact) in &history.facts {
        match rules.decide(*offset, fact, &mut accepted.closes) {
            Ok(()) => {
                rules.world.apply(&fact.body, &history.payees);
                if let FactBody::PayeeDefined(payee) = &fact.body {
                    rules.known_since.entry(&payee.payee_id).or_insert(*offset);
                }
                accepted.facts.push((*offset, &fact.body));
            }
            Err(reason) => accepted.ignored.push((*offset, reason)),
        }
    }
    accepted
}

struct Rules<'h> {
    world: World<'h>,
    payees: &'h Names,
    partitions: usize,
    /// Every `close_id` that was accepted, reopened ones too.
    used: BTreeSet<&'h str>,
    /// The fact that first stated each payee.
    known_since: BTreeMap<&'h str, u64>,
}

impl<'h> Rules<'h> {
    fn decide(&mut self, offset: u64, fact: &'h Fact, closes: &mut Vec<Close<'h>>) -> Check {
        match &fact.body {
            FactBody::CompanyDefined(company) => self.company(company),
            FactBody::CalendarDefined(calendar) => self.calendar(calendar),
            FactBody::MeasureDefined(measure) => self.measure(measure),
            FactBody::PlanDefined(plan) => self.plan(plan),
            FactBody::PayeeDefined(payee) => {
                self.payee(payee)?;
                self.earns_in(payee)?;
                self.pay_currency(payee, closes)
            }
            FactBody::TerritoriesDefined(territories) => super::territories::fit(territories),
            FactBody::RatesDefined(stated) => self.rates(stated),
            FactBody::PeriodClosed(closed) => {
                self.close(closed, closes)?;
                self.used.insert(&closed.close_id);
                closes.push(Close { offset, author: &fact.author, closed, released_by: None, released_at: None });
                Ok(())
            }
            FactBody::PeriodReopened(reopened) => {
                let last = closes.last().filter(|close| close.released_by.is_none());
                hold(last.is_some_and(|close| close.closed.close_id == reopened.close_id), "not the last unreleased close")?;
                closes.pop();
                Ok(())
            }
            FactBody::PeriodReleased(released) => self.release(released, &fact.author, offset, closes),
        }
    }

    fn company(&self, company: &Company) -> Check {
        hold(minor_digits(&company.currency).is_some(), "not a currency")?;
        if let Some(calendar) = self.world.calendar {
            hold(calendar.calendar_id == company.calendar, "a second calendar")?;
        }
        let Some(before) = self.world.company else {
            let (measures, plans) = (self.world.measures.values().copied(), self.world.plans.values().flatten().copied());
            return currencies::fit(company, &measures.collect::<Vec<_>>(), &plans.collect::<Vec<_>>());
        };
        hold(before.company_id == company.company_id, "a second company")?;
        hold(before.currency == company.currency, "a second currency")?;
        hold(before.calendar == company.calendar, "a second calendar")
    }

    fn calendar(&self, calendar: &Calendar) -> Check {
        if let Some(company) = self.world.company {
            hold(company.calendar == calendar.calendar_id, "a second calendar")?;
        }
        hold(calendar.starts.len() >= 2, "a calendar without periods")?;
        hold(calendar.starts.windows(2).all(|pair| pair[0] < pair[1]), "pay periods that do not follow each other")?;
        let Some(before) = self.world.calendar else { return Ok(()) };
        hold(before.calendar_id == calendar.calendar_id, "a second calendar")?;
        let extends = before.first == calendar.first && calendar.starts.starts_with(&before.starts);
        hold(extends, "a calendar that does not extend the one before")
    }

    fn measure(&self, measure: &'h Measure) -> Check {
        super::earnings::fit(measure)?;
        super::filters::fits(measure)?;
        let mut components = self.world.plans.values().flatten().flat_map(|plan| &plan.components);
        components.try_for_each(|component| super::dated::fits(component, measure))?;
        let before = self.world.measures.get(measure.measure_id.as_str());
        let same = |before: &Measure| {
            let newly = before.rate_type.is_none();
            let rate_type = if newly { measure.rate_type.clone() } else { before.rate_type.clone() };
            Measure { rate_type, ..before.clone() } == *measure
        };
        hold(before.is_none_or(|before| same(before)), "a measure that changes")?;
        let others = self.world.measures.values().copied().filter(|other| other.measure_id != measure.measure_id);
        let (plans, all) = (&self.world.plans, others.chain([measure]).collect::<Vec<_>>());
        plans.values().try_for_each(|versions| super::caps::fits(versions.iter().copied(), &all))?;
        let plans: Vec<&Plan> = plans.values().flatten().copied().collect();
        self.world.company.map_or(Ok(()), |company| currencies::fit(company, &all, &plans))?;
        in_order(&all, &plans)
    }

    fn rates(&self, stated: &CurrencyRates) -> Check {
        hold(self.world.company.is_some(), "rates before the company")?;
        let pair = [&stated.from_currency, &stated.to_currency];
        hold(pair[0] != pair[1], "rates of a currency into itself")?;
        hold(pair.iter().all(|code| minor_digits(code).is_some()), "rates of no currency")?;
        hold((1..=MAXIMUM_RATES).contains(&stated.rows.len()), "no rates, or too many")?;
        hold(stated.rows.is_sorted_by(|one, next| one.from < next.from), "rates that are not in order")?;
        let possible = |row: &RateRow| row.rate.0 > 0 && row.rate.0 < 10i128.pow(20);
        hold(stated.rows.iter().all(possible), "a rate that cannot be")
    }

    fn plan(&self, plan: &'h Plan) -> Check {
        hold(plan.to.is_none_or(|to| plan.from < to), "a plan that ends before it starts")?;
        let dates = [Some(plan.from), plan.to];
        let inside = |date: &Date| self.world.period_of(*date).is_some() && self.world.starting_on(*date).is_none();
        hold(!dates.iter().flatten().any(inside), "a plan that starts or ends inside a pay period")?;
        if let Some(company) = self.world.company {
            hold(plan.calendar == company.calendar, "a plan on another calendar")?;
        }
        self.plan_currency(plan)?;
        let others = self.world.plans.get(plan.plan_id.as_str()).into_iter().flatten();
        let clash = others.filter(|other| other.from != plan.from).any(|other| overlap(plan, other));
        hold(!clash, "a plan version that overlaps another one")?;
        let ids: BTreeSet<_> = plan.components.iter().map(|component| &component.component_id).collect();
        hold(ids.len() == plan.components.len(), "a component twice")?;
        plan.components.iter().try_for_each(component)?;
        plan.components.iter().try_for_each(|component| self.unit(component, &plan.currency))?;
        plan.components.iter().try_for_each(|component| pools::fits(component, plan))?;
        super::ramps::fits(plan)?;
        plan.components.iter().try_for_each(|component| super::deficits::fits(component, plan, &self.world))?;
        let measures = || self.world.measures.values();
        plan.components.iter().try_for_each(|of| measures().try_for_each(|measure| super::dated::fits(of, measure)))?;
        let restarts = plan.mid_interval_change == MidIntervalChange::Restart;
        hold(!restarts || !plan.components.iter().any(is_to_date), "a quota to date that begins anew")?;
        let keeps = plan.quota_after_release != QuotaAfterRelease::Adjust;
        hold(!keeps || !plan.components.iter().any(is_to_date), "a quota to date that makes up for what is kept")?;
        let all = self.world.plans.values().flatten().copied();
        let others = all.filter(|other| (&other.plan_id, other.from) != (&plan.plan_id, plan.from));
        let measures: Vec<&Measure> = self.world.measures.values().copied().collect();
        let all: Vec<&Plan> = others.chain([plan]).collect();
        super::caps::fits(all.iter().copied().filter(|other| other.plan_id == plan.plan_id), &measures)?;
        in_order(&measures, &all)?;
        self.world.company.map_or(Ok(()), |company| currencies::fit(company, &measures, &all))?;
        pay_terms(plan)
    }

    /// That of all versions; the first one is in what everybody on it earns in already.
    fn plan_currency(&self, plan: &Plan) -> Check {
        hold(minor_digits(&plan.currency).is_some(), "a plan in no currency")?;
        if let Some(versions) = self.world.plans.get(plan.plan_id.as_str()) {
            return hold(versions.iter().all(|of| of.currency == plan.currency), "a plan in another currency than before");
        }
        let rows = |payee| self.world.known(payee).map(|seat| seat.payee.rows.as_slice()).unwrap_or_default();
        let named = |payee: &u32| rows(*payee).iter().any(|row| row.plans.contains(&plan.plan_id));
        let fits = |payee| self.world.earned_in(payee).is_none_or(|currency| currency == plan.currency);
        hold(self.world.everyone().filter(named).all(fits), "a plan in another currency than that of who is on it")
    }

    fn payee(&self, payee: &'h Payee) -> Check {
        hold(!payee.rows.is_empty(), "a payee without a row")?;
        for row in &payee.rows {
            hold(row.to.is_none_or(|to| row.from < to), "a row that ends before it starts")?;
            hold(row.pay_group == "default", "a pay group other than default")?;
            let team = row.team.as_deref();
            hold(team != Some(""), "a team without a name")?;
            let number = self.payees.find(&payee.payee_id);
            hold(team.is_none_or(|team| !pools::is_full(&self.world, team, number)), "a team of too many")?;
            let names: BTreeSet<_> = row.parameters.iter().map(|(name, _)| name).collect();
            let ordered = names.iter().copied().eq(row.parameters.iter().map(|(name, _)| name));
            hold(ordered && !names.iter().any(|name| name.is_empty()), "parameters without a name, twice or out of order")?;
            hold(row.parameters.iter().all(|(_, amount)| amount.0 >= 0), "a negative parameter")?;
        }
        for pair in payee.rows.windows(2) {
            hold(pair[0].to.is_some_and(|to| to <= pair[1].from), "rows that overlap or are out of order")?;
            hold(self.same_plans_where_they_meet(&pair[0], &pair[1]), "a change of plans inside a pay period")?;
        }
        hold(!self.makes_a_cycle(payee), "a manager cycle")
    }

    /// All plans of a payee are in one currency, for ever.
    fn earns_in(&self, payee: &Payee) -> Check {
        let named = payee.rows.iter().flat_map(|row| &row.plans);
        let known = named.filter_map(|plan_id| self.world.plans.get(plan_id.as_str())).flatten();
        let currencies: BTreeSet<&str> = known.map(|plan| plan.currency.as_str()).collect();
        hold(currencies.len() <= 1, "plans in several currencies")?;
        let before = self.find(&payee.payee_id).and_then(|before| self.world.named_in(&before.rows));
        let same = before.is_none() || before == self.world.named_in(&payee.rows);
        hold(same, "plans in another currency than before")
    }

    /// A component earns money or points, for ever; points have two decimals, as the money beside them.
    fn unit(&self, component: &Component, currency: &str) -> Check {
        let id = component.component_id.as_str();
        let other = if component.unit == EarningUnit::Points { &self.world.money } else { &self.world.points };
        hold(!other.contains(id), "a component that earned something else")?;
        hold(component.unit == EarningUnit::Money || minor_digits(currency) == Some(2), "points beside other decimals")
    }

    /// One currency in all rows, else that of the plans, and no other one once a close that stands may have paid.
    fn pay_currency(&self, payee: &Payee, closes: &[Close<'_>]) -> Check {
        let own = self.world.named_in(&payee.rows).unwrap_or_default();
        let of = |row: &'_ PayeeRow| row.pay_currency.clone().unwrap_or(own.to_string());
        let stated: BTreeSet<String> = payee.rows.iter().map(of).collect();
        hold(stated.len() <= 1, "a pay currency that changes")?;
        let known = |row: &PayeeRow| row.pay_currency.as_deref().is_none_or(|code| minor_digits(code).is_some());
        hold(payee.rows.iter().all(known), "pay in no currency")?;
        let paid = self.known_since.get(payee.payee_id.as_str()).is_some_and(|since| closes.iter().any(|of| of.offset > *since));
        let before = self.find(&payee.payee_id).and_then(|known| known.rows.first()).map(of);
        hold(!paid || before.is_none_or(|before| stated.contains(&before)), "pay in another currency after a close")
    }

    /// Whether on any date the chain of managers above the payee, with these rows, comes back or does not end.
    fn makes_a_cycle(&self, payee: &'h Payee) -> bool {
        let dates = self.dates_above(payee);
        dates.iter().any(|date| self.comes_back(payee, *date))
    }

    /// Every date on which a manager of anyone above the payee may change.
    fn dates_above(&self, payee: &'h Payee) -> BTreeSet<Date> {
        let (mut dates, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![payee]);
        while let Some(next) = open.pop() {
            dates.extend(next.rows.iter().map(|row| row.from));
            for manager in next.rows.iter().filter_map(|row| row.manager.as_deref()) {
                let known = self.find(manager).filter(|_| manager != payee.payee_id && seen.insert(manager));
                open.extend(known);
            }
        }
        let before_all = dates.first().map(|first| Date(first.0.saturating_sub(1)));
        dates.extend(before_all);
        dates
    }

    /// Two rows, one after the other: where one ends and the other starts in one pay period they name the same plans.
    fn same_plans_where_they_meet(&self, one: &PayeeRow, next: &PayeeRow) -> bool {
        let last_day = one.to.map(|to| Date(to.0 - 1));
        let (ends, starts) = (last_day.and_then(|day| self.world.period_of(day)), self.world.period_of(next.from));
        let plans = |row: &PayeeRow| row.plans.iter().cloned().collect::<BTreeSet<_>>();
        ends.is_none() || ends != starts || plans(one) == plans(next)
    }

    fn find(&self, payee_id: &str) -> Option<&'h Payee> {
        Some(self.world.known(self.payees.find(payee_id)?)?.payee)
    }

    fn comes_back(&self, payee: &'h Payee, date: Date) -> bool {
        let mut at = payee;
        for _ in 0..=WALK_LIMIT {
            let Some(manager) = manager_on(at, date) else { return false };
            if manager == payee.payee_id {
                return true;
            }
            let Some(next) = self.find(manager) else { return false };
            at = next;
        }
        true
    }

    fn close(&self, closed: &PeriodClosed, closes: &[Close<'_>]) -> Check {
        let calendar = self.world.calendar.ok_or("no calendar yet")?;
        hold(calendar.calendar_id == closed.calendar, "another calendar")?;
        hold(closed.pay_group == "default", "a pay group other than default")?;
        hold(self.world.bounds(closed.period).is_some(), "a period that the calendar does not reach")?;
        let Cut { deal_closed, quota_changed, deal_settled, adjustment_made } = &closed.cut;
        let whole = |offsets: &[u64]| offsets.len() == self.partitions;
        let late = [deal_settled, adjustment_made].into_iter().all(|offsets| offsets.is_empty() || whole(offsets));
        hold(whole(deal_closed) && whole(quota_changed) && late, "a cut that lacks a partition")?;
        hold(!self.used.contains(closed.close_id.as_str()), "a close_id that was used before")?;
        let due = closes.last().map(|last| last.closed.period.0 + 1);
        hold(due.is_none_or(|due| closed.period.0 == due), "a close out of order")?;
        let pairs: BTreeSet<(&str, &str)> = self.world.everyone().filter_map(|payee| converted(&self.world, payee)).collect();
        pairs.into_iter().try_for_each(|pair| rate(&self.world, pair, closed.period).map(drop))?;
        let run = |payee| Run { world: &self.world, payee, period: closed.period };
        let mut plans = self.world.plans.values().flatten();
        let read = plans.any(|plan| !plan.own_amounts.is_empty());
        self.world.everyone().filter(|_| read).try_for_each(|payee| run(payee).has_its_amounts())
    }

    fn release(&self, released: &PeriodReleased, author: &'h str, offset: u64, closes: &mut [Close<'h>]) -> Check {
        let due = closes.iter_mut().find(|close| close.released_by.is_none());
        let due = due.filter(|close| close.closed.close_id == released.close_id).ok_or("not the first unreleased close")?;
        let closer_may = self.world.company.is_some_and(|company| company.closer_may_release);
        hold(closer_may || due.author != author, "a release by the closer")?;
        let own = (self.world.company.map_or("", |company| &company.currency), released.total_minor);
        let other = released.other_totals.iter().map(|total| (total.currency.as_str(), total.total.0));
        let written = |(currency, total): (&str, i64)| {
            let digits = minor_digits(currency).unwrap_or(2);
            total.unsigned_abs() as u128 / 10u128.pow(digits) < 10u128.pow(14)
        };
        hold([own].into_iter().chain(other).all(written), "more than a record of a run holds")?;
        (due.released_by, due.released_at) = (Some(author), Some(offset));
        Ok(())
    }
}

fn overlap(one: &Plan, other: &Plan) -> bool {
    other.to.is_none_or(|to| one.from < to) && one.to.is_none_or(|to| other.from < to)
}

/// The manager that a payee's rows name for a date: by the last row that started, else the first.
fn manager_on(payee: &Payee, date: Date) -> Option<&str> {
    let started = payee.rows.iter().rev().find(|row| row.from <= date);
    started.or(payee.rows.first())?.manager.as_deref()
}
