//! Ramps of a history's plans, now and then one that the plan cannot have, and payees who begin later, or before the calendar.

use super::*;

/// Drawn apart, so that the rest of a history is what it is without.
pub struct Ramps {
    random: Random,
    /// Some plans have one, and payees begin on days of their own.
    stated: bool,
}

impl Ramps {
    pub fn new(seed: u64) -> Ramps {
        let mut random = Random(seed ^ 0x4a3b_0000);
        let stated = random.chance(22);
        Ramps { random, stated }
    }
}

impl Making {
    /// Most versions of a plan that compares anything with a quota state one, each its own.
    pub(super) fn ramp(&mut self, plan: &mut Plan) {
        plan.ramp.clear();
        let Ramps { random, stated } = &mut self.ramps;
        let fits = plan.components.iter().any(|of| of.reads_quota()) && !plan.components.iter().any(|of| of.quota.is_to_date());
        if !*stated || !random.chance(if fits { 85 } else { 10 }) {
            return;
        }
        let part =
            |random: &mut Random| *random.pick(&[0, 20_000_000, 25_000_000, 33_333_333, 50_000_000, 75_000_000, 100_000_000]);
        let mut periods = 1 + random.below(5);
        let mut first = part(random);
        if random.chance(4) {
            (periods, first) = *random.pick(&[(37, first), (periods, -1), (periods, 100_000_001)]);
        }
        plan.ramp = vec![Rate(first)];
        plan.ramp.extend((1..periods).map(|_| Rate(part(random))));
        let possible = (0..=100_000_000).contains(&first) && periods <= 36;
        let nothing = plan.ramp.contains(&Rate(0));
        self.features.count(if fits && possible { "ramp" } else { "ramp that does not fit" });
        if fits && possible && nothing {
            self.features.count("ramp with a part of nothing");
        }
    }

    /// Some begin on another day than everybody.
    pub(super) fn begun(&mut self, rows: &mut [PayeeRow]) {
        let Ramps { random, stated: true } = &mut self.ramps else { return };
        if !random.chance(40) {
            return;
        }
        let (day, feature) = *random.pick(&[
            (Date(day(1, 1).0 - 20), "begins before the calendar"),
            (day(2, 10), "begins in a later period"),
            (day(3, 3), "begins in a later period"),
        ]);
        if rows[0].to.is_none_or(|to| to > day) {
            rows[0].from = day;
            self.features.count(feature);
        }
    }
}
