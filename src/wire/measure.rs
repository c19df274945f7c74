//! How a measure stands in a fact: the fields of `MeasureDefined` in `schemas/facts.avsc`.
//!
//! Modes are text there, as in plans. Whether the measure can be is `domain::measure`'s.

use super::component::read_amount;
use super::decimal::{AmountDecimal, Unscaled};
use super::mode::{mode, mode_text, modes};
use crate::domain::calendar::Date;
use crate::domain::measure::{AttributeCondition, Earnings, Measure, Wanted};
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct MeasureRecord {
    measure_id: String,
    of: String,
    dated_by: String,
    credit_kinds: Vec<String>,
    products: Vec<String>,
    geographies: Vec<String>,
    segments: Vec<String>,
    deal_kinds: Vec<String>,
    #[serde(default)]
    rate_type: Option<String>,
    #[serde(default)]
    attribute: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    missing: Option<String>,
    #[serde(default)]
    customers: Vec<String>,
    #[serde(default)]
    filter: Vec<ConditionRecord>,
    #[serde(default)]
    earned_components: Vec<String>,
    #[serde(default)]
    earned_by: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    measure_currency: Option<String>,
}

/// Exactly one of texts, numbers and dates is stated.
#[derive(Serialize, Deserialize)]
struct ConditionRecord {
    attribute: String,
    texts: Vec<String>,
    at_least: Option<AmountDecimal>,
    below: Option<AmountDecimal>,
    from: Option<Date>,
    to: Option<Date>,
}

impl MeasureRecord {
    pub(super) fn new(measure: &Measure) -> Result<MeasureRecord, String> {
        Ok(MeasureRecord {
            measure_id: measure.measure_id.clone(),
            of: mode_text(&measure.of)?,
            dated_by: mode_text(&measure.dated_by)?,
            credit_kinds: measure.credit_kinds.iter().map(mode_text).collect::<Result<_, _>>()?,
            products: measure.products.clone(),
            geographies: measure.geographies.clone(),
            segments: measure.segments.clone(),
            deal_kinds: measure.deal_kinds.iter().map(mode_text).collect::<Result<_, _>>()?,
            rate_type: measure.rate_type.clone(),
            attribute: measure.attribute.clone(),
            unit: measure.unit.as_ref().map(mode_text).transpose()?,
            missing: measure.missing.as_ref().map(mode_text).transpose()?,
            customers: measure.customers.clone(),
            filter: measure.filter.iter().map(condition_record).collect(),
            earned_components: measure.earnings.as_ref().map(|of| of.components.clone()).unwrap_or_default(),
            earned_by: measure.earnings.as_ref().map(|of| mode_text(&of.by)).transpose()?,
            roles: measure.roles.clone(),
            measure_currency: measure.currency.clone(),
        })
    }

    pub(super) fn measure(self) -> Result<Measure, Reject> {
        let filter = self.filter.into_iter().enumerate();
        let components = self.earned_components;
        let earnings = match &self.earned_by {
            Some(by) => Some(Earnings { components, by: mode("earned_by", by)? }),
            None => None,
        };
        Ok(Measure {
            measure_id: self.measure_id,
            of: mode("of", &self.of)?,
            credit_kinds: modes("credit_kinds", &self.credit_kinds)?,
            products: self.products,
            geographies: self.geographies,
            segments: self.segments,
            deal_kinds: modes("deal_kinds", &self.deal_kinds)?,
            rate_type: self.rate_type,
            attribute: self.attribute,
            unit: self.unit.map(|unit| mode("unit", &unit)).transpose()?,
            missing: self.missing.map(|missing| mode("missing", &missing)).transpose()?,
            customers: self.customers,
            dated_by: mode("dated_by", &self.dated_by)?,
            filter: filter.map(|(place, record)| condition(place, record)).collect::<Result<_, _>>()?,
            earnings,
            roles: self.roles,
            currency: self.measure_currency,
        })
    }
}

fn condition_record(condition: &AttributeCondition) -> ConditionRecord {
    let attribute = condition.attribute.clone();
    let none = ConditionRecord { attribute, texts: Vec::new(), at_least: None, below: None, from: None, to: None };
    let decimal = |amount: Amount| Unscaled(amount.0);
    match &condition.is {
        Wanted::Text(texts) => ConditionRecord { texts: texts.clone(), ..none },
        Wanted::Number { at_least, below } => {
            ConditionRecord { at_least: at_least.map(decimal), below: below.map(decimal), ..none }
        }
        Wanted::Date { from, to } => ConditionRecord { from: *from, to: *to, ..none },
    }
}

fn condition(place: usize, record: ConditionRecord) -> Result<AttributeCondition, Reject> {
    let path = format!("filter[{place}]");
    let ConditionRecord { attribute, texts, at_least, below, from, to } = record;
    let (number, date) = (at_least.is_some() || below.is_some(), from.is_some() || to.is_some());
    let amount = |decimal: Option<AmountDecimal>| decimal.map(|decimal| read_amount(&path, decimal)).transpose();
    let is = match (texts.is_empty(), number, date) {
        (false, false, false) => Wanted::Text(texts),
        (true, true, false) => Wanted::Number { at_least: amount(at_least)?, below: amount(below)? },
        (true, false, true) => Wanted::Date { from, to },
        _ => return Err(Reject::field(&path, "a condition is of texts, of a number or of a date".into())),
    };
    Ok(AttributeCondition { attribute, is })
}
