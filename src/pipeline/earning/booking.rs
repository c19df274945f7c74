//! Which period an earning is booked into, and the accruals that say so.
//!
//! What a close has fixed never moves. In front of it, an earning is booked in its own period while that is open, else
//! in the first open one; a close that is still to be performed divides by epoch.

use super::entry::{Book, Booking, Entry};
use super::inputs::Inputs;
use super::pricing::{BookKey, Priced, Pricing, price};
use crate::domain::calendar::{Date, Period, Quarter};
use crate::domain::money::Minor;
use crate::domain::output::{Accrual, Causes};
use crate::domain::world::World;
use ethnum::I256;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A close that is adopted and not performed: it takes what belongs to epochs up to its own.
#[derive(Clone, Debug)]
pub struct PendingClose {
    pub period: Period,
    pub epoch: u32,
    pub world: Arc<World>,
}

/// Where an entry stands among the closes.
#[derive(Clone, Debug, Default)]
pub struct Standpoint {
    /// Bookings into periods up to this one are fixed.
    pub frozen_through: Option<Period>,
    pub pending: Vec<PendingClose>,
}

/// Whose entry it is, and what the accruals say about their causes.
#[derive(Clone, Debug)]
pub struct Subject<'s> {
    pub payee_id: &'s Arc<str>,
    pub quarter: Quarter,
    pub causes: Causes,
}

/// What is earned up to one close or, last, in all.
struct View {
    period: Option<Period>,
    pricing: Pricing,
}

/// What bringing the books up to date did.
pub struct Booked {
    pub accruals: Vec<Accrual>,
    /// Of everything that was counted.
    pub pricing: Pricing,
    /// The books are not as they were, with or without an accrual.
    pub changed: bool,
}

/// Brings an entry's books up to date; `None` when an amount does not fit.
pub fn book(entry: &mut Entry, subject: &Subject<'_>, standpoint: &Standpoint, world: &World) -> Option<Booked> {
    let mut views = views(entry, subject, standpoint, world)?;
    let mut accruals = Vec::new();
    let mut changed = false;
    for key in keys(entry, &views) {
        let place = place_of(entry, &key);
        let targets = targets(&entry.books[place], &key, &views, standpoint)?;
        let priced = views.iter().rev().find_map(|view| view.pricing.earned.get(&key));
        let book = &mut entry.books[place];
        changed |= priced.is_some_and(|priced| book.describe(priced));
        post(book, targets, priced, subject, entry.as_of, world, &mut accruals);
    }
    entry.books.retain(|book| !book.bookings.is_empty());
    changed |= !accruals.is_empty();
    views.pop().map(|last| Booked { accruals, pricing: last.pricing, changed })
}

fn views(entry: &Entry, subject: &Subject<'_>, standpoint: &Standpoint, world: &World) -> Option<Vec<View>> {
    let mut views = Vec::with_capacity(standpoint.pending.len() + 1);
    for close in &standpoint.pending {
        let inputs = up_to(entry, Some(close.epoch))?;
        let pricing = price(subject.payee_id, subject.quarter, &inputs, &close.world);
        views.push(View { period: Some(close.period), pricing });
    }
    let pricing = match entry.later.is_empty() {
        true => price(subject.payee_id, subject.quarter, &entry.inputs, world),
        false => price(subject.payee_id, subject.quarter, &up_to(entry, None)?, world),
    };
    views.push(View { period: None, pricing });
    Some(views)
}

/// Inputs of epochs up to one, or of all.
fn up_to(entry: &Entry, epoch: Option<u32>) -> Option<Inputs> {
    let mut inputs = entry.inputs.clone();
    for (of, later) in &entry.later {
        if epoch.is_none_or(|epoch| *of <= epoch) {
            inputs.merge(later)?;
        }
    }
    Some(inputs)
}

fn keys(entry: &Entry, views: &[View]) -> BTreeSet<BookKey> {
    let known = entry.books.iter().map(|book| (book.component.clone(), book.interval, book.effective));
    let earned = views.iter().flat_map(|view| &view.pricing.earned);
    known.chain(earned.filter(|(_, priced)| priced.minor.0 != 0).map(|(key, _)| key.clone())).collect()
}

fn place_of(entry: &mut Entry, key: &BookKey) -> usize {
    let (component, interval, effective) = key;
    let found = entry
        .books
        .iter()
        .position(|book| book.component == *component && book.interval == *interval && book.effective == *effective);
    found.unwrap_or_else(|| {
        entry.books.push(Book {
            component: component.clone(),
            interval: *interval,
            effective: *effective,
            plan_id: String::new(),
            plan_from: Date(0),
            earning_code: String::new(),
            bookings: Vec::new(),
        });
        entry.books.len() - 1
    })
}

impl Book {
    /// Takes over which plan version prices it; true when that is another than before.
    fn describe(&mut self, priced: &Priced) -> bool {
        let plan = &priced.plan.plan;
        let same = self.plan_id == plan.plan_id && self.plan_from == plan.from && *self.earning_code == *priced.earning_code;
        if !same {
            self.plan_id.clone_from(&plan.plan_id);
            self.plan_from = plan.from;
            self.earning_code = priced.earning_code.to_string();
        }
        !same
    }
}

/// What every booking in front of the fixed ones should be; `None` when an amount does not fit.
fn targets(book: &Book, key: &BookKey, views: &[View], standpoint: &Standpoint) -> Option<BTreeMap<Period, i64>> {
    let fixed = book.bookings.iter().filter(|booking| Some(booking.period) <= standpoint.frozen_through);
    let mut assigned = fixed.map(|booking| i128::from(booking.total.0)).sum::<i128>();
    let free = book.bookings.iter().filter(|booking| Some(booking.period) > standpoint.frozen_through);
    let mut targets: BTreeMap<Period, i64> = free.map(|booking| (booking.period, 0)).collect();
    let mut closed = standpoint.frozen_through;
    for view in views {
        let earned = view.pricing.earned.get(key).map_or(0, |priced| i128::from(priced.minor.0));
        let into = match view.period {
            Some(period) if key.2 > period => {
                closed = closed.max(Some(period));
                continue;
            }
            Some(period) => period,
            None => closed.map_or(key.2, |closed| key.2.max(closed.next())),
        };
        closed = closed.max(view.period);
        let target = targets.entry(into).or_default();
        *target = target.checked_add(i64::try_from(earned - assigned).ok()?)?;
        assigned = earned;
    }
    Some(targets)
}

fn post(
    book: &mut Book,
    targets: BTreeMap<Period, i64>,
    priced: Option<&Priced>,
    subject: &Subject<'_>,
    as_of: i64,
    world: &World,
    accruals: &mut Vec<Accrual>,
) {
    for (period, total) in targets {
        let place = book.bookings.iter().position(|booking| booking.period == period);
        let before = place.map_or(Booking { period, total: Minor(0), sequence: 0 }, |place| book.bookings[place]);
        if before.total.0 == total {
            continue;
        }
        let after = Booking { period, total: Minor(total), sequence: before.sequence + 1 };
        match place {
            Some(place) => book.bookings[place] = after,
            None => book.bookings.push(after),
        }
        accruals.push(Accrual {
            payee_id: subject.payee_id.clone(),
            plan_id: book.plan_id.as_str().into(),
            plan_from: book.plan_from,
            component: book.component.as_str().into(),
            earning_code: book.earning_code.as_str().into(),
            calendar: world.calendar_id.clone(),
            interval: book.interval,
            effective_period: book.effective,
            booking_period: period,
            sequence: after.sequence,
            previous_total: before.total,
            new_total: after.total,
            exact_numerator: priced.map_or(I256::ZERO, |priced| priced.exact),
            currency: world.currency.clone(),
            causes: subject.causes,
            as_of,
        });
    }
}
