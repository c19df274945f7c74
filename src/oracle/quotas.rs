//! Which statement about a quota counts: the newest that applies, and for pay periods that are closed what the plan says.
//!
//! What a close saw are the statements before its cut. A period that is frozen is priced by those that its own close saw; if it
//! would wait for a quota, by those of the first close since that saw one. One that only rises is priced by what each close
//! since its own saw, and by all, and earns the most of these, before it is gone on from.

use super::credits::Until;
use super::deals::taken_back;
use super::history::{QuotaKey, Statement};
use super::rewards::Pricing;
use super::tables::{self, Case};
use super::world::periods_of;
use crate::wire::records::{Component, Interval, NoQuota, Period, Plan, QuotaAfterRelease};
use num_rational::BigRational;

/// The closes that stand: their periods, and what they saw.
pub(super) type Closed<'h> = Vec<(Period, Until<'h>)>;

/// Whether it makes a difference when a quota was stated.
pub(super) fn looks_back(plan: &Plan, component: &Component) -> bool {
    plan.quota_after_release != QuotaAfterRelease::Adjust && component.no_quota.is_some()
}

impl<'h> Pricing<'_, 'h> {
    /// The quota statement in force for a pay period: of those before the cut that apply by then the highest revision.
    pub(super) fn quota(&self, payee: u32, measure: &str, interval: Interval, period: Period) -> Option<&'h Statement> {
        self.quota_until(self.until, payee, measure, interval, period)
    }

    /// The same of those before another cut.
    fn quota_until(
        &self,
        until: Until<'_>,
        payee: u32,
        measure: &str,
        interval: Interval,
        period: Period,
    ) -> Option<&'h Statement> {
        let texts = &self.history.texts;
        let calendar = texts.find(&self.world.calendar?.calendar_id)?;
        let key = QuotaKey { payee, measure: texts.find(measure)?, calendar, interval };
        let (first, _) = self.world.bounds(period)?;
        let stated = self.history.quotas.get(&key)?.iter();
        let stated = stated.filter(|statement| until.holds_quota(statement.partition, statement.offset));
        // From the first day of a pay period of the interval; another day is none from which it could apply.
        let periods = periods_of(interval);
        let starts = |from| self.world.starting_on(from).is_some_and(|period| periods.contains(&period));
        let fits = |statement: &&Statement| statement.applies_from.is_none_or(|from| starts(from) && from <= first);
        let applying = stated.filter(fits);
        applying.max_by_key(|statement| statement.revision)
    }
}

impl<'c> Case<'c, '_> {
    fn closes(self) -> impl Iterator<Item = Until<'c>> {
        self.pricing.closed.iter().filter(move |(period, _)| *period >= self.period).map(|(_, until)| *until)
    }

    /// What is stated of a quota, by the statements that this case is priced by.
    pub(super) fn stated(self, measure: &str, against: Period) -> Option<i128> {
        let by = |until: Until<'_>| self.pricing.quota_until(until, self.payee, measure, self.interval, against)?.amount;
        let all = self.pricing.until;
        match self.plan.quota_after_release {
            QuotaAfterRelease::Adjust => by(all),
            QuotaAfterRelease::RaiseOnly => by(self.seen_by.unwrap_or(all)),
            QuotaAfterRelease::Freeze => match (self.closes().next(), self.component.no_quota) {
                (None, _) => by(all),
                (Some(_), Some(NoQuota::Park)) => self.closes().find_map(by).or_else(|| by(all)),
                (Some(own), _) => by(own),
            },
        }
    }

    /// The same case by the statements that each close since its own saw, where they may count, and by all.
    pub(super) fn by_each(self) -> impl Iterator<Item = Self> {
        let rises = self.plan.quota_after_release == QuotaAfterRelease::RaiseOnly;
        let seen_by = move |until: Until<'c>| Case { seen_by: Some(until), ..self };
        self.closes().filter(move |_| rises).map(seen_by).chain([self])
    }

    /// The one of them that adds most to the cases before it; of several the first.
    pub(super) fn at_best(self, earlier: &[Self], before: &BigRational) -> Self {
        if self.plan.quota_after_release != QuotaAfterRelease::RaiseOnly {
            return self;
        }
        let added = |case: Self| {
            let cases: Vec<Self> = earlier.iter().copied().chain([case]).collect();
            tables::earned(&cases, before) - taken_back(&cases, before)
        };
        let mut best: Option<(BigRational, Self)> = None;
        for case in self.by_each() {
            let added = added(case);
            if best.as_ref().is_none_or(|(most, _)| added > *most) {
                best = Some((added, case));
            }
        }
        best.map_or(self, |(_, case)| case)
    }
}
