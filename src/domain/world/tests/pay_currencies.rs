//! Pay in another currency: what a payee's rows may say, when a close is none, and at which rate a run pays.

use super::{payee_row, state};
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::currency::{CurrencyRates, RateRow};
use crate::domain::fact::{Company, Cut, FactBody, Payee, PayeeRow, PeriodClosed, PeriodReopened};
use crate::domain::money::CurrencyRate;
use crate::domain::world::World;

const JANUARY: Period = Period(2026 * 12);

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Rows of a payee by their first days; each ends where the next begins.
fn payee(payee_id: &str, rows: &[(&str, Option<&str>)]) -> FactBody {
    let ends = rows.iter().skip(1).map(|(from, _)| Some(day(from))).chain([None]);
    let row = |((from, currency), to): (&(&str, Option<&str>), Option<Date>)| PayeeRow {
        pay_currency: currency.map(String::from),
        plans: vec![],
        ..payee_row(day(from), to, None)
    };
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows: rows.iter().zip(ends).map(row).collect() })
}

fn company(pay_rate_type: Option<&str>) -> FactBody {
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    let pay_rate_type = pay_rate_type.map(String::from);
    FactBody::CompanyDefined(Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type })
}

fn rates(rows: &[(&str, i128, u32)]) -> FactBody {
    let row = |(from, rate, max_age_days): &(&str, i128, u32)| RateRow {
        from: day(from),
        rate: CurrencyRate(*rate),
        max_age_days: *max_age_days,
    };
    let (rate_type, from_currency, to_currency) = ("pay".into(), "USD".into(), "GBP".into());
    FactBody::RatesDefined(CurrencyRates { rate_type, from_currency, to_currency, rows: rows.iter().map(row).collect() })
}

fn close(close_id: &str, period: Period) -> FactBody {
    let cut = Cut { deal_closed: vec![0], quota_changed: vec![0], ..Cut::default() };
    let (calendar, pay_group) = ("fiscal".into(), "default".into());
    FactBody::PeriodClosed(PeriodClosed { close_id: close_id.into(), calendar, pay_group, period, cut })
}

/// With a calendar of the year and bo, who is paid in pounds.
fn world(pay_rate_type: Option<&str>) -> World {
    let mut world = World::new(1);
    state(&mut world, company(pay_rate_type)).unwrap();
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11)))).unwrap();
    state(&mut world, payee("bo", &[("2026-01-01", Some("GBP"))])).unwrap();
    world
}

#[test]
fn a_payee_is_paid_in_one_currency() {
    let check = |rows: &[(&str, Option<&str>)], expected: Result<(), &str>| {
        let found = state(&mut world(None), payee("cy", rows)).map(drop);
        assert_eq!(found, expected.map_err(String::from), "{rows:?}");
    };
    let (first, next) = ("2026-01-01", "2026-02-01");
    check(&[(first, Some("GBP")), (next, Some("GBP"))], Ok(()));
    check(&[(first, None), (next, Some("USD"))], Ok(()));
    let changes = "pay_currency: payee \"cy\": a pay currency that changes [not_supported]";
    check(&[(first, Some("GBP")), (next, None)], Err(changes));
    check(&[(first, Some("pound"))], Err("pay_currency: \"pound\" is not an ISO 4217 currency code [invalid_fact]"));
    assert_eq!(state(&mut World::new(1), company(Some(""))).unwrap_err(), "pay_rate_type: empty [invalid_fact]");
}

#[test]
fn a_close_needs_a_rate_for_the_last_day() {
    let check = |rate_type: Option<&str>, stated: &[(&str, i128, u32)], expected: Result<i128, &str>| {
        let mut world = world(rate_type);
        state(&mut world, payee("al", &[("2026-01-01", Some("GBP"))])).unwrap();
        if !stated.is_empty() {
            state(&mut world, rates(stated)).unwrap();
        }
        let found = state(&mut world, close("c1", JANUARY));
        let rate = found.map(|_| world.pay_rate(&world.money, "GBP", JANUARY).unwrap().row.rate.0);
        assert_eq!(rate, expected.map_err(String::from), "{stated:?}");
        assert_eq!(world.runs.len(), usize::from(expected.is_ok()));
    };
    let both = "pay of \"al\" and 1 more";
    let no_type = format!(
        "pay_rate_type: {both}: no type of rate converts pay into GBP: the company states no `pay_rate_type` [missing_rate]"
    );
    check(None, &[("2026-01-01", 1, 99)], Err(&no_type));
    let none = format!("currency: {both}: no \"pay\" rate from USD to GBP is stated for 2026-01-31 or before [missing_rate]");
    check(Some("pay"), &[], Err(&none));
    check(Some("pay"), &[("2026-02-01", 1, 99)], Err(&none));
    let old = format!(
        "currency: {both}: the last \"pay\" rate from USD to GBP is of 2026-01-01 and holds 29 days behind it, not until 2026-01-31 \
         [missing_rate]"
    );
    check(Some("pay"), &[("2026-01-01", 1, 29)], Err(&old));
    check(Some("pay"), &[("2026-01-01", 1, 30)], Ok(1));
    let alone = "pay_rate_type: pay of \"bo\": no type of rate converts pay into GBP: the company states no `pay_rate_type` [missing_rate]";
    assert_eq!(state(&mut world(None), close("c1", JANUARY)).unwrap_err(), alone);
    check(Some("pay"), &[("2026-01-01", 1, 99), ("2026-01-31", 2, 0), ("2026-02-01", 3, 99)], Ok(2));
}

#[test]
fn a_close_that_stands_fixes_the_currency_of_whom_it_knew() {
    let mut world = world(Some("pay"));
    state(&mut world, rates(&[("2026-01-01", 1, 400)])).unwrap();
    let bo = |currency| payee("bo", &[("2026-01-01", currency)]);
    state(&mut world, bo(None)).unwrap();
    state(&mut world, bo(Some("GBP"))).unwrap();
    state(&mut world, close("c1", JANUARY)).unwrap();
    let refused = "pay_currency: payee \"bo\": pay in USD after a close that pays in GBP [not_supported]";
    assert_eq!(state(&mut world, bo(None)).unwrap_err(), refused);
    assert_eq!((world.paid_in("bo"), world.may_be_paid("bo")), (Some("GBP"), true));
    state(&mut world, payee("new", &[("2026-02-01", None)])).unwrap();
    state(&mut world, payee("new", &[("2026-02-01", Some("GBP"))])).unwrap();
    assert!(!world.may_be_paid("new"));
    state(&mut world, FactBody::PeriodReopened(PeriodReopened { close_id: "c1".into() })).unwrap();
    state(&mut world, bo(None)).unwrap();
    assert_eq!(world.paid_in("bo"), None);
}
