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
