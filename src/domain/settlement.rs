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
    /// Kept and without effect: an invoice is no money yet.
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
