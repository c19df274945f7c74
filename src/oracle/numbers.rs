//! Fractions of scaled numbers, and their rounding.

use crate::domain::money::RoundingMode;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

pub(super) fn decimal(value: impl Into<BigInt>, decimals: u32) -> BigRational {
    BigRational::new(value.into(), BigInt::from(10).pow(decimals))
}

/// Of the text of a 256-bit integer.
pub(super) fn whole_number(text: &str) -> BigInt {
    text.parse().unwrap_or_default()
}

/// Rounds money to minor units; `None` when it does not fit.
pub(super) fn round(money: &BigRational, minor_digits: u32, mode: RoundingMode) -> Option<i64> {
    let minor = to_places(money, minor_digits, mode) / decimal(1, minor_digits);
    minor.to_integer().to_i64()
}

/// A value to this many places behind the point.
pub(super) fn to_places(value: &BigRational, places: u32, mode: RoundingMode) -> BigRational {
    let unit = decimal(1, places);
    let steps = value.abs() / &unit;
    let below = steps.floor();
    let twice = (&steps - &below) * decimal(2, 0);
    let even = (below.to_integer() % BigInt::from(2)).is_zero();
    let up = match mode {
        RoundingMode::Down => false,
        RoundingMode::HalfUp => twice >= BigRational::one(),
        RoundingMode::HalfEven => twice > BigRational::one() || (twice.is_one() && !even),
    };
    let steps = if up { below + BigRational::one() } else { below };
    if value.is_negative() { -(steps * unit) } else { steps * unit }
}
