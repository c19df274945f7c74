//! Comparison of a company's files with each other: names, units, dates, overlaps. Reports, changes nothing.

use super::adjustments;
use super::codes;
use super::component::ComponentDraft;
use super::currencies;
use super::draft::Draft;
use super::organisation;
use super::pay_currencies;
use super::people;
use super::plan::{PlanDraft, nearest};
use super::quotas::QuotaDraft;
use super::rates;
use super::source::{Findings, Located, Place};
use super::territory_check;
use super::unit::check_units;
use crate::domain::calendar::{Calendar, Date};
use crate::domain::fact::{Measure, MeasureOf};
use crate::domain::plan::{Pays, Plan, TierBy};
use crate::domain::world::{by_year_fault, cap_fault};
use std::collections::{HashMap, HashSet};

pub fn check(draft: &Draft, findings: &mut Findings) {
    if let (Some(company), Some(calendar)) = (&draft.company, &draft.calendar) {
        let named = Located::new(company.company.calendar.clone(), company.calendar_place);
        check_calendar(&named, calendar, findings);
    }
    for plan in &draft.plans {
        check_plan(plan, draft, findings);
    }
    check_measure_twins(draft, findings);
    super::earnings::check(draft, findings);
    currencies::check(draft, findings);
    rates::check(draft, findings);
    check_versions(&draft.plans, findings);
    check_caps(draft, findings);
    check_units(&draft.plans, findings);
    check_by_year(draft, findings);
    organisation::check(draft, findings);
    super::pay_conflicts::check(draft, findings);
    pay_currencies::check(draft, findings);
    let ids = organisation::ids(draft);
    for quota in &draft.quotas {
        organisation::check_known(&quota.payee, ids.as_ref(), draft, findings);
        check_quota(quota, draft, findings);
    }
    check_quota_twins(&draft.quotas, findings);
    adjustments::check(draft, findings);
    check_people(draft, findings);
    territory_check::check(draft, findings);
    // a row that was refused may be the quota that is missed
    if findings.errors() == 0 {
        warn_no_quota(draft, findings);
        territory_check::warn_gaps(draft, findings);
        rates::warn_unknown(draft, findings);
        pay_currencies::warn_no_rates(draft, findings);
        people::warn_unknown(draft, findings);
        super::own_amounts::warn_missing(draft, findings);
        super::earnings::warn_unknown(draft, findings);
    }
}

pub fn check_calendar(named: &Located<String>, calendar: &Located<Calendar>, findings: &mut Findings) {
    let id = calendar.value.calendar_id.as_str();
    if named.value != id {
        let hint = nearest(&named.value, "calendar", [id].into_iter());
        findings.add(named.place, codes::UNKNOWN_CALENDAR, format!("no calendar is called \"{}\"", named.value), hint);
    }
}

fn check_plan(plan: &PlanDraft, draft: &Draft, findings: &mut Findings) {
    if let Some(calendar) = &draft.calendar {
        if let Some(named) = &plan.calendar {
            check_calendar(named, calendar, findings);
        }
        for date in [&plan.from, &plan.to].into_iter().flatten() {
            check_period_start(date, &calendar.value, findings);
        }
    }
    for component in &plan.components {
        check_measures(component, draft, findings);
    }
}

/// Whether a date is the first day of a pay period, or the day after the last one.
fn check_period_start(date: &Located<Date>, calendar: &Calendar, findings: &mut Findings) {
    if calendar.starts.binary_search(&date.value).is_ok() {
        return;
    }
    match calendar.period_of(date.value).and_then(|period| calendar.bounds(period)) {
        Some((start, end)) => {
            let message = format!("{} is not the first day of a pay period", date.value);
            findings.add(date.place, codes::NOT_A_PERIOD_START, message, format!("use {start} or {end}"));
        }
        None => outside(date.place, &date.value.to_string(), calendar, findings),
    }
}

pub fn outside(place: Place, what: &str, calendar: &Calendar, findings: &mut Findings) {
    let message = format!("calendar \"{}\" does not reach {what}", calendar.calendar_id);
    let hint = format!("it runs from {} to {}; extend it in calendar.toml", calendar.first, calendar.last());
    findings.add(place, codes::OUTSIDE_CALENDAR, message, hint);
}

/// Every measure of a component is defined, and counts what it is used as.
fn check_measures(component: &ComponentDraft, draft: &Draft, findings: &mut Findings) {
    let own = component.measure.as_ref().map(|measure| (measure, component.tier_by.as_ref()));
    for (measure, tier_by) in own.into_iter().chain(component.others.iter().map(|(measure, by)| (measure, by.as_ref()))) {
        let used = tier_by.and_then(|by| match by.value {
            TierBy::Amount => Some((MeasureOf::Amount, by.place, "as = \"amount\"")),
            TierBy::Quantity => Some((MeasureOf::Quantity, by.place, "as = \"quantity\"")),
            TierBy::Count => Some((MeasureOf::Count, by.place, "as = \"count\"")),
            TierBy::Attainment => None,
        });
        check_measure(measure, used, draft, findings);
    }
    check_dated(component, draft, findings);
    let paid = component.pays.as_ref().zip(component.paid.as_ref());
    let Some((pays, paid)) = paid else { return };
    let used = match pays.value {
        Pays::RateOf => (MeasureOf::Amount, pays.place, "rate_of"),
        // Money per deal is money per unit, too.
        _ if counts_deals(draft, paid) => (MeasureOf::Count, pays.place, "per_unit"),
        _ => (MeasureOf::Quantity, pays.place, "per_unit"),
    };
    let known = component.measure.as_ref().is_some_and(|measure| measure.value == paid.value);
    let defined = draft.measures.iter().flatten().any(|measure| measure.id.value == paid.value);
    if defined || !known {
        check_measure(paid, Some(used), draft, findings);
    }
}

/// What counts deals in parts has no single deal that could be priced, and takes back as it is refunded.
fn check_dated(component: &ComponentDraft, draft: &Draft, findings: &mut Findings) {
    let Some(of) = &component.component else { return };
    let is_dated = |id: &str| draft.measures.iter().flatten().any(|measure| measure.id.value == id && measure.is_dated);
    let dated = |named: &Option<Located<String>>| named.clone().filter(|named| is_dated(&named.value));
    let own = dated(&component.measure);
    if let Some(measure) = own.clone().filter(|_| of.lists_deals()) {
        let message = format!("deals one by one of measure \"{}\", which counts them in parts", measure.value);
        let hint =
            "use a measure with dated_by = \"deal\", or scope = \"running\" without whole deals, `settled` and historic_rate";
        findings.add(measure.place, codes::NOT_SUPPORTED, message, hint);
    }
    if let Some(measure) = own.or_else(|| dated(&component.paid)).filter(|_| of.takes_back_later()) {
        let message = format!(
            "a clawback in the current period of measure \"{}\", which counts what came of a deal in its own periods",
            measure.value
        );
        let hint = "write clawback = { price = \"recompute\", period = \"original\" }: a refund beyond what is returned counts in its own pay period";
        findings.add(measure.place, codes::NOT_SUPPORTED, message, hint);
    }
}

fn check_measure(named: &Located<String>, used: Option<(MeasureOf, Place, &str)>, draft: &Draft, findings: &mut Findings) {
    let Some(measures) = &draft.measures else { return };
    let Some(measure) = measures.iter().find(|measure| measure.id.value == named.value) else {
        unknown_measure(named, draft, findings);
        return;
    };
    let Some(of) = measure.counts else { return };
    let counts = match of {
        MeasureOf::Amount | MeasureOf::Margin => "amount",
        MeasureOf::Quantity | MeasureOf::Attribute => "quantity",
        MeasureOf::Count => "deals",
        MeasureOf::Earned => "what is earned",
    };
    // What is earned is money as any amount is.
    let of = if of == MeasureOf::Earned { MeasureOf::Amount } else { of };
    if let Some((_, place, what)) = used.filter(|(needed, _, _)| *needed != of) {
        let message = format!("{what} does not fit: measure \"{}\" counts {counts}", named.value);
        let hint = match of {
            MeasureOf::Amount | MeasureOf::Margin | MeasureOf::Earned => "use rate_of and as = \"amount\"",
            MeasureOf::Quantity | MeasureOf::Attribute => "use per_unit and as = \"quantity\"",
            MeasureOf::Count => "use per_unit and as = \"count\"",
        };
        findings.add(place, codes::WRONG_UNIT, message, hint);
    }
}

fn counts_deals(draft: &Draft, named: &Located<String>) -> bool {
    let mut measures = draft.measures.iter().flatten();
    measures.any(|measure| measure.id.value == named.value && measure.counts == Some(MeasureOf::Count))
}

pub fn unknown_measure(named: &Located<String>, draft: &Draft, findings: &mut Findings) {
    let Some(measures) = &draft.measures else { return };
    let hint = nearest(&named.value, "measure", measures.iter().map(|measure| measure.id.value.as_str()));
    findings.add(named.place, codes::UNKNOWN_MEASURE, format!("no measure is called \"{}\"", named.value), hint);
}

fn check_measure_twins(draft: &Draft, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for measure in draft.measures.iter().flatten() {
        if !seen.insert(measure.id.value.as_str()) {
            let message = format!("measure \"{}\" is defined twice", measure.id.value);
            findings.add(measure.id.place, codes::DUPLICATE, message, "give one of them another id");
        }
    }
}

/// Two versions of one plan are never in force on the same day.
fn check_versions(plans: &[PlanDraft], findings: &mut Findings) {
    let mut versions: Vec<(&str, Date, Option<Date>, Place)> = Vec::new();
    for plan in plans {
        if let (Some(id), Some(from)) = (&plan.id, &plan.from) {
            versions.push((&id.value, from.value, plan.to.as_ref().map(|to| to.value), from.place));
        }
    }
    versions.sort();
    for pair in versions.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let ((id, from, to, _), (_, next, _, place)) = (pair[0], pair[1]);
        if to.is_none_or(|to| to > next) {
            let message = format!("plan \"{id}\" from {from} is still in force on {next}");
            findings.add(place, codes::OVERLAP, message, format!("end the earlier version: to = {next}"));
        }
    }
}

/// Whether the versions of each plan can have the cap that one of them states.
fn check_caps(draft: &Draft, findings: &mut Findings) {
    let measures: Vec<&Measure> = draft.measures.iter().flatten().filter_map(|measure| measure.measure.as_ref()).collect();
    let mut said = HashSet::new();
    for (place, plan) in draft.plans.iter().filter_map(|plan| plan.cap_place.zip(plan.plan.as_ref())) {
        let plans = draft.plans.iter().filter_map(|plan| plan.plan.as_ref());
        let versions: Vec<&Plan> = plans.filter(|other| other.plan_id == plan.plan_id).collect();
        if let Some(fault) = cap_fault(&versions, &measures).filter(|_| said.insert(&plan.plan_id)) {
            let hint = "put what the cap is of into a plan of its own, which a payee may be on beside others";
            findings.add(place, codes::NOT_SUPPORTED, fault, hint);
        }
    }
}

/// What prices a component of months or quarters never changes, since what is booked of it stands there.
fn check_by_year(draft: &Draft, findings: &mut Findings) {
    let plans = || draft.plans.iter().filter_map(|draft| draft.plan.as_ref());
    let Some((plan, component_id, fault)) = by_year_fault(plans()) else { return };
    let own = draft.plans.iter().find(|draft| draft.plan.as_ref().is_some_and(|of| std::ptr::eq(of, plan)));
    let mut ids = own.into_iter().flat_map(|draft| &draft.components).filter_map(|component| component.id.as_ref());
    if let Some(id) = ids.find(|id| id.value == component_id) {
        findings.add(
            id.place,
            codes::NOT_SUPPORTED,
            fault,
            "give the component another id in one of them, or let both say the same",
        );
    }
}

fn check_quota(quota: &QuotaDraft, draft: &Draft, findings: &mut Findings) {
    if let Some(measures) = &draft.measures
        && !measures.iter().any(|measure| measure.id.value == quota.measure.value)
    {
        unknown_measure(&quota.measure, draft, findings);
    }
    let Some(calendar) = &draft.calendar else { return };
    check_calendar(&quota.calendar, calendar, findings);
    let (first, last) = quota.interval.value.first_and_last();
    let (Some((start, _)), Some((_, end))) = (calendar.value.bounds(first), calendar.value.bounds(last)) else {
        outside(quota.interval.place, &quota.interval.value.to_string(), &calendar.value, findings);
        return;
    };
    let Some(applies_from) = &quota.applies_from else { return };
    if applies_from.value < start || applies_from.value >= end {
        let message = format!("{} is not in {}", applies_from.value, quota.interval.value);
        findings.add(applies_from.place, codes::BAD_RANGE, message, format!("it runs from {start} to the day before {end}"));
    } else {
        check_period_start(applies_from, &calendar.value, findings);
    }
}

fn check_quota_twins(quotas: &[QuotaDraft], findings: &mut Findings) {
    let mut seen = HashSet::new();
    for draft in quotas {
        let quota = &draft.quota;
        let key = (&quota.payee_id, &quota.measure, quota.interval, quota.applies_from, quota.revision);
        if !seen.insert(key) {
            let message =
                format!("a quota of \"{}\" for \"{}\" and {} is there twice", quota.payee_id, quota.measure, quota.interval);
            findings.add(draft.payee.place, codes::DUPLICATE, message, "keep one row, or give them different applies_from");
        }
    }
}

fn check_people(draft: &Draft, findings: &mut Findings) {
    let ids = organisation::ids(draft);
    let mut seen = HashSet::new();
    for person in &draft.people {
        organisation::check_known(&person.id, ids.as_ref(), draft, findings);
        if !seen.insert(person.id.value.as_str()) {
            let message = format!("payee \"{}\" has two names", person.id.value);
            findings.add(person.id.place, codes::DUPLICATE, message, "keep one of the rows");
        }
    }
}

/// A payee whose plan pays by attainment of a measure, without any quota for it.
fn warn_no_quota(draft: &Draft, findings: &mut Findings) {
    let quotas: HashSet<_> = draft
        .quotas
        .iter()
        .map(|draft| (draft.quota.payee_id.as_str(), draft.quota.measure.as_str(), draft.quota.interval.kind()))
        .collect();
    let mut needs: HashMap<&str, Vec<&ComponentDraft>> = HashMap::new();
    for plan in &draft.plans {
        if let Some(id) = &plan.id {
            needs.entry(&id.value).or_default().extend(&plan.components);
        }
    }
    let mut said = HashSet::new();
    for payee in draft.payees.iter().flatten() {
        for component in payee.plans.iter().filter_map(|plan| needs.get(plan.value.as_str())).flatten() {
            let Some(interval) = component.interval else { continue };
            for measure in component.with_quota() {
                let key = (payee.id.value.as_str(), measure.value.as_str(), interval);
                if !quotas.contains(&key) && said.insert(key) {
                    let message =
                        format!("\"{}\" is paid by attainment of \"{}\" and has no quota for it", payee.id.value, measure.value);
                    findings.add(payee.id.place, codes::NO_QUOTA, message, "add rows to quotas.csv");
                }
            }
        }
    }
}
