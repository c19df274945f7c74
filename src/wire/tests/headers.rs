//! CloudEvents: how an event's value is read, what is refused, and what the events that are written say.

use super::fixtures;
use super::records::codec;
use crate::domain::output::{CloseNote, RejectKind, RejectRecord};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic, partition_of};
use crate::log::batch::Outbox;
use crate::pipeline::Output;
use crate::wire::{Codec, Contexts, Format, OPEN_TOPICS, Raw};

const PARTITIONS: u32 = 4;
const CAUSE: Position = Position { topic: Topic::DealClosed, partition: 1, offset: 12 };

fn of_format(format: Format) -> Codec {
    Codec::new().unwrap().with_formats(&OPEN_TOPICS.map(|topic| (topic, format)))
}

pub fn headers(named: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    named.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

fn taken(codec: &Codec, value: &[u8], said: &[(&str, &str)]) -> String {
    let position = Position { topic: Topic::DealClosed, partition: partition_of(b"D-1", PARTITIONS), offset: 0 };
    let (headers, mut scratch) = (headers(said), Vec::new());
    let raw = Raw { position, key: Some(b"D-1"), value: Some(value), headers: &headers };
    match codec.take(raw, PARTITIONS, 10_000, &mut scratch) {
        Ok(input) => format!("{input:?}"),
        Err(unread) => unread.to_string(),
    }
}

#[test]
fn an_event_that_is_not_read_is_refused_with_its_header() {
    let known = "expected application/json, one that ends with +json, or application/avro [unknown_format]";
    let structured =
        "an event in structured mode is not read: send it in binary mode, with its attributes in headers [unknown_format]";
    let version = ("ce_specversion", "1.0");
    let cases: &[(&[(&str, &str)], String)] = &[
        (&[("ce_specversion", "0.3")], "ce_specversion: header ce_specversion is \"0.3\", expected 1.0 [unknown_format]".into()),
        (&[("ce_specversion", "1.")], "ce_specversion: header ce_specversion is \"1.\", expected 1.0 [unknown_format]".into()),
        (&[("ce_specversion", "")], "ce_specversion: header ce_specversion is \"\", expected 1.0 [unknown_format]".into()),
        (
            &[("ce_specversion", "10\n")],
            "ce_specversion: header ce_specversion is \"10\\n\", expected 1.0 [unknown_format]".into(),
        ),
        (&[version, ("content-type", "text/xml")], format!("content-type: header content-type is \"text/xml\", {known}")),
        (&[version, ("content-type", "")], format!("content-type: header content-type is \"\", {known}")),
        (
            &[version, ("content-type", "application/vnd.apache.avro+json")],
            format!("content-type: header content-type is \"application/vnd.apache.avro+json\", {known}"),
        ),
        (
            &[("content-type", "application/cloudevents+json; charset=UTF-8")],
            format!("content-type: header content-type is \"application/cloudevents+json\", {structured}"),
        ),
        (
            &[version, ("content-type", "application/cloudevents-batch+json")],
            format!("content-type: header content-type is \"application/cloudevents-batch+json\", {structured}"),
        ),
        (
            &[("content-type", "Application/CloudEvents+Avro")],
            format!("content-type: header content-type is \"application/cloudevents+avro\", {structured}"),
        ),
    ];
    let mut value = Vec::new();
    codec().write_deal(&fixtures::deal(), &mut value).unwrap();
    for (said, expected) in cases {
        assert_eq!(taken(&codec(), &value, said), *expected);
    }
}

#[test]
fn an_event_says_itself_how_its_value_is_written() {
    let [avro, json, either] = Format::ALL.map(of_format);
    let (mut record, mut line) = (Vec::new(), Vec::new());
    avro.write_deal(&fixtures::deal(), &mut record).unwrap();
    json.write_deal(&fixtures::deal(), &mut line).unwrap();
    let expected = taken(&avro, &record, &[]);
    assert!(expected.starts_with("Deal("), "{expected}");
    let version = ("ce_specversion", "1.0");
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "text/json", "application/vnd.comp.deal+json"] {
        for codec in [&avro, &json, &either] {
            assert_eq!(taken(codec, &line, &[version, ("content-type", content_type)]), expected);
            let refused = "first byte 0x00, expected a JSON object: header content-type says so [unknown_format]";
            assert_eq!(taken(codec, &record, &[version, ("content-type", content_type)]), refused);
        }
    }
    for content_type in ["application/avro", "avro/binary", "application/vnd.apache.avro", "application/vnd.apache.avro+binary"] {
        for codec in [&avro, &json, &either] {
            assert_eq!(taken(codec, &record, &[("ce_specversion", "1.1"), ("content-type", content_type)]), expected);
            let refused = taken(codec, &line, &[version, ("content-type", content_type)]);
            assert!(refused.starts_with("first byte 0x7b, expected a record that starts with byte 0x00"), "{refused}");
        }
    }
    // It says nothing of its value, or is no event: the topic's format counts.
    for said in [&[version, ("ce_id", "1")][..], &[("content-type", "text/xml")], &[("content-type", "application/json")]] {
        assert_eq!(
            [(&avro, &record), (&json, &line)].map(|(codec, value)| taken(codec, value, said)),
            [(); 2].map(|()| expected.clone())
        );
        assert!(taken(&avro, &line, said).ends_with("[unknown_format]"));
    }
}

fn waiting(key: &[u8], message: &str) -> RejectRecord {
    RejectRecord {
        kind: RejectKind::Parked,
        position: Position { topic: Topic::DealSettled, partition: 3, offset: 7 },
        key: key.to_vec(),
        reject: Reject::new(Reason::UnknownPayee, "", message.into()),
        original: Vec::new(),
        original_bytes: 0,
        original_hash: String::new(),
    }
}

/// The headers of an output that are not a dead letter's.
fn written(codec: &Codec, output: &Output, contexts: &Contexts) -> Vec<(String, String)> {
    let mut outbox = Outbox::default();
    codec.output(output, contexts, PARTITIONS, &mut outbox).unwrap();
    let (_, _, records) = outbox.iter().next().unwrap();
    let headers = records.iter().next().unwrap().headers.to_vec();
    let beside = headers.into_iter().filter(|(name, _)| crate::wire::envelope::is_envelope(name));
    beside.map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect()
}

#[test]
fn what_others_read_is_an_event_where_the_config_names_a_source() {
    let plain = codec();
    let source = "https://comp.example/accrue";
    let events = codec().with_cloud_events(source);
    let attainment = || Output::Attainment { attainment: fixtures::attainment(), cause: CAUSE };
    let early = crate::domain::output::Accrual { as_of: 0, ..fixtures::accrual() };
    let rejected = |record: RejectRecord| Output::Rejected { record: record.into(), cause: CAUSE };
    let time = "2026-02-02T02:40:00Z";
    let cases = [
        (attainment(), "attainment", "ana|new-arr|fiscal|2026-Q1/4", "ana|new-arr|fiscal|2026-Q1", time),
        (Output::Accrual(fixtures::accrual()), "accrual", "ana/new-business/fiscal/2026-Q1/2026-01/2026-02/2", "ana", time),
        (Output::Accrual(early), "accrual", "ana/new-business/fiscal/2026-Q1/2026-01/2026-02/2", "ana", ""),
        (Output::Payout(fixtures::payout()), "payout", "2026-02-run/ana/COMM/prior-period/USD/2026-01", "ana", ""),
        (Output::PayoutRun(fixtures::payout_run()), "payout-run", "2026-02-run", "2026-02-run", ""),
        (rejected(waiting(b"D-1", "nobody")), "rejected", "parked/deal-settled/3/7/deal-closed/1/12/HASH", "D-1", ""),
    ];
    let none = Contexts::default();
    let mut ids = Vec::new();
    for (output, of, id, subject, time) in cases {
        assert_eq!(written(&plain, &output, &none), []);
        let found = written(&events, &output, &none);
        assert_eq!(found, written(&events, &output, &none));
        let said = |name: &str| found.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value);
        let (begins, is_whole) = id.split_once("HASH").map_or((id, true), |(begins, _)| (begins, false));
        assert!(said("ce_id").starts_with(begins) && (!is_whole || said("ce_id") == id), "{found:?}");
        let data = if of == "rejected" { "application/octet-stream" } else { "application/avro" };
        let others = ["ce_specversion", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"].map(said);
        assert_eq!(others, ["1.0", source, &format!("accrue.{of}"), subject, time, data]);
        ids.push(said("ce_id").to_owned());
    }
    // The same record waits twice, because of the same one: for another reason, or of another payee.
    for record in [waiting(b"D-1", "nobody"), waiting(b"D-1", "somebody"), waiting(b"D-2", "nobody"), waiting(b"", "nobody")] {
        ids.push(written(&events, &rejected(record), &none)[1].1.clone());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8, "{ids:?}");
    let note = CloseNote::RunReopened { close_id: "c-1".into(), partition: 5 };
    for output in [Output::PayoutDraft(fixtures::payout()), Output::RunBalance(fixtures::run_balance()), Output::Close(note)] {
        assert_eq!(written(&events, &output, &none), []);
    }
}

#[test]
fn an_output_carries_the_trace_of_its_cause_and_a_reject_its_event() {
    let parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let (mut contexts, record) = (Contexts::default(), waiting(b"D-1", "nobody"));
    contexts.note(Position { offset: 11, ..CAUSE }, &headers(&[("other", "x")]));
    assert!(contexts.is_empty());
    contexts.note(CAUSE, &headers(&[parent, ("tracestate", "a=1")]));
    contexts.note(record.position, &headers(&[("ce_specversion", "1.0"), ("ce_id", "e-7"), ("ce_source", "/crm"), parent]));
    let traced = [parent, ("tracestate", "a=1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let attainment = |cause| Output::Attainment { attainment: fixtures::attainment(), cause };
    for output in [attainment(CAUSE), Output::Accrual(fixtures::accrual())] {
        assert_eq!(written(&codec(), &output, &contexts), traced);
    }
    for output in [attainment(Position { offset: 13, ..CAUSE }), Output::Payout(fixtures::payout())] {
        assert_eq!(written(&codec(), &output, &contexts), []);
    }
    let original = [("accrue.ce_id", "e-7"), ("accrue.ce_source", "/crm")].map(|(name, value)| (name.into(), value.into()));
    let output = Output::Rejected { record: record.into(), cause: CAUSE };
    assert_eq!(written(&codec(), &output, &contexts), [&traced[..], &original].concat());
}
