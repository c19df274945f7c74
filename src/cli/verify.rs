//! `accrue verify`: the whole log through the second engine, compared with everything that was published.

use super::console::Console;
use super::exit::Exit;
use super::progress::Progress;
use super::session::{LogOptions, Session};
use crate::domain::topic::{Position, Topic};
use crate::log::{Batch, Client, Row};
use crate::oracle::{History, Published, Report};
use crate::pipeline::Input;
use crate::read::scan;
use crate::wire::{Codec, read_close_note};
use anyhow::Context;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    log: LogOptions,
}

impl Verify {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let report = verify(&session, console)?;
        if console.json {
            let differences: Vec<String> = report.to_string().lines().map(String::from).collect();
            let (checked, differing) = (report.totals_checked, report.totals_differing);
            console.object(&json!({"totals_checked": checked, "totals_differing": differing, "differences": differences}))?;
        } else {
            report.to_string().lines().try_for_each(|line| console.line(line))?;
            console.line(&summary(&report))?;
        }
        Ok(if report.totals_differing == 0 { Exit::Done } else { Exit::Found })
    }
}

/// The line that says how it went.
pub fn summary(report: &Report) -> String {
    format!("verified: {} totals, {} differ", report.totals_checked, report.totals_differing)
}

/// Replays the log through the second engine and compares. The first one ends before: both need much memory.
pub fn verify(session: &Session, console: &Console) -> anyhow::Result<Report> {
    session.finish()?;
    let (client, codec) = (session.client(), session.codec());
    let totals = history(session, console)?.totals().context("the second engine cannot add up this log")?;
    for pending in &totals.pending {
        console.notice(&format!(
            "close {} of {} is not performed by partitions {:?} yet: it is not compared; wait until the engine has caught up",
            pending.close_id, pending.period, pending.missing
        ));
    }
    Ok(published(client, codec)?.compare(&totals))
}

/// Everything that went in.
fn history(session: &Session, console: &Console) -> anyhow::Result<History> {
    let (client, codec) = (session.client(), session.codec());
    let partitions = client.partitions(Topic::DealClosed)?;
    let mut history = History::new(partitions);
    let mut progress = Progress::new(console, "reading", None);
    let mut count = 0;
    for topic in [Topic::DealClosed, Topic::QuotaChanged] {
        scan::all(client, topic, |batch, row| {
            count += 1;
            progress.at(count);
            let (key, value) = (batch.key(row), batch.value(row));
            take(&mut history, row.position, codec.input(row.position, partitions, key, value, session.maximum_record_bytes()));
            Ok(())
        })?;
    }
    scan::all(client, Topic::Facts, |batch, row| {
        if let Some(Ok(fact)) = batch.value(row).map(|value| codec.fact(value)) {
            history.fact(row.position.offset, &fact);
        }
        Ok(())
    })?;
    scan::all(client, Topic::Closes, |batch, row| {
        batch.value(row).map_or(Ok(()), |value| read_close_note(value).map(|note| history.close_note(&note)))
    })?;
    progress.end();
    Ok(history)
}

/// Records that the engine refuses for their form are not fed to the second engine either.
fn take(history: &mut History, position: Position, input: Result<Input<'_>, crate::domain::reject::Reject>) {
    match input {
        Ok(Input::Deal(deal)) => drop(history.deal(position, &deal)),
        Ok(Input::Quota(quota)) => drop(history.quota(position, &quota)),
        Ok(Input::Credits(_)) | Err(_) => {}
    }
}

/// Everything that came out.
fn published(client: &dyn Client, codec: &Codec) -> anyhow::Result<Published> {
    let mut published = Published::new();
    scan::all(client, Topic::Accrual, |batch, row| {
        let accrual = codec.read_accrual(value(batch, row))?;
        published.accrual(row.position.partition, row.position.offset, &accrual);
        Ok(())
    })?;
    scan::all(client, Topic::Payout, |batch, row| {
        published.payout(&codec.read_payout(value(batch, row))?);
        Ok(())
    })?;
    scan::all(client, Topic::PayoutRun, |batch, row| {
        published.payout_run(&codec.read_payout_run(value(batch, row))?);
        Ok(())
    })?;
    scan::all(client, Topic::Attainment, |batch, row| {
        published.attainment(&codec.read_attainment(value(batch, row))?);
        Ok(())
    })?;
    Ok(published)
}

/// A record without a value does not decode: that is an error for the topics that are read here.
fn value<'b>(batch: &'b Batch, row: &Row) -> &'b [u8] {
    batch.value(row).unwrap_or_default()
}
