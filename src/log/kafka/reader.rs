//! Read-committed reading of one partition outside of a group, with consumers that are kept for the next read.

use super::acl::{Acl, Operation};
use super::error::{explain, explain_needing};
use super::login::LoggedIn;
use super::reach::{lost, refuses_position};
use super::{KafkaSettings, push};
use crate::domain::topic::Topic;
use crate::log::{Batch, LogError};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Idle readers that are kept: each has threads and connections of its own.
const KEPT_READERS: usize = 8;
/// What a reader fetches ahead, in KiB: eight of them are kept, and each goes on to fetch while nobody reads.
const AHEAD_KIBIBYTES: &str = "2048";
/// A kept reader that brings nothing for so long is placed anew, to be told where the end is.
const SILENCE: Duration = Duration::from_millis(200);

/// Where a read goes and how far.
#[derive(Clone, Copy)]
pub struct Range {
    pub topic: Topic,
    pub partition: u32,
    pub from: u64,
    /// The read-committed end: nothing after it is waited for.
    pub end: u64,
    pub limit_bytes: usize,
}

struct Reader {
    consumer: LoggedIn<BaseConsumer>,
    topic: Topic,
    partition: u32,
    next: u64,
    /// Placed by the read that goes on: what it says about the end is of now.
    placed: bool,
}

#[derive(Default)]
pub struct Readers(Mutex<Vec<Reader>>);

impl Readers {
    pub fn read(&self, settings: &KafkaSettings, range: Range, into: &mut Batch) -> Result<u64, LogError> {
        let mut reader = self.take(settings, range)?;
        let next = reader.read(settings, range, into)?;
        (reader.next, reader.placed) = (next, false);
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() == KEPT_READERS {
            idle.remove(0);
        }
        idle.push(reader);
        Ok(next)
    }

    /// A reader that stands at the range's beginning, preferably one that has already fetched on.
    fn take(&self, settings: &KafkaSettings, range: Range) -> Result<Reader, LogError> {
        let Range { topic, partition, from, .. } = range;
        let kept = {
            let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let stands = |reader: &Reader| (reader.topic, reader.partition, reader.next) == (topic, partition, from);
            if let Some(index) = idle.iter().position(stands) {
                return Ok(idle.remove(index));
            }
            if idle.len() == KEPT_READERS { Some(idle.remove(0)) } else { None }
        };
        let consumer = kept.map_or_else(|| consumer(settings), |reader| Ok(reader.consumer))?;
        assign(settings, &consumer, range, from)?;
        Ok(Reader { consumer, topic, partition, next: from, placed: true })
    }
}

fn consumer(settings: &KafkaSettings) -> Result<LoggedIn<BaseConsumer>, LogError> {
    let mut config = settings.reading();
    config.set("enable.partition.eof", "true").set("queued.max.messages.kbytes", AHEAD_KIBIBYTES);
    let consumer: BaseConsumer = config.create().map_err(|error| explain(settings, "create a reader", &error))?;
    settings.login.admit(settings, consumer, |made| made.client())
}

fn assign(settings: &KafkaSettings, consumer: &BaseConsumer, range: Range, from: u64) -> Result<(), LogError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&settings.name(range.topic), range.partition as i32, Offset::Offset(from as i64))
        .and_then(|()| consumer.assign(&list))
        .map_err(|error| explain(settings, "read", &error))
}

impl Reader {
    /// The consumer says when it has met the end, which lies at or behind the range's: in front of an undecided transaction
    /// may be aborted records, and nothing but this tells that they were passed.
    fn read(&mut self, settings: &KafkaSettings, range: Range, into: &mut Batch) -> Result<u64, LogError> {
        let (rows, bytes, name) = (into.len(), into.bytes(), settings.name(range.topic));
        let began = Instant::now();
        let mut next = range.from;
        while next < range.end && into.bytes() - bytes < range.limit_bytes.max(1) {
            let wait = if into.len() > rows { Duration::ZERO } else { Duration::from_millis(20) };
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    push(range.topic, &message, into);
                    next = message.offset() as u64 + 1;
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => next = if self.placed { range.end } else { self.position() }.max(next),
                // It reads outside of any group, and needs no right to one.
                Some(Err(error))
                    if passing(settings, &error) || error.rdkafka_error_code() == Some(Code::GroupAuthorizationFailed) =>
                {
                    next = next.max(self.position());
                }
                Some(Err(error)) => {
                    if let Some(lost) = self.lost(settings, &error, &name, range) {
                        return Err(lost);
                    }
                    let read = Acl::topic(Operation::Read, &name);
                    return Err(explain_needing(settings, &format!("read {name}"), &[&read], &error));
                }
                None => next = next.max(self.position()),
            }
            if into.len() > rows {
                break;
            }
            if next < range.end && !self.placed && began.elapsed() > SILENCE {
                assign(settings, &self.consumer, range, next)?;
                self.placed = true;
            }
            if began.elapsed() > settings.request_timeout() {
                let brokers = &settings.brokers;
                return Err(LogError::Unavailable(format!(
                    "{name} could not be read in time; look whether the Kafka brokers at {brokers} are up"
                )));
            }
        }
        Ok(next)
    }

    /// What is said when the log no longer has what is to be read.
    fn lost(&self, settings: &KafkaSettings, error: &KafkaError, name: &str, range: Range) -> Option<LogError> {
        let Range { partition, from, .. } = range;
        let marks = || self.consumer.fetch_watermarks(name, partition as i32, settings.request_timeout()).ok();
        let (start, end) = refuses_position(error).then(marks)??;
        lost(name, partition, from, start as u64, end as u64)
    }

    /// The position counts control records and aborted ones, which no message stands for.
    fn position(&self) -> u64 {
        let position = self.consumer.position().ok();
        let offset = position.and_then(|list| list.elements().first().and_then(|element| element.offset().to_raw()));
        offset.and_then(|offset| u64::try_from(offset).ok()).unwrap_or_default()
    }
}

/// Errors that the client overcomes by itself: a broker that closed a connection, and a log-in with a token that has ended, of
/// which a client that was not polled may tell when it has another for long.
pub fn passing(settings: &KafkaSettings, error: &KafkaError) -> bool {
    match error.rdkafka_error_code() {
        Some(
            Code::BrokerTransportFailure | Code::OperationTimedOut | Code::AllBrokersDown | Code::Resolve | Code::PartitionEOF,
        ) => true,
        Some(Code::Authentication | Code::SaslAuthenticationFailed) => settings.login.has_tokens(),
        _ => false,
    }
}
