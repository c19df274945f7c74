//! Pay: the records of what a closed period pays one payee.
//!
//! Leaves out how draws, caps and balances come about (`account`): here a run is booked lines, the lines that it added,
//! and what it brings forward.

use super::account::{Account, Extra, Settled};
use super::calendar::Period;
use super::money::Minor;
use super::output::{Payout, PayoutKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Earning codes that no component can have: of what a run adds itself, and a sum's name in cases.
pub const RESERVED: [&str; 8] = [CARRIED, CAPPED, "DRAW", "GUARANTEE", "RECOVERY", "CLAWBACK", MANUAL, "net"];
/// Earning code of what is brought forward.
pub const CARRIED: &str = "CARRIED";
/// Earning code of what is above a payment cap and lost.
pub const CAPPED: &str = "CAPPED";
/// Earning code of a manual line that states no other.
pub const MANUAL: &str = "MANUAL";

/// Booked amounts of one payee in one period.
pub type Lines = BTreeMap<Line, i128>;

/// What is paid in one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub earning_code: String,
    pub effective: Period,
    /// A manual line: no component earned it.
    pub by_hand: bool,
}

impl Line {
    /// What a run calls it.
    pub fn kind(&self, run: Period) -> PayoutKind {
        match self.by_hand {
            true => PayoutKind::Manual,
            false if self.effective == run => PayoutKind::Regular,
            false => PayoutKind::PriorPeriod,
        }
    }
}

/// The identity of a run's payee that every record repeats.
#[derive(Clone, Debug)]
pub struct RunOf<'r> {
    pub run_id: &'r str,
    pub pay_group: &'r str,
    pub period: Period,
    pub payee_id: &'r str,
    pub employee_ref: Option<&'r str>,
    /// Of plans, and of pay unless it is converted.
    pub currency: &'r str,
}

/// What a run adds to its booked lines, and what it brings forward: kept from the close until the release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    pub extra: Vec<Extra>,
    pub balance_before: Minor,
    pub balance_after: Minor,
    pub owed_after: Minor,
}

impl Brought {
    pub fn new(before: &Account, settled: &Settled) -> Brought {
        Brought {
            extra: settled.extra.clone(),
            balance_before: before.balance,
            balance_after: settled.after.balance,
            owed_after: settled.after.owed(),
        }
    }
}

/// The records of a payee in a run: none where they add up to nothing, since then nothing is paid or all of it is brought
/// forward. `None` when an amount does not fit.
pub fn payouts(run: &RunOf<'_>, lines: &Lines, brought: &Brought) -> Option<Vec<Payout>> {
    let carried = brought.balance_before.0.checked_sub(brought.balance_after.0)?;
    let balance_after = Minor(brought.balance_after.0.checked_sub(brought.owed_after.0)?);
    let mut payouts = Vec::with_capacity(lines.len() + 1);
    let mut add = |earning_code: &str, kind, effective_period, amount: Minor| {
        if amount != Minor(0) {
            payouts.push(Payout {
                run_id: run.run_id.into(),
                pay_group: run.pay_group.into(),
                period: run.period,
                payee_id: run.payee_id.into(),
                employee_ref: run.employee_ref.map(str::to_owned),
                earning_code: earning_code.into(),
                kind,
                effective_period,
                amount,
                currency: run.currency.into(),
                balance_after,
                converted: None,
            });
        }
    };
    for (line, amount) in lines {
        add(&line.earning_code, line.kind(run.period), line.effective, Minor(i64::try_from(*amount).ok()?));
    }
    for extra in &brought.extra {
        add(&extra.code(), extra.kind, extra.effective, extra.amount);
    }
    add(CARRIED, PayoutKind::Carried, run.period, Minor(carried));
    let net: i128 = payouts.iter().map(|payout| i128::from(payout.amount.0)).sum();
    Some(if net == 0 { Vec::new() } else { payouts })
}

/// A payout's part of its run's digest: the digests of a run add up mod 2^128, in any order.
pub fn digest(payout: &Payout) -> u128 {
    let text = format!("{}={}", payout.payout_id(), payout.amount.0);
    let hash = blake3::hash(text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(first)
}

/// A run's digest as its record says it.
pub fn digest_text(digest: u128) -> String {
    format!("{digest:032x}")
}
