//! Every record comes back as it was written.

use super::fixtures;
use crate::domain::deal::DealClosed;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::pipeline::Input;
use crate::wire::Codec;

pub fn codec() -> Codec {
    Codec::new().expect("embedded schemas hold together")
}

pub fn deal_bytes(deal: &DealClosed<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec().write_deal(deal, &mut bytes).expect("deal can be written");
    bytes
}

#[test]
fn a_deal_comes_back_through_input() {
    let (codec, deal) = (codec(), fixtures::deal());
    let bytes = deal_bytes(&deal);
    let partition = partition_of(b"D-1", 4);
    let position = Position { topic: Topic::DealClosed, partition, offset: 0 };
    let input = codec.input(position, 4, Some(b"D-1"), Some(&bytes), 10_000);
    match input {
        Ok(Input::Deal(read)) => assert_eq!(read, deal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_other_record_comes_back() {
    let codec = codec();
    let mut bytes = Vec::new();
    codec.write_quota(&fixtures::quota(), &mut bytes).unwrap();
    assert_eq!(codec.read_quota(&bytes).unwrap(), fixtures::quota());
    bytes.clear();
    codec.write_settlement(&fixtures::settlement(), &mut bytes).unwrap();
    assert_eq!(codec.read_settlement(&bytes).unwrap(), fixtures::settlement());
    bytes.clear();
    codec.write_attainment(&fixtures::attainment(), &mut bytes).unwrap();
    assert_eq!(codec.read_attainment(&bytes).unwrap(), fixtures::attainment());
    bytes.clear();
    codec.write_accrual(&fixtures::accrual(), &mut bytes).unwrap();
    assert_eq!(codec.read_accrual(&bytes).unwrap(), fixtures::accrual());
    bytes.clear();
    for payout in [fixtures::payout(), fixtures::converted()] {
        codec.write_payout(&payout, &mut bytes).unwrap();
        assert_eq!(codec.read_payout(&bytes).unwrap(), payout);
        bytes.clear();
    }
    codec.write_payout_run(&fixtures::payout_run(), &mut bytes).unwrap();
    assert_eq!(codec.read_payout_run(&bytes).unwrap(), fixtures::payout_run());
    bytes.clear();
    codec.write_payee_name(&fixtures::payee_name(), &mut bytes).unwrap();
    assert_eq!(codec.read_payee_name(&bytes).unwrap(), fixtures::payee_name());
}

#[test]
fn every_fact_comes_back() {
    let codec = codec();
    for fact in fixtures::facts() {
        let mut bytes = Vec::new();
        codec.write_fact(&fact, &mut bytes).unwrap();
        assert_eq!(codec.fact(&bytes), Ok(fact));
    }
}

#[test]
fn golden_bytes_of_a_payout_run_and_a_name() {
    let mut bytes = Vec::new();
    codec().write_payout_run(&fixtures::payout_run(), &mut bytes).unwrap();
    let golden =
        b"\0\0\0\0\x18\x162026-02-run\x0cfiscal\x0edefault\x0e2026-02\x18\x08\x07\x5b\xcc\xbc\x06USD\x0800ff\x06eva\x08finn\
          \x04\x06GBP\x06\x06\xed)\xbc\x06JPY\x02\x08@\x97\x08\xc0\0";
    assert_eq!(bytes.escape_ascii().to_string(), golden.escape_ascii().to_string());
    bytes.clear();
    codec().write_payee_name(&fixtures::payee_name(), &mut bytes).unwrap();
    assert_eq!(bytes, b"\0\0\0\0\x08\x06ana\x16Ana M\xc3\xbcller\x0anorth\x02\x06mia\x01");
}

#[test]
fn decimals_are_the_fewest_bytes() {
    let table: [(i128, &[u8]); 8] = [
        (0, &[0]),
        (1, &[1]),
        (-1, &[0xff]),
        (127, &[0x7f]),
        (128, &[0, 0x80]),
        (-128, &[0x80]),
        (-129, &[0xff, 0x7f]),
        (1_000_000, &[0x0f, 0x42, 0x40]),
    ];
    for (value, expected) in table {
        let mut deal = fixtures::deal();
        deal.lines = vec![fixtures::bare_line("line")];
        deal.lines[0].amount = crate::domain::money::Amount(value);
        let bytes = deal_bytes(&deal);
        let coded = [b"\x0esupport\0\0".as_slice(), &[expected.len() as u8 * 2], expected].concat();
        assert!(bytes.windows(coded.len()).any(|window| window == coded), "{value}");
        assert_eq!(crate::wire::decimal::from_bytes(expected), Some(value));
    }
}
