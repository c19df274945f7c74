//! `accrue export`: data for other programs, the same bytes for the same events.

use super::asyncapi;
use super::console::Console;
use super::exit::{Exit, files_error, found_error, io_error, usage_error};
use super::session::{LogOptions, Session, read_config};
use crate::config::Config;
use crate::domain::calendar::Period;
use crate::domain::money::Minor;
use crate::domain::pay::{digest, digest_text};
use crate::files::payroll_file::{PayrollFile, PayrollNames, Profile, payroll_file};
use crate::files::{SCHEMA_KINDS, json_schema};
use crate::read::facts::{CloseState, Periods};
use crate::read::payouts::{Run, released};
use crate::read::totals;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Of the file with the control totals, behind the whole name of the file itself.
const CONTROL_SUFFIX: &str = ".control.json";

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Booked totals that are not zero, and payouts, as sorted CSV
    Totals(LogOptions),
    /// A released run as a file for payroll
    Payouts(Payouts),
    /// The JSON Schema of a kind of file, for editors
    Schema(Schema),
    /// The topics as AsyncAPI 3.0
    Asyncapi(Asyncapi),
}

#[derive(Debug, Args)]
pub struct Asyncapi {
    /// Config whose names and settings they have; default: the
    /// defaults
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// plan, measures, calendar or company
    #[arg(value_parser = SCHEMA_KINDS, hide_possible_values = true)]
    kind: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    Csv,
    Adp,
    Workday,
    Gusto,
}

impl From<As> for Profile {
    fn from(profile: As) -> Profile {
        match profile {
            As::Csv => Profile::Csv,
            As::Adp => Profile::Adp,
            As::Workday => Profile::Workday,
            As::Gusto => Profile::Gusto,
        }
    }
}

#[derive(Debug, Args)]
pub struct Payouts {
    /// The pay period, like 2026-01
    period: Period,
    #[command(flatten)]
    log: LogOptions,
    /// csv, adp, workday or gusto
    #[arg(long, value_enum, default_value = "csv", hide_possible_values = true)]
    profile: As,
    /// A TOML file with what payroll calls things
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Only what is paid in this currency, like GBP
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Write there, with control totals beside it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a file of payroll adds up to; written beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Control {
    run_id: String,
    period: String,
    profile: String,
    payouts: usize,
    rows: usize,
    total: String,
    currency: String,
    /// Of what is paid in other currencies, in the same file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_totals: Vec<ControlTotal>,
    digest: String,
}

impl Control {
    /// Both are of one run, in the same shape and currencies.
    fn is_of_same(&self, other: &Control) -> bool {
        let of = |control: &Control| (control.run_id.clone(), control.profile.clone(), control.currency.clone());
        of(self) == of(other) && self.other_totals.is_empty() == other.other_totals.is_empty()
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ControlTotal {
    currency: String,
    payouts: usize,
    total: String,
}

impl Export {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        match self {
            Export::Totals(options) => export_totals(&options, console),
            Export::Payouts(payouts) => payouts.run(console),
            Export::Schema(Schema { kind }) => {
                let schema = json_schema(&kind).ok_or_else(|| usage_error(format!("no kind of file is called \"{kind}\"")))?;
                console.line(&serde_json::to_string_pretty(&schema)?)?;
                Ok(Exit::Done)
            }
            Export::Asyncapi(Asyncapi { config }) => {
                let config = config.as_deref().map_or_else(|| Ok(Config::defaults()?), read_config)?;
                console.line(&serde_json::to_string_pretty(&asyncapi::document(&config)?)?)?;
                Ok(Exit::Done)
            }
        }
    }
}

fn export_totals(options: &LogOptions, console: &Console) -> anyhow::Result<Exit> {
    let session = Session::open(options, console)?;
    let rows = totals::export(session.client(), session.codec())?;
    session.finish()?;
    if console.json {
        return rows.iter().try_for_each(|row| json_row(console, row)).map(|()| Exit::Done);
    }
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    writer.write_record(totals::EXPORT_HEADER)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()?;
    Ok(Exit::Done)
}

fn json_row(console: &Console, row: &totals::ExportRow) -> anyhow::Result<()> {
    let fields = totals::EXPORT_HEADER.iter().zip(row).map(|(name, value)| (name.to_string(), value.clone().into()));
    console.object(&serde_json::Map::<String, serde_json::Value>::from_iter(fields))
}

impl Payouts {
    fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let names = self.names.as_deref().map(read_names).transpose()?.unwrap_or_default();
        let session = Session::open(&self.log, console)?;
        let mut run = released_run(&session, self.period)?;
        session.finish()?;
        check_totals(&run)?;
        if let Some(currency) = &self.currency {
            only(&mut run, currency)?;
        }
        let written = payroll_file(&run.payouts, self.profile.into(), &names);
        let file = written.map_err(|faults| files_error(format!("nothing is written:\n{}", faults.join("\n"))))?;
        let control = control(&run, self.profile, &file)?;
        let others = control.other_totals.iter().map(|of| format!(", {} {}", of.total, of.currency)).collect::<String>();
        let told = format!(
            "{} payouts, {} {}{others}, in {} rows; digest {}",
            control.payouts, control.total, control.currency, file.rows, control.digest
        );
        match &self.out {
            Some(path) => {
                write(path, &file, &control)?;
                if console.json { console.object(&control)? } else { console.line(&format!("{}: {told}", path.display()))? }
            }
            None => {
                std::io::stdout().lock().write_all(&file.bytes)?;
                console.notice(&told);
            }
        }
        Ok(Exit::Done)
    }
}

fn read_names(path: &Path) -> anyhow::Result<PayrollNames> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| io_error(format!("{shown}: {error}; name a file of names")))?;
    PayrollNames::parse(&text).map_err(|message| files_error(format!("{shown}: {message}")))
}

/// The run of a period that is released, whole.
fn released_run(session: &Session, period: Period) -> anyhow::Result<Run> {
    let periods = Periods::read(session.client(), session.codec())?;
    match periods.close_of(period).map(|close| close.state) {
        None => return Err(found_error(format!("{period} is not closed: accrue close closes it"))),
        Some(CloseState::Closed) => {
            return Err(found_error(format!("{period} is not released: accrue release publishes its payouts")));
        }
        Some(_) => {}
    }
    let runs = released(session.client(), session.codec())?;
    let run = runs.into_iter().find(|((of, _), run)| *of == period && run.run.is_some()).map(|(_, run)| run);
    let run = run.ok_or_else(|| found_error(format!("the run of {period} is not published yet; repeat the command")))?;
    let records = run.run.as_ref().map_or(0, |record| record.records);
    if run.payouts.len() as u64 != records {
        let there = run.payouts.len();
        return Err(found_error(format!("{there} of the {records} payouts of {period} are published yet; repeat the command")));
    }
    Ok(run)
}

/// The payouts of a run are what its record says: by their digest, and by their totals in every currency.
fn check_totals(run: &Run) -> anyhow::Result<()> {
    let Some(record) = &run.run else { return Err(found_error("the run is not released")) };
    let content = run.payouts.iter().map(digest).fold(0, u128::wrapping_add);
    if digest_text(content) != record.digest {
        let run_id = &record.run_id;
        return Err(io_error(format!(
            "the payouts of run {run_id} are not those that were released (by its digest); run accrue verify"
        )));
    }
    let found = totals::by_currency(&run.payouts);
    let others = record.other_totals.iter().map(|of| (of.currency.as_str(), of.total));
    let all: BTreeMap<&str, Minor> = others.chain([(record.currency.as_str(), record.total)]).collect();
    let differs = |currency: &&str| {
        let total = found.get(currency).map(|(_, total)| *total).unwrap_or_default();
        all.get(currency).copied().unwrap_or_default() != total
    };
    if found.keys().chain(all.keys()).any(differs) {
        return Err(io_error(format!("the payouts of run {} do not add up to its totals; run accrue verify", record.run_id)));
    }
    Ok(())
}

/// Keeps what is paid in one currency.
fn only(run: &mut Run, currency: &str) -> anyhow::Result<()> {
    let known: Vec<String> = totals::by_currency(&run.payouts).into_keys().map(String::from).collect();
    run.payouts.retain(|payout| payout.currency == currency);
    if run.payouts.is_empty() {
        return Err(found_error(format!("the run pays nothing in {currency}; it pays in {}", known.join(", "))));
    }
    Ok(())
}

fn control(run: &Run, profile: As, file: &PayrollFile) -> anyhow::Result<Control> {
    let record = run.run.as_ref().ok_or_else(|| found_error("the run is not released"))?;
    let mut found = totals::by_currency(&run.payouts);
    let own = record.currency.as_str();
    // Of a file in another currency alone it is that one.
    let currency = match found.len() {
        1 => found.keys().next().copied().unwrap_or(own),
        _ => own,
    };
    let (_, total) = found.remove(currency).unwrap_or_default();
    let other = |(currency, (payouts, total)): (&str, (usize, Minor))| ControlTotal {
        currency: currency.into(),
        payouts,
        total: totals::money(total, currency),
    };
    Ok(Control {
        run_id: record.run_id.clone(),
        period: record.period.to_string(),
        profile: format!("{profile:?}").to_lowercase(),
        payouts: run.payouts.len(),
        rows: file.rows,
        total: totals::money(total, currency),
        currency: currency.into(),
        other_totals: found.into_iter().map(other).collect(),
        digest: file.digest.clone(),
    })
}

/// Writes a file and its control totals, unless others are there.
fn write(path: &Path, file: &PayrollFile, control: &Control) -> anyhow::Result<()> {
    let beside = PathBuf::from(format!("{}{CONTROL_SUFFIX}", path.display()));
    let shown = path.display();
    if path.exists() {
        let known = std::fs::read_to_string(&beside).ok().and_then(|text| serde_json::from_str::<Control>(&text).ok());
        let known = known.ok_or_else(|| found_error(format!("{shown} is there, without control totals; choose another name")))?;
        if known != *control {
            let of = known.run_id;
            return Err(found_error(format!("{shown} is there with another content, of run {of}; choose another name")));
        }
        let there = std::fs::read(path).map_err(|error| io_error(format!("{shown}: {error}; choose another name")))?;
        if there != file.bytes {
            return Err(found_error(format!("{shown} was changed since it was written; choose another name")));
        }
    }
    no_other_content(path, &beside, control)?;
    let text = format!("{}\n", serde_json::to_string_pretty(control)?);
    // Totals without a file are written again; a file without its totals would be in the way.
    for (to, bytes) in [(beside.as_path(), text.as_bytes()), (path, file.bytes.as_slice())] {
        let part = PathBuf::from(format!("{}.part", to.display()));
        let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, to));
        written.map_err(|error| io_error(format!("{}: {error}; choose a place that can be written", to.display())))?;
    }
    Ok(())
}

/// Payroll gets one content of a run: no file beside this one is the same run for the same reader with other bytes.
fn no_other_content(path: &Path, beside: &Path, control: &Control) -> anyhow::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unread = |error: std::io::Error| io_error(format!("{}: {error}; choose a place that can be read", directory.display()));
    for entry in std::fs::read_dir(directory).map_err(unread)? {
        let other = entry.map_err(unread)?.path();
        let is_control = other.to_string_lossy().ends_with(CONTROL_SUFFIX) && other.file_name() != beside.file_name();
        let known = is_control.then(|| std::fs::read_to_string(&other).ok()).flatten();
        let Some(known) = known.and_then(|text| serde_json::from_str::<Control>(&text).ok()) else { continue };
        if known.is_of_same(control) && known.digest != control.digest {
            return Err(found_error(format!(
                "{} says that run {} was written with another content; if payroll never took that file, remove both",
                other.display(),
                known.run_id
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::output::{Payout, PayoutKind, PayoutRun};

    fn payout(payee_id: &str, minor: i64) -> Payout {
        Payout {
            run_id: "2026-01".into(),
            pay_group: "default".into(),
            period: Period(2026 * 12),
            payee_id: payee_id.into(),
            employee_ref: None,
            earning_code: "COMM".into(),
            kind: PayoutKind::Regular,
            effective_period: Period(2026 * 12),
            amount: Minor(minor),
            currency: "USD".into(),
            balance_after: Minor(0),
            converted: None,
        }
    }

    /// Two payees whose amounts were changed for each other add up to the same.
    #[test]
    fn a_run_whose_payouts_are_not_those_that_were_released_is_not_written() {
        let (released, changed) = ([payout("ana", 100), payout("ben", 50)], [payout("ana", 50), payout("ben", 100)]);
        let record = PayoutRun {
            run_id: "2026-01".into(),
            calendar: "fiscal".into(),
            pay_group: "default".into(),
            period: Period(2026 * 12),
            records: 2,
            total: Minor(150),
            currency: "USD".into(),
            digest: digest_text(released.iter().map(digest).fold(0, u128::wrapping_add)),
            closed_by: "kim".into(),
            released_by: "lee".into(),
            other_totals: Vec::new(),
        };
        let check = |payouts: &[Payout]| check_totals(&Run { run: Some(record.clone()), payouts: payouts.to_vec() });
        assert!(check(&released).is_ok());
        let refused = check(&changed).unwrap_err().to_string();
        assert!(refused.contains("are not those that were released (by its digest); run accrue verify"), "{refused}");
    }
}
