//! What a record costs to read and write: a typical deal (two lines, three splits), an accrual, an attainment.

use accrue::domain::calendar::{Date, Interval, Period, Quarter};
use accrue::domain::deal::{Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use accrue::domain::money::{Amount, Measured, Minor, Quantity, Share};
use accrue::domain::output::{Accrual, Attainment, Causes};
use accrue::domain::topic::{Position, Topic, partition_of};
use accrue::wire::Codec;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn codec() -> Codec {
    Codec::new().unwrap_or_else(|error| panic!("{error}"))
}

fn line(line_id: &str) -> Line<'_> {
    Line {
        line_id,
        product: "platform",
        geography: Some("EMEA"),
        segment: Some("enterprise"),
        amount: Amount(125_000_500_000),
        quantity: Quantity(25_000),
        cost: None,
        splits: Vec::new(),
    }
}

fn split(payee_id: &str, counts: Counts, millionths: u32) -> Split<'_> {
    Split { payee_id, role: "AE", counts, share: Share(millionths) }
}

fn deal() -> DealClosed<'static> {
    DealClosed {
        deal_id: "D-00012345",
        revision: 1,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on: Date(20_487),
        sequence: None,
        currency: "USD",
        customer: Some("Initech"),
        related_deal: None,
        kind: Some(DealKind::New),
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines: vec![line("1"), line("2")],
        splits: vec![
            split("P-000123", Counts::Revenue, 700_000),
            split("P-000124", Counts::Revenue, 300_000),
            split("P-000125", Counts::Overlay, 500_000),
        ],
        attributes: Vec::new(),
        occurred_at: 1_770_000_000_000_000,
    }
}

#[divan::bench]
fn decode_deal(bencher: Bencher<'_, '_>) {
    let (codec, mut bytes) = (codec(), Vec::new());
    codec.write_deal(&deal(), &mut bytes).unwrap_or_else(|error| panic!("{error}"));
    let key = b"D-00012345".as_slice();
    let position = Position { topic: Topic::DealClosed, partition: partition_of(key, 4), offset: 0 };
    assert!(codec.input(position, 4, Some(key), Some(&bytes), 1_000_000).is_ok());
    bencher.bench_local(|| drop(black_box(codec.input(position, 4, Some(key), Some(black_box(&bytes)), 1_000_000))));
}

#[divan::bench]
fn encode_deal(bencher: Bencher<'_, '_>) {
    let (codec, deal, mut out) = (codec(), deal(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        codec.write_deal(black_box(&deal), &mut out)
    });
}

#[divan::bench]
fn encode_accrual(bencher: Bencher<'_, '_>) {
    let position = Position { topic: Topic::DealClosed, partition: 1, offset: 10 };
    let accrual = Accrual {
        payee_id: "P-000123".into(),
        plan_id: "ae".into(),
        plan_from: Date(20_454),
        component: "new-business".into(),
        earning_code: "COMM".into(),
        calendar: "fiscal".into(),
        interval: Interval::Quarter(Quarter(2026 * 4)),
        effective_period: Period(2026 * 12),
        booking_period: Period(2026 * 12 + 1),
        sequence: 2,
        previous_total: Minor(380_000),
        new_total: Minor(479_999),
        exact: accrue::domain::exact::Exact::Fixed(ethnum::I256::from(479_999) * ethnum::I256::from(10i128.pow(18))),
        currency: "USD".into(),
        causes: Causes { first: position, last: position, count: 3 },
        as_of: 1_770_000_000_000_000,
    };
    let (codec, mut out) = (codec(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        codec.write_accrual(black_box(&accrual), &mut out)
    });
}

#[divan::bench]
fn encode_attainment(bencher: Bencher<'_, '_>) {
    let attainment = Attainment {
        payee_id: "P-000123".into(),
        measure: "new-arr".into(),
        calendar: "fiscal".into(),
        interval: Interval::Quarter(Quarter(2026 * 4)),
        from: Date(20_454),
        to: Date(20_544),
        measured: Measured(130_000_000_000_000_000),
        quota: Some(Amount(100_000_000_000)),
        quota_revision: Some(3),
        revenue: Measured(100_000_000_000_000_000),
        overlay: Measured(-5_000_000_000_000_000),
        rolled: Measured(35_000_000_000_000_000),
        territory: Measured(0),
        unit: "USD".into(),
        last: false,
        sequence: 4,
        as_of: 1_770_000_000_000_000,
    };
    let (codec, mut out) = (codec(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        codec.write_attainment(black_box(&attainment), &mut out)
    });
}
