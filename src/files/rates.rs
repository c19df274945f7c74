//! `rates.csv`: what a currency is worth in another one, by type of rate and first day.
//!
//! A file may hold the newest rows alone: a row that is missing changes nothing of what is published.

use super::changes::{Change, ChangeKind, Record};
use super::codes;
use super::definitions::currency_code;
use super::draft::Draft;
use super::fields::{Fields, checked_id, parsed_text};
use super::measures::MeasureDraft;
use super::node::Node;
use super::plan::nearest;
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located, Place};
use crate::domain::calendar::Date;
use crate::domain::currency::{CurrencyRates, MAXIMUM_RATES, RateRow};
use crate::domain::fact::{FactBody, MeasureOf};
use crate::domain::money::CurrencyRate;
use std::collections::{BTreeMap, BTreeSet, HashSet};

const RATES: Columns = Columns {
    required: &["rate_type", "from_currency", "to_currency", "from", "rate", "max_age_days"],
    optional: &[],
    not_built: &["to", "inverse"],
    named: "",
};

/// A row with the places that other files are compared with.
#[derive(Clone, Debug)]
pub struct RateDraft {
    pub rate_type: Located<String>,
    pub from_currency: Located<String>,
    pub to_currency: Located<String>,
    pub from: Located<Date>,
    pub row: RateRow,
}

/// A row's cells as they stand, from a sheet or a table.
struct Cells {
    rate_type: Option<Located<String>>,
    from_currency: Option<Located<String>>,
    to_currency: Option<Located<String>>,
    from: Option<Located<Date>>,
    rate: Option<Located<String>>,
    max_age_days: Option<u32>,
}

pub fn rates(file: usize, findings: &mut Findings) -> Option<Vec<RateDraft>> {
    let sheet = Sheet::read(file, &RATES, findings)?;
    Some(sheet.rows().filter_map(|row| of_sheet(row, findings)).collect())
}

/// A row from a table; its keys are the columns.
pub fn rate(node: &Node, findings: &mut Findings) -> Option<RateDraft> {
    let mut fields = Fields::of(node, findings)?;
    let cells = Cells {
        rate_type: fields.id("rate_type", findings),
        from_currency: fields.text("from_currency", findings),
        to_currency: fields.text("to_currency", findings),
        from: fields.date("from", findings),
        rate: fields.text("rate", findings),
        max_age_days: days_of(&mut fields, findings),
    };
    fields.finish(RATES.not_built, findings);
    cells.draft(findings)
}

fn days_of(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<u32> {
    fields.required("max_age_days", "say how many days behind `from` the rate holds: max_age_days = 30", findings)?;
    let days = fields.optional_integer("max_age_days", findings)?;
    parsed_text(Located::new(days.value.to_string(), days.place), codes::BAD_NUMBER, whole_days, findings).map(|days| days.value)
}

fn of_sheet(row: Row<'_>, findings: &mut Findings) -> Option<RateDraft> {
    let days = row.required("max_age_days", findings);
    let cells = Cells {
        rate_type: row.required("rate_type", findings).and_then(|id| checked_id("rate_type", id, findings)),
        from_currency: row.required("from_currency", findings),
        to_currency: row.required("to_currency", findings),
        from: row.required("from", findings).and_then(|text| parsed_text(text, codes::BAD_DATE, str::parse, findings)),
        rate: row.required("rate", findings),
        max_age_days: days.and_then(|text| parsed_text(text, codes::BAD_NUMBER, whole_days, findings)).map(|days| days.value),
    };
    cells.draft(findings)
}

fn whole_days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| *days <= i32::MAX as u32);
    days.ok_or_else(|| format!("\"{text}\" is not a whole number of days up to {}", i32::MAX))
}

impl Cells {
    fn draft(self, findings: &mut Findings) -> Option<RateDraft> {
        let mut currency = |cell: Option<Located<String>>| {
            cell.and_then(|text| parsed_text(text, codes::UNKNOWN_CURRENCY, currency_code, findings))
        };
        let (from_currency, to_currency) = (currency(self.from_currency), currency(self.to_currency));
        let rate = self.rate.and_then(|text| parsed_text(text, codes::BAD_NUMBER, CurrencyRate::parse, findings));
        let from = self.from?;
        let row = RateRow { from: from.value, rate: rate?.value, max_age_days: self.max_age_days? };
        Some(RateDraft { rate_type: self.rate_type?, from_currency: from_currency?, to_currency: to_currency?, from, row })
    }
}

/// Rows by type and currency, in the order of their days.
pub fn statements(drafts: Vec<RateDraft>) -> Vec<Located<CurrencyRates>> {
    let mut stated: BTreeMap<(String, String, String), Located<CurrencyRates>> = BTreeMap::new();
    for draft in drafts {
        let RateDraft { rate_type, from_currency, to_currency, row, .. } = draft;
        let key = (rate_type.value.clone(), from_currency.value.clone(), to_currency.value.clone());
        let none = || {
            let (from_currency, to_currency) = (from_currency.value, to_currency.value);
            Located::new(
                CurrencyRates { rate_type: rate_type.value, from_currency, to_currency, rows: Vec::new() },
                rate_type.place,
            )
        };
        stated.entry(key).or_insert_with(none).value.rows.push(row);
    }
    let mut all: Vec<_> = stated.into_values().collect();
    all.iter_mut().for_each(|rates| rates.value.rows.sort_by_key(|row| row.from));
    all
}

/// Compares rows with the company and with each other, and what measures say with what they count.
pub fn check(draft: &Draft, findings: &mut Findings) {
    check_rows(&draft.rates, draft.company.as_ref().map(|company| company.company.currency.as_str()), findings);
    for measure in draft.measures.iter().flatten() {
        if let Some(rate_type) =
            measure.rate_type.as_ref().filter(|_| measure.counts.is_some_and(|counts| counts != MeasureOf::Amount))
        {
            let message = format!("measure \"{}\" counts no amounts, so there is nothing to convert", measure.id.value);
            findings.add(rate_type.place, codes::NO_EFFECT, message, "remove `rate_type`");
        }
    }
}

/// Whether rows are of two currencies, each day once, and not too many.
pub fn check_rows(rows: &[RateDraft], company: Option<&str>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for row in rows {
        let (kind, currency, into) = (&*row.rate_type.value, &*row.from_currency.value, &*row.to_currency.value);
        let from = row.from.value;
        if currency == into {
            findings.add(row.from_currency.place, codes::NO_EFFECT, format!("{currency} is worth itself"), "remove the row");
        }
        if !seen.insert((kind, currency, into, from)) {
            let message = format!("the \"{kind}\" rate of {currency}{} from {from} is there twice", of_pay(into, company));
            findings.add(row.from.place, codes::DUPLICATE, message, "keep one of the rows");
        }
        let count = counts.entry((kind, currency, into)).or_default();
        *count += 1;
        if *count == MAXIMUM_RATES + 1 {
            too_many(row.from.place, kind, currency, findings);
        }
    }
}

/// Rates into other currencies are told from those into the company's.
fn of_pay(into: &str, company: Option<&str>) -> String {
    if company == Some(into) { String::new() } else { format!(" in {into}") }
}

fn too_many(place: Place, kind: &str, currency: &str, findings: &mut Findings) {
    let message = format!("more than {MAXIMUM_RATES} \"{kind}\" rates of {currency}");
    findings.add(place, codes::BAD_NUMBER, message, "a new measure takes rates of another type");
}

/// The types that measures name and no row has, and measures that convert nothing beside those that do.
pub fn warn_unknown(draft: &Draft, findings: &mut Findings) {
    let stated: BTreeSet<&str> = draft.rates.iter().map(|row| row.rate_type.value.as_str()).collect();
    let measures = || draft.measures.iter().flatten();
    for rate_type in measures().filter_map(|measure| measure.rate_type.as_ref()) {
        if !stated.contains(rate_type.value.as_str()) {
            let hint = nearest(&rate_type.value, "type of rate", stated.iter().copied());
            let message = format!("no rate of the type \"{}\" is stated", rate_type.value);
            findings.add(rate_type.place, codes::UNKNOWN_RATE_TYPE, message, hint);
        }
    }
    let own = draft.company.as_ref().map(|company| &company.company.currency);
    let counted: BTreeSet<&String> =
        measures().filter_map(|of| of.currency.as_ref().map(|of| &of.value).or(own)).chain(own).collect();
    let named: BTreeSet<&String> = measures().filter_map(|of| Some(&of.rate_type.as_ref()?.value)).collect();
    let of_pay = draft.company.as_ref().and_then(|of| of.company.pay_rate_type.as_ref()).filter(|of| !named.contains(of));
    let of_deals = draft.rates.iter().filter(|row| Some(&row.rate_type.value) != of_pay);
    let deals = of_deals.into_iter().any(|row| counted.contains(&row.to_currency.value));
    let converting = deals || measures().any(|measure| measure.rate_type.is_some());
    let without = |measure: &&MeasureDraft| measure.counts == Some(MeasureOf::Amount) && measure.rate_type.is_none();
    for measure in measures().filter(|_| converting).filter(without) {
        let message = format!("measure \"{}\" converts nothing", measure.id.value);
        findings.add(measure.id.place, codes::NO_RATE_TYPE, message, "add `rate_type`");
    }
}

/// One fact for each type and pair of currencies of which something is new; a stated row replaces the published one of its day.
pub fn rate_changes(stated: &[Located<CurrencyRates>], published: &[CurrencyRates], findings: &mut Findings) -> Vec<Change> {
    let mut changes = Vec::new();
    for Located { value, place } in stated {
        let known = published.iter().find(|of| of.is_of_kind(value));
        let merged = merged(value, known);
        if merged.rows.len() > MAXIMUM_RATES {
            too_many(*place, &value.rate_type, &value.from_currency, findings);
        }
        let fresh: Vec<&RateRow> = merged.rows.iter().filter(|row| known.is_none_or(|known| !known.rows.contains(row))).collect();
        let [first, more @ ..] = fresh.as_slice() else { continue };
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let (kind, from, to) = (&merged.rate_type, &merged.from_currency, &merged.to_currency);
        changes.push(Change {
            kind: if known.is_none() { ChangeKind::Added } else { ChangeKind::Changed },
            description: format!("{kind} rates from {from} to {to}: {}{more}", words(first, known)),
            record: Record::Fact(FactBody::RatesDefined(merged)),
        });
    }
    changes
}

/// What a row says that is new, or another than before.
fn words(row: &RateRow, published: Option<&CurrencyRates>) -> String {
    let RateRow { from, rate, max_age_days } = row;
    match published.and_then(|known| known.rows.iter().find(|known| known.from == *from)) {
        None => format!("{rate} from {from}"),
        Some(before) if before.rate == *rate => format!("that from {from} holds {max_age_days} days"),
        Some(before) => format!("{} becomes {rate} from {from}", before.rate),
    }
}

/// Rows of both, by their days.
pub fn merged(stated: &CurrencyRates, published: Option<&CurrencyRates>) -> CurrencyRates {
    let all = published.iter().flat_map(|of| &of.rows).chain(&stated.rows);
    let rows: BTreeMap<Date, RateRow> = all.map(|row| (row.from, *row)).collect();
    CurrencyRates { rows: rows.into_values().collect(), ..stated.clone() }
}
