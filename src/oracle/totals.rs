//! When it is booked and paid: closes in order, bookings, runs, releases, and what stands at the end of the log.
//!
//! Everything is computed anew for every close that stands and once more for the end of the log.

use super::credits::{Sums, Until, measure};
use super::history::History;
use super::rewards::{Earned, Pricing, Slot};
use super::rules::{Accepted, Close, accept};
use super::world::{World, periods_of};
use crate::domain::money::{Amount, Measured, Minor, minor_digits};
use crate::wire::records::{Interval, Payout, PayoutKind, Period, Quarter, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A total that does not fit minor units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what {payee_id} earns by {component} up to {period} is out of range: correct the deals or rates behind it")]
pub struct OracleError {
    pub payee_id: String,
    pub component: String,
    pub period: Period,
}

impl OracleError {
    pub(super) fn new(payee_id: &str, component: &str, period: Period) -> OracleError {
        OracleError { payee_id: payee_id.into(), component: component.into(), period }
    }
}

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
    pub records: u64,
    pub total: Minor,
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

/// Everything that a log adds up to. Money is in minor units of `currency`; zeros are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Empty while no company is defined.
    pub currency: String,
    pub minor_digits: u32,
    pub booked: BTreeMap<TotalKey, Minor>,
    pub earned: BTreeMap<EarnedKey, Minor>,
    /// Of released runs, by `payout_id`.
    pub payouts: BTreeMap<String, Payout>,
    /// Of every close that stands and is not pending, released or not.
    pub runs: Vec<RunTotal>,
    /// What is brought forward after the last of `runs`: negative.
    pub balances: BTreeMap<Arc<str>, Minor>,
    /// Deals that wait for a fact.
    pub parked: BTreeMap<Arc<str>, Reason>,
    pub attainment: BTreeMap<AttainmentKey, Attained>,
    pub pending: Vec<Pending>,
    /// Facts that do not count, by offset, with the reason.
    pub ignored_facts: Vec<(u64, String)>,
}

impl History {
    /// Computes everything from scratch. A close that is pending is left out with all closes after it: ask when every
    /// partition has caught up.
    pub fn totals(&self) -> Result<Totals, OracleError> {
        let accepted = accept(self);
        let mut books = Books::new(self);
        let (performed, pending) = split_pending(self, &accepted);
        let mut world = World::default();
        let mut facts = accepted.facts.iter().peekable();
        for (close, partitions) in &performed {
            while let Some((_, body)) = facts.next_if(|(offset, _)| *offset < close.offset) {
                world.apply(body, &self.payees);
            }
            books.close(close, &world, partitions)?;
        }
        facts.for_each(|(_, body)| world.apply(body, &self.payees));
        let mut totals = books.finish(&world, performed.last().map(|(close, _)| close.closed.period))?;
        totals.pending = pending;
        totals.ignored_facts = accepted.ignored;
        Ok(totals)
    }
}

type Partitions = BTreeMap<u32, (u64, u64)>;

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

/// A line of a run before it is known whether it is paid: earning code and effective period.
type Lines<'h> = BTreeMap<(&'h str, Period), i64>;

struct Books<'h> {
    history: &'h History,
    bookings: BTreeMap<(Slot, Period), i64>,
    /// Sum of the bookings of a slot, under its newest earning code.
    booked: BTreeMap<Slot, Earned<'h>>,
    balances: BTreeMap<u32, i64>,
    totals: Totals,
}

impl<'h> Books<'h> {
    fn new(history: &'h History) -> Books<'h> {
        let (bookings, booked, balances) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Books { history, bookings, booked, balances, totals: Totals::default() }
    }

    /// Books what is earned up to a close for its period and those before it, and computes its run.
    fn close(&mut self, close: &Close<'h>, world: &World<'h>, partitions: &Partitions) -> Result<(), OracleError> {
        let until = Until::Close(partitions);
        let sums = measure(self.history, world, until);
        let pricing = self.pricing(world, until);
        let mut earned = price(&pricing, &sums)?;
        let period = close.closed.period;
        earned.retain(|slot, _| slot.effective <= period);
        let mut runs: BTreeMap<u32, Lines<'h>> = BTreeMap::new();
        for (slot, delta) in self.deltas(&pricing, &earned) {
            self.book(slot, period, delta);
            let line = runs.entry(slot.payee).or_default().entry((delta.earning_code, slot.effective)).or_default();
            *line += delta.minor;
        }
        self.run(close, world, runs);
        Ok(())
    }

    fn pricing<'a>(&self, world: &'a World<'h>, until: Until<'a>) -> Pricing<'a, 'h> {
        let digits = world.company.and_then(|company| minor_digits(&company.currency));
        Pricing { history: self.history, world, until, minor_digits: digits.unwrap_or(0) }
    }

    /// What is earned less what was booked, by slot; zeros are left out.
    fn deltas(&self, pricing: &Pricing<'_, 'h>, earned: &BTreeMap<Slot, Earned<'h>>) -> Vec<(Slot, Earned<'h>)> {
        let slots: BTreeSet<&Slot> = earned.keys().chain(self.booked.keys()).collect();
        let mut deltas = Vec::new();
        for slot in slots {
            let (now, before) = (earned.get(slot), self.booked.get(slot));
            let minor = now.map_or(0, |now| now.minor) - before.map_or(0, |before| before.minor);
            if minor != 0 {
                let code = now.map(|now| now.earning_code).or_else(|| pricing.earning_code(slot));
                let code = code.or(before.map(|before| before.earning_code)).unwrap_or_default();
                deltas.push((*slot, Earned { minor, earning_code: code }));
            }
        }
        deltas
    }

    fn book(&mut self, slot: Slot, period: Period, delta: Earned<'h>) {
        *self.bookings.entry((slot, period)).or_default() += delta.minor;
        let booked = self.booked.entry(slot).or_insert(Earned { minor: 0, ..delta });
        *booked = Earned { minor: booked.minor + delta.minor, ..delta };
    }

    /// Nets each payee's lines with what is brought forward; pays what is positive, carries the rest.
    fn run(&mut self, close: &Close<'h>, world: &World<'h>, mut runs: BTreeMap<u32, Lines<'h>>) {
        for payee in self.balances.keys() {
            runs.entry(*payee).or_default();
        }
        let (mut records, mut total) = (0, 0);
        for (payee, lines) in runs {
            let carried = self.balances.remove(&payee).unwrap_or(0);
            let net = carried + lines.values().sum::<i64>();
            if net < 0 {
                self.balances.insert(payee, net);
            }
            if net <= 0 {
                continue;
            }
            total += net;
            records += self.pay(close, world, payee, &lines, carried);
        }
        self.totals.runs.push(RunTotal {
            run_id: close.closed.close_id.clone(),
            period: close.closed.period,
            records,
            total: Minor(total),
            closed_by: close.author.into(),
            released_by: close.released_by.map(String::from),
        });
    }

    /// The payouts of one payee and run; they are public once the run is released. Returns how many.
    fn pay(&mut self, close: &Close<'h>, world: &World<'h>, payee: u32, lines: &Lines<'h>, carried: i64) -> u64 {
        let period = close.closed.period;
        let kind_of = |effective| if effective == period { PayoutKind::Regular } else { PayoutKind::PriorPeriod };
        let lines = lines.iter().map(|((code, effective), amount)| (*code, kind_of(*effective), *effective, *amount));
        let lines = lines.chain([("CARRIED", PayoutKind::Carried, period, carried)]);
        let last_day = world.bounds(period).map(|(_, after)| crate::wire::records::Date(after.0 - 1));
        let row = last_day.and_then(|day| world.known(payee)?.row_on(day));
        let mut records = 0;
        for (code, kind, effective_period, amount) in lines.filter(|(_, _, _, amount)| *amount != 0) {
            records += 1;
            let payout = Payout {
                run_id: close.closed.close_id.clone(),
                pay_group: close.closed.pay_group.clone(),
                period,
                payee_id: self.history.payees.text(payee).to_string(),
                employee_ref: row.and_then(|row| row.employee_ref.clone()),
                earning_code: code.into(),
                kind,
                effective_period,
                amount: Minor(amount),
                currency: world.company.map(|company| company.currency.clone()).unwrap_or_default(),
                balance_after: Minor(0),
            };
            if close.released_by.is_some() {
                self.totals.payouts.insert(payout_id(&payout), payout);
            }
        }
        records
    }

    /// What stands at the end of the log: late changes are booked in the first open period.
    fn finish(mut self, world: &World<'h>, last_closed: Option<Period>) -> Result<Totals, OracleError> {
        let sums = measure(self.history, world, Until::End);
        let pricing = self.pricing(world, Until::End);
        let earned = price(&pricing, &sums)?;
        for (slot, delta) in self.deltas(&pricing, &earned) {
            let open = last_closed.filter(|last| slot.effective <= *last).map(|last| Period(last.0 + 1));
            self.book(slot, open.unwrap_or(slot.effective), delta);
        }
        self.totals.attainment = attainment(&pricing, &sums);
        self.state(world);
        let name = |(deal, reason): (u32, Reason)| (self.history.deals.text(deal).clone(), reason);
        self.totals.parked = sums.parked.into_iter().map(name).collect();
        Ok(self.totals)
    }

    fn state(&mut self, world: &World<'h>) {
        let (payees, texts) = (&self.history.payees, &self.history.texts);
        self.totals.currency = world.company.map(|company| company.currency.clone()).unwrap_or_default();
        self.totals.minor_digits = minor_digits(&self.totals.currency).unwrap_or(0);
        for ((slot, booking_period), minor) in &self.bookings {
            let (payee_id, component) = (payees.text(slot.payee).clone(), texts.text(slot.component).clone());
            let (interval, effective_period) = (slot.interval, slot.effective);
            let key = TotalKey { payee_id, component, interval, effective_period, booking_period: *booking_period };
            self.totals.booked.entry(key).or_default().0 += minor;
        }
        for (slot, booked) in &self.booked {
            let (payee_id, component) = (payees.text(slot.payee).clone(), texts.text(slot.component).clone());
            let key = EarnedKey { payee_id, component, interval: slot.interval, pay_period: slot.effective };
            self.totals.earned.entry(key).or_default().0 += booked.minor;
        }
        self.totals.booked.retain(|_, minor| minor.0 != 0);
        self.totals.earned.retain(|_, minor| minor.0 != 0);
        let name = |(payee, balance): (&u32, &i64)| (payees.text(*payee).clone(), Minor(*balance));
        self.totals.balances = self.balances.iter().map(name).collect();
    }
}

fn price<'h>(pricing: &Pricing<'_, 'h>, sums: &Sums) -> Result<BTreeMap<Slot, Earned<'h>>, OracleError> {
    let mut earned = BTreeMap::new();
    for (payee, sums) in &sums.by_payee {
        pricing.earned(*payee, sums, &mut earned)?;
    }
    Ok(earned)
}

/// `payout_id` is a pure function of run, payee, earning code, kind, currency and effective period.
pub(super) fn payout_id(payout: &Payout) -> String {
    let kind = match payout.kind {
        PayoutKind::Regular => "regular",
        PayoutKind::PriorPeriod => "prior-period",
        PayoutKind::Carried => "carried",
    };
    let Payout { run_id, payee_id, earning_code, currency, effective_period, .. } = payout;
    format!("{run_id}/{payee_id}/{earning_code}/{kind}/{currency}/{effective_period}")
}

/// Where every measured sum stands: for each quota statement in the calendar, each quarter with a sum, and each month
/// with a sum that a monthly component of the payee measures.
fn attainment(pricing: &Pricing<'_, '_>, sums: &Sums) -> BTreeMap<AttainmentKey, Attained> {
    let history = pricing.history;
    let mut subjects: BTreeSet<(u32, u32, Interval)> = BTreeSet::new();
    let calendar = pricing.world.calendar.and_then(|calendar| history.texts.find(&calendar.calendar_id));
    let quotas = history.quotas.keys().filter(|key| Some(key.calendar) == calendar);
    subjects.extend(quotas.map(|key| (key.payee, key.measure, key.interval)));
    let ids: Vec<_> = pricing.world.measures.keys().collect();
    for (payee, of_payee) in &sums.by_payee {
        for (place, period) in of_payee.keys() {
            let Some(measure) = history.texts.find(ids[*place as usize]) else { continue };
            subjects.insert((*payee, measure, Interval::Quarter(Quarter(period.0.div_euclid(3)))));
            if pricing.measures_monthly(*payee, ids[*place as usize], *period) {
                subjects.insert((*payee, measure, Interval::Month(*period)));
            }
        }
    }
    let reached = |interval: &Interval| periods_of(*interval).into_iter().all(|period| pricing.world.bounds(period).is_some());
    let subjects = subjects.into_iter().filter(|(_, _, interval)| reached(interval));
    let stands = |(payee, measure, interval)| {
        let key = (history.payees.text(payee).clone(), history.texts.text(measure).clone(), interval);
        (key, pricing.attained(payee, measure, interval, sums.by_payee.get(&payee)))
    };
    subjects.map(stands).filter(|(_, attained)| *attained != Attained::default()).collect()
}
