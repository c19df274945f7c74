//! `accrue ingest`: any input from JSON lines, with the truth about every line.
//!
//! A line that does not decode, or is wrong in itself, is told and not appended. On an embedded log the fold's outcome of every
//! other line comes back, of quotas and adjustments once earning has them (it is waited for, but not for ever: others may append,
//! too); on Kafka a bare append says what was appended. Order is kept: chunks go in one after the other. Of a CSV report all rows
//! are checked first, and nothing of it is appended when one is wrong.

use super::console::Console;
use super::crm_report;
use super::exit::{Exit, io_error};
use super::progress::Progress;
use super::session::{LogOptions, Session};
use crate::append::{Appended, Appender};
use crate::crm::Crm;
use crate::domain::output::RejectKind;
use crate::domain::reject::Reject;
use crate::domain::topic::{Position, Topic};
use crate::files::deal_fields::DealSheet;
use crate::pipeline::Outcome;
use crate::read::rejects::Rejects;
use crate::read::scan::Cursor;
use crate::wire::json;
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Lines that are appended together.
const CHUNK_LINES: usize = 5_000;
/// So much of a line is read: what is longer cannot be a record.
const MAXIMUM_LINE_BYTES: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Input {
    DealClosed,
    QuotaChanged,
    DealSettled,
    AdjustmentMade,
    PayoutAcknowledged,
}

#[derive(Debug, Args)]
pub struct Ingest {
    /// JSON lines; with --mapping CSV, with --from a CRM's JSON; - for stdin
    file: PathBuf,
    #[command(flatten)]
    log: LogOptions,
    /// deal-closed (the default), quota-changed, deal-settled,
    /// adjustment-made or payout-acknowledged
    #[arg(
        long,
        value_enum,
        default_value = "deal-closed",
        hide_possible_values = true,
        hide_default_value = true,
        verbatim_doc_comment
    )]
    topic: Input,
    /// A TOML file: columns of a CSV, or fields with --from
    #[arg(long, value_name = "FILE", conflicts_with = "topic")]
    mapping: Option<PathBuf>,
    /// With --mapping: the JSON of salesforce or hubspot
    #[arg(long, value_enum, value_name = "CRM", requires = "mapping", hide_possible_values = true)]
    from: Option<Crm>,
    /// Only say what would be appended, and what is wrong
    #[arg(long, requires = "mapping")]
    dry_run: bool,
}

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    counted: u64,
    duplicate: u64,
    parked: u64,
    rejected: u64,
    /// Did not decode, or is wrong in itself: not appended.
    refused: u64,
    appended: u64,
}

impl Ingest {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let mut reader = open(&self.file)?;
        let sheet = self.mapping.as_deref().map(|mapping| crm_report::read(self.from, mapping, &self.file, &mut reader));
        let sheet = sheet.transpose()?;
        if let Some(sheet) = &sheet {
            report(console, sheet, self.dry_run)?;
            if !sheet.findings.is_empty() {
                return Ok(Exit::Found);
            }
            if self.dry_run {
                return Ok(Exit::Done);
            }
        }
        let session = Session::open(&self.log, console)?;
        let mut work = Work {
            session: &session,
            console,
            input: self.topic,
            appender: session.appender()?,
            lines: BTreeMap::new(),
            words: Words::of(&session, self.topic)?,
            counts: Counts::default(),
        };
        let mut progress = Progress::new(console, "lines", None);
        let mut number = 0;
        let mut line = Vec::new();
        for deal in sheet.iter().flat_map(|sheet| &sheet.deals) {
            work.line(deal.row, deal.json.as_bytes())?;
            progress.at(deal.row);
        }
        while next_line(&mut reader, &mut line).with_context(|| format!("cannot read {}", self.file.display()))? {
            number += 1;
            work.line(number, &line)?;
            progress.at(number);
        }
        work.flush()?;
        progress.end();
        let counts = work.counts;
        session.finish()?;
        summary(console, &counts, self.log.embedded())?;
        let clean = counts.refused + counts.rejected + counts.parked == 0;
        Ok(if clean { Exit::Done } else { Exit::Found })
    }
}

pub fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = File::open(file).map_err(|error| io_error(format!("{}: {error}; name a file of JSON lines", file.display())))?;
    Ok(Box::new(BufReader::with_capacity(1 << 20, opened)))
}

/// Says what is wrong in a report, or what a dry run would append.
fn report(console: &Console, sheet: &DealSheet, dry_run: bool) -> anyhow::Result<()> {
    crm_report::tell(console, sheet)?;
    let (rows, deals, wrong, word) = (sheet.rows, sheet.deals.len(), sheet.findings.len(), sheet.word);
    if console.json && (wrong > 0 || dry_run) {
        return console.object(&serde_json::json!({ "rows": rows, "deals": deals, "refused": wrong, "appended": 0 }));
    }
    match (wrong, dry_run) {
        (0, false) => Ok(()),
        (0, true) => Ok(console.line(&format!("{rows} {word}s are {deals} deals; nothing is appended in a dry run"))?),
        _ => Ok(console.line(&format!("{wrong} refused: correct them; nothing of the {rows} {word}s is appended"))?),
    }
}

/// Reads a line without its end; false at the end of the input. Of a longer line than any record only the beginning is
/// kept, which does not decode.
fn next_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut limited = std::io::Read::take(&mut *reader, MAXIMUM_LINE_BYTES as u64);
    let read = limited.read_until(b'\n', line)?;
    if read == MAXIMUM_LINE_BYTES && line.last() != Some(&b'\n') {
        reader.skip_until(b'\n')?;
    }
    while line.last().is_some_and(|byte| *byte == b'\n' || *byte == b'\r') {
        line.pop();
    }
    Ok(read > 0)
}

/// What is under way: the chunk that is collected, and which line each of its records was.
struct Work<'w> {
    session: &'w Session,
    console: &'w Console,
    input: Input,
    appender: Appender<'w>,
    /// By partition, the lines in the order of their records.
    lines: BTreeMap<u32, Vec<Line>>,
    words: Option<Words>,
    counts: Counts,
}

struct Line {
    number: u64,
    /// Of what earning judges: the payee, and what words that it waits begin with.
    stated: Option<(String, Vec<String>)>,
}

/// What is said about quotas and adjustments behind crediting, which forwards them without a look at what is there.
struct Words {
    said: Rejects,
    cursor: Cursor,
}

impl Words {
    fn of(session: &Session, input: Input) -> anyhow::Result<Option<Words>> {
        if !session.has_outcomes() || !matches!(input, Input::QuotaChanged | Input::AdjustmentMade) {
            return Ok(None);
        }
        let cursor = Cursor::at_start(session.client(), Topic::Rejected)?;
        Ok(Some(Words { said: Rejects::default(), cursor }))
    }

    /// Everything that is said about what was appended.
    fn read_on(&mut self, session: &Session) -> anyhow::Result<()> {
        session.catch_up()?;
        Ok(self.said.read_on(session.client(), &mut self.cursor)?)
    }

    fn outcome(&self, line: &Line, position: Position) -> Outcome {
        let stated = line.stated.as_ref();
        let word = stated.and_then(|(payee_id, waits_as)| self.said.word_about(position, payee_id, waits_as));
        match word {
            Some(record) if record.kind == RejectKind::Rejected => Outcome::Rejected(record.reject.clone()),
            Some(record) => Outcome::Parked(record.reject.clone()),
            None => Outcome::Counted,
        }
    }
}

/// What was added of a line.
struct Added {
    partition: u32,
    stated: Option<(String, Vec<String>)>,
}

impl Work<'_> {
    fn line(&mut self, number: u64, line: &[u8]) -> anyhow::Result<()> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match self.add(line)? {
            Ok(Added { partition, stated }) => self.lines.entry(partition).or_default().push(Line { number, stated }),
            Err(reject) => {
                self.counts.refused += 1;
                self.counts.rejected += 1;
                self.tell(number, "refused", &reject)?;
            }
        }
        if self.appender.waiting() >= CHUNK_LINES { self.flush() } else { Ok(()) }
    }

    fn add(&mut self, line: &[u8]) -> anyhow::Result<Result<Added, Reject>> {
        let Ok(text) = std::str::from_utf8(line) else {
            return Ok(Err(Reject::field("", "the line is not UTF-8 text".into())));
        };
        let mut stated = None;
        let added = match self.input {
            Input::DealClosed => match json::deal_from_line(text).and_then(|deal| deal.as_deal().check().map(|()| deal)) {
                Ok(deal) => self.appender.deal(&deal.as_deal()),
                Err(reject) => return Ok(Err(reject)),
            },
            Input::QuotaChanged => match json::quota_from_line(text).and_then(|quota| quota.as_quota().check().map(|()| quota)) {
                Ok(quota) => {
                    let quota = quota.as_quota();
                    stated = Some((quota.payee_id.into(), quota.waits_as()));
                    self.appender.quota(&quota)
                }
                Err(reject) => return Ok(Err(reject)),
            },
            Input::PayoutAcknowledged => {
                let read = json::acknowledgement_from_line(text);
                match read.and_then(|of| of.as_acknowledgement().check().map(|()| of)) {
                    Ok(of) => self.appender.acknowledgement(&of.as_acknowledgement()),
                    Err(reject) => return Ok(Err(reject)),
                }
            }
            Input::AdjustmentMade => match json::adjustment_from_line(text).and_then(|of| of.check().map(|()| of)) {
                Ok(made) => {
                    stated = Some((made.payee_id.clone(), vec![made.label()]));
                    self.appender.adjustment(&made)
                }
                Err(reject) => return Ok(Err(reject)),
            },
            Input::DealSettled => match json::settlement_from_line(text).and_then(|of| of.as_settlement().check().map(|()| of)) {
                Ok(settled) => self.appender.settlement(&settled.as_settlement()),
                Err(reject) => return Ok(Err(reject)),
            },
        };
        match added {
            Ok(partition) => Ok(Ok(Added { partition, stated })),
            Err(error) => Ok(Err(error.downcast::<Reject>()?)),
        }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let appended = self.appender.flush()?;
        let lines = std::mem::take(&mut self.lines);
        if let Some(words) = &mut self.words {
            words.read_on(self.session)?;
        }
        for part in appended {
            self.counts.appended += part.count;
            // No stage folds what payroll says: `accrue payroll` compares it.
            if self.input == Input::PayoutAcknowledged {
                self.counts.counted += part.count;
            } else if self.session.has_outcomes() {
                self.outcomes(part, lines.get(&part.partition).map_or(&[], Vec::as_slice))?;
            }
        }
        Ok(())
    }

    fn outcomes(&mut self, part: Appended, lines: &[Line]) -> anyhow::Result<()> {
        let Appended { topic, partition, first, count } = part;
        let special = self.session.outcomes(topic, partition, first, first + count)?;
        let mut special: BTreeMap<u64, Outcome> = special.into_iter().collect();
        for (offset, line) in (first..first + count).zip(lines) {
            let position = Position { topic, partition, offset };
            let later = || self.words.as_ref().map_or(Outcome::Counted, |words| words.outcome(line, position));
            let number = line.number;
            match special.remove(&offset).unwrap_or_else(later) {
                Outcome::Counted => self.counts.counted += 1,
                Outcome::Duplicate => self.counts.duplicate += 1,
                Outcome::Parked(reject) => {
                    self.counts.parked += 1;
                    self.tell(number, "parked", &reject)?;
                }
                Outcome::Rejected(reject) => {
                    self.counts.rejected += 1;
                    self.tell(number, "rejected", &reject)?;
                }
            }
        }
        Ok(())
    }

    fn tell(&self, line: u64, became: &str, reject: &Reject) -> anyhow::Result<()> {
        if !self.console.json {
            return Ok(self.console.line(&format!("line {line}: {became}: {reject}"))?);
        }
        let (field, reason, message) = (&reject.field, reject.reason.code(), &reject.message);
        self.console.object(&serde_json::json!({
            "line": line, "became": became, "field": field, "reason": reason, "message": message,
        }))
    }
}

fn summary(console: &Console, counts: &Counts, outcomes: bool) -> anyhow::Result<()> {
    if console.json {
        return console.object(counts);
    }
    let Counts { counted, duplicate, parked, rejected, refused, appended } = counts;
    let folded = format!("{counted} counted, {duplicate} duplicate, {parked} parked, {rejected} rejected; ");
    let folded = if outcomes { folded } else { String::new() };
    Ok(console.line(&format!("{folded}{appended} lines appended, {refused} refused before that"))?)
}
