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
    let mut total = I256::ZERO;
    let mut result = Vec::with_capacity(periods.len());
    for period in periods {
        result.push(match period.component {
            None => Earned { minor: Minor(0), exact: I256::ZERO, needs_quota: false },
            Some(component) => price(component, period, &mut total, minor_digits)?,
        });
    }
    Some(result)
}

fn price(component: &Component, period: &PeriodInput<'_>, total: &mut Exact, minor_digits: u32) -> Option<Earned> {
    let at = |sum| value(component, period.quota, sum);
    let (Value::Earns(start), Value::Earns(end)) = (at(period.from), at(period.to)) else {
        return Some(Earned { minor: Minor(0), exact: I256::ZERO, needs_quota: true });
    };
    let before = *total;
    *total += end - start;
    let round = |exact: Exact| round_to_minor(exact, minor_digits, component.rounding);
    let minor = round(*total)?.0.checked_sub(round(before)?.0)?;
    Some(Earned { minor: Minor(minor), exact: end - start, needs_quota: false })
}
