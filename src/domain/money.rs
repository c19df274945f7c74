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
