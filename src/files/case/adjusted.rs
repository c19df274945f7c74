//! A manual adjustment in a case: `{ adjust = "ann", component = "commission", ... }`.

use super::super::adjustments::{accepted, inferred};
use super::super::codes;
use super::super::fields::Fields;
use super::super::modes;
use super::super::source::{Findings, Place};
use crate::domain::adjustment::{AdjustmentMade, Target, TargetFields};
use crate::domain::calendar::Period;
use crate::domain::money::Amount;

/// One that leaves its id out is the case's next; what it is about says its target: a `measure` (with the `credit_kind`
/// as which it counts), a `component` or an `earning_code`.
pub fn adjustment(
    place: Place,
    mut fields: Fields<'_>,
    number: usize,
    calendar: &str,
    findings: &mut Findings,
) -> Option<AdjustmentMade> {
    let payee_id = fields.id("adjust", findings);
    let period = fields.parsed("period", codes::BAD_DATE, str::parse::<Period>, findings);
    let amount = fields.number("amount", Amount::parse, findings);
    let target = target(place, &mut fields, findings);
    let id = fields.optional_id("adjustment", findings);
    let reverses = fields.optional_id("reverses", findings);
    let by = fields.optional_id("by", findings);
    let approver = fields.optional_id("approver", findings);
    let reason = fields.optional_text("reason", findings);
    fields.finish(&[], findings);
    let made = AdjustmentMade {
        adjustment_id: id.map_or_else(|| format!("adjustment-{number}"), |id| id.value),
        payee_id: payee_id?.value,
        target: target?,
        calendar: calendar.into(),
        effective_period: period?.value,
        amount: amount?.value,
        reverses: reverses.map(|id| id.value),
        author: by.map_or_else(|| "case".into(), |by| by.value),
        reason: reason.map_or_else(|| "case".into(), |reason| reason.value),
        approver: approver.map(|id| id.value),
        occurred_at: 0,
    };
    accepted(place, made, findings)
}

fn target(place: Place, fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Target> {
    let mut id = |key| fields.optional_id(key, findings).map(|id| id.value);
    let (measure, component, earning_code) = (id("measure"), id("component"), id("earning_code"));
    let credit_kind = match measure {
        Some(_) => Some(fields.choice("credit_kind", modes::CREDIT_KINDS, findings)?.value),
        None => None,
    };
    inferred(place, TargetFields { measure, credit_kind, component, earning_code }, findings)
}
