//! Tables that are looked up by line: rows of one to three conditions, none of which ties with another.

use super::*;
use accrue::domain::plan::lookup::{Band, LineKey, Listed, Lookup, Row, Takes};

impl Making {
    pub(super) fn looked_up(&mut self, plain: Component) -> Component {
        self.features.count("lookup");
        let mut rows = vec![];
        for _ in 0..3 + self.random.below(6) {
            let row = Row { takes: self.takes(&plain.measure), rate: Rate(self.random.below(40_000_000) as i64) };
            rows.push(row);
            if !(Lookup { rows: rows.clone(), otherwise: None }).faults().is_empty() {
                rows.pop();
            }
        }
        if rows.is_empty() {
            return plain;
        }
        let looks_at = |by: &LineKey| rows.iter().any(|row| row.takes.conditions.iter().any(|of| of.by == *by));
        if looks_at(&LineKey::Attribute("industry".into())) {
            self.features.count("lookup by attribute");
        }
        if rows.iter().any(|row| row.takes.band.is_some()) {
            self.features.count("lookup by band");
        }
        let otherwise = self.random.chance(60).then(|| Rate(self.random.below(20_000_000) as i64));
        Component {
            tier_by: TierBy::Amount,
            method: Method::Lookup,
            negative: Negative::Carry,
            no_quota: None,
            tiers: vec![],
            lookup: Some(Lookup { rows, otherwise }),
            ..plain
        }
    }

    /// Half of the tables with some rates of the payee's own, also that of what no row takes. Drawn apart, so that the rest of a
    /// history is what it is without.
    pub(super) fn with_own_rates_of_lines(&mut self, mut component: Component) -> Component {
        let mut random = Random(self.random.0 ^ 0x0011_4e5f);
        let Some(lookup) = component.lookup.as_mut().filter(|_| component.pool.is_none() && random.chance(50)) else {
            return component;
        };
        let rows = lookup.rows.len();
        for (tier, rate) in lookup.rows.iter_mut().map(|row| &mut row.rate).chain(&mut lookup.otherwise).enumerate() {
            if random.chance(40) {
                *rate = Rate(0);
                component.own_rates.push(OwnRate { tier, parameter: "own_rate".into() });
                self.features.count(if tier < rows { "own rate of a line" } else { "own rate of other lines" });
            }
        }
        component
    }

    fn takes(&mut self, measure: &str) -> Takes {
        let keys: [(LineKey, &[&str]); 5] = [
            (LineKey::Product, &["suite", "addon", "service"]),
            (LineKey::Geography, &["emea", "amer", "de", "berlin"]),
            (LineKey::Segment, &["smb", "enterprise"]),
            (LineKey::Kind, &["NEW", "RENEWAL", "EXPANSION"]),
            (LineKey::Attribute("industry".into()), &INDUSTRIES),
        ];
        let mut conditions: Vec<Listed> = vec![];
        for _ in 0..1 + self.random.below(2) {
            let (by, known) = self.random.pick(&keys).clone();
            if !conditions.iter().any(|of| of.by == by) {
                let first = self.random.below(known.len());
                let count = 1 + self.random.below(known.len() - first);
                conditions.push(Listed { by, values: known[first..first + count].iter().map(|value| (*value).into()).collect() });
            }
        }
        let step = 1_000_000 * Self::step(rewards::plain_axis(measure));
        let band = self.random.chance(25).then(|| {
            let from = self.random.below(3) as i128 * step;
            Band { from, to: self.random.chance(60).then_some(from + 2 * step) }
        });
        Takes { conditions, band }
    }
}
