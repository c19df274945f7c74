//! Teams: who is in one on a day, and what each payee gets of what a team earns together.
//!
//! Leaves out how what a team earns is summed (`earnings`) and priced (`rewards`).

use super::formulas::names;
use super::history::History;
use super::later::asks_for_returns;
use super::rules::{Check, hold};
use super::world::World;
use crate::wire::records::{Component, Date, IntervalKind, Pays, Period, Plan, PoolShare};
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};

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

/// Those of a payee's team who are on the plan, in order of ids.
pub(super) fn sharing(history: &History, world: &World<'_>, payee: u32, (plan, period): (&Plan, Period)) -> Vec<u32> {
    let mut sharing = team(world, payee, period);
    sharing.retain(|other| world.plans_of(*other, period).contains(plan.plan_id.as_str()));
    sharing.sort_by_key(|other| history.payees.text(*other).clone());
    sharing
}

/// What each gets of a pool; none as long as one of them lacks the number that divides it, or all of these are nothing.
pub(super) fn parts(world: &World<'_>, sharing: &[u32], (share, period): (&PoolShare, Period), pool: i64) -> Option<Vec<i64>> {
    let sizes = match share {
        PoolShare::Equal => Some(vec![BigInt::one(); sharing.len()]),
        PoolShare::ByParameter(name) => sharing.iter().map(|other| number(world, *other, period, name)).collect(),
    }?;
    let all: BigInt = sizes.iter().sum();
    if all.is_zero() {
        return None;
    }
    // Whole units first; then one more for each, beginning with who has most of one left over.
    let owed: Vec<BigInt> = sizes.iter().map(|size| size * pool.abs()).collect();
    let mut parts: Vec<BigInt> = owed.iter().map(|owed| owed / &all).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| -(&owed[*place] % &all));
    let given: BigInt = parts.iter().sum();
    let left = (BigInt::from(pool.abs()) - given).to_usize()?;
    order.into_iter().take(left).for_each(|place| parts[place] += 1);
    parts.into_iter().map(|part| part.to_i64().map(|part| part * pool.signum())).collect()
}

/// A payee's number on the last day of a pay period.
fn number(world: &World<'_>, payee: u32, period: Period, name: &str) -> Option<BigInt> {
    let (_, after) = world.bounds(period)?;
    let row = world.known(payee)?.row_on(Date(after.0 - 1))?;
    row.parameters.iter().find(|(of, _)| of == name).map(|(_, amount)| BigInt::from(amount.0))
}

/// Whether everybody computes the same pool: of one pay period, and of nothing that is one payee's.
pub(super) fn fits(component: &Component, plan: &Plan) -> Check {
    if component.pool.is_none() {
        return Ok(());
    }
    let of_payee = match &component.pays {
        Pays::FractionOf(_) => true,
        Pays::Formula(formula) => !names(formula.text(), &["payee", "target"]).is_empty(),
        Pays::RateOf | Pays::PerUnit | Pays::Lump => false,
    };
    hold(component.interval == IntervalKind::Month, "a pool of more than a pay period")?;
    hold(
        !of_payee
            && component.no_quota.is_none()
            && component.own_rates.is_empty()
            && component.own_edges.is_empty()
            && component.own_modifiers.is_empty(),
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
