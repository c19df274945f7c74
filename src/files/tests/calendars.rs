//! Calendars as files state them: months from any day, and weeks.

use super::super::definitions::calendar;
use super::super::node::from_toml;
use super::super::source::Findings;
use super::brief;
use crate::domain::calendar::{Calendar, Date, Interval, Period};

/// What a text states, or what is wrong with it.
fn read(text: &str) -> Result<Calendar, String> {
    let mut findings = Findings::default();
    let file = findings.open("calendar.toml", &format!("id = \"fiscal\"\n{text}\n"));
    let node = from_toml(file, &mut findings).expect("TOML");
    let read = calendar(&node, &mut findings);
    if findings.errors() > 0 { Err(brief(&findings.take())) } else { Ok(read.expect("a calendar without a finding").value) }
}

/// First days of some periods, and the day after the last.
fn check(text: &str, days: &[(&str, &str)], end: &str) {
    let calendar = read(text).unwrap_or_else(|found| panic!("{text}\n{found}"));
    for (period, first) in days {
        let period: Period = period.parse().unwrap();
        let (from, to) = calendar.bounds(period).unwrap();
        assert_eq!(from.to_string(), *first, "{text} {period}");
        let inside = [from, Date(to.0 - 1)].map(|day| (calendar.period_of(day), calendar.is_inside(day)));
        assert_eq!(inside, [(Some(period), false), (Some(period), true)]);
    }
    assert_eq!(calendar.end().unwrap().to_string(), end, "{text}");
}

#[test]
fn periods_are_months_from_any_day_or_weeks() {
    let civil = "kind = \"monthly\"\nfrom = \"2026-01\"\nto = \"2026-12\"";
    check(civil, &[("2026-01", "2026-01-01"), ("2026-03", "2026-03-01")], "2027-01-01");
    let from_february = format!("{civil}\nstarts = 2025-02-01");
    check(&from_february, &[("2026-01", "2025-02-01"), ("2026-12", "2026-01-01")], "2026-02-01");
    let from_the_last = format!("{civil}\nstarts = 2026-01-31");
    check(&from_the_last, &[("2026-02", "2026-02-28"), ("2026-03", "2026-03-31"), ("2026-04", "2026-04-30")], "2027-01-31");
    let weeks = "kind = \"4-4-5\"\nfrom = \"2026-01\"\nto = \"2026-12\"\nstarts = 2025-12-28";
    let quarter = [("2026-01", "2025-12-28"), ("2026-02", "2026-01-25"), ("2026-03", "2026-02-22"), ("2026-04", "2026-03-29")];
    check(weeks, &quarter, "2026-12-27");
    check(&weeks.replace("4-4-5", "5-4-4"), &[("2026-02", "2026-02-01"), ("2026-03", "2026-03-01")], "2026-12-27");
}

/// The 4-5-4 calendar of the National Retail Federation: its year 2023 had 53 weeks, the last of them in January, and 2024
/// ran from 4 February 2024 to 1 February 2025 (nrf.com/resources/4-5-4-calendar).
#[test]
fn a_year_of_53_weeks_has_the_last_one_in_its_last_period() {
    let retail = "kind = \"4-5-4\"\nfrom = \"2023-01\"\nto = \"2024-12\"\nstarts = 2023-01-29\nyears_of_53_weeks = [\"2023\"]";
    let days = [("2023-02", "2023-02-26"), ("2023-12", "2023-12-31"), ("2024-01", "2024-02-04"), ("2024-02", "2024-03-03")];
    check(retail, &days, "2025-02-02");
    let calendar = read(retail).unwrap();
    let quarter: Interval = "2023-Q4".parse().unwrap();
    let starts = |day: &str| calendar.starts_in(day.parse().unwrap(), quarter);
    assert_eq!(["2023-12-31", "2023-12-30", "2024-02-04"].map(starts), [true, false, false]);
}

#[test]
fn calendars_that_are_refused() {
    let weeks = "kind = \"4-4-5\"\nfrom = \"2026-01\"\nto = \"2026-12\"\nstarts = 2025-12-28";
    let check = |from: &str, to: &str, expected: &str| {
        assert!(weeks.contains(from), "{from}");
        assert_eq!(read(&weeks.replace(from, to)).unwrap_err(), format!("calendar.toml:{expected}\n"));
    };
    check("\nstarts = 2025-12-28", "", "1:1: missing-key: `starts` is missing");
    check("\"2026-01\"", "\"2026-02\"", "3:8: bad-range: 2026-02 is inside a fiscal year of weeks");
    check("\"2026-12\"", "\"2025-12\"", "4:6: bad-range: the last period 2025-12 comes before the first, 2026-01");
    check("starts", "years_of_53_weeks = [\"20x6\"]\nstarts", "5:22: bad-date: \"20x6\" is not a year like \"2028\"");
    check("starts", "years_of_53_weeks = [\"+2027\"]\nstarts", "5:22: bad-date: \"+2027\" is not a year like \"2028\"");
    check("starts", "years_of_53_weeks = [\"2018\"]\nstarts", "5:22: bad-range: 2018 comes before this calendar begins");
    let months = "monthly\"\nyears_of_53_weeks = [\"2026\"]";
    check("4-4-5\"", months, "3:22: bad-range: a calendar of months has no weeks");
    check("4-4-5", "4-4-4", "2:8: unknown-value: \"4-4-4\" is not a value of `kind`");
    check("starts", "time_zone = \"UTC\"\nstarts", "5:1: not-supported: `time_zone` is not supported by this version");
}
