//! How a report writes dates, numbers and times, brought into the one form that accrue reads.

use serde::Deserialize;

/// How the report writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum Form {
    #[serde(rename = "dd.mm.yyyy")]
    DayMonthYearDots,
    #[serde(rename = "dd/mm/yyyy")]
    DayMonthYear,
    #[serde(rename = "mm/dd/yyyy")]
    MonthDayYear,
    #[serde(rename = "1,234.56")]
    Commas,
    #[serde(rename = "1.234,56")]
    Dots,
    /// "60" and "60%" are the same share.
    #[serde(rename = "percent")]
    Percent,
    /// A time with its offset, as a number that grows.
    #[serde(rename = "timestamp")]
    Timestamp,
}

impl Form {
    pub(super) fn read(self, text: &str) -> Option<String> {
        match self {
            Form::DayMonthYearDots => dated(text, '.', [2, 1, 0]),
            Form::DayMonthYear => dated(text, '/', [2, 1, 0]),
            Form::MonthDayYear => dated(text, '/', [2, 0, 1]),
            Form::Commas => ungrouped(text, ',', '.'),
            Form::Dots => ungrouped(text, '.', ','),
            Form::Percent => Some(format!("{}%", text.strip_suffix('%').unwrap_or(text).trim_end())),
            Form::Timestamp => text.parse::<jiff::Timestamp>().ok().map(|time| time.as_microsecond().to_string()),
        }
    }

    pub(super) fn example(self) -> &'static str {
        match self {
            Form::DayMonthYearDots => "31.01.2026",
            Form::DayMonthYear => "31/01/2026",
            Form::MonthDayYear => "01/31/2026",
            Form::Commas => "1,234.56",
            Form::Dots => "1.234,56",
            Form::Percent => "60%",
            Form::Timestamp => "2026-01-31T09:30:00Z",
        }
    }
}

/// `order`: where year, month and day stand.
fn dated(text: &str, separator: char, order: [usize; 3]) -> Option<String> {
    let parts: Vec<&str> = text.split(separator).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().all(digits) {
        return None;
    }
    let [year, month, day] = order.map(|at| parts[at]);
    (year.len() == 4 && month.len() <= 2 && day.len() <= 2).then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

/// Takes separators away only where groups are of three digits: a number in another form must not become one a thousand
/// times as large.
fn ungrouped(text: &str, group: char, point: char) -> Option<String> {
    let (whole, fraction) = text.split_once(point).map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = unsigned.split(group).collect();
    let fits = |(place, part): (usize, &&str)| digits(part) && (place == 0 || part.len() == 3);
    let grouped = groups.len() == 1 || groups[0].len() <= 3;
    if !grouped || !groups.iter().enumerate().all(fits) || !fraction.is_none_or(digits) {
        return None;
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    Some(format!("{sign}{}{}", groups.concat(), fraction.map(|digits| format!(".{digits}")).unwrap_or_default()))
}
