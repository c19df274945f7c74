//! Measures of earnings: what may count what, in which order components are priced, and whom an earning is told to.
//!
//! Leaves out how it is told (`pipeline::earning::telling`).

use super::apply::invalid;
use super::plan_caps::check_caps;
use super::{DefinedMeasure, PlanVersion, World};
use crate::domain::calendar::{Date, Period};
use crate::domain::fact::{EarnedBy, Measure, MeasureOf};
use crate::domain::measure::DatedBy;
use crate::domain::plan::{Component, EarningUnit};
use crate::domain::reject::Reject;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A component of phase 1 reads no earnings; one of another reads results of lower phases alone.
pub const MAXIMUM_PHASE: u32 = 4;

type Plans = BTreeMap<String, Vec<Arc<PlanVersion>>>;

/// A measure counts credits or earnings, never both.
pub(super) fn check_earnings(measure: &Measure) -> Result<(), Reject> {
    if (measure.of == MeasureOf::Earned) != measure.earnings.is_some() {
        return Err(invalid("earnings", "stated exactly where a measure is of what is earned".into()));
    }
    let Some(earnings) = &measure.earnings else { return Ok(()) };
    let filters = [&measure.products, &measure.geographies, &measure.segments];
    let of_deals = !measure.deal_kinds.is_empty() || !measure.customers.is_empty() || !measure.filter.is_empty();
    let of_deals = of_deals || !measure.roles.is_empty();
    let filtered = filters.iter().any(|filter| !filter.is_empty()) || of_deals;
    if filtered || !measure.credit_kinds.is_empty() {
        return Err(invalid("credit_kinds", "a measure of earnings counts no credits, so it has no filter of them".into()));
    }
    if measure.dated_by != DatedBy::Deal {
        return Err(invalid("dated_by", "a measure of earnings counts no deals, so nothing of them dates it".into()));
    }
    if earnings.components.is_empty() {
        return Err(invalid("components", "a measure of earnings names the components that it counts".into()));
    }
    Ok(())
}

/// Why there is no order in which components could be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub component_id: String,
    pub message: String,
}

/// The highest phase of a component that a measure of earnings counts, at least 1 where there is one; or why there is no
/// order in which the components of all plan versions could be priced.
pub fn phases(measures: &[&Measure], components: &[&Component]) -> Result<u32, Fault> {
    let mut reading = Reading { measures, components, found: BTreeMap::new() };
    components.iter().try_for_each(|component| reading.check_pool(component))?;
    if measures.iter().all(|measure| measure.earnings.is_none()) {
        return Ok(0);
    }
    let mut rounds = 1;
    for component in components {
        reading.check_unit(component)?;
        reading.check_deals(component)?;
        let phase = reading.phase(&component.component_id, &mut Vec::new())?;
        if measures.iter().any(|measure| measure.counts_earnings_of(&component.component_id)) {
            rounds = rounds.max(phase);
        }
    }
    Ok(rounds)
}

/// The same of a world with these measures and plans, whose caps can be.
pub(super) fn rounds_of(measures: &[DefinedMeasure], plans: &Plans) -> Result<u32, Reject> {
    let measures: Vec<&Measure> = measures.iter().map(|defined| &defined.measure).collect();
    check_caps(plans.values(), &measures)?;
    let components: Vec<&Component> = plans.values().flatten().flat_map(|version| &version.plan.components).collect();
    phases(&measures, &components).map_err(|fault| invalid("components", fault.message))
}

struct Reading<'r> {
    measures: &'r [&'r Measure],
    components: &'r [&'r Component],
    /// By component.
    found: BTreeMap<&'r str, u32>,
}

impl<'r> Reading<'r> {
    /// Points are no money, so they add up with none.
    fn check_unit(&self, component: &Component) -> Result<(), Fault> {
        let counted = self.measures.iter().find(|measure| measure.counts_earnings_of(&component.component_id));
        match counted.filter(|_| component.unit == EarningUnit::Points) {
            Some(measure) => {
                let (id, measure) = (&component.component_id, &measure.measure_id);
                Err(fault(id, format!("component \"{id}\" earns points: measure \"{measure}\" is of money that is earned")))
            }
            None => Ok(()),
        }
    }

    /// Everybody who shares a pool computes all of it, so it is of nothing but what the team has together.
    fn check_pool(&self, component: &Component) -> Result<(), Fault> {
        let of_team = |of: &Measure| of.earnings.as_ref().is_some_and(|earnings| earnings.by == EarnedBy::Team);
        let read = |of: &&&Measure| component.measures().any(|(id, _)| id == of.measure_id);
        let own = self.measures.iter().filter(|_| component.pool.is_some()).filter(read).find(|of| !of_team(of));
        own.map_or(Ok(()), |of| {
            let (id, measure) = (&component.component_id, &of.measure_id);
            Err(fault(id, format!("component \"{id}\" is a pool of a team, and measure \"{measure}\" is not of one")))
        })
    }

    /// What is earned comes of all deals together.
    fn check_deals(&self, component: &Component) -> Result<(), Fault> {
        let (id, measure) = (&component.component_id, &component.measure);
        let earned = self.measures.iter().any(|of| of.measure_id == *measure && of.earnings.is_some());
        let lacks = match component.lookup {
            Some(_) => "lines to look up",
            None if component.lists_deals() => "single deals",
            None => return Ok(()),
        };
        match earned {
            true => Err(fault(id, format!("component \"{id}\": measure \"{measure}\" is of earnings, it has no {lacks}"))),
            false => Ok(()),
        }
    }

    /// 1 more than the highest of those whose earnings the component reads in any version; `below` are those that read it.
    fn phase(&mut self, id: &'r str, below: &mut Vec<&'r str>) -> Result<u32, Fault> {
        if let Some(phase) = self.found.get(id) {
            return Ok(*phase);
        }
        if let Some(at) = below.iter().position(|of| *of == id) {
            let chain: Vec<String> = below[at..].iter().chain([&id]).map(|id| format!("\"{id}\"")).collect();
            return Err(fault(id, format!("no component reads what it earns itself: {}", chain.join(" reads "))));
        }
        // A long chain is refused before it is followed to its end.
        if below.len() >= MAXIMUM_PHASE as usize {
            let (top, phase) = (below[0], MAXIMUM_PHASE + 1);
            return Err(fault(top, format!("component \"{top}\" would be of phase {phase}: there are {MAXIMUM_PHASE}")));
        }
        below.push(id);
        let mut phase = 1;
        for read in self.read_by(id) {
            phase = phase.max(1 + self.phase(read, below)?);
        }
        if phase > MAXIMUM_PHASE {
            let message = format!("component \"{id}\" would be of phase {phase}: there are {MAXIMUM_PHASE}");
            return Err(fault(id, message));
        }
        below.pop();
        self.found.insert(id, phase);
        Ok(phase)
    }

    /// The components whose earnings the measures of a component count.
    fn read_by(&self, id: &str) -> BTreeSet<&'r str> {
        let own = self.components.iter().filter(|component| component.component_id == id);
        let read: BTreeSet<&str> = own.flat_map(|component| component.measures().map(|(measure, _)| measure)).collect();
        let of = self
            .measures
            .iter()
            .filter(|measure| read.contains(measure.measure_id.as_str()))
            .filter_map(|of| of.earnings.as_ref());
        let named: BTreeSet<&str> = of.flat_map(|earnings| &earnings.components).map(String::as_str).collect();
        let all = self.components.iter().map(|component| component.component_id.as_str());
        all.filter(|id| named.contains(id)).collect()
    }
}

fn fault(component_id: &str, message: String) -> Fault {
    Fault { component_id: component_id.into(), message }
}

impl World {
    /// Whether what somebody earns is told to those whom this says.
    pub(super) fn tells(&self, whom: EarnedBy) -> bool {
        let by = |defined: &DefinedMeasure| defined.measure.earnings.as_ref().map(|of| of.by);
        self.measures.iter().any(|defined| by(defined) == Some(whom))
    }

    /// Whether it has a measure that counts what some component of its plans earns.
    pub fn counts_any_earnings(&self, measure_id: &str) -> bool {
        let mut components = self.plans.values().flatten().flat_map(|version| &version.plan.components);
        let counts = |of: &DefinedMeasure| components.any(|component| of.measure.counts_earnings_of(&component.component_id));
        self.measure(measure_id).is_some_and(counts)
    }

    /// For whom a measure counts what a payee earned for a pay period.
    pub fn earned_for(&self, payee_id: &Arc<str>, period: Period, by: EarnedBy) -> Vec<Arc<str>> {
        match (by, self.bounds(period)) {
            (EarnedBy::Own, _) => vec![payee_id.clone()],
            (EarnedBy::Reports, Some((_, after))) => self.organisation.above(payee_id, Date(after.0 - 1)),
            (EarnedBy::Team, Some((_, after))) => {
                let team = self.organisation.team_of(payee_id, Date(after.0 - 1));
                team.into_iter().map(|payee| payee.payee_id.as_str().into()).collect()
            }
            (EarnedBy::Reports | EarnedBy::Team, None) => Vec::new(),
        }
    }
}
