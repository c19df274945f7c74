//! What a component may not say where lower is better, in the words of its reject.

use super::super::component::check_component;
use super::component;
use crate::domain::money::Rate;
use crate::domain::plan::*;
use crate::domain::tranche::{Due, Tranche};

const PERCENT: i128 = 10_000_000_000;

/// By attainment of a quarter's quota, retroactively.
fn lower(at_zero: AtZero) -> Component {
    let tiers = [100, 50, 0].map(|percent| Tier { from: percent * PERCENT, rate: Rate(5_000_000) });
    let direction = Direction::Lower(at_zero);
    Component { direction, method: Method::Retroactive, tiers: tiers.into(), ..component(QuotaUse::Interval) }
}

fn check(component: Component, field: &str, expected: &str) {
    let found = check_component(&component).map_err(|reject| reject.to_string());
    let refused = format!("{field}: component \"new\": {expected} [invalid_fact]");
    assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(refused) }, "{component:?}");
}

#[test]
fn lower_is_better_of_what_is_read_off_a_falling_table() {
    for at_zero in [AtZero::Best, AtZero::Nothing] {
        check(lower(at_zero), "", "");
        let lump = Component { method: Method::Lump, pays: Pays::Lump, ..lower(at_zero) };
        check(lump.clone(), "", "");
        check(Component { method: Method::Curve, beyond: Some(Beyond::Flat), ..lump }, "", "");
    }
    for method in [Method::Marginal, Method::Overage, Method::WholeDealBefore, Method::WholeDealAfter] {
        check(
            Component { method, ..lower(AtZero::Nothing) },
            "direction",
            "what builds up from zero has no start where lower is better",
        );
    }
    for negative in [Negative::Zero, Negative::Mirror] {
        let below = "where lower is better a sum below zero is in the last tier";
        check(Component { negative, ..lower(AtZero::Nothing) }, "direction", below);
    }
}

#[test]
fn no_single_deal_earned_something_of_its_own() {
    let expected = "where lower is better no single deal earned something of its own";
    let clawback = Clawback { price: ClawbackPrice::HistoricRate, ..Clawback::default() };
    check(Component { clawback, ..lower(AtZero::Nothing) }, "direction", expected);
    let paid = |when| Component { pay: vec![Tranche { share: Rate(100_000_000), when }], ..lower(AtZero::Nothing) };
    check(paid(Due::Settled), "direction", expected);
    check(paid(Due::IntervalEnd), "", "");
}

#[test]
fn zero_is_the_best_of_whoever_has_a_quota() {
    let unmeasured = "without a quota nobody is measured at zero";
    let first = |at_zero| Component { no_quota: Some(NoQuota::FirstTier), ..lower(at_zero) };
    check(first(AtZero::Best), "direction", unmeasured);
    check(first(AtZero::Nothing), "", "");
    let amount = |at_zero| Component { tier_by: TierBy::Amount, no_quota: None, ..lower(at_zero) };
    check(amount(AtZero::Best), "direction", unmeasured);
    check(amount(AtZero::Nothing), "", "");
    let behind = |at_zero| Component { boundary: Boundary::Lower, ..lower(at_zero) };
    check(behind(AtZero::Best), "direction", "a sum of zero is not in the best tier");
    check(behind(AtZero::Nothing), "", "");
    let two = lower(AtZero::Best).tiers[..2].to_vec();
    check(Component { tiers: two, ..behind(AtZero::Best) }, "", "");
}

#[test]
fn tiers_fall_down_to_zero_at_most() {
    let check = |percents: &[i128], expected: &str| {
        let tiers = percents.iter().map(|percent| Tier { from: percent * PERCENT, rate: Rate(1) }).collect();
        check(Component { tiers, ..lower(AtZero::Nothing) }, "tiers", expected);
    };
    check(&[70], "");
    check(&[70, 1], "");
    for percents in [&[] as &[i128], &[1, 70], &[70, 70], &[70, -1]] {
        check(percents, "tiers fall where lower is better");
    }
    let fine = Tier { from: PERCENT + 1, rate: Rate(1) };
    let component = Component { tiers: vec![fine], ..lower(AtZero::Nothing) };
    super::direction::check(component, "tiers", "a tier of attainment has at most 4 decimals of a percent");
}

#[test]
fn a_gate_has_a_threshold_that_can_be_on_either_side() {
    let gated = |bound| {
        let (tier_by, otherwise) = (TierBy::Attainment, Otherwise::Zero);
        let gate = Gate { measure: "sales".into(), tier_by, bound, tested: Tested::Running, otherwise };
        Component { modifiers: Modifiers { gate: Some(gate), ..Modifiers::default() }, ..component(QuotaUse::Interval) }
    };
    for bound in [Bound::AtLeast, Bound::AtMost] {
        check(gated(bound(PERCENT)), "", "");
        check(gated(bound(-PERCENT)), "modifiers", "a gate below zero");
        check(gated(bound(PERCENT + 1)), "modifiers", "a tier of attainment has at most 4 decimals of a percent");
    }
}
