//! `accrue demo`: a made-up company plays on an embedded log, from publishing to a verified end.
//!
//! Everything comes from the seed; no clock reaches the data. Reading order: `random`, `company`, `deals` (what there
//! is), `script` (what happens when), `pace` and `screen` (how it is shown).

mod company;
mod deals;
mod pace;
mod random;
mod screen;
mod script;

use super::console::Console;
use super::exit::{Exit, files_error};
use super::session::{DEFAULT_PARTITIONS, Session, open_embedded};
use super::{statement, verify};
use crate::config::Config;
use crate::domain::calendar::Period;
use crate::log::embedded::Embedded;
use crate::oracle::Report;
use crate::read::board::{Board, RankBy, Ranks};
use crate::read::payouts;
use crate::read::statement::Statement;
use crate::wire::Codec;
use clap::{Args, ValueEnum};
use company::{MadeUp, Role};
use pace::Pace;
use screen::Screen;
use script::Script;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Payouts shown at the end.
const SHOWN: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Speed {
    Normal,
    Max,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// How many deals close
    #[arg(long, value_name = "N", default_value_t = 6_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    deals: u64,
    /// How many people, at least 12
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(12..=1_000_000))]
    payees: u32,
    /// The same seed plays the same
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// normal, or max: as fast as it goes
    #[arg(long, value_enum, default_value = "normal", hide_possible_values = true)]
    speed: Speed,
    /// Partitions of the log
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PARTITIONS, value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: u32,
    /// Most records of a transaction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,
    /// Where the log goes; default: a new temporary directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Demo {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let started = Instant::now();
        let directory = self.directory()?;
        console.notice(&format!("this is a demo with a made-up company; its data is in {}", directory.display()));
        console.notice("Ctrl-C ends it");
        let session = self.open(&directory)?;
        let company = MadeUp::new(self.seed, self.deals, self.payees);
        let pace = match self.speed {
            Speed::Max => Pace::fast(console, self.deals),
            Speed::Normal => {
                Pace::slow(console, self.deals, Screen::open(session.client(), session.codec(), Role::Rep.measure())?)
            }
        };
        let mut script = Script::new(&company, &session, pace)?;
        let released = script.play()?;
        let events = script.events;
        script.pace.end();
        let report = verify::verify(&session, console)?;
        let played = started.elapsed().as_secs_f64();
        if console.json {
            let rate = (events as f64 / played.max(0.001)).round();
            console.object(&json!({
                "deals": self.deals, "events": events, "payees": company.payees(), "seed": self.seed,
                "totals_checked": report.totals_checked, "totals_differing": report.totals_differing,
                "payouts": report.payouts_checked, "elapsed_s": (played * 1_000.0).round() / 1_000.0,
                "per_second": rate, "data_dir": directory.display().to_string(),
            }))?;
        } else {
            show_end(&session, console, released, &report)?;
        }
        if !console.json {
            what_next(console, &directory);
        }
        Ok(if report.totals_differing == 0 { Exit::Done } else { Exit::Found })
    }

    /// A directory without a log: the demo never plays into somebody's data.
    fn directory(&self) -> anyhow::Result<PathBuf> {
        if let Some(directory) = &self.data {
            if Embedded::is_in(directory) {
                let place = directory.display();
                return Err(files_error(format!("{place} holds a log already; name another directory for the demo")));
            }
            return Ok(directory.clone());
        }
        let base = std::env::temp_dir();
        let name = |number: u32| base.join(format!("accrue-demo-{}-{number}", std::process::id()));
        let free = (1..1_000).map(name).find(|directory| !directory.exists());
        free.ok_or_else(|| files_error(format!("no free name for the demo in {}; name one with --data", base.display())))
    }

    fn open(&self, directory: &Path) -> anyhow::Result<Session> {
        let mut limits = Config::defaults()?.limits;
        limits.batch_records = self.batch.map_or(limits.batch_records, |batch| batch as usize);
        let log = open_embedded(directory, self.partitions, &limits)?;
        Session::on(log, directory, Arc::new(Codec::new()?), limits)
    }
}

/// One payee's statement, the payouts of the released period, and the line that says that all of it is right.
fn show_end(session: &Session, console: &Console, released: Period, report: &Report) -> anyhow::Result<()> {
    let (client, codec) = (session.client(), session.codec());
    let board = Board::open(client, codec)?;
    let column = board.newest(Some(Role::Rep.measure()), None);
    let best = column.and_then(|column| board.standings(column, RankBy::Attainment, None, 1, &Ranks::default()).pop());
    console.line("")?;
    if let Some(best) = best {
        let read = Statement::read(client, codec, &best.attainment.payee_id)?;
        statement::lines(&read).iter().try_for_each(|line| console.line(line))?;
        console.line("")?;
    }
    for ((period, run_id), run) in payouts::released(client, codec)?.iter().filter(|((period, _), _)| *period == released) {
        statement::run_lines(*period, run_id, run, SHOWN).iter().try_for_each(|line| console.line(line))?;
        console.line("")?;
    }
    report.to_string().lines().try_for_each(|line| console.line(line))?;
    console.line(&verify::summary(report))?;
    Ok(())
}

fn what_next(console: &Console, directory: &Path) {
    let place = directory.display();
    console.notice("");
    console.notice(&format!("the demo's data is in {place}; remove the directory when you are done"));
    console.notice("try next:");
    for command in ["board", "payouts", "rejects list", "verify", "export totals"] {
        console.notice(&format!("  accrue {command} --data {place}"));
    }
}
