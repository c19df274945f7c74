//! A settlement in a case: what a customer paid for a deal, was refunded or invoiced.

use super::super::codes;
use super::super::fields::Fields;
use super::super::modes;
use super::super::source::Findings;
use crate::domain::calendar::Date;
use crate::domain::money::Amount;
use crate::domain::settlement::{DealSettled, SettlementKind};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSettlement {
    pub settlement_id: String,
    pub deal_id: String,
    pub kind: SettlementKind,
    pub amount: Amount,
    pub currency: String,
    pub on: Date,
}

impl CaseSettlement {
    /// The record to append.
    pub fn as_settlement(&self, occurred_at: i64) -> DealSettled<'_> {
        DealSettled {
            settlement_id: &self.settlement_id,
            deal_id: &self.deal_id,
            kind: self.kind,
            amount: self.amount,
            currency: &self.currency,
            on: self.on,
            occurred_at,
        }
    }
}

/// One that leaves its id out is the case's next; without a kind it is COLLECTED, in the company's currency.
pub fn settlement(mut fields: Fields<'_>, number: usize, currency: &str, findings: &mut Findings) -> Option<CaseSettlement> {
    let deal_id = fields.id("settled", findings);
    let on = fields.date("on", findings);
    let amount = fields.number("amount", Amount::parse, findings);
    let kind = fields.optional_choice("kind", modes::SETTLEMENT_KIND, findings);
    let id = fields.optional_id("settlement", findings);
    let stated = fields.optional_id("currency", findings);
    fields.finish(&[], findings);
    let amount = amount?;
    if amount.value.0 <= 0 {
        let hint = "write how much, and kind = \"REFUNDED\" for what went back";
        findings.add(amount.place, codes::BAD_RANGE, format!("{} is not more than 0", amount.value), hint);
        return None;
    }
    Some(CaseSettlement {
        settlement_id: id.map_or_else(|| format!("settlement-{number}"), |id| id.value),
        deal_id: deal_id?.value,
        kind: kind.map_or(SettlementKind::Collected, |kind| kind.value),
        amount: amount.value,
        currency: stated.map_or_else(|| currency.to_owned(), |stated| stated.value),
        on: on?.value,
    })
}
