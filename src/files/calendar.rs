//! `calendar.toml`: where pay periods begin, as months, as weeks, or as a table of their first days.

use super::codes;
use super::fields::Fields;
use super::modes::{self, CalendarKind};
use super::node::{Node, Value};
use super::source::{Findings, Located};
use crate::domain::calendar::{Calendar, Date, Period};

/// The longest pay period of a table: what is longer lacks a row, or is of another year.
const MAXIMUM_DAYS: i32 = 100;

/// The first pay period, and the first days of all of them with the day after the last.
type Begins = (Period, Vec<Date>);

pub fn calendar(node: &Node, findings: &mut Findings) -> Option<Located<Calendar>> {
    let mut fields = Fields::of(node, findings)?;
    let id = fields.id("id", findings);
    let kind = fields.choice("kind", modes::CALENDAR_KIND, findings).map(|kind| kind.value);
    let begins = match kind {
        Some(CalendarKind::Table) => {
            let hint = "its rows say when periods begin, and `end` when the last one is over";
            refuse(&mut fields, &["from", "to", "starts", "years_of_53_weeks"], "beside a table of pay periods", hint, findings);
            table(&mut fields, findings)
        }
        _ => {
            refuse(&mut fields, &["periods", "end"], "where periods follow a rule", "kind = \"table\" has them", findings);
            ruled(&mut fields, kind, findings)
        }
    };
    fields.finish(&[], findings);
    let (id, (first, starts)) = (id?, begins?);
    Some(Located::new(Calendar { calendar_id: id.value, first, starts }, id.place))
}

/// Keys that another kind of calendar has.
fn refuse(fields: &mut Fields<'_>, keys: &[&'static str], wrong: &str, hint: &str, findings: &mut Findings) {
    for key in keys {
        if let Some(node) = fields.node(key) {
            findings.add(node.place, codes::BAD_RANGE, format!("`{key}` {wrong}"), hint);
        }
    }
}

/// Months or weeks.
fn ruled(fields: &mut Fields<'_>, kind: Option<CalendarKind>, findings: &mut Findings) -> Option<Begins> {
    let first = fields.parsed("from", codes::BAD_DATE, str::parse::<Period>, findings);
    let last = fields.parsed("to", codes::BAD_DATE, str::parse::<Period>, findings);
    let weeks = kind.and_then(|kind| if let CalendarKind::Weeks(weeks) = kind { Some(weeks) } else { None });
    let starts = match weeks {
        Some(_) => fields.date("starts", findings),
        None => fields.optional_date("starts", findings),
    };
    let long_years = long_years(fields, weeks.is_some(), first.as_ref().map(|first| first.value), findings);
    let (first, last) = (first?, last?);
    if last.value < first.value {
        let message = format!("the last period {} comes before the first, {}", last.value, first.value);
        findings.add(last.place, codes::BAD_RANGE, message, "both ends of a calendar are included");
        return None;
    }
    kind?;
    if weeks.is_some() && first.value.0.rem_euclid(12) != 0 {
        let hint = format!("begin with the first period of a fiscal year: {}", Period(first.value.0.div_euclid(12) * 12));
        findings.add(first.place, codes::BAD_RANGE, format!("{} is inside a fiscal year of weeks", first.value), hint);
        return None;
    }
    let calendar = match (weeks, starts) {
        (None, None) => Calendar::monthly("", first.value, last.value),
        (None, Some(starts)) => Calendar::monthly_from("", first.value, last.value, starts.value),
        (Some(weeks), starts) => Calendar::weekly("", first.value, last.value, starts?.value, weeks, &long_years),
    };
    Some((calendar.first, calendar.starts))
}

/// Fiscal years of 53 weeks: the last pay period of each has one more.
fn long_years(fields: &mut Fields<'_>, is_weeks: bool, first: Option<Period>, findings: &mut Findings) -> Vec<i32> {
    let stated = fields.texts("years_of_53_weeks", findings);
    if let Some(first) = stated.first().filter(|_| !is_weeks) {
        let hint = "kind = \"4-4-5\", \"4-5-4\" or \"5-4-4\" has weeks";
        findings.add(first.place, codes::BAD_RANGE, "a calendar of months has no weeks", hint);
    }
    let is_year = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let year = |text: &Located<String>| text.value.parse::<i32>().ok().filter(|_| is_year(&text.value));
    for wrong in stated.iter().filter(|text| year(text).is_none()) {
        findings.add(wrong.place, codes::BAD_DATE, format!("\"{}\" is not a year like \"2028\"", wrong.value), "");
    }
    let first = first.map_or(0, |period| period.0.div_euclid(12));
    for early in stated.iter().filter(|text| year(text).is_some_and(|year| year < first)) {
        let message = format!("{} comes before this calendar begins", early.value);
        findings.add(early.place, codes::BAD_RANGE, message, "name fiscal years from that of `from` on");
    }
    stated.iter().filter_map(year).collect()
}

/// A pay period of a table, and its first day.
struct Row {
    period: Located<Period>,
    from: Located<Date>,
}

fn table(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Begins> {
    let hint = "add periods = [{ period = \"2026-01\", from = 2026-01-04 }, ...]";
    let listed = fields.required("periods", hint, findings);
    let nodes = fields.list("periods", findings);
    if let Some(Node { value: Value::List(rows), place }) = listed
        && rows.is_empty()
    {
        findings.add(*place, codes::BAD_RANGE, "a table without a pay period", hint);
    }
    let rows: Vec<Option<Row>> = nodes.iter().map(|node| row(node, findings)).collect();
    let end = fields.date("end", findings);
    let rows: Vec<Row> = rows.into_iter().collect::<Option<_>>()?;
    let (first, end) = (rows.first()?.period.value, end?);
    let in_order = is_run(&rows, findings);
    let ends = rows.iter().skip(1).map(|row| &row.from).chain([&end]);
    let wrong = rows.iter().zip(ends).filter(|(row, end)| !is_length(row, end, findings)).count();
    let starts = rows.iter().map(|row| row.from.value).chain([end.value]).collect();
    (in_order && wrong == 0).then_some((first, starts))
}

fn row(node: &Node, findings: &mut Findings) -> Option<Row> {
    let mut fields = Fields::of(node, findings)?;
    let period = fields.parsed("period", codes::BAD_DATE, str::parse::<Period>, findings);
    let from = fields.date("from", findings);
    fields.finish(&[], findings);
    Some(Row { period: period?, from: from? })
}

/// Whether each row is of the pay period after the one before it; what is not is told once.
fn is_run(rows: &[Row], findings: &mut Findings) -> bool {
    let wrong = rows.windows(2).find(|pair| pair[1].period.value != pair[0].period.value.next());
    let Some([before, row]) = wrong else { return true };
    let (before, period) = (before.period.value, row.period.value);
    let is_stated = |period: Period| rows.iter().filter(|row| row.period.value == period).count();
    let message = match before.next() {
        _ if is_stated(period) > 1 => format!("{period} is stated twice"),
        next if period > next && is_stated(next) == 0 => format!("{next} is missing: {period} comes after {before}"),
        next => format!("{period} is out of order: {next} comes after {before}"),
    };
    findings.add(row.period.place, codes::BAD_RANGE, message, "each row is of the pay period after the one before it");
    false
}

/// Whether a pay period has at least a day, and not more than `MAXIMUM_DAYS`.
fn is_length(row: &Row, end: &Located<Date>, findings: &mut Findings) -> bool {
    let (period, from, days) = (row.period.value, row.from.value, end.value.0 - row.from.value.0);
    let message = match days {
        1..=MAXIMUM_DAYS => return true,
        ..=0 => format!("{period} begins on {from}, and ends before {}", end.value),
        _ => format!("{period} has {days} days, more than {MAXIMUM_DAYS}"),
    };
    findings.add(end.place, codes::BAD_RANGE, message, "a period ends the day before the next one begins");
    false
}
