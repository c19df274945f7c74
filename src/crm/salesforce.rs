//! Opportunities of Salesforce: records as its REST API answers them, and change events of its Change Data Capture.
//!
//! An event of an update says only what changed (and over the Pub/Sub API unchanged fields look empty), one of a gap says
//! nothing: both are refused by the record that has to be sent. A creation is taken where it has every field of the
//! mapping. One event may be of several records. Leaves out how events are subscribed to.

use super::mapping::Mapping;
use super::record::{Record, scalar};
use super::{Said, fields_of, text_of};
use crate::files::deal_fields::{instant, salesforce_id};
use jiff::Timestamp;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// The field that has a record's id.
pub(super) const ID: &str = "Id";
const HEADER: &str = "ChangeEventHeader";
/// What an event may be wrapped in, by the ways in which it is delivered.
const WRAPPINGS: [&str; 3] = ["payload", "data", "detail"];
const DEPTH: usize = 3;

pub(super) fn said(item: &RawValue) -> Vec<Said<'_>> {
    let Some(fields) = fields_of(item) else { return vec![Said::wrong("", "not a JSON object")] };
    match event(fields.clone()) {
        Some(event) => changed(event),
        None => vec![full(fields)],
    }
}

/// The body of a change event, out of what it is wrapped in.
fn event(mut fields: BTreeMap<String, &RawValue>) -> Option<BTreeMap<String, &RawValue>> {
    for _ in 0..=DEPTH {
        if fields.contains_key(HEADER) {
            return Some(fields);
        }
        fields = WRAPPINGS.iter().find_map(|name| fields_of(fields.get(*name)?))?;
    }
    None
}

fn full(fields: BTreeMap<String, &RawValue>) -> Said<'_> {
    let entity = fields.get("attributes").and_then(|raw| fields_of(raw)?.get("type").and_then(|raw| text_of(raw)));
    if let Some(other) = entity.filter(|entity| entity != "Opportunity") {
        return Said::wrong("attributes.type", format!("a record of {other}: send opportunities, with what is under them"));
    }
    let Some(stated) = fields.get(ID).and_then(|raw| text_of(raw)) else {
        return Said::wrong(ID, "missing: send records as the REST API answers them, or change events with their header");
    };
    let Some(id) = salesforce_id(&stated) else { return Said::wrong(ID, format!("\"{stated}\" is no id of Salesforce")) };
    if fields.get("IsDeleted").is_some_and(|deleted| deleted.get() == "true") {
        let changed = fields.get("SystemModstamp").and_then(|raw| instant(&scalar(raw)?));
        return match changed {
            Some(at) => Said::Deleted { id, at },
            None => Said::wrong("SystemModstamp", "a deleted record needs it as a time: ask for it"),
        };
    }
    let lists = fields.clone();
    Said::Full(Record { id, id_field: ID, fields, lists, is_event: false, omits_empty: false })
}

/// What an event says, record by record.
fn changed<'j>(event: BTreeMap<String, &'j RawValue>) -> Vec<Said<'j>> {
    let header = event.get(HEADER).and_then(|raw| fields_of(raw)).unwrap_or_default();
    let text = |name: &str| header.get(name).and_then(|raw| text_of(raw)).unwrap_or_default();
    let (entity, change) = (text("entityName"), text("changeType"));
    let ids: Vec<String> = header.get("recordIds").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    if entity != "Opportunity" {
        let message = format!(
            "an event of {entity:?}: subscribe to OpportunityChangeEvent, and send the opportunity in full when a record under it changes"
        );
        return vec![Said::wrong("entityName", message)];
    }
    if ids.is_empty() {
        return vec![Said::wrong("recordIds", "the event names no record")];
    }
    if ids.iter().any(|id| id.ends_with('*')) {
        return vec![Said::wrong("recordIds", "the event is about every opportunity: send all of them in full")];
    }
    let at = header.get("commitTimestamp").and_then(|raw| instant(&scalar(raw)?));
    let one = |id: &String| match salesforce_id(id) {
        Some(id) => one(&event, &change, id, at, ids.len() == 1),
        None => Said::wrong("recordIds", format!("\"{id}\" is no id of Salesforce")),
    };
    ids.iter().map(one).collect()
}

fn one<'j>(event: &BTreeMap<String, &'j RawValue>, change: &str, id: String, at: Option<Timestamp>, alone: bool) -> Said<'j> {
    match change {
        "DELETE" | "GAP_DELETE" => match at {
            Some(at) => Said::Deleted { id, at },
            None => Said::wrong("commitTimestamp", "a deletion needs it as milliseconds since 1970"),
        },
        "CREATE" | "UNDELETE" if alone => {
            let (fields, lists) = (event.clone(), event.clone());
            Said::Full(Record { id, id_field: ID, fields, lists, is_event: true, omits_empty: true })
        }
        "CREATE" | "UNDELETE" => Said::Part { id, why: "one event of several records".into() },
        "UPDATE" => Said::Part { id, why: "an UPDATE says only what changed".into() },
        "GAP_CREATE" | "GAP_UPDATE" | "GAP_UNDELETE" => {
            Said::Part { id, why: format!("{change} says only that something changed") }
        }
        "GAP_OVERFLOW" => {
            Said::wrong("changeType", "GAP_OVERFLOW says that events were left out: send all opportunities in full")
        }
        other => Said::wrong("changeType", format!("{other:?} is none of CREATE, UPDATE, DELETE, UNDELETE and GAP_*")),
    }
}

/// The query that gives the records as the mapping needs them.
pub(super) fn ask(mapping: &Mapping, ids: &BTreeSet<String>) -> String {
    let mut asked: BTreeSet<&str> = mapping.own_fields();
    asked.insert(ID);
    let mut asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
    for (list, mut fields) in mapping.lists() {
        fields.insert(ID);
        let fields: Vec<&str> = fields.into_iter().collect();
        asked.push(format!("(SELECT {} FROM {list})", fields.join(", ")));
    }
    let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    format!("SELECT {} FROM Opportunity WHERE Id IN ({})", asked.join(", "), quoted.join(", "))
}
