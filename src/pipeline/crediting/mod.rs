//! The first stage, keyed by deal: revisions in, credits out.
//!
//! A deal's state holds what earning was told, so a new revision or fact is answered with the difference. Payee-keyed
//! inputs are forwarded once to the payee's partition. Facts are adopted in order, and not beyond a close that a
//! partition has yet to perform. `deal_state` is what is kept, `telling` what earning is told of it, `returning` what was
//! returned of deals, `settlements` what was paid for them, `progress` the work on facts.

mod deal_state;
mod progress;
pub mod rebuilt;
mod returning;
mod settlements;
mod telling;
#[cfg(test)]
mod tests;

use super::feed::{Feed, reject_record};
use super::packed::{Cause, CauseTopic};
use super::packer::{Heading, PACKED_BYTES, Packer};
use super::{Changed, Effects, Flow, Input, Origin, Outcome, PendingClose, Phase, Stage, StageError, States, alarm};
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::deal::DealClosed;
use crate::domain::fact::Fact;
use crate::domain::output::RejectKind;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::domain::world::World;
use deal_state::{DealState, Delivery};
use progress::Progress;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// State keys of what is parked: this and the deal id. Deal ids have no control characters; keys that start with a zero
/// byte are the worker's.
const PARKED_PREFIX: &[u8] = b"\x01parked\x01";
/// Between the keys of what is parked and those of deals.
const PARKED_END: &[u8] = b"\x01parked\x02";

pub struct Crediting {
    reject_bytes: usize,
    world: World,
    feed: Feed,
    partitions: BTreeMap<u32, Partition>,
    loaded: Vec<Loaded>,
    /// By partition and key.
    places: FxHashMap<u32, FxHashMap<Arc<[u8]>, usize>>,
    /// Used again for every state.
    scratch: Vec<u8>,
    saved: Option<Saved>,
}

/// What a batch that is dropped goes back to.
struct Saved {
    world: World,
    progress: Vec<(u32, Progress, u64)>,
}

struct Partition {
    progress: Progress,
    facts_next: u64,
    packer: Packer,
}

/// What crediting only forwards.
enum PayeeInput<'a> {
    Quota(QuotaChanged<'a>),
    Adjustment(AdjustmentMade),
}

/// A deal in the current batch.
struct Loaded {
    partition: u32,
    key: Arc<[u8]>,
    stored: Option<Arc<[u8]>>,
    state: DealState,
    was_parked: bool,
    changed: bool,
}

impl Crediting {
    /// `partitions` is the count of every input topic and of `credits`.
    pub fn new(partitions: u32, reject_bytes: usize) -> Crediting {
        Crediting {
            reject_bytes,
            world: World::new(partitions),
            feed: Feed::default(),
            partitions: BTreeMap::new(),
            loaded: Vec::new(),
            places: FxHashMap::default(),
            scratch: Vec::new(),
            saved: None,
        }
    }

    /// Whether the world is rebuilt up to where a partition had adopted facts: before, nothing of it is folded.
    fn is_current(&self, number: u32) -> bool {
        self.partitions.get(&number).is_some_and(|partition| partition.facts_next <= self.world.facts_next)
    }

    fn current(&self) -> impl Iterator<Item = &Partition> {
        self.partitions.values().filter(|partition| partition.facts_next <= self.world.facts_next)
    }

    fn load(&mut self, partition: u32, key: &[u8], states: &mut dyn States) -> Result<usize, StageError> {
        if let Some(place) = self.places.get(&partition).and_then(|places| places.get(key)) {
            return Ok(*place);
        }
        let stored = states.get(partition, key)?;
        let state = match &stored {
            Some(bytes) => DealState::decode(bytes).map_err(|error| alarm(partition, error))?,
            None => DealState::default(),
        };
        let was_parked = state.parked.is_some();
        let key: Arc<[u8]> = key.into();
        self.places.entry(partition).or_default().insert(key.clone(), self.loaded.len());
        self.loaded.push(Loaded { partition, key, stored, state, was_parked, changed: false });
        Ok(self.loaded.len() - 1)
    }

    fn fold_deal(
        &mut self,
        origin: Origin<'_>,
        mut deal: DealClosed<'_>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Outcome, StageError> {
        let partition = origin.position.partition;
        let place = self.load(partition, deal.deal_id.as_bytes(), states)?;
        // When it occurred is not what a revision says: it is kept beside the content.
        let occurred_at = std::mem::take(&mut deal.occurred_at);
        let cause = Cause { topic: CauseTopic::DealClosed, offset: origin.position.offset, occurred_at };
        if self.loaded[place].state.facts_next < self.world.facts_next {
            self.recredit(place, None, cause, origin, effects)?;
        }
        let accepted = self.loaded[place].state.accept(&deal, occurred_at, origin.position.offset);
        match accepted.map_err(|error| alarm(partition, error))? {
            Delivery::Duplicate => return Ok(Outcome::Duplicate),
            Delivery::Conflict => return Ok(Outcome::Rejected(conflict(&deal))),
            Delivery::Older => {
                self.loaded[place].changed = true;
                // What the revisions behind it took back is another part now.
                if self.world.reads_returns {
                    self.recredit(place, None, cause, origin, effects)?;
                }
            }
            Delivery::Newest => self.recredit(place, Some(&deal), cause, origin, effects)?,
        }
        Ok(match &self.loaded[place].state.parked {
            Some(reject) => Outcome::Parked(reject.clone()),
            None => Outcome::Counted,
        })
    }

    /// Sends a payee-keyed input on to the payee's partition.
    fn forward(&mut self, origin: Origin<'_>, input: PayeeInput<'_>, effects: &mut Effects) -> Result<(), StageError> {
        let number = origin.position.partition;
        let failed = |error: postcard::Error| alarm(number, error);
        let Some(partition) = self.partitions.get_mut(&number) else { return Err(alarm(number, "not assigned")) };
        let cause = |topic, occurred_at| Cause { topic, offset: origin.position.offset, occurred_at };
        let packed = match input {
            PayeeInput::Quota(quota) => partition.packer.quota(&quota, cause(CauseTopic::QuotaChanged, quota.occurred_at)),
            PayeeInput::Adjustment(adjustment) => {
                let cause = cause(CauseTopic::AdjustmentMade, adjustment.occurred_at);
                partition.packer.adjustment(adjustment, cause)
            }
        };
        packed.map_err(failed)?;
        let heading = Heading { source: number, epoch: partition.progress.epoch, facts_next: self.world.facts_next };
        partition.packer.close(heading, &mut partition.progress.links, PACKED_BYTES, effects).map_err(failed)
    }
}

fn conflict(deal: &DealClosed<'_>) -> Reject {
    let message = format!("revision {} of deal \"{}\" was accepted before with another content", deal.revision, deal.deal_id);
    Reject::new(Reason::RevisionConflict, "revision", message)
}

impl Stage for Crediting {
    fn inputs(&self) -> &'static [Topic] {
        &[Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade]
    }

    fn changelog(&self) -> Topic {
        Topic::CreditingChangelog
    }

    /// Most deals are new.
    fn gathers(&self) -> bool {
        false
    }

    fn assign(&mut self, partition: u32, last: Option<(&[u8], u64)>) -> Result<(), StageError> {
        let count = self.world.partitions;
        let (progress, facts_next) = match last {
            Some((meta, facts_next)) => (Progress::decode(meta).map_err(|error| alarm(partition, error))?, facts_next),
            None => (Progress::new(count), 0),
        };
        self.partitions.insert(partition, Partition { progress, facts_next, packer: Packer::new(count) });
        Ok(())
    }

    fn facts_wanted(&self) -> u64 {
        self.feed.wanted()
    }

    fn offer(&mut self, origin: Origin<'_>, fact: Result<Fact, Reject>) {
        self.feed.offer(origin, fact);
    }

    fn begin(&mut self) {
        let progress =
            self.partitions.iter().map(|(number, partition)| (*number, partition.progress.clone(), partition.facts_next));
        self.saved = Some(Saved { world: self.world.clone(), progress: progress.collect() });
    }

    fn work(
        &mut self,
        next_offset: &dyn Fn(Topic, u32) -> u64,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        self.progress(next_offset, budget, states, effects)
    }

    fn fold(
        &mut self,
        origin: Origin<'_>,
        input: Result<Input<'_>, Reject>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Flow, StageError> {
        if !self.is_current(origin.position.partition) {
            return Ok(Flow::NotYet);
        }
        let outcome = match input {
            Ok(Input::Deal(deal)) => self.fold_deal(origin, deal, states, effects)?,
            Ok(Input::Quota(quota)) => {
                self.forward(origin, PayeeInput::Quota(quota), effects)?;
                Outcome::Counted
            }
            Ok(Input::Adjustment(adjustment)) => {
                self.forward(origin, PayeeInput::Adjustment(adjustment), effects)?;
                Outcome::Counted
            }
            Ok(Input::Settlement(settled)) => self.fold_settlement(origin, &settled, states, effects)?,
            Ok(Input::Credits(_)) => return Err(alarm(origin.position.partition, "crediting does not read credits")),
            Err(reject) => Outcome::Rejected(reject),
        };
        if let Outcome::Rejected(reject) = &outcome {
            effects.outputs.push(reject_record(RejectKind::Rejected, origin, reject.clone(), self.reject_bytes));
        }
        effects.outcomes.push((origin.position, outcome));
        Ok(Flow::Folded)
    }

    fn loaded(&self) -> usize {
        self.loaded.len()
    }

    fn finish(&mut self, _states: &mut dyn States, effects: &mut Effects) -> Result<bool, StageError> {
        for (number, partition) in &mut self.partitions {
            let heading = Heading { source: *number, epoch: partition.progress.epoch, facts_next: self.world.facts_next };
            let closed = partition.packer.close(heading, &mut partition.progress.links, 0, effects);
            closed.map_err(|error| alarm(*number, error))?;
        }
        self.places.values_mut().for_each(FxHashMap::clear);
        for loaded in self.loaded.drain(..).filter(|loaded| loaded.changed) {
            if loaded.was_parked != loaded.state.parked.is_some() {
                let key = [PARKED_PREFIX, &loaded.key].concat().into();
                let note = |is: bool| is.then(|| [].into());
                let (old, state) = (note(loaded.was_parked), note(!loaded.was_parked));
                effects.changed.push(Changed { partition: loaded.partition, key, old, state });
            }
            let bytes = loaded.state.encode(&mut self.scratch).map_err(|error| alarm(loaded.partition, error))?;
            let Loaded { partition, key, stored, .. } = loaded;
            effects.changed.push(Changed { partition, key, old: stored, state: Some(bytes) });
        }
        Ok(false)
    }

    fn meta(&self, partition: u32) -> (Vec<u8>, u64) {
        let found = self.partitions.get(&partition);
        found.map_or((Vec::new(), 0), |partition| (partition.progress.encode(), partition.facts_next))
    }

    fn committed(&mut self) {
        self.saved = None;
        self.feed.committed();
    }

    fn abandon(&mut self) {
        if let Some(saved) = self.saved.take() {
            self.world = saved.world;
            for (number, progress, facts_next) in saved.progress {
                if let Some(partition) = self.partitions.get_mut(&number) {
                    (partition.progress, partition.facts_next) = (progress, facts_next);
                }
            }
        }
        self.partitions.values_mut().for_each(|partition| partition.packer.clear());
        self.loaded.clear();
        self.places.clear();
        self.feed.abandon();
    }

    fn phase(&self) -> Phase {
        let passing = self.partitions.values().any(|partition| partition.progress.pass.is_some());
        if passing { Phase::Recrediting } else { Phase::Idle }
    }

    fn pending_closes(&self) -> Vec<PendingClose> {
        self.closes_to_perform()
    }

    fn idle(&self) -> bool {
        self.current().count() == self.partitions.len()
            && self.feed.is_empty()
            && !self.must_close()
            && self.partitions.values().all(|p| p.progress.pass.is_none())
    }
}

/// The origin of a deal that a fact resumes: its newest revision's place. The record's bytes are not at hand.
fn origin_of(partition: u32, key: &[u8], offset: u64) -> Origin<'_> {
    Origin { position: Position { topic: Topic::DealClosed, partition, offset }, key, value: &[] }
}
