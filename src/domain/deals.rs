//! What one deal earns where deals are looked at one by one: by its own size, or by the sum that it finds.

use super::exact::{Exact, scaled};
use super::money::{AMOUNT_DECIMALS, Amount, Measured};
use super::plan::{Component, RoundingAt, Tier};
use super::rate_table::{Axis, Part, Question, times_rate, value};

/// `scope = "deal"`: the table of the deal's own size, at most `cap` either way, rounded where the deal is.
pub fn of_deal(component: &Component, tiers: &[Tier], cap: Option<Amount>, deal: Measured, minor_digits: u32) -> Exact {
    let Some(axis) = Axis::new(component.tier_by, deal, None, Part::ALL) else { return Exact::ZERO };
    let priced = value(component, Question { tiers, axis, paid: deal, target: None });
    let earned = match cap {
        Some(cap) => {
            let cap = scaled(cap.0, AMOUNT_DECIMALS);
            Exact::of(priced.fraction().clamp(-cap.clone(), cap))
        }
        None => priced,
    };
    match component.rounding_at {
        RoundingAt::Cumulative => earned,
        RoundingAt::Deal => earned.rounded(minor_digits, component.rounding),
    }
}

/// `whole_deal_before` and `whole_deal_after`: the rate of the tier that `axis` is in, on all of the deal. Without a quota
/// (`None`) the first tier applies.
pub fn whole_deal(component: &Component, tiers: &[Tier], axis: Option<Axis>, deal: Measured) -> Exact {
    let place = axis.map_or(0, |axis| axis.place(tiers, component.boundary));
    tiers.get(place).map_or(Exact::ZERO, |tier| times_rate(deal, tier.rate))
}
