//! What the oracle keeps of a deal's revision that credits something.

use crate::wire::records::{Counts, Date, DealKind};
use serde::{Deserialize, Serialize};

/// What a revision that credits something says, as far as any rule reads it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) closed_on: Date,
    pub(super) sequence: Option<i64>,
    pub(super) currency: u32,
    pub(super) kind: Option<DealKind>,
    pub(super) customer: Option<u32>,
    /// By name.
    pub(super) attributes: Vec<(u32, Stated)>,
    pub(super) lines: Vec<Line>,
    pub(super) shares: Vec<Share>,
}

/// An attribute's value: a text by its number, or a number in millionths.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Stated {
    Text(u32),
    Number(i128),
    Date(Date),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) id: u32,
    pub(super) amount: i128,
    pub(super) cost: Option<i128>,
    pub(super) quantity: i64,
    pub(super) product: u32,
    pub(super) geography: Option<u32>,
    pub(super) segment: Option<u32>,
    pub(super) shares: Vec<Share>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Share {
    pub(super) payee: u32,
    pub(super) role: u32,
    pub(super) millionths: u32,
    pub(super) counts: Counts,
}

impl Content {
    /// The splits that apply to a line: its own, else the deal's.
    pub(super) fn shares_of<'a>(&'a self, line: &'a Line) -> &'a [Share] {
        if line.shares.is_empty() { &self.shares } else { &line.shares }
    }
}
