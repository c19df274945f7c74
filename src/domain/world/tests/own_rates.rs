//! What a component may not say about values of tiers that are the payee's own, in the words of its reject.

use super::super::component::check_component;
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::lookup::{LineKey, Listed, Lookup, Row, Takes};
use crate::domain::plan::*;
use crate::domain::reward;

/// By attainment of a quarter's quota, with nothing stated for the tiers at these places but the payee's own.
fn component(own: &[(usize, &str)]) -> Component {
    let mut component = reward::tests::component(QuotaUse::Interval, NoQuota::Park, 5);
    for (tier, parameter) in own {
        component.tiers.get_mut(*tier).into_iter().for_each(|tier| tier.rate = Rate(0));
        component.own_rates.push(OwnRate { tier: *tier, parameter: (*parameter).into() });
    }
    component
}

fn check(component: Component, expected: &str) {
    let found = check_component(&component).map_err(|reject| reject.to_string());
    let expected = if expected.is_empty() { Ok(()) } else { Err(format!("tiers: component \"new\": {expected} [invalid_fact]")) };
    assert_eq!(found, expected, "{component:?}");
}

#[test]
fn a_tier_has_one_value() {
    check(component(&[(0, "base"), (1, "above")]), "");
    check(component(&[(1, "base")]), "");
    let mut stated = component(&[(1, "base")]);
    stated.tiers[1].rate = Rate(1);
    check(stated, "a tier has a value, or the payee's own");
    check(component(&[(2, "base")]), "a tier has a value, or the payee's own");
    check(component(&[(0, "")]), "a value of the payee's own without a name");
    check(component(&[(1, "base"), (1, "above")]), "a tier has one value of the payee's own");
    check(component(&[(1, "base"), (0, "above")]), "a tier has one value of the payee's own");
}

#[test]
fn what_has_to_pay_nothing_is_no_value_of_the_payees() {
    let lump = |own| Component { pays: Pays::Lump, method: Method::Lump, ..component(own) };
    check(lump(&[(0, "base")]), "a sum of zero would be paid");
    let interpolated = |own| Component { pays: Pays::Lump, method: Method::Interpolated, ..component(own) };
    check(interpolated(&[(0, "base"), (1, "above")]), "tiers that pay in proportion end with one that pays nothing");
    let mut ended = interpolated(&[(0, "base")]);
    ended.tiers[1].rate = Rate(0);
    check(ended, "");
}

#[test]
fn a_tier_starts_in_one_place() {
    let edged = |component: Component, own: &[(usize, &str)]| {
        let mut component = component;
        for (tier, parameter) in own {
            component.tiers.get_mut(*tier).into_iter().for_each(|tier| tier.from = 0);
            component.own_edges.push(OwnEdge { tier: *tier, parameter: (*parameter).into() });
        }
        component
    };
    check(edged(component(&[]), &[(1, "above")]), "");
    assert!(edged(component(&[]), &[(1, "above")]).reads_parameters());
    let stated = "a tier starts where it is stated, or where the payee has it";
    let mut both = edged(component(&[]), &[(1, "above")]);
    both.tiers[1].from = 1_000_000;
    check(both, stated);
    check(edged(component(&[]), &[(2, "above")]), stated);
    check(edged(component(&[]), &[(1, "")]), "an edge of the payee's own without a name");
    check(edged(component(&[]), &[(1, "one"), (1, "two")]), "a tier has one edge of the payee's own");
    let order = "tiers start at 0 and ascend";
    check(edged(component(&[]), &[(0, "first")]), order);
    // What the plan states ascends, whatever stands between.
    let three = |from: i128| {
        let mut component = component(&[]);
        component.tiers.push(Tier { from, rate: Rate(0) });
        edged(component, &[(1, "above")])
    };
    check(three(1_000_000), "");
    check(three(0), order);
    check(three(1), "a tier of attainment has at most 4 decimals of a percent");
    // Where the first tier need not be 0 it may be the payee's, and then nothing is paid for a sum of zero.
    let overage = |own: &[(usize, &str)]| edged(Component { method: Method::Overage, ..component(&[]) }, own);
    check(overage(&[(0, "first"), (1, "above")]), "");
    check(overage(&[]), "an overage begins above zero");
    let curve = |own: &[(usize, &str)]| {
        let lump = Component { pays: Pays::Lump, method: Method::Curve, beyond: Some(Beyond::Flat), ..component(&[]) };
        edged(lump, own)
    };
    check(curve(&[(0, "first")]), "");
    check(curve(&[(1, "above")]), "a sum of zero would be paid");
    let formula = Component { tiers: vec![], ..edged(component(&[]), &[(1, "above")]) };
    assert!(check_component(&formula).is_err());
    // Where lower is better each of them may be, and what the plan states falls.
    let lower = |own: &[(usize, &str)], third: i128| {
        let mut component = Component { method: Method::Retroactive, boundary: Boundary::Lower, ..component(&[]) };
        component.tiers.push(Tier { from: third, rate: Rate(0) });
        component.tiers[0].from = 2_000_000;
        edged(Component { direction: Direction::Lower(AtZero::Best), ..component }, own)
    };
    check(lower(&[(1, "second")], 1_000_000), "");
    check(lower(&[(0, "first"), (1, "second"), (2, "third")], 0), "");
    check(lower(&[(1, "second")], 2_000_000), "tiers fall where lower is better");
    check(lower(&[(1, "second"), (2, "third")], 0), "");
    let refused = check_component(&lower(&[(1, "second")], 0)).unwrap_err().to_string();
    assert_eq!(refused, "direction: component \"new\": a sum of zero is not in the best tier [invalid_fact]");
}

#[test]
fn a_row_of_a_lookup_has_one_rate() {
    let row = |product: &str, rate: i64| {
        let listed = Listed { by: LineKey::Product, values: vec![product.into()] };
        Row { takes: Takes { conditions: vec![listed], band: None }, rate: Rate(rate) }
    };
    let looked_up = |own: &[(usize, &str)], otherwise: Option<i64>| Component {
        method: Method::Lookup,
        tier_by: TierBy::Amount,
        no_quota: None,
        tiers: vec![],
        own_rates: component(own).own_rates,
        lookup: Some(Lookup { rows: vec![row("first", 0), row("second", 5)], otherwise: otherwise.map(Rate) }),
        ..component(&[])
    };
    check(looked_up(&[(0, "base")], None), "");
    check(looked_up(&[(0, "base"), (2, "rest")], Some(0)), "");
    let stated = "a tier has a value, or the payee's own";
    check(looked_up(&[(1, "base")], None), stated);
    check(looked_up(&[(2, "rest")], None), stated);
    check(looked_up(&[(2, "rest")], Some(1)), stated);
    check(looked_up(&[(3, "rest")], Some(0)), stated);
    check(looked_up(&[(0, "base"), (0, "rest")], None), "a tier has one value of the payee's own");
    assert!(looked_up(&[(0, "base")], None).reads_parameters() && !looked_up(&[], None).reads_parameters());
}

#[test]
fn an_amount_is_a_rate_where_it_has_the_digits_of_one() {
    let check = |amount: i128, rate: Option<i64>| assert_eq!(Amount(amount).as_rate(), rate.map(Rate), "{amount}");
    check(60_000, Some(6_000_000));
    check(0, Some(0));
    check(9_999_999_999_999_999, Some(999_999_999_999_999_900));
    check(10_000_000_000_000_000, None);
    check(i128::MAX, None);
}
