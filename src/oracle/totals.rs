//! When it is booked and paid: closes in order, bookings, runs, releases, and what stands at the end of the log.
//!
//! Everything is computed anew for every close that stands and once more for the end of the log.

use super::conversion::Heaps;
use super::credits::{Sum, Sums, Until, measure};
use super::earnings;
use super::history::{History, NextOffsets, QuotaKey};
use super::pay::Purse;
use super::quotas::Closed;
use super::rewards::{Earned, Pricing, Slot, kind_of};
use super::rules::{Accepted, Close, accept};
use super::runs::{employee_ref, payout_id};
use super::tables::measures_of;
use super::world::{World, long_intervals, periods_of};
use crate::domain::money::{Amount, Measured, Minor};
use crate::wire::records::{CurrencyTotal, Interval, IntervalKind, Payout, Period, Quarter, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What was booked: one chain of accruals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotalKey {
    pub payee_id: Arc<str>,
    pub component: Arc<str>,
    pub interval: Interval,
    pub effective_period: Period,
    pub booking_period: Period,
}

/// What was earned for a pay period, wherever it was booked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EarnedKey {
    pub payee_id: Arc<str>,
    pub component: Arc<str>,
    pub interval: Interval,
    pub pay_period: Period,
}

/// Payee, measure, interval.
pub type AttainmentKey = (Arc<str>, Arc<str>, Interval);

/// Where a measured sum stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attained {
    pub measured: Measured,
    /// In force for the interval's last period.
    pub quota: Option<Amount>,
}

/// The run of a close that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTotal {
    pub run_id: String,
    pub period: Period,
    /// In all currencies.
    pub records: u64,
    /// Of what is paid in the company's currency.
    pub total: Minor,
    /// Of what is paid in others.
    pub other_totals: Vec<CurrencyTotal>,
    pub closed_by: String,
    pub released_by: Option<String>,
}

/// A close that not every source partition has performed. It and the closes after it are not computed; when some
/// partitions have performed it, published bookings may already follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub close_id: String,
    pub period: Period,
    pub missing: Vec<u32>,
}

/// Everything that a log adds up to. Money is in minor units of the currency of the payee's plans; zeros are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The company's; empty while none is defined.
    pub currency: String,
    pub minor_digits: u32,
    /// What payees earn in whose plans are in another currency than the company's.
    pub earned_in: BTreeMap<Arc<str>, Arc<str>>,
    /// The currencies of measures of money and of earnings.
    pub measured_in: BTreeMap<Arc<str>, Arc<str>>,
    /// Components that earn points, two decimals of which are a minor unit here; all others earn money.
    pub points: BTreeSet<Arc<str>>,
    pub booked: BTreeMap<TotalKey, Minor>,
    pub earned: BTreeMap<EarnedKey, Minor>,
    /// Of released runs, by `payout_id`.
    pub payouts: BTreeMap<String, Payout>,
    /// Of every close that stands and is not pending, released or not.
    pub runs: Vec<RunTotal>,
    /// What each of `runs` leaves to its payees, by run and payee: what is brought forward, draws to recover, what is
    /// earned and not due, and what is brought forward in another currency of pay.
    pub left: BTreeMap<(String, String), [Minor; 4]>,
    /// What is brought forward after the last of `runs`.
    pub balances: BTreeMap<Arc<str>, Minor>,
    /// Deals that wait for a fact.
    pub parked: BTreeMap<Arc<str>, Reason>,
    pub attainment: BTreeMap<AttainmentKey, Attained>,
    /// Of months that nobody needs to hear of: no quota, and no monthly component measures them (any more).
    pub unneeded_attainment: BTreeMap<AttainmentKey, Attained>,
    pub pending: Vec<Pending>,
    /// Facts that do not count, by offset, with the reason.
    pub ignored_facts: Vec<(u64, String)>,
}

impl History {
    /// Computes everything from scratch. A close that is pending is left out with all closes after it: ask when every
    /// partition has caught up.
    pub fn totals(&self) -> Totals {
        let accepted = accept(self);
        let mut books = Books::new(self);
        let (performed, pending) = split_pending(self, &accepted);
        let mut world = World::default();
        let mut facts = accepted.facts.iter().peekable();
        for (close, partitions) in &performed {
            while let Some((_, body)) = facts.next_if(|(offset, _)| *offset < close.offset) {
                world.apply(body, &self.payees);
            }
            books.close(close, &world, partitions);
        }
        facts.for_each(|(_, body)| world.apply(body, &self.payees));
        let mut totals = books.finish(&world, performed.last().map(|(close, _)| close.closed.period));
        self.name_employees(&accepted, &performed, &mut totals);
        totals.pending = pending;
        totals.ignored_facts = accepted.ignored;
        totals
    }

    /// What payroll calls the payees of released runs, under the world of each release.
    fn name_employees(&self, accepted: &Accepted<'_>, performed: &[(Close<'_>, &Partitions)], totals: &mut Totals) {
        let mut world = World::default();
        let mut facts = accepted.facts.iter().peekable();
        for (close, released_at) in performed.iter().filter_map(|(close, _)| Some((close, close.released_at?))) {
            while let Some((_, body)) = facts.next_if(|(offset, _)| *offset < released_at) {
                world.apply(body, &self.payees);
            }
            for payout in totals.payouts.values_mut().filter(|payout| payout.run_id == close.closed.close_id) {
                let payee = self.payees.find(&payout.payee_id);
                payout.employee_ref = payee.and_then(|payee| employee_ref(&world, payee, payout.period));
            }
        }
    }
}

type Partitions = BTreeMap<u32, NextOffsets>;

/// The closes that all source partitions have performed, and the rest.
fn split_pending<'h>(history: &'h History, accepted: &Accepted<'h>) -> (Vec<(Close<'h>, &'h Partitions)>, Vec<Pending>) {
    let (mut performed, mut pending) = (Vec::new(), Vec::new());
    for close in &accepted.closes {
        let notes = history.closed.get(&close.closed.close_id);
        let has_note = |partition: &u32| notes.is_some_and(|notes| notes.contains_key(partition));
        let missing: Vec<u32> = (0..history.partitions).filter(|partition| !has_note(partition)).collect();
        match notes {
            Some(notes) if missing.is_empty() && pending.is_empty() => performed.push((*close, notes)),
            _ => {
                let (close_id, period) = (close.closed.close_id.clone(), close.closed.period);
                pending.push(Pending { close_id, period, missing });
            }
        }
    }
    (performed, pending)
}

/// One change of what is booked for a slot.
pub(super) struct Booking<'h> {
    pub(super) slot: Slot,
    pub(super) period: Period,
    pub(super) minor: i64,
    pub(super) earning_code: &'h str,
}

/// What closes have booked for a payee, in order, and what is brought forward.
#[derive(Default)]
pub(super) struct Account<'h> {
    pub(super) bookings: Vec<Booking<'h>>,
    pub(super) purse: Purse,
    /// What runs paid of each slot, and the slots that are paid in tranches.
    pub(super) paid: BTreeMap<Slot, i64>,
    pub(super) in_tranches: BTreeSet<Slot>,
    /// Of who is paid in another currency than that of the plans.
    pub(super) heaps: Heaps,
}

fn other_total((currency, (records, total)): (String, (u64, i64))) -> CurrencyTotal {
    CurrencyTotal { currency, records, total: Minor(total) }
}

struct Books<'h> {
    history: &'h History,
    /// Of every payee for whom a close has booked something.
    accounts: BTreeMap<u32, Account<'h>>,
    /// The closes before.
    closed: Rc<Closed<'h>>,
    totals: Totals,
}

impl<'h> Books<'h> {
    fn new(history: &'h History) -> Books<'h> {
        Books { history, accounts: BTreeMap::new(), closed: Rc::default(), totals: Totals::default() }
    }

    /// Books what is earned up to a close for its period and those before it, and computes its run.
    fn close(&mut self, close: &Close<'h>, world: &World<'h>, partitions: &'h Partitions) {
        let until = Until::Close(partitions);
        let sums = self.sums(world, until);
        let pricing = self.pricing(world, until, &sums);
        let period = close.closed.period;
        let (mut records, mut total, mut others) = (0, 0i64, BTreeMap::<String, (u64, i64)>::new());
        let own = world.own_currency().unwrap_or_default();
        for payee in self.paid(&sums, world) {
            let mut account = self.accounts.remove(&payee).unwrap_or_default();
            let mut earned = pricing.earned(payee, sums.of(payee));
            earned.retain(|slot, _| slot.effective <= period);
            let late = account.bookings.len();
            account.book(&pricing, &earned, |_| period);
            let payouts = account.run(close, &pricing, payee, late, sums.of(payee));
            records += payouts.len() as u64;
            for payout in &payouts {
                if payout.currency == own {
                    total = total.saturating_add(payout.amount.0);
                } else {
                    let of = others.entry(payout.currency.clone()).or_default();
                    *of = (of.0 + 1, of.1.saturating_add(payout.amount.0));
                }
            }
            if close.released_by.is_some() {
                self.totals.payouts.extend(payouts.into_iter().map(|payout| (payout_id(&payout), payout)));
            }
            let carried_in = account.heaps.carried.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            let left = [account.purse.carried, account.purse.owed(), account.held(), carried_in];
            if left != [0; 4] {
                let key = (close.closed.close_id.clone(), self.history.payees.text(payee).to_string());
                self.totals.left.insert(key, left.map(Minor));
            }
            self.accounts.insert(payee, account);
        }
        drop(pricing);
        Rc::make_mut(&mut self.closed).push((period, until));
        self.totals.runs.push(RunTotal {
            run_id: close.closed.close_id.clone(),
            period,
            records,
            total: Minor(total),
            other_totals: others.into_iter().map(other_total).collect(),
            closed_by: close.author.into(),
            released_by: close.released_by.map(String::from),
        });
    }

    /// Of credits, and of what is earned.
    fn sums(&self, world: &World<'h>, until: Until<'_>) -> Sums {
        let credits = measure(self.history, world, until);
        earnings::add(world, credits, |sums| self.pricing(world, until, sums))
    }

    fn pricing<'a>(&self, world: &'a World<'h>, until: Until<'a>, sums: &'a Sums) -> Pricing<'a, 'h> {
        Pricing {
            history: self.history,
            world,
            until,
            lines: &sums.lines,
            deals: &sums.deals,
            backs: &sums.backs,
            paid: &sums.paid,
            closed: self.closed.clone(),
        }
    }

    /// Whom a run may pay: a draw is paid without a sum, too.
    fn paid(&self, sums: &Sums, world: &World<'h>) -> BTreeSet<u32> {
        let draws = world.plans.values().flatten().any(|plan| plan.pay.draw.is_some());
        let everybody = if draws { self.history.payees.len() as u32 } else { 0 };
        self.payees(sums, world).into_iter().chain(0..everybody).collect()
    }

    fn payees(&self, sums: &Sums, world: &World<'h>) -> BTreeSet<u32> {
        let adjusted = self.history.adjustments.keys().copied().chain(world.measured_at_zero());
        sums.sums.iter().map(|sum| sum.payee).chain(self.accounts.keys().copied()).chain(adjusted).collect()
    }

    /// What stands at the end of the log: late changes are booked in the first open period.
    fn finish(mut self, world: &World<'h>, last_closed: Option<Period>) -> Totals {
        let sums = self.sums(world, Until::End);
        let pricing = self.pricing(world, Until::End, &sums);
        self.totals.name_currencies(self.history, world);
        self.totals.points = world.points.iter().map(|component| Arc::from(*component)).collect();
        let booked_in = |slot: &Slot| match last_closed {
            Some(last) if slot.effective <= last => Period(last.0 + 1),
            _ => slot.effective,
        };
        for payee in self.payees(&sums, world) {
            let mut account = self.accounts.remove(&payee).unwrap_or_default();
            account.book(&pricing, &pricing.earned(payee, sums.of(payee)), booked_in);
            self.state(payee, &account);
        }
        self.totals.booked.retain(|_, minor| minor.0 != 0);
        self.totals.earned.retain(|_, minor| minor.0 != 0);
        self.totals.attainment = attainment(&pricing, &sums, true);
        self.totals.unneeded_attainment = attainment(&pricing, &sums, false);
        let name = |(deal, reason): (u32, Reason)| (self.history.deals.text(deal).clone(), reason);
        self.totals.parked = sums.parked.into_iter().map(name).collect();
        self.totals
    }

    /// Adds a payee's account to the totals.
    fn state(&mut self, payee: u32, account: &Account<'_>) {
        let payee_id = self.history.payees.text(payee);
        for Booking { slot, period, minor, .. } in &account.bookings {
            let component = self.history.texts.text(slot.component).clone();
            let (interval, pay_period) = (slot.interval, slot.effective);
            let earned = EarnedKey { payee_id: payee_id.clone(), component, interval, pay_period };
            let booked = TotalKey {
                payee_id: payee_id.clone(),
                component: earned.component.clone(),
                interval,
                effective_period: pay_period,
                booking_period: *period,
            };
            self.totals.booked.entry(booked).or_default().0 += minor;
            self.totals.earned.entry(earned).or_default().0 += minor;
        }
        if account.purse.carried != 0 {
            self.totals.balances.insert(payee_id.clone(), Minor(account.purse.carried));
        }
    }
}

impl<'h> Account<'h> {
    /// Books what is earned less what was booked before, slot by slot, each into the period that `into` says.
    fn book(&mut self, pricing: &Pricing<'_, 'h>, earned: &BTreeMap<Slot, Earned<'h>>, into: impl Fn(&Slot) -> Period) {
        let mut booked: BTreeMap<Slot, Earned<'h>> = BTreeMap::new();
        for booking in &self.bookings {
            let before = booked.get(&booking.slot).map_or(0, |before| before.minor);
            booked.insert(booking.slot, Earned { minor: before + booking.minor, earning_code: booking.earning_code });
        }
        let slots: BTreeSet<Slot> = earned.keys().chain(booked.keys()).copied().collect();
        for slot in slots {
            let (now, before) = (earned.get(&slot), booked.get(&slot));
            let minor = now.map_or(0, |now| now.minor) - before.map_or(0, |before| before.minor);
            if minor != 0 {
                let said = now.or(before).map(|of| of.earning_code);
                let earning_code = pricing.earning_code(&slot).or(said).unwrap_or_default();
                self.bookings.push(Booking { slot, period: into(&slot), minor, earning_code });
            }
        }
    }
}

/// Where every measured sum stands: for each quota statement in the calendar (of a longer interval than a quarter once a plan
/// has such a component), each quarter with a sum, and each other interval with a sum that a component of the payee measures
/// over it; or, what is not `needed`, each other interval with a sum.
fn attainment(pricing: &Pricing<'_, '_>, sums: &Sums, needed: bool) -> BTreeMap<AttainmentKey, Attained> {
    let history = pricing.history;
    let mut subjects: BTreeSet<(u32, u32, Interval)> = BTreeSet::new();
    let calendar = pricing.world.calendar.and_then(|calendar| history.texts.find(&calendar.calendar_id));
    let quotas = history.quotas.keys().filter(|key| Some(key.calendar) == calendar);
    let yearly = pricing.world.yearly;
    if needed {
        let known = |key: &&QuotaKey| pricing.world.measures.contains_key(&**history.texts.text(key.measure));
        let short = |key: &&QuotaKey| matches!(key.interval, Interval::Month(_) | Interval::Quarter(_));
        let shown = quotas.filter(known).filter(|key| yearly || short(key));
        subjects.extend(shown.map(|key| (key.payee, key.measure, key.interval)));
    }
    let ids: Vec<_> = pricing.world.measures.keys().collect();
    let components = pricing.world.plans.values().flatten().flat_map(|plan| &plan.components);
    let over = components.flat_map(|component| measures_of(component).into_iter().map(|id| (component.interval, id)));
    let over: BTreeSet<(IntervalKind, &str)> = over.collect();
    for Sum { payee, measure: place, period, .. } in &sums.sums {
        let id = ids[*place as usize];
        let Some(measure) = history.texts.find(id) else { continue };
        if needed {
            subjects.insert((*payee, measure, Interval::Quarter(Quarter(period.0.div_euclid(3)))));
        }
        let long =
            long_intervals(period.0.div_euclid(12)).into_iter().filter(|long| yearly && periods_of(*long).contains(period));
        for interval in [Interval::Month(*period)].into_iter().chain(long) {
            let measured = over.contains(&(kind_of(interval), id)) && pricing.measures_over(*payee, id, interval);
            if needed == measured {
                subjects.insert((*payee, measure, interval));
            }
        }
    }
    let reached = |interval: &Interval| periods_of(*interval).into_iter().all(|period| pricing.world.bounds(period).is_some());
    let subjects = subjects.into_iter().filter(|(_, _, interval)| reached(interval));
    let stands = |(payee, measure, interval)| {
        let key = (history.payees.text(payee).clone(), history.texts.text(measure).clone(), interval);
        (key, pricing.attained(payee, measure, interval, sums.of(payee)))
    };
    subjects.map(stands).filter(|(_, attained)| *attained != Attained::default()).collect()
}
