//! What a fact may say, in the world before it, and what it touches: a pure check in log order.

use super::component::{check_component, check_to_date};
use super::earnings::{check_earnings, rounds_of};
use super::listed::check_dated;
use super::organisation::MAXIMUM_LEVELS;
use super::own_amounts::check_own_amounts;
use super::pay::{check_pay_terms, check_totals};
use super::pools::pool_fault;
use super::ramps::check_ramp;
use super::{DefinedMeasure, Operation, PlanVersion, Run, RunState, World};
use crate::domain::calendar::{Calendar, Date};
use crate::domain::currency::Money;
use crate::domain::deal::check_id;
use crate::domain::fact::{
    Company, Cut, EarnedBy, Fact, FactBody, Measure, Payee, PayeeRow, PeriodClosed, PeriodReleased, PeriodReopened,
};
use crate::domain::money::{POINTS_DECIMALS, minor_digits};
use crate::domain::plan::{Component, EarningUnit, Plan};
use crate::domain::reject::{Reason, Reject};
use std::collections::BTreeSet;
use std::sync::Arc;

/// More payees than this in one reach are told as "everybody".
pub(super) const NAMED_PAYEES: usize = 1_000;

/// What a fact touches, so that only that is folded again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Deals closed on or after this day may credit others now.
    pub credits_from: Option<Date>,
    /// Credits that were given count in a measure that was not there.
    pub backfill: bool,
    /// What was parked may go on.
    pub parked: bool,
    /// Every payee's earnings may differ ...
    pub all_earnings: bool,
    /// ... or only these.
    pub payees: BTreeSet<String>,
}

impl Reach {
    pub fn merge(&mut self, other: &Reach) {
        self.credits_from = match (self.credits_from, other.credits_from) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.backfill |= other.backfill;
        self.parked |= other.parked;
        self.all_earnings |= other.all_earnings;
        self.payees.extend(other.payees.iter().cloned());
        if self.payees.len() > NAMED_PAYEES {
            self.all_earnings = true;
            self.payees.clear();
        }
    }
}

pub(super) fn invalid(field: &str, message: String) -> Reject {
    Reject::new(Reason::InvalidFact, field, message)
}

pub(super) fn not_supported(field: &str, message: &str) -> Reject {
    Reject::new(Reason::NotSupported, field, message.into())
}

impl World {
    /// Applies the fact at `offset`. A refused fact changes nothing but `facts_next`.
    pub fn apply(&mut self, offset: u64, fact: &Fact) -> Result<Reach, Reject> {
        self.facts_next = offset + 1;
        match &fact.body {
            FactBody::CompanyDefined(company) => self.apply_company(company),
            FactBody::CalendarDefined(calendar) => self.apply_calendar(calendar),
            FactBody::MeasureDefined(measure) => self.apply_measure(offset, measure),
            FactBody::PlanDefined(plan) => self.apply_plan(offset, plan),
            FactBody::PayeeDefined(payee) => self.apply_payee(payee),
            FactBody::TerritoriesDefined(stated) => self.apply_territories(stated),
            FactBody::RatesDefined(stated) => self.apply_rates(stated),
            FactBody::PeriodClosed(closed) => self.apply_closed(closed, &fact.author),
            FactBody::PeriodReopened(reopened) => self.apply_reopened(reopened),
            FactBody::PeriodReleased(released) => self.apply_released(released, &fact.author),
        }
    }

    fn apply_company(&mut self, company: &Company) -> Result<Reach, Reject> {
        let Some(digits) = minor_digits(&company.currency) else {
            return Err(invalid("currency", format!("\"{}\" is not an ISO 4217 currency code", company.currency)));
        };
        if let Some(known) = &self.company {
            let same = known.currency == company.currency
                && known.calendar == company.calendar
                && known.company_id == company.company_id;
            if !same {
                return Err(not_supported("company", "a company's id, currency and calendar cannot change"));
            }
        }
        if self.calendar.as_ref().is_some_and(|calendar| calendar.calendar_id != company.calendar) {
            return Err(not_supported("calendar", "the company names another calendar than the one published"));
        }
        if let Some(rate_type) = &company.pay_rate_type {
            check_id("pay_rate_type", rate_type).map_err(|reject| invalid(&reject.field, reject.message))?;
        }
        self.check_currencies(Some(&company.currency), self.known_measures(), self.known_plans())?;
        let first = self.company.is_none();
        self.company = Some(Arc::new(company.clone()));
        self.money = Money { currency: company.currency.as_str().into(), minor_digits: digits };
        Ok(Reach { parked: first, all_earnings: first, ..Reach::default() })
    }

    fn apply_calendar(&mut self, calendar: &Calendar) -> Result<Reach, Reject> {
        check_id("calendar_id", &calendar.calendar_id).map_err(|reject| invalid(&reject.field, reject.message))?;
        if calendar.starts.len() < 2 || calendar.starts.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(invalid("starts", "a calendar needs at least one period, and first days that ascend".into()));
        }
        if self.company.as_ref().is_some_and(|company| company.calendar != calendar.calendar_id) {
            return Err(not_supported("calendar_id", "a second calendar: the company has one"));
        }
        match &self.calendar {
            Some(known) if known.calendar_id != calendar.calendar_id => {
                return Err(not_supported("calendar_id", "a second calendar: the company has one"));
            }
            Some(known) if !known.is_extended_by(calendar) => {
                return Err(invalid(
                    "starts",
                    "a calendar can only be extended: its published periods must stay as they are".into(),
                ));
            }
            _ => {}
        }
        if self.calendar.as_deref() == Some(calendar) {
            return Ok(Reach::default());
        }
        self.calendar = Some(Arc::new(calendar.clone()));
        self.calendar_id = calendar.calendar_id.as_str().into();
        // Deals count in measures that are dated by settlements as far as the calendar reaches.
        let credits_from = self.is_dated_by_settlements().then_some(Date(i32::MIN));
        Ok(Reach { parked: true, all_earnings: true, credits_from, ..Reach::default() })
    }

    fn apply_measure(&mut self, offset: u64, measure: &Measure) -> Result<Reach, Reject> {
        check_id("measure_id", &measure.measure_id).map_err(|reject| invalid(&reject.field, reject.message))?;
        check_earnings(measure)?;
        measure.check().map_err(|(field, message)| invalid(field, message.into()))?;
        if let Some(rate_type) = &measure.rate_type {
            check_id("rate_type", rate_type).map_err(|reject| invalid(&reject.field, reject.message))?;
        }
        match self.measure(&measure.measure_id) {
            Some(known) if known.measure == *measure => return Ok(Reach::default()),
            Some(known) if known.measure.begins_to_convert(measure) => {
                let mut measures = self.measures.iter().cloned().collect::<Vec<_>>();
                let same = |of: &&mut DefinedMeasure| of.measure.measure_id == measure.measure_id;
                measures.iter_mut().filter(same).for_each(|of| of.measure = measure.clone());
                self.measures = Arc::new(measures);
                // Every deal that this is about waits for it.
                return Ok(Reach { parked: true, ..Reach::default() });
            }
            Some(_) => {
                let message = format!("measure \"{}\" is published with another definition; use a new id", measure.measure_id);
                return Err(invalid("measure_id", message));
            }
            None => {}
        }
        let mut components = self.plans.values().flatten().flat_map(|version| &version.plan.components);
        components.try_for_each(|component| check_dated(component, measure))?;
        self.check_currencies(self.own_currency(), std::iter::once(measure), self.known_plans())?;
        let defined = {
            let id = measure.measure_id.as_str().into();
            DefinedMeasure { id, measure: measure.clone(), offset, listed: None, returned: None }
        };
        let mut measures = self.measures.as_ref().clone();
        measures.push(defined);
        let rounds = rounds_of(&measures, &self.plans)?;
        (self.measures, self.earning_rounds) = (Arc::new(measures), rounds);
        let begins = self.list_measures(offset);
        Ok(Reach { backfill: measure.earnings.is_none() || begins, all_earnings: true, ..Reach::default() })
    }

    pub(super) fn apply_plan(&mut self, offset: u64, plan: &Plan) -> Result<Reach, Reject> {
        self.check_plan(plan)?;
        let money = self.check_plan_currency(plan)?;
        self.check_currencies(self.own_currency(), self.known_measures(), std::iter::once(plan))?;
        let versions = self.plans.get(&plan.plan_id).map(Vec::as_slice).unwrap_or_default();
        let other = versions.iter().filter(|version| version.plan.from != plan.from);
        for version in other {
            let apart = plan.to.is_some_and(|to| to <= version.plan.from) || version.plan.to.is_some_and(|to| to <= plan.from);
            if !apart {
                let message = format!("overlaps the version from {}: end one where the other starts", version.plan.from);
                return Err(invalid("from", message));
            }
        }
        if versions.iter().any(|version| version.plan == *plan) {
            return Ok(Reach::default());
        }
        let names = plan.components.iter().map(|c| (c.component_id.as_str().into(), c.earning_code.as_str().into())).collect();
        let plan_id = plan.plan_id.as_str().into();
        let version = Arc::new(PlanVersion { plan: plan.clone(), plan_id, money, names });
        let mut plans = self.plans.as_ref().clone();
        let versions = plans.entry(plan.plan_id.clone()).or_default();
        versions.retain(|version| version.plan.from != plan.from);
        versions.push(version);
        versions.sort_by_key(|version| version.plan.from);
        let rounds = rounds_of(&self.measures, &plans)?;
        (self.plans, self.earning_rounds) = (Arc::new(plans), rounds);
        let units = Arc::make_mut(&mut self.units);
        units.extend(plan.components.iter().map(|component| (component.component_id.clone(), component.unit)));
        let years_begin = self.note_years(offset, plan);
        let looked_up = self.define_lookups(offset, plan);
        let backfill = self.list_measures(offset) || years_begin || looked_up;
        Ok(Reach { all_earnings: true, backfill, ..Reach::default() })
    }

    pub(super) fn check_plan(&self, plan: &Plan) -> Result<(), Reject> {
        check_id("plan_id", &plan.plan_id).map_err(|reject| invalid(&reject.field, reject.message))?;
        if self.company.as_ref().is_some_and(|company| company.calendar != plan.calendar) {
            return Err(not_supported("calendar", "a plan on another calendar than the company's"));
        }
        let inside = |date: Date| self.calendar.as_ref().is_some_and(|calendar| calendar.is_inside(date));
        if inside(plan.from) || plan.to.is_some_and(inside) {
            return Err(invalid("from", "a plan starts and ends on first days of pay periods of its calendar".into()));
        }
        if plan.to.is_some_and(|to| to <= plan.from) {
            return Err(invalid("to", format!("{} is not after {}", plan.to.unwrap_or(plan.from), plan.from)));
        }
        for (place, component) in plan.components.iter().enumerate() {
            if plan.components[..place].iter().any(|earlier| earlier.component_id == component.component_id) {
                return Err(invalid("components", format!("component \"{}\" twice", component.component_id)));
            }
            check_component(component)?;
            self.check_unit(component, &plan.currency)?;
            if let Some(fault) = pool_fault(component, plan) {
                return Err(not_supported(&format!("components.{}", component.component_id), fault));
            }
            self.measures.iter().try_for_each(|defined| check_dated(component, &defined.measure))?;
            check_to_date(component, plan)?;
        }
        self.check_by_year(plan)?;
        check_ramp(plan)?;
        check_own_amounts(plan)?;
        check_pay_terms(plan)
    }

    /// What is booked of a component adds up, so what it earns never changes.
    fn check_unit(&self, component: &Component, currency: &str) -> Result<(), Reject> {
        let id = &component.component_id;
        if self.units.get(id).is_some_and(|known| *known != component.unit) {
            let message = format!("component \"{id}\" earned something else before: money or points; use a new id");
            return Err(invalid("unit", message));
        }
        if component.unit == EarningUnit::Points && minor_digits(currency) != Some(POINTS_DECIMALS) {
            return Err(not_supported("unit", "points beside a currency of other decimals than theirs"));
        }
        Ok(())
    }

    fn apply_payee(&mut self, payee: &Payee) -> Result<Reach, Reject> {
        check_id("payee_id", &payee.payee_id).map_err(|reject| invalid(&reject.field, reject.message))?;
        check_rows(payee, self.calendar.as_deref())?;
        self.check_payee_currency(payee)?;
        self.check_pay_currency(payee)?;
        let known = self.organisation.get(&payee.payee_id).cloned();
        if known.as_deref() == Some(payee) {
            return Ok(Reach::default());
        }
        if self.organisation.makes_cycle(payee) {
            let message =
                format!("payee \"{}\" would manage himself, or the chain has more than {MAXIMUM_LEVELS} levels", payee.payee_id);
            return Err(invalid("manager", message));
        }
        self.check_team(payee)?;
        let mut reach = reach_of(known.as_deref(), payee);
        // Whose manager somebody is, and whose he is told to be, decides what everybody around is told.
        reach.all_earnings = self.tells(EarnedBy::Reports) && (known.is_none() || reach.credits_from.is_some());
        reach.all_earnings |= self.moves_team(known.as_deref(), payee);
        let runs = self.runs.len();
        Arc::make_mut(&mut self.organisation).insert(payee.clone(), runs);
        Ok(reach)
    }

    fn apply_closed(&mut self, closed: &PeriodClosed, author: &str) -> Result<Reach, Reject> {
        check_id("close_id", &closed.close_id).map_err(|reject| invalid(&reject.field, reject.message))?;
        let known = self.calendar.as_ref().filter(|calendar| calendar.calendar_id == closed.calendar);
        if known.and_then(|calendar| calendar.bounds(closed.period)).is_none() {
            return Err(invalid("period", format!("{} is not a period of calendar \"{}\"", closed.period, closed.calendar)));
        }
        if closed.pay_group != "default" {
            return Err(not_supported("pay_group", "a pay group other than \"default\""));
        }
        if self.runs.iter().any(|run| run.closed.close_id == closed.close_id) {
            return Err(invalid("close_id", format!("\"{}\" was used before", closed.close_id)));
        }
        let partitions = self.partitions as usize;
        let Cut { deal_closed, quota_changed, deal_settled, adjustment_made } = &closed.cut;
        let whole = |offsets: &Vec<u64>| offsets.len() == partitions;
        // Inputs that came with a later version are none of an earlier close.
        let since = |offsets: &Vec<u64>| whole(offsets) || offsets.is_empty();
        if !whole(deal_closed) || !whole(quota_changed) || !since(deal_settled) || !since(adjustment_made) {
            return Err(invalid("cut", format!("needs the end offset of each of the {partitions} partitions of every input")));
        }
        if let Some(last) = self.closed_through()
            && closed.period != last.next()
        {
            return Err(invalid("period", format!("{} cannot be closed: the next one is {}", closed.period, last.next())));
        }
        self.check_payable(closed.period)?;
        let (closed, closed_by, rounds) = (closed.clone(), author.into(), self.earning_rounds);
        let run = Run { closed, closed_by, state: RunState::Closed, release: None, rounds };
        Arc::make_mut(&mut self.runs).push(run);
        self.operate(Operation::Close(self.runs.len() - 1));
        Ok(Reach::default())
    }

    fn apply_reopened(&mut self, reopened: &PeriodReopened) -> Result<Reach, Reject> {
        let last = self.runs.iter().rposition(|run| run.state != RunState::Reopened);
        let index = last.filter(|index| self.runs[*index].closed.close_id == reopened.close_id);
        let Some(index) = index.filter(|index| self.runs[*index].state == RunState::Closed) else {
            let message = format!("\"{}\" is not the last closed and unreleased period", reopened.close_id);
            return Err(invalid("close_id", message));
        };
        Arc::make_mut(&mut self.runs)[index].state = RunState::Reopened;
        self.operate(Operation::Reopen(index));
        Ok(Reach::default())
    }

    fn apply_released(&mut self, released: &PeriodReleased, author: &str) -> Result<Reach, Reject> {
        let first = self.runs.iter().position(|run| run.state == RunState::Closed);
        let Some(index) = first.filter(|index| self.runs[*index].closed.close_id == released.close_id) else {
            let message = format!("\"{}\" is not the first closed and unreleased period", released.close_id);
            return Err(invalid("close_id", message));
        };
        let closer_may = self.company.as_ref().is_some_and(|company| company.closer_may_release);
        if self.runs[index].closed_by == author && !closer_may {
            return Err(invalid("author", format!("\"{author}\" closed this period; another person releases it")));
        }
        check_totals(released, &self.money.currency)?;
        let run = &mut Arc::make_mut(&mut self.runs)[index];
        run.state = RunState::Released;
        run.release = Some((released.clone(), author.into()));
        self.operate(Operation::Release(index));
        Ok(Reach::default())
    }

    fn operate(&mut self, operation: Operation) {
        Arc::make_mut(&mut self.operations).push(operation);
    }
}

fn check_rows(payee: &Payee, calendar: Option<&Calendar>) -> Result<(), Reject> {
    if payee.rows.is_empty() {
        return Err(invalid("rows", format!("payee \"{}\" has no row", payee.payee_id)));
    }
    for row in &payee.rows {
        if row.to.is_some_and(|to| to <= row.from) {
            return Err(invalid(
                "rows",
                format!("payee \"{}\": the row from {} ends before it starts", payee.payee_id, row.from),
            ));
        }
        if row.pay_group != "default" {
            return Err(not_supported("pay_group", "a pay group other than \"default\""));
        }
        let named = row.parameters.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !named || row.parameters.iter().any(|(name, amount)| name.is_empty() || amount.0 < 0) {
            return Err(invalid("parameters", "parameters have names in order, each once, and are not negative".into()));
        }
    }
    for pair in payee.rows.windows(2) {
        if pair[0].to.is_none_or(|to| to > pair[1].from) {
            let message = format!("payee \"{}\": the rows from {} and {} overlap", payee.payee_id, pair[0].from, pair[1].from);
            return Err(invalid("rows", message));
        }
        let period = |date: Date| calendar.and_then(|calendar| calendar.period_of(date));
        let last = pair[0].to.and_then(|to| period(Date(to.0 - 1)));
        let meet = last.is_some() && last == period(pair[1].from);
        let plans = |row: &PayeeRow| row.plans.iter().cloned().collect::<BTreeSet<String>>();
        if meet && plans(&pair[0]) != plans(&pair[1]) {
            return Err(not_supported("plans", "a change of plans inside a pay period"));
        }
    }
    Ok(())
}

/// Credits follow managers and dates in force, earnings follow plans.
fn reach_of(known: Option<&Payee>, payee: &Payee) -> Reach {
    let mut reach = Reach { parked: true, payees: BTreeSet::from([payee.payee_id.clone()]), ..Reach::default() };
    if let Some(known) = known {
        let seat = |p: &Payee| p.rows.iter().map(|row| (row.from, row.to, row.manager.clone())).collect::<Vec<_>>();
        let (old, new) = (seat(known), seat(payee));
        let differing = old.iter().filter(|row| !new.contains(row)).chain(new.iter().filter(|row| !old.contains(row)));
        reach.credits_from = differing.map(|row| row.0).min();
        // A manager's first row also answers for days before it.
        if old.first() != new.first() && reach.credits_from.is_some() {
            reach.credits_from = Some(Date(i32::MIN));
        }
    }
    reach
}
