//! Plays a case through the real engine on a log in memory: its company is published, its events are offered in order.

use super::super::append;
use super::super::exit::{files_error, found_error};
use super::super::session::Session;
use super::super::{close, publish, release};
use crate::config::Config;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::Period;
use crate::domain::fact::{FactBody, PeriodReopened};
use crate::domain::topic::Topic;
use crate::files::case::{Case, EventKind, Got, GotAttainment, GotBalance, GotReject};
use crate::files::{Change, ChangeKind, Current, Record, changes};
use crate::log::Client;
use crate::log::embedded::Embedded;
use crate::oracle::History;
use crate::read::facts::{CloseState, Periods};
use crate::read::totals::Totals;
use crate::read::{board, payouts, replay, scan};
use crate::wire::{Codec, read_reject};
use std::path::PathBuf;
use std::sync::Arc;

/// Plays a case on a log of its own; what came out, and what went in.
pub fn run(case: &Case) -> anyhow::Result<(Got, History)> {
    let directory = Scratch::new()?;
    let log = Embedded::in_memory()?;
    log.create_topics(1)?;
    let session = Session::on(log, &directory.0, Arc::new(Codec::new()?), Config::defaults()?.limits)?;
    let played = play(&session, case).and_then(|()| got(&session));
    session.finish()?;
    let history = replay::history(session.client(), session.codec(), session.maximum_record_bytes(), |_| {})?;
    Ok((played?, history))
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
    // Between topics only what is folded has an order: a quota does not wait for a calendar that was stated before it.
    let (facts, rest): (Vec<Change>, Vec<Change>) = stated.into_iter().partition(|of| matches!(of.record, Record::Fact(_)));
    for part in [facts, rest] {
        publish::append(session, &part, "case", "case")?;
        session.catch_up()?;
    }
    for (number, event) in case.events.iter().enumerate() {
        offer(session, &event.kind, number as i64).map_err(|error| error.context(format!("{}:{}", case.file, event.line)))?;
    }
    session.catch_up()
}

fn offer(session: &Session, event: &EventKind, occurred_at: i64) -> anyhow::Result<()> {
    let one = |record: Record| [Change { kind: ChangeKind::Changed, description: String::new(), record }];
    // Between topics only what is folded has an order: deals follow each other, and what else happens comes behind them.
    if !matches!(event, EventKind::Deal(_)) {
        session.catch_up()?;
    }
    match event {
        EventKind::Deal(deal) => {
            let mut appender = session.appender()?;
            appender.deal(&deal.as_deal(occurred_at))?;
            appender.flush()?;
            return Ok(());
        }
        EventKind::Settlement(settled) => {
            let mut appender = session.appender()?;
            appender.settlement(&settled.as_settlement(occurred_at))?;
            appender.flush()?;
        }
        EventKind::Adjustment(made) => {
            let mut appender = session.appender()?;
            appender.adjustment(&AdjustmentMade { occurred_at, ..made.clone() })?;
            appender.flush()?;
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
        EventKind::Rates(stated) => {
            let body = FactBody::RatesDefined(stated.clone());
            publish::append(session, &one(Record::Fact(body)), "case", "case")?;
        }
        EventKind::Close { period, by } => {
            let periods = Periods::read(session.client(), session.codec())?;
            close::check_pay_rates(&periods, *period)?;
            close::check_own_amounts(&periods, *period)?;
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
        got.currencies.insert((payout.payee_id.clone(), payout.period), payout.currency.clone());
    }
    let mut balances = payouts::balances(client)?;
    for close in periods.closes.iter().filter(|close| close.state != CloseState::Reopened) {
        for balance in balances.remove(&close.closed.close_id).unwrap_or_default() {
            let left = GotBalance { carried: balance.carried, draw: balance.owed, held: balance.held };
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
