//! What `verify` says about accruals and payouts that are altered, dropped, doubled or invented.

use super::*;
use crate::oracle::Published;

/// Two accruals of January and one of February, as an engine would have published them, with payouts.
fn scripted() -> (Totals, Vec<Accrual>) {
    let mut script = Script::with_plan(component(FIVE_TEN));
    script.deal(told("D1", "2026-01-20", "60000"));
    script.deal(told("D2", "2026-01-21", "30000"));
    script.deal(told("D3", "2026-02-03", "60000"));
    script.close("c1", JANUARY);
    script.release("rita", "c1");
    let accruals = vec![accrual(JANUARY, 1, 0, 300_000), accrual(JANUARY, 2, 300_000, 450_000), accrual(FEBRUARY, 1, 0, 550_000)];
    (script.totals(), accruals)
}

fn accrual(period: Period, sequence: i64, before: i64, after: i64) -> Accrual {
    let position = Position { topic: Topic::DealClosed, partition: 0, offset: 0 };
    Accrual {
        payee_id: "ana".into(),
        plan_id: "ae".into(),
        plan_from: date("2026-01-01"),
        component: "commission".into(),
        earning_code: "COMM".into(),
        calendar: "fiscal".into(),
        interval: Interval::Quarter(Quarter(2026 * 4)),
        effective_period: period,
        booking_period: period,
        sequence,
        previous_total: Minor(before),
        new_total: Minor(after),
        exact: crate::wire::records::Exact::ZERO,
        currency: "USD".into(),
        in_tranches: false,
        causes: Causes { first: position, last: position, count: 1 },
        as_of: 0,
    }
}

/// Publishes these accruals and all that is right beside them, and returns what `verify` prints.
fn check(totals: &Totals, accruals: &[Accrual], expected: &[&str]) {
    let mut published = published(totals, accruals);
    for payout in totals.payouts.values() {
        published.payout(payout);
    }
    let report = published.compare(totals);
    assert_eq!(report.to_string().lines().collect::<Vec<_>>(), expected);
    assert_eq!(report.totals_differing, expected.len());
}

fn published(totals: &Totals, accruals: &[Accrual]) -> Published {
    let mut published = Published::new();
    for (offset, accrual) in accruals.iter().enumerate() {
        published.accrual(3, offset as u64, accrual);
    }
    let interval = Interval::Quarter(Quarter(2026 * 4));
    let at = &totals.attainment[&("ana".into(), "sales".into(), interval)];
    published.attainment(&Attainment {
        payee_id: "ana".into(),
        measure: "sales".into(),
        calendar: "fiscal".into(),
        interval,
        from: date("2026-01-01"),
        to: date("2026-04-01"),
        measured: at.measured,
        quota: at.quota,
        quota_revision: None,
        revenue: at.measured,
        overlay: crate::domain::money::Measured(0),
        rolled: crate::domain::money::Measured(0),
        territory: crate::domain::money::Measured(0),
        unit: "USD".into(),
        last: false,
        sequence: 1,
        as_of: 0,
    });
    for run in totals.runs.iter().filter(|run| run.released_by.is_some()) {
        published.payout_run(&PayoutRun {
            run_id: run.run_id.clone(),
            calendar: "fiscal".into(),
            pay_group: "default".into(),
            period: run.period,
            records: run.records,
            total: run.total,
            currency: "USD".into(),
            other_totals: run.other_totals.clone(),
            digest: String::new(),
            closed_by: run.closed_by.clone(),
            released_by: "rita".into(),
        });
    }
    published
}

#[test]
fn what_is_right_has_no_difference() {
    let (totals, accruals) = scripted();
    check(&totals, &accruals, &[]);
    let report = published(&totals, &accruals).compare(&totals);
    assert_eq!((report.totals_checked, report.payouts_checked), (3, 1));
}

#[test]
fn an_altered_accrual_is_named() {
    let (totals, mut accruals) = scripted();
    accruals[2].new_total = Minor(550_001);
    let total = "total of ana, commission, 2026-Q1, earned in 2026-02, booked in 2026-02: expected 5500.00 USD, got 5500.01 USD";
    check(&totals, &accruals, &[total]);
}

#[test]
fn a_dropped_accrual_is_named() {
    let (totals, mut accruals) = scripted();
    accruals.remove(0);
    let chain = "accrual at 3:0 of ana, commission, 2026-Q1, earned in 2026-01, booked in 2026-01: \
                 expected sequence 1 after 0.00 USD, got sequence 2 after 3000.00 USD";
    check(&totals, &accruals, &[chain]);
    let (totals, mut accruals) = scripted();
    accruals.remove(2);
    let total = "total of ana, commission, 2026-Q1, earned in 2026-02, booked in 2026-02: expected 5500.00 USD, got 0.00 USD";
    check(&totals, &accruals, &[total]);
}

#[test]
fn a_doubled_accrual_is_named() {
    let (totals, mut accruals) = scripted();
    accruals.push(accruals[2].clone());
    let chain = "accrual at 3:3 of ana, commission, 2026-Q1, earned in 2026-02, booked in 2026-02: \
                 expected sequence 2 after 5500.00 USD, got sequence 1 after 0.00 USD";
    check(&totals, &accruals, &[chain]);
}

#[test]
fn an_invented_accrual_is_named() {
    let (totals, mut accruals) = scripted();
    accruals.push(accrual(MARCH, 1, 0, 1));
    let total = "total of ana, commission, 2026-Q1, earned in 2026-03, booked in 2026-03: expected 0.00 USD, got 0.01 USD";
    check(&totals, &accruals, &[total]);
}

#[test]
fn payouts_runs_and_attainment_are_compared() {
    let (mut totals, accruals) = scripted();
    let mut published = published(&totals, &accruals);
    let paid: Vec<Payout> = totals.payouts.values().cloned().collect();
    published.payout(&Payout { amount: Minor(1), ..paid[0].clone() });
    published.payout(&Payout { amount: Minor(1), ..paid[0].clone() });
    published.payout(&Payout { payee_id: "bob".into(), ..paid[0].clone() });
    totals.runs[0].records = 2;
    totals.attainment.clear();
    let expected = [
        "payout c1/ana/COMM/regular/USD/2026-01: published twice",
        "payout c1/ana/COMM/regular/USD/2026-01: expected 4500.00 USD in 2026-01 to E1 with balance 0.00 USD, \
         got 0.01 USD in 2026-01 to E1 with balance 0.00 USD",
        "payout c1/bob/COMM/regular/USD/2026-01: expected none, got 4500.00 USD in 2026-01 to E1 with balance 0.00 USD",
        "run c1: expected 2 payouts of 4500.00 USD, got 1 payouts of 4500.00 USD",
        "attainment of ana, sales, 2026-Q1: expected 0 with no quota, got 150000 with no quota",
    ];
    assert_eq!(published.compare(&totals).to_string().lines().collect::<Vec<_>>(), expected);
}
