//! What a component may not say about numbers of modifiers that are the payee's own, in the words of its reject.

use super::super::component::check_component;
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::*;
use crate::domain::reward;

/// By attainment of a quarter's quota, with every modifier that it may have, and nothing stated for these.
fn component(own: &[(OwnPlace, &str)]) -> Component {
    let (tier_by, bound, otherwise) = (TierBy::Amount, Bound::AtLeast(0), Otherwise::Zero);
    let tiers = vec![Tier { from: 0, rate: Rate(0) }, Tier { from: 1, rate: Rate(1) }];
    let modifiers = Modifiers {
        deal_cap: None,
        weight: Some(Rate(0)),
        multiplier: Some(Multiplier { measure: "sales".into(), tier_by, tiers }),
        gate: Some(Gate { measure: "sales".into(), tier_by, bound, tested: Tested::Running, otherwise }),
        floor: Some(Amount(0)),
        cap: Some(Amount(0)),
    };
    let own = own.iter().map(|(place, parameter)| OwnModifier { place: *place, parameter: (*parameter).into() });
    let component = reward::tests::component(QuotaUse::Interval, NoQuota::Park, 5);
    Component { modifiers, own_modifiers: own.collect(), ..component }
}

fn check(component: Component, expected: &str) {
    let found = check_component(&component).map_err(|reject| reject.to_string());
    let refused = || Err(format!("modifiers: component \"new\": {expected} [invalid_fact]"));
    assert_eq!(found, if expected.is_empty() { Ok(()) } else { refused() }, "{component:?}");
}

#[test]
fn a_modifier_has_one_number() {
    use OwnPlace::{Cap, DealCap, Factor, Floor, GateAtLeast, GateElse, Weight};
    for place in [Weight, Cap, Floor, GateAtLeast, Factor(0)] {
        check(component(&[(place, "own")]), "");
        check(component(&[(place, "")]), "a number of the payee's own without a name");
        check(component(&[(place, "own"), (place, "other")]), "a modifier has one number of the payee's own");
    }
    check(component(&[(Weight, "a"), (Cap, "b"), (Floor, "c"), (GateAtLeast, "d"), (Factor(0), "e")]), "");
    check(component(&[(Cap, "b"), (Weight, "a")]), "a modifier has one number of the payee's own");
    for otherwise in [Otherwise::Factor(Rate(0)), Otherwise::Cap(Amount(0))] {
        let mut leaves = component(&[(GateElse, "own")]);
        leaves.modifiers.gate.iter_mut().for_each(|gate| gate.otherwise = otherwise);
        check(leaves, "");
    }
    // No deal is priced by itself, nothing is left behind the gate, nor has the multiplier a third tier; the second one has its factor.
    for place in [DealCap, GateElse, Factor(1), Factor(2)] {
        check(component(&[(place, "own")]), "a modifier has a number, or the payee's own");
    }
    let mut bare = component(&[(Weight, "own")]);
    bare.modifiers = Modifiers::default();
    check(bare, "a modifier has a number, or the payee's own");
}

#[test]
fn a_floor_is_compared_with_the_caps_of_plans_alone() {
    let floored = |own: &[(OwnPlace, &str)]| {
        let mut component = component(own);
        component.modifiers.floor = Some(Amount(1));
        component
    };
    check(floored(&[]), "a floor above the cap");
    check(floored(&[(OwnPlace::Cap, "most")]), "");
}

#[test]
fn an_amount_is_read_as_its_place_has_it() {
    let check = |place: OwnPlace, amount: i128, expected: Option<i128>| {
        let mut modifiers = component(&[]).modifiers;
        let put = modifiers.put(place, Amount(amount));
        assert_eq!(put.and_then(|()| modifiers.stated(place)), expected, "{place:?} {amount}");
    };
    // 0.8 and 150 000.5 of whatever it is.
    for (amount, rate) in [(800_000, 80_000_000), (150_000_500_000, 15_000_050_000_000)] {
        check(OwnPlace::Weight, amount, Some(rate));
        check(OwnPlace::Factor(1), amount, Some(rate));
        check(OwnPlace::GateAtLeast, amount, Some(amount * 1_000_000));
        for place in [OwnPlace::Cap, OwnPlace::DealCap, OwnPlace::Floor] {
            check(place, amount, Some(amount));
        }
    }
    let large = 10_000_000_000_000_000;
    check(OwnPlace::Weight, large, None);
    check(OwnPlace::Factor(0), large, None);
    check(OwnPlace::Factor(2), 1, None);
    check(OwnPlace::GateAtLeast, large, Some(large * 1_000_000));
    check(OwnPlace::Cap, large, Some(large));
}
