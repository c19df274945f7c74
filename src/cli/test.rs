//! `accrue test`: cases through the real engine on a log in memory, compared with what they expect.

use super::append::{self, Appender};
use super::check::print;
use super::console::Console;
use super::exit::{Exit, files_error, found_error};
use super::refused::not_in_this_version;
use super::session::Session;
use super::{close, publish, release};
use crate::config::Config;
use crate::domain::calendar::Period;
use crate::domain::fact::{FactBody, PeriodReopened};
use crate::domain::topic::Topic;
use crate::files::case::{Case, Difference, EventKind, Got, GotAttainment, GotBalance, GotReject, case, report};
use crate::files::{Change, ChangeKind, Current, Record, changes};
use crate::log::Client;
use crate::log::embedded::Embedded;
use crate::read::facts::{CloseState, Periods};
use crate::read::totals::Totals;
use crate::read::{board, payouts, scan};
use crate::wire::{Codec, read_reject};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct Test {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Write the expectations from the run (not in this version)
    #[arg(long)]
    init: bool,
    /// Name what no case reaches (not in this version)
    #[arg(long)]
    coverage: bool,
}

impl Test {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        if self.init {
            return Err(not_in_this_version("`accrue test --init`"));
        }
        if self.coverage {
            return Err(not_in_this_version("`accrue test --coverage`"));
        }
        let cases = read(&files(&self.paths)?, console)?;
        let mut failed = 0;
        for case in &cases {
            let differences = differences(case)?;
            failed += usize::from(!differences.is_empty());
            show(console, case, &differences)?;
        }
        if !console.json {
            console.line(&format!("{} cases, {failed} failed", cases.len()))?;
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::Found })
    }
}

/// The files, and those that lie in the directories (of a company's: in its `cases`), in order of name.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        let company = path.join("company.toml").exists();
        let directory = if company { path.join("cases") } else { path.clone() };
        for entry in std::fs::read_dir(directory)? {
            inside.push(entry?.path());
        }
        inside.retain(|file| file.extension().is_some_and(|extension| extension == "toml" || extension == "json"));
        inside.sort();
        found.append(&mut inside);
    }
    if found.is_empty() {
        return Err(files_error("no cases there; name a case file or a directory of them"));
    }
    Ok(found)
}

/// Reads all cases; errors of all of them come at once.
fn read(files: &[PathBuf], console: &Console) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut errors = 0;
    for file in files {
        match case(file) {
            Ok(case) => cases.push(case),
            Err(findings) => {
                errors += findings.iter().filter(|finding| finding.is_error()).count();
                findings.iter().try_for_each(|finding| print(console, finding))?;
            }
        }
    }
    if errors > 0 { Err(files_error(format!("{errors} errors in the cases; none was run"))) } else { Ok(cases) }
}

fn show(console: &Console, case: &Case, differences: &[Difference]) -> anyhow::Result<()> {
    if !console.json {
        let text = report(case, differences);
        let line = if text.is_empty() { format!("ok  {}", case.name) } else { text.trim_end().to_owned() };
        return Ok(console.line(&line)?);
    }
    let shown =
        |found: &Difference| json!({"line": found.line, "what": found.what, "expected": found.expected, "got": found.got});
    let shown: Vec<_> = differences.iter().map(shown).collect();
    console.object(&json!({"file": case.file, "name": case.name, "ok": shown.is_empty(), "differences": shown}))
}

/// Runs a case; what differs from its expectations.
fn differences(case: &Case) -> anyhow::Result<Vec<Difference>> {
    let directory = Scratch::new()?;
    let log = Embedded::in_memory()?;
    log.create_topics(1)?;
    let session = Session::on(log, &directory.0, Arc::new(Codec::new()?), Config::defaults()?.limits)?;
    let played = play(&session, case).and_then(|()| got(&session));
    session.finish()?;
    Ok(case.compare(&played?))
}

/// A directory for the stores of a run, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        let name = |number: u32| std::env::temp_dir().join(format!("accrue-case-{}-{number}", std::process::id()));
        let free = (1..10_000).map(name).find(|directory| !directory.exists());
        let directory = free.ok_or_else(|| files_error("no free name for a directory of temporary files"))?;
        std::fs::create_dir_all(&directory)?;
        Ok(Scratch(directory))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is a directory of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Publishes the case's company, then offers its events in their order.
fn play(session: &Session, case: &Case) -> anyhow::Result<()> {
    let stated = changes(&case.company, &Current::default()).map_err(|findings| {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        files_error(lines.join("\n"))
    })?;
    publish::append(session, &stated, "case", "case")?;
    session.catch_up()?;
    for (number, event) in case.events.iter().enumerate() {
        offer(session, &event.kind, number as i64).map_err(|error| error.context(format!("{}:{}", case.file, event.line)))?;
    }
    session.catch_up()
}

fn offer(session: &Session, event: &EventKind, occurred_at: i64) -> anyhow::Result<()> {
    let one = |record: Record| [Change { kind: ChangeKind::Changed, description: String::new(), record }];
    match event {
        EventKind::Deal(deal) => {
            let mut appender = Appender::new(session)?;
            appender.deal(&deal.as_deal(occurred_at))?;
            appender.flush()?;
            return Ok(());
        }
        EventKind::Quota(quota) => publish::append(session, &one(Record::Quota(quota.clone())), "case", "case")?,
        EventKind::Payee(payee) => {
            let body = FactBody::PayeeDefined(payee.clone());
            publish::append(session, &one(Record::Fact(body)), "case", "case")?;
        }
        EventKind::Territories(stated) => {
            let body = FactBody::TerritoriesDefined(stated.clone());
            publish::append(session, &one(Record::Fact(body)), "case", "case")?;
        }
        EventKind::Close { period, by } => {
            session.catch_up()?;
            let periods = Periods::read(session.client(), session.codec())?;
            let close_id = close::close(session, &periods, *period, by)?;
            session.catch_up()?;
            expect_standing(session, &close_id, *period)?;
        }
        EventKind::Reopen { period, by } => {
            let close_id = standing(session, *period)?;
            let body = FactBody::PeriodReopened(PeriodReopened { close_id: close_id.clone() });
            append::state(session, format!("{close_id}-reopened"), by, "case", body)?;
        }
        EventKind::Release { period, by } => {
            let close_id = standing(session, *period)?;
            let sum = release::sum_of(session, &close_id)?;
            release::release(session, &close_id, sum, by)?;
        }
    }
    session.catch_up()
}

/// The id of the close of a period that stands.
fn standing(session: &Session, period: Period) -> anyhow::Result<String> {
    session.catch_up()?;
    let periods = Periods::read(session.client(), session.codec())?;
    let close = periods.close_of(period).ok_or_else(|| found_error(format!("{period} is not closed")))?;
    Ok(close.closed.close_id.clone())
}

fn expect_standing(session: &Session, close_id: &str, period: Period) -> anyhow::Result<()> {
    if standing(session, period)? == close_id {
        return Ok(());
    }
    Err(found_error(format!("{period} cannot be closed here: closes go in order")))
}

/// What came out.
fn got(session: &Session) -> anyhow::Result<Got> {
    let (client, codec) = (session.client(), session.codec());
    let mut got = Got { rejects: rejects(client)?, ..Got::default() };
    for one in board::Board::open(client, codec)?.all() {
        let key = (one.payee_id.to_string(), one.measure.to_string(), one.interval);
        got.attainment.insert(key, GotAttainment { measured: one.measured, quota: one.quota });
    }
    let mut totals = Totals::default();
    scan::all(client, Topic::Accrual, |batch, row| {
        batch.value(row).map_or(Ok(()), |value| codec.read_accrual(value).map(|accrual| totals.add(accrual)))
    })?;
    for (key, booked) in &totals.0 {
        let (payee, component) = (key.payee_id.to_string(), key.component.to_string());
        let key = (payee, component, key.interval, key.effective_period, key.booking_period);
        got.accruals.insert(key, booked.total);
    }
    let periods = Periods::read(client, codec)?;
    let released = payouts::released(client, codec)?;
    for payout in released.values().flat_map(|run| &run.payouts) {
        let key = (payout.payee_id.clone(), payout.period, payout.earning_code.clone());
        got.payouts.entry(key).or_default().0 += payout.amount.0;
    }
    let mut balances = payouts::balances(client)?;
    for close in periods.closes.iter().filter(|close| close.state != CloseState::Reopened) {
        for balance in balances.remove(&close.closed.close_id).unwrap_or_default() {
            let left = GotBalance { carried: balance.carried, draw: balance.owed };
            got.balances.insert((balance.payee_id, close.closed.period), left);
        }
    }
    Ok(got)
}

/// Everything that was rejected, parked or resumed, in the order of the log.
fn rejects(client: &dyn Client) -> anyhow::Result<Vec<GotReject>> {
    let mut found = Vec::new();
    scan::all(client, Topic::Rejected, |batch, row| {
        let record = read_reject(batch, row)?;
        let about = String::from_utf8_lossy(&record.key).into_owned();
        found.push(GotReject { about, kind: record.kind, reason: record.reject.reason.code().into() });
        Ok(())
    })?;
    Ok(found)
}
