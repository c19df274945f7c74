//! `company.toml`, `calendar.toml` and `measures.toml`.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::node::Node;
use super::source::{Findings, Located, Place};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::{Company, Measure, MeasureOf};
use crate::domain::money::minor_digits;

/// A company as read, with the places that other files are compared with.
#[derive(Clone, Debug)]
pub struct CompanyDraft {
    pub company: Company,
    pub place: Place,
    pub calendar_place: Place,
}

/// A measure whose name is known even where the rest of it was refused.
#[derive(Clone, Debug)]
pub struct MeasureDraft {
    pub id: Located<String>,
    pub of: Option<MeasureOf>,
    pub measure: Option<Measure>,
}

pub fn company(node: &Node, findings: &mut Findings) -> Option<CompanyDraft> {
    let mut fields = Fields::of(node, findings)?;
    let company_id = fields.id("company_id", findings);
    let currency = fields.parsed("currency", codes::UNKNOWN_CURRENCY, currency_code, findings);
    let calendar = fields.id("calendar", findings);
    let closer_may_release = fields.boolean("closer_may_release", findings);
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
        },
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
    fields.finish(modes::CALENDAR_KEYS_NOT_BUILT, findings);
    let (first, last) = (first?, last?);
    if last.value < first.value {
        let message = format!("the last period {} comes before the first, {}", last.value, first.value);
        findings.add(last.place, codes::BAD_RANGE, message, "both ends of a calendar are included");
        return None;
    }
    let (id, _) = (id?, kind?);
    Some(Located::new(Calendar::monthly(&id.value, first.value, last.value), id.place))
}

/// `measures.toml`: a list `[[measure]]`.
pub fn measures(node: &Node, findings: &mut Findings) -> Vec<MeasureDraft> {
    let Some(mut fields) = Fields::of(node, findings) else { return Vec::new() };
    let items = fields.list("measure", findings);
    fields.finish(&[], findings);
    items.iter().filter_map(|item| measure(item, findings)).collect()
}

pub fn measure(node: &Node, findings: &mut Findings) -> Option<MeasureDraft> {
    let mut fields = Fields::of(node, findings)?;
    let id = fields.id("id", findings);
    let of = fields.choice("of", modes::MEASURE_OF, findings).map(|of| of.value);
    let credit_kinds = fields.choices("credit_kinds", modes::CREDIT_KINDS, findings);
    if !fields.has("credit_kinds") {
        let hint = "name the credits that count: credit_kinds = [\"REVENUE\"]";
        findings.add(fields.place, codes::MISSING_KEY, "`credit_kinds` is missing", hint);
    }
    let mut texts = |key| fields.texts(key, findings).into_iter().map(|text| text.value).collect::<Vec<_>>();
    let (products, geographies, segments) = (texts("products"), texts("geographies"), texts("segments"));
    let deal_kinds = fields.choices("deal_kinds", modes::DEAL_KIND, findings);
    fields.finish(modes::MEASURE_KEYS_NOT_BUILT, findings);
    let id = id?;
    let measure_id = id.value.clone();
    let measure = of.map(|of| Measure { measure_id, of, credit_kinds, products, geographies, segments, deal_kinds });
    Some(MeasureDraft { id, of, measure })
}
