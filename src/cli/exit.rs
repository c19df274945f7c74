//! How a command ends: one mapping from what went wrong to the exit code that scripts rely on.

use super::console::say;
use crate::log::LogError;
use crate::read::ReadError;
use crate::registry::RegistryError;
use crate::telemetry::Tone;
use crate::wire::WireError;
use crate::worker::Stop;
use std::process::ExitCode;

/// The exit codes, named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// The command ran, and found something: a reject, a difference, a case that fails, what may not be done now.
    Found = 1,
    Usage = 2,
    /// The broker, or the running `accrue up`, is not to be had.
    Broker = 69,
    /// Input or output failed.
    Io = 74,
    /// Another worker owns what this one tried to write.
    Fenced = 75,
    /// Bad files or config.
    Files = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error that knows its exit code. The text says what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// With this exit code.
    pub fn of(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        Failure { exit, message: message.into() }.into()
    }
}

/// The command cannot be run as it was typed.
pub fn usage_error(message: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::Usage, message: message.into() }.into()
}

/// Files, config or the state of the log do not allow it.
pub fn files_error(message: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::Files, message: message.into() }.into()
}

/// What was asked for was looked at, and refused.
pub fn found_error(message: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::Found, message: message.into() }.into()
}

/// Input or output failed.
pub fn io_error(message: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::Io, message: message.into() }.into()
}

/// Prints clap's message and ends as it says: help and version are no errors.
pub fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => Exit::Usage.into(),
        (false, Ok(())) => Exit::Done.into(),
        (false, Err(_)) => Exit::Io.into(),
    }
}

/// Prints an error with its chain, once, and maps it.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if reader_went_away(error) {
        return Exit::Done.into();
    }
    say(Tone::Failure, &format!("accrue: {error:#}"));
    exit_of(error).into()
}

fn reader_went_away(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    kinds.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}

/// The exit code of the first cause that has one; anything else is input or output that failed.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(exit_of_cause).unwrap_or(Exit::Io)
}

fn exit_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(failure.exit);
    }
    if let Some(stop) = cause.downcast_ref::<Stop>() {
        return Some(exit_of_stop(stop));
    }
    if let Some(error) = cause.downcast_ref::<RegistryError>() {
        return Some(match error {
            RegistryError::Unavailable(_) => Exit::Broker,
            RegistryError::Settings(_) => Exit::Files,
            RegistryError::Refused(_) => Exit::Found,
        });
    }
    if let Some(WireError::Unavailable(_)) = cause.downcast_ref::<WireError>() {
        return Some(Exit::Broker);
    }
    // It says what the log says, and is not in the chain beside it.
    if let Some(ReadError::Log(error)) = cause.downcast_ref::<ReadError>() {
        return Some(exit_of_log(error));
    }
    cause.downcast_ref::<LogError>().map(exit_of_log)
}

fn exit_of_log(error: &LogError) -> Exit {
    match error {
        LogError::Unavailable(_) => Exit::Broker,
        LogError::Fenced(_) => Exit::Fenced,
        LogError::Settings(_) => Exit::Files,
        LogError::Abort(_) | LogError::Doubt(_) | LogError::TooLarge(_) | LogError::Storage(_) => Exit::Io,
    }
}

fn exit_of_stop(stop: &Stop) -> Exit {
    match stop.exit_code() {
        69 => Exit::Broker,
        75 => Exit::Fenced,
        78 => Exit::Files,
        _ => Exit::Io,
    }
}
