//! Which plans may have a cap, in the words of their reject, whichever comes first: the cap, or what does not fit it.

use super::super::World;
use super::{component, state};
use crate::domain::calendar::{Calendar, IntervalKind, Period};
use crate::domain::fact::{EarnedBy, Earnings, FactBody, Measure, MeasureOf, Payee, PayeeRow};
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::*;
use crate::domain::reward;
use crate::domain::tranche::{Due, Tranche};

const CAP: PlanCap = PlanCap { per: IntervalKind::Quarter, amount: Amount(5_000_000_000) };

fn plan(cap: Option<PlanCap>, component: Component) -> Plan {
    Plan { cap, components: vec![component], ..reward::tests::plan() }
}

/// A version with a cap, then one without and with this component; and the reverse.
fn check(other: Component, cap: PlanCap, refused: Option<&str>) {
    let refused = refused.map(|message| format!("cap: {message} [not_supported]"));
    let whole = plan(Some(cap), other.clone());
    assert_eq!(state(&mut World::new(1), FactBody::PlanDefined(whole)).err(), refused, "{other:?}");
    let capped = plan(Some(cap), Component { interval: cap.per, ..component(QuotaUse::Interval) });
    let other = plan(None, other);
    let from = crate::domain::calendar::Date(capped.from.0 + 90);
    for (first, next) in [(&capped, &other), (&other, &capped)] {
        let mut world = World::new(1);
        let first = Plan { to: Some(from), ..first.clone() };
        state(&mut world, FactBody::PlanDefined(first)).unwrap();
        let next = Plan { from, to: None, ..next.clone() };
        assert_eq!(state(&mut world, FactBody::PlanDefined(next)).err(), refused);
    }
}

#[test]
fn all_that_a_cap_cuts_is_earned_and_paid_at_once() {
    let quarterly = || component(QuotaUse::Interval);
    check(quarterly(), CAP, None);
    check(Component { interval: IntervalKind::Month, ..quarterly() }, CAP, None);
    check(Component { interval: IntervalKind::HalfYear, ..quarterly() }, PlanCap { per: IntervalKind::Year, ..CAP }, None);
    let kinds = "a cap of a month or quarter over components of half-years or years, or whose deficits go on";
    check(Component { interval: IntervalKind::HalfYear, ..quarterly() }, CAP, Some(kinds));
    let deficit = Deficit::NextIntervalOfYear;
    check(Component { negative: Negative::Zero, deficit, component_id: "more".into(), ..quarterly() }, CAP, Some(kinds));
    let parts = "component \"new\" is paid in parts, and a cap cuts what is paid at once";
    let pay = vec![Tranche { share: Rate(100_000_000), when: Due::IntervalEnd }];
    check(Component { pay, ..quarterly() }, CAP, Some(parts));
    let clawback = Clawback { period: ClawbackPeriod::Current, ..Clawback::default() };
    let current = "component \"new\" takes back in the current period, which no cap counts";
    check(Component { clawback, ..quarterly() }, CAP, Some(current));
    let negative = plan(Some(PlanCap { amount: Amount(-1), ..CAP }), quarterly());
    let found = state(&mut World::new(1), FactBody::PlanDefined(negative));
    assert_eq!(found.err().as_deref(), Some("cap: a cap is not negative [invalid_fact]"));
}

#[test]
fn a_cap_of_a_year_is_over_whatever_the_year_prices() {
    let of_year = PlanCap { per: IntervalKind::Year, ..CAP };
    let from = crate::domain::calendar::Date(reward::tests::plan().from.0 + 90);
    let version =
        |cap, id: &str, interval| plan(cap, Component { component_id: id.into(), interval, ..component(QuotaUse::Interval) });
    let check = |first: Plan, next: Plan, refused: Option<&str>| {
        let mut world = World::new(1);
        state(&mut world, FactBody::PlanDefined(Plan { to: Some(from), ..first })).unwrap();
        let next = state(&mut world, FactBody::PlanDefined(Plan { from, ..next }));
        assert_eq!(next.err().as_deref(), refused);
    };
    let (month, half, year) = (IntervalKind::Month, IntervalKind::HalfYear, IntervalKind::Year);
    check(version(Some(of_year), "new", month), version(Some(of_year), "new", month), None);
    check(version(Some(of_year), "new", month), version(Some(of_year), "more", half), None);
    check(version(None, "new", year), version(Some(of_year), "more", month), None);
    let unknown =
        "cap: another version has no cap of a half-year or year: what it earns is not known by the year [not_supported]";
    check(version(None, "new", month), version(Some(of_year), "more", month), Some(unknown));
    check(version(Some(of_year), "new", month), version(None, "more", month), Some(unknown));
    let mixed = "cap: a cap of a month or quarter in one version, and of a half-year or year in another [not_supported]";
    check(version(Some(CAP), "new", month), version(Some(of_year), "more", month), Some(mixed));
}

#[test]
fn no_measure_counts_what_a_cap_may_cut() {
    let earnings = Some(Earnings { components: vec!["new".into()], by: EarnedBy::Reports });
    let measure = Measure { measure_id: "made".into(), of: MeasureOf::Earned, earnings, ..Measure::default() };
    let capped = || FactBody::PlanDefined(plan(Some(CAP), component(QuotaUse::Interval)));
    let refused = "cap: measure \"made\" counts what component \"new\" earns, which the cap may cut [not_supported]";
    let mut world = World::new(1);
    state(&mut world, FactBody::MeasureDefined(measure.clone())).unwrap();
    assert_eq!(state(&mut world, capped()).err().as_deref(), Some(refused));
    assert!(world.plans.is_empty());
    let mut world = World::new(1);
    state(&mut world, capped()).unwrap();
    assert_eq!(state(&mut world, FactBody::MeasureDefined(measure)).err().as_deref(), Some(refused));
    assert!(world.measures.is_empty());
}

#[test]
fn a_cap_of_the_payees_own_is_what_it_is_when_the_interval_begins() {
    let january = Period(2026 * 12);
    let own_amounts = vec![OwnAmount { place: AmountPlace::PlanCap, parameter: "top".into() }];
    let cap = PlanCap { amount: Amount(0), ..CAP };
    let from = "2026-01-01".parse().unwrap();
    let capped = Plan { from, own_amounts, ..plan(Some(cap), component(QuotaUse::Interval)) };
    let next = Plan { from: "2026-03-01".parse().unwrap(), ..capped.clone() };
    let row = |(from, to, top): &(&str, Option<&str>, Option<i128>)| PayeeRow {
        from: from.parse().unwrap(),
        to: to.map(|to| to.parse().unwrap()),
        title: "AE".into(),
        manager: None,
        pay_group: "default".into(),
        plans: vec!["ae".into()],
        employee_ref: None,
        parameters: top.map(|top| ("top".into(), Amount(top * 1_000_000))).into_iter().collect(),
        pay_currency: None,
        team: None,
    };
    let check = |versions: &[&Plan], rows: &[(&str, Option<&str>, Option<i128>)], expected: [Result<i64, &str>; 3]| {
        let mut world = World::new(1);
        let calendar = Calendar::monthly("fiscal", january, Period(january.0 + 11));
        state(&mut world, FactBody::CalendarDefined(calendar)).unwrap();
        versions.iter().for_each(|plan| drop(state(&mut world, FactBody::PlanDefined((*plan).clone())).unwrap()));
        let rows = rows.iter().map(row).collect();
        state(&mut world, FactBody::PayeeDefined(Payee { payee_id: "ana".into(), rows })).unwrap();
        let found = [0, 1, 2].map(|month| {
            let period = Period(january.0 + month);
            let version = world.plan_version("ae", period).unwrap();
            world.plan_cap("ana", version, period).unwrap().map(|(_, most)| most.0).map_err(String::from)
        });
        assert_eq!(found, expected.map(|most| most.map_err(String::from)));
    };
    let (start, february) = ("2026-01-01", "2026-02-01");
    let rises = [(start, Some(february), Some(5)), (february, None, Some(8))];
    check(&[&capped], &rises, [Ok(500); 3]);
    check(
        &[&capped],
        &[("2026-02-10", Some("2026-02-15"), Some(7)), ("2026-02-15", None, Some(9))],
        [Err("top"), Ok(700), Ok(700)],
    );
    check(&[&capped], &[(start, Some(february), None), (february, None, Some(8))], [Err("top"); 3]);
    // Another version asks anew.
    check(&[&Plan { to: Some(next.from), ..capped.clone() }, &next], &rises, [Ok(500), Ok(500), Ok(800)]);
}
