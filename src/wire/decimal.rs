//! Avro decimals: the unscaled integer as the fewest bytes of two's complement, big-endian.
//!
//! Leaves out scales: the schema states them, the domain's types hold integers of the same scale.

use crate::domain::money::unit_digits;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use std::fmt;

/// Decimals of money out: `decimal(18,4)`.
const MONEY_DECIMALS: u32 = 4;
pub(super) const AMOUNT_DIGITS: u32 = 24;
pub(super) const QUANTITY_DIGITS: u32 = 18;
pub(super) const SHARE_DIGITS: u32 = 9;
const MEASURED_DIGITS: u32 = 38;
const RATE_DIGITS: u32 = 18;

/// An unscaled decimal of at most `DIGITS` digits. Writing refuses more; reading takes what comes, bounded by
/// [`i128`], for [`fits`] to be asked where the field's name is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unscaled<const DIGITS: u32>(pub(super) i128);

pub(super) type AmountDecimal = Unscaled<AMOUNT_DIGITS>;
pub(super) type MeasuredDecimal = Unscaled<MEASURED_DIGITS>;
pub(super) type MoneyDecimal = Unscaled<18>;
pub(super) type RateDecimal = Unscaled<RATE_DIGITS>;

pub(super) fn fits(value: i128, digits: u32) -> bool {
    value.unsigned_abs() < 10u128.pow(digits)
}

impl<const DIGITS: u32> Unscaled<DIGITS> {
    pub(super) fn in_range(self) -> Option<i128> {
        fits(self.0, DIGITS).then_some(self.0)
    }
}

impl<const DIGITS: u32> Serialize for Unscaled<DIGITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !fits(self.0, DIGITS) {
            return Err(S::Error::custom(format_args!("a decimal of more than {DIGITS} digits")));
        }
        smallest_bytes(self.0, |bytes| serializer.serialize_bytes(bytes))
    }
}

/// A decimal's bytes, for `write`.
pub(super) fn smallest_bytes<T>(value: i128, write: impl FnOnce(&[u8]) -> T) -> T {
    let bytes = value.to_be_bytes();
    write(&bytes[bytes.len() - width(value)..])
}

/// Fewest bytes that hold the value and its sign.
fn width(value: i128) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    (128 - magnitude.leading_zeros()) as usize / 8 + 1
}

impl<'de, const DIGITS: u32> Deserialize<'de> for Unscaled<DIGITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(UnscaledVisitor).map(Unscaled)
    }
}

struct UnscaledVisitor;

impl Visitor<'_> for UnscaledVisitor {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a decimal")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<i128, E> {
        from_bytes(bytes).ok_or_else(|| E::custom("a decimal without bytes"))
    }
}

/// Two's complement, big-endian; the nearest [`i128`] when it does not fit. `None` without bytes.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<i128> {
    let first = bytes.first()?;
    let sign = if *first >= 0x80 { -1i128 } else { 0 };
    let surplus = bytes.len().saturating_sub(16);
    let (extension, kept) = bytes.split_at(surplus);
    let whole = kept.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte));
    let same_sign = (whole < 0) == (sign < 0);
    let fits = same_sign && extension.iter().all(|byte| *byte == sign as u8);
    Some(if fits { whole } else { i128::MAX ^ sign })
}

/// Money of a currency, or points, as `decimal(18,4)`; `None` when it is neither.
pub(super) fn money(minor: i64, currency: &str) -> Option<MoneyDecimal> {
    Some(Unscaled(i128::from(minor) * minor_unit(currency)?))
}

/// Minor units of a `decimal(18,4)`; `None` when it does not come out even.
pub(super) fn minor(money: MoneyDecimal, currency: &str) -> Option<i64> {
    let (value, unit) = (money.in_range()?, minor_unit(currency)?);
    (value % unit == 0).then(|| i64::try_from(value / unit).ok()).flatten()
}

fn minor_unit(currency: &str) -> Option<i128> {
    Some(10i128.pow(MONEY_DECIMALS - unit_digits(currency)?))
}

/// How the domain's numbers stand in a record, for `#[serde(with)]`.
pub(super) mod amount {
    use super::*;
    use crate::domain::money::Amount;

    pub(in crate::wire) fn serialize<S: Serializer>(value: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        AmountDecimal::serialize(&Unscaled(value.0), serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        AmountDecimal::deserialize(deserializer).map(|decimal| Amount(decimal.0))
    }
}

/// As [`amount`], where there may be none.
pub(super) mod optional_amount {
    use super::*;
    use crate::domain::money::Amount;

    pub(in crate::wire) fn serialize<S: Serializer>(value: &Option<Amount>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|amount| -> AmountDecimal { Unscaled(amount.0) }).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
        let decimal = Option::<AmountDecimal>::deserialize(deserializer)?;
        Ok(decimal.map(|decimal| Amount(decimal.0)))
    }
}

/// A quantity; what does not fit becomes the nearest that is out of range.
pub(super) mod quantity {
    use super::*;
    use crate::domain::money::Quantity;

    pub(in crate::wire) fn serialize<S: Serializer>(value: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
        Unscaled::<QUANTITY_DIGITS>(i128::from(value.0)).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        let decimal = Unscaled::<QUANTITY_DIGITS>::deserialize(deserializer)?;
        Ok(Quantity(i64::try_from(decimal.0).unwrap_or(i64::MAX)))
    }
}

/// A share; what does not fit or is negative becomes one that is out of range.
pub(super) mod share {
    use super::*;
    use crate::domain::money::Share;

    pub(in crate::wire) fn serialize<S: Serializer>(value: &Share, serializer: S) -> Result<S::Ok, S::Error> {
        Unscaled::<SHARE_DIGITS>(i128::from(value.0)).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        Unscaled::<SHARE_DIGITS>::deserialize(deserializer).map(from_unscaled)
    }

    pub(in crate::wire) fn from_unscaled(decimal: Unscaled<SHARE_DIGITS>) -> Share {
        Share(u32::try_from(decimal.0).unwrap_or(u32::MAX))
    }
}

/// As [`share`], where there may be none.
pub(super) mod optional_share {
    use super::*;
    use crate::domain::money::Share;

    pub(in crate::wire) fn serialize<S: Serializer>(value: &Option<Share>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|share| Unscaled::<SHARE_DIGITS>(i128::from(share.0))).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Share>, D::Error> {
        let decimal = Option::<Unscaled<SHARE_DIGITS>>::deserialize(deserializer)?;
        Ok(decimal.map(share::from_unscaled))
    }
}
