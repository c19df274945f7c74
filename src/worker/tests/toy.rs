//! A toy stage: counts deals per id, and adds 1000 to every count that is there when a fact is adopted, in bounded steps
//! with a cursor. Every new count is an output, so that a lost or repeated one shows.

use super::faulty::Faults;
use crate::domain::fact::Fact;
use crate::domain::reject::Reject;
use crate::domain::topic::Topic;
use crate::pipeline::{Changed, Effects, Flow, Input, Origin, Outcome, Output, PendingClose, Phase, Stage, StageError, States};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const FACT_ADDS: u64 = 1000;
/// A deal whose fold takes so long that what follows is gathered.
pub const SLOW: &str = "slow";
const SLOW_TIME: Duration = Duration::from_millis(400);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Meta {
    facts_next: u64,
    /// The fact that is worked off, up to this key.
    cursor: Option<Vec<u8>>,
}

#[derive(Clone)]
struct Count {
    stored: Option<Arc<[u8]>>,
    now: u64,
}

#[derive(Clone, Default)]
pub struct Toy {
    inputs: &'static [Topic],
    faults: Arc<Mutex<Faults>>,
    offered: u64,
    metas: BTreeMap<u32, Meta>,
    saved: BTreeMap<u32, Meta>,
    counts: BTreeMap<(u32, Vec<u8>), Count>,
}

impl Toy {
    pub fn reading(inputs: &'static [Topic], faults: Arc<Mutex<Faults>>) -> Toy {
        Toy { inputs, faults, ..Toy::default() }
    }

    /// A state as the store has it, unless a test has ordered that it cannot be read.
    fn read(&self, partition: u32, key: &[u8], states: &mut dyn States) -> Result<Option<Arc<[u8]>>, StageError> {
        let mut faults = self.faults.lock().unwrap();
        match faults.failing_reads.checked_sub(1) {
            Some(left) => {
                faults.failing_reads = left;
                Err(StageError::Read { partition, source: "the disk does not answer".into() })
            }
            None => states.get(partition, key),
        }
    }

    fn count(
        &mut self,
        partition: u32,
        key: &[u8],
        adds: u64,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let place = (partition, key.to_vec());
        if !self.counts.contains_key(&place) {
            let stored = self.read(partition, key, states)?;
            let now = stored.as_deref().map_or(0, number);
            self.counts.insert(place.clone(), Count { stored, now });
        }
        let count = self.counts.get_mut(&place).unwrap();
        let before = count.now;
        count.now += adds;
        let text = format!("{} {} {}", String::from_utf8_lossy(key), before, before + adds);
        effects.outputs.push(Output::Credits { partition, bytes: text.into_bytes() });
        Ok(())
    }

    fn work_off(
        &mut self,
        partition: u32,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        let mut meta = self.metas[&partition].clone();
        if meta.cursor.is_none() && meta.facts_next < self.offered {
            meta.cursor = Some(Vec::new());
        }
        let Some(cursor) = meta.cursor.clone() else { return Ok(false) };
        let keys = states.keys_between(partition, &cursor, None, budget)?;
        for key in &keys {
            assert_ne!(key, b"fragile", "a state that no fact may touch");
            self.count(partition, key, FACT_ADDS, states, effects)?;
        }
        meta.cursor = keys.last().cloned();
        if meta.cursor.is_none() {
            meta.facts_next += 1;
        }
        let more = meta.cursor.is_some() || meta.facts_next < self.offered;
        self.metas.insert(partition, meta);
        Ok(more)
    }
}

fn number(state: &[u8]) -> u64 {
    String::from_utf8_lossy(state).parse().unwrap()
}

impl Stage for Toy {
    fn inputs(&self) -> &'static [Topic] {
        self.inputs
    }

    fn changelog(&self) -> Topic {
        Topic::CreditingChangelog
    }

    fn gathers(&self) -> bool {
        true
    }

    fn assign(&mut self, partition: u32, last: Option<(&[u8], u64)>) -> Result<(), StageError> {
        let meta: Meta = last.map_or_else(Meta::default, |(meta, _)| postcard::from_bytes(meta).unwrap());
        assert_eq!(meta.facts_next, last.map_or(0, |(_, facts_next)| facts_next));
        self.metas.insert(partition, meta);
        Ok(())
    }

    fn facts_wanted(&self) -> u64 {
        self.offered
    }

    fn offer(&mut self, origin: Origin<'_>, _: Result<Fact, Reject>) {
        assert_eq!(origin.position.offset, self.offered);
        self.offered += 1;
    }

    fn begin(&mut self) {
        self.saved = self.metas.clone();
    }

    fn work(
        &mut self,
        _: &dyn Fn(Topic, u32) -> u64,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError> {
        let mut more = false;
        for partition in self.metas.keys().copied().collect::<Vec<_>>() {
            more |= self.work_off(partition, budget, states, effects)?;
        }
        Ok(more)
    }

    fn fold(
        &mut self,
        origin: Origin<'_>,
        input: Result<Input<'_>, Reject>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Flow, StageError> {
        let partition = origin.position.partition;
        match input {
            Ok(Input::Deal(deal)) => {
                assert!(!["poison", "venom"].contains(&deal.deal_id), "poison was folded");
                if deal.deal_id == SLOW {
                    std::thread::sleep(SLOW_TIME);
                }
                if deal.deal_id.starts_with("contradiction") && self.metas[&partition].facts_next == 0 {
                    return Err(StageError::Alarm { partition, message: "a contradiction".into() });
                }
                // A deal named so waits for the second fact.
                if deal.deal_id.starts_with("later") && self.metas[&partition].facts_next < 2 {
                    return Ok(Flow::NotYet);
                }
                self.count(partition, deal.deal_id.as_bytes(), 1, states, effects)?;
                effects.outcomes.push((origin.position, Outcome::Counted));
            }
            // Every quota is one more for all of them.
            Ok(_) => self.count(partition, b"quotas", 1, states, effects)?,
            Err(reject) => {
                assert_ne!(origin.key, b"venom", "poison was rejected");
                let text = format!("rejected {} {}", origin.position.offset, reject.reason.code());
                effects.outputs.push(Output::Credits { partition, bytes: text.into_bytes() });
                effects.outcomes.push((origin.position, Outcome::Rejected(reject)));
            }
        }
        Ok(Flow::Folded)
    }

    fn loaded(&self) -> usize {
        self.counts.len()
    }

    fn finish(&mut self, _: &mut dyn States, effects: &mut Effects) -> Result<bool, StageError> {
        for ((partition, key), count) in std::mem::take(&mut self.counts) {
            assert_ne!(key, b"slow-poison", "poison was finished");
            let state = Some(count.now.to_string().as_bytes().into());
            effects.changed.push(Changed { partition, key: key.into(), old: count.stored, state });
        }
        Ok(false)
    }

    fn meta(&self, partition: u32) -> (Vec<u8>, u64) {
        let meta = &self.metas[&partition];
        (postcard::to_stdvec(meta).unwrap(), meta.facts_next)
    }

    fn committed(&mut self) {
        self.saved.clear();
    }

    fn abandon(&mut self) {
        self.metas = std::mem::take(&mut self.saved);
        self.counts.clear();
    }

    fn idle(&self) -> bool {
        self.metas.values().all(|meta| meta.cursor.is_none() && meta.facts_next == self.offered)
    }

    fn pending_closes(&self) -> Vec<PendingClose> {
        Vec::new()
    }

    fn phase(&self) -> Phase {
        let facts_next = self.metas.values().next().map_or(0, |meta| meta.facts_next);
        [Phase::Recrediting, Phase::Telling, Phase::Closing, Phase::Releasing][facts_next as usize % 4]
    }
}
