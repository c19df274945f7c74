//! Membership of a group with a single worker: what is assigned to it, and who else is there. Membership is dynamic: a dead
//! member stays for the session timeout and is waited for.

use super::error::explain;
use super::{Kafka, KafkaSettings};
use crate::log::LogError;
use rdkafka::TopicPartitionList;
use rdkafka::bindings::rd_kafka_resp_err_t as ResponseError;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the group has given to this member.
#[derive(Default)]
pub struct Assignment {
    pub owned: BTreeSet<u32>,
    /// Owned partitions that the worker has not been told of.
    pub fresh: BTreeSet<u32>,
    /// Owned partitions that flow.
    pub started: BTreeSet<u32>,
    /// Counts the changes: a transaction belongs to one number.
    pub changes: u64,
    pub failure: Option<String>,
}

pub struct Membership {
    inputs: Vec<String>,
    assignment: Mutex<Assignment>,
}

impl Membership {
    pub fn lock(&self) -> MutexGuard<'_, Assignment> {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assigned(&self, consumer: &BaseConsumer<Self>, partitions: &[u32]) {
        let mut assignment = self.lock();
        assignment.changes += 1;
        assignment.owned.extend(partitions);
        assignment.fresh.extend(partitions);
        let answered = consumer.incremental_assign(&TopicPartitionList::new());
        assignment.failure = answered.err().map(|error| error.to_string());
    }

    fn revoked(&self, consumer: &BaseConsumer<Self>, partitions: &[u32]) {
        let mut assignment = self.lock();
        assignment.changes += 1;
        let started: Vec<u32> = partitions.iter().filter(|partition| assignment.started.remove(partition)).copied().collect();
        for partition in partitions {
            assignment.owned.remove(partition);
            assignment.fresh.remove(partition);
        }
        let answered = consumer.incremental_unassign(&self.all_inputs(&started));
        assignment.failure = answered.err().map(|error| error.to_string());
    }

    pub fn all_inputs(&self, partitions: &[u32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (name, partition) in self.inputs.iter().flat_map(|name| partitions.iter().map(move |partition| (name, partition))) {
            list.add_partition(name, *partition as i32);
        }
        list
    }
}

impl ClientContext for Membership {
    fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka consumer");
    }
}

impl ConsumerContext for Membership {
    /// Answers every call, with the sisters' partitions; the client's own version drops errors.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: ResponseError, list: &mut TopicPartitionList) {
        let partitions: Vec<u32> = list.elements().iter().filter_map(|element| u32::try_from(element.partition()).ok()).collect();
        match Code::from(event) {
            Code::AssignPartitions => self.assigned(consumer, &partitions),
            Code::RevokePartitions => self.revoked(consumer, &partitions),
            other => self.lock().failure = Some(other.to_string()),
        }
    }
}

/// Subscribes to the first input.
pub fn join(settings: &KafkaSettings, group: &str, inputs: Vec<String>) -> Result<BaseConsumer<Membership>, LogError> {
    let first = inputs.first().cloned().unwrap_or_default();
    let consumer: BaseConsumer<Membership> = settings
        .reading()
        .set("group.id", group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .create_with_context(Membership { inputs, assignment: Mutex::default() })
        .map_err(|error| explain(settings, "create the consumer", &error))?;
    consumer.subscribe(&[&first]).map_err(|error| explain(settings, &format!("subscribe to {first}"), &error))?;
    Ok(consumer)
}

/// How long a member that is gone stays in its group.
pub fn patience(settings: &KafkaSettings) -> Duration {
    Duration::from_millis(settings.session_timeout_ms) + Duration::from_secs(2)
}

/// Waits for a dead worker's membership to run out; a living one is refused.
pub fn wait_until_alone(kafka: &Kafka, group: &str) -> Result<(), LogError> {
    let deadline = Instant::now() + patience(kafka.settings());
    loop {
        let members = members(kafka, group)?;
        if members.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let members = members.join(", ");
            return Err(LogError::Fenced(format!(
                "{group} already has a worker: {members}; one worker a group, stop that one first"
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The members of a group as `client id at host`.
pub fn members(kafka: &Kafka, group: &str) -> Result<Vec<String>, LogError> {
    let settings = kafka.settings();
    let deadline = Instant::now() + settings.request_timeout();
    loop {
        match kafka.shared.committed.fetch_group_list(Some(group), settings.request_timeout()) {
            Ok(list) => {
                let members = list.groups().iter().flat_map(|group| group.members());
                return Ok(members.map(|member| format!("{} at {}", member.client_id(), member.client_host())).collect());
            }
            // A coordinator is still being found when the first group of all is asked for.
            Err(error) if Instant::now() > deadline => {
                return Err(explain(settings, &format!("look for other workers of {group}"), &error));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
