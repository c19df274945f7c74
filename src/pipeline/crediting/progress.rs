//! Crediting's own work between records: adopts facts, re-credits what they touch with a cursor, performs closes.

use super::{Cause, CauseTopic, Crediting, PARKED_END, PARKED_PREFIX, alarm, origin_of, reject_record};
use crate::domain::calendar::Date;
use crate::domain::fact::Cut;
use crate::domain::output::{CloseNote, RejectKind};
use crate::domain::topic::Topic;
use crate::domain::world::Reach;
use crate::pipeline::packer::Heading;
use crate::pipeline::{Effects, Output, PendingClose, StageError, States};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a partition's commit record says about its progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Closes performed.
    pub epoch: u32,
    /// Next `link_seq` per destination.
    pub links: Vec<u64>,
    pub pass: Option<Pass>,
}

/// Deals that a fact touches, worked off in key order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Deals closed on or after this day; `None`: only what is parked.
    pub from: Option<Date>,
    /// The last key that is done.
    pub after: Vec<u8>,
}

impl Progress {
    pub fn new(partitions: u32) -> Progress {
        Progress { epoch: 0, links: vec![0; partitions as usize], pass: None }
    }

    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }

    pub fn decode(bytes: &[u8]) -> Result<Progress, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}

/// The pass that a reach needs, over all deals or over the parked ones.
fn pass_for(reach: &Reach) -> Option<Pass> {
    let from = if reach.backfill { Some(Date(i32::MIN)) } else { reach.credits_from };
    match from {
        Some(from) => Some(Pass { from: Some(from), after: Vec::new() }),
        None if reach.parked => Some(Pass { from: None, after: PARKED_PREFIX.to_vec() }),
        None => None,
    }
}

impl Crediting {
    /// Whether a close is adopted that some partition has not performed.
    pub(super) fn must_close(&self) -> bool {
        self.current().any(|partition| (partition.progress.epoch as usize) < self.world.runs.len())
    }

    /// What the partitions that are held have yet to perform.
    pub(super) fn closes_to_perform(&self) -> Vec<PendingClose> {
        let performed = |number: &u32| self.partitions.get(number).map_or(0, |partition| partition.progress.epoch as usize);
        let numbers: Vec<u32> = self.partitions.keys().copied().filter(|number| self.is_current(*number)).collect();
        let first = numbers.iter().map(performed).min().unwrap_or(usize::MAX);
        let missing = |run: usize| numbers.iter().copied().filter(|number| performed(number) <= run).collect();
        let runs = self.world.runs.iter().enumerate().skip(first);
        let pending = runs.map(|(run, of)| PendingClose {
            close_id: of.closed.close_id.clone(),
            crediting: missing(run),
            earning: Vec::new(),
        });
        pending.collect()
    }

    /// Whether some partition still works on facts that are adopted.
    fn is_busy(&self) -> bool {
        self.must_close() || self.current().any(|partition| partition.progress.pass.is_some())
    }

    pub(super) fn progress(
        &mut self,
        next_offset: &dyn Fn(Topic, u32) -> u64,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        self.adopt(effects);
        let mut left = budget;
        for number in self.partitions.keys().copied().collect::<Vec<_>>() {
            if self.is_current(number) {
                left = self.advance_pass(number, left, states, effects)?;
                self.perform_close(number, next_offset, effects)?;
            }
        }
        let passing = self.current().any(|partition| partition.progress.pass.is_some());
        Ok(passing || (!self.feed.is_empty() && !self.must_close()))
    }

    /// Adopts offered facts up to the next close, when no partition still works on earlier ones. A partition that has
    /// adopted a fact before is not touched by it again: after a restart, or where another worker had it.
    fn adopt(&mut self, effects: &mut Effects) {
        let mut reaches: BTreeMap<u64, Reach> =
            self.partitions.values().map(|partition| (partition.facts_next, Reach::default())).collect();
        while !self.feed.is_empty() && !self.is_busy() {
            let first_is_current = self.is_current(0);
            let Some(offered) = self.feed.take() else { break };
            let offset = offered.position.offset;
            let applied = match &offered.fact {
                Ok(fact) => self.world.apply(offset, fact),
                Err(reject) => {
                    self.world.facts_next = offset + 1;
                    Err(reject.clone())
                }
            };
            match applied {
                Ok(touched) => reaches.range_mut(..=offset).for_each(|(_, reach)| reach.merge(&touched)),
                Err(reject) if first_is_current => {
                    effects.outputs.push(reject_record(RejectKind::Rejected, offered.origin(), reject, self.reject_bytes));
                }
                Err(_) => {}
            }
        }
        for partition in self.partitions.values_mut().filter(|partition| partition.facts_next < self.world.facts_next) {
            partition.progress.pass = reaches.get(&partition.facts_next).and_then(pass_for);
            partition.facts_next = self.world.facts_next;
        }
    }

    /// Re-credits up to `budget` keys of a partition's pass; returns what is left of the budget.
    fn advance_pass(
        &mut self,
        number: u32,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<usize, StageError> {
        let pass = self.partitions.get(&number).and_then(|partition| partition.progress.pass.clone());
        let Some(mut pass) = pass.filter(|_| budget > 0) else { return Ok(budget) };
        // Deals lie behind the keys of what is parked; parked ones have their own key among them, too.
        let (after, until) = match pass.from {
            Some(_) => (PARKED_END.max(&pass.after), None),
            None => (pass.after.as_slice(), Some(PARKED_END)),
        };
        let keys = states.keys_between(number, after, until, budget)?;
        let done = keys.len() < budget;
        for key in &keys {
            let deal_key = key.strip_prefix(PARKED_PREFIX).unwrap_or(key);
            self.recredit_key(number, deal_key, pass.from, states, effects)?;
        }
        pass.after = keys.last().cloned().unwrap_or_default();
        if let Some(partition) = self.partitions.get_mut(&number) {
            partition.progress.pass = (!done).then_some(pass);
        }
        Ok(budget - keys.len().min(budget))
    }

    /// Computes a deal's credits again under the facts that are adopted; with `from` only of one closed since.
    pub(super) fn recredit_key(
        &mut self,
        number: u32,
        key: &[u8],
        from: Option<Date>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let place = self.load(number, key, states)?;
        let state = &self.loaded[place].state;
        let Some(newest) = state.revisions.last() else { return Ok(()) };
        let deal = newest.deal().map_err(|error| alarm(number, error))?;
        // What was returned is credited on the day that the deal was sold, whatever day its last revision states.
        let is_before = from.is_some_and(|from| deal.closed_on < from) && state.returned.is_empty();
        if is_before && state.parked.is_none() {
            return Ok(());
        }
        let fact = self.world.facts_next.saturating_sub(1);
        let cause = Cause { topic: CauseTopic::Facts, offset: fact, occurred_at: newest.occurred_at };
        let offset = newest.offset;
        self.recredit(place, None, cause, origin_of(number, key, offset), effects)
    }

    /// Performs the next close of a partition once its facts, its cursor and its positions are there.
    fn perform_close(
        &mut self,
        number: u32,
        next_offset: &dyn Fn(Topic, u32) -> u64,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let facts_next = self.world.facts_next;
        let Some(partition) = self.partitions.get_mut(&number).filter(|partition| partition.progress.pass.is_none()) else {
            return Ok(());
        };
        let Some(run) = self.world.runs.get(partition.progress.epoch as usize) else { return Ok(()) };
        let Cut { deal_closed, quota_changed, deal_settled, adjustment_made } = &run.closed.cut;
        let cuts = [
            (Topic::DealClosed, deal_closed),
            (Topic::QuotaChanged, quota_changed),
            (Topic::DealSettled, deal_settled),
            (Topic::AdjustmentMade, adjustment_made),
        ];
        let next = cuts.map(|(topic, _)| next_offset(topic, number));
        let cut = |offsets: &[u64]| offsets.get(number as usize).copied().unwrap_or(0);
        if cuts.iter().zip(next).any(|((_, offsets), next)| next < cut(offsets)) {
            return Ok(());
        }
        let close_id = run.closed.close_id.clone();
        let heading = Heading { source: number, epoch: partition.progress.epoch, facts_next };
        partition.packer.marker(&close_id).map_err(|error| alarm(number, error))?;
        let closed = partition.packer.close(heading, &mut partition.progress.links, 0, effects);
        closed.map_err(|error| alarm(number, error))?;
        partition.progress.epoch += 1;
        let [deal_closed, quota_changed, deal_settled, adjustment_made] = next;
        effects.outputs.push(Output::Close(CloseNote::SourceClosed {
            close_id,
            partition: number,
            deal_closed,
            quota_changed,
            deal_settled,
            adjustment_made,
        }));
        Ok(())
    }
}
