//! `company.toml`. Leaves out `calendar.toml`, which is `calendar`'s.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::node::Node;
use super::source::{Findings, Located, Place};
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
