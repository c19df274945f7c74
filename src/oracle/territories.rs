//! Who is credited by territory, in the plainest way: every territory is asked about every line.
//!
//! What is refused about them, by the words of `rules`, is here, too:
//!
//! - a row whose end is not after its start; two rows of one thing (crediting, a node, a territory, a payee in a
//!   territory) on one day; an id that is empty, too long or has control characters;
//! - winners below 1 or above 100; `uncovered` without `always`, or `always` without it; a kind in `roll_up` twice, or
//!   other than OVERLAY and TERRITORY;
//! - on some day a chain of more than 64 nodes, so also one that comes back to where it was;
//! - a dimension twice in a territory, or a node twice in a condition; two territories of one layer and rank on one day;
//! - a share that is 0 or above 1; a territory without a row that somebody is assigned to.

use super::history::{Content, History, Line, Stated};
use super::rules::{Check, hold};
use crate::wire::records::{
    Assignment, Condition, CreditKind, Crediting, Date, Dimension, Node, Reason, Territories, Territory, Uncovered, When,
};
use std::collections::BTreeMap;

const LEVELS: usize = 64;
const ALL: u32 = 1_000_000;

/// What a line shows of itself to territories.
struct Shown<'a> {
    history: &'a History,
    deal: &'a Content,
    line: &'a Line,
}

impl Shown<'_> {
    fn value(&self, dimension: &Dimension) -> Option<&str> {
        let text = |number: u32| self.history.texts.text(number).as_ref();
        match dimension {
            Dimension::Product => Some(text(self.line.product)),
            Dimension::Geography => self.line.geography.map(text),
            Dimension::Segment => self.line.segment.map(text),
            Dimension::Customer => self.deal.customer.map(text),
            Dimension::Attribute(name) => {
                let found = self.deal.attributes.iter().find(|(of, _)| text(*of) == name);
                found.and_then(|(_, value)| match value {
                    Stated::Text(value) => Some(text(*value)),
                    Stated::Number(_) | Stated::Date(_) => None,
                })
            }
        }
    }
}

/// How a day's lines are credited by territory.
pub(super) fn crediting(stated: Option<&Territories>, date: Date) -> Option<&Crediting> {
    stated?.crediting.iter().find(|row| holds(row.from, row.to, date))
}

/// The shares (in millionths, by payee number) that territories give of a line; `seated` says who may be credited.
pub(super) fn shares(
    history: &History,
    stated: &Territories,
    deal: &Content,
    line: &Line,
    seated: impl Fn(u32) -> bool,
) -> Result<BTreeMap<u32, u32>, Reason> {
    let Some(asked) = crediting(Some(stated), deal.closed_on) else { return Ok(BTreeMap::new()) };
    let named = !deal.shares_of(line).is_empty();
    if named && asked.when == When::Unnamed {
        return Ok(BTreeMap::new());
    }
    let gap_is_fine = named && asked.uncovered == Some(Uncovered::Nothing);
    let winning = winning(stated, &Shown { history, deal, line }, deal.closed_on, asked.winners);
    let mut shares = BTreeMap::new();
    let mut gap = winning.is_empty();
    for territory in winning {
        let on_the_day =
            |row: &&Assignment| row.territory_id == territory.territory_id && holds(row.from, row.to, deal.closed_on);
        let assigned: Vec<&Assignment> = stated.assignments.iter().filter(on_the_day).collect();
        gap |= assigned.is_empty();
        for row in assigned {
            let payee = history.payees.find(&row.payee_id).ok_or(Reason::UnknownPayee)?;
            let share: &mut u32 = shares.entry(payee).or_default();
            *share = ALL.min(*share + row.share.0);
        }
    }
    if gap && !gap_is_fine {
        return Err(Reason::UnknownTerritory);
    }
    if shares.keys().all(|payee| seated(*payee)) { Ok(shares) } else { Err(Reason::UnknownPayee) }
}

/// The best one is taken out, and again, until there are enough.
fn winning<'h>(stated: &'h Territories, line: &Shown<'_>, date: Date, winners: u32) -> Vec<&'h Territory> {
    let mut left: Vec<(&Territory, usize)> = Vec::new();
    for territory in stated.territories.iter().filter(|row| holds(row.from, row.to, date)) {
        if let Some(depth) = taken_at(territory, stated, line, date) {
            left.push((territory, depth));
        }
    }
    let mut won = Vec::new();
    while won.len() < winners as usize && !left.is_empty() {
        let mut best = 0;
        for place in 1..left.len() {
            if beats(left[place], left[best]) {
                best = place;
            }
        }
        won.push(left.remove(best).0);
    }
    won
}

fn beats((one, depth): (&Territory, usize), (other, other_depth): (&Territory, usize)) -> bool {
    if one.layer != other.layer {
        return one.layer < other.layer;
    }
    if depth != other_depth {
        return depth > other_depth;
    }
    one.rank < other.rank
}

/// The depths at which the territory's conditions take the line, together.
fn taken_at(territory: &Territory, stated: &Territories, line: &Shown<'_>, date: Date) -> Option<usize> {
    let mut together = 0;
    for condition in &territory.conditions {
        let tree = Tree { nodes: &stated.nodes, dimension: &condition.dimension, date };
        together += tree.taken_at(condition, line.value(&condition.dimension))?;
    }
    Some(together)
}

/// A dimension's hierarchy on a day.
struct Tree<'h> {
    nodes: &'h [Node],
    dimension: &'h Dimension,
    date: Date,
}

impl<'h> Tree<'h> {
    fn parent(&self, node: &str) -> Option<&'h str> {
        let row = self
            .nodes
            .iter()
            .find(|row| row.dimension == *self.dimension && row.node == node && holds(row.from, row.to, self.date));
        row?.parent.as_deref()
    }

    /// Levels from a node to its root, both counted.
    fn depth(&self, node: &str) -> usize {
        1 + self.parent(node).map_or(0, |parent| self.depth(parent))
    }

    /// Whether a value is a node or lies below it.
    fn holds(&self, node: &str, value: &str) -> bool {
        node == value || self.parent(value).is_some_and(|parent| self.holds(node, parent))
    }

    fn taken_at(&self, condition: &Condition, value: Option<&str>) -> Option<usize> {
        let Some(value) = value else {
            // Nothing is known: it is in no node, so also in none that is excluded.
            return if condition.included.is_empty() { Some(0) } else { None };
        };
        if condition.excluded.iter().any(|node| self.holds(node, value)) {
            return None;
        }
        if condition.included.is_empty() {
            return Some(0);
        }
        condition.included.iter().filter(|node| self.holds(node, value)).map(|node| self.depth(node)).max()
    }

    /// Whether the chain above a node has too many levels, or no end.
    fn is_too_deep(&self, node: &'h str) -> bool {
        let (mut at, mut levels) = (Some(node), 0);
        while let Some(node) = at {
            levels += 1;
            if levels > LEVELS {
                return true;
            }
            at = self.parent(node);
        }
        false
    }
}

fn holds(from: Date, to: Option<Date>, date: Date) -> bool {
    date >= from && to.is_none_or(|to| to > date)
}

/// Whether what is stated can be.
pub(super) fn fit(stated: &Territories) -> Check {
    for row in &stated.crediting {
        hold((1..=100).contains(&row.winners), "winners out of range")?;
        hold((row.when == When::Always) == row.uncovered.is_some(), "`uncovered` that does not fit `when`")?;
        let of = |kind: CreditKind| row.roll_up.iter().filter(|other| **other == kind).count();
        let (overlay, territory) = (of(CreditKind::Overlay), of(CreditKind::Territory));
        hold(overlay < 2 && territory < 2 && overlay + territory == row.roll_up.len(), "a roll-up that cannot be")?;
    }
    spans_fit(stated.crediting.iter().map(|row| ((), row.from, row.to)))?;
    spans_fit(stated.nodes.iter().map(|row| ((&row.dimension, &row.node), row.from, row.to)))?;
    spans_fit(stated.territories.iter().map(|row| (&row.territory_id, row.from, row.to)))?;
    spans_fit(stated.assignments.iter().map(|row| ((&row.territory_id, &row.payee_id), row.from, row.to)))?;
    for node in &stated.nodes {
        is_id(&node.node)?;
        node.parent.iter().try_for_each(|parent| is_id(parent))?;
        for started in stated.nodes.iter().filter(|other| other.dimension == node.dimension) {
            let tree = Tree { nodes: &stated.nodes, dimension: &node.dimension, date: started.from };
            hold(!tree.is_too_deep(&node.node), "a hierarchy that is too deep or comes back")?;
        }
    }
    stated.territories.iter().try_for_each(|territory| territory_fits(territory, stated))?;
    for row in &stated.assignments {
        is_id(&row.payee_id)?;
        hold(row.share.0 > 0 && row.share.0 <= ALL, "a share out of range")?;
        hold(stated.territories.iter().any(|other| other.territory_id == row.territory_id), "an unknown territory")?;
    }
    Ok(())
}

fn territory_fits(territory: &Territory, stated: &Territories) -> Check {
    is_id(&territory.territory_id)?;
    for condition in &territory.conditions {
        let same = territory.conditions.iter().filter(|other| other.dimension == condition.dimension);
        hold(same.count() == 1, "a dimension twice")?;
        let nodes = || condition.included.iter().chain(&condition.excluded);
        for node in nodes() {
            is_id(node)?;
            hold(nodes().filter(|other| *other == node).count() == 1, "a node twice")?;
        }
    }
    let tied = stated.territories.iter().any(|other| {
        let equal = other.layer == territory.layer && other.rank == territory.rank;
        equal && other.territory_id != territory.territory_id && meet(other, territory)
    });
    hold(!tied, "equal ranks")
}

fn meet(one: &Territory, other: &Territory) -> bool {
    other.to.is_none_or(|to| one.from < to) && one.to.is_none_or(|to| other.from < to)
}

/// No row ends before it starts, and no two rows of one thing hold on one day.
fn spans_fit<K: Ord>(rows: impl Iterator<Item = (K, Date, Option<Date>)>) -> Check {
    let mut ends: BTreeMap<(K, Date), Option<Date>> = BTreeMap::new();
    for (key, from, to) in rows {
        hold(to.is_none_or(|to| to > from), "a row that ends before it starts")?;
        hold(ends.insert((key, from), to).is_none(), "two rows on one day")?;
    }
    let mut last: Option<(&K, Option<Date>)> = None;
    for ((key, from), to) in &ends {
        let apart = last.is_none_or(|(before, end)| before != key || end.is_some_and(|end| end <= *from));
        hold(apart, "two rows on one day")?;
        last = Some((key, *to));
    }
    Ok(())
}

fn is_id(text: &str) -> Check {
    hold(!text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control), "an id that cannot be")
}
