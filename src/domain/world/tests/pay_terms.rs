//! Which terms of pay a plan may not state, in the words of its reject, and which plans pay later or to who earns nothing.

use super::super::World;
use super::super::pay::check_pay_terms;
use super::{component, payee_row, state};
use crate::domain::calendar::{Calendar, Period};
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

#[test]
fn a_period_has_the_terms_of_the_plan_that_its_payee_is_on() {
    let mut world = World::new(1);
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
    state(&mut world, FactBody::CompanyDefined(company)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    let plan = |plan_id: &str, pay| FactBody::PlanDefined(Plan { plan_id: plan_id.into(), pay, ..reward::tests::plan() });
    let drawn = PayTerms { draw: Some(draw(1_000_000)), ..PayTerms::default() };
    state(&mut world, plan("ae", capped(2_000_000, drawn))).unwrap();
    let lost = PaymentCap { amount: Amount(3_000_000), excess: PaymentExcess::Lost };
    state(&mut world, plan("se", PayTerms { payment_cap: Some(lost), ..PayTerms::default() })).unwrap();
    for (payee_id, plan_id) in [("ana", "ae"), ("bo", "se")] {
        let from = Calendar::monthly("fiscal", JANUARY, JANUARY).starts[0];
        let row = PayeeRow { plans: vec![plan_id.into()], ..payee_row(from, None, None) };
        state(&mut world, FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows: vec![row] })).unwrap();
    }
    let cap = |payee_id: &str| world.pay_terms(payee_id, JANUARY, false).unwrap().cap.map(|cap| (cap.amount.0, cap.lost));
    assert_eq!([cap("ana"), cap("bo"), cap("cy")], [Some((200, false)), Some((300, true)), None]);
    let draws = |payee_id: &str| [JANUARY, JANUARY.next()].map(|period| world.draws(payee_id, period));
    assert_eq!([draws("ana"), draws("bo"), draws("cy")], [[true, false], [false, false], [false, false]]);
}
