//! What earning is told of a deal: what is between the credits that it knows and those that the deal has now.

use super::deal_state::Emitted;
use super::returning;
use super::settlements::dated_of;
use super::{Crediting, alarm};
use crate::domain::credit::{Credit, Credited, credits_of};
use crate::domain::currency::StatedRate;
use crate::domain::deal::DealClosed;
use crate::domain::output::RejectKind;
use crate::domain::reject::Reject;
use crate::domain::topic::Position;
use crate::domain::world::World;
use crate::pipeline::feed::word_about;
use crate::pipeline::packed::Cause;
use crate::pipeline::packer::{GroupKind, Heading, PACKED_BYTES, Read};
use crate::pipeline::{Effects, Origin, StageError};

impl Crediting {
    /// Emits what is between the credits that earning was told and those that the newest revision has now. `newest_deal`
    /// is that revision where it is at hand.
    pub(super) fn recredit(
        &mut self,
        place: usize,
        newest_deal: Option<&DealClosed<'_>>,
        cause: Cause,
        origin: Origin<'_>,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let changed = self.tell_credits(place, newest_deal, cause, origin, effects)?;
        if changed { self.tell_settled(place, newest_deal, cause, effects) } else { Ok(()) }
    }

    /// The same without what is settled; whether there was anything to tell.
    pub(super) fn tell_credits(
        &mut self,
        place: usize,
        newest_deal: Option<&DealClosed<'_>>,
        cause: Cause,
        origin: Origin<'_>,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        let loaded = &mut self.loaded[place];
        let number = loaded.partition;
        let failed = |error: postcard::Error| alarm(number, error);
        let Some(partition) = self.partitions.get_mut(&number) else { return Err(alarm(number, "not assigned")) };
        let state = &mut loaded.state;
        let Some(newest) = state.revisions.last() else { return Ok(false) };
        let stored;
        let deal = match newest_deal {
            Some(deal) => deal,
            None => {
                stored = newest.deal().map_err(failed)?;
                &stored
            }
        };
        let told = returning::returned_of(state, &self.world).map_err(failed)?;
        // A deal waits as a whole, with what was returned of it.
        let (credited, returned, parked) = match credits_of(deal, &self.world).and_then(|credited| Ok((credited, told?))) {
            Ok((credited, returned)) => (credited, returned, None),
            Err(reject) => (Credited::default(), Vec::new(), Some(reject)),
        };
        let world = &self.world;
        let read = &Read::of(world);
        let old = state.emitted.as_ref();
        let dated = world.is_dated_by_settlements().then(|| dated_of(&state.settlements, deal, world));
        // Of a deal whose rates or days differ, everything is told again.
        let same = |old: &Emitted| old.revision == newest.number && old.credited.rates == credited.rates;
        let same_content = old.is_some_and(|old| same(old) && state.dated == dated);
        let mut changed = !same_content || parked != state.parked;
        if let Some(old) = old.filter(|old| !old.credited.credits.is_empty()) {
            let told = state.revision(old.revision).ok_or_else(|| alarm(number, "a deal lacks the revision that it credited"))?;
            let told = told.deal().map_err(failed)?;
            let rates = rates_beside(&told, &old.credited, world);
            if world.measure_defined_since(state.facts_next) {
                let all: Vec<&Credit> = old.credited.credits.iter().collect();
                let backfill_from = Some(state.facts_next);
                let how =
                    GroupKind { cause, retract: false, backfill_from, rates, read, returned: None, dated: state.dated.as_ref() };
                partition.packer.credits(&told, &all, how).map_err(failed)?;
                changed = true;
            }
            let stays = |credit: &&Credit| same_content && credited.credits.contains(credit);
            let gone: Vec<&Credit> = old.credited.credits.iter().filter(|credit| !stays(credit)).collect();
            changed |= !gone.is_empty();
            let dated = state.dated.as_ref();
            let how = GroupKind { cause, retract: true, backfill_from: None, rates, read, returned: None, dated };
            partition.packer.credits(&told, &gone, how).map_err(failed)?;
        }
        let told_before = |credit: &Credit| same_content && old.is_some_and(|old| old.credited.credits.contains(credit));
        let fresh: Vec<&Credit> = credited.credits.iter().filter(|credit| !told_before(credit)).collect();
        changed |= !fresh.is_empty();
        let rates = rates_beside(deal, &credited, world);
        let how = GroupKind { cause, retract: false, backfill_from: None, rates, read, returned: None, dated: dated.as_ref() };
        partition.packer.credits(deal, &fresh, how).map_err(failed)?;
        changed |= returning::tell(state, &returned, cause, world, &mut partition.packer).map_err(failed)?;
        if changed {
            note_parking(&state.parked, &parked, (origin, cause.position(number)), self.reject_bytes, effects);
            state.emitted = Some(Emitted { revision: newest.number, credited });
            state.parked = parked;
            (state.returned, state.dated) = (returned, dated);
            state.facts_next = self.world.facts_next;
            loaded.changed = true;
        }
        let heading = Heading { source: number, epoch: partition.progress.epoch, facts_next: self.world.facts_next };
        partition.packer.close(heading, &mut partition.progress.links, PACKED_BYTES, effects).map_err(failed)?;
        Ok(changed)
    }
}

/// The rates that a deal's credits are told with; `None`: it is in the company's currency, and no measure asks for another.
pub(super) fn rates_beside<'c>(deal: &DealClosed<'_>, credited: &'c Credited, world: &World) -> Option<&'c [StatedRate]> {
    (*world.money.currency != *deal.currency || !credited.rates.is_empty()).then_some(&credited.rates)
}

/// Says that a deal is parked, or that it goes on.
fn note_parking(
    old: &Option<Reject>,
    new: &Option<Reject>,
    (origin, cause): (Origin<'_>, Position),
    reject_bytes: usize,
    effects: &mut Effects,
) {
    match (old, new) {
        (old, Some(reject)) if old.as_ref() != Some(reject) => {
            effects.outputs.push(word_about(RejectKind::Parked, origin, cause, reject.clone(), reject_bytes));
        }
        (Some(reject), None) => {
            effects.outputs.push(word_about(RejectKind::Resumed, origin, cause, reject.clone(), reject_bytes));
        }
        _ => {}
    }
}
