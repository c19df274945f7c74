//! In which intervals a payee's components are priced: those with a sum, and those of which a quota says that zero is measured.

use super::credits::Sum;
use super::history::QuotaKey;
use super::lower::is_best_at_zero;
use super::rewards::Pricing;
use super::world::{World, long_intervals};
use crate::wire::records::{Component, Half, Interval, IntervalKind, Period, Quarter, Year};
use std::collections::BTreeSet;

impl<'h> World<'h> {
    /// Remembers what a component measures at zero.
    pub(super) fn note_best_at_zero(&mut self, component: &'h Component) {
        if is_best_at_zero(component) {
            self.at_zero.insert((component.interval, component.measure.as_str()));
        }
    }

    /// Who may earn something without any sum.
    pub(super) fn measured_at_zero(&self) -> Vec<u32> {
        if self.at_zero.is_empty() { Vec::new() } else { self.everyone().collect() }
    }
}

impl Pricing<'_, '_> {
    pub(super) fn quarters(&self, payee: u32, sums: &[Sum]) -> BTreeSet<i32> {
        self.months(payee, sums).into_iter().map(|month| month.div_euclid(3)).collect()
    }

    /// Half-years and years with a sum or such a quota, where plans have any.
    pub(super) fn long_intervals(&self, payee: u32, sums: &[Sum]) -> Vec<Interval> {
        let months = if self.world.yearly { self.months(payee, sums) } else { BTreeSet::new() };
        let years: BTreeSet<i32> = months.into_iter().map(|month| month.div_euclid(12)).collect();
        years.into_iter().flat_map(long_intervals).collect()
    }

    /// A pay period at least of each of them.
    fn months(&self, payee: u32, sums: &[Sum]) -> BTreeSet<i32> {
        let mut months: BTreeSet<i32> = sums.iter().map(|sum| sum.period.0).collect();
        let texts = &self.history.texts;
        let Some(calendar) = self.world.calendar else { return months };
        let Some(id) = texts.find(&calendar.calendar_id) else { return months };
        let known = calendar.first.0..calendar.first.0 + calendar.starts.len() as i32 - 1;
        for (kind, measure) in &self.world.at_zero {
            let Some(measure) = texts.find(measure) else { continue };
            let stated = |month: &i32| {
                let interval = interval_of(*kind, Period(*month));
                self.history.quotas.contains_key(&QuotaKey { payee, measure, calendar: id, interval })
            };
            months.extend(known.clone().filter(stated));
        }
        months
    }
}

pub(super) fn interval_of(kind: IntervalKind, Period(month): Period) -> Interval {
    match kind {
        IntervalKind::Month => Interval::Month(Period(month)),
        IntervalKind::Quarter => Interval::Quarter(Quarter(month.div_euclid(3))),
        IntervalKind::HalfYear => Interval::Half(Half(month.div_euclid(6))),
        IntervalKind::Year => Interval::Year(Year(month.div_euclid(12))),
    }
}
