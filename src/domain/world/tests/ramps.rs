//! What is expected of a new payee, and which plans may have a ramp, in the words of their reject.

use super::super::ramps::ramp_part;
use super::super::{MAXIMUM_RAMP, World};
use super::{component, payee_row, shares};
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::fact::Payee;
use crate::domain::money::Rate;
use crate::domain::plan::*;
use crate::domain::reward;
use num_rational::BigRational;

fn plan(percents: &[i64]) -> Plan {
    let ramp = percents.iter().map(|percent| Rate(percent * 1_000_000)).collect();
    Plan { ramp, components: vec![component(QuotaUse::Interval)], ..reward::tests::plan() }
}

/// Of a payee whose first row begins on a day, in months of 2026 (both included): a numerator and a denominator.
fn check(from: &str, percents: &[i64], (first, last): (i32, i32), (numerator, denominator): (i64, i64)) {
    let calendar = Calendar::monthly("fiscal", "2026-01".parse().unwrap(), "2026-12".parse().unwrap());
    let from: Date = from.parse().unwrap();
    let later = Date(from.0 + 400);
    let payee = Payee {
        payee_id: "ana".into(),
        rows: vec![payee_row(from, Some(later), None), payee_row(Date(later.0 + 40), None, None)],
    };
    let months = [first, last].map(|month| Period(2026 * 12 + month - 1));
    let found = ramp_part(&payee, &plan(percents), &calendar, (months[0], months[1])).fraction();
    assert_eq!(found, BigRational::new(numerator.into(), denominator.into()), "{from} {percents:?} {first} to {last}");
}

#[test]
fn a_part_is_the_mean_of_the_pay_periods_since_the_first() {
    let ramp = [25, 50, 75];
    for month in [(1, (1, 1)), (2, (1, 4)), (3, (1, 2)), (4, (3, 4)), (5, (1, 1)), (12, (1, 1))] {
        check("2026-02-01", &ramp, (month.0, month.0), month.1);
        check("2026-02-28", &ramp, (month.0, month.0), month.1);
    }
    check("2026-02-15", &ramp, (1, 3), (3, 8));
    check("2026-01-31", &ramp, (1, 3), (1, 2));
    check("2026-02-15", &ramp, (4, 6), (11, 12));
    check("2026-02-15", &ramp, (7, 9), (1, 1));
    check("2026-02-15", &ramp, (3, 3), (1, 2));
    check("2026-02-15", &ramp, (1, 12), (19, 22));
    check("2026-12-31", &ramp, (1, 12), (1, 4));
    check("2026-02-01", &[0, 0], (1, 3), (0, 1));
    check("2026-02-01", &[100], (1, 3), (1, 1));
    check("2026-02-01", &[], (1, 3), (1, 1));
}

#[test]
fn whom_the_calendar_finds_there_is_not_new() {
    check("2025-12-31", &[25, 50, 75], (1, 3), (1, 1));
    check("2027-01-01", &[25, 50, 75], (1, 3), (1, 1));
}

fn refused(plan: Plan, expected: &str) {
    let found = World::new(1).check_plan(&plan).map_err(|reject| reject.to_string());
    let expected = if expected.is_empty() { Ok(()) } else { Err(format!("ramp: {expected}")) };
    assert_eq!(found, expected, "{plan:?}");
}

#[test]
fn a_ramp_has_parts_of_quotas() {
    refused(plan(&[]), "");
    refused(plan(&[0, 25, 100]), "");
    refused(plan(&[50; MAXIMUM_RAMP]), "");
    refused(plan(&[50; MAXIMUM_RAMP + 1]), "a ramp of 37 pay periods: 36 at most [invalid_fact]");
    for wrong in [-1, 101] {
        refused(plan(&[50, wrong]), "a part of a ramp is from 0 to 100 % [invalid_fact]");
    }
    let by_amount = || Component { tier_by: TierBy::Amount, no_quota: None, ..component(QuotaUse::Interval) };
    let nothing = "`ramp` has no effect: no component is compared with a quota [not_supported]";
    refused(Plan { components: vec![by_amount()], ..plan(&[50]) }, nothing);
    refused(Plan { components: vec![], ..plan(&[50]) }, nothing);
    let other = Component { component_id: "other".into(), ..by_amount() };
    refused(Plan { components: vec![other.clone(), component(QuotaUse::Interval)], ..plan(&[50]) }, "");
    let to_date = "not together: `ramp`, and a quota to date in component \"new\" [not_supported]";
    refused(Plan { components: vec![other, component(shares(&[]))], ..plan(&[50]) }, to_date);
}
