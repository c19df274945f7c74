//! What makes the sums of a history fall below zero early in the year, and rise again: deals of their own, and credit by hand.

use super::*;

impl Making {
    /// Now and then, where anything is priced by the year.
    pub(in super::super) fn falls_and_rises(&mut self) {
        let by_year = &mut self.by_year;
        if by_year.ids.is_empty() || !by_year.random.chance(14) {
            return;
        }
        if by_year.read.is_empty() || by_year.random.chance(65) {
            self.deal_of_the_year();
        } else {
            self.credit_of_the_year();
        }
    }

    /// Down in the first months; up from the second quarter, or half, on.
    fn deal_of_the_year(&mut self) {
        let random = &mut self.by_year.random;
        let (sign, feature) = *random.pick(&[(-1, "sum that falls"), (-1, "sum that falls"), (1, "sum that rises")]);
        let days = if sign < 0 { random.below(130) } else { 45 + random.below(200) };
        let amount = i128::from(sign) * (1 + random.below(12)) as i128 * 1_500_000_000;
        let quantity = i64::from(sign) * (1 + random.below(30)) as i64 * 5_000;
        let split = OwnedSplit {
            payee_id: (*random.pick(&REPS)).into(),
            role: "AE",
            counts: *random.pick(&[Counts::Revenue, Counts::Revenue, Counts::Overlay]),
            share: Share(1_000_000),
        };
        let mut splits = vec![split];
        if splits[0].counts == Counts::Overlay {
            let (payee_id, counts) = (REPS[0].into(), Counts::Revenue);
            splits.push(OwnedSplit { payee_id, counts, ..splits[0].clone() });
        }
        let line = OwnedLine {
            line_id: "0".into(),
            product: (*random.pick(&["suite", "suite", "service"])).into(),
            geography: Some("emea".into()),
            segment: Some("smb".into()),
            amount: Amount(amount),
            cost: Some(Amount(amount / 4)),
            quantity: Quantity(quantity),
            splits: vec![],
        };
        let attributes = vec![
            ("acv", Attribute::Number(i128::from(sign) * 333_333_333)),
            ("industry", Attribute::Text(INDUSTRIES[0])),
            ("points", Attribute::Number(i128::from(sign) * 7_500_000)),
            ("signed", Attribute::Date(day(2, 1))),
        ];
        let deal = OwnedDeal {
            deal_id: format!("N{}", self.deals.len()),
            revision: 1,
            status: DealStatus::Closed,
            change: Change::Correction,
            effective_on: None,
            closed_on: Date(day(1, 1).0 + days as i32),
            sequence: None,
            currency: "USD".into(),
            kind: Some(DealKind::New),
            customer: Some(CUSTOMERS[0]),
            attributes,
            lines: vec![line],
            splits,
            occurred_at: self.events.len() as i64,
        };
        self.features.count(feature);
        if deal.closed_on < self.calendar.starts[self.closes.len()] {
            self.features.count("sum that changes behind a close");
        }
        self.deals.push(deal.clone());
        self.tell(deal);
    }

    /// Taken from whoever has any, for a measure that something is lacking of.
    fn credit_of_the_year(&mut self) {
        let ByYear { random, read, .. } = &mut self.by_year;
        let measure = *random.pick(read);
        let whole = match rewards::plain_axis(measure) {
            TierBy::Quantity => 5_000_000,
            TierBy::Count => 1_000_000,
            _ => 1_000_000_000,
        };
        let payees = [&REPS[..], &MANAGERS[..]].concat();
        let kind = if measure == "overlay" { CreditKind::Overlay } else { CreditKind::Revenue };
        let mut made = AdjustmentMade {
            adjustment_id: format!("Y{}", self.adjustments.len()),
            payee_id: (*random.pick(&payees)).into(),
            target: Target::Credit { measure: measure.into(), kind },
            calendar: CALENDAR.into(),
            effective_period: Period(JANUARY.0 + *random.pick(&[0, 0, 1, 1, 2, 3, 5])),
            amount: Amount(-whole * (1 + random.below(9)) as i128),
            reverses: None,
            author: "hr".into(),
            reason: "contract".into(),
            approver: None,
            occurred_at: self.events.len() as i64,
        };
        self.adjusted_in_currency(&mut made);
        self.features.count("sum that falls");
        self.features.count("credit taken by hand");
        self.adjustments.push(made.clone());
        self.events.push(Event::Adjustment(made));
    }
}
