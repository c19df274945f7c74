//! What a formula adds in a pay period: all that it gives for the sums up to its end, less what it gives for those before.
//!
//! Both are asked with the quotas and parameters of the period, as a table is. Where it divides by zero the period adds
//! nothing, and the next one that can be calculated makes up for it.

use super::{Lacks, Pricing, Segment};
use crate::domain::exact::Exact;
use crate::domain::formula::{Formula, Given, Undefined};
use crate::domain::money::Measured;
use crate::domain::plan::NoQuota;
use num_rational::BigRational;

impl<'w> Segment<'w> {
    pub(super) fn of_formula(&mut self, end: &Pricing<'_, 'w>) -> Result<Exact, Lacks<'w>> {
        let Some(formula) = end.component.formula() else { return Ok(Exact::ZERO) };
        let sums = |of: fn(&super::Reading) -> Measured| end.period.named.iter().map(of).collect::<Vec<_>>();
        let start = self.undivided.take().unwrap_or_else(|| sums(|reading| reading.from));
        let now = end.given(formula, &sums(|reading| reading.to));
        match now.and_then(|now| Ok(now - end.given(formula, &start)?)) {
            Ok(added) => Ok(Exact::of(added)),
            Err(Undefined::Quota(_)) if end.component.no_quota == Some(NoQuota::Nothing) => Ok(Exact::ZERO),
            Err(Undefined::Quota(place)) => Err(Lacks::Quota(&formula.measures()[place].id)),
            Err(Undefined::Parameter(place)) => Err(Lacks::Parameter(&formula.parameters()[place])),
            Err(Undefined::DividedByZero) => {
                self.undivided = Some(start);
                Err(Lacks::Divisor)
            }
        }
    }
}

impl Pricing<'_, '_> {
    /// What the formula gives for sums, against what the period has of quotas and parameters.
    fn given(&self, formula: &Formula, sums: &[Measured]) -> Result<BigRational, Undefined> {
        let period = self.period;
        let measures: Vec<_> = sums.iter().zip(&period.named).map(|(sum, reading)| (*sum, reading.quota)).collect();
        formula.value(Given {
            measures: &measures,
            quota_part: period.parts.quota,
            parameters: &period.parameters,
            target_part: period.parts.target,
            rounding: self.component.rounding,
        })
    }
}
