//! Amounts of a history's terms of pay, and caps of its plans, that are the payee's own, and what the payees have of them.

use super::*;

/// What the random payees have: what they are paid at least, and at most.
const LEAST: &str = "pay_at_least";
const MOST: &str = "pay_at_most";
/// What they earn at most on a plan.
const TOP: &str = "earn_at_most";

impl Making {
    /// Some of the amounts of some plans are the payee's own.
    pub fn with_own_amounts(&mut self, plan: &mut Plan) {
        let random = &mut self.own_numbers.terms;
        if random.chance(42) {
            return;
        }
        let (pay, own) = (&mut plan.pay, &mut plan.own_amounts);
        let mut put = |amount: Option<&mut Amount>, place, feature, parameter: &str| {
            let Some(amount) = amount.filter(|_| random.chance(60)) else { return };
            *amount = Amount(0);
            if place != AmountPlace::PlanCap {
                self.features.count("own amounts of pay");
            }
            self.features.count(feature);
            own.push(OwnAmount { place, parameter: parameter.into() });
        };
        if let Some(draw) = &mut pay.draw {
            put(Some(&mut draw.amount), AmountPlace::Draw, "own draw", LEAST);
            let most = draw.recover.as_mut().and_then(|recover| recover.maximum_balance.as_mut());
            put(most, AmountPlace::MaximumBalance, "own most that is owed", MOST);
        }
        let cap = pay.payment_cap.as_mut().map(|cap| &mut cap.amount);
        put(cap, AmountPlace::PaymentCap, "own payment cap", MOST);
        let minimum = pay.minimum_settlement.as_mut().map(|minimum| &mut minimum.amount);
        put(minimum, AmountPlace::MinimumSettlement, "own minimum settlement", LEAST);
        put(plan.cap.as_mut().map(|cap| &mut cap.amount), AmountPlace::PlanCap, "own cap of a plan", TOP);
    }

    /// Each row has its own; few lack one, or have more than can be paid, and then no period is closed.
    pub fn own_amounts(&mut self, mut rows: Vec<PayeeRow>) -> Vec<PayeeRow> {
        let random = &mut self.own_numbers.terms;
        for row in &mut rows {
            let mut least = Amount(33_330_000 * random.below(30) as i128);
            if random.below(200) == 0 {
                self.features.count("own draw too large");
                least = Amount(2 * 10i128.pow(18));
            }
            let most = Amount(20_000_000 * random.below(12) as i128);
            for (name, amount) in [(LEAST, least), (MOST, most)] {
                if random.below(200) < 3 {
                    self.features.count("own amount of pay missing");
                    continue;
                }
                row.parameters.push((name.into(), amount));
            }
            if random.chance(10) {
                self.features.count("own cap of a plan missing");
            } else {
                row.parameters.push((TOP.into(), Amount(17_770_000 * random.below(60) as i128)));
            }
            row.parameters.sort();
        }
        rows
    }
}
