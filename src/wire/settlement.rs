//! How a settlement stands in a record: the fields of `schemas/deal-settled.avsc`.

use super::deal::in_range;
use super::decimal::{self, AMOUNT_DIGITS};
use crate::domain::calendar::Date;
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use crate::domain::settlement::{DealSettled, SettlementKind};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct SettlementRecord<'a> {
    settlement_id: &'a str,
    deal_id: &'a str,
    kind: SettlementKind,
    #[serde(with = "decimal::amount")]
    amount: Amount,
    currency: &'a str,
    on: Date,
    occurred_at: i64,
}

impl<'a> SettlementRecord<'a> {
    pub(super) fn new(settled: &DealSettled<'a>) -> SettlementRecord<'a> {
        let DealSettled { settlement_id, deal_id, kind, amount, currency, on, occurred_at } = *settled;
        SettlementRecord { settlement_id, deal_id, kind, amount, currency, on, occurred_at }
    }

    /// The settlement, with its amount within the schema's digits.
    pub(super) fn settlement(self) -> Result<DealSettled<'a>, Reject> {
        let SettlementRecord { settlement_id, deal_id, kind, amount, currency, on, occurred_at } = self;
        in_range(decimal::fits(amount.0, AMOUNT_DIGITS), || "amount".into(), "decimal(24,6)")?;
        Ok(DealSettled { settlement_id, deal_id, kind, amount, currency, on, occurred_at })
    }
}
