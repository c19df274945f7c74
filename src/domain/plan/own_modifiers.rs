//! Numbers of a component's modifiers that are the payee's own: where they stand, and what a payee's amount is there.
//!
//! Leaves out what the modifiers do (`reward`), and which of them a component may have (`world`).

use super::{Modifiers, Otherwise};
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS};
use serde::{Deserialize, Serialize};

/// A number of a modifier that is a parameter of the payee; the plan states 0 in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnModifier {
    pub place: OwnPlace,
    pub parameter: String,
}

/// Which number of the modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OwnPlace {
    Weight,
    Cap,
    DealCap,
    Floor,
    /// Where the gate is met, on whichever side.
    GateAtLeast,
    /// What a gate that is not met leaves: a part, or the most.
    GateElse,
    /// That of the multiplier's tier at this place.
    Factor(usize),
}

impl Modifiers {
    /// The plan's number, in the unit that it has there; `None` where the modifier is not stated.
    pub fn stated(&self, place: OwnPlace) -> Option<i128> {
        match place {
            OwnPlace::Weight => self.weight.map(|weight| weight.0.into()),
            OwnPlace::Cap => self.cap.map(|cap| cap.0),
            OwnPlace::DealCap => self.deal_cap.map(|cap| cap.0),
            OwnPlace::Floor => self.floor.map(|floor| floor.0),
            OwnPlace::GateAtLeast => self.gate.as_ref().map(|gate| gate.bound.edge()),
            OwnPlace::GateElse => match self.gate.as_ref()?.otherwise {
                Otherwise::Zero => None,
                Otherwise::Factor(factor) => Some(factor.0.into()),
                Otherwise::Cap(cap) => Some(cap.0),
            },
            OwnPlace::Factor(tier) => self.multiplier.as_ref()?.tiers.get(tier).map(|tier| tier.rate.0.into()),
        }
    }

    /// Puts a payee's amount in a place that is stated: 1 is a factor, and an attainment, of 100 %. `None` where it is too
    /// large for one.
    pub fn put(&mut self, place: OwnPlace, amount: Amount) -> Option<()> {
        match place {
            OwnPlace::Weight => self.weight = Some(amount.as_rate()?),
            OwnPlace::Cap => self.cap = Some(amount),
            OwnPlace::DealCap => self.deal_cap = Some(amount),
            OwnPlace::Floor => self.floor = Some(amount),
            OwnPlace::GateAtLeast => {
                let edge = amount.0.checked_mul(10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS))?;
                let gate = self.gate.as_mut()?;
                gate.bound = gate.bound.at(edge);
            }
            OwnPlace::GateElse => match &mut self.gate.as_mut()?.otherwise {
                Otherwise::Zero => return None,
                Otherwise::Factor(factor) => *factor = amount.as_rate()?,
                Otherwise::Cap(cap) => *cap = amount,
            },
            OwnPlace::Factor(tier) => self.multiplier.as_mut()?.tiers.get_mut(tier)?.rate = amount.as_rate()?,
        }
        Some(())
    }
}
