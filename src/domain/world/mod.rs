//! The world: what all facts up to an offset add up to, and the look-ups that pricing needs.
//!
//! Every look-up takes a date or a pay period. A clone is cheap (its parts are shared), so a close keeps the world that
//! it saw. What a fact may say, and what it touches, is `apply`.

mod apply;
mod by_year;
mod component;
mod currencies;
mod earnings;
mod listed;
mod lookups;
mod organisation;
mod own_amounts;
mod pay;
mod plan_caps;
mod pools;
mod ramps;
mod rates;
mod territories;
#[cfg(test)]
pub(super) mod tests;

pub use apply::Reach;
pub use by_year::{ByYear, by_year_fault, deficit_fault};
pub use currencies::currency_fault;
pub use earnings::{Fault, MAXIMUM_PHASE, phases};
pub use lookups::{LookupTable, Lookups};
pub use organisation::{MAXIMUM_TEAM, Organisation, Place, Seat, active_part, parameter_in, part_of, plans_in};
pub use plan_caps::cap_fault;
pub use pools::pool_fault;
pub use ramps::{MAXIMUM_RAMP, ramp_fault, ramp_part};
pub use territories::TerritoryMap;

use super::calendar::{Calendar, Date, Period};
use super::currency::{CurrencyRates, Money};
use super::fact::{Company, Measure, PeriodClosed, PeriodReleased};
use super::measure::DatedBy;
use super::plan::{EarningUnit, Plan};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A measure and the fact that defined it: credits given before do not count in it by themselves.
#[derive(Clone, Debug)]
pub struct DefinedMeasure {
    pub measure: Measure,
    pub id: Arc<str>,
    pub offset: u64,
    /// The fact since which its deals are kept one by one, because a component reads them.
    pub listed: Option<u64>,
    /// The fact since which what was returned of deals is kept, because a component asks for it.
    pub returned: Option<u64>,
}

/// A version of a plan, with the ids that outputs share.
#[derive(Clone, Debug)]
pub struct PlanVersion {
    pub plan: Plan,
    pub plan_id: Arc<str>,
    /// What it pays in: the same in all versions of a plan.
    pub money: Money,
    /// `(component id, earning code)` of each component.
    pub names: Vec<(Arc<str>, Arc<str>)>,
}

/// A close and what became of it.
#[derive(Clone, Debug)]
pub struct Run {
    pub closed: PeriodClosed,
    pub closed_by: String,
    pub state: RunState,
    /// The release and its author.
    pub release: Option<(PeriodReleased, String)>,
    /// [`World::earning_rounds`] of the world that the close saw.
    pub rounds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    Closed,
    Reopened,
    Released,
}

/// What periods went through, in the order of the facts; the index is a run's in [`World::runs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Close(usize),
    Reopen(usize),
    Release(usize),
}

#[derive(Clone, Debug)]
pub struct World {
    /// Partition count of the inputs: a close states a cut for each.
    pub partitions: u32,
    /// The offset after the last fact applied.
    pub facts_next: u64,
    pub company: Option<Arc<Company>>,
    /// The company's.
    pub money: Money,
    pub calendar: Option<Arc<Calendar>>,
    pub calendar_id: Arc<str>,
    pub measures: Arc<Vec<DefinedMeasure>>,
    pub plans: Arc<BTreeMap<String, Vec<Arc<PlanVersion>>>>,
    pub lookups: Arc<Lookups>,
    /// What a component of a name earns: the first plan that has one says it for good.
    pub units: Arc<BTreeMap<String, EarningUnit>>,
    /// Which components of months and quarters the year prices.
    pub by_year: Arc<ByYear>,
    /// Whether any component's interval is, or was, longer than a quarter.
    pub has_long_intervals: bool,
    /// The fact since which credits are summed by year, too, because a component is priced by the year.
    pub yearly: Option<u64>,
    /// Whether any component asks now what was returned of deals: only then a deal waits for that, too.
    pub reads_returns: bool,
    /// In how many rounds earnings that are measured are final: the highest phase of a component that a measure counts. 0
    /// exactly where no measure counts earnings.
    pub earning_rounds: u32,
    pub organisation: Arc<Organisation>,
    pub territories: Arc<TerritoryMap>,
    /// One of each type and currency.
    pub rates: Arc<Vec<Arc<CurrencyRates>>>,
    pub runs: Arc<Vec<Run>>,
    pub operations: Arc<Vec<Operation>>,
}

impl World {
    pub fn new(partitions: u32) -> World {
        World {
            partitions,
            facts_next: 0,
            company: None,
            money: Money { currency: "".into(), minor_digits: 2 },
            calendar: None,
            calendar_id: "".into(),
            measures: Arc::default(),
            plans: Arc::default(),
            lookups: Arc::default(),
            units: Arc::default(),
            by_year: Arc::default(),
            has_long_intervals: false,
            yearly: None,
            reads_returns: false,
            earning_rounds: 0,
            organisation: Arc::default(),
            territories: Arc::default(),
            rates: Arc::default(),
            runs: Arc::default(),
            operations: Arc::default(),
        }
    }

    /// First day and the day after the last of a period, where the calendar reaches it.
    pub fn bounds(&self, period: Period) -> Option<(Date, Date)> {
        self.calendar.as_ref()?.bounds(period)
    }

    /// The version of a plan that prices a period.
    pub fn plan_version(&self, plan_id: &str, period: Period) -> Option<&Arc<PlanVersion>> {
        let (first_day, _) = self.bounds(period)?;
        let versions = self.plans.get(plan_id)?;
        versions.iter().find(|version| version.plan.from <= first_day && version.plan.to.is_none_or(|to| first_day < to))
    }

    /// Whether a component of this name earns points.
    pub fn earns_points(&self, component_id: &str) -> bool {
        self.units.get(component_id) == Some(&EarningUnit::Points)
    }

    pub fn measure(&self, measure_id: &str) -> Option<&DefinedMeasure> {
        self.measures.iter().find(|defined| defined.measure.measure_id == measure_id)
    }

    /// Whether a measure counts what customers were invoiced, or have paid.
    pub fn is_dated_by_settlements(&self) -> bool {
        self.measures.iter().any(|defined| defined.measure.dated_by != DatedBy::Deal)
    }

    /// Whether a measure was defined, its deals began to be kept, or years or rows of a table to be summed, by a fact in
    /// `[from, facts_next)`.
    pub fn measure_defined_since(&self, from: u64) -> bool {
        let measured = |of: &DefinedMeasure| {
            let began = [Some(of.offset), of.listed, of.returned];
            of.measure.earnings.is_none() && began.into_iter().flatten().any(|began| began >= from)
        };
        let looked_up = self.lookups.tables.iter().any(|table| table.offset >= from);
        looked_up || self.yearly.is_some_and(|yearly| yearly >= from) || self.measures.iter().any(measured)
    }

    /// The closes that stand of a period and those after it, as their places in `runs`: none of an open one. Each sees what came in
    /// epochs up to its place.
    pub fn closes_since(&self, period: Period) -> impl Iterator<Item = u32> {
        let stands = move |run: &Run| run.state != RunState::Reopened && run.closed.period >= period;
        (0..).zip(self.runs.iter()).filter(move |(_, run)| stands(run)).map(|(place, _)| place)
    }

    /// Last period whose close stands.
    pub fn closed_through(&self) -> Option<Period> {
        self.runs.iter().filter(|run| run.state != RunState::Reopened).map(|run| run.closed.period).max()
    }
}
