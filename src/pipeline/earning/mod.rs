//! The second stage, keyed by payee and quarter (and year, for what is longer or priced by it): credits and quotas in, attainment, accruals and payouts out.
//!
//! An entry keeps sums and quotas, so that a new quota, plan or organisation re-prices it without reading a deal. Credits
//! of an epoch behind a close that is still to be performed are kept apart. `entry` and `inputs` are what is kept,
//! `counting` and `matching` which credits count where, `stating` what people state, `pricing` (with `adjusting`), `booking` and `attaining` what follows from it, `dating` measures
//! that count what was invoiced or paid, `settling` the end of a batch, `operations` closes, reopens and
//! releases, `paying` a payee's part of them, `tranches` what a run pays of what is earned in parts, `telling` and `rounds` what
//! one payee's earnings are to another's components, `progress` the cursors, `rebuilt` what a rebuild puts in a state's place.

mod adjusting;
mod attaining;
mod booking;
mod counting;
mod dating;
mod entry;
mod inputs;
mod looking_up;
mod matching;
mod operations;
mod paying;
mod priced;
mod pricing;
mod progress;
pub mod rebuilt;
mod rounds;
mod settling;
mod stating;
mod telling;
#[cfg(test)]
mod tests;
mod tranches;

use super::feed::Feed;
use super::packed::PackedCredits;
use super::packer::Packer;
use super::{Effects, Flow, Input, Origin, PendingClose, Phase, Stage, StageError, States, alarm};
use crate::domain::calendar::Span;
use crate::domain::fact::Fact;
use crate::domain::output::Causes;
use crate::domain::reject::Reject;
use crate::domain::topic::{Topic, partition_of};
use crate::domain::world::{Operation, Reach, World};
use entry::{Entry, KeyOf, Ledger, parse_key};
use progress::{Pass, Progress, Snapshots};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct Earning {
    reject_bytes: usize,
    /// By partition: closes, reopens and releases behind so many wait. None: nothing waits.
    performed: Vec<usize>,
    world: World,
    snapshots: Snapshots,
    feed: Feed,
    partitions: BTreeMap<u32, Partition>,
    /// What partitions tell each other in this batch, where there is any.
    packers: BTreeMap<u32, Packer>,
    loaded: Vec<Loaded>,
    /// How many of them are in the effects already, while a batch ends.
    settled: usize,
    /// By partition and key.
    places: FxHashMap<u32, FxHashMap<Arc<[u8]>, usize>>,
    /// Used again for every credit.
    key: Vec<u8>,
    /// Of the record that is being counted, by its payees: the quarter and the year that were last counted, and where
    /// they are loaded.
    recent: Vec<[Option<(Span, usize)>; 2]>,
    /// Used again for every state.
    scratch: Vec<u8>,
    saved: Option<(World, BTreeMap<u32, Partition>)>,
}

#[derive(Clone)]
struct Partition {
    progress: Progress,
    facts_next: u64,
}

/// A state in the current batch.
struct Loaded {
    partition: u32,
    key: Arc<[u8]>,
    stored: Option<Arc<[u8]>>,
    state: State,
    /// Must be priced again.
    touched: bool,
    changed: bool,
    causes: Option<Causes>,
}

enum State {
    Entry { entry: Entry, payee_id: Arc<str>, calendar: Arc<str>, span: Span },
    Ledger(Ledger),
}

impl Earning {
    /// `partitions` is the count of every input topic and of `credits`.
    pub fn new(partitions: u32, reject_bytes: usize) -> Earning {
        Earning {
            reject_bytes,
            performed: Vec::new(),
            world: World::new(partitions),
            snapshots: Snapshots::new(),
            feed: Feed::default(),
            partitions: BTreeMap::new(),
            packers: BTreeMap::new(),
            loaded: Vec::new(),
            settled: 0,
            places: FxHashMap::default(),
            key: Vec::new(),
            recent: Vec::new(),
            scratch: Vec::new(),
            saved: None,
        }
    }

    /// The same, performing no more operations on periods in each partition than these.
    pub fn up_to(partitions: u32, reject_bytes: usize, performed: Vec<usize>) -> Earning {
        Earning { performed, ..Earning::new(partitions, reject_bytes) }
    }

    /// Whether the world is rebuilt up to where a partition had adopted facts: before, nothing of it is folded.
    fn is_current(&self, number: u32) -> bool {
        self.partitions.get(&number).is_some_and(|partition| partition.facts_next <= self.world.facts_next)
    }

    fn partition(&mut self, number: u32) -> Result<&mut Partition, StageError> {
        self.partitions.get_mut(&number).ok_or_else(|| alarm(number, "not assigned"))
    }

    fn load(&mut self, partition: u32, key: &[u8], states: &mut dyn States) -> Result<usize, StageError> {
        let known = self.places.get(&partition).and_then(|places| places.get(key));
        if let Some(place) = known {
            return Ok(*place);
        }
        let stored = states.get(partition, key)?;
        let state = match parse_key(key) {
            Some(KeyOf::Ledger { .. }) => {
                let ledger = entry::decode_ledger(stored.as_deref()).map_err(|error| alarm(partition, error))?;
                State::Ledger(ledger)
            }
            Some(KeyOf::Entry { payee_id, calendar, span }) => {
                let entry = entry::decode(stored.as_deref()).map_err(|error| alarm(partition, error))?;
                State::Entry { entry, payee_id: payee_id.into(), calendar: calendar.into(), span }
            }
            None => return Err(alarm(partition, "a stored key is not one of earning's")),
        };
        let key: Arc<[u8]> = key.into();
        self.places.entry(partition).or_default().insert(key.clone(), self.loaded.len());
        self.loaded.push(Loaded { partition, key, stored, state, touched: false, changed: false, causes: None });
        let place = self.loaded.len() - 1;
        self.take_quotas(partition, place, states)?;
        Ok(place)
    }

    /// Adopts every offered fact; a close and a release keep the world that they saw. A partition that has adopted a fact before is not
    /// touched by it again: after a restart, or where another worker had it.
    fn adopt(&mut self) {
        let mut reaches: BTreeMap<u64, Reach> =
            self.partitions.values().map(|partition| (partition.facts_next, Reach::default())).collect();
        let performed = self.partitions.values().map(|partition| partition.progress.operations).min().unwrap_or(0);
        while let Some(offered) = self.feed.take() {
            let (before, offset) = (self.world.operations.len(), offered.position.offset);
            let touched = match &offered.fact {
                Ok(fact) => self.world.apply(offset, fact).unwrap_or_default(),
                Err(_) => {
                    self.world.facts_next = offset + 1;
                    Reach::default()
                }
            };
            let new = self.world.operations.last().filter(|_| self.world.operations.len() > before && before >= performed);
            if matches!(new, Some(Operation::Close(_) | Operation::Release(_))) {
                self.snapshots.insert(before, Arc::new(self.world.clone()));
            }
            reaches.range_mut(..=offset).for_each(|(_, reach)| reach.merge(&touched));
        }
        self.start_passes(&reaches);
    }

    /// Each partition goes over the payees that it holds, together with what is left of the pass before. `reaches` are by
    /// the facts that a partition had adopted.
    fn start_passes(&mut self, reaches: &BTreeMap<u64, Reach>) {
        let (partitions, facts_next) = (self.world.partitions, self.world.facts_next);
        for (number, partition) in self.partitions.iter_mut().filter(|(_, partition)| partition.facts_next < facts_next) {
            let Some(reach) = reaches.get(&partition.facts_next) else { continue };
            partition.facts_next = facts_next;
            let before = partition.progress.pass.take();
            let all = reach.all_earnings || before.as_ref().is_some_and(|pass| pass.payees.is_none());
            let mut named = before.and_then(|pass| pass.payees).unwrap_or_default();
            if !all {
                let here = |payee_id: &&String| partition_of(payee_id.as_bytes(), partitions) == *number;
                named.extend(reach.payees.iter().filter(here).cloned());
                named.sort();
                named.dedup();
            }
            let pass = Pass { payees: (!all).then_some(named), after: Vec::new() };
            partition.progress.pass = Some(pass).filter(|pass| pass.payees.as_ref().is_none_or(|named| !named.is_empty()));
        }
    }

    /// Marks up to `budget` entries of a pass to be priced again in this batch; returns what is left of the budget.
    fn advance_pass(&mut self, number: u32, budget: usize, states: &mut dyn States) -> Result<usize, StageError> {
        let pass = self.partitions.get(&number).and_then(|partition| partition.progress.pass.clone());
        let Some(mut pass) = pass.filter(|_| budget > 0) else { return Ok(budget) };
        let (keys, done) = match &mut pass.payees {
            None => {
                let keys = states.keys_between(number, &pass.after, None, budget)?;
                pass.after = keys.last().cloned().unwrap_or_default();
                let done = keys.len() < budget;
                (keys, done)
            }
            Some(payees) => {
                let some: Vec<String> = payees.drain(..payees.len().min(budget)).collect();
                let mut keys = Vec::new();
                for payee_id in &some {
                    keys.extend(keys_of_payee(number, payee_id, states)?);
                }
                (keys, payees.is_empty())
            }
        };
        self.partition(number)?.progress.pass = (!done).then_some(pass);
        let keys = self.with_years(keys, &[]);
        for key in &keys {
            let place = self.load(number, key, states)?;
            self.loaded[place].touched = true;
        }
        Ok(budget.saturating_sub(keys.len().max(1)))
    }
}

/// All stored keys of a payee: entries and ledger.
fn keys_of_payee(number: u32, payee_id: &str, states: &mut dyn States) -> Result<Vec<Vec<u8>>, StageError> {
    const AT_ONCE: usize = 64;
    let (prefix, end) = ([payee_id.as_bytes(), b"\0"].concat(), [payee_id.as_bytes(), b"\x01"].concat());
    let mut found: Vec<Vec<u8>> = Vec::new();
    loop {
        let before = found.len();
        let keys = states.keys_between(number, found.last().unwrap_or(&prefix), Some(&end), AT_ONCE)?;
        found.extend(keys);
        if found.len() - before < AT_ONCE {
            return Ok(found);
        }
    }
}

impl Stage for Earning {
    fn inputs(&self) -> &'static [Topic] {
        &[Topic::Credits]
    }

    fn changelog(&self) -> Topic {
        Topic::EarningChangelog
    }

    fn gathers(&self) -> bool {
        true
    }

    fn assign(&mut self, partition: u32, last: Option<(&[u8], u64)>) -> Result<(), StageError> {
        let (progress, facts_next) = match last {
            Some((meta, facts_next)) => (Progress::decode(meta).map_err(|error| alarm(partition, error))?, facts_next),
            None => (Progress::new(self.world.partitions), 0),
        };
        self.partitions.insert(partition, Partition { progress, facts_next });
        Ok(())
    }

    fn facts_wanted(&self) -> u64 {
        self.feed.wanted()
    }

    fn offer(&mut self, origin: Origin<'_>, fact: Result<Fact, Reject>) {
        self.feed.offer(origin, fact);
    }

    fn begin(&mut self) {
        self.saved = Some((self.world.clone(), self.partitions.clone()));
    }

    fn work(
        &mut self,
        _next_offset: &dyn Fn(Topic, u32) -> u64,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        self.adopt();
        let mut left = budget;
        let current: Vec<u32> = self.partitions.keys().copied().filter(|number| self.is_current(*number)).collect();
        for number in &current {
            let number = *number;
            left = self.tell_rounds(number, left, states, effects)?;
            left = self.operate(number, left, states, effects)?;
            left = self.advance_pass(number, left, states)?;
        }
        let more = |number: &u32| self.can_operate(*number) || self.can_tell_round(*number);
        Ok(current.iter().any(|number| more(number) || self.partitions[number].progress.pass.is_some()))
    }

    fn fold(
        &mut self,
        origin: Origin<'_>,
        input: Result<Input<'_>, Reject>,
        states: &mut dyn States,
        _effects: &mut Effects,
    ) -> Result<Flow, StageError> {
        let number = origin.position.partition;
        let packed: PackedCredits<'_> = match input {
            Ok(Input::Credits(packed)) => packed,
            Ok(_) => return Err(alarm(number, "earning reads credits only")),
            Err(reject) => return Err(alarm(number, format!("offset {}: {reject}", origin.position.offset))),
        };
        if !self.is_current(number) || packed.facts_next > self.world.facts_next {
            return Ok(Flow::NotYet);
        }
        self.count(origin, &packed, states, _effects)?;
        Ok(Flow::Folded)
    }

    fn loaded(&self) -> usize {
        self.loaded.len()
    }

    fn finish(&mut self, _states: &mut dyn States, effects: &mut Effects) -> Result<bool, StageError> {
        self.settle(effects)
    }

    fn meta(&self, partition: u32) -> (Vec<u8>, u64) {
        let found = self.partitions.get(&partition);
        found.map_or((Vec::new(), 0), |partition| (partition.progress.encode(), partition.facts_next))
    }

    fn committed(&mut self) {
        self.saved = None;
        self.feed.committed();
        let performed = self.partitions.values().map(|partition| partition.progress.operations).min().unwrap_or(0);
        self.snapshots.retain(|operation, _| *operation >= performed);
    }

    fn abandon(&mut self) {
        if let Some((world, partitions)) = self.saved.take() {
            (self.world, self.partitions) = (world, partitions);
        }
        self.packers.values_mut().for_each(Packer::clear);
        self.forget_loaded();
        self.feed.abandon();
    }

    fn phase(&self) -> Phase {
        if self.partitions.values().any(|partition| partition.progress.exchange.after.is_some()) {
            return Phase::Telling;
        }
        let operating = self.partitions.iter().find(|(_, partition)| partition.progress.operating.is_some());
        match operating.and_then(|(number, _)| self.next_operation(*number)) {
            Some(Operation::Release(_)) => Phase::Releasing,
            Some(_) => Phase::Closing,
            None => Phase::Idle,
        }
    }

    fn pending_closes(&self) -> Vec<PendingClose> {
        self.closes_to_perform()
    }

    fn idle(&self) -> bool {
        let done = |partition: &Partition| {
            partition.facts_next <= self.world.facts_next
                && partition.progress.pass.is_none()
                && partition.progress.operations == self.world.operations.len()
        };
        self.feed.is_empty() && self.partitions.values().all(done)
    }
}
