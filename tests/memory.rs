//! A worker's memory follows its configured budget, and not what it holds: with four times the states it takes little more,
//! and a restore of all of them from the changelog takes no more. `benches/memory.rs` measures the whole budget.

mod support;

use std::time::Duration;
use support::heavy::Heavy;

const MEBIBYTE: u64 = 1 << 20;
/// Of both stages together: what the limits below add up to.
const BUDGET: u64 = 24 * MEBIBYTE;
const LIMITS: &str = "batch_bytes = 1048576\nworking_set_bytes = 6291456\nunacknowledged_bytes = 3145728\n\
                      store_cache_bytes = 3145728\nbatch_records = 500";
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn four_times_the_budget_of_states_takes_at_most_a_third_more_memory() {
    let scratch = tempfile::tempdir().unwrap();
    let mut heavy = Heavy::new(support::broker::settings("memory"), scratch.path());
    heavy.append(BUDGET as usize);
    let mut worker = heavy.start(LIMITS);
    worker.until_drained(PATIENCE);
    let full = worker.peak_bytes();
    worker.stop();
    heavy.append(3 * BUDGET as usize);
    let mut worker = heavy.start(LIMITS);
    worker.until_drained(PATIENCE);
    let four_times = worker.peak_bytes();
    worker.stop();
    assert!(heavy.changelog_bytes() > 4 * BUDGET, "{}", heavy.changelog_bytes());
    heavy.wipe();
    heavy.append(4_000);
    let mut worker = heavy.start(LIMITS);
    worker.until_drained(PATIENCE);
    let restored = worker.peak_bytes();
    worker.stop();
    let told = [full, four_times, restored].map(|bytes| bytes / MEBIBYTE);
    println!("MiB at most: {} with the budget in states, {} with four times of it, {} restoring that", told[0], told[1], told[2]);
    assert!(four_times * 10 <= full * 13, "{told:?}");
    assert!(restored * 10 <= full * 13, "{told:?}");
}
