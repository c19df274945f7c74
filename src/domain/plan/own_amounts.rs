//! Amounts of a plan's terms of pay, and of its cap, that are each payee's own: where they stand.
//!
//! Leaves out what a term does with its amount (`account`, `plan_cap`), and which row of a payee states it (`world`).

use super::Plan;
use crate::domain::money::Amount;
use serde::{Deserialize, Serialize};

/// An amount that is a parameter of the payee; the plan states 0 in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAmount {
    pub place: AmountPlace,
    pub parameter: String,
}

/// Which amount of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountPlace {
    /// Of a draw or guarantee.
    Draw,
    MaximumBalance,
    PaymentCap,
    MinimumSettlement,
    /// The cap of all that the plan earns.
    PlanCap,
}

impl AmountPlace {
    /// Where a record of the plan states it.
    pub fn field(self) -> &'static str {
        match self {
            AmountPlace::Draw => "draw.amount",
            AmountPlace::MaximumBalance => "draw.recover.maximum_balance",
            AmountPlace::PaymentCap => "payment_cap.amount",
            AmountPlace::MinimumSettlement => "minimum_settlement.amount",
            AmountPlace::PlanCap => "cap.amount",
        }
    }
}

impl Plan {
    /// The plan's amount in a place; `None` where the term is not stated.
    pub fn stated_amount(&self, place: AmountPlace) -> Option<Amount> {
        let pay = &self.pay;
        match place {
            AmountPlace::Draw => pay.draw.as_ref().map(|draw| draw.amount),
            AmountPlace::MaximumBalance => pay.draw.as_ref()?.recover.as_ref()?.maximum_balance,
            AmountPlace::PaymentCap => pay.payment_cap.as_ref().map(|cap| cap.amount),
            AmountPlace::MinimumSettlement => pay.minimum_settlement.as_ref().map(|minimum| minimum.amount),
            AmountPlace::PlanCap => self.cap.map(|cap| cap.amount),
        }
    }

    /// The payee's parameter that is the amount in a place.
    pub fn own_amount(&self, place: AmountPlace) -> Option<&str> {
        self.own_amounts.iter().find(|own| own.place == place).map(|own| own.parameter.as_str())
    }
}
