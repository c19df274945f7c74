//! Which period an earning is booked into, and the accruals that say so.
//!
//! What a close has fixed never moves. In front of it, an earning is booked in its own period while that is open, else
//! in the first open one; a close that is still to be performed divides by epoch.

use super::entry::{Book, Booking, Entry, PricedBy, Waiting};
use super::inputs::Inputs;
use super::priced::{BookKey, Priced, Pricing, Source};
use super::pricing::Terms;
use super::telling::{News, Telling, news};
use crate::domain::calendar::{Period, Span};
use crate::domain::exact::Exact;
use crate::domain::money::{Minor, POINTS};
use crate::domain::output::{Accrual, Causes};
use crate::domain::world::World;
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
    pub telling: Telling,
}

/// Whose entry it is, and what the accruals say about their causes.
#[derive(Clone, Debug)]
pub struct Subject<'s> {
    pub payee_id: &'s Arc<str>,
    pub span: Span,
    pub causes: Causes,
}

/// What is earned up to one close or, last, in all.
pub struct View<'w> {
    period: Option<Period>,
    pub pricing: Pricing<'w>,
    pub world: &'w World,
}

/// What bringing the books up to date did.
pub struct Booked {
    pub accruals: Vec<Accrual>,
    /// Of everything that was counted.
    pub waiting: Vec<Waiting>,
    /// The books, or what is told of them, are not as they were, with or without an accrual.
    pub changed: bool,
    /// For measures of earnings.
    pub news: Vec<News>,
}

/// Brings an entry's books up to date; `None` when an amount does not fit.
pub fn book(entry: &mut Entry, subject: &Subject<'_>, standpoint: &Standpoint, terms: &Terms<'_>) -> Option<Booked> {
    let mut views = views(entry, subject, standpoint, terms)?;
    let mut accruals = Vec::new();
    let mut changed = false;
    for key in keys(entry, &views) {
        let place = place_of(entry, &key);
        let targets = targets(&entry.books[place], &key, &views, standpoint)?;
        let exact = views.last().and_then(|view| view.pricing.get(&key)).map_or(Exact::ZERO, |priced| priced.exact.clone());
        let posting = Posting { subject, exact, as_of: entry.as_of, world: terms.world };
        changed |= posting.post(&mut entry.books[place], targets, &mut accruals);
    }
    entry.books.retain(|book| !book.bookings.is_empty() || !book.paid.is_empty());
    let told = entry.told.clone();
    let news = news(entry, subject.payee_id, standpoint.telling, &views)?;
    // Behind a close what was told may stand otherwise without any news: the next one starts from that.
    changed |= !news.is_empty() || entry.told != told;
    views.pop().map(|last| Booked { accruals, waiting: last.pricing.waiting, changed, news })
}

fn views<'w>(entry: &Entry, subject: &Subject<'_>, standpoint: &'w Standpoint, terms: &Terms<'w>) -> Option<Vec<View<'w>>> {
    let mut views = Vec::with_capacity(standpoint.pending.len() + 1);
    for close in &standpoint.pending {
        let then = Terms::of(subject.payee_id, subject.span, &close.world);
        let mut inputs = up_to(entry, Some(close.epoch))?;
        if terms.world.earning_rounds > 0 {
            forget_later_measures(&mut inputs, &close.world, terms.world);
        }
        let pricing = then.price(&inputs);
        views.push(View { period: Some(close.period), pricing, world: &close.world });
    }
    let pricing = match entry.later.is_empty() {
        true => terms.price(&entry.inputs),
        false => terms.price(&up_to(entry, None)?),
    };
    views.push(View { period: None, pricing, world: terms.world });
    Some(views)
}

/// What is told of earnings before the first round of a close may be of measures that came behind the close, or of components that
/// are in no plan of it: to it they are not there, so that no component of it is of a higher phase than its rounds.
fn forget_later_measures(inputs: &mut Inputs, then: &World, now: &World) {
    let of_earnings = |id: &str| now.measure(id).is_some_and(|defined| defined.measure.earnings.is_some());
    inputs.sums.retain(|sum| !of_earnings(&sum.measure) || then.counts_any_earnings(&sum.measure));
}

/// Inputs of epochs up to one, or of all.
pub fn up_to(entry: &Entry, epoch: Option<u32>) -> Option<Inputs> {
    let mut inputs = entry.inputs.clone();
    for (of, later) in &entry.later {
        if epoch.is_none_or(|epoch| *of <= epoch) {
            inputs.merge(later)?;
        }
    }
    Some(inputs)
}

/// What is booked already or earns something, each once and in order.
fn keys(entry: &Entry, views: &[View<'_>]) -> Vec<BookKey> {
    let known = entry.books.iter().map(|book| (book.component.clone(), book.interval, book.effective));
    let earned = views.iter().flat_map(|view| &view.pricing.earned);
    let mut keys: Vec<BookKey> =
        known.chain(earned.filter(|(_, priced)| priced.minor.0 != 0).map(|(key, _)| key.clone())).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

pub fn place_of(entry: &mut Entry, key: &BookKey) -> usize {
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
            bookings: Vec::new(),
            paid: Vec::new(),
        });
        entry.books.len() - 1
    })
}

impl PricedBy {
    fn of(priced: &Priced<'_>) -> PricedBy {
        let earning_code = priced.source.earning_code();
        match &priced.source {
            Source::Plan { version, .. } => {
                PricedBy { plan_id: version.plan.plan_id.as_str().into(), plan_from: version.plan.from, earning_code }
            }
            Source::Hand { from, .. } => PricedBy { plan_id: "".into(), plan_from: *from, earning_code },
        }
    }
}

/// What a booking should be, and the version that says so; `None` when no version does any more.
#[derive(Default)]
struct Target {
    total: i64,
    priced_by: Option<PricedBy>,
}

/// By the period that is booked into.
type Targets = Vec<(Period, Target)>;

/// What every booking in front of the fixed ones should be, in the order of periods; `None` when an amount does not fit.
fn targets(book: &Book, key: &BookKey, views: &[View<'_>], standpoint: &Standpoint) -> Option<Targets> {
    let fixed = book.bookings.iter().filter(|booking| Some(booking.period) <= standpoint.frozen_through);
    let mut assigned = fixed.map(|booking| i128::from(booking.total.0)).sum::<i128>();
    let fixed = book.bookings.iter().filter(|booking| Some(booking.period) <= standpoint.frozen_through);
    // What no version prices any more is taken back under the version that it was last fixed with.
    let mut last_fixed = fixed.max_by_key(|booking| booking.period).map(|booking| booking.priced_by.clone());
    let free = book.bookings.iter().filter(|booking| Some(booking.period) > standpoint.frozen_through);
    let mut targets: Targets = free.map(|booking| (booking.period, Target::default())).collect();
    let mut closed = standpoint.frozen_through;
    for view in views {
        let priced = view.pricing.get(key);
        let earned = priced.map_or(0, |priced| i128::from(priced.minor.0));
        let into = match view.period {
            Some(period) if key.2 > period => {
                closed = closed.max(Some(period));
                continue;
            }
            Some(period) => period,
            None => closed.map_or(key.2, |closed| key.2.max(closed.next())),
        };
        closed = closed.max(view.period);
        let target = target_of(&mut targets, into);
        target.total = target.total.checked_add(i64::try_from(earned - assigned).ok()?)?;
        target.priced_by = priced.map(PricedBy::of).or_else(|| last_fixed.clone());
        assigned = earned;
        last_fixed.clone_from(&target.priced_by);
    }
    targets.sort_by_key(|(period, _)| *period);
    Some(targets)
}

fn target_of(targets: &mut Targets, period: Period) -> &mut Target {
    let at = targets.iter().position(|(of, _)| *of == period).unwrap_or_else(|| {
        targets.push((period, Target::default()));
        targets.len() - 1
    });
    &mut targets[at].1
}

/// What the accruals of one component and period have in common.
struct Posting<'p> {
    subject: &'p Subject<'p>,
    exact: Exact,
    as_of: i64,
    world: &'p World,
}

impl Posting<'_> {
    /// Moves a book to its targets; true when anything about it is another.
    fn post(&self, book: &mut Book, targets: Targets, accruals: &mut Vec<Accrual>) -> bool {
        let mut changed = false;
        for (period, target) in targets {
            let place = book.bookings.iter().position(|booking| booking.period == period);
            let known = || place.map(|place| book.bookings[place].priced_by.clone());
            let Some(priced_by) = target.priced_by.or_else(known) else { continue };
            let place = match place {
                Some(place) => place,
                None if target.total == 0 => continue,
                None => {
                    book.bookings.push(Booking { period, total: Minor(0), sequence: 0, priced_by: priced_by.clone() });
                    book.bookings.len() - 1
                }
            };
            let booking = &mut book.bookings[place];
            changed |= booking.priced_by != priced_by;
            booking.priced_by = priced_by;
            if booking.total.0 != target.total {
                changed = true;
                let previous = std::mem::replace(&mut booking.total, Minor(target.total));
                booking.sequence += 1;
                accruals.push(self.accrual(book, place, previous));
            }
        }
        changed
    }

    fn unit_of(&self, component_id: &str) -> Arc<str> {
        if self.world.earns_points(component_id) {
            POINTS.into()
        } else {
            self.world.money_of(self.subject.payee_id).currency.clone()
        }
    }

    fn accrual(&self, book: &Book, place: usize, previous_total: Minor) -> Accrual {
        let booking = &book.bookings[place];
        Accrual {
            payee_id: self.subject.payee_id.clone(),
            plan_id: booking.priced_by.plan_id.clone(),
            plan_from: booking.priced_by.plan_from,
            component: book.component.clone(),
            earning_code: booking.priced_by.earning_code.clone(),
            calendar: self.world.calendar_id.clone(),
            interval: book.interval,
            effective_period: book.effective,
            booking_period: booking.period,
            sequence: booking.sequence,
            previous_total,
            new_total: booking.total,
            exact: self.exact.clone(),
            currency: self.unit_of(&book.component),
            in_tranches: self.world.pays_in_tranches(&booking.priced_by.plan_id, booking.priced_by.plan_from, &book.component),
            causes: self.subject.causes,
            as_of: self.as_of,
        }
    }
}
