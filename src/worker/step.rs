//! The step machine of one stage: all that happens happens in a `step`. Threads only drive it.
//!
//! A step takes assignments and restores them, reads facts, polls inputs and folds them, and, once enough is gathered,
//! commits. What goes wrong is decided in `recovery`; `assignment` takes partitions on, `gathering` tells what is
//! enough, `ending` commits.

mod assignment;
mod ending;
mod gathering;
mod recovery;

use super::batch::{Folded, Folding, Offsets};
use super::crash::CrashPoints;
use super::status::{OutcomeTap, Status};
use super::transaction::Held;
use super::working_set::WorkingSet;
use super::{Stop, Trouble};
use crate::config::Limits;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::batch::Outbox;
use crate::log::{Batch, Client, Limit, LogError, StageLog};
use crate::pipeline::{Effects, Origin, Stage, StageError};
use crate::store::{Acknowledgement, Store};
use crate::telemetry::{self, Metrics};
use crate::wire::{Codec, Unread};
use gathering::Gathering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FACTS_BYTES: usize = 1 << 20;

/// Makes a stage that holds no partition yet: whenever the state is dropped, a new one takes its place.
pub type MakeStage = Box<dyn Fn() -> Box<dyn Stage> + Send>;

/// What a machine stands on.
pub struct Setup {
    pub name: &'static str,
    /// The stage's group, as the log knows it.
    pub group: String,
    /// Application and stage: whose the store is.
    pub owner: String,
    pub client: Arc<dyn Client>,
    pub codec: Arc<Codec>,
    pub make_stage: MakeStage,
    pub limits: Limits,
    /// How long the end of a changelog may stay undecided.
    pub undecided_limit: Duration,
    pub status: Arc<Status>,
    pub tap: Option<Arc<OutcomeTap>>,
    pub metrics: Arc<Metrics>,
    pub crash: Arc<CrashPoints>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Worked,
    /// Nothing was there; the step has waited for it.
    Idle,
    /// The next step has no use before this.
    Wait(Duration),
}

pub struct Machine {
    setup: Setup,
    log: Box<dyn StageLog>,
    stage: Box<dyn Stage>,
    store: Store,
    states: WorkingSet,
    partitions: u32,
    held: BTreeMap<u32, Held>,
    /// Assigned, to be restored.
    waiting: BTreeSet<u32>,
    /// Their inputs flow already: a new position is sought instead of started from.
    started: BTreeSet<u32>,
    committed: Offsets,
    /// What the last poll brought.
    polled: Batch,
    folded: Folded,
    effects: Effects,
    outbox: Outbox,
    poison: BTreeSet<Position>,
    /// The stage is between `begin` and its end.
    folding: bool,
    /// The log's transaction is open.
    begun: bool,
    gathering: Gathering,
    /// The last step left work to do right away.
    more: bool,
    paused: bool,
    /// Somebody has said that nothing is to be folded.
    halted: bool,
    facts_due: Option<Instant>,
    /// Facts are read from here on: behind the last one may lie what no reader sees.
    facts_next: u64,
    /// The stage folds only once it has been offered the facts before this.
    facts_floor: u64,
    records_limit: usize,
    assignment: u64,
    failures: u32,
    losses: u32,
    retry_at: Option<Instant>,
}

impl Machine {
    pub fn new(setup: Setup, log: Box<dyn StageLog>, store: Store) -> Result<Machine, Stop> {
        let stage = (setup.make_stage)();
        let gather_limit_ms = if stage.gathers() { setup.limits.gather_limit_ms } else { 0 };
        let partitions = partition_count(setup.client.as_ref(), stage.inputs())?;
        telemetry::stage_started(setup.name, partitions);
        Ok(Machine {
            states: WorkingSet::new(setup.limits.working_set_bytes, setup.limits.unacknowledged_bytes),
            records_limit: setup.limits.batch_records,
            setup,
            log,
            stage,
            store,
            partitions,
            held: BTreeMap::new(),
            waiting: BTreeSet::new(),
            started: BTreeSet::new(),
            committed: Offsets::new(),
            polled: Batch::default(),
            folded: Folded::default(),
            effects: Effects::default(),
            outbox: Outbox::default(),
            poison: BTreeSet::new(),
            folding: false,
            begun: false,
            gathering: Gathering::new(Duration::from_millis(gather_limit_ms)),
            more: false,
            paused: false,
            halted: false,
            facts_due: None,
            facts_next: 0,
            facts_floor: 0,
            assignment: 0,
            failures: 0,
            losses: 0,
            retry_at: None,
        })
    }

    pub fn step(&mut self, now: Instant) -> Result<Progress, Stop> {
        match self.try_step(now) {
            Ok(progress) => Ok(progress),
            Err(trouble) => self.recover(trouble, now),
        }
    }

    fn try_step(&mut self, now: Instant) -> Result<Progress, Trouble> {
        if let Some(at) = self.retry_at.filter(|at| now < *at) {
            self.keep_membership()?;
            return Ok(Progress::Wait(at - now));
        }
        self.retry_at = None;
        self.take_assignments()?;
        self.take_acknowledgements(Duration::ZERO)?;
        if !self.folding && self.is_halted()? {
            self.keep_membership()?;
            return Ok(Progress::Wait(self.setup.limits.batch_wait()));
        }
        if self.held.is_empty() {
            return Ok(Progress::Wait(self.setup.limits.batch_wait()));
        }
        if self.states.is_full() {
            return self.pause();
        }
        self.resume();
        let offered = self.offer_facts(now)?;
        self.begin()?;
        match self.gather(offered)? {
            true => Ok(Progress::Worked),
            false => self.end(offered),
        }
    }

    fn keep_membership(&mut self) -> Result<(), Trouble> {
        Ok(self.log.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO)?)
    }

    fn take_acknowledgements(&mut self, wait: Duration) -> Result<(), Trouble> {
        let mut wait = wait;
        while let Some(acknowledgement) = self.store.acknowledged(wait)? {
            wait = Duration::ZERO;
            let is_current = |partition: &u32, epoch: u64| self.held.get(partition).is_some_and(|held| held.assignment == epoch);
            match acknowledgement {
                Acknowledgement::Applied { partition, epoch, seq } if is_current(&partition, epoch) => {
                    self.states.acknowledge(partition, seq);
                    self.losses = 0;
                }
                Acknowledgement::Lost { partition, epoch, reason } if is_current(&partition, epoch) => {
                    return Err(Trouble::Stage(StageError::Read { partition, source: reason.into() }));
                }
                Acknowledgement::Applied { .. } | Acknowledgement::Lost { .. } => {}
            }
        }
        Ok(())
    }

    /// Whether somebody has said that nothing is to be folded: seen between transactions only.
    fn is_halted(&mut self) -> Result<bool, Trouble> {
        let asked = self.setup.status.is_pause_asked();
        if asked != self.halted {
            self.log.pause(asked)?;
            self.halted = asked;
            telemetry::halted(self.setup.name, asked);
            self.setup.status.update(self.setup.name, |stage| stage.paused_by_operator = asked);
        }
        Ok(asked)
    }

    fn pause(&mut self) -> Result<Progress, Trouble> {
        if !self.paused {
            self.paused = true;
            telemetry::paused(self.setup.name, self.states.unacknowledged_bytes());
            self.setup.status.update(self.setup.name, |stage| stage.paused = true);
        }
        self.keep_membership()?;
        self.take_acknowledgements(self.setup.limits.batch_wait())?;
        Ok(Progress::Idle)
    }

    fn resume(&mut self) {
        if std::mem::take(&mut self.paused) {
            self.setup.status.update(self.setup.name, |stage| stage.paused = false);
        }
    }

    /// Reads facts now and then, and at once while there are some.
    fn offer_facts(&mut self, now: Instant) -> Result<bool, Trouble> {
        if self.facts_due.is_some_and(|due| now < due) {
            return Ok(false);
        }
        let wanted = self.stage.facts_wanted();
        let mut facts = Batch::default();
        let from = self.facts_next.max(wanted);
        let next = self.setup.client.read(Topic::Facts, 0, from, FACTS_BYTES, &mut facts)?;
        for row in facts.rows().iter().filter(|row| row.position.offset >= wanted) {
            let (key, value) = (facts.key(row).unwrap_or_default(), facts.value(row));
            let fact = match value.map_or_else(|| Err(no_fact().into()), |value| self.setup.codec.fact(value)) {
                Ok(fact) => Ok(fact),
                Err(Unread::Refused(reject)) => Err(reject),
                Err(Unread::Unavailable(why)) => return Err(LogError::Unavailable(why).into()),
            };
            self.stage.offer(Origin { position: row.position, key, value: value.unwrap_or_default() }, fact);
        }
        self.facts_next = next;
        let offered = self.stage.facts_wanted() > wanted;
        self.facts_due = if offered { None } else { Some(now + self.setup.limits.batch_wait()) };
        Ok(offered)
    }

    /// The generation that the transaction is fenced by is taken before what it covers is read.
    fn begin(&mut self) -> Result<(), Trouble> {
        if !self.begun {
            self.setup.crash.pass("before-begin")?;
            // Also when it fails: what is open then must be aborted.
            self.begun = true;
            self.log.begin()?;
        }
        if !self.folding {
            self.folding = true;
            self.timed(|folding, _| folding.begin())?;
        }
        Ok(())
    }

    /// Takes input and folds it. True: the transaction goes on to take some.
    fn gather(&mut self, offered: bool) -> Result<bool, Trouble> {
        // Facts first: deals that come before the payees whom they name would all be parked and resumed.
        if offered || self.stage.facts_wanted() < self.facts_floor {
            self.keep_membership()?;
            return Ok(false);
        }
        let (before, more) = (self.folded.polled, self.more || self.folded.more);
        let wait = if more { Duration::ZERO } else { self.setup.limits.batch_wait() };
        let records = self.records_limit.saturating_sub(before).max(1);
        self.polled.clear();
        self.log.poll(&mut self.polled, Limit { records, bytes: self.setup.limits.batch_bytes }, wait)?;
        self.timed(|folding, polled| folding.take(polled))?;
        let after = self.folded.polled;
        let full = after >= self.records_limit || self.stage.loaded() >= self.setup.limits.batch_keys;
        let ends = full || more || !self.folded.held_back.is_empty();
        Ok(!ends && self.gathering.goes_on(before, after, Instant::now()))
    }

    fn timed(&mut self, work: impl FnOnce(&mut Folding<'_>, &Batch) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let started = Instant::now();
        let (mut folding, polled) = self.folding();
        work(&mut folding, polled)?;
        self.folded.busy += started.elapsed();
        Ok(())
    }

    fn folding(&mut self) -> (Folding<'_>, &Batch) {
        let folding = Folding {
            stage: self.stage.as_mut(),
            name: self.setup.name,
            codec: &self.setup.codec,
            states: &mut self.states,
            effects: &mut self.effects,
            outbox: &mut self.outbox,
            poison: &mut self.poison,
            committed: &self.committed,
            partitions: self.partitions,
            maximum_record_bytes: self.setup.limits.maximum_record_bytes,
            work_budget_keys: self.setup.limits.work_budget_keys.min(self.records_limit),
            folded: &mut self.folded,
        };
        (folding, &self.polled)
    }
}

/// The inputs' partition count, which all of them share.
fn partition_count(client: &dyn Client, inputs: &[Topic]) -> Result<u32, Stop> {
    let mut counts = BTreeSet::new();
    for topic in inputs {
        counts.insert(client.partitions(*topic)?);
    }
    match counts.len() {
        1 => Ok(counts.into_iter().next().unwrap_or(0)),
        _ => Err(Stop::Settings(format!("the inputs {} have different partition counts; give them one", names(inputs)))),
    }
}

fn names(topics: &[Topic]) -> String {
    topics.iter().map(|topic| topic.name()).collect::<Vec<_>>().join(", ")
}

fn no_fact() -> Reject {
    Reject::new(Reason::NotDecodable, "", "a fact without a value".into())
}
