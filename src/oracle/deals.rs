//! What single deals earn: each alone, at the sum that it finds or reaches, or by how far it moves the sum. And what of it goes
//! back with deals that were returned.

use super::ages;
use super::credits::DealSum;
use super::numbers::{decimal, round, whole_number};
use super::tables::{self, Case, Point, Stands, Waits, counts};
use crate::domain::money::MEASURED_DECIMALS;
use crate::wire::records::{ClawbackPrice, Component, CountSplit, Due, Method, OwnPlace, Pays, Period, RoundingAt, Scope};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;

/// Whether the order or the size of single deals has a say.
pub(super) fn by_deals(component: &Component) -> bool {
    let whole = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    whole || component.scope == Scope::Deal
}

/// Whether a part of what a deal earns waits until the deal is paid for.
pub(super) fn settles(component: &Component) -> bool {
    component.pay.iter().any(|tranche| tranche.when == Due::Settled)
}

/// Whether what a returned deal earned is taken back by itself.
pub(super) fn takes_back(component: &Component) -> bool {
    component.clawback.price == ClawbackPrice::HistoricRate
}

/// Whether every single deal has earnings of its own.
pub(super) fn earns_by_deal(component: &Component) -> bool {
    settles(component) || takes_back(component)
}

/// What a deal gives, and what of that is left where it was returned.
pub(super) struct Given {
    pub(super) deal: u32,
    pub(super) money: BigRational,
    pub(super) left: BigRational,
}

/// What of a version's earnings goes back with deals that were returned.
pub(super) fn taken_back(cases: &[Case<'_, '_>], before: &BigRational) -> BigRational {
    let counted = || (1..=cases.len()).filter(|count| counts(&cases[..*count], before)).map(|count| &cases[count - 1]);
    if cases.first().is_none_or(|case| !takes_back(case.component)) {
        return BigRational::zero();
    }
    let each = counted().filter_map(|case| case.each_deal().ok()).flatten();
    let back = each.fold(BigRational::zero(), |all, given| all + given.money - given.left);
    if back.is_zero() { back } else { back * per_unit(cases, before).unwrap_or_default() }
}

/// What is earned for each unit that the table gave in the cases that count.
pub(super) fn per_unit(cases: &[Case<'_, '_>], before: &BigRational) -> Option<BigRational> {
    let counted: Vec<_> =
        (1..=cases.len()).filter(|count| counts(&cases[..*count], before)).map(|count| &cases[count - 1]).collect();
    let whole = counted.iter().filter_map(|case| case.priced().ok()).fold(BigRational::zero(), |all, one| all + one);
    if !whole.is_zero() {
        return Some(tables::earned(cases, before) / whole);
    }
    let last = counted.last().filter(|case| takes_back(case.component))?;
    // So little that no cap is in its way, unless it is used up.
    let little = decimal(1, 24);
    last.modified(little.clone(), before).ok().flatten().map(|left| left / little)
}

impl Case<'_, '_> {
    /// The deals of the period in order, each as it was sold and what counts as returned of it.
    fn sold(&self, measure: u32) -> Vec<(u32, BigRational, BigRational)> {
        let own = |deal: &&DealSum| deal.payee == self.payee && deal.measure == measure && deal.period == self.period;
        let sum = |of: &DealSum| decimal(whole_number(&of.sum.to_string()), MEASURED_DECIMALS);
        let mut sold: BTreeMap<_, (u32, BigRational, BigRational)> = BTreeMap::new();
        for deal in self.pricing.deals.iter().filter(own) {
            sold.insert(&deal.place, (deal.deal, sum(deal), BigRational::zero()));
        }
        if takes_back(self.component) {
            for back in self.pricing.backs.iter().filter(own) {
                let (_, size, returned) =
                    sold.entry(&back.place).or_insert((back.deal, BigRational::zero(), BigRational::zero()));
                *size += sum(back);
                *returned += sum(back) * ages::part(self.component, back.place.0, back.on);
            }
        }
        sold.into_values().collect()
    }

    /// What the period is paid on: of each deal where a part waits for them, else in all.
    pub(super) fn paid_on(&self) -> Vec<(Option<u32>, BigRational)> {
        if settles(self.component) {
            let deals = self.pricing.place_of(&self.component.measure).map(|measure| self.sold(measure));
            return deals.into_iter().flatten().map(|(deal, size, _)| (Some(deal), size)).collect();
        }
        let id = self.component.paid_measure.as_ref().unwrap_or(&self.component.measure);
        let up_to = |last: Period| Point { case: *self, last, against: self.period }.sum(id);
        vec![(None, up_to(self.period) - up_to(Period(self.period.0 - 1)))]
    }

    /// What each deal of the period gives, one after the other.
    pub(super) fn each_deal(&self) -> Result<Vec<Given>, Waits> {
        let point = Point { case: *self, last: Period(self.period.0 - 1), against: self.period };
        let rates = self.rates()?;
        self.has_its_numbers()?;
        let Some(measure) = self.pricing.place_of(&self.component.measure) else { return Ok(Vec::new()) };
        let by_number = self.component.count_split == CountSplit::Whole;
        let mut reached = if by_number { self.deals_before(measure) } else { point.sum(&self.component.measure) };
        if [Method::WholeDealBefore, Method::WholeDealAfter].contains(&self.component.method) {
            point.stands_at(self.component.tier_by, &self.component.measure, reached.clone())?;
        }
        let mut each = Vec::new();
        for (deal, size, returned) in self.sold(measure) {
            let found = reached.clone();
            reached += if by_number { size.signum() } else { size.clone() };
            let money = match (self.component.scope, self.component.method) {
                (Scope::Deal, _) => self.alone(&point, &size, &rates),
                (_, Method::WholeDealBefore) => self.rate_at(&point, &found, &rates)? * &size,
                (_, Method::WholeDealAfter) => self.rate_at(&point, &reached, &rates)? * &size,
                _ => point.table_at(&reached)? - point.table_at(&found)?,
            };
            let left = match returned.is_zero() {
                true => money.clone(),
                false if size.is_zero() => BigRational::zero(),
                false => self.as_of_a_deal(&money - &money * returned / size),
            };
            each.push(Given { deal, money, left });
        }
        Ok(each)
    }

    /// How many deals the interval, or what of it counts, had before the period: less than nothing takes one away.
    fn deals_before(&self, measure: u32) -> BigRational {
        let earlier = self.segment().into_iter().filter(|period| *period < self.period);
        let deals = earlier.flat_map(|period| Case { period, ..*self }.sold(measure));
        deals.fold(BigRational::zero(), |all, (_, size, _)| all + size.signum())
    }

    /// A deal by its own size: never more than the cap, either way.
    fn alone(&self, point: &Point<'_, '_>, size: &BigRational, rates: &[BigRational]) -> BigRational {
        let whole = if self.component.pays == Pays::Lump { BigRational::one() } else { size.clone() };
        let mut money = point.at(size, &whole, rates);
        if let Some(most) = self.number(OwnPlace::DealCap)
            && money.abs() > most
        {
            money = if money.is_negative() { -most } else { most };
        }
        self.as_of_a_deal(money)
    }

    fn as_of_a_deal(&self, money: BigRational) -> BigRational {
        let digits = self.pricing.world.digits_of(self.payee);
        match self.component.rounding_at {
            RoundingAt::Cumulative => money,
            RoundingAt::Deal => round(&money, digits, self.component.rounding).map_or(money, |minor| decimal(minor, digits)),
        }
    }

    /// The rate of the tier that a sum is in.
    fn rate_at(&self, point: &Point<'_, '_>, sum: &BigRational, rates: &[BigRational]) -> Result<BigRational, Waits> {
        Ok(match point.stands_at(self.component.tier_by, &self.component.measure, sum.clone())? {
            Stands::Nothing => BigRational::zero(),
            Stands::Unmeasured => rates[0].clone(),
            Stands::At(x) => rates[self.tier_at(&self.edges(), &x)].clone(),
        })
    }
}
