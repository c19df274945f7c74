//! Deals out of another system's CSV report: a mapping says which column is which field.
//!
//! Rows of the same deal and revision are one deal; rows of the same line add their splits to it. What comes out is the
//! line of JSON that `wire::json` reads, so that no rule about a deal is written twice, and the cell of each of its
//! fields. Leaves out what a field may hold. Columns that the mapping does not name are not read.

use super::deal_fields::{self, Cells, DEAL, DealSheet, Fields, Finding, LINE, SPLIT, SheetDeal, Zone, check, check_sources};
use super::fields::did_you_mean;
use crate::domain::reject::{Reason, Reject};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Which column is which field, as a TOML file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(default = "comma")]
    delimiter: char,
    #[serde(default)]
    time_zone: Zone,
    deal: Fields,
    line: Fields,
    #[serde(default)]
    split: Vec<Fields>,
    /// Attributes are texts.
    #[serde(default)]
    attributes: Fields,
}

fn comma() -> char {
    ','
}

impl Mapping {
    /// Reads a mapping; the message says where it is wrong.
    pub fn parse(text: &str) -> Result<Mapping, String> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| error.to_string())?;
        check(&mapping.deal, DEAL, "column")?;
        check(&mapping.line, LINE, "column")?;
        mapping.split.iter().try_for_each(|split| check(split, SPLIT, "column"))?;
        check_sources(&mapping.attributes, "attributes", "column")?;
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
        Ok(DealSheet { word: "row", rows, deals, findings: sheet.findings, ask: String::new() })
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
    cells: Cells,
}

impl Building<'_> {
    fn row(&mut self, row: u64, record: &csv::StringRecord) {
        let mapping = self.mapping;
        let mut cells = Cells::new();
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
        let mut cells = Cells::new();
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
            let mut cells = Cells::new();
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
        cells: &mut Cells,
    ) -> Map<String, Value> {
        let mut found = Map::new();
        for (name, source) in fields {
            let column = source.column.clone().unwrap_or_default();
            cells.insert(format!("{path}{name}"), (row, column.clone()));
            let cell = self.header.iter().position(|of| *of == column).and_then(|at| record.get(at));
            let text = source.value.as_deref().or(cell).unwrap_or_default();
            match source.text(text, &self.mapping.time_zone) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => drop(found.insert(name.clone(), deal_fields::json_value(name, text))),
                Err(message) => {
                    let reject = Reject::field(&format!("{path}{name}"), message);
                    self.findings.push(Finding { row, column, reject });
                }
            }
        }
        found
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
