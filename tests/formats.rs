//! Topics that others write otherwise: as Avro and JSON at once, one deal counts once however often it is sent; a record
//! under a schema that nobody can tell waits and holds up nothing else; and a state keeps the format that it was made with.

mod support;

use accrue::domain::deal::DealClosed;
use accrue::domain::reject::Reason;
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Client, Records, StageLog};
use accrue::pipeline::Outcome;
use accrue::read::replay;
use accrue::wire::{Ask, Codec, Format, SchemaId};
use accrue::worker::Stop;
use accrue::worker::engine::Engine;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::company;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, start_with};

const DEAL: &str = include_str!("../schemas/deal-closed.avsc");

fn codec(format: Format) -> Codec {
    Codec::new().unwrap().with_formats(&[(Topic::DealClosed, format)])
}

fn start(log: &Embedded, directory: &Path, format: Format) -> Result<Engine, Stop> {
    let hold = |group: &str, inputs: &[Topic]| -> Box<dyn StageLog> { Box::new(log.stage(group, inputs).unwrap()) };
    start_with(codec(format), Arc::new(log.clone()), "test", directory, hold)
}

fn written(format: Format, deal: &DealClosed<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec(format).write_deal(deal, &mut bytes).unwrap();
    bytes
}

fn company_log() -> Embedded {
    let log = Embedded::in_memory().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec(Format::Avro));
    log
}

fn append(log: &Embedded, deal_id: &str, values: &[Vec<u8>]) {
    let mut records = Records::default();
    values.iter().for_each(|value| records.push(Some(deal_id.as_bytes()), Some(value)));
    let partition = partition_of(deal_id.as_bytes(), PARTITIONS);
    log.append(&[Append { topic: Topic::DealClosed, partition, records: &records }]).unwrap();
}

#[test]
fn a_deal_counts_once_however_it_is_written_and_sent() {
    let log = company_log();
    let directory = tempfile::tempdir().unwrap();
    let deal = company::deal("D-1", 1, "2026-01-10", "100", "ana");
    let [avro, json] = [Format::Avro, Format::Json].map(|format| written(format, &deal));
    let again = written(Format::Json, &DealClosed { occurred_at: 7, ..deal.clone() });
    let other = written(Format::Json, &company::deal("D-1", 1, "2026-01-10", "99", "ana"));
    let half = String::from_utf8(json.clone()).unwrap().replace("\"share\":\"1\"", "\"share\":\"0.5\"").into_bytes();
    assert_ne!(half, json);
    let newer = written(Format::Json, &company::deal("D-1", 2, "2026-01-10", "250", "ana"));
    append(&log, "D-1", &[json.clone(), avro.clone(), again, json, avro, other, half, newer]);
    let engine = start(&log, directory.path(), Format::Either).unwrap();
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    let outcomes = engine.outcomes().outcomes(Topic::DealClosed, partition_of(b"D-1", PARTITIONS), 0..8, WAIT).unwrap();
    engine.stop().unwrap();
    let told: Vec<(u64, Option<Reason>)> = outcomes
        .into_iter()
        .map(|(offset, outcome)| match outcome {
            Outcome::Duplicate => (offset, None),
            Outcome::Rejected(reject) => (offset, Some(reject.reason)),
            other => panic!("{other:?}"),
        })
        .collect();
    let rejected = [(5, Some(Reason::RevisionConflict)), (6, Some(Reason::SplitsNotWhole))];
    assert_eq!(told, [(1, None), (2, None), (3, None), (4, None), rejected[0], rejected[1]]);
    let codec = codec(Format::Either);
    assert_eq!(accrued(&log, &codec), BTreeMap::from([("ana".into(), 2_500)]));
    let mut refused = 0;
    let totals = replay::history(&log, &codec, 2_000, |reject| refused += usize::from(reject.is_some())).unwrap().totals();
    let report = replay::published(&log, &codec).unwrap().compare(&totals);
    assert_eq!((refused, report.totals_differing), (1, 0), "{report}");
    assert!(report.totals_checked > 0);
}

#[test]
fn a_state_keeps_the_format_that_it_was_made_with() {
    let log = company_log();
    let directory = tempfile::tempdir().unwrap();
    // Nothing of the topic is folded yet: the format is still free.
    let engine = start(&log, directory.path(), Format::Avro).unwrap();
    assert!(engine.wait_caught_up(WAIT).unwrap());
    engine.stop().unwrap();
    append(&log, "D-1", &[written(Format::Json, &company::deal("D-1", 1, "2026-01-10", "100", "ana"))]);
    let engine = start(&log, directory.path(), Format::Json).unwrap();
    assert!(engine.wait_caught_up(WAIT).unwrap());
    engine.stop().unwrap();
    assert_eq!(accrued(&log, &codec(Format::Avro)), BTreeMap::from([("ana".into(), 1_000)]));
    let engine = start(&log, directory.path(), Format::Either).unwrap();
    let deadline = Instant::now() + WAIT;
    while !engine.is_ending() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let stop = engine.stop().unwrap_err();
    assert_eq!(
        (stop.exit_code(), stop.to_string().as_str()),
        (
            78,
            "deal-closed was folded as json so far, and the config says either: what lies there would be read as something \
             else; say [topics.deal-closed] format = \"json\""
        )
    );
}

/// The record of a deal without its frame, under a schema that has a text more.
fn of_another(schema: &str, deal: &DealClosed<'_>) -> Vec<u8> {
    let [ours, theirs] = [DEAL, schema].map(|text| Schema::parse_str(text).unwrap());
    let bytes = written(Format::Avro, deal);
    let Avro::Record(mut fields) = GenericDatumReader::builder(&ours).build().unwrap().read_value(&mut &bytes[5..]).unwrap()
    else {
        panic!("a deal is a record")
    };
    fields.push(("note".into(), Avro::String("theirs".into())));
    let body = GenericDatumWriter::builder(&theirs).build().unwrap().write_value_to_vec(Avro::Record(fields)).unwrap();
    [&[0, 0, 0, 0, 77], body.as_slice()].concat()
}

#[test]
fn a_record_that_nobody_can_tell_waits_and_nothing_else_does() {
    let theirs = {
        let mut json: serde_json::Value = serde_json::from_str(DEAL).unwrap();
        json["fields"].as_array_mut().unwrap().push(serde_json::json!({"name": "note", "type": "string"}));
        json.to_string()
    };
    let down = Arc::new(AtomicBool::new(true));
    let codec = || {
        let (down, theirs) = (down.clone(), theirs.clone());
        // Our own ids are asked for at the start, when it is there.
        let ask: Ask = Box::new(move |id| match id == SchemaId::Id(77) && down.load(Ordering::SeqCst) {
            true => Err("the registry is not to be had".into()),
            false => Ok((id == SchemaId::Id(77)).then(|| theirs.clone())),
        });
        // Ids as they would be without one, so that the other helpers write what is read.
        let ids: toml::Table = include_str!("../schemas/ids.toml").parse().unwrap();
        let own = move |topic: Topic| ids.get(topic.name()).and_then(|id| u32::try_from(id.as_integer()?).ok());
        Codec::new().unwrap().with_registry(own, ask).unwrap()
    };
    let log = company_log();
    let directory = tempfile::tempdir().unwrap();
    let deal = |id: &'static str, amount| company::deal(id, 1, "2026-01-10", amount, "ana");
    let place = |id: &str| partition_of(id.as_bytes(), PARTITIONS);
    let ids = ["A", "B", "C", "D", "E", "F", "G", "H"];
    let elsewhere = *ids.iter().find(|id| place(id) != place("A")).unwrap();
    let behind = *ids[1..].iter().find(|id| place(id) == place("A")).unwrap();
    append(
        &log,
        "A",
        &[written(Format::Avro, &deal("A", "1000")), of_another(&theirs, &DealClosed { revision: 2, ..deal("A", "1") })],
    );
    append(&log, behind, &[written(Format::Avro, &deal(behind, "20000"))]);
    append(&log, elsewhere, &[written(Format::Avro, &deal(elsewhere, "300000"))]);
    let hold = |group: &str, inputs: &[Topic]| -> Box<dyn StageLog> { Box::new(log.stage(group, inputs).unwrap()) };
    let start = || start_with(codec(), Arc::new(log.clone()), "test", directory.path(), hold).unwrap();
    let reads = codec();
    let becomes = |expected: i64| {
        let deadline = Instant::now() + WAIT;
        while accrued(&log, &reads) != BTreeMap::from([("ana".into(), expected)]) {
            assert!(Instant::now() < deadline, "{:?}", accrued(&log, &reads));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // Before it and elsewhere all is folded; the record itself and what is behind it wait, over a restart, too.
    for _ in 0..2 {
        let engine = start();
        becomes(3_010_000);
        let waits = |engine: &Engine| {
            engine.status().stage("crediting").partitions.get(&place("A")).map(|held| held.unread.clone()).unwrap_or_default()
        };
        let deadline = Instant::now() + WAIT;
        while waits(&engine).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(waits(&engine)[&Topic::DealClosed].reason, "the registry is not to be had");
        assert!(!engine.is_caught_up().unwrap());
        engine.stop().unwrap();
    }
    let engine = start();
    becomes(3_010_000);
    down.store(false, Ordering::SeqCst);
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    becomes(3_200_010);
    assert!(engine.status().stage("crediting").partitions[&place("A")].unread.is_empty());
    engine.stop().unwrap();
    assert_eq!((0..PARTITIONS).map(|partition| log.end(Topic::Rejected, partition).unwrap()).sum::<u64>(), 0);
    let totals = replay::history(&log, &reads, 2_000, |reject| assert!(reject.is_none())).unwrap().totals();
    assert_eq!(replay::published(&log, &reads).unwrap().compare(&totals).totals_differing, 0);
    // Who only reads may not take for absent what he cannot tell.
    down.store(true, Ordering::SeqCst);
    let unread = replay::history(&log, &codec(), 2_000, |_| {}).err().map(|error| format!("{:#}", anyhow::Error::from(error)));
    assert!(unread.unwrap().ends_with("the registry is not to be had"));
}
