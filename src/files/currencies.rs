//! What plans, measures and payees are in: one currency for all plans of a payee, and what a plan reads of money in its own.
//!
//! Leaves out pay in another currency (`pay_currencies`) and rates (`rates`).

use super::changes::Current;
use super::codes;
use super::draft::{CompanyFiles, Draft};
use super::people::PayeeDraft;
use super::plan::PlanDraft;
use super::source::{Findings, Located, Place};
use crate::domain::fact::Payee;
use crate::domain::plan::Plan;
use crate::domain::world::currency_fault;
use std::collections::HashMap;

const ANOTHER_ID: &str = "what was earned in one currency is never called another one: give the new employment another id";

/// What plans pay in, by id.
#[derive(Default)]
pub struct PlanCurrencies<'p>(HashMap<&'p str, &'p str>);

impl<'p> PlanCurrencies<'p> {
    pub fn of(plans: impl Iterator<Item = &'p Plan>) -> PlanCurrencies<'p> {
        PlanCurrencies(plans.map(|plan| (plan.plan_id.as_str(), plan.currency.as_str())).collect())
    }

    pub fn of_draft(draft: &'p Draft) -> PlanCurrencies<'p> {
        let named = |plan: &'p PlanDraft| Some((plan.id.as_ref()?.value.as_str(), plan.currency.as_ref()?.value.as_str()));
        PlanCurrencies(draft.plans.iter().filter_map(named).collect())
    }

    /// Of the first plan of these that is known.
    pub fn first<'n>(&self, mut plans: impl Iterator<Item = &'n String>) -> Option<&'p str> {
        plans.find_map(|plan_id| self.0.get(plan_id.as_str()).copied())
    }

    /// What a payee's plans pay in.
    pub fn of_payee(&self, payee: &Payee) -> Option<&'p str> {
        self.first(payee.rows.iter().flat_map(|row| &row.plans))
    }
}

pub fn check(draft: &Draft, findings: &mut Findings) {
    check_versions(draft, findings);
    draft.plans.iter().for_each(|plan| check_measures(plan, draft, findings));
    check_payees(draft, findings);
}

fn check_versions(draft: &Draft, findings: &mut Findings) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for plan in &draft.plans {
        let (Some(id), Some(currency)) = (&plan.id, &plan.currency) else { continue };
        let before = *first.entry(&id.value).or_insert(&currency.value);
        if before != currency.value {
            let message = format!("plan \"{}\" is in {before}, and in {} here", id.value, currency.value);
            findings.add(currency.place, codes::OTHER_CURRENCY, message, "a plan in another currency takes another id");
        }
    }
}

fn check_measures(plan: &PlanDraft, draft: &Draft, findings: &mut Findings) {
    let (Some(company), Some(pays)) = (&draft.company, &plan.currency) else { return };
    let measures = || draft.measures.iter().flatten().filter_map(|measure| measure.measure.as_ref());
    for draft in &plan.components {
        let (Some(id), Some(component)) = (&draft.id, &draft.component) else { continue };
        let own = &company.company.currency;
        for fault in measures().filter_map(|measure| currency_fault(own, &pays.value, component, measure)) {
            let hint = format!("name a measure with currency = \"{}\"", pays.value);
            findings.add(id.place, codes::OTHER_CURRENCY, fault.message, hint);
        }
    }
}

fn check_payees(draft: &Draft, findings: &mut Findings) {
    let known = PlanCurrencies::of_draft(draft);
    let mut first: HashMap<&str, &str> = HashMap::new();
    for PayeeDraft { id, plans, .. } in draft.payees.iter().flatten() {
        for Located { value: plan, place } in plans {
            let Some(currency) = known.first(std::iter::once(plan)) else { continue };
            let before = *first.entry(&id.value).or_insert(currency);
            if before != currency {
                let message = format!("\"{}\" has plans in {before}, and \"{plan}\" is in {currency}", id.value);
                findings.add(*place, codes::OTHER_CURRENCY, message, ANOTHER_ID);
            }
        }
    }
}

/// The same together with what is published: `merged` are the payees of the files with their published rows.
pub fn check_published(files: &CompanyFiles, merged: &[(Payee, Place)], current: &Current, findings: &mut Findings) {
    let published = || current.plans.values();
    let (before, now) =
        (PlanCurrencies::of(published()), PlanCurrencies::of(published().chain(files.plans.iter().map(|of| &of.value))));
    for Located { value: plan, place } in &files.plans {
        if let Some(before) = before.first(std::iter::once(&plan.plan_id)).filter(|before| *before != plan.currency) {
            let message = format!("plan \"{}\" is published in {before}, and is in {} here", plan.plan_id, plan.currency);
            findings.add(*place, codes::CANNOT_CHANGE, message, "a plan in another currency takes another id");
            return;
        }
    }
    let own = files.company.value.currency.as_str();
    let mut check = |payee: &Payee, place: Place| {
        let Some(known) = current.payees.get(&payee.payee_id) else { return };
        let (before, now) = (before.of_payee(known).unwrap_or(own), now.of_payee(payee).unwrap_or(own));
        if before != now {
            let message = format!("\"{}\" is published with plans in {before}: plans in {now} cannot follow", payee.payee_id);
            findings.add(place, codes::CANNOT_CHANGE, message, ANOTHER_ID);
        }
    };
    merged.iter().for_each(|(payee, place)| check(payee, *place));
    let named: Vec<&str> = merged.iter().map(|(payee, _)| payee.payee_id.as_str()).collect();
    for payee in current.payees.values().filter(|payee| !named.contains(&payee.payee_id.as_str())) {
        let on_it = |plan: &&Located<Plan>| payee.rows.iter().any(|row| row.plans.contains(&plan.value.plan_id));
        check(payee, files.plans.iter().find(on_it).map_or(files.company.place, |plan| plan.place));
    }
}
