//! What a plan says of pay itself: a draw or guarantee, its recovery, a payment cap, a minimum settlement.
//!
//! Leaves out what becomes of it in a run (`account`), and who is on which plan (`world`).

use super::calendar::Period;
use super::money::{Amount, Rate};
use serde::{Deserialize, Serialize};

/// Pay terms of one plan version. Of several plans of one payee each part is taken from the first plan, in order of
/// their ids, that states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayTerms {
    pub draw: Option<Draw>,
    pub payment_cap: Option<PaymentCap>,
    pub minimum_settlement: Option<MinimumSettlement>,
}

/// What a payee gets at least in each pay period from `first` to `last`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub amount: Amount,
    pub first: Period,
    pub last: Period,
    /// How what it added is paid back; `None`: it is a guarantee and never is.
    pub recover: Option<Recover>,
}

/// How what a draw has added is taken out of later pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recover {
    /// First pay period that pays back.
    pub from: Period,
    /// Of what is above the floor, at most this.
    pub share_of_excess: Rate,
    pub floor: RecoveryFloor,
    /// The draw stops adding where this much is owed.
    pub maximum_balance: Option<Amount>,
    pub at_end: AtEnd,
}

/// What recovery leaves of a period's pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryFloor {
    /// The draw, while it runs; afterwards nothing.
    Draw,
    Zero,
}

/// What becomes of what is still owed after the last pay period of a payee on a plan with such a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    Owed,
    Forgiven,
}

/// What a pay period pays at most, before what is brought forward from a negative net and before a draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCap {
    pub amount: Amount,
    pub excess: PaymentExcess,
}

/// What is above a payment cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentExcess {
    /// It is brought forward into the next run, under its cap again.
    Carry,
    /// Nobody pays it.
    Lost,
}

/// A net below this amount is brought forward instead of paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinimumSettlement {
    pub amount: Amount,
    pub flush: Flush,
}

/// When a net is paid although it is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flush {
    /// In the last pay period of a payee on the plan, and after it.
    End,
    /// Then, and in the last pay period of each year.
    YearEnd,
}
