//! Amounts of terms of pay that are the payee's own: which plans may name them, what a payee has, and when a close is none.

use super::super::World;
use super::{payee_row, state};
use crate::domain::account::TermsNow;
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::{Company, Cut, FactBody, Payee, PayeeRow, PeriodClosed};
use crate::domain::money::{Amount, Minor, Rate};
use crate::domain::pay_terms::*;
use crate::domain::plan::*;
use crate::domain::reward;

const JANUARY: Period = Period(2026 * 12);
const PLACES: [AmountPlace; 4] =
    [AmountPlace::Draw, AmountPlace::MaximumBalance, AmountPlace::PaymentCap, AmountPlace::MinimumSettlement];

/// Every term of pay, until March, with nothing stated; these are the payee's own.
fn plan(own: &[(AmountPlace, &str)]) -> Plan {
    let (share_of_excess, floor, at_end) = (Rate(100_000_000), RecoveryFloor::Draw, AtEnd::Owed);
    let recover = Recover { from: JANUARY, share_of_excess, floor, maximum_balance: Some(Amount(0)), at_end };
    let pay = PayTerms {
        draw: Some(Draw { amount: Amount(0), first: JANUARY, last: Period(JANUARY.0 + 2), recover: Some(recover) }),
        payment_cap: Some(PaymentCap { amount: Amount(0), excess: PaymentExcess::Lost }),
        minimum_settlement: Some(MinimumSettlement { amount: Amount(0), flush: Flush::End }),
    };
    let own = own.iter().map(|(place, parameter)| OwnAmount { place: *place, parameter: (*parameter).into() });
    Plan { from: "2026-01-01".parse().unwrap(), pay, own_amounts: own.collect(), ..reward::tests::plan() }
}

fn all(parameter: &str) -> Plan {
    plan(&PLACES.map(|place| (place, parameter)))
}

fn world() -> World {
    let mut world = World::new(1);
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
    state(&mut world, FactBody::CompanyDefined(company)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    world
}

/// On the plan from a day to another one, with an amount of their own or none.
fn row(from: &str, to: Option<&str>, own: Option<i128>) -> PayeeRow {
    PayeeRow {
        parameters: own.map(|amount| ("own".into(), Amount(amount * 1_000_000))).into_iter().collect(),
        ..payee_row(from.parse().unwrap(), to.map(|to| to.parse().unwrap()), None)
    }
}

fn payee(payee_id: &str, rows: Vec<PayeeRow>) -> FactBody {
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows })
}

#[test]
fn a_term_has_one_amount() {
    let check = |plan: Plan, expected: &str| {
        let found = state(&mut world(), FactBody::PlanDefined(plan)).map(drop);
        assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(format!("{expected} [invalid_fact]")) });
    };
    check(all("own"), "");
    for (at, place) in PLACES.into_iter().enumerate() {
        // The draw of the others is the payee's own, too: the plan states none of nothing.
        let with_draw = |own: &str| if at == 0 { plan(&[(place, own)]) } else { plan(&[(PLACES[0], "own"), (place, own)]) };
        check(with_draw("own"), "");
        check(with_draw(""), "own_amounts: an amount of the payee's own without a name");
        let mut twice = with_draw("own");
        twice.own_amounts.push(OwnAmount { place, parameter: "other".into() });
        check(twice, "own_amounts: a term has one amount of the payee's own");
        check(
            Plan { pay: PayTerms::default(), ..plan(&[(place, "own")]) },
            "own_amounts: a term has an amount, or the payee's own",
        );
    }
    let mut stated = all("own");
    stated.pay.payment_cap = Some(PaymentCap { amount: Amount(1), excess: PaymentExcess::Lost });
    check(stated, "own_amounts: a term has an amount, or the payee's own");
    check(plan(&[(PLACES[1], "own"), (PLACES[0], "own")]), "own_amounts: a term has one amount of the payee's own");
    check(plan(&[]), "draw.amount: a draw is above zero");
}

#[test]
fn amounts_of_plans_alone_are_compared() {
    let check = |own: &[(AmountPlace, &str)], expected: Result<(), &str>| {
        let mut plan = plan(own);
        if let Some(draw) = plan.pay.draw.as_mut().filter(|_| own.iter().all(|(place, _)| *place != AmountPlace::Draw)) {
            draw.amount = Amount(1);
        }
        assert_eq!(state(&mut world(), FactBody::PlanDefined(plan)).map(drop), expected.map_err(String::from), "{own:?}");
    };
    check(&[], Err("payment_cap.amount: a payment cap is not below the draw [invalid_fact]"));
    check(&[(AmountPlace::PaymentCap, "own")], Ok(()));
    check(&[(AmountPlace::Draw, "own")], Ok(()));
}

/// What the terms of January come to with these rows: draw, most that is owed, cap and smallest payment.
fn terms(plan: Plan, rows: Vec<PayeeRow>) -> [Option<i64>; 4] {
    let mut world = world();
    state(&mut world, FactBody::PlanDefined(plan)).unwrap();
    state(&mut world, payee("ana", rows)).unwrap();
    let TermsNow { draw, cap, minimum, .. } = world.pay_terms("ana", JANUARY, true).unwrap();
    let most = draw.as_ref().and_then(|draw| draw.maximum_balance);
    [draw.map(|draw| draw.amount), most, cap.map(|cap| cap.amount), minimum].map(|amount| amount.map(|Minor(amount)| amount))
}

#[test]
fn a_run_reads_the_last_row_of_its_period() {
    let check = |rows: Vec<PayeeRow>, expected: i64| assert_eq!(terms(all("own"), rows), [Some(expected); 4]);
    check(vec![row("2026-01-01", None, Some(30))], 3_000);
    let raised = |day| vec![row("2026-01-01", Some(day), Some(30)), row(day, None, Some(40))];
    check(raised("2026-01-31"), 4_000);
    check(raised("2026-02-01"), 3_000);
    check(vec![row("2026-01-01", Some("2026-01-10"), None), row("2026-01-20", None, Some(7))], 700);
    // Whoever leaves is paid what is left, however small.
    let [draw, most, cap, minimum] = terms(all("own"), vec![row("2026-01-05", Some("2026-01-06"), Some(30))]);
    assert_eq!(([draw, most, cap], minimum), ([Some(3_000); 3], None));
    // More than can be counted is no less.
    let cap = plan(&[(AmountPlace::Draw, "draw"), (AmountPlace::PaymentCap, "own")]);
    let large = PayeeRow {
        parameters: vec![("draw".into(), Amount(1)), ("own".into(), Amount(10i128.pow(23)))],
        ..row("2026-01-01", None, None)
    };
    assert_eq!(terms(cap, vec![large])[2], Some(i64::MAX));
}

#[test]
fn a_draw_of_nothing_is_none() {
    let none = [None, None, Some(0), Some(0)];
    assert_eq!(terms(all("own"), vec![row("2026-01-01", None, Some(0))]), none);
}

/// Closes January and, where it stands, every next month until April, and says why the first one is none.
fn closes(plan: Plan, payees: Vec<FactBody>) -> String {
    let mut world = world();
    state(&mut world, FactBody::PlanDefined(plan)).unwrap();
    payees.into_iter().for_each(|payee| drop(state(&mut world, payee).unwrap()));
    let close = |place: i32| {
        let cut = Cut { deal_closed: vec![0], quota_changed: vec![0], ..Cut::default() };
        let (close_id, calendar, pay_group) = (format!("c{place}"), "fiscal".into(), "default".into());
        FactBody::PeriodClosed(PeriodClosed { close_id, calendar, pay_group, period: Period(JANUARY.0 + place), cut })
    };
    let refused = (0..4).find_map(|place| state(&mut world, close(place)).err());
    let stands = world.runs.len();
    format!("{stands} closed{}", refused.map(|why| format!(", {why}")).unwrap_or_default())
}

#[test]
fn a_close_needs_every_amount_that_it_pays_by() {
    let check = |own: &[(AmountPlace, &str)], rows: Vec<PayeeRow>, expected: &str| {
        let others = vec![payee("bo", vec![row("2026-01-01", None, Some(1))]), payee("ana", rows)];
        assert_eq!(closes(plan(own), others), expected, "{own:?}");
    };
    let without = || vec![row("2026-01-01", None, None)];
    let needs = |field: &str, period: &str| {
        format!("{field}: pay of \"ana\": plan \"ae\" needs the payee's own in {period} [missing_parameter]")
    };
    let [draw, most, cap, minimum] = PLACES.map(|place| (place, "own"));
    check(&[draw], without(), &format!("0 closed, {}", needs("draw.amount", "2026-01")));
    check(&[draw, most], without(), &format!("0 closed, {}", needs("draw.amount", "2026-01")));
    check(&[draw, cap], without(), &format!("0 closed, {}", needs("draw.amount", "2026-01")));
    let draw_of_bo = || vec![PayeeRow { plans: vec![], ..row("2026-01-01", None, None) }];
    check(&[draw, most, cap, minimum], draw_of_bo(), "4 closed");
    // The draw is over in April; the cap never is.
    let until = |day| vec![row("2026-01-01", Some(day), Some(1)), row(day, None, None)];
    check(&[draw], until("2026-04-01"), "4 closed");
    check(&[draw, cap], until("2026-04-01"), &format!("3 closed, {}", needs("payment_cap.amount", "2026-04")));
    check(&[draw, minimum], until("2026-04-01"), &format!("3 closed, {}", needs("minimum_settlement.amount", "2026-04")));
    check(&[draw], until("2026-03-31"), &format!("2 closed, {}", needs("draw.amount", "2026-03")));
    // Whoever leaves is paid whatever is left.
    let leaves = vec![row("2026-01-01", Some("2026-04-01"), Some(1)), row("2026-04-01", Some("2026-04-30"), None)];
    check(&[draw, minimum], leaves, "4 closed");
}

#[test]
fn a_close_names_one_of_those_who_lack_one() {
    let without = |id| payee(id, vec![row("2026-01-01", None, None)]);
    let found = closes(all("own"), vec![without("cy"), without("ana"), without("bo")]);
    let why = "draw.amount: pay of \"ana\" and 2 more: plan \"ae\" needs the payee's own in 2026-01 [missing_parameter]";
    assert_eq!(found, format!("0 closed, {why}"));
    let large = |amount| closes(all("own"), vec![payee("ana", vec![row("2026-01-01", None, Some(amount))])]);
    assert_eq!(large(1_000_000_000_000), "4 closed");
    let why = "draw.amount: pay of \"ana\": the payee's own of plan \"ae\": no payout holds a draw of more than 1000000000000 \
               [amount_out_of_range]";
    assert_eq!(large(1_000_000_000_001), format!("0 closed, {why}"));
}
