//! The numbers of a component's modifiers as a payee has them in a pay period: the plan's, or parameters of the payee.
//!
//! Leaves out what a modifier does with its number (`tables`, `deals`).

use super::numbers::decimal;
use super::rules::{Check, hold};
use super::tables::{Case, Waits};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, RATE_DECIMALS};
use crate::wire::records::{Component, Otherwise, OwnPlace};
use num_rational::BigRational;
use num_traits::Zero;

impl Case<'_, '_> {
    /// Whether every number is there, whichever of them has a say.
    pub(super) fn has_its_numbers(&self) -> Result<(), Waits> {
        let there = self.component.own_modifiers.iter().all(|own| self.parameter(&own.parameter).is_some());
        if there { Ok(()) } else { Err(Waits) }
    }

    /// The number at a place; `None` where there is no such modifier.
    pub(super) fn number(&self, place: OwnPlace) -> Option<BigRational> {
        let own = self.component.own_modifiers.iter().find(|own| own.place == place);
        own.map_or_else(|| planned(self.component, place), |own| self.parameter(&own.parameter))
    }

    /// Whether a parameter that multiplies has more digits in front of the point than a plan could state there.
    pub(super) fn is_beyond_factors(&self) -> bool {
        let leaves_a_part =
            self.component.modifiers.gate.as_ref().is_some_and(|gate| matches!(gate.otherwise, Otherwise::Factor(_)));
        let factors = self.component.own_modifiers.iter().filter(|own| match own.place {
            OwnPlace::Weight | OwnPlace::Factor(_) => true,
            OwnPlace::GateElse => leaves_a_part,
            _ => false,
        });
        factors.filter_map(|own| self.parameter(&own.parameter)).any(|value| value >= decimal(10i64.pow(10), 0))
    }
}

/// What the plan says in a place.
fn planned(component: &Component, place: OwnPlace) -> Option<BigRational> {
    let modifiers = &component.modifiers;
    let money = |amount: Option<i128>| amount.map(|amount| decimal(amount, AMOUNT_DECIMALS));
    match place {
        OwnPlace::Weight => Some(decimal(modifiers.weight?.0, RATE_DECIMALS)),
        OwnPlace::Factor(tier) => Some(decimal(modifiers.multiplier.as_ref()?.tiers.get(tier)?.rate.0, RATE_DECIMALS)),
        OwnPlace::GateAtLeast => Some(decimal(modifiers.gate.as_ref()?.bound.edge(), MEASURED_DECIMALS)),
        OwnPlace::GateElse => match modifiers.gate.as_ref()?.otherwise {
            Otherwise::Zero => None,
            Otherwise::Factor(factor) => Some(decimal(factor.0, RATE_DECIMALS)),
            Otherwise::Cap(cap) => money(Some(cap.0)),
        },
        OwnPlace::Floor => money(modifiers.floor.map(|floor| floor.0)),
        OwnPlace::Cap => money(modifiers.cap.map(|cap| cap.0)),
        OwnPlace::DealCap => money(modifiers.deal_cap.map(|cap| cap.0)),
    }
}

/// Each in a place of its own, in order, where the plan has a modifier and no number.
pub(super) fn fit(component: &Component) -> Check {
    let places: Vec<OwnPlace> = component.own_modifiers.iter().map(|own| own.place).collect();
    hold(places.is_sorted_by(|one, next| one < next), "two numbers of the payee's own for a modifier")?;
    for own in &component.own_modifiers {
        hold(
            planned(component, own.place).is_some_and(|number| number.is_zero()),
            "a number of the plan's and of the payee's own",
        )?;
        hold(!own.parameter.is_empty(), "a number of the payee's own without a name")?;
    }
    Ok(())
}
