//! Where outputs go, under which keys, and what a dead letter carries.

use super::fixtures;
use super::records::{codec, deal_bytes};
use crate::domain::money::Minor;
use crate::domain::output::{CloseNote, RejectKind, RejectRecord, RunBalance};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic, partition_of};
use crate::log::batch::{Batch, Outbox};
use crate::pipeline::Output;
use crate::wire::json::to_json;
use crate::wire::{Contexts, internal, keys, read_reject};

const PARTITIONS: u32 = 8;

/// The only record of an outbox: topic, partition, key.
fn routed(output: &Output) -> (Topic, u32, String, Outbox) {
    let mut outbox = Outbox::default();
    codec().output(output, &Contexts::default(), PARTITIONS, &mut outbox).expect("output can be written");
    let (topic, partition, records) = outbox.iter().next().expect("one record");
    let key = records.iter().next().and_then(|record| record.key).unwrap_or_default();
    let key = String::from_utf8(key.to_vec()).expect("a text key");
    assert_eq!((outbox.iter().count(), records.len()), (1, 1));
    (topic, partition, key, outbox)
}

#[test]
fn every_output_has_its_place() {
    let ana = partition_of(b"ana", PARTITIONS);
    let note = CloseNote::RunReopened { close_id: "c-1".into(), partition: 5 };
    let table = [
        (Output::Credits { partition: 6, bytes: vec![1] }, Topic::Credits, 6, ""),
        (
            Output::Attainment { attainment: fixtures::attainment(), cause: rejected().position },
            Topic::Attainment,
            ana,
            "ana|new-arr|fiscal|2026-Q1",
        ),
        (Output::Accrual(fixtures::accrual()), Topic::Accrual, ana, "ana"),
        (Output::PayoutDraft(fixtures::payout()), Topic::PayoutDraft, ana, "ana"),
        (Output::RunBalance(fixtures::run_balance()), Topic::PayoutDraft, ana, "ana"),
        (Output::Payout(fixtures::payout()), Topic::Payout, ana, "ana"),
        (Output::PayoutRun(fixtures::payout_run()), Topic::PayoutRun, 0, "2026-02-run"),
        (Output::Close(note), Topic::Closes, 0, "c-1"),
        (said(rejected()), Topic::Rejected, partition_of(b"D-1", PARTITIONS), "D-1"),
        (said(RejectRecord { kind: RejectKind::Rejected, ..rejected() }), Topic::Rejected, 3, "D-1"),
    ];
    for (output, topic, partition, key) in table {
        let (found_topic, found_partition, found_key, _) = routed(&output);
        assert_eq!((found_topic, found_partition, found_key.as_str()), (topic, partition, key));
    }
}

fn said(record: RejectRecord) -> Output {
    Output::Rejected { cause: record.position, record: record.into() }
}

fn rejected() -> RejectRecord {
    let original = deal_bytes(&fixtures::deal())[..10].to_vec();
    RejectRecord {
        kind: RejectKind::Parked,
        position: Position { topic: Topic::DealClosed, partition: 11, offset: 42 },
        key: b"D-1".to_vec(),
        reject: Reject::new(Reason::UnknownPayee, "splits[0].payee_id", "payee \"zoë\" is not known".into()),
        original_bytes: 200,
        original_hash: blake3::hash(&original).to_hex().to_string(),
        original,
    }
}

/// The dead letter as a reader of the topic gets it, with one header changed.
fn read_back(change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Result<RejectRecord, String> {
    let (topic, partition, _, outbox) = routed(&said(rejected()));
    let mut batch = Batch::default();
    for record in outbox.iter().flat_map(|(_, _, records)| records.iter()) {
        let mut headers = record.headers.to_vec();
        change(&mut headers);
        batch.push(Position { topic, partition, offset: 0 }, 0, record.key, record.value, headers);
    }
    read_reject(&batch, &batch.rows()[0]).map_err(|error| error.to_string())
}

#[test]
fn a_dead_letter_comes_back() {
    assert_eq!(read_back(|_| ()), Ok(rejected()));
    let json = to_json(&rejected());
    assert_eq!((&json["kind"], &json["reason"], &json["offset"]), (&"parked".into(), &"unknown_payee".into(), &42.into()));
}

#[test]
fn a_dead_letter_that_is_none() {
    let message = |error: &str| Err(format!("rejected record cannot be read: {error}"));
    let without = read_back(|headers| headers.retain(|(name, _)| name != "accrue.kind"));
    assert_eq!(without, message("no header accrue.kind with text"));
    let set = |name: &'static str, value: &'static str| {
        read_back(move |headers| headers.iter_mut().filter(|(found, _)| found == name).for_each(|(_, old)| *old = value.into()))
    };
    assert_eq!(set("accrue.kind", "lost"), message("header accrue.kind cannot be \"lost\""));
    let reason = message("header __connect.errors.exception.class.name cannot be \"java.lang\"");
    assert_eq!(set("__connect.errors.exception.class.name", "java.lang"), reason);
    assert_eq!(set("__connect.errors.topic", "x"), message("header __connect.errors.topic cannot be \"x\""));
    assert_eq!(set("__connect.errors.offset", "-1"), message("header __connect.errors.offset cannot be \"-1\""));
}

#[test]
fn keys_of_facts_name_their_kind() {
    let found: Vec<String> = fixtures::facts().iter().map(keys::fact).collect();
    let expected = [
        "company:initech",
        "calendar:fiscal",
        "measure:new-arr",
        "plan:ae.2026-01-01",
        "payee:ana",
        "period-closed:2026-01",
        "period-reopened:2026-01",
        "period-released:2026-01",
        "territories:all",
        "rates:month.GBP.USD",
        "measure:users",
        "measure:team-commission",
    ];
    assert_eq!(found, expected);
}

#[test]
fn internal_records_come_back() {
    let closed = |deal_settled, adjustment_made| CloseNote::SourceClosed {
        close_id: "c".into(),
        partition: 1,
        deal_closed: 10,
        quota_changed: 0,
        deal_settled,
        adjustment_made,
    };
    let computed = |other_totals| {
        let (close_id, total, digest) = ("c".into(), Minor(-3), 5);
        CloseNote::RunComputed { close_id, partition: 1, records: 2, total, digest, other_totals }
    };
    let notes = [
        closed(7, 8),
        computed(fixtures::other_totals()),
        CloseNote::RunReopened { close_id: "c".into(), partition: 1 },
        CloseNote::RunReleased { close_id: "c".into(), partition: 1 },
    ];
    for note in notes {
        let bytes = internal::write_close_note(&note).unwrap();
        assert_eq!(internal::read_close_note(&bytes).unwrap(), note);
    }
    // What versions 1 and 2 wrote: no settlements, no adjustments.
    assert_eq!(internal::read_close_note(b"\x01\x00\x01c\x01\x0a\x00").unwrap(), closed(0, 0));
    assert_eq!(internal::read_close_note(b"\x02\x00\x01c\x01\x0a\x00\x07").unwrap(), closed(7, 0));
    let reopened = CloseNote::RunReopened { close_id: "c".into(), partition: 1 };
    assert_eq!(internal::read_close_note(b"\x03\x01\x01c\x01\x02\x05\x05").unwrap(), computed(vec![]));
    for version in [1, 2, 3] {
        assert_eq!(internal::read_close_note(&[version, 2, 1, b'c', 1]).unwrap(), reopened);
    }
    let draft = internal::write_payout_draft(&fixtures::payout()).unwrap();
    assert_eq!(internal::read_draft(&draft).unwrap(), internal::Draft::Payout(fixtures::payout()));
    let draft = internal::write_payout_draft(&fixtures::converted()).unwrap();
    assert_eq!(internal::read_draft(&draft).unwrap(), internal::Draft::Payout(fixtures::converted()));
    let balance = internal::write_run_balance(&fixtures::run_balance()).unwrap();
    assert_eq!(internal::read_draft(&balance).unwrap(), internal::Draft::Balance(fixtures::run_balance()));
    // What was written before there was pay in another currency.
    let before = |bytes: Vec<u8>, version: u8| [&[version], &bytes[1..bytes.len() - 1]].concat();
    let draft = before(internal::write_payout_draft(&fixtures::payout()).unwrap(), 1);
    assert_eq!(internal::read_draft(&draft).unwrap(), internal::Draft::Payout(fixtures::payout()));
    let balance = RunBalance { carried_in: None, ..fixtures::run_balance() };
    let bytes = before(internal::write_run_balance(&balance).unwrap(), 2);
    assert_eq!(internal::read_draft(&bytes).unwrap(), internal::Draft::Balance(balance));
    let refusal = |bytes: &[u8]| internal::read_close_note(bytes).map_err(|error| error.to_string());
    assert_eq!(refusal(&[]), Err("closes record cannot be read: an empty value".into()));
    assert_eq!(refusal(&[9, 1]), Err("closes record cannot be read: version 9, expected 4".into()));
    let long = [internal::write_close_note(&CloseNote::RunReopened { close_id: "c".into(), partition: 1 }).unwrap(), vec![0]];
    assert_eq!(refusal(&long.concat()), Err("closes record cannot be read: 1 bytes after the end of the record".into()));
}
