//! Builds the states of a partition of crediting again from its inputs, compares them with those of the changelog, and puts
//! them in their place where they differ.
//!
//! The machine that folds them is the worker's own, on a `shadow` of the log: up to the last commit record, and writing
//! nowhere. What is written then are states and commit records, never outputs: a changelog that adds up keeps what earning
//! was told, and its commit record begins a pass over all deals, in which the worker tells what differs. `earning` does it for
//! the second stage, and says the refusals of inputs that it passes over.

mod changelog;
mod earning;
mod fold;
mod shadow;
mod told;

use super::Stop;
use super::commit_record::{COMMIT_KEY, CommitRecord, Sealed, THIS_ENGINE, hash_of};
use super::crash::CrashPoints;
use super::status::CREDITING;
use super::step::MakeStage;
use crate::config::Limits;
use crate::domain::topic::Topic;
use crate::log::{Client, LogError, Records, StageLog};
use crate::pipeline::crediting::rebuilt::{Compared, Difference};
use crate::store::{Digest, Layout, Reader, Settings, Store};
use crate::wire::Codec;
use changelog::Logged;
pub use earning::{EarningRebuilt, EarningStages};
use fold::{Fold, Until};
use shadow::{Hold, Inputs, keep};
use std::path::PathBuf;
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

/// A rebuild of a partition of one of the stages.
pub struct Rebuild {
    pub client: Arc<dyn Client>,
    pub codec: Arc<Codec>,
    pub limits: Limits,
    pub partition: u32,
    pub inputs: &'static [Topic],
    pub changelog: Topic,
    /// For what is built, removed at the end.
    pub directory: PathBuf,
    pub crash: CrashPoints,
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
            self.wait_for_partitions(hold, &[self.partition])?;
        }
        self.check_inputs(self.inputs, &[self.partition])?;
        let logged_store = self.store("logged")?;
        let logged = Logged::read(self.client.as_ref(), &logged_store, self.changelog, self.partition)?;
        let (record, adds_up) = (&logged.last.record, logged.adds_up());
        let compared = Compared::new(adds_up, &record.stage_meta).map_err(Stop::Settings)?;
        self.check_contracts(record, self.inputs)?;
        let (store, reader, states) = self.fold_again(make_stage, record, hold.clone())?;
        let differences = self.compare(&compared, &logged.reader, &reader)?;
        let commits = match &hold {
            Some(hold) if !differences.is_empty() || !adds_up => {
                self.switch(std::slice::from_ref(hold), &compared, &logged, &reader, &differences)?
            }
            _ => 0,
        };
        drop(store);
        Ok(Rebuilt { states, adds_up, passing: compared.is_passing(), differences, commits })
    }

    fn wait_for_partitions(&self, hold: &Hold, partitions: &[u32]) -> Result<(), Stop> {
        let (deadline, mut missing) = (Instant::now() + PATIENCE, partitions.to_vec());
        while let Some(partition) = missing.first() {
            if Instant::now() > deadline {
                return Err(Stop::Settings(format!(
                    "partition {partition} is another worker's; end the workers and rebuild again"
                )));
            }
            let given = lock(hold).assigned(LOOK)?.given;
            missing.retain(|partition| !given.contains(partition));
        }
        Ok(())
    }

    /// What a rebuild stands on must be there from its first record on.
    fn check_inputs(&self, inputs: &[Topic], partitions: &[u32]) -> Result<(), Stop> {
        let of = |topic: &Topic| partitions.iter().map(|partition| (*topic, *partition)).collect::<Vec<_>>();
        for (topic, partition) in inputs.iter().flat_map(of).chain([(Topic::Facts, 0)]) {
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

    fn check_contracts(&self, record: &CommitRecord, inputs: &[Topic]) -> Result<(), Stop> {
        self.codec.pin(&record.contracts.schemas).map_err(Stop::Settings)?;
        let folded: Vec<Topic> =
            inputs.iter().copied().filter(|topic| record.next(*topic).is_some_and(|next| next > 0)).collect();
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

    /// Folds the inputs into a fresh store.
    fn fold_again(&self, make_stage: MakeStage, record: &CommitRecord, hold: Option<Hold>) -> Result<(Store, Reader, u64), Stop> {
        let inputs = Inputs::of(self.client.clone(), vec![self.partition], hold.into_iter().collect());
        let mut fold = Fold::new(self, (CREDITING, "rebuilt"), make_stage, inputs)?;
        let next = |topic: &Topic| ((*topic, self.partition), record.next(*topic).unwrap_or(0));
        let inputs = self.inputs.iter().map(next).collect();
        fold.run(&Until { facts: (record.facts_next, record.facts_next), inputs: &inputs })?;
        let (store, mut readers) = fold.end(self)?;
        let (reader, states) = readers.remove(&self.partition).ok_or_else(|| Stop::Alarm("no states were folded".into()))?;
        Ok((store, reader, states))
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
        holds: &[Hold],
        compared: &Compared,
        logged: &Logged,
        rebuilt: &Reader,
        differences: &[(Vec<u8>, Difference)],
    ) -> Result<u32, Stop> {
        let (mut piece, mut digest) = (Piece::of(self.partition, logged), logged.digest);
        let (mut commits, adds_up) = (0, logged.adds_up());
        let next = |digest: Digest| CommitRecord {
            stage_meta: compared.meta(),
            live_keys: digest.live_keys,
            state_digest: digest.sum,
            ..logged.last.record.clone()
        };
        for (key, _) in differences {
            let (stored, new) = (logged.reader.get(key)?, rebuilt.get(key)?);
            let mended = compared.mend(key, stored.as_deref(), new.as_deref()).map_err(Stop::Settings)?;
            let Some(mended) = mended else { continue };
            digest.replace(key, stored.as_deref(), mended.state.as_deref());
            piece.records.push(Some(key), mended.state.as_deref());
            if piece.records.bytes() >= TRANSACTION_BYTES {
                piece.next = next(if adds_up { digest } else { unchanged(&logged.last) });
                self.commit(holds, std::slice::from_mut(&mut piece))?;
                commits += 1;
            }
        }
        piece.next = next(digest);
        self.commit(holds, std::slice::from_mut(&mut piece))?;
        Ok(commits + 1)
    }

    /// One transaction, in the first of the places, fenced as a worker's are.
    fn commit(&self, holds: &[Hold], pieces: &mut [Piece]) -> Result<(), Stop> {
        keep(holds)?;
        let hold =
            holds.first().ok_or_else(|| Stop::Alarm("a rebuild without a place among the workers writes nothing".into()))?;
        let mut sealed = Vec::new();
        for piece in pieces.iter_mut() {
            let record = piece.record();
            let bytes = record.encode().map_err(|error| Stop::Alarm(error.to_string()))?;
            piece.records.push(Some(COMMIT_KEY), Some(&bytes));
            sealed.push(Sealed { hash: hash_of(&bytes), record });
        }
        let mut log = lock(hold);
        if let Err(error) = self.write(log.as_mut(), pieces) {
            // The broker ends it at the latest when its time is over.
            let _ = log.abort();
            return Err(error.into());
        }
        for (piece, sealed) in pieces.iter_mut().zip(sealed) {
            piece.before = sealed;
            piece.records.clear();
        }
        Ok(())
    }

    fn write(&self, log: &mut dyn StageLog, pieces: &[Piece]) -> Result<(), LogError> {
        log.begin()?;
        let mut offsets = Vec::new();
        for piece in pieces {
            for (topic, records) in [(self.changelog, &piece.records), (Topic::Rejected, &piece.refused)] {
                if !records.is_empty() {
                    log.send(topic, piece.partition, records)?;
                }
            }
            // An input that the record does not name was not folded yet.
            let next = |topic: &Topic| Some((*topic, piece.partition, piece.next.next(*topic)?));
            offsets.extend(self.inputs.iter().filter_map(next));
        }
        log.drain()?;
        log.send_offsets(&offsets)?;
        log.commit()
    }
}

/// What a transaction writes of a partition.
struct Piece {
    partition: u32,
    /// The commit record before.
    before: Sealed,
    /// Its commit record, but for its place in the chain.
    next: CommitRecord,
    /// States.
    records: Records,
    /// What is said beside them.
    refused: Records,
}

impl Piece {
    /// Of a partition of which nothing is written yet.
    fn of(partition: u32, logged: &Logged) -> Piece {
        let (before, next) = (logged.last.clone(), logged.last.record.clone());
        Piece { partition, before, next, records: Records::default(), refused: Records::default() }
    }

    fn record(&self) -> CommitRecord {
        CommitRecord {
            seq: self.before.record.seq + 1,
            previous_hash: self.before.hash,
            engine_version: THIS_ENGINE.into(),
            epoch: self.before.record.epoch + 1,
            ..self.next.clone()
        }
    }
}

/// What the last commit record says, true or not.
fn unchanged(sealed: &Sealed) -> Digest {
    Digest { live_keys: sealed.record.live_keys, sum: sealed.record.state_digest }
}

fn lock(hold: &Hold) -> std::sync::MutexGuard<'_, Box<dyn StageLog>> {
    hold.lock().unwrap_or_else(PoisonError::into_inner)
}
