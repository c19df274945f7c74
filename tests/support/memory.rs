//! Both stages over plain maps instead of a log: fast enough for thousands of histories, with batches that are dropped,
//! stages that are rebuilt from their commit records, and partitions that move between workers, at moments that a seed
//! picks.

use accrue::domain::calendar::Period;
use accrue::domain::deal::DealClosed;
use accrue::domain::fact::{Cut, Fact, FactBody, PeriodClosed, PeriodReleased, PeriodReopened};
use accrue::domain::money::Minor;
use accrue::domain::output::{CloseNote, RejectRecord};
use accrue::domain::quota::QuotaChanged;
use accrue::domain::topic::{Position, Topic, partition_of};
use accrue::oracle::{History, Published, Report};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::pipeline::packed::PackedCredits;
use accrue::pipeline::{Effects, Flow, Input, Origin, Outcome, Output, Stage, StageError, States};
use std::collections::BTreeMap;
use std::sync::Arc;

type Entries = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// Committed states, as the stages see them.
struct Committed<'c>(&'c [Entries]);

impl States for Committed<'_> {
    fn get(&mut self, partition: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        Ok(self.0[partition as usize].get(key).cloned())
    }

    fn keys_between(
        &mut self,
        partition: u32,
        after: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StageError> {
        let behind = self.0[partition as usize].range((std::ops::Bound::Excluded(after.to_vec()), std::ops::Bound::Unbounded));
        let keys = behind.map(|(key, _)| key.clone()).take_while(|key| until.is_none_or(|until| key.as_slice() < until));
        Ok(keys.take(limit).collect())
    }
}

/// A stage of each worker, with what all their commits left: states, next offsets, commit records.
struct Runner<S> {
    make: fn(u32) -> S,
    workers: Vec<S>,
    /// Which worker has each partition.
    owners: Vec<usize>,
    states: Vec<Entries>,
    next: BTreeMap<(Topic, u32), u64>,
    records: BTreeMap<u32, (Vec<u8>, u64)>,
}

/// How a memory engine runs; every choice comes from `seed`.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub partitions: u32,
    pub batch: usize,
    pub budget: usize,
    pub seed: u64,
    pub workers: usize,
    /// One batch in so many is dropped, one restart or move of a partition in so many batches; 0: never.
    pub drop_one_in: u64,
    pub restart_one_in: u64,
}

pub struct Memory {
    manner: Manner,
    dice: u64,
    inputs: BTreeMap<(Topic, u32), Vec<Vec<u8>>>,
    facts: Vec<Fact>,
    crediting: Runner<Crediting>,
    earning: Runner<Earning>,
    pub history: History,
    pub published: Published,
    pub accruals: Vec<accrue::domain::output::Accrual>,
    pub payouts: Vec<accrue::domain::output::Payout>,
    pub rejected: Vec<RejectRecord>,
    pub outcomes: BTreeMap<Position, Outcome>,
    pub notes: Vec<CloseNote>,
    /// What runs leave, by run and payee: carried, owed, held.
    pub left: BTreeMap<(String, String), [Minor; 3]>,
}

impl<S: Stage> Runner<S> {
    fn new(make: fn(u32) -> S, manner: &Manner) -> Runner<S> {
        let partitions = manner.partitions as usize;
        let mut runner = Runner {
            make,
            workers: (0..manner.workers).map(|_| make(manner.partitions)).collect(),
            owners: (0..partitions).map(|partition| partition % manner.workers).collect(),
            states: vec![Entries::new(); partitions],
            next: BTreeMap::new(),
            records: BTreeMap::new(),
        };
        (0..manner.workers).for_each(|worker| runner.restart(worker));
        runner
    }

    fn held(&self, worker: usize) -> Vec<u32> {
        let owners = self.owners.iter().enumerate();
        owners.filter(|(_, owner)| **owner == worker).map(|(partition, _)| partition as u32).collect()
    }

    /// A worker starts anew from the commit records of what it has.
    fn restart(&mut self, worker: usize) {
        self.workers[worker] = (self.make)(self.owners.len() as u32);
        for partition in self.held(worker) {
            let last = self.records.get(&partition).map(|(meta, facts_next)| (meta.as_slice(), *facts_next));
            self.workers[worker].assign(partition, last).unwrap();
        }
    }

    fn move_partition(&mut self, partition: usize, to: usize) {
        let from = std::mem::replace(&mut self.owners[partition], to);
        self.restart(from);
        self.restart(to);
    }

    /// Nothing is left to do, and every fact was offered.
    fn is_idle(&self, facts: usize) -> bool {
        let idle = |stage: &S| stage.idle() && stage.facts_wanted() as usize >= facts;
        (0..self.workers.len()).all(|worker| self.held(worker).is_empty() || idle(&self.workers[worker]))
    }
}

impl Memory {
    pub fn new(manner: Manner) -> Memory {
        Memory {
            manner,
            dice: manner.seed,
            inputs: BTreeMap::new(),
            facts: Vec::new(),
            crediting: Runner::new(|partitions| Crediting::new(partitions, 1_000), &manner),
            earning: Runner::new(|partitions| Earning::new(partitions, 1_000), &manner),
            history: History::new(manner.partitions),
            published: Published::new(),
            accruals: Vec::new(),
            payouts: Vec::new(),
            rejected: Vec::new(),
            outcomes: BTreeMap::new(),
            notes: Vec::new(),
            left: BTreeMap::new(),
        }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides.max(1)
    }

    fn append(&mut self, topic: Topic, key: &str, bytes: Vec<u8>) -> Position {
        let partition = partition_of(key.as_bytes(), self.manner.partitions);
        let log = self.inputs.entry((topic, partition)).or_default();
        log.push(bytes);
        Position { topic, partition, offset: log.len() as u64 - 1 }
    }

    pub fn deal(&mut self, deal: &DealClosed<'_>) -> Position {
        let position = self.append(Topic::DealClosed, deal.deal_id, postcard::to_stdvec(deal).unwrap());
        if deal.check().is_ok() {
            self.history.deal(position, deal);
        }
        position
    }

    pub fn quota(&mut self, quota: &QuotaChanged<'_>) -> Position {
        let position = self.append(Topic::QuotaChanged, quota.payee_id, postcard::to_stdvec(quota).unwrap());
        if quota.check().is_ok() {
            self.history.quota(position, quota);
        }
        position
    }

    pub fn fact(&mut self, fact: Fact) {
        self.history.fact(self.facts.len() as u64, &fact);
        self.facts.push(fact);
    }

    pub fn state(&mut self, author: &str, body: FactBody) {
        let fact_id = format!("f{}", self.facts.len());
        self.fact(Fact { fact_id, author: author.into(), reason: "test".into(), approver: None, occurred_at: 0, body });
    }

    /// Closes with a cut at the present ends; nothing needs to be folded yet.
    pub fn close(&mut self, close_id: &str, calendar: &str, period: Period, author: &str) {
        let ends = |topic| {
            let end = |partition| self.inputs.get(&(topic, partition)).map_or(0, |log| log.len() as u64);
            (0..self.manner.partitions).map(end).collect()
        };
        let cut = Cut { deal_closed: ends(Topic::DealClosed), quota_changed: ends(Topic::QuotaChanged) };
        let closed =
            PeriodClosed { close_id: close_id.into(), calendar: calendar.into(), pay_group: "default".into(), period, cut };
        self.state(author, FactBody::PeriodClosed(closed));
    }

    pub fn reopen(&mut self, close_id: &str, author: &str) {
        self.state(author, FactBody::PeriodReopened(PeriodReopened { close_id: close_id.into() }));
    }

    /// Releases with the sums of the run's notes; runs until they are there.
    pub fn release(&mut self, close_id: &str, author: &str) {
        self.run();
        let (mut records, mut total_minor, mut digest) = (0, 0, 0u128);
        for note in &self.notes {
            if let CloseNote::RunComputed { close_id: of, records: r, total, digest: d, .. } = note
                && of == close_id
            {
                (records, total_minor, digest) = (records + r, total_minor + total.0, digest.wrapping_add(*d));
            }
        }
        let released = PeriodReleased { close_id: close_id.into(), records, total_minor, digest: format!("{digest:032x}") };
        self.state(author, FactBody::PeriodReleased(released));
    }

    /// Runs both stages, in an order that the seed picks, until nothing is left to do.
    pub fn run(&mut self) {
        let mut quiet = 0;
        for turn in 0.. {
            assert!(turn < 1_000_000, "never idle");
            let crediting = self.roll(2) == 0;
            let moved = if crediting { self.step_crediting() } else { self.step_earning() };
            let facts = self.facts.len();
            let idle = self.crediting.is_idle(facts) && self.earning.is_idle(facts) && !self.unread();
            quiet = if moved || !idle { 0 } else { quiet + 1 };
            if quiet > 6 * self.manner.workers {
                return;
            }
        }
    }

    fn unread(&self) -> bool {
        let behind = |next: &BTreeMap<(Topic, u32), u64>, topics: &[Topic]| {
            self.inputs.iter().any(|(at, log)| topics.contains(&at.0) && next.get(at).copied().unwrap_or(0) < log.len() as u64)
        };
        behind(&self.crediting.next, &[Topic::DealClosed, Topic::QuotaChanged]) || behind(&self.earning.next, &[Topic::Credits])
    }

    fn step_crediting(&mut self) -> bool {
        let (worker, dropped) = (self.roll(self.manner.workers as u64) as usize, self.is_time(self.manner.drop_one_in));
        if self.is_time(self.manner.restart_one_in) {
            let (partition, to) = self.pick_move();
            self.crediting.move_partition(partition, to);
        }
        let effects = step(&mut self.crediting, worker, &self.inputs, &self.facts, &self.manner, dropped);
        self.publish(effects)
    }

    fn step_earning(&mut self) -> bool {
        let (worker, dropped) = (self.roll(self.manner.workers as u64) as usize, self.is_time(self.manner.drop_one_in));
        if self.is_time(self.manner.restart_one_in) {
            let (partition, to) = self.pick_move();
            self.earning.move_partition(partition, to);
        }
        let effects = step(&mut self.earning, worker, &self.inputs, &self.facts, &self.manner, dropped);
        self.publish(effects)
    }

    fn is_time(&mut self, one_in: u64) -> bool {
        one_in > 0 && self.roll(one_in) == 0
    }

    /// A partition and a worker; where the worker has it already, it starts anew.
    fn pick_move(&mut self) -> (usize, usize) {
        (self.roll(self.manner.partitions.into()) as usize, self.roll(self.manner.workers as u64) as usize)
    }

    /// Takes the outputs of a committed batch; false when it did nothing.
    fn publish(&mut self, effects: Option<Effects>) -> bool {
        let Some(effects) = effects else { return true };
        let moved = !effects.outputs.is_empty() || !effects.changed.is_empty() || !effects.outcomes.is_empty();
        self.outcomes.extend(effects.outcomes);
        for output in effects.outputs {
            match output {
                Output::Credits { partition, bytes } => self.inputs.entry((Topic::Credits, partition)).or_default().push(bytes),
                Output::Attainment(attainment) => self.published.attainment(&attainment),
                Output::Accrual(accrual) => {
                    self.published.accrual(0, self.accruals.len() as u64, &accrual);
                    self.accruals.push(accrual);
                }
                Output::PayoutDraft(_) => {}
                Output::RunBalance(balance) => {
                    let left = [balance.carried, balance.owed, balance.held];
                    self.left.insert((balance.run_id, balance.payee_id), left);
                }
                Output::Payout(payout) => {
                    self.published.payout(&payout);
                    self.payouts.push(payout);
                }
                Output::PayoutRun(run) => self.published.payout_run(&run),
                Output::Close(note) => {
                    self.history.close_note(&note);
                    self.notes.push(note);
                }
                Output::Rejected(record) => self.rejected.push(*record),
            }
        }
        moved
    }

    /// What the slow engine says about all this.
    pub fn verify(&self) -> Report {
        let totals = self.history.totals().unwrap();
        let standing = |run_id: &String| totals.runs.iter().any(|run| run.run_id == *run_id);
        let left = self.left.iter().filter(|((run_id, _), _)| standing(run_id));
        let left: BTreeMap<_, _> = left.map(|(key, left)| (key.clone(), *left)).collect();
        let differs = |key: &&(String, String)| left.get(*key) != totals.left.get(*key);
        let differing = left.keys().chain(totals.left.keys()).find(differs);
        let shown = differing.map(|key| (key, left.get(key), totals.left.get(key)));
        assert!(shown.is_none(), "history {}: left by a run, got, expected: {shown:?}", self.manner.seed);
        self.published.compare(&totals)
    }
}

/// One batch; `None` when it was dropped.
fn step<S: Stage>(
    runner: &mut Runner<S>,
    worker: usize,
    inputs: &BTreeMap<(Topic, u32), Vec<Vec<u8>>>,
    facts: &[Fact],
    manner: &Manner,
    dropped: bool,
) -> Option<Effects> {
    let held = runner.held(worker);
    if held.is_empty() {
        return Some(Effects::default());
    }
    let stage = &mut runner.workers[worker];
    while let Some(fact) = facts.get(stage.facts_wanted() as usize) {
        let position = Position { topic: Topic::Facts, partition: 0, offset: stage.facts_wanted() };
        stage.offer(Origin { position, key: fact.fact_id.as_bytes(), value: b"fact" }, Ok(fact.clone()));
    }
    let mut states = Committed(&runner.states);
    let mut effects = Effects::default();
    let mut next = runner.next.clone();
    stage.begin();
    let at = |topic: Topic, partition: u32| runner.next.get(&(topic, partition)).copied().unwrap_or(0);
    stage.work(&at, manner.budget, &mut states, &mut effects).unwrap();
    let mut left = manner.batch;
    for topic in stage.inputs() {
        for partition in held.iter().copied() {
            let Some(log) = inputs.get(&(*topic, partition)) else { continue };
            let from = next.entry((*topic, partition)).or_default();
            while left > 0 && (*from as usize) < log.len() {
                let value = &log[*from as usize];
                let position = Position { topic: *topic, partition, offset: *from };
                let input = match topic {
                    Topic::DealClosed => Input::Deal(postcard::from_bytes(value).unwrap()),
                    Topic::QuotaChanged => Input::Quota(postcard::from_bytes(value).unwrap()),
                    _ => Input::Credits(PackedCredits::decode(value).unwrap()),
                };
                let checked = match &input {
                    Input::Deal(deal) => deal.check(),
                    Input::Quota(quota) => quota.check(),
                    Input::Credits(_) => Ok(()),
                };
                let input = checked.map(|()| input);
                if stage.fold(Origin { position, key: b"key", value }, input, &mut states, &mut effects).unwrap() == Flow::NotYet
                {
                    break;
                }
                *from += 1;
                left -= 1;
            }
        }
    }
    while stage.finish(&mut states, &mut effects).unwrap() {}
    if dropped {
        stage.abandon();
        return None;
    }
    runner.next = next;
    for changed in &effects.changed {
        let entries = &mut runner.states[changed.partition as usize];
        match &changed.state {
            Some(state) => entries.insert(changed.key.to_vec(), state.clone()),
            None => entries.remove(changed.key.as_ref()),
        };
    }
    for partition in held {
        let meta = stage.meta(partition);
        runner.records.insert(partition, meta);
    }
    stage.committed();
    Some(effects)
}
