//! What modifies what a table gave: weight, multiplier, gate, floor and cap, in this order.
//!
//! They work on all that a version gave in the interval, and so do numbers that are the payee's own: those of the period.

use super::{Lacks, Pricing};
use crate::domain::exact::{Exact, scaled};
use crate::domain::money::{AMOUNT_DECIMALS, Amount, RATE_DECIMALS};
use crate::domain::plan::{Bound, Component, Gate, Modifiers, Otherwise, Tested};
use num_rational::BigRational;
use num_traits::Zero;

/// A component's modifiers with the numbers of a payee in their places; what it lacks where one is missing. `None` where one
/// does not fit its place.
pub fn own_modifiers(component: &Component, parameter: impl Fn(&str) -> Option<Amount>) -> Option<Result<Modifiers, Lacks<'_>>> {
    let (mut modifiers, mut lacks) = (component.modifiers.clone(), None);
    for own in &component.own_modifiers {
        match parameter(&own.parameter) {
            Some(amount) => modifiers.put(own.place, amount)?,
            None => lacks = lacks.or(Some(Lacks::Parameter(&own.parameter))),
        }
    }
    Some(lacks.map_or(Ok(modifiers), Err))
}

impl<'p, 'w> Pricing<'p, 'w> {
    /// The plan's modifiers, or with the payee's own numbers; all of those have to be there.
    pub(super) fn modifiers(&self) -> Result<&'p Modifiers, Lacks<'w>> {
        match &self.period.own_modifiers {
            None => Ok(&self.component.modifiers),
            Some(Ok(own)) => Ok(own),
            Some(Err(lacks)) => Err(*lacks),
        }
    }

    /// What of a version's priced amount is earned after the period. `None`: for want of a quota the period adds nothing.
    pub(super) fn modified(&self, priced: &Exact, before: &Exact) -> Result<Option<Exact>, Lacks<'w>> {
        let modifiers = self.modifiers()?;
        let mut total = priced.clone();
        if let Some(weight) = modifiers.weight {
            total = times(&total, scaled(weight.0, RATE_DECIMALS));
        }
        if let Some(multiplier) = &modifiers.multiplier {
            let measure = self.component.modifiers.multiplier.as_ref().map_or("", |of| of.measure.as_str());
            let Some(axis) = self.axis(multiplier.tier_by, measure, &self.period.multiplier)? else { return Ok(None) };
            let place = axis.map_or(0, |axis| axis.place(&multiplier.tiers, self.component.boundary));
            total = times(&total, scaled(multiplier.tiers[place].rate.0, RATE_DECIMALS));
        }
        if let Some(gate) = &modifiers.gate {
            let Some(gated) = self.gated(gate, total)? else { return Ok(None) };
            total = gated;
        }
        if let Some(floor) = modifiers.floor.filter(|_| self.measures_anything()) {
            let floor = scaled(floor.0, AMOUNT_DECIMALS) * self.period.parts.floor.fraction();
            total = at_least(total, floor - before.fraction());
        }
        Ok(Some(match modifiers.cap {
            Some(cap) => at_most(total, self.room(cap, before)),
            None => total,
        }))
    }

    /// Who is credited nothing at all is as one of whom nothing was heard, unless a quota says that zero is measured.
    fn measures_anything(&self) -> bool {
        let period = self.period;
        if self.component.measures_at_zero() && self.is_measured(self.point()) {
            return true;
        }
        let formula = period.named.iter().filter(|_| self.component.formula().is_some());
        // What is missing of the intervals before is nothing of this one.
        period.tier.to != period.deficit || [&period.paid].into_iter().chain(formula).any(|reading| reading.to.0 != 0)
    }

    /// What a cap of the interval leaves behind what earlier versions earned.
    fn room(&self, cap: Amount, before: &Exact) -> BigRational {
        let cap = scaled(cap.0, AMOUNT_DECIMALS) * self.period.parts.cap.fraction();
        (cap - before.fraction()).max(BigRational::zero())
    }

    /// `None`: without a quota nothing is earned.
    fn gated(&self, gate: &Gate, total: Exact) -> Result<Option<Exact>, Lacks<'w>> {
        let measure = self.component.modifiers.gate.as_ref().map_or("", |of| of.measure.as_str());
        let Some(axis) = self.axis(gate.tier_by, measure, &self.period.gate)? else { return Ok(None) };
        let met = axis.is_some_and(|axis| match gate.bound {
            Bound::AtLeast(edge) => axis.reaches(edge, self.component.boundary),
            Bound::AtMost(edge) => axis.turned().reaches(edge, self.component.boundary),
        });
        Ok(Some(match (gate.tested, self.period.last) {
            (Tested::AtEndPaidUntilThen, false) => total,
            (Tested::AtEndHeldUntilThen, false) => Exact::ZERO,
            _ if met => total,
            _ => otherwise(gate.otherwise, total),
        }))
    }
}

fn otherwise(otherwise: Otherwise, total: Exact) -> Exact {
    match otherwise {
        Otherwise::Zero => Exact::ZERO,
        Otherwise::Factor(factor) => times(&total, scaled(factor.0, RATE_DECIMALS)),
        Otherwise::Cap(cap) => at_most(total, scaled(cap.0, AMOUNT_DECIMALS)),
    }
}

fn times(total: &Exact, factor: BigRational) -> Exact {
    Exact::of(total.fraction() * factor)
}

fn at_least(total: Exact, floor: BigRational) -> Exact {
    if total.fraction() < floor { Exact::of(floor) } else { total }
}

fn at_most(total: Exact, cap: BigRational) -> Exact {
    if total.fraction() > cap { Exact::of(cap) } else { total }
}
