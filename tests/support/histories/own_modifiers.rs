//! Numbers of a history's modifiers that are the payee's own, and the payees who have them.

use super::*;

#[path = "own_amounts.rs"]
mod own_amounts;
#[path = "own_edges.rs"]
mod own_edges;

/// Drawn apart, so that the rest of a history is what it is without.
pub struct OwnNumbers {
    random: Random,
    /// Of amounts of terms of pay, of caps of plans, and of what gates leave.
    terms: Random,
    edges: Random,
}

impl OwnNumbers {
    pub fn new(seed: u64) -> OwnNumbers {
        OwnNumbers { random: Random(seed ^ 0x0b5e_55ed), terms: Random(seed ^ 0x0d0e_77e2), edges: Random(seed ^ 0x0ed6_e50f) }
    }
}

/// What the random payees have: of a number that multiplies, or is compared with parts of a quota or a few units; of money.
const PART: &str = "own_part";
const MONEY: &str = "own_amount";

impl Making {
    /// Some of the numbers of some modifiers are the payee's own; never those of a pool.
    pub(super) fn with_own_modifiers(&mut self, mut component: Component) -> Component {
        let random = &mut self.own_numbers.random;
        if component.pool.is_some() || random.chance(45) {
            return component;
        }
        let factors = component.modifiers.multiplier.as_ref().map_or(0, |of| of.tiers.len());
        let first = [OwnPlace::Weight, OwnPlace::Cap, OwnPlace::DealCap, OwnPlace::Floor, OwnPlace::GateAtLeast];
        for place in first.into_iter().chain((0..factors).map(OwnPlace::Factor)) {
            if component.modifiers.stated(place).is_none() || random.chance(40) {
                continue;
            }
            component.modifiers.put(place, Amount(0)).expect("nothing is a number anywhere");
            let by_money = component.modifiers.gate.as_ref().is_some_and(|gate| gate.tier_by == TierBy::Amount);
            let (feature, parameter) = match place {
                OwnPlace::Weight => ("own weight", PART),
                OwnPlace::Factor(_) => ("own factor", PART),
                OwnPlace::GateElse => continue,
                OwnPlace::GateAtLeast => ("own gate", if by_money { MONEY } else { PART }),
                OwnPlace::Floor => ("own floor", MONEY),
                OwnPlace::Cap => ("own cap", MONEY),
                OwnPlace::DealCap => ("own cap of a deal", MONEY),
            };
            self.features.count("own modifiers");
            self.features.count(feature);
            component.own_modifiers.push(OwnModifier { place, parameter: parameter.into() });
        }
        self.own_else(&mut component);
        component
    }

    /// What the gate leaves where it is not met.
    fn own_else(&mut self, component: &mut Component) {
        let place = OwnPlace::GateElse;
        if component.modifiers.stated(place).is_none() || self.own_numbers.terms.chance(30) {
            return;
        }
        component.modifiers.put(place, Amount(0)).expect("nothing is a number anywhere");
        let otherwise = component.modifiers.gate.as_ref().map(|gate| gate.otherwise);
        let parameter = if matches!(otherwise, Some(Otherwise::Cap(_))) { MONEY } else { PART };
        self.features.count("own modifiers");
        self.features.count("own else of a gate");
        component.own_modifiers.push(OwnModifier { place, parameter: parameter.into() });
        component.own_modifiers.sort_by_key(|own| own.place);
    }

    /// Each row has its own, most of them both; now and then one that is too large to multiply with.
    pub(super) fn own_numbers(&mut self, rows: &mut [PayeeRow]) {
        self.own_edges(rows);
        let random = &mut self.own_numbers.random;
        for row in rows {
            let mut part = Amount(250_000 * random.below(9) as i128);
            if random.chance(2) {
                self.features.count("own modifier too large");
                part = Amount(10i128.pow(16) + part.0);
            }
            let money = Amount(17_770_000 * random.below(60) as i128);
            for (name, amount) in [(PART, part), (MONEY, money)] {
                if random.chance(12) {
                    self.features.count("own modifier missing");
                    continue;
                }
                row.parameters.push((name.into(), amount));
            }
            row.parameters.sort();
        }
    }
}
