//! `quotas.csv`: the targets of payees. An empty amount withdraws a quota.

use super::codes;
use super::fields::{checked_id, parsed_text};
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located};
use crate::domain::calendar::{Date, Interval};
use crate::domain::money::Amount;
use crate::domain::quota::QuotaChanged;

const QUOTAS: Columns = Columns {
    required: &["payee", "measure", "calendar", "interval", "amount"],
    optional: &["applies_from", "revision"],
    not_built: &["prorate", "ramp", "unit"],
    named: "",
};

/// A quota as people state it; `revision` is found by comparing with what is published when the file has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    pub payee_id: String,
    pub measure: String,
    pub calendar: String,
    pub interval: Interval,
    /// `None` withdraws it.
    pub amount: Option<Amount>,
    pub applies_from: Option<Date>,
    pub revision: Option<i64>,
}

impl Quota {
    /// The record to append. A quota without a revision is its key's first.
    pub fn as_quota_changed<'a>(&'a self, author: &'a str, reason: &'a str, occurred_at: i64) -> QuotaChanged<'a> {
        QuotaChanged {
            payee_id: &self.payee_id,
            measure: &self.measure,
            calendar: &self.calendar,
            interval: self.interval,
            amount: self.amount,
            revision: self.revision.unwrap_or(1),
            applies_from: self.applies_from,
            author,
            reason,
            occurred_at,
        }
    }
}

/// A quota with the places that other files are compared with.
#[derive(Clone, Debug)]
pub struct QuotaDraft {
    pub payee: Located<String>,
    pub measure: Located<String>,
    pub calendar: Located<String>,
    pub interval: Located<Interval>,
    pub applies_from: Option<Located<Date>>,
    pub quota: Quota,
}

pub fn quotas(file: usize, findings: &mut Findings) -> Option<Vec<QuotaDraft>> {
    let sheet = Sheet::read(file, &QUOTAS, findings)?;
    Some(sheet.rows().filter_map(|row| quota(row, findings)).collect())
}

fn quota(row: Row<'_>, findings: &mut Findings) -> Option<QuotaDraft> {
    let before = findings.errors();
    let mut id = |column| row.required(column, findings).and_then(|id| checked_id(column, id, findings));
    let (payee, measure, calendar) = (id("payee"), id("measure"), id("calendar"));
    let interval = row.required("interval", findings).and_then(|text| parsed_text(text, codes::BAD_DATE, str::parse, findings));
    let amount = row.cell("amount").and_then(|text| amount_of(text, findings));
    let applies_from = row.cell("applies_from").and_then(|text| parsed_text(text, codes::BAD_DATE, str::parse, findings));
    let revision = row.cell("revision").and_then(|text| parsed_text(text, codes::BAD_NUMBER, whole_number, findings));
    let (payee, measure, calendar, interval): (_, _, _, Located<Interval>) = (payee?, measure?, calendar?, interval?);
    let quota = Quota {
        payee_id: payee.value.clone(),
        measure: measure.value.clone(),
        calendar: calendar.value.clone(),
        interval: interval.value,
        amount: amount.map(|amount| amount.value),
        applies_from: applies_from.as_ref().map(|date: &Located<Date>| date.value),
        revision: revision.map(|revision| revision.value),
    };
    (findings.errors() == before).then_some(QuotaDraft { payee, measure, calendar, interval, applies_from, quota })
}

/// A quota's amount is a plain decimal that is not negative.
pub fn amount_of(text: Located<String>, findings: &mut Findings) -> Option<Located<Amount>> {
    let amount = parsed_text(text, codes::BAD_NUMBER, Amount::parse, findings)?;
    if amount.value.0 < 0 {
        findings.add(
            amount.place,
            codes::BAD_NUMBER,
            format!("a quota of {} is negative", amount.value),
            "leave it empty to withdraw",
        );
        return None;
    }
    Some(amount)
}

fn whole_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a whole number"))
}
