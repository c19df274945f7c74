//! Trouble that comes again and again: how often it is borne, with how many records, how long apart, and what ends it.

use super::support::{Bench, STAGE, settle};
use super::toy::FACT_ADDS;
use crate::domain::topic::Topic;
use crate::log::{Append, Client, LogError, Records};
use crate::wire::{Ask, Codec, SchemaId};
use crate::worker::crash::CrashPoints;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[test]
fn what_fails_a_third_time_is_tried_with_half_the_records() {
    for error in [LogError::Abort, LogError::Unavailable] as [fn(String) -> LogError; 2] {
        for (times, polled) in [(1, &[40, 40][..]), (2, &[40, 40, 40]), (3, &[40, 40, 40, 20]), (4, &[40, 40, 40, 20, 10])] {
            let mut bench = Bench::new();
            bench.append_many(40);
            bench.faults.lock().unwrap().ordered.extend(std::iter::repeat_n(("drain", error), times));
            bench.run();
            bench.check_exactly_once(&format!("{times} times"));
            let transactions = bench.faults.lock().unwrap().transactions.clone();
            assert_eq!(transactions[..polled.len()], *polled, "{times} times: {transactions:?}");
        }
    }
}

#[test]
fn a_store_that_cannot_be_read_is_restored_five_times_in_a_row_and_no_more() {
    let failing = |times| {
        let mut bench = Bench::new();
        bench.append_many(40);
        let mut machine = bench.run();
        bench.append_many(40);
        bench.faults.lock().unwrap().failing_reads = times;
        let settled = settle(&mut machine);
        (bench, machine, settled)
    };
    let (mut bench, mut machine, settled) = failing(5);
    settled.unwrap();
    bench.check_exactly_once("five times");
    // They are in a row no longer: what was committed meanwhile has reached the store.
    bench.append_many(40);
    settle(&mut machine).unwrap();
    bench.faults.lock().unwrap().failing_reads = 5;
    bench.append_many(40);
    settle(&mut machine).unwrap();
    bench.check_exactly_once("five times more");

    let (bench, machine, settled) = failing(6);
    let stop = settled.unwrap_err();
    assert_eq!(stop.exit_code(), 74);
    assert!(stop.to_string().ends_with("cannot be read, again and again; check the disk"), "{stop}");
    drop(machine);
    bench.run();
    bench.check_exactly_once("after six times");
}

/// What a fact's schema is called by a frame of it.
const UNKNOWN: SchemaId = SchemaId::Id(777);
const FRAMED: &[u8] = &[0, 0, 0, 3, 9, 1];

/// A codec whose registry is away while `down` says so, and how often it was asked.
fn codec(down: &Arc<AtomicBool>, asked: &Arc<AtomicU32>) -> Codec {
    let (down, asked) = (down.clone(), asked.clone());
    let ask: Ask = Box::new(move |id| {
        asked.fetch_add(u32::from(id == UNKNOWN), Ordering::SeqCst);
        match id == UNKNOWN && down.load(Ordering::SeqCst) {
            true => Err("the registry is not to be had".into()),
            false => Ok(None),
        }
    });
    let ids: toml::Table = include_str!("../../../schemas/ids.toml").parse().unwrap();
    let own = move |topic: Topic| ids.get(topic.name()).and_then(|id| u32::try_from(id.as_integer()?).ok());
    Codec::new().unwrap().with_registry(own, ask).unwrap()
}

#[test]
fn a_fact_that_nobody_can_tell_is_asked_for_again_with_back_off() {
    let (down, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let mut bench = Bench::new();
    (bench.limits.retry_ms, bench.limits.retry_limit_ms) = (10, 40);
    bench.codec = Arc::new(codec(&down, &asked));
    bench.append_many(20);
    let mut machine = bench.run();
    let mut records = Records::default();
    records.push(Some(b"fact"), Some(FRAMED));
    bench.log.append(&[Append { topic: Topic::Facts, partition: 0, records: &records }]).unwrap();
    bench.append_many(20);
    let before = bench.totals();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        machine.step(Instant::now()).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    // After 10, 20, 40, 40 ms and so on.
    let asked = asked.load(Ordering::SeqCst);
    assert!((4..=12).contains(&asked), "asked {asked} times");
    let trouble = bench.status.stage(STAGE).trouble.map(|stuck| stuck.reason);
    assert_eq!(trouble.as_deref(), Some("the registry is not to be had"));
    assert_eq!(bench.totals(), before, "nothing is folded that a fact may be about");
    down.store(false, Ordering::SeqCst);
    // To rest before it is tried again is no rest.
    std::thread::sleep(Duration::from_millis(2 * bench.limits.retry_limit_ms));
    settle(&mut machine).unwrap();
    bench.check_exactly_once("told at last");
    assert!(bench.status.stage(STAGE).trouble.is_none());
    assert!(bench.totals().values().all(|total| *total > FACT_ADDS), "{:?}", bench.totals());
}

#[test]
fn a_changelog_whose_end_stays_undecided_is_not_to_be_had() {
    let mut bench = Bench::new();
    bench.append_many(20);
    drop(bench.run());
    bench.append_many(20);
    (bench.hangs, bench.undecided_limit) = (true, Duration::from_millis(100));
    let began = Instant::now();
    let stop = settle(&mut bench.machine(CrashPoints::default())).unwrap_err();
    assert!(began.elapsed() >= bench.undecided_limit);
    assert_eq!(
        (stop.exit_code(), stop.to_string()),
        (
            69,
            String::from(
                "the end of crediting-changelog, partition 0, stays undecided: a transaction hangs; abort it at the broker or wait"
            )
        )
    );
    bench.hangs = false;
    bench.run();
    bench.check_exactly_once("decided");
}
