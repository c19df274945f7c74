//! Both stages on their threads: what is appended comes out, also after a restart and trimming, and on Kafka.

mod support;

use accrue::domain::topic::{Topic, partition_of};
use accrue::log::embedded::Embedded;
use accrue::log::kafka::Kafka;
use accrue::log::{Client, StageLog};
use accrue::pipeline::Outcome;
use accrue::wire::Codec;
use accrue::worker::engine::group;
use accrue::worker::status::EARNING;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, append_deals, start, start_on};

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
fn on_kafka_the_last_record_is_the_end() {
    let settings = support::broker::settings("caught-up");
    let (log, codec) = (Kafka::connect(settings.clone()).unwrap(), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    append_deals(&log, &codec, 0, 100);
    let hold = |group: &str, inputs: &[Topic]| -> Box<dyn StageLog> { Box::new(log.stage(group, inputs).unwrap()) };
    let engine = start_on(Arc::new(log.clone()), &settings.topic_prefix, directory.path(), hold);
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    engine.stop().unwrap();
    assert_eq!(accrued(&log, &codec), BTreeMap::from([("ana".into(), 50_000), ("ben".into(), 50_000)]));
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
