//! The cache of a stage's states in sled: one tree per partition with its states and, under one key, the position in the
//! changelog that they stand for. Only this module names sled.
//!
//! Nothing of record lives here alone: what is damaged or foreign is wiped and comes back from the changelog. One writer
//! thread applies what was committed, in order; reads come from any thread. sled panics on damage, so every call into it
//! is caught. Reading order: `tree` (how states lie in sled), `index` (where each one is), `chunk` (many in one value),
//! `writer`.

use crate::worker::crash::CrashPoints;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use twox_hash::{XxHash3_64, XxHash3_128};

mod chunk;
mod index;
mod tree;
mod writer;

use tree::Tree;

/// How states lie in a store: many in one value, because sled takes one value of many states far faster than many values.
/// Keys that start with a control character stay on their own and are listed in order without a scan. What was written
/// under another layout is wiped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// For ever-new keys, which are seldom listed.
    Packed,
    /// For keys that are written again and again: each is also an entry of its own without a value, written once, so that
    /// all are listed in order.
    Listed,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("store {path} is in use by another process; end that one, or use a directory of its own")]
    Locked { path: PathBuf },
    #[error("store {path} cannot be used: {message}; look at its disk, or remove the directory: the log fills it again")]
    Unusable { path: PathBuf, message: String },
    #[error("store is damaged: {0}")]
    Damaged(String),
    #[error("store's writer has ended")]
    Ended,
}

/// Why what was stored is gone: for the caller to log, never an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wiped {
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("written for {found}, not for {wanted}")]
    Foreign { found: String, wanted: String },
    #[error("in another layout")]
    OtherLayout,
    #[error("of another beginning of the log")]
    OtherGenesis,
    #[error("at commit {store}, ahead of the changelog's {log}")]
    Ahead { store: u64, log: u64 },
    #[error("does not add up to the last commit record")]
    DigestMismatch,
    #[error("refused a change: {0}")]
    Refused(String),
}

impl Wiped {
    /// As metrics name them.
    pub const REASONS: [&str; 7] = ["damaged", "foreign", "other_layout", "other_genesis", "ahead", "digest_mismatch", "refused"];

    pub fn reason(&self) -> &'static str {
        let place = match self {
            Wiped::Damaged(_) => 0,
            Wiped::Foreign { .. } => 1,
            Wiped::OtherLayout => 2,
            Wiped::OtherGenesis => 3,
            Wiped::Ahead { .. } => 4,
            Wiped::DigestMismatch => 5,
            Wiped::Refused(_) => 6,
        };
        Wiped::REASONS[place]
    }
}

/// What a tree's entries stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePosition {
    pub seq: u64,
    pub genesis: [u8; 16],
    /// The commit record of `seq` and everything after it lie at or after this offset of the changelog.
    pub changelog_hint: u64,
    /// Application and stage.
    pub owner: String,
}

/// What a commit changed in a partition.
#[derive(Debug)]
pub struct Delta {
    pub partition: u32,
    /// The assignment under which it was committed.
    pub epoch: u64,
    pub from_seq: u64,
    pub to_seq: u64,
    pub changelog_hint: u64,
    /// In the order of keys, each key once.
    pub changes: Vec<Change>,
}

impl Delta {
    /// The changes of keys strictly after `after` and before `until`.
    pub fn range(&self, after: &[u8], until: Option<&[u8]>) -> &[Change] {
        let start = self.changes.partition_point(|change| change.key.as_ref() <= after);
        let before = |until: &[u8]| self.changes.partition_point(|change| change.key.as_ref() < until);
        self.changes.get(start..until.map_or(self.changes.len(), before)).unwrap_or_default()
    }

    pub fn bytes(&self) -> usize {
        self.changes.iter().map(Change::bytes).sum()
    }
}

#[derive(Clone, Debug)]
pub struct Change {
    pub key: Arc<[u8]>,
    /// `None` removes.
    pub state: Option<Arc<[u8]>>,
}

impl Change {
    pub fn bytes(&self) -> usize {
        self.key.len() + self.state.as_ref().map_or(0, |state| state.len())
    }
}

/// What became of a delta, or of several that followed on each other and were written at once.
#[derive(Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Everything up to `seq` is stored.
    Applied { partition: u32, epoch: u64, seq: u64 },
    /// It did not follow on what is stored, or could not be written: the partition must be restored.
    Lost { partition: u32, epoch: u64, reason: String },
}

/// Count and sum of states, kept by -old +new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub live_keys: u64,
    /// Modulo 2^128.
    pub sum: u128,
}

impl Digest {
    pub fn replace(&mut self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) {
        if let Some(old) = old {
            self.live_keys = self.live_keys.saturating_sub(1);
            self.sum = self.sum.wrapping_sub(entry_hash(key, old));
        }
        if let Some(new) = new {
            self.live_keys += 1;
            self.sum = self.sum.wrapping_add(entry_hash(key, new));
        }
    }
}

/// A digest finds what was lost or damaged, not what somebody has forged: the fastest good hash will do, twice for each
/// state that changes.
fn entry_hash(key: &[u8], value: &[u8]) -> u128 {
    XxHash3_128::oneshot_with_seed(XxHash3_64::oneshot(key), value)
}

/// A partition's tree as it was found, scanned in full.
pub struct Opened {
    pub reader: Reader,
    /// `None`: empty, perhaps because of `wiped`.
    pub position: Option<StorePosition>,
    pub digest: Digest,
    pub wiped: Option<Wiped>,
}

/// Reads of one partition, from any thread.
#[derive(Clone)]
pub struct Reader {
    tree: Arc<Tree>,
}

impl Reader {
    /// A key that is not stored is answered from memory: most deals are new, and a read that misses is dear.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.tree.get(key)
    }

    /// Keys in byte order, strictly after `after` and before `until`, at most `limit`. Without a list, packed keys lie in no
    /// order: a range that has some costs a read of everything that is packed.
    pub fn keys_between(&self, after: &[u8], until: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.tree.keys_between(after, until, limit)
    }
}

pub struct Settings {
    pub layout: Layout,
    pub cache_bytes: u64,
    pub flush_every_ms: u64,
    /// Deltas that may wait for the writer.
    pub queue_deltas: usize,
}

pub struct Store {
    commands: SyncSender<Command>,
    acknowledgements: Receiver<Acknowledgement>,
    writer: Option<JoinHandle<()>>,
}

enum Command {
    Open { partition: u32, owner: String, epoch: u64, reply: Sender<Result<Opened, StoreError>> },
    Wipe { partition: u32, reply: Sender<Result<(), StoreError>> },
    Fill { partition: u32, changes: Vec<Change>, position: Option<StorePosition>, reply: Sender<Result<(), StoreError>> },
    Apply(Arc<Delta>),
}

impl Store {
    /// Opens what is at `path`, or makes it. What is damaged is removed and made anew; the reason comes back.
    pub fn open(path: &Path, settings: &Settings, crash: Arc<CrashPoints>) -> Result<(Store, Option<Wiped>), StoreError> {
        let (database, wiped) = open_or_wipe(path, settings)?;
        let (commands, inbox) = sync_channel(settings.queue_deltas);
        let (outbox, acknowledgements) = channel();
        let writer = writer::Writer::new(database, settings.layout, outbox, crash);
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(&inbox));
        let thread = thread.map_err(|error| StoreError::Unusable { path: path.into(), message: error.to_string() })?;
        Ok((Store { commands, acknowledgements, writer: Some(thread) }, wiped))
    }

    /// Takes a partition on under a new assignment epoch: deltas of earlier ones are dropped from here on.
    pub fn open_partition(&self, partition: u32, owner: &str, epoch: u64) -> Result<Opened, StoreError> {
        self.ask(|reply| Command::Open { partition, owner: owner.into(), epoch, reply })
    }

    pub fn wipe(&self, partition: u32) -> Result<(), StoreError> {
        self.ask(|reply| Command::Wipe { partition, reply })
    }

    /// Writes what restore found; only with `position` does it count.
    pub fn fill(&self, partition: u32, changes: Vec<Change>, position: Option<StorePosition>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Fill { partition, changes, position, reply })
    }

    /// Hands a committed delta to the writer, waiting while its queue is full.
    pub fn apply(&self, delta: Arc<Delta>) -> Result<(), StoreError> {
        self.commands.send(Command::Apply(delta)).map_err(|_| StoreError::Ended)
    }

    /// The next acknowledgement, if one comes within `wait`.
    pub fn acknowledged(&self, wait: Duration) -> Result<Option<Acknowledgement>, StoreError> {
        match self.acknowledgements.recv_timeout(wait) {
            Ok(acknowledgement) => Ok(Some(acknowledgement)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::Ended),
        }
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<Result<T, StoreError>>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = channel();
        self.commands.send(command(reply)).map_err(|_| StoreError::Ended)?;
        answer.recv().map_err(|_| StoreError::Ended)?
    }
}

impl Drop for Store {
    /// Waits until the writer has applied what it was given.
    fn drop(&mut self) {
        let (closed, _) = sync_channel(0);
        self.commands = closed;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has lost nothing of record.
            let _ = writer.join();
        }
    }
}

fn open_or_wipe(path: &Path, settings: &Settings) -> Result<(sled::Db, Option<Wiped>), StoreError> {
    let unusable = |message: String| StoreError::Unusable { path: path.into(), message };
    match open_when_free(path, settings) {
        Ok(database) => Ok((database, None)),
        Err(StoreError::Damaged(reason)) if is_locked(&reason) => Err(StoreError::Locked { path: path.into() }),
        Err(StoreError::Damaged(reason)) => {
            std::fs::remove_dir_all(path).map_err(|error| unusable(format!("{reason}; removing it failed: {error}")))?;
            let database = open_database(path, settings).map_err(|error| unusable(error.to_string()))?;
            Ok((database, Some(Wiped::Damaged(reason))))
        }
        Err(other) => Err(other),
    }
}

/// sled's own threads may hold its lock for a moment after the last handle is dropped, and a process that was killed
/// until the system has cleaned up after it.
const LOCK_WAIT: Duration = Duration::from_secs(2);

fn open_when_free(path: &Path, settings: &Settings) -> Result<sled::Db, StoreError> {
    let give_up = Instant::now() + LOCK_WAIT;
    loop {
        match open_database(path, settings) {
            Err(StoreError::Damaged(reason)) if is_locked(&reason) && Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

fn is_locked(reason: &str) -> bool {
    reason.contains("could not acquire lock")
}

fn open_database(path: &Path, settings: &Settings) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(settings.cache_bytes)
        .flush_every_ms(Some(settings.flush_every_ms))
        .mode(sled::Mode::HighThroughput);
    guarded(|| config.open())
}

/// Calls into sled, which panics where it finds damage.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::Damaged(error.to_string())),
        Err(panic) => Err(StoreError::Damaged(crate::worker::panic_text(panic.as_ref()))),
    }
}

#[cfg(test)]
mod tests;
