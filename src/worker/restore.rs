//! Brings a partition's state back: the store at its position, then the changelog from there to its end.
//!
//! What the store holds then must add up to the last commit record, else it is wiped and filled from the changelog
//! alone; what does not add up even then is an alarm that stops the partition. Nothing is folded here.

use super::commit_record::{COMMIT_KEY, Sealed};
use super::crash::CrashPoints;
use super::{Stop, Trouble};
use crate::domain::topic::Topic;
use crate::log::{Batch, Client};
use crate::store::{Change, Digest, Opened, Reader, Store, StorePosition, Wiped};
use crate::telemetry::{self, Metrics};
use crate::wire::Codec;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the end of a changelog may stay undecided before the log counts as not to be had.
pub const UNDECIDED_LIMIT: Duration = Duration::from_secs(90);
const READ_BYTES: usize = 1 << 20;

/// What all partitions of a stage share.
pub struct Restore<'r> {
    pub client: &'r dyn Client,
    pub codec: &'r Codec,
    pub store: &'r Store,
    pub crash: &'r CrashPoints,
    pub metrics: &'r Metrics,
    pub stage: &'r str,
    pub group: &'r str,
    pub owner: &'r str,
    pub changelog: Topic,
    pub inputs: &'static [Topic],
    pub undecided_limit: Duration,
    /// Hears how many offsets of the changelog are left.
    pub told: &'r dyn Fn(u64),
}

/// Where a partition stands after its restore.
pub struct Restored {
    pub last: Option<Sealed>,
    /// The inputs' next offsets.
    pub next: Vec<(Topic, u64)>,
    pub digest: Digest,
    pub reader: Reader,
    pub genesis: [u8; 16],
    /// For the next commit records: one more than the last's.
    pub epoch: u64,
    /// Everything that is written from now on lies at or after this offset of the changelog.
    pub changelog_bound: u64,
}

/// Why a partition cannot be taken on.
pub enum RestoreError {
    /// Only this partition stops.
    Alarm(String),
    Trouble(Trouble),
}

impl<T: Into<Trouble>> From<T> for RestoreError {
    fn from(error: T) -> RestoreError {
        RestoreError::Trouble(error.into())
    }
}

/// A partition's state on its way to the changelog's end.
struct Replay {
    reader: Reader,
    digest: Digest,
    last: Option<(Sealed, u64)>,
    records: u64,
    until: u64,
    /// A commit record does not follow on the one before it.
    is_broken: bool,
}

impl Restore<'_> {
    /// `epoch` is the assignment's, for the store.
    pub fn run(&self, partition: u32, epoch: u64) -> Result<Restored, RestoreError> {
        let started = Instant::now();
        let replay = self.replay_checked(partition, epoch)?;
        let last = replay.last.map(|(sealed, _)| sealed);
        if let Some(sealed) = &last {
            self.check_partition_counts(sealed)?;
            self.check_contracts(partition, sealed)?;
        }
        let next = self.next_offsets(partition, last.as_ref())?;
        let genesis = last.as_ref().map_or_else(|| new_genesis(self.owner, partition), |sealed| sealed.record.genesis);
        if last.is_none() {
            let position = StorePosition { seq: 0, genesis, changelog_hint: replay.until, owner: self.owner.into() };
            self.store.fill(partition, Vec::new(), Some(position))?;
        }
        telemetry::restored(self.stage, partition, replay.digest.live_keys, replay.records, started.elapsed());
        Ok(Restored {
            epoch: last.as_ref().map_or(0, |sealed| sealed.record.epoch) + 1,
            last,
            next,
            genesis,
            digest: replay.digest,
            reader: replay.reader,
            changelog_bound: replay.until,
        })
    }

    /// From the store if that holds, else from the changelog alone.
    fn replay_checked(&self, partition: u32, epoch: u64) -> Result<Replay, RestoreError> {
        let opened = self.store.open_partition(partition, self.owner, epoch)?;
        if let Some(wiped) = &opened.wiped {
            self.tell_wiped(partition, wiped);
        }
        let position = opened.position.clone().filter(|position| position.seq > 0);
        let Some(position) = position else { return self.replay_all(partition, opened.reader) };
        let from = position.changelog_hint.max(self.client.start(self.changelog, partition)?);
        let replay = self.replay(partition, opened, from)?;
        match judge(&replay, Some(&position)) {
            Ok(()) => self.settle(partition, replay),
            Err(wiped) => {
                self.tell_wiped(partition, &wiped);
                self.replay_all(partition, replay.reader)
            }
        }
    }

    fn tell_wiped(&self, partition: u32, wiped: &Wiped) {
        telemetry::store_wiped(self.stage, Some(partition), wiped);
        self.metrics.store_wiped(self.stage, wiped);
    }

    fn replay_all(&self, partition: u32, reader: Reader) -> Result<Replay, RestoreError> {
        self.store.wipe(partition)?;
        let empty = Opened { reader, position: None, digest: Digest::default(), wiped: None };
        let from = self.client.start(self.changelog, partition)?;
        let replay = self.replay(partition, empty, from)?;
        match judge(&replay, None) {
            Ok(()) => self.settle(partition, replay),
            Err(_) => {
                self.metrics.changelog_contradicts(self.stage);
                Err(RestoreError::Alarm(format!(
                    "{} holds states that do not add up to its last commit record; {}",
                    self.changelog.name(),
                    remedy(self.stage, partition)
                )))
            }
        }
    }

    /// Records where the store stands now.
    fn settle(&self, partition: u32, replay: Replay) -> Result<Replay, RestoreError> {
        if let Some((sealed, offset)) = &replay.last {
            let (seq, genesis) = (sealed.record.seq, sealed.record.genesis);
            let position = StorePosition { seq, genesis, changelog_hint: *offset, owner: self.owner.into() };
            self.store.fill(partition, Vec::new(), Some(position))?;
        }
        Ok(replay)
    }

    /// Reads to the read-uncommitted end: what is undecided there may be this stage's own last transaction.
    fn replay(&self, partition: u32, opened: Opened, from: u64) -> Result<Replay, RestoreError> {
        let until = self.client.high_watermark(self.changelog, partition)?;
        let Opened { reader, digest, .. } = opened;
        let mut replay = Replay { reader, digest, last: None, records: 0, until, is_broken: false };
        let (mut next, mut batch) = (from, Batch::default());
        let mut moved_at = Instant::now();
        while next < until {
            (self.told)(until - next);
            batch.clear();
            let reached = self.client.read(self.changelog, partition, next, READ_BYTES, &mut batch)?;
            if reached > next {
                moved_at = Instant::now();
            } else if moved_at.elapsed() > self.undecided_limit {
                return Err(Stop::Unavailable(undecided(self.changelog, partition)).into());
            } else {
                std::thread::sleep(Duration::from_millis(10));
            }
            next = reached;
            let applied = replay.apply(&batch);
            if replay.is_broken {
                self.metrics.changelog_contradicts(self.stage);
            }
            let changes = applied?;
            self.store.fill(partition, changes, None)?;
            self.crash.pass("mid-restore")?;
        }
        Ok(replay)
    }

    fn check_partition_counts(&self, sealed: &Sealed) -> Result<(), RestoreError> {
        for input in &sealed.record.inputs {
            let Some(topic) = Topic::from_name(&input.topic) else { continue };
            let count = self.client.partitions(topic)?;
            if count != input.partitions {
                let message = format!(
                    "{} has {count} partitions, but its states were made with {}; keys would meet other states: give it {0} back",
                    input.topic, input.partitions
                );
                return Err(Stop::Settings(message).into());
            }
        }
        Ok(())
    }

    /// What was folded must be read again as it was read then.
    fn check_contracts(&self, partition: u32, sealed: &Sealed) -> Result<(), RestoreError> {
        let mut folded = Vec::new();
        for topic in self.inputs {
            let start = self.client.start(*topic, partition)?;
            if sealed.record.next(*topic).is_some_and(|next| next > start) {
                folded.push(*topic);
            }
        }
        self.codec.pin(&sealed.record.contracts.schemas).map_err(Stop::Settings)?;
        match self.codec.contradicts(&sealed.record.contracts, &folded) {
            Some(message) => Err(Stop::Settings(message).into()),
            None => Ok(()),
        }
    }

    fn next_offsets(&self, partition: u32, last: Option<&Sealed>) -> Result<Vec<(Topic, u64)>, RestoreError> {
        let next = |topic: &Topic| Ok((*topic, self.next_offset(*topic, partition, last)?));
        self.inputs.iter().map(next).collect()
    }

    /// The commit record and the group must agree; a group's offsets may have expired.
    fn next_offset(&self, topic: Topic, partition: u32, last: Option<&Sealed>) -> Result<u64, RestoreError> {
        let group = self.client.committed(self.group, topic, partition)?;
        let alarm = |message: String| Err(RestoreError::Alarm(message));
        let (group_name, topic_name, changelog) = (self.group, topic.name(), self.changelog.name());
        match (group, last.map(|sealed| sealed.record.next(topic))) {
            (None, None) => Ok(self.client.start(topic, partition)?),
            (None, Some(Some(next))) => {
                telemetry::group_offset_absent(self.stage, topic, partition, next);
                Ok(next)
            }
            (Some(group), Some(Some(next))) if group == next => Ok(next),
            (Some(group), Some(Some(next))) => alarm(format!(
                "group {group_name} stands at {group} of {topic_name}, the commit record at {next}; set the group's offset back to {next}"
            )),
            (Some(group), None) => alarm(format!(
                "group {group_name} stands at {group} of {topic_name}, but {changelog} holds no commit record; bring {changelog} back from a backup"
            )),
            // An input that came with this version: nothing of it is folded yet.
            (None, Some(None)) => Ok(self.client.start(topic, partition)?),
            (Some(_), Some(None)) => {
                alarm(format!("the commit record does not name {topic_name}; start the engine version that wrote it"))
            }
        }
    }
}

impl Replay {
    /// Takes the records into the digest; the newest state of each key goes to the store.
    fn apply(&mut self, batch: &Batch) -> Result<Vec<Change>, RestoreError> {
        let mut newest: FxHashMap<&[u8], Option<&[u8]>> = FxHashMap::default();
        let until = self.until;
        for row in batch.rows().iter().filter(|row| row.position.offset < until) {
            let key = batch.key(row).ok_or_else(|| RestoreError::Alarm("the changelog holds a record without a key".into()))?;
            self.records += 1;
            if key == COMMIT_KEY {
                self.chain(batch.value(row).unwrap_or_default(), row.position.offset)?;
                continue;
            }
            let new = batch.value(row);
            let old = match newest.get(key) {
                Some(state) => state.map(<[u8]>::to_vec),
                None => self.reader.get(key)?,
            };
            self.digest.replace(key, old.as_deref(), new);
            newest.insert(key, new);
        }
        let change = |(key, state): (&[u8], Option<&[u8]>)| Change { key: key.into(), state: state.map(Arc::from) };
        Ok(newest.into_iter().map(change).collect())
    }

    fn chain(&mut self, bytes: &[u8], offset: u64) -> Result<(), RestoreError> {
        let sealed = Sealed::read(bytes).map_err(|error| RestoreError::Alarm(error.to_string()))?;
        if let Some((last, _)) = self.last.as_ref().filter(|(last, _)| !last.leads_to(&sealed)) {
            self.is_broken = true;
            return Err(RestoreError::Alarm(format!(
                "commit record {} does not follow on {}; two engines wrote to one changelog: bring the log back from a backup",
                sealed.record.seq, last.record.seq
            )));
        }
        self.last = Some((sealed, offset));
        Ok(())
    }
}

fn judge(replay: &Replay, store: Option<&StorePosition>) -> Result<(), Wiped> {
    let last = replay.last.as_ref().map(|(sealed, _)| &sealed.record);
    if let Some(position) = store {
        if last.is_some_and(|record| record.genesis != position.genesis) {
            return Err(Wiped::OtherGenesis);
        }
        let log = last.map_or(0, |record| record.seq);
        if position.seq > log {
            return Err(Wiped::Ahead { store: position.seq, log });
        }
    }
    let wanted = last.map_or(Digest::default(), |record| Digest { live_keys: record.live_keys, sum: record.state_digest });
    if replay.digest == wanted { Ok(()) } else { Err(Wiped::DigestMismatch) }
}

/// What the people who run it do where states contradict themselves.
pub fn remedy(stage: &str, partition: u32) -> String {
    format!("end the workers and run `accrue rebuild --stage {stage} --partition {partition}`")
}

fn undecided(topic: Topic, partition: u32) -> String {
    let name = topic.name();
    format!("the end of {name}, partition {partition}, stays undecided: a transaction hangs; abort it at the broker or wait")
}

/// Names this beginning of a partition: no other log has it.
fn new_genesis(owner: &str, partition: u32) -> [u8; 16] {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    let text = format!("{owner}/{partition}/{now}/{}", std::process::id());
    let mut genesis = [0; 16];
    genesis.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    genesis
}
