//! Both stages on their threads: what is appended comes out, also after a restart and trimming, and on Kafka.

mod support;

use accrue::domain::fact::{Cut, FactBody, PeriodClosed};
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::embedded::Embedded;
use accrue::log::kafka::Kafka;
use accrue::log::{Append, Batch, Client, Records, StageLog};
use accrue::pipeline::{Outcome, PendingClose};
use accrue::wire::Codec;
use accrue::worker::engine::{Engine, group};
use accrue::worker::status::{CREDITING, EARNING};
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
fn an_alarm_stops_its_partition_alone_on_either_log() {
    let embedded = Embedded::in_memory().unwrap();
    let directory = tempfile::tempdir().unwrap();
    embedded.create_topics(PARTITIONS).unwrap();
    check_alarm(&embedded, || start(&embedded, directory.path()));
    let settings = support::broker::settings("alarm");
    let kafka = Kafka::connect(settings.clone()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    kafka.create_topics(PARTITIONS).unwrap();
    let hold = |group: &str, inputs: &[Topic]| -> Box<dyn StageLog> { Box::new(kafka.stage(group, inputs).unwrap()) };
    check_alarm(&kafka, || start_on(Arc::new(kafka.clone()), &settings.topic_prefix, directory.path(), hold));
}

/// Records of `credits` that are none: first in a partition without payees, then in that of both.
fn check_alarm(log: &dyn Client, start: impl Fn() -> Engine) {
    let codec = Codec::new().unwrap();
    append_company(log, &codec);
    append_deals(log, &codec, 0, 20);
    let engine = start();
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    let of_payees = partition_of(b"ana", PARTITIONS);
    assert_eq!(of_payees, partition_of(b"ben", PARTITIONS));
    let beside = (of_payees + 1) % PARTITIONS;
    contradict(log, &engine, beside);
    append_deals(log, &codec, 20, 40);
    wait_until(&engine, "the others go on", || accrued(log, &codec)["ben"] == 20_000);
    contradict(log, &engine, of_payees);
    append_deals(log, &codec, 40, 60);
    let folded = |partition: u32| {
        let next = engine.status().stage(CREDITING).partitions[&partition].next(Topic::DealClosed);
        let (mut behind, end) = (Batch::default(), log.end(Topic::DealClosed, partition).unwrap());
        next >= end || log.read(Topic::DealClosed, partition, next, 1, &mut behind).is_ok_and(|_| behind.is_empty())
    };
    wait_until(&engine, "the other stage goes on", || (0..PARTITIONS).all(folded));
    assert_eq!(accrued(log, &codec), BTreeMap::from([("ana".into(), 20_000), ("ben".into(), 20_000)]));
    assert!(!engine.is_caught_up().unwrap() && !engine.is_ending());
    let metrics = engine.metrics().text(engine.status(), log).unwrap();
    for (stage, partition) in [CREDITING, EARNING].into_iter().flat_map(|stage| (0..PARTITIONS).map(move |of| (stage, of))) {
        let name = format!("accrue_partition_stuck_since_timestamp_seconds{{partition=\"{partition}\",stage=\"{stage}\"}} ");
        let since: f64 = metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap();
        let stands_still = stage == EARNING && [beside, of_payees].contains(&partition);
        assert_eq!(since > 1e9, stands_still, "{stage} {partition}: {since}");
    }
    engine.stop().unwrap();
}

/// Until the partition of earning stands still for it.
fn contradict(log: &dyn Client, engine: &Engine, partition: u32) {
    let mut records = Records::default();
    records.push(None, Some(b"no credits"));
    log.append(&[Append { topic: Topic::Credits, partition, records: &records }]).unwrap();
    let stands_still = || engine.status().stage(EARNING).partitions.get(&partition).is_some_and(|held| held.alarm.is_some());
    wait_until(engine, "it stands still", stands_still);
}

#[test]
fn a_close_names_the_partitions_that_it_misses() {
    let (log, codec) = (Embedded::in_memory().unwrap(), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    append_deals(&log, &codec, 0, 20);
    let engine = start(&log, directory.path());
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    assert!([CREDITING, EARNING].iter().all(|stage| engine.status().stage(stage).closing.is_empty()));
    engine.stop().unwrap();
    let mut records = Records::default();
    records.push(Some(b"of-nobody"), Some(b"?"));
    log.append(&[Append { topic: Topic::CreditingChangelog, partition: 0, records: &records }]).unwrap();
    let ends = |topic| (0..PARTITIONS).map(|partition| log.end(topic, partition).unwrap()).collect();
    let cut = Cut {
        deal_closed: ends(Topic::DealClosed),
        quota_changed: ends(Topic::QuotaChanged),
        deal_settled: ends(Topic::DealSettled),
        adjustment_made: ends(Topic::AdjustmentMade),
    };
    let (close_id, period) = ("fiscal-2026-01-1".to_owned(), "2026-01".parse().unwrap());
    let closed = PeriodClosed { close_id: close_id.clone(), calendar: "fiscal".into(), pay_group: "default".into(), period, cut };
    let (mut bytes, mut outbox) = (Vec::new(), Outbox::default());
    codec.write_fact(&support::engine::fact(9, FactBody::PeriodClosed(closed)), &mut bytes).unwrap();
    outbox.to(Topic::Facts, 0).push(Some(b"close"), Some(&bytes));
    support::engine::append(&log, &outbox);
    let engine = start(&log, directory.path());
    let pending = PendingClose { close_id, crediting: vec![0], earning: (0..PARTITIONS).collect() };
    wait_until(&engine, "it misses one", || engine.status().stage(EARNING).closing == [pending.clone()]);
    wait_until(&engine, "the others have done it", || engine.status().stage(CREDITING).closing.is_empty());
    let metrics = engine.metrics().text(engine.status(), &log).unwrap();
    let missing = |line: &&str| line.starts_with("accrue_close_missing{") && line.ends_with(" 1");
    let stage = |stage: &'static str| move |line: &&str| line.contains(&format!("stage=\"{stage}\""));
    let lines: Vec<&str> = metrics.lines().filter(missing).collect();
    assert_eq!(lines.iter().copied().filter(stage(EARNING)).count(), PARTITIONS as usize, "{metrics}");
    let crediting: Vec<&str> = lines.iter().copied().filter(stage(CREDITING)).collect();
    assert_eq!(crediting, ["accrue_close_missing{partition=\"0\",stage=\"crediting\"} 1"]);
    engine.stop().unwrap();
}

fn wait_until(engine: &Engine, what: &str, done: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + WAIT;
    while !done() {
        assert!(std::time::Instant::now() < deadline && !engine.is_ending(), "{what}: {:?}", engine.status());
        engine.status().wait(Duration::from_millis(20));
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
