//! What Kafka's authorizer must allow for accrue to work: an ACL as `kafka-acls` takes it, and those of each role.
//!
//! Read, write and delete include describe at the broker, and a transactional producer needs nothing of the cluster: what is
//! included is not listed. Users and how they log in are the broker's.

use super::KafkaSettings;
use crate::domain::topic::Topic;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Create,
    Delete,
    Describe,
    DescribeConfigs,
    Read,
    Write,
}

impl Operation {
    /// As Kafka's tools say it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "Create",
            Operation::Delete => "Delete",
            Operation::Describe => "Describe",
            Operation::DescribeConfigs => "DescribeConfigs",
            Operation::Read => "Read",
            Operation::Write => "Write",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    Topic,
    Group,
    TransactionalId,
}

impl ResourceType {
    /// As an option of Kafka's tools.
    pub fn option(self) -> &'static str {
        match self {
            ResourceType::Topic => "topic",
            ResourceType::Group => "group",
            ResourceType::TransactionalId => "transactional-id",
        }
    }
}

/// One right: an operation on a resource, or on all whose names begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    pub operation: Operation,
    pub resource: ResourceType,
    pub name: String,
    pub prefixed: bool,
}

impl Acl {
    fn on(operation: Operation, resource: ResourceType, name: impl Into<String>) -> Acl {
        Acl { operation, resource, name: name.into(), prefixed: false }
    }

    pub fn topic(operation: Operation, name: impl Into<String>) -> Acl {
        Acl::on(operation, ResourceType::Topic, name)
    }

    pub fn group(name: impl Into<String>) -> Acl {
        Acl::on(Operation::Read, ResourceType::Group, name)
    }

    pub fn transactional_id(name: impl Into<String>) -> Acl {
        Acl::on(Operation::Write, ResourceType::TransactionalId, name)
    }

    fn prefixed(self) -> Acl {
        Acl { prefixed: true, ..self }
    }
}

/// As the options of `kafka-acls` that name it.
impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--operation {} --{} {}", self.operation.name(), self.resource.option(), word(&self.name))?;
        if self.prefixed { f.write_str(" --resource-pattern-type prefixed") } else { Ok(()) }
    }
}

/// A word as a shell, or `xargs`, takes it.
pub fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-:=/@,+".contains(letter);
    if !text.is_empty() && text.chars().all(plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Who works with the log. A user may have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A worker.
    Worker,
    /// What a worker needs beside that to take deals over HTTP.
    Http,
    /// Whoever publishes, ingests, adjusts, closes and releases.
    Append,
    /// Whoever only looks.
    Read,
    /// Whoever creates the topics.
    Create,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Worker, Role::Http, Role::Append, Role::Read, Role::Create];

    pub fn name(self) -> &'static str {
        match self {
            Role::Worker => "worker",
            Role::Http => "http",
            Role::Append => "append",
            Role::Read => "read",
            Role::Create => "create",
        }
    }

    /// What a role does with a topic.
    fn operations(self, topic: Topic) -> &'static [Operation] {
        use Operation::{Create, Delete, Describe, DescribeConfigs, Read, Write};
        use Topic as T;
        match (self, topic) {
            (Role::Worker, T::DealClosed | T::QuotaChanged | T::DealSettled | T::AdjustmentMade | T::Facts) => {
                &[Read, DescribeConfigs]
            }
            // It is trimmed behind earning.
            (Role::Worker, T::Credits) => &[Read, Write, Delete, DescribeConfigs],
            (Role::Worker, T::CreditingChangelog | T::EarningChangelog) => &[Read, Write, DescribeConfigs],
            (Role::Worker, T::Closes | T::PayoutDraft | T::Attainment | T::Accrual) => &[Write, DescribeConfigs],
            (Role::Worker, T::Payout | T::PayoutRun | T::Rejected) => &[Write, DescribeConfigs],
            // Not its own: it only looks whether they are there and keep what is in them.
            (Role::Worker, T::Payee | T::PayoutAcknowledged) => &[Describe, DescribeConfigs],
            (Role::Http, T::DealClosed) => &[Write],
            (Role::Http, _) => &[],
            (Role::Append, T::DealClosed | T::QuotaChanged | T::DealSettled | T::AdjustmentMade) => &[Read, Write],
            (Role::Append, T::Facts | T::Payee) => &[Read, Write],
            (Role::Append, T::PayoutAcknowledged) => &[Write],
            // What is looked at before a close, and until it is done.
            (Role::Append, T::Closes | T::Rejected | T::Accrual) => &[Read],
            (Role::Append, T::Credits) => &[Describe],
            (Role::Append, _) => &[],
            (Role::Read, T::Credits | T::CreditingChangelog | T::EarningChangelog) => &[Describe],
            (Role::Read, _) => &[Read],
            (Role::Create, _) => &[Create, Describe, DescribeConfigs],
        }
    }
}

/// An application's names at the broker.
pub struct Application<'a> {
    pub settings: &'a KafkaSettings,
    pub groups: [String; 2],
    /// What the client ids of its workers begin with.
    pub client_ids: String,
}

impl Application<'_> {
    /// Everything that a role needs, and nothing else.
    pub fn needs(&self, role: Role) -> Vec<Acl> {
        let topics = Topic::ALL.into_iter().flat_map(|topic| role.operations(topic).iter().map(move |of| (topic, *of)));
        let mut acls: Vec<Acl> = topics.map(|(topic, of)| Acl::topic(of, self.settings.name(topic))).collect();
        match role {
            Role::Worker => {
                acls.extend(self.groups.iter().map(Acl::group));
                let ids = self.groups.iter().map(|group| stage_transactions(group, &self.client_ids));
                acls.extend(ids.map(|id| Acl::transactional_id(id).prefixed()));
            }
            Role::Http | Role::Append => {
                let id = append_transactions(&self.settings.topic_prefix, &self.client_ids);
                acls.push(Acl::transactional_id(id).prefixed());
            }
            Role::Read | Role::Create => {}
        }
        acls
    }
}

/// What lets a user see a topic: whatever its role does with it, else the right to describe.
pub fn to_see(settings: &KafkaSettings, topic: Topic) -> Vec<Acl> {
    let operations = settings.role.map_or(&[][..], |role| role.operations(topic)).iter();
    let seeing = operations.filter(|of| !matches!(of, Operation::Create | Operation::DescribeConfigs));
    let mut acls: Vec<Acl> = seeing.map(|of| Acl::topic(*of, settings.name(topic))).collect();
    if acls.is_empty() {
        acls.push(Acl::topic(Operation::Describe, settings.name(topic)));
    }
    acls
}

/// The transactional id of a worker's stage: its own, and the same after a restart.
pub fn stage_transactions(group: &str, client_id: &str) -> String {
    format!("{group}.{client_id}")
}

/// What the transactional ids of a client's appends begin with.
pub fn append_transactions(topic_prefix: &str, client_id: &str) -> String {
    format!("{topic_prefix}append-{client_id}")
}
