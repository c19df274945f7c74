//! What people see of the log: consumers of the output topics, each with its own small state.
//!
//! Nothing here knows the engine: any other program could show the same from the same records. Leaves out printing
//! (`cli`). Reading order: `scan` (records of a topic), `board`, `statement`, `payouts`, `rejects`, `totals`, `facts`;
//! `replay` is what `verify` compares, `effects` what a publication would change.

pub mod board;
pub mod effects;
pub mod facts;
pub mod payouts;
pub mod payroll;
pub mod percent;
pub mod rejects;
pub mod replay;
pub mod scan;
pub mod statement;
pub mod totals;

use crate::log::LogError;
use crate::wire::WireError;

/// Why a view could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{topic} partition {partition} offset {offset} cannot be read: it was written by another version of accrue")]
    Record {
        topic: &'static str,
        partition: u32,
        offset: u64,
        #[source]
        source: WireError,
    },
}
