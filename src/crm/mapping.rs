//! Which field of a CRM's record is which field of a deal, as a TOML file says it, and records brought onto it.
//!
//! The fields of a deal, its lines and splits come from the record and from lists under it; splits stand on every line, as
//! in a report. Lines and splits are put in an order of their own, because a CRM may list the same ones in another order.
//! What comes out is the line of JSON that `wire::json` reads. Columns of a report are `files::deal_sheet`'s.

use super::record::{Lack, Record};
use super::signature::Webhook;
use crate::domain::deal::{MAXIMUM_LINES, MAXIMUM_SPLITS};
use crate::domain::reject::Reject;
use crate::files::deal_fields::{
    Cells, DEAL, Fields, Finding, Group, LINE, SPLIT, SheetDeal, Source, Zone, check, check_sources, json_value,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// So much is said about one record: when so much is wrong, nobody reads the rest.
const MAXIMUM_FINDINGS: usize = 100;
/// What a list's records may say, too: when they were changed.
const LISTED_LINE: Group = ("line", LINE.1, &["geography", "segment", "cost", "revision"]);
const LISTED_SPLIT: Group = ("split", SPLIT.1, &["revision"]);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Where a time becomes a day.
    #[serde(default)]
    time_zone: Zone,
    deal: Fields,
    line: Listed,
    /// The one line of a deal whose list of lines is empty.
    line_if_none: Option<Fields>,
    #[serde(default)]
    split: Vec<Listed>,
    /// Attributes are texts.
    #[serde(default)]
    attributes: Fields,
    /// How the CRM's own requests are known.
    pub webhook: Option<Webhook>,
}

/// Fields of every record of a list, or of the deal's record itself.
#[derive(Debug, Deserialize)]
struct Listed {
    list: Option<String>,
    #[serde(flatten)]
    fields: Fields,
}

/// A line or a split, with the CRM's names of its fields.
struct Part {
    fields: Map<String, Value>,
    origins: Vec<(String, String)>,
}

impl Part {
    fn text(&self, name: &str) -> String {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// A deal while it is made.
struct Building<'m> {
    mapping: &'m Mapping,
    row: u64,
    findings: Vec<Finding>,
    /// The newest change so far.
    revision: Option<i64>,
    /// Something that the mapping names is not in the record.
    lacks: bool,
}

/// Why a record is no deal.
pub(super) struct NoDeal {
    pub findings: Vec<Finding>,
    /// Because it is not all there.
    pub lacks: bool,
}

impl Mapping {
    /// Reads a mapping; the message says where it is wrong, and shows nothing of the text.
    pub fn parse(text: &str) -> Result<Mapping, String> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })?;
        let group = |listed: &Listed, group| check(&listed.fields, group, "field");
        check(&mapping.deal, DEAL, "field")?;
        group(&mapping.line, if mapping.line.list.is_some() { LISTED_LINE } else { LINE })?;
        for split in &mapping.split {
            group(split, if split.list.is_some() { LISTED_SPLIT } else { SPLIT })?;
        }
        if let Some(line) = &mapping.line_if_none {
            check(line, LINE, "field")?;
            if mapping.line.list.is_none() {
                return Err("[line_if_none] needs a list in [line]: a line of the deal's own fields is never missing".into());
            }
        }
        check_sources(&mapping.attributes, "attributes", "field")?;
        let listed = [&mapping.line].into_iter().chain(&mapping.split).filter_map(|listed| listed.fields.get("revision"));
        if mapping.deal.get("revision").into_iter().chain(listed).any(|source| !source.is_time()) {
            return Err(
                "revision has to be the time of the last change: write as = \"timestamp\"; deletions have no other number".into(),
            );
        }
        Ok(mapping)
    }

    /// A record as a deal, or everything that is wrong with it.
    pub(super) fn deal(&self, row: u64, record: &Record<'_>) -> Result<SheetDeal, NoDeal> {
        let mut building = Building { mapping: self, row, findings: Vec::new(), revision: None, lacks: false };
        let mut deal = building.part(record, &self.deal, "");
        let attributes = building.part(record, &self.attributes, "attributes.");
        let mut lines = building.parts(record, &self.line, "lines");
        if let (true, Some(only)) = (lines.is_empty(), &self.line_if_none) {
            lines.push(building.part(record, only, "lines"));
        }
        lines.sort_by_key(|line| line.text("line_id"));
        let splits = self.splits(&mut building, record);
        // Asked here, too, because every split comes to stand on every line.
        building.bound("splits", self.split.iter().find_map(|split| split.list.as_deref()), splits.len(), MAXIMUM_SPLITS);
        if !building.findings.is_empty() {
            return Err(NoDeal { findings: building.findings, lacks: building.lacks });
        }
        if let Some(revision) = building.revision {
            deal.fields.insert("revision".into(), revision.into());
            deal.fields.entry("occurred_at").or_insert(revision.into());
        }
        if !attributes.fields.is_empty() {
            deal.fields.insert("attributes".into(), Value::Object(attributes.fields));
        }
        let mut cells = Cells::new();
        note(&mut cells, row, "", &deal.origins);
        note(&mut cells, row, "attributes.", &attributes.origins);
        for (at, split) in splits.iter().enumerate() {
            note(&mut cells, row, &format!("splits[{at}]."), &split.origins);
        }
        let place = |(at, mut line): (usize, Part)| {
            note(&mut cells, row, &format!("lines[{at}]."), &line.origins);
            let splits: Vec<Value> = splits.iter().map(|split| Value::Object(split.fields.clone())).collect();
            if !splits.is_empty() {
                line.fields.insert("splits".into(), Value::Array(splits));
            }
            Value::Object(line.fields)
        };
        let lines = lines.into_iter().enumerate().map(place).collect();
        deal.fields.insert("lines".into(), Value::Array(lines));
        Ok(SheetDeal { row, json: Value::Object(deal.fields).to_string(), cells })
    }

    /// Of each table of the mapping, in an order of its own; who is nobody is left out.
    fn splits(&self, building: &mut Building<'_>, record: &Record<'_>) -> Vec<Part> {
        let mut splits = Vec::new();
        for listed in &self.split {
            let mut of = building.parts(record, listed, "splits");
            of.retain(|split| split.fields.contains_key("payee_id"));
            of.sort_by_key(|split| ["payee_id", "counts", "role", "share"].map(|name| split.text(name)));
            splits.extend(of);
        }
        splits
    }

    /// The revision of a deal that is deleted: it says that nothing of the deal counts, and is the same whatever was known.
    pub(super) fn deletion(&self, id: &str, id_field: &str, at: Timestamp) -> Result<String, Reject> {
        let deal_id = self.deal.get("deal_id").filter(|source| source.field.as_deref() == Some(id_field));
        let deal_id = deal_id.map(|source| source.text(id, &self.time_zone).map_err(|message| Reject::field("deal_id", message)));
        let deal_id = deal_id.unwrap_or_else(|| {
            let message =
                format!("a deletion names the {id_field} alone, and the mapping takes another field: send a CANCELLED revision");
            Err(Reject::field("deal_id", message))
        })?;
        let currency = self.deal.get("currency").and_then(|source| source.value.clone().or_else(|| source.empty.clone()));
        let currency = currency.ok_or_else(|| {
            let message = "a deletion names no currency: write empty = \"USD\" beside its field in the mapping";
            Reject::field("currency", message.into())
        })?;
        let (revision, on) = (at.as_microsecond(), at.to_zoned(self.time_zone.0.clone()).date().to_string());
        let line = json!({ "line_id": "deleted", "product": "deleted", "amount": "0", "quantity": "0" });
        let deal = json!({
            "deal_id": deal_id, "revision": revision, "status": "CANCELLED", "change": "CANCELLATION", "effective_on": on,
            "closed_on": on, "currency": currency, "lines": [line], "occurred_at": revision,
        });
        Ok(deal.to_string())
    }

    /// The fields of the deal's own record that the mapping names.
    pub(super) fn own_fields(&self) -> BTreeSet<&str> {
        let unlisted = [&self.line].into_iter().chain(&self.split).filter(|listed| listed.list.is_none());
        let groups = [&self.deal, &self.attributes].into_iter().chain(&self.line_if_none);
        groups.chain(unlisted.map(|listed| &listed.fields)).flat_map(named).collect()
    }

    /// The lists that the mapping names, with the fields of their records.
    pub(super) fn lists(&self) -> Vec<(&str, BTreeSet<&str>)> {
        let mut lists: Vec<(&str, BTreeSet<&str>)> = Vec::new();
        for listed in [&self.line].into_iter().chain(&self.split) {
            let Some(name) = listed.list.as_deref() else { continue };
            match lists.iter_mut().find(|(known, _)| *known == name) {
                Some((_, fields)) => fields.extend(named(&listed.fields)),
                None => lists.push((name, named(&listed.fields).collect())),
            }
        }
        lists
    }
}

fn named(fields: &Fields) -> impl Iterator<Item = &str> {
    fields.values().filter_map(|source| source.field.as_deref())
}

fn note(cells: &mut Cells, row: u64, path: &str, origins: &[(String, String)]) {
    cells.extend(origins.iter().map(|(name, origin)| (format!("{path}{name}"), (row, origin.clone()))));
}

impl Building<'_> {
    /// One part for every record of a list; without a list, one.
    fn parts(&mut self, record: &Record<'_>, listed: &Listed, path: &str) -> Vec<Part> {
        let Some(name) = &listed.list else { return vec![self.part(record, &listed.fields, path)] };
        match record.list(name) {
            Ok(records) => {
                let mut parts = Vec::new();
                if self.bound(path, Some(name.as_str()), records.len(), MAXIMUM_LINES) {
                    return parts;
                }
                for record in &records {
                    if self.findings.len() >= MAXIMUM_FINDINGS {
                        break;
                    }
                    parts.push(self.part(record, &listed.fields, path));
                }
                parts
            }
            Err(message) => {
                self.lacks = true;
                self.find(name, Reject::field(path, message));
                Vec::new()
            }
        }
    }

    /// The fields that are not empty, and where they come from.
    fn part(&mut self, record: &Record<'_>, fields: &Fields, path: &str) -> Part {
        let mut part = Part { fields: Map::new(), origins: Vec::new() };
        for (name, source) in fields {
            let origin = source.field.clone().unwrap_or_default();
            let text = self.text(record, source);
            // Without its time a record could not be put in order.
            let text = text.and_then(|text| match name == "revision" && text.is_empty() {
                true => Err(format!("{origin} is empty, and says when the record was changed")),
                false => Ok(text),
            });
            match text {
                Ok(text) if text.is_empty() => {}
                Ok(text) if name == "revision" => self.revision = self.revision.max(text.parse().ok()),
                Ok(text) => drop(part.fields.insert(name.clone(), json_value(name, text))),
                Err(message) => {
                    let path =
                        if path.is_empty() || path.ends_with('.') { format!("{path}{name}") } else { format!("{path}.{name}") };
                    self.find(&origin, Reject::field(&path, message));
                }
            }
            part.origins.push((name.clone(), origin));
        }
        part
    }

    fn text(&mut self, record: &Record<'_>, source: &Source) -> Result<String, String> {
        let zone = &self.mapping.time_zone;
        let Some(path) = &source.field else { return source.text(source.value.as_deref().unwrap_or_default(), zone) };
        match record.text(path) {
            Ok(text) => source.text(&text, zone),
            Err(Lack::NoText) => Err(format!("{path} is no text, number or truth value")),
            Err(Lack::Absent) if record.may_omit(path) && source.empty.is_some() => source.text("", zone),
            Err(Lack::Absent) => {
                self.lacks = true;
                let hint = if record.may_omit(path) {
                    "write empty = \"...\" in the mapping if that is so where it is empty"
                } else {
                    "ask for it"
                };
                Err(format!("the record has no {path}: {hint}"))
            }
        }
    }

    /// Whether there are more than a deal may have, which is found then.
    fn bound(&mut self, path: &str, list: Option<&str>, count: usize, maximum: usize) -> bool {
        if count > maximum {
            self.find(list.unwrap_or_default(), Reject::field(path, format!("{count} {path}, more than {maximum}")));
        }
        count > maximum
    }

    fn find(&mut self, column: &str, reject: Reject) {
        self.findings.push(Finding { row: self.row, column: column.into(), reject });
    }
}
