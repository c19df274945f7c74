//! A topic that is Avro and JSON at once: one deal counts once however it is written and however often it is sent, the
//! second engine agrees, and a running state keeps the format that it was made with.

mod support;

use accrue::domain::deal::DealClosed;
use accrue::domain::reject::Reason;
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Client, Records, StageLog};
use accrue::pipeline::Outcome;
use accrue::read::replay;
use accrue::wire::{Codec, Format};
use accrue::worker::Stop;
use accrue::worker::engine::Engine;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::company;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, start_with};

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
