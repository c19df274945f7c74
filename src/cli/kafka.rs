//! Kafka as the config names it: the connection, and the engine on it.

use super::console::say;
use super::engine::{self, Place};
use super::exit::files_error;
use crate::config::Config;
use crate::domain::topic::Topic;
use crate::log::kafka::acl::{Acl, Application, Role};
use crate::log::kafka::{Kafka, KafkaSettings, Login, NoToken, topic_config};
use crate::log::{Client, LogError, StageLog};
use crate::registry::Registry;
use crate::telemetry::Tone;
use crate::token_endpoint;
use crate::wire::published::{PUBLISHED, Published};
use crate::wire::{Codec, needs_no_schema};
use crate::worker::engine::{Engine, group};
use crate::worker::status::{CREDITING, EARNING};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn settings(config: &Config) -> Result<KafkaSettings, LogError> {
    let kafka = &config.kafka;
    let mut properties = kafka.client.clone();
    let secured = kafka.security.properties().map_err(|what| LogError::Settings(format!("kafka.security.{what}")))?;
    properties.extend(secured);
    Ok(KafkaSettings {
        login: login(config)?,
        topic_prefix: kafka.topic_prefix.clone(),
        client_id: client_id(&kafka.application_id, &kafka.instance_id),
        replication: kafka.replication,
        minimum_in_sync: minimum_in_sync(config),
        maximum_record_bytes: config.limits.maximum_record_bytes,
        transaction_timeout_ms: kafka.transaction_timeout_ms,
        session_timeout_ms: kafka.session_timeout_ms,
        properties,
        ..KafkaSettings::new(kafka.brokers.clone())
    })
}

/// Tokens are asked for with the secret of that moment: one that is changed needs no restart.
fn login(config: &Config) -> Result<Login, LogError> {
    let security = config.kafka.security.clone();
    let endpoint = move || security.token_endpoint().map_err(|what| NoToken::Refused(format!("kafka.security.{what}")));
    if endpoint()?.is_none() {
        return Ok(Login::default());
    }
    Login::asking(Box::new(move || {
        let none = || NoToken::Refused("kafka.security: no token endpoint".into());
        token_endpoint::ask(&endpoint()?.ok_or_else(none)?)
    }))
}

fn client_id(application_id: &str, instance_id: &str) -> String {
    format!("{application_id}-{instance_id}")
}

/// Everything that a role needs of Kafka's authorizer. Asks nobody, and reads no secret.
pub fn acls(config: &Config, role: Role) -> Vec<Acl> {
    let Config { kafka, .. } = config;
    let settings = KafkaSettings { topic_prefix: kafka.topic_prefix.clone(), ..KafkaSettings::new(kafka.brokers.clone()) };
    let groups = [CREDITING, EARNING].map(|stage| group(&kafka.application_id, stage));
    // All of its instances.
    let client_ids = client_id(&kafka.application_id, "");
    Application { settings: &settings, groups, client_ids }.needs(role)
}

/// What a topic is set to when it is created. Asks nobody, and reads no secret.
pub fn topic_settings(config: &Config, topic: Topic) -> Vec<(&'static str, String)> {
    let settings = KafkaSettings {
        minimum_in_sync: minimum_in_sync(config),
        maximum_record_bytes: config.limits.maximum_record_bytes,
        ..KafkaSettings::new(config.kafka.brokers.clone())
    };
    topic_config(&settings, topic).into_iter().map(|setting| (setting.key, setting.value)).collect()
}

fn minimum_in_sync(config: &Config) -> u32 {
    config.kafka.replication.saturating_sub(1).max(1)
}

/// What records are read and written with.
pub fn codec(config: &Config) -> anyhow::Result<Arc<Codec>> {
    let codec = Codec::new()?.with_formats(&config.formats).with_cloud_events(&config.event_source);
    if !config.registry.is_named() {
        return Ok(Arc::new(codec));
    }
    let registry = Registry::new(&config.registry)?;
    let mut ids = BTreeMap::new();
    for published in registered(config) {
        let subject = subject(config, published);
        let id = registry.look_up(&subject, published.text)?;
        ids.insert(published.topic, id.ok_or_else(|| unregistered(&config.registry.url, &subject))?);
    }
    let ask = move |id| registry.schema(id).map_err(|error| error.to_string());
    Ok(Arc::new(codec.with_registry(|topic| ids.get(&topic).copied(), Box::new(ask))?))
}

/// The schemas that a registry must have: not those of results that are JSON.
pub fn registered(config: &Config) -> impl Iterator<Item = &'static Published> {
    PUBLISHED.iter().filter(|published| !needs_no_schema(published.topic, config.format(published.topic)))
}

/// What a registry calls a topic's schema.
pub fn subject(config: &Config, published: &Published) -> String {
    format!("{}{}-value", config.kafka.topic_prefix, published.name())
}

fn unregistered(url: &str, subject: &str) -> anyhow::Error {
    files_error(format!(
        "the registry at {url} does not have this version's schema as {subject}; `accrue schemas register` adds it"
    ))
}

/// Plain access, for commands.
pub fn connect(config: &Config) -> Result<Kafka, LogError> {
    connect_as(config, None)
}

fn connect_as(config: &Config, role: Option<Role>) -> Result<Kafka, LogError> {
    connect_with(config, KafkaSettings { role, ..settings(config)? })
}

fn connect_with(config: &Config, settings: KafkaSettings) -> Result<Kafka, LogError> {
    for warning in config.kafka.security.warnings() {
        say(Tone::Danger, warning);
    }
    Kafka::connect(settings)
}

/// As long as the client lets a member rest: it reads what was published meanwhile, and nobody waits for its place.
const AT_REST_MS: u64 = 86_400_000;

/// A place among the workers of a stage which nobody else is at work in.
pub fn only_worker(config: &Config, stage: &str, inputs: &[Topic]) -> anyhow::Result<Box<dyn StageLog>> {
    let settings = KafkaSettings { role: Some(Role::Worker), maximum_poll_interval_ms: AT_REST_MS, ..settings(config)? };
    let kafka = connect_with(config, settings)?;
    let group = group(&config.kafka.application_id, stage);
    let others = kafka.workers(&group)?;
    if !others.is_empty() {
        return Err(files_error(format!(
            "workers of {group} are there: {}; end all of them (one that was killed is gone after session_timeout_ms), or compare \
             with --dry-run",
            others.join(", ")
        )));
    }
    Ok(Box::new(kafka.stage(&group, inputs)?))
}

/// Both stages, on topics whose settings are checked first.
pub fn start(config: &Config, codec: Arc<Codec>) -> anyhow::Result<(Kafka, Engine)> {
    let kafka = connect_as(config, Some(Role::Worker))?;
    kafka.create_topics(config.partitions)?;
    let directory = Path::new(&config.kafka.state_directory);
    std::fs::create_dir_all(directory)?;
    let application_id = config.kafka.application_id.as_str();
    let place = Place { application_id, store_directory: directory, crash_place: application_id };
    let hold =
        |group: &str, inputs: &[Topic]| -> Result<Box<dyn StageLog>, LogError> { Ok(Box::new(kafka.stage(group, inputs)?)) };
    let engine = engine::start_on(Arc::new(kafka.clone()), &hold, place, codec, &config.limits)?;
    Ok((kafka, engine))
}
