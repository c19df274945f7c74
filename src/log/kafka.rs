//! The log in Kafka. No file but this one and those under `kafka/` names rdkafka.
//!
//! [`Kafka`] is plain access: appends are transactions, reads are read-committed. [`KafkaStage`] is one stage's consumer
//! and transactional producer; what Kafka's client does that is not to be relied on is said where it
//! is worked around.

pub mod acl;
mod error;
mod login;
mod membership;
mod patience;
mod permissions;
mod producer;
mod reach;
mod reader;
mod stage;
mod topics;

pub use login::{Login, NoToken, Token};
pub use stage::KafkaStage;
pub use topics::config as topic_config;

use super::{Append, Batch, Client, LogError};
use crate::domain::topic::{Position, Topic};
use acl::{Acl, Operation, Role, append_transactions};
use error::{explain, explain_needing, lacks, said};
use login::LoggedIn;
use patience::patiently;
use producer::{Reports, Transactional};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::metadata::Metadata;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use reader::{Range, Readers};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is over and above the record in a message: the format's own fields.
const MESSAGE_OVERHEAD_BYTES: usize = 64 * 1024;

/// How Kafka is reached and used.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port`, several with commas.
    pub brokers: String,
    /// Put before every topic's name.
    pub topic_prefix: String,
    /// How this process is named at the brokers. A worker's is its own and the same after a restart: its place in the group
    /// and its transactions go by it.
    pub client_id: String,
    /// Replicas of a topic, and how many must have a record before it counts.
    pub replication: u32,
    pub minimum_in_sync: u32,
    /// Key, value and headers of one record together.
    pub maximum_record_bytes: usize,
    /// What a producer may hold: more than one transaction.
    pub producer_queue_records: u32,
    pub producer_queue_bytes: usize,
    /// What a consumer may fetch ahead.
    pub consumer_queue_bytes: usize,
    pub linger_ms: u64,
    pub fetch_queue_backoff_ms: u64,
    pub transaction_timeout_ms: u64,
    pub session_timeout_ms: u64,
    /// A worker that asks for nothing this long has lost its partitions.
    pub maximum_poll_interval_ms: u64,
    pub request_timeout_ms: u64,
    /// What this process is to the broker, if it is always the same: then what it lacks can be told in full.
    pub role: Option<Role>,
    pub login: Login,
    /// Any other property of librdkafka, such as those of TLS and SASL.
    pub properties: BTreeMap<String, String>,
}

impl KafkaSettings {
    pub fn new(brokers: impl Into<String>) -> Self {
        KafkaSettings {
            brokers: brokers.into(),
            topic_prefix: String::new(),
            client_id: format!("accrue-{}", std::process::id()),
            replication: 3,
            minimum_in_sync: 2,
            maximum_record_bytes: 1 << 20,
            producer_queue_records: 2_000_000,
            producer_queue_bytes: 1 << 30,
            consumer_queue_bytes: 8 << 20,
            linger_ms: 1,
            fetch_queue_backoff_ms: 5,
            transaction_timeout_ms: 10_000,
            session_timeout_ms: 6_000,
            maximum_poll_interval_ms: 300_000,
            request_timeout_ms: 10_000,
            role: None,
            login: Login::default(),
            properties: BTreeMap::new(),
        }
    }

    fn name(&self, topic: Topic) -> String {
        format!("{}{}", self.topic_prefix, topic.name())
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        Topic::from_name(name.strip_prefix(&self.topic_prefix)?)
    }

    fn message_bytes(&self) -> usize {
        self.maximum_record_bytes + MESSAGE_OVERHEAD_BYTES
    }

    fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// A commit that took this long may have been sent twice.
    fn slow_commit(&self) -> Duration {
        self.request_timeout() / 4
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("client.id", &self.client_id);
        self.properties.iter().for_each(|(key, value)| {
            config.set(key, value);
        });
        config
    }

    /// A consumer that sees what is committed, and only where it is sent.
    fn reading(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", format!("{}reader", self.topic_prefix))
            .set("session.timeout.ms", self.session_timeout_ms.to_string())
            .set("heartbeat.interval.ms", (self.session_timeout_ms / 4).to_string())
            .set("max.poll.interval.ms", self.maximum_poll_interval_ms.to_string())
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "20")
            .set("fetch.queue.backoff.ms", self.fetch_queue_backoff_ms.to_string())
            .set("queued.max.messages.kbytes", (self.consumer_queue_bytes / 1024).to_string());
        config
    }
}

impl fmt::Debug for KafkaSettings {
    /// Without the properties: they may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KafkaSettings { brokers, topic_prefix, client_id, .. } = self;
        write!(formatter, "KafkaSettings {{ brokers: {brokers}, topic_prefix: {topic_prefix}, client_id: {client_id}, .. }}")
    }
}

/// A connection to Kafka; clones share it.
#[derive(Clone)]
pub struct Kafka {
    shared: Arc<Shared>,
}

struct Shared {
    settings: KafkaSettings,
    /// Asks for positions as a read-committed reader sees them.
    committed: LoggedIn<BaseConsumer>,
    /// Asks for ends whether committed or not.
    uncommitted: LoggedIn<BaseConsumer>,
    groups: Mutex<BTreeMap<String, Arc<LoggedIn<BaseConsumer>>>>,
    readers: Readers,
    appender: Mutex<Option<Transactional>>,
}

impl Kafka {
    /// Fails when no broker answers within the request timeout.
    pub fn connect(settings: KafkaSettings) -> Result<Self, LogError> {
        let create = |config: &ClientConfig| config.create().map_err(|error| configuration(&said(&error)));
        let admit = |consumer| settings.login.admit(&settings, consumer, |made: &BaseConsumer| made.client());
        let committed = admit(create(&settings.reading())?)?;
        let uncommitted = admit(create(settings.reading().set("isolation.level", "read_uncommitted"))?)?;
        let (groups, readers, appender) = (Mutex::default(), Readers::default(), Mutex::default());
        let kafka = Kafka { shared: Arc::new(Shared { settings, committed, uncommitted, groups, readers, appender }) };
        kafka.look(None)?;
        Ok(kafka)
    }

    /// Joins the group. A worker of the same `client_id` that is still there is fenced.
    pub fn stage(&self, group: &str, inputs: &[Topic]) -> Result<KafkaStage, LogError> {
        KafkaStage::new(self.clone(), group, inputs)
    }

    /// Who is in a group, as `client id at host`.
    pub fn workers(&self, group: &str) -> Result<Vec<String>, LogError> {
        membership::members(self, group)
    }

    pub(self) fn settings(&self) -> &KafkaSettings {
        &self.shared.settings
    }

    /// Once clients have logged in with a token, a later one that is refused is waited out: the next may be taken, and what
    /// clients say of it may be of one that has ended.
    fn metadata(&self, topic: Option<&str>) -> Result<Metadata, LogError> {
        self.look(topic).map_err(|error| match error {
            LogError::Settings(text) if self.settings().login.has_tokens() => LogError::Unavailable(text),
            error => error,
        })
    }

    fn look(&self, topic: Option<&str>) -> Result<Metadata, LogError> {
        let timeout = self.settings().request_timeout();
        let answer = self.shared.committed.fetch_metadata(topic, timeout);
        answer.map_err(|error| error::unreachable(self.settings(), &error, &self.complaints()))
    }

    /// Partitions of a topic; `None` when it is not there.
    fn look_up(&self, topic: Topic) -> Result<Option<u32>, LogError> {
        let name = self.settings().name(topic);
        let metadata = self.metadata(Some(&name))?;
        let Some(found) = metadata.topics().first() else { return Ok(None) };
        if found.error().map(RDKafkaErrorCode::from) == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
            return Err(lacks(&format!("look up {name}"), &acl::to_see(self.settings(), topic)));
        }
        Ok(u32::try_from(found.partitions().len()).ok().filter(|count| *count > 0))
    }

    /// What the client met while nobody asked, by code. A poll hands over one event at least, but says nothing of it when it is a
    /// line of the client's log: a poll that is empty is not the last one.
    fn complaints(&self) -> Vec<RDKafkaErrorCode> {
        let polls = (0..100).filter_map(|_| self.shared.committed.poll(Duration::from_millis(1)));
        polls.filter_map(|polled| polled.err()?.rdkafka_error_code()).collect()
    }

    fn watermarks(&self, consumer: &BaseConsumer, topic: Topic, partition: u32) -> Result<(u64, u64), LogError> {
        let (settings, name) = (self.settings(), self.settings().name(topic));
        let marks = patiently(settings, || consumer.fetch_watermarks(&name, partition as i32, settings.request_timeout()));
        let describe = Acl::topic(Operation::Describe, &name);
        let doing = format!("look up the end of {name}");
        let (low, high) = marks.map_err(|error| explain_needing(settings, &doing, &[&describe], &error))?;
        Ok((low as u64, high as u64))
    }

    /// A commit is decided before its markers reach the partitions; whoever appended wants to read it.
    fn wait_until_visible(&self, append: &Append<'_>, first: u64) -> Result<(), LogError> {
        let deadline = Instant::now() + self.settings().request_timeout();
        while self.end(append.topic, append.partition)? < first + append.records.len() as u64 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn group(&self, group: &str) -> Result<Arc<LoggedIn<BaseConsumer>>, LogError> {
        let mut groups = self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(consumer) = groups.get(group) {
            return Ok(consumer.clone());
        }
        let settings = self.settings();
        let created = settings.reading().set("group.id", group).create();
        let consumer: BaseConsumer = created.map_err(|error| explain(settings, "create a reader", &error))?;
        let consumer = Arc::new(settings.login.admit(settings, consumer, |made| made.client())?);
        groups.insert(group.to_owned(), consumer.clone());
        Ok(consumer)
    }

    fn append_with(&self, producer: &mut Transactional, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        producer.begin()?;
        for append in appends {
            producer.send(append.topic, append.partition, append.records)?;
        }
        producer.drain()?;
        producer.commit()?;
        let firsts = appends.iter().map(|append| self.first_offset(producer, append)).collect::<Result<Vec<_>, _>>()?;
        for (append, first) in appends.iter().zip(&firsts) {
            self.wait_until_visible(append, *first)?;
        }
        Ok(firsts)
    }

    /// An append without records begins at the end.
    fn first_offset(&self, producer: &Transactional, append: &Append<'_>) -> Result<u64, LogError> {
        match producer.first_offset(append.topic, append.partition) {
            Some(first) => Ok(first),
            None => self.end(append.topic, append.partition),
        }
    }

    /// Every connection appends under an id of its own: appends of several processes do not fence each other.
    fn appender(&self) -> Result<Transactional, LogError> {
        let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let settings = self.settings();
        let begins = append_transactions(&settings.topic_prefix, &settings.client_id);
        let id = format!("{begins}-{}-{nanoseconds}", std::process::id());
        Transactional::new(settings, &id, Reports::All)
    }
}

fn configuration(text: &str) -> LogError {
    LogError::Settings(format!("kafka: {text}; correct the properties"))
}

impl Client for Kafka {
    fn create_topics(&self, partitions: u32) -> Result<(), LogError> {
        topics::create(self, partitions)
    }

    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        let (name, brokers) = (self.settings().name(topic), &self.settings().brokers);
        self.look_up(topic)?.ok_or_else(|| {
            LogError::Settings(format!(
                "there is no topic {name} at {brokers}; create it with `accrue topics --create`, or correct the prefix"
            ))
        })
    }

    fn append(&self, appends: &[Append<'_>]) -> Result<Vec<u64>, LogError> {
        for append in appends {
            let limit = self.settings().maximum_record_bytes;
            append.records.check_sizes(&self.settings().name(append.topic), limit)?;
        }
        let mut kept = self.shared.appender.lock().unwrap_or_else(PoisonError::into_inner);
        let mut producer = match kept.take().filter(|producer| !producer.worn()) {
            Some(producer) => producer,
            None => self.appender()?,
        };
        let done = self.append_with(&mut producer, appends);
        match &done {
            Ok(_) => *kept = Some(producer),
            // The next producer has another id, so an abort that fails here is the broker's to do, when it times out.
            Err(_) => drop(producer.abort()),
        }
        done
    }

    fn start(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.watermarks(&self.shared.committed, topic, partition)?.0)
    }

    fn end(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.watermarks(&self.shared.committed, topic, partition)?.1)
    }

    fn high_watermark(&self, topic: Topic, partition: u32) -> Result<u64, LogError> {
        Ok(self.watermarks(&self.shared.uncommitted, topic, partition)?.1)
    }

    fn read(&self, topic: Topic, partition: u32, from: u64, limit_bytes: usize, into: &mut Batch) -> Result<u64, LogError> {
        let end = self.end(topic, partition)?;
        if from >= end {
            return Ok(from);
        }
        self.shared.readers.read(self.settings(), Range { topic, partition, from, end, limit_bytes }, into)
    }

    fn committed(&self, group: &str, topic: Topic, partition: u32) -> Result<Option<u64>, LogError> {
        let (settings, mut list) = (self.settings(), TopicPartitionList::new());
        list.add_partition(&settings.name(topic), partition as i32);
        let consumer = self.group(group)?;
        let committed = patiently(settings, || consumer.committed_offsets(list.clone(), settings.request_timeout()));
        let doing = format!("look up the offsets of {group}");
        let needs = [Acl::group(group), Acl::topic(Operation::Describe, settings.name(topic))];
        let needs = [&needs[0], &needs[1]];
        let committed = committed.map_err(|error| explain_needing(settings, &doing, &needs, &error))?;
        for element in committed.elements() {
            element.error().map_err(|error| explain_needing(settings, &doing, &needs, &error))?;
        }
        Ok(committed.elements().first().and_then(|element| match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).ok(),
            _ => None,
        }))
    }

    fn trim(&self, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
        topics::trim(self, topic, partition, offset)
    }
}

/// Puts a message into a batch.
fn push(topic: Topic, message: &BorrowedMessage<'_>, into: &mut Batch) {
    let position = Position { topic, partition: message.partition() as u32, offset: message.offset() as u64 };
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect()
    });
    into.push(position, message.timestamp().to_millis().unwrap_or_default(), message.key(), message.payload(), headers);
}
