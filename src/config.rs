//! `accrue.toml`: raw text to valid config once, with every error at once and its line and column.
//!
//! The commented defaults in `config/accrue.toml` are embedded and read by the same code, so that they cannot drift.
//! Every key has a default; an unknown one is refused. Limits carry their unit in the name.

mod cloud_events;
mod registry;
mod security;
mod topics;

pub use registry::Registry;
pub use security::{Security, TokenEndpoint, secret_file};

use crate::domain::topic::Topic;
use crate::wire::Format;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("../config/accrue.toml");

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Of every topic but `facts`, `closes` and `payout-run`, which have one.
    pub partitions: u32,
    pub limits: Limits,
    /// How topics are written: by others what is theirs to write, and by accrue results.
    pub formats: Vec<(Topic, Format)>,
    pub kafka: Kafka,
    pub registry: Registry,
    /// Whose events the results are; empty: they are none.
    pub event_source: String,
}

/// How much at a time, and how much memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub batch_records: usize,
    pub batch_keys: usize,
    pub batch_bytes: usize,
    pub batch_wait_ms: u64,
    pub gather_limit_ms: u64,
    pub maximum_record_bytes: usize,
    pub reject_bytes: usize,
    pub http_body_bytes: usize,
    pub work_budget_keys: usize,
    pub working_set_bytes: usize,
    pub unacknowledged_bytes: usize,
    pub store_cache_bytes: usize,
    pub store_flush_ms: u64,
    pub store_queue_deltas: usize,
    pub log_cache_bytes: usize,
    pub outcomes_per_partition: usize,
    pub retry_ms: u64,
    pub retry_limit_ms: u64,
    pub maintenance_ms: u64,
}

impl Limits {
    pub fn batch_wait(&self) -> Duration {
        Duration::from_millis(self.batch_wait_ms)
    }

    /// What both stages may hold together. A batch stands in memory several times until it is committed and stored: as it was
    /// polled, as states, as outputs, on its way to the log and to the store.
    pub fn memory_bytes(&self) -> usize {
        const BATCHES: usize = 8;
        2 * (self.working_set_bytes + self.unacknowledged_bytes + self.store_cache_bytes + BATCHES * self.batch_bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    pub brokers: String,
    pub topic_prefix: String,
    pub application_id: String,
    /// Stable over restarts and its own for every worker.
    pub instance_id: String,
    pub session_timeout_ms: u64,
    pub transaction_timeout_ms: u64,
    pub replication: u32,
    /// Directory of the stores.
    pub state_directory: String,
    pub security: Security,
    /// Further settings of the client; none for TLS and SASL.
    pub client: BTreeMap<String, String>,
}

/// Everything that is wrong with the text, in its order.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.0.iter().enumerate() {
            let line_end = if place == 0 { "" } else { "\n" };
            write!(f, "{line_end}{}:{}: {}", error.line, error.column, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    pub fn defaults() -> Result<Config, ConfigErrors> {
        Config::read("")
    }

    /// What `text` names over the defaults.
    pub fn read(text: &str) -> Result<Config, ConfigErrors> {
        let defaults = parse(DEFAULTS)?;
        let given = parse(text)?;
        let mut reader = Reader { text, errors: Vec::new() };
        reader.refuse_unknown("", &given, &defaults);
        let config = reader.config(&Section { given: Some(&given), defaults: &defaults });
        reader.finish(config)
    }
}

fn parse(text: &str) -> Result<DeTable<'_>, ConfigErrors> {
    match DeTable::parse(text) {
        Ok(table) => Ok(table.into_inner()),
        Err(error) => Err(ConfigErrors(vec![error_at(text, error.span().unwrap_or(0..0), error.message().to_owned())])),
    }
}

fn error_at(text: &str, span: Range<usize>, message: String) -> ConfigError {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    ConfigError { line, column: before[line_start..].chars().count() + 1, message }
}

/// A table as given, over the defaults.
struct Section<'t> {
    given: Option<&'t DeTable<'t>>,
    defaults: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// The value, and whether somebody gave it.
    fn value(&self, key: &str) -> Option<(&'t Spanned<DeValue<'t>>, bool)> {
        let given = self.given.and_then(|table| table.get(key)).map(|value| (value, true));
        given.or_else(|| self.defaults.get(key).map(|value| (value, false)))
    }

    fn table(&self, key: &str) -> Option<Section<'t>> {
        let given = self.given.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_table());
        let defaults = self.defaults.get(key).and_then(|value| value.get_ref().as_table())?;
        Some(Section { given, defaults })
    }
}

struct Reader<'t> {
    text: &'t str,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn finish(mut self, config: Option<Config>) -> Result<Config, ConfigErrors> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        match config {
            Some(config) if self.errors.is_empty() => Ok(config),
            _ => Err(ConfigErrors(self.errors)),
        }
    }

    fn refuse(&mut self, span: Range<usize>, message: String) {
        self.errors.push(error_at(self.text, span, message));
    }

    fn refuse_unknown(&mut self, path: &str, given: &DeTable<'_>, defaults: &DeTable<'_>) {
        for (key, value) in given {
            let name = format!("{path}{}", key.get_ref());
            match (defaults.get(key.get_ref().as_ref()).map(Spanned::get_ref), value.get_ref()) {
                (None, _) => {
                    let unknown = || format!("unknown key \"{name}\"; `config/accrue.toml` lists all keys");
                    self.refuse(
                        key.span(),
                        security::inline_secret(&name).or_else(|| registry::inline_secret(&name)).unwrap_or_else(unknown),
                    );
                }
                (Some(DeValue::Table(_)), DeValue::Table(_)) if name == "kafka.client" => {}
                (Some(DeValue::Table(defaults)), DeValue::Table(given)) => {
                    self.refuse_unknown(&format!("{name}."), given, defaults);
                }
                (Some(DeValue::Table(_)), _) => self.refuse(value.span(), format!("\"{name}\" must be a table")),
                _ => {}
            }
        }
    }

    fn config(&mut self, root: &Section<'_>) -> Option<Config> {
        let partitions = self.number(root, "partitions", 1..1001);
        let limits = self.limits(&root.table("limits")?);
        let formats = self.formats(&root.table("topics")?);
        let kafka = self.kafka(&root.table("kafka")?);
        let registry = self.registry(&root.table("registry")?);
        let event_source = self.event_source(root);
        Some(Config {
            partitions: partitions? as u32,
            limits: limits?,
            formats: formats?,
            kafka: kafka?,
            registry: registry?,
            event_source: event_source?,
        })
    }

    fn limits(&mut self, section: &Section<'_>) -> Option<Limits> {
        const MEMORY: Range<u64> = 1 << 20..1 << 40;
        let mut size = |key, range| self.number(section, key, range);
        let batch_records = size("batch_records", 1..1_000_001);
        let batch_keys = size("batch_keys", 1..10_000_001);
        let batch_bytes = size("batch_bytes", 1024..1 << 32);
        let batch_wait_ms = size("batch_wait_ms", 1..10_001);
        let gather_limit_ms = size("gather_limit_ms", 0..10_001);
        let maximum_record_bytes = size("maximum_record_bytes", 1024..1 << 30);
        let reject_bytes = size("reject_bytes", 0..1 << 24);
        let http_body_bytes = size("http_body_bytes", 1024..1 << 30);
        let work_budget_keys = size("work_budget_keys", 1..1_000_001);
        let working_set_bytes = size("working_set_bytes", MEMORY);
        let unacknowledged_bytes = size("unacknowledged_bytes", MEMORY);
        let store_cache_bytes = size("store_cache_bytes", MEMORY);
        let store_flush_ms = size("store_flush_ms", 1..600_001);
        let store_queue_deltas = size("store_queue_deltas", 1..100_001);
        let log_cache_bytes = size("log_cache_bytes", MEMORY);
        let outcomes_per_partition = size("outcomes_per_partition", 1..10_000_001);
        let retry_ms = size("retry_ms", 1..60_001);
        let retry_limit_ms = size("retry_limit_ms", 1..600_001);
        let maintenance_ms = size("maintenance_ms", 10..3_600_001);
        Some(Limits {
            batch_records: batch_records? as usize,
            batch_keys: batch_keys? as usize,
            batch_bytes: batch_bytes? as usize,
            batch_wait_ms: batch_wait_ms?,
            gather_limit_ms: gather_limit_ms?,
            maximum_record_bytes: maximum_record_bytes? as usize,
            reject_bytes: reject_bytes? as usize,
            http_body_bytes: http_body_bytes? as usize,
            work_budget_keys: work_budget_keys? as usize,
            working_set_bytes: working_set_bytes? as usize,
            unacknowledged_bytes: unacknowledged_bytes? as usize,
            store_cache_bytes: store_cache_bytes? as usize,
            store_flush_ms: store_flush_ms?,
            store_queue_deltas: store_queue_deltas? as usize,
            log_cache_bytes: log_cache_bytes? as usize,
            outcomes_per_partition: outcomes_per_partition? as usize,
            retry_ms: retry_ms?,
            retry_limit_ms: retry_limit_ms?,
            maintenance_ms: maintenance_ms?,
        })
    }

    fn kafka(&mut self, section: &Section<'_>) -> Option<Kafka> {
        let brokers = self.text(section, "brokers");
        let topic_prefix = self.text(section, "topic_prefix");
        let application_id = self.text(section, "application_id");
        let instance_id = self.text(section, "instance_id");
        let session_timeout_ms = self.number(section, "session_timeout_ms", 6_000..1_800_001);
        let transaction_timeout_ms = self.number(section, "transaction_timeout_ms", 1_000..60_001);
        let replication = self.number(section, "replication", 1..100);
        let state_directory = self.text(section, "state_directory");
        let security = self.security(&section.table("security")?);
        let client = self.texts(&section.table("client")?);
        Some(Kafka {
            brokers: brokers?,
            topic_prefix: topic_prefix?,
            application_id: application_id?,
            instance_id: instance_id?,
            session_timeout_ms: session_timeout_ms?,
            transaction_timeout_ms: transaction_timeout_ms?,
            replication: replication? as u32,
            state_directory: state_directory?,
            security: security?,
            client,
        })
    }

    fn number(&mut self, section: &Section<'_>, key: &str, range: Range<u64>) -> Option<u64> {
        let (value, _) = section.value(key)?;
        let integer =
            value.get_ref().as_integer().and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        let number = integer.filter(|number| range.contains(number));
        if number.is_none() {
            let last = range.end - 1;
            self.refuse(value.span(), format!("\"{key}\" must be a whole number from {} to {last}", range.start));
        }
        number
    }

    fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let (value, given) = section.value(key)?;
        let text = value.get_ref().as_str().filter(|text| !given || !text.is_empty());
        if text.is_none() {
            self.refuse(value.span(), format!("\"{key}\" must be a text that is not empty"));
        }
        text.map(str::to_owned)
    }

    fn texts(&mut self, section: &Section<'_>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (key, value) in section.given.into_iter().flatten() {
            if let Some(message) = security::refused_property(key.get_ref()) {
                self.refuse(key.span(), message);
            }
            match value.get_ref().as_str() {
                Some(text) => drop(texts.insert(key.get_ref().to_string(), text.to_owned())),
                None => self.refuse(value.span(), format!("\"kafka.client.{}\" must be a text", key.get_ref())),
            }
        }
        texts
    }
}

#[cfg(test)]
mod tests;
