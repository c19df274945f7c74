//! What people state now: one fact, appended with its author.

use super::session::Session;
use crate::domain::fact::{Fact, FactBody};
use std::time::{SystemTime, UNIX_EPOCH};

/// Appends one fact that a person states now.
pub fn state(session: &Session, fact_id: String, author: &str, reason: &str, body: FactBody) -> anyhow::Result<()> {
    let (author, reason) = (author.into(), reason.into());
    let fact = Fact { fact_id, author, reason, approver: None, occurred_at: now_microseconds(), body };
    let mut appender = session.appender()?;
    appender.fact(&fact)?;
    appender.flush()?;
    Ok(())
}

/// Microseconds since 1970.
pub fn now_microseconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}
