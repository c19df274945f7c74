//! How a quota stands in a record: the fields of `schemas/quota-changed.avsc`.

use super::deal::in_range;
use super::decimal::{self, AMOUNT_DIGITS};
use crate::domain::calendar::Date;
use crate::domain::money::Amount;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(super) struct QuotaRecord<'a> {
    payee_id: &'a str,
    measure: &'a str,
    calendar: &'a str,
    #[serde(borrow)]
    interval: Cow<'a, str>,
    #[serde(with = "decimal::optional_amount")]
    amount: Option<Amount>,
    revision: i64,
    applies_from: Option<Date>,
    author: &'a str,
    reason: &'a str,
    occurred_at: i64,
}

impl<'a> QuotaRecord<'a> {
    pub(super) fn new(quota: &QuotaChanged<'a>) -> QuotaRecord<'a> {
        QuotaRecord {
            payee_id: quota.payee_id,
            measure: quota.measure,
            calendar: quota.calendar,
            interval: quota.interval.to_string().into(),
            amount: quota.amount,
            revision: quota.revision,
            applies_from: quota.applies_from,
            author: quota.author,
            reason: quota.reason,
            occurred_at: quota.occurred_at,
        }
    }

    /// The quota, with its interval read and its amount within the schema's digits.
    pub(super) fn quota(self) -> Result<QuotaChanged<'a>, Reject> {
        let interval = self.interval.parse();
        let interval =
            interval.map_err(|error: crate::domain::calendar::DateError| Reject::field("interval", error.to_string()))?;
        let fits = self.amount.is_none_or(|amount| decimal::fits(amount.0, AMOUNT_DIGITS));
        in_range(fits, || "amount".into(), "decimal(24,6)")?;
        Ok(QuotaChanged {
            payee_id: self.payee_id,
            measure: self.measure,
            calendar: self.calendar,
            interval,
            amount: self.amount,
            revision: self.revision,
            applies_from: self.applies_from,
            author: self.author,
            reason: self.reason,
            occurred_at: self.occurred_at,
        })
    }
}
