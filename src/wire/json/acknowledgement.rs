//! What payroll says about a payout, as one line of JSON.

use super::object::Object;
use crate::domain::acknowledgement::{PayoutAcknowledged, PayoutStatus};
use crate::domain::money::Amount;
use crate::domain::reject::Reject;

/// An acknowledgement that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    pub payout_id: String,
    pub payee_id: String,
    pub status: PayoutStatus,
    pub amount: Option<Amount>,
    pub reference: Option<String>,
    pub reason: Option<String>,
    pub occurred_at: i64,
}

/// Reads one line; `occurred_at` is 0 unless given.
pub fn acknowledgement_from_line(line: &str) -> Result<Acknowledgement, Reject> {
    let mut fields = Object::of_line(line)?;
    let acknowledgement = Acknowledgement {
        payout_id: fields.text("payout_id")?,
        payee_id: fields.text("payee_id")?,
        status: fields.choice("status")?,
        amount: fields.optional_decimal("amount", Amount::parse)?,
        reference: fields.optional_text("reference")?,
        reason: fields.optional_text("reason")?,
        occurred_at: fields.time("occurred_at")?,
    };
    fields.finish().map(|()| acknowledgement)
}

impl Acknowledgement {
    /// The acknowledgement as the domain takes it.
    pub fn as_acknowledgement(&self) -> PayoutAcknowledged<'_> {
        PayoutAcknowledged {
            payout_id: &self.payout_id,
            payee_id: &self.payee_id,
            status: self.status,
            amount: self.amount,
            reference: self.reference.as_deref(),
            reason: self.reason.as_deref(),
            occurred_at: self.occurred_at,
        }
    }
}
