//! A worker's memory does not follow what it holds: once its states are beyond its budget, twice as many take little more (less than
//! half as much again), and so do amendments of deals here and there, and a restore of all of them from the changelog.
//! `benches/memory.rs` measures the whole budget; under one as small as this, the program itself and what its allocator keeps for a
//! moment are most of a peak.

mod support;

use std::time::Duration;
use support::heavy::Heavy;

const MEBIBYTE: u64 = 1 << 20;
/// Of both stages together: what the limits below add up to.
const BUDGET: u64 = 32 * MEBIBYTE;
const LIMITS: &str = "batch_bytes = 524288\nworking_set_bytes = 6291456\nunacknowledged_bytes = 3145728\n\
                      store_cache_bytes = 3145728\nbatch_records = 500";
const PATIENCE: Duration = Duration::from_secs(300);

/// Of a worker until it has folded everything.
fn peak(heavy: &Heavy) -> u64 {
    let mut worker = heavy.start(LIMITS);
    worker.until_drained(PATIENCE);
    let peak = worker.peak_bytes();
    worker.stop();
    peak
}

#[test]
fn twice_the_states_take_no_more_memory_once_they_are_beyond_the_budget() {
    let scratch = tempfile::tempdir().unwrap();
    let mut heavy = Heavy::new(support::broker::settings("memory"), scratch.path());
    heavy.append(4 * BUDGET as usize);
    let four_times = peak(&heavy);
    assert!(heavy.changelog_bytes() > 4 * BUDGET, "{}", heavy.changelog_bytes());
    heavy.append(4 * BUDGET as usize);
    let eight_times = peak(&heavy);
    heavy.amend();
    let amended = peak(&heavy);
    heavy.wipe();
    heavy.append(4_000);
    let restored = peak(&heavy);
    let told = [four_times, eight_times, amended, restored].map(|bytes| bytes / MEBIBYTE);
    let [folding, going_on, amending, restoring] = told;
    support::tell(&format!(
        "at most {folding} MiB up to four times the budget, {going_on} up to eight, {amending} amending, {restoring} restoring"
    ));
    for later in [eight_times, amended, restored] {
        assert!(later * 2 <= four_times * 3, "{told:?}");
    }
}
