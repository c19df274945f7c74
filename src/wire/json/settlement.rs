//! A settlement as one line of JSON.

use super::object::Object;
use crate::domain::calendar::Date;
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use crate::domain::settlement::{DealSettled, SettlementKind};

/// A settlement that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub settlement_id: String,
    pub deal_id: String,
    pub kind: SettlementKind,
    pub amount: Amount,
    pub currency: String,
    pub on: Date,
    pub occurred_at: i64,
}

/// Reads one line; `occurred_at` is 0 unless given.
pub fn settlement_from_line(line: &str) -> Result<Settlement, Reject> {
    let mut fields = Object::of_line(line)?;
    let settlement = Settlement {
        settlement_id: fields.text("settlement_id")?,
        deal_id: fields.text("deal_id")?,
        kind: fields.choice("kind")?,
        amount: fields.decimal("amount", Amount::parse)?,
        currency: fields.text("currency")?,
        on: fields.dated("on")?,
        occurred_at: fields.time("occurred_at")?,
    };
    fields.finish().map(|()| settlement)
}

impl Settlement {
    /// The settlement as the domain takes it.
    pub fn as_settlement(&self) -> DealSettled<'_> {
        DealSettled {
            settlement_id: &self.settlement_id,
            deal_id: &self.deal_id,
            kind: self.kind,
            amount: self.amount,
            currency: &self.currency,
            on: self.on,
            occurred_at: self.occurred_at,
        }
    }
}
