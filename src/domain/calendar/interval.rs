//! What a measure and a quota run over: a pay period, a quarter, half a year or a fiscal year, as runs of pay periods.

use super::{DateError, Period, digit, numbers, refused, year_dash};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use std::str::FromStr;

/// A fiscal quarter, `year * 4 + quarter - 1`. Text: `2026-Q1`. It holds three pay periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quarter(pub i32);

/// Half a fiscal year, `year * 2 + half - 1`. Text: `2026-H1`. It holds six pay periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Half(pub i32);

/// A fiscal year. Text: `2026`. It holds twelve pay periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Year(pub i32);

/// What a measure and a quota run over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Interval {
    Month(Period),
    Quarter(Quarter),
    Half(Half),
    Year(Year),
}

/// The kind of interval that a component states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    Month,
    Quarter,
    HalfYear,
    Year,
}

/// What earning keeps together: a quarter for its months and itself, a year for its halves and itself. So most of a payee's
/// states stay small, and what is longer costs only whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    Quarter(Quarter),
    Year(Year),
}

impl Period {
    pub fn quarter(self) -> Quarter {
        Quarter(self.0.div_euclid(3))
    }

    pub fn year(self) -> Year {
        Year(self.0.div_euclid(12))
    }
}

impl Quarter {
    pub fn year(self) -> Year {
        Year(self.0.div_euclid(4))
    }
}

impl Span {
    /// The span that an interval belongs to.
    pub fn of(interval: Interval) -> Span {
        match interval {
            Interval::Month(period) => Span::Quarter(period.quarter()),
            Interval::Quarter(quarter) => Span::Quarter(quarter),
            Interval::Half(Half(half)) => Span::Year(Year(half.div_euclid(2))),
            Interval::Year(year) => Span::Year(year),
        }
    }

    pub fn is_year(self) -> bool {
        matches!(self, Span::Year(_))
    }

    fn first(self) -> Period {
        match self {
            Span::Quarter(Quarter(quarter)) => Period(quarter * 3),
            Span::Year(Year(year)) => Period(year * 12),
        }
    }

    /// How many pay periods it holds.
    pub fn count(self) -> usize {
        match self {
            Span::Quarter(_) => 3,
            Span::Year(_) => 12,
        }
    }

    pub fn periods(self) -> impl Iterator<Item = Period> {
        (0..self.count() as i32).map(move |place| Period(self.first().0 + place))
    }

    /// Which of its pay periods this is, from 0.
    pub fn place(self, period: Period) -> usize {
        period.0.rem_euclid(self.count() as i32) as usize
    }

    /// Its intervals of a kind, in order; none of a kind that is longer than it.
    pub fn intervals(self, kind: IntervalKind) -> impl Iterator<Item = Interval> {
        let starts = self.periods().map(move |period| Interval::of(kind, period));
        let mut last = None;
        let inside = kind.count() <= self.count();
        starts.filter(move |interval| inside && last.replace(*interval) != Some(*interval))
    }
}

impl Interval {
    /// First and last pay period, both included.
    pub fn first_and_last(self) -> (Period, Period) {
        let of = |number: i32, count: i32| (Period(number * count), Period(number * count + count - 1));
        match self {
            Interval::Month(period) => (period, period),
            Interval::Quarter(Quarter(quarter)) => of(quarter, 3),
            Interval::Half(Half(half)) => of(half, 6),
            Interval::Year(Year(year)) => of(year, 12),
        }
    }

    pub fn kind(self) -> IntervalKind {
        match self {
            Interval::Month(_) => IntervalKind::Month,
            Interval::Quarter(_) => IntervalKind::Quarter,
            Interval::Half(_) => IntervalKind::HalfYear,
            Interval::Year(_) => IntervalKind::Year,
        }
    }

    /// The interval of a kind that holds a pay period.
    pub fn of(kind: IntervalKind, period: Period) -> Interval {
        match kind {
            IntervalKind::Month => Interval::Month(period),
            IntervalKind::Quarter => Interval::Quarter(period.quarter()),
            IntervalKind::HalfYear => Interval::Half(Half(period.0.div_euclid(6))),
            IntervalKind::Year => Interval::Year(period.year()),
        }
    }
}

impl IntervalKind {
    /// Longer than a quarter: earning keeps it by year.
    pub fn is_yearly(self) -> bool {
        matches!(self, IntervalKind::HalfYear | IntervalKind::Year)
    }

    /// How many pay periods it holds.
    pub fn count(self) -> usize {
        match self {
            IntervalKind::Month => 1,
            IntervalKind::Quarter => 3,
            IntervalKind::HalfYear => 6,
            IntervalKind::Year => 12,
        }
    }
}

/// The year and the number behind `-` and a letter, of `count` in a year.
fn part_of_year(text: &str, letter: &str, count: i32) -> Option<i32> {
    let (year, part) = text.split_once(letter)?;
    let [year] = numbers(year, [4])?;
    let [part] = numbers(part, [1])?;
    (1..=count).contains(&part).then_some(year * count + part - 1)
}

impl FromStr for Interval {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Interval, DateError> {
        let quarter = || part_of_year(text, "-Q", 4).map(|quarter| Interval::Quarter(Quarter(quarter)));
        let half = || part_of_year(text, "-H", 2).map(|half| Interval::Half(Half(half)));
        let year = || numbers(text, [4]).map(|[year]| Interval::Year(Year(year)));
        let month = text.parse().map(Interval::Month).ok();
        let found = month.or_else(quarter).or_else(half).or_else(year);
        found.ok_or_else(|| refused(text, "an interval like 2026-01, 2026-Q1, 2026-H1 or 2026"))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut part = |number: i32, letter: char, count: i32| {
            f.write_str(&year_dash(number.div_euclid(count)))?;
            f.write_char(letter)?;
            f.write_char(digit(number.rem_euclid(count) + 1))
        };
        match self {
            Interval::Month(period) => period.fmt(f),
            Interval::Quarter(Quarter(quarter)) => part(*quarter, 'Q', 4),
            Interval::Half(Half(half)) => part(*half, 'H', 2),
            Interval::Year(Year(year)) => f.write_str(year_dash(*year).trim_end_matches('-')),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Quarter(quarter) => Interval::Quarter(*quarter).fmt(f),
            Span::Year(year) => Interval::Year(*year).fmt(f),
        }
    }
}

impl FromStr for Span {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Span, DateError> {
        match text.parse()? {
            Interval::Quarter(quarter) => Ok(Span::Quarter(quarter)),
            Interval::Year(year) => Ok(Span::Year(year)),
            _ => Err(refused(text, "a span like 2026-Q1 or 2026")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_runs_of_periods_and_come_back_from_their_text() {
        let check = |text: &str, first: &str, last: &str, span: &str| {
            let interval: Interval = text.parse().unwrap();
            let (from, to) = interval.first_and_last();
            assert_eq!([interval.to_string(), from.to_string(), to.to_string()], [text, first, last]);
            assert_eq!(Span::of(interval).to_string(), span);
            assert_eq!([from, to].map(|period| Interval::of(interval.kind(), period)), [interval; 2]);
            let place = Span::of(interval).place(from);
            assert_eq!(Span::of(interval).periods().nth(place), Some(from));
        };
        check("2026-02", "2026-02", "2026-02", "2026-Q1");
        check("2026-Q4", "2026-10", "2026-12", "2026-Q4");
        // A year has four digits at least.
        assert_eq!([-12, 0, 12_345 * 12].map(|number| Period(number).to_string()), ["-001-01", "0000-01", "12345-01"]);
        check("2026-H2", "2026-07", "2026-12", "2026");
        check("2026", "2026-01", "2026-12", "2026");
        for text in ["2026-Q5", "2026-Q0", "2026-H3", "2026-13", "26", "2026-", "2026-Q", "02026"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_has_its_own_kinds_of_intervals() {
        let check = |span: &str, kind: IntervalKind, expected: &[&str]| {
            let span: Span = span.parse().unwrap();
            assert_eq!(span.intervals(kind).map(|interval| interval.to_string()).collect::<Vec<_>>(), expected, "{span}");
        };
        check("2026-Q2", IntervalKind::Month, &["2026-04", "2026-05", "2026-06"]);
        check("2026-Q2", IntervalKind::Quarter, &["2026-Q2"]);
        check("2026-Q2", IntervalKind::Year, &[]);
        check("2026", IntervalKind::HalfYear, &["2026-H1", "2026-H2"]);
        check("2026", IntervalKind::Year, &["2026"]);
        check("2026", IntervalKind::Quarter, &["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]);
    }
}
