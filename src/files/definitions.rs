//! `company.toml` and `calendar.toml`.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::node::Node;
use super::source::{Findings, Located, Place};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::Company;
use crate::domain::money::minor_digits;

/// A company as read, with the places that other files are compared with.
#[derive(Clone, Debug)]
pub struct CompanyDraft {
    pub company: Company,
    pub place: Place,
    pub calendar_place: Place,
    pub pay_rate_type: Option<Located<String>>,
}

pub fn company(node: &Node, findings: &mut Findings) -> Option<CompanyDraft> {
    let mut fields = Fields::of(node, findings)?;
    let company_id = fields.id("company_id", findings);
    let currency = fields.parsed("currency", codes::UNKNOWN_CURRENCY, currency_code, findings);
    let calendar = fields.id("calendar", findings);
    let closer_may_release = fields.boolean("closer_may_release", findings);
    let pay_rate_type = fields.optional_id("pay_rate_type", findings);
    fields.finish(modes::COMPANY_KEYS_NOT_BUILT, findings);
    let (company_id, calendar) = (company_id?, calendar?);
    Some(CompanyDraft {
        place: company_id.place,
        calendar_place: calendar.place,
        company: Company {
            company_id: company_id.value,
            currency: currency?.value,
            calendar: calendar.value,
            closer_may_release: closer_may_release?.value,
            pay_rate_type: pay_rate_type.as_ref().map(|rate_type| rate_type.value.clone()),
        },
        pay_rate_type,
    })
}

pub fn currency_code(text: &str) -> Result<String, String> {
    minor_digits(text).map(|_| text.to_string()).ok_or_else(|| format!("\"{text}\" is not an ISO 4217 currency code"))
}

pub fn calendar(node: &Node, findings: &mut Findings) -> Option<Located<Calendar>> {
    let mut fields = Fields::of(node, findings)?;
    let id = fields.id("id", findings);
    let kind = fields.choice("kind", modes::CALENDAR_KIND, findings);
    let first = fields.parsed("from", codes::BAD_DATE, str::parse::<Period>, findings);
    let last = fields.parsed("to", codes::BAD_DATE, str::parse::<Period>, findings);
    let starts = match kind.as_ref().is_some_and(|kind| kind.value.is_some()) {
        true => fields.date("starts", findings),
        false => fields.optional_date("starts", findings),
    };
    let begins = first.as_ref().map(|first| first.value);
    let long_years = long_years(&mut fields, kind.as_ref().and_then(|kind| kind.value), begins, findings);
    fields.finish(modes::CALENDAR_KEYS_NOT_BUILT, findings);
    let (first, last) = (first?, last?);
    if last.value < first.value {
        let message = format!("the last period {} comes before the first, {}", last.value, first.value);
        findings.add(last.place, codes::BAD_RANGE, message, "both ends of a calendar are included");
        return None;
    }
    let (id, kind) = (id?, kind?);
    if kind.value.is_some() && first.value.0.rem_euclid(12) != 0 {
        let hint = format!("begin with the first period of a fiscal year: {}", Period(first.value.0.div_euclid(12) * 12));
        findings.add(first.place, codes::BAD_RANGE, format!("{} is inside a fiscal year of weeks", first.value), hint);
        return None;
    }
    let calendar = match (kind.value, starts) {
        (None, None) => Calendar::monthly(&id.value, first.value, last.value),
        (None, Some(starts)) => Calendar::monthly_from(&id.value, first.value, last.value, starts.value),
        (Some(weeks), starts) => Calendar::weekly(&id.value, first.value, last.value, starts?.value, weeks, &long_years),
    };
    Some(Located::new(calendar, id.place))
}

/// Fiscal years of 53 weeks: the last pay period of each has one more.
fn long_years(fields: &mut Fields<'_>, weeks: Option<[i32; 3]>, first: Option<Period>, findings: &mut Findings) -> Vec<i32> {
    let stated = fields.texts("years_of_53_weeks", findings);
    if let Some(first) = stated.first().filter(|_| weeks.is_none()) {
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
