//! The demo's deals: each event a pure function of the seed and its number, so that a million need no memory.
//!
//! Event k closes deal k; some are followed by an amendment or a cancellation of an earlier deal. Deals whose number
//! leaves [`CANCELLED_REST`] of [`CANCELLED_OF`] are the ones that may be cancelled, and are never amended.

use super::company::{CURRENCY, MadeUp, Role, first_day};
use super::random::Random;
use crate::domain::calendar::Date;
use crate::domain::deal::{Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use crate::domain::money::{Amount, Quantity, Share};

/// Days of the quarter in which the demo plays.
const DAYS: u64 = 90;
const CANCELLED_OF: u64 = 50;
const CANCELLED_REST: u64 = 7;
const MICROSECONDS_A_DAY: i64 = 86_400_000_000;
const LINE_IDS: [&str; 3] = ["1", "2", "3"];
const PRODUCTS: [&str; 5] = ["core", "analytics", "security", "support", "training"];
const GEOGRAPHIES: [&str; 4] = ["EU", "US", "UK", "JP"];
const SEGMENTS: [&str; 3] = ["enterprise", "mid-market", "small"];

/// One revision of a deal that is to be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub deal: u64,
    pub revision: i64,
    pub status: DealStatus,
    /// The number of the event in which it happens: its day.
    at: u64,
}

/// What happens in step `k`: one deal closes, and perhaps an earlier one changes.
pub fn events(company: &MadeUp, k: u64) -> impl Iterator<Item = Event> {
    let mut random = Random::of(company.seed, 2, k);
    let closed = Event { deal: k, revision: 1, status: DealStatus::Closed, at: k };
    let revision = k as i64 + 2;
    let changed = match random.below(100) {
        0..=4 => amended(&mut random, k).map(|deal| Event { deal, revision, status: DealStatus::Closed, at: k }),
        5..=6 => cancelled(&mut random, k).map(|deal| Event { deal, revision, status: DealStatus::Cancelled, at: k }),
        _ => None,
    };
    std::iter::once(closed).chain(changed)
}

fn amended(random: &mut Random, k: u64) -> Option<u64> {
    let deal = random.below(k);
    (k > 0 && deal % CANCELLED_OF != CANCELLED_REST).then_some(deal)
}

fn cancelled(random: &mut Random, k: u64) -> Option<u64> {
    let groups = k / CANCELLED_OF;
    (groups > 0).then(|| random.below(groups) * CANCELLED_OF + CANCELLED_REST)
}

/// The id of a deal.
pub fn deal_id(deal: u64) -> String {
    format!("D{:07}", deal + 1)
}

/// The full revision that an event appends.
pub fn deal<'c>(company: &'c MadeUp, event: Event, deal_id: &'c str) -> DealClosed<'c> {
    let mut random = Random::of(company.seed, 3, event.deal);
    let kind = random.pick(&[DealKind::New, DealKind::New, DealKind::Renewal, DealKind::Expansion], DealKind::New);
    let closed_on = closed_on(company, event.deal, &mut random);
    let splits = splits(company, &mut random);
    DealClosed {
        deal_id,
        revision: event.revision,
        status: event.status,
        change: if event.status == DealStatus::Cancelled { Change::Cancellation } else { Change::Correction },
        effective_on: None,
        closed_on,
        sequence: None,
        currency: CURRENCY,
        customer: None,
        related_deal: None,
        kind: Some(kind),
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines: lines(event, &mut random),
        splits,
        attributes: Vec::new(),
        occurred_at: occurred_at(company, event.at),
    }
}

/// Events are spread evenly over the quarter.
pub fn occurred_at(company: &MadeUp, at: u64) -> i64 {
    let start = i64::from(first_day(0).0) * MICROSECONDS_A_DAY;
    start + (u128::from(at) * u128::from(DAYS) * MICROSECONDS_A_DAY as u128 / u128::from(company.deals.max(1))) as i64
}

/// The day of its event; one in thirty was closed weeks before and is told late.
fn closed_on(company: &MadeUp, deal: u64, random: &mut Random) -> Date {
    let day = occurred_at(company, deal).div_euclid(MICROSECONDS_A_DAY) as i32;
    let late = if random.below(30) == 0 { 20 + random.below(20) as i32 } else { 0 };
    Date((day - late).max(first_day(0).0))
}

/// One seller, or two by 60 and 40; one deal in ten has a specialist's overlay.
fn splits<'c>(company: &'c MadeUp, random: &mut Random) -> Vec<Split<'c>> {
    let share = |payee: usize, role: &'static str, counts: Counts, percent: u32| Split {
        payee_id: company.payee_id(payee),
        role,
        counts,
        share: Share(percent * 10_000),
    };
    let (owner, other) = (company.seller(random, Role::Rep), company.seller(random, Role::Rep));
    let mut splits = if random.chance(30) && owner != other {
        vec![share(owner, "owner", Counts::Revenue, 60), share(other, "partner", Counts::Revenue, 40)]
    } else {
        vec![share(owner, "owner", Counts::Revenue, 100)]
    };
    if random.chance(10) {
        splits.push(share(company.seller(random, Role::Specialist), "specialist", Counts::Overlay, 100));
    }
    splits
}

/// One to three lines; an amendment changes the amounts and nothing else.
fn lines(event: Event, random: &mut Random) -> Vec<Line<'static>> {
    let mut amended = Random::of(event.revision as u64, 4, event.deal);
    let factor = if event.revision == 1 { 100 } else { 60 + amended.below(81) };
    let count = 1 + random.below(3) as usize;
    let line = |line_id: &&'static str| {
        let cents = 100_000 + random.below(2_900_000);
        Line {
            line_id,
            product: random.pick(&PRODUCTS, "core"),
            geography: Some(random.pick(&GEOGRAPHIES, "EU")),
            segment: Some(random.pick(&SEGMENTS, "small")),
            amount: Amount(i128::from(cents * factor / 100) * 10_000),
            quantity: Quantity(10_000 * (1 + random.below(20) as i64)),
            cost: None,
            splits: Vec::new(),
        }
    };
    LINE_IDS[..count].iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deal_is_right_in_itself_and_the_same_again() {
        let company = MadeUp::new(7, 2_000, 60);
        for k in 0..2_000 {
            for event in events(&company, k) {
                let id = deal_id(event.deal);
                let made = deal(&company, event, &id);
                assert_eq!(made.check(), Ok(()), "{id}");
                assert_eq!(made, deal(&company, event, &id));
            }
        }
    }

    #[test]
    fn the_script_has_amendments_and_cancellations() {
        let company = MadeUp::new(7, 2_000, 60);
        let all: Vec<Event> = (0..2_000).flat_map(|k| events(&company, k)).collect();
        let amended = all.iter().filter(|event| event.revision > 1 && event.status == DealStatus::Closed).count();
        let cancelled = all.iter().filter(|event| event.status == DealStatus::Cancelled).count();
        assert!(amended > 50 && cancelled > 20, "{amended} amended, {cancelled} cancelled");
    }
}
