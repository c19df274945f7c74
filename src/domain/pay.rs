//! Pay: what a closed period pays one payee, and the balance that goes forward when the net is not positive.
//!
//! Leaves out draws, caps, holds and other currencies: a run is booked lines plus what was brought forward.

use super::calendar::Period;
use super::money::Minor;
use super::output::{Payout, PayoutKind};
use std::collections::BTreeMap;

/// Earning code of what is brought forward.
pub const CARRIED: &str = "CARRIED";

/// Booked amounts of one payee in one period: by earning code and effective period.
pub type Lines = BTreeMap<(String, Period), i128>;

/// The identity of a run's payee that every record repeats.
#[derive(Clone, Debug)]
pub struct RunOf<'r> {
    pub run_id: &'r str,
    pub pay_group: &'r str,
    pub period: Period,
    pub payee_id: &'r str,
    pub employee_ref: Option<&'r str>,
    pub currency: &'r str,
}

/// What one payee is paid, and the balance afterwards; `None` when an amount does not fit.
pub fn pay(run: &RunOf<'_>, lines: &Lines, brought_forward: Minor) -> Option<(Vec<Payout>, Minor)> {
    let net = lines.values().try_fold(i128::from(brought_forward.0), |sum, amount| sum.checked_add(*amount))?;
    if net <= 0 {
        return Some((Vec::new(), Minor(i64::try_from(net).ok()?)));
    }
    let mut payouts = Vec::with_capacity(lines.len() + 1);
    for ((earning_code, effective), amount) in lines.iter().filter(|(_, amount)| **amount != 0) {
        let kind = if *effective == run.period { PayoutKind::Regular } else { PayoutKind::PriorPeriod };
        payouts.push(record(run, earning_code, kind, *effective, Minor(i64::try_from(*amount).ok()?)));
    }
    if brought_forward.0 != 0 {
        payouts.push(record(run, CARRIED, PayoutKind::Carried, run.period, brought_forward));
    }
    Some((payouts, Minor(0)))
}

fn record(run: &RunOf<'_>, earning_code: &str, kind: PayoutKind, effective_period: Period, amount: Minor) -> Payout {
    Payout {
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
        balance_after: Minor(0),
    }
}

/// A payout's part of its run's digest: the digests of a run add up mod 2^128, in any order.
pub fn digest(payout: &Payout) -> u128 {
    let text = format!("{}={}", payout.payout_id(), payout.amount.0);
    let hash = blake3::hash(text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(first)
}
