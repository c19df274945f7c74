//! Adjustments as records and as lines: each target comes back, another writer is read, and what is wrong is refused.

use super::independent::{rewritten, schema};
use super::records::codec;
use super::refusals::{PARTITIONS, refusal};
use crate::domain::adjustment::{AdjustmentMade, Target};
use crate::domain::calendar::Period;
use crate::domain::fact::CreditKind;
use crate::domain::money::Amount;
use crate::domain::topic::{Topic, partition_of};
use crate::wire::json::{adjustment_from_line, adjustment_line};

pub fn adjustment() -> AdjustmentMade {
    AdjustmentMade {
        adjustment_id: "ADJ-7".into(),
        payee_id: "ana".into(),
        target: Target::Credit { measure: "new-arr".into(), kind: CreditKind::Overlay },
        calendar: "fiscal".into(),
        effective_period: Period(24_312),
        amount: Amount(-1_500_000),
        reverses: Some("ADJ-6".into()),
        author: "eva".into(),
        reason: "moved from ben".into(),
        approver: Some("max".into()),
        occurred_at: 1_770_000_000_000_000,
    }
}

pub fn each_target() -> [AdjustmentMade; 3] {
    let earning = Target::Earning { component: "commission".into() };
    let pay = Target::Pay { earning_code: "SPIFF".into() };
    let plain = AdjustmentMade { reverses: None, approver: None, ..adjustment() };
    [adjustment(), AdjustmentMade { target: earning, ..plain.clone() }, AdjustmentMade { target: pay, ..plain }]
}

fn bytes_of(made: &AdjustmentMade) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec().write_adjustment(made, &mut bytes).expect("an adjustment can be written");
    bytes
}

#[test]
fn an_adjustment_comes_back() {
    for made in each_target() {
        let bytes = bytes_of(&made);
        assert_eq!(codec().read_adjustment(&bytes).unwrap(), made);
        assert_eq!(codec().read_adjustment(&rewritten(&schema("adjustment-made"), &bytes)).unwrap(), made);
        assert_eq!(adjustment_from_line(adjustment_line(&made).unwrap().get()).unwrap(), made);
    }
}

#[test]
fn a_line_says_what_it_is_about_and_nothing_else() {
    let line = r#"{"adjustment_id":"ADJ-7","payee_id":"ana","target":"CREDIT","measure":"new-arr","credit_kind":"OVERLAY",
        "calendar":"fiscal","effective_period":"2026-01","amount":"-1.50","reverses":"ADJ-6","author":"eva",
        "reason":"moved from ben","approver":"max","occurred_at":1770000000000000}"#;
    assert_eq!(adjustment_from_line(line).unwrap(), adjustment());
    let check = |from: &str, to: &str, expected: &str| {
        assert!(line.contains(from), "{from}");
        assert_eq!(adjustment_from_line(&line.replace(from, to)).expect_err("a bad line").to_string(), expected);
    };
    let both = "target: with this one measure and credit_kind is stated, and nothing of the others [invalid_field]";
    check("\"credit_kind\":\"OVERLAY\",", "", both);
    check("\"new-arr\"", "\"new-arr\",\"component\":\"c\"", both);
    let pay = "target: with this one earning_code is stated, and nothing of the others [invalid_field]";
    check("\"CREDIT\"", "\"PAY\"", pay);
    check("\"CREDIT\"", "\"QUOTA\"", "target: \"QUOTA\" is not one of CREDIT, EARNING, PAY [invalid_field]");
    check("\"2026-01\"", "\"2026-Q1\"", "effective_period: \"2026-Q1\" is not a pay period like 2026-01 [invalid_field]");
}

#[test]
fn adjustments_that_are_refused() {
    let partition = partition_of(b"ana", PARTITIONS);
    let check = |change: fn(&mut AdjustmentMade), expected: &str| {
        let mut made = adjustment();
        change(&mut made);
        assert_eq!(refusal(Topic::AdjustmentMade, partition, Some(b"ana"), Some(&bytes_of(&made)), 10_000), expected);
    };
    check(|made| made.payee_id = "ben".into(), "payee_id: key \"ana\", but the record is of \"ben\" [key_mismatch]");
    check(|made| made.adjustment_id.clear(), "adjustment_id: empty [invalid_field]");
    check(|made| made.amount = Amount(0), "amount: 0 adjusts nothing [invalid_field]");
    check(|made| made.reason = " ".into(), "reason: an adjustment says why [invalid_field]");
    check(|made| made.author.clear(), "author: empty [invalid_field]");
    let approver = "approver: \"eva\" is the author: another person approves [invalid_field]";
    check(|made| made.approver = Some("eva".into()), approver);
    check(|made| made.reverses = Some("ADJ-7".into()), "reverses: it cannot reverse itself [invalid_field]");
    let reserved = "earning_code: \"DRAW\" is what a run adds itself [invalid_field]";
    check(|made| made.target = Target::Pay { earning_code: "DRAW".into() }, reserved);
    check(|made| made.target = Target::Earning { component: "".into() }, "component: empty [invalid_field]");
    let bytes = bytes_of(&adjustment());
    let at = bytes.windows(7).position(|window| window == b"2026-01").expect("the period is there");
    let period = [&bytes[..at], b"2026-13", &bytes[at + 7..]].concat();
    let expected = "effective_period: \"2026-13\" is not a pay period like 2026-01 [invalid_field]";
    assert_eq!(refusal(Topic::AdjustmentMade, partition, Some(b"ana"), Some(&period), 10_000), expected);
}
