//! The seam to the log: everything that the rest may know about Kafka or the embedded log.
//!
//! [`Client`] is plain access (append, read committed, positions) for commands, facts and restore; [`StageLog`] is one
//! stage's hold: what it consumes, and the transaction that it writes. Three files implement the client: `kafka` (the
//! only one that names rdkafka), `embedded` (the only one that names redb), and `socket` (through a running `accrue up`).

pub mod batch;
pub mod embedded;
pub mod kafka;
pub mod socket;

pub use batch::{Batch, Records, Row};

use crate::domain::topic::Topic;
use std::time::Duration;

/// What went wrong at the log, by what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The transaction must be aborted; the same work may be tried again.
    #[error("{0}")]
    Abort(String),
    /// Whether the transaction took effect is not known: drop the state and restore from the log.
    #[error("{0}")]
    Doubt(String),
    /// Another worker owns what this one tried to write (exit 75).
    #[error("{0}")]
    Fenced(String),
    /// The log is not to be had now (exit 69).
    #[error("{0}")]
    Unavailable(String),
    /// A record is larger than the log takes.
    #[error("{0}")]
    TooLarge(String),
    /// A write or read of the storage failed, a full disk for one (exit 74): nothing goes on after it.
    #[error("{0}")]
    Storage(String),
    /// The log's settings would lose data or do not fit (exit 78); the text says the fix.
    #[error("{0}")]
    Settings(String),
}

/// Kafka fences a transaction by the offsets that it carries, and takes one without any from whoever sends it.
const NO_OFFSETS: &str = "a transaction without offsets is fenced by nothing; send the offset of every input partition first";

/// How much a poll may bring: it ends with the record that reaches one of these.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub records: usize,
    pub bytes: usize,
}

impl Limit {
    /// So many records, however large they are.
    pub fn records(records: usize) -> Limit {
        Limit { records, bytes: usize::MAX / 2 }
    }
}

/// What changed in the partitions of a stage. One that was taken and given again is in both.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// To be started.
    pub given: Vec<u32>,
    /// No longer this worker's: another one may write to them already.
    pub taken: Vec<u32>,
}

impl Assigned {
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.taken.is_empty()
    }
}

/// Records for one partition, appended together.
pub struct Append<'a> {
    pub topic: Topic,
    pub partition: u32,
    pub records: &'a Records,
}

/// Plain access to a log. Reads are read-committed. All methods block.
pub trait Client: Send + Sync {
    /// Creates the topics that are missing (`partitions` for all but the single-partition ones) and checks the others'
    /// settings; a different partition count or a setting that loses data is [`LogError::Settings`].
    fn create_topics(&self, partitions: u32) -> Result<(), LogError>;
    /// Partition count of a topic.
    fn partitions(&self, topic: Topic) -> Result<u32, LogError>;
    /// Appends all or nothing, durably; returns the first offset of each.
    fn append(&self, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError>;
    /// First offset that is still there.
    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError>;
    /// The read-committed end: the offset after the last visible record. Nothing before it is still undecided.
    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError>;
    /// The read-uncommitted end: where restore must reach.
    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError>;
    /// Appends committed records from `from` on to `into`, at least one if there is one, up to about `limit_bytes`;
    /// returns the offset to go on from (control records and aborted ones are skipped over).
    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError>;
    /// The next offset that a stage's group has committed for a partition; `None` when it never did.
    fn committed(&self, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, LogError>;
    /// Removes what lies before `offset`. Only `credits` is ever trimmed.
    fn trim(&self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError>;
}

/// One stage's hold on the log: consumer and transactional producer. Used from one thread. `partition` is the stage's:
/// partition p of every input topic belongs together.
pub trait StageLog: Send {
    /// What changed since the last call; a partition that is given waits for [`StageLog::start`]. [`LogError::Fenced`]: another
    /// worker has this one's place.
    fn assigned(&mut self, wait: Duration) -> Result<Assigned, LogError>;
    /// Starts the flow of these inputs at these next offsets.
    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError>;
    /// Ends the flow of a partition's inputs, which stays this worker's: it waits for another [`StageLog::start`].
    fn stop(&mut self, partition: u32) -> Result<(), LogError>;
    /// Holds all inputs, also those that are started later, or lets them flow again.
    fn pause(&mut self, paused: bool) -> Result<(), LogError>;
    /// Appends records up to `limit` to `into`, waiting at most `wait` for the first. With a limit of 0 records it only keeps
    /// the membership alive. Records of a partition come in offset order.
    fn poll(&mut self, into: &mut Batch, limit: Limit, wait: Duration) -> Result<(), LogError>;
    /// Goes back (or on) to this next offset.
    fn seek(&mut self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError>;

    /// Opens the transaction and captures the generation that it is fenced by.
    fn begin(&mut self) -> Result<(), LogError>;
    fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError>;
    /// Waits until everything sent has arrived; an error here means that the transaction must be aborted.
    fn drain(&mut self) -> Result<(), LogError>;
    /// Adds the next offset of **every** input partition that the transaction covers, advanced or not.
    fn send_offsets(&mut self, offsets: &[(Topic, u32, u64)]) -> Result<(), LogError>;
    fn commit(&mut self) -> Result<(), LogError>;
    fn abort(&mut self) -> Result<(), LogError>;
}
