//! Which terms of pay a plan may not state, in the words of its reject, and which plans pay later or to who earns nothing.

use super::super::World;
use super::super::pay::check_pay_terms;
use super::{component, payee_row, state};
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::fact::{Company, FactBody, Payee, PayeeRow};
use crate::domain::money::{Amount, Rate};
use crate::domain::pay_terms::*;
use crate::domain::plan::*;
use crate::domain::reward;
use crate::domain::tranche::{Due, Tranche};

const JANUARY: Period = Period(2026 * 12);

fn draw(amount: i128) -> Draw {
    Draw { amount: Amount(amount), first: JANUARY, last: JANUARY, recover: None }
}

fn recover(share_of_excess: i64, maximum_balance: Option<i128>) -> PayTerms {
    let maximum_balance = maximum_balance.map(Amount);
    let recover = Recover {
        from: JANUARY,
        share_of_excess: Rate(share_of_excess),
        maximum_balance,
        floor: RecoveryFloor::Zero,
        at_end: AtEnd::Owed,
    };
    PayTerms { draw: Some(Draw { recover: Some(recover), ..draw(1) }), ..PayTerms::default() }
}

fn capped(amount: i128, terms: PayTerms) -> PayTerms {
    PayTerms { payment_cap: Some(PaymentCap { amount: Amount(amount), excess: PaymentExcess::Carry }), ..terms }
}

#[test]
fn terms_of_pay_have_their_limits() {
    let check = |terms: PayTerms, expected: &str| {
        let plan = Plan { pay: terms.clone(), ..reward::tests::plan() };
        let found = check_pay_terms(&plan).map_err(|reject| reject.to_string());
        assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(format!("{expected} [invalid_fact]")) }, "{terms:?}");
    };
    let drawn = |amount| PayTerms { draw: Some(draw(amount)), ..PayTerms::default() };
    let most = 10i128.pow(12) * 10i128.pow(6);
    check(PayTerms::default(), "");
    check(drawn(1), "");
    check(drawn(0), "draw.amount: a draw is above zero");
    check(drawn(most), "");
    check(drawn(most + 1), "draw.amount: no payout holds a draw of more than 1000000000000");
    let ends = PayTerms { draw: Some(Draw { first: JANUARY.next(), ..draw(1) }), ..PayTerms::default() };
    check(ends, "draw.last: a draw ends before it starts");
    check(capped(5, drawn(5)), "");
    check(capped(4, drawn(5)), "payment_cap.amount: a payment cap is not below the draw");
    check(capped(0, PayTerms::default()), "");
    check(capped(-1, PayTerms::default()), "payment_cap.amount: a payment cap is not negative");
    for (share, fits) in [(0, true), (100_000_000, true), (-1, false), (100_000_001, false)] {
        check(recover(share, None), if fits { "" } else { "draw.recover.share_of_excess: a share is from 0 to 100 %" });
    }
    check(recover(0, Some(0)), "");
    check(recover(0, Some(-1)), "draw.recover.maximum_balance: a balance is not negative");
    let minimum = |amount: i128| {
        let minimum_settlement = Some(MinimumSettlement { amount: Amount(amount), flush: Flush::End });
        PayTerms { minimum_settlement, ..PayTerms::default() }
    };
    check(minimum(0), "");
    check(minimum(-1), "minimum_settlement.amount: a smallest payment is not negative");
}

#[test]
fn draws_and_tranches_are_known_by_their_plans() {
    let with = |pay: PayTerms, tranches: Vec<Tranche>| {
        let component = Component { pay: tranches, ..component(QuotaUse::Interval) };
        let plan = Plan { pay, components: vec![component], ..reward::tests::plan() };
        let mut world = World::new(1);
        world.apply_plan(0, &plan).unwrap();
        let of = |plan_id: &str, from, id: &str| world.pays_in_tranches(plan_id, from, id);
        let others =
            [of("other", plan.from, "new"), of(&plan.plan_id, JANUARY_2027, "new"), of(&plan.plan_id, plan.from, "other")];
        assert_eq!(others, [false; 3]);
        (world.has_draws(), world.has_tranches(), of(&plan.plan_id, plan.from, "new"))
    };
    const JANUARY_2027: crate::domain::calendar::Date = crate::domain::calendar::Date(20_819);
    let later = vec![Tranche { share: Rate(100_000_000), when: Due::YearEnd }];
    assert_eq!(with(PayTerms::default(), vec![]), (false, false, false));
    assert_eq!(with(recover(0, None), vec![]), (true, false, false));
    assert_eq!(with(PayTerms::default(), later), (false, true, true));
}

/// A company with a calendar of the year and these plans; `ana` has these rows.
fn world(plans: Vec<Plan>, rows: Vec<PayeeRow>) -> World {
    let mut world = World::new(1);
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
    state(&mut world, FactBody::CompanyDefined(company)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    plans.into_iter().for_each(|plan| drop(state(&mut world, FactBody::PlanDefined(plan)).unwrap()));
    state(&mut world, FactBody::PayeeDefined(Payee { payee_id: "ana".into(), rows })).unwrap();
    world
}

fn plan(plan_id: &str, pay: PayTerms) -> Plan {
    Plan { plan_id: plan_id.into(), pay, ..reward::tests::plan() }
}

/// First day of a month of 2026.
fn first(month: i32) -> Date {
    Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)).starts[month as usize - 1]
}

fn row(plan_id: &str, from: i32, to: Option<i32>) -> PayeeRow {
    PayeeRow { plans: vec![plan_id.into()], ..payee_row(first(from), to.map(first), None) }
}

#[test]
fn a_period_has_the_terms_of_the_plan_that_its_payee_is_on() {
    let drawn = PayTerms { draw: Some(draw(1_000_000)), ..PayTerms::default() };
    let lost = PaymentCap { amount: Amount(3_000_000), excess: PaymentExcess::Lost };
    let plans =
        vec![plan("ae", capped(2_000_000, drawn)), plan("se", PayTerms { payment_cap: Some(lost), ..PayTerms::default() })];
    let mut world = world(plans, vec![row("ae", 1, None)]);
    state(&mut world, FactBody::PayeeDefined(Payee { payee_id: "bo".into(), rows: vec![row("se", 1, None)] })).unwrap();
    let cap = |payee_id: &str| world.pay_terms(payee_id, JANUARY, false).unwrap().cap.map(|cap| (cap.amount.0, cap.lost));
    assert_eq!([cap("ana"), cap("bo"), cap("cy")], [Some((200, false)), Some((300, true)), None]);
    let draws = |payee_id: &str| [JANUARY, JANUARY.next()].map(|period| world.draws(payee_id, period));
    assert_eq!([draws("ana"), draws("bo"), draws("cy")], [[true, false], [false, false], [false, false]]);
}

/// A draw of 100 until March, of which from February on this share of the excess is paid back.
fn recovered(percent: i64, floor: RecoveryFloor, at_end: AtEnd) -> PayTerms {
    let (from, share_of_excess) = (JANUARY.next(), Rate(percent * 1_000_000));
    let recover = Some(Recover { from, share_of_excess, floor, maximum_balance: None, at_end });
    PayTerms { draw: Some(Draw { last: Period(JANUARY.0 + 2), recover, ..draw(100_000_000) }), ..PayTerms::default() }
}

#[test]
fn recovery_begins_with_its_period_and_is_of_the_plan_that_its_payee_was_on_last() {
    let check = |plans: Vec<Plan>, rows: Vec<PayeeRow>, owes: bool, expected: [Option<(i64, i64)>; 4]| {
        let world = world(plans, rows);
        let found = [0, 1, 2, 3].map(|place| {
            let terms = world.pay_terms("ana", Period(JANUARY.0 + place), owes).unwrap();
            terms.recovery.map(|of| (of.share_of_excess.0 / 1_000_000, of.floor.0))
        });
        assert_eq!(found, expected);
    };
    let of = |percent, floor| recovered(percent, floor, AtEnd::Owed);
    let always = || vec![row("ae", 1, None)];
    let (none, half) = (None, Some((50, 0)));
    check(vec![plan("ae", of(50, RecoveryFloor::Zero))], always(), false, [none, half, half, none]);
    // In April there is no draw any more, and it is paid back as far as something is owed.
    check(vec![plan("ae", of(50, RecoveryFloor::Zero))], always(), true, [none, half, half, half]);
    let above = Some((50, 10_000));
    check(vec![plan("ae", of(50, RecoveryFloor::Draw))], always(), true, [none, above, above, half]);
    // From March on by the next plan, and behind it by that one.
    let next = || vec![plan("ae", of(50, RecoveryFloor::Zero)), plan("se", of(25, RecoveryFloor::Zero))];
    let moved = vec![row("ae", 1, Some(3)), row("se", 3, Some(4))];
    check(next(), moved, true, [none, half, Some((25, 0)), Some((25, 0))]);
    check(next(), vec![row("se", 1, Some(3)), row("ae", 3, None)], true, [none, Some((25, 0)), half, half]);
}

#[test]
fn what_is_owed_is_forgiven_by_the_last_period_with_recovery() {
    let check = |plans: Vec<Plan>, rows: Vec<PayeeRow>, expected: [bool; 4]| {
        let world = world(plans, rows);
        let found = [0, 1, 2, 3].map(|place| world.pay_terms("ana", Period(JANUARY.0 + place), true).unwrap().forgives);
        assert_eq!(found, expected);
    };
    let of = |at_end| plan("ae", recovered(50, RecoveryFloor::Zero, at_end));
    let leaves = || vec![row("ae", 1, Some(3)), row("se", 3, None)];
    let plain = || plan("se", PayTerms::default());
    check(vec![of(AtEnd::Forgiven), plain()], leaves(), [false, true, true, true]);
    check(vec![of(AtEnd::Owed), plain()], leaves(), [false; 4]);
    check(vec![of(AtEnd::Forgiven), plain()], vec![row("ae", 1, None)], [false; 4]);
    // A version that ends does so, too.
    let ends = Plan { to: Some(first(3)), ..of(AtEnd::Forgiven) };
    let begins = Plan { from: first(3), ..plan("ae", PayTerms::default()) };
    check(vec![ends.clone(), begins], vec![row("ae", 1, None)], [false, true, true, true]);
    let goes_on = Plan { from: first(3), ..of(AtEnd::Forgiven) };
    check(vec![ends, goes_on], vec![row("ae", 1, None)], [false; 4]);
}

#[test]
fn a_small_net_waits_until_its_payee_leaves_or_the_year_ends() {
    let check = |flush: Flush, to: Option<i32>, expected: [bool; 3]| {
        let minimum_settlement = Some(MinimumSettlement { amount: Amount(5_000_000), flush });
        let world = world(vec![plan("ae", PayTerms { minimum_settlement, ..PayTerms::default() })], vec![row("ae", 1, to)]);
        let found = [9, 10, 11].map(|place| {
            let terms = world.pay_terms("ana", Period(JANUARY.0 + place), true).unwrap();
            terms.minimum.map(|minimum| minimum.0) == Some(500)
        });
        assert_eq!(found, expected, "{flush:?} {to:?}");
    };
    check(Flush::End, None, [true, true, true]);
    check(Flush::End, Some(12), [true, false, false]);
    check(Flush::YearEnd, None, [true, true, false]);
    check(Flush::YearEnd, Some(12), [true, false, false]);
}

#[test]
fn a_draw_is_of_the_part_of_its_period_that_somebody_is_there() {
    let check = |prorated: bool, from: &str, expected: i64| {
        let prorate = Prorate { by: ProrateBy::ActiveDays, draw: prorated, ..Prorate::NOTHING };
        let drawn = PayTerms { draw: Some(draw(31_000_000)), ..PayTerms::default() };
        let plans = vec![Plan { prorate, ..plan("ae", drawn) }];
        let world = world(plans, vec![payee_row(from.parse().unwrap(), None, None)]);
        let terms = world.pay_terms("ana", JANUARY, false).unwrap();
        assert_eq!(terms.draw.map(|draw| draw.amount.0), Some(expected), "{prorated} {from}");
    };
    check(true, "2026-01-01", 3_100);
    check(true, "2026-01-17", 1_500);
    check(false, "2026-01-17", 3_100);
}
