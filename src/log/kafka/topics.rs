//! Topics in Kafka: created with the settings that lose nothing, and checked for them when they are there already.

use super::acl::{Acl, Operation};
use super::error::{explain, explain_needing, lacks, unauthorized};
use super::login::LoggedIn;
use super::permissions::lacking;
use super::{Kafka, KafkaSettings};
use crate::domain::topic::Topic;
use crate::log::batch::HEADERS_BESIDE_BYTES;
use crate::log::{Client, LogError};
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

/// What a batch of records takes at the broker beside their keys, values and headers that count.
const BATCH_OVERHEAD_BYTES: usize = 4 * 1024 + HEADERS_BESIDE_BYTES;

/// Partition count and replicas of a topic that is there.
#[derive(Clone, Copy)]
struct Found {
    partitions: u32,
    replicas: usize,
}

/// What a topic is set to when it is created, and what is refused of one that others have made.
pub struct Setting {
    pub key: &'static str,
    pub value: String,
    accepted: Accepted,
}

enum Accepted {
    Anything,
    /// What it is created with, alone.
    This,
    /// So many or more, but for a topic that has fewer replicas.
    InSync(u64),
    /// So many bytes or more.
    Bytes(u64),
}

impl Accepted {
    /// What is wrong about a value.
    fn refuses(&self, value: &str, wanted: &str, replicas: u64) -> Option<&'static str> {
        let less_than = |least: u64| value.parse().is_ok_and(|value: u64| value < least);
        match self {
            Accepted::This if value != wanted => Some("which would lose data"),
            Accepted::InSync(least) if less_than((*least).min(replicas)) => Some("which would lose data with one broker"),
            Accepted::Bytes(least) if less_than(*least) => Some("too little for a record of maximum_record_bytes"),
            _ => None,
        }
    }
}

pub fn create(kafka: &Kafka, partitions: u32) -> Result<(), LogError> {
    let settings = kafka.settings();
    let wanted: Vec<(Topic, u32)> = Topic::ALL.into_iter().map(|topic| (topic, topic.partitions(partitions))).collect();
    let found = found(kafka)?;
    let missing: Vec<_> = wanted.iter().filter(|(topic, _)| !found.contains_key(topic)).copied().collect();
    // A list of all topics is without those that this user may not see.
    missing.iter().try_for_each(|(topic, _)| kafka.look_up(*topic).map(|_| ()))?;
    let admin = admin(settings)?;
    check(settings, &admin, &wanted, &found)?;
    let met_others = create_missing(settings, &admin, &missing)?;
    let found = wait_for(kafka, &wanted)?;
    if met_others { check(settings, &admin, &wanted, &found) } else { Ok(()) }
}

fn check(
    settings: &KafkaSettings,
    admin: &AdminClient<DefaultClientContext>,
    wanted: &[(Topic, u32)],
    found: &BTreeMap<Topic, Found>,
) -> Result<(), LogError> {
    for (topic, wanted) in wanted {
        if let Some(found) = found.get(topic) {
            check_shape(settings, *topic, *wanted, *found)?;
        }
    }
    check_configs(settings, admin, found)
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

/// What a topic is set to.
pub fn config(settings: &KafkaSettings, topic: Topic) -> Vec<Setting> {
    let setting = |key, value: &str, accepted| Setting { key, value: value.to_owned(), accepted };
    // Retention is nothing to a topic that is only compacted.
    let kept = || if topic.compacted() { Accepted::Anything } else { Accepted::This };
    let in_sync = Accepted::InSync(settings.minimum_in_sync.into());
    let bytes = Accepted::Bytes((settings.maximum_record_bytes + BATCH_OVERHEAD_BYTES) as u64);
    let mut config = vec![
        setting("cleanup.policy", if topic.compacted() { "compact" } else { "delete" }, Accepted::This),
        setting("retention.ms", "-1", kept()),
        setting("retention.bytes", "-1", kept()),
        setting("unclean.leader.election.enable", "false", Accepted::This),
        setting("min.insync.replicas", &settings.minimum_in_sync.to_string(), in_sync),
        // Times of records are shown and measured; nothing is decided by them.
        setting("message.timestamp.type", "LogAppendTime", Accepted::Anything),
        setting("max.message.bytes", &settings.message_bytes().to_string(), bytes),
    ];
    if topic.compacted() {
        config.push(setting("delete.retention.ms", DELETE_RETENTION_MS, Accepted::Anything));
    }
    config
}

fn check_configs(
    settings: &KafkaSettings,
    admin: &AdminClient<DefaultClientContext>,
    found: &BTreeMap<Topic, Found>,
) -> Result<(), LogError> {
    if found.is_empty() {
        return Ok(());
    }
    let topics: Vec<Topic> = found.keys().copied().collect();
    let deadline = Instant::now() + settings.request_timeout();
    loop {
        let described = described(settings, admin, &topics)?;
        // The client drops the error of a single topic: what may not be looked at has no settings, and what a broker does not
        // know yet has none, either.
        let Some((topic, _)) = described.iter().find(|(_, resource)| resource.entries.is_empty()) else {
            let replicas = |topic| found.get(topic).map_or(0, |found| found.replicas as u64);
            return described.iter().try_for_each(|(topic, of)| check_config(settings, *topic, replicas(topic), of));
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

fn check_config(settings: &KafkaSettings, topic: Topic, replicas: u64, resource: &ConfigResource) -> Result<(), LogError> {
    let name = settings.name(topic);
    for Setting { key, value: wanted, accepted } in config(settings, topic) {
        let value = resource.get(key).and_then(|entry| entry.value.as_deref()).unwrap_or(&wanted);
        let Some(wrong) = accepted.refuses(value, &wanted, replicas) else { continue };
        return Err(LogError::Settings(format!(
            "topic {name} has {key} = {value}, {wrong}; set {key} = {wanted}: \
             kafka-configs --alter --entity-type topics --entity-name {name} --add-config {key}={wanted}"
        )));
    }
    Ok(())
}

/// True: some of them were there after all, and nobody has looked at them.
fn create_missing(
    settings: &KafkaSettings,
    admin: &AdminClient<DefaultClientContext>,
    topics: &[(Topic, u32)],
) -> Result<bool, LogError> {
    let mut met_others = false;
    if topics.is_empty() {
        return Ok(met_others);
    }
    let named: Vec<(String, u32, Vec<Setting>)> =
        topics.iter().map(|(topic, partitions)| (settings.name(*topic), *partitions, config(settings, *topic))).collect();
    let new = named.iter().map(|(name, partitions, config)| {
        let topic = NewTopic::new(name, *partitions as i32, TopicReplication::Fixed(settings.replication as i32));
        config.iter().fold(topic, |topic, Setting { key, value, .. }| topic.set(key, value))
    });
    let new: Vec<NewTopic<'_>> = new.collect();
    let created = block_on(admin.create_topics(&new, &options(settings)));
    for result in created.map_err(|error| explain(settings, "create topics", &error))? {
        match result {
            Ok(_) => {}
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => met_others = true,
            Err((name, code)) => return Err(refused(settings, &name, Operation::Create, code)),
        }
    }
    Ok(met_others)
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
fn wait_for(kafka: &Kafka, wanted: &[(Topic, u32)]) -> Result<BTreeMap<Topic, Found>, LogError> {
    let deadline = Instant::now() + kafka.settings().request_timeout();
    loop {
        let found = found(kafka)?;
        let missing = wanted.iter().find(|(topic, _)| !found.contains_key(topic));
        let Some((topic, _)) = missing else {
            return Ok(found);
        };
        if Instant::now() > deadline {
            let (name, brokers) = (kafka.settings().name(*topic), &kafka.settings().brokers);
            return Err(LogError::Unavailable(format!("topic {name} does not appear at {brokers}; look at the brokers' logs")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Partition p of all inputs belongs together, so they must have as many.
pub fn check_partitions(kafka: &Kafka, inputs: &[Topic]) -> Result<(), LogError> {
    let counts = inputs.iter().map(|topic| Ok((*topic, kafka.partitions(*topic)?))).collect::<Result<Vec<_>, LogError>>()?;
    let Some((first, count)) = counts.first().copied() else {
        return Err(LogError::Settings("a stage without inputs has nothing to do; name at least one".into()));
    };
    match counts.iter().find(|(_, other)| *other != count) {
        None => Ok(()),
        Some((topic, other)) => {
            let (first, topic) = (kafka.settings().name(first), kafka.settings().name(*topic));
            Err(LogError::Settings(format!(
                "{first} has {count} partitions and {topic} has {other}; inputs need as many: create the topics anew with one count"
            )))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::admin::{ConfigEntry, ConfigSource, OwnedResourceSpecifier};

    /// A topic that is set as it is created, but for one setting.
    fn but_for(settings: &KafkaSettings, topic: Topic, key: &str, value: &str) -> ConfigResource {
        let entry = |of: Setting| ConfigEntry {
            value: Some(if of.key == key { value.to_owned() } else { of.value }),
            name: of.key.into(),
            source: ConfigSource::DynamicTopic,
            is_read_only: false,
            is_default: false,
            is_sensitive: false,
        };
        let entries = config(settings, topic).into_iter().map(entry).collect();
        ConfigResource { specifier: OwnedResourceSpecifier::Topic(settings.name(topic)), entries }
    }

    #[test]
    fn a_setting_that_loses_data_is_refused_and_more_than_is_needed_is_not() {
        let (inputs, changelog) = (Topic::DealClosed, Topic::EarningChangelog);
        let cases = [
            (inputs, 3, "min.insync.replicas", "1", false),
            (changelog, 3, "min.insync.replicas", "1", false),
            (inputs, 3, "min.insync.replicas", "3", true),
            (inputs, 2, "min.insync.replicas", "1", false),
            // One replica is all that its topic has: whether that is enough is said of replicas.
            (inputs, 1, "min.insync.replicas", "1", true),
            (inputs, 3, "max.message.bytes", "1085439", false),
            (inputs, 3, "max.message.bytes", "1085440", true),
            // Kafka's default, which has no room for what is beside the largest record.
            (changelog, 3, "max.message.bytes", "1048588", false),
            (inputs, 3, "cleanup.policy", "compact", false),
            (changelog, 3, "cleanup.policy", "compact,delete", false),
            (changelog, 3, "retention.ms", "1000", true),
            (inputs, 3, "retention.ms", "1000", false),
            (inputs, 3, "message.timestamp.type", "CreateTime", true),
        ];
        let settings = KafkaSettings::new("localhost:9092");
        for (topic, replicas, key, value, fits) in cases {
            let checked = check_config(&settings, topic, replicas, &but_for(&settings, topic, key, value));
            assert_eq!(checked.is_ok(), fits, "{topic:?} {key} = {value}: {checked:?}");
        }
        let one = check_config(&settings, inputs, 3, &but_for(&settings, inputs, "min.insync.replicas", "1"));
        assert_eq!(
            one.unwrap_err().to_string(),
            "topic deal-closed has min.insync.replicas = 1, which would lose data with one broker; set min.insync.replicas = 2: \
             kafka-configs --alter --entity-type topics --entity-name deal-closed --add-config min.insync.replicas=2"
        );
    }
}
