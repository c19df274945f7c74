//! The schemas hold together: a doc everywhere, one id each.

use crate::domain::fact::{Fact, FactBody};
use crate::domain::money::POINTS;
use crate::domain::plan::{Attribution, Bound, Component, CountSplit, Deficit, Direction, Prorate, QuotaUse};
use crate::wire::json::to_json;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every schema by name, with its text.
pub const SCHEMAS: [(&str, &str); 11] = [
    ("deal-closed", include_str!("../../../schemas/deal-closed.avsc")),
    ("quota-changed", include_str!("../../../schemas/quota-changed.avsc")),
    ("facts", include_str!("../../../schemas/facts.avsc")),
    ("attainment", include_str!("../../../schemas/attainment.avsc")),
    ("accrual", include_str!("../../../schemas/accrual.avsc")),
    ("payout", include_str!("../../../schemas/payout.avsc")),
    ("payout-run", include_str!("../../../schemas/payout-run.avsc")),
    ("payee", include_str!("../../../schemas/payee.avsc")),
    ("deal-settled", include_str!("../../../schemas/deal-settled.avsc")),
    ("adjustment-made", include_str!("../../../schemas/adjustment-made.avsc")),
    ("payout-acknowledged", include_str!("../../../schemas/payout-acknowledged.avsc")),
];

/// Collects what has a name and no doc.
fn undocumented(path: &str, value: &Value, found: &mut Vec<String>) {
    if let Some(name) = value.get("name").and_then(Value::as_str) {
        let path = format!("{path}/{name}");
        if value.get("doc").and_then(Value::as_str).is_none_or(str::is_empty) {
            found.push(path.clone());
        }
        for part in ["type", "fields"] {
            undocumented(&path, value.get(part).unwrap_or(&Value::Null), found);
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| undocumented(path, item, found)),
        Value::Object(fields) => fields.values().for_each(|field| undocumented(path, field, found)),
        _ => {}
    }
}

#[test]
fn every_field_and_type_has_a_doc() {
    for (name, text) in SCHEMAS {
        let mut found = Vec::new();
        undocumented(name, &serde_json::from_str(text).unwrap(), &mut found);
        assert_eq!(found, Vec::<String>::new(), "without doc");
    }
}

#[test]
fn every_schema_has_one_id_of_its_own() {
    let ids: toml::Table = toml::from_str(include_str!("../../../schemas/ids.toml")).unwrap();
    let named: BTreeSet<&str> = ids.keys().map(String::as_str).collect();
    assert_eq!(named, SCHEMAS.iter().map(|(name, _)| *name).collect());
    let distinct: BTreeSet<i64> = ids.values().filter_map(toml::Value::as_integer).collect();
    assert_eq!(distinct.len(), SCHEMAS.len(), "ids are distinct numbers");
}

/// What was written before: the place of the schema that reads it, its id, and the fields that came since.
const EARLIER: [(usize, u8, &str, &[&str]); 23] = [
    (
        2,
        3,
        include_str!("../../../schemas/history/facts.3.avsc"),
        &["paid_measure", "target", "beyond", "weight", "multiplier", "gate", "cap", "prorate", "parameters"],
    ),
    (
        2,
        9,
        include_str!("../../../schemas/history/facts.9.avsc"),
        &["draw", "payment_cap", "minimum_settlement", "deal_cap", "late", "count_split", "pay", "attribution"],
    ),
    (2, 12, include_str!("../../../schemas/history/facts.12.avsc"), &["deal_settled"]),
    (2, 16, include_str!("../../../schemas/history/facts.16.avsc"), &["adjustment_made"]),
    (2, 18, include_str!("../../../schemas/history/facts.18.avsc"), &["rate_type", "spread"]),
    (
        2,
        20,
        include_str!("../../../schemas/history/facts.20.avsc"),
        &["formula", "pay_rate_type", "pay_currency", "other_totals"],
    ),
    (2, 22, include_str!("../../../schemas/history/facts.22.avsc"), &["attribute", "unit", "missing", "customers", "filter"]),
    (2, 34, include_str!("../../../schemas/history/facts.34.avsc"), &["earning_unit"]),
    (2, 40, include_str!("../../../schemas/history/facts.40.avsc"), &["lookup", "interval_floor", "floors"]),
    (2, 28, include_str!("../../../schemas/history/facts.28.avsc"), &["earned_components", "earned_by"]),
    (2, 31, include_str!("../../../schemas/history/facts.31.avsc"), &[]),
    (2, 46, include_str!("../../../schemas/history/facts.46.avsc"), &["team", "pool"]),
    (2, 47, include_str!("../../../schemas/history/facts.47.avsc"), &["plan_cap"]),
    (2, 48, include_str!("../../../schemas/history/facts.48.avsc"), &["rate_parameter"]),
    (2, 49, include_str!("../../../schemas/history/facts.49.avsc"), &["clawback_scale", "ramp", "own_modifiers"]),
    (2, 50, include_str!("../../../schemas/history/facts.50.avsc"), &["own_amounts", "roles"]),
    (
        2,
        51,
        include_str!("../../../schemas/history/facts.51.avsc"),
        &["direction", "at_zero", "at_most", "own_rate", "own_otherwise", "quota_after_release"],
    ),
    (2, 52, include_str!("../../../schemas/history/facts.52.avsc"), &["from_parameter", "measure_currency"]),
    (2, 53, include_str!("../../../schemas/history/facts.53.avsc"), &["deficit"]),
    (3, 4, include_str!("../../../schemas/history/attainment.4.avsc"), &["territory"]),
    (5, 6, include_str!("../../../schemas/history/payout.6.avsc"), &["plan_amount", "plan_currency", "rate", "rate_date"]),
    (6, 7, include_str!("../../../schemas/history/payout-run.7.avsc"), &["other_totals"]),
    (4, 5, include_str!("../../../schemas/history/accrual.5.avsc"), &[]),
];
/// How many of them are of facts.
const OF_FACTS: usize = 19;

/// Every record of a schema: its fields by name, each with its type (without docs) and whether it has a default.
fn records(schema: &Value, found: &mut BTreeMap<String, BTreeMap<String, (String, bool)>>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| records(item, found)),
        Value::Object(object) => {
            if let (Some(name), Some(Value::Array(fields))) = (object.get("name"), object.get("fields")) {
                let field = |field: &Value| {
                    let shape = (shape(&field["type"]), field.get("default").is_some());
                    (field["name"].as_str().unwrap().to_string(), shape)
                };
                found.insert(name.as_str().unwrap().into(), fields.iter().map(field).collect());
            }
            object.values().for_each(|value| records(value, found));
        }
        _ => {}
    }
}

/// A type as text: of records the name alone, nothing of docs.
fn shape(of: &Value) -> String {
    match of {
        Value::Array(items) => items.iter().map(shape).collect::<Vec<_>>().join(" or "),
        Value::Object(object) if object.contains_key("fields") => shape(&object["name"]),
        Value::Object(object) => {
            let part = |key: &str| object.get(key).map(shape).unwrap_or_default();
            ["type", "items", "values", "logicalType", "precision", "scale", "symbols"].map(part).join(" ")
        }
        other => other.to_string(),
    }
}

/// What of an earlier schema's records a later one cannot read: fields that are gone, differ, or came without a default.
/// A union may take branches more.
fn unreadable(earlier: &Value, now: &Value) -> Vec<String> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    records(earlier, &mut before);
    records(now, &mut after);
    let mut found = Vec::new();
    for (record, fields) in &before {
        let Some(known) = after.get(record) else {
            found.push(format!("{record} is gone"));
            continue;
        };
        let kept = |(name, (shape, _)): (&String, &(String, bool))| {
            known.get(name).is_some_and(|(now, _)| now == shape || now.starts_with(&format!("{shape} or ")))
        };
        found.extend(fields.iter().filter(|field| !kept(*field)).map(|(name, _)| format!("{record}.{name} is another")));
        let new = known.iter().filter(|(name, _)| !fields.contains_key(*name));
        found.extend(new.filter(|(_, (_, default))| !default).map(|(name, _)| format!("{record}.{name} has no default")));
    }
    found
}

#[test]
fn a_changed_schema_reads_what_was_written_before() {
    for (place, id, text, _) in EARLIER {
        let [before, after] = [text, SCHEMAS[place].1].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(unreadable(&before, &after), Vec::<String>::new(), "{id}");
    }
    let [earlier, now] = [EARLIER[1].2, SCHEMAS[2].1].map(|text| serde_json::from_str::<Value>(text).unwrap());
    let changed = |from: &str, to: &str| {
        let text = now.to_string();
        assert!(text.contains(from), "{from}");
        unreadable(&earlier, &serde_json::from_str(&text.replacen(from, to, 1)).unwrap())
    };
    assert_eq!(changed("\"name\":\"closer_may_release\"", "\"name\":\"may_release\"").len(), 1);
    assert_eq!(changed("\"name\":\"reason\",\"type\":\"string\"", "\"name\":\"reason\",\"type\":\"bytes\"").len(), 1);
    assert_eq!(changed("\"default\":null,\"doc\":\"A draw or guarantee.\",", "").len(), 1, "a field without a default");
}

fn without(value: Avro, fields: &[&str]) -> Avro {
    match value {
        Avro::Record(known) => {
            let kept = known.into_iter().filter(|(name, _)| !fields.contains(&name.as_str()));
            Avro::Record(kept.map(|(name, value)| (name, without(value, fields))).collect())
        }
        Avro::Array(items) => Avro::Array(items.into_iter().map(|item| without(item, fields)).collect()),
        Avro::Union(place, value) => Avro::Union(place, Box::new(without(*value, fields))),
        other => other,
    }
}

/// A record under an earlier schema, written by another codec without the fields that came since.
fn as_before((place, id, text, _): (usize, u8, &str, &[&str]), added: &[&str], bytes: &[u8]) -> Vec<u8> {
    let [schema, now] = [text, SCHEMAS[place].1].map(|text| apache_avro::Schema::parse_str(text).unwrap());
    let value = GenericDatumReader::builder(&now).build().unwrap().read_value(&mut &bytes[5..]).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    [&[0, 0, 0, 0, id], writer.write_value_to_vec(without(value, added)).unwrap().as_slice()].concat()
}

#[test]
fn attainment_before_territories_is_read() {
    let codec = crate::wire::Codec::new().unwrap();
    let mut attainment = super::fixtures::attainment();
    let mut bytes = Vec::new();
    codec.write_attainment(&attainment, &mut bytes).unwrap();
    let before = as_before(EARLIER[OF_FACTS], EARLIER[OF_FACTS].3, &bytes);
    assert!(before.len() < bytes.len());
    attainment.territory.0 = 0;
    assert_eq!(codec.read_attainment(&before).unwrap(), attainment);
}

#[test]
fn accruals_of_points_say_so_and_those_before_are_read() {
    let codec = crate::wire::Codec::new().unwrap();
    let mut accrual = super::fixtures::accrual();
    for (currency, unit) in [("USD", "money"), (POINTS, "points")] {
        accrual.currency = currency.into();
        let mut bytes = Vec::new();
        codec.write_accrual(&accrual, &mut bytes).unwrap();
        assert_eq!(codec.read_accrual(&as_before(EARLIER[OF_FACTS + 3], &[], &bytes)).unwrap(), accrual);
        let schema = apache_avro::Schema::parse_str(SCHEMAS[4].1).unwrap();
        let Avro::Record(fields) = GenericDatumReader::builder(&schema).build().unwrap().read_value(&mut &bytes[5..]).unwrap()
        else {
            panic!("no record")
        };
        assert!(fields.contains(&("unit".into(), Avro::String(unit.into()))), "{fields:?}");
        assert_eq!(to_json(&accrual)["unit"], unit);
    }
}

#[test]
fn payouts_and_runs_before_other_currencies_are_read() {
    let codec = crate::wire::Codec::new().unwrap();
    let (payout, mut run) = (super::fixtures::payout(), super::fixtures::payout_run());
    let mut bytes = Vec::new();
    codec.write_payout(&payout, &mut bytes).unwrap();
    let [of_payout, of_run] = [EARLIER[OF_FACTS + 1], EARLIER[OF_FACTS + 2]];
    assert_eq!(codec.read_payout(&as_before(of_payout, of_payout.3, &bytes)).unwrap(), payout);
    bytes.clear();
    codec.write_payout_run(&run, &mut bytes).unwrap();
    run.other_totals.clear();
    assert_eq!(codec.read_payout_run(&as_before(of_run, of_run.3, &bytes)).unwrap(), run);
}

/// Without parts of pay, and what came with them.
fn at_once(component: &mut Component) {
    component.pay.clear();
    (component.attribution, component.count_split) = (Attribution::Slice, CountSplit::Share);
}

/// As every component was.
fn higher(component: &mut Component) {
    (component.direction, component.deficit) = (Direction::Higher, Deficit::Lost);
    if let Some(gate) = component.modifiers.gate.as_mut().filter(|gate| matches!(gate.bound, Bound::AtMost(_))) {
        gate.bound = Bound::AtLeast(0);
    }
}

#[test]
fn facts_of_an_earlier_schema_are_read_with_defaults() {
    let codec = crate::wire::Codec::new().unwrap();
    for (place, earlier) in EARLIER[..OF_FACTS].iter().enumerate() {
        let (id, added) =
            (earlier.1, EARLIER[place..OF_FACTS].iter().flat_map(|earlier| earlier.3).copied().collect::<Vec<&str>>());
        let mut differing = 0;
        let written = |fact: &Fact| match fact.body {
            FactBody::TerritoriesDefined(_) => id >= 12,
            FactBody::RatesDefined(_) => id >= 20,
            FactBody::MeasureDefined(ref measure) => measure.earnings.is_none() && (id >= 34 || !measure.reads_details()),
            _ => true,
        };
        for mut fact in super::fixtures::facts().into_iter().filter(written) {
            if let FactBody::PayeeDefined(payee) = &mut fact.body {
                payee.rows.iter_mut().for_each(|row| row.team = None);
            }
            if let FactBody::MeasureDefined(measure) = &mut fact.body {
                measure.roles.clear();
                measure.currency = None;
            }
            match &mut fact.body {
                FactBody::PlanDefined(plan) => {
                    plan.components.retain(|component| id >= 51 || component.lookup.is_none());
                    (plan.prorate.floor, plan.cap) = (false, None);
                    plan.ramp.clear();
                    plan.own_amounts.clear();
                    plan.quota_after_release = Default::default();
                    plan.components.iter_mut().for_each(|component| component.modifiers.floor = None);
                    plan.components.iter_mut().for_each(|component| component.own_rates.clear());
                    plan.components.iter_mut().for_each(|component| component.own_edges.clear());
                    plan.components.iter_mut().for_each(|component| component.clawback.scale.clear());
                    plan.components.iter_mut().for_each(|component| component.own_modifiers.clear());
                    plan.components.iter_mut().for_each(higher);
                    plan.components.retain(|component| id >= 40 || component.formula().is_none());
                    let spreads = plan.components.iter_mut().filter_map(|component| match &mut component.quota {
                        QuotaUse::ToDate(shares) if id < 20 => Some(shares),
                        QuotaUse::ToDate(_) | QuotaUse::Interval => None,
                    });
                    spreads.filter(|_| id < 20).for_each(Vec::clear);
                    if id < 12 {
                        plan.prorate = if id == 3 { Prorate::NOTHING } else { Prorate { draw: false, ..plan.prorate } };
                        plan.pay = Default::default();
                        plan.components.iter_mut().for_each(at_once);
                        plan.components.truncate(if id == 3 { 2 } else { plan.components.len() });
                    }
                }
                FactBody::CompanyDefined(company) if id < 22 => company.pay_rate_type = None,
                FactBody::MeasureDefined(measure) if id < 20 => measure.rate_type = None,
                FactBody::PayeeDefined(payee) if id < 22 => {
                    payee.rows.iter_mut().for_each(|row| row.pay_currency = None);
                    payee.rows.iter_mut().filter(|_| id == 3).for_each(|row| row.parameters.clear());
                }
                FactBody::PeriodReleased(released) if id < 22 => released.other_totals.clear(),
                FactBody::PeriodClosed(closed) => {
                    closed.cut.adjustment_made.truncate(if id < 18 { 0 } else { closed.cut.adjustment_made.len() });
                    closed.cut.deal_settled.truncate(if id < 16 { 0 } else { closed.cut.deal_settled.len() });
                }
                _ => {}
            }
            let mut bytes = Vec::new();
            codec.write_fact(&fact, &mut bytes).unwrap();
            let framed = as_before(*earlier, &added, &bytes);
            differing += usize::from(framed[5..] != bytes[5..]);
            assert_eq!(codec.fact(&framed).unwrap(), fact);
        }
        let expected = [
            (3, 6),
            (9, 6),
            (12, 6),
            (16, 6),
            (18, 5),
            (20, 5),
            (22, 3),
            (34, 4),
            (40, 4),
            (28, 3),
            (31, 3),
            (46, 4),
            (47, 3),
            (48, 3),
            (49, 3),
            (50, 3),
            (51, 3),
            (52, 3),
            (53, 1),
        ]
        .into_iter()
        .find(|(of, _)| *of == id)
        .map(|(_, count)| count);
        assert_eq!(
            Some(differing),
            expected,
            "measures and a plan; before id 22 a company, a payee and a release, before id 18 a close"
        );
    }
}
