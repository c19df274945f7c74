//! Both stages over plain maps instead of a log: fast enough for thousands of histories, with batches that are dropped,
//! stages that are rebuilt from their commit records, and partitions that move between workers, at moments that a seed
//! picks.

use accrue::domain::adjustment::AdjustmentMade;
use accrue::domain::calendar::{Interval, Period};
use accrue::domain::deal::DealClosed;
use accrue::domain::fact::{Cut, Fact, FactBody, PeriodClosed, PeriodReleased, PeriodReopened};
use accrue::domain::money::{Measured, Minor};
use accrue::domain::output::{CloseNote, CurrencyTotal, RejectRecord};
use accrue::domain::quota::QuotaChanged;
use accrue::domain::settlement::DealSettled;
use accrue::domain::topic::{Position, Topic, partition_of};
use accrue::oracle::{History, Published, Report};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::pipeline::{Effects, Outcome, Output};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::runner::{Manner, Work};
use super::runner::{Runner, step};

/// Of crediting.
const INPUTS: [Topic; 4] = [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade];

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
    pub left: BTreeMap<(String, String), [Minor; 4]>,
    /// Where each measured sum stands, by payee, measure and interval.
    pub measured: BTreeMap<(Arc<str>, Arc<str>, Interval), Measured>,
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
            measured: BTreeMap::new(),
        }
    }

    /// What crediting and earning have done since the last call.
    pub fn take_work(&mut self) -> [Work; 2] {
        [std::mem::take(&mut self.crediting.work), std::mem::take(&mut self.earning.work)]
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

    pub fn settlement(&mut self, settled: &DealSettled<'_>) -> Position {
        let position = self.append(Topic::DealSettled, settled.deal_id, postcard::to_stdvec(settled).unwrap());
        if settled.check().is_ok() {
            self.history.settlement(position, settled);
        }
        position
    }

    pub fn adjustment(&mut self, made: &AdjustmentMade) -> Position {
        let position = self.append(Topic::AdjustmentMade, &made.payee_id, postcard::to_stdvec(made).unwrap());
        if made.check().is_ok() {
            self.history.adjustment(position, made);
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
        let [deal_closed, quota_changed, deal_settled, adjustment_made] = INPUTS.map(ends);
        let cut = Cut { deal_closed, quota_changed, deal_settled, adjustment_made };
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
        let (mut records, mut total_minor, mut digest, mut other_totals) = (0, 0, 0u128, Vec::new());
        for note in &self.notes {
            if let CloseNote::RunComputed { close_id: of, records: r, total, digest: d, other_totals: o, .. } = note
                && of == close_id
            {
                (records, total_minor, digest) = (records + r, total_minor + total.0, digest.wrapping_add(*d));
                o.iter().for_each(|total| CurrencyTotal::add(&mut other_totals, total));
            }
        }
        let (close_id, digest) = (close_id.into(), format!("{digest:032x}"));
        let released = PeriodReleased { close_id, records, total_minor, digest, other_totals };
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
        behind(&self.crediting.next, &INPUTS) || behind(&self.earning.next, &[Topic::Credits])
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
                Output::Attainment { attainment, .. } => {
                    self.published.attainment(&attainment);
                    let key = (attainment.payee_id.clone(), attainment.measure.clone(), attainment.interval);
                    self.measured.insert(key, attainment.measured);
                }
                Output::Accrual(accrual) => {
                    self.published.accrual(0, self.accruals.len() as u64, &accrual);
                    self.accruals.push(accrual);
                }
                Output::PayoutDraft(_) => {}
                Output::RunBalance(balance) => {
                    let carried_in = balance.carried_in.map_or(Minor(0), |(_, minor)| minor);
                    let left = [balance.carried, balance.owed, balance.held, carried_in];
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
                Output::Rejected { record, .. } => self.rejected.push(*record),
            }
        }
        moved
    }

    /// What the slow engine says about all this.
    pub fn verify(&self) -> Report {
        let totals = self.history.totals();
        let standing = |run_id: &String| totals.runs.iter().any(|run| run.run_id == *run_id);
        let left = self.left.iter().filter(|((run_id, _), _)| standing(run_id));
        let left: BTreeMap<_, _> = left.map(|(key, left)| (key.clone(), *left)).collect();
        let differs = |key: &&(String, String)| left.get(*key) != totals.left.get(*key);
        let differing = left.keys().chain(totals.left.keys()).find(differs);
        let shown = differing.map(|key| (key, left.get(key), totals.left.get(key)));
        let report = self.published.compare(&totals);
        assert!(shown.is_none(), "history {}: left by a run, got, expected: {shown:?}\n{report}", self.manner.seed);
        report
    }
}
