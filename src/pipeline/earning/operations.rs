//! Closes, reopens and releases: performed in the order of facts, payee by payee, with a cursor.
//!
//! A close waits for the marker of every source. It fixes what is booked into its period, computes each payee's part of
//! the run as drafts, and only a release publishes them.

use super::counting::merge_later;
use super::entry::{KeyOf, ledger_key, parse_key};
use super::progress::{Operating, before};
use super::{Earning, State, alarm};
use crate::domain::money::Minor;
use crate::domain::output::{CloseNote, PayoutRun};
use crate::domain::pay::digest;
use crate::domain::topic::partition_of;
use crate::domain::world::{Operation, World};
use crate::pipeline::{Effects, Output, PendingClose, StageError, States};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many keys are taken at once at least: a payee has few.
const LEAST_KEYS: usize = 256;

impl Earning {
    pub(super) fn next_operation(&self, number: u32) -> Option<Operation> {
        self.operation_before(number, self.performed.get(number as usize))
    }

    /// Whose rounds a partition may tell: where any other has performed a close, it has heard all of everybody's.
    pub(super) fn operation_in_rounds(&self, number: u32) -> Option<Operation> {
        self.operation_before(number, self.performed.iter().max())
    }

    fn operation_before(&self, number: u32, limit: Option<&usize>) -> Option<Operation> {
        let next = self.partitions.get(&number)?.progress.operations;
        self.world.operations.get(next).copied().filter(|_| limit.is_none_or(|limit| next < *limit))
    }

    /// A close needs the marker and the rounds of every source; everything else can go on.
    pub(super) fn can_operate(&self, number: u32) -> bool {
        match self.next_operation(number) {
            Some(Operation::Close(run)) => self.has_all_markers(number, run) && self.has_all_rounds(number, run),
            Some(_) => true,
            None => false,
        }
    }

    /// Closes that the partitions that are held have yet to perform, with the sources whose
    /// marker some of them lacks.
    pub(super) fn closes_to_perform(&self) -> Vec<PendingClose> {
        let mut pending: BTreeMap<usize, [BTreeSet<u32>; 2]> = BTreeMap::new();
        for (number, partition) in self.partitions.iter().filter(|(number, _)| self.is_current(**number)) {
            for operation in self.world.operations.iter().skip(partition.progress.operations) {
                let Operation::Close(run) = operation else { continue };
                let [crediting, earning] = pending.entry(*run).or_default();
                let sources = (0..).zip(&partition.progress.sources);
                crediting.extend(sources.filter(|(_, source)| source.epoch as usize <= *run).map(|(source, _)| source));
                earning.insert(*number);
            }
        }
        let close = |(run, [crediting, earning]): (usize, [BTreeSet<u32>; 2])| PendingClose {
            close_id: self.world.runs[run].closed.close_id.clone(),
            crediting: crediting.into_iter().collect(),
            earning: earning.into_iter().collect(),
        };
        pending.into_iter().map(close).collect()
    }

    /// Performs operations of a partition for about `budget` keys; returns what is left of the budget.
    pub(super) fn operate(
        &mut self,
        number: u32,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<usize, StageError> {
        let mut left = budget;
        while left > 0 && self.can_operate(number) {
            let Some(operation) = self.next_operation(number) else { break };
            let mut operating = self.partition(number)?.progress.operating.clone().unwrap_or_default();
            let (keys, all) = self.next_keys(number, operation, &operating.after, left.max(LEAST_KEYS), states)?;
            left = left.saturating_sub(keys.len().max(1));
            for group in groups(&keys, all) {
                self.operate_payee(number, operation, group, &mut operating, states, effects)?;
                operating.after = group.last().map(|key| behind_payee(key)).unwrap_or_default();
                self.partition(number)?.progress.operating = Some(operating.clone());
                self.after_payee(number, group)?;
            }
            if all {
                self.complete(number, operation, operating, effects)?;
            }
        }
        Ok(left)
    }

    /// Keys behind a cursor, of a payee all, and whether there are no others behind them; as many as these, more where one payee has
    /// as many.
    fn next_keys(
        &self,
        number: u32,
        operation: Operation,
        after: &[u8],
        mut limit: usize,
        states: &mut dyn States,
    ) -> Result<(Vec<Vec<u8>>, bool), StageError> {
        loop {
            let mut keys = states.keys_between(number, after, None, limit)?;
            let mut all = keys.len() < limit;
            self.add_unstored(number, operation, after, &mut keys, all)?;
            all &= keys.len() < limit;
            keys.truncate(limit);
            if all || groups(&keys, all).next().is_some() {
                return Ok((keys, all));
            }
            limit *= 2;
        }
    }

    fn operate_payee(
        &mut self,
        number: u32,
        operation: Operation,
        keys: &[Vec<u8>],
        operating: &mut Operating,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let Some(payee_id) = keys.first().and_then(|key| parse_key(key)).map(payee_of) else { return Ok(()) };
        let places = self.load_all(number, keys, states)?;
        match operation {
            Operation::Close(run) => {
                for place in &places {
                    self.reprice(*place, effects)?;
                }
                for payout in self.close_payee(number, run, payee_id, &places, states, effects)? {
                    operating.add(&payout, &self.world.money.currency);
                    operating.digest = operating.digest.wrapping_add(digest(&payout));
                    effects.outputs.push(Output::PayoutDraft(payout));
                }
            }
            Operation::Reopen(run) => {
                self.unpay_tranches(&places, self.world.runs[run].closed.period);
                self.reopen_ledger(number, run, payee_id, states)?;
            }
            Operation::Release(run) => {
                let payouts = self.release_payee(number, run, payee_id, &places, states)?;
                effects.outputs.extend(payouts.into_iter().map(Output::Payout));
            }
        }
        Ok(())
    }

    fn load_all(&mut self, number: u32, keys: &[Vec<u8>], states: &mut dyn States) -> Result<Vec<usize>, StageError> {
        keys.iter().map(|key| self.load(number, key, states)).collect()
    }

    /// The world that the next close or release of a partition saw: what comes later has no say, however late it is.
    pub(super) fn world_of_operation(&self, number: u32) -> Result<Arc<World>, StageError> {
        let operation = self.partitions.get(&number).map(|partition| partition.progress.operations);
        let world = operation.and_then(|operation| self.snapshots.get(&operation));
        world.cloned().ok_or_else(|| alarm(number, "the world of a close or release is gone"))
    }

    /// Adds keys that are not stored, in their places: those of this batch, which has performed what came before, and of
    /// a close those of whom it pays a draw without any earning.
    fn add_unstored(
        &self,
        number: u32,
        operation: Operation,
        after: &[u8],
        keys: &mut Vec<Vec<u8>>,
        all: bool,
    ) -> Result<(), StageError> {
        let end = keys.last().filter(|_| !all).cloned();
        let inside = |key: &Vec<u8>| key.as_slice() > after && end.as_ref().is_none_or(|end| key < end);
        let loaded = self.places.get(&number).into_iter().flat_map(|places| places.keys().map(|key| key.to_vec()));
        keys.extend(loaded.filter(inside));
        if let Operation::Close(run) = operation {
            keys.extend(self.drawn_keys(number, run)?.into_iter().filter(inside));
        }
        *keys = self.with_years(std::mem::take(keys), after);
        keys.sort_unstable();
        keys.dedup();
        Ok(())
    }

    /// The ledgers of all whom the run of a close pays a draw.
    fn drawn_keys(&self, number: u32, run: usize) -> Result<Vec<Vec<u8>>, StageError> {
        let world = self.world_of_operation(number)?;
        if !world.has_draws() {
            return Ok(Vec::new());
        }
        let period = self.world.runs[run].closed.period;
        let here = |payee_id: &&str| partition_of(payee_id.as_bytes(), world.partitions) == number;
        let payees = world.organisation.payees().map(|payee| payee.payee_id.as_str()).filter(here);
        Ok(payees.filter(|payee_id| world.draws(payee_id, period)).map(ledger_key).collect())
    }

    /// Behind the cursor: epochs of a performed close are merged, and everything is priced again from its new standpoint.
    fn after_payee(&mut self, number: u32, keys: &[Vec<u8>]) -> Result<(), StageError> {
        for key in keys {
            let Some(place) = self.places.get(&number).and_then(|places| places.get(key.as_slice())).copied() else { continue };
            let Some(partition) = self.partitions.get(&number) else { continue };
            let closes = partition.progress.closes_for(key, &self.world);
            let loaded = &mut self.loaded[place];
            if let State::Entry { entry, .. } = &mut loaded.state {
                loaded.changed |= entry.later.first().is_some_and(|(epoch, _)| *epoch <= closes);
                merge_later(entry, closes).ok_or_else(|| alarm(number, "a sum does not fit"))?;
                loaded.touched = true;
            }
        }
        Ok(())
    }

    fn complete(
        &mut self,
        number: u32,
        operation: Operation,
        operating: Operating,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let world = self.world.clone();
        let progress = &mut self.partition(number)?.progress;
        progress.operating = None;
        progress.operations += 1;
        let (Operation::Close(run) | Operation::Reopen(run) | Operation::Release(run)) = operation;
        let period = world.runs[run].closed.period;
        let close_id = world.runs[run].closed.close_id.clone();
        let note = match operation {
            Operation::Close(_) => {
                progress.closes += 1;
                progress.exchange.end_close();
                progress.closed_through = Some(period);
                let (records, total) = (operating.records, Minor(operating.total_minor));
                let Operating { digest, other_totals, .. } = operating;
                CloseNote::RunComputed { close_id, partition: number, records, total, digest, other_totals }
            }
            Operation::Reopen(_) => {
                progress.closed_through = before(&world, run);
                CloseNote::RunReopened { close_id, partition: number }
            }
            Operation::Release(_) => {
                progress.released_through = Some(period);
                if number == 0 {
                    effects.outputs.extend(payout_run(&world, run).map(Output::PayoutRun));
                }
                CloseNote::RunReleased { close_id, partition: number }
            }
        };
        effects.outputs.push(Output::Close(note));
        Ok(())
    }
}

fn payee_of(key: KeyOf<'_>) -> &str {
    match key {
        KeyOf::Entry { payee_id, .. } | KeyOf::Ledger { payee_id } => payee_id,
    }
}

/// Behind all keys of a key's payee, those that are stored later, too: an operation is performed for a payee once.
fn behind_payee(key: &[u8]) -> Vec<u8> {
    let end = key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
    [&key[..end], b"\x01"].concat()
}

/// Keys by payee; the last payee only when all of its keys are there.
fn groups(keys: &[Vec<u8>], all: bool) -> impl Iterator<Item = &[Vec<u8>]> {
    let payee = |key: &[u8]| key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
    let groups: Vec<&[Vec<u8>]> = keys.chunk_by(move |a, b| a[..payee(a)] == b[..payee(b)]).collect();
    let whole = if all { groups.len() } else { groups.len().saturating_sub(1) };
    groups.into_iter().take(whole)
}

fn payout_run(world: &World, run: usize) -> Option<PayoutRun> {
    let run = &world.runs[run];
    let (release, released_by) = run.release.as_ref()?;
    Some(PayoutRun {
        run_id: run.closed.close_id.clone(),
        calendar: run.closed.calendar.clone(),
        pay_group: run.closed.pay_group.clone(),
        period: run.closed.period,
        records: release.records,
        total: Minor(release.total_minor),
        currency: world.money.currency.to_string(),
        other_totals: release.other_totals.clone(),
        digest: release.digest.clone(),
        closed_by: run.closed_by.clone(),
        released_by: released_by.clone(),
    })
}
