//! What a component or a plan may not say about quotas to date, in the words of its reject; the other files state their own.

mod by_year;
mod components;
mod currencies;
mod direction;
mod earnings;
mod facts;
mod listed;
mod organisation;
mod own_amounts;
mod own_modifiers;
mod own_rates;
mod pay_currencies;
mod pay_terms;
mod plan_caps;
mod ramps;
mod scales;

use super::component::check_component;
use super::pay::check_totals;
use super::{Reach, World};
use crate::domain::calendar::{Date, IntervalKind};
use crate::domain::fact::{Fact, FactBody, PayeeRow, PeriodReleased};
use crate::domain::money::{Minor, Rate};
use crate::domain::output::CurrencyTotal;
use crate::domain::plan::*;
use crate::domain::reward;
use crate::domain::tranche::{Due, Tranche};

/// By attainment of a quarter's quota, with one tier.
fn component(quota: QuotaUse) -> Component {
    let two = reward::tests::component(quota, NoQuota::Park, 5);
    Component { tiers: two.tiers[..1].to_vec(), ..two }
}

/// What a fact of the log reaches, or why it is refused.
pub fn state(world: &mut World, body: FactBody) -> Result<Reach, String> {
    let (fact_id, author, reason) = ("f".into(), "hr".into(), "test".into());
    let fact = Fact { fact_id, author, reason, approver: None, occurred_at: 0, body };
    world.apply(world.facts_next, &fact).map_err(|reject| reject.to_string())
}

/// Who has the plan `ae`, and nothing more but a team.
pub fn payee_row(from: Date, to: Option<Date>, team: Option<&str>) -> PayeeRow {
    PayeeRow {
        from,
        to,
        title: "AE".into(),
        manager: None,
        pay_group: "default".into(),
        plans: vec!["ae".into()],
        employee_ref: None,
        parameters: vec![],
        pay_currency: None,
        team: team.map(String::from),
    }
}

fn shares(percents: &[i64]) -> QuotaUse {
    QuotaUse::ToDate(percents.iter().map(|percent| Rate(percent * 1_000_000)).collect())
}

fn check(component: Component, expected: &str) {
    let found = check_component(&component).map_err(|reject| reject.to_string());
    let expected = if expected.is_empty() { Ok(()) } else { Err(format!("quota: component \"new\": {expected} [invalid_fact]")) };
    assert_eq!(found, expected, "{component:?}");
}

#[test]
fn shares_are_one_for_each_pay_period_and_whole() {
    for percents in [&[][..], &[20, 30, 50], &[0, 0, 100], &[100, 0, 0]] {
        check(component(shares(percents)), "");
    }
    let wrong = "a spread has a share for each pay period, and they total 100 %";
    for percents in [&[100][..], &[50, 50], &[20, 30, 49], &[20, 30, 51], &[-10, 60, 50], &[25; 4]] {
        check(component(shares(percents)), wrong);
    }
    check(component(QuotaUse::ToDate(vec![Rate(i64::MAX); 3])), wrong);
    for (interval, periods) in
        [(IntervalKind::Month, 1), (IntervalKind::Quarter, 3), (IntervalKind::HalfYear, 6), (IntervalKind::Year, 12)]
    {
        let spread = |periods: usize| [vec![100], vec![0; periods - 1]].concat();
        check(Component { interval, ..component(shares(&spread(periods))) }, "");
        check(Component { interval, ..component(shares(&spread(periods + 1))) }, wrong);
    }
}

#[test]
fn what_has_no_meaning_to_date() {
    let to_date = || component(shares(&[]));
    let by_amount = Component { tier_by: TierBy::Amount, no_quota: None, ..to_date() };
    check(by_amount, "nothing is compared with a quota to date");
    for method in [Method::WholeDealBefore, Method::WholeDealAfter] {
        let whole = "a deal that is priced whole is not priced again with the quota of a later period";
        check(Component { method, ..to_date() }, whole);
        check(Component { method, ..component(QuotaUse::Interval) }, "");
        // By amount it is the gate that is compared with the quota to date.
        let (tier_by, otherwise) = (TierBy::Attainment, Otherwise::Zero);
        let gate = Gate { measure: "sales".into(), tier_by, bound: Bound::AtLeast(0), tested: Tested::Running, otherwise };
        let modifiers = Modifiers { gate: Some(gate), ..Modifiers::default() };
        check(Component { method, tier_by: TierBy::Amount, modifiers, ..to_date() }, "");
    }
    let pay = |when| vec![Tranche { share: Rate(100_000_000), when }];
    let settled = "what is made up for as the quota grows is of no single deal that could be settled";
    check(Component { pay: pay(Due::Settled), ..to_date() }, settled);
    check(Component { pay: pay(Due::IntervalEnd), ..to_date() }, "");
}

#[test]
fn a_quota_to_date_neither_begins_anew_nor_is_kept_behind_a_close() {
    let check = |mid_interval_change, quota_after_release, refused: &str| {
        for (quota, refused) in [(QuotaUse::Interval, ""), (shares(&[]), refused)] {
            let plan =
                Plan { components: vec![component(quota)], mid_interval_change, quota_after_release, ..reward::tests::plan() };
            let found = World::new(1).check_plan(&plan).map_err(|reject| reject.to_string());
            assert_eq!(found, if refused.is_empty() { Ok(()) } else { Err(refused.to_owned()) });
        }
    };
    let (carry, adjust) = (MidIntervalChange::Carry, QuotaAfterRelease::Adjust);
    check(carry, adjust, "");
    let anew = "mid_interval_change: a quota to date goes on: it cannot begin anew [invalid_fact]";
    check(MidIntervalChange::Restart, adjust, anew);
    let kept = "quota_after_release: with a quota to date the next period makes up for what a closed one keeps [invalid_fact]";
    check(carry, QuotaAfterRelease::RaiseOnly, kept);
    check(carry, QuotaAfterRelease::Freeze, kept);
}

#[test]
fn a_run_is_released_only_where_its_record_holds_it() {
    let check = |total_minor: i64, other: &[(&str, i64)], refused: Option<&str>| {
        let other_totals = other.iter().map(|(currency, total)| CurrencyTotal {
            currency: (*currency).into(),
            records: 1,
            total: Minor(*total),
        });
        let released = PeriodReleased {
            close_id: "c".into(),
            records: 1,
            total_minor,
            other_totals: other_totals.collect(),
            digest: String::new(),
        };
        let found = check_totals(&released, "USD").map_err(|reject| reject.message);
        let refused =
            refused.map(|currency| format!("more is paid in {currency} than the record of a run holds: reopen the period"));
        assert_eq!(found.err(), refused, "{total_minor} {other:?}");
    };
    let most = 10i64.pow(16) - 1;
    check(most, &[("GBP", -most), ("JPY", 10i64.pow(14) - 1), ("KWD", 10i64.pow(17) - 1)], None);
    check(most + 1, &[], Some("USD"));
    check(0, &[("GBP", most), ("EUR", -most - 1)], Some("EUR"));
    check(0, &[("JPY", 10i64.pow(14))], Some("JPY"));
}

#[test]
fn a_component_earns_one_unit_for_good() {
    let mut world = World::new(1);
    let mut check = |id: &str, unit: EarningUnit, currency: &str, refused: Option<&str>| {
        let component = Component { component_id: id.into(), unit, ..component(QuotaUse::Interval) };
        let plan = Plan { currency: currency.into(), components: vec![component], ..reward::tests::plan() };
        let found = world.apply_plan(0, &plan).map(drop).map_err(|reject| reject.to_string());
        assert_eq!(found.err().as_deref(), refused, "{id} {unit:?}");
    };
    let decimals = "unit: points beside a currency of other decimals than theirs [not_supported]";
    check("club", EarningUnit::Points, "JPY", Some(decimals));
    check("club", EarningUnit::Points, "USD", None);
    check("base", EarningUnit::Money, "USD", None);
    for (id, unit) in [("club", EarningUnit::Money), ("base", EarningUnit::Points)] {
        let refused =
            format!("unit: component \"{id}\" earned something else before: money or points; use a new id [invalid_fact]");
        check(id, unit, "USD", Some(&refused));
    }
}
