//! Payouts by run: what was released, and the drafts of closes that wait for their release.

use super::ReadError;
use super::facts::{CloseState, Periods};
use super::scan;
use crate::domain::output::{Payout, PayoutRun, RunBalance};
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, Row};
use crate::wire::{Codec, Draft, WireError, read_draft};
use std::collections::BTreeMap;

/// Payouts of a run; without its record, they are drafts.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub run: Option<PayoutRun>,
    pub payouts: Vec<Payout>,
}

/// What the runs of standing closes leave to their payees, by close; a payee without one is left nothing.
pub type Balances = BTreeMap<String, Vec<RunBalance>>;

/// Runs in order of period and id.
pub type Runs = BTreeMap<(crate::domain::calendar::Period, String), Run>;

/// The released runs.
pub fn released(client: &dyn Client, codec: &Codec) -> Result<Runs, ReadError> {
    let mut runs = Runs::new();
    scan::all(client, Topic::PayoutRun, |batch, row| {
        if let Some(value) = batch.value(row) {
            let run = codec.read_payout_run(value)?;
            let key = (run.period, run.run_id.clone());
            runs.entry(key).or_default().run = Some(run);
        }
        Ok(())
    })?;
    collect(client, Topic::Payout, |value| codec.read_payout(value).map(Some), &mut runs)?;
    Ok(runs)
}

/// The drafts of closes that are neither released nor taken back.
pub fn drafts(client: &dyn Client, periods: &Periods) -> Result<Runs, ReadError> {
    let mut runs = Runs::new();
    let draft = |value: &[u8]| match read_draft(value)? {
        Draft::Payout(payout) => Ok(Some(payout)),
        Draft::Balance(_) => Ok(None),
    };
    collect(client, Topic::PayoutDraft, draft, &mut runs)?;
    let standing =
        |run_id: &str| periods.closes.iter().any(|close| close.closed.close_id == run_id && close.state == CloseState::Closed);
    runs.retain(|(_, run_id), _| standing(run_id));
    Ok(runs)
}

/// What every computed run leaves to its payees.
pub fn balances(client: &dyn Client) -> Result<Balances, ReadError> {
    let mut balances = Balances::new();
    scan::all(client, Topic::PayoutDraft, |batch: &Batch, row: &Row| {
        if let Some(Draft::Balance(balance)) = batch.value(row).map(read_draft).transpose()? {
            balances.entry(balance.run_id.clone()).or_default().push(balance);
        }
        Ok(())
    })?;
    Ok(balances)
}

fn collect(
    client: &dyn Client,
    topic: Topic,
    read: impl Fn(&[u8]) -> Result<Option<Payout>, WireError>,
    runs: &mut Runs,
) -> Result<(), ReadError> {
    scan::all(client, topic, |batch: &Batch, row: &Row| {
        if let Some(payout) = batch.value(row).map(&read).transpose()?.flatten() {
            runs.entry((payout.period, payout.run_id.clone())).or_default().payouts.push(payout);
        }
        Ok(())
    })?;
    for run in runs.values_mut() {
        run.payouts.sort_by_cached_key(Payout::payout_id);
    }
    Ok(())
}
