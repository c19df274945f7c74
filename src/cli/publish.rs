//! `accrue publish`: a company's directory onto the log; only what differs, all of it or nothing.

use super::append::now_microseconds;
use super::check::{checked, print};
use super::console::{Console, fold};
use super::effects;
use super::exit::{Exit, files_error};
use super::session::{Author, LogOptions, Session};
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::fact::{Fact, FactBody};
use crate::domain::topic::Topic;
use crate::domain::world::World;
use crate::files::{Change, ChangeKind, CompanyFiles, Current, Quota, Record, changes};
use crate::read::scan;
use crate::wire::Raw;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Publish {
    /// The company's directory
    directory: PathBuf,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    author: Author,
    /// Why; goes into every record
    #[arg(long, default_value = "published")]
    reason: String,
    /// Publish without asking
    #[arg(long)]
    yes: bool,
    /// Do not replay the log to say what the changes do to pay
    #[arg(long)]
    no_pay: bool,
}

impl Publish {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let author = self.author.name()?;
        let files = checked(&self.directory, console)?;
        let session = Session::open_or_create(&self.log, console)?;
        let (current, world) = current(&session)?;
        let changes = differences(&current, &files, &self.directory, console)?;
        for change in &changes {
            show(console, change)?;
        }
        let facts = facts(&changes, &author, &self.reason, now_microseconds());
        check(world, &changes, &facts, console)?;
        let wanted = !changes.is_empty();
        // Names move no money.
        if !self.no_pay && changes.iter().any(|change| !matches!(change.record, Record::Name(_))) {
            effects::show(&session, &changes, &facts, console)?;
        }
        if wanted && !self.yes && !console.confirm(&format!("publish {} changes?", changes.len()))? {
            console.notice("nothing was published");
            return Ok(Exit::Found);
        }
        append(&session, &changes, &author, &self.reason)?;
        session.finish()?;
        if !console.json {
            let outcome = if wanted { format!("published {} changes", changes.len()) } else { "nothing differs".into() };
            console.line(&outcome)?;
        }
        Ok(Exit::Done)
    }
}

/// What the directory would change; what cannot be published is told with its place, and nothing is appended.
fn differences(current: &Current, files: &CompanyFiles, directory: &Path, console: &Console) -> anyhow::Result<Vec<Change>> {
    match changes(files, current) {
        Ok(changes) => Ok(changes),
        Err(findings) => {
            findings.iter().try_for_each(|finding| print(console, finding))?;
            Err(files_error(format!("{} cannot be published; nothing was appended", directory.display())))
        }
    }
}

/// What the log would refuse is told, and nothing is appended: files are not compared with all that is published.
fn check(mut world: World, changes: &[Change], facts: &[Fact], console: &Console) -> anyhow::Result<()> {
    let stated = changes.iter().filter(|change| matches!(change.record, Record::Fact(_)));
    let mut refused = 0;
    for (change, fact) in stated.zip(facts) {
        if let Err(reject) = world.apply(world.facts_next, fact) {
            refused += 1;
            fold(&format!("refused: {}\n{reject}", change.description)).iter().for_each(|line| console.notice(line));
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(files_error("what is refused does not fit what is published; nothing was appended")),
    }
}

/// What is published now, and what it adds up to.
fn current(session: &Session) -> anyhow::Result<(Current, World)> {
    let (client, codec) = (session.client(), session.codec());
    let mut current = Current::default();
    let mut world = World::new(client.partitions(Topic::DealClosed)?);
    scan::all(client, Topic::Facts, |batch, row| {
        if let Some(fact) = batch.value(row).map(|value| codec.read_fact(value)).transpose()?.flatten() {
            // What is refused is not published.
            if world.apply(row.position.offset, &fact).is_ok() {
                take(&mut current, fact.body);
            }
        }
        Ok(())
    })?;
    current.paid = current.payees.keys().filter(|payee_id| world.may_be_paid(payee_id)).cloned().collect();
    scan::all(client, Topic::QuotaChanged, |batch, row| {
        // What does not decode is a reject, and no quota.
        let mut scratch = Vec::new();
        let value = codec.readable(Raw::of(batch, row), &mut scratch)?;
        if let Some(Ok(quota)) = value.map(|value| codec.read_quota(value)) {
            current.quotas.push(Quota {
                payee_id: quota.payee_id.into(),
                measure: quota.measure.into(),
                calendar: quota.calendar.into(),
                interval: quota.interval,
                amount: quota.amount,
                applies_from: quota.applies_from,
                revision: Some(quota.revision),
            });
        }
        Ok(())
    })?;
    scan::all(client, Topic::AdjustmentMade, |batch, row| {
        let mut scratch = Vec::new();
        let value = codec.readable(Raw::of(batch, row), &mut scratch)?;
        current.adjustments.extend(value.and_then(|value| codec.read_adjustment(value).ok()));
        Ok(())
    })?;
    scan::all(client, Topic::Payee, |batch, row| {
        if let Some(value) = batch.value(row) {
            let name = codec.read_payee_name(value)?;
            current.names.insert(name.payee_id.clone(), name);
        }
        Ok(())
    })?;
    Ok((current, world))
}

/// Takes a fact into what is published.
pub fn take(current: &mut Current, body: FactBody) {
    match body {
        FactBody::CompanyDefined(company) => current.company = Some(company),
        FactBody::CalendarDefined(calendar) => current.calendar = Some(calendar),
        FactBody::MeasureDefined(measure) => drop(current.measures.insert(measure.measure_id.clone(), measure)),
        FactBody::PlanDefined(plan) => drop(current.plans.insert((plan.plan_id.clone(), plan.from), plan)),
        FactBody::PayeeDefined(payee) => drop(current.payees.insert(payee.payee_id.clone(), payee)),
        FactBody::TerritoriesDefined(stated) => current.territories = Some(stated),
        FactBody::RatesDefined(stated) => {
            current.rates.retain(|of| !of.is_of_kind(&stated));
            current.rates.push(stated);
        }
        FactBody::PeriodClosed(_) | FactBody::PeriodReopened(_) | FactBody::PeriodReleased(_) => {}
    }
}

/// A line of the review.
pub fn show(console: &Console, change: &Change) -> anyhow::Result<()> {
    let (mark, kind) = match change.kind {
        ChangeKind::Added => ("+", "added"),
        ChangeKind::Changed => ("~", "changed"),
        ChangeKind::Ended => ("-", "ended"),
    };
    if console.json {
        return console.object(&json!({"kind": kind, "change": change.description}));
    }
    Ok(console.line(&format!("{mark} {}", change.description))?)
}

/// The facts among changes, in their order.
fn facts(changes: &[Change], author: &str, reason: &str, occurred_at: i64) -> Vec<Fact> {
    let fact = |(number, change): (usize, &Change)| match &change.record {
        Record::Fact(body) => Some(Fact {
            fact_id: format!("publish-{occurred_at}-{number}"),
            author: author.into(),
            reason: reason.into(),
            approver: None,
            occurred_at,
            body: body.clone(),
        }),
        _ => None,
    };
    changes.iter().enumerate().filter_map(fact).collect()
}

/// Appends all changes together.
pub fn append(session: &Session, changes: &[Change], author: &str, reason: &str) -> anyhow::Result<()> {
    let occurred_at = now_microseconds();
    let mut appender = session.appender()?;
    facts(changes, author, reason, occurred_at).iter().try_for_each(|fact| appender.fact(fact))?;
    for change in changes {
        match &change.record {
            Record::Fact(_) => {}
            Record::Quota(quota) => drop(appender.quota(&quota.as_quota_changed(author, reason, occurred_at))?),
            Record::Adjustment(made) => drop(appender.adjustment(&AdjustmentMade { occurred_at, ..made.clone() })?),
            Record::Name(name) => appender.name(name)?,
        }
    }
    if appender.waiting() > 0 {
        appender.flush()?;
    }
    Ok(())
}
