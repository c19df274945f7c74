//! A log in memory whose faults a test orders (`faulty`), a directory for the store, and the machine between them.

use super::faulty::{Faults, Faulty, Hanging};
use super::toy::{FACT_ADDS, Toy};
use crate::config::{Config, Limits};
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::deal::{Change, Counts, DealClosed, DealStatus, Line, Split};
use crate::domain::money::{Amount, Quantity, WHOLE};
use crate::domain::quota::QuotaChanged;
use crate::domain::topic::{Topic, partition_of};
use crate::log::batch::Outbox;
use crate::log::embedded::Embedded;
use crate::log::{Append, Batch, Client, Records};
use crate::store::{Layout, Settings, Store};
use crate::telemetry::Metrics;
use crate::wire::Codec;
use crate::worker::Stop;
use crate::worker::crash::CrashPoints;
use crate::worker::restore::UNDECIDED_LIMIT;
use crate::worker::status::{OutcomeTap, Status};
use crate::worker::step::{Machine, Progress, Setup};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const PARTITIONS: u32 = 3;
pub const GROUP: &str = "test.crediting";
pub const STAGE: &str = "crediting";
pub const INPUTS: [Topic; 2] = [Topic::DealClosed, Topic::QuotaChanged];

pub struct Bench {
    pub log: Embedded,
    pub codec: Arc<Codec>,
    pub directory: tempfile::TempDir,
    pub limits: Limits,
    pub layout: Layout,
    pub inputs: &'static [Topic],
    pub faults: Arc<Mutex<Faults>>,
    /// The end of every changelog is undecided, and stays so.
    pub hangs: bool,
    pub undecided_limit: Duration,
    pub status: Arc<Status>,
    pub metrics: Arc<Metrics>,
    pub tap: Arc<OutcomeTap>,
    appended: BTreeMap<String, u64>,
}

impl Bench {
    pub fn new() -> Bench {
        let log = Embedded::in_memory().unwrap();
        log.create_topics(PARTITIONS).unwrap();
        let limits = Limits { batch_wait_ms: 1, retry_ms: 1, retry_limit_ms: 2, ..Config::defaults().unwrap().limits };
        Bench {
            log,
            codec: Arc::new(Codec::new().unwrap()),
            directory: tempfile::tempdir().unwrap(),
            limits,
            layout: Layout::Packed,
            inputs: &INPUTS,
            faults: Arc::default(),
            hangs: false,
            undecided_limit: UNDECIDED_LIMIT,
            status: Arc::default(),
            metrics: Arc::new(Metrics::new().unwrap()),
            tap: Arc::new(OutcomeTap::new(100)),
            appended: BTreeMap::new(),
        }
    }

    pub fn store_path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    pub fn store(&self, crash: &Arc<CrashPoints>) -> Store {
        let settings = Settings { layout: self.layout, cache_bytes: 1 << 20, flush_every_ms: 5, queue_deltas: 64 };
        Store::open(&self.store_path(), &settings, crash.clone()).unwrap().0
    }

    pub fn machine(&self, crash: CrashPoints) -> Machine {
        let crash = Arc::new(crash);
        let store = self.store(&crash);
        let (inputs, faults) = (self.inputs, self.faults.clone());
        let client: Arc<dyn Client> = if self.hangs { Arc::new(Hanging(self.log.clone())) } else { Arc::new(self.log.clone()) };
        let setup = Setup {
            name: STAGE,
            group: GROUP.into(),
            owner: "test/crediting".into(),
            client,
            codec: self.codec.clone(),
            make_stage: Box::new(move || Box::new(Toy::reading(inputs, faults.clone()))),
            limits: self.limits.clone(),
            undecided_limit: self.undecided_limit,
            status: self.status.clone(),
            tap: Some(self.tap.clone()),
            metrics: self.metrics.clone(),
            crash,
        };
        let stage = self.log.stage(GROUP, inputs).unwrap();
        Machine::new(setup, Box::new(Faulty::new(stage, self.faults.clone())), store).unwrap()
    }

    pub fn append(&mut self, ids: &[&str]) {
        let mut outbox = Outbox::default();
        for id in ids {
            let mut bytes = Vec::new();
            self.codec.write_deal(&deal(id), &mut bytes).unwrap();
            outbox.to(Topic::DealClosed, partition_of(id.as_bytes(), PARTITIONS)).push(Some(id.as_bytes()), Some(&bytes));
            *self.appended.entry((*id).into()).or_default() += 1;
        }
        let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
        self.log.append(&appends).unwrap();
    }

    /// Appends a quota; all of them are counted under one id.
    pub fn append_quota(&mut self) {
        let quota = QuotaChanged {
            payee_id: "ana",
            measure: "sales",
            calendar: "fiscal",
            interval: Interval::Month(Period(24_312)),
            amount: None,
            revision: 1,
            applies_from: None,
            author: "eva",
            reason: "",
            occurred_at: 0,
        };
        let (mut bytes, mut records) = (Vec::new(), Records::default());
        self.codec.write_quota(&quota, &mut bytes).unwrap();
        records.push(Some(b"ana"), Some(&bytes));
        let partition = partition_of(b"ana", PARTITIONS);
        self.log.append(&[Append { topic: Topic::QuotaChanged, partition, records: &records }]).unwrap();
        *self.appended.entry("quotas".into()).or_default() += 1;
    }

    /// `count` deals over 17 ids.
    pub fn append_many(&mut self, count: usize) {
        let ids: Vec<String> = (0..count).map(|number| format!("deal-{}", number % 17)).collect();
        self.append(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    }

    pub fn append_fact(&self) {
        let mut records = Records::default();
        records.push(Some(b"fact"), Some(b"a fact that the toy only counts"));
        self.log.append(&[Append { topic: Topic::Facts, partition: 0, records: &records }]).unwrap();
    }

    /// A new machine until it has nothing left to do.
    pub fn run(&self) -> Machine {
        let mut machine = self.machine(CrashPoints::default());
        settle(&mut machine).unwrap();
        machine
    }

    pub fn read(&self, topic: Topic, partition: u32) -> Batch {
        let (mut batch, mut next) = (Batch::default(), self.log.start(topic, partition).unwrap());
        while next < self.log.end(topic, partition).unwrap() {
            next = self.log.read(topic, partition, next, 1 << 20, &mut batch).unwrap();
        }
        batch
    }

    /// The counts that the outputs end in; each output must go on where the one before ended.
    pub fn totals(&self) -> BTreeMap<String, u64> {
        let mut totals = BTreeMap::new();
        for text in self.outputs().iter().filter(|text| !text.starts_with("rejected")) {
            let parts: Vec<&str> = text.split(' ').collect();
            let (before, after): (u64, u64) = (parts[1].parse().unwrap(), parts[2].parse().unwrap());
            assert_eq!(totals.insert(parts[0].to_owned(), after).unwrap_or(0), before, "lost or repeated: {text}");
        }
        totals
    }

    pub fn outputs(&self) -> Vec<String> {
        let mut outputs = Vec::new();
        for partition in 0..PARTITIONS {
            let batch = self.read(Topic::Credits, partition);
            outputs.extend(batch.rows().iter().map(|row| String::from_utf8(batch.value(row).unwrap().to_vec()).unwrap()));
        }
        outputs
    }

    /// A metric's lines that are not 0, without its name.
    pub fn counted(&self, metric: &str) -> Vec<String> {
        let told = self.metrics.text(&self.status, &self.log).unwrap();
        told.lines().filter_map(|line| line.strip_prefix(metric)).filter(|line| !line.ends_with(" 0")).map(String::from).collect()
    }

    /// Every deal was counted exactly once, and `facts` facts at most once per key.
    pub fn check_exactly_once(&self, what: &str) {
        let totals = self.totals();
        let counted: BTreeMap<String, u64> = totals.iter().map(|(id, total)| (id.clone(), total % FACT_ADDS)).collect();
        assert_eq!(counted, self.appended, "{what}");
        self.check_states(what, &totals);
    }

    /// The changelog holds what the outputs say, and its commit records chain.
    fn check_states(&self, what: &str, totals: &BTreeMap<String, u64>) {
        let mut states = BTreeMap::new();
        for partition in 0..PARTITIONS {
            let batch = self.read(Topic::CreditingChangelog, partition);
            for row in batch.rows().iter().filter(|row| !batch.key(row).unwrap().starts_with(b"\0")) {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                states.insert(text(batch.key(row).unwrap()), text(batch.value(row).unwrap()).parse().unwrap());
            }
        }
        assert_eq!(&states, totals, "{what}");
    }
}

/// Steps until nothing is left to do.
pub fn settle(machine: &mut Machine) -> Result<(), Stop> {
    let (started, mut idle) = (Instant::now(), 0);
    while idle < 8 {
        assert!(started.elapsed() < Duration::from_secs(20), "never comes to rest");
        match machine.step(Instant::now())? {
            Progress::Idle => idle += 1,
            Progress::Worked => idle = 0,
            Progress::Wait(wait) => {
                idle += 1;
                std::thread::sleep(wait.min(Duration::from_millis(2)));
            }
        }
    }
    Ok(())
}

fn deal(id: &str) -> DealClosed<'_> {
    let split = Split { payee_id: "ana", role: "AE", counts: Counts::Revenue, share: WHOLE };
    DealClosed {
        deal_id: id,
        revision: 1,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on: Date::from_civil(2026, 1, 10).unwrap(),
        sequence: None,
        currency: "USD",
        customer: None,
        related_deal: None,
        kind: None,
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines: vec![Line {
            line_id: "1",
            product: "p",
            geography: None,
            segment: None,
            amount: Amount(1_000_000),
            quantity: Quantity(10_000),
            cost: None,
            splits: Vec::new(),
        }],
        splits: vec![split],
        attributes: Vec::new(),
        occurred_at: 0,
    }
}
