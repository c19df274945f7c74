//! What the worker says about itself: each of its log events is a named function here, on standard error. Leaves out what
//! the logs say about their own troubles.

mod metrics;

pub use metrics::Metrics;

use crate::domain::topic::{Position, Topic};
use crate::store::Wiped;
use std::fmt::Display;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Names the level or a filter of `tracing`; "warn" without it.
pub const VARIABLE: &str = "ACCRUE_LOG";

/// Says how events are written: "text", which is the default, or "json".
pub const FORMAT_VARIABLE: &str = "ACCRUE_LOG_FORMAT";

/// Sets up the log on standard error; a second call changes nothing.
pub fn start() -> Result<(), TelemetryError> {
    let text = std::env::var(VARIABLE).unwrap_or_else(|_| "warn".into());
    let filter = EnvFilter::try_new(&text).map_err(|_| TelemetryError::Level(text))?;
    // What commands say is no matter of levels.
    let filter = filter.add_directive(said_always()?);
    let format = std::env::var(FORMAT_VARIABLE).unwrap_or_else(|_| "text".into());
    let colours = std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Nobody may read standard error any more: that must not end what is at work.
    let subscriber = subscriber.log_internal_errors(false);
    // A subscriber that is there already goes on: tests and embedding programs have their own.
    let _ = match format.as_str() {
        "text" => subscriber.with_ansi(colours).try_init(),
        "json" => subscriber.json().flatten_event(true).try_init(),
        _ => return Err(TelemetryError::Format(format)),
    };
    Ok(())
}

/// The target of what commands say.
const SAID: &str = "accrue::said";

/// What a command says beside its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Notice,
    Danger,
    Failure,
}

fn said_always() -> Result<Directive, TelemetryError> {
    format!("{SAID}=info").parse().map_err(|_| TelemetryError::Level(SAID.into()))
}

/// Whether standard error is a line of JSON for each event: then what commands say has to be one, too.
pub fn is_json() -> bool {
    std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json")
}

pub fn said(tone: Tone, text: &str) {
    match tone {
        Tone::Notice => tracing::info!(target: SAID, "{text}"),
        Tone::Danger => tracing::warn!(target: SAID, "{text}"),
        Tone::Failure => tracing::error!(target: SAID, "{text}"),
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    #[error("log level \"{0}\" is none; use error, warn, info, debug or trace")]
    Level(String),
    #[error("log format \"{0}\" is none; use text or json")]
    Format(String),
}

pub fn stage_started(stage: &str, partitions: u32) {
    tracing::info!(stage, partitions, "stage started");
}

pub fn stage_stopped(stage: &str, reason: &dyn Display) {
    tracing::error!(stage, "stage stopped: {reason}");
}

pub fn restored(stage: &str, partition: u32, live_keys: u64, records: u64, took: Duration) {
    let took_ms = took.as_millis() as u64;
    tracing::info!(stage, partition, live_keys, records, took_ms, "partition restored");
}

pub fn store_wiped(stage: &str, partition: Option<u32>, why: &Wiped) {
    tracing::warn!(stage, partition, "store wiped, the changelog fills it again: {why}");
}

/// Group offsets expire when nothing was committed for long.
pub fn group_offset_absent(stage: &str, topic: Topic, partition: u32, next: u64) {
    tracing::warn!(stage, topic = topic.name(), partition, next, "group offset is absent, the commit record's is used");
}

pub fn retried(stage: &str, failures: u32, back_off: Duration, why: &dyn Display) {
    let back_off_ms = back_off.as_millis() as u64;
    tracing::warn!(stage, failures, back_off_ms, "transaction aborted, tried again: {why}");
}

pub fn shrunk(stage: &str, records: usize, why: &dyn Display) {
    tracing::warn!(stage, records, "transaction aborted, tried again with fewer records: {why}");
}

pub fn state_dropped(stage: &str, why: &dyn Display) {
    tracing::warn!(stage, "state dropped, restoring from the log: {why}");
}

pub fn paused(stage: &str, unacknowledged_bytes: usize) {
    tracing::warn!(stage, unacknowledged_bytes, "polling pauses until the store has caught up");
}

pub fn halted(stage: &str, paused: bool) {
    tracing::warn!(stage, "{}", if paused { "paused: nothing is folded until it is resumed" } else { "resumed" });
}

pub fn fold_panicked(stage: &str, position: Position, message: &str) {
    let Position { topic, partition, offset } = position;
    tracing::error!(stage, topic = topic.name(), partition, offset, "fold panicked, the record is rejected: {message}");
}

pub fn alarm(stage: &str, partition: u32, message: &str) {
    tracing::error!(stage, partition, "alarm, the partition stands still: {message}");
}

pub fn unread(stage: &str, topic: Topic, partition: u32, why: &str) {
    tracing::warn!(stage, topic = topic.name(), partition, "an input waits, nobody can tell what its next record is: {why}");
}

pub fn maintenance_failed(what: &str, why: &dyn Display) {
    tracing::warn!("{what} failed, tried again later: {why}");
}

pub fn committed(stage: &str, records: usize, outputs: usize, changes: usize, took: Duration) {
    let took_us = took.as_micros() as u64;
    tracing::debug!(stage, records, outputs, changes, took_us, "committed");
}
