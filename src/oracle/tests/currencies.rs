//! Deals in other currencies, worked by hand: what they count as, what they wait for, and rates that are none.

use super::*;
use crate::domain::money::CurrencyRate;

fn rates(rows: &[(&str, &str, u32)]) -> CurrencyRates {
    let row = |(from, rate, max_age_days): &(&str, &str, u32)| RateRow {
        from: date(from),
        rate: CurrencyRate::parse(rate).unwrap(),
        max_age_days: *max_age_days,
    };
    CurrencyRates {
        rate_type: "spot".into(),
        from_currency: "GBP".into(),
        to_currency: "USD".into(),
        rows: rows.iter().map(row).collect(),
    }
}

/// What converts at "spot" is counted in "global"; "sales" takes the company's currency alone, and no line in the north.
fn script(rows: &[(&str, &str, u32)]) -> Script {
    let mut script = Script { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0 };
    script.fact("admin", FactBody::CompanyDefined(company()));
    script.fact("admin", FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11))));
    let global = Measure { rate_type: Some("spot".into()), ..measure("global") };
    script.fact("admin", FactBody::MeasureDefined(global));
    script.fact("admin", FactBody::MeasureDefined(Measure { geographies: vec!["south".into()], ..measure("sales") }));
    // What no credit is of needs no rate.
    let of_territories = Measure { credit_kinds: vec![CreditKind::Territory], ..measure("inbound") };
    script.fact("admin", FactBody::MeasureDefined(of_territories));
    for payee_id in ["ana", "bob"] {
        script.fact("admin", payee(payee_id, vec![row("2026-01-01", None, None)]));
    }
    script.fact("admin", FactBody::RatesDefined(rates(rows)));
    script
}

fn in_pounds<'a>(closed_on: &'a str, amount: &'a str) -> Told<'a> {
    const SPLITS: Splits<'_> = &[("ana", Counts::Revenue, "60%"), ("bob", Counts::Revenue, "40%")];
    Told { currency: "GBP", splits: SPLITS, ..told("D1", closed_on, amount) }
}

#[test]
fn a_line_is_converted_once_and_shared_out_exactly() {
    let check = |amount: &str, rate: &str, expected: [&str; 2]| {
        let mut script = script(&[("2026-01-01", rate, 31)]);
        script.deal_in("north", in_pounds("2026-01-20", amount));
        let totals = script.totals();
        assert_eq!(totals.parked.len(), 0);
        let found: Vec<String> = totals.attainment.values().map(|attained| attained.measured.to_string()).collect();
        assert_eq!(found.iter().filter(|text| *text != "0").collect::<Vec<_>>(), expected, "{amount} at {rate}");
    };
    // 333.33 x 1.2345678901 = 411.518514807033, counted as 411.518515.
    check("333.33", "1.2345678901", ["246.911109", "164.607406"]);
    check("-333.33", "1.2345678901", ["-246.911109", "-164.607406"]);
    // 0.0000005 and 0.0000015, each between two millionths: to the even one.
    check("3", "0.0000005", ["0.0000012", "0.0000008"]);
    check("-5", "0.0000005", ["-0.0000012", "-0.0000008"]);
}

#[test]
fn what_a_deal_in_another_currency_waits_for() {
    let check = |geography: &str, told: Told<'_>, expected: Option<Reason>| {
        let mut script = script(&[("2026-01-10", "1.2", 5), ("2026-02-01", "1.3", 0)]);
        script.deal_in(geography, told);
        assert_eq!(script.totals().parked.values().copied().next(), expected, "{geography} {}", told.closed_on);
    };
    check("north", in_pounds("2026-01-09", "100"), Some(Reason::MissingRate));
    check("north", in_pounds("2026-01-10", "100"), None);
    check("north", in_pounds("2026-01-15", "100"), None);
    check("north", in_pounds("2026-01-16", "100"), Some(Reason::MissingRate));
    check("north", in_pounds("2026-02-01", "100"), None);
    check("north", in_pounds("2026-02-02", "100"), Some(Reason::MissingRate));
    check("north", Told { currency: "EUR", ..in_pounds("2026-01-10", "100") }, Some(Reason::MissingRate));
    check("north", in_pounds("2026-01-10", "900000000000000000"), Some(Reason::MissingRate));
    // "sales" converts nothing.
    check("south", in_pounds("2026-01-10", "100"), Some(Reason::OtherCurrency));
}

#[test]
fn rates_that_are_none() {
    let mut many = rates(&[("2026-01-01", "1.2", 5)]);
    many.rows = (0..=MAXIMUM_RATES as i32).map(|day| RateRow { from: Date(day), ..many.rows[0] }).collect();
    let zero = RateRow { rate: CurrencyRate(0), ..rates(&[("2026-01-01", "1", 1)]).rows[0] };
    let one = || rates(&[("2026-01-01", "1.2", 5)]);
    let cases = [
        (CurrencyRates { from_currency: "USD".into(), ..one() }, "rates of a currency into itself"),
        (CurrencyRates { from_currency: "pound".into(), ..one() }, "rates of no currency"),
        (CurrencyRates { rows: vec![], ..one() }, "no rates, or too many"),
        (many, "no rates, or too many"),
        (rates(&[("2026-01-02", "1.2", 5), ("2026-01-02", "1.3", 5)]), "rates that are not in order"),
        (CurrencyRates { rows: vec![zero], ..one() }, "a rate that cannot be"),
    ];
    for (stated, expected) in cases {
        let mut script = script(&[("2026-01-01", "1.1", 31)]);
        script.fact("admin", FactBody::RatesDefined(stated));
        let ignored: Vec<String> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(ignored, [expected]);
    }
}
