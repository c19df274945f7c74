//! Calendars as files state them: months from any day, weeks, and tables.

use super::super::calendar::calendar;
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
    check("starts", "time_zone = \"UTC\"\nstarts", "5:1: unknown-key: `time_zone` is not a key of this table");
    check("starts", "end = 2026-12-27\nstarts", "5:7: bad-range: `end` where periods follow a rule");
    check("starts", "periods = []\nstarts", "5:11: bad-range: `periods` where periods follow a rule");
}

const TABLE: &str = "\
kind = \"table\"
periods = [
  { period = \"2025-12\", from = 2025-11-30 },
  { period = \"2026-01\", from = 2026-01-04 },
  { period = \"2026-02\", from = 2026-02-01 },
  { period = \"2026-03\", from = 2026-03-01 },
]
end = 2026-04-05";

#[test]
fn a_table_states_every_first_day() {
    let days = [("2025-12", "2025-11-30"), ("2026-01", "2026-01-04"), ("2026-02", "2026-02-01"), ("2026-03", "2026-03-01")];
    check(TABLE, &days, "2026-04-05");
    // A row more extends it where it begins on the day that was the end.
    let longer = |from: &str| {
        let text = TABLE.replace("03-01 },", &format!("03-01 }},\n  {{ period = \"2026-04\", from = {from} }},"));
        read(TABLE).unwrap().is_extended_by(&read(&text.replace("end = 2026-04-05", "end = 2026-05-03")).unwrap())
    };
    assert_eq!(["2026-04-05", "2026-04-04"].map(longer), [true, false]);
    // From a day to a hundred of them.
    let of_days = |end: &str| {
        let text = format!("kind = \"table\"\nperiods = [{{ period = \"2026-01\", from = 2026-01-01 }}]\nend = {end}");
        read(&text).map(|calendar| calendar.end().unwrap().to_string())
    };
    assert_eq!(of_days("2026-01-02").unwrap(), "2026-01-02");
    assert_eq!(of_days("2026-04-11").unwrap(), "2026-04-11");
    let wrong = "calendar.toml:4:7: bad-range: 2026-01 has 101 days, more than 100\n";
    assert_eq!(of_days("2026-04-12").unwrap_err(), wrong);
    let wrong = "calendar.toml:4:7: bad-range: 2026-01 begins on 2026-01-01, and ends before 2026-01-01\n";
    assert_eq!(of_days("2026-01-01").unwrap_err(), wrong);
}

#[test]
fn tables_that_are_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(TABLE.contains(from), "{from}");
        assert_eq!(read(&TABLE.replace(from, to)).unwrap_err(), format!("calendar.toml:{expected}\n"), "{to}");
    };
    check("\"2026-02\"", "\"2026-04\"", "6:14: bad-range: 2026-02 is missing: 2026-04 comes after 2026-01");
    check("\"2026-02\"", "\"2026-01\"", "6:14: bad-range: 2026-01 is stated twice");
    check("\"2026-03\"", "\"2026-01\"", "7:14: bad-range: 2026-01 is stated twice");
    check("\"2026-02\"", "\"2025-11\"", "6:14: bad-range: 2025-11 is out of order: 2026-02 comes after 2026-01");
    let swapped = "\"2026-03\", from = 2026-02-01 },\n  { period = \"2026-02\"";
    let rows = "\"2026-02\", from = 2026-02-01 },\n  { period = \"2026-03\"";
    check(rows, swapped, "6:14: bad-range: 2026-03 is out of order: 2026-02 comes after 2026-01");
    check("2026-01-04", "2025-11-30", "5:32: bad-range: 2025-12 begins on 2025-11-30, and ends before 2025-11-30");
    let late = "6:32: bad-range: 2026-02 begins on 2026-03-02, and ends before 2026-03-01";
    check("2026-02-01", "2026-03-02", &late.replacen("6:32", "7:32", 1));
    check("end = 2026-04-05", "end = 2027-04-05", "9:7: bad-range: 2026-03 has 400 days, more than 100");
    check("end = 2026-04-05", "", "1:1: missing-key: `end` is missing");
    check("\"2026-02\"", "\"2026-13\"", "6:14: bad-date: \"2026-13\" is not a pay period like 2026-01");
    check(", from = 2026-02-01", "", "6:3: missing-key: `from` is missing");
    check("from = 2026-02-01", "from = 2026-02-01, to = 2026-03-01", "6:44: unknown-key: `to` is not a key of this table");
    for (key, value) in [("from", "\"2026-01\""), ("to", "\"2026-12\""), ("starts", "2026-01-04"), ("years_of_53_weeks", "[]")] {
        let place = format!("9:{}: bad-range: `{key}` beside a table of pay periods", key.len() + 4);
        check("end =", &format!("{key} = {value}\nend ="), &place);
    }
    let rows = &TABLE[TABLE.find("periods").unwrap()..TABLE.find("\nend").unwrap()];
    check(rows, "", "1:1: missing-key: `periods` is missing");
    check(rows, "periods = []", "3:11: bad-range: a table without a pay period");
    check(rows, "periods = 1", "3:11: wrong-type: `periods` is an integer");
}

/// People look for it where pay periods are; the hint says where it is.
#[test]
fn a_time_zone_is_a_mappings() {
    for file in ["company.toml", "calendar.toml", "measures.toml", super::PLAN_FILE] {
        let first = match file {
            "measures.toml" => "of = \"amount\"",
            super::PLAN_FILE => "currency = ",
            "company.toml" => "currency = ",
            _ => "kind = ",
        };
        let found = super::found(file, first, &format!("time_zone = \"UTC\"\n{first}"));
        let said: Vec<(&str, &str)> = found.iter().map(|found| (found.code, found.hint.as_str())).collect();
        let hint = "the mapping of a report or a CRM states it, where times become days; all other files have days";
        assert_eq!(said, [("unknown-key", hint)], "{file}");
    }
}
