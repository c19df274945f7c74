//! What panics in a stage: a record that does is rejected alone, and what no record is to blame for ends the worker.

use super::support::{Bench, PARTITIONS, settle};
use crate::domain::topic::{Topic, partition_of};
use crate::log::Client;
use crate::pipeline::Outcome;
use crate::worker::crash::CrashPoints;
use std::time::Duration;

#[test]
fn a_record_that_panics_is_rejected_alone() {
    for poison in ["poison", "slow-poison"] {
        let mut bench = Bench::new();
        bench.append_many(10);
        bench.run();
        let partition = partition_of(poison.as_bytes(), PARTITIONS);
        let offset = bench.log.end(Topic::DealClosed, partition).unwrap();
        bench.append(&[poison]);
        bench.append_many(20);
        bench.run();
        let rejected: Vec<_> = bench.outputs().into_iter().filter(|text| text.starts_with("rejected")).collect();
        assert_eq!(rejected, [format!("rejected {offset} fold_panicked")]);
        let outcomes = bench.tap.outcomes(Topic::DealClosed, partition, offset..offset + 1, Duration::ZERO).unwrap();
        assert!(matches!(&outcomes[..], [(at, Outcome::Rejected(_))] if *at == offset), "{outcomes:?}");
        let mut totals = bench.totals();
        totals.remove(poison);
        assert_eq!(totals.values().sum::<u64>(), 30);
    }
}

#[test]
fn what_panics_without_end_ends_the_worker() {
    let mut bench = Bench::new();
    bench.append_many(10);
    bench.run();
    bench.append(&["venom"]);
    let partition = partition_of(b"venom", PARTITIONS);
    let offset = bench.log.end(Topic::DealClosed, partition).unwrap() - 1;
    let rejecting = format!("rejecting deal-closed, partition {partition}, offset {offset} panics, too");
    check(&bench, &rejecting);
    let mut bench = Bench::new();
    bench.append(&["fragile"]);
    bench.run();
    bench.append_fact();
    check(&bench, "the stage's own work panicked");
}

fn check(bench: &Bench, message: &str) {
    let stop = settle(&mut bench.machine(CrashPoints::default())).unwrap_err();
    assert_eq!(stop.exit_code(), 74, "{stop}");
    assert!(stop.to_string().contains(message), "{stop}");
}
