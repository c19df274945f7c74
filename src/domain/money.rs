//! Exact numbers: scaled integers with a fixed number of decimals each, read from and written as text without a float.
//!
//! Leaves out division: a quotient never arises before the one rounding in [`round_to_minor`].

use ethnum::I256;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Decimals of a line amount or a quota: `decimal(24,6)`.
pub const AMOUNT_DECIMALS: u32 = 6;
/// Decimals of a quantity: `decimal(18,4)`.
pub const QUANTITY_DECIMALS: u32 = 4;
/// Decimals of a share: `decimal(9,6)`, 1.000000 is all.
pub const SHARE_DECIMALS: u32 = 6;
/// Decimals of a rate held as a fraction: 6 % is 0.06000000.
pub const RATE_DECIMALS: u32 = 8;
/// Digits of a rate: `decimal(18,8)`.
const RATE_DIGITS: u32 = 18;
/// Decimals of a measured sum: an amount times a share.
pub const MEASURED_DECIMALS: u32 = 12;
/// Decimals of an unrounded earning: a measured sum times a rate.
pub const EARNED_DECIMALS: u32 = MEASURED_DECIMALS + RATE_DECIMALS;

/// Digits of a payout's or run's amount in front of the point.
pub const RECORD_DIGITS: u32 = 14;
/// The most that a component earns for a period, in whole units of the currency: what is published of it, and of sums of it,
/// fits `decimal(18,4)`.
pub const MAXIMUM_EARNING: i64 = 1_000_000_000_000;

/// Decimals of a currency rate: `decimal(20,10)`.
pub const CURRENCY_RATE_DECIMALS: u32 = 10;

/// A share of 100 %.
pub const WHOLE: Share = Share(1_000_000);

/// An amount of money or a quota, in millionths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Amount(pub i128);

impl Amount {
    /// Whether it can be paid at once: up to [`MAXIMUM_EARNING`].
    pub fn is_payable(self) -> bool {
        self.0.unsigned_abs() <= MAXIMUM_EARNING.unsigned_abs() as u128 * 10u128.pow(AMOUNT_DECIMALS)
    }
}

/// A quantity, in ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quantity(pub i64);

/// A share of a line, in millionths; [`WHOLE`] is all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Share(pub u32);

/// A rate as a fraction (or money per unit), in hundred-millionths: 6 % is `Rate(6_000_000)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rate(pub i64);

/// What one unit of a currency is worth in another one, in 10^-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CurrencyRate(pub i128);

/// A measured sum (amount or quantity times shares), in 10^-12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Measured(pub i128);

/// Money as it is paid, in the currency's minor units (cents for USD).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Minor(pub i64);

impl Minor {
    /// Whether a record of payouts holds it: `decimal(18,4)`.
    pub fn fits_record(self, minor_digits: u32) -> bool {
        u128::from(self.0.unsigned_abs()) < 10u128.pow(RECORD_DIGITS + minor_digits)
    }

    /// Whether a component may earn this for a period: up to [`MAXIMUM_EARNING`].
    pub fn is_payable(self, minor_digits: u32) -> bool {
        i128::from(self.0).abs() <= i128::from(MAXIMUM_EARNING) * 10i128.pow(minor_digits)
    }
}

/// Why a number was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("\"{0}\" is not a plain decimal number")]
    NotANumber(String),
    #[error("\"{text}\" has more than {decimals} decimals")]
    TooManyDecimals { text: String, decimals: u32 },
    #[error("\"{0}\" is out of range")]
    OutOfRange(String),
}

/// Reads a plain decimal (no exponent, no excess places) as an integer scaled by `10^decimals`.
/// `digits` is the precision: more significant digits than that are out of range.
pub fn parse_scaled(text: &str, decimals: u32, digits: u32) -> Result<i128, NumberError> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    let number = plain.then(|| Decimal::from_str_exact(text).ok()).flatten();
    let Some(number) = number else {
        let long = plain && text.bytes().filter(u8::is_ascii_digit).count() > 28;
        return Err(if long { NumberError::OutOfRange(text.into()) } else { NumberError::NotANumber(text.into()) });
    };
    let number = number.normalize();
    if number.scale() > decimals {
        return Err(NumberError::TooManyDecimals { text: text.into(), decimals });
    }
    let scaled = number
        .mantissa()
        .checked_mul(10i128.pow(decimals - number.scale()))
        .filter(|value| value.unsigned_abs() < 10u128.pow(digits));
    scaled.ok_or_else(|| NumberError::OutOfRange(text.into()))
}

/// Writes an integer scaled by `10^decimals`, keeping at least `keep` decimals and dropping zeros after them.
pub fn format_scaled(value: i128, decimals: u32, keep: u32) -> String {
    let unit = 10u128.pow(decimals);
    let (whole, part) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let sign = if value < 0 { "-" } else { "" };
    let mut text = format!("{part:0width$}", width = decimals as usize);
    while text.len() > keep as usize && text.ends_with('0') {
        text.pop();
    }
    if decimals == 0 || text.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{text}") }
}

impl Amount {
    /// `decimal(24,6)` from text.
    pub fn parse(text: &str) -> Result<Amount, NumberError> {
        parse_scaled(text, AMOUNT_DECIMALS, 24).map(Amount)
    }
}

impl Amount {
    /// The same number as a rate; `None` where that is too large for one.
    pub fn as_rate(self) -> Option<Rate> {
        let scaled = self.0.checked_mul(10i128.pow(RATE_DECIMALS - AMOUNT_DECIMALS))?;
        i64::try_from(scaled).ok().filter(|rate| rate.unsigned_abs() < 10u64.pow(RATE_DIGITS)).map(Rate)
    }
}

impl Quantity {
    /// `decimal(18,4)` from text.
    pub fn parse(text: &str) -> Result<Quantity, NumberError> {
        Ok(Quantity(parse_scaled(text, QUANTITY_DECIMALS, 18)? as i64))
    }
}

impl Share {
    /// A share from text: `"50%"` or `"0.5"`; at most 100 %, not negative.
    pub fn parse(text: &str) -> Result<Share, NumberError> {
        let scaled = match text.strip_suffix('%') {
            Some(percent) => parse_scaled(percent, SHARE_DECIMALS - 2, 9)?,
            None => parse_scaled(text, SHARE_DECIMALS, 9)?,
        };
        let share = u32::try_from(scaled).ok().filter(|share| *share <= WHOLE.0);
        share.map(Share).ok_or_else(|| NumberError::OutOfRange(text.into()))
    }
}

impl Rate {
    /// A rate from text: `"6%"`, `"0.06"`, or money per unit.
    pub fn parse(text: &str) -> Result<Rate, NumberError> {
        let scaled = match text.strip_suffix('%') {
            Some(percent) => parse_scaled(percent, RATE_DECIMALS - 2, 16)?,
            None => parse_scaled(text, RATE_DECIMALS, 18)?,
        };
        Ok(Rate(scaled as i64))
    }
}

impl CurrencyRate {
    /// One for one.
    pub const ONE: CurrencyRate = CurrencyRate(10i128.pow(CURRENCY_RATE_DECIMALS));

    /// A positive `decimal(20,10)` from text.
    pub fn parse(text: &str) -> Result<CurrencyRate, NumberError> {
        let rate = CurrencyRate(parse_scaled(text, CURRENCY_RATE_DECIMALS, 20)?);
        if rate.is_possible() { Ok(rate) } else { Err(NumberError::OutOfRange(text.into())) }
    }

    /// Above zero, and a `decimal(20,10)`.
    pub fn is_possible(self) -> bool {
        self.0 > 0 && self.0 < 10i128.pow(20)
    }
}

impl Minor {
    /// Text with the currency's decimals: `Minor(123)` of 2 is `"1.23"`.
    pub fn text(self, minor_digits: u32) -> String {
        format_scaled(i128::from(self.0), minor_digits, minor_digits)
    }

    /// Reads money with at most the currency's decimals.
    pub fn parse(text: &str, minor_digits: u32) -> Result<Minor, NumberError> {
        Ok(Minor(parse_scaled(text, minor_digits, 18)? as i64))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, AMOUNT_DECIMALS, 0))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(i128::from(self.0), QUANTITY_DECIMALS, 0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(i128::from(self.0), SHARE_DECIMALS, 0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(i128::from(self.0), RATE_DECIMALS, 0))
    }
}

impl fmt::Display for CurrencyRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, CURRENCY_RATE_DECIMALS, 0))
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, MEASURED_DECIMALS, 0))
    }
}

/// How the one rounding treats what lies between two minor units. Symmetric: -x rounds to the negative of x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    HalfEven,
    HalfUp,
    Down,
}

/// Rounds an exact earning (in `10^-EARNED_DECIMALS`) to minor units; `None` when it does not fit.
pub fn round_to_minor(earned: I256, minor_digits: u32, mode: RoundingMode) -> Option<Minor> {
    let unit = 10i128.pow(EARNED_DECIMALS - minor_digits);
    // An i128 holds 1.7 x 10^18 of the currency's unit: more is out of range.
    let size = i128::try_from(earned.checked_abs()?).ok()?;
    let (whole, rest) = (size / unit, size % unit);
    let up = match mode {
        RoundingMode::Down => false,
        RoundingMode::HalfUp => rest >= unit - rest,
        RoundingMode::HalfEven => rest > unit - rest || (rest == unit - rest && whole % 2 != 0),
    };
    let rounded = i64::try_from(whole + i128::from(up)).ok()?;
    Some(Minor(if earned.is_negative() { -rounded } else { rounded }))
}

/// The unit of what is earned in points, where money has its currency.
pub const POINTS: &str = "points";
/// Decimals of points.
pub const POINTS_DECIMALS: u32 = 2;

/// Minor digits of what something is earned in: of points, or of a currency.
pub fn unit_digits(unit: &str) -> Option<u32> {
    if unit == POINTS { Some(POINTS_DECIMALS) } else { minor_digits(unit) }
}

/// Minor digits of a currency by ISO 4217: 0 for JPY, 3 for KWD, 2 for most; `None` when it is not a currency code.
pub fn minor_digits(currency: &str) -> Option<u32> {
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    Some(match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND" | "VUV" | "XAF"
        | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_whole_or_not_at_all() {
        let check = |text: &str, expected: Result<i128, &str>| {
            let found = parse_scaled(text, 2, 6).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        };
        check("1.50", Ok(150));
        check("-0.01", Ok(-1));
        // Zeros are no decimals.
        check("1.5000", Ok(150));
        check("9999.99", Ok(999_999));
        check("-9999.99", Ok(-999_999));
        check("10000", Err("\"10000\" is out of range"));
        check("0.001", Err("\"0.001\" has more than 2 decimals"));
        for text in ["", "-", ".", "1e5", "+1", " 1", "1,5", "1_0", "1.2.3", "0x1", "NaN"] {
            check(text, Err(&format!("\"{text}\" is not a plain decimal number")));
        }
        // More digits than a number has room for; a word is none, however long.
        let (long, most) = ("9".repeat(29), "9".repeat(28));
        check(&long, Err(&format!("\"{long}\" is out of range")));
        check(&most, Err(&format!("\"{most}\" is out of range")));
        let dashes = "-".repeat(29);
        check(&dashes, Err(&format!("\"{dashes}\" is not a plain decimal number")));
        let broken = "1.2.".repeat(14);
        check(&broken, Err(&format!("\"{broken}\" is not a plain decimal number")));
        let word = "1e".repeat(29);
        check(&word, Err(&format!("\"{word}\" is not a plain decimal number")));
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        assert_eq!(Quantity::parse("-2.50").map(|of| of.to_string()).as_deref(), Ok("-2.5"));
        assert_eq!(Share::parse("12.5%").map(|of| of.to_string()).as_deref(), Ok("0.125"));
        assert_eq!(Rate::parse("6%").map(|of| of.to_string()).as_deref(), Ok("0.06"));
        assert_eq!(CurrencyRate::parse("1.10").map(|of| of.to_string()).as_deref(), Ok("1.1"));
        assert_eq!(Amount::parse("-7").map(|of| of.to_string()).as_deref(), Ok("-7"));
        assert_eq!(Measured(-1).to_string(), "-0.000000000001");
        assert_eq!([0, 2, 3].map(|digits| Minor(-1_005).text(digits)), ["-1005", "-10.05", "-1.005"]);
    }

    #[test]
    fn what_can_be_paid_at_once_has_a_limit() {
        let most = i128::from(MAXIMUM_EARNING) * 10i128.pow(AMOUNT_DECIMALS);
        for (amount, payable) in [(most, true), (-most, true), (most + 1, false), (-most - 1, false), (i128::MIN, false)] {
            assert_eq!(Amount(amount).is_payable(), payable, "{amount}");
        }
        for (minor, payable) in [(MAXIMUM_EARNING * 100, true), (MAXIMUM_EARNING * 100 + 1, false), (i64::MIN, false)] {
            assert_eq!(Minor(minor).is_payable(2), payable, "{minor}");
        }
    }

    #[test]
    fn minor_digits_are_those_of_iso_4217() {
        let check =
            |unit: &str, of_money, of_unit| assert_eq!((minor_digits(unit), unit_digits(unit)), (of_money, of_unit), "{unit}");
        for (currency, digits) in [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4)] {
            check(currency, Some(digits), Some(digits));
        }
        check(POINTS, None, Some(POINTS_DECIMALS));
        for text in ["", "US", "USDX", "usd", "U1D"] {
            check(text, None, None);
        }
    }
}
