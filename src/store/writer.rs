//! The store's one writing thread: sled's batches take a process-wide lock, and order is what makes them a position.

use super::{
    Acknowledgement, Change, Command, Delta, Digest, Opened, POSITION_KEY, POSITION_VERSION, Reader, StoreError, StorePosition,
    Wiped, fingerprint, guarded,
};
use crate::worker::crash::{CrashPoints, Crashed};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

pub(super) struct Writer {
    database: sled::Db,
    held: HashMap<u32, Held>,
    acknowledgements: Sender<Acknowledgement>,
    crash: Arc<CrashPoints>,
}

struct Held {
    tree: sled::Tree,
    epoch: u64,
    position: Option<StorePosition>,
}

impl Writer {
    pub(super) fn new(database: sled::Db, acknowledgements: Sender<Acknowledgement>, crash: Arc<CrashPoints>) -> Writer {
        Writer { database, held: HashMap::new(), acknowledgements, crash }
    }

    /// Until the store is dropped. An answer that nobody waits for any more is no failure.
    pub(super) fn run(mut self, inbox: &Receiver<Command>) {
        for command in inbox {
            match command {
                Command::Open { partition, owner, epoch, reply } => drop(reply.send(self.open(partition, &owner, epoch))),
                Command::Wipe { partition, reply } => drop(reply.send(self.wipe(partition))),
                Command::Fill { partition, changes, position, reply } => {
                    drop(reply.send(self.fill(partition, &changes, position)));
                }
                Command::Apply(delta) => match self.apply(&delta) {
                    Ok(acknowledgement) => drop(self.acknowledgements.send(acknowledgement)),
                    Err(Crashed(_)) => return,
                },
            }
        }
    }

    fn open(&mut self, partition: u32, owner: &str, epoch: u64) -> Result<Opened, StoreError> {
        match self.scan(partition, owner, epoch) {
            Ok(opened) => Ok(opened),
            Err(wiped) => {
                self.wipe(partition)?;
                let opened = self.scan(partition, owner, epoch).map_err(|wiped| StoreError::Damaged(wiped.to_string()))?;
                Ok(Opened { wiped: Some(wiped), ..opened })
            }
        }
    }

    fn scan(&mut self, partition: u32, owner: &str, epoch: u64) -> Result<Opened, Wiped> {
        let tree = self.tree(partition).map_err(|error| Wiped::Damaged(error.to_string()))?;
        let (position, digest, fingerprints) = read_all(&tree)?;
        if position.is_none() && digest.live_keys > 0 {
            return Err(Wiped::Damaged("states without a position".into()));
        }
        if let Some(foreign) = position.as_ref().filter(|position| position.owner != owner) {
            return Err(Wiped::Foreign { found: foreign.owner.clone(), wanted: owner.into() });
        }
        self.held.insert(partition, Held { tree: tree.clone(), epoch, position: position.clone() });
        Ok(Opened { reader: Reader { tree }, position, digest, fingerprints, wiped: None })
    }

    fn tree(&self, partition: u32) -> Result<sled::Tree, StoreError> {
        guarded(|| self.database.open_tree(tree_name(partition)))
    }

    /// Empties the partition. Its readers go on to see it: the tree stays the same.
    fn wipe(&mut self, partition: u32) -> Result<(), StoreError> {
        let tree = self.tree(partition)?;
        // The position goes first: what a crash leaves behind is states without one, which are wiped again.
        guarded(|| tree.remove(POSITION_KEY))?;
        guarded(|| tree.clear())?;
        if let Some(held) = self.held.get_mut(&partition) {
            held.position = None;
        }
        Ok(())
    }

    fn fill(&mut self, partition: u32, changes: &[Change], position: Option<StorePosition>) -> Result<(), StoreError> {
        let held = self.held.get_mut(&partition).ok_or(StoreError::Ended)?;
        write(&held.tree, changes, position.as_ref())?;
        held.position = position.or_else(|| held.position.take());
        Ok(())
    }

    fn apply(&mut self, delta: &Delta) -> Result<Acknowledgement, Crashed> {
        self.crash.pass("mid-store")?;
        let (partition, epoch, seq) = (delta.partition, delta.epoch, delta.to_seq);
        let acknowledgement = match self.follow(delta) {
            Ok(()) => Acknowledgement::Applied { partition, epoch, seq },
            Err(reason) => Acknowledgement::Lost { partition, epoch, reason },
        };
        self.crash.pass("after-store")?;
        Ok(acknowledgement)
    }

    fn follow(&mut self, delta: &Delta) -> Result<(), String> {
        let held = self.held.get_mut(&delta.partition).ok_or("the partition is not open")?;
        let position = held.position.as_ref().ok_or("nothing is stored to follow on")?;
        if held.epoch != delta.epoch || position.seq != delta.from_seq {
            return Err(format!("commit {} does not follow on the stored {}", delta.to_seq, position.seq));
        }
        let next = StorePosition { seq: delta.to_seq, changelog_hint: delta.changelog_hint, ..position.clone() };
        write(&held.tree, &delta.changes, Some(&next)).map_err(|error| error.to_string())?;
        held.position = Some(next);
        Ok(())
    }
}

fn tree_name(partition: u32) -> Vec<u8> {
    format!("partition-{partition}").into_bytes()
}

fn write(tree: &sled::Tree, changes: &[Change], position: Option<&StorePosition>) -> Result<(), StoreError> {
    let mut batch = sled::Batch::default();
    for change in changes {
        match &change.state {
            Some(state) => batch.insert(change.key.as_ref(), state.as_ref()),
            None => batch.remove(change.key.as_ref()),
        }
    }
    if let Some(position) = position {
        let bytes = postcard::to_extend(position, vec![POSITION_VERSION]);
        batch.insert(POSITION_KEY, bytes.map_err(|error| StoreError::Damaged(error.to_string()))?);
    }
    guarded(|| tree.apply_batch(batch))
}

type Contents = (Option<StorePosition>, Digest, Vec<u64>);

fn read_all(tree: &sled::Tree) -> Result<Contents, Wiped> {
    let (mut position, mut digest, mut fingerprints) = (None, Digest::default(), Vec::new());
    let mut entries = tree.iter();
    while let Some(entry) = guarded(|| entries.next().transpose()).map_err(|error| Wiped::Damaged(error.to_string()))? {
        let (key, value) = entry;
        if key.as_ref() == POSITION_KEY {
            position = Some(read_position(&value)?);
        } else {
            digest.replace(&key, None, Some(&value));
            fingerprints.push(fingerprint(&key));
        }
    }
    Ok((position, digest, fingerprints))
}

fn read_position(bytes: &[u8]) -> Result<StorePosition, Wiped> {
    let body = bytes.strip_prefix(&[POSITION_VERSION]).ok_or_else(|| Wiped::Damaged("position of another version".into()))?;
    postcard::from_bytes(body).map_err(|error| Wiped::Damaged(format!("position: {error}")))
}
