//! What the log may state about a company, a calendar, payees and closes, in the words of its reject, and how far each statement
//! reaches.

use super::super::apply::NAMED_PAYEES;
use super::super::{Reach, World};
use super::{payee_row, state};
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::fact::*;
use crate::domain::measure::DatedBy;
use crate::domain::money::Amount;
use std::collections::BTreeSet;

const JANUARY: Period = Period(2026 * 12);

fn month(number: i32) -> Period {
    Period(JANUARY.0 + number - 1)
}

fn company() -> Company {
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None }
}

fn calendar() -> Calendar {
    Calendar::monthly("fiscal", JANUARY, month(12))
}

fn world() -> World {
    let mut world = World::new(2);
    state(&mut world, FactBody::CompanyDefined(company())).unwrap();
    state(&mut world, FactBody::CalendarDefined(calendar())).unwrap();
    world
}

#[track_caller]
fn refused(world: &mut World, body: FactBody, expected: &str) {
    assert_eq!(state(world, body).unwrap_err(), expected);
}

#[test]
fn a_company_stays_the_one_that_it_is() {
    let stated = |company: Company| FactBody::CompanyDefined(company);
    let cannot = "company: a company's id, currency and calendar cannot change [not_supported]";
    for changed in [
        Company { company_id: "other".into(), ..company() },
        Company { currency: "EUR".into(), ..company() },
        Company { calendar: "other".into(), ..company() },
    ] {
        refused(&mut world(), stated(changed), cannot);
    }
    let wrong = Company { currency: "dollar".into(), ..company() };
    refused(&mut World::new(1), stated(wrong), "currency: \"dollar\" is not an ISO 4217 currency code [invalid_fact]");
    let mut first = World::new(1);
    let reach = Reach { parked: true, all_earnings: true, ..Reach::default() };
    assert_eq!(state(&mut first, stated(company())), Ok(reach));
    // Who may release is no part of what is earned.
    assert_eq!(state(&mut first, stated(Company { closer_may_release: true, ..company() })), Ok(Reach::default()));
    let mut other = World::new(1);
    state(&mut other, FactBody::CalendarDefined(calendar())).unwrap();
    let named = Company { calendar: "other".into(), ..company() };
    refused(&mut other, stated(named), "calendar: the company names another calendar than the one published [not_supported]");
    state(&mut other, stated(company())).unwrap();
}

#[test]
fn a_measure_stays_what_it_counts() {
    let measure = || Measure { measure_id: "sales".into(), credit_kinds: vec![CreditKind::Revenue], ..Measure::default() };
    let stated = |measure: Measure| FactBody::MeasureDefined(measure);
    let mut world = world();
    assert!(state(&mut world, stated(measure())).unwrap().backfill);
    assert_eq!(state(&mut world, stated(measure())), Ok(Reach::default()));
    // Deals in other currencies waited for it.
    let converting = || Measure { rate_type: Some("spot".into()), ..measure() };
    assert_eq!(state(&mut world, stated(converting())), Ok(Reach { parked: true, ..Reach::default() }));
    assert_eq!(state(&mut world, stated(converting())), Ok(Reach::default()));
    let wrong = "measure_id: measure \"sales\" is published with another definition; use a new id [invalid_fact]";
    refused(&mut world, stated(Measure { products: vec!["crm".into()], ..measure() }), wrong);
}

#[test]
fn a_calendar_ascends_and_is_only_extended() {
    let stated = |id: &str, starts: &[Date]| {
        FactBody::CalendarDefined(Calendar { calendar_id: id.into(), starts: starts.to_vec(), ..calendar() })
    };
    let starts = calendar().starts;
    let ascends = "starts: a calendar needs at least one period, and first days that ascend [invalid_fact]";
    for wrong in [&[][..], &starts[..1], &[starts[0], starts[0]], &[starts[1], starts[0]]] {
        refused(&mut World::new(1), stated("fiscal", wrong), ascends);
    }
    state(&mut World::new(1), stated("fiscal", &starts[..2])).unwrap();
    refused(&mut World::new(1), stated("", &starts), "calendar_id: empty [invalid_fact]");
    let second = "calendar_id: a second calendar: the company has one [not_supported]";
    refused(&mut world(), stated("other", &starts), second);
    let mut without_company = World::new(1);
    state(&mut without_company, stated("fiscal", &starts)).unwrap();
    refused(&mut without_company, stated("other", &starts), second);
    let extended = "starts: a calendar can only be extended: its published periods must stay as they are [invalid_fact]";
    let mut moved = starts.clone();
    moved[3] = Date(moved[3].0 + 1);
    refused(&mut world(), stated("fiscal", &moved), extended);
    refused(&mut world(), stated("fiscal", &starts[..12]), extended);
    let later = FactBody::CalendarDefined(Calendar { first: JANUARY.next(), ..calendar() });
    refused(&mut world(), later, extended);
    assert_eq!(state(&mut world(), stated("fiscal", &starts)), Ok(Reach::default()));
    let longer: Vec<Date> = starts.iter().copied().chain([Date(starts[12].0 + 31)]).collect();
    let reach = Reach { parked: true, all_earnings: true, ..Reach::default() };
    assert_eq!(state(&mut world(), stated("fiscal", &longer)), Ok(reach.clone()));
    // What settlements date counts as far as the calendar reaches.
    let mut dated = world();
    let (measure_id, credit_kinds) = ("invoiced".into(), vec![CreditKind::Revenue]);
    let invoiced = Measure { measure_id, credit_kinds, dated_by: DatedBy::Invoice, ..Measure::default() };
    state(&mut dated, FactBody::MeasureDefined(invoiced)).unwrap();
    let anew = Reach { credits_from: Some(Date(i32::MIN)), ..reach };
    assert_eq!(state(&mut dated, stated("fiscal", &longer)), Ok(anew));
}

fn day(number: i32) -> Date {
    Date(calendar().starts[0].0 + number)
}

fn payee(rows: Vec<PayeeRow>) -> FactBody {
    FactBody::PayeeDefined(Payee { payee_id: "ana".into(), rows })
}

#[test]
fn rows_of_a_payee_follow_one_another() {
    let row = |from: i32, to: Option<i32>| payee_row(day(from), to.map(day), None);
    let overlap = "rows: payee \"ana\": the rows from 2026-01-01 and 2026-02-01 overlap [invalid_fact]";
    let ends = "rows: payee \"ana\": the row from 2026-01-01 ends before it starts [invalid_fact]";
    refused(&mut world(), payee(vec![]), "rows: payee \"ana\" has no row [invalid_fact]");
    refused(&mut world(), payee(vec![row(0, Some(0))]), ends);
    refused(&mut world(), payee(vec![row(0, Some(-1))]), ends);
    refused(&mut world(), payee(vec![row(0, None), row(31, None)]), overlap);
    refused(&mut world(), payee(vec![row(0, Some(32)), row(31, None)]), overlap);
    for rows in [vec![row(0, Some(1))], vec![row(0, Some(31)), row(31, None)], vec![row(0, Some(20)), row(31, None)]] {
        state(&mut world(), payee(rows)).unwrap();
    }
    let group = PayeeRow { pay_group: "weekly".into(), ..row(0, None) };
    refused(&mut world(), payee(vec![group]), "pay_group: a pay group other than \"default\" [not_supported]");
    let named = |parameters: &[(&str, i128)]| {
        let parameters = parameters.iter().map(|(name, amount)| (name.to_string(), Amount(*amount))).collect();
        payee(vec![PayeeRow { parameters, ..row(0, None) }])
    };
    let wrong = "parameters: parameters have names in order, each once, and are not negative [invalid_fact]";
    for parameters in [&[("b", 1), ("a", 1)][..], &[("a", 1), ("a", 1)], &[("", 1)], &[("a", -1)]] {
        refused(&mut world(), named(parameters), wrong);
    }
    state(&mut world(), named(&[("a", 0), ("b", 1)])).unwrap();
}

#[test]
fn plans_change_with_a_pay_period() {
    let row = |from: i32, to: Option<i32>, plans: &[&str]| {
        let plans = plans.iter().map(|id| id.to_string()).collect();
        PayeeRow { plans, ..payee_row(day(from), to.map(day), None) }
    };
    let inside = "plans: a change of plans inside a pay period [not_supported]";
    refused(&mut world(), payee(vec![row(0, Some(20), &["ae"]), row(20, None, &["se"])]), inside);
    refused(&mut world(), payee(vec![row(0, Some(20), &["ae"]), row(25, None, &[])]), inside);
    for rows in [
        // With the month, in another month than the one that ended, and no change at all.
        vec![row(0, Some(31), &["ae"]), row(31, None, &["se"])],
        vec![row(0, Some(20), &["ae"]), row(40, None, &["se"])],
        vec![row(0, Some(20), &["ae", "se"]), row(20, None, &["se", "ae"])],
        // Behind the calendar nothing is known of periods.
        vec![row(0, Some(1_000), &["ae"]), row(1_000, None, &["se"])],
    ] {
        state(&mut world(), payee(rows)).unwrap();
    }
}

#[test]
fn a_payee_reaches_back_to_the_first_day_that_changes_a_seat() {
    let row = |from: i32, to: Option<i32>, manager: Option<&str>| PayeeRow {
        manager: manager.map(String::from),
        ..payee_row(day(from), to.map(day), None)
    };
    let check = |rows: &[PayeeRow], expected: Option<Date>| {
        let mut world = world();
        state(&mut world, payee(vec![row(0, Some(31), None), row(31, None, Some("bo"))])).unwrap();
        let reach = state(&mut world, payee(rows.to_vec())).unwrap();
        assert_eq!((reach.credits_from, reach.parked, reach.payees.len()), (expected, true, 1), "{rows:?}");
    };
    let first = row(0, Some(31), None);
    let mut same = world();
    state(&mut same, payee(vec![first.clone()])).unwrap();
    assert_eq!(state(&mut same, payee(vec![first.clone()])), Ok(Reach::default()));
    check(&[PayeeRow { title: "SE".into(), ..first.clone() }, row(31, None, Some("bo"))], None);
    check(&[first.clone(), row(31, None, Some("cy"))], Some(day(31)));
    check(&[first.clone(), row(31, Some(59), Some("bo")), row(59, None, Some("cy"))], Some(day(31)));
    check(&[first.clone(), row(40, None, Some("bo"))], Some(day(31)));
    check(std::slice::from_ref(&first), Some(day(31)));
    // The first row also answers for the days before it.
    check(&[row(0, Some(31), Some("cy")), row(31, None, Some("bo"))], Some(Date(i32::MIN)));
}

fn close(close_id: &str, period: Period) -> PeriodClosed {
    let cut = Cut { deal_closed: vec![1, 2], quota_changed: vec![0, 0], ..Cut::default() };
    PeriodClosed { close_id: close_id.into(), calendar: "fiscal".into(), pay_group: "default".into(), period, cut }
}

#[test]
fn a_close_is_of_the_next_period_and_cuts_every_partition() {
    let check = |closed: PeriodClosed, expected: &str| refused(&mut world(), FactBody::PeriodClosed(closed), expected);
    let other = PeriodClosed { calendar: "other".into(), ..close("c1", JANUARY) };
    check(other, "period: 2026-01 is not a period of calendar \"other\" [invalid_fact]");
    check(close("c1", month(13)), "period: 2027-01 is not a period of calendar \"fiscal\" [invalid_fact]");
    check(close("", JANUARY), "close_id: empty [invalid_fact]");
    let group = PeriodClosed { pay_group: "weekly".into(), ..close("c1", JANUARY) };
    check(group, "pay_group: a pay group other than \"default\" [not_supported]");
    let cut = |deals: usize, quotas: usize, settled: usize, adjusted: usize| {
        let [deal_closed, quota_changed, deal_settled, adjustment_made] =
            [deals, quotas, settled, adjusted].map(|partitions| vec![0; partitions]);
        PeriodClosed { cut: Cut { deal_closed, quota_changed, deal_settled, adjustment_made }, ..close("c1", JANUARY) }
    };
    let whole = "cut: needs the end offset of each of the 2 partitions of every input [invalid_fact]";
    for (deals, quotas, settled, adjusted) in [(1, 2, 2, 2), (0, 2, 2, 2), (2, 3, 2, 2), (2, 0, 2, 2), (2, 2, 1, 2), (2, 2, 2, 1)]
    {
        check(cut(deals, quotas, settled, adjusted), whole);
    }
    // Settlements and adjustments are none of a close that was stated before there were any.
    for (settled, adjusted) in [(2, 2), (0, 0), (0, 2), (2, 0)] {
        state(&mut world(), FactBody::PeriodClosed(cut(2, 2, settled, adjusted))).unwrap();
    }
}

#[test]
fn closes_follow_one_another_and_are_released_in_order() {
    let mut world = world();
    let closed = |id: &str, period| FactBody::PeriodClosed(close(id, period));
    let reopened = |id: &str| FactBody::PeriodReopened(PeriodReopened { close_id: id.into() });
    let released = |id: &str| {
        let close_id = id.into();
        FactBody::PeriodReleased(PeriodReleased { close_id, records: 0, total_minor: 0, other_totals: vec![], digest: "".into() })
    };
    assert_eq!(world.closed_through(), None);
    state(&mut world, closed("c1", JANUARY)).unwrap();
    refused(&mut world, closed("c1", month(2)), "close_id: \"c1\" was used before [invalid_fact]");
    for period in [JANUARY, month(3)] {
        let next = format!("period: {period} cannot be closed: the next one is 2026-02 [invalid_fact]");
        refused(&mut world, closed("c2", period), &next);
    }
    state(&mut world, closed("c2", month(2))).unwrap();
    assert_eq!(world.closed_through(), Some(month(2)));
    let since = |world: &World| [JANUARY, month(2), month(3)].map(|period| world.closes_since(period).collect::<Vec<_>>());
    assert_eq!(since(&world), [vec![0, 1], vec![1], vec![]]);
    let not_last = |id: &str| format!("close_id: \"{id}\" is not the last closed and unreleased period [invalid_fact]");
    refused(&mut world, reopened("c1"), &not_last("c1"));
    refused(&mut world, released("c2"), "close_id: \"c2\" is not the first closed and unreleased period [invalid_fact]");
    refused(&mut world, released("c1"), "author: \"hr\" closed this period; another person releases it [invalid_fact]");
    state(&mut world, FactBody::CompanyDefined(Company { closer_may_release: true, ..company() })).unwrap();
    state(&mut world, released("c1")).unwrap();
    state(&mut world, reopened("c2")).unwrap();
    assert_eq!(world.closed_through(), Some(JANUARY));
    assert_eq!(since(&world), [vec![0], vec![], vec![]]);
    // What is released is not reopened, and the reopened period is the next one again.
    refused(&mut world, reopened("c1"), &not_last("c1"));
    refused(&mut world, closed("c2", month(2)), "close_id: \"c2\" was used before [invalid_fact]");
    state(&mut world, closed("c3", month(2))).unwrap();
    assert_eq!(since(&world), [vec![0, 2], vec![2], vec![]]);
}

#[test]
fn reaches_add_up_until_they_name_too_many() {
    let named =
        |from: usize, to: usize| Reach { payees: (from..to).map(|place| place.to_string()).collect(), ..Reach::default() };
    let merged = |one: &Reach, other: &Reach| {
        let mut merged = one.clone();
        merged.merge(other);
        merged
    };
    let most = merged(&named(0, NAMED_PAYEES - 1), &named(NAMED_PAYEES - 1, NAMED_PAYEES));
    assert_eq!((most.payees.len(), most.all_earnings), (NAMED_PAYEES, false));
    let everybody = merged(&most, &named(NAMED_PAYEES, NAMED_PAYEES + 1));
    assert_eq!(everybody, Reach { all_earnings: true, payees: BTreeSet::new(), ..Reach::default() });
    let from = |day: Option<i32>| Reach { credits_from: day.map(Date), ..Reach::default() };
    for (one, other, expected) in
        [(None, None, None), (Some(1), None, Some(1)), (None, Some(2), Some(2)), (Some(2), Some(1), Some(1))]
    {
        assert_eq!(merged(&from(one), &from(other)), from(expected));
    }
    let flags = merged(&Reach { backfill: true, ..Reach::default() }, &Reach { parked: true, ..Reach::default() });
    assert_eq!(flags, Reach { backfill: true, parked: true, ..Reach::default() });
}
