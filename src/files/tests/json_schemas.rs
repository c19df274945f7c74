//! The JSON Schemas say what the readers take: every file and plan of the worked company fits, no key is missing or made
//! up, and what is committed for editors is what the code says.

use super::super::json_schema::{KINDS, json_schema};
use super::{PLAN_FILE, config, found};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A TOML value as editors hand it to a schema: dates are text.
fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, as_json(value))).collect(),
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Float(number) => serde_json::json!(number),
    }
}

fn read(path: &Path) -> toml::Table {
    std::fs::read_to_string(path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What of a document does not fit.
fn misfits(kind: &str, document: toml::Value) -> Vec<String> {
    let validator = jsonschema::draft7::new(&json_schema(kind).unwrap()).unwrap();
    validator.iter_errors(&as_json(document)).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn files(directory: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(config().join(directory)).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|of| of == "toml")).collect()
}

#[test]
fn every_file_of_the_worked_company_and_every_plan_of_a_case_fits() {
    let nothing: Vec<String> = Vec::new();
    for kind in ["company", "calendar", "measures"] {
        assert_eq!(misfits(kind, read(&config().join(format!("{kind}.toml"))).into()), nothing, "{kind}");
    }
    for path in files("plans") {
        assert_eq!(misfits("plan", read(&path).into()), nothing, "{}", path.display());
    }
    let mut plans = 0;
    for path in files("cases") {
        let mut case = read(&path);
        for kind in ["company", "calendar"] {
            if let Some(part) = case.remove(kind) {
                assert_eq!(misfits(kind, part), nothing, "{kind} of {}", path.display());
            }
        }
        let Some(toml::Value::Array(stated)) = case.remove("plan") else { continue };
        for plan in stated {
            plans += 1;
            assert_eq!(misfits("plan", plan), nothing, "{}", path.display());
        }
    }
    assert!(plans > 50, "{plans} plans in cases");
}

#[test]
fn what_does_not_fit_is_told() {
    let check = |kind: &str, from: &str, to: &str| {
        let text =
            std::fs::read_to_string(config().join(if kind == "plan" { "plans/ae.2026-01-01.toml" } else { "calendar.toml" }));
        let changed = text.unwrap().replacen(from, to, 1);
        assert!(!misfits(kind, changed.parse::<toml::Table>().unwrap().into()).is_empty(), "{from} {to}");
    };
    check("plan", "method = \"marginal\"", "method = \"lookup\"");
    check("plan", "boundary = \"upper\"", "");
    check("plan", "pays = { rate_of = \"new-arr\" }", "pays = { rate_of = \"new-arr\", lump = true }");
    check("plan", "rate = \"6%\"", "rate = 0.06");
    check("plan", "[[component]]", "[[componnet]]");
    check("calendar", "kind = \"monthly\"", "kind = \"4-4-4\"");
    check("calendar", "to = \"2026-12\"", "");
    check("calendar", "kind = \"monthly\"", "kind = \"table\"");
    check("calendar", "kind = \"monthly\"", "kind = \"table\"\nperiods = [{ period = \"2026-01\" }]\nend = 2026-02-01");
}

/// The keys that a reader names when it meets one that it does not know.
fn known_keys(file: &str, from: &str, to: &str) -> BTreeSet<String> {
    let findings = found(file, from, to);
    let hint = findings.iter().find_map(|finding| finding.hint.strip_prefix("known: ")).unwrap_or_else(|| panic!("{findings:?}"));
    hint.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_schemas_have_the_keys_that_the_readers_have() {
    let keys = |schema: &Value| -> BTreeSet<String> { schema["properties"].as_object().unwrap().keys().cloned().collect() };
    let plan = json_schema("plan").unwrap();
    let component = &plan["properties"]["component"]["items"];
    let table = [
        (keys(&plan), PLAN_FILE, "currency", "qqqqq = 1\ncurrency"),
        (keys(component), PLAN_FILE, "scope", "qqqqq = 1\nscope"),
        (keys(&plan["properties"]["prorate"]), PLAN_FILE, "by = ", "qqqqq = 1, by = "),
        (keys(&component["properties"]["rounding"]), PLAN_FILE, "mode = ", "qqqqq = 1, mode = "),
        (keys(&json_schema("company").unwrap()), "company.toml", "currency", "qqqqq = 1\ncurrency"),
        (keys(&json_schema("calendar").unwrap()), "calendar.toml", "kind", "qqqqq = 1\nkind"),
        (keys(&json_schema("measures").unwrap()["properties"]["measure"]["items"]), "measures.toml", "of", "qqqqq = 1\nof"),
    ];
    for (schema, file, from, to) in table {
        let reader = known_keys(file, from, to);
        let made_up: Vec<&String> = schema.difference(&reader).collect();
        let missing: Vec<&String> = reader.difference(&schema).collect();
        assert!(made_up.len() + missing.len() == 0, "{file}: made up {made_up:?}, missing {missing:?}");
    }
}

#[test]
fn what_is_committed_for_editors_is_what_the_code_says() {
    for kind in KINDS {
        let path = config().join(format!("../schemas/files/{kind}.schema.json"));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let expected = serde_json::to_string_pretty(&json_schema(kind).unwrap()).unwrap() + "\n";
        assert!(committed == expected, "write it anew: accrue export schema {kind} > schemas/files/{kind}.schema.json");
    }
}
