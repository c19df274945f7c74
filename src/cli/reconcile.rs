//! `accrue reconcile`: which deals of a CRM's report never arrived on the log, or not as the report has them.
//!
//! The log is asked what it holds, not what was earned: whether a deal that arrived is parked or rejected is told by
//! `rejects`. Deals that the report leaves out are not looked at, since a report is mostly a part of a CRM. A newer revision on
//! the log is no difference in itself, but another content is: in the CRM something may be gone that had the newest time.

use super::console::Console;
use super::crm_report;
use super::exit::Exit;
use super::ingest;
use super::progress::Progress;
use super::session::{LogOptions, Session};
use crate::crm::Crm;
use crate::domain::deal::DealClosed;
use crate::domain::reject::Reject;
use crate::domain::topic::Topic;
use crate::read::scan;
use crate::wire::Raw;
use crate::wire::json::{Deal, deal_from_line};
use clap::Args;
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;

const USAGE: &str = "accrue reconcile [OPTIONS] --crm <FILE> --mapping <FILE>
           <--data <DIR>|--config <FILE>>";

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub struct Reconcile {
    /// The report: CSV, or JSON with --from; - for stdin
    #[arg(long, value_name = "FILE")]
    crm: PathBuf,
    /// A TOML file: its columns, or with --from its fields
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// The file is JSON of salesforce or hubspot
    #[arg(long, value_enum, value_name = "CRM", hide_possible_values = true)]
    from: Option<Crm>,
    #[command(flatten)]
    log: LogOptions,
}

/// A revision of a deal in the report.
struct Wanted {
    row: u64,
    deal: Deal,
    /// The newest revision of the deal on the log.
    newest: Option<i64>,
    /// Of the newest revision: whether it says the same but for its number. The first one is what counts.
    newest_same: bool,
    /// Of this revision on the log: whether it says the same. The first one is what counts.
    same: Option<bool>,
    /// The report itself has a newer revision of the deal.
    outdated: bool,
}

impl Wanted {
    /// Takes a record of the deal in, in the order of its partition.
    fn meet(&mut self, record: &DealClosed<'_>) {
        let says_the_same = content(record.clone()) == content(self.deal.as_deal());
        if self.newest < Some(record.revision) {
            (self.newest, self.newest_same) = (Some(record.revision), says_the_same);
        }
        if record.revision == self.deal.revision && self.same.is_none() {
            self.same = Some(says_the_same);
        }
    }

    /// What is not as the report has it, by a word and as a sentence.
    fn difference(&self) -> Option<(&'static str, String)> {
        let revision = self.deal.revision;
        match (self.newest, self.same) {
            (None, _) => Some(("missing", "never arrived".into())),
            (_, Some(false)) => Some(("differs", format!("arrived with another content under revision {revision}"))),
            (Some(newest), None) if newest < revision => {
                Some(("older", format!("arrived only up to revision {newest}, the report has {revision}")))
            }
            (Some(newest), _) if newest > revision && !self.newest_same && !self.outdated => Some((
                "newer",
                format!("has another content on the log under the newer revision {newest}, the report has {revision}"),
            )),
            _ => None,
        }
    }
}

/// What a revision says, whatever its number.
fn content(deal: DealClosed<'_>) -> DealClosed<'_> {
    DealClosed { revision: 0, occurred_at: 0, ..deal }
}

impl Reconcile {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let mut reader = ingest::open(&self.crm)?;
        let sheet = crm_report::read(self.from, &self.mapping, &self.crm, &mut reader)?;
        if !sheet.findings.is_empty() {
            crm_report::tell(console, &sheet)?;
            return Ok(Exit::Found);
        }
        let wanted = |(row, json): (u64, &str)| {
            let deal = deal_from_line(json)?;
            Ok(Wanted { row, deal, newest: None, newest_same: false, same: None, outdated: false })
        };
        let deals = sheet.deals.iter().map(|deal| (deal.row, deal.json.as_str()));
        let mut wanted = deals.map(wanted).collect::<Result<Vec<Wanted>, Reject>>()?;
        let session = Session::open(&self.log, console)?;
        meet_all(&session, console, &mut wanted)?;
        session.finish()?;
        tell(console, sheet.word, &wanted)
    }
}

fn meet_all(session: &Session, console: &Console, wanted: &mut [Wanted]) -> anyhow::Result<()> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, of) in wanted.iter().enumerate() {
        places.entry(of.deal.deal_id.clone()).or_default().push(place);
    }
    for of_deal in places.values() {
        let newest = of_deal.iter().map(|place| wanted[*place].deal.revision).max();
        of_deal.iter().for_each(|place| wanted[*place].outdated = Some(wanted[*place].deal.revision) < newest);
    }
    let mut progress = Progress::new(console, "deals", None);
    let mut count = 0;
    scan::all(session.client(), Topic::DealClosed, |batch, row| {
        count += 1;
        progress.at(count);
        // What does not decode is no deal that arrived: it is among the rejects.
        let mut scratch = Vec::new();
        let value = session.codec().readable(Raw::of(batch, row), &mut scratch)?;
        if let Some(deal) = value.and_then(|value| session.codec().read_deal(value).ok()) {
            let met = places.get(deal.deal_id).into_iter().flatten();
            met.for_each(|place| wanted[*place].meet(&deal));
        }
        Ok(())
    })?;
    progress.end();
    Ok(())
}

fn tell(console: &Console, word: &str, wanted: &[Wanted]) -> anyhow::Result<Exit> {
    let mut differing = 0;
    for of in wanted {
        let Some((became, sentence)) = of.difference() else { continue };
        differing += 1;
        let (row, deal_id, revision) = (of.row, &of.deal.deal_id, of.deal.revision);
        if console.json {
            let newest = of.newest;
            console.object(&json!({
                "row": row, "deal_id": deal_id, "revision": revision, "newest_revision": newest, "became": became,
            }))?;
        } else {
            console.line(&format!("{word} {row}: deal \"{deal_id}\" {sentence}"))?;
        }
    }
    if console.json {
        console.object(&json!({ "deals": wanted.len(), "differing": differing }))?;
    } else {
        console.line(&format!("{} deals in the report, {differing} not on the log as the report has them", wanted.len()))?;
    }
    Ok(if differing == 0 { Exit::Done } else { Exit::Found })
}
