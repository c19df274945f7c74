//! The store's one writing thread: sled's batches take a process-wide lock, and order is what makes them a position.
//!
//! What waits is written at once: a batch costs more than its entries, and a key that changes again needs one write.

use super::{
    Acknowledgement, Change, Command, Delta, Layout, Opened, Reader, StoreError, StorePosition, Tree, Wiped, guarded, tree,
};
use crate::worker::crash::{CrashPoints, Crashed};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

/// Changes that are written at once: more would hold sled's lock for long.
const WRITTEN_AT_ONCE_BYTES: usize = 4 << 20;

pub(super) struct Writer {
    database: sled::Db,
    layout: Layout,
    held: HashMap<u32, Held>,
    acknowledgements: Sender<Acknowledgement>,
    crash: Arc<CrashPoints>,
}

struct Held {
    tree: Arc<Tree>,
    epoch: u64,
    position: Option<StorePosition>,
}

impl Writer {
    pub(super) fn new(
        database: sled::Db,
        layout: Layout,
        acknowledgements: Sender<Acknowledgement>,
        crash: Arc<CrashPoints>,
    ) -> Writer {
        Writer { database, layout, held: HashMap::new(), acknowledgements, crash }
    }

    /// Until the store is dropped.
    pub(super) fn run(mut self, inbox: &Receiver<Command>) {
        let mut next = inbox.recv().ok();
        while let Some(command) = next {
            next = match self.take(command, inbox) {
                Ok(after) => after.or_else(|| inbox.recv().ok()),
                Err(Crashed(_)) => return,
            };
        }
    }

    /// Returns the command that was met behind the deltas. An answer that nobody waits for any more is no failure.
    fn take(&mut self, command: Command, inbox: &Receiver<Command>) -> Result<Option<Command>, Crashed> {
        match command {
            Command::Open { partition, owner, epoch, reply } => drop(reply.send(self.open(partition, &owner, epoch))),
            Command::Wipe { partition, reply } => drop(reply.send(self.wipe(partition))),
            Command::Fill { partition, changes, position, reply } => {
                drop(reply.send(self.fill(partition, &changes, position)));
            }
            Command::Apply(first) => {
                let (deltas, after) = waiting(first, inbox);
                self.apply_all(&deltas)?;
                return Ok(after);
            }
        }
        Ok(None)
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
        let (tree, position, digest) = Tree::open(tree, self.layout)?;
        if position.is_none() && digest.live_keys > 0 {
            return Err(Wiped::Damaged("states without a position".into()));
        }
        if let Some(foreign) = position.as_ref().filter(|position| position.owner != owner) {
            return Err(Wiped::Foreign { found: foreign.owner.clone(), wanted: owner.into() });
        }
        let tree = Arc::new(tree);
        self.held.insert(partition, Held { tree: tree.clone(), epoch, position: position.clone() });
        Ok(Opened { reader: Reader { tree }, position, digest, wiped: None })
    }

    fn tree(&self, partition: u32) -> Result<sled::Tree, StoreError> {
        guarded(|| self.database.open_tree(tree_name(partition)))
    }

    /// Empties the partition. Its readers go on to see it: the tree stays the same.
    fn wipe(&mut self, partition: u32) -> Result<(), StoreError> {
        match self.held.get_mut(&partition) {
            Some(held) => {
                held.position = None;
                held.tree.wipe()
            }
            None => tree::wipe(&self.tree(partition)?),
        }
    }

    fn fill(&mut self, partition: u32, changes: &[Change], position: Option<StorePosition>) -> Result<(), StoreError> {
        let held = self.held.get_mut(&partition).ok_or(StoreError::Ended)?;
        held.tree.write(&changes.iter().collect::<Vec<_>>(), position.as_ref())?;
        held.position = position.or_else(|| held.position.take());
        Ok(())
    }

    /// Each partition's deltas in their order, those that follow on each other in one write.
    fn apply_all(&mut self, deltas: &[Arc<Delta>]) -> Result<(), Crashed> {
        let mut partitions: BTreeMap<u32, Vec<&Delta>> = BTreeMap::new();
        for delta in deltas {
            partitions.entry(delta.partition).or_default().push(delta);
        }
        let follows = |a: &&Delta, b: &&Delta| (a.epoch, a.to_seq) == (b.epoch, b.from_seq);
        for run in partitions.values().flat_map(|deltas| deltas.chunk_by(follows)) {
            self.apply(run)?;
        }
        Ok(())
    }

    fn apply(&mut self, run: &[&Delta]) -> Result<(), Crashed> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(()) };
        self.pass("mid-store", run)?;
        let (partition, epoch, seq) = (last.partition, last.epoch, last.to_seq);
        let acknowledgement = match self.follow(first, last, run) {
            Ok(()) => Acknowledgement::Applied { partition, epoch, seq },
            Err(reason) => Acknowledgement::Lost { partition, epoch, reason },
        };
        self.pass("after-store", run)?;
        drop(self.acknowledgements.send(acknowledgement));
        Ok(())
    }

    /// Every delta passes by, however many of them are written at once: when a crash comes does not hang on what waited.
    fn pass(&self, point: &'static str, run: &[&Delta]) -> Result<(), Crashed> {
        run.iter().try_for_each(|_| self.crash.pass(point))
    }

    fn follow(&mut self, first: &Delta, last: &Delta, run: &[&Delta]) -> Result<(), String> {
        let held = self.held.get_mut(&first.partition).ok_or("the partition is not open")?;
        let position = held.position.as_ref().ok_or("nothing is stored to follow on")?;
        if held.epoch != first.epoch || position.seq != first.from_seq {
            return Err(format!("commit {} does not follow on the stored {}", first.to_seq, position.seq));
        }
        let next = StorePosition { seq: last.to_seq, changelog_hint: last.changelog_hint, ..position.clone() };
        held.tree.write(&merged(run), Some(&next)).map_err(|error| error.to_string())?;
        held.position = Some(next);
        Ok(())
    }
}

/// The deltas that wait behind the first, as far as they are written at once, and what else was met.
fn waiting(first: Arc<Delta>, inbox: &Receiver<Command>) -> (Vec<Arc<Delta>>, Option<Command>) {
    let mut bytes = first.bytes();
    let mut deltas = vec![first];
    while bytes < WRITTEN_AT_ONCE_BYTES {
        match inbox.try_recv() {
            Ok(Command::Apply(delta)) => {
                bytes += delta.bytes();
                deltas.push(delta);
            }
            Ok(other) => return (deltas, Some(other)),
            Err(_) => break,
        }
    }
    (deltas, None)
}

/// The last change of each key.
fn merged<'d>(run: &[&'d Delta]) -> Vec<&'d Change> {
    let mut changes: Vec<&Change> = run.iter().rev().flat_map(|delta| &delta.changes).collect();
    // The sort is stable, so that the newest change of a key stays the first of its kind: the one that dedup keeps.
    changes.sort_by(|a, b| a.key.cmp(&b.key));
    changes.dedup_by(|later, kept| later.key == kept.key);
    changes
}

fn tree_name(partition: u32) -> Vec<u8> {
    format!("partition-{partition}").into_bytes()
}
