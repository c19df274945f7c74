//! Whatever bytes come: no decoder panics, and no part of a record passes for a whole one.

use super::adjustments::adjustment;
use super::fixtures;
use super::records::{codec, deal_bytes};
use crate::domain::output::CloseNote;
use crate::domain::settlement::Passed;
use crate::domain::topic::{Position, Topic};
use crate::pipeline::packed::{Cause, CauseTopic, Entry, PackedCredits, Settled, SettledDeal};
use crate::wire::json::{adjustment_from_line, deal_from_line, quota_from_line, settlement_from_line};
use crate::wire::{Codec, internal};
use proptest::prelude::*;

/// Whether any decoder takes the bytes.
fn decodes(codec: &Codec, bytes: &[u8]) -> bool {
    let credits = Position { topic: Topic::Credits, partition: 0, offset: 0 };
    let outcomes = [
        codec.read_deal(bytes).is_ok(),
        codec.read_quota(bytes).is_ok(),
        codec.read_settlement(bytes).is_ok(),
        codec.read_adjustment(bytes).is_ok(),
        codec.fact(bytes).is_ok(),
        codec.read_attainment(bytes).is_ok(),
        codec.read_accrual(bytes).is_ok(),
        codec.read_payout(bytes).is_ok(),
        codec.read_payout_run(bytes).is_ok(),
        codec.read_payee_name(bytes).is_ok(),
        codec.input(credits, 1, None, Some(bytes), usize::MAX).is_ok(),
        internal::read_close_note(bytes).is_ok(),
        internal::read_draft(bytes).is_ok(),
    ];
    outcomes.contains(&true)
}

/// What crediting tells earning of a settled deal, a quota and an adjustment.
fn packed() -> PackedCredits<'static> {
    let settlement = fixtures::settlement();
    let cause = Cause { topic: CauseTopic::DealSettled, offset: 7, occurred_at: 9 };
    let passed = vec![Passed { on: settlement.on, amount: settlement.amount }];
    let settled = Settled { total: settlement.amount, passed };
    let deal = SettledDeal { cause, deal_id: settlement.deal_id, closed_on: settlement.on, payees: vec![0], settled };
    let stated = [Entry::Quota { cause, quota: fixtures::quota() }, Entry::Adjustment { cause, adjustment: adjustment() }];
    let entries = [Entry::Settled(deal)].into_iter().chain(stated).collect();
    PackedCredits { source: 1, link_seq: 2, epoch: 3, facts_next: 4, payees: vec!["ana"], texts: vec![], entries }
}

/// One valid value of every topic and kind.
fn values(codec: &Codec) -> Vec<Vec<u8>> {
    let note = CloseNote::RunComputed {
        close_id: "2026-01".into(),
        partition: 3,
        records: 1_000,
        total: fixtures::payout().amount,
        digest: u128::MAX,
        other_totals: fixtures::other_totals(),
    };
    let mut values = vec![
        deal_bytes(&fixtures::deal()),
        internal::write_close_note(&note).unwrap(),
        internal::write_payout_draft(&fixtures::payout()).unwrap(),
        internal::write_payout_draft(&fixtures::converted()).unwrap(),
        internal::write_run_balance(&fixtures::run_balance()).unwrap(),
    ];
    let mut keep = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        values.push(out);
    };
    keep(&|out| codec.write_quota(&fixtures::quota(), out).unwrap());
    keep(&|out| codec.write_settlement(&fixtures::settlement(), out).unwrap());
    keep(&|out| codec.write_adjustment(&adjustment(), out).unwrap());
    for codec in super::results::codecs() {
        keep(&|out| codec.write_attainment(&fixtures::attainment(), out).unwrap());
        keep(&|out| codec.write_accrual(&fixtures::accrual(), out).unwrap());
        keep(&|out| codec.write_payout(&fixtures::payout(), out).unwrap());
        keep(&|out| codec.write_payout_run(&fixtures::payout_run(), out).unwrap());
        keep(&|out| codec.write_payee_name(&fixtures::payee_name(), out).unwrap());
    }
    for fact in fixtures::facts() {
        keep(&|out| codec.write_fact(&fact, out).unwrap());
    }
    values
}

#[test]
fn a_record_that_is_cut_anywhere_never_decodes() {
    let codec = codec();
    for value in values(&codec) {
        assert!(decodes(&codec, &value));
        for length in 0..value.len() {
            assert!(!decodes(&codec, &value[..length]), "{length} bytes of {value:?}");
        }
    }
}

/// Their first byte is that of other internal records, which lie in other topics.
#[test]
fn packed_credits_that_are_cut_anywhere_never_decode() {
    let bytes = packed().encode().unwrap();
    assert_eq!(PackedCredits::decode(&bytes).unwrap(), packed());
    for length in 0..bytes.len() {
        assert!(PackedCredits::decode(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_count_beyond_all_measure_is_refused() {
    let codec = codec();
    let good = deal_bytes(&fixtures::deal());
    let at = good.windows(3).position(|window| window == [4, 2, b'1']).expect("the lines start there");
    let huge = [&good[..at], &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], &good[at + 1..]].concat();
    assert!(!decodes(&codec, &huge));
}

/// A change of one byte.
type Flip = (prop::sample::Index, u8);

fn random() -> impl Strategy<Value = (Vec<u8>, u8, prop::sample::Index, Vec<Flip>)> {
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    (prop::collection::vec(any::<u8>(), 0..200), 0u8..20, any::<prop::sample::Index>(), flips)
}

#[test]
fn random_bytes_never_panic() {
    let codec = codec();
    let values = values(&codec);
    let config = ProptestConfig { cases: 12_000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((bytes, id, chosen, flips) in random())| {
        decodes(&codec, &bytes);
        decodes(&codec, &[&[0, 0, 0, 0, id], &bytes[..]].concat());
        decodes(&codec, &[b"{", &bytes[..]].concat());
        let mut flipped = values[chosen.index(values.len())].clone();
        for (place, byte) in flips {
            let at = place.index(flipped.len());
            flipped[at] = byte;
        }
        decodes(&codec, &flipped);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(deal_from_line(&text).is_err());
        prop_assert!(quota_from_line(&text).is_err());
        prop_assert!(settlement_from_line(&text).is_err());
        prop_assert!(adjustment_from_line(&text).is_err());
    });
}
