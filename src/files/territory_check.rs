//! Checks of territories: what cannot be, names that are not known, and gaps that would park deals.

use super::codes;
use super::draft::Draft;
use super::organisation;
use super::plan::nearest;
use super::source::{Findings, Located, Place};
use super::territories::{Stated, TerritoriesDraft};
use crate::domain::calendar::{Calendar, Date};
use crate::domain::fact::CreditKind;
use crate::domain::territory::{At, Crediting, Dimension, Fault, FaultKind, Territories, Uncovered, in_force};
use crate::domain::world::TerritoryMap;
use std::collections::{BTreeMap, BTreeSet};

pub fn check(draft: &Draft, findings: &mut Findings) {
    let stated = &draft.territories;
    check_rows(stated, findings);
    let ids = organisation::ids(draft);
    for payee in stated.assignments.iter().filter_map(|row| row.payee.as_ref()) {
        organisation::check_known(payee, ids.as_ref(), draft, findings);
    }
    if let Some(place) = stated.place().filter(|_| stated.crediting.is_empty() && !stated.broken) {
        let hint = "add territories.toml with [[crediting]]: from, when, winners and roll_up";
        findings.add(place, codes::MISSING_KEY, "territories are stated, and nothing says when they credit", hint);
    }
}

/// What is wrong with the rows of one statement.
pub fn check_rows(stated: &TerritoriesDraft, findings: &mut Findings) {
    let rows = stated.rows();
    for fault in rows.faults().iter().filter(|fault| !stated.broken || fault.kind != FaultKind::UnknownTerritory) {
        let hint = match fault.kind {
            FaultKind::UnknownTerritory => nearest_territory(fault, &rows),
            _ => fault.hint.clone(),
        };
        findings.add(place_of(fault, stated), code_of(fault.kind), fault.message.clone(), hint);
    }
    if !stated.broken {
        check_nodes(stated, findings);
    }
}

fn nearest_territory(fault: &Fault, rows: &Territories) -> String {
    let At::Assignment(place) = fault.at else { return String::new() };
    let known: BTreeSet<&str> = rows.territories.iter().map(|row| row.territory_id.as_str()).collect();
    nearest(&rows.assignments[place].territory_id, "territory", known.iter().copied())
}

pub fn code_of(kind: FaultKind) -> codes::Code {
    match kind {
        FaultKind::Range => codes::BAD_RANGE,
        FaultKind::Overlap => codes::OVERLAP,
        FaultKind::Id => codes::BAD_ID,
        FaultKind::Number => codes::BAD_NUMBER,
        FaultKind::Mode => codes::UNKNOWN_VALUE,
        FaultKind::Duplicate => codes::DUPLICATE,
        FaultKind::EqualRanks => codes::EQUAL_RANKS,
        FaultKind::Cycle => codes::NODE_CYCLE,
        FaultKind::UnknownTerritory => codes::UNKNOWN_TERRITORY,
    }
}

fn place_of(fault: &Fault, stated: &TerritoriesDraft) -> Place {
    match fault.at {
        At::Crediting(place) => place_in(&stated.crediting[place], fault.kind),
        At::Node(place) => place_in(&stated.nodes[place], fault.kind),
        At::Territory(place) => place_in(&stated.territories[place], fault.kind),
        At::Assignment(place) => place_in(&stated.assignments[place], fault.kind),
    }
}

fn place_in<T>(row: &Stated<T>, kind: FaultKind) -> Place {
    match kind {
        FaultKind::Range => row.to,
        FaultKind::Overlap => row.from,
        FaultKind::Number | FaultKind::EqualRanks | FaultKind::Cycle => row.number,
        FaultKind::Id | FaultKind::Mode | FaultKind::Duplicate | FaultKind::UnknownTerritory => row.id,
    }
}

/// Where a dimension has a hierarchy, a territory names its nodes and no others.
fn check_nodes(stated: &TerritoriesDraft, findings: &mut Findings) {
    let mut known: BTreeMap<&Dimension, BTreeSet<&str>> = BTreeMap::new();
    for row in stated.nodes.iter().map(|stated| &stated.row) {
        let nodes = known.entry(&row.dimension).or_default();
        nodes.insert(&row.node);
        nodes.extend(row.parent.as_deref());
    }
    for (dimension, node) in stated.territories.iter().flat_map(|territory| &territory.nodes) {
        let Some(nodes) = known.get(dimension).filter(|nodes| !nodes.contains(node.value.as_str())) else { continue };
        unknown_node(dimension, node, nodes, findings);
    }
}

fn unknown_node(dimension: &Dimension, node: &Located<String>, nodes: &BTreeSet<&str>, findings: &mut Findings) {
    let hint = nearest(&node.value, "node", nodes.iter().copied());
    findings.add(node.place, codes::UNKNOWN_NODE, format!("no {dimension} of nodes.csv is called \"{}\"", node.value), hint);
}

/// Warns of what would park deals: territories without a payee, and nodes without a territory.
pub fn warn_gaps(draft: &Draft, findings: &mut Findings) {
    let (stated, Some(calendar)) = (&draft.territories, &draft.calendar) else { return };
    let rows = stated.rows();
    let (Ok(map), Some(first)) = (TerritoryMap::new(&rows), rows.crediting.iter().map(|row| row.from).min()) else { return };
    warn_uncounted(draft, findings);
    for territory in &stated.territories {
        warn_vacant(territory, &rows, first, &calendar.value, findings);
    }
    let mut said = BTreeSet::new();
    let days: BTreeSet<Date> = starts(&rows).into_iter().filter(|day| *day >= first).collect();
    for day in days {
        let waits = map.crediting_on(day).is_some_and(|crediting| crediting.uncovered != Some(Uncovered::Nothing));
        let parents: BTreeSet<(&Dimension, &str)> =
            rows.nodes.iter().filter_map(|row| Some((&row.dimension, row.parent.as_deref()?))).collect();
        for node in stated.nodes.iter().filter(|node| waits && in_force((node.row.from, node.row.to), day)) {
            let key = (&node.row.dimension, node.row.node.as_str());
            if !parents.contains(&key) && !map.covers(key.0, key.1, day) && said.insert(key) {
                let message = format!("no territory takes {} \"{}\" on {day}", key.0, key.1);
                findings.add(node.id, codes::UNCOVERED_NODE, message, "deals there wait for one: add a row to territories.csv");
            }
        }
    }
}

/// Credit that no measure counts pays nobody.
fn warn_uncounted(draft: &Draft, findings: &mut Findings) {
    let counts = |kind: CreditKind| {
        let measures = draft.measures.iter().flatten().filter_map(|stated| stated.measure.as_ref());
        measures.into_iter().any(|measure| measure.credit_kinds.contains(&kind))
    };
    let rolls = |row: &Crediting| row.roll_up.contains(&CreditKind::Territory) && counts(CreditKind::Rolled);
    for crediting in draft.territories.crediting.iter().filter(|_| !counts(CreditKind::Territory)) {
        if !rolls(&crediting.row) {
            let hint = "name it in a measure: credit_kinds = [\"REVENUE\", \"TERRITORY\"]";
            findings.add(crediting.id, codes::UNCOUNTED_TERRITORY, "no measure counts TERRITORY", hint);
        }
    }
}

/// The days on which anything changes.
fn starts(rows: &Territories) -> Vec<Date> {
    let mut days: Vec<Date> = rows.crediting.iter().map(|row| row.from).collect();
    days.extend(rows.nodes.iter().map(|row| row.from));
    days.extend(rows.territories.iter().flat_map(|row| [Some(row.from), row.to]).flatten());
    days
}

/// The first day of a territory on which nobody has it.
fn warn_vacant(
    territory: &Stated<crate::domain::territory::Territory>,
    rows: &Territories,
    first: Date,
    calendar: &Calendar,
    findings: &mut Findings,
) {
    let row = &territory.row;
    let mut day = row.from.max(first);
    let own = || rows.assignments.iter().filter(|assignment| assignment.territory_id == row.territory_id);
    let ends = [row.to, calendar.end()].into_iter().flatten().min();
    while ends.is_none_or(|end| day < end) {
        let on_the_day = own().filter(|assignment| in_force((assignment.from, assignment.to), day));
        match on_the_day.map(|assignment| assignment.to).max_by_key(|to| (to.is_none(), *to)) {
            Some(Some(to)) => day = to,
            Some(None) => return,
            None => {
                let message = format!("nobody has territory \"{}\" on {day}", row.territory_id);
                let hint = "deals that it wins then wait: add a row to assignments.csv";
                findings.add(territory.id, codes::VACANT_TERRITORY, message, hint);
                return;
            }
        }
    }
}
