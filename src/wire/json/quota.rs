//! A quota as one line of JSON.

use super::object::Object;
use crate::domain::calendar::{Date, Interval};
use crate::domain::money::Amount;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::Reject;

/// A quota that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    pub payee_id: String,
    pub measure: String,
    pub calendar: String,
    pub interval: Interval,
    pub amount: Option<Amount>,
    pub revision: i64,
    pub applies_from: Option<Date>,
    pub author: String,
    pub reason: String,
    pub occurred_at: i64,
}

/// Reads one line. No `amount` withdraws the quota; `occurred_at` is 0 unless given.
pub fn quota_from_line(line: &str) -> Result<Quota, Reject> {
    let mut fields = Object::of_line(line)?;
    let quota = Quota {
        payee_id: fields.text("payee_id")?,
        measure: fields.text("measure")?,
        calendar: fields.text("calendar")?,
        interval: fields.dated("interval")?,
        amount: fields.optional_decimal("amount", Amount::parse)?,
        revision: fields.integer("revision")?,
        applies_from: fields.optional_dated("applies_from")?,
        author: fields.text("author")?,
        reason: fields.text("reason")?,
        occurred_at: fields.time("occurred_at")?,
    };
    fields.finish().map(|()| quota)
}

impl Quota {
    /// The quota as the domain takes it.
    pub fn as_quota(&self) -> QuotaChanged<'_> {
        QuotaChanged {
            payee_id: &self.payee_id,
            measure: &self.measure,
            calendar: &self.calendar,
            interval: self.interval,
            amount: self.amount,
            revision: self.revision,
            applies_from: self.applies_from,
            author: &self.author,
            reason: &self.reason,
            occurred_at: self.occurred_at,
        }
    }
}
