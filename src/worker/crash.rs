//! Named points at which the process ends itself as if it were killed, for tests of what survives.
//!
//! `ACCRUE_CRASH_AT=<name>[:n]` ends the ordinary binary the n-th time that it comes by. Refused unless the data
//! directory or the application id says test.

use std::sync::atomic::{AtomicU32, Ordering};

/// The places: those of a transaction in its order, then those of longer work.
pub const POINTS: [&str; 16] = [
    "before-begin",
    "after-fold",
    "mid-send",
    "after-send",
    "after-drain",
    "after-offsets",
    "after-commit",
    "mid-store",
    "after-store",
    "mid-recredit",
    "mid-round",
    "mid-close",
    "mid-release",
    "in-revoke",
    "mid-restore",
    "mid-rebuild",
];

/// The variable that arms a point.
pub const VARIABLE: &str = "ACCRUE_CRASH_AT";

/// The process was to end here. Only a simulated crash lives to return it.
#[derive(Debug, thiserror::Error)]
#[error("ended at crash point {0}")]
pub struct Crashed(pub &'static str);

/// A crash point that cannot be armed (exit 78).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrashError {
    #[error("{VARIABLE}: no crash point \"{0}\"; the points are {points}", points = POINTS.join(", "))]
    Unknown(String),
    #[error("{VARIABLE} is refused: neither the data directory nor the application id contains \"test\"")]
    NotATest,
}

#[derive(Debug, Default)]
pub struct CrashPoints {
    armed: Option<Armed>,
}

#[derive(Debug)]
struct Armed {
    point: &'static str,
    left: AtomicU32,
    kills: bool,
}

impl CrashPoints {
    /// What the variable's text arms; `place` is the data directory or the application id.
    pub fn from_text(text: Option<&str>, place: &str) -> Result<CrashPoints, CrashError> {
        let Some(text) = text else { return Ok(CrashPoints::default()) };
        if !place.contains("test") {
            return Err(CrashError::NotATest);
        }
        CrashPoints::armed(text, true)
    }

    /// Ends only the step, with [`Crashed`], so that a test in the same process can drop the rest and start anew.
    pub fn simulated(text: &str) -> Result<CrashPoints, CrashError> {
        CrashPoints::armed(text, false)
    }

    fn armed(text: &str, kills: bool) -> Result<CrashPoints, CrashError> {
        let (name, times) = text.split_once(':').unwrap_or((text, "1"));
        let unknown = || CrashError::Unknown(text.into());
        let point = POINTS.into_iter().find(|point| *point == name).ok_or_else(unknown)?;
        let left = times.parse().ok().filter(|times| *times > 0).ok_or_else(unknown)?;
        Ok(CrashPoints { armed: Some(Armed { point, left: AtomicU32::new(left), kills }) })
    }

    pub fn pass(&self, point: &'static str) -> Result<(), Crashed> {
        match &self.armed {
            Some(armed) if armed.point == point => armed.pass(),
            _ => Ok(()),
        }
    }
}

impl Armed {
    fn pass(&self) -> Result<(), Crashed> {
        let last = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, last) != Ok(1) {
            return Ok(());
        }
        if self.kills {
            // SAFETY: raise takes no memory of ours; SIGKILL ends the process at once, as kill -9 does.
            unsafe { libc::raise(libc::SIGKILL) };
        }
        Err(Crashed(self.point))
    }
}
