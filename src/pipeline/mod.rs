//! The two stages: pure folds of `(state, event) -> (state, effects)` over what `domain` defines.
//!
//! `crediting` (keyed by deal) turns deals into credits, `earning` (keyed by payee and quarter) turns credits into
//! attainment, accruals and payouts. No clock, disk, socket or randomness: states come through [`States`], effects
//! leave through [`Effects`], and the worker does the rest. Reading order: `packed` (what passes between the stages, and from
//! payee to payee), `packer` (how it is written), `crediting`, `earning`.

pub mod crediting;
pub mod earning;
pub mod feed;
pub mod packed;
mod packer;

use crate::domain::adjustment::AdjustmentMade;
use crate::domain::deal::DealClosed;
use crate::domain::fact::Fact;
use crate::domain::output::{Accrual, Attainment, CloseNote, Payout, PayoutRun, RejectRecord, RunBalance};
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::Reject;
use crate::domain::settlement::DealSettled;
use crate::domain::topic::{Position, Topic};
use packed::PackedCredits;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A state could not be read: the batch is dropped, nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("state of partition {partition} cannot be read")]
    Read {
        partition: u32,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored contradicts itself: an alarm that stops the partition.
    #[error("alarm in partition {partition}: {message}")]
    Alarm { partition: u32, message: String },
}

fn alarm(partition: u32, message: impl std::fmt::Display) -> StageError {
    StageError::Alarm { partition, message: message.to_string() }
}

/// What a stage may read while it folds: its own committed states.
pub trait States {
    /// The state of a key as last changed by a committed batch.
    fn get(&mut self, partition: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError>;

    /// Keys of a partition in byte order, strictly after `after` and before `until`, at most `limit`; committed batches
    /// only.
    fn keys_between(
        &mut self,
        partition: u32,
        after: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StageError>;
}

/// Where an input record stood, and its bytes for a dead letter.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub position: Position,
    pub key: &'a [u8],
    pub value: &'a [u8],
}

/// A decoded input record.
#[derive(Debug)]
pub enum Input<'a> {
    Deal(DealClosed<'a>),
    Quota(QuotaChanged<'a>),
    Settlement(DealSettled<'a>),
    Adjustment(AdjustmentMade),
    Credits(PackedCredits<'a>),
}

/// A record for an output topic. `wire` writes it, the key decides the partition except where one is given.
#[derive(Clone, Debug)]
pub enum Output {
    /// Encoded by `packed`; goes to exactly this partition of `credits`.
    Credits {
        partition: u32,
        bytes: Vec<u8>,
    },
    /// `cause` is the last record that it follows from.
    Attainment {
        attainment: Attainment,
        cause: Position,
    },
    Accrual(Accrual),
    PayoutDraft(Payout),
    RunBalance(RunBalance),
    Payout(Payout),
    PayoutRun(PayoutRun),
    Close(CloseNote),
    /// `cause` is the record because of which it is said now: itself, or one that lets it wait or go on.
    Rejected {
        record: Box<RejectRecord>,
        cause: Position,
    },
}

/// What became of an input record of crediting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The fold took it in (also a revision that is older than the newest, kept without effect).
    Counted,
    /// The same revision with the same content was there.
    Duplicate,
    Parked(Reject),
    Rejected(Reject),
}

/// What a batch does: outputs in order, new states (`None` removes), outcomes of input records.
#[derive(Debug, Default)]
pub struct Effects {
    pub outputs: Vec<Output>,
    pub changed: Vec<Changed>,
    pub outcomes: Vec<(Position, Outcome)>,
}

#[derive(Debug)]
pub struct Changed {
    pub partition: u32,
    pub key: Arc<[u8]>,
    /// As [`States::get`] told it, so that nobody has to look it up again.
    pub old: Option<Arc<[u8]>>,
    pub state: Option<Arc<[u8]>>,
}

/// Whether an input record was folded, or must be offered again after the stage has adopted more facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Folded,
    NotYet,
}

/// The work of its own that a stage is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Recrediting,
    /// Partitions tell each other what was earned up to a close.
    Telling,
    Closing,
    Releasing,
}

/// A close that is stated and not done, and the partitions that have yet to do their part, as far as a stage knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingClose {
    pub close_id: String,
    pub crediting: Vec<u32>,
    pub earning: Vec<u32>,
}

/// A stage over the partitions that its worker holds. The worker calls, per batch: `begin`, `work`, `fold` for each
/// record, `finish` until it is done, and then `committed` or `abandon`. In between the worker may take the outputs that
/// there are. A stage is deterministic in the order of these calls.
pub trait Stage: Send {
    /// The topics whose partition p belongs to this stage's partition p. The first is the one to subscribe to.
    fn inputs(&self) -> &'static [Topic];
    fn changelog(&self) -> Topic;
    /// Whether the same states are touched again and again, so that a larger batch costs less for each record.
    fn gathers(&self) -> bool;

    /// Takes a partition on. `meta` and `facts_next` are those of its last commit record; `None` at genesis.
    fn assign(&mut self, partition: u32, last: Option<(&[u8], u64)>) -> Result<(), StageError>;
    /// The offset of the next fact that the stage wants to be offered.
    fn facts_wanted(&self) -> u64;
    /// Offers the fact at `facts_wanted()`; it is adopted in a later `work`. An undecodable record is offered as its
    /// reject. After a restart all facts are offered again from 0: those before a partition's `facts_next` rebuild the
    /// world without any effect.
    fn offer(&mut self, origin: Origin<'_>, fact: Result<Fact, Reject>);

    fn begin(&mut self);
    /// Own bounded work: adopts offered facts, re-credits or re-prices what they touch, closes and releases, about
    /// `budget` keys at most. `next_offset` tells how far the partition's input topics are folded. True: there is more
    /// to do right away.
    fn work(
        &mut self,
        next_offset: &dyn Fn(Topic, u32) -> u64,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<bool, StageError>;
    fn fold(
        &mut self,
        origin: Origin<'_>,
        input: Result<Input<'_>, Reject>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Flow, StageError>;
    /// States that the batch has in memory, changed or not.
    fn loaded(&self) -> usize;
    /// Goes on ending the batch, a bounded part at a time; false once everything that the batch changed is in `effects`.
    fn finish(&mut self, states: &mut dyn States, effects: &mut Effects) -> Result<bool, StageError>;
    /// What the commit record of a partition holds for the stage (opaque to the worker), and its `facts_next`.
    fn meta(&self, partition: u32) -> (Vec<u8>, u64);
    fn committed(&mut self);
    /// Drops what happened since `begin`.
    fn abandon(&mut self);
    /// Nothing is left to do but new input: no offered fact, no cursor, no close that it could go on with.
    fn idle(&self) -> bool;
    /// What `work` is in the middle of, for crash tests to hit.
    fn phase(&self) -> Phase;
    /// In the order of the closes.
    fn pending_closes(&self) -> Vec<PendingClose>;
}
