//! `accrue close` and `accrue reopen`: the end of a pay period, reviewed first, and the way back before its release.

use super::append;
use super::console::Console;
use super::exit::{Exit, files_error, found_error};
use super::review;
use super::session::{Author, LogOptions, Session};
use crate::domain::calendar::Period;
use crate::domain::fact::{Cut, FactBody, PeriodClosed, PeriodReopened};
use crate::domain::output::CloseNote;
use crate::domain::reject::Reject;
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, LogError};
use crate::read::facts::{Close as ClosedPeriod, CloseState, Periods};
use crate::read::scan;
use crate::wire::read_close_note;
use clap::Args;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

const READ_BYTES: usize = 1 << 20;
/// Payees who are named of those who lack something.
const NAMED: usize = 5;

#[derive(Debug, Args)]
pub struct Close {
    /// The pay period, like 2026-01
    period: Period,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    author: Author,
    /// Wait until every partition has computed its part
    #[arg(long)]
    wait: bool,
    /// Close without asking
    #[arg(long)]
    yes: bool,
}

impl Close {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let author = self.author.name()?;
        let session = Session::open(&self.log, console)?;
        let periods = Periods::read(session.client(), session.codec())?;
        check_order(&periods, self.period)?;
        check_pay_rates(&periods, self.period)?;
        check_own_amounts(&periods, self.period)?;
        review::before_close(&session, console, self.period)?;
        if !self.yes && !console.confirm(&format!("close {}?", self.period))? {
            console.notice("not closed");
            return Ok(Exit::Found);
        }
        let close_id = close(&session, &periods, self.period, &author)?;
        if self.wait || session.runs_engine_here() {
            wait_computed(&session, &close_id)?;
        }
        session.finish()?;
        if console.json {
            console.object(&json!({"close_id": close_id, "period": self.period.to_string(), "author": author}))?;
        } else {
            console.line(&format!("closed {} as {close_id}", self.period))?;
        }
        console.notice(&format!("next, by another person: accrue release {}", self.period));
        Ok(Exit::Done)
    }
}

/// Closes go period after period; the first one may be any that the calendar has.
fn check_order(periods: &Periods, period: Period) -> anyhow::Result<()> {
    let company = periods.company.as_ref();
    let company =
        company.ok_or_else(|| files_error("no company is published yet; publish its directory with `accrue publish`"))?;
    let calendar = periods.calendars.get(&company.calendar);
    if calendar.is_none_or(|calendar| calendar.bounds(period).is_none()) {
        return Err(found_error(format!("calendar \"{}\" has no period {period}; extend it and publish", company.calendar)));
    }
    match periods.last_closed() {
        Some(last) if period <= last.closed.period => {
            let next = last.closed.period.next();
            let how =
                periods.close_of(period).map_or("with the first close".into(), |close| format!("as {}", close.closed.close_id));
            Err(found_error(format!("{period} is closed already, {how}; the next to close is {next}")))
        }
        Some(last) if period != last.closed.period.next() => {
            let next = last.closed.period.next();
            Err(found_error(format!("closes go in order: {next} is next after {}", last.closed.period)))
        }
        _ => Ok(()),
    }
}

/// Whoever is paid in another currency has a rate: without one the engine refuses the close.
pub fn check_pay_rates(periods: &Periods, period: Period) -> anyhow::Result<()> {
    let without = periods.world.as_ref().map(|world| world.without_pay_rate(period)).unwrap_or_default();
    let line = |((_, currency), (payees, reject)): ((&str, &str), (Vec<&str>, Reject))| {
        let more = if payees.len() > NAMED { format!(" and {} more", payees.len() - NAMED) } else { String::new() };
        let (named, why) = (payees[..payees.len().min(NAMED)].join(", "), reject.message);
        format!("\n  {currency}: {why}; it pays {named}{more}")
    };
    let lines: String = without.into_iter().map(line).collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(found_error(format!("{period} cannot be closed: pay lacks a rate; add it to rates.csv and publish{lines}")))
}

/// Whoever has an amount of pay of their own states it: without one the engine refuses the close.
pub fn check_own_amounts(periods: &Periods, period: Period) -> anyhow::Result<()> {
    let without = periods.world.as_ref().map(|world| world.without_own_amounts(period)).unwrap_or_default();
    if without.is_empty() {
        return Ok(());
    }
    let line = |(payee_id, reject): &(&str, Reject)| format!("\n  {payee_id}: {}: {}", reject.field, reject.message);
    let mut lines: String = without.iter().take(NAMED).map(line).collect();
    if without.len() > NAMED {
        lines += &format!("\n  and {} more", without.len() - NAMED);
    }
    let what = "pay lacks amounts of payees' own; state them in payees.csv and publish";
    Err(found_error(format!("{period} cannot be closed: {what}{lines}")))
}

/// States the close with the present end of every input partition as its cut; returns its id.
pub fn close(session: &Session, periods: &Periods, period: Period, author: &str) -> anyhow::Result<String> {
    let calendar = periods.company.as_ref().map(|company| company.calendar.clone()).unwrap_or_default();
    let close_id = periods.next_close_id(&calendar, period);
    let client = session.client();
    let cut = Cut {
        deal_closed: ends(client, Topic::DealClosed)?,
        quota_changed: ends(client, Topic::QuotaChanged)?,
        deal_settled: ends(client, Topic::DealSettled)?,
        adjustment_made: ends(client, Topic::AdjustmentMade)?,
    };
    let closed = PeriodClosed { close_id: close_id.clone(), calendar, pay_group: "default".into(), period, cut };
    append::state(session, close_id.clone(), author, "end of the pay period", FactBody::PeriodClosed(closed))?;
    Ok(close_id)
}

fn ends(client: &dyn Client, topic: Topic) -> anyhow::Result<Vec<u64>> {
    let partitions = 0..client.partitions(topic)?;
    Ok(partitions.map(|partition| after_last_record(client, topic, partition)).collect::<Result<_, _>>()?)
}

/// Where a stage stands that has read everything. On Kafka the end lies behind the mark of a transaction, and no stage
/// comes by that before the next record.
fn after_last_record(client: &dyn Client, topic: Topic, partition: u32) -> Result<u64, LogError> {
    let (start, end) = (client.start(topic, partition)?, client.end(topic, partition)?);
    let mut distance = 16;
    loop {
        let from = end.saturating_sub(distance).max(start);
        match last_record(client, topic, partition, from..end)? {
            Some(last) => return Ok(last + 1),
            None if from == start => return Ok(start),
            None => distance = distance.saturating_mul(16),
        }
    }
}

fn last_record(client: &dyn Client, topic: Topic, partition: u32, range: Range<u64>) -> Result<Option<u64>, LogError> {
    let (mut next, mut last, mut batch) = (range.start, None, Batch::default());
    while next < range.end {
        batch.clear();
        next = client.read(topic, partition, next, READ_BYTES, &mut batch)?;
        last = batch.rows().last().map(|row| row.position.offset).or(last);
    }
    Ok(last)
}

/// Until every earning partition has computed its part of the run.
pub fn wait_computed(session: &Session, close_id: &str) -> anyhow::Result<()> {
    wait_for(
        session,
        &format!("compute run {close_id}"),
        |note| match note {
            CloseNote::RunComputed { close_id, partition, .. } => Some((close_id, partition)),
            _ => None,
        },
        close_id,
    )
}

/// Until every earning partition has said this of a close.
pub fn wait_for(
    session: &Session,
    what: &str,
    says: impl Fn(CloseNote) -> Option<(String, u32)>,
    close_id: &str,
) -> anyhow::Result<()> {
    let client = session.client();
    let partitions = client.partitions(Topic::Credits)?;
    let mut cursor = scan::Cursor::at_start(client, Topic::Closes)?;
    let missing: RefCell<BTreeSet<u32>> = RefCell::new((0..partitions).collect());
    let named = || {
        let numbers: Vec<String> = missing.borrow().iter().map(u32::to_string).collect();
        format!("partitions of earning to {what}: {}", numbers.join(", "))
    };
    session.wait_telling(named, || {
        cursor.advance(client, |batch, row| {
            let note = batch.value(row).map(read_close_note).transpose()?;
            if let Some((of, partition)) = note.and_then(&says)
                && of == close_id
            {
                missing.borrow_mut().remove(&partition);
            }
            Ok(())
        })?;
        Ok(missing.borrow().is_empty())
    })
}

#[derive(Debug, Args)]
pub struct Reopen {
    /// The last closed pay period, like 2026-01
    period: Period,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    author: Author,
}

impl Reopen {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let author = self.author.name()?;
        let session = Session::open(&self.log, console)?;
        let periods = Periods::read(session.client(), session.codec())?;
        let close_id = reopenable(&periods, self.period)?.closed.close_id.clone();
        let body = FactBody::PeriodReopened(PeriodReopened { close_id: close_id.clone() });
        append::state(&session, format!("{close_id}-reopened"), &author, "reopened", body)?;
        session.catch_up()?;
        session.finish()?;
        if console.json {
            console.object(&json!({"close_id": close_id, "period": self.period.to_string(), "author": author}))?;
        } else {
            console.line(&format!("reopened {}: {close_id} is taken back", self.period))?;
        }
        Ok(Exit::Done)
    }
}

/// Only the last close can be taken back, and only before its release.
fn reopenable(periods: &Periods, period: Period) -> anyhow::Result<&ClosedPeriod> {
    let close = periods
        .close_of(period)
        .ok_or_else(|| found_error(format!("{period} is not closed: nothing to reopen; accrue close closes it")))?;
    if close.state == CloseState::Released {
        return Err(found_error(format!("{period} is released and stays as it is; a change is booked in the first open period")));
    }
    let last = periods.last_closed().map_or(period, |last| last.closed.period);
    if last != period {
        return Err(found_error(format!("only the last closed period can be reopened: reopen {last} first")));
    }
    Ok(close)
}
