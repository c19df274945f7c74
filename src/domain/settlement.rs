//! A settlement: what a customer was invoiced, has paid or was refunded for a deal, and which part of the deal that is.

use super::calendar::Date;
use super::deal::check_id;
use super::money::{Amount, minor_digits};
use super::reject::Reject;
use num_rational::BigRational;
use num_traits::{One, Zero};
use serde::{Deserialize, Serialize};

/// Of one deal: its state stays a record of the log.
pub const MAXIMUM_SETTLEMENTS: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SettlementKind {
    /// No money yet: it counts in measures that are dated by invoices alone.
    Invoiced,
    Collected,
    Refunded,
}

/// One settlement. Its id is the customer ledger's, unique among those of a deal; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealSettled<'a> {
    pub settlement_id: &'a str,
    pub deal_id: &'a str,
    pub kind: SettlementKind,
    /// More than 0; the kind says which way the money went.
    pub amount: Amount,
    pub currency: &'a str,
    /// The day of the payment.
    pub on: Date,
    /// Microseconds since 1970; the only field in which two deliveries of one settlement may differ.
    pub occurred_at: i64,
}

impl DealSettled<'_> {
    /// What is wrong in the record itself.
    pub fn check(&self) -> Result<(), Reject> {
        check_id("settlement_id", self.settlement_id)?;
        check_id("deal_id", self.deal_id)?;
        if minor_digits(self.currency).is_none() {
            return Err(Reject::field("currency", format!("\"{}\" is not an ISO 4217 currency code", self.currency)));
        }
        if self.amount.0 <= 0 {
            let message = format!("{} is not more than 0: the kind says which way the money went", self.amount);
            return Err(Reject::field("amount", message));
        }
        Ok(())
    }
}

/// Money that has passed from a customer on a day; less than nothing where it went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    pub on: Date,
    pub amount: Amount,
}

impl Passed {
    /// `None`: an invoice.
    pub fn of(kind: SettlementKind, on: Date, amount: Amount) -> Option<Passed> {
        match kind {
            SettlementKind::Invoiced => None,
            SettlementKind::Collected => Some(Passed { on, amount }),
            SettlementKind::Refunded => Some(Passed { on, amount: Amount(-amount.0) }),
        }
    }
}

/// On which days a deal was invoiced and paid for: what measures count that are dated so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    /// What its lines total; never 0.
    pub total: Amount,
    /// By day, in order; none before the deal closed, or behind the calendar.
    pub invoiced: Vec<Passed>,
    pub received: Vec<Passed>,
}

impl Dated {
    /// A deal that amounts to nothing is all there when it closes.
    pub fn nothing(closed_on: Date) -> Dated {
        let all = vec![Passed { on: closed_on, amount: Amount(1) }];
        Dated { total: Amount(1), invoiced: all.clone(), received: all }
    }
}

/// What passed, added up by day.
pub fn by_day(mut all: Vec<Passed>) -> Vec<Passed> {
    all.sort_by_key(|passed| passed.on);
    let mut days: Vec<Passed> = Vec::with_capacity(all.len());
    for next in all {
        match days.last_mut().filter(|last| last.on == next.on) {
            Some(last) => last.amount.0 += next.amount.0,
            None => days.push(next),
        }
    }
    days.retain(|passed| passed.amount.0 != 0);
    days
}

/// What of a value has come with `passed` of `total`: never less than nothing, never more than all; half to even. `None`
/// where it does not fit.
pub fn come_with(value: i128, passed: i128, total: i128) -> Option<i128> {
    let (passed, total) = if total < 0 { (passed.checked_neg()?, total.checked_neg()?) } else { (passed, total) };
    let passed = passed.clamp(0, total);
    if passed == total {
        return Some(value);
    }
    let product = ethnum::I256::from(value.checked_abs()?).checked_mul(ethnum::I256::from(passed))?;
    let unit = ethnum::I256::from(total);
    let (whole, rest) = (i128::try_from(product / unit).ok()?, i128::try_from(product % unit).ok()?);
    let left = total - rest;
    let rounded = whole + i128::from(rest > left || (rest == left && whole % 2 != 0));
    Some(if value < 0 { -rounded } else { rounded })
}

/// What of lines, in their order, has come with `passed` of `total` and had not with `before`. What came up to and with each
/// line is rounded, and the line has what that is more than up to the one before: so at any time the lines add up to what came
/// of all of them. `None` where it does not fit.
pub fn lines_that_came(lines: &[i128], (before, passed): (i128, i128), total: i128) -> Option<Vec<i128>> {
    let (mut whole, mut told) = (0i128, 0i128);
    let line = |value: &i128| {
        whole = whole.checked_add(*value)?;
        let now = come_with(whole, passed, total)?.checked_sub(come_with(whole, before, total)?)?;
        now.checked_sub(std::mem::replace(&mut told, now))
    };
    lines.iter().map(line).collect()
}

/// The part of a deal that is settled before a day, of what its lines total: never less than nothing, never more than all.
/// A deal that amounts to nothing has nothing to collect.
pub fn settled_part(total: Amount, passed: &[Passed], before: Date) -> BigRational {
    if total.0 == 0 {
        return BigRational::one();
    }
    let all: i128 = passed.iter().filter(|passed| passed.on < before).map(|passed| passed.amount.0).sum();
    BigRational::new(all.into(), total.0.into()).clamp(BigRational::zero(), BigRational::one())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settlement_is_of_more_than_nothing() {
        let settled = |settlement_id, deal_id, currency, amount| {
            let (kind, amount) = (SettlementKind::Collected, Amount(amount));
            DealSettled { settlement_id, deal_id, kind, amount, currency, on: Date(0), occurred_at: 0 }
        };
        let check = |settled: DealSettled<'_>, expected: &str| {
            let found = settled.check().map_err(|reject| reject.to_string());
            assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(expected.to_owned()) }, "{settled:?}");
        };
        check(settled("S1", "D1", "USD", 1), "");
        for (amount, text) in [(0, "0"), (-1, "-0.000001")] {
            let wrong = "is not more than 0: the kind says which way the money went [invalid_field]";
            check(settled("S1", "D1", "USD", amount), &format!("amount: {text} {wrong}"));
        }
        check(settled("", "D1", "USD", 1), "settlement_id: empty [invalid_field]");
        check(settled("S1", "", "USD", 1), "deal_id: empty [invalid_field]");
        check(settled("S1", "D1", "US", 1), "currency: \"US\" is not an ISO 4217 currency code [invalid_field]");
    }

    #[test]
    fn a_deal_of_nothing_is_all_there_on_its_day() {
        let nothing = Dated::nothing(Date(7));
        for days in [&nothing.invoiced, &nothing.received] {
            let [passed] = days[..] else { panic!("{nothing:?}") };
            assert_eq!((passed.on, passed.amount), (Date(7), nothing.total));
        }
        assert_ne!(nothing.total.0, 0);
    }

    #[test]
    fn a_value_comes_in_parts_that_add_up_to_it() {
        let check = |value, passed, total, expected| {
            assert_eq!(come_with(value, passed, total), Some(expected), "{value} {passed}/{total}");
        };
        check(100, 0, 3, 0);
        check(100, 1, 3, 33);
        check(100, 2, 3, 67);
        check(100, 3, 3, 100);
        check(100, 4, 3, 100);
        check(100, -1, 3, 0);
        check(-100, 2, 3, -67);
        check(-100, -2, -3, -67);
        check(-100, 2, -3, 0);
        check(5, 1, 2, 2);
        check(7, 1, 2, 4);
        check(-5, 1, 2, -2);
        let (value, total) = (10i128.pow(30), 10i128.pow(27));
        check(value, total / 2, total, value / 2);
        assert_eq!(come_with(i128::MIN, 1, 2), None);
    }

    #[test]
    fn lines_add_up_to_what_came_of_all_of_them() {
        let check = |lines: &[i128], (before, passed), total, expected: &[i128]| {
            assert_eq!(
                lines_that_came(lines, (before, passed), total).as_deref(),
                Some(expected),
                "{lines:?} {before}..{passed}"
            );
        };
        check(&[100, 100, 100], (0, 1), 3, &[33, 34, 33]);
        check(&[100, 100, 100], (1, 2), 3, &[34, 32, 34]);
        check(&[100, 100, 100], (2, 3), 3, &[33, 34, 33]);
        check(&[100, 100, 100], (0, 4), 3, &[100, 100, 100]);
        check(&[100, 0, -100], (0, 1), 3, &[33, 0, -33]);
        check(&[5, 5], (1, 0), 2, &[-2, -3]);
        check(&[], (0, 1), 3, &[]);
        assert_eq!(lines_that_came(&[i128::MAX, 1], (0, 1), 1), None);
    }

    #[test]
    fn the_settled_part_is_a_part() {
        let check = |total: i128, list: &[(i32, i128)], part: (i64, i64)| {
            let passed: Vec<Passed> = list.iter().map(|(on, amount)| Passed { on: Date(*on), amount: Amount(*amount) }).collect();
            let expected = BigRational::new(part.0.into(), part.1.into());
            assert_eq!(settled_part(Amount(total), &passed, Date(10)), expected, "{total} {list:?}");
        };
        check(100, &[], (0, 1));
        check(100, &[(9, 30)], (3, 10));
        check(100, &[(10, 30)], (0, 1));
        check(100, &[(1, 30), (2, 80)], (1, 1));
        check(100, &[(1, 30), (2, -50)], (0, 1));
        check(100, &[(1, 130), (2, -50)], (4, 5));
        check(-100, &[(1, -25)], (1, 4));
        check(-100, &[(1, 25)], (0, 1));
        check(0, &[], (1, 1));
    }
}
