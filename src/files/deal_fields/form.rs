//! How a report writes dates, numbers and times, brought into the one form that accrue reads.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// How the report writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
    /// A day, or the day that a time is in the mapping's time zone.
    #[serde(rename = "day")]
    Day,
    /// A record's id in its long form: 15 characters and the same with 18 are one record.
    #[serde(rename = "salesforce-id")]
    SalesforceId,
}

impl Form {
    pub(super) fn read(self, text: &str, zone: &TimeZone) -> Option<String> {
        match self {
            Form::DayMonthYearDots => dated(text, '.', [2, 1, 0]),
            Form::DayMonthYear => dated(text, '/', [2, 1, 0]),
            Form::MonthDayYear => dated(text, '/', [2, 0, 1]),
            Form::Commas => ungrouped(text, ',', '.'),
            Form::Dots => ungrouped(text, '.', ','),
            Form::Percent => Some(format!("{}%", text.strip_suffix('%').unwrap_or(text).trim_end())),
            Form::Timestamp => instant(text).map(|time| time.as_microsecond().to_string()),
            Form::Day if text.len() == "2026-01-31".len() => text.parse::<jiff::civil::Date>().ok().map(|day| day.to_string()),
            Form::Day => instant(text).map(|time| time.to_zoned(zone.clone()).date().to_string()),
            Form::SalesforceId => salesforce_id(text),
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
            Form::Day => "2026-01-31, or a time like 2026-01-31T09:30:00Z",
            Form::SalesforceId => "006D000000ABcde, or the same with its three last characters",
        }
    }
}

/// A time with its offset, or a number of milliseconds since 1970: of 12 or 13 digits, so that seconds are none.
pub fn instant(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match digits {
        true if [12, 13].contains(&text.len()) => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        true => None,
        false => text.parse().ok(),
    }
}

/// The three last characters say which of the others are capital letters, five by five.
pub fn salesforce_id(text: &str) -> Option<String> {
    let (id, given) = text.split_at_checked(15)?;
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let letter = |five: &[u8]| {
        let capitals = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        let number: u8 = capitals.map(|(place, _)| 1 << place).sum();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[usize::from(number)])
    };
    let last: String = id.as_bytes().chunks(5).map(letter).collect();
    (given.is_empty() || given == last).then(|| format!("{id}{last}"))
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
