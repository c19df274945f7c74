//! Results as JSON: whatever they are, they come back as from Avro, to the last digit; what is no such record is refused with
//! its field; and what others are told of their form is true.

use super::fixtures;
use super::independent::schema;
use super::schemas::SCHEMAS;
use crate::domain::calendar::{Date, Half, Interval, Period, Quarter, Year};
use crate::domain::exact::Exact;
use crate::domain::money::{Amount, CurrencyRate, Measured, Minor, POINTS, unit_digits};
use crate::domain::output::{
    Accrual, Attainment, Causes, ConvertedFrom, CurrencyTotal, PayeeName, Payout, PayoutKind, PayoutRun,
};
use crate::domain::topic::{Position, Topic};
use crate::wire::json::{ToJson, avro_of_json, json_schema, to_json};
use crate::wire::{Codec, Format, RESULT_TOPICS, WireError};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::LazyLock;

/// One that writes Avro, and one that writes JSON.
pub fn codecs() -> &'static [Codec; 2] {
    static CODECS: LazyLock<[Codec; 2]> = LazyLock::new(|| {
        let of = |format| Codec::new().unwrap().with_formats(&RESULT_TOPICS.map(|topic| (topic, format)));
        [Format::Avro, Format::Json].map(of)
    });
    &CODECS
}

/// What is known of a topic: its Avro, and whether a record is what AsyncAPI tells others of its JSON.
fn told(topic: Topic) -> &'static (apache_avro::Schema, Validator) {
    static TOLD: LazyLock<Vec<(apache_avro::Schema, Validator)>> = LazyLock::new(|| {
        let of = |topic: Topic| {
            let (_, text) = SCHEMAS.into_iter().find(|(name, _)| *name == topic.name()).unwrap();
            let json = json_schema(&serde_json::from_str(text).unwrap());
            (schema(topic.name()), jsonschema::draft7::new(&json).unwrap())
        };
        RESULT_TOPICS.into_iter().map(of).collect()
    });
    &TOLD[RESULT_TOPICS.iter().position(|of| *of == topic).unwrap()]
}

/// Written in either format it is read as what it was by whoever writes the other, and its JSON is its Avro by the schema alone.
fn comes_back<T: PartialEq + Debug + ToJson>(
    topic: Topic,
    result: &T,
    write: impl Fn(&Codec, &T, &mut Vec<u8>) -> Result<(), WireError>,
    read: impl Fn(&Codec, &[u8]) -> Result<T, WireError>,
) {
    let [avro, json] = codecs().each_ref().map(|codec| {
        let mut bytes = vec![7];
        write(codec, result, &mut bytes).unwrap();
        bytes.split_off(1)
    });
    let shown = String::from_utf8_lossy(&json);
    assert_eq!((avro[0], json[0]), (0, b'{'), "{shown}");
    for bytes in [&avro, &json] {
        codecs().iter().for_each(|codec| assert_eq!(&read(codec, bytes).unwrap(), result, "{shown}"));
    }
    let mut body = Vec::new();
    avro_of_json(&told(topic).0, &json, &mut body).unwrap();
    assert_eq!(body, avro[5..], "{shown}");
    assert_eq!(faults(topic, &to_json(result)), Vec::<String>::new());
}

fn text() -> impl Strategy<Value = String> {
    let letters = prop_oneof![any::<char>(), prop::sample::select(vec!['a', '"', '\\', '/', '\0', '\u{7f}', 'ü', '\u{2028}'])];
    prop::collection::vec(letters, 0..8).prop_map(|letters| letters.into_iter().collect())
}

fn period() -> impl Strategy<Value = Period> {
    (1970 * 12..2200 * 12).prop_map(Period)
}

fn date() -> impl Strategy<Value = Date> {
    (0..84_000).prop_map(Date)
}

fn interval() -> impl Strategy<Value = Interval> {
    (period(), 0..4).prop_map(|(period, kind)| match kind {
        0 => Interval::Month(period),
        1 => Interval::Quarter(Quarter(period.0 / 3)),
        2 => Interval::Half(Half(period.0 / 6)),
        _ => Interval::Year(Year(period.0 / 12)),
    })
}

fn scaled(digits: u32) -> impl Strategy<Value = i128> {
    let edge = 10i128.pow(digits) - 1;
    prop_oneof![-300i128..300, -edge..=edge, Just(edge), Just(-edge), Just(0), (0..digits).prop_map(|places| 10i128.pow(places))]
}

/// With an amount for each place, such that a difference of two fits a record, too.
fn money(units: &'static [&'static str], places: usize) -> impl Strategy<Value = (&'static str, Vec<Minor>)> {
    prop::sample::select(units).prop_flat_map(move |unit| {
        let edge = 10i64.pow(14 + unit_digits(unit).unwrap()) / 2 - 1;
        let amount = prop_oneof![-200i64..200, -edge..=edge, Just(edge), Just(-edge)].prop_map(Minor);
        (Just(unit), prop::collection::vec(amount, places))
    })
}

const CURRENCIES: [&str; 4] = ["USD", "JPY", "KWD", "CLF"];
const UNITS: [&str; 5] = ["USD", "JPY", "KWD", "CLF", POINTS];

fn exact() -> impl Strategy<Value = Exact> {
    let fraction = |(of, by): (i128, i64)| Exact::from_parts(&of.to_string(), &by.to_string()).unwrap();
    prop_oneof![
        any::<i128>().prop_map(|fixed| Exact::Fixed(fixed.into())),
        (any::<i128>(), 1i64..1_000_000).prop_map(fraction),
        Just(Exact::Fixed(ethnum::I256::MIN)),
    ]
}

prop_compose! {
    fn attainments()(
        texts in prop::collection::vec(text(), 4),
        interval in interval(),
        dates in (date(), date()),
        parts in prop::collection::vec(scaled(38), 5),
        quota in prop::option::of(scaled(24)),
        (quota_revision, last, sequence, as_of) in (any::<Option<i64>>(), any::<bool>(), any::<i64>(), any::<i64>()),
    ) -> Attainment {
        let of = |place: usize| texts[place].as_str().into();
        let part = |place: usize| Measured(parts[place]);
        Attainment {
            payee_id: of(0), measure: of(1), calendar: of(2), unit: of(3), interval, from: dates.0, to: dates.1,
            measured: part(0), quota: quota.map(Amount), quota_revision, revenue: part(1), overlay: part(2), rolled: part(3),
            territory: part(4), last, sequence, as_of,
        }
    }
}

prop_compose! {
    fn accruals()(
        texts in prop::collection::vec(text(), 5),
        interval in interval(),
        periods in (period(), period()),
        plan_from in date(),
        (currency, totals) in money(&UNITS, 2),
        exact in exact(),
        places in prop::collection::vec((0..Topic::ALL.len(), 0..=i32::MAX as u32, 0..=i64::MAX as u64), 2),
        (in_tranches, sequence, count, as_of) in (any::<bool>(), any::<i64>(), any::<i64>(), any::<i64>()),
    ) -> Accrual {
        let place = |at: usize| Position { topic: Topic::ALL[places[at].0], partition: places[at].1, offset: places[at].2 };
        Accrual {
            payee_id: texts[0].as_str().into(), plan_id: texts[1].as_str().into(), plan_from,
            component: texts[2].as_str().into(), earning_code: texts[3].as_str().into(), calendar: texts[4].as_str().into(),
            interval, effective_period: periods.0, booking_period: periods.1, sequence,
            previous_total: totals[0], new_total: totals[1], exact, currency: currency.into(), in_tranches,
            causes: Causes { first: place(0), last: place(1), count }, as_of,
        }
    }
}

const KINDS: [PayoutKind; 7] = [
    PayoutKind::Regular,
    PayoutKind::PriorPeriod,
    PayoutKind::Carried,
    PayoutKind::Draw,
    PayoutKind::Guarantee,
    PayoutKind::Recovery,
    PayoutKind::Manual,
];

prop_compose! {
    fn payouts()(
        texts in prop::collection::vec(text(), 4),
        employee_ref in prop::option::of(text()),
        periods in (period(), period()),
        kind in prop::sample::select(&KINDS[..]),
        (currency, paid) in money(&CURRENCIES, 1),
        (plan_currency, planned) in money(&CURRENCIES, 2),
        rate in prop::option::of((scaled(20), date())),
    ) -> Payout {
        let rate = rate.map(|(rate, date)| (CurrencyRate(rate), date));
        let converted = ConvertedFrom { plan_amount: planned[0], plan_currency: plan_currency.into(), rate };
        let converted = (plan_currency != currency).then_some(converted);
        let balance_after = if converted.is_some() { planned[1] } else { paid[0] };
        let [run_id, pay_group, payee_id, earning_code] = [0, 1, 2, 3].map(|at: usize| texts[at].clone());
        Payout {
            run_id, pay_group, period: periods.0, payee_id, employee_ref, earning_code, kind, effective_period: periods.1,
            amount: paid[0], currency: currency.into(), balance_after, converted,
        }
    }
}

prop_compose! {
    fn runs()(
        texts in prop::collection::vec(text(), 6),
        period in period(),
        (currency, total) in money(&CURRENCIES, 1),
        others in prop::collection::vec((money(&CURRENCIES, 1), 0..=i64::MAX as u64), 0..4),
        records in 0..=i64::MAX as u64,
    ) -> PayoutRun {
        let other = |((currency, total), records): ((&str, Vec<Minor>), u64)| CurrencyTotal { currency: currency.into(), records, total: total[0] };
        let [run_id, calendar, pay_group, digest, closed_by, released_by] = [0, 1, 2, 3, 4, 5].map(|at: usize| texts[at].clone());
        PayoutRun {
            run_id, calendar, pay_group, period, records, total: total[0], currency: currency.into(), digest, closed_by,
            released_by, other_totals: others.into_iter().map(other).collect(),
        }
    }
}

prop_compose! {
    fn names()(texts in prop::collection::vec(text(), 3), manager in prop::option::of(text()), active in any::<bool>()) -> PayeeName {
        let [payee_id, name, team] = [0, 1, 2].map(|at: usize| texts[at].clone());
        PayeeName { payee_id, name, team, manager, active }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_result_comes_back_from_json_as_from_avro(
        attainment in attainments(), accrual in accruals(), payout in payouts(), run in runs(), name in names()
    ) {
        comes_back(Topic::Attainment, &attainment, Codec::write_attainment, Codec::read_attainment);
        comes_back(Topic::Accrual, &accrual, Codec::write_accrual, Codec::read_accrual);
        comes_back(Topic::Payout, &payout, Codec::write_payout, Codec::read_payout);
        comes_back(Topic::PayoutRun, &run, Codec::write_payout_run, Codec::read_payout_run);
        comes_back(Topic::Payee, &name, Codec::write_payee_name, Codec::read_payee_name);
    }
}

/// What is wrong with a record by the JSON Schema that AsyncAPI tells others.
fn faults(topic: Topic, record: &Value) -> Vec<String> {
    told(topic).1.iter_errors(record).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_is_told_of_the_form_of_json_would_notice() {
    let payout = to_json(&fixtures::converted());
    assert_eq!(faults(Topic::Payout, &payout), Vec::<String>::new());
    for (field, wrong) in [
        ("amount", json!(-108_364)),
        ("amount", json!("1e5")),
        ("amount", json!("1.23456")),
        ("kind", json!("LOST")),
        ("period", Value::Null),
        ("rate", json!("one")),
    ] {
        let mut changed = payout.clone();
        changed[field] = wrong;
        assert_eq!(faults(Topic::Payout, &changed).len(), 1, "{changed}");
    }
    let mut less = payout.clone();
    less.as_object_mut().unwrap().remove("rate_date");
    assert_eq!(faults(Topic::Payout, &less), Vec::<String>::new(), "records from before it had none");
    less.as_object_mut().unwrap().remove("amount");
    assert_eq!(faults(Topic::Payout, &less).len(), 1);
}

#[test]
fn what_is_no_such_record_is_refused_with_its_field() {
    let [codec, _] = codecs();
    let (payout, run) = (to_json(&fixtures::converted()), to_json(&fixtures::payout_run()));
    let check = |text: &str, expected: &str| {
        let error = codec.read_payout(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, format!("payout record cannot be read: {expected}"));
    };
    check("{", "not JSON: EOF while parsing an object at line 1 column 1 [not_decodable]");
    check("{}", "payout_id: missing [invalid_field]");
    check("{} {}", "not JSON: trailing characters at line 1 column 4 [not_decodable]");
    check("{\"a\":1,\"b\":2,\"a\":1}", "a: twice [invalid_field]");
    check("{\"payout_id\":\"\\ud800\"}", "payout_id: expected text, found \"\\ud800\" [invalid_field]");
    let error = codec.read_payout(b"{\"payout_id\":\"\xff\"}").unwrap_err().to_string();
    assert!(error.starts_with("payout record cannot be read: not JSON: invalid unicode code point"), "{error}");
    let decimal = "a decimal number of 18 digits, 4 of them decimals, at most";
    for (field, wrong, expected) in [
        ("amount", json!("1.00005"), format!("expected {decimal}, found \"1.00005\"")),
        ("amount", json!("100000000000000"), format!("expected {decimal}, found \"100000000000000\"")),
        ("amount", json!("1e5"), format!("expected {decimal}, found \"1e5\"")),
        ("amount", json!(1e30), format!("expected {decimal}, found 1e+30")),
        ("amount", json!(".5"), format!("expected {decimal}, found \".5\"")),
        ("amount", json!("5."), format!("expected {decimal}, found \"5.\"")),
        ("amount", json!("--5"), format!("expected {decimal}, found \"--5\"")),
        ("amount", json!(""), format!("expected {decimal}, found \"\"")),
        ("amount", json!("9".repeat(60)), format!("expected {decimal}, found \"{}...", "9".repeat(39))),
        ("amount", Value::Null, format!("expected {decimal}, found null")),
        ("amount", json!(["1"]), format!("expected {decimal}, found [\"1\"]")),
        (
            "kind",
            json!("LOST"),
            "\"LOST\" is not one of REGULAR, PRIOR_PERIOD, CARRIED, DRAW, GUARANTEE, RECOVERY, CLAWBACK, MANUAL".into(),
        ),
        ("employee_ref", json!(17), "expected text, found 17".into()),
        ("rate_date", json!("2026-02-30"), "\"2026-02-30\" is not a date like 2026-01-31".into()),
    ] {
        let mut changed = payout.clone();
        changed[field] = wrong;
        check(&changed.to_string(), &format!("{field}: {expected} [invalid_field]"));
    }
    // What no schema knows is told by whoever makes the record of it.
    for (field, wrong, expected) in [
        ("amount", json!("1.5"), "amount: not an amount in minor units of \"JPY\""),
        ("period", json!("2026-13"), "period: \"2026-13\" is not a pay period like 2026-01"),
    ] {
        let mut changed = payout.clone();
        changed[field] = wrong;
        check(&changed.to_string(), expected);
    }
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut changed = run.clone();
        change(&mut changed);
        let error = codec.read_payout_run(changed.to_string().as_bytes()).unwrap_err().to_string();
        assert_eq!(error, format!("payout-run record cannot be read: {expected} [invalid_field]"));
    };
    check(&|run| run["records"] = json!("12"), "records: expected a whole number in range, found \"12\"");
    check(&|run| run["records"] = json!(1.0), "records: expected a whole number in range, found 1.0");
    check(&|run| run["records"] = json!(u64::MAX), "records: expected a whole number in range, found 18446744073709551615");
    check(&|run| run["other_totals"] = json!({}), "other_totals: expected a list, found {}");
    check(&|run| run["other_totals"][1] = json!(1), "other_totals[1]: expected an object, found 1");
    check(&|run| drop(run["other_totals"][1].as_object_mut().unwrap().remove("total")), "other_totals[1].total: missing");
}

/// As Avro resolves schemas.
#[test]
fn what_another_version_wrote_is_read_by_defaults_and_without_what_is_unknown() {
    let [codec, _] = codecs();
    let mut attainment = to_json(&fixtures::attainment());
    let fields = attainment.as_object_mut().unwrap();
    for field in ["quota", "quota_revision", "ratio_numerator", "ratio_denominator", "prorated", "territory"] {
        assert!(fields.remove(field).is_some());
    }
    fields.insert("pace".into(), json!({"of": [1.5e300, null], "in": "2027"}));
    fields.insert("as_of".into(), json!("2026-02-02T02:40:00Z"));
    fields.insert("measured".into(), json!(130_000));
    let read = codec.read_attainment(attainment.to_string().as_bytes()).unwrap();
    assert_eq!(read, Attainment { quota: None, quota_revision: None, territory: Measured(0), ..fixtures::attainment() });
    let mut run = to_json(&fixtures::payout_run());
    run.as_object_mut().unwrap().remove("other_totals");
    let read = codec.read_payout_run(run.to_string().as_bytes()).unwrap();
    assert_eq!(read, PayoutRun { other_totals: vec![], ..fixtures::payout_run() });
}

#[test]
fn what_avro_does_not_take_is_not_written_as_json() {
    let [_, codec] = codecs();
    let mut out = b"before".to_vec();
    let payout = Payout { amount: Minor(i64::MAX), ..fixtures::payout() };
    assert!(codec.write_payout(&payout, &mut out).unwrap_err().to_string().contains("more than 18 digits"));
    let payout = Payout { currency: "EURO".into(), ..fixtures::payout() };
    assert!(codec.write_payout(&payout, &mut out).unwrap_err().to_string().contains("ISO 4217"));
    assert_eq!(out, b"before");
}
