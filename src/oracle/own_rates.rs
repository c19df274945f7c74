//! The values of a component's tiers, and of a lookup's rows, as a payee has them in a pay period: the plan's, or parameters of
//! the payee.
//!
//! Leaves out what a table does with them (`tables`, `lookups`).

use super::lower;
use super::numbers::decimal;
use super::rules::{Check, hold};
use super::tables::{Case, Waits, rate};
use crate::domain::money::MEASURED_DECIMALS;
use crate::wire::records::{Component, Method, Tier};
use num_rational::BigRational;
use num_traits::{Signed, Zero};

impl Case<'_, '_> {
    /// One for each tier. A parameter that the payee does not have is waited for, whichever tier is reached.
    pub(super) fn rates(&self) -> Result<Vec<BigRational>, Waits> {
        let mut rates: Vec<BigRational> = self.component.tiers.iter().map(rate).collect();
        for own in &self.component.own_rates {
            rates[own.tier] = self.parameter(&own.parameter).ok_or(Waits)?;
        }
        for own in &self.component.own_edges {
            let above_nothing = self.parameter(&own.parameter).ok_or(Waits)?.is_positive();
            if !above_nothing {
                return Err(Waits);
            }
        }
        let falling = lower::is_lower(self.component);
        let ordered = |pair: &[BigRational]| if falling { pair[0] > pair[1] } else { pair[0] < pair[1] };
        if self.edges().windows(2).all(ordered) { Ok(rates) } else { Err(Waits) }
    }

    /// Where each tier starts: a payee who lacks an edge, or whose tiers are not in order, has no rates to go with them.
    pub(super) fn edges(&self) -> Vec<BigRational> {
        let mut edges = starts(&self.component.tiers);
        for own in &self.component.own_edges {
            if let Some(from) = self.parameter(&own.parameter) {
                edges[own.tier] = from;
            }
        }
        edges
    }

    /// Whether a parameter has more digits in front of the point than a rate of a plan could.
    pub(super) fn is_beyond_rates(&self) -> bool {
        let own = self.component.own_rates.iter().filter_map(|own| self.parameter(&own.parameter));
        own.into_iter().any(|value| value >= decimal(10i64.pow(10), 0))
    }
}

/// Where tiers start, as the plan states it.
pub(super) fn starts(tiers: &[Tier]) -> Vec<BigRational> {
    tiers.iter().map(|tier| decimal(tier.from, MEASURED_DECIMALS)).collect()
}

/// Edges of the payee's own: of tiers for which the plan states none, and of the first tier only where it need not be 0.
pub(super) fn edges_fit(component: &Component) -> Check {
    let places: Vec<usize> = component.own_edges.iter().map(|own| own.tier).collect();
    hold(places.is_sorted_by(|one, next| one < next), "two edges of the payee's own for a tier")?;
    for own in &component.own_edges {
        let free = component.tiers.get(own.tier).is_some_and(|tier| tier.from == 0);
        hold(free, "an edge of the plan's and of the payee's own")?;
        hold(!own.parameter.is_empty(), "an edge of the payee's own without a name")?;
    }
    let from_anywhere = lower::is_lower(component) || matches!(component.method, Method::Curve | Method::Overage);
    hold(from_anywhere || !has_own_edge(component, 0), "tiers that do not start at 0")
}

/// The tiers that start where the plan says it.
pub(super) fn stated(component: &Component) -> Vec<Tier> {
    let stated = (0..).zip(&component.tiers).filter(|(place, _)| !has_own_edge(component, *place));
    stated.map(|(_, tier)| *tier).collect()
}

pub(super) fn has_own_edge(component: &Component, tier: usize) -> bool {
    component.own_edges.iter().any(|own| own.tier == tier)
}

/// Each of a tier that is there and for which the plan states nothing; of steps not the first, of tiers in proportion not the end.
pub(super) fn fit(component: &Component) -> Check {
    let places: Vec<usize> = component.own_rates.iter().map(|own| own.tier).collect();
    hold(places.is_sorted_by(|one, next| one < next), "two values of the payee's own for a tier")?;
    for own in &component.own_rates {
        hold(is_free(component, own.tier), "a value of the plan's and of the payee's own")?;
        hold(!own.parameter.is_empty(), "a value of the payee's own without a name")?;
    }
    Ok(())
}

/// Whether the plan states nothing at a place: of a table by line the rows come first, then what no row takes.
fn is_free(component: &Component, place: usize) -> bool {
    let Some(lookup) = &component.lookup else {
        return component.tiers.get(place).is_some_and(|tier| rate(tier).is_zero());
    };
    let mut stated: Vec<i64> = lookup.rows.iter().map(|row| row.rate.0).collect();
    stated.extend(lookup.otherwise.map(|rate| rate.0));
    stated.get(place) == Some(&0)
}

pub(super) fn is_own(component: &Component, tier: usize) -> bool {
    component.own_rates.iter().any(|own| own.tier == tier)
}
