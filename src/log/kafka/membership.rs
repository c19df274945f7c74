//! Membership of a stage's group: what it has given to this worker, and who else is there. Membership is static: a worker
//! that comes back under its name within the session timeout has its partitions again, without the others noticing.

use super::acl::Acl;
use super::error::{explain, explain_needing};
use super::login::LoggedIn;
use super::{Kafka, KafkaSettings};
use crate::log::LogError;
use rdkafka::TopicPartitionList;
use rdkafka::bindings::{self as native, rd_kafka_resp_err_t as ResponseError};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a worker that ends waits for its partitions to be taken back.
const HAND_BACK: Duration = Duration::from_secs(3);

/// How much later than its session a member may go.
const LATE: Duration = Duration::from_secs(2);

/// What the group has given to this member.
#[derive(Default)]
pub struct Assignment {
    pub owned: BTreeSet<u32>,
    /// Owned partitions that the worker has not been told of.
    pub fresh: BTreeSet<u32>,
    /// Partitions that the worker no longer owns, or must start again.
    pub gone: BTreeSet<u32>,
    /// Owned partitions that flow.
    pub started: BTreeSet<u32>,
    /// This member's id, as the group last told it.
    pub member: String,
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
            assignment.gone.insert(*partition);
        }
        let answered = consumer.incremental_unassign(&self.all_inputs(&started));
        assignment.failure = answered.err().map(|error| error.to_string());
    }

    /// Whoever was put out of the group and let in again has lost everything meanwhile, also what it is given again: another
    /// worker may have had it. A static member is told nothing of what is the same before and after.
    pub fn notice_rejoin(&self, consumer: &BaseConsumer<Self>) {
        let id = member_id(consumer);
        let mut assignment = self.lock();
        if id.is_empty() || id == assignment.member {
            return;
        }
        let is_first = std::mem::replace(&mut assignment.member, id).is_empty();
        if !is_first {
            self.lose_all(consumer, &mut assignment);
        }
    }

    /// Everything that is owned is to be let go, and started again.
    pub fn lose_all(&self, consumer: &BaseConsumer<Self>, assignment: &mut Assignment) {
        let started: Vec<u32> = std::mem::take(&mut assignment.started).into_iter().collect();
        let owned = assignment.owned.clone();
        assignment.gone.extend(&owned);
        assignment.fresh = owned;
        assignment.changes += 1;
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
pub fn join(settings: &KafkaSettings, group: &str, inputs: Vec<String>) -> Result<LoggedIn<BaseConsumer<Membership>>, LogError> {
    let first = inputs.first().cloned().unwrap_or_default();
    let consumer: BaseConsumer<Membership> = settings
        .reading()
        .set("group.id", group)
        .set("group.instance.id", &settings.client_id)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .create_with_context(Membership { inputs, assignment: Mutex::default() })
        .map_err(|error| explain(settings, "create the consumer", &error))?;
    let consumer = settings.login.admit(settings, consumer, |made| made.client())?;
    consumer.subscribe(&[&first]).map_err(|error| explain(settings, &format!("subscribe to {first}"), &error))?;
    Ok(consumer)
}

/// A place in the group instead of one that was lost: all that it had is gone.
pub fn rejoin(
    settings: &KafkaSettings,
    group: &str,
    lost: &BaseConsumer<Membership>,
) -> Result<LoggedIn<BaseConsumer<Membership>>, LogError> {
    let consumer = join(settings, group, lost.context().inputs.clone())?;
    let lost = lost.context().lock();
    let mut assignment = consumer.context().lock();
    assignment.gone = lost.gone.union(&lost.owned).copied().collect();
    assignment.changes = lost.changes + 1;
    drop(assignment);
    Ok(consumer)
}

/// Whether another worker has this one's place in the group, and is under its name there. One that nobody keeps alive goes with
/// its session, for which a worker that was put out waits; one that joins waits to hear whether it is the one.
pub fn is_taken(kafka: &Kafka, group: &str, consumer: &BaseConsumer<Membership>) -> bool {
    let settings = kafka.settings();
    let put_out = consumer.client().fatal_error().is_some();
    let session = Duration::from_millis(if put_out { settings.session_timeout_ms } else { 0 });
    let deadline = Instant::now() + session + LATE;
    loop {
        let own = member_id(consumer);
        if !is_another(kafka, group, &own) {
            return false;
        }
        if Instant::now() > deadline || !(put_out || own.is_empty()) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether somebody else is in the group under this worker's name. Who cannot ask must not take another one's place.
fn is_another(kafka: &Kafka, group: &str, own: &str) -> bool {
    let settings = kafka.settings();
    let listed = kafka.shared.committed.fetch_group_list(Some(group), settings.request_timeout());
    listed.map_or(true, |list| {
        let mut members = list.groups().iter().flat_map(|group| group.members());
        members.any(|member| member.client_id() == settings.client_id && member.id() != own)
    })
}

/// Who else is there, where another worker has taken this one's place.
pub fn named(kafka: &Kafka, group: &str, error: LogError) -> LogError {
    let LogError::Fenced(text) = error else { return error };
    let others = members(kafka, group).map_or_else(|error| error.to_string(), |others| others.join(", "));
    LogError::Fenced(format!("{text} (in {group} now: {others}); give each worker its own kafka.instance_id"))
}

/// Empty while the group has not told one.
pub fn member_id(consumer: &BaseConsumer<Membership>) -> String {
    let client = consumer.client().native_ptr();
    // SAFETY: the client is alive; what librdkafka allocated is a C string or null, is copied, and goes back to it.
    unsafe {
        let id = native::rd_kafka_memberid(client);
        if id.is_null() {
            return String::new();
        }
        let text = CStr::from_ptr(id).to_string_lossy().into_owned();
        native::rd_kafka_mem_free(client, id.cast());
        text
    }
}

/// Leaves the group: a static member that only closes keeps its partitions until it is given up.
pub fn leave(consumer: &BaseConsumer<Membership>) {
    // Who was fenced has nothing to hand back, and is told nothing any more.
    if consumer.client().fatal_error().is_some() {
        return;
    }
    let deadline = Instant::now() + HAND_BACK;
    consumer.unsubscribe();
    // Until the group has let it go: closed before that, a static member stays.
    while !(consumer.context().lock().owned.is_empty() && member_id(consumer).is_empty()) && Instant::now() < deadline {
        // Messages that still come are nobody's: their offsets are not committed.
        drop(consumer.poll(Duration::from_millis(5)));
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
                let doing = format!("look for other workers of {group}");
                return Err(explain_needing(settings, &doing, &[&Acl::group(group)], &error));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
