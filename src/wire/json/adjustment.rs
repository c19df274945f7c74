//! An adjustment as one line of JSON.

use super::object::Object;
use crate::domain::adjustment::{AdjustmentMade, TargetFields};
use crate::domain::money::Amount;
use crate::domain::reject::Reject;

/// Reads one line; `occurred_at` is 0 unless given.
pub fn adjustment_from_line(line: &str) -> Result<AdjustmentMade, Reject> {
    let mut fields = Object::of_line(line)?;
    let kind = fields.choice("target")?;
    let about = TargetFields {
        measure: fields.optional_text("measure")?,
        credit_kind: fields.optional_choice("credit_kind")?,
        component: fields.optional_text("component")?,
        earning_code: fields.optional_text("earning_code")?,
    };
    let made = AdjustmentMade {
        adjustment_id: fields.text("adjustment_id")?,
        payee_id: fields.text("payee_id")?,
        target: about.target(kind)?,
        calendar: fields.text("calendar")?,
        effective_period: fields.dated("effective_period")?,
        amount: fields.decimal("amount", Amount::parse)?,
        reverses: fields.optional_text("reverses")?,
        author: fields.text("author")?,
        reason: fields.text("reason")?,
        approver: fields.optional_text("approver")?,
        occurred_at: fields.time("occurred_at")?,
    };
    fields.finish().map(|()| made)
}
