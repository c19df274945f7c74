//! Roles of a history's splits, and measures that count credit of some of them alone; now and then one that counts what has none.

use super::*;
use std::collections::BTreeSet;

const ROLES: [&str; 3] = ["AE", "SE", "CSM"];

/// Drawn apart, so that the rest of a history is what it is without.
pub struct Roles {
    random: Random,
    stated: bool,
    /// Measures that count by them.
    measures: BTreeSet<String>,
}

impl Roles {
    /// One of five companies tells roles apart.
    pub fn new(seed: u64) -> Roles {
        let mut random = Random(seed ^ 0x0040_1e5a);
        let stated = random.chance(20);
        Roles { random, stated, measures: BTreeSet::new() }
    }

    pub fn assign(&mut self, splits: &mut [OwnedSplit]) {
        for split in splits.iter_mut().filter(|_| self.stated) {
            split.role = *self.random.pick(&ROLES);
        }
    }
}

impl Making {
    /// Half of such a company's measures count one or two roles.
    pub(super) fn by_role(&mut self, mut measure: Measure) -> Measure {
        let Roles { random, stated, measures } = &mut self.roles;
        if !*stated || random.chance(50) {
            return measure;
        }
        measure.credit_kinds.retain(|kind| matches!(kind, CreditKind::Revenue | CreditKind::Overlay));
        measure.roles =
            random.pick(&[&ROLES[..2], &ROLES[..2], &ROLES[..1], &ROLES[1..]]).iter().map(|role| role.to_string()).collect();
        measures.insert(measure.measure_id.clone());
        measure
    }

    pub(super) fn roles_refused(&mut self) {
        if self.roles.stated && self.roles.random.chance(20) {
            let named = Measure { measure_id: "by-role".into(), roles: vec!["AE".into()], ..measures::measure("bookings") };
            self.later.push(("measure refused", FactBody::MeasureDefined(named)));
        }
    }

    /// A component reads it.
    pub(super) fn used_by_role(&mut self, measure: &str) {
        if self.roles.measures.contains(measure) {
            self.features.count("measure by role");
        }
    }

    /// The same payees in other roles.
    pub(super) fn other_roles(&mut self, deal: &mut OwnedDeal) {
        if !self.roles.stated || self.roles.random.chance(50) {
            return;
        }
        self.features.count("role changed");
        self.roles.assign(&mut deal.splits);
        deal.lines.iter_mut().for_each(|line| self.roles.assign(&mut line.splits));
    }
}
