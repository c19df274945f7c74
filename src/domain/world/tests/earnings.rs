//! Measures of earnings: the order of components, what is refused by name, and who is told what.

use super::super::{MAXIMUM_TEAM, World};
use super::{component, payee_row, state};
use crate::domain::calendar::{Calendar, Date, IntervalKind, Period};
use crate::domain::deal::DealKind;
use crate::domain::fact::{Company, CreditKind, EarnedBy, Earnings, FactBody, Measure, MeasureOf, Payee, PayeeRow};
use crate::domain::measure::{AttributeCondition, DatedBy, Wanted};
use crate::domain::money::{Amount, RATE_DECIMALS, Rate};
use crate::domain::plan::*;
use crate::domain::tranche::{Due, Tranche};
use std::collections::BTreeSet;

const JANUARY: Period = Period(2026 * 12);

fn measure(id: &str, components: &[&str], by: EarnedBy) -> Measure {
    Measure {
        measure_id: id.into(),
        of: MeasureOf::Earned,
        earnings: Some(Earnings { components: components.iter().map(|id| id.to_string()).collect(), by }),
        ..Measure::default()
    }
}

/// A plan of components that each read one measure.
fn plan(components: &[(&str, &str)]) -> Plan {
    let of = |(id, measure): &(&str, &str)| Component {
        component_id: id.to_string(),
        measure: measure.to_string(),
        tier_by: TierBy::Amount,
        pays: Pays::RateOf,
        no_quota: None,
        ..component(QuotaUse::Interval)
    };
    Plan {
        plan_id: "ae".into(),
        from: Calendar::monthly("fiscal", JANUARY, JANUARY).starts[0],
        to: None,
        currency: "USD".into(),
        calendar: "fiscal".into(),
        prorate: Prorate::NOTHING,
        mid_interval_change: MidIntervalChange::Carry,
        negative_pay: NegativePay::Carry,
        after_release: AfterRelease::Adjust,
        quota_after_release: QuotaAfterRelease::Adjust,
        cap: None,
        own_amounts: Vec::new(),
        ramp: Vec::new(),
        pay: Default::default(),
        components: components.iter().map(of).collect(),
    }
}

/// A company with five measures of earnings, one of each component before.
fn world() -> World {
    let mut world = World::new(1);
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
    state(&mut world, FactBody::CompanyDefined(company)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    for id in ["a", "b", "c", "d", "e"] {
        let reach = state(&mut world, FactBody::MeasureDefined(measure(&format!("of-{id}"), &[id], EarnedBy::Own))).unwrap();
        assert!(reach.all_earnings && !reach.backfill, "no credit counts");
    }
    world
}

#[test]
fn components_are_priced_phase_by_phase() {
    let check = |components: &[(&str, &str)], expected: Result<u32, &str>| {
        let mut world = world();
        let stated = state(&mut world, FactBody::PlanDefined(plan(components)));
        let found = stated.map(|_| world.earning_rounds);
        assert_eq!(found, expected.map_err(|message| format!("components: {message} [invalid_fact]")), "{components:?}");
    };
    check(&[("a", "sales")], Ok(1));
    check(&[("a", "of-b")], Ok(1));
    check(&[("a", "sales"), ("b", "of-a"), ("c", "of-a")], Ok(2));
    check(&[("d", "of-c"), ("c", "of-b"), ("b", "of-a"), ("a", "sales")], Ok(4));
    let itself = "no component reads what it earns itself";
    check(&[("a", "of-a")], Err(&format!("{itself}: \"a\" reads \"a\"")));
    check(&[("a", "of-c"), ("b", "of-a"), ("c", "of-b")], Err(&format!("{itself}: \"a\" reads \"c\" reads \"b\" reads \"a\"")));
    let deep = [("a", "sales"), ("b", "of-a"), ("c", "of-b"), ("d", "of-c"), ("e", "of-d")];
    check(&deep, Err("component \"e\" would be of phase 5: there are 4"));
}

#[test]
fn a_measure_that_would_make_a_circle_is_refused_and_so_are_single_deals() {
    let mut world = World::new(1);
    state(&mut world, FactBody::PlanDefined(plan(&[("a", "own")]))).unwrap();
    let own = FactBody::MeasureDefined(measure("own", &["a"], EarnedBy::Own));
    let refused = "components: no component reads what it earns itself: \"a\" reads \"a\" [invalid_fact]";
    assert_eq!(state(&mut world, own).unwrap_err(), refused);
    assert_eq!((world.earning_rounds, world.measures.len()), (0, 0));
    let mut one_by_one = plan(&[("a", "of-b")]);
    one_by_one.components[0].scope = Scope::Deal;
    let refused = "components: component \"a\": measure \"of-b\" is of earnings, it has no single deals [invalid_fact]";
    assert_eq!(state(&mut self::world(), FactBody::PlanDefined(one_by_one)).unwrap_err(), refused);
    let mut points = plan(&[("a", "of-b")]);
    points.components[0].unit = EarningUnit::Points;
    let refused = "components: component \"a\" earns points: measure \"of-a\" is of money that is earned [invalid_fact]";
    let mut world = self::world();
    assert_eq!(state(&mut world, FactBody::PlanDefined(points)).unwrap_err(), refused);
    // A refused plan says nothing about units either.
    state(&mut world, FactBody::PlanDefined(plan(&[("a", "of-b")]))).unwrap();
    let chain: Vec<(String, String)> = (0..5_000).map(|at| (format!("c{at}"), format!("of-c{}", at + 1))).collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(id, reads)| (id.as_str(), reads.as_str())).collect();
    let mut world = World::new(1);
    for (id, _) in &chain {
        let measure = measure(&format!("of-{id}"), &[id], EarnedBy::Own);
        std::sync::Arc::make_mut(&mut world.measures).push(crate::domain::world::DefinedMeasure {
            id: measure.measure_id.as_str().into(),
            measure,
            offset: 0,
            listed: None,
            returned: None,
        });
    }
    let refused = "components: component \"c0\" would be of phase 5: there are 4 [invalid_fact]";
    assert_eq!(state(&mut world, FactBody::PlanDefined(plan(&chain))).unwrap_err(), refused);
}

#[test]
fn a_measure_counts_credits_or_earnings() {
    let check = |change: fn(&mut Measure), expected: &str| {
        let mut changed = measure("own", &["a"], EarnedBy::Own);
        change(&mut changed);
        let refused = state(&mut World::new(1), FactBody::MeasureDefined(changed)).unwrap_err();
        assert_eq!(refused, format!("{expected} [invalid_fact]"));
    };
    check(|of| of.earnings = None, "earnings: stated exactly where a measure is of what is earned");
    check(|of| of.of = MeasureOf::Amount, "earnings: stated exactly where a measure is of what is earned");
    let no_filter = "credit_kinds: a measure of earnings counts no credits, so it has no filter of them";
    check(|of| of.products.push("suite".into()), no_filter);
    check(|of| of.roles.push("AE".into()), no_filter);
    let none = "components: a measure of earnings names the components that it counts";
    check(|of| of.earnings = Some(Earnings { components: vec![], by: EarnedBy::Own }), none);
    check(|of| of.rate_type = Some("spot".into()), "rate_type: only a measure of money converts currencies");
    let no_deals = "dated_by: a measure of earnings counts no deals, so nothing of them dates it";
    check(|of| of.dated_by = DatedBy::Receipt, no_deals);
}

#[test]
fn what_is_earned_is_told_to_everybody_above_on_the_last_day() {
    let mut world = world();
    let bounds =
        |period: i32| Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)).bounds(Period(JANUARY.0 + period)).unwrap();
    let row = |from, to, manager: Option<&str>| PayeeRow {
        manager: manager.map(Into::into),
        plans: vec![],
        ..payee_row(from, to, None)
    };
    let (january, february) = (bounds(0), bounds(1));
    let middle = crate::domain::calendar::Date(february.0.0 + 10);
    let payees = [
        ("ana", vec![row(january.0, Some(middle), Some("noor")), row(middle, None, Some("piet"))]),
        ("noor", vec![row(january.0, None, Some("dana"))]),
        ("piet", vec![row(january.0, Some(february.0), Some("dana"))]),
    ];
    for (payee_id, rows) in payees {
        let reach = state(&mut world, FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows })).unwrap();
        assert_eq!((reach.all_earnings, reach.payees), (false, BTreeSet::from([payee_id.to_string()])));
    }
    let told = |world: &World, period, by| {
        let told = world.earned_for(&"ana".into(), Period(JANUARY.0 + period), by);
        told.iter().map(|payee_id| payee_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(&world, 0, EarnedBy::Own), ["ana"]);
    // Nobody knows dana: the chain ends there.
    assert_eq!(told(&world, 0, EarnedBy::Reports), ["noor"]);
    // The seat above is vacant in February.
    assert_eq!(told(&world, 1, EarnedBy::Reports), Vec::<String>::new());
    state(&mut world, FactBody::MeasureDefined(measure("team", &["a"], EarnedBy::Reports))).unwrap();
    let dana = Payee { payee_id: "dana".into(), rows: vec![row(january.0, None, None)] };
    assert!(state(&mut world, FactBody::PayeeDefined(dana)).unwrap().all_earnings, "those below had told nobody");
    assert_eq!(told(&world, 0, EarnedBy::Reports), ["noor", "dana"]);
    assert_eq!(told(&world, 1, EarnedBy::Reports), ["dana"]);
    let moved = Payee { payee_id: "noor".into(), rows: vec![row(january.0, None, None)] };
    assert!(state(&mut world, FactBody::PayeeDefined(moved)).unwrap().all_earnings);
    assert_eq!(told(&world, 0, EarnedBy::Reports), ["noor"]);
}

#[test]
fn a_team_is_those_of_its_rows_on_the_last_day() {
    let mut world = world();
    let calendar = Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11));
    let day = |days: i32| crate::domain::calendar::Date(calendar.starts[0].0 + days);
    let row = |from, to, team| payee_row(day(from), Option::map(to, day), team);
    let payee = |payee_id: &str, rows| FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows });
    state(&mut world, payee("dan", vec![row(0, None, Some("red"))])).unwrap();
    let nobody_is_told = state(&mut world, payee("bo", vec![row(0, Some(40), Some("red"))])).unwrap();
    assert!(!nobody_is_told.all_earnings);
    state(&mut world, FactBody::MeasureDefined(measure("team", &["a"], EarnedBy::Team))).unwrap();
    let rows = vec![row(0, Some(40), Some("blue")), row(40, None, Some("red"))];
    assert!(state(&mut world, payee("cy", rows.clone())).unwrap().all_earnings);
    let off_plan = PayeeRow { plans: vec![], ..row(0, None, Some("red")) };
    assert!(state(&mut world, payee("al", vec![off_plan])).unwrap().all_earnings);
    let titled = rows.into_iter().map(|row| PayeeRow { title: "SE".into(), ..row }).collect();
    assert!(!state(&mut world, payee("cy", titled)).unwrap().all_earnings, "a title is no team");
    let told = |payee_id: &str, period| {
        let told = world.earned_for(&payee_id.into(), Period(JANUARY.0 + period), EarnedBy::Team);
        told.iter().map(|payee_id| payee_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told("dan", 0), ["al", "bo", "dan"]);
    assert_eq!(told("cy", 0), ["cy"]);
    // Bo has left: what he earned in February is the team's, and he is not in it.
    assert_eq!(told("bo", 1), ["al", "cy", "dan"]);
    assert_eq!(told("eve", 0), Vec::<String>::new());
    let sharers = |payee_id, period| {
        let sharers = world.sharers(payee_id, "ae", Period(JANUARY.0 + period), None);
        sharers.iter().map(|sharer| sharer.payee_id).collect::<Vec<_>>()
    };
    assert_eq!((sharers("dan", 0), sharers("cy", 0)), (vec!["bo", "dan"], vec!["cy"]), "al is on no plan");
    assert_eq!((sharers("bo", 1), sharers("eve", 1)), (vec!["cy", "dan"], vec![]));
    let many = (4..MAXIMUM_TEAM).map(|number| format!("p{number:03}"));
    many.for_each(|id| drop(state(&mut world, payee(&id, vec![row(0, Some(1), Some("red"))])).unwrap()));
    state(&mut world, payee("dan", vec![row(0, None, Some("red"))])).unwrap();
    let refused = state(&mut world, payee("one-more", vec![row(0, None, Some("red"))])).unwrap_err();
    assert_eq!(refused, "team: team \"red\" has 200 payees already [invalid_fact]");
    assert!(state(&mut world, payee("one-more", vec![row(0, None, Some(""))])).is_err());
}

#[test]
fn a_number_that_divides_a_pool_moves_those_who_share_it() {
    let mut world = world();
    state(&mut world, FactBody::MeasureDefined(measure("team", &["a"], EarnedBy::Team))).unwrap();
    let bounds = world.bounds(JANUARY).unwrap();
    let row = |from: i32, to: Option<i32>, weight: i128| PayeeRow {
        parameters: vec![("other".into(), Amount(7)), ("weight".into(), Amount(weight))],
        ..payee_row(Date(bounds.0.0 + from), to.map(|to| Date(bounds.0.0 + to)), Some("red"))
    };
    let mut told = |rows: Vec<PayeeRow>| {
        state(&mut world, FactBody::PayeeDefined(Payee { payee_id: "dan".into(), rows })).unwrap().all_earnings
    };
    assert!(told(vec![row(0, None, 1)]));
    assert!(!told(vec![row(0, None, 2)]), "no plan divides by it");
    let mut pool = plan(&[("b", "team")]);
    (pool.components[0].interval, pool.components[0].pool) = (IntervalKind::Month, Some(PoolShare::ByParameter("weight".into())));
    state(&mut world, FactBody::PlanDefined(pool)).unwrap();
    let mut told = |rows: Vec<PayeeRow>| {
        state(&mut world, FactBody::PayeeDefined(Payee { payee_id: "dan".into(), rows })).unwrap().all_earnings
    };
    assert!(told(vec![row(0, None, 3)]));
    let other = PayeeRow { parameters: vec![("other".into(), Amount(8)), ("weight".into(), Amount(3))], ..row(0, None, 3) };
    assert!(!told(vec![other]), "nothing is divided by another number");
    assert!(told(vec![row(0, Some(30), 3), row(30, Some(31), 5), row(31, None, 9)]));
    let number = |period: i32, name| world.sharers("dan", "ae", Period(JANUARY.0 + period), name)[0].number;
    assert_eq!([number(0, Some("weight")), number(1, Some("weight"))], [Some(Amount(5)), Some(Amount(9))], "of the last day");
    assert_eq!([number(0, None), number(0, Some("none"))], [None, None]);
}

#[test]
fn a_pool_is_what_everybody_who_shares_it_computes() {
    let check = |change: fn(&mut Plan), expected: Result<(), &str>| {
        let mut plan = plan(&[("a", "team")]);
        plan.components[0].interval = IntervalKind::Month;
        plan.components[0].pool = Some(PoolShare::Equal);
        change(&mut plan);
        let stated = state(&mut world(), FactBody::PlanDefined(plan)).map(drop);
        assert_eq!(stated, expected.map_err(|message| format!("components.a: {message} [not_supported]")));
    };
    check(|_| (), Ok(()));
    check(|plan| plan.components[0].pool = Some(PoolShare::ByParameter("weight".into())), Ok(()));
    let a_month = "a pool is of one pay period: interval = \"month\"";
    check(|plan| plan.components[0].interval = IntervalKind::Quarter, Err(a_month));
    let personal = "a pool is of what the team earns, not of one payee's quota, target or parameters";
    let by_attainment = |plan: &mut Plan| {
        let component = &mut plan.components[0];
        (component.tier_by, component.no_quota) = (TierBy::Attainment, Some(NoQuota::Park));
    };
    check(by_attainment, Err(personal));
    let of_target = |plan: &mut Plan| {
        let component = &mut plan.components[0];
        (component.tier_by, component.no_quota) = (TierBy::Attainment, Some(NoQuota::Park));
        component.pays = Pays::FractionOf("target_incentive".into());
    };
    check(of_target, Err(personal));
    let own_rate = |plan: &mut Plan| {
        let component = &mut plan.components[0];
        component.tiers[0].rate = Rate(0);
        component.own_rates = vec![OwnRate { tier: 0, parameter: "own_rate".into() }];
    };
    check(own_rate, Err(personal));
    let own_cap = |plan: &mut Plan| {
        let component = &mut plan.components[0];
        component.modifiers.cap = Some(Amount(0));
        component.own_modifiers = vec![OwnModifier { place: OwnPlace::Cap, parameter: "most".into() }];
    };
    check(own_cap, Err(personal));
    let shrinks = "a pool's cap and floor are the team's: they do not shrink with one payee's part";
    check(|plan| plan.components[0].modifiers.cap = Some(Amount(1_000_000)), Ok(()));
    check(|plan| plan.prorate.cap = true, Ok(()));
    let capped = |plan: &mut Plan| {
        (plan.prorate.cap, plan.components[0].modifiers.cap) = (true, Some(Amount(1_000_000)));
    };
    check(capped, Err(shrinks));
    let floored = |plan: &mut Plan| {
        (plan.prorate.floor, plan.components[0].modifiers.floor) = (true, Some(Amount(1_000_000)));
    };
    check(floored, Err(shrinks));
    let at_once = "a pool is paid when it is booked, and recomputed";
    let later = |plan: &mut Plan| {
        plan.components[0].pay = vec![Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when: Due::AfterMonths(1) }]
    };
    check(later, Err(at_once));
    check(|plan| plan.components[0].clawback.period = ClawbackPeriod::Current, Err(at_once));
}

#[test]
fn a_measure_of_earnings_has_no_filter_of_deals() {
    let of = || measure("m", &["a"], EarnedBy::Own);
    let check = |measure: Measure, expected: &str| {
        assert_eq!(state(&mut world(), FactBody::MeasureDefined(measure)).unwrap_err(), format!("{expected} [invalid_fact]"));
    };
    let no_filter = "credit_kinds: a measure of earnings counts no credits, so it has no filter of them";
    let texts = || vec!["x".to_string()];
    let condition = AttributeCondition { attribute: "a".into(), is: Wanted::Text(texts()) };
    check(Measure { products: texts(), ..of() }, no_filter);
    check(Measure { geographies: texts(), ..of() }, no_filter);
    check(Measure { segments: texts(), ..of() }, no_filter);
    check(Measure { customers: texts(), ..of() }, no_filter);
    check(Measure { roles: texts(), ..of() }, no_filter);
    check(Measure { deal_kinds: vec![DealKind::New], ..of() }, no_filter);
    check(Measure { filter: vec![condition], ..of() }, no_filter);
    check(Measure { credit_kinds: vec![CreditKind::Revenue], ..of() }, no_filter);
    let dated = "dated_by: a measure of earnings counts no deals, so nothing of them dates it";
    check(Measure { dated_by: DatedBy::Invoice, ..of() }, dated);
    check(measure("m", &[], EarnedBy::Own), "components: a measure of earnings names the components that it counts");
    let stated = "earnings: stated exactly where a measure is of what is earned";
    check(Measure { earnings: None, ..of() }, stated);
    check(Measure { of: MeasureOf::Amount, ..of() }, stated);
}
