//! Numbers of modifiers that are the payee's own, worked by hand: 10 % of 60 000, 20 000 and 40 000 in three months.

use super::own_rates::{check, having};
use super::*;

fn of(modifiers: Modifiers, place: OwnPlace) -> Component {
    let own_modifiers = vec![OwnModifier { place, parameter: "own".into() }];
    Component { modifiers, own_modifiers, ..component(&[("0", "10%")]) }
}

fn weighted() -> Component {
    of(Modifiers { weight: Some(Rate(0)), ..Modifiers::default() }, OwnPlace::Weight)
}

/// A row for each month, with this number or none; the one of February changes again in its middle.
fn rows(own: [&'static str; 3]) -> Vec<PayeeRow> {
    let row = |from, to, own: &'static str| {
        let own: Vec<_> = Some(("own", own)).filter(|(_, own)| !own.is_empty()).into_iter().collect();
        having(from, to, &own)
    };
    vec![
        row("2026-01-01", Some("2026-02-01"), own[0]),
        row("2026-02-01", Some("2026-02-10"), own[1]),
        row("2026-02-10", Some("2026-03-01"), "77"),
        row("2026-03-01", None, own[2]),
    ]
}

#[test]
fn each_month_has_that_of_its_first_row() {
    // Of 6 000, 8 000 and 12 000 in all.
    check(weighted(), rows(["0.5", "0.5", "0.6"]), ["3000.00", "1000.00", "3200.00"]);
    let amount = Some(Amount(0));
    check(
        of(Modifiers { cap: amount, ..Modifiers::default() }, OwnPlace::Cap),
        rows(["5000", "7000", "6500"]),
        ["5000.00", "2000.00", "-500.00"],
    );
    check(
        of(Modifiers { floor: amount, ..Modifiers::default() }, OwnPlace::Floor),
        rows(["7000", "9000", "5000"]),
        ["7000.00", "2000.00", "3000.00"],
    );
    let (measure, tier_by) = (String::from("sales"), TierBy::Amount);
    let multiplier = Multiplier { measure: measure.clone(), tier_by, tiers: component(&[("0", "100%"), ("80000", "0")]).tiers };
    let multiplier = Modifiers { multiplier: Some(multiplier), ..Modifiers::default() };
    check(of(multiplier, OwnPlace::Factor(1)), rows(["9", "1.5", "2"]), ["6000.00", "6000.00", "12000.00"]);
    let alone = Modifiers { deal_cap: amount, ..Modifiers::default() };
    let alone = Component { scope: Scope::Deal, ..of(alone, OwnPlace::DealCap) };
    check(alone, rows(["5000", "3000", "2500.50"]), ["5000.00", "2000.00", "2500.50"]);
    let gate = Gate { measure, tier_by, bound: Bound::AtLeast(0), tested: Tested::Running, otherwise: Otherwise::Zero };
    let unmet = |otherwise| Gate { bound: Bound::AtLeast(10i128.pow(24)), otherwise, ..gate.clone() };
    let leaves = |otherwise| of(Modifiers { gate: Some(unmet(otherwise)), ..Modifiers::default() }, OwnPlace::GateElse);
    check(leaves(Otherwise::Factor(Rate(0))), rows(["0.5", "0.5", "0.6"]), ["3000.00", "1000.00", "3200.00"]);
    check(leaves(Otherwise::Cap(Amount(0))), rows(["5000", "7000", "6500"]), ["5000.00", "2000.00", "-500.00"]);
    let gated = |tier_by| Modifiers { gate: Some(Gate { tier_by, ..gate.clone() }), ..Modifiers::default() };
    check(of(gated(tier_by), OwnPlace::GateAtLeast), rows(["60000", "80000.000001", "1"]), ["6000.00", "-6000.00", "12000.00"]);
    let attained = Component { no_quota: Some(NoQuota::Park), ..of(gated(TierBy::Attainment), OwnPlace::GateAtLeast) };
    check(attained, rows(["0.6", "0.81", "1.2"]), ["6000.00", "-6000.00", "12000.00"]);
}

#[test]
fn a_month_without_it_adds_nothing() {
    check(weighted(), rows(["0.5", "", "0.6"]), ["3000.00", "0.00", "3000.00"]);
    let alone = Component { scope: Scope::Deal, ..weighted() };
    check(alone, rows(["", "0.5", "0.5"]), ["0.00", "1000.00", "2000.00"]);
}

#[test]
fn one_that_is_too_large_for_a_factor_leaves_the_interval_at_nothing() {
    check(weighted(), rows(["1", "1", "10000000000"]), ["0.00"; 3]);
    let gated = |otherwise| {
        let (measure, tier_by, bound, tested) = ("sales".into(), TierBy::Amount, Bound::AtLeast(10i128.pow(24)), Tested::Running);
        let gate = Gate { measure, tier_by, bound, tested, otherwise };
        of(Modifiers { gate: Some(gate), ..Modifiers::default() }, OwnPlace::GateElse)
    };
    check(gated(Otherwise::Factor(Rate(0))), rows(["1", "1", "10000000000"]), ["0.00"; 3]);
    check(gated(Otherwise::Cap(Amount(0))), rows(["1", "2", "10000000000"]), ["1.00", "1.00", "11998.00"]);
    let cap = Modifiers { cap: Some(Amount(0)), ..Modifiers::default() };
    check(of(cap, OwnPlace::Cap), rows(["1", "2", "10000000000"]), ["1.00", "1.00", "11998.00"]);
}
