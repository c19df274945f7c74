//! What single deals earn: each alone, at the sum that it finds or reaches, or by how far it moves the sum.

use super::credits::DealSum;
use super::numbers::{decimal, round, whole_number};
use super::tables::{Case, Point, Stands, Waits, rate};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS};
use crate::wire::records::{Component, Due, Method, Pays, Period, RoundingAt, Scope};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// Whether the order or the size of single deals has a say.
pub(super) fn by_deals(component: &Component) -> bool {
    let whole = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    whole || component.scope == Scope::Deal
}

/// Whether a part of what a deal earns waits until the deal is paid for.
pub(super) fn settles(component: &Component) -> bool {
    component.pay.iter().any(|tranche| tranche.when == Due::Settled)
}

impl Case<'_, '_> {
    /// What each deal of the period gives, one after the other.
    pub(super) fn each_deal(&self) -> Result<Vec<(u32, BigRational)>, Waits> {
        let point = Point { case: *self, last: Period(self.period.0 - 1), against: self.period };
        let Some(measure) = self.pricing.place_of(&self.component.measure) else { return Ok(Vec::new()) };
        let own = |deal: &&DealSum| deal.payee == self.payee && deal.measure == measure && deal.period == self.period;
        let mut reached = point.sum(&self.component.measure);
        let mut each = Vec::new();
        for deal in self.pricing.deals.iter().filter(own) {
            let size = decimal(whole_number(&deal.sum.to_string()), MEASURED_DECIMALS);
            let found = reached.clone();
            reached += &size;
            let money = match (self.component.scope, self.component.method) {
                (Scope::Deal, _) => self.alone(&point, &size),
                (_, Method::WholeDealBefore) => self.rate_at(&point, &found)? * size,
                (_, Method::WholeDealAfter) => self.rate_at(&point, &reached)? * size,
                _ => point.table_at(&reached)? - point.table_at(&found)?,
            };
            each.push((deal.deal, money));
        }
        Ok(each)
    }

    /// A deal by its own size: never more than the cap, either way.
    fn alone(&self, point: &Point<'_, '_>, size: &BigRational) -> BigRational {
        let whole = if self.component.pays == Pays::Lump { BigRational::one() } else { size.clone() };
        let mut money = point.at(size, &whole);
        if let Some(cap) = self.component.modifiers.deal_cap {
            let most = decimal(cap.0, AMOUNT_DECIMALS);
            if money.abs() > most {
                money = if money.is_negative() { -most } else { most };
            }
        }
        let digits = self.pricing.minor_digits;
        match self.component.rounding_at {
            RoundingAt::Cumulative => money,
            RoundingAt::Deal => round(&money, digits, self.component.rounding).map_or(money, |minor| decimal(minor, digits)),
        }
    }

    /// The rate of the tier that a sum is in.
    fn rate_at(&self, point: &Point<'_, '_>, sum: &BigRational) -> Result<BigRational, Waits> {
        let tiers = &self.component.tiers;
        Ok(match point.stands_at(self.component.tier_by, &self.component.measure, sum.clone())? {
            Stands::Nothing => BigRational::zero(),
            Stands::Unmeasured => rate(&tiers[0]),
            Stands::At(x) => rate(&tiers[self.tier_at(tiers, &x)]),
        })
    }
}
