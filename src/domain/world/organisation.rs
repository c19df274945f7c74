//! Who is who on a day: payees' effective-dated rows and the chain of managers.

use crate::domain::calendar::{Calendar, Date, Interval, Period};
use crate::domain::fact::{Payee, PayeeRow};
use crate::domain::money::Amount;
use crate::domain::plan::{Plan, ProrateBy};
use crate::domain::rate_table::Part;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Longest chain of managers that is walked.
pub const MAXIMUM_LEVELS: usize = 64;
/// Most payees whose rows name one team: what each of them earns may be told to all of them.
pub const MAXIMUM_TEAM: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Organisation {
    places: FxHashMap<Arc<str>, Place>,
    /// By place.
    members: Vec<Member>,
    /// Who has named a team so far: whoever looks asks the rows.
    teams: FxHashMap<String, Vec<Place>>,
}

/// Where somebody stands in an organisation: crediting looks each id up once and walks from place to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

/// Somebody who is known, or named as a manager.
#[derive(Clone, Debug)]
struct Member {
    id: Arc<str>,
    /// `None`: not known.
    payee: Option<Arc<Payee>>,
    /// Runs that there were when somebody became known.
    runs_before: usize,
    rows: Arc<[Row]>,
}

/// What crediting needs of a [`PayeeRow`].
#[derive(Clone, Copy, Debug)]
struct Row {
    from: Date,
    to: Option<Date>,
    manager: Option<Place>,
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

impl Member {
    fn is_in_force(&self, on: Date) -> bool {
        self.rows.iter().any(|row| row.from <= on && row.to.is_none_or(|to| on < to))
    }

    /// The manager by the row in force, else by the last row before the day, else by the first.
    fn manager_on(&self, on: Date) -> Option<Place> {
        self.rows.iter().rev().find(|row| row.from <= on).or(self.rows.first())?.manager
    }
}

impl Organisation {
    pub fn get(&self, payee_id: &str) -> Option<&Arc<Payee>> {
        self.member(*self.places.get(payee_id)?).payee.as_ref()
    }

    /// Everybody who is known, in no order.
    pub fn payees(&self) -> impl Iterator<Item = &Arc<Payee>> {
        self.members.iter().filter_map(|member| member.payee.as_ref())
    }

    /// How many payees but one have rows of a team.
    pub fn others_in(&self, team: &str, payee_id: &str) -> usize {
        let places = self.teams.get(team).into_iter().flatten();
        let payees = places.filter_map(|place| self.member(*place).payee.as_ref()).filter(|of| of.payee_id != payee_id);
        payees.filter(|payee| payee.rows.iter().any(|row| row.team.as_deref() == Some(team))).count()
    }

    /// Who is in force on a day in the team that a payee is in then, or was in last, in order of ids.
    pub fn team_of(&self, payee_id: &str, on: Date) -> Vec<&Arc<Payee>> {
        let rows = self.get(payee_id).map_or(&[][..], |payee| &payee.rows);
        let row = rows.iter().rev().find(|row| row.from <= on).or(rows.first());
        let Some(team) = row.and_then(|row| row.team.as_deref()) else { return Vec::new() };
        let places = self.teams.get(team).into_iter().flatten();
        let in_team = |payee: &&Arc<Payee>| {
            let mut rows = payee.rows.iter().filter(|row| row.from <= on && row.to.is_none_or(|to| on < to));
            rows.any(|row| row.team.as_deref() == Some(team))
        };
        let mut found: Vec<_> = places.filter_map(|place| self.member(*place).payee.as_ref()).filter(in_team).collect();
        found.sort_by(|one, other| one.payee_id.cmp(&other.payee_id));
        found
    }

    /// `runs`: how many there are by now.
    pub fn insert(&mut self, payee: Payee, runs: usize) {
        self.insert_shared(Arc::new(payee), runs);
    }

    /// How many runs there were when a payee became known.
    pub fn runs_before(&self, payee_id: &str) -> Option<usize> {
        let member = self.member(*self.places.get(payee_id)?);
        member.payee.as_ref().map(|_| member.runs_before)
    }

    fn insert_shared(&mut self, payee: Arc<Payee>, runs: usize) {
        let place = self.place(&payee.payee_id);
        let row = |row: &PayeeRow| {
            let manager = row.manager.as_ref().map(|id| self.place(id));
            Row { from: row.from, to: row.to, manager }
        };
        let rows = payee.rows.iter().map(row).collect();
        for team in payee.rows.iter().filter_map(|row| row.team.as_ref()) {
            let named = self.teams.entry(team.clone()).or_default();
            if !named.contains(&place) {
                named.push(place);
            }
        }
        let member = &mut self.members[place.0 as usize];
        if member.payee.is_none() {
            member.runs_before = runs;
        }
        (member.payee, member.rows) = (Some(payee), rows);
    }

    /// Of somebody who may not be known yet.
    fn place(&mut self, id: &str) -> Place {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let (id, place): (Arc<str>, Place) = (id.into(), Place(self.members.len() as u32));
        self.places.insert(id.clone(), place);
        self.members.push(Member { id, payee: None, runs_before: 0, rows: [].into() });
        place
    }

    fn member(&self, place: Place) -> &Member {
        &self.members[place.0 as usize]
    }

    /// The shared id and the place of a payee who is in force on a day. Equal ids are one allocation.
    pub fn in_force(&self, payee_id: &str, on: Date) -> Option<(&Arc<str>, Place)> {
        let place = *self.places.get(payee_id)?;
        let member = self.member(place);
        member.is_in_force(on).then_some((&member.id, place))
    }

    /// Calls `each` with everybody above a payee on a day, nearest first, until it answers false.
    pub fn walk_up(&self, from: Place, on: Date, mut each: impl FnMut(Seat) -> bool) {
        let mut manager = self.member(from).manager_on(on);
        for _ in 0..MAXIMUM_LEVELS {
            let Some(place) = manager else { return };
            let member = self.member(place);
            let seat = match &member.payee {
                None => Seat::Unknown(member.id.as_ref().into()),
                Some(_) if member.is_in_force(on) => Seat::Taken(member.id.clone()),
                Some(_) => Seat::Vacant,
            };
            if !each(seat) || member.payee.is_none() {
                return;
            }
            manager = member.manager_on(on);
        }
    }

    /// Everybody above a payee on a day who is in force, nearest first; somebody who is not known ends it.
    pub fn above(&self, payee_id: &str, on: Date) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        let Some(place) = self.places.get(payee_id) else { return found };
        self.walk_up(*place, on, |seat| {
            if let Seat::Taken(above) = seat {
                found.push(above);
            }
            true
        });
        found
    }

    /// Whether a payee would be above himself on some day if `payee` were stated.
    pub fn makes_cycle(&self, payee: &Payee) -> bool {
        let mut changed = self.clone_with(payee);
        let place = changed.place(&payee.payee_id);
        changed.days_of_change().into_iter().any(|day| changed.is_above_himself(place, day))
    }

    fn is_above_himself(&self, place: Place, on: Date) -> bool {
        let mut manager = self.member(place).manager_on(on);
        for _ in 0..=MAXIMUM_LEVELS {
            match manager {
                None => return false,
                Some(manager) if manager == place => return true,
                Some(above) => manager = self.member(above).manager_on(on),
            }
        }
        true
    }

    /// The part of the organisation that a payee's chains can reach, with his new rows.
    fn clone_with(&self, payee: &Payee) -> Organisation {
        let mut part = Organisation::default();
        part.insert(payee.clone(), 0);
        let mut open: Vec<String> = managers(payee);
        while let Some(id) = open.pop() {
            if let (None, Some(found)) = (part.get(&id), self.get(&id)) {
                open.extend(managers(found));
                part.insert_shared(found.clone(), 0);
            }
        }
        part
    }

    /// Days on which somebody's row starts: before the first of them everything is as on it.
    fn days_of_change(&self) -> Vec<Date> {
        let mut days: Vec<Date> = self.members.iter().flat_map(|member| member.rows.iter().map(|row| row.from)).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// The plans of a payee in a period: those of the first row that overlaps it. All such rows name the same, where the calendar
/// was known when they were stated.
pub fn plans_in<'p>(payee: &'p Payee, calendar: &Calendar, period: Period) -> &'p [String] {
    let bounds = calendar.bounds(period);
    let row = bounds.and_then(|(from, to)| payee.rows.iter().find(|row| overlaps(row, from, to)));
    row.map_or(&[], |row| row.plans.as_slice())
}

/// A payee's parameter in a period: of the first row that overlaps it.
pub fn parameter_in(payee: &Payee, calendar: &Calendar, period: Period, name: &str) -> Option<Amount> {
    let (from, to) = calendar.bounds(period)?;
    let row = payee.rows.iter().find(|row| overlaps(row, from, to))?;
    row.parameters.iter().find(|(of, _)| of == name).map(|(_, amount)| *amount)
}

/// The part of an interval in whose periods `within` (both included) rows of a payee name a plan; `None` where the
/// calendar does not reach it.
pub fn active_part(
    payee: &Payee,
    plan: &Plan,
    calendar: &Calendar,
    interval: Interval,
    within: (Period, Period),
) -> Option<Part> {
    let whole = part_of(plan, calendar, interval, within)?;
    let on_plan = || payee.rows.iter().filter(|row| row.plans.contains(&plan.plan_id));
    match plan.prorate.by {
        ProrateBy::ActiveDays => {
            let (from, to) = days_of(calendar, within)?;
            let days = on_plan().map(|row| (row.to.unwrap_or(to).min(to).0 - row.from.max(from).0).max(0));
            Some(Part { active: days.sum::<i32>() as u64, ..whole })
        }
        ProrateBy::Months => {
            let mut active = 0;
            for period in within.0.0..=within.1.0 {
                let (from, to) = calendar.bounds(Period(period))?;
                active += u64::from(on_plan().any(|row| overlaps(row, from, to)));
            }
            Some(Part { active, ..whole })
        }
    }
}

/// The part of an interval that some of its periods (both included) are, as the plan counts.
pub fn part_of(plan: &Plan, calendar: &Calendar, interval: Interval, within: (Period, Period)) -> Option<Part> {
    let count = |(first, last): (Period, Period)| match plan.prorate.by {
        ProrateBy::ActiveDays => days_of(calendar, (first, last)).map(|(from, to)| (to.0 - from.0) as u64),
        ProrateBy::Months => Some((last.0 - first.0 + 1) as u64),
    };
    Some(Part { active: count(within)?, of: count(interval.first_and_last())? })
}

/// First day and the day after the last of periods (both included).
fn days_of(calendar: &Calendar, (first, last): (Period, Period)) -> Option<(Date, Date)> {
    Some((calendar.bounds(first)?.0, calendar.bounds(last)?.1))
}

fn managers(payee: &Payee) -> Vec<String> {
    payee.rows.iter().filter_map(|row| row.manager.clone()).collect()
}

pub(super) fn overlaps(row: &PayeeRow, from: Date, to: Date) -> bool {
    row.from < to && row.to.is_none_or(|end| from < end)
}
