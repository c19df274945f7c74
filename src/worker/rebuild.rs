//! Builds the states of a partition of crediting again from its inputs, compares them with those of the changelog, and puts
//! them in their place where they differ.
//!
//! The machine that folds them is the worker's own, on a `shadow` of the log: up to the last commit record, and writing
//! nowhere. What is written then are states and commit records, never outputs: a changelog that adds up keeps what earning
//! was told, and its commit record begins a pass over all deals, in which the worker tells what differs. Earning is not
//! rebuilt: `credits` is trimmed behind it, and what it has booked follows the cuts of its transactions.

mod shadow;

use super::Stop;
use super::commit_record::{COMMIT_KEY, CommitRecord, Sealed, THIS_ENGINE, hash_of};
use super::restore::UNDECIDED_LIMIT;
use super::status::{CREDITING, Status};
use super::step::{Machine, MakeStage, Progress, Setup};
use crate::config::Limits;
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, LogError, Records, StageLog};
use crate::pipeline::crediting::rebuilt::{Compared, Difference};
use crate::store::{Change, Digest, Layout, Reader, Settings, Store};
use crate::telemetry::Metrics;
use crate::wire::Codec;
use rustc_hash::FxHashMap;
use shadow::{Hold, Inputs, Shadow, keep};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whose the stores of a rebuild are.
const OWNER: &str = "rebuild";
const READ_BYTES: usize = 1 << 20;
/// Keys that are compared at a time.
const KEYS: usize = 1_000;
/// States of one transaction.
const TRANSACTION_BYTES: usize = 8 << 20;
/// How long the end of the changelog may stay undecided, and until the partition is given.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(50);
/// Steps without work after which nothing is left to do.
const QUIET_STEPS: u32 = 5;

pub struct Rebuild {
    pub client: Arc<dyn Client>,
    pub codec: Arc<Codec>,
    pub limits: Limits,
    pub partition: u32,
    pub inputs: &'static [Topic],
    pub changelog: Topic,
    /// For what is built, removed at the end.
    pub directory: PathBuf,
}

/// What was found, and done.
pub struct Rebuilt {
    /// The states that the inputs give.
    pub states: u64,
    /// Those of the changelog add up to its last commit record.
    pub adds_up: bool,
    /// The last commit is in the middle of crediting deals again: credits were not compared.
    pub passing: bool,
    /// By key.
    pub differences: Vec<(Vec<u8>, Difference)>,
    /// Transactions that were committed.
    pub commits: u32,
}

/// The changelog as it is.
struct Logged {
    reader: Reader,
    digest: Digest,
    last: Sealed,
    _store: Store,
}

impl Rebuild {
    /// Compares; with a place among the workers also writes what differs.
    pub fn run(&self, make_stage: MakeStage, hold: Option<Box<dyn StageLog>>) -> Result<Rebuilt, Stop> {
        self.clear_directory()?;
        let rebuilt = self.run_in_directory(make_stage, hold.map(|hold| Arc::new(Mutex::new(hold))));
        self.clear_directory()?;
        rebuilt
    }

    fn clear_directory(&self) -> Result<(), Stop> {
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Stop::Storage(format!("{}: {error}", self.directory.display())))
            }
            _ => Ok(()),
        }
    }

    fn run_in_directory(&self, make_stage: MakeStage, hold: Option<Hold>) -> Result<Rebuilt, Stop> {
        if let Some(hold) = &hold {
            self.wait_for_partition(hold)?;
        }
        self.check_inputs()?;
        let logged = self.read_changelog()?;
        let record = &logged.last.record;
        let adds_up = logged.digest == Digest { live_keys: record.live_keys, sum: record.state_digest };
        let compared = Compared::new(adds_up, &record.stage_meta).map_err(Stop::Settings)?;
        self.check_contracts(record)?;
        let (store, reader, states) = self.fold_again(make_stage, record, hold.clone())?;
        let differences = self.compare(&compared, &logged.reader, &reader)?;
        let commits = match &hold {
            Some(hold) if !differences.is_empty() || !adds_up => self.switch(hold, &compared, &logged, &reader, &differences)?,
            _ => 0,
        };
        drop(store);
        Ok(Rebuilt { states, adds_up, passing: compared.is_passing(), differences, commits })
    }

    fn wait_for_partition(&self, hold: &Hold) -> Result<(), Stop> {
        let deadline = Instant::now() + PATIENCE;
        while !lock(hold).assigned(LOOK)?.given.contains(&self.partition) {
            if Instant::now() > deadline {
                let partition = self.partition;
                return Err(Stop::Settings(format!(
                    "partition {partition} is another worker's; end the workers and rebuild again"
                )));
            }
        }
        Ok(())
    }

    /// What a rebuild stands on must be there from its first record on.
    fn check_inputs(&self) -> Result<(), Stop> {
        for (topic, partition) in self.inputs.iter().map(|topic| (*topic, self.partition)).chain([(Topic::Facts, 0)]) {
            let start = self.client.start(topic, partition)?;
            if start > 0 {
                let name = topic.name();
                return Err(Stop::Settings(format!(
                    "{name}, partition {partition}, begins at {start}, and a rebuild needs all of it; bring {name} back from a backup"
                )));
            }
        }
        Ok(())
    }

    fn check_contracts(&self, record: &CommitRecord) -> Result<(), Stop> {
        self.codec.pin(&record.contracts.schemas).map_err(Stop::Settings)?;
        let folded: Vec<Topic> =
            self.inputs.iter().copied().filter(|topic| record.next(*topic).is_some_and(|next| next > 0)).collect();
        self.codec.contradicts(&record.contracts, &folded).map_or(Ok(()), |message| Err(Stop::Settings(message)))
    }

    fn store(&self, name: &str) -> Result<Store, Stop> {
        let path = self.directory.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Stop::Storage(format!("{}: {error}", path.display())))?;
        let Limits { store_cache_bytes, store_flush_ms, store_queue_deltas, .. } = self.limits;
        let settings = Settings {
            layout: Layout::Listed,
            cache_bytes: store_cache_bytes as u64,
            flush_every_ms: store_flush_ms,
            queue_deltas: store_queue_deltas,
        };
        Ok(Store::open(&path, &settings, Arc::default())?.0)
    }

    /// The newest state of each key, whether it adds up or not, and the last commit record.
    fn read_changelog(&self) -> Result<Logged, Stop> {
        let (topic, partition) = (self.changelog, self.partition);
        let store = self.store("logged")?;
        let reader = store.open_partition(partition, OWNER, 1)?.reader;
        let until = self.client.high_watermark(topic, partition)?;
        let (mut next, mut digest, mut last) = (self.client.start(topic, partition)?, Digest::default(), None);
        let (mut batch, deadline) = (Batch::default(), Instant::now() + PATIENCE);
        while next < until {
            batch.clear();
            let reached = self.client.read(topic, partition, next, READ_BYTES, &mut batch)?;
            if reached == next {
                if Instant::now() > deadline {
                    let name = topic.name();
                    return Err(Stop::Unavailable(format!(
                        "the end of {name} stays undecided: a transaction hangs; wait and rebuild again"
                    )));
                }
                std::thread::sleep(LOOK);
            }
            next = reached;
            let mut newest: FxHashMap<&[u8], Option<&[u8]>> = FxHashMap::default();
            for row in batch.rows() {
                match batch.key(row) {
                    Some(COMMIT_KEY) => last = Some(Sealed::read(batch.value(row).unwrap_or_default())),
                    Some(key) => drop(newest.insert(key, batch.value(row))),
                    None => {}
                }
            }
            for (key, state) in &newest {
                digest.replace(key, reader.get(key)?.as_deref(), *state);
            }
            let change = |(key, state): (&[u8], Option<&[u8]>)| Change { key: key.into(), state: state.map(Arc::from) };
            store.fill(partition, newest.into_iter().map(change).collect(), None)?;
        }
        let last = last.ok_or_else(|| {
            let name = topic.name();
            Stop::Settings(format!(
                "{name}, partition {partition}, holds no commit record: which facts were adopted, and what was told, nobody knows; \
                 bring {name} back from a backup"
            ))
        })?;
        let last = last.map_err(|error| Stop::Settings(error.to_string()))?;
        Ok(Logged { reader, digest, last, _store: store })
    }

    /// Folds the inputs into a fresh store.
    fn fold_again(&self, make_stage: MakeStage, record: &CommitRecord, hold: Option<Hold>) -> Result<(Store, Reader, u64), Stop> {
        let (status, at_end) = (Arc::new(Status::default()), Arc::new(AtomicBool::default()));
        let inputs = Inputs {
            log: self.client.clone(),
            partition: self.partition,
            until: self.inputs.iter().map(|topic| (*topic, record.next(*topic).unwrap_or(0))).collect(),
            next: BTreeMap::new(),
            given: false,
            at_end: at_end.clone(),
            hold,
        };
        let shadow = Shadow { log: self.client.clone(), changelog: self.changelog, facts_next: record.facts_next };
        let metrics = Metrics::new().map_err(|error| Stop::Settings(format!("metrics: {error}")))?;
        let setup = Setup {
            name: CREDITING,
            group: OWNER.into(),
            owner: OWNER.into(),
            client: Arc::new(shadow),
            codec: self.codec.clone(),
            make_stage,
            limits: self.limits.clone(),
            undecided_limit: UNDECIDED_LIMIT,
            status: status.clone(),
            tap: None,
            metrics: Arc::new(metrics),
            crash: Arc::default(),
        };
        let mut machine = Machine::new(setup, Box::new(inputs), self.store("rebuilt")?)?;
        let mut quiet = 0;
        while quiet < QUIET_STEPS {
            quiet = match machine.step(Instant::now())? {
                Progress::Worked => 0,
                Progress::Idle | Progress::Wait(_) => {
                    std::thread::sleep(Duration::from_millis(1));
                    let done = at_end.load(Ordering::Acquire) && self.is_at(&status, record.facts_next)?;
                    if done { quiet + 1 } else { 0 }
                }
            };
        }
        drop(machine);
        let store = self.store("rebuilt")?;
        let opened = store.open_partition(self.partition, OWNER, 1)?;
        Ok((store, opened.reader, opened.digest.live_keys))
    }

    fn is_at(&self, status: &Status, facts_next: u64) -> Result<bool, Stop> {
        let stage = status.stage(CREDITING);
        let Some(held) = stage.partitions.get(&self.partition) else { return Ok(false) };
        match &held.alarm {
            Some(alarm) => Err(Stop::Alarm(format!("the inputs do not give states again: {}", alarm.reason))),
            None => Ok(held.facts_next >= facts_next),
        }
    }

    /// The keys that differ, in order.
    fn compare(&self, compared: &Compared, logged: &Reader, rebuilt: &Reader) -> Result<Vec<(Vec<u8>, Difference)>, Stop> {
        let (mut differences, mut after) = (Vec::new(), Vec::new());
        loop {
            let some = [logged, rebuilt].map(|reader| reader.keys_between(&after, None, KEYS));
            let [one, other] = some;
            let (one, other) = (one?, other?);
            // Behind the last key of a list that is not whole nothing is known of it.
            let through =
                [&one, &other].into_iter().filter(|keys| keys.len() == KEYS).filter_map(|keys| keys.last()).min().cloned();
            let mut keys: Vec<Vec<u8>> = one.into_iter().chain(other).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys.into_iter().filter(|key| through.as_ref().is_none_or(|through| key <= through)) {
                let mended = compared.mend(&key, logged.get(&key)?.as_deref(), rebuilt.get(&key)?.as_deref());
                if let Some(mended) = mended.map_err(Stop::Settings)? {
                    differences.push((key, mended.difference));
                }
            }
            match through {
                Some(through) => after = through,
                None => return Ok(differences),
            }
        }
    }

    /// Writes what differs. Until the last transaction states that do not add up stay so: a rebuild that is broken off is
    /// begun again.
    fn switch(
        &self,
        hold: &Hold,
        compared: &Compared,
        logged: &Logged,
        rebuilt: &Reader,
        differences: &[(Vec<u8>, Difference)],
    ) -> Result<u32, Stop> {
        let (mut sealed, mut digest) = (logged.last.clone(), logged.digest);
        let (mut records, mut commits) = (Records::default(), 0);
        let adds_up = digest == Digest { live_keys: sealed.record.live_keys, sum: sealed.record.state_digest };
        for (key, _) in differences {
            let (stored, new) = (logged.reader.get(key)?, rebuilt.get(key)?);
            let mended = compared.mend(key, stored.as_deref(), new.as_deref()).map_err(Stop::Settings)?;
            let Some(mended) = mended else { continue };
            digest.replace(key, stored.as_deref(), mended.state.as_deref());
            records.push(Some(key), mended.state.as_deref());
            if records.bytes() >= TRANSACTION_BYTES {
                let told = if adds_up { digest } else { unchanged(&sealed) };
                sealed = self.commit(hold, compared, &sealed, told, &mut records)?;
                commits += 1;
            }
        }
        self.commit(hold, compared, &sealed, digest, &mut records)?;
        Ok(commits + 1)
    }

    /// One transaction, fenced as a worker's are.
    fn commit(
        &self,
        hold: &Hold,
        compared: &Compared,
        before: &Sealed,
        digest: Digest,
        records: &mut Records,
    ) -> Result<Sealed, Stop> {
        keep(hold, self.partition)?;
        let record = CommitRecord {
            seq: before.record.seq + 1,
            previous_hash: before.hash,
            stage_meta: compared.meta(),
            live_keys: digest.live_keys,
            state_digest: digest.sum,
            engine_version: THIS_ENGINE.into(),
            epoch: before.record.epoch + 1,
            ..before.record.clone()
        };
        let bytes = record.encode().map_err(|error| Stop::Alarm(error.to_string()))?;
        records.push(Some(COMMIT_KEY), Some(&bytes));
        // An input that the record does not name was not folded yet.
        let next = |topic: &Topic| Some((*topic, self.partition, record.next(*topic)?));
        let offsets: Vec<_> = self.inputs.iter().filter_map(next).collect();
        let mut log = lock(hold);
        let written = write(log.as_mut(), self.changelog, self.partition, records, &offsets);
        if let Err(error) = written {
            // The broker ends it at the latest when its time is over.
            let _ = log.abort();
            return Err(error.into());
        }
        records.clear();
        Ok(Sealed { hash: hash_of(&bytes), record })
    }
}

/// What the last commit record says, true or not.
fn unchanged(sealed: &Sealed) -> Digest {
    Digest { live_keys: sealed.record.live_keys, sum: sealed.record.state_digest }
}

fn write(
    log: &mut dyn StageLog,
    changelog: Topic,
    partition: u32,
    records: &Records,
    offsets: &[(Topic, u32, u64)],
) -> Result<(), LogError> {
    log.begin()?;
    log.send(changelog, partition, records)?;
    log.drain()?;
    log.send_offsets(offsets)?;
    log.commit()
}

fn lock(hold: &Hold) -> std::sync::MutexGuard<'_, Box<dyn StageLog>> {
    hold.lock().unwrap_or_else(PoisonError::into_inner)
}
