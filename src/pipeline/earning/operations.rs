//! Closes, reopens and releases: performed in the order of facts, payee by payee, with a cursor.
//!
//! A close waits for the marker of every source. It fixes what is booked into its period, computes each payee's part of
//! the run as drafts, and only a release publishes them.

use super::counting::merge_later;
use super::entry::{KeyOf, ledger_key, parse_key};
use super::progress::{Operating, before};
use super::{Earning, State, alarm};
use crate::domain::calendar::Period;
use crate::domain::money::Minor;
use crate::domain::output::{CloseNote, Payout, PayoutRun};
use crate::domain::pay::{Lines, RunOf, digest, pay};
use crate::domain::world::{Operation, World};
use crate::pipeline::earning::entry::PAY_GROUP;
use crate::pipeline::{Effects, Output, StageError, States};

/// A payee has few quarters; a batch of keys always holds all of one payee.
const LEAST_KEYS: usize = 256;

impl Earning {
    pub(super) fn next_operation(&self, number: u32) -> Option<Operation> {
        let progress = &self.partitions.get(&number)?.progress;
        self.world.operations.get(progress.operations).copied()
    }

    /// A close needs every source's marker; everything else can go on.
    pub(super) fn can_operate(&self, number: u32) -> bool {
        let Some(partition) = self.partitions.get(&number) else { return false };
        match self.next_operation(number) {
            Some(Operation::Close(run)) => partition.progress.sources.iter().all(|source| source.epoch as usize > run),
            Some(_) => true,
            None => false,
        }
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
            let mut operating = self.partition(number)?.progress.operating.take().unwrap_or_default();
            let limit = left.max(LEAST_KEYS);
            let keys = states.keys_between(number, &operating.after, None, limit)?;
            left = left.saturating_sub(keys.len().max(1));
            let all = keys.len() < limit;
            for group in groups(&keys, all) {
                self.operate_payee(number, operation, group, &mut operating, states, effects)?;
                operating.after = group.last().cloned().unwrap_or_default();
                self.partition(number)?.progress.operating = Some(operating.clone());
                self.after_payee(number, group)?;
            }
            if all {
                self.complete(number, operation, operating, effects)?;
            }
        }
        Ok(left)
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
                let (payouts, _) = self.run_of(number, run, payee_id, &places, None, states)?;
                for payout in payouts {
                    operating.records += 1;
                    operating.total_minor = operating.total_minor.saturating_add(payout.amount.0);
                    operating.digest = operating.digest.wrapping_add(digest(&payout));
                    effects.outputs.push(Output::PayoutDraft(payout));
                }
            }
            Operation::Reopen(run) => self.reopen_ledger(number, run, payee_id, states)?,
            Operation::Release(run) => {
                let period = self.world.runs[run].closed.period;
                let (payouts, _) = self.run_of(number, run, payee_id, &places, Some(period), states)?;
                effects.outputs.extend(payouts.into_iter().map(Output::Payout));
            }
        }
        Ok(())
    }

    fn load_all(&mut self, number: u32, keys: &[Vec<u8>], states: &mut dyn States) -> Result<Vec<usize>, StageError> {
        keys.iter().map(|key| self.load(number, key, states)).collect()
    }

    /// A payee's part of a run. At the close the balance moves on; at the `release` of a period the close's is used.
    fn run_of(
        &mut self,
        number: u32,
        run: usize,
        payee_id: &str,
        places: &[usize],
        release: Option<Period>,
        states: &mut dyn States,
    ) -> Result<(Vec<Payout>, Minor), StageError> {
        let closed = self.world.runs[run].closed.clone();
        let lines = self.lines(places, closed.period);
        let place = self.load(number, &ledger_key(payee_id), states)?;
        let State::Ledger(ledger) = &mut self.loaded[place].state else {
            return Err(alarm(number, "a ledger's key is an entry's"));
        };
        let of_run = ledger.unreleased.iter().position(|(period, _)| Some(*period) == release);
        let brought_forward = match (release, of_run) {
            (None, _) => ledger.balance,
            (Some(_), Some(at)) => ledger.unreleased[at].1,
            (Some(_), None) => Minor(0),
        };
        let employee_ref = employee_ref(&self.world, payee_id, closed.period);
        let run_of = RunOf {
            run_id: &closed.close_id,
            pay_group: PAY_GROUP,
            period: closed.period,
            payee_id,
            employee_ref: employee_ref.as_deref(),
            currency: &self.world.currency,
        };
        let paid = pay(&run_of, &lines, brought_forward)
            .ok_or_else(|| alarm(number, format!("the pay of \"{payee_id}\" does not fit")))?;
        match of_run {
            Some(at) => {
                ledger.unreleased.remove(at);
                self.loaded[place].changed = true;
            }
            None if release.is_none() && (paid.1 != ledger.balance || brought_forward.0 != 0) => {
                ledger.unreleased.push((closed.period, brought_forward));
                ledger.balance = paid.1;
                self.loaded[place].changed = true;
            }
            None => {}
        }
        Ok(paid)
    }

    /// What is booked into a period, over all of a payee's quarters.
    fn lines(&self, places: &[usize], period: Period) -> Lines {
        let mut lines = Lines::new();
        for place in places {
            let State::Entry { entry, .. } = &self.loaded[*place].state else { continue };
            for book in &entry.books {
                for booking in book.bookings.iter().filter(|booking| booking.period == period && booking.total.0 != 0) {
                    let line = (booking.priced_by.earning_code.to_string(), book.effective);
                    *lines.entry(line).or_default() += i128::from(booking.total.0);
                }
            }
        }
        lines
    }

    fn reopen_ledger(&mut self, number: u32, run: usize, payee_id: &str, states: &mut dyn States) -> Result<(), StageError> {
        let period = self.world.runs[run].closed.period;
        let place = self.load(number, &ledger_key(payee_id), states)?;
        let State::Ledger(ledger) = &mut self.loaded[place].state else {
            return Err(alarm(number, "a ledger's key is an entry's"));
        };
        if let Some(at) = ledger.unreleased.iter().position(|(of, _)| *of == period) {
            ledger.balance = ledger.unreleased.remove(at).1;
            self.loaded[place].changed = true;
        }
        Ok(())
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
                progress.closed_through = Some(period);
                let (records, total) = (operating.records, Minor(operating.total_minor));
                CloseNote::RunComputed { close_id, partition: number, records, total, digest: operating.digest }
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

/// Keys by payee; the last payee only when all of its keys are there.
fn groups(keys: &[Vec<u8>], all: bool) -> impl Iterator<Item = &[Vec<u8>]> {
    let payee = |key: &[u8]| key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
    let groups: Vec<&[Vec<u8>]> = keys.chunk_by(move |a, b| a[..payee(a)] == b[..payee(b)]).collect();
    let whole = if all { groups.len() } else { groups.len().saturating_sub(1) };
    groups.into_iter().take(whole)
}

/// By the row in force on the period's last day, else the last one before, else the first.
fn employee_ref(world: &World, payee_id: &str, period: Period) -> Option<String> {
    let (_, end) = world.bounds(period)?;
    let rows = &world.organisation.get(payee_id)?.rows;
    let row = rows.iter().rev().find(|row| row.from < end).or(rows.first())?;
    row.employee_ref.clone()
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
        currency: world.currency.to_string(),
        digest: release.digest.clone(),
        closed_by: run.closed_by.clone(),
        released_by: released_by.clone(),
    })
}
