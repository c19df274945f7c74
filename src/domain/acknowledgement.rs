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

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: PayoutAcknowledged<'static> = PayoutAcknowledged {
        payout_id: "r1/p1/COMM",
        payee_id: "p1",
        status: PayoutStatus::Paid,
        amount: Some(Amount(1)),
        reference: None,
        reason: None,
        occurred_at: 0,
    };

    #[test]
    fn each_status_states_what_it_needs() {
        let check = |status, amount: Option<i128>, reason, wanted: Result<(), &str>| {
            let acknowledged = PayoutAcknowledged { status, amount: amount.map(Amount), reason, ..PAID };
            let found = acknowledged.check().map_err(|reject| format!("{}: {}", reject.field, reject.message));
            assert_eq!(found, wanted.map_err(str::to_owned), "{acknowledged:?}");
        };
        check(PayoutStatus::Paid, Some(1), None, Ok(()));
        check(PayoutStatus::Paid, None, Some("bank"), Err("amount: missing: PAID states it"));
        check(PayoutStatus::Rejected, None, Some("no account"), Ok(()));
        check(PayoutStatus::Rejected, Some(1), None, Err("reason: missing: REJECTED states it"));
        check(PayoutStatus::Returned, None, Some("account closed"), Ok(()));
        check(PayoutStatus::Returned, Some(1), None, Err("reason: missing: RETURNED states it"));
        check(PayoutStatus::Accepted, None, None, Ok(()));
        assert_eq!(PayoutStatus::Accepted.name(), "ACCEPTED");
    }

    #[test]
    fn ids_have_their_lengths() {
        for (bytes, fits) in [(0, false), (1, true), (PAYOUT_ID_BYTES, true), (PAYOUT_ID_BYTES + 1, false)] {
            let found = PayoutAcknowledged { payout_id: &"x".repeat(bytes), ..PAID }.check();
            assert_eq!(found.map_err(|reject| reject.field), if fits { Ok(()) } else { Err("payout_id".into()) }, "{bytes}");
        }
        let found = PayoutAcknowledged { payee_id: "", ..PAID }.check();
        assert_eq!(found.map_err(|reject| reject.field), Err("payee_id".into()));
    }
}
