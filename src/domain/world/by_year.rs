//! Which components of months and quarters are priced by the fiscal year, and which may be: there alone is known what an interval
//! leaves to the next one, or what of a year's cap is left.

use super::World;
use super::apply::{invalid, not_supported};
use crate::domain::calendar::{Interval, IntervalKind, Span};
use crate::domain::plan::{Component, Deficit, MidIntervalChange, Negative, Plan, Scope};
use crate::domain::reject::Reject;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Components of months and quarters by id: whether the year prices them. The first plan that has one says it for good, since
/// what is booked of it stands where it was priced.
#[derive(Clone, Debug, Default)]
pub struct ByYear(BTreeMap<String, bool>);

impl ByYear {
    /// Whether any is.
    pub fn any(&self) -> bool {
        self.0.values().any(|by_year| *by_year)
    }

    /// What a component's interval is priced in.
    pub fn span_of(&self, component_id: &str, interval: Interval) -> Span {
        match Span::of(interval) {
            Span::Quarter(quarter) if self.0.get(component_id) == Some(&true) => Span::Year(quarter.year()),
            span => span,
        }
    }

    /// Takes in what an accepted plan says.
    pub(super) fn note(&mut self, plan: &Plan) {
        self.0.extend(of_plan(plan).map(|(id, by_year)| (id.clone(), by_year)));
    }
}

fn of_plan(plan: &Plan) -> impl Iterator<Item = (&String, bool)> {
    let short = plan.components.iter().filter(|component| !component.interval.is_yearly());
    short.map(|component| (&component.component_id, plan.prices_by_year(component)))
}

/// The first component of a name that cannot be in all of these plans, with its plan, and why: in some of them the year prices it,
/// in others its quarter does.
pub fn by_year_fault<'p>(plans: impl Iterator<Item = &'p Plan>) -> Option<(&'p Plan, &'p str, String)> {
    let mut known: BTreeMap<&String, bool> = BTreeMap::new();
    plans.into_iter().find_map(|plan| {
        let differs = of_plan(plan).find(|(id, by_year)| *known.entry(id).or_insert(*by_year) != *by_year);
        differs.map(|(id, _)| (plan, id.as_str(), differing(id)))
    })
}

fn differing(component_id: &str) -> String {
    format!(
        "component \"{component_id}\" is priced by the year in one plan (its deficits go on, or the plan has a cap of a half-year or \
         year) and by the quarter in another"
    )
}

/// Why a component cannot leave what an interval lacks to the next one.
pub fn deficit_fault(component: &Component, plan: &Plan) -> Option<&'static str> {
    let faults = [
        (component.negative != Negative::Zero, "only where a sum below zero earns nothing is anything missing"),
        (component.interval == IntervalKind::Year, "a year has no next interval of the year"),
        (component.scope != Scope::Running, "a deal by itself finds nothing that is missing"),
        (component.paid_measure.is_some(), "what is missing is of the measure that is paid on, and another one picks the tier"),
        (
            component.reads_returns() || component.settles(),
            "what is missing is of no single deal that could be settled or taken back",
        ),
        (component.pool.is_some(), "a pool is of one pay period"),
        (plan.mid_interval_change == MidIntervalChange::Restart, "what begins anew starts from nothing"),
    ];
    faults.into_iter().find(|(is, _)| component.deficit != Deficit::Lost && *is).map(|(_, message)| message)
}

impl World {
    /// Takes in what an accepted plan says of years; true: they begin to be summed with it.
    pub(super) fn note_years(&mut self, offset: u64, plan: &Plan) -> bool {
        Arc::make_mut(&mut self.by_year).note(plan);
        self.has_long_intervals |= plan.components.iter().any(|component| component.interval.is_yearly());
        let begin = self.yearly.is_none() && plan.components.iter().any(|component| plan.prices_by_year(component));
        if begin {
            self.yearly = Some(offset);
        }
        begin
    }

    pub(super) fn check_by_year(&self, plan: &Plan) -> Result<(), Reject> {
        for component in &plan.components {
            if let Some(fault) = deficit_fault(component, plan) {
                return Err(not_supported(&format!("components.{}.deficit", component.component_id), fault));
            }
        }
        let differs = of_plan(plan).find(|(id, by_year)| self.by_year.0.get(*id).is_some_and(|known| known != by_year));
        differs.map_or(Ok(()), |(id, _)| Err(invalid("components", differing(id) + "; use a new id for the component")))
    }
}
