//! What the machine does at its limits: transactions shrink or end, polling pauses, states leave the memory; nothing is lost.

use super::support::{Bench, PARTITIONS, STAGE, settle};
use super::toy;
use crate::domain::topic::{Topic, partition_of};
use crate::worker::crash::CrashPoints;
use std::time::{Duration, Instant};

#[test]
fn a_transaction_that_is_too_large_shrinks() {
    let mut bench = Bench::new();
    bench.append_many(60);
    bench.faults.lock().unwrap().largest_transaction = 4;
    bench.run();
    bench.check_exactly_once("too large");
    assert!(bench.faults.lock().unwrap().largest_poll > 4);
}

#[test]
fn a_paused_machine_folds_nothing_and_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.append_many(20);
    let mut machine = bench.run();
    bench.status.pause(true);
    settle(&mut machine).unwrap();
    assert!(bench.status.stage(STAGE).paused_by_operator);
    bench.append_many(20);
    bench.append_fact();
    let before = bench.totals();
    settle(&mut machine).unwrap();
    assert_eq!(bench.totals(), before);
    bench.status.pause(false);
    settle(&mut machine).unwrap();
    bench.check_exactly_once("paused");
    assert!(!bench.status.stage(STAGE).paused_by_operator);
}

#[test]
fn a_transaction_gathers_up_to_its_limit_of_keys() {
    for (batch_keys, commits_at_once) in [(2, true), (100, false)] {
        let mut bench = Bench::new();
        bench.limits.batch_keys = batch_keys;
        bench.append(&[toy::SLOW]);
        let mut machine = bench.machine(CrashPoints::default());
        while bench
            .tap
            .outcomes(Topic::DealClosed, partition_of(toy::SLOW.as_bytes(), PARTITIONS), 0..1, Duration::ZERO)
            .is_none()
        {
            machine.step(Instant::now()).unwrap();
        }
        let commits = bench.status.stage(STAGE).commits;
        bench.append(&["a", "b"]);
        machine.step(Instant::now()).unwrap();
        assert_eq!(bench.status.stage(STAGE).commits > commits, commits_at_once, "{batch_keys}");
        settle(&mut machine).unwrap();
        bench.append(&["a"]);
        settle(&mut machine).unwrap();
        bench.check_exactly_once("gathered");
    }
}

#[test]
fn a_store_that_lags_pauses_polling() {
    let mut bench = Bench::new();
    bench.limits.unacknowledged_bytes = 1;
    bench.limits.batch_records = 5;
    bench.append_many(40);
    bench.run();
    bench.check_exactly_once("slow store");
}

#[test]
fn a_small_working_set_evicts_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.limits.working_set_bytes = 1;
    bench.limits.batch_records = 3;
    bench.append_many(80);
    bench.append_fact();
    bench.run();
    bench.append_many(30);
    bench.run();
    bench.check_exactly_once("evicted");
}
