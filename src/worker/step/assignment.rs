//! Taking partitions on: restore, then the stage, then the flow of inputs. An alarm stops its partition only.

use super::Machine;
use crate::domain::topic::Topic;
use crate::log::{Assigned, LogError};
use crate::telemetry;
use crate::worker::Trouble;
use crate::worker::restore::{Restore, RestoreError};
use crate::worker::status::Stuck;
use crate::worker::transaction::Held;
use std::time::Duration;

impl Machine {
    /// What is taken goes before what is given comes: a partition may be both.
    pub(super) fn take_assignments(&mut self) -> Result<(), Trouble> {
        let wait = if self.held.is_empty() { self.setup.limits.batch_wait() } else { Duration::ZERO };
        let assigned = self.log.assigned(wait)?;
        if !assigned.is_empty() {
            self.regroup(&assigned)?;
        }
        self.waiting.extend(assigned.given);
        for partition in self.waiting.clone() {
            self.take_on(partition)?;
            self.waiting.remove(&partition);
        }
        Ok(())
    }

    /// Drops the open transaction and what is no longer held. The stage is made anew, because it knows partitions that come
    /// only from its beginning; the states of those that stay, stay.
    fn regroup(&mut self, assigned: &Assigned) -> Result<(), Trouble> {
        if !self.held.is_empty() {
            self.setup.crash.pass("in-revoke")?;
        }
        for partition in assigned.taken.iter().chain(&assigned.given) {
            self.let_go(*partition);
        }
        self.setup.status.update(self.setup.name, |stage| (stage.idle, stage.settled) = (false, false));
        self.roll_back()?;
        self.make_stage_of_held()
    }

    /// The stage made anew, with the partitions that are held.
    pub(super) fn make_stage_of_held(&mut self) -> Result<(), Trouble> {
        self.make_stage();
        for (partition, held) in &self.held {
            let record = held.last.as_ref().map(|sealed| &sealed.record);
            self.stage.assign(*partition, record.map(|record| (record.stage_meta.as_slice(), record.facts_next)))?;
            self.facts_floor = self.facts_floor.max(record.map_or(0, |record| record.facts_next));
        }
        Ok(())
    }

    pub(super) fn let_go(&mut self, partition: u32) {
        self.held.remove(&partition);
        self.waiting.remove(&partition);
        self.started.remove(&partition);
        self.committed.retain(|(_, of), _| *of != partition);
        self.states.close(partition);
        self.setup.status.update(self.setup.name, |stage| drop(stage.partitions.remove(&partition)));
    }

    fn take_on(&mut self, partition: u32) -> Result<(), Trouble> {
        self.assignment += 1;
        let name = self.setup.name;
        self.setup.status.update(name, |stage| stage.partitions.entry(partition).or_default().restoring = true);
        let alarm = match self.restore(partition) {
            Ok(()) => None,
            Err(RestoreError::Alarm(message)) => {
                telemetry::alarm(name, partition, &message);
                Some(Stuck::now(message))
            }
            Err(RestoreError::Trouble(trouble)) => return Err(trouble),
        };
        self.setup.status.update(name, |stage| {
            let status = stage.partitions.entry(partition).or_default();
            (status.restoring, status.restore_remaining, status.alarm) = (false, 0, alarm);
        });
        self.report(partition);
        Ok(())
    }

    fn restore(&mut self, partition: u32) -> Result<(), RestoreError> {
        let (status, name) = (&self.setup.status, self.setup.name);
        let told = |remaining| {
            status.update(name, |stage| stage.partitions.entry(partition).or_default().restore_remaining = remaining);
        };
        let restored = Restore {
            told: &told,
            client: self.setup.client.as_ref(),
            codec: &self.setup.codec,
            store: &self.store,
            crash: &self.setup.crash,
            metrics: &self.setup.metrics,
            stage: self.setup.name,
            group: &self.setup.group,
            owner: &self.setup.owner,
            changelog: self.stage.changelog(),
            inputs: self.stage.inputs(),
            undecided_limit: self.setup.undecided_limit,
        }
        .run(partition, self.assignment)?;
        let record = restored.last.as_ref().map(|sealed| &sealed.record);
        let facts_next = record.map_or(0, |record| record.facts_next);
        self.check_facts(facts_next)?;
        self.states.open(partition, restored.reader, record.map_or(0, |record| record.seq));
        self.start(partition, &restored.next)?;
        self.stage.assign(partition, record.map(|record| (record.stage_meta.as_slice(), record.facts_next)))?;
        self.facts_floor = self.facts_floor.max(facts_next);
        for (topic, next) in restored.next {
            self.committed.insert((topic, partition), next);
            self.setup.tap.iter().for_each(|tap| tap.start(topic, partition, next));
        }
        let held = Held {
            last: restored.last,
            genesis: restored.genesis,
            digest: restored.digest,
            epoch: restored.epoch,
            assignment: self.assignment,
            changelog_bound: restored.changelog_bound,
        };
        self.held.insert(partition, held);
        Ok(())
    }

    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        if self.started.contains(&partition) {
            return positions.iter().try_for_each(|(topic, next)| self.log.seek(*topic, partition, *next));
        }
        self.log.start(partition, positions)?;
        self.started.insert(partition);
        Ok(())
    }

    fn check_facts(&self, facts_next: u64) -> Result<(), RestoreError> {
        let end = self.setup.client.end(Topic::Facts, 0)?;
        if facts_next <= end {
            return Ok(());
        }
        Err(RestoreError::Alarm(format!(
            "the commit record has adopted facts before {facts_next}, but facts ends at {end}; bring facts back from a backup"
        )))
    }

    pub(super) fn report(&self, partition: u32) {
        let Some(held) = self.held.get(&partition) else { return };
        let inputs = self.stage.inputs().iter();
        let next = inputs.map(|topic| (*topic, self.committed.get(&(*topic, partition)).copied().unwrap_or(0))).collect();
        self.setup.status.update(self.setup.name, |stage| {
            let status = stage.partitions.entry(partition).or_default();
            status.next = next;
            status.seq = held.seq();
            status.live_keys = held.digest.live_keys;
            status.facts_next = held.last.as_ref().map_or(0, |sealed| sealed.record.facts_next);
        });
    }
}
