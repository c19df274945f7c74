//! `rates.csv`: what a row may say, what is wrong with one, and that new rows join what is published.

use super::super::{Current, Record, changes};
use super::{brief, found, shown, small_company};
use crate::domain::currency::CurrencyRates;
use crate::domain::fact::FactBody;

const FILE: &str = "rates.csv";

fn sheet(rows: &str) -> String {
    format!("rate_type,from_currency,to_currency,from,rate,max_age_days\n{rows}\n")
}

fn stated(rows: &str, current: &Current) -> Vec<(String, CurrencyRates)> {
    let files = small_company(FILE, "", &sheet(rows)).unwrap_or_else(|found| panic!("{}", shown(&found)));
    let list = changes(&files, current).unwrap_or_else(|found| panic!("{}", shown(&found)));
    let rates = list.into_iter().filter_map(|change| match change.record {
        Record::Fact(FactBody::RatesDefined(rates)) => Some((change.description, rates)),
        _ => None,
    });
    rates.collect()
}

#[test]
fn new_rows_join_what_is_published() {
    let check = |rows: &str, current: &Current, expected: &[(&str, usize)]| {
        let found = stated(rows, current);
        let brief: Vec<(&str, usize)> = found.iter().map(|(text, rates)| (text.as_str(), rates.rows.len())).collect();
        assert_eq!(brief, expected, "{rows}");
        found.into_iter().map(|(_, rates)| rates).collect::<Vec<_>>()
    };
    let mut current = Current::default();
    let first = "spot,GBP,USD,2026-01-05,1.25,3\nspot,GBP,USD,2026-01-02,1.22,3\nspot,EUR,USD,2026-01-02,1.1,3";
    let expected = [
        ("spot rates from EUR to USD: 1.1 from 2026-01-02", 1),
        ("spot rates from GBP to USD: 1.22 from 2026-01-02 and 1 more", 2),
    ];
    current.rates = check(first, &current, &expected);
    assert!(current.rates[1].rows[0].from < current.rates[1].rows[1].from, "in the order of days");
    check(first, &current, &[]);
    let one = "spot,GBP,USD,2026-01-05,1.3,3";
    check(one, &current, &[("spot rates from GBP to USD: 1.25 becomes 1.3 from 2026-01-05", 2)]);
    let longer = "spot,GBP,USD,2026-01-05,1.25,4";
    check(longer, &current, &[("spot rates from GBP to USD: that from 2026-01-05 holds 4 days", 2)]);
    check("month,GBP,USD,2026-01-01,1.3,31", &current, &[("month rates from GBP to USD: 1.3 from 2026-01-01", 1)]);
}

#[test]
fn rows_that_are_refused() {
    let check = |row: &str, expected: &str| {
        assert_eq!(brief(&found(FILE, "", &sheet(row))), format!("{FILE}:{expected}\n"), "{row}");
    };
    check("spot,EUR,EUR,2026-01-02,1,3", "2:6: no-effect: EUR is worth itself");
    check("spot,USD,USD,2026-01-02,1,3", "2:6: no-effect: USD is worth itself");
    check("spot,gbp,USD,2026-01-02,1.22,3", "2:6: unknown-currency: \"gbp\" is not an ISO 4217 currency code");
    check("spot,GBP,USD,02.01.2026,1.22,3", "2:14: bad-date: \"02.01.2026\" is not a date like 2026-01-31");
    for (rate, why) in [
        ("0", "\"0\" is out of range"),
        ("-1.2", "\"-1.2\" is out of range"),
        ("1.22000000001", "\"1.22000000001\" has more than 10 decimals"),
        ("12345678901", "\"12345678901\" is out of range"),
        ("1.2e1", "\"1.2e1\" is not a plain decimal number"),
    ] {
        check(&format!("spot,GBP,USD,2026-01-02,{rate},3"), &format!("2:25: bad-number: {why}"));
    }
    check("spot,GBP,USD,2026-01-02,1.22,-3", "2:30: bad-number: \"-3\" is not a whole number of days up to 2147483647");
    check("spot,GBP,USD,2026-01-02,1.22,", "2:30: missing-key: `max_age_days` is empty");
    check(",GBP,USD,2026-01-02,1.22,3", "2:1: missing-key: `rate_type` is empty");
    let twice = "spot,GBP,USD,2026-01-02,1.22,3\nspot,GBP,USD,2026-01-02,1.23,3";
    check(twice, "3:14: duplicate: the \"spot\" rate of GBP from 2026-01-02 is there twice");
}

#[test]
fn a_measure_converts_amounts_at_a_type_that_is_stated() {
    let check = |from: &str, to: &str, expected: &str| assert_eq!(brief(&found("measures.toml", from, to)), expected);
    let amounts = "of = \"amount\"\n";
    let unknown = "measures.toml:4:13: unknown-rate-type: no rate of the type \"spot\" is stated\n";
    check(amounts, "of = \"amount\"\nrate_type = \"spot\"\n", unknown);
    let two = "of = \"amount\"\nrate_type = \"spot\"\ncredit_kinds = [\"REVENUE\"]\n[[measure]]\nid = \"all\"\nof = \"amount\"\n";
    let without = "measures.toml:7:6: no-rate-type: measure \"all\" converts nothing\n";
    check(amounts, two, &format!("{unknown}{without}"));
    let nothing = "measures.toml:8:13: no-effect: measure \"seats\" counts no amounts, so there is nothing to convert\n";
    check("of = \"quantity\"\n", "of = \"quantity\"\nrate_type = \"spot\"\n", nothing);
}

#[test]
fn there_is_a_most_of_rates() {
    let day = |place: i32| crate::domain::calendar::Date(20_000 + place);
    let rows = |count: i32| (0..count).map(|place| format!("spot,GBP,USD,{},1.2,1\n", day(place))).collect::<String>();
    let files = |count| small_company(FILE, "", &sheet(&rows(count))).unwrap();
    assert_eq!(changes(&files(10_000), &Current::default()).map(|list| list.len()).ok(), Some(9));
    let many = "rates.csv:10002:14: bad-number: more than 10000 \"spot\" rates of GBP\n";
    assert_eq!(brief(&found(FILE, "", &sheet(rows(10_001).trim_end()))), many);
    let mut current = Current::default();
    current.rates = stated(rows(10_000).trim_end(), &current).into_iter().map(|(_, rates)| rates).collect();
    let one = small_company(FILE, "", &sheet("spot,GBP,USD,1999-01-01,1.2,1")).unwrap();
    let found = changes(&one, &current).unwrap_err();
    assert!(brief(&found).ends_with("rates.csv:2:1: bad-number: more than 10000 \"spot\" rates of GBP\n"), "{}", shown(&found));
}

#[test]
fn an_event_of_a_case_states_rates_that_can_be() {
    let check = |rows: &str, expected: &str| {
        let case =
            format!("name = \"c\"\nuse = [\"calendar.toml\"]\nevents = [\n{{ rates = [{rows}] }} ]\n[expect]\nattainment = []\n");
        let read = crate::files::case::case_from_texts(&[("case.toml", &case), ("calendar.toml", super::CALENDAR)]);
        assert_eq!(read.map_or_else(|found| brief(&found), |_| String::new()), expected, "{rows}");
    };
    let row = |from: &str, to: &str, rest: &str| {
        format!("{{ rate_type = \"spot\", from_currency = \"{from}\", to_currency = \"{to}\", from = 2026-01-02, {rest} }}")
    };
    let good = row("GBP", "USD", "rate = \"1.2\", max_age_days = 3");
    check(&good, "");
    check(&format!("{good}, {good}"), "case.toml:4:204: duplicate: the \"spot\" rate of GBP from 2026-01-02 is there twice\n");
    check(&row("GBP", "EUR", "rate = \"1.2\", max_age_days = 3"), "");
    check(&row("GBP", "USD", "rate = \"1.2\""), "case.toml:4:12: missing-key: `max_age_days` is missing\n");
    let text = row("GBP", "USD", "rate = \"1.2\", max_age_days = -1");
    check(&text, "case.toml:4:126: bad-number: \"-1\" is not a whole number of days up to 2147483647\n");
}
