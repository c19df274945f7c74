//! `accrue diff`: what another version of a company's directory would change, in words, without a log.

use super::check::{checked, print};
use super::console::Console;
use super::exit::{Exit, files_error};
use super::publish::{show, take};
use crate::files::{CompanyFiles, Current, Diagnostic, Quota, Record, changes};
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Diff {
    /// The company's directory as it was
    before: PathBuf,
    /// As it is now
    after: PathBuf,
}

impl Diff {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let (before, after) = (checked(&self.before, console)?, checked(&self.after, console)?);
        let changes = match published(&before).and_then(|published| changes(&after, &published)) {
            Ok(changes) => changes,
            Err(findings) => {
                findings.iter().try_for_each(|finding| print(console, finding))?;
                let (before, after) = (self.before.display(), self.after.display());
                return Err(files_error(format!("{after} cannot be published where {before} is")));
            }
        };
        changes.iter().try_for_each(|change| show(console, change))?;
        let gone = gone(&before, &after);
        for what in &gone {
            match console.json {
                true => console.object(&json!({ "kind": "not mentioned", "change": what }))?,
                false => console.line(&format!("? {what} is not mentioned any more: publishing leaves it as it is"))?,
            }
        }
        if !changes.is_empty() || !gone.is_empty() {
            return Ok(Exit::Found);
        }
        console.notice("nothing differs");
        Ok(Exit::Done)
    }
}

/// What would be published of a directory where nothing is.
fn published(files: &CompanyFiles) -> Result<Current, Vec<Diagnostic>> {
    let mut current = Current::default();
    for change in changes(files, &Current::default())? {
        match change.record {
            Record::Fact(body) => take(&mut current, body),
            Record::Quota(quota) => current.quotas.push(quota),
            Record::Name(name) => drop(current.names.insert(name.payee_id.clone(), name)),
        }
    }
    Ok(current)
}

/// What the files stated and do not mention any more.
fn gone(before: &CompanyFiles, after: &CompanyFiles) -> Vec<String> {
    let named = |files: &CompanyFiles| -> BTreeSet<String> {
        let measures = files.measures.iter().map(|of| format!("measure {}", of.value.measure_id));
        let plans = files.plans.iter().map(|of| format!("plan {} from {}", of.value.plan_id, of.value.from));
        let payees = files.payees.iter().map(|of| format!("payee {}", of.value.payee_id));
        let quota = |of: &Quota| format!("quota of {} for {}, {}", of.payee_id, of.measure, of.interval);
        let quotas = files.quotas.iter().map(|of| quota(&of.value));
        measures.chain(plans).chain(payees).chain(quotas).collect()
    };
    named(before).difference(&named(after)).cloned().collect()
}
