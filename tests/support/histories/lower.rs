//! Components of a history of which less is better, gates that are met below their threshold, deals that count whole, and what waits
//! with its part of all; now and then one that cannot be.

use super::*;

impl Making {
    /// Some of the tables that can be turned are. Drawn apart, so that the rest of a history is what it is without.
    pub(super) fn turned(&mut self, component: Component) -> Component {
        let mut random = Random(self.random.0 ^ 0x0010_3e55);
        let component = self.gated_from_above(component, &mut random);
        let reads_off = matches!(component.method, Method::Retroactive | Method::Lump | Method::Curve);
        if !reads_off || component.earns_by_deal() || component.pool.is_some() || random.chance(62) {
            return component;
        }
        let component =
            if component.scope == Scope::Running && random.chance(35) { attained(component, &mut random) } else { component };
        let measured = component.tier_by == TierBy::Attainment && component.no_quota != Some(NoQuota::FirstTier);
        let at_zero = if measured && random.chance(75) { AtZero::Best } else { AtZero::Nothing };
        let ends_above = component.boundary == Boundary::Lower || random.chance(60);
        let least = if ends_above { 1_000_000 * Self::step(component.tier_by) } else { 0 };
        let edges: Vec<i128> = component.tiers.iter().rev().map(|tier| tier.from + least).collect();
        let mut turned = Component { direction: Direction::Lower(at_zero), negative: Negative::Carry, ..component };
        turned.tiers.iter_mut().zip(edges).for_each(|(tier, from)| tier.from = from);
        if random.chance(3) {
            self.features.count("lower that cannot be");
            match random.below(3) {
                0 => turned.tiers.insert(0, Tier { from: 1, rate: Rate(1) }),
                1 => turned.negative = Negative::Zero,
                _ => turned.method = Method::Interpolated,
            }
            return turned;
        }
        self.features.count("lower");
        self.features.count(match (at_zero, turned.begins_with_nothing()) {
            (AtZero::Best, true) => "lower: zero is the best amount",
            (AtZero::Best, false) => "lower: zero is the best rate",
            (AtZero::Nothing, _) => "lower: zero is nothing",
        });
        turned
    }

    /// Some of those that fold deals find a number of whole ones, and now and then one that cannot. Drawn apart, too.
    pub(super) fn counted_whole(&mut self, component: Component) -> Component {
        let mut random = Random(self.random.0 ^ 0x0030_1e55);
        if !component.method.is_whole_deal() || random.chance(45) {
            return component;
        }
        let count_split = CountSplit::Whole;
        if random.chance(15) && component.tier_by != TierBy::Count {
            self.features.count("deals count whole where they cannot");
            return Component { count_split, ..component };
        }
        self.features.count("deals count whole");
        let deals = 1_000_000_000_000 * (1 + random.below(2) as i128);
        let (measure, pays) = ("deals".into(), Pays::PerUnit);
        let mut counted = Component { measure, pays, tier_by: TierBy::Count, count_split, ..component };
        for (place, tier) in counted.tiers.iter_mut().enumerate() {
            *tier = Tier { from: place as i128 * deals, rate: Rate(tier.rate.0 * 1_000) };
        }
        if !counted.reads_quota() {
            (counted.no_quota, counted.quota) = (None, QuotaUse::Interval);
        }
        counted
    }

    /// Half of what is paid in parts is shared out, and now and then what cannot be. Drawn apart, too.
    pub(super) fn shared_out(&mut self, mut components: Vec<Component>) -> Vec<Component> {
        let mut random = Random(self.random.0 ^ 0x0050_1e55);
        for component in &mut components {
            let fits = !component.pay.is_empty() && !component.takes_back();
            let shared = if fits { random.chance(50) } else { random.below(160) == 0 };
            if !shared {
                continue;
            }
            component.attribution = Attribution::ProRata;
            self.features.count(match (fits, component.settles()) {
                (false, _) => "pro rata that cannot be",
                (true, true) => "pro rata by deal",
                (true, false) => "pro rata by period",
            });
        }
        components
    }

    fn gated_from_above(&mut self, mut component: Component, random: &mut Random) -> Component {
        if let Some(gate) = component.modifiers.gate.as_mut().filter(|_| random.chance(40)) {
            self.features.count("gate at most");
            gate.bound = Bound::AtMost(gate.bound.edge());
        }
        component
    }
}

/// Amounts by attainment, so that a quota may say that zero is measured.
fn attained(component: Component, random: &mut Random) -> Component {
    let percents = [150, 100, 75, 50, 25];
    let count = 1 + random.below(4);
    let tier = |place: usize| Tier {
        from: percents[percents.len() - 1 - place] * 10_000_000_000,
        rate: Rate(random.below(4_000) as i64 * 50_000_000),
    };
    let tiers: Vec<Tier> = (0..count).map(tier).collect();
    Component {
        tier_by: TierBy::Attainment,
        pays: Pays::Lump,
        paid_measure: None,
        method: Method::Lump,
        beyond: None,
        no_quota: Some(*random.pick(&[NoQuota::Park, NoQuota::Nothing])),
        tiers,
        own_rates: Vec::new(),
        ..component
    }
}
