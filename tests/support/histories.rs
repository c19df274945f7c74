//! Small random companies and what happens to them, from a seed: facts, deals, quotas, closes, in order of arrival.
//!
//! For property tests of either engine. Everything decodes and passes its own checks; some facts are refused by their
//! rules and some deals park, on purpose. Cuts of closes and totals of releases are the driver's to fill in.
//! Include it with `#[path = "support/histories.rs"] mod histories;`.

use accrue::domain::adjustment::{AdjustmentMade, Target};
use accrue::domain::calendar::{Calendar, Date, Half, Interval, IntervalKind, Period, Quarter, Year};
use accrue::domain::currency::{CurrencyRates, RateRow};
use accrue::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use accrue::domain::fact::*;
use accrue::domain::formula::Formula;
use accrue::domain::measure::{AttributeCondition, DatedBy, Missing, Unit, Wanted};
use accrue::domain::money::{Amount, CurrencyRate, Quantity, Rate, RoundingMode, Share};
use accrue::domain::pay_terms::*;
use accrue::domain::plan::*;
use accrue::domain::quota::QuotaChanged;
use accrue::domain::settlement::SettlementKind;
use accrue::domain::tranche::{Due, Tranche};
use accrue::wire::json::Settlement;
use after_release::AfterReleases;
use by_year::ByYear;
use earnings::Earns;
use own_modifiers::OwnNumbers;
pub use owned::{OwnedDeal, OwnedLine, OwnedSplit};
use pay_currencies::Abroad;
use plan_caps::Caps;
use plan_currencies::PlanCurrencies;
use ramps::Ramps;
use roles::Roles;
use std::collections::BTreeMap;

#[path = "histories/adjustments.rs"]
mod adjustments;
#[path = "histories/after_release.rs"]
mod after_release;
#[path = "histories/by_year.rs"]
mod by_year;
#[path = "histories/company.rs"]
mod company;
#[path = "histories/earnings.rs"]
mod earnings;
#[path = "histories/lookups.rs"]
mod lookups;
#[path = "histories/lower.rs"]
mod lower;
#[path = "histories/measures.rs"]
mod measures;
#[path = "histories/own_modifiers.rs"]
mod own_modifiers;
#[path = "histories/owned.rs"]
mod owned;
#[path = "histories/pay.rs"]
mod pay;
#[path = "histories/pay_currencies.rs"]
mod pay_currencies;
#[path = "histories/plan_caps.rs"]
mod plan_caps;
#[path = "histories/plan_currencies.rs"]
mod plan_currencies;
#[path = "histories/ramps.rs"]
mod ramps;
#[path = "histories/rates.rs"]
mod rates;
#[path = "histories/rewards.rs"]
mod rewards;
#[path = "histories/roles.rs"]
mod roles;
#[path = "histories/scales.rs"]
mod scales;
#[path = "histories/settlements.rs"]
mod settlements;
#[path = "histories/territories.rs"]
mod territories;
#[path = "histories/year.rs"]
mod year;

/// A small fast generator (splitmix64): the same seed gives the same history everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedQuota {
    pub payee_id: String,
    pub measure: String,
    pub interval: Interval,
    pub amount: Option<Amount>,
    pub revision: i64,
    pub applies_from: Option<Date>,
    pub occurred_at: i64,
}

impl OwnedQuota {
    pub fn as_quota(&self) -> QuotaChanged<'_> {
        QuotaChanged {
            payee_id: &self.payee_id,
            measure: &self.measure,
            calendar: CALENDAR,
            interval: self.interval,
            amount: self.amount,
            revision: self.revision,
            applies_from: self.applies_from,
            author: "hr",
            reason: "plan year",
            occurred_at: self.occurred_at,
        }
    }
}

/// One thing that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Fact(Box<Fact>),
    Deal(OwnedDeal),
    Quota(OwnedQuota),
    Settlement(Settlement),
    Adjustment(AdjustmentMade),
}

impl Event {
    /// Closes, reopenings and releases: no arrival is moved across them.
    pub fn is_barrier(&self) -> bool {
        let Event::Fact(fact) = self else { return false };
        matches!(fact.body, FactBody::PeriodClosed(_) | FactBody::PeriodReopened(_) | FactBody::PeriodReleased(_))
    }

    /// What must keep its order of arrival among its like: facts, and contents under one revision (the first wins).
    fn ordered_by(&self) -> String {
        match self {
            Event::Fact(_) => "facts".into(),
            Event::Deal(deal) => format!("deal {} {}", deal.deal_id, deal.revision),
            Event::Settlement(settled) => format!("settlement {} {}", settled.deal_id, settled.settlement_id),
            Event::Adjustment(made) => {
                format!(
                    "adjustment {} {} {}",
                    made.payee_id,
                    Interval::Quarter(made.effective_period.quarter()),
                    made.adjustment_id
                )
            }
            Event::Quota(quota) => format!("quota {} {} {} {}", quota.payee_id, quota.measure, quota.interval, quota.revision),
        }
    }
}

/// How often each feature is held, by name, so that a test can assert that it is held often enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(pub BTreeMap<&'static str, usize>);

impl Features {
    pub fn count(&mut self, feature: &'static str) {
        *self.0.entry(feature).or_default() += 1;
    }

    pub fn of(&self, feature: &str) -> usize {
        self.0.get(feature).copied().unwrap_or(0)
    }

    pub fn add(&mut self, other: &Features) {
        for (feature, count) in &other.0 {
            *self.0.entry(feature).or_default() += count;
        }
    }
}

pub struct History {
    pub events: Vec<Event>,
    pub features: Features,
}

impl History {
    pub fn generate(seed: u64) -> History {
        let mut making = Making::new(seed);
        making.company();
        making.year();
        History { events: making.events, features: making.features }
    }

    /// The same events in another order of arrival between closes, reopenings and releases.
    pub fn shuffled(&self, seed: u64) -> Vec<Event> {
        let mut random = Random(seed);
        let mut events = Vec::with_capacity(self.events.len());
        for part in self.events.split_inclusive(Event::is_barrier) {
            let (barrier, rest) = match part.split_last() {
                Some((last, rest)) if last.is_barrier() => (Some(last), rest),
                _ => (None, part),
            };
            events.extend(shuffled_part(rest, &mut random));
            events.extend(barrier.cloned());
        }
        events
    }
}

/// Shuffles, then puts what must keep its order back in order on the places that it got.
fn shuffled_part(part: &[Event], random: &mut Random) -> Vec<Event> {
    let mut order: Vec<usize> = (0..part.len()).collect();
    random.shuffle(&mut order);
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, origin) in order.iter().enumerate() {
        places.entry(part[*origin].ordered_by()).or_default().push(place);
    }
    for places in places.values() {
        let mut origins: Vec<usize> = places.iter().map(|place| order[*place]).collect();
        origins.sort_unstable();
        for (place, origin) in places.iter().zip(origins) {
            order[*place] = origin;
        }
    }
    order.into_iter().map(|origin| part[origin].clone()).collect()
}

pub const CALENDAR: &str = "fiscal";
pub const JANUARY: Period = Period(2026 * 12);
const REPS: [&str; 5] = ["rep-1", "rep-2", "rep-3", "rep-4", "rep-5"];
const MANAGERS: [&str; 3] = ["lead-1", "lead-2", "head"];
const LATE_PAYEE: &str = "late-rep";
const LATE_MANAGER: &str = "late-lead";
const MEASURES: [&str; 13] = [
    "bookings",
    "new-business",
    "suite",
    "units",
    "overlay",
    "deals",
    "territory",
    "margin",
    "contract-value",
    "points",
    "picked",
    "billed",
    "received",
];
const CUSTOMERS: [&str; 2] = ["globex", "hooli"];
const INDUSTRIES: [&str; 2] = ["bank", "retail"];
const CLOSER: &str = "carl";
const RELEASER: &str = "rita";

/// A date of 2026 and the days around it.
fn day(month: i8, day: i8) -> Date {
    Date::from_civil(2026, month, day).expect("a day of 2026")
}

struct Making {
    random: Random,
    events: Vec<Event>,
    features: Features,
    deals: Vec<OwnedDeal>,
    quotas: Vec<OwnedQuota>,
    settlements: Vec<Settlement>,
    adjustments: Vec<AdjustmentMade>,
    /// Of the whole year.
    calendar: Calendar,
    /// Some components run over more than a quarter.
    long: bool,
    /// Some deals earn more than can be paid.
    huge: bool,
    /// One of the components earns points.
    points: bool,
    /// Measures convert other currencies.
    converts: bool,
    abroad: Abroad,
    by_year: ByYear,
    earns: Earns,
    caps: Caps,
    plan_currencies: PlanCurrencies,
    ramps: Ramps,
    after_releases: AfterReleases,
    own_numbers: OwnNumbers,
    roles: Roles,
    /// Closes that stand: id, and whether it is released.
    closes: Vec<(String, bool)>,
    closed_before: usize,
    /// Facts that come during the year.
    later: Vec<(&'static str, FactBody)>,
}

impl Making {
    fn new(seed: u64) -> Making {
        Making {
            random: Random(seed),
            events: vec![],
            features: Features::default(),
            deals: vec![],
            quotas: vec![],
            settlements: vec![],
            adjustments: vec![],
            calendar: Calendar::monthly(CALENDAR, JANUARY, Period(JANUARY.0 + 11)),
            long: false,
            huge: false,
            points: false,
            converts: false,
            abroad: Abroad::new(seed),
            by_year: ByYear::new(seed),
            earns: Earns::new(seed),
            caps: Caps::new(seed),
            plan_currencies: PlanCurrencies::new(seed),
            ramps: Ramps::new(seed),
            after_releases: AfterReleases::new(seed),
            own_numbers: OwnNumbers::new(seed),
            roles: Roles::new(seed),
            closes: vec![],
            closed_before: 0,
            later: vec![],
        }
    }

    fn fact(&mut self, author: &str, body: FactBody) {
        for body in self.in_currencies(body) {
            let (fact_id, occurred_at) = (format!("fact-{}", self.events.len()), self.events.len() as i64);
            let fact = Fact { fact_id, author: author.into(), reason: "generated".into(), approver: None, occurred_at, body };
            self.events.push(Event::Fact(Box::new(fact)));
        }
    }
}
