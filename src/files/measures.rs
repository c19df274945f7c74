//! `measures.toml`: what is summed, of which lines and deals. What plans read of measures is `check`'s.

use super::codes;
use super::earnings;
use super::fields::{Fields, checked_id, text_of};
use super::modes;
use super::node::Node;
use super::people::currency;
use super::source::{Findings, Located};
use crate::domain::fact::CreditKind;
use crate::domain::measure::{AttributeCondition, DatedBy, MAXIMUM_CONDITIONS, Measure, MeasureOf, Missing, Unit, Wanted};
use crate::domain::money::Amount;

/// A measure whose name is known even where the rest of it was refused.
#[derive(Clone, Debug)]
pub struct MeasureDraft {
    pub id: Located<String>,
    /// What it counts: all money is an amount, any other number a quantity.
    pub counts: Option<MeasureOf>,
    pub currency: Option<Located<String>>,
    pub rate_type: Option<Located<String>>,
    /// Of earnings: the components that it counts.
    pub components: Vec<Located<String>>,
    /// It counts deals in parts, by invoices or receipts.
    pub is_dated: bool,
    pub measure: Option<Measure>,
}

/// A list `[[measure]]`.
pub fn measures(node: &Node, findings: &mut Findings) -> Vec<MeasureDraft> {
    let Some(mut fields) = Fields::of(node, findings) else { return Vec::new() };
    let items = fields.list("measure", findings);
    fields.finish(&[], findings);
    items.iter().filter_map(|item| measure(item, findings)).collect()
}

pub fn measure(node: &Node, findings: &mut Findings) -> Option<MeasureDraft> {
    let mut fields = Fields::of(node, findings)?;
    let before = findings.errors();
    let id = fields.id("id", findings);
    let of = fields.choice("of", modes::MEASURE_OF, findings);
    let credit_kinds = fields.choices("credit_kinds", modes::CREDIT_KINDS, findings);
    let earned = of.as_ref().is_some_and(|of| of.value == MeasureOf::Earned);
    let (components, earnings) = earnings::read(&mut fields, earned, findings);
    if !fields.has("credit_kinds") && !earned {
        let hint = "name the credits that count: credit_kinds = [\"REVENUE\"]";
        findings.add(fields.place, codes::MISSING_KEY, "`credit_kinds` is missing", hint);
    }
    let mut texts = |key| fields.texts(key, findings).into_iter().map(|text| text.value).collect::<Vec<_>>();
    let (products, geographies, segments) = (texts("products"), texts("geographies"), texts("segments"));
    let customers = texts("customers");
    let roles = roles(&credit_kinds, &mut fields, findings);
    let deal_kinds = fields.choices("deal_kinds", modes::DEAL_KIND, findings);
    let currency = fields.optional_text("currency", findings).and_then(|text| currency(text, findings));
    let rate_type = fields.optional_id("rate_type", findings);
    let Details { attribute, unit, missing } = details(of.as_ref().map(|of| of.value), &mut fields, findings);
    let filter = filter(&mut fields, findings);
    let dated_by = fields.optional_choice("dated_by", modes::DATED_BY, findings).map_or(DatedBy::Deal, |by| by.value);
    fields.finish(modes::MEASURE_KEYS_NOT_BUILT, findings);
    let id = id?;
    without_currency(currency.as_ref(), of.as_ref().and_then(|of| counts(of.value, unit)), findings);
    let counts = of.as_ref().and_then(|of| counts(of.value, unit));
    let stated = |text: &Option<Located<String>>| text.as_ref().map(|text| text.value.clone());
    let measure = of.filter(|_| findings.errors() == before).map(|of| Measure {
        measure_id: id.value.clone(),
        of: of.value,
        credit_kinds,
        products,
        geographies,
        segments,
        deal_kinds,
        currency: stated(&currency),
        rate_type: stated(&rate_type),
        attribute,
        unit,
        missing,
        customers,
        filter,
        earnings,
        dated_by,
        roles,
    });
    Some(MeasureDraft { id, counts, currency, rate_type, components, is_dated: dated_by != DatedBy::Deal, measure })
}

/// A number that is no money is in no currency.
fn without_currency(currency: Option<&Located<String>>, counts: Option<MeasureOf>, findings: &mut Findings) {
    if let Some(currency) = currency.filter(|_| matches!(counts, Some(MeasureOf::Quantity | MeasureOf::Count))) {
        let message = "`currency` has no effect: what the measure counts is no money";
        findings.add(currency.place, codes::NO_EFFECT, message, "remove `currency`");
    }
}

/// Roles of splits, which credit of other kinds does not come of.
fn roles(credit_kinds: &[CreditKind], fields: &mut Fields<'_>, findings: &mut Findings) -> Vec<String> {
    let items = fields.list("roles", findings);
    let roles = items.iter().filter_map(|item| checked_id("roles", text_of(item, "roles", findings)?, findings));
    let roles: Vec<Located<String>> = roles.collect();
    let of_splits = |kind: &CreditKind| matches!(kind, CreditKind::Revenue | CreditKind::Overlay);
    if let Some(role) = roles.first().filter(|_| !credit_kinds.iter().all(of_splits)) {
        let hint = "let credit_kinds be of REVENUE and OVERLAY, and count other credit in a measure without `roles`";
        findings.add(
            role.place,
            codes::NOT_SUPPORTED,
            "`roles` of ROLLED or TERRITORY credit is not supported by this version",
            hint,
        );
    }
    roles.into_iter().map(|role| role.value).collect()
}

fn counts(of: MeasureOf, unit: Option<Unit>) -> Option<MeasureOf> {
    match of {
        MeasureOf::Amount | MeasureOf::Margin => Some(MeasureOf::Amount),
        MeasureOf::Quantity | MeasureOf::Count | MeasureOf::Earned => Some(of),
        MeasureOf::Attribute => unit.map(|unit| match unit {
            Unit::Money => MeasureOf::Amount,
            Unit::Number => MeasureOf::Quantity,
        }),
    }
}

/// What belongs to margins and attributes alone.
struct Details {
    attribute: Option<String>,
    unit: Option<Unit>,
    missing: Option<Missing>,
}

fn details(of: Option<MeasureOf>, fields: &mut Fields<'_>, findings: &mut Findings) -> Details {
    let Some(of) = of else {
        let attribute = fields.optional_id("attribute", findings).map(|name| name.value);
        let unit = fields.optional_choice("unit", modes::UNIT, findings).map(|unit| unit.value);
        let missing = fields.optional_choice("missing", modes::MISSING, findings).map(|missing| missing.value);
        return Details { attribute, unit, missing };
    };
    let (mut attribute, mut unit, mut missing) = (None, None, None);
    if of == MeasureOf::Attribute {
        attribute = fields.id("attribute", findings).map(|name| name.value);
        unit = fields.choice("unit", modes::UNIT, findings).map(|unit| unit.value);
    } else {
        without_effect(&["attribute", "unit"], "only of = \"attribute\" reads it", fields, findings);
    }
    if matches!(of, MeasureOf::Attribute | MeasureOf::Margin) {
        missing = fields.choice("missing", modes::MISSING, findings).map(|missing| missing.value);
    } else {
        without_effect(&["missing"], "nothing that it counts can be missing", fields, findings);
    }
    Details { attribute, unit, missing }
}

fn without_effect(keys: &[&'static str], why: &str, fields: &mut Fields<'_>, findings: &mut Findings) {
    for key in keys {
        if let Some(node) = fields.node(key) {
            findings.add(node.place, codes::NO_EFFECT, format!("`{key}` has no effect: {why}"), format!("remove `{key}`"));
        }
    }
}

/// Conditions on attributes.
fn filter(fields: &mut Fields<'_>, findings: &mut Findings) -> Vec<AttributeCondition> {
    let items = fields.list("filter", findings);
    if let Some(beyond) = items.get(MAXIMUM_CONDITIONS) {
        let message = format!("more than {MAXIMUM_CONDITIONS} conditions");
        findings.add(beyond.place, codes::BAD_RANGE, message, "another measure has room for more");
    }
    items.iter().filter_map(|item| condition(item, findings)).collect()
}

/// `{ attribute = "industry", is = ["bank"] }`, or a range with `at_least` and `below`, or with `from` and `to`.
fn condition(node: &Node, findings: &mut Findings) -> Option<AttributeCondition> {
    let mut fields = Fields::of(node, findings)?;
    let before = findings.errors();
    let attribute = fields.id("attribute", findings);
    let texts = fields.node("is").map(|_| texts(&mut fields, findings));
    let at_least = fields.optional_number("at_least", Amount::parse, findings).map(|at_least| at_least.value);
    let below = fields.optional_number("below", Amount::parse, findings).map(|below| below.value);
    let from = fields.optional_date("from", findings).map(|from| from.value);
    let to = fields.optional_date("to", findings).map(|to| to.value);
    fields.finish(&[], findings);
    let attribute = attribute.filter(|_| findings.errors() == before)?;
    let (number, date) = (at_least.is_some() || below.is_some(), from.is_some() || to.is_some());
    let is = match (texts, number, date) {
        (Some(texts), false, false) => Wanted::Text(texts),
        (None, true, false) => Wanted::Number { at_least, below },
        (None, false, true) => Wanted::Date { from, to },
        _ => {
            let hint = "write is = [\"...\"] for texts, at_least and below for numbers, from and to for dates";
            findings.add(node.place, codes::WRONG_TYPE, "a condition is of texts, of a number or of a date", hint);
            return None;
        }
    };
    if !is.is_possible() {
        let hint = "list a text, or let the range begin before it ends; its end is not in it";
        findings.add(node.place, codes::BAD_RANGE, format!("nothing holds for `{}`", attribute.value), hint);
        return None;
    }
    Some(AttributeCondition { attribute: attribute.value, is })
}

fn texts(fields: &mut Fields<'_>, findings: &mut Findings) -> Vec<String> {
    let items = fields.list("is", findings);
    let texts = items.iter().filter_map(|item| checked_id("is", text_of(item, "is", findings)?, findings));
    texts.map(|text| text.value).collect()
}
