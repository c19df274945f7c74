//! Numbers of modifiers that are the payee's own, in the periods of a quarter that sold 150, 10 and 20 of a quota of 300.

use super::*;

/// Nothing but a number of the payee's own in these modifiers, on 5 % of all.
fn component_of(modifiers: Modifiers, place: OwnPlace) -> Component {
    let own_modifiers = vec![OwnModifier { place, parameter: "own".into() }];
    Component { modifiers, own_modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 5) }
}

fn weighted() -> Component {
    component_of(Modifiers { weight: Some(Rate(0)), ..Modifiers::default() }, OwnPlace::Weight)
}

/// The number of each month in millionths.
fn check_own(component: &Component, quota: i128, own: [Option<i128>; 3], expected: [(i64, bool); 3]) {
    let mut periods = quarter([(Some((component, JANUARY)), Some(quota)); 3]);
    for (period, own) in periods.iter_mut().zip(own) {
        period.own_modifiers = own_modifiers(component, |name| own.filter(|_| name == "own").map(Amount));
        assert!(period.own_modifiers.is_some(), "it fits its place");
    }
    check(&periods, expected);
}

#[test]
fn each_period_has_those_of_its_own() {
    let check = |component: Component, own: [i128; 3], expected: [i64; 3]| {
        check_own(&component, 300, own.map(|own| Some(own * 10_000)), expected.map(|minor| (minor, false)));
    };
    // Of 7.50, 8.00 and 9.00 in all.
    check(weighted(), [50, 50, 60], [375, 25, 140]);
    let cap = |cap| Modifiers { cap: Some(cap), ..Modifiers::default() };
    check(component_of(cap(Amount(0)), OwnPlace::Cap), [500, 400, 850], [500, -100, 450]);
    let floor = |floor| Modifiers { floor: Some(floor), ..Modifiers::default() };
    check(component_of(floor(Amount(0)), OwnPlace::Floor), [1_000, 1_200, 850], [1_000, 200, -300]);
    let (measure, otherwise, tested) = (String::from("sales"), Otherwise::Zero, Tested::Running);
    let gate = Gate { measure: measure.clone(), tier_by: TierBy::Attainment, bound: Bound::AtLeast(0), tested, otherwise };
    let unmet = |otherwise| Gate { bound: Bound::AtLeast(5_000_000_000_000), otherwise, ..gate.clone() };
    let leaves = |otherwise| component_of(Modifiers { gate: Some(unmet(otherwise)), ..Modifiers::default() }, OwnPlace::GateElse);
    check(leaves(Otherwise::Factor(Rate(0))), [50, 50, 100], [375, 25, 500]);
    check(leaves(Otherwise::Cap(Amount(0))), [500, 850, 100], [500, 300, -700]);
    let gate = Modifiers { gate: Some(gate), ..Modifiers::default() };
    check(component_of(gate, OwnPlace::GateAtLeast), [50, 55, 60], [750, -750, 900]);
    let tiers = vec![Tier { from: 0, rate: Rate(0) }];
    let multiplier = Multiplier { measure, tier_by: TierBy::Amount, tiers };
    let multiplier = Modifiers { multiplier: Some(multiplier), ..Modifiers::default() };
    check(component_of(multiplier, OwnPlace::Factor(0)), [200, 100, 50], [1_500, -700, -350]);
    // 5 % of the first unit of each deal, 10 % of the rest.
    let deal_cap = Modifiers { deal_cap: Some(Amount(0)), ..Modifiers::default() };
    let (scope, tier_by, no_quota) = (Scope::Deal, TierBy::Amount, None);
    let alone = Component { scope, tier_by, no_quota, ..component_of(deal_cap, OwnPlace::DealCap) };
    check(alone, [500, 50, 300], [500, 50, 195]);
}

#[test]
fn a_period_without_one_adds_nothing() {
    let own = [Some(500_000), None, Some(600_000)];
    // 60 % of what January and March gave.
    check_own(&weighted(), 300, own, [(375, false), (0, true), (135, false)]);
    // With a quota to date March makes up for February: 60 % of 9.00.
    let to_date = Component { quota: equal(), ..weighted() };
    check_own(&to_date, 300, own, [(500, false), (0, true), (40, false)]);
    // Single deals of such a month have nothing later, either; whether the gate is met is known in each.
    let gate = Gate {
        measure: "sales".into(),
        tier_by: TierBy::Attainment,
        bound: Bound::AtLeast(1_000_000_000_000),
        tested: Tested::Running,
        otherwise: Otherwise::Zero,
    };
    let modifiers = Modifiers { gate: Some(gate), ..weighted().modifiers };
    let (scope, tier_by, tiers) = (Scope::Deal, TierBy::Amount, vec![Tier { from: 0, rate: Rate(10_000_000) }]);
    let deals = Component { scope, tier_by, tiers, modifiers, quota: equal(), ..weighted() };
    check_own(&deals, 150, [None, Some(500_000), Some(500_000)], [(0, true), (50, false), (100, false)]);
}

#[test]
fn one_that_is_too_large_does_not_fit() {
    let component = weighted();
    assert_eq!(own_modifiers(&component, |_| Some(Amount(10i128.pow(16)))), None);
    assert_eq!(own_modifiers(&component, |_| None), Some(Err(Lacks::Parameter("own"))));
}
