//! What a state of earning's changelog is to the one that follows from the inputs and from what was published, and what
//! becomes of it in a rebuild.
//!
//! What a payee's span was told, and what runs left, follow from the inputs and the cuts of the closes: they are taken from
//! states that were folded again. What has been said follows from the cuts of transactions, which no input tells: it is
//! taken from what was published, number by number, so that what is said next follows on it. What payees earn for each other
//! no published record tells: all partitions are folded again together. Leaves out where a partition stands (`stood`).

mod stood;

use super::entry::{
    self, Attained, Book, Booking, ENTRY_VERSION, Entry, KeyOf, PricedBy, Standing, Waiting, entry_key, parse_key,
};
use super::inputs::Inputs;
use super::telling::{Sum, Told};
use crate::domain::calendar::{Interval, Period, Span};
use crate::domain::output::{Accrual, Attainment, RejectKind, RejectRecord};
use crate::domain::topic::Position;
use crate::domain::world::ByYear;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;
pub use stood::Stood;

/// How a state of the changelog differs from the one that is to be in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The inputs give a state, and the changelog has none.
    Lost,
    /// The changelog has a state that no input gives.
    Unknown,
    Unreadable,
    Counted,
    Told,
    Booked,
    Attained,
    Paid,
    /// The state is as it was told, and the inputs give another amount.
    Earned,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Difference::Lost => "is not in the changelog",
            Difference::Unknown => "is in the changelog, and no input gives it",
            Difference::Unreadable => "cannot be read in the changelog",
            Difference::Counted => "counts other inputs",
            Difference::Told => "has told others another earning",
            Difference::Booked => "is not booked as its accruals say",
            Difference::Attained => "is not attained as was published",
            Difference::Paid => "has other runs behind it",
            Difference::Earned => "was told another earning than the inputs give",
        })
    }
}

/// What has been said about the payees of a partition, by the key of the state that keeps it.
#[derive(Debug, Default)]
pub struct Published {
    by_year: Arc<ByYear>,
    books: BTreeMap<Vec<u8>, Vec<Book>>,
    attained: BTreeMap<Vec<u8>, Vec<Attained>>,
    /// By payee; the last word about each is that it waits.
    waiting: BTreeMap<String, BTreeSet<Waiting>>,
    refused: BTreeSet<Position>,
}

impl Published {
    /// Nothing yet.
    pub fn new(by_year: Arc<ByYear>) -> Published {
        Published { by_year, ..Published::default() }
    }

    /// Takes in the next accrual; those of a partition come in the order of their numbers.
    pub fn accrual(&mut self, of: &Accrual) {
        let key = entry_key(&of.payee_id, &of.calendar, self.by_year.span_of(&of.component, of.interval));
        let books = self.books.entry(key).or_default();
        let same =
            |book: &Book| (&book.component, book.interval, book.effective) == (&of.component, of.interval, of.effective_period);
        let place = books.iter().position(same).unwrap_or_else(|| {
            let (component, interval, effective) = (of.component.clone(), of.interval, of.effective_period);
            books.push(Book { component, interval, effective, bookings: Vec::new(), paid: Vec::new() });
            books.len() - 1
        });
        let priced_by = PricedBy { plan_id: of.plan_id.clone(), plan_from: of.plan_from, earning_code: of.earning_code.clone() };
        let told = Booking { period: of.booking_period, total: of.new_total, sequence: of.sequence, priced_by };
        let bookings = &mut books[place].bookings;
        match bookings.iter_mut().find(|booking| booking.period == told.period) {
            Some(booking) => *booking = told,
            None => bookings.push(told),
        }
    }

    /// Takes in the newest attainment of its measure and interval.
    pub fn attainment(&mut self, of: &Attainment) {
        let key = entry_key(&of.payee_id, &of.calendar, Span::of(of.interval));
        let (measure, interval, sequence) = (of.measure.as_ref().into(), of.interval, of.sequence);
        let standing = Standing {
            revenue: of.revenue.0,
            overlay: of.overlay.0,
            rolled: of.rolled.0,
            territory: of.territory.0,
            quota: of.quota,
            quota_revision: of.quota_revision,
            last: of.last,
        };
        let all = self.attained.entry(key).or_default();
        all.retain(|known| (&known.measure, known.interval) != (&measure, interval));
        all.push(Attained { measure, interval, sequence, standing });
    }

    /// Takes in what was said to wait, or to go on.
    pub fn word(&mut self, of: &RejectRecord) {
        if of.kind == RejectKind::Rejected {
            self.refused.insert(of.position);
        }
        let Ok(payee_id) = std::str::from_utf8(&of.key) else { return };
        if !of.reject.reason.is_of_payee() {
            return;
        }
        let waiting = Waiting { reason: of.reject.reason, message: of.reject.message.clone() };
        let all = self.waiting.entry(payee_id.to_owned()).or_default();
        match of.kind {
            RejectKind::Parked => drop(all.insert(waiting)),
            RejectKind::Resumed => drop(all.remove(&waiting)),
            RejectKind::Rejected => {}
        }
    }

    /// Whether the record at a position was said to be refused.
    pub fn has_refused(&self, position: Position) -> bool {
        self.refused.contains(&position)
    }

    /// Keys of what was said, behind one and up to another.
    pub fn keys(&self, after: &[u8], through: Option<&[u8]>) -> impl Iterator<Item = &Vec<u8>> {
        let range = (Excluded(after), through.map_or(Unbounded, Included));
        let books = self.books.range::<[u8], _>(range).map(|(key, _)| key);
        books.chain(self.attained.range::<[u8], _>(range).map(|(key, _)| key))
    }

    /// What is said to wait and waits no more stands in no state that is folded again: the payee's first one gets it, so
    /// that the next pricing says that it goes on.
    fn leftover(&self, payee_id: &str, still: &BTreeSet<Waiting>) -> Vec<Waiting> {
        self.waiting.get(payee_id).map_or_else(Vec::new, |told| told.difference(still).cloned().collect())
    }
}

/// A state as it is to be, and how the changelog's differs from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    pub difference: Option<Difference>,
    pub state: Option<Arc<[u8]>>,
}

/// What is said of a partition's payees, beside their states.
pub struct Compared {
    pub published: Published,
    /// Of the payee whose states are being mended: what is said to wait and does not stand in them.
    left: Option<(String, Vec<Waiting>)>,
    /// What each payee waits for in all states together, of those of whom something is said to wait.
    still: BTreeMap<String, BTreeSet<Waiting>>,
}

impl Compared {
    pub fn new(published: Published) -> Compared {
        Compared { published, left: None, still: BTreeMap::new() }
    }

    /// Hears of a state that was folded again, before any is mended.
    pub fn note(&mut self, key: &[u8], rebuilt: &[u8]) -> Result<(), String> {
        let Some(KeyOf::Entry { payee_id, .. }) = parse_key(key) else { return Ok(()) };
        if self.published.waiting.contains_key(payee_id) {
            let waiting = entry::decode(Some(rebuilt))?.waiting;
            self.still.entry(payee_id.to_owned()).or_default().extend(waiting);
        }
        Ok(())
    }

    /// All keys are about to come.
    pub fn begin(&mut self) {
        self.left = None;
    }

    /// Keys come in order. `whole`: the changelog has taken in everything that the inputs give.
    pub fn mend(&mut self, key: &[u8], stored: Option<&[u8]>, rebuilt: Option<&[u8]>, whole: bool) -> Result<Mended, String> {
        match parse_key(key) {
            Some(KeyOf::Entry { payee_id, .. }) => self.entry(key, payee_id, stored, rebuilt, whole),
            Some(KeyOf::Ledger { .. }) => self.ledger(stored, rebuilt),
            None => Ok(Mended { difference: stored.map(|_| Difference::Unknown), state: None }),
        }
    }

    fn ledger(&self, stored: Option<&[u8]>, rebuilt: Option<&[u8]>) -> Result<Mended, String> {
        let new = entry::decode_ledger(rebuilt)?;
        let difference = match stored.map(|stored| entry::decode_ledger(Some(stored))) {
            None => rebuilt.map(|_| Difference::Lost),
            Some(Err(_)) => Some(Difference::Unreadable),
            Some(Ok(old)) => (old != new).then_some(Difference::Paid),
        };
        Ok(Mended { difference, state: rebuilt.map(Arc::from) })
    }

    fn entry(
        &mut self,
        key: &[u8],
        payee_id: &str,
        stored: Option<&[u8]>,
        rebuilt: Option<&[u8]>,
        whole: bool,
    ) -> Result<Mended, String> {
        let told = self.published.books.contains_key(key) || self.published.attained.contains_key(key);
        if rebuilt.is_none() && !told {
            let is_nothing = |stored: &&[u8]| entry::decode(Some(stored)).is_ok_and(|old| old.is_nothing());
            return Ok(Mended { difference: stored.filter(|of| !is_nothing(of)).map(|_| Difference::Unknown), state: None });
        }
        let given = entry::decode(rebuilt)?;
        let new = self.as_told(key, payee_id, &given);
        let difference = match stored.map(|stored| entry::decode(Some(stored))) {
            None => Some(Difference::Lost).filter(|_| whole),
            Some(Err(_)) => Some(Difference::Unreadable),
            Some(Ok(old)) => difference(&old, &new, whole),
        };
        let earned = || (whole && totals(&given) != totals(&new)).then_some(Difference::Earned);
        let state = entry::encode(ENTRY_VERSION, &new, &mut Vec::new()).map_err(|error| error.to_string())?;
        Ok(Mended { difference: difference.or_else(earned), state: Some(state) })
    }

    /// What was folded again, with what has been said of it.
    fn as_told(&mut self, key: &[u8], payee_id: &str, given: &Entry) -> Entry {
        let mut books = self.published.books.get(key).cloned().unwrap_or_default();
        for of in &given.books {
            let same =
                |book: &&mut Book| (&book.component, book.interval, book.effective) == (&of.component, of.interval, of.effective);
            match books.iter_mut().find(same) {
                Some(book) => take_in(book, of),
                None if of.paid.is_empty() => {}
                None => books.push(Book { bookings: Vec::new(), ..of.clone() }),
            }
        }
        let attained = self.published.attained.get(key).cloned().unwrap_or_default();
        Entry { books, attained, waiting: self.waiting_of(payee_id, given), ..given.clone() }
    }

    fn waiting_of(&mut self, payee_id: &str, given: &Entry) -> Vec<Waiting> {
        if self.left.as_ref().is_none_or(|(of, _)| of != payee_id) {
            let nothing = BTreeSet::new();
            let still = self.still.get(payee_id).unwrap_or(&nothing);
            self.left = Some((payee_id.to_owned(), self.published.leftover(payee_id, still)));
        }
        let told = self.published.waiting.get(payee_id);
        let mut waiting: Vec<Waiting> =
            given.waiting.iter().filter(|of| told.is_some_and(|told| told.contains(of))).cloned().collect();
        if let Some((_, left)) = &mut self.left {
            waiting.append(left);
        }
        waiting.sort();
        waiting
    }
}

/// What runs paid follows from the inputs, and so does the version behind an amount that stands as it was told.
fn take_in(book: &mut Book, given: &Book) {
    book.paid.clone_from(&given.paid);
    for booking in &mut book.bookings {
        let same = given.bookings.iter().find(|of| of.period == booking.period && of.total == booking.total);
        if let Some(same) = same {
            booking.priced_by.clone_from(&same.priced_by);
        }
    }
}

fn difference(old: &Entry, new: &Entry, whole: bool) -> Option<Difference> {
    if whole && counted(old) != counted(new) {
        return Some(Difference::Counted);
    }
    if whole && told(old) != told(new) {
        return Some(Difference::Told);
    }
    if bookings(old) != bookings(new) {
        return Some(Difference::Booked);
    }
    if paid(old) != paid(new) {
        return Some(Difference::Paid);
    }
    let attained = |of: &Entry| -> BTreeMap<_, _> {
        of.attained.iter().map(|of| ((of.measure.clone(), of.interval), (of.sequence, of.standing))).collect()
    };
    (attained(old) != attained(new)).then_some(Difference::Attained)
}

type BookOf = (compact_str::CompactString, Interval, Period);

fn key_of(book: &Book) -> BookOf {
    (book.component.clone(), book.interval, book.effective)
}

fn bookings(of: &Entry) -> BTreeMap<(BookOf, Period), (i64, i64)> {
    let all = of.books.iter().flat_map(|book| book.bookings.iter().map(move |booking| (book, booking)));
    all.map(|(book, booking)| ((key_of(book), booking.period), (booking.sequence, booking.total.0))).collect()
}

/// What is booked, whether or not it ever was something else.
fn totals(of: &Entry) -> BTreeMap<(BookOf, Period), i64> {
    bookings(of).into_iter().map(|(key, (_, total))| (key, total)).filter(|(_, total)| *total != 0).collect()
}

fn paid(of: &Entry) -> BTreeMap<(BookOf, Period), i64> {
    let all = of.books.iter().flat_map(|book| book.paid.iter().map(move |paid| ((key_of(book), paid.period), paid.amount.0)));
    all.collect()
}

/// What a span was told, by epoch, without what is told in another order or is nothing.
fn counted(of: &Entry) -> Vec<(u32, Inputs)> {
    let all = [(0, &of.inputs)].into_iter().chain(of.later.iter().map(|(epoch, inputs)| (*epoch, inputs)));
    let in_order = |(epoch, inputs): (u32, &Inputs)| {
        let mut inputs = inputs.clone();
        inputs.sums.retain(|sum| sum.by_kind != Default::default());
        inputs.sums.sort_by(|one, other| (&one.measure, one.place).cmp(&(&other.measure, other.place)));
        inputs.statements.sort_by(|one, other| {
            (&one.measure, one.interval, one.revision).cmp(&(&other.measure, other.interval, other.revision))
        });
        let Inputs { deals, settled, .. } = &mut inputs;
        // Of a deal that was another payee's since nothing asks.
        settled.retain(|(deal_id, _)| deals.iter().any(|listed| listed.deal_id == *deal_id));
        inputs.adjustments.sort_by(|one, other| one.adjustment_id.cmp(&other.adjustment_id));
        (epoch, inputs)
    };
    all.map(in_order).filter(|(_, inputs)| *inputs != Inputs::default()).collect()
}

/// What a span has told whom of its earnings.
fn told(of: &Entry) -> Vec<(&Sum, i128)> {
    of.told.iter().map(Told::whole).filter(|(_, minor)| *minor != 0).collect()
}

/// A state's key as people name it.
pub fn shown(key: &[u8]) -> String {
    match parse_key(key) {
        Some(KeyOf::Entry { payee_id, span, .. }) => format!("{span} of \"{payee_id}\""),
        Some(KeyOf::Ledger { payee_id }) => format!("the balance of \"{payee_id}\""),
        None => format!("\"{}\"", String::from_utf8_lossy(key)),
    }
}

#[cfg(test)]
mod tests;
