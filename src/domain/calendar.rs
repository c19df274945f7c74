//! Dates, pay periods and intervals, and the calendar that maps one to the other.
//!
//! Everything is half-open: a period runs from its first day to the day before the next one's first. Where periods begin
//! is data; twelve are a fiscal year, three a quarter. Leaves out time zones: who brings a date made a day of a time.

mod interval;

pub use interval::{Half, Interval, IntervalKind, Quarter, Span, Year};

use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use std::str::FromStr;

/// A day, counted from 1970-01-01 (Avro's `date`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(pub i32);

/// A pay period: a fiscal month, `year * 12 + month - 1`. Text: `2026-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period(pub i32);

/// Text that is not a date, period or interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not {expected}")]
pub struct DateError {
    pub text: String,
    pub expected: &'static str,
}

fn refused(text: &str, expected: &'static str) -> DateError {
    DateError { text: text.into(), expected }
}

impl Date {
    /// The day `year-month-day` of the civil calendar; `None` when there is no such day.
    pub fn from_civil(year: i16, month: i8, day: i8) -> Option<Date> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        Some(Date(date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days()))
    }

    /// The same day so many months later, or the last day of a month that has no such day.
    pub fn plus_months(self, months: i32) -> Option<Date> {
        let later = self.civil()?.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
        Date::from_civil(later.year(), later.month(), later.day())
    }

    fn civil(self) -> Option<jiff::civil::Date> {
        jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(self.0).ok()?).ok()
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Date, DateError> {
        let wrong = || refused(text, "a date like 2026-01-31");
        let [year, month, day] = numbers(text, [4, 2, 2]).ok_or_else(wrong)?;
        Date::from_civil(year as i16, month as i8, day as i8).ok_or_else(wrong)
    }
}

/// Splits `2026-01-31` into numbers of exactly these widths.
fn numbers<const N: usize>(text: &str, widths: [usize; N]) -> Option<[i32; N]> {
    let mut parts = text.split('-');
    let mut found = [0; N];
    for (slot, width) in found.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some(date) => write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// A year of four digits and a dash. Every output says several periods, so this does without the formatter.
fn year_dash(year: i32) -> CompactString {
    if !(0..=9999).contains(&year) {
        return format_compact!("{year:04}-");
    }
    [1000, 100, 10, 1].iter().map(|of| digit(year / of)).chain(['-']).collect()
}

/// The last digit of a number that is not negative.
fn digit(number: i32) -> char {
    char::from(b'0' + number.rem_euclid(10) as u8)
}

impl Period {
    pub fn next(self) -> Period {
        Period(self.0 + 1)
    }
}

impl FromStr for Period {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Period, DateError> {
        match numbers(text, [4, 2]) {
            Some([year, month]) if (1..=12).contains(&month) => Ok(Period(year * 12 + month - 1)),
            _ => Err(refused(text, "a pay period like 2026-01")),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&year_dash(self.0.div_euclid(12)))?;
        let month = self.0.rem_euclid(12) + 1;
        f.write_char(if month < 10 { '0' } else { '1' })?;
        f.write_char(digit(month))
    }
}

/// A calendar as data: contiguous pay periods, `starts[i]` the first day of period `first + i`; the last entry is the
/// day after the last period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub calendar_id: String,
    pub first: Period,
    pub starts: Vec<Date>,
}

impl Calendar {
    /// Civil months from `first` to `last`, both included.
    pub fn monthly(calendar_id: &str, first: Period, last: Period) -> Calendar {
        let start = Date::from_civil(first.0.div_euclid(12) as i16, (first.0.rem_euclid(12) + 1) as i8, 1);
        start.map_or_else(
            || Calendar { calendar_id: calendar_id.into(), first, starts: Vec::new() },
            |start| Calendar::monthly_from(calendar_id, first, last, start),
        )
    }

    /// Months that begin on the day of the month of `start`, the first day of `first`.
    pub fn monthly_from(calendar_id: &str, first: Period, last: Period, start: Date) -> Calendar {
        let starts = (0..=last.0 + 1 - first.0).filter_map(|months| start.plus_months(months)).collect();
        Calendar { calendar_id: calendar_id.into(), first, starts }
    }

    /// Periods of whole weeks: `weeks` of each quarter's three, and one more in the last period of `long_years`. `start` is
    /// the first day of `first`.
    pub fn weekly(calendar_id: &str, first: Period, last: Period, start: Date, weeks: [i32; 3], long_years: &[i32]) -> Calendar {
        let mut starts = vec![start];
        let mut day = start;
        for period in (first.0..=last.0).map(Period) {
            let is_last = period.0.rem_euclid(12) == 11;
            let more = i32::from(is_last && long_years.contains(&period.0.div_euclid(12)));
            day = Date(day.0 + 7 * (weeks[period.0.rem_euclid(3) as usize] + more));
            starts.push(day);
        }
        Calendar { calendar_id: calendar_id.into(), first, starts }
    }

    /// The day after the last known period; `None` for a calendar without periods.
    pub fn end(&self) -> Option<Date> {
        self.starts.last().copied()
    }

    /// The last known period.
    pub fn last(&self) -> Period {
        Period(self.first.0 + self.starts.len() as i32 - 2)
    }

    /// The period that holds a day; `None` when the calendar does not reach it.
    pub fn period_of(&self, date: Date) -> Option<Period> {
        let after = self.starts.partition_point(|start| *start <= date);
        (after > 0 && after < self.starts.len()).then(|| Period(self.first.0 + after as i32 - 1))
    }

    /// First day, and the day after the last; `None` for a period that the calendar does not reach.
    pub fn bounds(&self, period: Period) -> Option<(Date, Date)> {
        let place = usize::try_from(period.0 - self.first.0).ok()?;
        Some((*self.starts.get(place)?, *self.starts.get(place + 1)?))
    }

    /// Whether a day lies in a known period behind its first day.
    pub fn is_inside(&self, date: Date) -> bool {
        self.period_of(date).and_then(|period| self.bounds(period)).is_some_and(|(first, _)| first != date)
    }

    /// Whether a day is the first of a period of an interval.
    pub fn starts_in(&self, date: Date, interval: Interval) -> bool {
        let (first, last) = interval.first_and_last();
        !self.is_inside(date) && self.period_of(date).is_some_and(|period| first <= period && period <= last)
    }

    /// Whether a later version keeps every period that this one has: calendars only extend.
    pub fn is_extended_by(&self, later: &Calendar) -> bool {
        later.calendar_id == self.calendar_id && later.first == self.first && later.starts.starts_with(&self.starts)
    }
}
