//! Currency rates: what a deal in another currency than a measure's counts as, and what pay in another one is worth.
//!
//! Rates are stated, of a named type, and applied by one multiplication: never inverted, never chained. A line's amount
//! is converted once, to a millionth of the measure's unit (half to even); credits are exact shares of that. Leaves out
//! which rates a deal needs (`credit`), and how pay is converted (`conversion`).

use super::calendar::Date;
use super::money::{AMOUNT_DECIMALS, Amount, CurrencyRate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What amounts are in: those of the company, or of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    pub currency: Arc<str>,
    pub minor_digits: u32,
}

/// Rows that one type of rate may have for one currency: daily ones of 27 years.
pub const MAXIMUM_RATES: usize = 10_000;

/// All rates of one type from one currency into another. A later fact about them replaces the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyRates {
    pub rate_type: String,
    pub from_currency: String,
    pub to_currency: String,
    /// In order of `from`, each day once.
    pub rows: Vec<RateRow>,
}

/// What one unit of the one currency is worth in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRow {
    pub from: Date,
    pub rate: CurrencyRate,
    /// It is in force until another one is, and on `from` and at most so many days behind it.
    pub max_age_days: u32,
}

/// The rate of a type that a deal's lines were converted at: it stays on the credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedRate {
    /// As [`is_rate_into`] reads it.
    pub name: Arc<str>,
    pub rate: CurrencyRate,
}

impl StatedRate {
    /// `into`: where that is not the company's currency.
    pub fn new(rate_type: &str, into: Option<&str>, rate: CurrencyRate) -> StatedRate {
        let name = into.map_or_else(|| rate_type.into(), |into| format!("{rate_type}{BEFORE_CURRENCY}{into}").into());
        StatedRate { name, rate }
    }

    /// Says that the deal is in this currency: it counts as it is.
    pub fn of_own(currency: &str) -> StatedRate {
        StatedRate::new("", Some(currency), CurrencyRate::ONE)
    }
}

/// No type of rate holds it.
const BEFORE_CURRENCY: char = '\n';

/// Whether a rate's name is that of a type, into a currency that is not the company's where one is given. What has no type is
/// the deal's own currency.
pub fn is_rate_into(name: &str, rate_type: &str, into: Option<&str>) -> bool {
    match into {
        Some(into) => name.strip_suffix(into).and_then(|name| name.strip_suffix(BEFORE_CURRENCY)) == Some(rate_type),
        None => name == rate_type,
    }
}

impl CurrencyRates {
    /// Whether another statement is of the same type, from the same currency into the same one.
    pub fn is_of_kind(&self, other: &CurrencyRates) -> bool {
        (&self.rate_type, &self.from_currency, &self.to_currency) == (&other.rate_type, &other.from_currency, &other.to_currency)
    }

    /// The newest row of a day or before, whether or not it is too old.
    pub fn newest(&self, on: Date) -> Option<&RateRow> {
        let after = self.rows.partition_point(|row| row.from <= on);
        after.checked_sub(1).and_then(|place| self.rows.get(place))
    }

    /// The first day on which one of two statements has another rate in force.
    pub fn differ_from(&self, other: &CurrencyRates) -> Option<Date> {
        let alone =
            |rows: &[RateRow], others: &[RateRow]| rows.iter().filter(|row| !others.contains(row)).map(|row| row.from).min();
        let (one, two) = (alone(&self.rows, &other.rows), alone(&other.rows, &self.rows));
        one.into_iter().chain(two).min()
    }
}

impl RateRow {
    pub fn is_in_force(&self, on: Date) -> bool {
        i64::from(on.0) - i64::from(self.from.0) <= i64::from(self.max_age_days)
    }
}

/// An amount at a rate; `None` where it does not fit `decimal(24,6)`.
pub fn converted(amount: Amount, rate: CurrencyRate) -> Option<Amount> {
    let product = ethnum::I256::from(amount.0).checked_mul(ethnum::I256::from(rate.0))?;
    let unit = ethnum::I256::from(CurrencyRate::ONE.0);
    let size = product.abs();
    let (whole, rest) = (i128::try_from(size / unit).ok()?, i128::try_from(size % unit).ok()?);
    let left = CurrencyRate::ONE.0 - rest;
    let rounded = whole + i128::from(rest > left || (rest == left && whole % 2 != 0));
    let fits = rounded < 10i128.pow(18 + AMOUNT_DECIMALS);
    fits.then_some(Amount(if amount.0 < 0 { -rounded } else { rounded }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_converted_to_a_millionth_half_to_even() {
        let cases = [
            ("1000", "1.22", Some("1220")),
            ("-1000", "1.22", Some("-1220")),
            ("0.01", "0.0092", Some("0.000092")),
            // Five ten-millionths: to the even neighbour, of either sign.
            ("1", "0.0000005", Some("0")),
            ("3", "0.0000005", Some("0.000002")),
            ("-3", "0.0000005", Some("-0.000002")),
            ("1.000001", "0.0000005", Some("0.000001")),
            ("999999999999999999.999999", "1", Some("999999999999999999.999999")),
            ("999999999999999999.999999", "1.0000000001", None),
            ("500000000000000000", "2", None),
            ("999999999999999999", "9999999999.9999999999", None),
        ];
        for (amount, rate, expected) in cases {
            let found = converted(Amount::parse(amount).unwrap(), CurrencyRate::parse(rate).unwrap());
            assert_eq!(found.map(|amount| amount.to_string()).as_deref(), expected, "{amount} at {rate}");
        }
    }

    #[test]
    fn the_newest_rate_is_in_force_until_it_is_too_old() {
        let row = |from, rate, max_age_days| RateRow { from: Date(from), rate: CurrencyRate::parse(rate).unwrap(), max_age_days };
        let rates = |rows: &[RateRow]| CurrencyRates {
            rate_type: "spot".into(),
            from_currency: "GBP".into(),
            to_currency: "USD".into(),
            rows: rows.to_vec(),
        };
        let stated = rates(&[row(10, "1.2", 2), row(20, "1.3", 0)]);
        let on = |day| stated.newest(Date(day)).filter(|row| row.is_in_force(Date(day))).map(|row| row.rate.to_string());
        let found: Vec<_> = [9, 10, 12, 13, 19, 20, 21].into_iter().map(on).collect();
        let text = |text: &str| Some(text.to_string());
        assert_eq!(found, [None, text("1.2"), text("1.2"), None, None, text("1.3"), None]);
        for (other, first) in [
            (rates(&[row(10, "1.2", 2), row(20, "1.3", 0)]), None),
            (rates(&[row(10, "1.2", 2)]), Some(20)),
            (rates(&[row(10, "1.2", 2), row(15, "1.2", 2), row(20, "1.4", 0)]), Some(15)),
            (rates(&[row(10, "1.2", 3), row(20, "1.3", 0)]), Some(10)),
        ] {
            assert_eq!(stated.differ_from(&other), first.map(Date));
            assert_eq!(other.differ_from(&stated), first.map(Date));
        }
    }
}
