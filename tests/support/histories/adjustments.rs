//! What people of a history adjust by hand: credit, earnings and pay, twice, for nobody, taken back, and taken back
//! wrongly.

use super::*;

impl Making {
    pub(super) fn adjustment(&mut self) {
        let made = match self.random.below(10) {
            0 | 1 if !self.adjustments.is_empty() => self.same_adjustment(),
            2 | 3 if !self.adjustments.is_empty() => self.reversal(),
            _ => self.new_adjustment(),
        };
        self.events.push(Event::Adjustment(made));
    }

    fn new_adjustment(&mut self) -> AdjustmentMade {
        let target = match self.random.below(3) {
            0 => {
                self.features.count("credit by hand");
                let kinds = [CreditKind::Revenue, CreditKind::Revenue, CreditKind::Overlay, CreditKind::Territory];
                Target::Credit { measure: (*self.random.pick(&MEASURES)).into(), kind: *self.random.pick(&kinds) }
            }
            1 => {
                self.features.count("earning by hand");
                Target::Earning { component: (*self.random.pick(&["base", "base", "accelerator", "gone"])).into() }
            }
            _ => {
                self.features.count("pay by hand");
                Target::Pay { earning_code: (*self.random.pick(&["SPIFF", "COMM", "MANUAL"])).into() }
            }
        };
        let payees = [&REPS[..], &MANAGERS[..], &[LATE_PAYEE, "nobody"]].concat();
        let mut amount = (self.random.below(800) as i128 - 400) * 7_010_000;
        if self.random.chance(8) {
            self.features.count("adjusted by parts of a cent");
            amount += 1_000;
        }
        let mut made = AdjustmentMade {
            adjustment_id: format!("A{}", self.adjustments.len()),
            payee_id: (*self.random.pick(&payees)).into(),
            target,
            calendar: if self.random.chance(3) { "other".into() } else { CALENDAR.into() },
            effective_period: Period(JANUARY.0 + *self.random.pick(&[0, 0, 1, 1, 2, 3, 4, 12])),
            amount: Amount(if amount == 0 { 7_000_000 } else { amount }),
            reverses: None,
            author: "hr".into(),
            reason: "contest".into(),
            approver: None,
            occurred_at: self.events.len() as i64,
        };
        self.adjusted_in_currency(&mut made);
        self.adjustments.push(made.clone());
        made
    }

    /// Delivered again, or under another content, or for another quarter, where the same id is another adjustment.
    fn same_adjustment(&mut self) -> AdjustmentMade {
        let mut again = self.random.pick(&self.adjustments).clone();
        again.occurred_at = self.events.len() as i64;
        if self.random.chance(25) {
            self.features.count("adjustment id in another quarter");
            let moved = if again.effective_period < Period(JANUARY.0 + 3) { 3 } else { -3 };
            again.effective_period.0 += moved;
            self.adjustments.push(again.clone());
        } else if self.random.chance(50) {
            self.features.count("adjustment conflict");
            again.amount.0 += 1_000_000;
            again.amount.0 += i128::from(again.amount.0 == 0) * 1_000_000;
        } else {
            self.features.count("adjustment duplicate");
        }
        again
    }

    /// Takes one back, at times another amount, at times what is taken back already or takes back itself.
    fn reversal(&mut self) -> AdjustmentMade {
        let original = self.random.pick(&self.adjustments).clone();
        let amount = if self.random.chance(15) { Amount(original.amount.0 * 2) } else { Amount(-original.amount.0) };
        self.features.count("adjustment reversed");
        // An id in front of others' as often as behind them.
        let letter = *self.random.pick(&["0", "Z"]);
        let made = AdjustmentMade {
            adjustment_id: format!("{letter}{}", self.adjustments.len()),
            amount,
            reverses: Some(original.adjustment_id.clone()),
            occurred_at: self.events.len() as i64,
            ..original
        };
        self.adjustments.push(made.clone());
        made
    }
}
