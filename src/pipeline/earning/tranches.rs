//! What a run pays of what is earned in tranches: what is due by its period, less what earlier runs paid.

use super::booking::{Standpoint, place_of, up_to};
use super::entry::{Book, Paid};
use super::priced::Pricing;
use super::pricing::Terms;
use super::{Earning, Loaded, State, alarm};
use crate::domain::calendar::Period;
use crate::domain::money::Minor;
use crate::pipeline::StageError;

impl Earning {
    /// Notes in a payee's books what the run of a close pays of them; what stays held after it.
    pub(super) fn pay_tranches(&mut self, number: u32, places: &[usize], run: Period) -> Result<Minor, StageError> {
        let mut held: i128 = 0;
        for place in places {
            let Some(partition) = self.partitions.get(&number) else { return Err(alarm(number, "not assigned")) };
            let loaded = &mut self.loaded[*place];
            let standpoint = partition.progress.standpoint(&loaded.key, &self.world, &self.snapshots);
            let paid = pay_entry(loaded, &standpoint, run);
            held += paid.ok_or_else(|| alarm(number, "what is due does not fit"))?;
        }
        i64::try_from(held).map(Minor).map_err(|_| alarm(number, "what is held does not fit"))
    }

    /// Takes back what the run of a close noted.
    pub(super) fn unpay_tranches(&mut self, places: &[usize], run: Period) {
        for place in places {
            let loaded = &mut self.loaded[*place];
            let State::Entry { entry, .. } = &mut loaded.state else { continue };
            for book in &mut entry.books {
                let before = book.paid.len();
                book.paid.retain(|paid| paid.period != run);
                loaded.changed |= book.paid.len() != before;
            }
        }
    }
}

/// `None` when an amount does not fit.
fn pay_entry(loaded: &mut Loaded, standpoint: &Standpoint, run: Period) -> Option<i128> {
    let State::Entry { entry, payee_id, span, calendar } = &mut loaded.state else { return Some(0) };
    let Some(close) = standpoint.pending.first().filter(|close| close.world.calendar_id == *calendar) else { return Some(0) };
    let begun = entry.books.iter().any(|book| !book.paid.is_empty());
    if !begun && !close.world.has_tranches() {
        return Some(0);
    }
    let terms = Terms::of(payee_id, *span, &close.world);
    if !begun && !terms.has_tranches() {
        return Some(0);
    }
    let pricing = terms.price_for(&up_to(entry, Some(close.epoch))?, Some(run));
    // What is due of a period may be another amount than what was earned for it, and even of one that earned nothing: the
    // periods of an interval add up.
    let due = pricing
        .earned
        .iter()
        .filter(|((_, _, effective), priced)| *effective <= run && priced.due.is_some_and(|due| due != Minor(0)));
    for (key, _) in due {
        place_of(entry, key);
    }
    let mut held = 0;
    for book in entry.books.iter_mut().filter(|book| book.effective <= run) {
        held += pay_book(book, &pricing, run, &mut loaded.changed)?;
    }
    Some(held)
}

/// What stays held of a book after the run.
fn pay_book(book: &mut Book, pricing: &Pricing<'_>, run: Period, changed: &mut bool) -> Option<i128> {
    let priced = pricing.get(&(book.component.clone(), book.interval, book.effective));
    let due = priced.and_then(|priced| priced.due);
    if due.is_none() && book.paid.is_empty() {
        return Some(0);
    }
    let last = book.bookings.iter().filter(|booking| booking.period <= run).max_by_key(|booking| booking.period);
    let last = last.map(|booking| booking.priced_by.earning_code.clone());
    let code = priced.map(|priced| priced.source.earning_code()).or(last);
    let Some(earning_code) = code.or_else(|| book.paid.last().map(|paid| paid.earning_code.clone())) else { return Some(0) };
    let begins = book.paid.is_empty();
    if begins {
        // Until now everything was paid when it was booked.
        let before = book.bookings.iter().filter(|booking| booking.period < run && booking.total.0 != 0);
        book.paid = before
            .map(|booking| Paid {
                period: booking.period,
                amount: booking.total,
                earning_code: booking.priced_by.earning_code.clone(),
            })
            .collect();
    }
    let booked = book.booked_through(run);
    let amount = due.map_or(booked, |due| i128::from(due.0)) - book.paid_in_all();
    if amount != 0 || book.paid.is_empty() {
        book.paid.push(Paid { period: run, amount: Minor(i64::try_from(amount).ok()?), earning_code });
        *changed = true;
    }
    *changed |= begins;
    Some(booked - book.paid_in_all())
}
