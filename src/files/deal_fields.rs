//! What another system's deals are made of: which of its fields is which field of a deal, as a mapping file says it, and
//! what came out of a report or of records with the places to which messages point.
//!
//! Shared by `deal_sheet` (CSV) and by `crm` (records as JSON). Leaves out what a field may hold.

mod form;
mod zone;

use super::fields::did_you_mean;
use crate::domain::reject::Reject;
use form::Form;
pub use form::{instant, salesforce_id};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
pub use zone::Zone;

/// A group of fields: its name in the mapping, what has to be mapped, what may be.
pub type Group = (&'static str, &'static [&'static str], &'static [&'static str]);
pub const DEAL: Group = (
    "deal",
    &["deal_id", "revision", "closed_on", "currency"],
    &[
        "status",
        "change",
        "effective_on",
        "sequence",
        "customer",
        "related_deal",
        "kind",
        "contract_start",
        "term_months",
        "stage",
        "probability",
        "occurred_at",
    ],
);
pub const LINE: Group = ("line", &["line_id", "product", "amount", "quantity"], &["geography", "segment", "cost"]);
pub const SPLIT: Group = ("split", &["payee_id", "role", "counts", "share"], &[]);
/// Fields that JSON has as numbers.
const INTEGERS: [&str; 3] = ["revision", "sequence", "term_months"];

pub type Fields = BTreeMap<String, Source>;

/// Where a field's text comes from: a column or a field of a record, or a value; translated, then brought into accrue's form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Of a report.
    pub column: Option<String>,
    /// Of a record.
    pub field: Option<String>,
    pub value: Option<String>,
    /// For a text that is empty.
    pub empty: Option<String>,
    #[serde(default)]
    is: BTreeMap<String, String>,
    /// For a text that `is` does not name.
    otherwise: Option<String>,
    #[serde(rename = "as")]
    form: Option<Form>,
}

impl Source {
    pub fn text(&self, written: &str, zone: &Zone) -> Result<String, String> {
        let written = if written.is_empty() { self.empty.as_deref().unwrap_or_default() } else { written };
        let translated = match self.is.get(written) {
            Some(text) => text,
            None if self.is.is_empty() || written.is_empty() => written,
            None => self.otherwise.as_deref().ok_or_else(|| {
                let known: Vec<&str> = self.is.keys().map(String::as_str).collect();
                format!("\"{written}\" is none of those that the mapping translates: {}", known.join(", "))
            })?,
        };
        match self.form.filter(|_| !translated.is_empty()) {
            Some(form) => form
                .read(translated, &zone.0)
                .ok_or_else(|| format!("\"{translated}\" is not written as the mapping says, like {}", form.example())),
            None => Ok(translated.into()),
        }
    }

    pub fn is_time(&self) -> bool {
        self.form == Some(Form::Timestamp)
    }
}

/// A field's text as the line of JSON has it.
pub fn json_value(name: &str, text: String) -> Value {
    // Salesforce writes whole numbers as `12.0`.
    let whole = text.split_once('.').filter(|(_, zeros)| !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0'));
    let whole = whole.map_or(text.as_str(), |(whole, _)| whole);
    let integer = INTEGERS.contains(&name).then(|| whole.parse::<i64>().ok()).flatten();
    integer.map_or(Value::String(text), Value::from)
}

/// Refuses fields that are unknown, missing, or come from nowhere. `word` is what the mapping's sources are called: column or
/// field.
pub fn check(fields: &Fields, (group, required, optional): Group, word: &str) -> Result<(), String> {
    let known = || required.iter().chain(optional).copied();
    if let Some(name) = fields.keys().find(|name| !known().any(|field| field == *name)) {
        let hint = did_you_mean(name, known()).unwrap_or_else(|| format!("known: {}", known().collect::<Vec<_>>().join(", ")));
        return Err(format!("{group}.{name} is no field of a {group}: {hint}"));
    }
    if let Some(name) = required.iter().find(|name| !fields.contains_key(**name)) {
        return Err(format!(
            "{group}.{name} is missing: write {name} = {{ {word} = \"...\" }} or {name} = {{ value = \"...\" }}"
        ));
    }
    check_sources(fields, group, word)
}

pub fn check_sources(fields: &Fields, group: &str, word: &str) -> Result<(), String> {
    for (name, source) in fields {
        let (named, other) = if word == "column" { (&source.column, &source.field) } else { (&source.field, &source.column) };
        if named.is_some() == source.value.is_some() || other.is_some() {
            return Err(format!("{group}.{name} needs either a {word} or a value"));
        }
    }
    Ok(())
}

/// What is wrong with a cell; `column` is empty when it is the row.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub row: u64,
    pub column: String,
    pub reject: Reject,
}

/// Where a field of a deal comes from: row and column.
pub type Cells = HashMap<String, (u64, String)>;

/// A deal of the report.
#[derive(Debug)]
pub struct SheetDeal {
    /// Its first row, from 1 with the header; of records, which one it is.
    pub row: u64,
    pub json: String,
    /// The row and column of every field, by the field's path; splits that every line has may stand there once, as `splits[0]`.
    pub cells: Cells,
}

impl SheetDeal {
    /// Where a reject of its JSON points to.
    pub fn finding(&self, reject: Reject) -> Finding {
        let cell = self.cells.get(&reject.field).or_else(|| self.cells.get(shared(&reject.field)?));
        let (row, column) = cell.cloned().unwrap_or((self.row, String::new()));
        Finding { row, column, reject }
    }
}

/// The path of a split in splits that every line has: they are noted once for all lines.
fn shared(path: &str) -> Option<&str> {
    path.strip_prefix("lines[")?.split_once("].").map(|(_, under)| under).filter(|under| under.starts_with("splits["))
}

/// All rows of a report, or all records.
#[derive(Debug, Default)]
pub struct DealSheet {
    /// What one of them is called.
    pub word: &'static str,
    pub rows: u64,
    pub deals: Vec<SheetDeal>,
    pub findings: Vec<Finding>,
    /// What the other system has to be asked for so that all of it can be taken; empty where nothing lacks.
    pub ask: String,
}
