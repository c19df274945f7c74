//! The worker's own machine on a shadow of the log, as far as a gate lets it see.

use super::shadow::{Gate, Inputs, Shadow};
use super::{OWNER, PATIENCE, QUIET_STEPS, Rebuild};
use crate::domain::topic::Topic;
use crate::store::{Reader, Store};
use crate::telemetry::Metrics;
use crate::worker::Stop;
use crate::worker::restore::UNDECIDED_LIMIT;
use crate::worker::status::Status;
use crate::worker::step::{Machine, MakeStage, Progress, Setup};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How far the machine goes on.
pub struct Until<'u> {
    /// The facts before this offset, and the offset behind the last of them.
    pub facts: (u64, u64),
    pub inputs: &'u BTreeMap<(Topic, u32), u64>,
}

pub struct Fold {
    name: &'static str,
    store_name: &'static str,
    partitions: Vec<u32>,
    machine: Machine,
    gate: Arc<Gate>,
    status: Arc<Status>,
}

/// The states of each partition, and how many there are.
pub type Counted = BTreeMap<u32, (Reader, u64)>;

impl Fold {
    /// A machine of one of the stages that has seen nothing yet; its states go to a fresh store of this name.
    pub fn new(
        rebuild: &Rebuild,
        (name, store_name): (&'static str, &'static str),
        make_stage: MakeStage,
        inputs: Inputs,
    ) -> Result<Fold, Stop> {
        let (status, gate, partitions) = (Arc::new(Status::default()), inputs.gate.clone(), inputs.partitions.clone());
        let changelog = make_stage().changelog();
        let shadow = Shadow { log: rebuild.client.clone(), changelog, gate: gate.clone() };
        let metrics = Metrics::new().map_err(|error| Stop::Settings(format!("metrics: {error}")))?;
        let setup = Setup {
            name,
            group: OWNER.into(),
            owner: OWNER.into(),
            client: Arc::new(shadow),
            codec: rebuild.codec.clone(),
            make_stage,
            limits: rebuild.limits.clone(),
            undecided_limit: UNDECIDED_LIMIT,
            status: status.clone(),
            tap: None,
            metrics: Arc::new(metrics),
            crash: Arc::default(),
        };
        let machine = Machine::new(setup, Box::new(inputs), rebuild.store(store_name)?)?;
        Ok(Fold { name, store_name, partitions, machine, gate, status })
    }

    /// Folds until nothing is left to do of what may be seen.
    pub fn run(&mut self, until: &Until<'_>) -> Result<(), Stop> {
        let (facts_until, facts_next) = until.facts;
        self.gate.open(facts_until, until.inputs);
        let mut quiet = 0;
        while quiet < QUIET_STEPS {
            quiet = match self.machine.step(Instant::now())? {
                Progress::Worked => 0,
                Progress::Idle | Progress::Wait(_) => {
                    std::thread::sleep(Duration::from_millis(1));
                    if self.is_at(facts_next)? && self.gate.is_at_end() { quiet + 1 } else { 0 }
                }
            };
        }
        Ok(())
    }

    fn is_at(&self, facts_next: u64) -> Result<bool, Stop> {
        let stage = self.status.stage(self.name);
        let mut all = true;
        for partition in &self.partitions {
            let Some(held) = stage.partitions.get(partition) else { return Ok(false) };
            if let Some(alarm) = &held.alarm {
                return Err(Stop::Alarm(format!("the inputs do not give states again: {}", alarm.reason)));
            }
            // A record that nobody can read now is held back, and everything behind it with it: that is no end of the inputs.
            if let Some(unread) = held.unread.values().next() {
                return Err(Stop::Unavailable(format!("{}; rebuild again once it can be read", unread.reason)));
            }
            all &= held.facts_next >= facts_next;
        }
        // It is tried again meanwhile, and is no end of the inputs either.
        let Some(trouble) = stage.trouble else { return Ok(all) };
        match trouble.since.elapsed() {
            Ok(waited) if waited > PATIENCE => {
                Err(Stop::Unavailable(format!("{}; rebuild again once that is mended", trouble.reason)))
            }
            _ => Ok(false),
        }
    }

    /// The store, and what is in it.
    pub fn end(self, rebuild: &Rebuild) -> Result<(Store, Counted), Stop> {
        drop(self.machine);
        let store = rebuild.store(self.store_name)?;
        let mut readers = BTreeMap::new();
        for partition in self.partitions {
            let opened = store.open_partition(partition, OWNER, 1)?;
            readers.insert(partition, (opened.reader, opened.digest.live_keys));
        }
        Ok((store, readers))
    }
}
