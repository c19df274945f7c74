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
    codec.write_attainment(&fixtures::attainment(), &mut bytes).unwrap();
    assert_eq!(codec.read_attainment(&bytes).unwrap(), fixtures::attainment());
    bytes.clear();
    codec.write_accrual(&fixtures::accrual(), &mut bytes).unwrap();
    assert_eq!(codec.read_accrual(&bytes).unwrap(), fixtures::accrual());
    bytes.clear();
    codec.write_payout(&fixtures::payout(), &mut bytes).unwrap();
    assert_eq!(codec.read_payout(&bytes).unwrap(), fixtures::payout());
    bytes.clear();
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
