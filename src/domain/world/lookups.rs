//! The tables that are looked up by line: each row's lines are summed by themselves, from the fact on that first needs it.
//!
//! What a row takes makes the sum, not its rate: versions and plans that differ in rates alone share the sums.

use super::World;
use crate::domain::plan::lookup::{LineKey, Shown, Takes, row_of};
use crate::domain::plan::{Boundary, Component, Plan};
use std::sync::Arc;

/// Every table that a plan version has stated, in the order of the facts.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    pub tables: Vec<LookupTable>,
    /// Attributes of deals that any of them looks at.
    pub attributes: Vec<String>,
}

/// A table without its rates.
#[derive(Clone, Debug)]
pub struct LookupTable {
    pub measure_id: String,
    pub boundary: Boundary,
    pub rows: Vec<Takes>,
    /// What the sum of each row is kept under. No measure's id has such characters.
    pub keys: Vec<Arc<str>>,
    /// The fact since which they are summed: credits given before do not count by themselves.
    pub offset: u64,
}

impl LookupTable {
    fn is_of(&self, component: &Component) -> bool {
        let rows = component.lookup.iter().flat_map(|lookup| lookup.takes());
        self.measure_id == component.measure && self.boundary == component.boundary && self.rows.iter().eq(rows)
    }

    /// The row that a line's rate stands in.
    pub fn row_of(&self, line: &Shown<'_>) -> Option<usize> {
        row_of(self.rows.iter(), line, self.boundary)
    }
}

impl World {
    /// What the sums of a component's rows are kept under.
    pub fn lookup_keys(&self, component: &Component) -> &[Arc<str>] {
        let table = self.lookups.tables.iter().find(|table| table.is_of(component));
        table.map_or(&[], |table| &table.keys)
    }

    /// Lines are summed by row from now on; true: of a table that was not there.
    pub(super) fn define_lookups(&mut self, offset: u64, plan: &Plan) -> bool {
        let mut new = false;
        for component in plan.components.iter() {
            let Some(lookup) = component.lookup.as_ref().filter(|_| self.lookup_keys(component).is_empty()) else { continue };
            let lookups = Arc::make_mut(&mut self.lookups);
            let rows: Vec<Takes> = lookup.takes().cloned().collect();
            for by in rows.iter().flat_map(|row| &row.conditions).map(|of| &of.by) {
                match by {
                    LineKey::Attribute(name) if !lookups.attributes.contains(name) => lookups.attributes.push(name.clone()),
                    _ => {}
                }
            }
            let number = lookups.tables.len();
            let keys = (0..rows.len()).map(|row| format!("\u{1}{number}/{row}").into()).collect();
            let (measure_id, boundary) = (component.measure.clone(), component.boundary);
            lookups.tables.push(LookupTable { measure_id, boundary, rows, keys, offset });
            new = true;
        }
        new
    }
}
