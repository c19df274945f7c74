//! Parts of an interval: those in which a payee is on a plan, and those in which a version that begins anew is in force.

use super::rewards::find;
use super::tables::{Case, covers};
use super::world::{World, periods_of};
use crate::wire::records::{Interval, MidIntervalChange, Period, Plan, ProrateBy};
use num_rational::BigRational;
use num_traits::One;

impl Case<'_, '_> {
    /// The pay periods of the interval whose sums count: all of them, or of a version that begins anew those around this one
    /// in which it is in force without a gap.
    pub(super) fn segment(self) -> Vec<Period> {
        let all = periods_of(self.interval);
        if self.plan.mid_interval_change == MidIntervalChange::Carry {
            return all;
        }
        let same = |period: Period| {
            let components = self.pricing.components(self.payee, period);
            let found = find(&components, &self.plan.plan_id, &self.component.component_id, self.interval);
            found.is_some_and(|(plan, _)| plan.from == self.plan.from)
        };
        let mut runs = vec![Vec::new()];
        for period in all {
            match (same(period), runs.last_mut()) {
                (true, Some(run)) => run.push(period),
                _ => runs.push(Vec::new()),
            }
        }
        runs.into_iter().find(|run| run.contains(&self.period)).unwrap_or_default()
    }

    /// Whether another period of the interval belongs to what this one's version prices together.
    pub(super) fn goes_on_in(self, other: &Self) -> bool {
        self.plan.from == other.plan.from && self.segment().first() == other.segment().first()
    }

    /// The part that a quota or target is for: that of the segment, and of the payee's days on the plan where they count.
    pub(super) fn part(self, prorated: bool) -> BigRational {
        self.counted(&self.segment(), prorated)
    }

    /// Days on the plan over all days of the interval, or pay periods with such a day over all of them.
    pub(super) fn active_part(self) -> BigRational {
        days_on(self.pricing.world, self.payee, self.plan, self.interval)
    }

    fn counted(self, segment: &[Period], prorated: bool) -> BigRational {
        if segment.len() == periods_of(self.interval).len() && !prorated {
            return BigRational::one();
        }
        part_of(self.pricing.world, (self.payee, prorated), self.plan, self.interval, segment)
    }
}

/// The part of an interval in which a payee is on a plan, as the plan counts.
pub(super) fn days_on(world: &World<'_>, payee: u32, plan: &Plan, interval: Interval) -> BigRational {
    part_of(world, (payee, true), plan, interval, &periods_of(interval))
}

/// The part of an interval that lies in some of its pay periods: all days of them, or those of a payee on the plan.
fn part_of(
    world: &World<'_>,
    (payee, prorated): (u32, bool),
    plan: &Plan,
    interval: Interval,
    segment: &[Period],
) -> BigRational {
    let seat = world.known(payee);
    let on_plan = |day: i32| {
        let mut rows = seat.iter().flat_map(|seat| &seat.payee.rows);
        !prorated || rows.any(|row| covers(row, day) && row.plans.contains(&plan.plan_id))
    };
    if prorated && seat.is_none() {
        return BigRational::one();
    }
    let (mut active, mut all) = (0, 0);
    for period in periods_of(interval) {
        let Some((first, after)) = world.bounds(period) else { return BigRational::one() };
        let inside = segment.contains(&period);
        let days = (first.0..after.0).filter(|day| inside && on_plan(*day)).count();
        match plan.prorate.by {
            ProrateBy::ActiveDays => (active, all) = (active + days, all + (after.0 - first.0)),
            ProrateBy::Months => (active, all) = (active + usize::from(days > 0), all + 1),
        }
    }
    BigRational::new(active.into(), all.into())
}
