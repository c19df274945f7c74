//! The events of a case, in order of arrival: deals, settlements, quotas, adjustments, changes of the organisation, closes and releases.

use super::super::codes;
use super::super::currencies::PlanCurrencies;
use super::super::draft::CompanyFiles;
use super::super::fields::Fields;
use super::super::node::{Node, Value};
use super::super::plan::nearest;
use super::super::quotas::Quota;
use super::super::rates;
use super::super::source::{Findings, Located, Place};
use super::super::territories::TerritoriesDraft;
use super::super::territory_changes::merged;
use super::super::territory_check::code_of;
use super::adjusted::adjustment;
use super::deals::{CaseDeal, deal};
use super::read;
use super::settled::{CaseSettlement, settlement};
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::Period;
use crate::domain::currency::CurrencyRates;
use crate::domain::fact::{Payee, PayeeRow};
use crate::domain::territory::Territories;
use std::collections::BTreeMap;

/// One event, with the line and the words of the file.
#[derive(Clone, Debug)]
pub struct Event {
    pub line: usize,
    pub given: String,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    Deal(CaseDeal),
    Settlement(CaseSettlement),
    Adjustment(AdjustmentMade),
    /// Its revision is set.
    Quota(Quota),
    /// All rows of the payee, as they are from here on.
    Payee(Payee),
    /// All rows, as they are from here on.
    Territories(Territories),
    /// All rates of a type and pair of currencies, as they are from here on.
    Rates(CurrencyRates),
    Close {
        period: Period,
        by: String,
    },
    Reopen {
        period: Period,
        by: String,
    },
    Release {
        period: Period,
        by: String,
    },
}

/// The key that says what an event is.
const KINDS: [&str; 10] = ["deal", "settled", "quota", "adjust", "payee", "territories", "rates", "close", "reopen", "release"];
const NOT_BUILT: [&str; 3] = ["acknowledged", "plan", "measure"];

/// What earlier events of the case have stated.
pub struct Reader<'c> {
    company: &'c CompanyFiles,
    deals: Vec<(CaseDeal, Place)>,
    settlements: usize,
    adjustments: Vec<AdjustmentMade>,
    payees: BTreeMap<String, Payee>,
    quotas: Vec<Quota>,
    territories: Territories,
    rates: Vec<CurrencyRates>,
}

impl<'c> Reader<'c> {
    pub fn new(company: &'c CompanyFiles) -> Reader<'c> {
        let payees = company.payees.iter().map(|payee| (payee.value.payee_id.clone(), payee.value.clone())).collect();
        let quotas = company.quotas.iter().map(|quota| quota.value.clone()).collect();
        let territories = company.territories.as_ref().map(|stated| stated.value.clone()).unwrap_or_default();
        let rates = company.rates.iter().map(|rates| rates.value.clone()).collect();
        Reader { company, deals: Vec::new(), settlements: 0, adjustments: Vec::new(), payees, quotas, territories, rates }
    }

    /// Payee ids that the company or an event has.
    pub fn payees(&self) -> impl Iterator<Item = &str> + Clone {
        self.payees.keys().map(String::as_str)
    }

    /// The currency of a payee's pay.
    pub fn paid_in(&self, payee: &str) -> &str {
        let stated = self.payees.get(payee).and_then(Payee::pay_currency);
        stated.unwrap_or_else(|| self.earned_in(payee))
    }

    /// The currency of a payee's plans.
    pub fn earned_in(&self, payee: &str) -> &str {
        let plans = PlanCurrencies::of(self.company.plans.iter().map(|plan| &plan.value));
        let known = self.payees.get(payee).and_then(|payee| plans.of_payee(payee));
        known.unwrap_or(&self.company.company.value.currency)
    }

    /// Every revision of every deal, and where it is stated.
    pub fn deals(&self) -> &[(CaseDeal, Place)] {
        &self.deals
    }

    /// Every adjustment.
    pub fn adjustments(&self) -> &[AdjustmentMade] {
        &self.adjustments
    }

    pub fn events(&mut self, items: &[Node], findings: &mut Findings) -> Vec<Event> {
        items.iter().flat_map(|item| self.event(item, findings)).collect()
    }

    fn event(&mut self, node: &Node, findings: &mut Findings) -> Vec<Event> {
        let Some(fields) = Fields::of(node, findings) else { return Vec::new() };
        let Some(kind) = KINDS.into_iter().find(|kind| fields.has(kind)) else {
            refuse(node, findings);
            return Vec::new();
        };
        let kinds = match kind {
            "deal" => self.deal(node.place, fields, findings).map(EventKind::Deal).into_iter().collect(),
            "settled" => {
                self.settlements += 1;
                let currency = &self.company.company.value.currency;
                settlement(fields, self.settlements, currency, findings).map(EventKind::Settlement).into_iter().collect()
            }
            "adjust" => self.adjustment(node.place, fields, findings).map(EventKind::Adjustment).into_iter().collect(),
            "quota" => self.quota(fields, findings).into_iter().map(EventKind::Quota).collect(),
            "payee" => self.payee(fields, findings).map(EventKind::Payee).into_iter().collect(),
            "territories" => self.territories(fields, findings).map(EventKind::Territories).into_iter().collect(),
            "rates" => self.rates(fields, findings).into_iter().map(EventKind::Rates).collect(),
            _ => self.step(kind, fields, findings).into_iter().collect::<Vec<_>>(),
        };
        let (line, given) = (findings.line(node.place), findings.excerpt(node.place));
        kinds.into_iter().map(|kind| Event { line, given: given.clone(), kind }).collect()
    }

    fn deal(&mut self, place: Place, fields: Fields<'_>, findings: &mut Findings) -> Option<CaseDeal> {
        let earlier = match fields.peek("deal") {
            Some(Value::Text(id)) => self.deals.iter().rev().find(|(deal, _)| deal.deal_id == *id),
            _ => None,
        };
        let deal = deal(fields, earlier.map(|(deal, _)| deal), &self.company.company.value.currency, findings)?;
        self.deals.push((deal.clone(), place));
        Some(deal)
    }

    fn adjustment(&mut self, place: Place, fields: Fields<'_>, findings: &mut Findings) -> Option<AdjustmentMade> {
        let calendar = &self.company.calendar.value.calendar_id;
        let made = adjustment(place, fields, self.adjustments.len() + 1, calendar, findings)?;
        self.adjustments.push(made.clone());
        Some(made)
    }

    fn quota(&mut self, mut fields: Fields<'_>, findings: &mut Findings) -> Vec<Quota> {
        let calendar = self.company.calendar.value.calendar_id.clone();
        let drafts = read::quotas_of("quota", &mut fields, &calendar, findings);
        let mut stated = Vec::new();
        for draft in drafts {
            self.check_measure(&draft.measure.value, draft.measure.place, findings);
            let mut quota = draft.quota;
            quota.revision = quota.revision.or(Some(read::next_revision(&quota, &self.quotas)));
            self.quotas.push(quota.clone());
            stated.push(quota);
        }
        stated
    }

    fn check_measure(&self, measure: &str, place: Place, findings: &mut Findings) {
        let names = || self.company.measures.iter().map(|measure| measure.value.measure_id.as_str());
        if !names().any(|name| name == measure) {
            let hint = nearest(measure, "measure", names());
            findings.add(place, codes::UNKNOWN_MEASURE, format!("no measure is called \"{measure}\""), hint);
        }
    }

    fn check_plan(&self, plan: &Located<String>, findings: &mut Findings) {
        let names = || self.company.plans.iter().map(|plan| plan.value.plan_id.as_str());
        if !names().any(|name| name == plan.value) {
            let message = format!("no plan is called \"{}\"", plan.value);
            findings.add(plan.place, codes::UNKNOWN_PLAN, message, nearest(&plan.value, "plan", names()));
        }
    }

    /// One row, or all of `rows`; rows merge by `from` with what is there.
    fn payee(&mut self, mut fields: Fields<'_>, findings: &mut Findings) -> Option<Payee> {
        let before = findings.errors();
        let drafts = if fields.has("rows") {
            let id = fields.id("payee", findings)?;
            let rows = fields.list("rows", findings);
            fields.finish(&[], findings);
            rows.iter().filter_map(|row| read::payee_row(id.clone(), Fields::of(row, findings)?, findings)).collect()
        } else {
            let id = fields.id("payee", findings)?;
            Vec::from_iter(read::payee_row(id, fields, findings))
        };
        for plan in drafts.iter().flat_map(|draft| &draft.plans) {
            self.check_plan(plan, findings);
        }
        let id = drafts.first()?.id.value.clone();
        let earlier = self.payees.get(&id).map(|payee| payee.rows.clone()).unwrap_or_default();
        let stated = drafts.into_iter().filter_map(|draft| draft.row);
        let rows: BTreeMap<_, PayeeRow> = earlier.into_iter().chain(stated).map(|row| (row.from, row)).collect();
        let payee = Payee { payee_id: id.clone(), rows: rows.into_values().collect() };
        self.payees.insert(id, payee.clone());
        (findings.errors() == before).then_some(payee)
    }

    /// Rows merge by what they are about and their first day with what is there.
    fn territories(&mut self, mut fields: Fields<'_>, findings: &mut Findings) -> Option<Territories> {
        let before = findings.errors();
        let node = fields.node("territories")?;
        fields.finish(&[], findings);
        let mut draft = TerritoriesDraft::default();
        draft.table(node, findings);
        for payee in draft.assignments.iter().filter_map(|row| row.payee.as_ref()) {
            if !self.payees.contains_key(&payee.value) {
                let hint = nearest(&payee.value, "payee", self.payees());
                findings.add(payee.place, codes::UNKNOWN_PAYEE, format!("no payee has the id \"{}\"", payee.value), hint);
            }
        }
        let merged = merged(&draft.rows(), &self.territories);
        for fault in merged.faults() {
            findings.add(node.place, code_of(fault.kind), fault.message, fault.hint);
        }
        self.territories = merged.clone();
        (findings.errors() == before).then_some(merged)
    }

    /// Rows merge by their days with what is there.
    fn rates(&mut self, mut fields: Fields<'_>, findings: &mut Findings) -> Vec<CurrencyRates> {
        let before = findings.errors();
        let rows: Vec<_> = fields.list("rates", findings).iter().filter_map(|row| rates::rate(row, findings)).collect();
        fields.finish(&[], findings);
        rates::check_rows(&rows, Some(&self.company.company.value.currency), findings);
        if findings.errors() > before {
            return Vec::new();
        }
        let mut stated = Vec::new();
        for Located { value, .. } in rates::statements(rows) {
            let known = self.rates.iter().position(|of| of.is_of_kind(&value)).map(|place| self.rates.swap_remove(place));
            let merged = rates::merged(&value, known.as_ref());
            self.rates.push(merged.clone());
            stated.push(merged);
        }
        stated
    }

    fn step(&self, kind: &'static str, mut fields: Fields<'_>, findings: &mut Findings) -> Option<EventKind> {
        let period = fields.parsed(kind, codes::BAD_DATE, str::parse::<Period>, findings);
        let by = fields.optional_id("by", findings).map(|by| by.value);
        fields.finish(&[], findings);
        let period = period?.value;
        Some(match kind {
            "close" => EventKind::Close { period, by: by.unwrap_or("closer".into()) },
            "reopen" => EventKind::Reopen { period, by: by.unwrap_or("closer".into()) },
            _ => EventKind::Release { period, by: by.unwrap_or("releaser".into()) },
        })
    }
}

/// An event of none of the known kinds.
fn refuse(node: &Node, findings: &mut Findings) {
    let Value::Table(entries) = &node.value else { return };
    if let Some(entry) = entries.iter().find(|entry| NOT_BUILT.contains(&entry.key.as_str())) {
        let message = format!("the event `{}` is not supported by this version", entry.key);
        findings.add(entry.key_place, codes::NOT_SUPPORTED, message, "remove the event");
        return;
    }
    let place = entries.first().map_or(node.place, |entry| entry.key_place);
    let hint = format!("begin it with one of: {}", KINDS.join(", "));
    findings.add(place, codes::UNKNOWN_KEY, "the event does not say what it is", hint);
}
