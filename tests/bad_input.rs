//! Records that no producer of ours writes: each is one dead letter with its place, reason and field, and the good ones
//! around it are all counted.

mod support;

use accrue::domain::deal::DealClosed;
use accrue::domain::money::{Amount, Share};
use accrue::domain::output::{RejectKind, RejectRecord};
use accrue::domain::topic::{Position, Topic, partition_of};
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Batch, Client, Records};
use accrue::wire::{Codec, read_reject};
use std::collections::BTreeMap;
use support::company;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, append_deals, start};

/// A record that somebody appends as it is.
struct Bad {
    partition: u32,
    key: Vec<u8>,
    value: Vec<u8>,
    reason: &'static str,
    field: &'static str,
}

fn encoded(deal: &DealClosed<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Codec::new().unwrap().write_deal(deal, &mut bytes).unwrap();
    bytes
}

/// A deal of its own, in its right place, with a value of the case's.
fn bad(deal_id: &str, value: Vec<u8>, reason: &'static str, field: &'static str) -> Bad {
    Bad { partition: partition_of(deal_id.as_bytes(), PARTITIONS), key: deal_id.into(), value, reason, field }
}

fn deal(deal_id: &str) -> DealClosed<'_> {
    company::deal(deal_id, 1, "2026-01-10", "100", "ana")
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes are there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn cases() -> Vec<Bad> {
    let good = |deal_id: &str| encoded(&deal(deal_id));
    let mut half = deal("half");
    half.splits[0].share = Share(500_000);
    let mut large = deal("large");
    large.lines[0].amount = Amount(0x0102_0304_0506_0708);
    let seventeen_bytes = [[34].as_slice(), &[0x7f; 17]].concat();
    let out_of_range = replaced(&encoded(&large), &[16, 1, 2, 3, 4, 5, 6, 7, 8], &seventeen_bytes);
    let text = "x".repeat(3_000);
    let mut long = deal("long");
    long.lines[0].product = &text;
    let wrong = (partition_of(b"wrong", PARTITIONS) + 1) % PARTITIONS;
    vec![
        bad("undecodable", [&[0, 0, 0, 0, 1], &[0xff; 20][..]].concat(), "not_decodable", ""),
        bad("truncated", good("truncated")[..30].to_vec(), "not_decodable", ""),
        bad("trailing", [good("trailing"), vec![1, 2]].concat(), "trailing_bytes", ""),
        bad("first-byte", br#"{"deal_id":"first-byte"}"#.to_vec(), "unknown_format", ""),
        bad("schema", replaced(&good("schema"), &[0, 0, 0, 0, 1], &[0, 0, 0, 0, 9]), "unknown_schema", ""),
        bad("half", encoded(&half), "splits_not_whole", "lines[0]"),
        bad("large", out_of_range, "amount_out_of_range", "lines[0].amount"),
        // A deal of that id is counted already, of another amount.
        bad("deal-0", encoded(&company::deal("deal-0", 1, "2026-01-10", "99", "ana")), "revision_conflict", "revision"),
        Bad { partition: wrong, ..bad("wrong", good("wrong"), "wrong_partition", "deal_id") },
        Bad { key: b"another".to_vec(), ..bad("key", good("key"), "key_mismatch", "deal_id") },
        bad("long", encoded(&long), "record_too_large", ""),
    ]
}

fn append(log: &Embedded, bad: &Bad) -> Position {
    let mut records = Records::default();
    records.push(Some(&bad.key), Some(&bad.value));
    let (topic, partition) = (Topic::DealClosed, bad.partition);
    let offset = log.append(&[Append { topic, partition, records: &records }]).unwrap()[0];
    Position { topic, partition, offset }
}

fn rejected(log: &Embedded) -> Vec<RejectRecord> {
    let mut records = Vec::new();
    for partition in 0..log.partitions(Topic::Rejected).unwrap() {
        let (mut batch, mut next) = (Batch::default(), 0);
        while next < log.end(Topic::Rejected, partition).unwrap() {
            next = log.read(Topic::Rejected, partition, next, 1 << 20, &mut batch).unwrap();
        }
        records.extend(batch.rows().iter().map(|row| read_reject(&batch, row).unwrap()));
    }
    records
}

#[test]
fn every_bad_record_is_one_dead_letter_and_the_others_are_counted() {
    let (log, codec) = (Embedded::in_memory().unwrap(), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    let engine = start(&log, directory.path());
    append_deals(&log, &codec, 0, 20);
    let mut expected = Vec::new();
    let cases = cases();
    for (number, case) in cases.iter().enumerate() {
        let place = append(&log, case);
        expected.push((
            place,
            RejectKind::Rejected,
            case.reason,
            case.field.to_owned(),
            case.key.clone(),
            case.value.len() as u64,
        ));
        append_deals(&log, &codec, 20 + number * 4, 24 + number * 4);
    }
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    engine.stop().unwrap();
    let about = |record: RejectRecord| {
        let RejectRecord { position, kind, reject, key, original_bytes, .. } = record;
        (position, kind, reject.reason.code(), reject.field, key, original_bytes)
    };
    let mut found: Vec<_> = rejected(&log).into_iter().map(about).collect();
    found.sort_by_key(|record| record.0);
    expected.sort_by_key(|record| record.0);
    assert_eq!(found, expected);
    let each = 1_000 * (20 + 4 * cases.len() as i64) / 2;
    assert_eq!(accrued(&log, &codec), BTreeMap::from([("ana".into(), each), ("ben".into(), each)]));
}
