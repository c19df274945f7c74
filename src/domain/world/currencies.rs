//! What plans, payees and measures are in: plans of one payee in one currency, and what plans read of money in theirs.
//!
//! Leaves out rates (`rates`) and what a deal counts as (`domain::credit`).

use super::World;
use super::apply::invalid;
use super::earnings::Fault;
use crate::domain::currency::Money;
use crate::domain::fact::Payee;
use crate::domain::measure::Measure;
use crate::domain::money::minor_digits;
use crate::domain::plan::{Component, Plan};
use crate::domain::reject::Reject;
use std::collections::BTreeSet;
use std::sync::Arc;

impl World {
    pub(super) fn own_currency(&self) -> Option<&str> {
        self.company.as_ref().map(|company| company.currency.as_str())
    }

    pub(super) fn known_measures(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().map(|defined| &defined.measure)
    }

    pub(super) fn known_plans(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values().flatten().map(|version| &version.plan)
    }

    /// What the plans of a payee pay in: all of them the same. The company's where none of them is known.
    pub fn money_of(&self, payee_id: &str) -> &Money {
        let payee = self.organisation.get(payee_id);
        payee.and_then(|payee| self.plan_money(payee)).unwrap_or(&self.money)
    }

    /// What a measure counts in, where it counts money.
    pub fn currency_of<'m>(&'m self, measure: &'m Measure) -> &'m str {
        measure.currency.as_deref().unwrap_or(&self.money.currency)
    }

    /// The same, where it is not the company's.
    pub fn other_currency_of<'m>(&self, measure: &'m Measure) -> Option<&'m str> {
        measure.currency.as_deref().filter(|currency| **currency != *self.money.currency)
    }

    /// What the plans pay in that a payee's rows name.
    pub(super) fn plan_currency<'w>(&'w self, payee: &'w Payee) -> &'w str {
        &self.plan_money(payee).unwrap_or(&self.money).currency
    }

    fn plan_money<'w>(&'w self, payee: &'w Payee) -> Option<&'w Money> {
        self.known_moneys(payee).next()
    }

    /// Of each plan that a payee's rows name, as far as it is known.
    fn known_moneys<'w>(&'w self, payee: &'w Payee) -> impl Iterator<Item = &'w Money> {
        let plans = payee.rows.iter().flat_map(|row| &row.plans);
        plans.filter_map(|plan_id| self.plans.get(plan_id)?.first()).map(|version| &version.money)
    }

    /// The same, where it is settled: on no known plan it is not before the company is known.
    fn settled_currency<'w>(&'w self, payee: &'w Payee) -> Option<&'w Arc<str>> {
        let own = self.company.as_ref().map(|_| &self.money);
        self.plan_money(payee).or(own).map(|money| &money.currency)
    }

    /// What was earned in one currency is never called another one.
    pub(super) fn check_payee_currency(&self, payee: &Payee) -> Result<(), Reject> {
        let all: BTreeSet<&str> = self.known_moneys(payee).map(|money| &*money.currency).collect();
        if all.len() > 1 {
            let all: Vec<&str> = all.into_iter().collect();
            return Err(invalid("plans", format!("payee \"{}\": plans in {}", payee.payee_id, all.join(" and "))));
        }
        let known = self.organisation.get(&payee.payee_id);
        let (before, now) = (known.and_then(|known| self.settled_currency(known)), self.plan_currency(payee));
        if let Some(before) = before.filter(|before| ***before != *now) {
            return Err(invalid("plans", format!("payee \"{}\": plans in \"{now}\" after \"{before}\"", payee.payee_id)));
        }
        Ok(())
    }

    /// The currency of a plan is one, and that of all who are on it already.
    pub(super) fn check_plan_currency(&self, plan: &Plan) -> Result<Money, Reject> {
        let stated = &plan.currency;
        let Some(minor_digits) = minor_digits(stated) else {
            return Err(invalid("currency", format!("\"{stated}\" is not an ISO 4217 currency code")));
        };
        let money = Money { currency: stated.as_str().into(), minor_digits };
        if let Some(known) = self.plans.get(&plan.plan_id).and_then(|versions| versions.first()) {
            return match known.money == money {
                true => Ok(money),
                false => {
                    let before = &known.money.currency;
                    Err(invalid("currency", format!("plan \"{}\" in {stated} after {before}: use a new id", plan.plan_id)))
                }
            };
        }
        let on_it = |payee: &&Arc<Payee>| payee.rows.iter().any(|row| row.plans.contains(&plan.plan_id));
        let of = |payee: &'_ Arc<Payee>| Some((payee.payee_id.clone(), self.settled_currency(payee)?.clone()));
        let others = self.organisation.payees().filter(on_it).filter_map(of);
        // The first of them by id, so that everybody says the same.
        match others.filter(|(_, before)| *before != money.currency).min() {
            Some((payee_id, before)) => {
                let message =
                    format!("payee \"{payee_id}\" is on it, and of {before}: a plan in {stated} comes before its payees");
                Err(invalid("currency", message))
            }
            None => Ok(money),
        }
    }

    /// Whether what plans read is in their currencies, once these are the plans and measures.
    pub(super) fn check_currencies<'c>(
        &self,
        own: Option<&str>,
        measures: impl Iterator<Item = &'c Measure>,
        plans: impl Iterator<Item = &'c Plan>,
    ) -> Result<(), Reject> {
        let Some(own) = own else { return Ok(()) };
        let measures: Vec<&Measure> = measures.filter(|measure| measure.has_currency()).collect();
        for plan in plans {
            for component in &plan.components {
                let mut faults = measures.iter().filter_map(|measure| currency_fault(own, &plan.currency, component, measure));
                if let Some(Fault { component_id, message }) = faults.next() {
                    return Err(invalid(&format!("components.{component_id}"), message));
                }
            }
        }
        Ok(())
    }
}

/// Why a component of a plan that pays in a currency cannot read a measure, or a measure count what the component earns; `own` is
/// the company's. What is compared with a quota is a ratio, and may be in any.
pub fn currency_fault(own: &str, pays: &str, component: &Component, measure: &Measure) -> Option<Fault> {
    let currency = measure.currency.as_deref().unwrap_or(own);
    if !measure.has_currency() || currency == pays {
        return None;
    }
    let (id, measure_id) = (&component.component_id, &measure.measure_id);
    let in_money = |(read, by_quota): (&str, bool)| read == measure_id && !by_quota;
    let in_formula = component.formula().is_some_and(|of| of.measures().iter().any(|of| of.in_units && of.id == *measure_id));
    let message = if component.paid() == Some(measure_id) || in_formula || component.measures().any(in_money) {
        format!("component \"{id}\" pays {pays}: measure \"{measure_id}\" is in {currency}, to be compared with a quota alone")
    } else if measure.counts_earnings_of(id) {
        format!("component \"{id}\" pays {pays}: measure \"{measure_id}\" counts what is earned in {currency}")
    } else {
        return None;
    };
    Some(Fault { component_id: id.clone(), message })
}
