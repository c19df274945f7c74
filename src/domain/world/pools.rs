//! What teams and their pools may be: how many are in one, of which plans a pool is, and who shares it.

use super::apply::invalid;
use super::organisation::MAXIMUM_TEAM;
use super::{World, plans_in};
use crate::domain::calendar::{Date, IntervalKind, Period};
use crate::domain::fact::{EarnedBy, Payee, PayeeRow};
use crate::domain::money::Amount;
use crate::domain::plan::{Component, Plan, Sharer};
use crate::domain::reject::Reject;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a component, with what its plan says of it, is no pool: everybody who shares one has to compute the same.
pub fn pool_fault(component: &Component, plan: &Plan) -> Option<&'static str> {
    let personal = component.reads_parameters() || component.reads_quota();
    let modifiers = &component.modifiers;
    let prorated = (plan.prorate.cap && modifiers.cap.is_some()) || (plan.prorate.floor && modifiers.floor.is_some());
    let faults = [
        (component.interval != IntervalKind::Month, "a pool is of one pay period: interval = \"month\""),
        (personal, "a pool is of what the team earns, not of one payee's quota, target or parameters"),
        (prorated, "a pool's cap and floor are the team's: they do not shrink with one payee's part"),
        (!component.pay.is_empty() || component.reads_returns(), "a pool is paid when it is booked, and recomputed"),
    ];
    faults.into_iter().find(|(is, _)| component.pool.is_some() && *is).map(|(_, message)| message)
}

/// A row of a team: from when until when, in which, with which plans, and with which of the numbers that divide pools.
type Membership<'p> = (Date, Option<Date>, Option<&'p str>, &'p [String], Vec<&'p (String, Amount)>);

/// With whom a payee is together, and shares, when; nobody is without a team.
fn teams_of<'p>(payee: Option<&'p Payee>, dividing: &BTreeSet<&str>) -> Vec<Membership<'p>> {
    let rows = payee.into_iter().flat_map(|payee| &payee.rows).filter(|row| row.team.is_some());
    let membership = |row: &'p PayeeRow| {
        let numbers = row.parameters.iter().filter(|(name, _)| dividing.contains(name.as_str())).collect();
        (row.from, row.to, row.team.as_deref(), row.plans.as_slice(), numbers)
    };
    rows.map(membership).collect()
}

/// A payee's parameter in the row that is in force on a day.
fn number_on(payee: &Payee, on: Date, parameter: Option<&str>) -> Option<Amount> {
    let row = payee.rows.iter().find(|row| row.from <= on && row.to.is_none_or(|to| on < to))?;
    row.parameters.iter().find(|(name, _)| Some(name.as_str()) == parameter).map(|(_, amount)| *amount)
}

impl World {
    /// Whether others are told, or share, something else once a payee's rows are these.
    pub(super) fn moves_team(&self, known: Option<&Payee>, payee: &Payee) -> bool {
        let components = self.plans.values().flatten().flat_map(|version| &version.plan.components);
        let dividing = components.filter_map(|component| component.pool.as_ref()?.parameter()).collect();
        self.tells(EarnedBy::Team) && teams_of(known, &dividing) != teams_of(Some(payee), &dividing)
    }

    /// Those who share a pool for a pay period with a payee, in order of ids: those of his team on its last day who are on the
    /// plan, each with his parameter of this name in the row of that day.
    pub fn sharers(&self, payee_id: &str, plan_id: &str, period: Period, parameter: Option<&str>) -> Vec<Sharer<'_>> {
        let Some((calendar, (_, after))) = self.calendar.as_deref().zip(self.bounds(period)) else { return Vec::new() };
        let last = Date(after.0 - 1);
        let on_plan = |payee: &&Arc<Payee>| plans_in(payee, calendar, period).iter().any(|of| of == plan_id);
        let team = self.organisation.team_of(payee_id, last).into_iter().filter(on_plan);
        team.map(|payee| Sharer { payee_id: &payee.payee_id, number: number_on(payee, last, parameter) }).collect()
    }

    pub(super) fn check_team(&self, payee: &Payee) -> Result<(), Reject> {
        for team in payee.rows.iter().filter_map(|row| row.team.as_deref()) {
            if team.is_empty() {
                return Err(invalid("team", "a team without a name".into()));
            }
            if self.organisation.others_in(team, &payee.payee_id) >= MAXIMUM_TEAM {
                return Err(invalid("team", format!("team \"{team}\" has {MAXIMUM_TEAM} payees already")));
            }
        }
        Ok(())
    }
}
