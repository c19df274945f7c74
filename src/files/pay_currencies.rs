//! Pay in another currency than the plans': one for each payee, and a type of rate that converts it.

use super::changes::Current;
use super::codes;
use super::currencies::PlanCurrencies;
use super::draft::Draft;
use super::people::PayeeDraft;
use super::plan::nearest;
use super::source::{Findings, Located, Place};
use crate::domain::fact::{Company, Payee, PayeeRow};
use std::collections::{BTreeMap, BTreeSet};

/// Compares what rows of a payee say with each other, with the plans and with the company.
pub fn check(draft: &Draft, findings: &mut Findings) {
    let Some(company) = &draft.company else { return };
    let plans = Earned::of(draft, &company.company);
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for payee in draft.payees.iter().flatten() {
        let own = plans.earned_by(&payee.id.value);
        let stated = in_currency(payee).unwrap_or(own);
        let before = *first.entry(&payee.id.value).or_insert(stated);
        let place = payee.pay_currency.as_ref().map_or(payee.from_place, |currency| currency.place);
        if stated != before {
            changes(&payee.id.value, before, stated, place, findings);
        } else if stated != own && company.company.pay_rate_type.is_none() {
            let message = format!("\"{}\" is paid in {stated}, and the company names no `pay_rate_type`", payee.id.value);
            let hint = "add pay_rate_type = \"...\" to company.toml, a type of rates.csv";
            findings.add(place, codes::MISSING_KEY, message, hint);
        }
    }
}

/// What the plans of everybody pay in.
struct Earned<'d> {
    by_payee: BTreeMap<&'d str, &'d str>,
    company: &'d str,
}

impl<'d> Earned<'d> {
    fn of(draft: &'d Draft, company: &'d Company) -> Earned<'d> {
        let plans = PlanCurrencies::of_draft(draft);
        let mut by_payee = BTreeMap::new();
        for payee in draft.payees.iter().flatten() {
            if let Some(currency) = plans.first(payee.plans.iter().map(|plan| &plan.value)) {
                by_payee.entry(payee.id.value.as_str()).or_insert(currency);
            }
        }
        Earned { by_payee, company: &company.currency }
    }

    fn earned_by(&self, payee_id: &str) -> &'d str {
        self.by_payee.get(payee_id).copied().unwrap_or(self.company)
    }
}

fn in_currency(payee: &PayeeDraft) -> Option<&str> {
    payee.pay_currency.as_ref().map(|currency| currency.value.as_str())
}

fn changes(payee: &str, before: &str, now: &str, place: Place, findings: &mut Findings) {
    let message = format!("pay of \"{payee}\" that changes from {before} to {now} is not supported by this version");
    let hint = "what was paid in one currency is not taken back in another: give the new employment another id";
    findings.add(place, codes::NOT_SUPPORTED, message, hint);
}

/// A type that no row has, and currencies of pay that nothing converts into: no period would close.
pub fn warn_no_rates(draft: &Draft, findings: &mut Findings) {
    let Some(company) = &draft.company else { return };
    let Some(Located { value: rate_type, place }) = &company.pay_rate_type else { return };
    let plans = Earned::of(draft, &company.company);
    let types: BTreeSet<&str> = draft.rates.iter().map(|row| row.rate_type.value.as_str()).collect();
    if !types.contains(rate_type.as_str()) {
        let hint = nearest(rate_type, "type of rate", types.iter().copied());
        findings.add(*place, codes::UNKNOWN_RATE_TYPE, format!("no rate of the type \"{rate_type}\" is stated"), hint);
        return;
    }
    let mut said = BTreeSet::new();
    for payee in draft.payees.iter().flatten() {
        let (Some(currency), own) = (&payee.pay_currency, plans.earned_by(&payee.id.value)) else { continue };
        let stated = draft.rates.iter().any(|row| {
            row.rate_type.value == *rate_type && row.from_currency.value == own && row.to_currency.value == currency.value
        });
        if currency.value != own && !stated && said.insert((own, &currency.value)) {
            let message = format!("no \"{rate_type}\" rate from {own} to {} is stated", currency.value);
            findings.add(currency.place, codes::NO_PAY_RATE, message, "add rows to rates.csv");
        }
    }
}

/// The same of a payee's rows together with what is published; `own` is what the plans pay in.
pub fn check_published(merged: &Payee, place: Place, own: &str, current: &Current, findings: &mut Findings) {
    let of = |row: &PayeeRow| row.pay_currency.clone().unwrap_or(own.into());
    let mut stated = merged.rows.iter().map(of);
    let Some(first) = stated.next() else { return };
    if let Some(other) = stated.find(|currency| *currency != first) {
        changes(&merged.payee_id, &first, &other, place, findings);
        return;
    }
    let published = current.payees.get(&merged.payee_id).and_then(|payee| payee.rows.first()).map(of);
    if let Some(before) = published.filter(|before| *before != first && current.paid.contains(&merged.payee_id)) {
        let message = format!("a close may have paid \"{}\" in {before}: pay in {first} cannot follow", merged.payee_id);
        findings.add(place, codes::CANNOT_CHANGE, message, "give the new employment another id");
    }
}

/// What a company's type of rate for pay does.
pub fn words(company: &Company) -> String {
    match &company.pay_rate_type {
        Some(rate_type) => format!("pay converts at {rate_type} rates"),
        None => "no pay is converted".into(),
    }
}
