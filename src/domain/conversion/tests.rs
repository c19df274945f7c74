//! What is added, taken back and brought forward in both currencies, and that both return to zero together.

use super::*;
use crate::domain::calendar::Date;
use crate::domain::money::CurrencyRate;

const JANUARY: Period = Period(2026 * 12);

fn period(month: i32) -> Period {
    Period(JANUARY.0 + month - 1)
}

fn rate(currency: &'static str, rate: &str) -> PayRate<'static> {
    let minor_digits = crate::domain::money::minor_digits(currency).unwrap();
    let row = RateRow { from: Date(7), rate: CurrencyRate::parse(rate).unwrap(), max_age_days: 9 };
    PayRate { currency, minor_digits, plan_digits: 2, row }
}

fn part(component: &str, effective: i32) -> Part {
    let line = Line { earning_code: "COMM".into(), effective: period(effective), by_hand: false };
    Part { component: component.into(), interval: Interval::Quarter(JANUARY.quarter()), line }
}

fn run(month: i32) -> RunOf<'static> {
    let (run_id, pay_group, payee_id, currency) = ("run", "default", "bo", "USD");
    RunOf { run_id, pay_group, period: period(month), payee_id, employee_ref: None, currency }
}

/// Month, rate, and what is booked by the month that it was earned in.
type Run<'r> = (i32, &'r str, &'r [(i32, i128)]);

/// A run of February.
fn feb(booked: &[(i32, i128)]) -> Run<'_> {
    (2, "0.5", booked)
}

/// Plays runs one after the other: month, rate, what is booked by its month; what each pays by month, and what is left.
fn check(currency: &'static str, runs: &[Run<'_>], expected: &[&[&str]], left: (i128, usize)) {
    let mut state = SideBySide::default();
    for ((month, of, booked), expected) in runs.iter().zip(expected) {
        let parts: Parts = booked.iter().map(|(effective, minor)| (part("c", *effective), *minor)).collect();
        let rate = rate(currency, of);
        let converted = convert(&run(*month), &parts, &Brought::default(), true, &rate, &state).unwrap();
        let text = |payout: &Payout| {
            let from = payout.converted.as_ref().unwrap();
            let of = from.rate.map_or("-".into(), |(rate, _)| rate.to_string());
            format!("{} {} for {} at {of}", payout.effective_period, payout.amount.0, from.plan_amount.0)
        };
        assert_eq!(converted.payouts.iter().map(text).collect::<Vec<_>>(), *expected, "{currency} {month}: {booked:?}");
        state = converted.after;
    }
    assert_eq!((state.balance, state.totals.len()), left, "{runs:?}");
}

#[test]
fn what_is_taken_back_is_worth_what_was_paid_for_it() {
    let jan: Run<'_> = (1, "0.8", &[(1, 100_000)]);
    let paid: &[&str] = &["2026-01 80000 for 100000 at 0.8"];
    // All of it, a part of it, and all of what is left.
    check("GBP", &[jan, feb(&[(1, -100_000)])], &[paid, &["2026-01 -80000 for -100000 at -"]], (0, 0));
    let half: &[&str] = &["2026-01 -40000 for -50000 at -"];
    check("GBP", &[jan, feb(&[(1, -50_000)]), (3, "9", &[(1, -50_000)])], &[paid, half, half], (0, 0));
    // More of it, and then all: on average.
    let more: &[&str] = &["2026-01 50000 for 100000 at 0.5"];
    let all: &[&str] = &["2026-01 -130000 for -200000 at -"];
    check("GBP", &[jan, feb(&[(1, 100_000)]), (3, "9", &[(1, -200_000)])], &[paid, more, all], (0, 0));
    // A credit note of another month takes back, too, and what is moved inside the interval changes nothing.
    let note: &[&str] = &["2026-02 -80000 for -100000 at -"];
    check("GBP", &[jan, feb(&[(2, -100_000)])], &[paid, note], (0, 0));
    check("GBP", &[jan, feb(&[(1, -100_000), (2, 100_000)])], &[paid, &[]], (0, 1));
    // Behind nothing it is at the run's rate.
    let beyond: &[&str] = &["2026-01 -130000 for -200000 at -"];
    check("GBP", &[jan, feb(&[(1, -200_000)])], &[paid, beyond], (0, 1));
    // What was taken back before it was paid comes back at what it was worth, too.
    let owed: Run<'_> = (1, "0.8", &[(1, -100_000)]);
    let taken: &[&str] = &["2026-01 -80000 for -100000 at 0.8"];
    check("GBP", &[owed, feb(&[(1, 50_000)])], &[taken, &["2026-01 40000 for 50000 at -"]], (0, 1));
}

#[test]
fn minor_units_are_those_of_the_pay_and_rounded_on_the_cumulative_amount() {
    let two: &[Run<'_>] = &[(1, "150.505", &[(1, 100)]), (2, "150.505", &[(1, 100)])];
    check("JPY", two, &[&["2026-01 151 for 100 at 150.505"], &["2026-01 150 for 100 at 150.505"]], (0, 1));
    check("KWD", &[(1, "0.3075", &[(1, 100)])], &[&["2026-01 308 for 100 at 0.3075"]], (0, 1));
    // Nothing that is paid is no record, and comes with the next.
    let little: &[Run<'_>] = &[(1, "0.3", &[(1, 100)]), (2, "0.3", &[(1, 100)])];
    check("JPY", little, &[&[], &["2026-01 1 for 100 at 0.3"]], (0, 1));
    // Half a unit is the even one.
    check("JPY", &[(1, "0.5", &[(1, 100)])], &[&[]], (0, 1));
    check("JPY", &[(1, "0.5", &[(1, 300)])], &[&["2026-01 2 for 300 at 0.5"]], (0, 1));
    // A unit that is left goes to the larger remainder, of equal ones to the first.
    let both = |booked: &[(i32, i128)], paid: &[&str]| check("GBP", &[(2, "0.01", booked)], &[paid], (0, 1));
    both(&[(1, 50), (2, 50)], &["2026-01 1 for 50 at 0.01"]);
    both(&[(1, 60), (2, 80)], &["2026-02 1 for 80 at 0.01"]);
    both(&[(1, 60), (2, 90)], &["2026-01 1 for 60 at 0.01", "2026-02 1 for 90 at 0.01"]);
    // From 0.3 to -0.6: -0.42 and -0.48, of which the one that is nearer to a whole unit has it.
    let turned: &[Run<'_>] = &[(1, "0.3", &[(1, 100)]), (2, "0.3", &[(1, -140), (2, -160)])];
    check("JPY", turned, &[&[], &["2026-02 -1 for -160 at -"]], (0, 1));
    // -0.42 and -1.38 of -2: a whole unit each, and none for the larger one that is left.
    let turned: &[Run<'_>] = &[(1, "0.3", &[(1, 100)]), (2, "0.3", &[(1, -140), (2, -460)])];
    check("JPY", turned, &[&[], &["2026-01 -1 for -140 at -", "2026-02 -1 for -460 at -"]], (0, 1));
}

#[test]
fn a_run_that_pays_nothing_in_either_currency_is_brought_forward_in_both() {
    let rate = rate("GBP", "0.5");
    let play = |before: (i64, i128), after: i64, receivable: bool, booked: i128| {
        let parts = Parts::from([(part("c", 2), booked)]);
        let brought = Brought { balance_before: Minor(before.0), balance_after: Minor(after), ..Brought::default() };
        let state = SideBySide { balance: before.1, totals: vec![] };
        let run = convert(&run(2), &parts, &brought, receivable, &rate, &state).unwrap();
        let paid: Vec<(&str, i64)> = run.payouts.iter().map(|of| (of.earning_code.as_str(), of.amount.0)).collect();
        (format!("{paid:?}"), run.brought.balance_after.0, run.after.balance)
    };
    let none = || "[]".to_string();
    // A negative balance, set off at what it is in pounds.
    assert_eq!(play((-100, -80), 0, false, 300), (r#"[("COMM", 150), ("CARRIED", -80)]"#.into(), 0, 0));
    // What is positive in dollars alone waits.
    assert_eq!(play((-200, -160), 0, false, 300), (none(), 100, -10));
    assert_eq!(play((-200, -160), 0, true, 300), (r#"[("COMM", 150), ("CARRIED", -160)]"#.into(), 0, 0));
    // What the plan brings forward is worth what it is.
    assert_eq!(play((-200, -160), -100, false, 100), (none(), -100, -110));
    // Above a cap: at the run's rate.
    assert_eq!(play((0, 0), 100, false, 300), (r#"[("COMM", 150), ("CARRIED", -50)]"#.into(), 100, 50));
    // Even in dollars, and not in pounds.
    assert_eq!(play((-300, -100), 0, false, 300), (r#"[("COMM", 150), ("CARRIED", -100)]"#.into(), 0, 0));
    assert_eq!(play((-300, -200), 0, false, 300), (none(), 0, -50));
    // What a record holds, and what none does.
    let most = 2 * 10i64.pow(RECORD_DIGITS + 2);
    assert_eq!(play((0, 0), 0, false, i128::from(most) - 2), (format!(r#"[("COMM", {})]"#, most / 2 - 1), 0, 0));
    assert_eq!(play((0, 0), 0, false, i128::from(most)), (none(), most, i128::from(most) / 2));
    assert_eq!(play((0, 0), 0, false, 4 * 10i128.pow(16)), (none(), 4 * 10i64.pow(16), 2 * 10i128.pow(16)));
}

/// Random histories of several lines and rates: whatever returns to zero in the plans' currency has paid nothing.
#[test]
fn what_returns_to_zero_in_one_currency_returns_to_zero_in_both() {
    let mut seed = 1u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..2_000 {
        let currency = ["GBP", "JPY", "KWD"][random(3) as usize];
        let mut state = SideBySide::default();
        let (mut plan, mut paid): (BTreeMap<Part, i128>, [i128; 2]) = (BTreeMap::new(), [0, 0]);
        let runs = 2 + random(4);
        for place in 0..=runs {
            let mut parts = Parts::new();
            for line in 0..random(5) {
                let part = part(["a", "b"][random(2) as usize], 1 + line as i32 % 3);
                *parts.entry(part).or_default() += random(2_001) as i128 - 1_000;
            }
            if place == runs {
                parts = plan.iter().map(|(part, amount)| (part.clone(), -amount)).collect();
            }
            parts.iter().for_each(|(part, amount)| *plan.entry(part.clone()).or_default() += amount);
            let of = format!("{}.{:04}", random(200), 1 + random(9_999));
            let run = convert(&run(3), &parts, &Brought::default(), true, &rate(currency, &of), &state).unwrap();
            let net = |of: fn(&Payout) -> i64| run.payouts.iter().map(|payout| i128::from(of(payout))).sum::<i128>();
            paid[0] += net(|payout| payout.amount.0);
            paid[1] += net(|payout| payout.plan_amount().0);
            assert_eq!(run.after.totals.iter().filter(|total| total.plan == 0).count(), 0);
            state = run.after;
        }
        assert!(state.totals.is_empty(), "round {round}: {state:?}");
        assert_eq!(paid[0] + state.balance, 0, "round {round}, {currency}");
    }
}

#[test]
fn a_quotient_is_the_nearest_one_of_either_sign() {
    for (of, by, expected) in [(7, 2, 4), (5, 2, 2), (7, -2, -4), (5, -2, -2), (-7, -2, 4), (-5, 2, -2), (7, 3, 2), (8, -3, -3)] {
        assert_eq!(nearest(I256::from(of), by), Some(expected), "{of} / {by}");
    }
    let total = Total { component: "c".into(), interval: Interval::Quarter(JANUARY.quarter()), plan: 1, pay: 1 };
    let empty = |balance, totals| SideBySide { balance, totals }.is_empty();
    assert!(empty(0, vec![]) && !empty(1, vec![]) && !empty(0, vec![total]));
}
