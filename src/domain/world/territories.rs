//! Who wins a line: the territories in force on the close date, by layer, depth and rank.
//!
//! Every look-up takes a date. Leaves out what can be wrong with territories (`domain::territory`).

use super::apply::invalid;
use super::{Reach, World};
use crate::domain::calendar::Date;
use crate::domain::deal::{Attribute, DealClosed, Line};
use crate::domain::reject::Reject;
use crate::domain::territory::{
    Assignment, Condition, Crediting, Dimension, Fault, MAXIMUM_DEPTH, Node, Territories, Territory, in_force,
};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is stated, and where to find it.
#[derive(Clone, Debug, Default)]
pub struct TerritoryMap {
    stated: Territories,
    /// Rows of `stated.nodes` by dimension and node, of every dimension that a territory looks at.
    nodes: BTreeMap<Dimension, FxHashMap<String, Vec<usize>>>,
    /// Rows of `stated.territories` by the nodes of their first condition that includes any: a line meets few of them.
    by_node: BTreeMap<Dimension, FxHashMap<String, Vec<usize>>>,
    /// The other rows.
    anywhere: Vec<usize>,
    /// Rows of `stated.assignments`.
    assignments: FxHashMap<String, Vec<usize>>,
}

/// For every dimension the line's value and what lies above it, up to the root; `None`: it has none.
type Paths<'p> = BTreeMap<&'p Dimension, Option<Vec<&'p str>>>;

impl TerritoryMap {
    /// Refused with the first fault.
    pub fn new(stated: &Territories) -> Result<TerritoryMap, Fault> {
        if let Some(fault) = stated.faults().into_iter().next() {
            return Err(fault);
        }
        let mut map = TerritoryMap { stated: stated.clone(), ..TerritoryMap::default() };
        for condition in stated.territories.iter().flat_map(|territory| &territory.conditions) {
            map.nodes.entry(condition.dimension.clone()).or_default();
        }
        for (place, row) in stated.nodes.iter().enumerate() {
            if let Some(nodes) = map.nodes.get_mut(&row.dimension) {
                nodes.entry(row.node.clone()).or_default().push(place);
            }
        }
        for (place, row) in stated.territories.iter().enumerate() {
            let Some(condition) = row.conditions.iter().find(|condition| !condition.included.is_empty()) else {
                map.anywhere.push(place);
                continue;
            };
            let by_node = map.by_node.entry(condition.dimension.clone()).or_default();
            condition.included.iter().for_each(|node| by_node.entry(node.clone()).or_default().push(place));
        }
        for (place, row) in stated.assignments.iter().enumerate() {
            map.assignments.entry(row.territory_id.clone()).or_default().push(place);
        }
        Ok(map)
    }

    pub fn stated(&self) -> &Territories {
        &self.stated
    }

    /// How lines of a day are credited by territory; `None`: they are not.
    pub fn crediting_on(&self, on: Date) -> Option<&Crediting> {
        self.stated.crediting.iter().find(|row| in_force((row.from, row.to), on))
    }

    /// The territories that win a line, the first one first; at most `winners`.
    pub fn winners<'m>(&'m self, deal: &'m DealClosed<'_>, line: &'m Line<'_>, winners: u32) -> Vec<&'m Territory> {
        let on = deal.closed_on;
        let paths = self.paths(deal, line);
        let near = self.near(&paths).into_iter().map(|place| &self.stated.territories[place]);
        let in_force = near.filter(|row| in_force((row.from, row.to), on));
        let mut matching: Vec<_> = in_force.filter_map(|row| Some((depth(row, &paths)?, row))).collect();
        // No two in force have one layer and rank.
        matching.sort_unstable_by_key(|(depth, row)| (row.layer, Reverse(*depth), row.rank));
        matching.into_iter().take(winners as usize).map(|(_, row)| row).collect()
    }

    /// The territories that may take a line, each once.
    fn near(&self, paths: &Paths<'_>) -> Vec<usize> {
        let mut places = self.anywhere.clone();
        for (dimension, by_node) in &self.by_node {
            let path = paths.get(dimension).and_then(Option::as_ref);
            places.extend(path.into_iter().flatten().filter_map(|node| by_node.get(*node)).flatten());
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Who has a territory on a day.
    pub fn assigned<'m>(&'m self, territory: &Territory, on: Date) -> impl Iterator<Item = &'m Assignment> + use<'m> {
        let rows = self.assignments.get(&territory.territory_id).map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|place| &self.stated.assignments[*place]).filter(move |row| in_force((row.from, row.to), on))
    }

    /// Whether some territory of a day may take lines of a node, whatever their other values.
    pub fn covers(&self, dimension: &Dimension, node: &str, on: Date) -> bool {
        let path = self.nodes.get(dimension).map(|nodes| self.path(nodes, node, on));
        let paths = Paths::from([(dimension, path)]);
        let takes = |row: &Territory| {
            let mut conditions = row.conditions.iter().filter(|condition| condition.dimension == *dimension);
            conditions.all(|condition| depth_of(condition, &paths).is_some())
        };
        self.stated.territories.iter().any(|row| in_force((row.from, row.to), on) && takes(row))
    }

    /// The first day on which anything differs from another statement.
    pub fn differs_from(&self, other: &Territories) -> Option<Date> {
        let mine = &self.stated;
        let days = [
            first_difference(&mine.crediting, &other.crediting, |row| row.from),
            first_difference(&mine.nodes, &other.nodes, |row| row.from),
            first_difference(&mine.territories, &other.territories, |row| row.from),
            first_difference(&mine.assignments, &other.assignments, |row| row.from),
        ];
        days.into_iter().flatten().min()
    }

    fn paths<'m>(&'m self, deal: &'m DealClosed<'_>, line: &'m Line<'_>) -> Paths<'m> {
        let path = |(dimension, nodes): (&'m Dimension, &'m FxHashMap<String, Vec<usize>>)| {
            let value = value_of(dimension, deal, line);
            (dimension, value.map(|value| self.path(nodes, value, deal.closed_on)))
        };
        self.nodes.iter().map(path).collect()
    }

    fn path<'m>(&'m self, nodes: &'m FxHashMap<String, Vec<usize>>, value: &'m str, on: Date) -> Vec<&'m str> {
        let in_force = |row: &&Node| in_force((row.from, row.to), on);
        let mut path = vec![value];
        let mut at = value;
        while path.len() <= MAXIMUM_DEPTH {
            let rows = nodes.get(at).map(Vec::as_slice).unwrap_or_default();
            let row = rows.iter().map(|place| &self.stated.nodes[*place]).find(in_force);
            let Some(parent) = row.and_then(|row| row.parent.as_deref()) else { break };
            path.push(parent);
            at = parent;
        }
        path
    }
}

fn value_of<'d>(dimension: &Dimension, deal: &'d DealClosed<'_>, line: &'d Line<'_>) -> Option<&'d str> {
    match dimension {
        Dimension::Product => Some(line.product),
        Dimension::Geography => line.geography,
        Dimension::Segment => line.segment,
        Dimension::Customer => deal.customer,
        Dimension::Attribute(name) => deal.attributes.iter().find_map(|(of, value)| match value {
            Attribute::Text(text) if of == name => Some(*text),
            _ => None,
        }),
    }
}

/// How deep a territory takes a line: the depths of the nodes that include it, added; `None`: it does not.
fn depth(territory: &Territory, paths: &Paths<'_>) -> Option<usize> {
    territory.conditions.iter().try_fold(0, |depth, condition| Some(depth + depth_of(condition, paths)?))
}

fn depth_of(condition: &Condition, paths: &Paths<'_>) -> Option<usize> {
    let named = |list: &[String], node: &str| list.iter().any(|other| other == node);
    let Some(path) = paths.get(&condition.dimension)?.as_ref() else {
        return condition.included.is_empty().then_some(0);
    };
    if path.iter().any(|node| named(&condition.excluded, node)) {
        return None;
    }
    if condition.included.is_empty() {
        return Some(0);
    }
    let nearest = path.iter().position(|node| named(&condition.included, node))?;
    Some(path.len() - nearest)
}

/// The first day of a row that only one of two lists has.
fn first_difference<T: Ord>(one: &[T], other: &[T], from: impl Fn(&T) -> Date) -> Option<Date> {
    let sorted = |rows: &[T]| -> Vec<usize> {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_unstable_by(|a, b| rows[*a].cmp(&rows[*b]));
        places
    };
    let (mine, theirs) = (sorted(one), sorted(other));
    let missing = |rows: &[T], in_rows: &[T], order: &[usize]| {
        let gone = rows.iter().filter(|row| order.binary_search_by(|place| in_rows[*place].cmp(row)).is_err());
        gone.map(&from).min()
    };
    [missing(one, other, &theirs), missing(other, one, &mine)].into_iter().flatten().min()
}

impl World {
    pub(super) fn apply_territories(&mut self, stated: &Territories) -> Result<Reach, Reject> {
        if self.territories.stated() == stated {
            return Ok(Reach::default());
        }
        let map = TerritoryMap::new(stated).map_err(|fault| invalid(&fault.at.to_string(), fault.message))?;
        let credits_from = self.territories.differs_from(stated);
        self.territories = Arc::new(map);
        Ok(Reach { credits_from, parked: true, ..Reach::default() })
    }
}
