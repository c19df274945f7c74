//! How an adjustment stands in a record: the fields of `schemas/adjustment-made.avsc`. The target is one field, what it
//! is about another.

use super::deal::in_range;
use super::decimal::{self, AMOUNT_DIGITS};
use crate::domain::adjustment::{AdjustmentMade, TargetFields, TargetKind};
use crate::domain::calendar::DateError;
use crate::domain::fact::CreditKind;
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct AdjustmentRecord {
    adjustment_id: String,
    payee_id: String,
    target: TargetKind,
    measure: Option<String>,
    credit_kind: Option<CreditKind>,
    component: Option<String>,
    earning_code: Option<String>,
    calendar: String,
    effective_period: String,
    #[serde(with = "decimal::amount")]
    amount: Amount,
    reverses: Option<String>,
    author: String,
    reason: String,
    approver: Option<String>,
    occurred_at: i64,
}

impl AdjustmentRecord {
    pub(super) fn new(of: &AdjustmentMade) -> AdjustmentRecord {
        let (target, fields) = TargetFields::of(&of.target);
        let TargetFields { measure, credit_kind, component, earning_code } = fields;
        AdjustmentRecord {
            adjustment_id: of.adjustment_id.clone(),
            payee_id: of.payee_id.clone(),
            target,
            measure,
            credit_kind,
            component,
            earning_code,
            calendar: of.calendar.clone(),
            effective_period: of.effective_period.to_string(),
            amount: of.amount,
            reverses: of.reverses.clone(),
            author: of.author.clone(),
            reason: of.reason.clone(),
            approver: of.approver.clone(),
            occurred_at: of.occurred_at,
        }
    }

    /// The adjustment, with its period read and its amount within the schema's digits.
    pub(super) fn adjustment(self) -> Result<AdjustmentMade, Reject> {
        let AdjustmentRecord { measure, credit_kind, component, earning_code, .. } = self;
        let effective_period = self.effective_period.parse();
        let effective_period =
            effective_period.map_err(|error: DateError| Reject::field("effective_period", error.to_string()))?;
        in_range(decimal::fits(self.amount.0, AMOUNT_DIGITS), || "amount".into(), "decimal(24,6)")?;
        Ok(AdjustmentMade {
            adjustment_id: self.adjustment_id,
            payee_id: self.payee_id,
            target: TargetFields { measure, credit_kind, component, earning_code }.target(self.target)?,
            calendar: self.calendar,
            effective_period,
            amount: self.amount,
            reverses: self.reverses,
            author: self.author,
            reason: self.reason,
            approver: self.approver,
            occurred_at: self.occurred_at,
        })
    }
}
