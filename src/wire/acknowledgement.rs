//! How an acknowledgement stands in a record: the fields of `schemas/payout-acknowledged.avsc`.

use super::deal::in_range;
use super::decimal::{self, AMOUNT_DIGITS};
use crate::domain::acknowledgement::{PayoutAcknowledged, PayoutStatus};
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct AcknowledgementRecord<'a> {
    payout_id: &'a str,
    payee_id: &'a str,
    status: PayoutStatus,
    #[serde(with = "decimal::optional_amount")]
    amount: Option<Amount>,
    #[serde(borrow)]
    reference: Option<&'a str>,
    reason: Option<&'a str>,
    occurred_at: i64,
}

impl<'a> AcknowledgementRecord<'a> {
    pub(super) fn new(of: &PayoutAcknowledged<'a>) -> AcknowledgementRecord<'a> {
        let PayoutAcknowledged { payout_id, payee_id, status, amount, reference, reason, occurred_at } = *of;
        AcknowledgementRecord { payout_id, payee_id, status, amount, reference, reason, occurred_at }
    }

    /// The acknowledgement, with its amount within the schema's digits.
    pub(super) fn acknowledgement(self) -> Result<PayoutAcknowledged<'a>, Reject> {
        let AcknowledgementRecord { payout_id, payee_id, status, amount, reference, reason, occurred_at } = self;
        let fits = amount.is_none_or(|amount| decimal::fits(amount.0, AMOUNT_DIGITS));
        in_range(fits, || "amount".into(), "decimal(24,6)")?;
        Ok(PayoutAcknowledged { payout_id, payee_id, status, amount, reference, reason, occurred_at })
    }
}
