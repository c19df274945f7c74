//! What is taken back of single deals: what each earned itself at its place, in the proportion that it was returned in. And what
//! each was paid on, where its part of all that was earned follows from that.
//!
//! It is taken back behind everything that modifies the table, in the proportion that the modifiers leave of it.

use super::{At, Exact, Lacks, OneDeal, Piece, Pricing, Segment};
use crate::domain::exact::{big, scaled};
use crate::domain::money::{MEASURED_DECIMALS, Measured, RATE_DECIMALS};
use crate::domain::plan::RoundingAt;
use ethnum::I256;
use num_rational::BigRational;
use num_traits::{One, Zero};

/// What was returned times a share.
const BACK_DECIMALS: u32 = MEASURED_DECIMALS + RATE_DECIMALS;

impl Segment<'_> {
    pub(super) fn taken_back(&self) -> Exact {
        let returned = self.parts.iter().filter(|part| part.kept != part.priced);
        let taken = returned.fold(Exact::ZERO, |all, part| &all + &(&part.priced - &part.kept));
        match self.factor().filter(|_| taken != Exact::ZERO) {
            Some(factor) => Exact::of(taken.fraction() * factor),
            None => Exact::ZERO,
        }
    }
}

impl<'w> Pricing<'_, 'w> {
    /// A deal that was sold for nothing in all earned nothing that could be left.
    pub(super) fn piece(&self, at: At, deal: &OneDeal<'w>, priced: Exact) -> Piece<'w> {
        let kept = match (deal.back == I256::ZERO, deal.measured.0) {
            (true, _) => priced.clone(),
            (false, 0) => Exact::ZERO,
            (false, sold) => {
                let back = scaled(big(deal.back), BACK_DECIMALS) / scaled(sold, MEASURED_DECIMALS);
                let kept = priced.fraction() * (BigRational::one() - back);
                self.rounded_with_the_deal(Exact::of(kept), at.minor_digits)
            }
        };
        Piece { place: at.place, deal_id: Some(deal.deal_id), priced, kept }
    }

    /// What is paid on in a period: deal by deal where a part waits for them, else together.
    pub(super) fn paid_on(&self, at: At) -> Vec<Piece<'w>> {
        let piece = |deal_id, measured: Measured| {
            let priced = Exact::of(scaled(measured.0, MEASURED_DECIMALS));
            Piece { place: at.place, deal_id, kept: priced.clone(), priced }
        };
        if self.component.settles() {
            let deals = self.period.deals.iter().map(|deal| piece(Some(deal.deal_id), deal.measured));
            return std::iter::once(piece(None, Measured(0))).chain(deals).collect();
        }
        let of = if self.component.paid_measure.is_some() { self.period.paid } else { self.period.tier };
        vec![piece(None, Measured(of.to.0.saturating_sub(of.from.0)))]
    }

    fn rounded_with_the_deal(&self, kept: Exact, minor_digits: u32) -> Exact {
        match self.component.rounding_at {
            RoundingAt::Cumulative => kept,
            RoundingAt::Deal => kept.rounded(minor_digits, self.component.rounding),
        }
    }

    /// What the modifiers leave of each unit of an amount so small that no cap cuts it but one that is used up.
    pub(super) fn of_little(&self, before: &Exact) -> Result<Option<BigRational>, Lacks<'w>> {
        let little = Exact::Fixed(I256::ONE);
        let left = self.modified(&little, before)?.map(|left| left.fraction() / little.fraction());
        Ok(left.filter(|left| !left.is_zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{component, input};
    use super::super::{PeriodInput, Reading, earned};
    use super::*;
    use crate::domain::money::{Amount, Rate};
    use crate::domain::plan::{Clawback, ClawbackPrice, Component, Modifiers, NoQuota, QuotaUse};

    /// Deals as (sold, returned, percent of that taken back): 10 % up to a quota of 100, and 20 % above.
    fn check(modifiers: Modifiers, deals: &[(i128, i128, i64)], minor: i64) {
        let clawback = Clawback { price: ClawbackPrice::HistoricRate, ..Clawback::default() };
        let component = Component { clawback, modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 10) };
        let one = |(sold, returned, percent): &(i128, i128, i64)| OneDeal {
            deal_id: "D",
            measured: Measured(sold * 1_000_000_000_000),
            back: I256::from(returned * 1_000_000_000_000) * I256::from(percent * 1_000_000),
        };
        let deals: Vec<OneDeal<'_>> = deals.iter().map(one).collect();
        let to = Measured(deals.iter().map(|deal| deal.measured.0).sum());
        let tier = Reading { quota: Some(Amount(100_000_000)), to, ..Reading::default() };
        let period = PeriodInput { component: Some(&component), deals, ..input(tier) };
        assert_eq!(earned(&[period], 2, false).unwrap()[0].minor.0, minor);
    }

    #[test]
    fn what_a_deal_earned_goes_in_the_part_that_is_taken_back() {
        let plain = Modifiers::default;
        // 6.00 and, behind it, 4.00 + 4.00.
        check(plain(), &[(60, 0, 100), (60, 0, 100)], 1_400);
        check(plain(), &[(60, 60, 100), (60, 0, 100)], 800);
        check(plain(), &[(60, 60, 50), (60, 0, 100)], 1_100);
        check(plain(), &[(60, 60, 0), (60, 60, 0)], 1_400);
        check(plain(), &[(60, 0, 0), (60, 30, 100)], 1_000);
        check(plain(), &[(60, 30, 50), (60, 30, 25)], 1_150);
        // A third of 0.10 is rounded with the rest.
        check(plain(), &[(1, 1, 33)], 7);
        let halved = Modifiers { weight: Some(Rate(50_000_000)), ..plain() };
        check(halved.clone(), &[(60, 60, 50), (60, 0, 100)], 550);
        // Of deals that are nothing together it is what modifiers leave of a little that is taken back of one.
        check(plain(), &[(60, 60, 100), (-60, 0, 100)], -600);
        check(halved, &[(60, 60, 100), (-60, 0, 100)], -300);
        check(Modifiers { weight: Some(Rate(0)), ..plain() }, &[(60, 60, 100), (-60, 0, 100)], 0);
        // What was cut by a cap is cut of all: 7.00 of 14.00, of which half of 6.00 is taken back as half of 3.00.
        let capped = Modifiers { cap: Some(Amount(7_000_000)), ..plain() };
        check(capped, &[(60, 60, 50), (60, 0, 100)], 550);
    }
}
