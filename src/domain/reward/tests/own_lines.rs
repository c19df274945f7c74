//! Rates of lines that are the payee's own: of 1 000, a first row takes 600 and a second one 300.

use super::*;
use crate::domain::plan::lookup::{LineKey, Listed, Lookup, Row, Takes};

/// 5 % of the second row's lines; `own` are the places that the payee has a rate of, named after them.
fn looked_up(own: &[usize], otherwise: Option<Rate>) -> Component {
    let row = |product: &str, rate: i64| {
        let listed = Listed { by: LineKey::Product, values: vec![product.into()] };
        Row { takes: Takes { conditions: vec![listed], band: None }, rate: Rate(rate) }
    };
    Component {
        method: Method::Lookup,
        tier_by: TierBy::Amount,
        no_quota: None,
        tiers: vec![],
        own_rates: own.iter().map(|tier| OwnRate { tier: *tier, parameter: tier.to_string() }).collect(),
        lookup: Some(Lookup { rows: vec![row("first", 0), row("second", 5_000_000)], otherwise }),
        ..component(QuotaUse::Interval, NoQuota::Park, 5)
    }
}

fn check(component: &Component, own: &[Option<i64>], expected: i64, lacks: Option<&str>) {
    let reading = |units: i128| Reading { to: Measured(units * 1_000_000_000_000), ..Reading::default() };
    let period = PeriodInput {
        component: Some(component),
        own_rates: own.iter().map(|percent| percent.map(|percent| Rate(percent * 1_000_000))).collect(),
        named: vec![reading(600), reading(300)],
        ..input(reading(1_000))
    };
    let earned = earned(&[period], 2, false).unwrap();
    assert_eq!((earned[0].minor.0, earned[0].lacks), (expected, lacks.map(Lacks::Parameter)), "{own:?}");
}

#[test]
fn a_row_has_the_payees_rate_and_so_has_what_no_row_takes() {
    check(&looked_up(&[], None), &[], 1_500, None);
    check(&looked_up(&[0], None), &[Some(10)], 7_500, None);
    check(&looked_up(&[0], Some(Rate(1_000_000))), &[Some(10)], 7_600, None);
    check(&looked_up(&[2], Some(Rate(0))), &[Some(2)], 1_700, None);
    check(&looked_up(&[0, 2], Some(Rate(0))), &[Some(10), Some(2)], 7_700, None);
    check(&looked_up(&[0], None), &[Some(0)], 1_500, None);
}

#[test]
fn who_lacks_one_waits() {
    check(&looked_up(&[0, 2], Some(Rate(0))), &[None, Some(2)], 0, Some("0"));
    check(&looked_up(&[0, 2], Some(Rate(0))), &[Some(10), None], 0, Some("2"));
    check(&looked_up(&[0, 2], Some(Rate(0))), &[None, None], 0, Some("0"));
}
