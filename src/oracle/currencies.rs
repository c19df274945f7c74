//! What a deal in another currency than the company's counts as.
//!
//! Every measure of money that counts one of its credits, by id, must have a type of rate, and that type a rate which is
//! the newest of the close date or before and not older than it may be, and at which no line outgrows `decimal(24,6)`. A line's amount times the rate is rounded to a
//! millionth, half to even, and shared out exactly.

use super::filters::Filter;
use super::history::Content;
use super::world::World;
use crate::wire::records::Reason;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// What an amount of a line counts as in a measure, in millionths of the company's currency, else what it waits for.
pub(super) fn counted(world: &World<'_>, deal: &Content, currency: &str, filter: &Filter, amount: i128) -> Result<i128, Reason> {
    let own = world.company.map_or("", |company| company.currency.as_str());
    if own == currency {
        return Ok(amount);
    }
    let rate_type = filter.rate_type.as_deref().ok_or(Reason::OtherCurrency)?;
    let stated = world.rates.get(&(rate_type, currency, own)).ok_or(Reason::MissingRate)?;
    let newest = stated.rows.iter().rev().find(|row| row.from <= deal.closed_on).ok_or(Reason::MissingRate)?;
    let last_day = i64::from(newest.from.0) + i64::from(newest.max_age_days);
    if i64::from(deal.closed_on.0) > last_day {
        return Err(Reason::MissingRate);
    }
    let product = BigInt::from(amount) * newest.rate.0;
    rounded(&product).filter(|millionths| millionths.abs() < 10i128.pow(24)).ok_or(Reason::MissingRate)
}

/// A product in 10^-16 as millionths.
fn rounded(product: &BigInt) -> Option<i128> {
    let unit = BigInt::from(10).pow(10);
    let (whole, rest) = (product / &unit, product % &unit);
    let twice = rest.abs() * 2;
    let away = twice > unit || (twice == unit && &whole % 2 != BigInt::from(0));
    let step = if away { product.signum() } else { BigInt::from(0) };
    (whole + step).to_i128()
}
