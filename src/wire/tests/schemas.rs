//! The schemas hold together: a doc everywhere, one id each.

use serde_json::Value;
use std::collections::BTreeSet;

/// Every schema by name, with its text.
pub const SCHEMAS: [(&str, &str); 8] = [
    ("deal-closed", include_str!("../../../schemas/deal-closed.avsc")),
    ("quota-changed", include_str!("../../../schemas/quota-changed.avsc")),
    ("facts", include_str!("../../../schemas/facts.avsc")),
    ("attainment", include_str!("../../../schemas/attainment.avsc")),
    ("accrual", include_str!("../../../schemas/accrual.avsc")),
    ("payout", include_str!("../../../schemas/payout.avsc")),
    ("payout-run", include_str!("../../../schemas/payout-run.avsc")),
    ("payee", include_str!("../../../schemas/payee.avsc")),
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
