//! What earning keeps: an entry per payee and span (a quarter, or a year for what is longer or priced by it), a ledger per payee,
//! and the keys of both.

mod earlier;

use super::inputs::Inputs;
use super::telling::Told;
use crate::domain::account::Account;
use crate::domain::calendar::{Date, Interval, Period, Quarter, Span, Year};
use crate::domain::conversion::SideBySide;
use crate::domain::money::{Amount, Minor};
use crate::domain::output::Payout;
use crate::domain::pay::Brought;
use crate::domain::reject::Reason;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Of entries; `earlier` has those before.
pub const ENTRY_VERSION: u8 = 6;
/// Of ledgers; the same.
pub const LEDGER_VERSION: u8 = 5;
/// The only pay group.
pub const PAY_GROUP: &str = "default";

/// A payee's quarter or year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Of the epochs that no close divides.
    pub inputs: Inputs,
    /// Of later epochs, by epoch: what lies behind closes that are still to be performed.
    pub later: Vec<(u32, Inputs)>,
    pub books: Vec<Book>,
    pub attained: Vec<Attained>,
    pub waiting: Vec<Waiting>,
    /// Newest `occurred_at` of what was folded, microseconds since 1970.
    pub as_of: i64,
    /// What was told of its earnings, in order. Nothing where no measure counts any: a slice keeps entries small.
    pub told: Box<[Told]>,
}

impl Entry {
    /// Whether nothing is left of it that any record could need: all credit that it had went to others, and nothing was said of it.
    pub fn is_nothing(&self) -> bool {
        let Entry { inputs, later, books, attained, waiting, told, .. } = self;
        let unsaid = books.is_empty() && attained.is_empty() && waiting.is_empty() && told.is_empty();
        unsaid && [inputs].into_iter().chain(later.iter().map(|(_, later)| later)).all(Inputs::are_nothing)
    }
}

/// What one component earned for one pay period, by the period that it is booked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    pub component: CompactString,
    pub interval: Interval,
    pub effective: Period,
    /// In the order of their first accrual.
    pub bookings: Vec<Booking>,
    /// What runs paid, where tranches say when: by the run's period, each once. Once begun it is never empty.
    pub paid: Vec<Paid>,
}

/// What a run paid of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    pub period: Period,
    pub amount: Minor,
    pub earning_code: CompactString,
}

impl Book {
    /// What was booked into periods up to one.
    pub fn booked_through(&self, period: Period) -> i128 {
        self.bookings.iter().filter(|booking| booking.period <= period).map(|booking| i128::from(booking.total.0)).sum()
    }

    /// What runs have paid.
    pub fn paid_in_all(&self) -> i128 {
        self.paid.iter().map(|paid| i128::from(paid.amount.0)).sum()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    pub period: Period,
    pub total: Minor,
    pub sequence: i64,
    /// What a close has fixed is paid under the version that it was fixed with.
    pub priced_by: PricedBy,
}

/// The plan version behind a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedBy {
    pub plan_id: CompactString,
    pub plan_from: Date,
    pub earning_code: CompactString,
}

/// An attainment as it was last published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attained {
    pub measure: CompactString,
    pub interval: Interval,
    pub sequence: i64,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub revenue: i128,
    pub overlay: i128,
    pub rolled: i128,
    pub territory: i128,
    pub quota: Option<Amount>,
    pub quota_revision: Option<i64>,
    pub last: bool,
}

/// What a component or quota of the span lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiting {
    pub reason: Reason,
    pub message: String,
}

/// What a payee's runs left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub account: Account,
    /// Of closed and unreleased runs, where they are more than their booked lines.
    pub unreleased: Vec<Unreleased>,
    /// Of a payee who is paid in another currency than the plans'.
    pub side_by_side: SideBySide,
}

/// A run that is computed and not released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreleased {
    pub period: Period,
    /// The account in front of it, for a reopening.
    pub before: Account,
    pub brought: Brought,
    /// Of a payee who is paid in another currency than the plans'.
    pub converted: Option<Converted>,
}

/// What a close converted, for its release, and what was there before, for a reopening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    pub before: SideBySide,
    pub payouts: Vec<Payout>,
}

/// Encodes an entry or a ledger by way of `scratch`, which is used again.
pub fn encode<T: Serialize>(version: u8, state: &T, scratch: &mut Vec<u8>) -> Result<Arc<[u8]>, postcard::Error> {
    scratch.clear();
    scratch.push(version);
    *scratch = postcard::to_extend(state, std::mem::take(scratch))?;
    Ok(scratch.as_slice().into())
}

/// Nothing stored is an empty entry.
pub fn decode(bytes: Option<&[u8]>) -> Result<Entry, String> {
    match bytes.map(<[u8]>::split_first) {
        None => Ok(Entry::default()),
        Some(Some((&ENTRY_VERSION, body))) => body_of(body),
        Some(Some((5, body))) => body_of(body).map(earlier::FifthEntry::entry),
        Some(Some((4, body))) => body_of(body).map(earlier::SecondEntry::<earlier::FourthInputs>::entry),
        Some(Some((3, body))) => body_of(body).map(earlier::SecondEntry::<earlier::ThirdInputs>::entry),
        Some(Some((2, body))) => body_of(body).map(earlier::SecondEntry::<earlier::SecondInputs>::entry),
        Some(Some((1, body))) => body_of(body).map(earlier::Entry::entry),
        Some(other) => Err(unknown(other)),
    }
}

pub fn decode_ledger(bytes: Option<&[u8]>) -> Result<Ledger, String> {
    match bytes.map(<[u8]>::split_first) {
        None => Ok(Ledger::default()),
        Some(Some((&LEDGER_VERSION, body))) => body_of(body),
        Some(Some((2..=4, body))) => body_of(body).map(earlier::SecondLedger::ledger),
        Some(Some((1, body))) => body_of(body).map(earlier::Ledger::ledger),
        Some(other) => Err(unknown(other)),
    }
}

fn body_of<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    postcard::from_bytes(body).map_err(|error| error.to_string())
}

fn unknown(found: Option<(&u8, &[u8])>) -> String {
    format!("stored state of version {:?}", found.map(|(version, _)| version))
}

/// `payee \0 calendar \0 span`: a payee's entries stand together, each year in front of its quarters.
pub fn entry_key(payee_id: &str, calendar: &str, span: Span) -> Vec<u8> {
    let mut key = Vec::with_capacity(payee_id.len() + calendar.len() + 9);
    write_entry_key(payee_id, calendar, span, &mut key);
    key
}

/// The same into a buffer that is used again: this is called for every credit.
pub fn write_entry_key(payee_id: &str, calendar: &str, span: Span, key: &mut Vec<u8>) {
    key.clear();
    key.extend_from_slice(payee_id.as_bytes());
    key.push(0);
    key.extend_from_slice(calendar.as_bytes());
    key.push(0);
    let (year, quarter) = match span {
        Span::Quarter(Quarter(quarter)) => (quarter.div_euclid(4), Some(quarter.rem_euclid(4))),
        Span::Year(Year(year)) => (year, None),
    };
    let digit = |of: i32| b'0' + (year / of % 10) as u8;
    key.extend_from_slice(&[digit(1000), digit(100), digit(10), digit(1)]);
    if let Some(quarter) = quarter {
        key.extend_from_slice(&[b'-', b'Q', b'1' + quarter as u8]);
    }
}

/// `payee \0 \0 pay group`: before the payee's entries, since no calendar's id is empty.
pub fn ledger_key(payee_id: &str) -> Vec<u8> {
    format!("{payee_id}\0\0{PAY_GROUP}").into_bytes()
}

/// What a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOf<'k> {
    Entry { payee_id: &'k str, calendar: &'k str, span: Span },
    Ledger { payee_id: &'k str },
}

pub fn parse_key(key: &[u8]) -> Option<KeyOf<'_>> {
    let mut parts = std::str::from_utf8(key).ok()?.split('\0');
    let (payee_id, calendar, last) = (parts.next()?, parts.next()?, parts.next()?);
    if calendar.is_empty() {
        return Some(KeyOf::Ledger { payee_id });
    }
    Some(KeyOf::Entry { payee_id, calendar, span: last.parse().ok()? })
}
