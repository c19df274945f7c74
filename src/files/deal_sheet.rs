//! Deals out of another system's CSV report: a mapping says which column is which field.
//!
//! Rows of the same deal and revision are one deal; rows of the same line add their splits to it. What comes out is the
//! line of JSON that `wire::json` reads, so that no rule about a deal is written twice, and the cell of each of its
//! fields. Leaves out what a field may hold. Columns that the mapping does not name are not read.

mod form;

use super::fields::did_you_mean;
use crate::domain::reject::{Reason, Reject};
use form::Form;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// A group of fields: its name in the mapping, what has to be mapped, what may be.
type Group = (&'static str, &'static [&'static str], &'static [&'static str]);
const DEAL: Group = (
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
const LINE: Group = ("line", &["line_id", "product", "amount", "quantity"], &["geography", "segment", "cost"]);
const SPLIT: Group = ("split", &["payee_id", "role", "counts", "share"], &[]);
/// Fields that JSON has as numbers.
const INTEGERS: [&str; 3] = ["revision", "sequence", "term_months"];

/// Which column is which field, as a TOML file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(default = "comma")]
    delimiter: char,
    deal: Fields,
    line: Fields,
    #[serde(default)]
    split: Vec<Fields>,
    /// Attributes are texts.
    #[serde(default)]
    attributes: Fields,
}

type Fields = BTreeMap<String, Source>;

fn comma() -> char {
    ','
}

/// Where a field's text comes from: a column or a value, translated, then brought into accrue's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    column: Option<String>,
    value: Option<String>,
    #[serde(default)]
    is: BTreeMap<String, String>,
    /// For a text that `is` does not name.
    otherwise: Option<String>,
    #[serde(rename = "as")]
    form: Option<Form>,
}

/// What is wrong with a cell; `column` is empty when it is the row.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub row: u64,
    pub column: String,
    pub reject: Reject,
}

/// A deal of the report.
#[derive(Debug)]
pub struct SheetDeal {
    /// Its first row, from 1 with the header.
    pub row: u64,
    pub json: String,
    /// The row and column of every field, by the field's path.
    cells: HashMap<String, (u64, String)>,
}

impl SheetDeal {
    /// Where a reject of its JSON points to.
    pub fn finding(&self, reject: Reject) -> Finding {
        let cell = self.cells.get(&reject.field);
        let (row, column) = cell.cloned().unwrap_or((self.row, String::new()));
        Finding { row, column, reject }
    }
}

/// All rows of a report.
#[derive(Debug, Default)]
pub struct DealSheet {
    pub rows: u64,
    pub deals: Vec<SheetDeal>,
    pub findings: Vec<Finding>,
}

impl Mapping {
    /// Reads a mapping; the message says where it is wrong.
    pub fn parse(text: &str) -> Result<Mapping, String> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| error.to_string())?;
        check(&mapping.deal, DEAL)?;
        check(&mapping.line, LINE)?;
        mapping.split.iter().try_for_each(|split| check(split, SPLIT))?;
        check_sources(&mapping.attributes, "attributes")?;
        if !mapping.delimiter.is_ascii() {
            return Err(format!("delimiter = \"{}\" is not one of ASCII's characters", mapping.delimiter));
        }
        Ok(mapping)
    }

    /// Reads a report. `Err`: no row of it can be read.
    pub fn read(&self, report: impl std::io::Read) -> Result<DealSheet, String> {
        let mut reader = csv::ReaderBuilder::new().delimiter(self.delimiter as u8).trim(csv::Trim::All).from_reader(report);
        let header: Vec<String> =
            reader.headers().map_err(|error| error.to_string())?.iter().map(|name| name.trim().to_string()).collect();
        self.check_header(&header)?;
        let mut sheet = Building { mapping: self, header, deals: Vec::new(), places: HashMap::new(), findings: Vec::new() };
        let mut rows = 0;
        for record in reader.records() {
            rows += 1;
            match record {
                Ok(record) => sheet.row(record.position().map_or(0, csv::Position::line), &record),
                Err(error) if error.is_io_error() => return Err(error.to_string()),
                Err(error) => {
                    let row = error.position().map_or(0, csv::Position::line);
                    let reject = Reject::new(Reason::NotDecodable, "", error.to_string());
                    sheet.findings.push(Finding { row, column: String::new(), reject });
                }
            }
        }
        let deals = sheet.deals.into_iter().map(Open::close).collect();
        Ok(DealSheet { rows, deals, findings: sheet.findings })
    }

    fn check_header(&self, header: &[String]) -> Result<(), String> {
        let fields = [&self.deal, &self.line, &self.attributes].into_iter().chain(&self.split);
        for column in fields.flat_map(BTreeMap::values).filter_map(|source| source.column.as_ref()) {
            match header.iter().filter(|name| *name == column).count() {
                1 => {}
                0 => {
                    let names = header.iter().map(String::as_str);
                    let hint = did_you_mean(column, names).unwrap_or_else(|| format!("its columns are {}", header.join(", ")));
                    return Err(format!("the report has no column \"{column}\": {hint}"));
                }
                _ => return Err(format!("the report has column \"{column}\" more than once: rename one of them")),
            }
        }
        Ok(())
    }
}

fn check(fields: &Fields, (group, required, optional): Group) -> Result<(), String> {
    let known = || required.iter().chain(optional).copied();
    if let Some(name) = fields.keys().find(|name| !known().any(|field| field == *name)) {
        let hint = did_you_mean(name, known()).unwrap_or_else(|| format!("known: {}", known().collect::<Vec<_>>().join(", ")));
        return Err(format!("{group}.{name} is no field of a {group}: {hint}"));
    }
    if let Some(name) = required.iter().find(|name| !fields.contains_key(**name)) {
        return Err(format!(
            "{group}.{name} is missing: write {name} = {{ column = \"...\" }} or {name} = {{ value = \"...\" }}"
        ));
    }
    check_sources(fields, group)
}

fn check_sources(fields: &Fields, group: &str) -> Result<(), String> {
    let both_or_none = |source: &Source| source.column.is_some() == source.value.is_some();
    match fields.iter().find(|(_, source)| both_or_none(source)) {
        Some((name, _)) => Err(format!("{group}.{name} needs either a column or a value")),
        None => Ok(()),
    }
}

/// A sheet while its rows come.
struct Building<'m> {
    mapping: &'m Mapping,
    header: Vec<String>,
    deals: Vec<Open>,
    /// By deal id and revision.
    places: HashMap<(String, String), usize>,
    findings: Vec<Finding>,
}

/// A deal while its rows come.
struct Open {
    row: u64,
    fields: Map<String, Value>,
    lines: Vec<Map<String, Value>>,
    cells: HashMap<String, (u64, String)>,
}

impl Building<'_> {
    fn row(&mut self, row: u64, record: &csv::StringRecord) {
        let mapping = self.mapping;
        let mut cells = HashMap::new();
        let mut deal = self.fields(row, record, &mapping.deal, "", &mut cells);
        let attributes = self.fields(row, record, &mapping.attributes, "attributes.", &mut cells);
        if !attributes.is_empty() {
            deal.insert("attributes".into(), Value::Object(attributes));
        }
        let text = |name: &str| deal.get(name).map(ToString::to_string).unwrap_or_default();
        let key = (text("deal_id"), text("revision"));
        let next = self.deals.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.deals.push(Open { row, fields: deal, lines: Vec::new(), cells });
        } else {
            let open = &self.deals[place];
            self.findings.extend(difference("deal", (&open.fields, open.row), (&deal, row), &mapping.deal));
        }
        self.line(row, record, place);
    }

    fn line(&mut self, row: u64, record: &csv::StringRecord, place: usize) {
        let mapping = self.mapping;
        let mut cells = HashMap::new();
        let at = self.deals[place].lines.len();
        let line = self.fields(row, record, &mapping.line, &format!("lines[{at}]."), &mut cells);
        let same = |known: &Map<String, Value>| known.get("line_id") == line.get("line_id");
        let known = self.deals[place].lines.iter().position(same);
        let at = match known {
            Some(at) => {
                let mut stated = self.deals[place].lines[at].clone();
                stated.remove("splits");
                let first = self.deals[place].cells.get(&format!("lines[{at}].line_id")).map_or(0, |(row, _)| *row);
                self.findings.extend(difference("line", (&stated, first), (&line, row), &mapping.line));
                at
            }
            None => {
                self.deals[place].cells.extend(cells);
                self.deals[place].lines.push(line);
                at
            }
        };
        for split in &mapping.split {
            let so_far = self.deals[place].lines[at].get("splits").and_then(Value::as_array).map_or(0, Vec::len);
            let mut cells = HashMap::new();
            let split = self.fields(row, record, split, &format!("lines[{at}].splits[{so_far}]."), &mut cells);
            // A report has columns for people who are not on every deal.
            if !split.contains_key("payee_id") {
                continue;
            }
            self.deals[place].cells.extend(cells);
            let splits = self.deals[place].lines[at].entry("splits").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(splits) = splits {
                splits.push(Value::Object(split));
            }
        }
    }

    /// The fields that are not empty, and where they stand.
    fn fields(
        &mut self,
        row: u64,
        record: &csv::StringRecord,
        fields: &Fields,
        path: &str,
        cells: &mut HashMap<String, (u64, String)>,
    ) -> Map<String, Value> {
        let mut found = Map::new();
        for (name, source) in fields {
            let column = source.column.clone().unwrap_or_default();
            cells.insert(format!("{path}{name}"), (row, column.clone()));
            let cell = self.header.iter().position(|of| *of == column).and_then(|at| record.get(at));
            let text = source.value.as_deref().or(cell).unwrap_or_default();
            match source.text(text) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    let integer = INTEGERS.contains(&name.as_str()).then(|| text.parse::<i64>().ok()).flatten();
                    found.insert(name.clone(), integer.map_or(Value::String(text), Value::from));
                }
                Err(message) => {
                    let reject = Reject::field(&format!("{path}{name}"), message);
                    self.findings.push(Finding { row, column, reject });
                }
            }
        }
        found
    }
}

impl Source {
    fn text(&self, written: &str) -> Result<String, String> {
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
                .read(translated)
                .ok_or_else(|| format!("\"{translated}\" is not written as the mapping says, like {}", form.example())),
            None => Ok(translated.into()),
        }
    }
}

/// The first field in which a later row contradicts an earlier one.
fn difference(
    what: &str,
    (first, first_row): (&Map<String, Value>, u64),
    (later, row): (&Map<String, Value>, u64),
    fields: &Fields,
) -> Option<Finding> {
    let (name, source) = fields.iter().find(|(name, _)| first.get(*name) != later.get(*name))?;
    let message = format!("the {what} has another {name} in row {first_row}");
    let column = source.column.clone().unwrap_or_default();
    Some(Finding { row, column, reject: Reject::field(name, message) })
}

impl Open {
    fn close(mut self) -> SheetDeal {
        let lines = self.lines.into_iter().map(Value::Object).collect();
        self.fields.insert("lines".into(), Value::Array(lines));
        SheetDeal { row: self.row, json: Value::Object(self.fields).to_string(), cells: self.cells }
    }
}
