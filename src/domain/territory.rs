//! Territories: which payees a deal's line belongs to by rule, where nobody is named or in any case.
//!
//! These are the rows that the company states; all of them hold `[from, to)` and are looked up on the close date. What
//! can be wrong with them is told here ([`Territories::faults`]), all at once; who wins a line is `world::territories`.

#[cfg(test)]
mod tests;

use super::calendar::Date;
use super::deal::check_id;
use super::fact::CreditKind;
use super::money::{Share, WHOLE};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Longest way from a node to its root.
pub const MAXIMUM_DEPTH: usize = 64;
/// Most territories that win a line.
pub const MAXIMUM_WINNERS: u32 = 100;

/// Everything that is stated about territories. A later fact replaces the whole, so that two ranks can be swapped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territories {
    pub crediting: Vec<Crediting>,
    pub nodes: Vec<Node>,
    pub territories: Vec<Territory>,
    pub assignments: Vec<Assignment>,
}

/// How lines are credited by territory from a day on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Crediting {
    pub from: Date,
    pub to: Option<Date>,
    pub when: When,
    /// With [`When::Always`]: what a line that names a payee and has no territory does.
    pub uncovered: Option<Uncovered>,
    /// How many territories win a line, at most.
    pub winners: u32,
    /// What rolls up beside REVENUE: OVERLAY, TERRITORY.
    pub roll_up: Vec<CreditKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Lines that name no payee.
    Unnamed,
    /// Every line.
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncovered {
    /// The deal waits.
    Park,
    /// The payees that it names are credited, and nobody by territory.
    Nothing,
}

/// What of a deal's line a territory looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dimension {
    Product,
    Geography,
    Segment,
    Customer,
    /// A text among the deal's attributes.
    Attribute(String),
}

/// A value of a dimension under another one. What has no row is a root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Node {
    pub dimension: Dimension,
    pub node: String,
    pub parent: Option<String>,
    pub from: Date,
    pub to: Option<Date>,
}

/// A territory takes a line for which every condition holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Territory {
    pub territory_id: String,
    /// The lower comes first.
    pub layer: u32,
    /// The lower comes first, among those of one layer that match equally deep.
    pub rank: u32,
    /// At most one for a dimension.
    pub conditions: Vec<Condition>,
    pub from: Date,
    pub to: Option<Date>,
}

/// Included nodes with all below them (none: everything), minus excluded ones with all below them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Condition {
    pub dimension: Dimension,
    pub included: Vec<String>,
    pub excluded: Vec<String>,
}

/// Who gets what share of a line that a territory wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    pub territory_id: String,
    pub payee_id: String,
    pub share: Share,
    pub from: Date,
    pub to: Option<Date>,
}

/// A row by its list and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    Crediting(usize),
    Node(usize),
    Territory(usize),
    Assignment(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Range,
    Overlap,
    Id,
    Number,
    Mode,
    Duplicate,
    EqualRanks,
    Cycle,
    UnknownTerritory,
}

/// What is wrong with a row, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub kind: FaultKind,
    pub message: String,
    pub hint: String,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Product => f.write_str("product"),
            Dimension::Geography => f.write_str("geography"),
            Dimension::Segment => f.write_str("segment"),
            Dimension::Customer => f.write_str("customer"),
            Dimension::Attribute(name) => write!(f, "attribute:{name}"),
        }
    }
}

impl std::str::FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Dimension, String> {
        match (text, text.strip_prefix("attribute:")) {
            ("product", _) => Ok(Dimension::Product),
            ("geography", _) => Ok(Dimension::Geography),
            ("segment", _) => Ok(Dimension::Segment),
            ("customer", _) => Ok(Dimension::Customer),
            (_, Some(name)) if !name.is_empty() => Ok(Dimension::Attribute(name.into())),
            _ => Err(format!("\"{text}\" is not a dimension: product, geography, segment, customer or attribute:NAME")),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Crediting(place) => write!(f, "crediting[{place}]"),
            At::Node(place) => write!(f, "nodes[{place}]"),
            At::Territory(place) => write!(f, "territories[{place}]"),
            At::Assignment(place) => write!(f, "assignments[{place}]"),
        }
    }
}

/// Whether `[from, to)` holds a day.
pub fn in_force((from, to): (Date, Option<Date>), on: Date) -> bool {
    from <= on && to.is_none_or(|to| on < to)
}

impl Territories {
    /// Everything that is wrong, in the order of the rows.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        self.check_crediting(&mut faults);
        self.check_nodes(&mut faults);
        self.check_territories(&mut faults);
        self.check_assignments(&mut faults);
        faults.0.sort_by_key(|fault| fault.at);
        faults.0
    }

    fn check_crediting(&self, faults: &mut Faults) {
        let spans = self.crediting.iter().enumerate().map(|(place, row)| ((), At::Crediting(place), row.from, row.to));
        faults.spans(spans.collect(), |()| "territory crediting".into());
        for (place, row) in self.crediting.iter().enumerate() {
            let at = At::Crediting(place);
            if row.winners == 0 || row.winners > MAXIMUM_WINNERS {
                let message = format!("{} winners, not 1 to {MAXIMUM_WINNERS}", row.winners);
                faults.add(at, FaultKind::Number, message, "say how many territories win a line: winners = 1");
            }
            if row.uncovered.is_some() != (row.when == When::Always) {
                let hint = "state `uncovered` with when = \"always\", and only there: unnamed lines without a territory park";
                faults.add(at, FaultKind::Mode, "`uncovered` does not fit `when`".into(), hint);
            }
            let twice = row.roll_up.iter().enumerate().any(|(place, kind)| row.roll_up[..place].contains(kind));
            let known = row.roll_up.iter().all(|kind| matches!(kind, CreditKind::Overlay | CreditKind::Territory));
            if twice || !known {
                let hint = "REVENUE always rolls up; name what does so beside it";
                faults.add(at, FaultKind::Mode, "`roll_up` takes OVERLAY and TERRITORY, each once".into(), hint);
            }
        }
    }

    fn check_nodes(&self, faults: &mut Faults) {
        let key = |row: &Node| (row.dimension.clone(), row.node.clone());
        let spans = self.nodes.iter().enumerate().map(|(place, row)| (key(row), At::Node(place), row.from, row.to));
        faults.spans(spans.collect(), |(dimension, node)| format!("{dimension} \"{node}\""));
        let mut by_dimension: BTreeMap<&Dimension, Vec<(usize, &Node)>> = BTreeMap::new();
        for (place, row) in self.nodes.iter().enumerate() {
            faults.ids(At::Node(place), [("node", &row.node)].into_iter().chain(row.parent.iter().map(|id| ("parent", id))));
            by_dimension.entry(&row.dimension).or_default().push((place, row));
        }
        for rows in by_dimension.values() {
            check_paths(rows, faults);
        }
    }

    fn check_territories(&self, faults: &mut Faults) {
        let key = |row: &Territory| row.territory_id.clone();
        let rows = || self.territories.iter().enumerate();
        let spans = rows().map(|(place, row)| (key(row), At::Territory(place), row.from, row.to));
        faults.spans(spans.collect(), |id| format!("territory \"{id}\""));
        for (place, row) in rows() {
            faults.ids(At::Territory(place), [("territory", &row.territory_id)]);
            check_conditions(At::Territory(place), &row.conditions, faults);
        }
        let mut ranked: Vec<(u32, u32, Date, usize)> =
            rows().map(|(place, row)| (row.layer, row.rank, row.from, place)).collect();
        ranked.sort_unstable();
        for (at, (layer, rank, from, place)) in ranked.iter().enumerate() {
            let row = &self.territories[*place];
            let earlier = ranked[..at].iter().rev().take_while(|other| (other.0, other.1) == (*layer, *rank));
            let mut twins = earlier.map(|other| &self.territories[other.3]);
            let twin = twins.find(|other| other.territory_id != row.territory_id && in_force((other.from, other.to), *from));
            if let Some(twin) = twin {
                let ids = (&row.territory_id, &twin.territory_id);
                let message = format!("\"{}\" and \"{}\" both have rank {rank} in layer {layer} on {from}", ids.0, ids.1);
                faults.add(
                    At::Territory(*place),
                    FaultKind::EqualRanks,
                    message,
                    "give one of them another rank: the lower wins",
                );
            }
        }
    }

    fn check_assignments(&self, faults: &mut Faults) {
        let known: BTreeSet<&str> = self.territories.iter().map(|row| row.territory_id.as_str()).collect();
        let key = |row: &Assignment| (row.territory_id.clone(), row.payee_id.clone());
        let spans = self.assignments.iter().enumerate().map(|(place, row)| (key(row), At::Assignment(place), row.from, row.to));
        faults.spans(spans.collect(), |(territory, payee)| format!("\"{payee}\" in territory \"{territory}\""));
        for (place, row) in self.assignments.iter().enumerate() {
            let at = At::Assignment(place);
            faults.ids(at, [("payee", &row.payee_id)]);
            if row.share.0 == 0 || row.share > WHOLE {
                let message = format!("a share of {} is not above 0 and at most 1", row.share);
                faults.add(at, FaultKind::Number, message, "a whole line is 100%");
            }
            if !known.contains(row.territory_id.as_str()) {
                let message = format!("no territory is called \"{}\"", row.territory_id);
                faults.add(at, FaultKind::UnknownTerritory, message, "");
            }
        }
    }
}

fn check_conditions(at: At, conditions: &[Condition], faults: &mut Faults) {
    for (place, condition) in conditions.iter().enumerate() {
        let dimension = &condition.dimension;
        if conditions[..place].iter().any(|other| other.dimension == *dimension) {
            faults.add(at, FaultKind::Duplicate, format!("two conditions on {dimension}"), "put their nodes into one");
        }
        let nodes: Vec<&String> = condition.included.iter().chain(&condition.excluded).collect();
        faults.ids(at, nodes.iter().map(|node| ("node", *node)));
        let twice = nodes.iter().enumerate().find(|(place, node)| nodes[..*place].contains(node));
        if let Some((_, node)) = twice {
            faults.add(at, FaultKind::Duplicate, format!("{dimension} \"{node}\" is named twice"), "name it once");
        }
    }
}

/// Walks up from every node on every day on which a row of the dimension starts.
fn check_paths(rows: &[(usize, &Node)], faults: &mut Faults) {
    let mut by_node: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for (_, row) in rows {
        by_node.entry(&row.node).or_default().push(row);
    }
    let days: BTreeSet<Date> = rows.iter().map(|(_, row)| row.from).collect();
    let mut told: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for day in days {
        let parent = |node: &str| {
            let row = by_node.get(node)?.iter().find(|row| in_force((row.from, row.to), day))?;
            row.parent.as_deref()
        };
        for (place, row) in rows.iter().filter(|(_, row)| in_force((row.from, row.to), day)) {
            let mut path = vec![row.node.as_str()];
            while let Some(above) = path.last().and_then(|node| parent(node)).filter(|_| path.len() <= MAXIMUM_DEPTH) {
                path.push(above);
                if above == row.node {
                    break;
                }
            }
            let cycle = path.len() > 1 && path.last() == path.first();
            let members = path.iter().copied().collect();
            if cycle && told.insert(members) {
                let message = format!("a cycle on {day}: {} {}", row.dimension, path.join(" -> "));
                faults.add(At::Node(*place), FaultKind::Cycle, message, "a root has no parent");
            } else if !cycle && path.len() > MAXIMUM_DEPTH && told.is_empty() && told.insert(BTreeSet::new()) {
                let message = format!("{} \"{}\" lies more than {MAXIMUM_DEPTH} levels deep on {day}", row.dimension, row.node);
                faults.add(At::Node(*place), FaultKind::Cycle, message, "leave levels out");
            }
        }
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, at: At, kind: FaultKind, message: String, hint: &str) {
        self.0.push(Fault { at, kind, message, hint: hint.into() });
    }

    fn ids<'i>(&mut self, at: At, ids: impl IntoIterator<Item = (&'static str, &'i String)>) {
        for (what, id) in ids {
            if let Err(reject) = check_id(what, id) {
                self.add(at, FaultKind::Id, format!("{what}: {}", reject.message), "give it a short name");
            }
        }
    }

    /// Rows of one key hold one after the other.
    fn spans<K: Ord>(&mut self, mut rows: Vec<(K, At, Date, Option<Date>)>, name: impl Fn(&K) -> String) {
        rows.sort_by(|one, other| (&one.0, one.2, one.1).cmp(&(&other.0, other.2, other.1)));
        for (place, (key, at, from, to)) in rows.iter().enumerate() {
            if let Some(to) = to.filter(|to| to <= from) {
                let message = format!("`to` {to} does not come after `from` {from}");
                self.add(*at, FaultKind::Range, message, "`to` is the day after the last one");
            }
            let earlier = rows[..place].last().filter(|earlier| earlier.0 == *key && earlier.3.is_none_or(|end| end > *from));
            if let Some((_, _, start, _)) = earlier {
                let message = format!("the row of {} from {start} is still in force on {from}", name(key));
                self.add(*at, FaultKind::Overlap, message, &format!("end the earlier row: to = {from}"));
            }
        }
    }
}
