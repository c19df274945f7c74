//! A deal in a case: the short form (one line, `credit`) or the full one (`lines`, `splits`).
//!
//! A later event of the same deal is its next revision: what it leaves out stays as it was.

use super::super::codes;
use super::super::fields::{Fields, date_of, number_of, parsed_text, text_of};
use super::super::modes;
use super::super::node::{Node, Value};
use super::super::source::{Findings, Located};
use crate::domain::calendar::Date;
use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use crate::domain::money::{Amount, Quantity, Share};
use std::collections::BTreeMap;

/// Keys of a deal that no rule reads in this version.
const NOT_BUILT: &[&str] = &["related_deal", "contract_start", "term_months", "stage", "probability"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseDeal {
    pub deal_id: String,
    pub revision: i64,
    pub status: DealStatus,
    pub change: Change,
    pub effective_on: Option<Date>,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub currency: String,
    pub kind: Option<DealKind>,
    pub customer: Option<String>,
    pub attributes: BTreeMap<String, CaseAttribute>,
    pub lines: Vec<CaseLine>,
    pub splits: Vec<CaseSplit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    pub line_id: String,
    pub product: String,
    pub geography: Option<String>,
    pub segment: Option<String>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub cost: Option<Amount>,
    pub splits: Vec<CaseSplit>,
}

/// A text, a whole number, a date, or `{ number = "12.5" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseAttribute {
    Text(String),
    Number(Amount),
    Date(Date),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSplit {
    pub payee_id: String,
    pub role: String,
    pub counts: Counts,
    pub share: Share,
}

impl CaseDeal {
    /// The record to append.
    pub fn as_deal(&self, occurred_at: i64) -> DealClosed<'_> {
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
            related_deal: None,
            kind: self.kind,
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: self.lines.iter().map(CaseLine::as_line).collect(),
            splits: self.splits.iter().map(CaseSplit::as_split).collect(),
            attributes: self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_attribute())).collect(),
            occurred_at,
        }
    }
}

impl CaseAttribute {
    fn as_attribute(&self) -> Attribute<'_> {
        match self {
            CaseAttribute::Text(text) => Attribute::Text(text),
            CaseAttribute::Number(number) => Attribute::Number(number.0),
            CaseAttribute::Date(date) => Attribute::Date(*date),
        }
    }
}

impl CaseLine {
    fn as_line(&self) -> Line<'_> {
        Line {
            line_id: &self.line_id,
            product: &self.product,
            geography: self.geography.as_deref(),
            segment: self.segment.as_deref(),
            amount: self.amount,
            quantity: self.quantity,
            cost: self.cost,
            splits: self.splits.iter().map(CaseSplit::as_split).collect(),
        }
    }
}

impl CaseSplit {
    fn as_split(&self) -> Split<'_> {
        Split { payee_id: &self.payee_id, role: &self.role, counts: self.counts, share: self.share }
    }
}

/// Reads a deal event; `earlier` is the newest revision before it.
pub fn deal(mut fields: Fields<'_>, earlier: Option<&CaseDeal>, currency: &str, findings: &mut Findings) -> Option<CaseDeal> {
    let before = findings.errors();
    let id = fields.id("deal", findings)?;
    let closed_on = match earlier {
        Some(earlier) => fields.optional_date("closed_on", findings).map_or(earlier.closed_on, |date| date.value),
        None => fields.date("closed_on", findings)?.value,
    };
    let first = CaseDeal {
        deal_id: id.value,
        revision: 0,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on,
        sequence: None,
        currency: currency.into(),
        kind: None,
        customer: None,
        attributes: BTreeMap::new(),
        lines: Vec::new(),
        splits: Vec::new(),
    };
    let mut deal = earlier.cloned().unwrap_or(first);
    deal.closed_on = closed_on;
    deal.revision = fields.optional_integer("revision", findings).map_or(deal.revision + 1, |revision| revision.value);
    head(&mut deal, &mut fields, findings);
    body(&mut deal, &mut fields, findings);
    fields.finish(NOT_BUILT, findings);
    (findings.errors() == before).then_some(deal)
}

fn head(deal: &mut CaseDeal, fields: &mut Fields<'_>, findings: &mut Findings) {
    if let Some(sequence) = fields.optional_integer("sequence", findings) {
        deal.sequence = Some(sequence.value);
    }
    if let Some(kind) = fields.optional_choice("kind", modes::DEAL_KIND, findings) {
        deal.kind = Some(kind.value);
    }
    if let Some(currency) = fields.optional_id("currency", findings) {
        deal.currency = currency.value;
    }
    if let Some(customer) = fields.optional_id("customer", findings) {
        deal.customer = Some(customer.value);
    }
    if let Some(table) = fields.node("attributes").and_then(|node| Fields::of(node, findings)) {
        let stated = table.others().filter_map(|entry| Some((entry.key.clone(), attribute(&entry.node, &entry.key, findings)?)));
        deal.attributes = stated.collect();
    }
    let cancelled = fields.has("cancelled") && fields.boolean("cancelled", findings).is_some_and(|cancelled| cancelled.value);
    let stated = if cancelled { (DealStatus::Cancelled, Change::Cancellation) } else { (DealStatus::Closed, Change::Correction) };
    deal.status = fields.optional_choice("status", modes::DEAL_STATUS, findings).map_or(stated.0, |status| status.value);
    deal.change = fields.optional_choice("change", modes::CHANGE, findings).map_or(stated.1, |change| change.value);
    deal.effective_on = fields.optional_date("effective_on", findings).map(|date| date.value);
}

/// Lines and splits, in either form.
fn body(deal: &mut CaseDeal, fields: &mut Fields<'_>, findings: &mut Findings) {
    if fields.has("lines") {
        deal.lines = fields.list("lines", findings).iter().filter_map(|item| full_line(item, findings)).collect();
    } else if deal.lines.len() > 1 && fields.has("amount") {
        let hint = "state the lines of this deal again";
        findings.add(fields.place, codes::WRONG_TYPE, "`amount` is for deals of one line", hint);
    } else {
        short_line(deal, fields, findings);
    }
    if fields.has("splits") {
        deal.splits = fields.list("splits", findings).iter().filter_map(|item| split(item, findings)).collect();
        return;
    }
    for (key, counts) in [("credit", Counts::Revenue), ("overlay", Counts::Overlay)] {
        let Some(node) = fields.node(key) else { continue };
        deal.splits.retain(|split| split.counts != counts);
        deal.splits.extend(shares(node, counts, findings));
    }
}

fn short_line(deal: &mut CaseDeal, fields: &mut Fields<'_>, findings: &mut Findings) {
    let amount = match deal.lines.first() {
        Some(line) => fields.optional_number("amount", Amount::parse, findings).map_or(line.amount, |amount| amount.value),
        None => fields.number("amount", Amount::parse, findings).map_or(Amount(0), |amount| amount.value),
    };
    let mut line = if deal.lines.is_empty() { empty_line() } else { deal.lines.remove(0) };
    line.amount = amount;
    attributes(&mut line, fields, findings);
    deal.lines.insert(0, line);
}

fn empty_line() -> CaseLine {
    CaseLine {
        line_id: "1".into(),
        product: "product".into(),
        geography: None,
        segment: None,
        amount: Amount(0),
        quantity: Quantity(10_000),
        cost: None,
        splits: Vec::new(),
    }
}

/// Product, geography, segment, quantity and cost, where they are stated.
fn attributes(line: &mut CaseLine, fields: &mut Fields<'_>, findings: &mut Findings) {
    if let Some(product) = fields.optional_id("product", findings) {
        line.product = product.value;
    }
    if let Some(geography) = fields.optional_id("geography", findings) {
        line.geography = Some(geography.value);
    }
    if let Some(segment) = fields.optional_id("segment", findings) {
        line.segment = Some(segment.value);
    }
    if let Some(quantity) = fields.optional_number("quantity", Quantity::parse, findings) {
        line.quantity = quantity.value;
    }
    if let Some(cost) = fields.optional_number("cost", Amount::parse, findings) {
        line.cost = Some(cost.value);
    }
}

fn attribute(node: &Node, key: &str, findings: &mut Findings) -> Option<CaseAttribute> {
    match &node.value {
        Value::Integer(text) => {
            let text = Located::new(text.clone(), node.place);
            parsed_text(text, codes::BAD_NUMBER, Amount::parse, findings).map(|number| CaseAttribute::Number(number.value))
        }
        Value::Table(_) => {
            let mut fields = Fields::of(node, findings)?;
            let number = fields.number("number", Amount::parse, findings);
            fields.finish(&[], findings);
            number.map(|number| CaseAttribute::Number(number.value))
        }
        Value::Date(_) => date_of(node, key, findings).map(|date| CaseAttribute::Date(date.value)),
        _ => text_of(node, key, findings).map(|text| CaseAttribute::Text(text.value)),
    }
}

fn full_line(node: &Node, findings: &mut Findings) -> Option<CaseLine> {
    let mut fields = Fields::of(node, findings)?;
    let line_id = fields.id("line_id", findings);
    let amount = fields.number("amount", Amount::parse, findings);
    let mut line = empty_line();
    attributes(&mut line, &mut fields, findings);
    line.splits = fields.list("splits", findings).iter().filter_map(|item| split(item, findings)).collect();
    fields.finish(NOT_BUILT, findings);
    Some(CaseLine { line_id: line_id?.value, amount: amount?.value, ..line })
}

fn split(node: &Node, findings: &mut Findings) -> Option<CaseSplit> {
    let mut fields = Fields::of(node, findings)?;
    let payee = fields.id("payee_id", findings);
    let role = fields.optional_text("role", findings).map_or("seller".into(), |role: Located<String>| role.value);
    let counts = fields.choice("counts", modes::COUNTS, findings);
    let share = fields.number("share", Share::parse, findings);
    fields.finish(&[], findings);
    Some(CaseSplit { payee_id: payee?.value, role, counts: counts?.value, share: share?.value })
}

/// `{ ana = "60%", ben = "40%" }`.
fn shares(node: &Node, counts: Counts, findings: &mut Findings) -> Vec<CaseSplit> {
    let Some(fields) = Fields::of(node, findings) else { return Vec::new() };
    let role = if counts == Counts::Revenue { "seller" } else { "overlay" };
    let split = |entry: &super::super::node::Entry| {
        let share = number_of(&entry.node, &entry.key, Share::parse, findings)?;
        Some(CaseSplit { payee_id: entry.key.clone(), role: role.into(), counts, share: share.value })
    };
    fields.others().filter_map(split).collect()
}
