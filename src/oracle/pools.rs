//! Teams: who is in one on a day, and what each payee gets of what a team earns together.
//!
//! Leaves out how what a team earns is summed (`earnings`) and priced (`rewards`).

use super::formulas::names;
use super::history::History;
use super::later::asks_for_returns;
use super::rules::{Check, hold};
use super::world::World;
use crate::wire::records::{Component, Date, IntervalKind, Pays, Period, Plan, PoolShare};

/// Most payees of a team.
const TEAM_LIMIT: usize = 200;

/// Everybody who holds a seat, on the last day of a pay period, in the team of a payee's row of then.
pub(super) fn team(world: &World<'_>, payee: u32, period: Period) -> Vec<u32> {
    let Some((_, after)) = world.bounds(period) else { return Vec::new() };
    let date = Date(after.0 - 1);
    let of = |payee: u32| world.known(payee).and_then(|seat| seat.row_on(date)).and_then(|row| row.team.as_deref());
    let Some(own) = of(payee) else { return Vec::new() };
    world.everyone().filter(|other| world.seated(*other, date) && of(*other) == Some(own)).collect()
}

/// What a payee gets of a pool: an equal part, and one minor unit more as long as some are left over, in order of ids.
pub(super) fn part(history: &History, world: &World<'_>, payee: u32, (plan, period): (&Plan, Period), pool: i64) -> i64 {
    let mut sharing = team(world, payee, period);
    sharing.retain(|other| world.plans_of(*other, period).contains(plan.plan_id.as_str()));
    sharing.sort_by_key(|other| history.payees.text(*other).clone());
    let mut left = pool.abs();
    for (place, other) in sharing.iter().enumerate() {
        let waiting = (sharing.len() - place) as i64;
        // Rounded up, of what those before have left.
        let part = (left + waiting - 1) / waiting;
        if *other == payee {
            return if pool < 0 { -part } else { part };
        }
        left -= part;
    }
    0
}

/// Whether everybody computes the same pool: of one pay period, and of nothing that is one payee's.
pub(super) fn fits(component: &Component, plan: &Plan) -> Check {
    let Some(PoolShare::Equal) = component.pool else { return Ok(()) };
    let of_payee = match &component.pays {
        Pays::FractionOf(_) => true,
        Pays::Formula(formula) => !names(formula.text(), &["payee", "target"]).is_empty(),
        Pays::RateOf | Pays::PerUnit | Pays::Lump => false,
    };
    hold(component.interval == IntervalKind::Month, "a pool of more than a pay period")?;
    hold(
        !of_payee && component.no_quota.is_none() && component.own_rates.is_empty() && component.own_modifiers.is_empty(),
        "a pool of what is one payee's",
    )?;
    let (cap, floor) = (component.modifiers.cap.is_some(), component.modifiers.floor.is_some());
    hold(!(cap && plan.prorate.cap || floor && plan.prorate.floor), "a pool that shrinks for one payee")?;
    hold(component.pay.is_empty() && !asks_for_returns(component), "a pool in parts, or of single deals")
}

/// How many are in a team, over all days.
pub(super) fn is_full(world: &World<'_>, team: &str, but: Option<u32>) -> bool {
    let named =
        |payee: &u32| world.known(*payee).is_some_and(|seat| seat.payee.rows.iter().any(|row| row.team.as_deref() == Some(team)));
    world.everyone().filter(|payee| Some(*payee) != but).filter(named).count() >= TEAM_LIMIT
}
