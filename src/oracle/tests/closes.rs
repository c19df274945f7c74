//! Closes, late deals, reopening, releases and what is carried.

use super::*;

#[test]
fn what_comes_after_a_close_is_booked_in_the_first_open_period() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "90000"));
    script.deal(told("D2", "2026-02-03", "60000"));
    script.close("c1", JANUARY);
    script.deal(told("D3", "2026-01-25", "20000"));
    let expected = ["ana 2026-01 > 2026-01: 4500.00", "ana 2026-01 > 2026-02: 1500.00", "ana 2026-02 > 2026-02: 6000.00"];
    assert_eq!(script.booked(), expected);
    script.close("c2", FEBRUARY);
    assert_eq!(script.booked(), expected);
    assert_eq!(script.payouts(), [""; 0]);
    script.release("rita", "c1");
    assert_eq!(script.payouts(), ["c1/ana/COMM/regular/USD/2026-01: 4500.00"]);
    script.release("rita", "c2");
    let payouts = [
        "c1/ana/COMM/regular/USD/2026-01: 4500.00",
        "c2/ana/COMM/prior-period/USD/2026-01: 1500.00",
        "c2/ana/COMM/regular/USD/2026-02: 6000.00",
    ];
    assert_eq!(script.payouts(), payouts);
}

#[test]
fn the_first_close_takes_all_earlier_periods_along() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "90000"));
    script.deal(told("D2", "2026-02-03", "60000"));
    script.close("c2", FEBRUARY);
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-02: 4500.00", "ana 2026-02 > 2026-02: 5500.00"]);
}

#[test]
fn reopening_takes_the_bookings_of_a_close_back() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "90000"));
    script.close("c1", JANUARY);
    script.deal(told("D3", "2026-01-25", "20000"));
    script.fact("carl", FactBody::PeriodReopened(PeriodReopened { close_id: "c1".into() }));
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 6000.00"]);
    assert_eq!(script.totals().runs, []);
    script.close("c1b", JANUARY);
    script.release("rita", "c1b");
    assert_eq!(script.payouts(), ["c1b/ana/COMM/regular/USD/2026-01: 6000.00"]);
}

#[test]
fn a_negative_net_is_carried_until_it_is_made_up_for() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    let sold = told("D1", "2026-01-20", "10000");
    script.deal(sold);
    script.close("c1", JANUARY);
    script.release("rita", "c1");
    script.deal(Told { revision: 2, status: DealStatus::Cancelled, ..sold });
    script.deal(told("D2", "2026-02-03", "4000"));
    script.close("c2", FEBRUARY);
    script.release("rita", "c2");
    assert_eq!(script.payouts(), ["c1/ana/COMM/regular/USD/2026-01: 500.00"]);
    assert_eq!(script.totals().balances.values().collect::<Vec<_>>(), [&Minor(-30000)]);
    script.deal(told("D3", "2026-03-03", "8000"));
    script.close("c3", MARCH);
    script.release("rita", "c3");
    let payouts = [
        "c1/ana/COMM/regular/USD/2026-01: 500.00",
        "c3/ana/CARRIED/carried/USD/2026-03: -300.00",
        "c3/ana/COMM/regular/USD/2026-03: 400.00",
    ];
    assert_eq!(script.payouts(), payouts);
    assert!(script.totals().balances.is_empty());
    let run = &script.totals().runs[2];
    assert_eq!((run.records, run.total, run.closed_by.as_str()), (2, Minor(10000), "carl"));
}

#[test]
fn a_close_sees_the_world_before_it_and_later_facts_are_late() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "10000"));
    script.close("c1", JANUARY);
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", None, vec![component(SIX_TWELVE)])));
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 500.00", "ana 2026-01 > 2026-02: 100.00"]);
    let bonus = Component { earning_code: "BONUS".into(), ..component(FIVE_TEN) };
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", None, vec![bonus])));
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 500.00"]);
}

#[test]
fn a_close_that_is_not_performed_is_pending() {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "10000"));
    script.close_fact("c1", JANUARY);
    script.deal(told("D2", "2026-01-21", "10000"));
    let totals = script.totals();
    assert_eq!(totals.pending, [crate::oracle::Pending { close_id: "c1".into(), period: JANUARY, missing: vec![0] }]);
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 1000.00"]);
}

#[test]
fn a_quota_after_the_cut_is_late() {
    let by_attainment =
        Component { tier_by: TierBy::Attainment, no_quota: Some(NoQuota::Park), ..component(&[("0", "3%"), ("0.5", "7%")]) };
    let mut script = Script::with_plan(by_attainment);
    script.deal(told("D1", "2026-01-20", "10000"));
    script.quota("2026-Q1", Some("20000"), 1, None);
    script.close("c1", JANUARY);
    script.quota("2026-Q1", Some("10000"), 2, None);
    assert_eq!(script.booked(), ["ana 2026-01 > 2026-01: 300.00", "ana 2026-01 > 2026-02: 200.00"]);
}
