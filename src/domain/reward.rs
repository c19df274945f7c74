//! Reward: what one component earned for each pay period of one interval.
//!
//! `E(up to P)` carries: each period is priced from its starting position on the curve in force in it. What is earned
//! for P is the difference of two rounded cumulative amounts, so nothing drifts.

use super::fact::Component;
use super::money::{Amount, Measured, Minor, round_to_minor};
use super::rate_table::{Exact, Value, value};
use ethnum::I256;

/// One pay period of the interval: the component's version in force (if any), the quota, and the cumulative sums of its
/// measure before and after the period.
#[derive(Clone, Copy, Debug)]
pub struct PeriodInput<'w> {
    pub component: Option<&'w Component>,
    pub quota: Option<Amount>,
    pub from: Measured,
    pub to: Measured,
}

/// What was earned for one pay period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earned {
    pub minor: Minor,
    /// Unrounded, in 10^-20 of the currency's unit.
    pub exact: Exact,
    /// Waits for a quota.
    pub needs_quota: bool,
}

/// Prices the periods of one interval in order; `None` when an amount does not fit.
pub fn earned(periods: &[PeriodInput<'_>], minor_digits: u32) -> Option<Vec<Earned>> {
    let (mut total, mut rounded) = (I256::ZERO, Minor(0));
    let mut result = Vec::with_capacity(periods.len());
    for period in periods {
        let Some(component) = period.component else {
            result.push(Earned { minor: Minor(0), exact: I256::ZERO, needs_quota: false });
            continue;
        };
        let (exact, needs_quota) = part(component, period);
        total += exact;
        let before = std::mem::replace(&mut rounded, round_to_minor(total, minor_digits, component.rounding)?);
        result.push(Earned { minor: Minor(rounded.0.checked_sub(before.0)?), exact, needs_quota });
    }
    Some(result)
}

/// What a period adds to the unrounded total, and whether it lacks a quota to say so.
fn part(component: &Component, period: &PeriodInput<'_>) -> (Exact, bool) {
    let at = |sum| value(component, period.quota, sum);
    match (at(period.from), at(period.to)) {
        (Value::Earns(start), Value::Earns(end)) => (end - start, false),
        _ => (I256::ZERO, true),
    }
}
