//! Attainment and pace as text, by integer arithmetic: a percentage exists only where it is shown.

use crate::domain::calendar::Date;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Measured};
use ethnum::I256;
use std::cmp::Ordering;

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;
/// From a quota's decimals to a measured sum's.
const QUOTA_TO_MEASURED: i128 = 10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS);

/// The day of an instant.
pub fn day_of(microseconds: i64) -> Date {
    Date(microseconds.div_euclid(MICROSECONDS_A_DAY) as i32)
}

/// Measured of quota with one decimal, half up: `"104.2 %"`; `None` without a quota above zero.
pub fn attainment(measured: Measured, quota: Option<Amount>) -> Option<String> {
    percentage(I256::from(measured.0), in_measured(quota?)?)
}

/// Measured against the share of the quota that the elapsed days stand for. Before the interval's first day there is
/// no pace; after its last one the pace is the attainment.
pub fn pace(measured: Measured, quota: Option<Amount>, from: Date, to: Date, as_of: Date) -> Option<String> {
    let days = to.0 - from.0;
    let elapsed = (as_of.0 - from.0 + 1).min(days);
    if elapsed <= 0 {
        return None;
    }
    percentage(I256::from(measured.0) * I256::from(days), in_measured(quota?)? * I256::from(elapsed))
}

/// Orders attainment ratios exactly; what has no quota comes after everything that has one.
pub fn compare(a: (Measured, Option<Amount>), b: (Measured, Option<Amount>)) -> Ordering {
    let usable = |quota: Option<Amount>| quota.filter(|quota| quota.0 > 0);
    match (usable(a.1), usable(b.1)) {
        (Some(quota_a), Some(quota_b)) => {
            (I256::from(a.0.0) * I256::from(quota_b.0)).cmp(&(I256::from(b.0.0) * I256::from(quota_a.0)))
        }
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => a.0.cmp(&b.0),
    }
}

fn in_measured(quota: Amount) -> Option<I256> {
    (quota.0 > 0).then(|| I256::from(quota.0) * I256::from(QUOTA_TO_MEASURED))
}

fn percentage(part: I256, whole: I256) -> Option<String> {
    let doubled = part.checked_mul(I256::from(2_000))? + whole;
    let tenths = doubled.div_euclid(whole * I256::from(2));
    let sign = if tenths.is_negative() { "-" } else { "" };
    let size = tenths.checked_abs()?;
    Some(format!("{sign}{}.{} %", size / I256::from(10), size % I256::from(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(units: i128) -> Measured {
        Measured(units * 10i128.pow(MEASURED_DECIMALS))
    }

    fn quota(units: i128) -> Option<Amount> {
        Some(Amount(units * 10i128.pow(AMOUNT_DECIMALS)))
    }

    #[test]
    fn attainment_is_exact_and_absent_without_a_quota() {
        let check = |units, of, expected: Option<&str>| assert_eq!(attainment(measured(units), of).as_deref(), expected);
        check(1, quota(3), Some("33.3 %"));
        check(2, quota(3), Some("66.7 %"));
        check(130_000, quota(100_000), Some("130.0 %"));
        check(-1, quota(3), Some("-33.3 %"));
        check(1, quota(0), None);
        check(1, None, None);
    }

    #[test]
    fn pace_counts_the_elapsed_days_with_today() {
        let check = |as_of, expected: Option<&str>| {
            assert_eq!(pace(measured(50), quota(100), Date(100), Date(200), Date(as_of)).as_deref(), expected);
        };
        check(99, None);
        check(100, Some("5000.0 %"));
        check(149, Some("100.0 %"));
        check(500, Some("50.0 %"));
    }

    #[test]
    fn order_is_by_the_exact_ratio_and_no_quota_is_last() {
        assert_eq!(compare((measured(1), quota(3)), (measured(2), quota(6))), Ordering::Equal);
        assert_eq!(compare((measured(1), quota(3)), (measured(333), quota(1_000))), Ordering::Greater);
        assert_eq!(compare((measured(0), quota(1)), (measured(9), None)), Ordering::Greater);
        assert_eq!(compare((measured(0), quota(1)), (measured(9), quota(0))), Ordering::Greater);
    }
}
