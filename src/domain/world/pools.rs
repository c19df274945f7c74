//! What teams and their pools may be: how many are in one, and of which plans a pool is.

use super::World;
use super::apply::invalid;
use super::organisation::MAXIMUM_TEAM;
use crate::domain::calendar::{Date, IntervalKind};
use crate::domain::fact::{EarnedBy, Payee};
use crate::domain::plan::{Component, Plan};
use crate::domain::reject::Reject;

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

/// From when until when, in which team, and with which plans.
type Membership<'p> = (Date, Option<Date>, Option<&'p str>, &'p [String]);

/// With whom a payee is together, and shares, when; nobody is without a team.
fn teams_of(payee: Option<&Payee>) -> Vec<Membership<'_>> {
    let rows = payee.into_iter().flat_map(|payee| &payee.rows).filter(|row| row.team.is_some());
    rows.map(|row| (row.from, row.to, row.team.as_deref(), row.plans.as_slice())).collect()
}

impl World {
    /// Whether others are told, or share, something else once a payee's rows are these.
    pub(super) fn moves_team(&self, known: Option<&Payee>, payee: &Payee) -> bool {
        self.tells(EarnedBy::Team) && teams_of(known) != teams_of(Some(payee))
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
