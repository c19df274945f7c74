//! `accrue diff`: what another version of a company's directory would change, in words, without a log.

use super::check::{checked, print};
use super::console::Console;
use super::exit::{Exit, files_error};
use super::publish::{show, take};
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::currency::CurrencyRates;
use crate::domain::territory::Territories;
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
            Record::Adjustment(made) => current.adjustments.push(made),
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
        let rows = files.payees.iter().flat_map(|of| of.value.rows.iter().map(|row| (&of.value.payee_id, row.from)));
        let payees = rows.map(|(payee_id, from)| format!("the row of payee {payee_id} from {from}"));
        let names = files.names.iter().map(|of| format!("the name of {}", of.payee_id));
        let territories = files.territories.iter().flat_map(|of| territory_rows(&of.value));
        let quota = |of: &Quota| format!("quota of {} for {}, {}", of.payee_id, of.measure, of.interval);
        let quotas = files.quotas.iter().map(|of| quota(&of.value));
        let adjustment = |of: &AdjustmentMade| format!("adjustment {} of {}", of.adjustment_id, of.payee_id);
        let adjustments = files.adjustments.iter().map(|of| adjustment(&of.value));
        let rows = files.rates.iter().flat_map(|of| of.value.rows.iter().map(move |row| (&of.value, row.from)));
        let rate = |of: &CurrencyRates| format!("{} rate from {} to {}", of.rate_type, of.from_currency, of.to_currency);
        let rates = rows.map(|(of, from)| format!("the {} of {from}", rate(of)));
        let stated = measures.chain(rates).chain(plans).chain(payees).chain(names).chain(territories);
        stated.chain(quotas).chain(adjustments).collect()
    };
    named(before).difference(&named(after)).cloned().collect()
}

fn territory_rows(stated: &Territories) -> Vec<String> {
    let mut rows: Vec<String> = stated.crediting.iter().map(|row| format!("crediting by territory from {}", row.from)).collect();
    rows.extend(stated.territories.iter().map(|row| format!("territory {} from {}", row.territory_id, row.from)));
    rows.extend(stated.nodes.iter().map(|row| format!("node {} of {} from {}", row.node, row.dimension, row.from)));
    let assignments = stated.assignments.iter();
    rows.extend(assignments.map(|row| format!("the assignment of {} to {} from {}", row.territory_id, row.payee_id, row.from)));
    rows
}
