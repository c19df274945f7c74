//! How much memory a worker takes whose states are four times its budget: `accrue run` on Kafka, draining.
//!
//! ```text
//! cargo bench --bench memory -- [--megabytes N] [--restore]
//! ```
//!
//! The budget is what the limits of config/accrue.toml add up to for both stages (`Limits::memory_bytes`): states in memory,
//! states that the store has not written, the store's pages, and batches on their way, 256 MiB. Deals of 4 kB are written to
//! the log until their contents are `--megabytes` (1 GiB without it); then a worker folds all of them, and its resident peak is
//! read from /proc, again of a worker that starts with what that one has stored, and of one that takes amendments of one in eight
//! deals, here and there, and so reads their states. `--restore` measures another one, too,
//! which begins without a disk. Kafka is `KAFKA_BROKERS`, or a broker that is started for the run.

#[path = "../tests/support"]
#[allow(dead_code)]
mod support {
    pub mod broker;
    pub mod company;
    pub mod engine;
    pub mod heavy;
    pub mod proxy;
}

use accrue::config::Config;
use clap::Parser;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use support::heavy::Heavy;

const MEBIBYTE: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(7_200);

#[derive(Debug, Parser)]
#[command(name = "memory")]
struct Arguments {
    /// MiB of deals
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    megabytes: u64,
    /// Measure a restore, too
    #[arg(long)]
    restore: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let limits = Config::defaults().map(|config| config.limits);
    let Ok(limits) = limits else { return ExitCode::FAILURE };
    let budget = limits.memory_bytes() as u64;
    let scratch = std::env::temp_dir().join(format!("accrue-memory-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).ok();
    let mut heavy = Heavy::new(support::broker::settings("memory"), &scratch);
    eprintln!("writing {} MiB of deals", arguments.megabytes);
    heavy.append((arguments.megabytes * MEBIBYTE) as usize);
    let mut peak = drained(&heavy, "draining", budget);
    println!("changelog {:>17} MiB", heavy.changelog_bytes() / MEBIBYTE);
    println!("budget {:>20} MiB", budget / MEBIBYTE);
    heavy.append(4_000);
    peak = peak.max(drained(&heavy, "starting again", budget));
    heavy.amend();
    peak = peak.max(drained(&heavy, "amending", budget));
    if arguments.restore {
        heavy.wipe();
        heavy.append(4_000);
        peak = peak.max(drained(&heavy, "restoring", budget));
    }
    std::fs::remove_dir_all(&scratch).ok();
    if peak * 10 <= budget * 13 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The resident peak of a worker until it has folded everything.
fn drained(heavy: &Heavy, what: &str, budget: u64) -> u64 {
    eprintln!("{what}");
    let began = Instant::now();
    let mut worker = heavy.start("");
    worker.until_drained(PATIENCE);
    eprintln!("{what} took {} s; resident now: {} MiB", began.elapsed().as_secs(), worker.memory_bytes() / MEBIBYTE);
    let peak = worker.peak_bytes();
    worker.stop();
    println!("peak, {what:<15}{:>6} MiB, {:.2} times the budget", peak / MEBIBYTE, peak as f64 / budget as f64);
    peak
}
