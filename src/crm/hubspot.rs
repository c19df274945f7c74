//! Deals of HubSpot: objects of its CRM API and of workflows' webhooks, and events of subscriptions.
//!
//! An event names one property, in no order and more than once: it is refused by the deal that has to be sent. Deletions
//! and merges say all that there is. Leaves out the deals' line items unless the sender has put them under
//! `line_items`: an object names only their ids.

use super::mapping::Mapping;
use super::record::{Record, scalar};
use super::{Said, Sender, fields_of, goes_on};
use crate::files::deal_fields::instant;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// The field that has a deal's id.
pub(super) const ID: &str = "id";
/// Most inputs that a request may have.
const MAXIMUM_INPUTS: usize = 100;
/// The type of deals where an event is of any type.
const DEALS: &str = "0-3";

pub(super) fn said(item: &RawValue, portal_id: Option<u64>, sender: Sender) -> Vec<Said<'_>> {
    let Some(fields) = fields_of(item) else { return vec![Said::wrong("", "not a JSON object")] };
    if let Some(other) = portal_id.and_then(|own| of_another(&fields, own, sender)) {
        return vec![Said::wrong("portalId", other)];
    }
    if fields.contains_key("subscriptionType") { event(&fields) } else { vec![full(fields)] }
}

/// Why an item is not one of the mapping's own portal.
fn of_another(fields: &BTreeMap<String, &RawValue>, own: u64, sender: Sender) -> Option<String> {
    let Some(raw) = fields.get("portalId").filter(|raw| raw.get() != "null") else {
        let message =
            format!("missing: what is signed is taken of portal {own} alone; send it with the token, or with its portalId");
        return (sender == Sender::Signed).then_some(message);
    };
    let stated = scalar(raw).unwrap_or_else(|| raw.get().into());
    (stated != own.to_string()).then(|| format!("of portal {stated}, and the mapping is of {own}"))
}

fn full(lists: BTreeMap<String, &RawValue>) -> Said<'_> {
    let Some(fields) = lists.get("properties").and_then(|raw| fields_of(raw)) else {
        return Said::wrong("properties", "missing: send deals as the CRM API gives them, with all that the mapping names");
    };
    let id = ["id", "dealId", "objectId"].into_iter().find_map(|name| scalar(lists.get(name)?));
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Said::wrong("id", "missing") };
    let is = |name: &str| lists.get(name).is_some_and(|raw| raw.get() == "true");
    if is("archived") || is("isDeleted") {
        let at = lists.get("archivedAt").and_then(|raw| instant(&scalar(raw)?));
        return match at {
            Some(at) => Said::Deleted { id, at },
            None => Said::wrong("archivedAt", "a deal that is archived needs it as a time; a deal.deletion event has it, too"),
        };
    }
    // The older form gives every property with where it comes from, and leaves out those without a value.
    let omits_empty = fields.values().any(|raw| raw.get().starts_with('{'));
    if let Some(lacking) = lacking_items(&lists) {
        return Said::Part { id, why: lacking };
    }
    Said::Full(Record { id, id_field: ID, fields, lists, is_event: false, omits_empty })
}

/// The line items that the deal names and the object does not have, where it has any.
fn lacking_items(lists: &BTreeMap<String, &RawValue>) -> Option<String> {
    let named = fields_of(lists.get("associations")?)?;
    let named = named.get("line items").or_else(|| named.get("line_items"))?;
    let items = lists.get("line_items")?;
    if fields_of(named).is_some_and(|page| goes_on(&page)) {
        return Some("the list of its line items goes on elsewhere".into());
    }
    let named = super::list_of(named, "results")?;
    let there = if items.get() == "null" { Vec::new() } else { super::list_of(items, "results")? };
    let id = |raw: &RawValue| fields_of(raw)?.get("id").and_then(|raw| scalar(raw));
    let there: BTreeSet<String> = there.into_iter().filter_map(id).collect();
    let missing = named.into_iter().filter_map(id).find(|id| !there.contains(id))?;
    Some(format!("line item {missing} belongs to the deal and is not in line_items"))
}

fn event<'j>(fields: &BTreeMap<String, &'j RawValue>) -> Vec<Said<'j>> {
    let of = |name: &str| fields.get(name).and_then(|raw| scalar(raw)).unwrap_or_default();
    let subscription = of("subscriptionType");
    let subscription = match subscription.strip_prefix("object.") {
        Some(change) if of("objectTypeId") == DEALS => format!("deal.{change}"),
        _ => subscription,
    };
    let Some(at) = instant(&of("occurredAt")) else {
        return vec![Said::wrong("occurredAt", "an event needs it as milliseconds since 1970")];
    };
    let id = of("objectId");
    match subscription.as_str() {
        "deal.deletion" if !id.is_empty() => vec![Said::Deleted { id, at }],
        "deal.merge" => {
            let merged: Vec<&RawValue> =
                fields.get("mergedObjectIds").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
            let (stays, primary) = (of("newObjectId"), of("primaryObjectId"));
            let stays = if stays.is_empty() { primary.clone() } else { stays };
            if stays.is_empty() || merged.is_empty() {
                return vec![Said::wrong("mergedObjectIds", "a merge names which deals became which one")];
            }
            let gone: BTreeSet<String> = merged.into_iter().filter_map(scalar).chain([primary]).collect();
            gone.into_iter().filter(|id| *id != stays && !id.is_empty()).map(|id| Said::Deleted { id, at }).collect()
        }
        "deal.creation" | "deal.propertyChange" | "deal.restore" | "deal.associationChange" if !id.is_empty() => {
            vec![Said::Part { id, why: format!("{subscription} says only a part") }]
        }
        "deal.associationChange" if !of("fromObjectId").is_empty() => {
            vec![Said::Part { id: of("fromObjectId"), why: format!("{subscription} says only a part") }]
        }
        known if known.starts_with("deal.") && id.is_empty() => vec![Said::wrong("objectId", "missing")],
        other => vec![Said::wrong("subscriptionType", format!("{other:?} is not about deals: take the subscription away"))],
    }
}

/// The bodies of the requests that give the deals as the mapping needs them.
pub(super) fn ask(mapping: &Mapping, ids: &BTreeSet<String>) -> String {
    let properties: Vec<&str> = mapping.own_fields().into_iter().filter(|name| *name != ID).collect();
    let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    let batch =
        |inputs| format!("POST /crm/v3/objects/deals/batch/read {}", json!({ "inputs": inputs, "properties": properties }));
    let mut asked = inputs.chunks(MAXIMUM_INPUTS).map(batch).collect::<Vec<_>>().join("; ");
    for (list, fields) in mapping.lists() {
        let fields: Vec<&str> = fields.into_iter().filter(|name| *name != ID).collect();
        asked += &format!("; put the deal's {list} with {} under {list}", fields.join(", "));
    }
    asked
}
