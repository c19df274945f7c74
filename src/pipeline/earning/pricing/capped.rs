//! The cap of a plan, over all that its components earned in the span.

use super::{Terms, Versions};
use crate::domain::calendar::{Interval, Period};
use crate::domain::exact::{Exact, scaled};
use crate::domain::money::Minor;
use crate::domain::plan::Plan;
use crate::domain::plan_cap::{CappedPeriod, PeriodCap, cuts};
use crate::domain::reject::Reason;
use crate::domain::world::PlanVersion;
use crate::pipeline::earning::entry::Waiting;
use crate::pipeline::earning::priced::Pricing;

impl<'w> Terms<'w> {
    /// Cuts what is above the caps of a plan, of which `versions` are the components.
    pub(super) fn cap(&self, versions: &[Versions<'w>], pricing: &mut Pricing<'w>) {
        let in_force = |place: usize| versions.iter().find_map(|of| of.in_force[place]).map(|version| version.plan);
        let by_period: Vec<(Period, &PlanVersion)> =
            self.span.periods().enumerate().filter_map(|(place, period)| Some((period, in_force(place)?))).collect();
        if by_period.iter().all(|(_, version)| version.plan.cap.is_none()) {
            return;
        }
        pricing.earned.sort_by(|(one, _), (other, _)| one.cmp(other));
        let counts = |(component, _, effective): &super::super::priced::BookKey, period: Period| {
            *effective == period && !self.world.earns_points(component)
        };
        let payee_id = self.payee.map_or("", |payee| &payee.payee_id);
        let periods: Vec<CappedPeriod> = by_period
            .iter()
            .map(|(period, version)| CappedPeriod {
                period: *period,
                version: version.plan.from,
                cap: self.world.plan_cap(payee_id, version, *period).map(|cap| match cap {
                    Ok((interval, most)) => PeriodCap::Of(interval, most),
                    Err(name) => {
                        pricing.waiting.push(without_cap(&version.plan, name, *period));
                        PeriodCap::Missing
                    }
                }),
                earned: pricing.earned.iter().filter(|(key, _)| counts(key, *period)).map(|(_, of)| of.minor).collect(),
            })
            .collect();
        for (of, cuts) in periods.iter().zip(cuts(&periods)) {
            let earned = pricing.earned.iter_mut().filter(|(key, _)| counts(key, of.period));
            for ((_, priced), cut) in earned.zip(cuts).filter(|(_, cut)| *cut != Minor(0)) {
                priced.minor = Minor(priced.minor.0 - cut.0);
                priced.exact = Exact::of(scaled(priced.minor.0, self.money.minor_digits));
            }
        }
    }
}

fn without_cap(plan: &Plan, name: &str, period: Period) -> Waiting {
    let interval = plan.cap.map_or(Interval::Month(period), |cap| Interval::of(cap.per, period));
    let message = format!("plan \"{}\" needs the payee's {name} for its cap in {interval}", plan.plan_id);
    Waiting { reason: Reason::MissingParameter, message }
}
