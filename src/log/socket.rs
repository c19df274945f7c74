//! The log through a running `accrue up`: a [`Client`] over `DIR/control.sock`, and the messages that it sends.
//!
//! A message is a length (4 bytes, big-endian) and a postcard value; one request has one response. The server's side
//! is `cli::control`. Leaves out authentication: whoever may open the socket file may use the log.

use super::{Append, Batch, Client, LogError, Records};
use crate::domain::topic::{Position, Topic};
use crate::pipeline::Outcome;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;

/// Longest message that either side takes.
pub const MAXIMUM_MESSAGE_BYTES: usize = 256 << 20;
/// Name of the socket inside the data directory.
pub const SOCKET_NAME: &str = "control.sock";

/// A topic's partition, by the topic's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub topic: String,
    pub partition: u32,
}

/// A record as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// A record that was read: its offset and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    pub offset: u64,
    pub timestamp_ms: i64,
    pub record: Record,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    CreateTopics {
        partitions: u32,
    },
    Partitions {
        topic: String,
    },
    Append(Vec<(Place, Vec<Record>)>),
    Start(Place),
    End(Place),
    HighWatermark(Place),
    Read {
        place: Place,
        from: u64,
        limit_bytes: u64,
    },
    Committed {
        group: String,
        place: Place,
    },
    Trim {
        place: Place,
        offset: u64,
    },
    /// Has everything come out of a stage that follows from what lies before these ends?
    Past {
        stage: String,
        facts: u64,
        inputs: Vec<(Place, u64)>,
    },
    /// What became of the inputs of a partition at `first` up to before `next`, once they are folded.
    Outcomes {
        place: Place,
        first: u64,
        next: u64,
    },
    /// The stages are to stop between transactions, or to go on.
    Pause {
        paused: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    Done,
    Count(u32),
    Offset(u64),
    Offsets(Vec<u64>),
    MaybeOffset(Option<u64>),
    Rows {
        next: u64,
        rows: Vec<Stamped>,
    },
    Past(bool),
    /// Outcomes other than counted, by offset; `None` while the fold has not come so far.
    Outcomes(Option<Vec<(u64, Outcome)>>),
    Failed(Failure, String),
}

/// The kind of a [`LogError`], so that it can travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    Abort,
    Doubt,
    Fenced,
    Unavailable,
    TooLarge,
    Storage,
    Settings,
}

impl Response {
    pub fn failed(error: LogError) -> Response {
        let (failure, text) = match error {
            LogError::Abort(text) => (Failure::Abort, text),
            LogError::Doubt(text) => (Failure::Doubt, text),
            LogError::Fenced(text) => (Failure::Fenced, text),
            LogError::Unavailable(text) => (Failure::Unavailable, text),
            LogError::TooLarge(text) => (Failure::TooLarge, text),
            LogError::Storage(text) => (Failure::Storage, text),
            LogError::Settings(text) => (Failure::Settings, text),
        };
        Response::Failed(failure, text)
    }
}

fn error_of(failure: Failure, text: String) -> LogError {
    match failure {
        Failure::Abort => LogError::Abort(text),
        Failure::Doubt => LogError::Doubt(text),
        Failure::Fenced => LogError::Fenced(text),
        Failure::Unavailable => LogError::Unavailable(text),
        Failure::TooLarge => LogError::TooLarge(text),
        Failure::Storage => LogError::Storage(text),
        Failure::Settings => LogError::Settings(text),
    }
}

impl Place {
    pub fn of(topic: Topic, partition: u32) -> Place {
        Place { topic: topic.name().into(), partition }
    }

    /// The topic that the name stands for.
    pub fn topic(&self) -> Result<Topic, LogError> {
        topic_of(&self.topic)
    }
}

/// The topic of this name; a name that is none comes from another version of the program.
pub fn topic_of(name: &str) -> Result<Topic, LogError> {
    let unknown = || LogError::Settings(format!("no topic \"{name}\"; use the same version of accrue on both sides"));
    Topic::from_name(name).ok_or_else(unknown)
}

/// A message with its length in front.
pub fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, LogError> {
    let framed = postcard::to_extend(message, vec![0; 4]);
    let mut bytes = framed.map_err(|error| LogError::Storage(format!("control message cannot be written: {error}")))?;
    let length = bytes.len() - 4;
    if length > MAXIMUM_MESSAGE_BYTES {
        return Err(LogError::TooLarge(format!("a control message of {length} bytes; send fewer records at a time")));
    }
    bytes[..4].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(bytes)
}

/// The message in the bytes behind a length.
pub fn unframe<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, LogError> {
    postcard::from_bytes(body).map_err(|error| {
        LogError::Settings(format!("control message cannot be read: {error}; use the same version of accrue on both sides"))
    })
}

/// What became of appended inputs that were not simply counted, or that the fold is not there yet.
pub type Outcomes = Option<Vec<(u64, Outcome)>>;

/// A connection to the `accrue up` that holds a data directory.
pub struct SocketLog {
    stream: Mutex<UnixStream>,
}

impl SocketLog {
    /// Connects to the `up` that holds `directory`; `None` when there is none. A socket that nobody listens at is what a killed
    /// `up` left, whose place the next one takes, or that of one which is about to listen.
    pub fn connect(directory: &Path) -> Result<Option<SocketLog>, LogError> {
        let path = directory.join(SOCKET_NAME);
        let failed = |error: std::io::Error| LogError::Storage(format!("{}: {error}; look at its permissions", path.display()));
        match UnixStream::connect(&path) {
            Ok(stream) => Ok(Some(SocketLog { stream: Mutex::new(stream) })),
            Err(error) if [ErrorKind::NotFound, ErrorKind::ConnectionRefused].contains(&error.kind()) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether everything that follows from what lies before ends (of facts, and of inputs) has come out of a stage.
    pub fn is_past(&self, stage: &str, facts: u64, inputs: &[(Topic, u32, u64)]) -> Result<bool, LogError> {
        let inputs = inputs.iter().map(|(topic, partition, end)| (Place::of(*topic, *partition), *end)).collect();
        match self.ask(&Request::Past { stage: stage.into(), facts, inputs })? {
            Response::Past(past) => Ok(past),
            other => Err(unexpected(&other)),
        }
    }

    /// What became of the inputs of a partition at `first` up to before `next`.
    pub fn outcomes(&self, topic: Topic, partition: u32, first: u64, next: u64) -> Result<Outcomes, LogError> {
        match self.ask(&Request::Outcomes { place: Place::of(topic, partition), first, next })? {
            Response::Outcomes(outcomes) => Ok(outcomes),
            other => Err(unexpected(&other)),
        }
    }

    /// Stops the stages between transactions, or lets them go on; returns once they have.
    pub fn pause(&self, paused: bool) -> Result<(), LogError> {
        self.ask_done(&Request::Pause { paused })
    }

    fn ask(&self, request: &Request) -> Result<Response, LogError> {
        let bytes = frame(request)?;
        let mut stream = self
            .stream
            .lock()
            .map_err(|_| LogError::Unavailable("the connection to `accrue up` broke off; repeat the command".into()))?;
        let body = exchange(&mut stream, &bytes).map_err(gone)?;
        match unframe(&body)? {
            Response::Failed(failure, text) => Err(error_of(failure, text)),
            response => Ok(response),
        }
    }

    fn ask_offset(&self, request: &Request) -> Result<u64, LogError> {
        match self.ask(request)? {
            Response::Offset(offset) => Ok(offset),
            other => Err(unexpected(&other)),
        }
    }

    fn ask_done(&self, request: &Request) -> Result<(), LogError> {
        match self.ask(request)? {
            Response::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

fn exchange(stream: &mut UnixStream, request: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAXIMUM_MESSAGE_BYTES {
        return Err(std::io::Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes")));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn gone(error: std::io::Error) -> LogError {
    LogError::Unavailable(format!("the running `accrue up` went away ({error}); start it again and repeat the command"))
}

fn unexpected(response: &Response) -> LogError {
    let kind = format!("{response:?}").chars().take(40).collect::<String>();
    LogError::Settings(format!("unexpected answer {kind}; use the same version of accrue on both sides"))
}

/// Records as they travel.
fn travelling(records: &Records) -> Vec<Record> {
    let copy = |outgoing: super::batch::Outgoing<'_>| Record {
        key: outgoing.key.map(<[u8]>::to_vec),
        value: outgoing.value.map(<[u8]>::to_vec),
        headers: outgoing.headers.to_vec(),
    };
    records.iter().map(copy).collect()
}

impl Client for SocketLog {
    fn create_topics(&self, partitions: u32) -> Result<(), LogError> {
        self.ask_done(&Request::CreateTopics { partitions })
    }

    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        match self.ask(&Request::Partitions { topic: topic.name().into() })? {
            Response::Count(count) => Ok(count),
            other => Err(unexpected(&other)),
        }
    }

    fn append(&self, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        let place = |append: &Append<'_>| (Place::of(append.topic, append.partition), travelling(append.records));
        match self.ask(&Request::Append(appends.iter().map(place).collect()))? {
            Response::Offsets(offsets) => Ok(offsets),
            other => Err(unexpected(&other)),
        }
    }

    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.ask_offset(&Request::Start(Place::of(topic, partition)))
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.ask_offset(&Request::End(Place::of(topic, partition)))
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        self.ask_offset(&Request::HighWatermark(Place::of(topic, partition)))
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        let request = Request::Read { place: Place::of(topic, partition), from, limit_bytes: limit_bytes as u64 };
        let (next, rows) = match self.ask(&request)? {
            Response::Rows { next, rows } => (next, rows),
            other => return Err(unexpected(&other)),
        };
        for Stamped { offset, timestamp_ms, record } in rows {
            let position = Position { topic, partition, offset };
            into.push(position, timestamp_ms, record.key.as_deref(), record.value.as_deref(), record.headers);
        }
        Ok(next)
    }

    fn committed(&self, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, LogError> {
        match self.ask(&Request::Committed { group: group.into(), place: Place::of(topic, partition) })? {
            Response::MaybeOffset(offset) => Ok(offset),
            other => Err(unexpected(&other)),
        }
    }

    fn trim(&self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.ask_done(&Request::Trim { place: Place::of(topic, partition), offset })
    }
}
