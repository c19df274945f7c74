//! What is taken back of single deals: what each earned itself at its place, in the proportion that it was returned in.
//!
//! It is taken back behind everything that modifies the table, in the proportion that the modifiers leave of it.

use super::{At, Exact, Lacks, OneDeal, Piece, Pricing, Segment};
use crate::domain::exact::{big, scaled};
use crate::domain::money::{MEASURED_DECIMALS, RATE_DECIMALS};
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
