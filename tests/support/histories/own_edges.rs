//! Edges of a history's tiers that are the payee's own, and the payees who have them: some are not in order, few are missing, and now
//! and then one cannot be.

use super::*;

/// What the random payees have for each axis.
fn name(tier_by: TierBy) -> &'static str {
    match tier_by {
        TierBy::Amount => "edge_of_amount",
        TierBy::Attainment => "edge_of_attainment",
        TierBy::Count => "edge_of_count",
        TierBy::Quantity => "edge_of_quantity",
    }
}

impl Making {
    /// One of the edges of some tables, now and then two, which then are the same and in no order; never those of a pool.
    pub(in super::super) fn with_own_edges(&mut self, mut component: Component) -> Component {
        let random = &mut self.own_numbers.edges;
        let anywhere = component.is_lower() || matches!(component.method, Method::Curve | Method::Overage);
        let (first, end) = (usize::from(!anywhere), component.tiers.len());
        if component.pool.is_some() || random.chance(60) {
            return component;
        }
        let own = |tier| OwnEdge { tier, parameter: name(component.tier_by).into() };
        if random.below(120) == 0 {
            self.features.count("own edge that cannot be");
            let twice = end > 1 && random.chance(50);
            component.own_edges = if twice { vec![own(end - 1), own(end - 1)] } else { vec![own(end)] };
            return component;
        }
        if end <= first {
            return component;
        }
        let place = first + random.below(end - first);
        let places = if random.chance(94) { place..place + 1 } else { place..end };
        if places.len() > 1 {
            self.features.count("own edges that are the same");
        }
        component.own_edges = places.map(own).collect();
        component.own_edges.iter().for_each(|own| component.tiers[own.tier].from = 0);
        self.features.count("own edge");
        if component.is_lower() {
            self.features.count("own edge where lower is better");
        }
        component
    }

    /// Each row has most of them, in quarters of the steps that tiers have.
    pub(super) fn own_edges(&mut self, rows: &mut [PayeeRow]) {
        let random = &mut self.own_numbers.edges;
        for row in rows {
            for tier_by in [TierBy::Amount, TierBy::Attainment, TierBy::Count, TierBy::Quantity] {
                let quarters = if random.chance(3) { 0 } else { 1 + random.below(20) as i128 };
                if random.chance(8) {
                    self.features.count("own edge missing");
                    continue;
                }
                row.parameters.push((name(tier_by).into(), Amount(Self::step(tier_by) / 4 * quarters)));
            }
            row.parameters.sort();
        }
    }
}
