//! One payee's part of a run: settled and converted by a close, published by a release, taken back by a reopening.
//!
//! Leaves out in which order payees come (`operations`).

use super::entry::{Book, Converted, Ledger, PAY_GROUP, Unreleased, ledger_key};
use super::{Earning, State, alarm};
use crate::domain::account::{Account, settle};
use crate::domain::adjustment::BY_HAND;
use crate::domain::calendar::Period;
use crate::domain::conversion::{ConvertedRun, Part, Parts, SideBySide, convert};
use crate::domain::money::Minor;
use crate::domain::output::{Payout, RunBalance};
use crate::domain::pay::{Brought, Line, Lines, RunOf, payouts};
use crate::domain::world::World;
use crate::pipeline::{Effects, Output, StageError, States};

impl Earning {
    /// A payee's part of a run that is closed: the account moves on, and what a release needs is kept.
    pub(super) fn close_payee(
        &mut self,
        number: u32,
        run: usize,
        payee_id: &str,
        places: &[usize],
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Vec<Payout>, StageError> {
        let period = self.world.runs[run].closed.period;
        let held = self.pay_tranches(number, places, period)?;
        let lines = self.lines(places, period);
        let world = self.world_of_operation(number)?;
        let place = self.load(number, &ledger_key(payee_id), states)?;
        let ledger = self.ledger(number, place)?;
        let (before, paid_before) = (ledger.account.clone(), ledger.side_by_side.clone());
        let overflow = || alarm(number, format!("the pay of \"{payee_id}\" does not fit"));
        let terms = world.pay_terms(payee_id, period, !before.advances.is_empty());
        // What lacks is no reason here: a close without it is no fact.
        let terms = terms.map_err(|reject| alarm(number, format!("the pay of \"{payee_id}\": {reject}")))?;
        let settled = settle(period, &lines, &before, &terms).ok_or_else(overflow)?;
        let brought = Brought::new(&before, &settled);
        let employee_ref = employee_ref(&world, payee_id, period);
        let run_of = self.run_of(run, payee_id, employee_ref.as_deref(), &world);
        let currency = world.paid_in(payee_id);
        let (payouts, brought, paid_after, moved) = match currency {
            None => (payouts(&run_of, &lines, &brought).ok_or_else(overflow)?, brought, paid_before.clone(), false),
            Some(currency) => {
                let parts = self.parts(places, period);
                let moved = !parts.is_empty() || !paid_before.is_empty();
                let converted = converted(&world, currency, &run_of, &parts, &brought, terms.receivable, &paid_before);
                let ConvertedRun { payouts, brought, after } = converted.ok_or_else(overflow)?;
                (payouts, brought, after, moved)
            }
        };
        let left = RunBalance {
            run_id: run_of.run_id.into(),
            payee_id: payee_id.into(),
            carried: brought.balance_after,
            owed: brought.owed_after,
            held,
            carried_in: currency
                .map(|currency| (currency.into(), shown(paid_after.balance)))
                .filter(|(_, left)| *left != Minor(0)),
        };
        if [left.carried, left.owed, left.held] != [Minor(0); 3] || left.carried_in.is_some() {
            effects.outputs.push(Output::RunBalance(left));
        }
        let after = Account { balance: brought.balance_after, ..settled.after };
        if moved || !(before.is_empty() && after.is_empty() && settled.extra.is_empty()) {
            let converted = currency.map(|_| Converted { before: paid_before, payouts: payouts.clone() });
            let ledger = self.ledger(number, place)?;
            (ledger.account, ledger.side_by_side) = (after, paid_after);
            ledger.unreleased.push(Unreleased { period, before, brought, converted });
            self.loaded[place].changed = true;
        }
        Ok(payouts)
    }

    /// A payee's part of a run that is released, as its close computed it.
    pub(super) fn release_payee(
        &mut self,
        number: u32,
        run: usize,
        payee_id: &str,
        places: &[usize],
        states: &mut dyn States,
    ) -> Result<Vec<Payout>, StageError> {
        let period = self.world.runs[run].closed.period;
        let lines = self.lines(places, period);
        let place = self.load(number, &ledger_key(payee_id), states)?;
        let ledger = self.ledger(number, place)?;
        let kept = ledger.unreleased.iter().position(|unreleased| unreleased.period == period);
        let kept = kept.map(|at| ledger.unreleased.remove(at));
        self.loaded[place].changed |= kept.is_some();
        let (brought, converted) = kept.map_or_else(Default::default, |kept| (kept.brought, kept.converted));
        let world = self.world_of_operation(number)?;
        let employee_ref = employee_ref(&world, payee_id, period);
        if let Some(Converted { mut payouts, .. }) = converted {
            payouts.iter_mut().for_each(|payout| payout.employee_ref.clone_from(&employee_ref));
            return Ok(payouts);
        }
        let run_of = self.run_of(run, payee_id, employee_ref.as_deref(), &world);
        payouts(&run_of, &lines, &brought).ok_or_else(|| alarm(number, format!("the pay of \"{payee_id}\" does not fit")))
    }

    /// The ledger as it was before the run of a close.
    pub(super) fn reopen_ledger(
        &mut self,
        number: u32,
        run: usize,
        payee_id: &str,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        let period = self.world.runs[run].closed.period;
        let place = self.load(number, &ledger_key(payee_id), states)?;
        let ledger = self.ledger(number, place)?;
        if let Some(at) = ledger.unreleased.iter().position(|unreleased| unreleased.period == period) {
            let Unreleased { before, converted, .. } = ledger.unreleased.remove(at);
            ledger.account = before;
            if let Some(converted) = converted {
                ledger.side_by_side = converted.before;
            }
            self.loaded[place].changed = true;
        }
        Ok(())
    }

    fn run_of<'r>(&'r self, run: usize, payee_id: &'r str, employee_ref: Option<&'r str>, world: &'r World) -> RunOf<'r> {
        let closed = &self.world.runs[run].closed;
        let (run_id, currency) = (closed.close_id.as_str(), &*world.money_of(payee_id).currency);
        RunOf { run_id, pay_group: PAY_GROUP, period: closed.period, payee_id, employee_ref, currency }
    }

    fn ledger(&mut self, number: u32, place: usize) -> Result<&mut Ledger, StageError> {
        match &mut self.loaded[place].state {
            State::Ledger(ledger) => Ok(ledger),
            State::Entry { .. } => Err(alarm(number, "a ledger's key is an entry's")),
        }
    }

    /// What is booked into a period, over all of a payee's entries; of what is paid in tranches what its run pays.
    fn lines(&self, places: &[usize], period: Period) -> Lines {
        let mut lines = Lines::new();
        self.each_line(places, period, |_, line, amount| *lines.entry(line).or_default() += amount);
        lines
    }

    /// The same by component and interval.
    fn parts(&self, places: &[usize], period: Period) -> Parts {
        let mut parts = Parts::new();
        self.each_line(places, period, |book, line, amount| {
            let part = Part { component: book.component.clone(), interval: book.interval, line };
            *parts.entry(part).or_default() += amount;
        });
        parts
    }

    fn each_line(&self, places: &[usize], period: Period, mut take: impl FnMut(&Book, Line, i128)) {
        for place in places {
            let State::Entry { entry, .. } = &self.loaded[*place].state else { continue };
            for book in entry.books.iter().filter(|book| !self.world.earns_points(&book.component)) {
                let by_hand = book.component.starts_with(BY_HAND);
                let mut add = |of: Period, amount: Minor, code: &str| {
                    if of == period && amount != Minor(0) {
                        let line = Line { earning_code: code.to_owned(), effective: book.effective, by_hand };
                        take(book, line, i128::from(amount.0));
                    }
                };
                match book.paid.as_slice() {
                    [] => book.bookings.iter().for_each(|of| add(of.period, of.total, &of.priced_by.earning_code)),
                    paid => paid.iter().for_each(|of| add(of.period, of.amount, &of.earning_code)),
                }
            }
        }
    }
}

/// `None` when an amount does not fit; the rate is there, since a close without it is no fact.
fn converted(
    world: &World,
    currency: &str,
    run: &RunOf<'_>,
    parts: &Parts,
    brought: &Brought,
    receivable: bool,
    before: &SideBySide,
) -> Option<ConvertedRun> {
    let rate = world.pay_rate(world.money_of(run.payee_id), currency, run.period).ok()?;
    convert(run, parts, brought, receivable, &rate, before)
}

/// By the row in force on the period's last day, else the last one before, else the first.
fn employee_ref(world: &World, payee_id: &str, period: Period) -> Option<String> {
    let (_, end) = world.bounds(period)?;
    let rows = &world.organisation.get(payee_id)?.rows;
    let row = rows.iter().rev().find(|row| row.from < end).or(rows.first())?;
    row.employee_ref.clone()
}

/// A balance as statements show it; one that no record holds shows the most that there is.
fn shown(balance: i128) -> Minor {
    Minor(balance.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}
