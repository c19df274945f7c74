//! What plans, payees and measures are in: the facts that are refused, and what a deal counts as in measures of several
//! currencies.

use super::{payee_row, state};
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::credit::credits_of;
use crate::domain::currency::{CurrencyRates, RateRow, StatedRate, is_rate_into};
use crate::domain::deal::DealClosed;
use crate::domain::deal::tests::deal;
use crate::domain::fact::{Company, CreditKind, FactBody, Payee, PayeeRow};
use crate::domain::formula::Formula;
use crate::domain::measure::{EarnedBy, Earnings, Measure, MeasureOf};
use crate::domain::money::{CurrencyRate, Rate};
use crate::domain::plan::{Component, Method, NoQuota, Pays, Plan, QuotaUse, Tier, TierBy};
use crate::domain::reward;
use crate::domain::world::World;

fn company() -> FactBody {
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    FactBody::CompanyDefined(Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None })
}

fn world() -> World {
    let mut world = World::new(1);
    state(&mut world, company()).unwrap();
    let first = Period(1970 * 12);
    state(&mut world, FactBody::CalendarDefined(Calendar::monthly("fiscal", first, first))).unwrap();
    world
}

fn measure(measure_id: &str, currency: Option<&str>, rate_type: Option<&str>) -> FactBody {
    FactBody::MeasureDefined(Measure {
        measure_id: measure_id.into(),
        credit_kinds: vec![CreditKind::Revenue],
        currency: currency.map(String::from),
        rate_type: rate_type.map(String::from),
        ..Measure::default()
    })
}

/// It pays on the measure `sales`, by its sum.
fn component(component_id: &str) -> Component {
    Component {
        component_id: component_id.into(),
        measure: "sales".into(),
        tier_by: TierBy::Amount,
        no_quota: None,
        ..super::component(QuotaUse::Interval)
    }
}

fn plan(plan_id: &str, currency: &str, component: Component) -> FactBody {
    let currency = currency.into();
    FactBody::PlanDefined(Plan { plan_id: plan_id.into(), currency, components: vec![component], ..reward::tests::plan() })
}

fn payee(payee_id: &str, plans: &[&[&str]]) -> FactBody {
    let row = |(at, plans): (usize, &&[&str])| {
        let (from, next) = (at as i32 * 31, (at + 1) as i32 * 31);
        let plans = plans.iter().map(|plan| plan.to_string()).collect();
        PayeeRow { plans, ..payee_row(Date(from), Some(Date(next)), None) }
    };
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows: plans.iter().enumerate().map(row).collect() })
}

/// Whether the last fact is one behind the others.
fn check(facts: &[FactBody], expected: &str) {
    let mut world = world();
    let (last, before) = facts.split_last().unwrap();
    before.iter().for_each(|fact| drop(state(&mut world, fact.clone()).unwrap()));
    let found = state(&mut world, last.clone()).map(drop);
    assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(expected.to_owned()) }, "{facts:?}");
}

#[test]
fn a_measure_of_money_or_of_earnings_has_a_currency() {
    check(&[measure("sales", Some("EUR"), Some("month"))], "");
    check(&[measure("sales", Some("euro"), None)], "currency: not an ISO 4217 currency code [invalid_fact]");
    let number = "currency: only a measure of money or of earnings is in a currency [invalid_fact]";
    for of in [MeasureOf::Quantity, MeasureOf::Count] {
        let FactBody::MeasureDefined(sales) = measure("sales", Some("EUR"), None) else { unreachable!() };
        check(&[FactBody::MeasureDefined(Measure { of, ..sales })], number);
    }
    let again = "measure_id: measure \"sales\" is published with another definition; use a new id [invalid_fact]";
    check(&[measure("sales", None, None), measure("sales", Some("EUR"), None)], again);
}

#[test]
fn all_plans_of_a_payee_are_in_one_currency() {
    let of = |id: &str, currency: &str| plan(id, currency, component(id));
    check(&[of("ae", "EUR"), of("se", "USD"), payee("ana", &[&["ae"], &[]])], "");
    let two = "plans: payee \"ana\": plans in EUR and USD [invalid_fact]";
    check(&[of("ae", "EUR"), of("se", "USD"), payee("ana", &[&["ae", "se"]])], two);
    check(&[of("ae", "EUR"), of("se", "USD"), payee("ana", &[&["ae"], &["se"]])], two);
    // Another one than before, or than the company's where there was none.
    let moved = [of("ae", "EUR"), of("se", "USD"), payee("ana", &[&["se"]]), payee("ana", &[&["ae"]])];
    check(&moved, "plans: payee \"ana\": plans in \"EUR\" after \"USD\" [invalid_fact]");
    let hired = [of("ae", "EUR"), payee("ana", &[&[]]), payee("ana", &[&["ae"]])];
    check(&hired, "plans: payee \"ana\": plans in \"EUR\" after \"USD\" [invalid_fact]");
    check(&[of("ae", "USD"), payee("ana", &[&[]]), payee("ana", &[&["ae"]])], "");
    check(&[of("ae", "EUR"), payee("ana", &[&["ae"]]), payee("ana", &[&[], &["ae"]])], "");
    let leaves = [of("ae", "EUR"), payee("ana", &[&["ae"]]), payee("ana", &[&[]])];
    check(&leaves, "plans: payee \"ana\": plans in \"USD\" after \"EUR\" [invalid_fact]");
}

#[test]
fn a_plan_keeps_its_currency_and_comes_before_its_payees() {
    let of = |id: &str, currency: &str| plan(id, currency, component(id));
    check(&[of("ae", "euro")], "currency: \"euro\" is not an ISO 4217 currency code [invalid_fact]");
    check(&[of("ae", "EUR"), of("ae", "USD")], "currency: plan \"ae\" in USD after EUR: use a new id [invalid_fact]");
    let late = "currency: payee \"ana\" is on it, and of USD: a plan in EUR comes before its payees [invalid_fact]";
    check(&[payee("bo", &[&["ae"]]), payee("ana", &[&[], &["ae"]]), of("ae", "EUR")], late);
    check(&[payee("ana", &[&["ae"]]), of("ae", "USD")], "");
    check(&[payee("ana", &[&["se"]]), of("ae", "EUR")], "");
    check(&[of("se", "EUR"), payee("ana", &[&["se", "ae"]]), of("ae", "EUR")], "");
    let other = late.replace("of USD", "of EUR").replace("in EUR", "in USD");
    check(&[of("se", "EUR"), payee("ana", &[&["se", "ae"]]), of("ae", "USD")], &other);
    // Before the company nobody is of a currency.
    let mut early = World::new(1);
    for fact in [payee("ana", &[&["ae"]]), of("ae", "EUR"), company()] {
        state(&mut early, fact).unwrap();
    }
    assert_eq!((&*early.money_of("ana").currency, early.money_of("ana").minor_digits), ("EUR", 2));
    assert_eq!(&*early.money_of("bo").currency, "USD");
    let mut early = World::new(1);
    for fact in [of("ae", "EUR"), payee("ana", &[&["unknown"]]), payee("ana", &[&["ae"]])] {
        state(&mut early, fact).unwrap();
    }
}

#[test]
fn what_a_plan_reads_of_money_is_in_its_currency() {
    let (dollars, euros) = (|| measure("sales", None, None), || measure("sales", Some("EUR"), None));
    let pays =
        "components.c: component \"c\" pays EUR: measure \"sales\" is in USD, to be compared with a quota alone [invalid_fact]";
    check(&[euros(), plan("ae", "EUR", component("c"))], "");
    check(&[dollars(), plan("ae", "EUR", component("c"))], pays);
    check(&[plan("ae", "EUR", component("c")), dollars()], pays);
    check(&[measure("sales", Some("USD"), None), plan("ae", "USD", component("c"))], "");
    let attained = Component { tier_by: TierBy::Attainment, ..super::component(QuotaUse::Interval) };
    let attained = Component { component_id: "c".into(), measure: "sales".into(), ..attained };
    check(&[dollars(), plan("ae", "EUR", attained.clone())], pays);
    let nothing = vec![Tier { from: 0, rate: Rate(0) }];
    let lump = Component { pays: Pays::Lump, method: Method::Lump, tiers: nothing, ..attained.clone() };
    check(&[dollars(), plan("ae", "EUR", lump)], "");
    let other = Component { paid_measure: Some("euros".into()), method: Method::Retroactive, ..attained };
    check(&[dollars(), measure("euros", Some("EUR"), None), plan("ae", "EUR", other)], "");
    // A formula that reads the sum, or the quota, as a number beside the one as a part of the other.
    let formula = |text: &str| {
        let pays = Pays::Formula(Formula::parse(text).unwrap());
        let by_formula = Component { pays, method: Method::Formula, tier_by: TierBy::Attainment, ..component("c") };
        Component { tiers: vec![], no_quota: Some(NoQuota::Park), ..by_formula }
    };
    check(&[dollars(), plan("ae", "EUR", formula("attainment('sales') * 500"))], "");
    check(&[dollars(), plan("ae", "EUR", formula("attainment('sales') * measure('sales')"))], pays);
    check(&[dollars(), plan("ae", "EUR", formula("attainment('sales') * quota('sales')"))], pays);
    // The company comes last.
    let mut early = World::new(1);
    state(&mut early, dollars()).unwrap();
    state(&mut early, plan("ae", "EUR", component("c"))).unwrap();
    assert_eq!(state(&mut early, company()).unwrap_err(), pays);
}

#[test]
fn earnings_are_counted_in_their_currency() {
    let earned = |currency: Option<&str>| {
        let earnings = Some(Earnings { components: vec!["c".into()], by: EarnedBy::Own });
        let currency = currency.map(String::from);
        FactBody::MeasureDefined(Measure {
            measure_id: "earned".into(),
            of: MeasureOf::Earned,
            earnings,
            currency,
            ..Measure::default()
        })
    };
    let of = |currency: &str| plan("ae", currency, component("c"));
    check(&[of("EUR"), earned(Some("EUR"))], "");
    check(&[earned(Some("EUR")), of("EUR")], "");
    let counts = "components.c: component \"c\" pays EUR: measure \"earned\" counts what is earned in USD [invalid_fact]";
    check(&[of("EUR"), earned(None)], counts);
    check(&[earned(None), of("EUR")], counts);
}

#[test]
fn a_deal_counts_in_each_measure_in_its_currency() {
    let rate = |from: &str, to: &str, rate: i128| {
        let rows = vec![RateRow { from: Date(0), rate: CurrencyRate(rate), max_age_days: 90 }];
        let (rate_type, from_currency, to_currency) = ("month".into(), from.into(), to.into());
        FactBody::RatesDefined(CurrencyRates { rate_type, from_currency, to_currency, rows })
    };
    let check = |currency: &str, facts: &[FactBody], expected: Result<Vec<StatedRate>, &str>| {
        let mut world = world();
        facts.iter().chain([&payee("ana", &[&[]])]).for_each(|fact| drop(state(&mut world, fact.clone()).unwrap()));
        let found = credits_of(&DealClosed { currency, ..deal() }, &world)
            .map(|credited| credited.rates)
            .map_err(|reject| reject.to_string());
        assert_eq!(found, expected.map_err(String::from), "{currency} {facts:?}");
    };
    let (dollars, euros) = (measure("a", None, Some("month")), measure("b", Some("EUR"), Some("month")));
    let both = [dollars.clone(), euros.clone(), rate("EUR", "USD", 7), rate("USD", "EUR", 9), rate("GBP", "EUR", 5)];
    check("USD", &both[..1], Ok(vec![]));
    // Stated or not, the company's currency is the same.
    check("USD", &[measure("a", Some("USD"), None)], Ok(vec![]));
    let into_euros = |rate| StatedRate::new("month", Some("EUR"), CurrencyRate(rate));
    let dollars_rate = |rate| StatedRate::new("month", None, CurrencyRate(rate));
    check("USD", &both, Ok(vec![StatedRate::of_own("USD"), into_euros(9)]));
    check("EUR", &both, Ok(vec![dollars_rate(7), StatedRate::of_own("EUR")]));
    check("EUR", std::slice::from_ref(&euros), Ok(vec![StatedRate::of_own("EUR")]));
    let missing = |from: &str, to: &str| {
        let day = deal().closed_on;
        format!("currency: no \"month\" rate from {from} to {to} is stated for {day} or before [missing_rate]")
    };
    check("GBP", &both, Err(&missing("GBP", "USD")));
    check("USD", &[dollars, euros], Err(&missing("USD", "EUR")));
    let none = "currency: measure \"b\" counts EUR alone and has no rate_type, the deal is in USD [other_currency]";
    check("USD", &[measure("b", Some("EUR"), None)], Err(none));
    check("EUR", &[measure("b", Some("EUR"), None)], Ok(vec![StatedRate::of_own("EUR")]));
}

#[test]
fn a_rates_name_says_its_type_and_where_it_leads() {
    let cases = [
        ("month", "month", None, true),
        ("month", "month", Some("EUR"), false),
        ("month\nEUR", "month", Some("EUR"), true),
        ("month\nEUR", "month", None, false),
        ("month\nEUR", "month", Some("USD"), false),
        ("month\nEUR", "year", Some("EUR"), false),
        ("monthEUR", "month", Some("EUR"), false),
        ("\nEUR", "", Some("EUR"), true),
        ("\nEUR", "month", Some("EUR"), false),
    ];
    for (name, rate_type, into, expected) in cases {
        assert_eq!(is_rate_into(name, rate_type, into), expected, "{name:?} {rate_type} {into:?}");
    }
}
