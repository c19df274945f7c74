//! What makes a stage exactly-once: the log is the database, everything local is a cache of it.
//!
//! One transaction carries outputs, new states, a commit record per touched partition, and the next offset of every
//! input; only after its commit is anything local changed. Reading order: `commit_record`, `step` (the machine that a
//! thread drives), `batch` (folding), `transaction`, `restore`, `working_set`, `engine` (both stages on threads), `status`
//! and `ends` (where they stand).

pub mod batch;
pub mod commit_record;
pub mod crash;
pub mod ends;
pub mod engine;
pub mod rebuild;
pub mod restore;
pub mod status;
pub mod step;
pub mod transaction;
pub mod working_set;

use crate::log::LogError;
use crate::pipeline::StageError;
use crate::store::StoreError;
use crash::{CrashError, Crashed};

/// Why a stage, and with it the process, ends.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("fenced: {0}")]
    Fenced(String),
    #[error("{0}")]
    Storage(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Settings(String),
    /// What is stored contradicts itself, or a rule of the engine is broken: nothing goes on.
    #[error("alarm: {0}")]
    Alarm(String),
    #[error(transparent)]
    Crash(#[from] CrashError),
    #[error(transparent)]
    Crashed(#[from] Crashed),
}

impl Stop {
    pub fn exit_code(&self) -> u8 {
        match self {
            Stop::Unavailable(_) => 69,
            Stop::Storage(_) | Stop::Alarm(_) | Stop::Crashed(_) => 74,
            Stop::Fenced(_) => 75,
            Stop::Settings(_) | Stop::Crash(_) => 78,
        }
    }
}

/// What went wrong in a step, before it is decided what becomes of it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stage panicked where one record alone is not to blame: fewer at a time will tell.
    #[error("the stage panicked: {0}")]
    Panicked(String),
    /// A record's fold panicked: read again, the record alone is rejected.
    #[error("a record's fold panicked")]
    Poisoned,
    #[error(transparent)]
    Stop(#[from] Stop),
}

impl From<Crashed> for Trouble {
    fn from(crashed: Crashed) -> Trouble {
        Trouble::Stop(Stop::Crashed(crashed))
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Stop {
        match error {
            LogError::Fenced(message) => Stop::Fenced(message),
            LogError::Settings(message) => Stop::Settings(message),
            LogError::Storage(message) => Stop::Storage(message),
            LogError::Unavailable(message) | LogError::Abort(message) | LogError::Doubt(message) => Stop::Unavailable(message),
            LogError::TooLarge(message) => Stop::Alarm(message),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        match error {
            StoreError::Locked { .. } => Stop::Fenced(error.to_string()),
            _ => Stop::Storage(error.to_string()),
        }
    }
}

/// What a caught panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests;
