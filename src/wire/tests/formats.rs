//! Topics that are JSON, or either: each input reads as its Avro record does, and what is neither is refused.

use super::fixtures;
use super::records::codec;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::wire::{Codec, Format, OPEN_TOPICS, Raw};

const PARTITIONS: u32 = 4;

fn of_format(format: Format) -> Codec {
    Codec::new().unwrap().with_formats(&OPEN_TOPICS.map(|topic| (topic, format)))
}

/// Every input as a codec writes it, with its key.
fn written(codec: &Codec) -> Vec<(Topic, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut bytes = Vec::new();
    let mut keep = |topic, key: &str, bytes: &mut Vec<u8>| all.push((topic, key.to_owned(), std::mem::take(bytes)));
    codec.write_deal(&fixtures::deal(), &mut bytes).unwrap();
    keep(Topic::DealClosed, fixtures::deal().deal_id, &mut bytes);
    codec.write_quota(&fixtures::quota(), &mut bytes).unwrap();
    keep(Topic::QuotaChanged, fixtures::quota().payee_id, &mut bytes);
    codec.write_settlement(&fixtures::settlement(), &mut bytes).unwrap();
    keep(Topic::DealSettled, fixtures::settlement().deal_id, &mut bytes);
    for made in super::adjustments::each_target() {
        codec.write_adjustment(&made, &mut bytes).unwrap();
        keep(Topic::AdjustmentMade, &made.payee_id, &mut bytes);
    }
    all
}

fn taken(codec: &Codec, topic: Topic, key: &str, value: Option<&[u8]>) -> String {
    let position = Position { topic, partition: partition_of(key.as_bytes(), PARTITIONS), offset: 0 };
    let mut scratch = Vec::new();
    match codec.take(Raw { position, key: Some(key.as_bytes()), value, headers: &[] }, PARTITIONS, 10_000, &mut scratch) {
        Ok(input) => format!("{input:?}"),
        Err(reject) => reject.to_string(),
    }
}

#[test]
fn an_input_is_the_same_as_avro_and_as_json() {
    let [avro, json, either] = Format::ALL.map(of_format);
    let (records, lines) = (written(&avro), written(&json));
    assert_eq!(written(&either), records);
    assert!(lines.iter().all(|(_, _, line)| line.starts_with(b"{")), "{lines:?}");
    for ((topic, key, record), (_, _, line)) in records.iter().zip(&lines) {
        let expected = taken(&codec(), *topic, key, Some(record));
        assert!(!expected.ends_with(']') && !expected.contains("[unknown_format]"), "{expected}");
        for (codec, value) in [(&json, line), (&either, line), (&either, record)] {
            assert_eq!(taken(codec, *topic, key, Some(value)), expected);
        }
        let refused = [
            (&avro, line, "first byte 0x7b, expected a record that starts with byte 0x00 and a schema id [unknown_format]"),
            (&json, record, "first byte 0x00, expected a JSON object: the topic's format is json [unknown_format]"),
        ];
        for (codec, value, expected) in refused {
            assert_eq!(taken(codec, *topic, key, Some(value)), expected);
        }
    }
}

#[test]
fn what_is_no_good_line_is_refused_as_ingest_refuses_it() {
    let line = r#"{"deal_id":"D-1","revision":1,"closed_on":"2026-01-31","currency":"USD","lines":[{"line_id":"1","product":"a","amount":"1.5","quantity":1}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":1}]}"#;
    let check = |value: Option<&[u8]>, expected: &str| {
        assert_eq!(taken(&of_format(Format::Json), Topic::DealClosed, "D-1", value), expected);
        let expected = match value {
            None | Some([]) => return,
            Some(_) => expected,
        };
        assert_eq!(taken(&of_format(Format::Either), Topic::DealClosed, "D-1", value), expected);
    };
    let changed = |from: &str, to: &str| line.replacen(from, to, 1).into_bytes();
    check(None, "no value, expected a JSON object [unknown_format]");
    check(Some(b""), "an empty value, expected a JSON object [unknown_format]");
    check(Some(b"{\"a\": \xff}"), "not UTF-8 text at byte 6 [not_decodable]");
    check(Some(b"{"), "not JSON: EOF while parsing an object at line 1 column 1 [not_decodable]");
    check(Some(b"[]"), "expected an object, found [] [invalid_field]");
    check(Some(&[line.as_bytes(), b" x"].concat()), "not JSON: trailing characters at line 1 column 213 [not_decodable]");
    check(Some(&vec![b' '; 10_001]), "10001 bytes, more than 10000 [record_too_large]");
    check(Some(&changed("\"1.5\"", "\"1e5\"")), "lines[0].amount: \"1e5\" is not a plain decimal number [invalid_field]");
    check(Some(&changed("\"USD\",", "\"USD\",\"stage\":1,")), "stage: expected text, found 1 [invalid_field]");
    check(Some(&changed("\"share\":1", "\"share\":0.5")), "lines[0]: REVENUE shares total 50 %, not 100 % [splits_not_whole]");
    check(Some(&changed("D-1", "D-2")), "deal_id: key \"D-1\", but the record is of \"D-2\" [key_mismatch]");
    let amount = "1".repeat(30);
    let large = format!("lines[0].amount: \"{amount}\" is out of range [amount_out_of_range]");
    check(Some(&changed("1.5", &amount)), &large);
}

#[test]
fn a_format_stays_what_it_was_once_something_is_folded() {
    let [avro, json, either] = Format::ALL.map(of_format);
    let topics = [Topic::DealClosed, Topic::QuotaChanged];
    let said = |now: &Codec, before: &Codec, folded: &[Topic]| now.contradicts(&before.contracts(&topics), folded);
    for codec in [&avro, &json, &either] {
        assert_eq!(said(codec, codec, &topics), None);
        assert_eq!(said(codec, &avro, &[]), None);
    }
    assert_eq!(
        said(&json, &avro, &[Topic::QuotaChanged]).unwrap(),
        "quota-changed was folded as avro so far, and the config says json: what lies there would be read as something else; \
         say [topics.quota-changed] format = \"avro\""
    );
    assert!(said(&either, &json, &topics).unwrap().starts_with("deal-closed was folded as json so far"));
    assert!(avro.contracts(&topics).formats.is_empty());
}
