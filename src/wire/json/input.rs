//! Inputs as the lines of JSON that they are read from: what comes out goes in again and is the same.

use crate::domain::acknowledgement::PayoutAcknowledged;
use crate::domain::adjustment::{AdjustmentMade, TargetFields};
use crate::domain::calendar::Date;
use crate::domain::deal::{Attribute, DealClosed, Line, Split};
use crate::domain::money::{AMOUNT_DECIMALS, format_scaled};
use crate::domain::quota::QuotaChanged;
use crate::domain::settlement::DealSettled;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Error, json};
use std::collections::BTreeMap;

/// The fields of a line. Decimals are text, but for an attribute that is a number: it is written digit by digit.
#[derive(Serialize)]
struct DealLine<'d> {
    deal_id: &'d str,
    revision: i64,
    status: crate::domain::deal::DealStatus,
    change: crate::domain::deal::Change,
    effective_on: Option<String>,
    closed_on: String,
    sequence: Option<i64>,
    currency: &'d str,
    customer: Option<&'d str>,
    related_deal: Option<&'d str>,
    kind: Option<crate::domain::deal::DealKind>,
    contract_start: Option<String>,
    term_months: Option<i32>,
    stage: Option<&'d str>,
    probability: Option<String>,
    lines: Vec<serde_json::Value>,
    splits: Vec<serde_json::Value>,
    attributes: BTreeMap<&'d str, Box<RawValue>>,
    occurred_at: i64,
}

pub fn deal_line(deal: &DealClosed<'_>) -> Result<Box<RawValue>, Error> {
    let date = |date: Option<Date>| date.map(|date| date.to_string());
    let attributes = deal.attributes.iter().map(|(name, value)| Ok((*name, attribute(value)?)));
    to_raw_value(&DealLine {
        deal_id: deal.deal_id,
        revision: deal.revision,
        status: deal.status,
        change: deal.change,
        effective_on: date(deal.effective_on),
        closed_on: deal.closed_on.to_string(),
        sequence: deal.sequence,
        currency: deal.currency,
        customer: deal.customer,
        related_deal: deal.related_deal,
        kind: deal.kind,
        contract_start: date(deal.contract_start),
        term_months: deal.term_months,
        stage: deal.stage,
        probability: deal.probability.map(|share| share.to_string()),
        lines: deal.lines.iter().map(line).collect(),
        splits: deal.splits.iter().map(split).collect(),
        attributes: attributes.collect::<Result<_, Error>>()?,
        occurred_at: deal.occurred_at,
    })
}

fn attribute(value: &Attribute<'_>) -> Result<Box<RawValue>, Error> {
    match value {
        Attribute::Text(text) => to_raw_value(text),
        Attribute::Number(millionths) => RawValue::from_string(format_scaled(*millionths, AMOUNT_DECIMALS, 0)),
        Attribute::Date(date) => to_raw_value(&json!({ "date": date.to_string() })),
    }
}

fn line(line: &Line<'_>) -> serde_json::Value {
    json!({
        "line_id": line.line_id,
        "product": line.product,
        "geography": line.geography,
        "segment": line.segment,
        "amount": line.amount.to_string(),
        "quantity": line.quantity.to_string(),
        "cost": line.cost.map(|cost| cost.to_string()),
        "splits": line.splits.iter().map(split).collect::<Vec<_>>(),
    })
}

fn split(split: &Split<'_>) -> serde_json::Value {
    json!({ "payee_id": split.payee_id, "role": split.role, "counts": split.counts, "share": split.share.to_string() })
}

pub fn quota_line(quota: &QuotaChanged<'_>) -> Result<Box<RawValue>, Error> {
    to_raw_value(&json!({
        "payee_id": quota.payee_id,
        "measure": quota.measure,
        "calendar": quota.calendar,
        "interval": quota.interval.to_string(),
        "amount": quota.amount.map(|amount| amount.to_string()),
        "revision": quota.revision,
        "applies_from": quota.applies_from.map(|date| date.to_string()),
        "author": quota.author,
        "reason": quota.reason,
        "occurred_at": quota.occurred_at,
    }))
}

pub fn settlement_line(settled: &DealSettled<'_>) -> Result<Box<RawValue>, Error> {
    to_raw_value(&json!({
        "settlement_id": settled.settlement_id,
        "deal_id": settled.deal_id,
        "kind": settled.kind,
        "amount": settled.amount.to_string(),
        "currency": settled.currency,
        "on": settled.on.to_string(),
        "occurred_at": settled.occurred_at,
    }))
}

pub fn adjustment_line(of: &AdjustmentMade) -> Result<Box<RawValue>, Error> {
    let (target, fields) = TargetFields::of(&of.target);
    to_raw_value(&json!({
        "adjustment_id": of.adjustment_id,
        "payee_id": of.payee_id,
        "target": target,
        "measure": fields.measure,
        "credit_kind": fields.credit_kind,
        "component": fields.component,
        "earning_code": fields.earning_code,
        "calendar": of.calendar,
        "effective_period": of.effective_period.to_string(),
        "amount": of.amount.to_string(),
        "reverses": of.reverses,
        "author": of.author,
        "reason": of.reason,
        "approver": of.approver,
        "occurred_at": of.occurred_at,
    }))
}

pub fn acknowledgement_line(of: &PayoutAcknowledged<'_>) -> Result<Box<RawValue>, Error> {
    to_raw_value(&json!({
        "payout_id": of.payout_id,
        "payee_id": of.payee_id,
        "status": of.status,
        "amount": of.amount.map(|amount| amount.to_string()),
        "reference": of.reference,
        "reason": of.reason,
        "occurred_at": of.occurred_at,
    }))
}
