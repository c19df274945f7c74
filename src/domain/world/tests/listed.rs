//! From which fact on deals and returns of a measure are kept, and that old credits are counted again then.

use super::super::{Reach, World};
use super::{component, state};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::{Company, CreditKind, FactBody, Measure};
use crate::domain::measure::DatedBy;
use crate::domain::money::Rate;
use crate::domain::plan::lookup::{LineKey, Listed, Lookup, Row, Takes};
use crate::domain::plan::*;
use crate::domain::reward;

const JANUARY: Period = Period(2026 * 12);

fn measure(id: &str, dated_by: DatedBy) -> FactBody {
    let credit_kinds = vec![CreditKind::Revenue];
    FactBody::MeasureDefined(Measure { measure_id: id.into(), dated_by, credit_kinds, ..Measure::default() })
}

/// A company with a measure of deals, `sales`, and one of invoices.
fn world() -> World {
    let mut world = World::new(1);
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
    state(&mut world, FactBody::CompanyDefined(company)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    state(&mut world, measure("sales", DatedBy::Deal)).unwrap();
    world
}

/// By amount of a measure, with one rate.
fn of(measure: &str) -> Component {
    Component { measure: measure.into(), tier_by: TierBy::Amount, no_quota: None, ..component(QuotaUse::Interval) }
}

fn later(period: ClawbackPeriod, price: ClawbackPrice) -> Clawback {
    Clawback { period, price, ..Clawback::default() }
}

fn plan(id: &str, component: Component) -> FactBody {
    let component = Component { component_id: format!("{id}-new"), ..component };
    FactBody::PlanDefined(Plan { plan_id: id.into(), components: vec![component], ..reward::tests::plan() })
}

#[test]
fn deals_and_returns_are_kept_from_the_first_component_on_that_needs_them() {
    let check = |component: Component, listed: bool, returned: bool| {
        let mut world = world();
        let at = world.facts_next;
        let reach = state(&mut world, plan("ae", component.clone())).unwrap();
        let kept = world.measure("sales").map(|of| (of.listed, of.returned));
        let since = |needed: bool| needed.then_some(at);
        assert_eq!(kept, Some((since(listed), since(returned))), "{component:?}");
        assert_eq!((reach.backfill, world.asks_for_returns("sales")), (listed || returned, returned), "{component:?}");
        assert!(!world.asks_for_returns("other"));
        // A second plan asks for nothing new.
        let again = state(&mut world, plan("se", component)).unwrap();
        assert_eq!(again, Reach { all_earnings: true, ..Reach::default() });
        assert_eq!(world.measure("sales").map(|of| (of.listed, of.returned)), kept);
    };
    let of = || of("sales");
    check(of(), false, false);
    check(Component { scope: Scope::Deal, ..of() }, true, false);
    check(Component { clawback: later(ClawbackPeriod::Current, ClawbackPrice::Recompute), ..of() }, false, true);
    check(Component { clawback: later(ClawbackPeriod::Original, ClawbackPrice::HistoricRate), ..of() }, true, true);
}

#[test]
fn old_credits_count_again_in_what_was_not_there() {
    let mut world = world();
    let of_sales = world.facts_next - 1;
    assert!(world.measure_defined_since(of_sales) && !world.measure_defined_since(of_sales + 1));
    let deals = world.facts_next;
    state(&mut world, plan("ae", Component { scope: Scope::Deal, ..of("sales") })).unwrap();
    assert!(world.measure_defined_since(deals) && !world.measure_defined_since(deals + 1));
    let yearly = world.facts_next;
    let by_year = Component { interval: crate::domain::calendar::IntervalKind::Year, ..of("sales") };
    assert!(state(&mut world, plan("year", by_year.clone())).unwrap().backfill);
    assert!(world.measure_defined_since(yearly) && !world.measure_defined_since(yearly + 1));
    assert!(!state(&mut world, plan("year2", by_year)).unwrap().backfill);
    let rows = world.facts_next;
    let table = |names: &[&str]| {
        let on = |name: &&str| Listed { by: LineKey::Attribute(name.to_string()), values: vec!["public".into()] };
        let takes = Takes { conditions: names.iter().map(on).collect(), band: None };
        let lookup = Some(Lookup { rows: vec![Row { takes, rate: Rate(1) }], otherwise: None });
        Component { method: Method::Lookup, lookup, tiers: vec![], ..of("sales") }
    };
    assert!(state(&mut world, plan("table", table(&["industry"]))).unwrap().backfill);
    assert!(world.measure_defined_since(rows) && !world.measure_defined_since(rows + 1));
    // One table is kept once, and each attribute that any of them reads.
    for (id, component, new) in [
        ("same", table(&["industry"]), false),
        ("lower", Component { boundary: Boundary::Lower, ..table(&["industry"]) }, true),
        ("more", table(&["industry", "region"]), true),
    ] {
        assert_eq!(state(&mut world, plan(id, component)).unwrap().backfill, new, "{id}");
    }
    state(&mut world, measure("other", DatedBy::Deal)).unwrap();
    assert!(state(&mut world, plan("other", Component { measure: "other".into(), ..table(&["industry"]) })).unwrap().backfill);
    assert_eq!(world.lookups.tables.len(), 4);
    assert_eq!(world.lookups.attributes, ["industry", "region"]);
}

#[test]
fn what_invoices_date_has_no_single_deals() {
    let check = |component: Component, refused: &str| {
        let mut world = world();
        assert!(!world.is_dated_by_settlements());
        state(&mut world, measure("invoiced", DatedBy::Invoice)).unwrap();
        assert!(world.is_dated_by_settlements());
        let found = state(&mut world, plan("ae", component)).map(drop);
        let what = format!("components.ae-new: {refused} of a measure that is dated by invoices or receipts [not_supported]");
        assert_eq!(found, if refused.is_empty() { Ok(()) } else { Err(what) });
    };
    let current = || later(ClawbackPeriod::Current, ClawbackPrice::Recompute);
    let paid = |component| Component { paid_measure: Some("invoiced".into()), method: Method::Retroactive, ..component };
    check(of("invoiced"), "");
    check(paid(of("sales")), "");
    check(Component { scope: Scope::Deal, ..of("invoiced") }, "deals one by one");
    check(Component { scope: Scope::Deal, ..of("sales") }, "");
    check(Component { clawback: current(), ..of("invoiced") }, "a clawback in the current period");
    check(Component { clawback: current(), ..paid(of("sales")) }, "a clawback in the current period");
    check(Component { clawback: current(), ..of("sales") }, "");
}
