//! What publishing territories would append: one fact with all rows, published ones and those of the files.
//!
//! Rows merge by what they are about and their first day; a missing row changes nothing, an end is an explicit `to`.

use super::changes::{Change, ChangeKind, Record};
use super::source::{Findings, Located};
use super::territory_check::code_of;
use crate::domain::fact::FactBody;
use crate::domain::territory::{Assignment, Crediting, Node, Territories, Territory};
use std::collections::BTreeMap;

/// Names of changed rows that a description lists.
const SHOWN: usize = 5;

pub fn territory_changes(
    stated: Option<&Located<Territories>>,
    published: Option<&Territories>,
    findings: &mut Findings,
) -> Option<Change> {
    let stated = stated?;
    let nothing = Territories::default();
    let before = published.unwrap_or(&nothing);
    let merged = merged(&stated.value, before);
    for fault in merged.faults() {
        let message = format!("with what is published: {}", fault.message);
        findings.add(stated.place, code_of(fault.kind), message, fault.hint);
    }
    if published == Some(&merged) {
        return None;
    }
    let changed = changed_rows(&merged, before);
    let kind = if published.is_none() { ChangeKind::Added } else { ChangeKind::Changed };
    let more = changed.len().saturating_sub(SHOWN);
    let mut description = format!("territories: {}", changed.into_iter().take(SHOWN).collect::<Vec<_>>().join(", "));
    if more > 0 {
        description.push_str(&format!(" and {more} more"));
    }
    Some(Change { kind, description, record: Record::Fact(FactBody::TerritoriesDefined(merged)) })
}

/// Rows of both, in the order of what they are about; a stated one replaces the published one of the same first day.
pub fn merged(stated: &Territories, published: &Territories) -> Territories {
    Territories {
        crediting: merged_rows(&published.crediting, &stated.crediting, |row: &Crediting| row.from),
        nodes: merged_rows(&published.nodes, &stated.nodes, |row: &Node| (row.dimension.clone(), row.node.clone(), row.from)),
        territories: merged_rows(&published.territories, &stated.territories, |row: &Territory| {
            (row.territory_id.clone(), row.from)
        }),
        assignments: merged_rows(&published.assignments, &stated.assignments, |row: &Assignment| {
            (row.territory_id.clone(), row.payee_id.clone(), row.from)
        }),
    }
}

fn merged_rows<T: Clone, K: Ord>(published: &[T], stated: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let rows: BTreeMap<K, &T> = published.iter().chain(stated).map(|row| (key(row), row)).collect();
    rows.into_values().cloned().collect()
}

/// What is another or new, by name.
fn changed_rows(merged: &Territories, before: &Territories) -> Vec<String> {
    let crediting = merged.crediting.iter().filter(|row| !before.crediting.contains(row));
    let mut names: Vec<String> = crediting.map(|row| format!("crediting from {}", row.from)).collect();
    let nodes = merged.nodes.iter().filter(|row| !before.nodes.contains(row));
    names.extend(nodes.map(|row| format!("{} {} from {}", row.dimension, row.node, row.from)));
    let territories = merged.territories.iter().filter(|row| !before.territories.contains(row));
    names.extend(territories.map(|row| format!("{} from {}", row.territory_id, row.from)));
    let assignments = merged.assignments.iter().filter(|row| !before.assignments.contains(row));
    names.extend(assignments.map(|row| format!("{} in {} from {}", row.payee_id, row.territory_id, row.from)));
    names
}
