//! The pay terms of a history's plans: draws and guarantees with all their terms, caps, smallest payments, receivables.

use super::*;

impl Making {
    /// A third of the plans has none.
    pub(super) fn pay_terms(&mut self, plan: &mut Plan) {
        if self.random.chance(33) {
            return;
        }
        if self.random.chance(80) {
            plan.pay.draw = Some(self.draw());
            plan.prorate.draw = self.random.chance(30);
        }
        if self.random.chance(30) {
            self.features.count("payment cap");
            let least = plan.pay.draw.as_ref().map_or(Amount(0), |draw| draw.amount);
            let amount = least.max(Amount((1 + self.random.below(30)) as i128 * 10_000_000));
            let excess = *self.random.pick(&[PaymentExcess::Carry, PaymentExcess::Lost, PaymentExcess::Lost]);
            if excess == PaymentExcess::Lost {
                self.features.count("payment cap that loses");
            }
            plan.pay.payment_cap = Some(PaymentCap { amount, excess });
        }
        if self.random.chance(30) {
            self.features.count("minimum settlement");
            let amount = Amount((1 + self.random.below(20)) as i128 * 25_000_000);
            let flush = *self.random.pick(&[Flush::End, Flush::YearEnd]);
            plan.pay.minimum_settlement = Some(MinimumSettlement { amount, flush });
        }
        if self.random.chance(30) {
            self.features.count("receivable");
            plan.negative_pay = NegativePay::Receivable;
        }
    }

    fn draw(&mut self) -> Draw {
        let amount = Amount((1 + self.random.below(40)) as i128 * 22_220_000);
        let first = Period(JANUARY.0 + i32::from(self.random.chance(25)));
        let last = if self.random.chance(60) { first } else { Period(first.0 + self.random.below(4) as i32) };
        if self.random.chance(20) {
            self.features.count("guarantee");
            return Draw { amount, first, last, recover: None };
        }
        self.features.count("draw");
        let at_end = *self.random.pick(&[AtEnd::Owed, AtEnd::Forgiven]);
        if at_end == AtEnd::Forgiven {
            self.features.count("draw forgiven at the end");
        }
        let maximum_balance = self.random.chance(40).then(|| Amount(amount.0 * (1 + self.random.below(3)) as i128 / 2));
        let recover = Recover {
            from: Period(first.0 + i32::from(self.random.chance(25))),
            share_of_excess: *self.random.pick(&[Rate(100_000_000), Rate(50_000_000), Rate(33_333_333)]),
            floor: *self.random.pick(&[RecoveryFloor::Draw, RecoveryFloor::Zero]),
            maximum_balance,
            at_end,
        };
        Draw { amount, first, last, recover: Some(recover) }
    }
}
