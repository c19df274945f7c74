//! Both stages on their threads over an embedded log: what is appended comes out, also after a restart and trimming.

mod support;

use accrue::config::{Config, Limits};
use accrue::domain::fact::{Fact, FactBody, Method, TierBy};
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Batch, Client};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::pipeline::{Outcome, Stage};
use accrue::wire::Codec;
use accrue::worker::engine::{Engine, EngineSetup, StageSetup, group};
use accrue::worker::status::{CREDITING, EARNING};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::company;

const PARTITIONS: u32 = 3;
const WAIT: Duration = Duration::from_secs(30);

fn start(log: &Embedded, directory: &Path) -> Engine {
    let stage = |name: &str, make: fn() -> Box<dyn Stage>| StageSetup {
        log: Box::new(log.stage(&group("test", name), make().inputs()).unwrap()),
        make: Box::new(make),
    };
    let limits = Limits { batch_records: 50, batch_wait_ms: 2, maintenance_ms: 20, ..Config::defaults().unwrap().limits };
    Engine::start(EngineSetup {
        client: Arc::new(log.clone()),
        codec: Arc::new(Codec::new().unwrap()),
        limits,
        application_id: "test".into(),
        store_directory: directory.into(),
        crediting: stage(CREDITING, || Box::new(Crediting::new(PARTITIONS, 100))),
        earning: stage(EARNING, || Box::new(Earning::new(PARTITIONS, 100))),
        crash: Arc::default(),
    })
    .unwrap()
}

fn append(log: &Embedded, outbox: &Outbox) {
    let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
    log.append(&appends).unwrap();
}

fn append_company(log: &Embedded, codec: &Codec) {
    let component = company::component(TierBy::Amount, Method::Marginal, &[("0", "10%")]);
    let bodies = [
        company::company(),
        company::calendar("2026-12"),
        company::bookings(),
        company::plan("2026-01-01", None, component),
        company::payee("ana", &[("2026-01-01", None)]),
        company::payee("ben", &[("2026-01-01", None)]),
    ];
    let mut outbox = Outbox::default();
    for (number, body) in bodies.into_iter().enumerate() {
        let mut bytes = Vec::new();
        codec.write_fact(&fact(number, body), &mut bytes).unwrap();
        outbox.to(Topic::Facts, 0).push(Some(format!("fact-{number}").as_bytes()), Some(&bytes));
    }
    append(log, &outbox);
}

fn fact(number: usize, body: FactBody) -> Fact {
    Fact {
        fact_id: format!("fact-{number}"),
        author: "tests".into(),
        reason: String::new(),
        approver: None,
        occurred_at: 0,
        body,
    }
}

/// Deals of 100.00 each, `from` up to before `to`, in turn ana's and ben's; returns where each went.
fn append_deals(log: &Embedded, codec: &Codec, from: usize, to: usize) {
    let mut outbox = Outbox::default();
    for number in from..to {
        let (id, payee) = (format!("deal-{number}"), ["ana", "ben"][number % 2]);
        let mut bytes = Vec::new();
        codec.write_deal(&company::deal(&id, 1, "2026-01-10", "100", payee), &mut bytes).unwrap();
        outbox.to(Topic::DealClosed, partition_of(id.as_bytes(), PARTITIONS)).push(Some(id.as_bytes()), Some(&bytes));
    }
    append(log, &outbox);
}

/// The newest total per payee; the totals must follow on one another.
fn accrued(log: &Embedded, codec: &Codec) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let (mut batch, mut next) = (Batch::default(), 0);
        while next < log.end(Topic::Accrual, partition).unwrap() {
            next = log.read(Topic::Accrual, partition, next, 1 << 20, &mut batch).unwrap();
        }
        for row in batch.rows() {
            let accrual = codec.read_accrual(batch.value(row).unwrap()).unwrap();
            let before = totals.insert(accrual.payee_id.to_string(), accrual.new_total.0).unwrap_or(0);
            assert_eq!(before, accrual.previous_total.0);
        }
    }
    totals
}

#[test]
fn deals_become_accruals_exactly_once_over_restarts() {
    let (log, codec) = (Embedded::in_memory().unwrap(), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    for round in 0..3 {
        let engine = start(&log, directory.path());
        append_deals(&log, &codec, round * 100, round * 100 + 100);
        assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
        engine.stop().unwrap();
        let expected = 50_000 * (round as i64 + 1);
        assert_eq!(accrued(&log, &codec), BTreeMap::from([("ana".into(), expected), ("ben".into(), expected)]));
    }
}

#[test]
fn outcomes_are_told_and_credits_are_trimmed() {
    let (log, codec) = (Embedded::in_memory().unwrap(), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    let engine = start(&log, directory.path());
    append_deals(&log, &codec, 0, 1);
    append_deals(&log, &codec, 0, 1);
    let partition = partition_of(b"deal-0", PARTITIONS);
    let outcomes = engine.outcomes().outcomes(Topic::DealClosed, partition, 0..2, WAIT);
    assert_eq!(outcomes, Some(vec![(1, Outcome::Duplicate)]));
    assert!(engine.wait_caught_up(WAIT).unwrap());
    let trimmed = |partition| log.start(Topic::Credits, partition).unwrap() == log.end(Topic::Credits, partition).unwrap();
    let deadline = std::time::Instant::now() + WAIT;
    while !(0..PARTITIONS).all(trimmed) {
        assert!(std::time::Instant::now() < deadline, "credits are not trimmed");
        engine.status().wait(Duration::from_millis(20));
    }
    engine.stop().unwrap();
}

#[test]
fn a_stage_that_is_fenced_ends_the_engine() {
    let log = Embedded::in_memory().unwrap();
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    let engine = start(&log, directory.path());
    let _other = log.stage(&group("test", EARNING), &[Topic::Credits]).unwrap();
    let deadline = std::time::Instant::now() + WAIT;
    while !engine.is_ending() {
        assert!(std::time::Instant::now() < deadline, "the engine goes on");
        engine.status().wait(Duration::from_millis(20));
    }
    assert_eq!(engine.stop().unwrap_err().exit_code(), 75);
}
