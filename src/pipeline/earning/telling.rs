//! What a payee's entry tells of its earnings to the payees for whom a measure counts them, himself among them: differences
//! to what it told before.
//!
//! What is told before a close in front is the close's, until the close's first round has come by: from then on what is
//! earned up to the close is told apart from the rest, which is of the epoch behind it. Leaves out the rounds (`rounds`).

use super::booking::View;
use super::entry::Entry;
use crate::domain::adjustment::BY_HAND;
use crate::domain::calendar::Period;
use crate::domain::world::World;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where what is told goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    pub epoch: u32,
    /// What is earned up to the close of this epoch is told in it, and the rest in the next.
    pub apart: bool,
}

/// For whom, and for which sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sum {
    pub payee_id: CompactString,
    pub measure: CompactString,
    pub period: Period,
    pub yearly: bool,
}

/// What was told of a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    sum: Sum,
    /// In the epochs up to the one of [`Telling`], and in the next.
    until: i128,
    since: i128,
}

impl Told {
    #[cfg(test)]
    pub fn of(sum: Sum, until: i128, since: i128) -> Told {
        Told { sum, until, since }
    }

    /// All that was told, whichever epoch it is of.
    pub fn whole(&self) -> (&Sum, i128) {
        (&self.sum, self.until + self.since)
    }
}

/// A difference to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub sum: Sum,
    pub epoch: u32,
    pub minor: i128,
}

type Wanted = BTreeMap<Sum, i128>;

/// Brings what an entry has told up to date; `None` when an amount does not fit. The last view is of everything.
pub fn news(entry: &mut Entry, payee_id: &Arc<str>, telling: Telling, views: &[View<'_>]) -> Option<Vec<News>> {
    let mut news = Vec::new();
    let Some((all, closes)) = views.split_last() else { return Some(news) };
    if all.world.earning_rounds == 0 && entry.told.is_empty() {
        return Some(news);
    }
    let wanted = wanted(payee_id, all)?;
    let until = match closes.first().filter(|_| telling.apart) {
        Some(close) => Some(self::wanted(payee_id, close)?),
        None => None,
    };
    let known = std::mem::take(&mut entry.told).into_vec();
    let mut told: BTreeMap<Sum, (i128, i128)> = known.into_iter().map(|of| (of.sum, (of.until, of.since))).collect();
    for sum in wanted.keys().chain(until.iter().flat_map(Wanted::keys)) {
        told.entry(sum.clone()).or_default();
    }
    let amount = |of: &Wanted, sum: &Sum| of.get(sum).copied().unwrap_or(0);
    for (sum, (until_before, since_before)) in &mut told {
        let all = amount(&wanted, sum);
        // Once the close is performed, what was told behind it is told in the epoch in front.
        let (until_now, since_now, before) = match &until {
            Some(until) => (amount(until, sum), all - amount(until, sum), *until_before),
            None => (all, 0, *until_before + std::mem::take(since_before)),
        };
        let mut tell = |epoch, minor| {
            if minor != 0 {
                news.push(News { sum: sum.clone(), epoch, minor });
            }
        };
        tell(telling.epoch, until_now - before);
        tell(telling.epoch + 1, since_now - *since_before);
        (*until_before, *since_before) = (until_now, since_now);
    }
    let kept = told.into_iter().filter(|(_, (until, since))| *until != 0 || *since != 0);
    entry.told = kept.map(|(sum, (until, since))| Told { sum, until, since }).collect();
    Some(news)
}

/// What a view earned for each sum that counts it.
fn wanted(payee_id: &Arc<str>, view: &View<'_>) -> Option<Wanted> {
    let (world, mut wanted) = (view.world, Wanted::new());
    if world.company.is_none() {
        // Nobody knows in which currency it is; the company's fact tells it.
        return Some(wanted);
    }
    let earnings = world.measures.iter().filter_map(|defined| Some((defined, defined.measure.earnings.as_ref()?)));
    for (defined, earnings) in earnings {
        let counted = view.pricing.earned.iter().filter(|((component, _, _), priced)| {
            priced.minor.0 != 0 && !component.starts_with(BY_HAND) && defined.measure.counts_earnings_of(component)
        });
        for ((_, _, period), priced) in counted {
            for receiver in world.earned_for(payee_id, *period, earnings.by) {
                for yearly in spans(world) {
                    let (payee_id, measure) = (receiver.as_ref().into(), defined.id.as_ref().into());
                    let sum = wanted.entry(Sum { payee_id, measure, period: *period, yearly: *yearly }).or_default();
                    *sum = i128::checked_add(*sum, priced.minor.0.into())?;
                }
            }
        }
    }
    Some(wanted)
}

/// Whether there are sums of years beside those of quarters.
fn spans(world: &World) -> &'static [bool] {
    if world.yearly.is_some() { &[false, true] } else { &[false] }
}
