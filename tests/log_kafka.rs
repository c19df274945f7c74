//! What only Kafka can do to a stage: open and dangling transactions, control records, stale generations, lost answers,
//! and other members. On a real broker. What its client answers to calls that fail is in `tests/client_errors.rs`.

mod support;

use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Batch, Client, Limit, LogError, StageLog};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use support::proxy::Fault;
use support::records::{append, take};
use support::stage::{DEALS, INPUTS, OUT, QUOTAS, begin, check, filled, group, opened, owner, proxied, start_assigned, transact};

/// A transaction ends a moment before its markers are written.
#[track_caller]
fn wait_for_end(log: &Kafka, end: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while log.end(OUT, 0).unwrap() < end && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(log.end(OUT, 0).unwrap(), end);
}

#[test]
fn an_open_transaction_blocks_readers_and_restore_waits_for_it() {
    let (log, settings) = opened("open");
    let mut stage = owner(&log, &settings);
    begin(&mut stage, "a=1").unwrap();
    assert_eq!((log.end(OUT, 0).unwrap(), log.high_watermark(OUT, 0).unwrap()), (0, 1));
    assert_eq!(log.read(OUT, 0, 0, 100, &mut Batch::default()).unwrap(), 0);

    let reader = log.clone();
    let restored = std::thread::spawn(move || {
        let (goal, mut from, mut batch) = (reader.high_watermark(OUT, 0).unwrap(), 0, Batch::default());
        while from < goal {
            from = reader.read(OUT, 0, from, 100, &mut batch).unwrap();
        }
        batch.len()
    });
    std::thread::sleep(Duration::from_millis(300));
    assert!(!restored.is_finished(), "restore ends before the transaction is decided");
    stage.send_offsets(&[(DEALS, 0, 0)]).unwrap();
    stage.commit().unwrap();
    assert_eq!(restored.join().unwrap(), 1);
}

#[test]
fn aborted_records_and_control_records_take_offsets_and_are_skipped() {
    let (log, settings) = opened("control");
    let mut stage = owner(&log, &settings);
    transact(&mut stage, "a=1 b=2", 0).unwrap();
    check(&log, "a=1 b=2");
    assert_eq!(log.high_watermark(OUT, 0).unwrap(), 3, "two records and the marker of their commit");
    begin(&mut stage, "x=1 y=2").unwrap();
    stage.abort().unwrap();
    wait_for_end(&log, 6);
    let mut batch = Batch::default();
    assert_eq!((log.read(OUT, 0, 2, 100, &mut batch).unwrap(), batch.len()), (6, 0), "the end is reached past aborted data");
    transact(&mut stage, "c=3", 0).unwrap();
    check(&log, "a=1 b=2 c=3");
    log.read(OUT, 0, 3, 100, &mut batch).unwrap();
    assert_eq!(batch.rows().iter().map(|row| row.position.offset).collect::<Vec<_>>(), [6]);
}

#[test]
fn aborted_records_in_front_of_an_open_transaction_are_read_past() {
    let (log, settings) = opened("between");
    let other = Kafka::connect(KafkaSettings { client_id: "other".into(), ..settings.clone() }).unwrap();
    let mut aborted = owner(&log, &settings);
    let mut open = other.stage(&format!("{}others", settings.topic_prefix), &INPUTS).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while open.assigned(Duration::from_millis(50)).unwrap().given.is_empty() {
        assert!(Instant::now() < deadline, "nothing is assigned");
    }
    for round in 0..2 {
        begin(&mut aborted, "x=1").unwrap();
        begin(&mut open, "a=1").unwrap();
        aborted.abort().unwrap();
        // The marker of the abort lies behind what is undecided: nothing tells a reader that the range is over.
        let from = 4 * round;
        wait_for_end(&log, from + 1);
        let (began, mut batch) = (Instant::now(), Batch::default());
        assert_eq!((log.read(OUT, 0, from, 100, &mut batch).unwrap(), batch.len()), (from + 1, 0));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        open.abort().unwrap();
        wait_for_end(&log, from + 4);
        assert_eq!(log.read(OUT, 0, from + 1, 100, &mut batch).unwrap(), from + 4);
    }
    transact(&mut aborted, "c=3", 0).unwrap();
    check(&log, "c=3");
}

#[test]
fn a_dangling_transaction_is_ended_by_the_next_owner() {
    let (log, settings) = filled("dangling");
    let mut dead = owner(&log, &settings);
    begin(&mut dead, "lost=1").unwrap();
    dead.send_offsets(&[(DEALS, 0, 9)]).unwrap();
    // Dropped, it would end its transaction.
    std::mem::forget(dead);
    assert_eq!(log.end(OUT, 0).unwrap(), 0);
    let mut stage = owner(&log, &settings);
    transact(&mut stage, "a=1", 1).unwrap();
    check(&log, "a=1");
    assert_eq!(log.committed(&group(&settings), DEALS, 0).unwrap(), Some(1));
}

#[test]
fn a_stale_generation_is_refused_and_the_partitions_come_back() {
    let (_, mut settings) = filled("stale");
    settings.transaction_timeout_ms = 60_000;
    (settings.maximum_poll_interval_ms, settings.session_timeout_ms) = (2_000, 2_000);
    let log = Kafka::connect(settings.clone()).unwrap();
    let mut stage = owner(&log, &settings);
    transact(&mut stage, "a=1", 1).unwrap();
    begin(&mut stage, "b=2").unwrap();
    // A static member stays for its session timeout when it has polled too late.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log.workers(&group(&settings)).unwrap().is_empty() {
        assert!(Instant::now() < deadline, "it is still a member");
        std::thread::sleep(Duration::from_millis(100));
    }
    let refused = stage.send_offsets(&[(DEALS, 0, 2)]).and_then(|()| stage.commit()).unwrap_err();
    assert!(matches!(refused, LogError::Abort(_)), "{refused:?}");
    stage.abort().unwrap();
    start_assigned(&log, &settings, &mut stage);
    assert_eq!(log.committed(&group(&settings), DEALS, 0).unwrap(), Some(1));
    transact(&mut stage, "b=3", 2).unwrap();
    check(&log, "a=1 b=3");
}

#[test]
fn an_assignment_that_changed_during_a_transaction_aborts_it() {
    let (_, mut settings) = filled("changed");
    (settings.maximum_poll_interval_ms, settings.session_timeout_ms) = (2_000, 2_000);
    let log = Kafka::connect(settings.clone()).unwrap();
    let mut stage = owner(&log, &settings);
    begin(&mut stage, "a=1").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let deadline = Instant::now() + Duration::from_secs(10);
    let refused = loop {
        stage.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
        match stage.send_offsets(&[(DEALS, 0, 1)]) {
            Err(error) => break error,
            Ok(()) if Instant::now() > deadline => panic!("the transaction goes on"),
            Ok(()) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert!(matches!(refused, LogError::Abort(_)), "{refused:?}");
    stage.abort().unwrap();
    start_assigned(&log, &settings, &mut stage);
    transact(&mut stage, "b=2", 1).unwrap();
    check(&log, "b=2");
}

#[test]
fn a_worker_that_was_away_is_given_nothing_back_as_it_was() {
    let (_, mut settings) = filled("away");
    (settings.maximum_poll_interval_ms, settings.session_timeout_ms) = (2_000, 2_000);
    let log = Kafka::connect(settings.clone()).unwrap();
    let mut first = owner(&log, &settings);
    let other = Kafka::connect(KafkaSettings { client_id: "other".into(), ..settings.clone() }).unwrap();
    let mut second = other.stage(&group(&settings), &INPUTS).unwrap();
    // The first asks for nothing until the second has everything, has moved on, and is gone.
    start_assigned(&other, &settings, &mut second);
    transact(&mut second, "a=1", 1).unwrap();
    drop(second);
    let (deadline, mut taken) = (Instant::now() + Duration::from_secs(20), BTreeSet::new());
    let mut given = BTreeSet::new();
    while given.len() < 2 {
        assert!(Instant::now() < deadline, "taken {taken:?}, given {given:?}");
        let assigned = first.assigned(Duration::from_millis(20)).unwrap();
        taken.extend(assigned.taken);
        given.extend(assigned.given);
        first.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
    }
    assert_eq!((taken.len(), given.len()), (2, 2), "what it had is not what it has");
}

#[test]
fn a_second_worker_takes_its_share_and_gives_it_back() {
    let (log, settings) = filled("second");
    let mut first = owner(&log, &settings);
    let other = Kafka::connect(KafkaSettings { client_id: "other".into(), ..settings.clone() }).unwrap();
    let mut second = other.stage(&group(&settings), &INPUTS).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let (mut taken, mut given) = (Vec::new(), Vec::new());
    begin(&mut first, "a=1").unwrap();
    while given.is_empty() {
        assert!(Instant::now() < deadline, "taken {taken:?}, given {given:?}");
        first.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
        taken.extend(first.assigned(Duration::from_millis(20)).unwrap().taken);
        given.extend(second.assigned(Duration::from_millis(20)).unwrap().given);
    }
    assert_eq!(taken.len(), 1);
    assert_eq!(taken, given);
    let refused = first.send_offsets(&[(DEALS, 0, 1), (DEALS, 1, 0)]).unwrap_err();
    assert!(matches!(refused, LogError::Abort(_)), "{refused:?}");
    first.abort().unwrap();
    drop(second);
    let mut back = Vec::new();
    while back.is_empty() {
        assert!(Instant::now() < deadline, "not given back");
        first.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
        back = first.assigned(Duration::from_millis(20)).unwrap().given;
    }
    assert_eq!(back, taken);
    for topic in INPUTS {
        first.start(back[0], &[(topic, 0)]).unwrap();
    }
    transact(&mut first, "b=2", 2).unwrap();
    check(&log, "b=2");
}

#[test]
fn sisters_flow_beside_the_first_input_and_limit_zero_loses_nothing() {
    let (log, settings) = opened("sisters");
    append(&log, DEALS, 0, "a=1");
    append(&log, QUOTAS, 0, "q=1");
    append(&log, QUOTAS, 1, "q=2 q=3");
    let mut stage = owner(&log, &settings);
    for _ in 0..20 {
        stage.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(take(&mut stage, 4), "a=1 q=1 q=2 q=3");
}

/// One test for both faults: the proxy is one for the whole program.
#[test]
fn a_commit_whose_answer_is_lost_counts_once() {
    let proxy = &support::broker::own().proxy;
    let (log, through, settings) = proxied("answer");
    let mut stage = owner(&through, &settings);
    transact(&mut stage, "a=1", 1).unwrap();

    proxy.set(Fault::LoseAnswer);
    transact(&mut stage, "b=2", 2).unwrap();
    assert!(proxy.is(Fault::None), "the answer was lost");
    transact(&mut stage, "c=3", 3).unwrap();
    check(&log, "a=1 b=2 c=3");

    proxy.set(Fault::LoseAnswerAndCut);
    let doubt = transact(&mut stage, "d=4", 4).unwrap_err();
    assert!(matches!(doubt, LogError::Doubt(_)), "{doubt:?}");
    assert!(proxy.is(Fault::Cut), "the answer was lost");
    assert!(matches!(stage.begin(), Err(LogError::Doubt(_))), "nothing goes on before a restore");
    proxy.set(Fault::None);
    start_assigned(&log, &settings, &mut stage);
    check(&log, "a=1 b=2 c=3 d=4");
    assert_eq!(log.committed(&group(&settings), DEALS, 0).unwrap(), Some(4));
    while let Err(LogError::Abort(_)) = transact(&mut stage, "e=5", 5) {
        stage.abort().unwrap();
        start_assigned(&log, &settings, &mut stage);
    }
    check(&log, "a=1 b=2 c=3 d=4 e=5");
}

#[test]
fn a_broker_that_is_not_there_is_said_in_time() {
    let began = Instant::now();
    let settings = KafkaSettings { request_timeout_ms: 2_000, ..KafkaSettings::new("127.0.0.1:1") };
    let refused = Kafka::connect(settings).err().unwrap();
    assert!(matches!(refused, LogError::Unavailable(_)));
    let said = refused.to_string();
    assert!(said.starts_with("no Kafka broker answers at 127.0.0.1:1 within 2 s ("), "{said}");
    assert!(said.contains("start it, or correct brokers, or"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(10));
}
