//! Workload W1 through the real engine: what a million deals cost, and whether all of it is right.
//!
//! ```text
//! cargo bench --bench w1 -- [--deals N] [--log embedded|kafka] [--partitions N] [--batch N] [--seed N] [--json]
//! ```
//!
//! 100 000 payees in three levels, 10 per manager, and 100 overlay specialists; quotas for everyone in two quarters;
//! 2 million deal events with 1-3 lines, 30 % two-way splits, 10 % with an overlay payee, 5 % amendments and 2 %
//! cancellations; changed quotas for 1 % of the payees; one component, marginal 3/7/12 % at 0/50/100 % of quota.
//!
//! Everything is written to the log first. Then the engine starts, and what is measured is the time until everything has
//! come out of both stages: facts and quotas are part of it. Afterwards the oracle replays the log; the exit code is 1 when
//! a total differs. Kafka is `KAFKA_BROKERS`, or a broker that is started for the run as the tests do it.

mod backlog;
mod measure;
mod report;
mod target;
mod verify;
mod workload;

#[path = "../../tests/support"]
#[allow(dead_code)]
mod support {
    pub mod broker;
    pub mod proxy;
}

use accrue::worker::engine::Engine;
use accrue::worker::status::{CREDITING, EARNING};
use anyhow::bail;
use clap::Parser;
use measure::{Cpu, Start, by_thread};
use report::Figures;
use std::process::ExitCode;
use std::time::Duration;
use target::{Kind, Target};
use workload::Workload;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often it is looked whether the engine has caught up: seldom, because looking costs requests to a broker.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Parser)]
#[command(name = "w1")]
struct Arguments {
    /// Deal events
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    deals: u64,
    #[arg(long, value_enum, default_value_t = Kind::Embedded)]
    log: Kind,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    partitions: u32,
    /// Most records of a transaction; default: as in config/accrue.toml
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let figures = run(&arguments)?;
    if arguments.json {
        println!("{}", figures.json());
    } else {
        println!("{}", figures.table());
    }
    Ok(if figures.report.totals_differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(arguments: &Arguments) -> anyhow::Result<Figures> {
    let target = Target::create(arguments.log, arguments.partitions, arguments.batch.map(|batch| batch as usize))?;
    eprintln!("writing facts, quotas and {} deals", arguments.deals);
    backlog::write(&Workload::new(arguments.seed, arguments.deals), target.client(), &target.codec)?;
    let target = target.reopened()?;
    eprintln!("running the engine");
    let start = Start::now()?;
    let engine = target.start()?;
    if let Err(error) = wait_caught_up(&engine) {
        // What stopped it says more than that it has stopped.
        engine.stop()?;
        return Err(error);
    }
    let (taken, threads) = (start.taken()?, by_thread()?);
    let caught_up = Cpu::now()?;
    engine.stop()?;
    let stop_cpu = Cpu::now()?.since(caught_up);
    let log_file_bytes = target.file_bytes()?;
    eprintln!("verifying");
    let client = target.client();
    Ok(Figures {
        log: arguments.log.name(),
        deals: arguments.deals,
        seed: arguments.seed,
        partitions: arguments.partitions,
        batch_records: target.limits.batch_records,
        taken,
        memory_at_start_bytes: start.memory_bytes,
        stop_cpu,
        threads,
        held: verify::held(client)?,
        log_file_bytes,
        report: verify::verify(client, &target.codec, target.limits.maximum_record_bytes)?,
    })
}

/// The log is asked only when both stages say that they have nothing to do.
fn wait_caught_up(engine: &Engine) -> anyhow::Result<()> {
    let status = engine.status();
    loop {
        std::thread::sleep(LOOK);
        let stages = [CREDITING, EARNING].map(|name| status.stage(name));
        if stages.iter().all(|stage| stage.idle) && engine.is_caught_up()? {
            return Ok(());
        }
        if let Some(alarm) = stages.iter().flat_map(|stage| stage.partitions.values()).find_map(|held| held.alarm.clone()) {
            bail!("a partition stands still: {}", alarm.reason);
        }
        if engine.is_ending() {
            bail!("the engine has stopped");
        }
    }
}
