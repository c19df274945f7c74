//! Pay in another currency than that of a payee's plans: what a settled run is in it.
//!
//! Of each component's interval two heaps are kept, what was paid in the plans' currency and what that was in the
//! other. A run that makes the first heap larger adds to the second at its rate, one that makes it smaller takes the same
//! part off both, and one that goes through nothing begins anew at its rate. The second heap is kept to ten decimals of a
//! minor unit of the first, half to even. Leaves out what is settled (`pay`).

use super::pay::{Added, Line, Parts};
use super::world::World;
use crate::domain::money::{CURRENCY_RATE_DECIMALS, minor_digits};
use crate::wire::records::{Date, Interval, PayoutKind, Period, RateRow};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::collections::BTreeMap;

/// What a payee has been paid, by component and interval, and what is brought forward in the currency of pay.
#[derive(Default)]
pub(super) struct Heaps {
    heaps: BTreeMap<(u32, Interval), Heap>,
    pub(super) carried: i128,
}

#[derive(Clone, Default)]
struct Heap {
    own: BigInt,
    /// In 10^-10 of a minor unit of the plans' currency, but of the other currency.
    other: BigInt,
}

/// How a run converts.
pub(super) struct Conversion<'w> {
    pub(super) currency: &'w str,
    pub(super) row: &'w RateRow,
    /// Heaped units in a minor unit of pay.
    unit: BigInt,
    most: i128,
}

/// A record before it is one: what it is called, in both currencies, and whether all of it is at the run's rate.
pub(super) struct Entry<'l> {
    pub(super) code: &'l str,
    pub(super) kind: PayoutKind,
    pub(super) effective: Period,
    pub(super) own: i64,
    pub(super) other: i128,
    pub(super) at_rate: bool,
}

impl<'w> Conversion<'w> {
    /// `None` for a payee who is paid in the currency of the plans.
    pub(super) fn of(world: &World<'w>, payee: u32, period: Period) -> Option<Conversion<'w>> {
        let (from, currency) = converted(world, payee)?;
        let row = rate(world, (from, currency), period).ok()?;
        let digits = minor_digits(currency)?;
        let unit = BigInt::from(10).pow(minor_digits(from)? + CURRENCY_RATE_DECIMALS - digits);
        Some(Conversion { currency, row, unit, most: 10i128.pow(14 + digits) })
    }

    /// An amount at the run's rate.
    pub(super) fn at_rate(&self, own: i64) -> i128 {
        self.in_minor(&(BigInt::from(own) * self.row.rate.0))
    }

    fn in_minor(&self, heaped: &BigInt) -> i128 {
        even(&BigRational::new(heaped.clone(), self.unit.clone())).to_i128().unwrap_or(i128::MAX)
    }

    /// Moves the heaps on; what each line is.
    pub(super) fn lines<'l>(&self, parts: &Parts<'l>, period: Period, heaps: &mut Heaps) -> Vec<Entry<'l>> {
        let mut by_heap: BTreeMap<(u32, Interval), Vec<(&Line<'l>, i64)>> = BTreeMap::new();
        for ((component, interval, line), own) in parts.iter().filter(|(_, own)| **own != 0) {
            by_heap.entry((*component, *interval)).or_default().push((line, *own));
        }
        let mut all: BTreeMap<&Line<'l>, (i64, i128, bool)> = BTreeMap::new();
        for (key, lines) in by_heap {
            let heap = heaps.heaps.entry(key).or_default();
            let before = self.in_minor(&heap.other);
            let moved = lines.iter().map(|(_, own)| BigInt::from(*own)).sum::<BigInt>();
            let (each, at_rate) = heap.moved(&moved, self.row.rate.0);
            let whole = self.in_minor(&heap.other) - before;
            let exact = |own: &i64| &each * BigInt::from(*own) / BigRational::from_integer(self.unit.clone());
            let exact: Vec<BigRational> = lines.iter().map(|(_, own)| exact(own)).collect();
            for ((line, own), other) in lines.iter().zip(shared_out(whole, &exact)) {
                let sum = all.entry(line).or_insert((0, 0, true));
                *sum = (sum.0 + own, sum.1 + other, sum.2 && at_rate);
            }
        }
        let entry = |(line, (own, other, at_rate)): (&Line<'l>, (i64, i128, bool))| Entry {
            code: line.code,
            kind: line.kind(period),
            effective: line.effective,
            own,
            other,
            at_rate,
        };
        all.into_iter().map(entry).collect()
    }

    /// What the run adds itself.
    pub(super) fn added(&self, added: &Added) -> Vec<Entry<'static>> {
        let entry = |(kind, effective, own): &(PayoutKind, Period, i64)| Entry {
            code: super::runs::code_of(*kind),
            kind: *kind,
            effective: *effective,
            own: *own,
            other: self.at_rate(*own),
            at_rate: true,
        };
        added.iter().map(entry).collect()
    }

    /// Whether a record can hold it.
    pub(super) fn holds(&self, other: i128) -> bool {
        (-self.most + 1..self.most).contains(&other)
    }
}

impl Heap {
    /// Adds to both; what each minor unit of the first was worth, and whether that is the rate.
    fn moved(&mut self, by: &BigInt, rate: i128) -> (BigRational, bool) {
        let Heap { own, other } = self.clone();
        let rate = BigInt::from(rate);
        self.own = &own + by;
        if own.is_zero() || own.signum() == by.signum() {
            self.other = other + by * &rate;
            return (BigRational::from_integer(rate), true);
        }
        if (&self.own * &own).is_negative() {
            self.other = &self.own * rate;
            return (BigRational::new(&self.other - other, by.clone()), false);
        }
        let each = BigRational::new(other, own);
        self.other = even(&(&each * &self.own));
        (each, false)
    }
}

/// The nearest whole number, half to even.
fn even(exact: &BigRational) -> BigInt {
    let (down, half) = (exact.floor(), BigRational::new(BigInt::one(), BigInt::from(2)));
    let over = exact - &down;
    let odd = !(down.to_integer() % BigInt::from(2)).is_zero();
    down.to_integer() + BigInt::from(u8::from(over > half || (over == half && odd)))
}

/// Whole numbers that add up to `whole`, each near its exact one: what is left after rounding down goes to the largest
/// remainders, one each, in as many rounds as it takes.
fn shared_out(whole: i128, exact: &[BigRational]) -> Vec<i128> {
    let mut shares: Vec<i128> = exact.iter().map(|one| one.floor().to_integer().to_i128().unwrap_or(i128::MAX)).collect();
    let mut left = whole - shares.iter().sum::<i128>();
    while left < 0 {
        shares.iter_mut().for_each(|share| *share -= 1);
        left += shares.len() as i128;
    }
    let mut places: Vec<usize> = (0..shares.len()).collect();
    let rest = |place: usize| &exact[place] - exact[place].floor();
    places.sort_by(|one, other| rest(*other).cmp(&rest(*one)).then(one.cmp(other)));
    for place in places.into_iter().cycle().take(usize::try_from(left).unwrap_or(0)) {
        shares[place] += 1;
    }
    shares
}

/// The currency of a payee's plans and that of the pay, where it is another one.
pub(super) fn converted<'h>(world: &World<'h>, payee: u32) -> Option<(&'h str, &'h str)> {
    let stated = world.known(payee)?.payee.rows.first()?.pay_currency.as_deref()?;
    let earned_in = world.earned_in(payee).unwrap_or_default();
    (earned_in != stated).then_some((earned_in, stated))
}

/// The rate of a period's last day.
pub(super) fn rate<'h>(world: &World<'h>, (from, into): (&str, &str), period: Period) -> Result<&'h RateRow, String> {
    let company = world.company.ok_or("no company yet")?;
    let rate_type = company.pay_rate_type.as_deref().ok_or("no type of rate for pay")?;
    let (_, after) = world.bounds(period).ok_or("a period that the calendar does not reach")?;
    let last = Date(after.0 - 1);
    let stated = world.rates.get(&(rate_type, from, into)).ok_or("no rate of pay")?;
    let newest = stated.rows.iter().rev().find(|row| row.from <= last).ok_or("no rate of pay yet")?;
    let age = i64::from(last.0) - i64::from(newest.from.0);
    if age > i64::from(newest.max_age_days) { Err("a rate of pay that is too old".into()) } else { Ok(newest) }
}
