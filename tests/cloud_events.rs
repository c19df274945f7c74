//! Headers that travel with records: a deal that comes as a CloudEvent, and the trace that it is part of, on their way to
//! what others read; the same again when everything is computed anew.

mod support;

use accrue::domain::deal::DealClosed;
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Batch, Client, Records, StageLog};
use accrue::read::replay;
use accrue::wire::{Codec, Format};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use support::company;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, start_with};

const SOURCE: &str = "https://comp.example/accrue";
const SPANS: [&str; 2] = ["b7ad6b7169203331", "00f067aa0ba902b7"];

fn parent(number: usize) -> String {
    format!("00-0af7651916cd43dd8448eb211c80319{number}-{}-01", SPANS[number])
}

/// A deal as a line of JSON, on a topic that is Avro.
fn append(log: &Embedded, deal: &DealClosed<'_>, headers: &[(&str, &str)]) {
    let mut line = Vec::new();
    let json = Codec::new().unwrap().with_formats(&[(Topic::DealClosed, Format::Json)]);
    json.write_deal(deal, &mut line).unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect();
    let (mut records, key) = (Records::default(), deal.deal_id.as_bytes());
    records.push_with_headers(Some(key), Some(&line), headers);
    log.append(&[Append { topic: Topic::DealClosed, partition: partition_of(key, PARTITIONS), records: &records }]).unwrap();
}

fn codec() -> Codec {
    Codec::new().unwrap().with_cloud_events(SOURCE)
}

fn run(log: &Embedded, directory: &Path) {
    let hold = |group: &str, inputs: &[Topic]| -> Box<dyn StageLog> { Box::new(log.stage(group, inputs).unwrap()) };
    let engine = start_with(codec(), Arc::new(log.clone()), "test", directory, hold).unwrap();
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    engine.stop().unwrap();
}

/// Deals of ana with a trace and as an event, of ben with neither, and one that nobody can read.
fn told() -> Embedded {
    let log = Embedded::in_memory().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec());
    let deal = |id, payee| DealClosed { occurred_at: 1_768_903_200_123_000, ..company::deal(id, 1, "2026-01-10", "100", payee) };
    let event = [("ce_specversion", "1.0"), ("ce_id", "e-1"), ("ce_source", "/crm"), ("ce_type", "deal.closed")];
    let (parents, json) = ([0, 1].map(parent), ("content-type", "application/json"));
    let traced = |number: usize| [("traceparent", parents[number].as_str()), ("tracestate", "crm=1")];
    append(&log, &deal("D-1", "ana"), &[&event[..], &[json], &traced(0)].concat());
    append(&log, &deal("D-2", "ben"), &[&event[..1], &[json]].concat());
    append(&log, &deal("D-3", "ben"), &[&event[..], &[("content-type", "text/csv")], &traced(1)].concat());
    // No event: the topic's format counts.
    append(&log, &deal("D-4", "ben"), &[json]);
    log
}

/// The headers of a topic, by the record's key.
fn headers(log: &Embedded, topic: Topic) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for partition in 0..log.partitions(topic).unwrap() {
        let (mut batch, mut next) = (Batch::default(), 0);
        while next < log.end(topic, partition).unwrap() {
            next = log.read(topic, partition, next, 1 << 20, &mut batch).unwrap();
        }
        for row in batch.rows() {
            let text = |(name, value): &(String, Vec<u8>)| (name.clone(), String::from_utf8(value.clone()).unwrap());
            let key = String::from_utf8(batch.key(row).unwrap().to_vec()).unwrap();
            assert!(found.insert(key.clone(), row.headers.iter().map(text).collect()).is_none(), "{key} twice");
        }
    }
    found
}

fn said(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn a_deal_that_is_an_event_is_counted_and_its_trace_goes_on() {
    let (log, directory) = (told(), tempfile::tempdir().unwrap());
    run(&log, directory.path());
    assert_eq!(accrued(&log, &codec()), BTreeMap::from([("ana".into(), 1_000), ("ben".into(), 1_000)]));
    let event = |of: &str, id: &str, subject: &str| {
        let names = ["ce_specversion", "ce_source", "ce_time", "content-type"];
        let same = names.into_iter().zip(["1.0", SOURCE, "2026-01-20T10:00:00.123Z", "application/avro"]);
        let kind = format!("accrue.{of}");
        let own = [("ce_type", kind.as_str()), ("ce_id", id), ("ce_subject", subject)];
        said(&same.chain(own).collect::<Vec<_>>())
    };
    let traced = said(&[("traceparent", &parent(0)), ("tracestate", "crm=1")]);
    let with_trace = |event: BTreeMap<String, String>| event.into_iter().chain(traced.clone()).collect::<BTreeMap<_, _>>();
    let accrual = |payee| event("accrual", &format!("{payee}/commission/fiscal/2026-Q1/2026-01/2026-01/1"), payee);
    let accruals = BTreeMap::from([("ana".into(), with_trace(accrual("ana"))), ("ben".into(), accrual("ben"))]);
    assert_eq!(headers(&log, Topic::Accrual), accruals);
    let key = |payee: &str| format!("{payee}|bookings|fiscal|2026-Q1");
    let attained = |payee| event("attainment", &format!("{}/1", key(payee)), &key(payee));
    let attainments = BTreeMap::from([(key("ana"), with_trace(attained("ana"))), (key("ben"), attained("ben"))]);
    assert_eq!(headers(&log, Topic::Attainment), attainments);

    // Who sent what is refused finds it by its event, and by its trace.
    let rejected = headers(&log, Topic::Rejected);
    assert_eq!(rejected.keys().collect::<Vec<_>>(), ["D-3", "D-4"]);
    let of = |key: &str, names: &[&str]| {
        names.iter().map(|name| rejected[key].get(*name).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let asked = ["accrue.ce_id", "accrue.ce_source", "traceparent", "ce_type", "__connect.errors.exception.class.name"];
    assert_eq!(of("D-3", &asked), ["e-1", "/crm", &parent(1), "accrue.rejected", "unknown_format"]);
    assert_eq!(of("D-4", &asked), ["", "", "", "accrue.rejected", "unknown_format"]);

    // Who reads and computes again sees what was folded.
    let mut refused = 0;
    let totals = replay::history(&log, &codec(), 2_000, |reject| refused += usize::from(reject.is_some())).unwrap().totals();
    let report = replay::published(&log, &codec()).unwrap().compare(&totals);
    assert_eq!((refused, report.totals_differing), (2, 0), "{report}");

    // A worker that has lost its state writes nothing again; from nothing, everything is the same again.
    std::fs::remove_dir_all(directory.path()).unwrap();
    run(&log, directory.path());
    let (again, other) = (told(), tempfile::tempdir().unwrap());
    run(&again, other.path());
    for topic in [Topic::Accrual, Topic::Attainment, Topic::Rejected] {
        assert_eq!(headers(&log, topic), headers(&again, topic), "{}", topic.name());
    }
}
