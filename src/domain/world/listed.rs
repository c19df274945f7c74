//! Which measures are kept deal by deal, and what is returned of deals, because a component reads it.

use super::{DefinedMeasure, World};
use crate::domain::plan::Component;
use std::sync::Arc;

impl World {
    /// Whether a component asks now what was returned of a measure.
    pub fn asks_for_returns(&self, measure_id: &str) -> bool {
        let mut components = self.plans.values().flatten().flat_map(|version| &version.plan.components);
        components.any(|component| component.reads_returns() && component.measures().any(|(measure, _)| measure == measure_id))
    }

    /// Deals of a measure are kept one by one, and what is returned of them, from the first fact on that needs them; true: of some
    /// since this one, or nobody asks for returns any more.
    pub(super) fn list_measures(&mut self, offset: u64) -> bool {
        let components = || self.plans.values().flatten().flat_map(|version| &version.plan.components);
        let needs = |defined: &DefinedMeasure| {
            let id = &defined.measure.measure_id;
            let listed = |of: &Component| of.lists_deals() && of.measure == *id;
            let returned = |of: &Component| of.reads_returns() && of.measures().any(|(measure, _)| measure == id);
            (components().any(listed), components().any(returned))
        };
        let needs: Vec<(bool, bool)> = self.measures.iter().map(needs).collect();
        let reads_returns = needs.iter().any(|(_, returned)| *returned);
        let mut begins = std::mem::replace(&mut self.reads_returns, reads_returns) != reads_returns;
        let new = |began: Option<u64>, needed: bool| began.is_none() && needed;
        if self.measures.iter().zip(&needs).any(|(of, needs)| new(of.listed, needs.0) || new(of.returned, needs.1)) {
            begins = true;
            for (defined, (listed, returned)) in Arc::make_mut(&mut self.measures).iter_mut().zip(needs) {
                defined.listed = defined.listed.or(listed.then_some(offset));
                defined.returned = defined.returned.or(returned.then_some(offset));
            }
        }
        begins
    }
}
