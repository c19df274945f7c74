//! What payroll says about a payout that was published to it.

use super::deal::check_id;
use super::money::Amount;
use super::reject::Reject;
use serde::{Deserialize, Serialize};

/// The longest id of a payout, which names a run, a payee, a code and periods.
const PAYOUT_ID_BYTES: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayoutStatus {
    /// Taken, and not paid yet.
    Accepted,
    /// Not paid, and will not be.
    Rejected,
    Paid,
    /// Paid, and come back.
    Returned,
}

impl PayoutStatus {
    pub fn name(self) -> &'static str {
        match self {
            PayoutStatus::Accepted => "ACCEPTED",
            PayoutStatus::Rejected => "REJECTED",
            PayoutStatus::Paid => "PAID",
            PayoutStatus::Returned => "RETURNED",
        }
    }
}

/// One word of payroll about one payout; the last one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutAcknowledged<'a> {
    pub payout_id: &'a str,
    pub payee_id: &'a str,
    pub status: PayoutStatus,
    /// What was paid; PAID has it.
    pub amount: Option<Amount>,
    /// Payroll's own name of the payment.
    pub reference: Option<&'a str>,
    /// Why it was rejected or returned; both have it.
    pub reason: Option<&'a str>,
    /// Microseconds since 1970.
    pub occurred_at: i64,
}

impl PayoutAcknowledged<'_> {
    /// What is wrong in the record itself.
    pub fn check(&self) -> Result<(), Reject> {
        check_id("payee_id", self.payee_id)?;
        if self.payout_id.is_empty() || self.payout_id.len() > PAYOUT_ID_BYTES {
            return Err(Reject::field("payout_id", format!("has 1 to {PAYOUT_ID_BYTES} bytes")));
        }
        let lacks = |field: &str, status: &str| Err(Reject::field(field, format!("missing: {status} states it")));
        match self.status {
            PayoutStatus::Paid if self.amount.is_none() => lacks("amount", "PAID"),
            PayoutStatus::Rejected | PayoutStatus::Returned if self.reason.is_none() => lacks("reason", self.status.name()),
            _ => Ok(()),
        }
    }
}
