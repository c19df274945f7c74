//! A table that is looked up for each line of a deal: the rate of the row that says most about the line.
//!
//! A row is an AND over what it says; of the rows that take a line the one with the most conditions wins. Two that say
//! equally much and could take one line are no table, unless a row that says more takes all that both take. Which lines a
//! row wins does not depend on its rate, so that the sum of each row is kept and another rate reads no deal.

use super::Boundary;
use crate::domain::deal::{DealKind, check_id};
use crate::domain::money::Rate;
use serde::{Deserialize, Serialize};
use std::fmt;

#[cfg(test)]
mod tests;

/// Rows of one table.
pub const MAXIMUM_ROWS: usize = 200;
/// Values of one condition.
pub const MAXIMUM_VALUES: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    pub rows: Vec<Row>,
    /// What a line earns that no row takes; `None`: nothing.
    pub otherwise: Option<Rate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub takes: Takes,
    pub rate: Rate,
}

/// The lines that a row takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// At most one of each kind.
    pub conditions: Vec<Listed>,
    pub band: Option<Band>,
}

/// One of these values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub by: LineKey,
    pub values: Vec<String>,
}

/// What of a line, or of its deal, a row looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LineKey {
    Product,
    Geography,
    Segment,
    /// NEW, RENEWAL or EXPANSION.
    Kind,
    /// A text among the deal's attributes.
    Attribute(String),
}

/// The size of what the measure counts of the whole line, without its sign, in 10^-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    pub from: i128,
    /// Open where there is none.
    pub to: Option<i128>,
}

/// What a line shows of itself.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    pub product: Option<&'s str>,
    pub geography: Option<&'s str>,
    pub segment: Option<&'s str>,
    pub kind: Option<DealKind>,
    pub attributes: &'s [(&'s str, &'s str)],
    /// In 10^-12.
    pub measured: i128,
}

impl Shown<'_> {
    fn value(&self, by: &LineKey) -> Option<&str> {
        match by {
            LineKey::Product => self.product,
            LineKey::Geography => self.geography,
            LineKey::Segment => self.segment,
            LineKey::Kind => self.kind.map(kind_text),
            LineKey::Attribute(name) => self.attributes.iter().find(|(of, _)| of == name).map(|(_, value)| *value),
        }
    }
}

fn kind_text(kind: DealKind) -> &'static str {
    match kind {
        DealKind::New => "NEW",
        DealKind::Renewal => "RENEWAL",
        DealKind::Expansion => "EXPANSION",
    }
}

impl fmt::Display for LineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineKey::Product => f.write_str("product"),
            LineKey::Geography => f.write_str("geography"),
            LineKey::Segment => f.write_str("segment"),
            LineKey::Kind => f.write_str("kind"),
            LineKey::Attribute(name) => write!(f, "attribute:{name}"),
        }
    }
}

impl std::str::FromStr for LineKey {
    type Err = String;

    fn from_str(text: &str) -> Result<LineKey, String> {
        match (text, text.strip_prefix("attribute:")) {
            ("product", _) => Ok(LineKey::Product),
            ("geography", _) => Ok(LineKey::Geography),
            ("segment", _) => Ok(LineKey::Segment),
            ("kind", _) => Ok(LineKey::Kind),
            (_, Some(name)) if !name.is_empty() => Ok(LineKey::Attribute(name.into())),
            _ => Err(format!("\"{text}\" is not known; use product, geography, segment, kind or attribute:NAME")),
        }
    }
}

impl Band {
    fn takes(&self, measured: i128, boundary: Boundary) -> bool {
        let size = measured.saturating_abs();
        let reaches = |edge: i128| size > edge || (size == edge && boundary == Boundary::Upper);
        // The band from 0 has it either way.
        (self.from == 0 || reaches(self.from)) && !self.to.is_some_and(reaches)
    }

    fn meets(&self, other: &Band) -> bool {
        let before = |to: Option<i128>, from: i128| to.is_none_or(|to| from < to);
        before(self.to, other.from) && before(other.to, self.from)
    }

    fn both(&self, other: &Band) -> Band {
        let to = [self.to, other.to].into_iter().flatten().min();
        Band { from: self.from.max(other.from), to }
    }

    fn holds(&self, other: &Band) -> bool {
        self.from <= other.from && self.to.is_none_or(|to| other.to.is_some_and(|end| end <= to))
    }
}

impl Takes {
    /// How much it says.
    fn conditions(&self) -> usize {
        self.conditions.len() + usize::from(self.band.is_some())
    }

    fn takes(&self, line: &Shown<'_>, boundary: Boundary) -> bool {
        let listed = |of: &Listed| line.value(&of.by).is_some_and(|value| of.values.iter().any(|known| known == value));
        self.conditions.iter().all(listed) && self.band.is_none_or(|band| band.takes(line.measured, boundary))
    }

    fn listed(&self, by: &LineKey) -> Option<&Listed> {
        self.conditions.iter().find(|of| of.by == *by)
    }

    /// What both take, as one row would say it; `None` where no line could be taken by both.
    fn both(&self, other: &Takes) -> Option<Takes> {
        let mut both = Takes { conditions: self.conditions.clone(), band: self.band.or(other.band) };
        if let (Some(one), Some(other)) = (&self.band, &other.band) {
            both.band = Some(one.both(other)).filter(|_| one.meets(other));
            both.band?;
        }
        for theirs in &other.conditions {
            match both.conditions.iter_mut().find(|of| of.by == theirs.by) {
                Some(ours) => ours.values.retain(|value| theirs.values.contains(value)),
                None => both.conditions.push(theirs.clone()),
            }
        }
        (!both.conditions.iter().any(|of| of.values.is_empty())).then_some(both)
    }

    /// Whether it takes all that another row does.
    fn holds(&self, other: &Takes) -> bool {
        let within =
            |of: &Listed| other.listed(&of.by).is_some_and(|theirs| theirs.values.iter().all(|value| of.values.contains(value)));
        let band = self.band.is_none_or(|band| other.band.is_some_and(|theirs| band.holds(&theirs)));
        band && self.conditions.iter().all(within)
    }
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = self.conditions.iter().map(|of| format!("{} {}", of.by, of.values.join("/")));
        let band = self.band.map(|band| {
            let whole = |edge: i128| crate::domain::money::format_scaled(edge, crate::domain::money::MEASURED_DECIMALS, 0);
            format!("{} to {}", whole(band.from), band.to.map_or("any".into(), whole))
        });
        f.write_str(&conditions.chain(band).collect::<Vec<_>>().join(", "))
    }
}

/// What is wrong with a row, or with two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub row: usize,
    /// Another row that says equally much about a line that both take.
    pub tied_with: Option<usize>,
    pub message: String,
}

/// The row that a line's rate stands in.
pub fn row_of<'r>(rows: impl Iterator<Item = &'r Takes>, line: &Shown<'_>, boundary: Boundary) -> Option<usize> {
    let taken = rows.enumerate().filter(|(_, row)| row.takes(line, boundary));
    taken.max_by_key(|(_, row)| row.conditions()).map(|(place, _)| place)
}

impl Lookup {
    /// What each row takes, in order: what a sum is kept for.
    pub fn takes(&self) -> impl Iterator<Item = &Takes> {
        self.rows.iter().map(|row| &row.takes)
    }

    /// Everything that is wrong, in the order of the rows.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.rows.is_empty() || self.rows.len() > MAXIMUM_ROWS {
            let message = format!("{} rows, not 1 to {MAXIMUM_ROWS}", self.rows.len());
            faults.push(Fault { row: 0, tied_with: None, message });
            return faults;
        }
        for (place, row) in self.rows.iter().enumerate() {
            let mut add = |message: String, tied_with| faults.push(Fault { row: place, tied_with, message });
            if let Err(message) = check_takes(&row.takes) {
                add(message, None);
                continue;
            }
            if row.rate.0 < 0 {
                add("a rate below zero".into(), None);
            }
            if let Some(tied) = (0..place).find(|other| self.are_tied(*other, place)) {
                let (one, other) = (&self.rows[tied].takes, &row.takes);
                add(format!("\"{one}\" and \"{other}\" say equally much about a line that both take"), Some(tied));
            }
        }
        faults
    }

    fn are_tied(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.rows[one].takes, &self.rows[other].takes);
        if one.conditions() != other.conditions() {
            return false;
        }
        let Some(both) = one.both(other) else { return false };
        !self.takes().any(|row| row.conditions() > one.conditions() && row.holds(&both))
    }
}

fn check_takes(takes: &Takes) -> Result<(), String> {
    if takes.conditions() == 0 {
        return Err("a row that takes every line: that is what `otherwise` says".into());
    }
    for (place, of) in takes.conditions.iter().enumerate() {
        if takes.conditions[..place].iter().any(|other| other.by == of.by) {
            return Err(format!("two conditions on {}", of.by));
        }
        if of.values.is_empty() || of.values.len() > MAXIMUM_VALUES {
            return Err(format!("{} values of {}, not 1 to {MAXIMUM_VALUES}", of.values.len(), of.by));
        }
        for (place, value) in of.values.iter().enumerate() {
            check_id("value", value).map_err(|reject| format!("{} \"{value}\": {}", of.by, reject.message))?;
            if of.values[..place].contains(value) {
                return Err(format!("{} \"{value}\" twice", of.by));
            }
            if of.by == LineKey::Kind && !["NEW", "RENEWAL", "EXPANSION"].contains(&value.as_str()) {
                return Err(format!("\"{value}\" is no kind of deal"));
            }
        }
    }
    let empty = |band: Band| band.from < 0 || band.to.is_some_and(|to| to <= band.from);
    if takes.band.is_some_and(empty) { Err("a band that ends before it starts".into()) } else { Ok(()) }
}
