//! Every refusal of an input, with its exact message.

use super::fixtures::{self, deal, quota, split};
use super::records::{codec, deal_bytes};
use crate::domain::deal::{Counts, DealClosed};
use crate::domain::fact::{Fact, FactBody};
use crate::domain::formula::Formula;
use crate::domain::money::{Amount, Quantity, Share};
use crate::domain::plan::Pays;
use crate::domain::quota::QuotaChanged;
use crate::domain::settlement::DealSettled;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::pipeline::packed::PackedCredits;
use crate::wire::Codec;
use crate::wire::decimal::Unscaled;

pub const PARTITIONS: u32 = 4;

pub fn refusal(topic: Topic, partition: u32, key: Option<&[u8]>, value: Option<&[u8]>, maximum_bytes: usize) -> String {
    let position = Position { topic, partition, offset: 0 };
    match codec().input(position, PARTITIONS, key, value, maximum_bytes) {
        Ok(input) => format!("accepted {input:?}"),
        Err(reject) => reject.to_string(),
    }
}

fn check_deal_bytes(value: Option<&[u8]>, expected: &str) {
    let partition = partition_of(b"D-1", PARTITIONS);
    assert_eq!(refusal(Topic::DealClosed, partition, Some(b"D-1"), value, 100_000), expected);
}

#[test]
fn a_value_that_is_not_a_deal() {
    let good = deal_bytes(&deal());
    let with = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[place] = byte;
        bytes
    };
    let trailing = [&good[..], &[1, 2]].concat();
    let table: [(Option<&[u8]>, &str); 8] = [
        (None, "no value, expected a record that starts with byte 0x00 and a schema id [unknown_format]"),
        (Some(b""), "an empty value, expected a record that starts with byte 0x00 and a schema id [unknown_format]"),
        (Some(b"{}"), "first byte 0x7b, expected a record that starts with byte 0x00 and a schema id [unknown_format]"),
        (Some(&[0, 0, 0]), "3 bytes, too short for a frame of 5 [not_decodable]"),
        (Some(&with(4, 9)), "schema id 9, expected 1 (deal-closed) [unknown_schema]"),
        (Some(&good[..5]), "not a deal-closed record: All bytes have MSB set when decoding varint (Reached EOF) [not_decodable]"),
        (Some(&good[..30]), "not a deal-closed record: Unexpected end of slice while deserializing [not_decodable]"),
        (Some(&trailing), "2 bytes after the end of the record [trailing_bytes]"),
    ];
    for (value, expected) in table {
        check_deal_bytes(value, expected);
    }
}

#[test]
fn a_deal_in_the_wrong_place() {
    let good = deal_bytes(&deal());
    let right = partition_of(b"D-1", PARTITIONS);
    let wrong = (right + 1) % PARTITIONS;
    let check = |partition, key: Option<&[u8]>, maximum_bytes, expected: &str| {
        assert_eq!(refusal(Topic::DealClosed, partition, key, Some(&good), maximum_bytes), expected);
    };
    let large = format!("{} bytes, more than 100 [record_too_large]", good.len());
    check(right, Some(b"D-1"), 100, &large);
    check(right, None, 10_000, "deal_id: no key, but the record is of \"D-1\" [key_mismatch]");
    check(right, Some(b"D-\xff"), 10_000, "deal_id: key \"D-\\xff\", but the record is of \"D-1\" [key_mismatch]");
    let message = format!("deal_id: in partition {wrong}, expected {right} of 4 (murmur2 of the key) [wrong_partition]");
    check(wrong, Some(b"D-1"), 10_000, &message);
}

/// A deal with a decimal that only another writer would encode.
fn tampered(deal: &DealClosed<'_>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = deal_bytes(deal);
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes are there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn decimals_out_of_range() {
    let mut deal = deal();
    deal.lines[0].amount = Amount(0x0102_0304_0506_0708);
    deal.lines[0].cost = Some(Amount(0x1102_0304_0506_0708));
    deal.lines[0].quantity = Quantity(0x01_0203_0405_0607);
    deal.probability = Some(Share(0x0a0b0c));
    let amount = [16, 1, 2, 3, 4, 5, 6, 7, 8];
    let cost = [16, 0x11, 2, 3, 4, 5, 6, 7, 8];
    let long = [[34].as_slice(), &[0x7f; 17]].concat();
    let eleven = [[22].as_slice(), &[0x81; 11]].concat();
    let table: [(&[u8], &[u8], &str); 6] = [
        (&amount, &eleven, "lines[0].amount: out of range, does not fit decimal(24,6) [amount_out_of_range]"),
        (&amount, &long, "lines[0].amount: out of range, does not fit decimal(24,6) [amount_out_of_range]"),
        (&cost, &long, "lines[0].cost: out of range, does not fit decimal(24,6) [amount_out_of_range]"),
        (&[14, 1, 2, 3, 4, 5, 6, 7], &long, "lines[0].quantity: out of range, does not fit decimal(18,4) [amount_out_of_range]"),
        (&[6, 10, 11, 12], &[2, 0xff], "probability: out of range, does not fit a share from 0 to 1 [amount_out_of_range]"),
        (&amount, &[0], "not a deal-closed record: a decimal without bytes [not_decodable]"),
    ];
    for (from, to, expected) in table {
        check_deal_bytes(Some(&tampered(&deal, from, to)), expected);
    }
    deal.splits[0].share = Share(0x0a0b0d);
    let share = tampered(&deal, &[6, 10, 11, 13], &[2, 0xff]);
    check_deal_bytes(Some(&share), "splits[0].share: out of range, does not fit decimal(9,6) [amount_out_of_range]");
}

#[test]
fn attributes_that_cannot_be() {
    let mut deal = deal();
    deal.attributes[0] = deal.attributes[2].clone();
    check_deal_bytes(Some(&deal_bytes(&deal)), "attributes.since: twice [invalid_field]");
    let long = [[34].as_slice(), &[0x7f; 17]].concat();
    let number = [6, 0xe9, 0x1c, 0xa0];
    let expected = "attributes.score: out of range, does not fit decimal(24,6) [amount_out_of_range]";
    check_deal_bytes(Some(&tampered(&fixtures::deal(), &number, &long)), expected);
}

#[test]
fn a_deal_that_is_wrong_in_itself_comes_before_its_key() {
    let mut deal = deal();
    deal.splits = vec![split("ana", Counts::Revenue, 900_000)];
    let expected = "lines[1]: REVENUE shares total 90 %, not 100 % [splits_not_whole]";
    assert_eq!(refusal(Topic::DealClosed, 0, None, Some(&deal_bytes(&deal)), 10_000), expected);
}

fn quota_bytes(quota: &QuotaChanged<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec().write_quota(quota, &mut bytes).expect("quota can be written");
    bytes
}

#[test]
fn quotas_that_are_refused() {
    let partition = partition_of(b"ana", PARTITIONS);
    let check = |key: &[u8], value: &[u8], expected: &str| {
        assert_eq!(refusal(Topic::QuotaChanged, partition, Some(key), Some(value), 10_000), expected);
    };
    let good = quota_bytes(&quota());
    check(b"ben", &good, "payee_id: key \"ben\", but the record is of \"ana\" [key_mismatch]");
    check(b"ana", &deal_bytes(&deal()), "schema id 1, expected 2 (quota-changed) [unknown_schema]");
    check(
        b"ana",
        &good[..good.len() - 1],
        "not a quota-changed record: All bytes have MSB set when decoding varint (Reached EOF) [not_decodable]",
    );
    let negative = quota_bytes(&QuotaChanged { amount: Some(Amount(-1_500_000)), ..quota() });
    check(b"ana", &negative, "amount: -1.5 is negative [invalid_field]");
    let at = good.windows(7).position(|window| window == b"2026-Q1").expect("the interval is there");
    let mut interval = good.clone();
    interval[at + 6] = b'9';
    check(b"ana", &interval, "interval: \"2026-Q9\" is not an interval like 2026-01, 2026-Q1, 2026-H1 or 2026 [invalid_field]");
}

#[test]
fn settlements_that_are_refused() {
    let partition = partition_of(b"D-1", PARTITIONS);
    let bytes_of = |settled: &DealSettled<'_>| {
        let mut bytes = Vec::new();
        codec().write_settlement(settled, &mut bytes).expect("settlement can be written");
        bytes
    };
    let check = |key: &[u8], value: &[u8], expected: &str| {
        assert_eq!(refusal(Topic::DealSettled, partition, Some(key), Some(value), 10_000), expected);
    };
    let good = bytes_of(&fixtures::settlement());
    check(b"INV-7/1", &good, "deal_id: key \"INV-7/1\", but the record is of \"D-1\" [key_mismatch]");
    check(b"D-1", &deal_bytes(&deal()), "schema id 1, expected 15 (deal-settled) [unknown_schema]");
    let negative = bytes_of(&DealSettled { amount: Amount(-1_500_000), ..fixtures::settlement() });
    check(b"D-1", &negative, "amount: -1.5 is not more than 0: the kind says which way the money went [invalid_field]");
    let lower = bytes_of(&DealSettled { currency: "usd", ..fixtures::settlement() });
    check(b"D-1", &lower, "currency: \"usd\" is not an ISO 4217 currency code [invalid_field]");
    let unnamed = bytes_of(&DealSettled { settlement_id: "", ..fixtures::settlement() });
    check(b"D-1", &unnamed, "settlement_id: empty [invalid_field]");
}

#[test]
fn other_topics_are_no_inputs() {
    let check = |topic, value: Option<&[u8]>, expected: &str| assert_eq!(refusal(topic, 0, None, value, 10_000), expected);
    check(Topic::Payout, Some(b"x"), "topic payout is not an input of a stage [not_supported]");
    check(Topic::Credits, None, "no value, expected packed credits [unknown_format]");
    check(Topic::Credits, Some(b""), "packed credits cannot be read: empty [not_decodable]");
    check(Topic::Credits, Some(&[7]), "packed credits cannot be read: version 7 [not_decodable]");
    let none = PackedCredits { source: 0, link_seq: 1, epoch: 0, facts_next: 2, payees: vec![], texts: vec![], entries: vec![] };
    let packed = none.encode().expect("packed credits can be written");
    for maximum_bytes in [10_000, 1] {
        assert!(refusal(Topic::Credits, 0, None, Some(&packed), maximum_bytes).starts_with("accepted Credits"));
    }
}

/// The fact with one text replaced by another of the same length in its bytes.
fn fact_refusal(codec: &Codec, fact: &Fact, from: &str, to: &str) -> String {
    let mut bytes = Vec::new();
    codec.write_fact(fact, &mut bytes).expect("fact can be written");
    let counted = |text: &str| [&[text.len() as u8 * 2], text.as_bytes()].concat();
    let (from, to) = (counted(from), counted(to));
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the text is there");
    let changed = [&bytes[..at], &to, &bytes[at + from.len()..]].concat();
    codec.fact(&changed).map_or_else(|reject| reject.to_string(), |fact| format!("accepted {fact:?}"))
}

#[test]
fn modes_that_are_not_built_are_refused_by_name() {
    let codec = codec();
    let facts = fixtures::facts();
    let (measure, plan, payee, closed, territories) = (&facts[2], &facts[3], &facts[4], &facts[5], &facts[8]);
    let earned = facts.last().expect("there are facts");
    let component = "components[0]";
    let table = [
        (
            measure,
            "amount",
            "median",
            "of: \"median\" is not supported; use amount or quantity or count or margin or attribute or earned",
        ),
        (measure, "deal", "order", "dated_by: \"order\" is not supported; use deal or invoice or receipt"),
        (
            measure,
            "ROLLED",
            "PARTNER",
            "credit_kinds[1]: \"PARTNER\" is not supported; use REVENUE or OVERLAY or ROLLED or TERRITORY",
        ),
        (measure, "NEW", "RESALE", "deal_kinds[0]: \"RESALE\" is not supported; use NEW or RENEWAL or EXPANSION"),
        (earned, "reports", "brother", "earned_by: \"brother\" is not supported; use self or reports or team"),
        (plan, "carry", "refuse", "mid_interval_change: \"refuse\" is not supported; use carry or restart"),
        (plan, "adjust", "freeze", "after_release: \"freeze\" is not supported; use adjust"),
        (plan, "raise_only", "ignore", "quota_after_release: \"ignore\" is not supported; use adjust or raise_only or freeze"),
        (plan, "quarter", "week", "{c}.interval: \"week\" is not supported; use month or quarter or half_year or year"),
        (plan, "running", "payee", "{c}.scope: \"payee\" is not supported; use running or deal"),
        (plan, "attainment", "score", "{c}.tier_by: \"score\" is not supported; use amount or attainment or quantity or count"),
        (
            plan,
            "rate_of",
            "points",
            "{c}.pays: \"points\" is not supported; use rate_of or per_unit or fraction_of or lump or formula",
        ),
        (
            plan,
            "marginal",
            "rank",
            "{c}.method: \"rank\" is not supported; use marginal or retroactive or overage or lump or interpolated or curve or \
             whole_deal_before or whole_deal_after or formula or lookup",
        ),
        (plan, "upper", "both", "{c}.boundary: \"both\" is not supported; use upper or lower"),
        (plan, "interval", "so_far", "{c}.quota: \"so_far\" is not supported; use interval or to_date"),
        (plan, "first_tier", "top", "{c}.no_quota: \"top\" is not supported; use park or nothing or first_tier"),
        (plan, "recompute", "list_price", "{c}.clawback_price: \"list_price\" is not supported; use recompute or historic_rate"),
        (plan, "original", "next", "{c}.clawback_period: \"next\" is not supported; use original or current"),
        (plan, "half_even", "half_odd", "{c}.rounding_mode: \"half_odd\" is not supported; use half_even or half_up or down"),
        (plan, "best", "worst", "components[3].at_zero: \"worst\" is not supported; use best or nothing"),
        (plan, "pro_rata", "part", "components[2].attribution: \"part\" is not supported; use slice or pro_rata"),
        (plan, "whole", "all", "components[1].count_split: \"all\" is not supported; use share or whole"),
        (plan, "cumulative", "payee", "{c}.rounding_at: \"payee\" is not supported; use cumulative or deal"),
        (
            plan,
            "payee.weight_in_pools",
            "weight",
            "components[6].pool: \"weight\" is not supported; use equal or payee. and the name of a parameter",
        ),
        (
            plan,
            "payee.weight_in_pools",
            "payee.",
            "components[6].pool: \"payee.\" is not supported; use equal or payee. and the name of a parameter",
        ),
        (
            plan,
            "deal_cap",
            "payment",
            "components[2].own_modifiers[2].place: \"payment\" is not supported; use weight or cap or deal_cap or floor or \
             at_least or else",
        ),
        (
            plan,
            "minimum_settlement",
            "smallest",
            "own_amounts[3].place: \"smallest\" is not supported; use draw or maximum_balance or payment_cap or \
             minimum_settlement or plan_cap",
        ),
        (payee, "default", "weekly", "rows[0].pay_group: \"weekly\" is not supported; use default"),
        (closed, "default", "weekly", "pay_group: \"weekly\" is not supported; use default"),
        (territories, "unnamed", "overlay", "crediting[0].when: \"overlay\" is not supported; use unnamed or always"),
        (territories, "nothing", "reject", "crediting[1].uncovered: \"reject\" is not supported; use park or nothing"),
        (
            territories,
            "OVERLAY",
            "PARTNER",
            "crediting[1].roll_up[0]: \"PARTNER\" is not supported; use REVENUE or OVERLAY or ROLLED or TERRITORY",
        ),
    ];
    for (fact, from, to, expected) in table {
        let expected = format!("{} [not_supported]", expected.replace("{c}", component));
        assert_eq!(fact_refusal(&codec, fact, from, to), expected);
    }
    let expected = "first: \"2026-13\" is not a pay period like 2026-01 [invalid_field]";
    assert_eq!(fact_refusal(&codec, &facts[1], "2026-01", "2026-13"), expected);
    let expected = "nodes[0].dimension: \"region\" is not a dimension: product, geography, segment, customer or attribute:NAME \
                    [invalid_field]";
    assert_eq!(fact_refusal(&codec, territories, "geography", "region"), expected);
}

#[test]
fn formulas_that_are_none_are_refused() {
    let codec = codec();
    let mut fact = fixtures::facts().swap_remove(3);
    let FactBody::PlanDefined(plan) = &mut fact.body else { panic!("a plan") };
    plan.components[5].pays = Pays::Formula(Formula::parse("measure(\"a\")").expect("a formula"));
    let table = [
        ("rate_of", "formula", "components[0].formula: formula states none"),
        ("formula", "rate_of", "components[5].formula: rate_of pays by tiers, not by a formula"),
        ("formula", "fraction_of", "components[5].formula: fraction_of pays by tiers, not by a formula"),
        ("fraction_of", "formula", "components[2].target: formula pays no fraction of a parameter"),
        ("measure(\"a\")", "measure(\"a\"", "components[5].formula: character 12: the end where \")\" is needed"),
        (
            "measure(\"a\")",
            "result(\"a\")",
            "components[5].formula: character 1: results of other components are read through a measure of earnings",
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(fact_refusal(&codec, &fact, from, to), format!("{expected} [invalid_field]"), "{from} {to}");
    }
}

#[test]
fn facts_with_numbers_that_cannot_be() {
    let codec = codec();
    let mut fact = fixtures::facts().swap_remove(7);
    if let FactBody::PeriodReleased(released) = &mut fact.body {
        released.records = u64::MAX;
    }
    let error = codec.write_fact(&fact, &mut Vec::new()).expect_err("records does not fit a long");
    assert_eq!(error.to_string(), "facts record cannot be written: records: out of range");
    let mut fact = fixtures::facts().swap_remove(3);
    if let FactBody::PlanDefined(plan) = &mut fact.body {
        plan.components[1].tiers[1].rate.0 = 0x0e02_0304_0506_0708;
    }
    let error = codec.write_fact(&fact, &mut Vec::new()).expect_err("the rate has too many digits");
    assert_eq!(error.to_string(), "facts record cannot be written: a decimal of more than 18 digits");
}

#[test]
fn outputs_that_do_not_fit_leave_the_buffer_as_it_was() {
    let mut out = vec![1, 2];
    let mut deal = deal();
    deal.lines[0].amount = Amount(10i128.pow(24));
    let error = codec().write_deal(&deal, &mut out).expect_err("25 digits");
    assert_eq!(error.to_string(), "deal-closed record cannot be written: a decimal of more than 24 digits");
    let mut payout = fixtures::payout();
    payout.currency = "dollars".into();
    let error = codec().write_payout(&payout, &mut out).expect_err("no such currency");
    assert_eq!(error.to_string(), "payout record cannot be written: amount: \"dollars\" is not an ISO 4217 currency code");
    assert_eq!(out, [1, 2]);
    assert_eq!(Unscaled::<3>(1_000).in_range(), None);
}

/// Makes a deal wrong; the text is one that is too long.
type Change = fn(&mut DealClosed<'static>, &'static str);

#[test]
fn deals_that_are_wrong_in_themselves() {
    let long: &'static str = "x".repeat(201).leak();
    let table: [(Change, &str); 12] = [
        (|deal, _| deal.deal_id = "", "deal_id: empty [invalid_field]"),
        (|deal, long| deal.deal_id = long, "deal_id: 201 bytes, more than 200 [invalid_field]"),
        (|deal, _| deal.deal_id = "a\nb", "deal_id: has a control character [invalid_field]"),
        (|deal, _| deal.currency = "Dollar", "currency: \"Dollar\" is not an ISO 4217 currency code [invalid_field]"),
        (|deal, _| deal.lines.clear(), "lines: a deal needs at least one line [invalid_field]"),
        (|deal, _| deal.lines = vec![fixtures::bare_line("1"); 1_001], "lines: 1001 lines, more than 1000 [invalid_field]"),
        (|deal, _| deal.splits = vec![split("a", Counts::Overlay, 1); 101], "splits: 101 splits, more than 100 [invalid_field]"),
        (|deal, _| deal.lines[1].product = "", "lines[1].product: empty [invalid_field]"),
        (|deal, _| deal.lines[1].line_id = "1", "lines[1].line_id: line \"1\" twice [invalid_field]"),
        (|deal, _| deal.splits[0].payee_id = "", "splits[0].payee_id: empty [invalid_field]"),
        (
            |deal, _| deal.lines[0].splits[0].share = Share(0),
            "lines[0].splits[0].share: 0 is not above 0 and at most 1 [invalid_field]",
        ),
        (|deal, _| deal.splits[1].payee_id = "ana", "splits[1]: payee \"ana\" twice with the same counts [duplicate_split]"),
    ];
    for (change, expected) in table {
        let mut deal = deal();
        change(&mut deal, long);
        check_deal_bytes(Some(&deal_bytes(&deal)), expected);
    }
}
