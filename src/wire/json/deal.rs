//! A deal as one line of JSON.
//!
//! Leaves out what [`DealClosed::check`] refuses: whether shares total 100 % is asked where the record is accepted.

use super::object::{Object, decimal, expected, text};
use crate::domain::calendar::Date;
use crate::domain::deal::{self, Change, Counts, DealClosed, DealKind, DealStatus};
use crate::domain::money::{Amount, Quantity, Share};
use crate::domain::reject::Reject;
use serde_json::value::RawValue;

/// A deal that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    pub deal_id: String,
    pub revision: i64,
    pub status: DealStatus,
    pub change: Change,
    pub effective_on: Option<Date>,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub currency: String,
    pub customer: Option<String>,
    pub related_deal: Option<String>,
    pub kind: Option<DealKind>,
    pub contract_start: Option<Date>,
    pub term_months: Option<i32>,
    pub stage: Option<String>,
    pub probability: Option<Share>,
    pub lines: Vec<Line>,
    pub splits: Vec<Split>,
    /// In key order.
    pub attributes: Vec<(String, Attribute)>,
    pub occurred_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub line_id: String,
    pub product: String,
    pub geography: Option<String>,
    pub segment: Option<String>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub cost: Option<Amount>,
    pub splits: Vec<Split>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub payee_id: String,
    pub role: String,
    pub counts: Counts,
    pub share: Share,
}

/// Text, a number, or `{"date": "2026-01-31"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Text(String),
    Number(Amount),
    Date(Date),
}

/// Reads one line. `status` is CLOSED, `change` CORRECTION and `occurred_at` 0 unless given.
pub fn deal_from_line(line: &str) -> Result<Deal, Reject> {
    let mut fields = Object::of_line(line)?;
    let deal = Deal {
        deal_id: fields.text("deal_id")?,
        revision: fields.integer("revision")?,
        status: fields.optional_choice("status")?.unwrap_or(DealStatus::Closed),
        change: fields.optional_choice("change")?.unwrap_or(Change::Correction),
        effective_on: fields.optional_dated("effective_on")?,
        closed_on: fields.dated("closed_on")?,
        sequence: fields.optional_integer("sequence")?,
        currency: fields.text("currency")?,
        customer: fields.optional_text("customer")?,
        related_deal: fields.optional_text("related_deal")?,
        kind: fields.optional_choice("kind")?,
        contract_start: fields.optional_dated("contract_start")?,
        term_months: fields.optional_integer("term_months")?,
        stage: fields.optional_text("stage")?,
        probability: fields.optional_decimal("probability", Share::parse)?,
        lines: fields.list("lines", read_line)?,
        splits: fields.list("splits", read_split)?,
        attributes: read_attributes(&mut fields)?,
        occurred_at: fields.time("occurred_at")?,
    };
    fields.finish().map(|()| deal)
}

fn read_line(mut fields: Object<'_>) -> Result<Line, Reject> {
    let line = Line {
        line_id: fields.text("line_id")?,
        product: fields.text("product")?,
        geography: fields.optional_text("geography")?,
        segment: fields.optional_text("segment")?,
        amount: fields.decimal("amount", Amount::parse)?,
        quantity: fields.decimal("quantity", Quantity::parse)?,
        cost: fields.optional_decimal("cost", Amount::parse)?,
        splits: fields.list("splits", read_split)?,
    };
    fields.finish().map(|()| line)
}

fn read_split(mut fields: Object<'_>) -> Result<Split, Reject> {
    let split = Split {
        payee_id: fields.text("payee_id")?,
        role: fields.text("role")?,
        counts: fields.choice("counts")?,
        share: fields.decimal("share", Share::parse)?,
    };
    fields.finish().map(|()| split)
}

fn read_attributes(fields: &mut Object<'_>) -> Result<Vec<(String, Attribute)>, Reject> {
    let Some(raw) = fields.optional("attributes") else { return Ok(Vec::new()) };
    let attributes = Object::of_value(fields.path_of("attributes"), raw)?;
    let named = attributes.into_fields().into_iter();
    named.map(|(name, raw)| read_attribute(&format!("attributes.{name}"), raw).map(|value| (name, value))).collect()
}

fn read_attribute(path: &str, raw: &RawValue) -> Result<Attribute, Reject> {
    match raw.get().as_bytes().first() {
        Some(b'"') => text(path, raw).map(Attribute::Text),
        Some(b'-' | b'0'..=b'9') => decimal(path, raw, Amount::parse).map(Attribute::Number),
        Some(b'{') => {
            let mut fields = Object::of_value(path.into(), raw)?;
            let date = fields.dated("date")?;
            fields.finish().map(|()| Attribute::Date(date))
        }
        _ => Err(expected(path, "text, a number or {\"date\": ...}", raw)),
    }
}

impl Deal {
    /// The deal as the domain takes it.
    pub fn as_deal(&self) -> DealClosed<'_> {
        DealClosed {
            deal_id: &self.deal_id,
            revision: self.revision,
            status: self.status,
            change: self.change,
            effective_on: self.effective_on,
            closed_on: self.closed_on,
            sequence: self.sequence,
            currency: &self.currency,
            customer: self.customer.as_deref(),
            related_deal: self.related_deal.as_deref(),
            kind: self.kind,
            contract_start: self.contract_start,
            term_months: self.term_months,
            stage: self.stage.as_deref(),
            probability: self.probability,
            lines: self.lines.iter().map(Line::as_line).collect(),
            splits: self.splits.iter().map(Split::as_split).collect(),
            attributes: self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_attribute())).collect(),
            occurred_at: self.occurred_at,
        }
    }
}

impl Line {
    fn as_line(&self) -> deal::Line<'_> {
        deal::Line {
            line_id: &self.line_id,
            product: &self.product,
            geography: self.geography.as_deref(),
            segment: self.segment.as_deref(),
            amount: self.amount,
            quantity: self.quantity,
            cost: self.cost,
            splits: self.splits.iter().map(Split::as_split).collect(),
        }
    }
}

impl Split {
    fn as_split(&self) -> deal::Split<'_> {
        deal::Split { payee_id: &self.payee_id, role: &self.role, counts: self.counts, share: self.share }
    }
}

impl Attribute {
    fn as_attribute(&self) -> deal::Attribute<'_> {
        match self {
            Attribute::Text(text) => deal::Attribute::Text(text),
            Attribute::Number(number) => deal::Attribute::Number(number.0),
            Attribute::Date(date) => deal::Attribute::Date(*date),
        }
    }
}
