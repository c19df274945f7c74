//! Gates: on which side of a threshold one is met, when it is tested, and what is earned where it is not met.

use super::lower::has_come_down;
use super::tables::{Point, Stands, Waits};
use super::world::periods_of;
use crate::wire::records::{Bound, Gate, Otherwise, OwnPlace, Tested};
use num_rational::BigRational;
use num_traits::Zero;

impl Point<'_, '_> {
    /// `None` where nothing is earned for want of a quota.
    pub(super) fn behind_gate(&self, gate: &Gate, money: BigRational) -> Result<Option<BigRational>, Waits> {
        let threshold = self.case.number(OwnPlace::GateAtLeast);
        let met = match self.stands(gate.tier_by, &gate.measure)? {
            Stands::Nothing => return Ok(None),
            Stands::Unmeasured => false,
            Stands::At(x) => threshold.is_some_and(|threshold| match gate.bound {
                Bound::AtLeast(_) => self.case.passes(&x, &threshold),
                Bound::AtMost(_) => has_come_down(self.case.component, &x, &threshold),
            }),
        };
        let over = periods_of(self.case.interval).last().is_some_and(|last| self.last >= *last);
        Ok(Some(match gate.tested {
            Tested::AtEndHeldUntilThen if !over => BigRational::zero(),
            Tested::AtEndPaidUntilThen if !over => money,
            _ if met => money,
            _ => match (gate.otherwise, self.case.number(OwnPlace::GateElse)) {
                (Otherwise::Factor(_), Some(factor)) => money * factor,
                (Otherwise::Cap(_), Some(most)) => money.min(most),
                _ => BigRational::zero(),
            },
        }))
    }
}
