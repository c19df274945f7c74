//! What of a returned deal is taken back by its age: the civil calendar, counted out here, and which scales can be.

use super::deals::takes_back;
use super::numbers::decimal;
use super::rules::{Check, hold};
use crate::domain::money::RATE_DECIMALS;
use crate::wire::records::{Component, Date};
use num_rational::BigRational;
use num_traits::{One, Zero};

/// 1970-01-01, counted from the first day of the year 1.
const EPOCH: i64 = 719_162;
/// Years that dates have.
const YEARS: std::ops::RangeInclusive<i64> = -9_999..=9_999;

/// The part that is taken back of what was returned on a day.
pub(super) fn part(component: &Component, closed_on: Date, on: Date) -> BigRational {
    let mut rows = component.clawback.scale.iter().peekable();
    if rows.peek().is_none() {
        return BigRational::one();
    }
    let mut open = rows.skip_while(|row| has_passed(closed_on, row.within_months, on));
    open.next().map_or_else(BigRational::zero, |row| decimal(row.share.0, RATE_DECIMALS))
}

/// Rows for single deals, not too many, of rising ages of up to ten years, each a part.
pub(super) fn fits(component: &Component) -> Check {
    let rows = &component.clawback.scale;
    hold(rows.is_empty() || takes_back(component), "a scale of what is recomputed")?;
    hold(rows.len() <= 12, "a scale that is too long")?;
    let mut last = 0;
    for row in rows {
        hold(row.within_months > last && row.within_months <= 120, "a scale of ages that do not rise")?;
        hold(row.share.0 >= 0 && row.share.0 <= 100_000_000, "a scale of more than everything")?;
        last = row.within_months;
    }
    Ok(())
}

/// Whether a deal was so many months old on a day, or older.
fn has_passed(closed_on: Date, months: i32, on: Date) -> bool {
    let (year, month, day) = civil(i64::from(closed_on.0) + EPOCH);
    let all = year * 12 + month + i64::from(months);
    let (year, month) = (all.div_euclid(12), all.rem_euclid(12));
    // Behind the last year there is no day any more.
    YEARS.contains(&year) && i64::from(on.0) + EPOCH >= first_of(year, month) + day.min(length(year, month) - 1)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// Days from the first day of the year 1.
fn first_of(year: i64, month: i64) -> i64 {
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    before * 365 + leaps + (0..month).map(|of| length(year, of)).sum::<i64>()
}

/// Year, month and day, the latter two from 0.
fn civil(days: i64) -> (i64, i64, i64) {
    // Never too late a year, and at most a few too early.
    let mut year = days.div_euclid(366).min(days.div_euclid(365));
    while first_of(year + 1, 0) <= days {
        year += 1;
    }
    let mut rest = days - first_of(year, 0);
    let mut month = 0;
    while rest >= length(year, month) {
        rest -= length(year, month);
        month += 1;
    }
    (year, month, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_pass_on_the_day_or_with_the_month() {
        // A close date, months, and the first day on which they have passed.
        for (closed_on, months, passed) in [
            ("2026-01-15", 3, "2026-04-15"),
            ("2026-01-15", 12, "2027-01-15"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2100-01-30", 1, "2100-02-28"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2028-02-29", 48, "2032-02-29"),
            ("2025-12-31", 2, "2026-02-28"),
            ("1969-11-30", 3, "1970-02-28"),
            ("1999-12-01", 120, "2009-12-01"),
        ] {
            let (closed_on, passed): (Date, Date) = (closed_on.parse().unwrap(), passed.parse().unwrap());
            assert!(!has_passed(closed_on, months, Date(passed.0 - 1)), "{closed_on} {months}");
            assert!(has_passed(closed_on, months, passed), "{closed_on} {months}");
        }
        assert!(!has_passed("9999-12-01".parse().unwrap(), 1, Date(i32::MAX)));
    }
}
