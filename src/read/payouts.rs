//! Payouts by run: what was released, and the drafts of closes that wait for their release.

use super::ReadError;
use super::facts::{CloseState, Periods};
use super::scan;
use crate::domain::output::{Payout, PayoutRun};
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, Row};
use crate::wire::{Codec, WireError, read_payout_draft};
use std::collections::BTreeMap;

/// Payouts of a run; without its record, they are drafts.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub run: Option<PayoutRun>,
    pub payouts: Vec<Payout>,
}

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
    collect(client, Topic::Payout, |value| codec.read_payout(value), &mut runs)?;
    Ok(runs)
}

/// The drafts of closes that are neither released nor taken back.
pub fn drafts(client: &dyn Client, periods: &Periods) -> Result<Runs, ReadError> {
    let mut runs = Runs::new();
    collect(client, Topic::PayoutDraft, read_payout_draft, &mut runs)?;
    let standing =
        |run_id: &str| periods.closes.iter().any(|close| close.closed.close_id == run_id && close.state == CloseState::Closed);
    runs.retain(|(_, run_id), _| standing(run_id));
    Ok(runs)
}

fn collect(
    client: &dyn Client,
    topic: Topic,
    read: impl Fn(&[u8]) -> Result<Payout, WireError>,
    runs: &mut Runs,
) -> Result<(), ReadError> {
    scan::all(client, topic, |batch: &Batch, row: &Row| {
        if let Some(value) = batch.value(row) {
            let payout = read(value)?;
            runs.entry((payout.period, payout.run_id.clone())).or_default().payouts.push(payout);
        }
        Ok(())
    })?;
    for run in runs.values_mut() {
        run.payouts.sort_by_cached_key(Payout::payout_id);
    }
    Ok(())
}
