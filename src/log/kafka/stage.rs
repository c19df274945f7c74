//! A stage on Kafka: one worker of its group.
//!
//! It subscribes to the first input alone and takes the same partitions of the others beside it, because the assignor does
//! not co-assign partitions of two topics. A partition that was assigned is given to librdkafka only when the worker names
//! the positions to start from.

use super::acl::{Acl, Operation};
use super::error::{explain, explain_needing, lacks};
use super::login::LoggedIn;
use super::membership::{Assignment, Membership, is_taken, join, leave, member_id, named, rejoin};
use super::permissions::lacking;
use super::producer::Transactional;
use super::reach::{lost_input, refuses_position};
use super::reader::passing;
use super::topics::check_partitions;
use super::{Kafka, KafkaSettings, push};
use crate::domain::topic::Topic;
use crate::log::{Assigned, Batch, Limit, LogError, NO_OFFSETS, Records, StageLog};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

/// A worker of the group.
pub struct KafkaStage {
    kafka: Kafka,
    group: String,
    topics: BTreeMap<String, Topic>,
    consumer: LoggedIn<BaseConsumer<Membership>>,
    /// None after a doubtful commit, until the log has settled.
    producer: Option<Transactional>,
    transaction: Option<Generation>,
    /// Messages that came while the worker asked for none.
    held: Batch,
    /// No input flows.
    paused: bool,
    /// The group took this worker for another one of its name: it joins anew.
    put_out: Cell<bool>,
}

/// What the open transaction is fenced by.
struct Generation {
    metadata: ConsumerGroupMetadata,
    changes: u64,
    offsets_sent: bool,
    /// When something was first sent: from then on the broker's clock runs.
    sent: Option<Instant>,
}

impl KafkaStage {
    pub(super) fn new(kafka: Kafka, group: &str, inputs: &[Topic]) -> Result<Self, LogError> {
        let settings = kafka.settings().clone();
        check_partitions(&kafka, inputs)?;
        let producer = Transactional::of_stage(&settings, group)?;
        let names: Vec<String> = inputs.iter().map(|topic| settings.name(*topic)).collect();
        let topics = names.iter().cloned().zip(inputs.iter().copied()).collect();
        let consumer = join(&settings, group, names)?;
        Ok(KafkaStage {
            kafka,
            group: group.to_owned(),
            topics,
            consumer,
            producer: Some(producer),
            transaction: None,
            held: Batch::default(),
            paused: false,
            put_out: Cell::new(false),
        })
    }

    fn settings(&self) -> &KafkaSettings {
        self.kafka.settings()
    }

    fn membership(&self) -> MutexGuard<'_, Assignment> {
        self.consumer.context().lock()
    }

    /// Takes messages up to `limit`, waiting at most `wait` for the first.
    fn take(&self, into: &mut Batch, limit: Limit, wait: Duration) -> Result<(), LogError> {
        let deadline = Instant::now() + wait;
        let before = into.len();
        let (records, bytes) = (before + limit.records, into.bytes() + limit.bytes);
        while into.len() < records && into.bytes() < bytes {
            let left = if into.len() > before { Duration::ZERO } else { deadline.saturating_duration_since(Instant::now()) };
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    if let Some(topic) = self.topics.get(message.topic()) {
                        push(*topic, &message, into);
                    }
                }
                // The client reconnects by itself, unless there is nothing to connect to.
                Some(Err(error)) if error.rdkafka_error_code() == Some(Code::AllBrokersDown) => {
                    self.kafka.metadata(None)?;
                }
                Some(Err(error))
                    if passing(self.settings(), &error) || error.rdkafka_error_code() == Some(Code::PollExceeded) =>
                {
                    tracing::debug!(%error, "kafka consumer");
                }
                Some(Err(error)) => return Err(self.judged(self.unread(&error))),
                None if left.is_zero() || into.len() > before => break,
                None => {}
            }
        }
        Ok(())
    }

    /// The error of the consumer, which does not say of which topic it is.
    fn unread(&self, error: &KafkaError) -> LogError {
        let doing = format!("read for {}", self.group);
        if error.rdkafka_error_code() == Some(Code::TopicAuthorizationFailed) {
            let reads: Vec<Acl> = self.topics.keys().map(|name| Acl::topic(Operation::Read, name)).collect();
            let missing = lacking(self.consumer.client(), &reads).unwrap_or_default();
            if !missing.is_empty() {
                return lacks(&doing, &missing);
            }
        }
        if refuses_position(error) {
            let started = self.membership().started.clone();
            let inputs = started.iter().flat_map(|partition| self.topics.values().map(|topic| (*topic, *partition)));
            if let Some(lost) = lost_input(&self.kafka, &self.group, inputs) {
                return lost;
            }
        }
        explain_needing(self.settings(), &doing, &[&Acl::group(&self.group)], error)
    }

    /// Serves the membership; a message that comes meanwhile is held for the next poll.
    fn keep_alive(&mut self) -> Result<(), LogError> {
        let mut held = std::mem::take(&mut self.held);
        let taken = self.take(&mut held, Limit::records(1), Duration::ZERO);
        self.held = held;
        taken
    }

    /// Hands over what was held for a partition that still flows.
    fn take_held(&mut self, into: &mut Batch, limit: usize) {
        let held = std::mem::take(&mut self.held);
        for (index, row) in held.rows().iter().enumerate() {
            let to = if index < limit { &mut *into } else { &mut self.held };
            if self.consumer.context().lock().started.contains(&row.position.partition) {
                to.push(row.position, row.timestamp_ms, held.key(row), held.value(row), row.headers.clone());
            }
        }
    }

    /// Forgets what was held of a partition that flows from another position now.
    fn drop_held(&mut self, forget: impl Fn(Topic, u32) -> bool) {
        let held = std::mem::take(&mut self.held);
        for row in held.rows().iter().filter(|row| !forget(row.position.topic, row.position.partition)) {
            self.held.push(row.position, row.timestamp_ms, held.key(row), held.value(row), row.headers.clone());
        }
    }

    /// What was fetched of them already is fetched again later.
    fn hold(&self, partitions: &[u32]) -> Result<(), LogError> {
        let inputs = self.consumer.context().all_inputs(partitions);
        self.consumer.pause(&inputs).map_err(|error| explain(self.settings(), "pause", &error))
    }

    fn check_membership(&mut self) -> Result<(), LogError> {
        let Some(failure) = self.membership().failure.take() else { return Ok(()) };
        let group = &self.group;
        Err(LogError::Unavailable(format!("the assignment of {group} failed: {failure}; start the worker again")))
    }

    /// A place that the group has given away and nobody has is this worker's own: of two of its joins that reached the broker,
    /// the one that was not heard counts.
    fn judged(&self, error: LogError) -> LogError {
        match error {
            LogError::Fenced(text) if !is_taken(&self.kafka, &self.group, &self.consumer) => {
                self.put_out.set(true);
                LogError::Doubt(format!("{text}; but nobody has: this worker joins {} anew", self.group))
            }
            other => named(&self.kafka, &self.group, other),
        }
    }

    /// The coordinator fences whoever has kept a transaction open for too long, as while no broker could be reached, and that
    /// looks as if another worker had come. If none has, the log knows what became of the transaction.
    fn owned<T>(&mut self, answer: Result<T, LogError>) -> Result<T, LogError> {
        match answer {
            Err(LogError::Fenced(text)) if !is_taken(&self.kafka, &self.group, &self.consumer) => {
                (self.transaction, self.producer) = (None, None);
                Err(LogError::Doubt(format!("{text}; but nobody has: the producer of {} is made anew", self.group)))
            }
            other => other,
        }
    }

    fn producer(&mut self) -> Result<&mut Transactional, LogError> {
        self.producer.as_mut().ok_or_else(|| {
            LogError::Doubt("the last commit's outcome is not known; take the partitions again and restore them".into())
        })
    }

    /// After doubt: ends what was left open, and hands all partitions out again.
    fn settle(&mut self) -> Result<(), LogError> {
        if self.put_out.get() {
            self.consumer = rejoin(self.settings(), &self.group, &self.consumer)?;
            self.held = Batch::default();
            self.put_out.set(false);
        }
        if self.producer.is_some() {
            return Ok(());
        }
        self.producer = Some(Transactional::of_stage(self.kafka.settings(), &self.group)?);
        let membership = self.consumer.context();
        membership.lose_all(&self.consumer, &mut membership.lock());
        self.check_membership()
    }

    fn unchanged(&self) -> Result<(), LogError> {
        match &self.transaction {
            Some(generation) if generation.changes == self.membership().changes => Ok(()),
            Some(_) => Err(LogError::Abort(
                "the assignment changed during the transaction, which is aborted; go on with what is assigned".into(),
            )),
            None => Err(LogError::Abort("no transaction is open; begin one first".into())),
        }
    }
}

impl StageLog for KafkaStage {
    fn assigned(&mut self, wait: Duration) -> Result<Assigned, LogError> {
        self.settle()?;
        let deadline = Instant::now() + wait;
        loop {
            self.consumer.context().notice_rejoin(&self.consumer);
            self.check_membership()?;
            let mut membership = self.membership();
            let given: Vec<u32> = std::mem::take(&mut membership.fresh).into_iter().collect();
            let taken: Vec<u32> = std::mem::take(&mut membership.gone).into_iter().collect();
            let flowing = !membership.started.is_empty();
            drop(membership);
            let (assigned, left) = (Assigned { given, taken }, deadline.saturating_duration_since(Instant::now()));
            if !assigned.is_empty() || flowing || left.is_zero() {
                return Ok(assigned);
            }
            self.take(&mut Batch::default(), Limit::records(1), left.min(Duration::from_millis(20)))?;
        }
    }

    fn start(&mut self, partition: u32, positions: &[(Topic, u64)]) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for (topic, next) in positions {
            list.add_partition_offset(&self.settings().name(*topic), partition as i32, Offset::Offset(*next as i64))
                .map_err(|error| explain(self.settings(), "start", &error))?;
        }
        if !self.membership().owned.contains(&partition) {
            let group = &self.group;
            return Err(LogError::Abort(format!(
                "partition {partition} no longer belongs to this worker of {group}; go on with what is assigned"
            )));
        }
        self.drop_held(|_, of| of == partition);
        self.consumer.incremental_assign(&list).map_err(|error| explain(self.settings(), "start", &error))?;
        self.membership().started.insert(partition);
        if self.paused { self.hold(&[partition]) } else { Ok(()) }
    }

    fn stop(&mut self, partition: u32) -> Result<(), LogError> {
        self.drop_held(|_, of| of == partition);
        // Taken away meanwhile: it does not flow any more.
        if !self.membership().started.remove(&partition) {
            return Ok(());
        }
        let inputs = self.consumer.context().all_inputs(&[partition]);
        self.consumer.incremental_unassign(&inputs).map_err(|error| explain(self.settings(), "stop", &error))
    }

    fn pause(&mut self, paused: bool) -> Result<(), LogError> {
        let started: Vec<u32> = self.membership().started.iter().copied().collect();
        self.paused = paused;
        if paused {
            return self.hold(&started);
        }
        let inputs = self.consumer.context().all_inputs(&started);
        self.consumer.resume(&inputs).map_err(|error| explain(self.settings(), "resume", &error))
    }

    fn poll(&mut self, into: &mut Batch, limit: Limit, wait: Duration) -> Result<(), LogError> {
        self.check_membership()?;
        if limit.records == 0 {
            return self.keep_alive();
        }
        let before = into.len();
        self.take_held(into, limit.records);
        let held = into.len() - before;
        self.take(into, Limit { records: limit.records - held, ..limit }, if held > 0 { Duration::ZERO } else { wait })
    }

    fn seek(&mut self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        self.drop_held(|held, of| (held, of) == (topic, partition));
        // One that was taken away meanwhile does not flow: a start will say from where.
        if !self.membership().started.contains(&partition) {
            return Ok(());
        }
        let (settings, name) = (self.settings(), self.settings().name(topic));
        self.consumer
            .seek(&name, partition as i32, Offset::Offset(offset as i64), settings.request_timeout())
            .map_err(|error| explain(settings, &format!("seek in {name}"), &error))
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if self.transaction.is_some() {
            return Err(LogError::Abort("a transaction is open already; commit or abort it first".into()));
        }
        if self.producer()?.worn() {
            self.producer = None;
            self.producer = Some(Transactional::of_stage(self.kafka.settings(), &self.group)?);
        }
        let changes = self.membership().changes;
        let metadata = self.consumer.group_metadata();
        let metadata =
            metadata.ok_or_else(|| LogError::Unavailable(format!("{} has no membership; start the worker again", self.group)))?;
        // Checked behind the metadata: an older member's are refused, a newer one's are not this assignment's.
        if member_id(&self.consumer) != self.membership().member {
            return Err(LogError::Abort(format!("this worker joins {} again; go on with what it is assigned then", self.group)));
        }
        let begun = self.producer()?.begin();
        self.owned(begun)?;
        self.transaction = Some(Generation { metadata, changes, offsets_sent: false, sent: None });
        Ok(())
    }

    fn send(&mut self, topic: Topic, partition: u32, records: &Records) -> Result<(), LogError> {
        let limit = Duration::from_millis(self.settings().transaction_timeout_ms) * 3 / 4;
        let sent = self.transaction.as_mut().map(|transaction| *transaction.sent.get_or_insert_with(Instant::now));
        if sent.is_some_and(|sent| sent.elapsed() > limit) {
            return Err(LogError::TooLarge(format!(
                "a transaction of {} takes too long; fewer records at a time, or raise transaction_timeout_ms",
                self.group
            )));
        }
        let sent = self.producer()?.send(topic, partition, records);
        self.owned(sent)
    }

    fn drain(&mut self) -> Result<(), LogError> {
        let drained = self.producer()?.drain();
        self.owned(drained)
    }

    fn send_offsets(&mut self, offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
        self.unchanged()?;
        let sent = match (&mut self.transaction, &mut self.producer) {
            (Some(generation), Some(producer)) if !offsets.is_empty() => {
                generation.offsets_sent = true;
                producer.send_offsets(offsets, &generation.metadata, &Acl::group(&self.group))
            }
            _ => self.producer().map(|_| ()),
        };
        self.owned(sent)
    }

    fn commit(&mut self) -> Result<(), LogError> {
        self.unchanged()?;
        if self.transaction.as_ref().is_some_and(|generation| !generation.offsets_sent) {
            return Err(LogError::Abort(NO_OFFSETS.into()));
        }
        let committed = self.producer()?.commit();
        let committed = self.owned(committed);
        match &committed {
            Ok(()) => self.transaction = None,
            // A fenced producer stays as it is: one made anew would fence the newer owner.
            Err(LogError::Abort(_) | LogError::Fenced(_)) => {}
            Err(_) => (self.transaction, self.producer) = (None, None),
        }
        committed
    }

    fn abort(&mut self) -> Result<(), LogError> {
        self.transaction = None;
        let Some(producer) = &mut self.producer else {
            return Ok(());
        };
        let aborted = producer.abort();
        let aborted = self.owned(aborted);
        if aborted.as_ref().is_err_and(|error| !matches!(error, LogError::Fenced(_))) {
            self.producer = None;
        }
        aborted
    }
}

impl Drop for KafkaStage {
    /// Ends what is open, which the next owner would have to wait for, and hands the partitions back.
    fn drop(&mut self) {
        if let Err(error) = self.abort() {
            tracing::debug!(%error, "kafka producer");
        }
        leave(&self.consumer);
    }
}
