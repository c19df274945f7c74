//! What the accepted facts add up to: calendar, organisation, measures and plans, with an as-of date in every question.
//!
//! Leaves out which facts are accepted (`rules`).

use super::history::Names;
use crate::wire::records::{
    Calendar, Company, CurrencyRates, Date, EarningUnit, FactBody, Half, Interval, IntervalKind, Measure, Payee, PayeeRow,
    Period, Plan, Territories, Year,
};
use std::collections::{BTreeMap, BTreeSet};

/// Managers that a walk up the organisation passes at most.
pub(super) const WALK_LIMIT: usize = 64;

pub(super) struct Seat<'h> {
    pub(super) payee: &'h Payee,
    /// The manager of each row, by number.
    managers: Vec<Option<u32>>,
}

#[derive(Default)]
pub(super) struct World<'h> {
    pub(super) company: Option<&'h Company>,
    pub(super) calendar: Option<&'h Calendar>,
    pub(super) measures: BTreeMap<&'h str, &'h Measure>,
    pub(super) plans: BTreeMap<&'h str, Vec<&'h Plan>>,
    pub(super) territories: Option<&'h Territories>,
    /// By type, and the currencies from and into which.
    pub(super) rates: BTreeMap<(&'h str, &'h str, &'h str), &'h CurrencyRates>,
    /// Components that earn points, by name.
    pub(super) points: BTreeSet<&'h str>,
    /// Those that earn money.
    pub(super) money: BTreeSet<&'h str>,
    /// Components of months or quarters that are priced by the year, by name, and those that are not.
    pub(super) by_year: BTreeSet<&'h str>,
    pub(super) by_interval: BTreeSet<&'h str>,
    /// Some plan has or had a component over half a year or a year.
    pub(super) yearly: bool,
    /// What is or was measured at zero by some plan, and over what.
    pub(super) at_zero: BTreeSet<(IntervalKind, &'h str)>,
    seats: Vec<Option<Seat<'h>>>,
}

/// Someone above a payee on a date; a vacant seat is passed, but gets nothing.
pub(super) struct Ancestor {
    pub(super) payee: u32,
    pub(super) seated: bool,
}

/// A manager that no fact knows.
pub(super) struct UnknownManager;

impl<'h> World<'h> {
    /// Takes an accepted fact in. Closes and releases are no part of the world.
    pub(super) fn apply(&mut self, body: &'h FactBody, payees: &Names) {
        match body {
            FactBody::CompanyDefined(company) => self.company = Some(company),
            FactBody::CalendarDefined(calendar) => self.calendar = Some(calendar),
            FactBody::MeasureDefined(measure) => {
                self.measures.insert(&measure.measure_id, measure);
            }
            FactBody::PlanDefined(plan) => {
                for component in &plan.components {
                    let names = if component.unit == EarningUnit::Points { &mut self.points } else { &mut self.money };
                    names.insert(&component.component_id);
                    self.note_best_at_zero(component);
                    self.note_span(plan, component);
                }
                let versions = self.plans.entry(&plan.plan_id).or_default();
                versions.retain(|version| version.from != plan.from);
                versions.push(plan);
            }
            FactBody::PayeeDefined(payee) => self.seat(payee, payees),
            FactBody::TerritoriesDefined(territories) => self.territories = Some(territories),
            FactBody::RatesDefined(stated) => {
                self.rates.insert((&stated.rate_type, &stated.from_currency, &stated.to_currency), stated);
            }
            FactBody::PeriodClosed(_) | FactBody::PeriodReopened(_) | FactBody::PeriodReleased(_) => {}
        }
    }

    fn seat(&mut self, payee: &'h Payee, payees: &Names) {
        let Some(number) = payees.find(&payee.payee_id) else { return };
        if self.seats.len() < payees.len() {
            self.seats.resize_with(payees.len(), || None);
        }
        let manager_of = |row: &PayeeRow| row.manager.as_deref().and_then(|manager| payees.find(manager));
        let managers = payee.rows.iter().map(manager_of).collect();
        self.seats[number as usize] = Some(Seat { payee, managers });
    }

    /// Everyone whom a fact has stated.
    pub(super) fn everyone(&self) -> impl Iterator<Item = u32> {
        (0..self.seats.len()).filter(|place| self.seats[*place].is_some()).map(|place| place as u32)
    }

    pub(super) fn known(&self, payee: u32) -> Option<&Seat<'h>> {
        self.seats.get(payee as usize)?.as_ref()
    }

    /// Whether a payee has a row in force on a date.
    pub(super) fn seated(&self, payee: u32, date: Date) -> bool {
        self.known(payee).is_some_and(|seat| seat.payee.rows.iter().any(|row| in_force(row, date)))
    }

    /// Everyone above a payee on a date, from the nearest up.
    pub(super) fn ancestors(&self, payee: u32, date: Date) -> Result<Vec<Ancestor>, UnknownManager> {
        let mut found = Vec::new();
        let mut at = self.known(payee).and_then(|seat| seat.manager_on(date));
        while let Some(manager) = at.filter(|_| found.len() < WALK_LIMIT) {
            let seat = self.known(manager).ok_or(UnknownManager)?;
            found.push(Ancestor { payee: manager, seated: self.seated(manager, date) });
            at = seat.manager_on(date);
        }
        Ok(found)
    }

    /// The plans that a payee's first row in a pay period names.
    pub(super) fn plans_of(&self, payee: u32, period: Period) -> BTreeSet<&'h str> {
        let (Some(seat), Some((first, after))) = (self.known(payee), self.bounds(period)) else { return BTreeSet::new() };
        let mut overlapping = seat.payee.rows.iter().filter(|row| row.from < after && row.to.is_none_or(|to| to > first));
        overlapping.next().into_iter().flat_map(|row| row.plans.iter().map(String::as_str)).collect()
    }

    /// The version of a plan that a pay period is priced by.
    pub(super) fn version_of(&self, plan: &str, period: Period) -> Option<&'h Plan> {
        let (first, _) = self.bounds(period)?;
        let mut versions = self.plans.get(plan)?.iter();
        versions.find(|version| version.from <= first && version.to.is_none_or(|to| to > first)).copied()
    }

    /// The pay period that holds a date.
    pub(super) fn period_of(&self, date: Date) -> Option<Period> {
        let calendar = self.calendar?;
        let passed = calendar.starts.partition_point(|start| *start <= date);
        let inside = passed >= 1 && passed < calendar.starts.len();
        inside.then(|| Period(calendar.first.0 + passed as i32 - 1))
    }

    /// The pay period that starts on a date.
    pub(super) fn starting_on(&self, date: Date) -> Option<Period> {
        self.period_of(date).filter(|period| self.bounds(*period).is_some_and(|(first, _)| first == date))
    }

    /// First day of a pay period, and the day after its last.
    pub(super) fn bounds(&self, period: Period) -> Option<(Date, Date)> {
        let calendar = self.calendar?;
        let place = usize::try_from(i64::from(period.0) - i64::from(calendar.first.0)).ok()?;
        Some((*calendar.starts.get(place)?, *calendar.starts.get(place + 1)?))
    }
}

impl<'h> Seat<'h> {
    /// The row in force on a date, else the last that started before it, else the first.
    fn place_on(&self, date: Date) -> Option<usize> {
        let rows = &self.payee.rows;
        let started = rows.iter().filter(|row| row.from <= date).count();
        if rows.is_empty() { None } else { Some(started.saturating_sub(1)) }
    }

    pub(super) fn manager_on(&self, date: Date) -> Option<u32> {
        self.managers[self.place_on(date)?]
    }

    pub(super) fn row_on(&self, date: Date) -> Option<&'h PayeeRow> {
        Some(&self.payee.rows[self.place_on(date)?])
    }
}

fn in_force(row: &PayeeRow, date: Date) -> bool {
    row.from <= date && row.to.is_none_or(|to| date < to)
}

/// The pay periods of an interval, in order.
pub(super) fn periods_of(interval: Interval) -> Vec<Period> {
    match interval {
        Interval::Month(period) => vec![period],
        Interval::Quarter(quarter) => (0..3).map(|place| Period(quarter.0 * 3 + place)).collect(),
        Interval::Half(half) => (0..6).map(|place| Period(half.0 * 6 + place)).collect(),
        Interval::Year(year) => (0..12).map(|place| Period(year.0 * 12 + place)).collect(),
    }
}

/// The half-years of a year, and the year.
pub(super) fn long_intervals(year: i32) -> [Interval; 3] {
    [Interval::Half(Half(year * 2)), Interval::Half(Half(year * 2 + 1)), Interval::Year(Year(year))]
}
