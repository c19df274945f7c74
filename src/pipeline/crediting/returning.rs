//! What earning is told of returns: what of a deal was taken back on which day, credited as the deal is.
//!
//! Told as a whole: where anything about it differs, all of it is retracted and told again. Returns are few.

use super::deal_state::{DealState, ToldReturn};
use super::telling::rates_beside;
use crate::domain::credit::{Credit, credits_of};
use crate::domain::reject::Reject;
use crate::domain::returns::returns;
use crate::domain::world::World;
use crate::pipeline::packed::Cause;
use crate::pipeline::packer::{GroupKind, Packer, Read};

/// What there is to tell of a deal's returns, or the fact that they wait for; nothing where nobody asks.
pub fn returned_of(state: &DealState, world: &World) -> Result<Result<Vec<ToldReturn>, Reject>, postcard::Error> {
    if !world.reads_returns || state.revisions.len() < 2 {
        return Ok(Ok(Vec::new()));
    }
    let revisions = state.revisions.iter().map(|revision| revision.deal()).collect::<Result<Vec<_>, _>>()?;
    let mut told = Vec::new();
    for returned in returns(&revisions) {
        let credited = match credits_of(&returned.deal, world) {
            Ok(credited) => credited,
            Err(reject) => return Ok(Err(reject)),
        };
        let content = postcard::to_stdvec(&returned.deal)?;
        told.push(ToldReturn { on: returned.on, gone: returned.gone, content, credited });
    }
    Ok(Ok(told))
}

/// Tells what is between what was told of returns and what is so now; true where there is anything.
pub fn tell(
    state: &DealState,
    now: &[ToldReturn],
    cause: Cause,
    world: &World,
    packer: &mut Packer,
) -> Result<bool, postcard::Error> {
    let (backfills, differs) = (world.measure_defined_since(state.facts_next), state.returned != now);
    let (backfill_from, read) = (Some(state.facts_next), Read::of(world));
    let mut all = Vec::new();
    if backfills {
        all.extend(state.returned.iter().map(|told| (told, false, backfill_from)));
    }
    if differs {
        all.extend(state.returned.iter().map(|told| (told, true, None)));
        all.extend(now.iter().map(|told| (told, false, None)));
    }
    for (told, retract, backfill_from) in &all {
        let deal = told.deal()?;
        let credits: Vec<&Credit> = told.credited.credits.iter().collect();
        let rates = rates_beside(&deal, &told.credited, world);
        let returned = Some((told.on, told.gone.as_slice()));
        let (retract, backfill_from) = (*retract, *backfill_from);
        // What was returned counts in no measure that is dated by settlements.
        let how = GroupKind { cause, retract, backfill_from, rates, read: &read, returned, dated: None };
        packer.credits(&deal, &credits, how)?;
    }
    Ok(!all.is_empty())
}
