//! The gate of a component as a record of `schemas/facts.avsc`: on which side of its threshold it is met, when it is tested, and
//! what is earned where it is not met.

use super::component::{rate_decimal, read_amount, read_edge, read_rate};
use super::decimal::{AmountDecimal, MeasuredDecimal, RateDecimal, Unscaled};
use super::mode::{mode, mode_text};
use crate::domain::plan::{Bound, Gate, Otherwise, Tested};
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct GateRecord {
    measure: String,
    tier_by: String,
    at_least: MeasuredDecimal,
    tested: String,
    until_then: Option<String>,
    otherwise: String,
    factor: Option<RateDecimal>,
    cap: Option<AmountDecimal>,
    #[serde(default)]
    at_most: Option<MeasuredDecimal>,
}

pub(super) fn gate_record(gate: &Gate) -> Result<GateRecord, String> {
    let (tested, until_then) = match gate.tested {
        Tested::Running => ("running", None),
        Tested::AtEndPaidUntilThen => ("interval_end", Some("pay".into())),
        Tested::AtEndHeldUntilThen => ("interval_end", Some("hold".into())),
    };
    let (otherwise, factor, cap) = match gate.otherwise {
        Otherwise::Zero => ("zero", None, None),
        Otherwise::Factor(factor) => ("factor", Some(rate_decimal(factor)), None),
        Otherwise::Cap(cap) => ("cap", None, Some(Unscaled(cap.0))),
    };
    let (at_least, at_most) = match gate.bound {
        Bound::AtLeast(edge) => (edge, None),
        Bound::AtMost(edge) => (0, Some(Unscaled(edge))),
    };
    Ok(GateRecord {
        measure: gate.measure.clone(),
        tier_by: mode_text(&gate.tier_by)?,
        at_least: Unscaled(at_least),
        tested: tested.into(),
        until_then,
        otherwise: otherwise.into(),
        factor,
        cap,
        at_most,
    })
}

pub(super) fn read_gate(path: &str, record: GateRecord) -> Result<Gate, Reject> {
    let at = |field: &str| format!("{path}.{field}");
    let unknown = |field: &str, text: String| Err(Reject::new(Reason::NotSupported, &at(field), text));
    let tested = match (record.tested.as_str(), record.until_then.as_deref()) {
        ("running", None) => Tested::Running,
        ("interval_end", Some("pay")) => Tested::AtEndPaidUntilThen,
        ("interval_end", Some("hold")) => Tested::AtEndHeldUntilThen,
        (tested, until_then) => {
            let until_then = until_then.unwrap_or("nothing");
            return unknown("tested", format!("\"{tested}\" with \"{until_then}\" until then is not supported"));
        }
    };
    let otherwise = match (record.otherwise.as_str(), record.factor, record.cap) {
        ("zero", None, None) => Otherwise::Zero,
        ("factor", Some(factor), None) => Otherwise::Factor(read_rate(&at("factor"), factor)?),
        ("cap", None, Some(cap)) => Otherwise::Cap(read_amount(&at("cap"), cap)?),
        (other, ..) => return unknown("otherwise", format!("\"{other}\" is not supported, or lacks its number")),
    };
    let bound = match (read_edge(&at("at_least"), record.at_least)?, record.at_most) {
        (edge, None) => Bound::AtLeast(edge),
        (0, Some(edge)) => Bound::AtMost(read_edge(&at("at_most"), edge)?),
        _ => return Err(Reject::field(&at("at_most"), "a gate is met on one side".into())),
    };
    let tier_by = mode(&at("tier_by"), &record.tier_by)?;
    Ok(Gate { measure: record.measure, tier_by, bound, tested, otherwise })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::TierBy;

    #[test]
    fn a_gate_is_met_on_one_side() {
        let (tier_by, tested, otherwise) = (TierBy::Amount, Tested::Running, Otherwise::Zero);
        let record = |bound| gate_record(&Gate { measure: "sales".into(), tier_by, bound, tested, otherwise }).unwrap();
        for bound in [Bound::AtLeast(7), Bound::AtMost(7), Bound::AtLeast(0), Bound::AtMost(0)] {
            assert_eq!(read_gate("g", record(bound)).unwrap().bound, bound);
        }
        let both = GateRecord { at_most: Some(Unscaled(7)), ..record(Bound::AtLeast(7)) };
        let refused = read_gate("g", both).map_err(|reject| reject.to_string());
        assert_eq!(refused, Err("g.at_most: a gate is met on one side [invalid_field]".to_string()));
    }
}
