//! `accrue verify`: the whole log through the second engine, compared with everything that was published.

use super::console::Console;
use super::exit::Exit;
use super::progress::Progress;
use super::session::{LogOptions, Session};
use crate::oracle::{History, Report};
use crate::read::replay;
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
    let totals = history(session, console)?.totals();
    for pending in &totals.pending {
        console.notice(&format!(
            "close {} of {} is not performed by partitions {:?} yet: it is not compared; wait until the engine has caught up",
            pending.close_id, pending.period, pending.missing
        ));
    }
    Ok(replay::published(session.client(), session.codec())?.compare(&totals))
}

/// Everything that went in, with a word on how far the reading is.
pub fn history(session: &Session, console: &Console) -> anyhow::Result<History> {
    let mut progress = Progress::new(console, "reading", None);
    let mut count = 0;
    let history = replay::history(session.client(), session.codec(), session.maximum_record_bytes(), |_| {
        count += 1;
        progress.at(count);
    })?;
    progress.end();
    Ok(history)
}
