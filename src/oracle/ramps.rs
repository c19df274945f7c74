//! What of a quota is expected of a payee who is new: pay periods are counted one by one.

use super::numbers::decimal;
use super::rules::{Check, hold};
use super::tables::Case;
use super::to_date::is_to_date;
use crate::domain::money::RATE_DECIMALS;
use crate::wire::records::{Date, Period, Plan};
use num_rational::BigRational;
use num_traits::{One, Zero};

impl Case<'_, '_> {
    /// The mean of what is expected in the pay periods of the segment that are not before the payee's first one.
    pub(super) fn expected(self) -> BigRational {
        let mut expected = Vec::new();
        for period in self.segment() {
            if !self.plan.ramp.is_empty() {
                expected.extend(self.expected_in(period));
            }
        }
        let periods = expected.len();
        if periods == 0 {
            return BigRational::one();
        }
        let all = expected.into_iter().fold(BigRational::zero(), |all, one| all + one);
        all / BigRational::from_integer(periods.into())
    }

    /// `None` before the payee's first pay period, and for whom nothing says when that was.
    fn expected_in(self, period: Period) -> Option<BigRational> {
        let world = self.pricing.world;
        let began = world.known(self.payee)?.payee.rows.first()?.from;
        let calendar = world.calendar?;
        if calendar.starts.first().is_some_and(|first| began < *first) {
            return Some(BigRational::one());
        }
        let over_by = |after: Date| after <= began;
        let counted = (calendar.first.0..=period.0).map(Period);
        let since_then = counted.filter(|of| !world.bounds(*of).is_some_and(|(_, after)| over_by(after))).count();
        let place = since_then.checked_sub(1)?;
        Some(self.plan.ramp.get(place).map_or_else(BigRational::one, |part| decimal(part.0, RATE_DECIMALS)))
    }
}

/// Not too long, of parts, and of quotas that are compared with all at once.
pub(super) fn fits(plan: &Plan) -> Check {
    if plan.ramp.is_empty() {
        return Ok(());
    }
    hold(plan.ramp.len() <= 36, "a ramp of more than 36 pay periods")?;
    hold(plan.ramp.iter().all(|part| (0..=100_000_000).contains(&part.0)), "a part of a ramp that is none")?;
    hold(plan.components.iter().any(|component| component.no_quota.is_some()), "a ramp without a quota")?;
    hold(!plan.components.iter().any(is_to_date), "a ramp of a quota to date")
}
