//! Plans and measures in currencies of their own, worked by hand: what they count, earn and pay, and what may not be.

use super::*;
use crate::domain::money::CurrencyRate;
use crate::oracle::Published;

fn rates(rate_type: &str, [from, into]: [&str; 2], rate: &str) -> FactBody {
    let row = RateRow { from: date("2026-01-01"), rate: CurrencyRate::parse(rate).unwrap(), max_age_days: 400 };
    let (rate_type, from_currency, to_currency) = (rate_type.into(), from.into(), into.into());
    FactBody::RatesDefined(CurrencyRates { rate_type, from_currency, to_currency, rows: vec![row] })
}

fn measured(id: &str, currency: Option<&str>, rate_type: Option<&str>) -> Measure {
    Measure { currency: currency.map(String::from), rate_type: rate_type.map(String::from), ..measure(id) }
}

fn earned(id: &str, currency: Option<&str>, component: &str) -> FactBody {
    let earnings = Some(Earnings { components: vec![component.into()], by: EarnedBy::Own });
    let of = MeasureOf::Earned;
    FactBody::MeasureDefined(Measure { of, credit_kinds: vec![], earnings, ..measured(id, currency, None) })
}

/// On a measure, at 5 %, by month.
fn flat(id: &str, measure: &str) -> Component {
    let (component_id, measure) = (id.into(), measure.into());
    Component { component_id, measure, interval: IntervalKind::Month, ..component(&[("0", "5%")]) }
}

fn plan_in(plan_id: &str, currency: &str, components: Vec<Component>) -> FactBody {
    FactBody::PlanDefined(Plan { plan_id: plan_id.into(), currency: currency.into(), ..plan("2026-01-01", None, components) })
}

fn on(payee_id: &str, plans: &[&str], pay_currency: Option<&str>) -> FactBody {
    let (plans, pay_currency) = (plans.iter().map(|id| id.to_string()).collect(), pay_currency.map(String::from));
    payee(payee_id, vec![PayeeRow { plans, pay_currency, ..row("2026-01-01", None, None) }])
}

/// A company in dollars, and a plan in another currency on a measure in it, which converts at "spot".
fn script(currency: &str) -> Script {
    let mut script = Script { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0 };
    script.fact("admin", FactBody::CompanyDefined(Company { pay_rate_type: Some("pay".into()), ..company() }));
    script.fact("admin", FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11))));
    script.fact("admin", FactBody::MeasureDefined(measured("abroad", Some(currency), Some("spot"))));
    script.fact("admin", plan_in("ae", currency, vec![flat("commission", "abroad")]));
    script
}

fn sold<'a>(currency: &'a str, amount: &'a str) -> Told<'a> {
    Told { currency, ..told("D1", "2026-01-20", amount) }
}

#[test]
fn a_deal_counts_in_the_currency_of_the_measure() {
    let check = |told: Told<'_>, expected: Result<&str, Reason>| {
        let mut script = script("EUR");
        script.fact("admin", on("ana", &["ae"], None));
        script.fact("admin", rates("spot", ["USD", "EUR"], "0.9123"));
        script.fact("admin", rates("spot", ["EUR", "GBP"], "0.8"));
        script.deal(told);
        let totals = script.totals();
        let found = totals.parked.values().next().map_or_else(|| Ok(script.earned()), |reason| Err(*reason));
        assert_eq!(found, expected.map(String::from), "{} {}", told.amount, told.currency);
    };
    check(sold("EUR", "1000"), Ok("50.00"));
    // 912.30, and of a rate into another currency, or of none, nothing.
    check(sold("USD", "1000"), Ok("45.62"));
    check(sold("GBP", "1000"), Err(Reason::MissingRate));
    check(sold("JPY", "1000"), Err(Reason::MissingRate));
    check(Told { amount: "900000000000000000", ..sold("EUR", "1") }, Ok("0.00"));
}

#[test]
fn what_converts_nothing_waits() {
    let mut script = script("EUR");
    script.fact("admin", FactBody::MeasureDefined(measured("alone", Some("EUR"), None)));
    script.fact("admin", on("ana", &["ae"], None));
    script.fact("admin", rates("spot", ["USD", "EUR"], "0.9"));
    script.deal(sold("USD", "1000"));
    assert_eq!(script.totals().parked.values().next(), Some(&Reason::OtherCurrency));
    script.deal(Told { revision: 2, ..sold("EUR", "1000") });
    assert_eq!((script.totals().parked.len(), script.earned().as_str()), (0, "50.00"));
}

#[test]
fn earned_and_paid_in_minor_units_of_the_plans() {
    let check = |currency: &str, by_hand: &str, expected: &[(&str, i64)]| {
        let mut script = script(currency);
        script.fact("admin", on("ana", &["ae"], None));
        script.deal(sold(currency, "1111.11"));
        let made = AdjustmentMade {
            adjustment_id: "A1".into(),
            payee_id: "ana".into(),
            target: Target::Pay { earning_code: "SPIFF".into() },
            calendar: "fiscal".into(),
            effective_period: JANUARY,
            amount: Amount::parse(by_hand).unwrap(),
            reverses: None,
            author: "hr".into(),
            reason: "test".into(),
            approver: None,
            occurred_at: 0,
        };
        script.adjustments += 1;
        script.history.adjustment(Position { topic: Topic::AdjustmentMade, partition: 0, offset: 0 }, &made);
        script.close("c1", JANUARY);
        script.release("rita", "c1");
        let totals = script.totals();
        let paid = |(id, payout): (&String, &Payout)| (id.rsplit_once("/ana/").unwrap().1.to_string(), payout.amount.0);
        let paid: Vec<_> = totals.payouts.iter().map(paid).collect();
        let expected: Vec<_> = expected.iter().map(|(id, minor)| (id.to_string(), *minor)).collect();
        assert_eq!(paid, expected, "{currency} {by_hand}");
        let sum = paid.iter().map(|(_, minor)| minor).sum();
        let other = CurrencyTotal { currency: currency.into(), records: paid.len() as u64, total: Minor(sum) };
        assert_eq!((totals.runs[0].total, totals.runs[0].other_totals.as_slice()), (Minor(0), &[other][..]));
    };
    check("EUR", "7.001", &[("COMM/regular/EUR/2026-01", 5556)]);
    check("JPY", "7", &[("COMM/regular/JPY/2026-01", 56), ("SPIFF/manual/JPY/2026-01", 7)]);
    check("JPY", "7.5", &[("COMM/regular/JPY/2026-01", 56)]);
    check("KWD", "7.001", &[("COMM/regular/KWD/2026-01", 55556), ("SPIFF/manual/KWD/2026-01", 7001)]);
}

#[test]
fn pay_is_converted_out_of_the_currency_of_the_plans() {
    let mut script = script("EUR");
    script.fact("admin", on("ana", &["ae"], Some("USD")));
    script.fact("admin", on("bob", &["ae"], Some("EUR")));
    script.deal(Told { splits: &[("ana", Counts::Revenue, "50%"), ("bob", Counts::Revenue, "50%")], ..sold("EUR", "2000") });
    script.close("c0", JANUARY);
    script.fact("admin", rates("pay", ["USD", "EUR"], "0.9"));
    script.close("c1", JANUARY);
    script.fact("admin", rates("pay", ["EUR", "USD"], "1.25"));
    script.close("c2", JANUARY);
    script.release("rita", "c2");
    let totals = script.totals();
    let ignored: Vec<&str> = totals.ignored_facts.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(ignored, ["no rate of pay"; 2]);
    let payouts: Vec<&Payout> = totals.payouts.values().collect();
    let from = ConvertedFrom {
        plan_amount: Minor(5000),
        plan_currency: "EUR".into(),
        rate: Some((CurrencyRate::parse("1.25").unwrap(), date("2026-01-01"))),
    };
    assert_eq!((payouts[0].amount, &*payouts[0].currency, payouts[0].converted.clone()), (Minor(6250), "USD", Some(from)));
    assert_eq!((payouts[1].amount, &*payouts[1].currency, payouts[1].converted.clone()), (Minor(5000), "EUR", None));
    assert_eq!(totals.runs[0].total, Minor(6250));
}

#[test]
fn earnings_count_in_minor_units_of_their_currency() {
    let mut script = script("JPY");
    script.fact("admin", earned("own", Some("JPY"), "commission"));
    script.fact("admin", on("ana", &["ae"], None));
    script.deal(sold("JPY", "10000"));
    let totals = script.totals();
    let quarter = Interval::Quarter(Quarter(2026 * 4));
    assert_eq!(totals.attainment[&("ana".into(), "own".into(), quarter)].measured.to_string(), "500");
    let units = ["abroad", "own"].map(|id| totals.measured_in[id].to_string());
    assert_eq!(units, ["JPY", "JPY"]);
    assert_eq!(totals.earned_in.get("ana").map(|currency| &**currency), Some("JPY"));
}

fn check(currency: &str, prepare: impl Fn(&mut Script), expected: &[&str]) {
    let mut script = script(currency);
    prepare(&mut script);
    let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(ignored, expected);
}

fn refused(body: FactBody, expected: &str) {
    check("EUR", |script| script.fact("admin", body.clone()), &[expected]);
}

#[test]
fn measures_that_cannot_be_in_a_currency() {
    let fact = FactBody::MeasureDefined;
    refused(fact(Measure { of: MeasureOf::Quantity, ..measured("units", Some("EUR"), None) }), "a currency of what is no money");
    refused(fact(Measure { of: MeasureOf::Count, ..measured("deals", Some("EUR"), None) }), "a currency of what is no money");
    refused(fact(measured("m", Some("euro"), None)), "a measure in no currency");
    refused(fact(measured("abroad", None, Some("spot"))), "a measure that changes");
    refused(fact(measured("abroad", Some("USD"), Some("spot"))), "a measure that changes");
    let margin = Measure { of: MeasureOf::Margin, missing: Some(Missing::Nothing), ..measured("margin", Some("GBP"), None) };
    check("EUR", |script| script.fact("admin", fact(margin.clone())), &[]);
}

#[test]
fn plans_read_money_in_their_own_currency() {
    let other = "a component of a measure in another currency";
    let plan = |components: Vec<Component>| plan_in("se", "EUR", components);
    let by_attainment = || Component {
        tier_by: TierBy::Attainment,
        no_quota: Some(NoQuota::Nothing),
        method: Method::Retroactive,
        ..flat("other", "home")
    };
    let gate = |tier_by| {
        let bound = Bound::AtLeast(1_000_000);
        let gate = Gate { measure: "home".into(), tier_by, bound, tested: Tested::Running, otherwise: Otherwise::Zero };
        Component { modifiers: Modifiers { gate: Some(gate), ..Modifiers::default() }, ..flat("other", "abroad") }
    };
    let home = |script: &mut Script| script.fact("admin", FactBody::MeasureDefined(measured("home", None, None)));
    let stated = |components: Vec<Component>, expected: &[&str]| {
        let first = |script: &mut Script| {
            home(script);
            script.fact("admin", plan(components.clone()));
        };
        check("EUR", first, expected);
        // The other way round it is the measure that does not fit.
        let last = |script: &mut Script| {
            script.fact("admin", plan(components.clone()));
            home(script);
        };
        check("EUR", last, expected);
    };
    stated(vec![flat("other", "home")], &[other]);
    stated(vec![by_attainment()], &[other]);
    stated(vec![Component { paid_measure: Some("abroad".into()), ..by_attainment() }], &[]);
    stated(
        vec![Component {
            pays: Pays::Lump,
            method: Method::Lump,
            tiers: vec![Tier { from: 0, rate: Rate(0) }],
            ..by_attainment()
        }],
        &[],
    );
    stated(
        vec![Component { paid_measure: Some("home".into()), method: Method::Retroactive, ..flat("other", "abroad") }],
        &[other],
    );
    stated(vec![gate(TierBy::Amount)], &[other]);
    stated(vec![Component { no_quota: Some(NoQuota::Nothing), ..gate(TierBy::Attainment) }], &[]);
}

#[test]
fn nobody_counts_what_is_earned_in_another_currency() {
    let other = "a measure of what is earned in another currency";
    refused(earned("own", None, "commission"), other);
    refused(earned("own", Some("GBP"), "commission"), other);
    let plan_last = |script: &mut Script| {
        script.fact("admin", earned("own", Some("EUR"), "commission"));
        script.fact("admin", plan_in("se", "GBP", vec![]));
        script.fact("admin", plan_in("de", "GBP", vec![flat("commission", "unknown")]));
    };
    check("EUR", plan_last, &[other]);
}

#[test]
fn plans_and_payees_stay_in_one_currency() {
    refused(plan_in("se", "euro", vec![]), "a plan in no currency");
    refused(plan_in("ae", "USD", vec![]), "a plan in another currency than before");
    let moves = |plans: &'static [&'static str]| {
        move |script: &mut Script| {
            script.fact("admin", plan_in("se", "USD", vec![]));
            script.fact("admin", plan_in("de", "EUR", vec![]));
            script.fact("admin", on("ana", &["ae"], None));
            script.fact("admin", on("ana", plans, None));
        }
    };
    check("EUR", moves(&["ae", "de", "unknown"]), &[]);
    check("EUR", moves(&["unknown", "de"]), &[]);
    check("EUR", moves(&["ae", "se"]), &["plans in several currencies"]);
    check("EUR", moves(&["se"]), &["plans in another currency than before"]);
    check("EUR", moves(&["unknown"]), &["plans in another currency than before"]);
    let later = |currency: &'static str, first: &'static [&'static str]| {
        move |script: &mut Script| {
            script.fact("admin", on("ana", first, None));
            script.fact("admin", plan_in("se", currency, vec![]));
        }
    };
    let late = "a plan in another currency than that of who is on it";
    check("EUR", later("EUR", &["se"]), &[late]);
    check("EUR", later("USD", &["se"]), &[]);
    check("EUR", later("USD", &["se", "ae"]), &[late]);
    check("EUR", later("EUR", &["se", "ae"]), &[]);
}

#[test]
fn pay_is_in_the_currency_of_the_plans_where_none_is_stated() {
    let two = |first: Option<&str>, second: Option<&str>| {
        let stated = |row: PayeeRow, currency: Option<&str>| PayeeRow { pay_currency: currency.map(String::from), ..row };
        let rows = [row("2026-01-01", Some("2026-02-01"), None), row("2026-02-01", None, None)];
        let [one, other] = rows;
        payee("ana", vec![stated(one, first), stated(other, second)])
    };
    check("EUR", |script| script.fact("admin", two(None, Some("EUR"))), &[]);
    check("EUR", |script| script.fact("admin", two(None, Some("USD"))), &["a pay currency that changes"]);
    let after_a_close = |second: Option<&'static str>| {
        move |script: &mut Script| {
            script.fact("admin", on("ana", &["ae"], None));
            script.close("c1", JANUARY);
            script.fact("admin", on("ana", &["ae"], second));
        }
    };
    check("EUR", after_a_close(Some("EUR")), &[]);
    check("EUR", after_a_close(Some("USD")), &["pay in another currency after a close"]);
}

#[test]
fn a_company_that_comes_last_has_to_fit() {
    let check = |currency: &str, expected: &[&str]| {
        let mut script = Script { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0 };
        script.fact("admin", FactBody::MeasureDefined(measured("home", None, None)));
        script.fact("admin", on("ana", &["ae"], None));
        script.fact("admin", plan_in("ae", "EUR", vec![flat("commission", "home")]));
        script.fact("admin", on("ana", &["ae", "unknown"], None));
        script.fact("admin", FactBody::CompanyDefined(Company { currency: currency.into(), ..company() }));
        let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(ignored, expected, "{currency}");
    };
    check("EUR", &[]);
    check("USD", &["a component of a measure in another currency"]);
}

#[test]
fn other_units_are_named_and_amounts_have_their_decimals() {
    let mut script = script("JPY");
    script.fact("admin", on("ana", &["ae"], None));
    script.deal(sold("JPY", "10000"));
    script.close("c1", JANUARY);
    script.release("rita", "c1");
    let mut totals = script.totals();
    let report = Published::new().compare(&totals).to_string();
    let expected = [
        "total of ana, commission, 2026-01, earned in 2026-01, booked in 2026-01: expected 500 JPY, got 0 JPY",
        "payout c1/ana/COMM/regular/JPY/2026-01: expected 500 JPY in 2026-01 to E1 with balance 0 JPY, got none",
        "run c1: expected 1 payouts of 0.00 USD and 1 of 500 JPY, got none",
        "attainment of ana, abroad, 2026-01: expected 10000 with no quota, got 0 with no quota",
        "attainment of ana, abroad, 2026-Q1: expected 10000 with no quota, got 0 with no quota",
    ];
    assert_eq!(report.lines().collect::<Vec<_>>(), expected);
    totals.attainment.clear();
    let mut published = Published::new();
    published.attainment(&Attainment {
        payee_id: "ana".into(),
        measure: "abroad".into(),
        calendar: "fiscal".into(),
        interval: Interval::Month(JANUARY),
        from: date("2026-01-01"),
        to: date("2026-02-01"),
        measured: crate::domain::money::Measured(0),
        quota: None,
        quota_revision: None,
        revenue: crate::domain::money::Measured(0),
        overlay: crate::domain::money::Measured(0),
        rolled: crate::domain::money::Measured(0),
        territory: crate::domain::money::Measured(0),
        unit: "USD".into(),
        last: false,
        sequence: 1,
        as_of: 0,
    });
    let units = "attainment of ana, abroad, 2026-01: expected it in JPY, got it in USD";
    assert_eq!(published.compare(&totals).to_string().lines().last(), Some(units));
}
