//! Topics in Kafka: created with the settings that lose nothing, and checked for them when they are there already.

use super::acl::{Acl, Operation};
use super::error::{explain, explain_needing, lacks, unauthorized};
use super::login::LoggedIn;
use super::permissions::lacking;
use super::{Kafka, KafkaSettings};
use crate::domain::topic::Topic;
use crate::log::LogError;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode::{self, TopicAuthorizationFailed};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// How long deletions stay in compacted topics: a cache that is older than half of this must be built anew.
const DELETE_RETENTION_MS: &str = "604800000";

/// Between two looks at a topic that its broker does not know yet.
const AGAIN: Duration = Duration::from_millis(200);

/// Partition count and replicas of a topic that is there.
#[derive(Clone, Copy)]
struct Found {
    partitions: u32,
    replicas: usize,
}

pub fn create(kafka: &Kafka, partitions: u32) -> Result<(), LogError> {
    let settings = kafka.settings();
    let wanted: Vec<(Topic, u32)> = Topic::ALL.into_iter().map(|topic| (topic, topic.partitions(partitions))).collect();
    let found = found(kafka)?;
    let missing: Vec<_> = wanted.iter().filter(|(topic, _)| !found.contains_key(topic)).copied().collect();
    // A list of all topics is without those that this user may not see.
    missing.iter().try_for_each(|(topic, _)| kafka.look_up(*topic).map(|_| ()))?;
    for (topic, wanted) in &wanted {
        if let Some(found) = found.get(topic) {
            check_shape(settings, *topic, *wanted, *found)?;
        }
    }
    let admin = admin(settings)?;
    check_configs(settings, &admin, &found.keys().copied().collect::<Vec<_>>())?;
    create_missing(settings, &admin, &missing)?;
    wait_for(kafka, &wanted)
}

pub fn trim(kafka: &Kafka, topic: Topic, partition: u32, offset: u64) -> Result<(), LogError> {
    let settings = kafka.settings();
    let name = settings.name(topic);
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition_offset(&name, partition as i32, rdkafka::Offset::Offset(offset as i64))
        .map_err(|error| explain(settings, "trim", &error))?;
    let trimmed = block_on(admin(settings)?.delete_records(&list, &options(settings)));
    let trimmed = trimmed.map_err(|error| explain(settings, &format!("trim {name}"), &error))?;
    let delete = Acl::topic(Operation::Delete, &name);
    for element in trimmed.elements() {
        element.error().map_err(|error| explain_needing(settings, &format!("trim {name}"), &[&delete], &error))?;
    }
    Ok(())
}

fn admin(settings: &KafkaSettings) -> Result<LoggedIn<AdminClient<DefaultClientContext>>, LogError> {
    let created = settings.client().create();
    let admin: AdminClient<_> = created.map_err(|error| explain(settings, "create an administrator", &error))?;
    settings.login.admit(settings, admin, |made| made.inner())
}

fn options(settings: &KafkaSettings) -> AdminOptions {
    let timeout = Some(settings.request_timeout());
    AdminOptions::new().request_timeout(timeout).operation_timeout(timeout)
}

fn found(kafka: &Kafka) -> Result<BTreeMap<Topic, Found>, LogError> {
    let metadata = kafka.metadata(None)?;
    let topics = metadata.topics().iter().filter(|topic| topic.error().is_none() && !topic.partitions().is_empty());
    let ours = topics.filter_map(|topic| {
        let partitions = u32::try_from(topic.partitions().len()).ok()?;
        let replicas = topic.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or_default();
        Some((kafka.settings().topic(topic.name())?, Found { partitions, replicas }))
    });
    Ok(ours.collect())
}

fn check_shape(settings: &KafkaSettings, topic: Topic, wanted: u32, found: Found) -> Result<(), LogError> {
    let (name, Found { partitions, replicas }) = (settings.name(topic), found);
    if partitions != wanted {
        return Err(LogError::Settings(format!(
            "topic {name} has {partitions} partitions, not {wanted}; set partitions = {partitions} if all inputs have as many, \
             or use another topic prefix"
        )));
    }
    let replication = settings.replication as usize;
    if replicas < replication {
        return Err(LogError::Settings(format!(
            "topic {name} has {replicas} replicas, fewer than {replication}; add replicas with kafka-reassign-partitions, \
             or lower replication"
        )));
    }
    Ok(())
}

/// What a topic must be set to, and whether another value of an existing one is refused.
pub fn config(settings: &KafkaSettings, topic: Topic) -> Vec<(&'static str, String, bool)> {
    let policy = if topic.compacted() { "compact" } else { "delete" };
    let mut config = vec![
        ("cleanup.policy", policy.to_owned(), true),
        ("retention.ms", "-1".to_owned(), !topic.compacted()),
        ("retention.bytes", "-1".to_owned(), !topic.compacted()),
        ("unclean.leader.election.enable", "false".to_owned(), true),
        ("min.insync.replicas", settings.minimum_in_sync.to_string(), false),
        ("message.timestamp.type", "LogAppendTime".to_owned(), false),
        ("max.message.bytes", settings.message_bytes().to_string(), false),
    ];
    if topic.compacted() {
        config.push(("delete.retention.ms", DELETE_RETENTION_MS.to_owned(), false));
    }
    config
}

fn check_configs(settings: &KafkaSettings, admin: &AdminClient<DefaultClientContext>, topics: &[Topic]) -> Result<(), LogError> {
    if topics.is_empty() {
        return Ok(());
    }
    let deadline = Instant::now() + settings.request_timeout();
    loop {
        let described = described(settings, admin, topics)?;
        // The client drops the error of a single topic: what may not be looked at has no settings, and what a broker does not
        // know yet has none, either.
        let Some((topic, _)) = described.iter().find(|(_, resource)| resource.entries.is_empty()) else {
            return described.iter().try_for_each(|(topic, resource)| check_config(settings, *topic, resource));
        };
        let name = settings.name(*topic);
        let right = Acl::topic(Operation::DescribeConfigs, &name);
        if lacking(admin.inner(), &[right]).is_some_and(|missing| !missing.is_empty()) {
            return Err(refused(settings, &name, Operation::DescribeConfigs, TopicAuthorizationFailed));
        }
        if Instant::now() >= deadline {
            return Err(LogError::Unavailable(format!("the broker does not say the settings of topic {name}; try again")));
        }
        std::thread::sleep(AGAIN);
    }
}

fn described(
    settings: &KafkaSettings,
    admin: &AdminClient<DefaultClientContext>,
    topics: &[Topic],
) -> Result<Vec<(Topic, ConfigResource)>, LogError> {
    let names: Vec<String> = topics.iter().map(|topic| settings.name(*topic)).collect();
    let resources: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let described = block_on(admin.describe_configs(&resources, &options(settings)));
    let described = described.map_err(|error| explain(settings, "read the topics' settings", &error))?;
    let of = |(topic, resource): (&Topic, Result<ConfigResource, RDKafkaErrorCode>)| {
        let refused = |code| refused(settings, &settings.name(*topic), Operation::DescribeConfigs, code);
        Ok((*topic, resource.map_err(refused)?))
    };
    topics.iter().zip(described).map(of).collect()
}

fn check_config(settings: &KafkaSettings, topic: Topic, resource: &ConfigResource) -> Result<(), LogError> {
    let name = settings.name(topic);
    for (key, wanted, required) in config(settings, topic) {
        let value = resource.get(key).and_then(|entry| entry.value.as_deref()).unwrap_or(&wanted);
        if required && value != wanted {
            return Err(LogError::Settings(format!(
                "topic {name} has {key} = {value}, which would lose data; set {key} = {wanted}: \
                 kafka-configs --alter --entity-type topics --entity-name {name} --add-config {key}={wanted}"
            )));
        }
    }
    Ok(())
}

fn create_missing(
    settings: &KafkaSettings,
    admin: &AdminClient<DefaultClientContext>,
    topics: &[(Topic, u32)],
) -> Result<(), LogError> {
    if topics.is_empty() {
        return Ok(());
    }
    type Config = Vec<(&'static str, String, bool)>;
    let named: Vec<(String, u32, Config)> =
        topics.iter().map(|(topic, partitions)| (settings.name(*topic), *partitions, config(settings, *topic))).collect();
    let new = named.iter().map(|(name, partitions, config)| {
        let topic = NewTopic::new(name, *partitions as i32, TopicReplication::Fixed(settings.replication as i32));
        config.iter().fold(topic, |topic, (key, value, _)| topic.set(key, value))
    });
    let new: Vec<NewTopic<'_>> = new.collect();
    let created = block_on(admin.create_topics(&new, &options(settings)));
    for result in created.map_err(|error| explain(settings, "create topics", &error))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(refused(settings, &name, Operation::Create, code)),
        }
    }
    Ok(())
}

fn refused(settings: &KafkaSettings, name: &str, operation: Operation, code: RDKafkaErrorCode) -> LogError {
    if unauthorized(code).is_some() {
        return lacks(&format!("topic {name}"), &[Acl::topic(operation, name)]);
    }
    let brokers = &settings.brokers;
    LogError::Settings(format!(
        "topic {name}: {code}; look whether the brokers at {brokers} take the topic's settings, and correct replication"
    ))
}

/// A topic that was created is not known to every broker at once.
fn wait_for(kafka: &Kafka, wanted: &[(Topic, u32)]) -> Result<(), LogError> {
    let deadline = Instant::now() + kafka.settings().request_timeout();
    loop {
        let found = found(kafka)?;
        let missing = wanted.iter().find(|(topic, _)| !found.contains_key(topic));
        let Some((topic, _)) = missing else {
            return Ok(());
        };
        if Instant::now() > deadline {
            let (name, brokers) = (kafka.settings().name(*topic), &kafka.settings().brokers);
            return Err(LogError::Unavailable(format!("topic {name} does not appear at {brokers}; look at the brokers' logs")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits on this thread for an answer that librdkafka's threads bring.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}
