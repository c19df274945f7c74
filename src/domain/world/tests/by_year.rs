//! Which components the year prices, for good, and what can leave a deficit to the next interval, in the words of their reject.

use super::super::World;
use super::{component, state};
use crate::domain::calendar::{Interval, IntervalKind};
use crate::domain::fact::FactBody;
use crate::domain::plan::*;
use crate::domain::reward;
use crate::domain::tranche::{Due, Tranche};

fn plan(id: &str, component: Component) -> Plan {
    Plan { plan_id: id.into(), components: vec![component], ..reward::tests::plan() }
}

fn going_on() -> Component {
    Component {
        interval: IntervalKind::Month,
        negative: Negative::Zero,
        deficit: Deficit::NextIntervalOfYear,
        ..component(QuotaUse::Interval)
    }
}

#[test]
fn what_is_missing_is_of_one_running_sum() {
    let check = |plan: Plan, refused: &str| {
        let wanted = Some(format!("components.new.deficit: {refused} [not_supported]")).filter(|_| !refused.is_empty());
        assert_eq!(state(&mut World::new(1), FactBody::PlanDefined(plan.clone())).err(), wanted, "{plan:?}");
        // Where it is lost nothing is asked of it.
        let lost = Component { deficit: Deficit::Lost, ..plan.components[0].clone() };
        let lost = Plan { components: vec![lost], ..plan };
        let found = state(&mut World::new(1), FactBody::PlanDefined(lost)).err();
        assert!(!found.as_ref().is_some_and(|found| found.contains("deficit")), "{found:?}");
    };
    let of = |component: Component| plan("ae", component);
    check(of(going_on()), "");
    check(of(Component { quota: QuotaUse::ToDate(Vec::new()), ..going_on() }), "");
    check(of(Component { interval: IntervalKind::HalfYear, ..going_on() }), "");
    for negative in [Negative::Carry, Negative::Mirror] {
        check(of(Component { negative, ..going_on() }), "only where a sum below zero earns nothing is anything missing");
    }
    check(of(Component { interval: IntervalKind::Year, ..going_on() }), "a year has no next interval of the year");
    let by_deal = Component { scope: Scope::Deal, tier_by: TierBy::Amount, no_quota: None, ..going_on() };
    check(of(by_deal), "a deal by itself finds nothing that is missing");
    let method = Method::Retroactive;
    check(
        of(Component { paid_measure: Some("other".into()), method, ..going_on() }),
        "what is missing is of the measure that is paid on, and another one picks the tier",
    );
    let single = "what is missing is of no single deal that could be settled or taken back";
    let pay = vec![Tranche { share: crate::domain::money::Rate(100_000_000), when: Due::Settled }];
    check(of(Component { pay, ..going_on() }), single);
    let clawback = Clawback { period: ClawbackPeriod::Current, ..Clawback::default() };
    check(of(Component { clawback, ..going_on() }), single);
    let restart = MidIntervalChange::Restart;
    check(Plan { mid_interval_change: restart, ..of(going_on()) }, "what begins anew starts from nothing");
}

#[test]
fn what_prices_a_component_is_said_for_good() {
    let once = "components: component \"new\" is priced by the year in one plan (its deficits go on, or the plan has a cap of a \
                half-year or year) and by the quarter in another; use a new id for the component [invalid_fact]";
    let within = || Component { deficit: Deficit::Lost, ..going_on() };
    let check = |first: Plan, next: Plan, by_year: bool| {
        let mut world = World::new(1);
        state(&mut world, FactBody::PlanDefined(first)).unwrap();
        assert_eq!(world.yearly.is_some(), by_year);
        let span = |text: &str| world.by_year.span_of("new", text.parse::<Interval>().unwrap()).to_string();
        assert_eq!([span("2026-05"), span("2026-Q4")], if by_year { ["2026", "2026"] } else { ["2026-Q2", "2026-Q4"] });
        assert_eq!(span("2026-H2"), "2026");
        assert_eq!(state(&mut world, FactBody::PlanDefined(next)).err().as_deref(), Some(once));
    };
    check(plan("ae", going_on()), plan("ae", within()), true);
    check(plan("ae", within()), plan("ae", going_on()), false);
    check(plan("ae", within()), plan("se", going_on()), false);
    // What runs over a year is priced there anyway.
    let mut world = World::new(1);
    for interval in [IntervalKind::Year, IntervalKind::Month] {
        let plan = plan("ae", Component { interval, ..within() });
        state(&mut world, FactBody::PlanDefined(plan)).unwrap();
    }
    assert!(!world.by_year.any());
}
