//! Who is who on a day: payees' effective-dated rows and the chain of managers.

use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::fact::{Payee, PayeeRow};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Longest chain of managers that is walked.
pub const MAXIMUM_LEVELS: usize = 64;

#[derive(Clone, Debug, Default)]
pub struct Organisation {
    payees: FxHashMap<Arc<str>, Arc<Payee>>,
}

/// Somebody in a chain of managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    Taken(Arc<str>),
    /// Known, but not in force on the day: no credit, the chain goes on.
    Vacant,
    /// Named as a manager and not known at all.
    Unknown(String),
}

impl Organisation {
    pub fn get(&self, payee_id: &str) -> Option<&Arc<Payee>> {
        self.payees.get(payee_id)
    }

    pub fn len(&self) -> usize {
        self.payees.len()
    }

    pub fn is_empty(&self) -> bool {
        self.payees.is_empty()
    }

    pub fn insert(&mut self, payee: Payee) {
        self.payees.insert(payee.payee_id.as_str().into(), Arc::new(payee));
    }

    /// The shared id of a payee who is in force on a day.
    pub fn in_force(&self, payee_id: &str, on: Date) -> Option<&Arc<str>> {
        let (id, payee) = self.payees.get_key_value(payee_id)?;
        row_on(payee, on).map(|_| id)
    }

    /// Calls `each` with everybody above a payee on a day, nearest first, until it answers false.
    pub fn walk_up(&self, payee_id: &str, on: Date, mut each: impl FnMut(Seat) -> bool) {
        let mut manager = self.payees.get(payee_id).and_then(|payee| manager_on(payee, on));
        for _ in 0..MAXIMUM_LEVELS {
            let Some(id) = manager else { return };
            let Some((shared, payee)) = self.payees.get_key_value(id) else {
                each(Seat::Unknown(id.into()));
                return;
            };
            let seat = if row_on(payee, on).is_some() { Seat::Taken(shared.clone()) } else { Seat::Vacant };
            if !each(seat) {
                return;
            }
            manager = manager_on(payee, on);
        }
    }

    /// Whether a payee would be above himself on some day if `payee` were stated.
    pub fn makes_cycle(&self, payee: &Payee) -> bool {
        let mut changed = self.clone_with(payee);
        let days = changed.days_of_change(&payee.payee_id);
        let organisation = &mut changed;
        days.into_iter().any(|day| organisation.is_above_himself(&payee.payee_id, day))
    }

    fn is_above_himself(&self, payee_id: &str, on: Date) -> bool {
        let mut manager = self.payees.get(payee_id).and_then(|payee| manager_on(payee, on));
        for _ in 0..MAXIMUM_LEVELS {
            let Some(id) = manager else { return false };
            if id == payee_id {
                return true;
            }
            manager = self.payees.get(id).and_then(|payee| manager_on(payee, on));
        }
        true
    }

    /// The part of the organisation that a payee's chains can reach, with his new rows.
    fn clone_with(&self, payee: &Payee) -> Organisation {
        let mut part = Organisation::default();
        part.insert(payee.clone());
        let mut open: Vec<String> = managers(payee);
        while let Some(id) = open.pop() {
            if let (None, Some(found)) = (part.get(&id), self.get(&id)) {
                open.extend(managers(found));
                part.payees.insert(id.as_str().into(), found.clone());
            }
        }
        part
    }

    /// Days on which somebody's row starts, and the first day of all, from a part made by `clone_with`.
    fn days_of_change(&self, payee_id: &str) -> Vec<Date> {
        let mut days: Vec<Date> = self.payees.values().flat_map(|payee| payee.rows.iter().map(|row| row.from)).collect();
        days.extend(self.get(payee_id).into_iter().flat_map(|payee| payee.rows.first()).map(|row| Date(row.from.0 - 1)));
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// The plans of a payee in a period: those of any row that overlaps it (all such rows name the same).
pub fn plans_in<'p>(payee: &'p Payee, calendar: &Calendar, period: Period) -> &'p [String] {
    let bounds = calendar.bounds(period);
    let row = bounds.and_then(|(from, to)| payee.rows.iter().find(|row| overlaps(row, from, to)));
    row.map_or(&[], |row| row.plans.as_slice())
}

fn managers(payee: &Payee) -> Vec<String> {
    payee.rows.iter().filter_map(|row| row.manager.clone()).collect()
}

fn overlaps(row: &PayeeRow, from: Date, to: Date) -> bool {
    row.from < to && row.to.is_none_or(|end| from < end)
}

fn row_on(payee: &Payee, on: Date) -> Option<&PayeeRow> {
    payee.rows.iter().find(|row| row.from <= on && row.to.is_none_or(|to| on < to))
}

/// The manager by the row in force, else by the last row before the day, else by the first.
fn manager_on(payee: &Payee, on: Date) -> Option<&str> {
    let row = payee.rows.iter().rev().find(|row| row.from <= on).or(payee.rows.first())?;
    row.manager.as_deref()
}
