//! Intervals of which what is returned is taken back in the pay period of the return.
//!
//! For every pay period everything is priced anew with what had been returned by its end; a period earns what that is more
//! than the one before it. Where versions of an interval differ, the last says whether it is so.

use super::credits::{DealSum, Sum};
use super::deals::takes_back;
use super::lookups::is_lookup;
use super::rewards::{Pricing, Slot};
use super::world::periods_of;
use crate::domain::money::Minor;
use crate::wire::records::{ClawbackPeriod, Component, Date, Interval, Period, Plan};
use std::collections::BTreeSet;

type Version<'h> = Option<(&'h Plan, &'h Component)>;

pub(super) fn is_later(component: &Component) -> bool {
    component.clawback.period == ClawbackPeriod::Current
}

/// Whether it makes a difference to a component what was returned, and when.
pub(super) fn asks_for_returns(component: &Component) -> bool {
    takes_back(component) || is_later(component)
}

/// What was known at the end of a pay period.
pub(super) struct Then {
    pub(super) period: Period,
    pub(super) sums: Vec<Sum>,
    pub(super) deals: Vec<DealSum>,
    pub(super) backs: Vec<DealSum>,
}

impl<'h> Pricing<'_, 'h> {
    /// The pay periods at whose ends an interval is looked at; `None` where what is returned counts with its deal.
    pub(super) fn moments(&self, payee: u32, sums: &[Sum], interval: Interval, versions: &[Version<'h>]) -> Option<Vec<Then>> {
        let last = versions.iter().flatten().last()?;
        let mut any = self.backs.iter().filter(|back| back.payee == payee).peekable();
        let by_line = versions.iter().flatten().any(|(_, component)| is_lookup(component));
        if !is_later(last.1) || by_line || any.peek().is_none() {
            return None;
        }
        let inside = periods_of(interval);
        let own = any.filter(|back| inside.contains(&back.period));
        let returned: BTreeSet<Period> = own.filter_map(|back| self.world.period_of(back.on)).collect();
        let end = inside.iter().copied().max()?;
        let behind = returned.into_iter().filter(|period| *period > end);
        let moments: Vec<Period> = inside.iter().copied().chain(behind).collect();
        Some(moments.into_iter().map(|period| self.then(payee, sums, &inside, period)).collect())
    }

    /// Of what counts in the pay periods `inside`; what other intervals lack is what they lack by now.
    fn then(&self, payee: u32, sums: &[Sum], inside: &[Period], period: Period) -> Then {
        let after = self.world.bounds(period).map_or(Date(i32::MAX), |(_, after)| after);
        let mut then = Then { period, sums: sums.to_vec(), deals: Vec::new(), backs: Vec::new() };
        then.deals.extend(self.deals.iter().filter(|deal| deal.payee == payee).cloned());
        for back in self.backs.iter().filter(|back| back.payee == payee && inside.contains(&back.period)) {
            if back.on < after {
                then.backs.push(back.clone());
                continue;
            }
            // It is not returned yet.
            let same = |sum: &&mut Sum| (sum.measure, sum.period) == (back.measure, back.period);
            match then.sums.iter_mut().find(same) {
                Some(sum) => sum.sum += back.sum,
                None => then.sums.push(Sum { payee, measure: back.measure, period: back.period, sum: back.sum }),
            }
            match then.deals.iter_mut().find(|deal| (deal.measure, &deal.place) == (back.measure, &back.place)) {
                Some(deal) => deal.sum += back.sum,
                None => then.deals.push(back.clone()),
            }
        }
        then.deals.sort_by(|one, other| one.place.cmp(&other.place));
        then
    }

    pub(super) fn at<'s>(&'s self, then: &'s Then) -> Pricing<'s, 'h> {
        let Pricing { history, world, until, lines, paid, .. } = *self;
        let (deals, backs, closed) = (&then.deals, &then.backs, self.closed.clone());
        Pricing { history, world, until, lines, deals, backs, paid, closed }
    }

    /// What each pay period, of the interval or behind it, adds to what had been earned; as `priced`.
    pub(super) fn priced_later(
        &self,
        payee: u32,
        interval: Interval,
        versions: &[Version<'h>],
        moments: &[Then],
    ) -> Option<Vec<(Slot, i64, &'h str)>> {
        let (mut before, mut earned) = (0i64, Vec::new());
        for then in moments {
            let priced = self.at(then).priced_at_once(payee, &then.sums, interval, versions, false)?;
            let total = priced.iter().filter(|(slot, ..)| slot.effective <= then.period).map(|(_, minor, _)| minor).sum::<i64>();
            let new = total.checked_sub(before).filter(|new| Minor(*new).is_payable(self.world.digits_of(payee)))?;
            before = total;
            let up_to = periods_of(interval).into_iter().zip(versions).filter(|(period, _)| *period <= then.period);
            if let Some((_, component)) = up_to.filter_map(|(_, version)| *version).next_back() {
                let slot = self.slot(payee, &component.component_id, interval, then.period).filter(|_| new != 0);
                earned.extend(slot.map(|slot| (slot, new, component.earning_code.as_str())));
            }
        }
        Some(earned)
    }
}
