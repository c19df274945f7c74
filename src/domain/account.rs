//! What a payee's pay runs leave behind: a balance brought forward and the draws that are not paid back.
//!
//! One run in the order of `settle`: set-off of prior periods, payment cap, balance brought forward, draw or guarantee,
//! recovery, minimum settlement. Leaves out which terms apply (`world`) and the records that payroll gets (`pay`).

use super::calendar::Period;
use super::money::{Minor, RATE_DECIMALS, Rate};
use super::output::PayoutKind;
use super::pay::{CAPPED, Line, Lines};
use serde::{Deserialize, Serialize};

/// Where a payee's pay stands between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Brought forward: negative is set off against the next run, positive is paid by it.
    pub balance: Minor,
    /// By period, each once.
    pub advances: Vec<Advance>,
}

/// What a draw or guarantee added to a period's pay and nothing has set off since; above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    pub period: Period,
    pub amount: Minor,
    pub kind: AdvanceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdvanceKind {
    /// To be recovered.
    Draw,
    /// A draw whose rest is not recovered any more.
    Forgiven,
    Guarantee,
}

/// The terms of one payee in one pay period, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermsNow {
    /// What the period pays at least.
    pub draw: Option<DrawNow>,
    /// How what is owed is paid back in this period.
    pub recovery: Option<RecoveryNow>,
    /// What is still owed after this period is forgiven.
    pub forgives: bool,
    pub cap: Option<CapNow>,
    /// A smaller net is not paid.
    pub minimum: Option<Minor>,
    pub receivable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawNow {
    pub amount: Minor,
    pub recoverable: bool,
    pub maximum_balance: Option<Minor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapNow {
    pub amount: Minor,
    /// What is above is not brought forward.
    pub lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryNow {
    pub share_of_excess: Rate,
    /// What recovery leaves.
    pub floor: Minor,
}

/// A line that a run adds to what was earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// Of what is above a cap and lost: that of what is brought forward, under a code of its own.
    pub kind: PayoutKind,
    pub effective: Period,
    pub amount: Minor,
}

/// What a run does: the lines that it adds, and the account afterwards. It pays everything that is booked, added and
/// brought forward, less what it brings forward itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub extra: Vec<Extra>,
    pub after: Account,
}

impl Account {
    /// What the draws still ask back.
    pub fn owed(&self) -> Minor {
        let owed = self.advances.iter().filter(|advance| advance.kind == AdvanceKind::Draw);
        Minor(owed.map(|advance| advance.amount.0).sum())
    }

    pub fn is_empty(&self) -> bool {
        *self == Account::default()
    }

    /// Takes up to `most` off the advances of a kind or period, oldest first; returns what was taken.
    fn take(&mut self, most: i128, of: impl Fn(&Advance) -> bool) -> i128 {
        let mut left = most;
        for advance in self.advances.iter_mut().filter(|advance| of(advance)) {
            let taken = left.min(i128::from(advance.amount.0));
            advance.amount.0 -= taken as i64;
            left -= taken;
        }
        self.advances.retain(|advance| advance.amount.0 > 0);
        most - left
    }
}

/// Settles a period's booked lines against an account; `None` when an amount does not fit.
pub fn settle(period: Period, lines: &Lines, account: &Account, terms: &TermsNow) -> Option<Settled> {
    let mut run = Settled { extra: Vec::new(), after: account.clone() };
    let booked = lines.values().try_fold(0i128, |sum, amount| sum.checked_add(*amount))?;
    let booked = booked - set_off(&mut run, period, lines)?;
    let (over, under) = (i128::from(account.balance.0.max(0)), i128::from(account.balance.0.min(0)));
    let capped = terms.cap.map_or(booked + over, |cap| (booked + over).min(i128::from(cap.amount.0)));
    let mut excess = booked + over - capped;
    if excess > 0 && terms.cap.is_some_and(|cap| cap.lost) {
        run.add(PayoutKind::Carried, period, -excess)?;
        excess = 0;
    }
    let mut net = capped + under;
    let added = match &terms.draw {
        Some(draw) => draw_down(&mut run, period, net, draw)?,
        None => 0,
    };
    net += if added > 0 { added } else { -recover(&mut run, period, net, terms)? };
    if terms.forgives {
        let owed = run.after.advances.iter_mut().filter(|advance| advance.kind == AdvanceKind::Draw);
        owed.for_each(|advance| advance.kind = AdvanceKind::Forgiven);
    }
    let small = terms.minimum.is_some_and(|minimum| net > 0 && net < i128::from(minimum.0));
    let carried = if small || (net < 0 && !terms.receivable) { net } else { 0 };
    run.after.balance = Minor(i64::try_from(excess + carried).ok()?);
    Some(run)
}

/// What comes late for an earlier period is first set off against what that period's pay was raised by. A manual line is
/// paid as it is stated.
fn set_off(run: &mut Settled, period: Period, lines: &Lines) -> Option<i128> {
    let mut all = 0;
    for advance in run.after.advances.clone().iter().filter(|advance| advance.period != period) {
        let earned = |line: &Line| !line.by_hand && line.effective == advance.period;
        let late = lines.iter().filter(|(line, _)| earned(line)).map(|(_, amount)| *amount);
        let taken = run.after.take(late.sum::<i128>().max(0), |of| of.period == advance.period);
        if taken > 0 {
            let kind = if advance.kind == AdvanceKind::Guarantee { PayoutKind::Guarantee } else { PayoutKind::Recovery };
            run.add(kind, advance.period, -taken)?;
            all += taken;
        }
    }
    Some(all)
}

/// Raises the net to the draw, as far as the balance of draws may grow.
fn draw_down(run: &mut Settled, period: Period, net: i128, draw: &DrawNow) -> Option<i128> {
    let room = draw.maximum_balance.filter(|_| draw.recoverable).map(|most| i128::from(most.0) - i128::from(run.after.owed().0));
    let missing = (i128::from(draw.amount.0) - net).max(0);
    let added = room.map_or(missing, |room| missing.min(room.max(0)));
    if added > 0 {
        let (kind, of) = match draw.recoverable {
            true => (PayoutKind::Draw, AdvanceKind::Draw),
            false => (PayoutKind::Guarantee, AdvanceKind::Guarantee),
        };
        run.add(kind, period, added)?;
        run.after.advances.push(Advance { period, amount: Minor(i64::try_from(added).ok()?), kind: of });
    }
    Some(added)
}

/// Takes back what is owed, out of what is above the floor.
fn recover(run: &mut Settled, period: Period, net: i128, terms: &TermsNow) -> Option<i128> {
    let Some(recovery) = &terms.recovery else { return Some(0) };
    let excess = (net - i128::from(recovery.floor.0)).max(0);
    let most = excess.checked_mul(i128::from(recovery.share_of_excess.0))? / 10i128.pow(RATE_DECIMALS);
    let taken = run.after.take(most, |advance| advance.kind == AdvanceKind::Draw);
    if taken > 0 {
        run.add(PayoutKind::Recovery, period, -taken)?;
    }
    Some(taken)
}

impl Extra {
    /// The earning code of its record.
    pub fn code(&self) -> String {
        match self.kind {
            PayoutKind::Carried => CAPPED.into(),
            kind => kind.name().to_ascii_uppercase(),
        }
    }
}

impl Settled {
    fn add(&mut self, kind: PayoutKind, effective: Period, amount: i128) -> Option<()> {
        self.extra.push(Extra { kind, effective, amount: Minor(i64::try_from(amount).ok()?) });
        Some(())
    }
}

#[cfg(test)]
mod tests;
