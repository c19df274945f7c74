//! Everything that was read of one company, before it is compared: parts that were refused are missing, names stay.

use super::adjustments::AdjustmentDraft;
use super::definitions::CompanyDraft;
use super::measures::MeasureDraft;
use super::people::{PayeeDraft, Person};
use super::plan::PlanDraft;
use super::quotas::{Quota, QuotaDraft};
use super::rates::{RateDraft, statements};
use super::source::{Findings, Located};
use super::territories::TerritoriesDraft;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::Calendar;
use crate::domain::currency::CurrencyRates;
use crate::domain::fact::{Company, FactBody, Measure, Payee, PayeeRow};
use crate::domain::output::PayeeName;
use crate::domain::plan::Plan;
use crate::domain::territory::Territories;
use std::collections::HashMap;

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub company: Option<CompanyDraft>,
    pub calendar: Option<Located<Calendar>>,
    /// `None`: not readable, so that no name can be said to be unknown.
    pub measures: Option<Vec<MeasureDraft>>,
    pub plans: Vec<PlanDraft>,
    /// A plan's file was not readable: its name is not known.
    pub plan_missing: bool,
    pub payees: Option<Vec<PayeeDraft>>,
    pub rates: Vec<RateDraft>,
    pub quotas: Vec<QuotaDraft>,
    pub adjustments: Vec<AdjustmentDraft>,
    pub people: Vec<Person>,
    pub territories: TerritoriesDraft,
}

/// One company as its directory states it, checked.
#[derive(Clone, Debug)]
pub struct CompanyFiles {
    pub company: Located<Company>,
    pub calendar: Located<Calendar>,
    pub measures: Vec<Located<Measure>>,
    pub plans: Vec<Located<Plan>>,
    /// In the order of the file; rows by date.
    pub payees: Vec<Located<Payee>>,
    /// One of each type and currency.
    pub rates: Vec<Located<CurrencyRates>>,
    pub quotas: Vec<Located<Quota>>,
    pub adjustments: Vec<Located<AdjustmentMade>>,
    pub names: Vec<PayeeName>,
    /// `None`: nothing is stated about territories.
    pub territories: Option<Located<Territories>>,
    pub warnings: Vec<super::Diagnostic>,
    /// The texts, so that a comparison with what is published can point into them.
    pub(super) findings: Findings,
}

impl CompanyFiles {
    /// All facts in the order in which they may be appended to an empty log.
    pub fn facts(&self) -> Vec<FactBody> {
        let mut facts =
            vec![FactBody::CompanyDefined(self.company.value.clone()), FactBody::CalendarDefined(self.calendar.value.clone())];
        facts.extend(self.rates.iter().map(|rates| FactBody::RatesDefined(rates.value.clone())));
        facts.extend(self.measures.iter().map(|measure| FactBody::MeasureDefined(measure.value.clone())));
        facts.extend(self.plans.iter().map(|plan| FactBody::PlanDefined(plan.value.clone())));
        facts.extend(self.payees.iter().map(|payee| FactBody::PayeeDefined(payee.value.clone())));
        facts.extend(self.territories.iter().map(|stated| FactBody::TerritoriesDefined(stated.value.clone())));
        facts
    }
}

impl Draft {
    /// The checked company; `None` where a part is missing, which has been reported then.
    pub fn finish(self, mut findings: Findings) -> Result<CompanyFiles, Vec<super::Diagnostic>> {
        if findings.errors() > 0 {
            return Err(findings.take());
        }
        let warnings = findings.take();
        let (Some(company), Some(calendar)) = (self.company, self.calendar) else { return Err(warnings) };
        let payees = payees(self.payees.unwrap_or_default());
        Ok(CompanyFiles {
            territories: self.territories.place().map(|place| Located::new(self.territories.rows(), place)),
            names: names(self.people, &payees, &calendar.value),
            company: Located::new(company.company, company.place),
            measures: self.measures.unwrap_or_default().into_iter().filter_map(measure).collect(),
            plans: self.plans.into_iter().filter_map(plan).collect(),
            rates: statements(self.rates),
            quotas: self.quotas.into_iter().map(|draft| Located::new(draft.quota, draft.payee.place)).collect(),
            adjustments: self.adjustments.into_iter().map(|draft| Located::new(draft.made, draft.payee.place)).collect(),
            payees,
            calendar,
            warnings,
            findings,
        })
    }
}

fn measure(draft: MeasureDraft) -> Option<Located<Measure>> {
    Some(Located::new(draft.measure?, draft.id.place))
}

fn plan(draft: PlanDraft) -> Option<Located<Plan>> {
    Some(Located::new(draft.plan?, draft.from?.place))
}

/// Rows by payee, in the order of first mention.
fn payees(drafts: Vec<PayeeDraft>) -> Vec<Located<Payee>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut payees: Vec<Located<Payee>> = Vec::new();
    for draft in drafts {
        let Some(row) = draft.row else { continue };
        let at = *places.entry(draft.id.value.clone()).or_insert(payees.len());
        if at == payees.len() {
            payees.push(Located::new(Payee { payee_id: draft.id.value, rows: Vec::new() }, draft.id.place));
        }
        payees[at].value.rows.push(row);
    }
    for payee in &mut payees {
        payee.value.rows.sort_by_key(|row| row.from);
    }
    payees
}

fn names(people: Vec<Person>, payees: &[Located<Payee>], calendar: &Calendar) -> Vec<PayeeName> {
    let last_rows: HashMap<&str, &PayeeRow> =
        payees.iter().filter_map(|payee| Some((payee.value.payee_id.as_str(), payee.value.rows.last()?))).collect();
    let named = people.into_iter().map(|person| {
        let row = last_rows.get(person.id.value.as_str());
        PayeeName {
            manager: row.and_then(|row| row.manager.clone()),
            active: row.is_some_and(|row| is_open(row, calendar)),
            payee_id: person.id.value,
            name: person.name,
            team: person.team,
        }
    });
    named.collect()
}

/// A row without an end, or with one that the calendar does not reach: nobody has said that it ends.
fn is_open(row: &PayeeRow, calendar: &Calendar) -> bool {
    row.to.is_none_or(|to| calendar.end().is_some_and(|end| to >= end))
}
