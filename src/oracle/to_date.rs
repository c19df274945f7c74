//! Quotas to date: the part of a quota that falls to the pay periods so far, and what makes up for its growth.
//!
//! What is given for a period is the table at its end, against the quota up to it, less the table where the last period
//! that counted ended, against the quota up to that one. A version, or one that comes back, starts where the period before
//! it ended.

use super::deals::by_deals;
use super::numbers::decimal;
use super::tables::{Case, Point, Waits, counts};
use super::world::periods_of;
use crate::domain::money::RATE_DECIMALS;
use crate::wire::records::{Component, Interval, NoQuota, Period, QuotaUse, TierBy};
use num_rational::BigRational;
use num_traits::{One, Zero};

pub(super) fn is_to_date(component: &Component) -> bool {
    component.quota != QuotaUse::Interval
}

/// The part of the interval's quota that falls to its pay periods up to one, with it.
pub(super) fn so_far(component: &Component, interval: Interval, until: Period) -> BigRational {
    let periods = periods_of(interval);
    let over = periods.iter().filter(|period| **period <= until).count();
    match &component.quota {
        QuotaUse::Interval => BigRational::one(),
        QuotaUse::ToDate(shares) if shares.is_empty() => BigRational::new(over.into(), periods.len().into()),
        QuotaUse::ToDate(shares) => {
            shares[..over].iter().fold(BigRational::zero(), |all, share| all + decimal(share.0, RATE_DECIMALS))
        }
    }
}

/// What the table gives for the last of a version's periods, which counts; with what periods before it could not add.
pub(super) fn made_up(cases: &[Case<'_, '_>], before: &BigRational) -> Result<BigRational, Waits> {
    let Some(now) = cases.last() else { return Ok(BigRational::zero()) };
    let in_a_row = in_a_row(cases);
    let counted = (in_a_row..cases.len() - 1).rev().find(|place| counts(&cases[..=*place], before));
    if by_deals(now.component) {
        let mut all = now.priced()?;
        for case in &cases[counted.map_or(in_a_row, |place| place + 1)..cases.len() - 1] {
            // Deals of a period without the payee's own rate have none later, either.
            all += case.priced().unwrap_or_default();
        }
        return Ok(all);
    }
    let end = Point { case: *now, last: now.period, against: now.period };
    let start = counted.map_or(Period(cases[in_a_row].period.0 - 1), |place| cases[place].period);
    let earlier = if now.starts_from_nothing() { BigRational::zero() } else { table_at_start(now, start)? };
    Ok(end.table()?.unwrap_or_default() - earlier)
}

/// The place of the first of those at the end that follow each other period by period.
fn in_a_row(cases: &[Case<'_, '_>]) -> usize {
    let gap = cases.windows(2).rposition(|pair| pair[1].period.0 - pair[0].period.0 > 1);
    gap.map_or(0, |place| place + 1)
}

/// The table as it is now where an earlier period ended. Without a quota up to there (and no first tier that stands in
/// for it) it is against the quota of now.
fn table_at_start(now: &Case<'_, '_>, start: Period) -> Result<BigRational, Waits> {
    if !periods_of(now.interval).contains(&start) {
        return Ok(BigRational::zero());
    }
    let component = now.component;
    let there = Point { case: *now, last: start, against: start };
    let unmeasured = component.tier_by == TierBy::Attainment && there.quota(&component.measure).is_none();
    let against = if unmeasured && component.no_quota != Some(NoQuota::FirstTier) { now.period } else { start };
    Ok(Point { against, ..there }.table()?.unwrap_or_default())
}
