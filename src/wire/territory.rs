//! How territories stand in a fact: the fields of `TerritoriesDefined` in `schemas/facts.avsc`.
//!
//! Modes and dimensions are text there, as in plans. Whether the rows can be is `domain::territory`'s.

use super::decimal::Unscaled;
use super::mode::{mode, mode_text, modes};
use crate::domain::calendar::Date;
use crate::domain::money::Share;
use crate::domain::reject::Reject;
use crate::domain::territory::{Assignment, Condition, Crediting, Dimension, Node, Territories, Territory};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct TerritoriesRecord {
    crediting: Vec<CreditingRecord>,
    nodes: Vec<NodeRecord>,
    territories: Vec<TerritoryRecord>,
    assignments: Vec<AssignmentRecord>,
}

#[derive(Serialize, Deserialize)]
struct CreditingRecord {
    from: Date,
    to: Option<Date>,
    when: String,
    uncovered: Option<String>,
    winners: i32,
    roll_up: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct NodeRecord {
    dimension: String,
    node: String,
    parent: Option<String>,
    from: Date,
    to: Option<Date>,
}

#[derive(Serialize, Deserialize)]
struct TerritoryRecord {
    territory_id: String,
    layer: i32,
    rank: i32,
    conditions: Vec<ConditionRecord>,
    from: Date,
    to: Option<Date>,
}

#[derive(Serialize, Deserialize)]
struct ConditionRecord {
    dimension: String,
    included: Vec<String>,
    excluded: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct AssignmentRecord {
    territory_id: String,
    payee_id: String,
    share: Unscaled<9>,
    from: Date,
    to: Option<Date>,
}

impl TerritoriesRecord {
    pub(super) fn new(stated: &Territories) -> Result<TerritoriesRecord, String> {
        Ok(TerritoriesRecord {
            crediting: stated.crediting.iter().map(crediting_record).collect::<Result<_, _>>()?,
            nodes: stated.nodes.iter().map(node_record).collect(),
            territories: stated.territories.iter().map(territory_record).collect::<Result<_, _>>()?,
            assignments: stated.assignments.iter().map(assignment_record).collect(),
        })
    }

    pub(super) fn territories(self) -> Result<Territories, Reject> {
        Ok(Territories {
            crediting: each("crediting", self.crediting, read_crediting)?,
            nodes: each("nodes", self.nodes, read_node)?,
            territories: each("territories", self.territories, read_territory)?,
            assignments: each("assignments", self.assignments, read_assignment)?,
        })
    }
}

/// Reads every row of a list, with its path for what is wrong.
fn each<R, T>(list: &str, rows: Vec<R>, read: impl Fn(&str, R) -> Result<T, Reject>) -> Result<Vec<T>, Reject> {
    rows.into_iter().enumerate().map(|(place, row)| read(&format!("{list}[{place}]"), row)).collect()
}

fn crediting_record(row: &Crediting) -> Result<CreditingRecord, String> {
    Ok(CreditingRecord {
        from: row.from,
        to: row.to,
        when: mode_text(&row.when)?,
        uncovered: row.uncovered.as_ref().map(mode_text).transpose()?,
        winners: int("winners", row.winners)?,
        roll_up: row.roll_up.iter().map(mode_text).collect::<Result<_, _>>()?,
    })
}

fn read_crediting(path: &str, row: CreditingRecord) -> Result<Crediting, Reject> {
    let uncovered = row.uncovered.map(|text| mode(&format!("{path}.uncovered"), &text));
    Ok(Crediting {
        from: row.from,
        to: row.to,
        when: mode(&format!("{path}.when"), &row.when)?,
        uncovered: uncovered.transpose()?,
        winners: not_negative(path, "winners", row.winners)?,
        roll_up: modes(&format!("{path}.roll_up"), &row.roll_up)?,
    })
}

fn node_record(row: &Node) -> NodeRecord {
    let (node, parent) = (row.node.clone(), row.parent.clone());
    NodeRecord { dimension: row.dimension.to_string(), node, parent, from: row.from, to: row.to }
}

fn read_node(path: &str, row: NodeRecord) -> Result<Node, Reject> {
    Ok(Node { dimension: dimension(path, &row.dimension)?, node: row.node, parent: row.parent, from: row.from, to: row.to })
}

fn territory_record(row: &Territory) -> Result<TerritoryRecord, String> {
    let condition = |condition: &Condition| ConditionRecord {
        dimension: condition.dimension.to_string(),
        included: condition.included.clone(),
        excluded: condition.excluded.clone(),
    };
    Ok(TerritoryRecord {
        territory_id: row.territory_id.clone(),
        layer: int("layer", row.layer)?,
        rank: int("rank", row.rank)?,
        conditions: row.conditions.iter().map(condition).collect(),
        from: row.from,
        to: row.to,
    })
}

fn read_territory(path: &str, row: TerritoryRecord) -> Result<Territory, Reject> {
    let condition = |path: &str, record: ConditionRecord| {
        let dimension = dimension(path, &record.dimension)?;
        Ok(Condition { dimension, included: record.included, excluded: record.excluded })
    };
    Ok(Territory {
        territory_id: row.territory_id,
        layer: not_negative(path, "layer", row.layer)?,
        rank: not_negative(path, "rank", row.rank)?,
        conditions: each(&format!("{path}.conditions"), row.conditions, condition)?,
        from: row.from,
        to: row.to,
    })
}

fn assignment_record(row: &Assignment) -> AssignmentRecord {
    let (territory_id, payee_id) = (row.territory_id.clone(), row.payee_id.clone());
    AssignmentRecord { territory_id, payee_id, share: Unscaled(row.share.0.into()), from: row.from, to: row.to }
}

fn read_assignment(path: &str, row: AssignmentRecord) -> Result<Assignment, Reject> {
    let share = u32::try_from(row.share.0).map_err(|_| Reject::field(&format!("{path}.share"), "is not from 0 to 1".into()))?;
    let (territory_id, payee_id) = (row.territory_id, row.payee_id);
    Ok(Assignment { territory_id, payee_id, share: Share(share), from: row.from, to: row.to })
}

fn dimension(path: &str, text: &str) -> Result<Dimension, Reject> {
    text.parse().map_err(|message| Reject::field(&format!("{path}.dimension"), message))
}

fn int(field: &str, value: u32) -> Result<i32, String> {
    i32::try_from(value).map_err(|_| format!("{field}: out of range"))
}

fn not_negative(path: &str, field: &str, value: i32) -> Result<u32, Reject> {
    u32::try_from(value).map_err(|_| Reject::field(&format!("{path}.{field}"), format!("{value} is negative")))
}
