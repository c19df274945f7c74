//! How a plan's pay terms and its cap stand in a record: draw, payment cap, minimum settlement and plan cap of `schemas/facts.avsc`.

use super::component::{read_amount, read_rate};
use super::decimal::{AmountDecimal, RateDecimal, Unscaled};
use super::mode::{mode, mode_text};
use crate::domain::calendar::Period;
use crate::domain::pay_terms::{Draw, MinimumSettlement, PayTerms, PaymentCap, Recover};
use crate::domain::plan::PlanCap;
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct DrawRecord {
    amount: AmountDecimal,
    first: String,
    last: String,
    recover: Option<RecoverRecord>,
}

#[derive(Serialize, Deserialize)]
struct RecoverRecord {
    from: String,
    share_of_excess: RateDecimal,
    floor: String,
    maximum_balance: Option<AmountDecimal>,
    at_end: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentCapRecord {
    amount: AmountDecimal,
    excess: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MinimumSettlementRecord {
    amount: AmountDecimal,
    flush: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PlanCapRecord {
    per: String,
    amount: AmountDecimal,
}

impl PlanCapRecord {
    pub(super) fn new(cap: &PlanCap) -> Result<PlanCapRecord, String> {
        Ok(PlanCapRecord { per: mode_text(&cap.per)?, amount: Unscaled(cap.amount.0) })
    }

    pub(super) fn cap(self) -> Result<PlanCap, Reject> {
        Ok(PlanCap { per: mode("plan_cap.per", &self.per)?, amount: read_amount("plan_cap.amount", self.amount)? })
    }
}

impl DrawRecord {
    pub(super) fn new(draw: &Draw) -> Result<DrawRecord, String> {
        Ok(DrawRecord {
            amount: Unscaled(draw.amount.0),
            first: draw.first.to_string(),
            last: draw.last.to_string(),
            recover: draw.recover.as_ref().map(RecoverRecord::new).transpose()?,
        })
    }

    fn draw(self) -> Result<Draw, Reject> {
        Ok(Draw {
            amount: read_amount("draw.amount", self.amount)?,
            first: period("draw.first", &self.first)?,
            last: period("draw.last", &self.last)?,
            recover: self.recover.map(RecoverRecord::recover).transpose()?,
        })
    }
}

impl RecoverRecord {
    fn new(recover: &Recover) -> Result<RecoverRecord, String> {
        Ok(RecoverRecord {
            from: recover.from.to_string(),
            share_of_excess: Unscaled(i128::from(recover.share_of_excess.0)),
            floor: mode_text(&recover.floor)?,
            maximum_balance: recover.maximum_balance.map(|most| Unscaled(most.0)),
            at_end: mode_text(&recover.at_end)?,
        })
    }

    fn recover(self) -> Result<Recover, Reject> {
        let most = self.maximum_balance.map(|most| read_amount("draw.recover.maximum_balance", most));
        Ok(Recover {
            from: period("draw.recover.from", &self.from)?,
            share_of_excess: read_rate("draw.recover.share_of_excess", self.share_of_excess)?,
            floor: mode("draw.recover.floor", &self.floor)?,
            maximum_balance: most.transpose()?,
            at_end: mode("draw.recover.at_end", &self.at_end)?,
        })
    }
}

impl PaymentCapRecord {
    pub(super) fn new(cap: &PaymentCap) -> Result<PaymentCapRecord, String> {
        Ok(PaymentCapRecord { amount: Unscaled(cap.amount.0), excess: mode_text(&cap.excess)? })
    }

    fn payment_cap(self) -> Result<PaymentCap, Reject> {
        let excess = mode("payment_cap.excess", &self.excess)?;
        Ok(PaymentCap { amount: read_amount("payment_cap.amount", self.amount)?, excess })
    }
}

impl MinimumSettlementRecord {
    pub(super) fn new(minimum: &MinimumSettlement) -> Result<MinimumSettlementRecord, String> {
        Ok(MinimumSettlementRecord { amount: Unscaled(minimum.amount.0), flush: mode_text(&minimum.flush)? })
    }

    fn minimum_settlement(self) -> Result<MinimumSettlement, Reject> {
        let flush = mode("minimum_settlement.flush", &self.flush)?;
        Ok(MinimumSettlement { amount: read_amount("minimum_settlement.amount", self.amount)?, flush })
    }
}

pub(super) fn pay_terms(
    draw: Option<DrawRecord>,
    payment_cap: Option<PaymentCapRecord>,
    minimum_settlement: Option<MinimumSettlementRecord>,
) -> Result<PayTerms, Reject> {
    Ok(PayTerms {
        draw: draw.map(DrawRecord::draw).transpose()?,
        payment_cap: payment_cap.map(PaymentCapRecord::payment_cap).transpose()?,
        minimum_settlement: minimum_settlement.map(MinimumSettlementRecord::minimum_settlement).transpose()?,
    })
}

fn period(field: &str, text: &str) -> Result<Period, Reject> {
    text.parse().map_err(|error| Reject::new(Reason::InvalidFact, field, format!("{error}")))
}
