//! Intervals of which what is returned is taken back in the pay period of the return, be it behind the interval.
//!
//! What is earned up to a pay period is what was known of returns by its end; what is earned for it is the difference to the
//! period before, whatever the table and the price. Which version is in force last says whether an interval is one of these.

use super::{FallingDue, InForce, Terms, Versions, lacking, out_of_range};
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::exact::Exact;
use crate::domain::money::Minor;
use crate::domain::reward::{Earned, earned};
use crate::pipeline::earning::inputs::Inputs;
use crate::pipeline::earning::priced::{Priced, Pricing, Source};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What an interval earned up to a pay period, as it stood then.
struct Standing<'i> {
    period: Period,
    /// Where its last period is among those of the interval.
    place: usize,
    earned: Vec<Earned<'i>>,
}

impl Standing<'_> {
    fn total(&self) -> i64 {
        self.earned[..=self.place].iter().fold(0, |total, of| total.saturating_add(of.minor.0))
    }

    fn exact(&self) -> Exact {
        self.earned[..=self.place].iter().fold(Exact::ZERO, |total, of| &total + &of.exact)
    }
}

impl<'w> Terms<'w> {
    /// Whether anything was returned that counts later than its deal.
    pub(super) fn takes_back_later(&self, interval: Interval, versions: &Versions<'w>, inputs: &Inputs) -> bool {
        let (first, last) = interval.first_and_last();
        let mut in_force = (first.0..=last.0).filter_map(|period| versions.in_force[self.span.place(Period(period))]);
        // What a lookup's rows lose by a return is not told, so an interval that one prices a part of is recomputed.
        !inputs.returned.is_empty()
            && !in_force.clone().any(|version| version.component().lookup.is_some())
            && in_force.next_back().is_some_and(|version| version.component().takes_back_later())
    }

    pub(super) fn price_later(
        &self,
        interval: Interval,
        versions: &Versions<'w>,
        inputs: &Inputs,
        run: Option<Period>,
        pricing: &mut Pricing<'w>,
    ) {
        let inputs = &self.with_returns_asked_for(inputs);
        let (first, last) = interval.first_and_last();
        let mut periods: Vec<Period> = (first.0..=last.0).map(Period).collect();
        periods.extend(self.returned_behind(interval, inputs));
        let standings =
            periods.iter().map(|period| Some((*period, self.inputs_at(*period, interval, inputs)?))).collect::<Option<Vec<_>>>();
        let standings = standings.as_ref().and_then(|known| self.standings(interval, versions, known, run.is_some()));
        let standings = standings.filter(|all| self.are_payable(all)).unwrap_or_else(|| {
            pricing.waiting.push(out_of_range(versions.component_id, interval));
            // What a person adds to it is paid all the same.
            let nothing = |period: &Period| Standing {
                period: *period,
                place: (period.0.min(last.0) - first.0) as usize,
                earned: vec![Earned::default(); (last.0 - first.0) as usize + 1],
            };
            periods.iter().map(nothing).collect()
        });
        self.add_later(interval, versions, inputs, run, &standings, pricing);
    }

    /// What was told, with what was returned of the measures alone of which some component asks now: another plan may have
    /// asked before.
    fn with_returns_asked_for(&self, inputs: &Inputs) -> Inputs {
        let mut inputs = inputs.clone();
        let told = std::mem::take(&mut inputs.returned).into_vec();
        inputs.returned = told.into_iter().filter(|of| self.world.asks_for_returns(&of.measure)).collect();
        inputs
    }

    /// The pay periods behind an interval in which deals of it are returned.
    fn returned_behind(&self, interval: Interval, inputs: &Inputs) -> BTreeSet<Period> {
        let (_, last) = interval.first_and_last();
        let places = self.places(interval);
        let own = inputs.returned.iter().filter(|of| places.contains(&usize::from(of.place)));
        let calendar = self.world.calendar.as_deref();
        own.filter_map(|of| calendar?.period_of(of.on)).filter(|period| *period > last).collect()
    }

    /// What was known of the interval by the end of a pay period; what others lack is what they lack by now.
    fn inputs_at(&self, period: Period, interval: Interval, inputs: &Inputs) -> Option<Inputs> {
        let after = self.world.bounds(period).map_or(Date(i32::MAX), |(_, after)| after);
        inputs.without_returns_since(after, &self.places(interval))
    }

    fn places(&self, interval: Interval) -> RangeInclusive<usize> {
        let (first, last) = interval.first_and_last();
        self.span.place(first)..=self.span.place(last)
    }

    /// `None` when an amount does not fit.
    fn standings<'i>(
        &self,
        interval: Interval,
        versions: &Versions<'w>,
        known: &'i [(Period, Inputs)],
        in_parts: bool,
    ) -> Option<Vec<Standing<'i>>>
    where
        'w: 'i,
    {
        let (first, last) = interval.first_and_last();
        let in_force = |period: Period| versions.in_force[self.span.place(period)];
        let digits = self.money.minor_digits;
        let standing = |(period, inputs): &'i (Period, Inputs)| {
            let rows = (first.0..=last.0).map(|of| self.period_input(interval, Period(of), &in_force, inputs));
            let earned = earned(&rows.collect::<Option<Vec<_>>>()?, digits, in_parts)?;
            Some(Standing { period: *period, place: (period.0.min(last.0) - first.0) as usize, earned })
        };
        known.iter().map(standing).collect()
    }

    /// What each of them adds to the one before.
    fn are_payable(&self, standings: &[Standing<'_>]) -> bool {
        let mut before = 0;
        standings.iter().all(|standing| {
            let total = standing.total();
            let added = total.saturating_sub(std::mem::replace(&mut before, total));
            Minor(added).is_payable(self.money.minor_digits)
        })
    }

    fn add_later(
        &self,
        interval: Interval,
        versions: &Versions<'w>,
        inputs: &Inputs,
        run: Option<Period>,
        standings: &[Standing<'_>],
        pricing: &mut Pricing<'w>,
    ) {
        let (first, _) = interval.first_and_last();
        let in_force = |period: Period| versions.in_force[self.span.place(period)];
        let tranches =
            (0..=standings.last().map_or(0, |of| of.place)).filter_map(|place| in_force(Period(first.0 + place as i32)));
        let tranches = tranches.into_iter().any(|version| !version.component().pay.is_empty());
        let run = run.filter(|_| tranches).and_then(|run| Some((run, self.world.bounds(run)?.1)));
        let mut falling_due = run.map(|(run, run_end)| FallingDue { inputs, run, run_end, interval, before: 0 });
        let (mut before, mut exact_before) = (0i64, Exact::ZERO);
        for standing in standings {
            // What is returned where no version is in force is taken back by the last that was.
            let places = (0..=standing.place).rev().map(|place| in_force(Period(first.0 + place as i32)));
            let Some(version): Option<InForce<'w>> = places.flatten().next() else { continue };
            let earned = &standing.earned[standing.place];
            let due = falling_due.as_mut().map(|due| due.next(earned, version.component(), in_force, self.money.minor_digits));
            if standing.period.0 - first.0 == standing.place as i32 {
                pricing.waiting.extend(earned.lacks.map(|lacks| lacking(versions.component_id, interval, lacks)));
            }
            let (total, exact) = (standing.total(), standing.exact());
            let minor = Minor(total.saturating_sub(std::mem::replace(&mut before, total)));
            let exact = &exact - &std::mem::replace(&mut exact_before, exact.clone());
            let earning_code = &version.plan.names[version.place].1;
            let source = Source::Plan { version: version.plan, earning_code };
            let key = (versions.component_id.into(), interval, standing.period);
            pricing.add(key, Priced { minor, due, exact, source });
        }
    }
}
