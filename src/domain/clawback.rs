//! What a plan takes back of what a deal earned that is returned or cancelled. What was returned is `returns`.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clawback {
    pub price: ClawbackPrice,
    pub period: ClawbackPeriod,
}

/// How much is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClawbackPrice {
    /// What all deals earn less without what was returned: the sums are as if it had never been sold.
    #[default]
    Recompute,
    /// What the deal itself earned at its place: it goes on counting in the sums, and the others keep what they earned.
    HistoricRate,
}

/// When it is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClawbackPeriod {
    /// In the pay period of the deal.
    #[default]
    Original,
    /// In the pay period of the return; that of the deal keeps what it earned.
    Current,
}
