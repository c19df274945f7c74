//! A rate table as a function of one exact sum: what all of it earns, marginal or retroactive.
//!
//! Edges of attainment tiers scale with the quota by multiplication, so nothing is divided and every value is exact.

use super::fact::{Boundary, Component, Method, Negative, NoQuota, TierBy};
use super::money::{Amount, Measured};
use ethnum::I256;

/// An exact earning in 10^-20 of the currency's unit.
pub type Exact = I256;

/// What a table makes of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Earns(Exact),
    /// Tiers of attainment without a quota to measure them by.
    NeedsQuota,
}

/// The earning of the whole sum `measured` under a component's table.
pub fn value(component: &Component, quota: Option<Amount>, measured: Measured) -> Value {
    let quota = quota.filter(|quota| quota.0 > 0);
    let lacks_quota = component.tier_by == TierBy::Attainment && quota.is_none();
    match component.no_quota {
        Some(NoQuota::Nothing) if lacks_quota => return Value::Earns(I256::ZERO),
        Some(NoQuota::Park) | None if lacks_quota => return Value::NeedsQuota,
        _ => {}
    }
    let of_positive = |sum: I256| if lacks_quota { first_tier(component, sum) } else { of_positive(component, quota, sum) };
    let sum = I256::from(measured.0);
    Value::Earns(match component.negative {
        Negative::Carry if measured.0 < 0 => first_tier(component, sum),
        Negative::Zero if measured.0 < 0 => I256::ZERO,
        Negative::Mirror if measured.0 < 0 => -of_positive(-sum),
        _ => of_positive(sum),
    })
}

fn first_tier(component: &Component, sum: I256) -> Exact {
    sum * I256::from(component.tiers.first().map_or(0, |tier| tier.rate.0))
}

/// The lower edge of a tier in 10^-12 of the measure's unit. Attainment tiers have at most 6 decimals, so that
/// `from x quota` needs no more than 12.
fn edge(component: &Component, quota: Option<Amount>, place: usize) -> I256 {
    let from = component.tiers[place].from;
    match (component.tier_by, quota) {
        (TierBy::Attainment, Some(quota)) => I256::from(from / 1_000_000) * I256::from(quota.0),
        _ => I256::from(from),
    }
}

fn of_positive(component: &Component, quota: Option<Amount>, sum: I256) -> Exact {
    let reached = |place: usize| {
        let edge = edge(component, quota, place);
        sum > edge || (sum == edge && component.boundary == Boundary::Upper)
    };
    let last = (1..component.tiers.len()).take_while(|place| reached(*place)).last().unwrap_or(0);
    let rate = |place: usize| I256::from(component.tiers[place].rate.0);
    match component.method {
        Method::Retroactive => sum * rate(last),
        Method::Marginal => {
            let full = (0..last).map(|place| (edge(component, quota, place + 1) - edge(component, quota, place)) * rate(place));
            full.fold((sum - edge(component, quota, last)) * rate(last), |total, part| total + part)
        }
    }
}
