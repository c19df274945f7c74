//! What publishing a directory would append: the difference to what is published, and nothing else.
//!
//! A missing row changes nothing; an end is an explicit `to`. Rows of a payee merge by `from`. Publishing twice appends
//! once: the difference to what has just been published is empty.

use super::adjustments::adjustment_changes;
use super::codes;
use super::currencies::{self, PlanCurrencies};
use super::diagnostic::Diagnostic;
use super::draft::CompanyFiles;
use super::pay_currencies;
use super::plan_words::differences;
use super::quota_changes::quota_changes;
use super::quotas::Quota;
use super::rates::rate_changes;
use super::source::{Findings, Located, Place};
use super::territory_changes::territory_changes;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::{Calendar, Date};
use crate::domain::currency::CurrencyRates;
use crate::domain::fact::{Company, FactBody, Measure, Payee, PayeeRow};
use crate::domain::output::PayeeName;
use crate::domain::plan::Plan;
use crate::domain::territory::Territories;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What is published now. Quotas: every statement that is still known, with its revision; the newest of each key at least.
#[derive(Clone, Debug, Default)]
pub struct Current {
    pub company: Option<Company>,
    pub calendar: Option<Calendar>,
    pub measures: BTreeMap<String, Measure>,
    pub plans: BTreeMap<(String, Date), Plan>,
    pub payees: BTreeMap<String, Payee>,
    /// Those whom a close may have paid: their pay stays in its currency.
    pub paid: BTreeSet<String>,
    pub territories: Option<Territories>,
    pub rates: Vec<CurrencyRates>,
    pub quotas: Vec<Quota>,
    /// In the order of the log.
    pub adjustments: Vec<AdjustmentMade>,
    pub names: BTreeMap<String, PayeeName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Changed,
    Ended,
}

/// What is appended for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Fact(FactBody),
    /// Its revision is set.
    Quota(Quota),
    Adjustment(AdjustmentMade),
    Name(PayeeName),
}

/// One record to append, and what it does: a line, and what of a plan is another below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    pub description: String,
    pub record: Record,
}

/// The records to append, in the order in which they have to be; or what cannot be published, with its place.
pub fn changes(files: &CompanyFiles, current: &Current) -> Result<Vec<Change>, Vec<Diagnostic>> {
    let mut findings = files.findings.clone();
    let mut list = Vec::new();
    list.extend(company(&files.company, current.company.as_ref(), &mut findings));
    list.extend(calendar(&files.calendar, current.calendar.as_ref(), &mut findings));
    list.extend(rate_changes(&files.rates, &current.rates, &mut findings));
    for located in &files.measures {
        list.extend(measure(located, current, &mut findings));
    }
    check_plan_versions(files, current, &mut findings);
    list.extend(files.plans.iter().filter_map(|located| plan(&located.value, current)));
    list.extend(payees(files, current, &mut findings));
    list.extend(territory_changes(files.territories.as_ref(), current.territories.as_ref(), &mut findings));
    list.extend(quota_changes(&files.quotas, &current.quotas, &mut findings));
    list.extend(adjustment_changes(&files.adjustments, &current.adjustments, &mut findings));
    list.extend(files.names.iter().filter_map(|name| self::name(name, current)));
    if findings.errors() > 0 { Err(findings.take()) } else { Ok(list) }
}

fn fact(kind: ChangeKind, description: String, body: FactBody) -> Option<Change> {
    Some(Change { kind, description, record: Record::Fact(body) })
}

fn company(located: &Located<Company>, current: Option<&Company>, findings: &mut Findings) -> Option<Change> {
    let company = &located.value;
    let body = FactBody::CompanyDefined(company.clone());
    let Some(current) = current else {
        return fact(ChangeKind::Added, format!("company {}, {}", company.company_id, company.currency), body);
    };
    let parts = [
        ("company_id", &current.company_id, &company.company_id),
        ("currency", &current.currency, &company.currency),
        ("calendar", &current.calendar, &company.calendar),
    ];
    for (key, published, stated) in parts.into_iter().filter(|(_, published, stated)| published != stated) {
        let message = format!("`{key}` is published as \"{published}\" and cannot become \"{stated}\"");
        findings.add(
            located.place,
            codes::CANNOT_CHANGE,
            message,
            "another company takes another data directory or topic prefix",
        );
    }
    let may = if company.closer_may_release { "may" } else { "may not" };
    let released = (company.closer_may_release != current.closer_may_release).then(|| format!("the closer {may} release"));
    let paid = (company.pay_rate_type != current.pay_rate_type).then(|| pay_currencies::words(company));
    let words: Vec<String> = released.into_iter().chain(paid).collect();
    if words.is_empty() {
        return None;
    }
    fact(ChangeKind::Changed, format!("company {}: {}", company.company_id, words.join("; ")), body)
}

fn calendar(located: &Located<Calendar>, current: Option<&Calendar>, findings: &mut Findings) -> Option<Change> {
    let calendar = &located.value;
    let body = FactBody::CalendarDefined(calendar.clone());
    let days = calendar.bounds(calendar.first).zip(calendar.bounds(calendar.last()));
    let days = days.map(|((from, _), (_, to))| format!(" ({from} to the day before {to})")).unwrap_or_default();
    let range = format!("{} to {}{days}", calendar.first, calendar.last());
    let Some(current) = current else {
        return fact(ChangeKind::Added, format!("calendar {}, {range}", calendar.calendar_id), body);
    };
    if calendar.is_extended_by(current) {
        return None;
    }
    if !current.is_extended_by(calendar) {
        let message = format!("calendar \"{}\" is published from {} to {}", current.calendar_id, current.first, current.last());
        findings.add(located.place, codes::CANNOT_CHANGE, message, "a calendar only extends: keep id and `from`, raise `to`");
        return None;
    }
    fact(ChangeKind::Changed, format!("calendar {} reaches {}", calendar.calendar_id, calendar.last()), body)
}

fn measure(located: &Located<Measure>, current: &Current, findings: &mut Findings) -> Option<Change> {
    let measure = &located.value;
    match current.measures.get(&measure.measure_id) {
        None => {
            let body = FactBody::MeasureDefined(measure.clone());
            fact(ChangeKind::Added, format!("measure {}", measure.measure_id), body)
        }
        Some(published) if published.begins_to_convert(measure) => {
            let rate_type = measure.rate_type.as_deref().unwrap_or_default();
            let description = format!("measure {} converts at {rate_type} rates", measure.measure_id);
            fact(ChangeKind::Changed, description, FactBody::MeasureDefined(measure.clone()))
        }
        Some(published) => {
            if published != measure {
                let message = format!("measure \"{}\" is published with another definition", measure.measure_id);
                findings.add(located.place, codes::CANNOT_CHANGE, message, "give the new definition another id");
            }
            None
        }
    }
}

fn plan(plan: &Plan, current: &Current) -> Option<Change> {
    let body = FactBody::PlanDefined(plan.clone());
    let name = format!("plan {} from {}", plan.plan_id, plan.from);
    let Some(published) = current.plans.get(&(plan.plan_id.clone(), plan.from)) else {
        return fact(ChangeKind::Added, name, body);
    };
    if published == plan {
        return None;
    }
    let same_but_end = Plan { to: published.to, ..plan.clone() } == *published;
    match plan.to.filter(|_| same_but_end) {
        Some(to) => fact(ChangeKind::Ended, format!("{name} ends before {to}"), body),
        None => fact(ChangeKind::Changed, format!("{name}{}", indented(&differences(published, plan))), body),
    }
}

/// Each on a line of its own.
fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n    {line}")).collect()
}

/// A version in the files may not be in force together with a published one that the files do not mention.
fn check_plan_versions(files: &CompanyFiles, current: &Current, findings: &mut Findings) {
    let stated: HashSet<(&str, Date)> = files.plans.iter().map(|plan| (plan.value.plan_id.as_str(), plan.value.from)).collect();
    let kept = || current.plans.values().filter(|plan| !stated.contains(&(plan.plan_id.as_str(), plan.from)));
    for located in &files.plans {
        let plan = &located.value;
        let clash = kept().find(|other| other.plan_id == plan.plan_id && overlap((plan.from, plan.to), (other.from, other.to)));
        if let Some(other) = clash {
            let message = format!("the published version from {} of plan \"{}\" is in force, too", other.from, plan.plan_id);
            let hint = format!("add its file with an end: plans/{}.{}.toml", other.plan_id, other.from);
            findings.add(located.place, codes::OVERLAP, message, hint);
        }
    }
}

fn overlap(one: (Date, Option<Date>), other: (Date, Option<Date>)) -> bool {
    one.1.is_none_or(|to| to > other.0) && other.1.is_none_or(|to| to > one.0)
}

/// Managers come before those below them, so that no state in between has a cycle that the files do not have.
fn payees(files: &CompanyFiles, current: &Current, findings: &mut Findings) -> Vec<Change> {
    let merge = |payee: &Located<Payee>| merged(&payee.value, current.payees.get(&payee.value.payee_id));
    let merged: Vec<(Payee, Place)> = files.payees.iter().map(|payee| (merge(payee), payee.place)).collect();
    let plans = PlanCurrencies::of(current.plans.values().chain(files.plans.iter().map(|plan| &plan.value)));
    for (payee, place) in &merged {
        check_merged(payee, *place, findings);
        let own = plans.of_payee(payee).unwrap_or(&files.company.value.currency);
        pay_currencies::check_published(payee, *place, own, current, findings);
    }
    currencies::check_published(files, &merged, current, findings);
    let places: HashMap<&str, usize> = merged.iter().enumerate().map(|(at, (payee, _))| (payee.payee_id.as_str(), at)).collect();
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for at in 0..merged.len() {
        managers_first(at, &merged, &places, &mut seen, &mut order);
    }
    order.into_iter().filter_map(|at| payee(&merged[at].0, current.payees.get(&merged[at].0.payee_id))).collect()
}

/// Published rows, replaced by those that start on the same day, together with the new ones.
fn merged(stated: &Payee, published: Option<&Payee>) -> Payee {
    let mut rows: BTreeMap<Date, &PayeeRow> = BTreeMap::new();
    for row in published.iter().flat_map(|payee| &payee.rows).chain(&stated.rows) {
        rows.insert(row.from, row);
    }
    Payee { payee_id: stated.payee_id.clone(), rows: rows.into_values().cloned().collect() }
}

fn check_merged(payee: &Payee, place: Place, findings: &mut Findings) {
    for pair in payee.rows.windows(2).filter(|pair| overlap((pair[0].from, pair[0].to), (pair[1].from, pair[1].to))) {
        let message = format!("with what is published, \"{}\" has two rows in force on {}", payee.payee_id, pair[1].from);
        let hint = format!("add the row from {} with its end: to = {}", pair[0].from, pair[1].from);
        findings.add(place, codes::OVERLAP, message, hint);
    }
}

fn managers_first(
    from: usize,
    payees: &[(Payee, Place)],
    places: &HashMap<&str, usize>,
    seen: &mut HashSet<usize>,
    order: &mut Vec<usize>,
) {
    let mut path = vec![(from, false)];
    while let Some((at, managers_done)) = path.pop() {
        if managers_done {
            order.push(at);
        } else if seen.insert(at) {
            path.push((at, true));
            let managers = payees[at].0.rows.iter().filter_map(|row| row.manager.as_deref());
            path.extend(managers.filter_map(|manager| places.get(manager)).map(|above| (*above, false)));
        }
    }
}

fn payee(payee: &Payee, published: Option<&Payee>) -> Option<Change> {
    let body = FactBody::PayeeDefined(payee.clone());
    let id = &payee.payee_id;
    let Some(published) = published else {
        let from = payee.rows.first().map(|row| format!(" from {}", row.from)).unwrap_or_default();
        return fact(ChangeKind::Added, format!("payee {id}{from}"), body);
    };
    if published == payee {
        return None;
    }
    match ended(published, payee) {
        Some(to) => fact(ChangeKind::Ended, format!("payee {id} ends before {to}"), body),
        None => fact(ChangeKind::Changed, format!("payee {id}: {}", changed_rows(published, payee)), body),
    }
}

/// The end that the last row has got, when that is all that is new.
fn ended(published: &Payee, payee: &Payee) -> Option<Date> {
    let (last, rows) = payee.rows.split_last()?;
    let (last_published, rows_published) = published.rows.split_last()?;
    let same_but_end = PayeeRow { to: last_published.to, ..last.clone() } == *last_published;
    last.to.filter(|_| same_but_end && rows == rows_published)
}

fn changed_rows(published: &Payee, payee: &Payee) -> String {
    let new = payee.rows.iter().filter(|row| !published.rows.contains(row));
    let rows: Vec<String> = new.map(|row| format!("row from {}", row.from)).collect();
    rows.join(", ")
}

fn name(name: &PayeeName, current: &Current) -> Option<Change> {
    let kind = match current.names.get(&name.payee_id) {
        None => ChangeKind::Added,
        Some(published) if published == name => return None,
        Some(published) if published.active && !name.active => ChangeKind::Ended,
        Some(_) => ChangeKind::Changed,
    };
    Some(Change { kind, description: format!("name of {}", name.payee_id), record: Record::Name(name.clone()) })
}
