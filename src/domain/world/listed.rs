//! Which measures are kept deal by deal, and what is returned of deals, because a component reads it; and which cannot be.

use super::apply::not_supported;
use super::{DefinedMeasure, World};
use crate::domain::measure::{DatedBy, Measure};
use crate::domain::plan::Component;
use crate::domain::reject::Reject;
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

/// A measure that counts deals in parts has no single deal to price, and takes back with what is refunded.
pub(super) fn check_dated(component: &Component, measure: &Measure) -> Result<(), Reject> {
    let own = component.measure == measure.measure_id;
    let paid = component.paid_measure.as_ref() == Some(&measure.measure_id);
    let what = match measure.dated_by {
        DatedBy::Deal => return Ok(()),
        _ if own && component.lists_deals() => "deals one by one",
        _ if (own || paid) && component.takes_back_later() => "a clawback in the current period",
        _ => return Ok(()),
    };
    let message = format!("{what} of a measure that is dated by invoices or receipts");
    Err(not_supported(&format!("components.{}", component.component_id), &message))
}
