//! Numbers of modifiers that are the payee's own, as `Component` of `schemas/facts.avsc` names them: a factor in its tier, the
//! others in a list.

use super::mode::{mode, mode_text};
use crate::domain::plan::{OwnModifier, OwnPlace, OwnRate};
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct OwnModifierRecord {
    place: String,
    parameter: String,
}

/// The places of the list.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listed {
    Weight,
    Cap,
    DealCap,
    Floor,
    AtLeast,
    Else,
}

pub(super) fn own_modifier_records(own: &[OwnModifier]) -> Result<Vec<OwnModifierRecord>, String> {
    let mut records = Vec::with_capacity(own.len());
    for OwnModifier { place, parameter } in own {
        let listed = match place {
            OwnPlace::Weight => Listed::Weight,
            OwnPlace::Cap => Listed::Cap,
            OwnPlace::DealCap => Listed::DealCap,
            OwnPlace::Floor => Listed::Floor,
            OwnPlace::GateAtLeast => Listed::AtLeast,
            OwnPlace::GateElse => Listed::Else,
            OwnPlace::Factor(_) => continue,
        };
        records.push(OwnModifierRecord { place: mode_text(&listed)?, parameter: parameter.clone() });
    }
    Ok(records)
}

/// The factors among them, by tier.
pub(super) fn own_factors(own: &[OwnModifier]) -> Vec<OwnRate> {
    let factor = |own: &OwnModifier| match own.place {
        OwnPlace::Factor(tier) => Some(OwnRate { tier, parameter: own.parameter.clone() }),
        _ => None,
    };
    own.iter().filter_map(factor).collect()
}

/// Those of the list, and behind them the factors.
pub(super) fn read_own_modifiers(
    path: &str,
    records: Vec<OwnModifierRecord>,
    factors: Vec<OwnRate>,
) -> Result<Vec<OwnModifier>, Reject> {
    let mut own = Vec::with_capacity(records.len() + factors.len());
    for (at, OwnModifierRecord { place, parameter }) in records.into_iter().enumerate() {
        let place = match mode(&format!("{path}[{at}].place"), &place)? {
            Listed::Weight => OwnPlace::Weight,
            Listed::Cap => OwnPlace::Cap,
            Listed::DealCap => OwnPlace::DealCap,
            Listed::Floor => OwnPlace::Floor,
            Listed::AtLeast => OwnPlace::GateAtLeast,
            Listed::Else => OwnPlace::GateElse,
        };
        own.push(OwnModifier { place, parameter });
    }
    own.extend(factors.into_iter().map(|own| OwnModifier { place: OwnPlace::Factor(own.tier), parameter: own.parameter }));
    Ok(own)
}
