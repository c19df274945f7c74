//! What customers of a history pay: in parts, twice, too late, back, for deals that come later or never.

use super::*;

impl Making {
    pub(super) fn settlement(&mut self) {
        if !self.settlements.is_empty() && self.random.chance(15) {
            return self.same_settlement();
        }
        let known = self.random.below(self.deals.len().max(1) + 1);
        let deal_id = format!("D{known}");
        let deal = self.deals.iter().rev().find(|deal| deal.deal_id == deal_id);
        self.features.count(if deal.is_some() { "settlement" } else { "settlement before its deal" });
        let total: i128 = deal.map_or(1_000_000_000, |deal| deal.lines.iter().map(|line| line.amount.0).sum());
        let amount = match self.random.below(4) {
            0 => total.abs(),
            1 => total.abs() / 2,
            2 => total.abs() / 3,
            _ => total.abs() + 7_000_000,
        };
        let kind = if total < 0 { SettlementKind::Refunded } else { SettlementKind::Collected };
        let kind = match self.random.below(10) {
            0 | 3 | 4 => SettlementKind::Invoiced,
            1 | 2 if kind == SettlementKind::Collected => SettlementKind::Refunded,
            1 | 2 => SettlementKind::Collected,
            _ => kind,
        };
        if kind == SettlementKind::Refunded {
            self.features.count("refund");
        }
        let own = deal.map_or("USD".into(), |deal| deal.currency.clone());
        let currency = if self.random.chance(5) { "EUR".into() } else { own };
        let settlement = Settlement {
            settlement_id: format!("S{}", self.settlements.len()),
            deal_id,
            kind,
            amount: Amount(amount.max(1)),
            currency,
            on: Date(day(1, 1).0 + self.random.below(130) as i32),
            occurred_at: self.events.len() as i64,
        };
        self.settlements.push(settlement.clone());
        self.events.push(Event::Settlement(settlement));
    }

    /// Delivered again, or under another content.
    fn same_settlement(&mut self) {
        let mut again = self.random.pick(&self.settlements).clone();
        again.occurred_at = self.events.len() as i64;
        if self.random.chance(50) {
            self.features.count("settlement conflict");
            again.amount.0 += 1_000_000;
        } else {
            self.features.count("settlement duplicate");
        }
        self.events.push(Event::Settlement(again));
    }
}
