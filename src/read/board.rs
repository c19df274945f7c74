//! The board: who stands where in one measure and interval, from `attainment` and `payee` alone. Never shows pay.

use super::scan::Cursor;
use super::{ReadError, percent};
use crate::domain::calendar::{Date, Interval};
use crate::domain::output::{Attainment, PayeeName};
use crate::domain::topic::Topic;
use crate::log::Client;
use crate::wire::Codec;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the rank goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankBy {
    Attainment,
    Measured,
}

/// A measure in an interval of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    pub interval: Interval,
    pub measure: Arc<str>,
    pub calendar: Arc<str>,
}

/// One line of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub rank: usize,
    /// Places won since the ranks that it is compared with; `None` for who was not there.
    pub movement: Option<i64>,
    pub name: String,
    pub team: String,
    pub attainment: Attainment,
    pub percent: Option<String>,
    pub pace: Option<String>,
}

/// The newest standing of every payee, measure and interval, followed record by record.
pub struct Board {
    attainments: Cursor,
    payees: Cursor,
    columns: BTreeMap<Column, FxHashMap<Arc<str>, Attainment>>,
    names: FxHashMap<String, PayeeName>,
}

impl Board {
    pub fn open(client: &dyn Client, codec: &Codec) -> Result<Board, ReadError> {
        let mut board = Board {
            attainments: Cursor::at_start(client, Topic::Attainment)?,
            payees: Cursor::at_start(client, Topic::Payee)?,
            columns: BTreeMap::new(),
            names: FxHashMap::default(),
        };
        board.follow(client, codec)?;
        Ok(board)
    }

    /// Takes in what came since the last call.
    pub fn follow(&mut self, client: &dyn Client, codec: &Codec) -> Result<(), ReadError> {
        let columns = &mut self.columns;
        self.attainments.advance(client, |batch, row| {
            let Some(value) = batch.value(row) else { return Ok(()) };
            let found = codec.read_attainment(value)?;
            let column = Column { interval: found.interval, measure: found.measure.clone(), calendar: found.calendar.clone() };
            columns.entry(column).or_default().insert(found.payee_id.clone(), found);
            Ok(())
        })?;
        let names = &mut self.names;
        self.payees.advance(client, |batch, row| {
            if let Some(value) = batch.value(row) {
                let name = codec.read_payee_name(value)?;
                names.insert(name.payee_id.clone(), name);
            }
            Ok(())
        })
    }

    /// Every standing, in order of interval, measure and payee.
    pub fn all(&self) -> Vec<&Attainment> {
        let mut found: Vec<&Attainment> = self.columns.values().flat_map(FxHashMap::values).collect();
        found.sort_by(|a, b| (a.interval, &a.measure, &a.payee_id).cmp(&(b.interval, &b.measure, &b.payee_id)));
        found
    }

    pub fn name(&self, payee_id: &str) -> Option<&PayeeName> {
        self.names.get(payee_id)
    }

    /// The column to show when none is asked for: of the newest quarter (else month) in which something was measured, the
    /// measure with most quotas.
    pub fn newest(&self, measure: Option<&str>, interval: Option<Interval>) -> Option<&Column> {
        let wanted = |column: &&Column| {
            measure.is_none_or(|measure| *column.measure == *measure)
                && interval.is_none_or(|interval| column.interval == interval)
        };
        let rank = |column: &&Column| {
            let quotas = self.columns.get(*column).map_or(0, |payees| payees.values().filter(|one| one.quota.is_some()).count());
            let (first, last) = column.interval.first_and_last();
            let measured = self.columns.get(*column).is_some_and(|payees| payees.values().any(|one| one.measured.0 != 0));
            (measured, last != first, quotas > 0, first, quotas, std::cmp::Reverse(column.measure.clone()))
        };
        self.columns.keys().filter(wanted).max_by_key(rank)
    }

    /// The standings of a column in rank order, at most `top`. `before` are the ranks to compare with.
    pub fn standings(&self, column: &Column, by: RankBy, team: Option<&str>, top: usize, before: &Ranks) -> Vec<Standing> {
        let ordered = self.ordered(column, by, team);
        let as_of = percent::day_of(ordered.iter().map(|one| one.as_of).max().unwrap_or(0));
        let standing = |(place, attainment): (usize, &Attainment)| self.standing(place + 1, attainment, as_of, before);
        ordered.into_iter().enumerate().take(top).map(standing).collect()
    }

    /// The present ranks of a column, to compare later ones with.
    pub fn ranks(&self, column: &Column, by: RankBy, team: Option<&str>) -> Ranks {
        let ordered = self.ordered(column, by, team);
        Ranks(ordered.into_iter().enumerate().map(|(place, one)| (one.payee_id.clone(), place + 1)).collect())
    }

    fn ordered(&self, column: &Column, by: RankBy, team: Option<&str>) -> Vec<&Attainment> {
        let in_team = |one: &&Attainment| team.is_none_or(|team| self.name(&one.payee_id).is_some_and(|name| name.team == team));
        let mut found: Vec<&Attainment> =
            self.columns.get(column).into_iter().flat_map(FxHashMap::values).filter(in_team).collect();
        found.sort_by(|a, b| {
            let order = match by {
                RankBy::Attainment => percent::compare((b.measured, b.quota), (a.measured, a.quota)),
                RankBy::Measured => b.measured.cmp(&a.measured),
            };
            order.then_with(|| a.payee_id.cmp(&b.payee_id))
        });
        found
    }

    fn standing(&self, rank: usize, attainment: &Attainment, as_of: Date, before: &Ranks) -> Standing {
        let name = self.name(&attainment.payee_id);
        Standing {
            rank,
            movement: before.0.get(&attainment.payee_id).map(|earlier| *earlier as i64 - rank as i64),
            name: name.map_or_else(|| attainment.payee_id.to_string(), |name| name.name.clone()),
            team: name.map(|name| name.team.clone()).unwrap_or_default(),
            percent: percent::attainment(attainment.measured, attainment.quota),
            pace: percent::pace(attainment.measured, attainment.quota, attainment.from, attainment.to, as_of),
            attainment: attainment.clone(),
        }
    }
}

/// Who had which rank.
#[derive(Clone, Debug, Default)]
pub struct Ranks(FxHashMap<Arc<str>, usize>);
