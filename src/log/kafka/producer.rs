//! A transactional producer: batches without a call a record, a drain that waits as librdkafka does, errors as ours.
//!
//! `commit_transaction` alone flushes in polls of 100 ms that nothing wakes, and `BaseProducer::send` costs twice what
//! `rd_kafka_produce_batch` does; so this calls librdkafka's own functions for both.

use super::KafkaSettings;
use super::acl::{Acl, Operation, stage_transactions};
use super::error::{explain, explain_code, explain_commit, explain_needing, lacks, undelivered};
use super::login::LoggedIn;
use super::permissions::lacking;
use crate::domain::topic::Topic;
use crate::log::batch::Outgoing;
use crate::log::{LogError, Records};
use rdkafka::bindings as native;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records that go to a partition together, at most.
const BATCH_BYTES: usize = 1_000_000;

/// Between two looks at what an abort has dropped.
const ABORT_SLICE: Duration = Duration::from_millis(100);

/// What became of the messages of the open transaction.
#[derive(Default)]
struct Delivered {
    failure: Option<(Option<Code>, String)>,
    /// First offset by topic name and partition; only kept when successes are reported.
    firsts: BTreeMap<(String, i32), i64>,
    disconnects: u64,
}

#[derive(Default)]
struct Deliveries(Mutex<Delivered>);

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, Delivered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka producer");
        self.lock().disconnects += 1;
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut delivered = self.lock();
        if let Some(failure) = undelivered(result) {
            delivered.failure.get_or_insert(failure);
        }
        if let Ok(message) = result {
            let place = (message.topic().to_owned(), message.partition());
            delivered.firsts.entry(place).or_insert(message.offset());
        }
    }
}

/// librdkafka's handle of a topic, which `rd_kafka_produce_batch` asks for.
struct TopicHandle(*mut native::rd_kafka_topic_t);

// SAFETY: librdkafka's handles may be used from any thread.
unsafe impl Send for TopicHandle {}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: the handle came from `rd_kafka_topic_new` and is destroyed once, before its producer.
        unsafe { native::rd_kafka_topic_destroy(self.0) }
    }
}

/// Whether the producer tells what was delivered; costs a report a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reports {
    Failures,
    All,
}

/// One transactional id's owner. Fields drop in order: topic handles before the producer.
pub struct Transactional {
    topics: BTreeMap<Topic, TopicHandle>,
    producer: LoggedIn<BaseProducer<Deliveries>>,
    settings: KafkaSettings,
    /// What its id needs.
    right: Acl,
    /// Topics of the open transaction.
    touched: BTreeSet<Topic>,
    reports: Reports,
    begun: Option<Began>,
    worn: bool,
}

struct Began {
    disconnects: u64,
}

impl Transactional {
    /// A worker's: its id stays its own over restarts.
    pub fn of_stage(settings: &KafkaSettings, group: &str) -> Result<Self, LogError> {
        Transactional::new(settings, &stage_transactions(group, &settings.client_id), Reports::Failures)
    }

    /// Fences older owners of the id; what they left open is ended before this returns.
    pub fn new(settings: &KafkaSettings, transactional_id: &str, reports: Reports) -> Result<Self, LogError> {
        let producer: BaseProducer<Deliveries> = settings
            .client()
            .set("transactional.id", transactional_id)
            .set("transaction.timeout.ms", settings.transaction_timeout_ms.to_string())
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", settings.linger_ms.to_string())
            .set("batch.num.messages", "100000")
            // No more in one batch than one record may have: a topic that takes the one takes the other.
            .set("batch.size", settings.maximum_record_bytes.min(BATCH_BYTES).to_string())
            .set("message.max.bytes", settings.message_bytes().to_string())
            .set("queue.buffering.max.messages", settings.producer_queue_records.to_string())
            .set("queue.buffering.max.kbytes", (settings.producer_queue_bytes / 1024).to_string())
            .set("delivery.report.only.error", (reports == Reports::Failures).to_string())
            .create_with_context(Deliveries::default())
            .map_err(|error| explain(settings, "create the producer", &error))?;
        let producer = settings.login.admit(settings, producer, |made| made.client())?;
        let right = Acl::transactional_id(transactional_id);
        producer
            .init_transactions(settings.request_timeout() + Duration::from_millis(settings.transaction_timeout_ms))
            .map_err(|error| explain_needing(settings, "start the producer", &[&right], &error))?;
        let (topics, touched, settings) = (BTreeMap::new(), BTreeSet::new(), settings.clone());
        Ok(Transactional { topics, producer, settings, right, touched, reports, begun: None, worn: false })
    }

    /// True after a commit that was slow or saw a disconnect: a late answer to it could tear a later transaction, so
    /// the producer must be made anew, with a higher epoch.
    pub fn worn(&self) -> bool {
        self.worn
    }

    pub fn begin(&mut self) -> Result<(), LogError> {
        let begun = self.producer.begin_transaction();
        begun.map_err(|error| explain_needing(&self.settings, "begin a transaction", &[&self.right], &error))?;
        self.touched.clear();
        let mut delivered = self.producer.context().lock();
        (delivered.failure, delivered.firsts) = (None, BTreeMap::new());
        self.begun = Some(Began { disconnects: delivered.disconnects });
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.begun.is_some()
    }

    pub fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError> {
        if !self.is_open() {
            return Err(LogError::Abort("no transaction is open; begin one first".into()));
        }
        records.check_sizes(&self.settings.name(topic), self.settings.maximum_record_bytes)?;
        self.touched.insert(topic);
        if records.iter().any(|record| !record.headers.is_empty()) {
            return records.iter().try_for_each(|record| self.send_one(topic, partition, record));
        }
        let mut messages: Vec<native::rd_kafka_message_t> = records.iter().map(message).collect();
        let handle = self.handle(topic)?;
        let mut sent = 0;
        while sent < messages.len() {
            sent += self.enqueue(handle, partition, &mut messages[sent..])?;
        }
        Ok(())
    }

    /// Copies messages into the queue, as many as it takes. When it is full it refuses all that follow, so what it took
    /// is a prefix; any other refusal spoils the transaction.
    fn enqueue(
        &self,
        topic: *mut native::rd_kafka_topic_t,
        partition: u32,
        messages: &mut [native::rd_kafka_message_t],
    ) -> Result<usize, LogError> {
        let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        // SAFETY: topic is alive, the messages point into the caller's records, and librdkafka copies what it takes.
        let taken = unsafe {
            native::rd_kafka_produce_batch(topic, partition as i32, native::RD_KAFKA_MSG_F_COPY, messages.as_mut_ptr(), count)
        };
        let refused =
            messages[..count as usize].iter().map(|message| Code::from(message.err)).find(|code| *code != Code::NoError);
        match refused {
            Some(Code::QueueFull) => self.producer.poll(Duration::from_millis(2)),
            Some(code) => return Err(self.failed("send", Some(code), &code.to_string())),
            None => {}
        }
        Ok(usize::try_from(taken).unwrap_or(0))
    }

    /// Headers need the plain way.
    fn send_one(&self, topic: Topic, partition: u32, record: Outgoing<'_>) -> Result<(), LogError> {
        let name = self.settings.name(topic);
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        let mut outgoing: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&name).partition(partition as i32).headers(headers);
        (outgoing.key, outgoing.payload) = (record.key, record.value);
        loop {
            match self.producer.send(outgoing) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(Code::QueueFull), back)) => {
                    outgoing = back;
                    self.producer.poll(Duration::from_millis(2));
                }
                Err((error, _)) => return Err(self.failed("send", error.rdkafka_error_code(), &error.to_string())),
            }
        }
    }

    fn handle(&mut self, topic: Topic) -> Result<*mut native::rd_kafka_topic_t, LogError> {
        if let Some(handle) = self.topics.get(&topic) {
            return Ok(handle.0);
        }
        let name = CString::new(self.settings.name(topic)).map_err(|error| LogError::Settings(format!("topic name: {error}")))?;
        // SAFETY: the producer is alive; without a configuration the call copies the name and keeps nothing of ours.
        let handle =
            unsafe { native::rd_kafka_topic_new(self.producer.client().native_ptr(), name.as_ptr(), std::ptr::null_mut()) };
        if handle.is_null() {
            return Err(LogError::Settings(format!("{name:?} is no name for a topic; correct the topic prefix")));
        }
        self.topics.insert(topic, TopicHandle(handle));
        Ok(handle)
    }

    /// Waits until everything sent has arrived.
    pub fn drain(&mut self) -> Result<(), LogError> {
        let deadline = Instant::now() + Duration::from_millis(self.settings.transaction_timeout_ms);
        let slice_ms = if self.reports == Reports::All { 1 } else { 100 };
        loop {
            // SAFETY: the producer is alive. The wait ends as soon as nothing is in flight.
            let flushed = unsafe { native::rd_kafka_flush(self.producer.client().native_ptr(), slice_ms) };
            self.producer.poll(Duration::ZERO);
            let failure = self.producer.context().lock().failure.take();
            if let Some((code, text)) = failure {
                return Err(abort(self.failed("deliver", code, &text)));
            }
            if !flushed.is_error() || self.producer.in_flight_count() == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                let brokers = &self.settings.brokers;
                return Err(LogError::Abort(format!(
                    "the brokers at {brokers} did not take the transaction in time; it is tried again"
                )));
            }
        }
    }

    /// The error of records on their way. Where one topic is not open to this user, the client drops all that is queued, without
    /// saying which: the broker is asked.
    fn failed(&self, doing: &str, code: Option<Code>, text: &str) -> LogError {
        if let Some(Code::TopicAuthorizationFailed | Code::PurgeQueue | Code::PurgeInflight | Code::State) = code {
            let writes: Vec<Acl> =
                self.touched.iter().map(|topic| Acl::topic(Operation::Write, self.settings.name(*topic))).collect();
            let missing = lacking(self.producer.client(), &writes).unwrap_or_default();
            if !missing.is_empty() {
                return lacks(doing, &missing);
            }
        }
        explain_code(&self.settings, doing, code, text)
    }

    /// First offsets of what the last transaction delivered; known with [`Reports::All`] only.
    pub fn first_offset(&self, topic: Topic, partition: u32) -> Option<u64> {
        let firsts = &self.producer.context().lock().firsts;
        firsts.get(&(self.settings.name(topic), partition as i32)).and_then(|offset| u64::try_from(*offset).ok())
    }

    /// `reads` is what the group needs.
    pub fn send_offsets(
        &mut self,
        offsets: &[(Topic, u32, u64)],
        group: &ConsumerGroupMetadata,
        reads: &Acl,
    ) -> Result<(), LogError> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (topic, partition, next) in offsets {
            list.add_partition_offset(&self.settings.name(*topic), *partition as i32, Offset::Offset(*next as i64))
                .map_err(|error| explain(&self.settings, "send offsets", &error))?;
        }
        self.producer
            .send_offsets_to_transaction(&list, group, self.settings.request_timeout())
            .map_err(|error| explain_needing(&self.settings, "send offsets", &[&self.right, reads], &error))
    }

    pub fn commit(&mut self) -> Result<(), LogError> {
        let Some(began) = self.begun.take() else {
            return Err(LogError::Abort("no transaction is open; begin one first".into()));
        };
        let started = Instant::now();
        let deadline = started + self.settings.request_timeout();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.producer.commit_transaction(left) {
                Ok(()) => break,
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !error.txn_requires_abort() && !left.is_zero() => {
                }
                Err(error) => {
                    let error = explain_commit(&self.settings, &self.right, &error);
                    self.begun = matches!(error, LogError::Abort(_)).then_some(began);
                    return Err(error);
                }
            }
        }
        let disconnects = self.producer.context().lock().disconnects;
        self.worn = disconnects != began.disconnects || started.elapsed() > self.settings.slow_commit();
        Ok(())
    }

    pub fn abort(&mut self) -> Result<(), LogError> {
        if self.begun.take().is_none() {
            return Ok(());
        }
        let deadline = Instant::now() + self.settings.request_timeout();
        let aborted = loop {
            // It waits for reports of what it drops, which only a poll takes.
            match self.producer.abort_transaction(ABORT_SLICE) {
                Err(KafkaError::Transaction(error)) if error.is_retriable() && Instant::now() < deadline => {
                    self.producer.poll(Duration::ZERO);
                }
                aborted => break aborted,
            }
        };
        // Those that are left would be told of the next transaction.
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            self.producer.poll(Duration::from_millis(1));
        }
        aborted.map_err(|error| explain_needing(&self.settings, "abort the transaction", &[&self.right], &error))
    }
}

/// What failed on its way to the log spoils its transaction and no more, unless another owner is the cause.
fn abort(error: LogError) -> LogError {
    match error {
        LogError::Unavailable(text) => LogError::Abort(text),
        other => other,
    }
}

fn message(record: Outgoing<'_>) -> native::rd_kafka_message_t {
    // SAFETY: the struct is plain C data for which zero means absent.
    let mut message: native::rd_kafka_message_t = unsafe { std::mem::zeroed() };
    if let Some(key) = record.key {
        (message.key, message.key_len) = (key.as_ptr().cast_mut().cast(), key.len());
    }
    if let Some(value) = record.value {
        (message.payload, message.len) = (value.as_ptr().cast_mut().cast(), value.len());
    }
    message
}
