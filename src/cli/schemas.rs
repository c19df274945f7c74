//! `accrue schemas`: the schemas of the topics against those before them, and against those of a registry.
//!
//! What others write must be read under every schema that it ever had; what others read must be read by each of them, and
//! they by it.

use super::console::Console;
use super::exit::{Exit, usage_error};
use super::kafka::{registered, subject};
use super::session::read_config;
use crate::config::Config;
use crate::domain::topic::Topic;
use crate::registry::{Registry, Version};
use crate::wire::avro::differences;
use crate::wire::published::{PUBLISHED, Published};
use crate::wire::{RESULT_TOPICS, needs_no_schema};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Schemas {
    /// What the schemas would break, of those before them and in a registry
    Check(Check),
    /// Add the schemas to the registry; those that are there stay
    Register(Register),
}

#[derive(Debug, Args)]
pub struct Check {
    /// Config with a registry; else only what is committed
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Register {
    /// Config that names the registry
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Schemas {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        match self {
            Schemas::Check(check) => check.run(console),
            Schemas::Register(register) => register.run(console),
        }
    }
}

/// What is found of one schema.
struct Finding {
    subject: String,
    /// In a registry: its id, if it has one there.
    registered: Option<Option<u32>>,
    /// What it would break, by where the other schema comes from.
    breaks: Vec<String>,
}

impl Check {
    fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let mut findings = committed()?;
        if let Some(file) = &self.config {
            let config = read_config(file)?;
            findings.extend(found(&config, &asked(&config)?)?);
            say_unregistered(&config, console);
        }
        findings.iter().try_for_each(|finding| finding.tell(console))?;
        let missing = findings.iter().filter(|finding| finding.registered == Some(None)).count();
        if missing > 0 {
            console.notice(&format!("{missing} of the schemas are not in the registry; `accrue schemas register` adds them"));
        }
        let broken = findings.iter().any(|finding| !finding.breaks.is_empty());
        Ok(if broken || missing > 0 { Exit::Found } else { Exit::Done })
    }
}

impl Register {
    fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let config = read_config(&self.config)?;
        let registry = asked(&config)?;
        let findings = found(&config, &registry)?;
        if findings.iter().any(|finding| !finding.breaks.is_empty()) {
            findings.iter().filter(|finding| !finding.breaks.is_empty()).try_for_each(|finding| finding.tell(console))?;
            console.notice("nothing was registered: other versions would break; clear the subject, or take another topic_prefix");
            return Ok(Exit::Found);
        }
        for published in registered(&config) {
            let (subject, level) = (subject(&config, published), published.direction.level());
            registry.set_compatibility(&subject, level)?;
            let id = registry.register(&subject, published.text)?;
            if console.json {
                console.object(&json!({ "subject": subject, "id": id, "compatibility": level }))?;
            } else {
                console.line(&format!("{subject}: id {id}, {level}"))?;
            }
        }
        say_unregistered(&config, console);
        Ok(Exit::Done)
    }
}

impl Finding {
    fn tell(&self, console: &Console) -> anyhow::Result<()> {
        let Finding { subject, registered, breaks } = self;
        if console.json {
            return console.object(&json!({ "subject": subject, "id": registered.flatten(), "breaks": breaks }));
        }
        match registered {
            _ if !breaks.is_empty() => {}
            None => console.line(&format!("{subject}: compatible"))?,
            Some(Some(id)) => console.line(&format!("{subject}: compatible, id {id}"))?,
            Some(None) => console.line(&format!("{subject}: not registered"))?,
        }
        for what in breaks {
            console.line(&format!("{subject}: {what}"))?;
        }
        Ok(())
    }
}

fn asked(config: &Config) -> anyhow::Result<Registry> {
    if !config.registry.is_named() {
        return Err(usage_error("the config names no registry; say [registry] url = \"http://...\""));
    }
    Ok(Registry::new(&config.registry)?)
}

/// Each schema against those that it had before, as this program has them.
fn committed() -> anyhow::Result<Vec<Finding>> {
    let of = |published: &Published| -> anyhow::Result<Finding> {
        let mut breaks = Vec::new();
        for (id, text) in published.earlier {
            let found = differences(published.direction, published.text, text)?;
            breaks.extend(found.into_iter().map(|what| format!("schemas/history/{}.{id}.avsc: {what}", published.name())));
        }
        Ok(Finding { subject: published.name().into(), registered: None, breaks })
    };
    PUBLISHED.iter().map(of).collect()
}

/// Results that are JSON are under no schema.
fn say_unregistered(config: &Config, console: &Console) {
    let json = RESULT_TOPICS.into_iter().filter(|topic| needs_no_schema(*topic, config.format(*topic)));
    let names: Vec<&str> = json.map(Topic::name).collect();
    if !names.is_empty() {
        console.notice(&format!("{}: JSON in this config, so that the registry needs no schema", names.join(", ")));
    }
}

/// Each schema that the registry must have against every version of its subject.
fn found(config: &Config, registry: &Registry) -> anyhow::Result<Vec<Finding>> {
    let of = |published: &Published| -> anyhow::Result<Finding> {
        let subject = subject(config, published);
        let breaks = registry.versions(&subject)?.iter().flat_map(|version| broken(published, version)).collect();
        Ok(Finding { registered: Some(registry.look_up(&subject, published.text)?), subject, breaks })
    };
    registered(config).map(of).collect()
}

fn broken(published: &Published, version: &Version) -> Vec<String> {
    let at = format!("version {}, id {}", version.version, version.id);
    match differences(published.direction, published.text, &version.text) {
        Ok(found) => found.into_iter().map(|what| format!("{at}: {what}")).collect(),
        Err(fault) => vec![format!("{at}: is not read: {fault}")],
    }
}
