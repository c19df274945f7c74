//! Money before its one rounding: exact, as a fixed number of decimals where that suffices, else as a fraction.
//!
//! Most tables only multiply, so most amounts stay integers of 256 bits; a fraction arises where a table divides (by a
//! quota, by the width of a tier) and is never rounded on the way.

use super::money::{EARNED_DECIMALS, Minor, RoundingMode, round_to_minor};
use ethnum::I256;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::ops::{Add, Sub};
use std::str::FromStr;

/// An exact amount in the currency's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exact {
    /// In 10^-20.
    Fixed(I256),
    /// Boxed, because it is rare.
    Fraction(Box<BigRational>),
}

impl Default for Exact {
    fn default() -> Exact {
        Exact::ZERO
    }
}

/// A whole number as a fraction.
pub fn whole(value: impl Into<BigInt>) -> BigRational {
    BigRational::from_integer(value.into())
}

/// `value` in units of `10^-decimals`.
pub fn scaled(value: impl Into<BigInt>, decimals: u32) -> BigRational {
    BigRational::new(value.into(), BigInt::from(10).pow(decimals))
}

/// A 256-bit integer as a big one.
pub fn big(value: I256) -> BigInt {
    let (high, low) = value.into_words();
    (BigInt::from(high) << 128) + BigInt::from(low as u128)
}

impl Exact {
    pub const ZERO: Exact = Exact::Fixed(I256::ZERO);

    /// A fraction; one that the fixed decimals hold becomes an integer, so that equal amounts are equal.
    pub fn of(fraction: BigRational) -> Exact {
        let fixed = &fraction * whole(BigInt::from(10).pow(EARNED_DECIMALS));
        match fixed.is_integer().then(|| fixed.numer().to_i128()).flatten() {
            Some(fixed) => Exact::Fixed(I256::from(fixed)),
            None => Exact::Fraction(Box::new(fraction)),
        }
    }

    /// The amount as a fraction.
    pub fn fraction(&self) -> BigRational {
        match self {
            Exact::Fixed(fixed) => scaled(big(*fixed), EARNED_DECIMALS),
            Exact::Fraction(fraction) => (**fraction).clone(),
        }
    }

    /// Rounds to minor units; `None` when it does not fit.
    pub fn round(&self, minor_digits: u32, mode: RoundingMode) -> Option<Minor> {
        match self {
            Exact::Fixed(fixed) => round_to_minor(*fixed, minor_digits, mode),
            Exact::Fraction(fraction) => round_fraction(fraction, minor_digits, mode),
        }
    }

    /// Rounds to minor units and stays an amount; one that does not fit is left as it is.
    pub fn rounded(self, minor_digits: u32, mode: RoundingMode) -> Exact {
        match self.round(minor_digits, mode) {
            Some(minor) => Exact::Fixed(I256::from(minor.0) * I256::from(10i128.pow(EARNED_DECIMALS - minor_digits))),
            None => self,
        }
    }

    /// Numerator and denominator as published: over 10^20 where that is exact, else reduced.
    pub fn parts(&self) -> (String, String) {
        match self {
            Exact::Fixed(fixed) => {
                let numerator = i128::try_from(*fixed).map_or_else(|_| fixed.to_string(), |small| small.to_string());
                (numerator, DENOMINATOR.into())
            }
            Exact::Fraction(fraction) => (fraction.numer().to_string(), fraction.denom().to_string()),
        }
    }

    /// Reads [`Exact::parts`] back; `None` when they are not an amount.
    pub fn from_parts(numerator: &str, denominator: &str) -> Option<Exact> {
        if denominator == DENOMINATOR {
            return numerator.parse().ok().map(Exact::Fixed);
        }
        let (numerator, denominator) = (BigInt::from_str(numerator).ok()?, BigInt::from_str(denominator).ok()?);
        denominator.is_positive().then(|| Exact::Fraction(Box::new(BigRational::new(numerator, denominator))))
    }
}

/// 10^[`EARNED_DECIMALS`].
const DENOMINATOR: &str = "100000000000000000000";

/// To this many decimals.
pub fn rounded(fraction: &BigRational, decimals: u32, mode: RoundingMode) -> BigRational {
    let unit = whole(BigInt::from(10).pow(decimals));
    let size = fraction.abs() * &unit;
    let down = size.trunc();
    let rest = &size - &down;
    let half = BigRational::new(1.into(), 2.into());
    let odd = !(down.numer() % BigInt::from(2)).is_zero();
    let up = match mode {
        RoundingMode::Down => false,
        RoundingMode::HalfUp => rest >= half,
        RoundingMode::HalfEven => rest > half || (rest == half && odd),
    };
    let size = if up { down + whole(1) } else { down } / unit;
    if fraction.is_negative() { -size } else { size }
}

fn round_fraction(fraction: &BigRational, minor_digits: u32, mode: RoundingMode) -> Option<Minor> {
    let minor = rounded(fraction, minor_digits, mode) * whole(BigInt::from(10).pow(minor_digits));
    minor.to_integer().to_i64().map(Minor)
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: &Exact) -> Exact {
        match (self, other) {
            (Exact::Fixed(one), Exact::Fixed(other)) => Exact::Fixed(one + other),
            _ => Exact::of(self.fraction() + other.fraction()),
        }
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: &Exact) -> Exact {
        match (self, other) {
            (Exact::Fixed(one), Exact::Fixed(other)) => Exact::Fixed(one - other),
            _ => Exact::of(self.fraction() - other.fraction()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_round_as_fixed_decimals_do() {
        use RoundingMode::{Down, HalfEven, HalfUp};
        let cases = [
            ((1, 3), [33, 33, 33]),
            ((2, 3), [67, 67, 66]),
            ((1, 200), [0, 1, 0]),
            ((3, 200), [2, 2, 1]),
            ((999, 1000), [100, 100, 99]),
            ((0, 7), [0, 0, 0]),
        ];
        for ((numerator, denominator), expected) in cases {
            let fraction = BigRational::new(numerator.into(), denominator.into());
            for (mode, minor) in [HalfEven, HalfUp, Down].into_iter().zip(expected) {
                assert_eq!(round_fraction(&fraction, 2, mode), Some(Minor(minor)), "{fraction} {mode:?}");
                assert_eq!(round_fraction(&-fraction.clone(), 2, mode), Some(Minor(-minor)), "-{fraction} {mode:?}");
                assert_eq!(Exact::of(fraction.clone()).round(2, mode), Some(Minor(minor)), "{fraction} {mode:?}");
            }
        }
        assert_eq!(round_fraction(&whole(i64::MAX), 2, Down), None);
    }

    #[test]
    fn parts_say_the_amount() {
        let third = BigRational::new((-1).into(), 3.into());
        for exact in [Exact::ZERO, Exact::Fixed(I256::MIN), Exact::of(third), Exact::of(scaled(7, 20)), Exact::of(scaled(7, 21))]
        {
            let (numerator, denominator) = exact.parts();
            assert_eq!(Exact::from_parts(&numerator, &denominator), Some(exact));
        }
        assert_eq!(Exact::from_parts("1", "0"), None);
        assert_eq!(Exact::of(scaled(30, 21)), Exact::Fixed(I256::from(3)), "equal amounts are equal");
    }
}
