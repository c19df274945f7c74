//! What a component earns that looks at deals one by one: each alone, or at the sum that it finds or reaches.

use super::credits::DealSum;
use super::tables::{Case, Point, Stands, Waits, decimal, rate, round, whole_number};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS};
use crate::wire::records::{Component, Method, Pays, Period, RoundingAt, Scope};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// Whether the order or the size of single deals has a say.
pub(super) fn by_deals(component: &Component) -> bool {
    let whole = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    whole || component.scope == Scope::Deal
}

impl Case<'_, '_> {
    /// What the deals of the period give, one after the other.
    pub(super) fn priced_by_deal(&self) -> Result<BigRational, Waits> {
        let point = Point { case: *self, last: Period(self.period.0 - 1) };
        let Some(measure) = self.pricing.place_of(&self.component.measure) else { return Ok(BigRational::zero()) };
        let own = |deal: &&DealSum| deal.payee == self.payee && deal.measure == measure && deal.period == self.period;
        let mut reached = point.sum(&self.component.measure);
        let mut all = BigRational::zero();
        for deal in self.pricing.deals.iter().filter(own) {
            let size = decimal(whole_number(&deal.sum.to_string()), MEASURED_DECIMALS);
            let found = reached.clone();
            reached += &size;
            all += match (self.component.scope, self.component.method) {
                (Scope::Deal, _) => self.alone(&point, &size),
                (_, Method::WholeDealBefore) => self.rate_at(&point, &found)? * size,
                _ => self.rate_at(&point, &reached)? * size,
            };
        }
        Ok(all)
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
