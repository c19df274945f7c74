//! A schema that was changed so that somebody's records are not read fails here: each against every one before it.

use crate::domain::topic::Topic;
use crate::wire::OPEN_TOPICS;
use crate::wire::avro::{Direction, differences};
use crate::wire::published::{PUBLISHED, Published};
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Versions of a schema by id, the oldest first, as they are committed.
fn history(name: &str) -> Vec<(u32, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/history");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let version = |path: std::path::PathBuf| {
        let id = path.file_name()?.to_str()?.strip_suffix(".avsc")?.strip_prefix(name)?.strip_prefix('.')?.parse().ok()?;
        Some((id, std::fs::read_to_string(path).unwrap()))
    };
    let mut versions: Vec<(u32, String)> = files.filter_map(version).collect();
    versions.sort();
    versions
}

fn id_of(name: &str) -> u32 {
    let ids: toml::Table = toml::from_str(include_str!("../../../schemas/ids.toml")).unwrap();
    u32::try_from(ids[name].as_integer().unwrap()).unwrap()
}

/// A schema without what only people read.
fn bare(text: &str) -> Value {
    fn strip(json: &mut Value) {
        match json {
            Value::Object(fields) => {
                fields.remove("doc");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut json = serde_json::from_str(text).unwrap();
    strip(&mut json);
    json
}

/// What is wrong with a schema of `text`, given what is committed of it.
fn faults(published: &Published, text: &str) -> Vec<String> {
    let (name, id) = (published.name(), id_of(published.name()));
    let versions = history(name);
    let mut faults = Vec::new();
    match versions.iter().find(|(of, _)| *of == id) {
        Some((_, kept)) if bare(kept) == bare(text) => {}
        _ => faults.push(format!("it is not history/{name}.{id}.avsc: give it the next id in ids.toml, and a copy there")),
    }
    for (of, before) in &versions {
        let found = differences(published.direction, text, before).unwrap();
        faults.extend(found.into_iter().map(|what| format!("{of}: {what}")));
    }
    faults
}

#[test]
fn every_schema_is_compatible_with_all_before_it() {
    for published in &PUBLISHED {
        assert_eq!(faults(published, published.text), Vec::<String>::new(), "{}", published.name());
        let versions = history(published.name());
        for (place, (_, newer)) in versions.iter().enumerate() {
            for (id, older) in &versions[..place] {
                let found = differences(published.direction, newer, older).unwrap();
                assert_eq!(found, Vec::<String>::new(), "{} against {id}", published.name());
            }
        }
        let embedded: BTreeSet<u32> = published.earlier.iter().map(|(id, _)| *id).chain([id_of(published.name())]).collect();
        assert_eq!(embedded, versions.iter().map(|(id, _)| *id).collect(), "{} reads what it ever wrote", published.name());
        for (id, text) in published.earlier {
            assert_eq!(Some(*text), versions.iter().find(|(of, _)| of == id).map(|(_, text)| text.as_str()), "{id}");
        }
    }
}

#[test]
fn what_others_write_looks_back_and_what_they_read_looks_both_ways() {
    for published in &PUBLISHED {
        let written = OPEN_TOPICS.contains(&published.topic) || published.topic == Topic::Facts;
        let expected = if written { Direction::Backward } else { Direction::Full };
        assert_eq!(published.direction, expected, "{}", published.name());
    }
}

#[test]
fn an_incompatible_change_is_found() {
    let check = |topic: Topic, from: &str, to: &str, expected: &[&str]| {
        let published = Published::of(topic).unwrap();
        assert!(published.text.contains(from), "{from}");
        let found = faults(published, &published.text.replacen(from, to, 1));
        let (name, id) = (published.name(), id_of(published.name()));
        let stale = format!("it is not history/{name}.{id}.avsc: give it the next id in ids.toml, and a copy there");
        let expected: Vec<String> = [stale].into_iter().chain(expected.iter().map(|what| (*what).to_owned())).collect();
        assert_eq!(found, expected);
    };
    let more = r#"{"name": "more", "type": "string"},{"name": "deal_id""#;
    check(
        Topic::DealClosed,
        r#"{
      "name": "deal_id""#,
        more,
        &["1: more: is not written, and has no default"],
    );
    check(
        Topic::DealClosed,
        r#""name": "revision""#,
        r#""name": "version""#,
        &["1: version: is not written, and has no default"],
    );
    check(Topic::DealClosed, r#""CANCELLED", "#, "", &["1: status: CANCELLED is no symbol of DealStatus"]);
    let lost = ["1: status: CANCELLED is no symbol of DealStatus"];
    check(Topic::DealClosed, r#"["CLOSED", "CANCELLED", "OPEN", "LOST"]"#, r#"["CLOSED", "OPEN", "LOST", "WON"]"#, &lost);
    // Who reads an output must not meet what he does not know; an input may take more.
    check(Topic::DealClosed, r#""LOST"]"#, r#""LOST", "WON"]"#, &[]);
    let kinds = r#""REGULAR""#;
    check(
        Topic::Payout,
        kinds,
        r#""REGULAR", "BONUS""#,
        &[
            "6: for who reads the older one, kind: BONUS is no symbol of PayoutKind",
            "23: for who reads the older one, kind: BONUS is no symbol of PayoutKind",
        ],
    );
    let gone = r#"{"name": "lost", "default": "", "type": "string"},{
      "name": "payout_id""#;
    check(Topic::Payout, "{\n      \"name\": \"payout_id\"", gone, &[]);
}

#[test]
fn what_one_schema_reads_of_another() {
    let record = |fields: &str| format!(r#"{{"type": "record", "name": "R", "namespace": "some.where", "fields": [{fields}]}}"#);
    let field = |kind: &str| record(&format!(r#"{{"name": "a", "type": {kind}}}"#));
    let decimal = |precision: u32, scale: u32| {
        format!(r#"{{"type": "bytes", "logicalType": "decimal", "precision": {precision}, "scale": {scale}}}"#)
    };
    let nullable = |kind: &str| format!(r#"["null", {kind}]"#);
    let symbols = |symbols: &str| format!(r#"{{"type": "enum", "name": "E", "symbols": [{symbols}]}}"#);
    let table: [(String, String, &[&str]); 16] = [
        (field("\"string\""), field("\"string\""), &[]),
        (field("\"long\""), field("\"int\""), &[]),
        (field("\"int\""), field("\"long\""), &["a: long is written, int is read"]),
        (field("\"string\""), field("\"bytes\""), &["a: bytes is written, string is read"]),
        (field(&decimal(24, 6)), field(&decimal(24, 6)), &[]),
        (
            field(&decimal(24, 6)),
            field(&decimal(24, 4)),
            &["a: bytes as decimal(24,4) is written, bytes as decimal(24,6) is read"],
        ),
        (field(&decimal(24, 6)), field("\"bytes\""), &["a: bytes is written, bytes as decimal(24,6) is read"]),
        (field(&nullable("\"string\"")), field("\"string\""), &[]),
        (field("\"string\""), field(&nullable("\"string\"")), &["a: null is written, string is read"]),
        (field(&nullable("\"long\"")), field(&nullable("\"string\"")), &["a: string is written, null or long is read"]),
        (field(&symbols(r#""X", "Y""#)), field(&symbols(r#""X""#)), &[]),
        (field(&symbols(r#""X""#)), field(&symbols(r#""X", "Y""#)), &["a: Y is no symbol of E"]),
        (
            field(r#"{"type": "array", "items": "long"}"#),
            field(r#"{"type": "array", "items": "string"}"#),
            &["a[]: string is written, long is read"],
        ),
        (field(r#"{"type": "map", "values": "long"}"#), field(r#"{"type": "map", "values": "int"}"#), &[]),
        (record(r#"{"name": "b", "type": "int", "default": 1}"#), field("\"int\""), &[]),
        (record(r#"{"name": "b", "type": "int"}"#), field("\"int\""), &["b: is not written, and has no default"]),
    ];
    for (reader, writer, expected) in table {
        let found = differences(Direction::Backward, &reader, &writer).unwrap();
        assert_eq!(found, expected, "{reader} of {writer}");
        let both = [&writer, &reader].map(|text| apache_avro::Schema::parse_str(text).unwrap());
        let other = SchemaCompatibility::can_read(&both[0], &both[1]);
        // Where it is stricter than Avro it says what it read and what it wants.
        let stricter = found.iter().any(|what| what.contains("bytes"));
        let reads = matches!(other, Ok(Compatibility::Full));
        assert!(reads == found.is_empty() || stricter, "{reader} of {writer}: {other:?}");
    }
}

#[test]
fn schemas_that_are_not_read_at_all() {
    let nested =
        |levels: usize| (0..levels).fold("\"int\"".to_owned(), |inner, _| format!(r#"{{"type": "array", "items": {inner}}}"#));
    let record = |name: &str, kind: &str| {
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "f", "type": {kind}}}]}}"#)
    };
    // Each record holds the one before it ten times: a small text of very many types.
    let grown = (0..8).fold("\"int\"".to_owned(), |inner, level| {
        let again = if level == 0 { "\"int\"".to_owned() } else { format!("\"R{}\"", level - 1) };
        let more: Vec<String> = (1..10).map(|place| format!(r#",{{"name": "f{place}", "type": {again}}}"#)).collect();
        format!(r#"{{"type": "record", "name": "R{level}", "fields": [{{"name": "f", "type": {inner}}}{}]}}"#, more.concat())
    });
    let table = [
        ("{".to_owned(), "not JSON: EOF while parsing an object at line 1 column 1"),
        ("7".to_owned(), "7 is no type"),
        ("\"text\"".to_owned(), "there is no type text"),
        (record("R", "[\"null\", \"R\"]"), "R holds itself: recursive schemas are not read"),
        (record("R", &record("R", "\"int\"")), "R is defined twice"),
        (nested(40), "types lie in more than 32 others"),
        (grown, "more than 10000 types"),
        (r#"{"type": "array", "items": "null"}"#.to_owned(), "array of null: its items take no bytes"),
        (format!(r#"{{"type": "array", "items": {}}}"#, record("R", "\"null\"")), "array of record R: its items take no bytes"),
    ];
    for (text, expected) in table {
        let fault = differences(Direction::Backward, &text, "\"int\"").unwrap_err();
        assert_eq!(fault.to_string(), expected, "{text}");
    }
}
