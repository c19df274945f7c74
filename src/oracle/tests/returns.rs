//! Deals that are returned: at the rates of all that is left, or at what each earned itself.

use super::*;
use ClawbackPrice::*;

const RETURN: Change = Change::Return;
const CORRECTION: Change = Change::Correction;

/// A revision that says what change it is, from a day on.
fn revised<'a>(revision: i64, change: Change, amount: &'a str) -> Told<'a> {
    Told { revision, change, effective_on: Some("2026-03-20"), ..told("D1", "2026-01-10", amount) }
}

/// 60 000 and 60 000 at 5 % to 100 000 and 10 % above: 3 000 and 4 000.
fn check(revisions: &[Told<'_>], expected: [&str; 2]) {
    for (price, expected) in [Recompute, HistoricRate].into_iter().zip(expected) {
        let mut script =
            Script::with_plan(Component { clawback: Clawback { price, ..Clawback::default() }, ..component(FIVE_TEN) });
        script.deal(told("D2", "2026-01-11", "60000"));
        revisions.iter().for_each(|revision| assert_eq!(script.deal(*revision), Taken::Counted));
        assert_eq!(script.earned(), expected, "{price:?}");
    }
}

#[test]
fn what_is_taken_back() {
    let first = told("D1", "2026-01-10", "60000");
    let gone = |change| Told { status: DealStatus::Cancelled, ..revised(5, change, "1") };
    let cancelled = gone(Change::Cancellation);
    // The published example: what a correction says had always been so; a cancellation leaves the other deal's 4 000.
    check(&[first, revised(2, CORRECTION, "6000")], ["3300.00", "3300.00"]);
    check(&[first, cancelled], ["3000.00", "4000.00"]);
    check(&[cancelled, first], ["3000.00", "4000.00"]);
    check(&[first, gone(CORRECTION)], ["3000.00", "3000.00"]);
    check(&[first, gone(RETURN)], ["3000.00", "4000.00"]);
    // The first revision takes nothing back, whatever it says.
    check(&[revised(1, RETURN, "60000")], ["7000.00", "7000.00"]);
    check(&[cancelled], ["3000.00", "3000.00"]);
    // A tenth of what it earned is left: 300; then nothing of it.
    check(&[first, revised(2, RETURN, "6000")], ["3300.00", "4300.00"]);
    check(&[first, revised(2, RETURN, "6000"), cancelled], ["3000.00", "4000.00"]);
    check(&[first, revised(2, RETURN, "6000"), revised(3, RETURN, "30000")], ["4500.00", "5500.00"]);
    // A return stays where what is left is corrected: 30 000 of 84 000 sold, 1 500 of 4 200; the other finds 84 000: 5 200.
    check(&[first, revised(2, RETURN, "6000"), revised(3, CORRECTION, "30000")], ["4500.00", "6700.00"]);
    // One that is closed again was not cancelled; one that stays cancelled was.
    check(&[first, cancelled, revised(6, CORRECTION, "60000")], ["7000.00", "7000.00"]);
    check(&[first, cancelled, Told { revision: 6, ..gone(CORRECTION) }], ["3000.00", "4000.00"]);
    // 20 000 of 60 000 are left; of 40 000 where an older revision comes late, and the other then finds less.
    check(&[first, revised(3, RETURN, "20000")], ["4000.00", "5000.00"]);
    let late = revised(2, CORRECTION, "40000");
    check(&[first, revised(3, RETURN, "20000"), late], ["4000.00", "4000.00"]);
}

#[test]
fn what_is_taken_back_later() {
    let first = told("D1", "2026-01-10", "60000");
    let on = |day, amount, revision| Told { effective_on: Some(day), ..revised(revision, RETURN, amount) };
    let check = |revisions: &[Told<'_>], expected: [&[&str]; 2]| {
        for (price, expected) in [Recompute, HistoricRate].into_iter().zip(expected) {
            let clawback = Clawback { price, period: ClawbackPeriod::Current, ..Clawback::default() };
            let mut script = Script::with_plan(Component { clawback, ..component(FIVE_TEN) });
            script.deal(told("D2", "2026-02-11", "60000"));
            revisions.iter().for_each(|revision| assert_eq!(script.deal(*revision), Taken::Counted));
            let booked = script.booked();
            let earned: Vec<&str> = booked.iter().filter_map(|line| line.strip_prefix("ana ")).collect();
            assert_eq!(earned, expected, "{price:?}");
        }
    };
    let sold = ["2026-01 > 2026-01: 3000.00", "2026-02 > 2026-02: 4000.00"];
    check(&[first], [&sold, &sold]);
    // Of March, and behind the quarter.
    let march = "2026-03 > 2026-03: ";
    let [all, own] = [format!("{march}-4000.00"), format!("{march}-3000.00")];
    check(&[first, on("2026-03-31", "0", 2)], [&[sold[0], sold[1], &all], &[sold[0], sold[1], &own]]);
    let may = "2026-05 > 2026-05: ";
    let [all, own] = [format!("{may}-4000.00"), format!("{may}-3000.00")];
    check(&[first, on("2026-05-01", "0", 2)], [&[sold[0], sold[1], &all], &[sold[0], sold[1], &own]]);
    // Half of it in the month of the deal, which finds less behind it, and half of it later.
    let [half, rest] = ["2026-01 > 2026-01: 1500.00", "2026-02 > 2026-02: 3000.00"];
    let last = format!("{may}-1500.00");
    check(&[first, on("2026-01-31", "30000", 2), on("2026-05-01", "0", 3)], [&[half, rest, &last], &[half, sold[1], &last]]);
}

fn scale(rows: &[(i32, &str)]) -> Vec<ScaleRow> {
    let row =
        |(within_months, share): &(i32, &str)| ScaleRow { within_months: *within_months, share: Rate::parse(share).unwrap() };
    rows.iter().map(row).collect()
}

#[test]
fn what_is_taken_back_by_age() {
    let first = told("D1", "2026-01-10", "60000");
    let on = |day, amount, revision| Told { effective_on: Some(day), ..revised(revision, RETURN, amount) };
    let check = |rows: &[(i32, &str)], revisions: &[Told<'_>], expected: &str| {
        let clawback = Clawback { price: HistoricRate, scale: scale(rows), ..Clawback::default() };
        for order in [revisions.to_vec(), revisions.iter().rev().copied().collect()] {
            let mut script = Script::with_plan(Component { clawback: clawback.clone(), ..component(FIVE_TEN) });
            script.deal(told("D2", "2026-02-11", "60000"));
            order.iter().for_each(|revision| assert_eq!(script.deal(*revision), Taken::Counted));
            assert_eq!(script.earned(), expected, "{rows:?} {}", order.len());
        }
    };
    let rows: &[_] = &[(3, "100%"), (6, "50%")];
    // Nothing returned; then all of its 3 000, half of it, none of it: what the other earned behind it stays 4 000.
    check(rows, &[first], "7000.00");
    check(rows, &[first, on("2026-04-09", "0", 2)], "4000.00");
    check(rows, &[first, on("2026-04-10", "0", 2)], "5500.00");
    check(rows, &[first, on("2026-07-09", "0", 2)], "5500.00");
    check(rows, &[first, on("2026-07-10", "0", 2)], "7000.00");
    // In whole within the first row at 100 % is as without a scale.
    check(&[], &[first, on("2026-04-09", "0", 2)], "4000.00");
    check(&[(6, "100%")], &[first, on("2026-04-09", "0", 2)], "4000.00");
    // Each day has its own share: a third of 3 000, half of a third, nothing of the last.
    let parts = [first, on("2026-02-10", "40000", 2), on("2026-05-10", "20000", 3), on("2026-08-10", "0", 4)];
    check(rows, &parts, "5500.00");
    check(&[(3, "0"), (6, "33.3333%")], &parts, "6666.67");
    // A correction of the close date makes it older.
    let moved = Told { closed_on: "2026-01-31", ..revised(3, CORRECTION, "0") };
    check(&[(1, "100%")], &[first, on("2026-02-10", "0", 2)], "7000.00");
    check(&[(1, "100%")], &[first, on("2026-02-09", "0", 2)], "4000.00");
    check(&[(1, "100%")], &[first, on("2026-02-27", "0", 2), moved], "4000.00");
    check(&[(1, "100%")], &[first, on("2026-02-28", "0", 2), moved], "7000.00");
}

#[test]
fn what_was_returned_moves_with_the_deal() {
    let first = told("D1", "2026-01-10", "60000");
    let to_bo: Splits<'_> = &[("bo", Counts::Revenue, "100%")];
    let check = |last: Told<'_>, expected: &[&str]| {
        let component = Component { clawback: Clawback { price: HistoricRate, ..Clawback::default() }, ..component(FIVE_TEN) };
        let mut script = Script::with_plan(component);
        script.fact("admin", payee("bo", vec![row("2026-01-01", None, None)]));
        script.deal(told("D2", "2026-01-11", "60000"));
        [first, revised(2, RETURN, "30000"), last].into_iter().for_each(|deal| assert_eq!(script.deal(deal), Taken::Counted));
        assert_eq!(script.booked(), expected);
    };
    check(revised(3, CORRECTION, "30000"), &["ana 2026-01 > 2026-01: 5500.00"]);
    check(
        Told { splits: to_bo, ..revised(3, CORRECTION, "30000") },
        &["ana 2026-01 > 2026-01: 3000.00", "bo 2026-01 > 2026-01: 1500.00"],
    );
    // Behind the other deal it earned 4 000.
    let moved = Told { closed_on: "2026-02-10", ..revised(3, CORRECTION, "30000") };
    check(moved, &["ana 2026-01 > 2026-01: 3000.00", "ana 2026-02 > 2026-02: 2000.00"]);
    check(
        Told { closed_on: "2026-04-10", ..revised(3, CORRECTION, "30000") },
        &["ana 2026-01 > 2026-01: 3000.00", "ana 2026-04 > 2026-04: 1500.00"],
    );
}
