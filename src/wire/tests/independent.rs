//! Another implementation of Avro reads what we write, and we read what it writes.

use super::fixtures;
use super::records::{codec, deal_bytes};
use super::schemas::SCHEMAS;
use crate::domain::calendar::Date;
use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use crate::domain::money::{Amount, Quantity, Share, format_scaled};
use crate::domain::output::Payout;
use crate::wire::decimal::from_bytes;
use crate::wire::json::to_json;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::ResolvedSchema;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use proptest::prelude::*;
use serde_json::Value as Json;

pub fn schema(name: &str) -> Schema {
    let (_, text) = SCHEMAS.into_iter().find(|(found, _)| *found == name).expect("a schema");
    Schema::parse_str(text).expect("a valid schema")
}

fn read(schema: &Schema, framed: &[u8]) -> Avro {
    let reader = GenericDatumReader::builder(schema).build().expect("a reader of the schema");
    let mut rest = &framed[5..];
    let value = reader.read_value(&mut rest).expect("another reader decodes it");
    assert!(rest.is_empty(), "it reads every byte");
    value
}

pub fn rewritten(schema: &Schema, framed: &[u8]) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().expect("a writer of the schema");
    let body = writer.write_value_to_vec(read(schema, framed)).expect("another writer encodes it");
    [&framed[..5], &body].concat()
}

/// The value as `wire::json` shows it, by the schema alone.
fn json(schema: &Schema, value: &Avro) -> Json {
    match (schema, value) {
        (Schema::Record(record), Avro::Record(fields)) => {
            let pairs = record.fields.iter().zip(fields);
            Json::Object(pairs.map(|(field, (name, value))| (name.clone(), json(&field.schema, value))).collect())
        }
        (Schema::Union(union), Avro::Union(place, value)) => json(&union.variants()[*place as usize], value),
        (Schema::Decimal(decimal), Avro::Decimal(value)) => {
            let bytes: Vec<u8> = value.try_into().expect("a decimal has bytes");
            let keep = if decimal.scale == 4 { 2 } else { 0 };
            format_scaled(from_bytes(&bytes).expect("bytes"), decimal.scale as u32, keep).into()
        }
        (Schema::Array(of), Avro::Array(items)) => items.iter().map(|item| json(&of.items, item)).collect(),
        (_, Avro::Date(days)) => Date(*days).to_string().into(),
        (_, Avro::Enum(_, text) | Avro::String(text)) => text.clone().into(),
        (_, Avro::Long(number) | Avro::TimestampMicros(number)) => (*number).into(),
        (_, Avro::Int(number)) => (*number).into(),
        (_, Avro::Boolean(flag)) => (*flag).into(),
        (_, Avro::Null) => Json::Null,
        other => panic!("{other:?}"),
    }
}

fn check_output(name: &str, expected: Json, write: impl FnOnce(&mut Vec<u8>)) {
    let (schema, mut bytes) = (schema(name), Vec::new());
    write(&mut bytes);
    assert_eq!(json(&schema, &read(&schema, &bytes)), expected, "{name}");
}

fn in_pounds() -> Payout {
    Payout { currency: "GBP".into(), ..fixtures::converted() }
}

#[test]
fn outputs_are_the_same_in_avro_and_json() {
    let codec = codec();
    let mut no_quota = fixtures::attainment();
    no_quota.quota = None;
    for attainment in [fixtures::attainment(), no_quota] {
        check_output("attainment", to_json(&attainment), |out| codec.write_attainment(&attainment, out).unwrap());
    }
    let accrual = fixtures::accrual();
    check_output("accrual", to_json(&accrual), |out| codec.write_accrual(&accrual, out).unwrap());
    for payout in [fixtures::payout(), in_pounds()] {
        check_output("payout", to_json(&payout), |out| codec.write_payout(&payout, out).unwrap());
    }
    let mut run = fixtures::payout_run();
    run.other_totals.truncate(1);
    check_output("payout-run", to_json(&run), |out| codec.write_payout_run(&run, out).unwrap());
    let name = fixtures::payee_name();
    check_output("payee", to_json(&name), |out| codec.write_payee_name(&name, out).unwrap());
}

#[test]
fn facts_survive_another_writer() {
    let (codec, schema) = (codec(), schema("facts"));
    assert!(ResolvedSchema::try_from(&schema).is_ok());
    for fact in fixtures::facts() {
        let mut bytes = Vec::new();
        codec.write_fact(&fact, &mut bytes).unwrap();
        assert_eq!(codec.fact(&rewritten(&schema, &bytes)), Ok(fact));
    }
}

#[test]
fn a_quota_survives_another_writer() {
    let mut bytes = Vec::new();
    codec().write_quota(&fixtures::quota(), &mut bytes).unwrap();
    let other = rewritten(&schema("quota-changed"), &bytes);
    assert_eq!(codec().read_quota(&other).unwrap(), fixtures::quota());
}

#[test]
fn a_settlement_survives_another_writer() {
    let mut bytes = Vec::new();
    codec().write_settlement(&fixtures::settlement(), &mut bytes).unwrap();
    let other = rewritten(&schema("deal-settled"), &bytes);
    assert_eq!(codec().read_settlement(&other).unwrap(), fixtures::settlement());
}

const TEXTS: [&str; 5] = ["a", "Müller", "platform", "E-17", "x y"];

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&TEXTS[..])
}

fn amount() -> impl Strategy<Value = Amount> {
    let edge = 10i128.pow(24) - 1;
    prop_oneof![-300i128..300, -edge..=edge, Just(edge), Just(-edge)].prop_map(Amount)
}

fn line() -> impl Strategy<Value = Line<'static>> {
    let optional = || prop::option::of(text());
    let quantity = -(10i64.pow(18) - 1)..10i64.pow(18);
    (text(), optional(), optional(), amount(), quantity, prop::option::of(amount()), any::<bool>()).prop_map(
        |(product, geography, segment, amount, quantity, cost, own)| Line {
            line_id: "1",
            product,
            geography,
            segment,
            amount,
            quantity: Quantity(quantity),
            cost,
            splits: if own { vec![whole()] } else { Vec::new() },
        },
    )
}

fn whole() -> Split<'static> {
    fixtures::split("ana", Counts::Revenue, 1_000_000)
}

fn attribute() -> impl Strategy<Value = Attribute<'static>> {
    prop_oneof![
        text().prop_map(Attribute::Text),
        amount().prop_map(|amount| Attribute::Number(amount.0)),
        any::<i32>().prop_map(|days| Attribute::Date(Date(days))),
    ]
}

prop_compose! {
    fn head()(
        status in prop::sample::select(vec![DealStatus::Closed, DealStatus::Cancelled, DealStatus::Open, DealStatus::Lost]),
        change in prop::sample::select(vec![Change::Correction, Change::Return, Change::Cancellation]),
        kind in prop::option::of(prop::sample::select(vec![DealKind::New, DealKind::Renewal, DealKind::Expansion])),
        dates in prop::collection::vec(any::<i32>().prop_map(Date), 3),
        texts in prop::collection::vec(prop::option::of(text()), 3),
        (revision, sequence, term_months) in (any::<i64>(), any::<Option<i64>>(), any::<Option<i32>>()),
    ) -> DealClosed<'static> {
        DealClosed {
            revision, status, change, kind, sequence, term_months,
            effective_on: Some(dates[0]).filter(|date| date.0 > 0),
            closed_on: dates[1],
            contract_start: Some(dates[2]).filter(|date| date.0 > 0),
            customer: texts[0],
            related_deal: texts[1],
            stage: texts[2],
            ..fixtures::deal()
        }
    }
}

prop_compose! {
    fn deals()(
        head in head(),
        line in line(),
        probability in prop::option::of((0u32..=1_000_000).prop_map(Share)),
        part in 1u32..1_000_000,
        attribute in prop::option::of(attribute()),
        occurred_at in any::<i64>(),
    ) -> DealClosed<'static> {
        let parts = [("ana", part), ("ben", 1_000_000 - part)];
        DealClosed {
            probability, occurred_at,
            lines: vec![line, fixtures::bare_line("2")],
            splits: parts.map(|(payee, share)| fixtures::split(payee, Counts::Revenue, share)).into(),
            attributes: attribute.map(|value| ("x", value)).into_iter().collect(),
            ..head
        }
    }
}

proptest! {
    #[test]
    fn any_deal_survives_us_and_another_writer(deal in deals()) {
        let bytes = deal_bytes(&deal);
        prop_assert_eq!(&codec().read_deal(&bytes).unwrap(), &deal);
        let other = rewritten(&schema("deal-closed"), &bytes);
        prop_assert_eq!(&codec().read_deal(&other).unwrap(), &deal);
    }
}

#[test]
fn another_reader_finds_the_figures_of_a_deal() {
    let value = read(&schema("deal-closed"), &deal_bytes(&fixtures::deal()));
    let Avro::Record(fields) = value else { panic!("not a record") };
    let named = |name: &str| &fields.iter().find(|(found, _)| found == name).expect("a field").1;
    assert_eq!(named("status"), &Avro::Enum(0, "CLOSED".into()));
    assert_eq!(named("closed_on"), &Avro::Date(fixtures::DAY.0));
    assert_eq!(named("revision"), &Avro::Long(2));
    let Avro::Array(lines) = named("lines") else { panic!("not an array") };
    let Avro::Record(line) = &lines[0] else { panic!("not a record") };
    let amount = line.iter().find(|(name, _)| name == "amount").map(|(_, value)| value);
    let Some(Avro::Decimal(amount)) = amount else { panic!("no decimal: {amount:?}") };
    let bytes: Vec<u8> = amount.try_into().expect("bytes");
    assert_eq!(from_bytes(&bytes), Some(125_000_500_000));
}
