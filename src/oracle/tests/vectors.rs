//! Published vectors and worked examples: tables, revisions, plan versions, quotas.

use super::*;

/// Deals of one day against a table by amount.
#[test]
fn amounts_earn_by_method_boundary_and_sign() {
    use Boundary::*;
    use Method::*;
    use Negative::*;
    let oracle_deals: &[&str] = &["200", "300", "1500", "1200", "2000", "4500"];
    let cases: &[(Method, Boundary, Negative, &[&str], &str)] = &[
        (Marginal, Upper, Carry, oracle_deals, "285.00"),
        (Marginal, Lower, Carry, oracle_deals, "285.00"),
        (Retroactive, Upper, Carry, oracle_deals, "485.00"),
        (Retroactive, Upper, Carry, &["1000"], "20.00"),
        (Retroactive, Lower, Carry, &["1000"], "10.00"),
        (Retroactive, Lower, Carry, &["1000.000001"], "20.00"),
        (Retroactive, Upper, Carry, &["999.999999"], "10.00"),
        (Retroactive, Upper, Carry, &["8000"], "400.00"),
        (Retroactive, Lower, Carry, &["8000"], "240.00"),
        (Marginal, Upper, Carry, &["-2000"], "-20.00"),
        (Marginal, Upper, Zero, &["-2000"], "0.00"),
        (Marginal, Upper, Mirror, &["-2000"], "-30.00"),
        (Retroactive, Lower, Mirror, &["-1000"], "-10.00"),
        (Marginal, Upper, Carry, &["0.50"], "0.00"),
        (Marginal, Upper, Carry, &["1.50"], "0.02"),
        // the most that a component earns for a period, out of more than a quadrillion
        (Marginal, Upper, Carry, &["20000000004000"], "1000000000000.00"),
        (Marginal, Upper, Carry, &["999999999999999999.999999", "-999979999999995999.999999"], "1000000000000.00"),
    ];
    for (method, boundary, negative, deals, expected) in cases {
        let component = Component { method: *method, boundary: *boundary, negative: *negative, ..component(ORACLE_TIERS) };
        let mut script = Script::with_plan(component);
        let ids: Vec<_> = (0..deals.len()).map(|number| format!("D{number}")).collect();
        for (id, amount) in ids.iter().zip(*deals) {
            script.deal(told(id, "2026-01-10", amount));
        }
        assert_eq!(script.earned(), *expected, "{method:?} {boundary:?} {negative:?} {deals:?}");
    }
}

#[test]
fn what_no_accrual_could_hold_earns_nothing_in_its_interval() {
    for amount in ["1000000000000.01", "-1000000000000.01", "999999999999999999"] {
        let mut script = Script::with_plan(component(&[("0", "100%")]));
        script.deal(told("D1", "2026-01-10", "5"));
        script.deal(told("D2", "2026-02-10", amount));
        script.deal(told("D3", "2026-04-10", "7"));
        assert_eq!(script.earned(), "7.00", "the quarter of {amount} earns nothing, the next one does");
    }
}

#[test]
fn a_deal_is_earned_in_the_period_of_its_close_date() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D2", "2026-02-03", "60000"));
    script.deal(told("D1", "2026-01-20", "90000"));
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 4500.00", "ana 2026-02 > 2026-02: 5500.00"]);
}

#[test]
fn the_newest_revision_is_what_a_deal_is() {
    let first = told("D1", "2026-01-10", "60000");
    let smaller = Told { revision: 5, amount: "6000", ..first };
    let cancelled = Told { revision: 6, status: DealStatus::Cancelled, ..first };
    let cases: &[(&[Told<'_>], &str)] = &[
        (&[first], "7000.00"),
        (&[first, smaller], "3300.00"),
        (&[smaller, first], "3300.00"),
        (&[first, smaller, cancelled], "3000.00"),
        (&[cancelled, smaller, first], "3000.00"),
    ];
    for (revisions, expected) in cases {
        let mut script = Script::with_plan(component(FIVE_TEN));
        script.deal(told("D2", "2026-01-11", "60000"));
        for revision in *revisions {
            assert_eq!(script.deal(*revision), Taken::Counted);
        }
        assert_eq!(script.earned(), *expected);
    }
}

#[test]
fn a_revision_counts_once_and_the_first_content_wins() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    let first = told("D1", "2026-01-10", "60000");
    assert_eq!(script.deal(first), Taken::Counted);
    assert_eq!(script.deal(first), Taken::Duplicate);
    assert_eq!(script.deal(Told { amount: "70000", ..first }), Taken::Conflict);
    assert_eq!(script.earned(), "3000.00");
    assert_eq!(script.quota("2026-Q1", Some("10"), 1, None), Taken::Counted);
    assert_eq!(script.quota("2026-Q1", Some("10"), 1, None), Taken::Duplicate);
    assert_eq!(script.quota("2026-Q1", Some("11"), 1, None), Taken::Conflict);
    assert_eq!(script.quota("2026-Q1", Some("11"), 2, Some("2026-02-01")), Taken::Counted);
}

#[test]
fn a_plan_version_prices_its_segment_from_where_the_sum_stands() {
    let mut script = Script::new();
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", Some("2026-02-01"), vec![component(FIVE_TEN)])));
    script.fact("admin", FactBody::PlanDefined(plan("2026-02-01", None, vec![component(SIX_TWELVE)])));
    script.deal(told("D1", "2026-01-20", "90000"));
    script.deal(told("D2", "2026-02-03", "60000"));
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 4500.00", "ana 2026-02 > 2026-02: 6600.00"]);
}

#[test]
fn attainment_tiers_scale_with_the_quota_of_each_period() {
    let by_attainment = |no_quota| Component {
        tier_by: TierBy::Attainment,
        no_quota: Some(no_quota),
        ..component(&[("0", "3%"), ("0.5", "7%"), ("1", "12%")])
    };
    type Stated<'a> = (Option<&'a str>, i64, Option<&'a str>);
    let cases: &[(NoQuota, &[Stated<'_>], &str)] = &[
        (NoQuota::Park, &[], "0.00"),
        (NoQuota::Nothing, &[(Some("0"), 1, None)], "0.00"),
        (NoQuota::FirstTier, &[(Some("0"), 1, None)], "4500.00"),
        (NoQuota::Park, &[(Some("100000"), 1, None)], "11000.00"),
        (NoQuota::Park, &[(Some("100000"), 2, None), (Some("1"), 1, None)], "11000.00"),
        (NoQuota::Park, &[(Some("100000"), 1, None), (None, 2, None)], "0.00"),
        // January: 90 000 against 100 000; February: 60 000 more against 200 000
        (NoQuota::Park, &[(Some("100000"), 1, None), (Some("200000"), 2, Some("2026-02-01"))], "8100.00"),
    ];
    for (no_quota, stated, expected) in cases {
        let mut script = Script::with_plan(by_attainment(*no_quota));
        script.deal(told("D1", "2026-01-20", "90000"));
        script.deal(told("D2", "2026-02-03", "60000"));
        for (amount, revision, applies_from) in *stated {
            script.quota("2026-Q1", *amount, *revision, *applies_from);
        }
        assert_eq!(script.earned(), *expected, "{no_quota:?} {stated:?}");
    }
}

#[test]
fn attainment_is_the_sum_and_the_quota_of_the_last_period() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "90000"));
    script.quota("2026-Q1", Some("100000"), 1, None);
    script.quota("2026-Q1", Some("120000"), 2, Some("2026-03-01"));
    script.quota("2026-02", Some("5"), 1, None);
    let totals = script.totals();
    let line = |((payee, measure, interval), at): (&crate::oracle::AttainmentKey, &crate::oracle::Attained)| {
        format!("{payee} {measure} {interval}: {} of {:?}", at.measured, at.quota.map(|quota| quota.to_string()))
    };
    let lines: Vec<_> = totals.attainment.iter().map(line).collect();
    assert_eq!(lines, ["ana sales 2026-02: 0 of Some(\"5\")", "ana sales 2026-Q1: 90000 of Some(\"120000\")"]);
}

#[test]
fn a_month_without_a_deal_waits_for_the_quota_too() {
    let floor = Amount::parse("100").unwrap();
    let mut script = Script::with_plan(Component {
        method: Method::WholeDealBefore,
        tier_by: TierBy::Attainment,
        no_quota: Some(NoQuota::Park),
        modifiers: Modifiers { floor: Some(floor), ..Modifiers::default() },
        ..component(FIVE_TEN)
    });
    // In February and March nothing is sold: they are not raised to the floor, either.
    script.deal(told("D1", "2026-01-20", "1000"));
    script.deal(told("D2", "2026-02-03", "0"));
    assert_eq!(script.booked(), [""; 0]);
    script.quota("2026-Q1", Some("100000"), 1, None);
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 100.00"]);
}
