//! `unit` of a component: whether it earns money or points, the same wherever it is named.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::plan::PlanDraft;
use super::source::{Findings, Located};
use crate::domain::money::POINTS_DECIMALS;
use crate::domain::plan::EarningUnit;
use std::collections::HashMap;

/// Money where nothing is stated. `minor`: the digits of the plan's currency, where it is known.
pub fn unit(component: &mut Fields<'_>, minor: Option<u32>, findings: &mut Findings) -> Option<Located<EarningUnit>> {
    let Some(node) = component.node("unit") else { return Some(Located::new(EarningUnit::Money, component.place)) };
    let place = node.place;
    let unit = component.choice("unit", modes::EARNING_UNIT, findings)?;
    if unit.value == EarningUnit::Money {
        return Some(unit);
    }
    if let Some(pay) = component.node("pay") {
        findings.add(pay.place, codes::NO_EFFECT, "`pay` has no effect: points are not paid", "remove `pay`");
    }
    if minor.is_some_and(|minor| minor != POINTS_DECIMALS) {
        let message = format!("points have {POINTS_DECIMALS} decimals, and the plan's currency has another number of them");
        findings.add(place, codes::NOT_SUPPORTED, message, "let the component earn money");
    }
    Some(unit)
}

/// What a component of a name earns never changes, since what is booked of it adds up.
pub fn check_units(plans: &[PlanDraft], findings: &mut Findings) {
    let mut known: HashMap<&str, EarningUnit> = HashMap::new();
    for component in plans.iter().flat_map(|plan| &plan.components) {
        let (Some(id), Some(unit)) = (&component.id, &component.unit) else { continue };
        if *known.entry(&id.value).or_insert(unit.value) != unit.value {
            let message = format!("component \"{}\" earns money in one plan and points in another", id.value);
            findings.add(unit.place, codes::WRONG_UNIT, message, "give one of them another id");
        }
    }
}
