//! `accrue board`, `attainment` and `rejects list`: where everybody stands, and what does not count.

use super::console::Console;
use super::exit::{Exit, found_error};
use super::refused::not_in_this_version;
use super::session::{LogOptions, Session};
use super::table::{Table, grouped};
use crate::domain::calendar::Interval;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::read::board::{self, Column, RankBy, Ranks, Standing};
use crate::read::percent;
use crate::read::rejects::Rejects as Folded;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Attainment,
    Measured,
}

impl From<By> for RankBy {
    fn from(by: By) -> RankBy {
        match by {
            By::Attainment => RankBy::Attainment,
            By::Measured => RankBy::Measured,
        }
    }
}

#[derive(Debug, Args)]
pub struct Board {
    #[command(flatten)]
    log: LogOptions,
    /// The measure; default: the one with most quotas
    #[arg(long)]
    measure: Option<String>,
    /// Like 2026-Q1; default: the newest quarter
    #[arg(long)]
    interval: Option<Interval>,
    /// Only one team
    #[arg(long)]
    team: Option<String>,
    /// attainment or measured
    #[arg(long, value_enum, default_value = "attainment", hide_possible_values = true)]
    by: By,
    /// How many lines
    #[arg(long, default_value_t = 20)]
    top: usize,
}

impl Board {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let board = board::Board::open(session.client(), session.codec())?;
        session.finish()?;
        let column = board.newest(self.measure.as_deref(), self.interval);
        let column = column.ok_or_else(|| found_error("nothing is measured there yet; `accrue attainment` lists what is"))?;
        let standings = board.standings(column, self.by.into(), self.team.as_deref(), self.top, &Ranks::default());
        if console.json {
            standings.iter().try_for_each(|standing| console.object(&standing_json(standing)))?;
        } else {
            lines(column, &standings).iter().try_for_each(|line| console.line(line))?;
        }
        Ok(Exit::Done)
    }
}

/// The board as text.
pub fn lines(column: &Column, standings: &[Standing]) -> Vec<String> {
    let mut table = Table::new(&[">rank", "name", "team", ">measured", ">attained", ">pace", ">moved"]);
    for standing in standings {
        table.row([
            standing.rank.to_string(),
            standing.name.chars().take(18).collect(),
            standing.team.chars().take(10).collect(),
            whole(&standing.attainment.measured.to_string()),
            standing.percent.clone().unwrap_or("-".into()),
            standing.pace.clone().unwrap_or("-".into()),
            movement(standing.movement),
        ]);
    }
    let mut lines = vec![format!("{}, {}", column.measure, column.interval)];
    lines.extend(table.lines());
    lines
}

/// Boards show whole units; the exact sum is in `attainment`.
fn whole(number: &str) -> String {
    grouped(number.split_once('.').map_or(number, |(whole, _)| whole))
}

fn movement(places: Option<i64>) -> String {
    match places {
        Some(places) if places > 0 => format!("+{places}"),
        Some(places) if places < 0 => places.to_string(),
        _ => "-".into(),
    }
}

fn standing_json(standing: &Standing) -> serde_json::Value {
    let attainment = &standing.attainment;
    json!({
        "rank": standing.rank, "payee_id": *attainment.payee_id, "name": standing.name, "team": standing.team,
        "measure": *attainment.measure, "interval": attainment.interval.to_string(),
        "measured": attainment.measured.to_string(), "quota": attainment.quota.map(|quota| quota.to_string()),
        "attainment": standing.percent, "pace": standing.pace, "unit": *attainment.unit,
    })
}

#[derive(Debug, Args)]
pub struct Attainment {
    #[command(flatten)]
    log: LogOptions,
    /// Only this payee
    #[arg(long)]
    payee: Option<String>,
    /// Only this measure
    #[arg(long)]
    measure: Option<String>,
    /// Only this interval, like 2026-Q1
    #[arg(long)]
    interval: Option<Interval>,
}

impl Attainment {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let board = board::Board::open(session.client(), session.codec())?;
        session.finish()?;
        let wanted = |one: &&crate::domain::output::Attainment| {
            self.payee.as_deref().is_none_or(|payee| payee == &*one.payee_id)
                && self.measure.as_deref().is_none_or(|measure| measure == &*one.measure)
                && self.interval.is_none_or(|interval| interval == one.interval)
        };
        let mut table = Table::new(&["payee", "measure", "interval", ">measured", ">quota", ">attained"]);
        for one in board.all().into_iter().filter(wanted) {
            let percent = percent::attainment(one.measured, one.quota);
            if console.json {
                console.object(&crate::wire::json::to_json(one))?;
            }
            table.row([
                one.payee_id.to_string(),
                one.measure.to_string(),
                one.interval.to_string(),
                grouped(&one.measured.to_string()),
                one.quota.map_or("-".into(), |quota| grouped(&quota.to_string())),
                percent.unwrap_or("-".into()),
            ]);
        }
        if !console.json {
            table.lines().iter().try_for_each(|line| console.line(line))?;
        }
        Ok(Exit::Done)
    }
}

#[derive(Debug, Subcommand)]
pub enum Rejects {
    /// Every record that was rejected, waits (parked), or has resumed
    List(List),
    /// One record in full (not in this version)
    Show { words: Vec<String> },
    /// Offer a record again (not in this version)
    Retry { words: Vec<String> },
    /// Give a record up (not in this version)
    Drop { words: Vec<String> },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Rejected,
    Parked,
    Resumed,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    log: LogOptions,
    /// Only rejected, parked or resumed
    #[arg(long, value_enum, hide_possible_values = true)]
    kind: Option<Kind>,
}

impl Rejects {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        match self {
            Rejects::List(list) => list.run(console),
            Rejects::Show { .. } => Err(not_in_this_version("`accrue rejects show`")),
            Rejects::Retry { .. } => Err(not_in_this_version("`accrue rejects retry`")),
            Rejects::Drop { .. } => Err(not_in_this_version("`accrue rejects drop`")),
        }
    }
}

impl List {
    fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let rejects = Folded::read(session.client())?;
        session.finish()?;
        let kind = self.kind.map(|kind| match kind {
            Kind::Rejected => RejectKind::Rejected,
            Kind::Parked => RejectKind::Parked,
            Kind::Resumed => RejectKind::Resumed,
        });
        for record in rejects.of(kind) {
            if console.json {
                console.object(&reject_json(record))?;
            } else {
                console.line(&reject_line(record))?;
            }
        }
        if !console.json {
            let count = |kind| rejects.count(kind);
            let (rejected, parked) = (count(RejectKind::Rejected), count(RejectKind::Parked));
            console.notice(&format!("{rejected} rejected, {parked} parked, {} resumed", count(RejectKind::Resumed)));
        }
        Ok(Exit::Done)
    }
}

fn reject_line(record: &RejectRecord) -> String {
    let position = record.position;
    let place = format!("{} {}:{}", position.topic.name(), position.partition, position.offset);
    format!("{}  {place}  {}\n    {}", record.kind.name(), String::from_utf8_lossy(&record.key), record.reject)
}

fn reject_json(record: &RejectRecord) -> serde_json::Value {
    json!({
        "kind": record.kind.name(), "topic": record.position.topic.name(), "partition": record.position.partition,
        "offset": record.position.offset, "key": String::from_utf8_lossy(&record.key),
        "reason": record.reject.reason.code(), "field": record.reject.field, "message": record.reject.message,
    })
}
