//! `accrue up` and `accrue run`: the engine at work until it is told to end, on an embedded log or on Kafka.

use super::console::Console;
use super::control::{self, Service};
use super::crm_report::crm_mapping;
use super::exit::{Exit, files_error, io_error};
use super::pause::{PauseSignals, obey_signals};
use super::session::{DEFAULT_PARTITIONS, open_embedded, read_config};
use super::{engine, kafka};
use crate::config::{Config, Kafka, Limits, secret_file};
use crate::crm::Crm;
use crate::http::crm::Producer;
use crate::http::deals::Deals;
use crate::http::{self, Asked};
use crate::log::Client;
use crate::log::socket::SOCKET_NAME;
use crate::wire::Codec;
use crate::worker::engine::Engine;
use crate::worker::status::{CREDITING, EARNING};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often it is looked whether the engine has ended.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub struct Up {
    /// Directory of the log; started when it has none
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Partitions of a log that is started
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PARTITIONS, value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: u32,
    /// Most records of a transaction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,
    #[command(flatten)]
    listen: Listen,
}

impl Up {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let mut limits = Config::defaults()?.limits;
        limits.batch_records = self.batch.map_or(limits.batch_records, |batch| batch as usize);
        let log = open_embedded(&self.data, self.partitions, &limits)?;
        let codec = Arc::new(Codec::new()?);
        let engine = engine::start(&log, &self.data, codec.clone(), &limits)?;
        let asked = self.listen.asked(Arc::new(log.clone()), codec, &limits, &engine)?;
        let service = Service { client: Arc::new(log), status: engine.status().clone(), outcomes: engine.outcomes().clone() };
        let socket = self.data.join(SOCKET_NAME);
        let runtime = runtime()?;
        let ended = runtime.block_on(async {
            let (end, pause) = (EndSignals::take()?, PauseSignals::take()?);
            let listener = bind(&socket)?;
            let data = self.data.display();
            console.notice(&format!("up: the other commands reach this log with --data {data}; Ctrl-C ends it"));
            let http = self.listen.bind(console, "up").await?;
            tokio::select! {
                () = until_ended(end, &engine) => Ok(()),
                never = obey_signals(pause, engine.status(), console, "up") => never,
                served = control::serve(listener, service) => Ok(served?),
                failed = answer(http, asked) => failed,
            }
        });
        // Not after whoever still asks for metrics.
        runtime.shutdown_background();
        let removed = if socket.exists() { std::fs::remove_file(&socket) } else { Ok(()) };
        engine.stop()?;
        ended?;
        removed.map_err(|error| io_error(format!("{}: {error}", socket.display())))?;
        Ok(Exit::Done)
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The log is ours, so a socket that is there is what a killed `up` left.
fn bind(socket: &Path) -> anyhow::Result<UnixListener> {
    let failed = |error: std::io::Error| io_error(format!("{}: {error}; a shorter --data path may help", socket.display()));
    if socket.exists() {
        std::fs::remove_file(socket).map_err(failed)?;
    }
    UnixListener::bind(socket).map_err(failed)
}

/// What ends this process in order; taken over before it says that it is at work.
struct EndSignals {
    interrupted: Signal,
    terminated: Signal,
}

impl EndSignals {
    fn take() -> std::io::Result<EndSignals> {
        Ok(EndSignals { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }
}

/// Until a signal comes, or a stage stops.
async fn until_ended(mut signals: EndSignals, engine: &Engine) {
    let stopped = async {
        while !engine.is_ending() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        _ = signals.interrupted.recv() => {}
        _ = signals.terminated.recv() => {}
        () = stopped => {}
    }
}

/// Where machines ask over HTTP.
#[derive(Debug, Args)]
struct Listen {
    /// HTTP address or none; 127.0.0.1:8080 if it is free
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Take deals over HTTP from who has this token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Take deals at POST /v1/crm/salesforce
    #[arg(long, value_name = "MAPPING", requires = "token_file")]
    salesforce: Option<PathBuf>,
    /// Take deals at POST /v1/crm/hubspot
    #[arg(long, value_name = "MAPPING")]
    hubspot: Option<PathBuf>,
}

impl Listen {
    const DEFAULT: &str = "127.0.0.1:8080";

    /// `None`: nobody can ask. A default that is taken is no failure, what was asked for is.
    async fn bind(&self, console: &Console, command: &str) -> anyhow::Result<Option<TcpListener>> {
        let address = self.listen.as_deref().unwrap_or(Self::DEFAULT);
        if address == "none" {
            return Ok(None);
        }
        match TcpListener::bind(address).await {
            Ok(listener) => {
                console.notice(&format!("{command}: metrics at http://{}/metrics", listener.local_addr()?));
                Ok(Some(listener))
            }
            Err(error) if self.listen.is_none() => {
                console.notice(&format!("{command}: no HTTP, {address}: {error}; --listen ADDR names another one"));
                Ok(None)
            }
            Err(error) => Err(files_error(format!("--listen {address}: {error}; give a free address like {}", Self::DEFAULT))),
        }
    }
}

impl Listen {
    /// What requests are answered with.
    fn asked(&self, client: Arc<dyn Client>, codec: Arc<Codec>, limits: &Limits, engine: &Engine) -> anyhow::Result<Asked> {
        let place = self.token_file.as_deref().map(|path| path.display().to_string());
        let token = place.as_deref().map(|place| secret_file("--token-file", place)).transpose().map_err(files_error)?;
        let salesforce = self.producer(Crm::Salesforce)?;
        let hubspot = self.producer(Crm::Hubspot)?;
        let deals = Deals::new(client.clone(), codec, limits.maximum_record_bytes, token.as_deref());
        let deals = deals.map_err(|message| files_error(format!("--token-file {}: {message}", place.unwrap_or_default())))?;
        let (status, metrics) = (engine.status().clone(), engine.metrics().clone());
        let deals = Arc::new(deals);
        Ok(Asked { client, status, metrics, deals, salesforce, hubspot, body_bytes: limits.http_body_bytes })
    }

    /// A CRM whose mapping is given.
    fn producer(&self, crm: Crm) -> anyhow::Result<Option<Arc<Producer>>> {
        let path = match crm {
            Crm::Salesforce => &self.salesforce,
            Crm::Hubspot => &self.hubspot,
        };
        let Some(path) = path else { return Ok(None) };
        let mapping = crm_mapping(path)?;
        let wrong = |message: &str| files_error(format!("{}: {message}", path.display()));
        let signatures = match (&mapping.webhook, crm) {
            (None, _) => None,
            (Some(_), Crm::Salesforce) => return Err(wrong("Salesforce signs nothing: take [webhook] out")),
            (Some(webhook), Crm::Hubspot) => Some(webhook.signatures().map_err(|message| wrong(&message))?),
        };
        if signatures.is_none() && self.token_file.is_none() {
            return Err(wrong("nobody could send: write [webhook] with HubSpot's secret, or start with --token-file"));
        }
        Ok(Some(Arc::new(Producer { crm, mapping, signatures })))
    }
}

/// Answers over HTTP for as long as it is let.
async fn answer(listener: Option<TcpListener>, asked: Asked) -> anyhow::Result<()> {
    match listener {
        Some(listener) => Ok(http::serve(listener, asked).await?),
        None => std::future::pending().await,
    }
}

#[derive(Debug, Args)]
pub struct Run {
    /// The config; config/accrue.toml has every default
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    listen: Listen,
}

impl Run {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let config = read_config(&self.config)?;
        let codec = kafka::codec(&config)?;
        let (client, engine) = kafka::start(&config, codec.clone())?;
        let asked = self.listen.asked(Arc::new(client), codec, &config.limits, &engine)?;
        let Kafka { brokers, application_id, instance_id, .. } = &config.kafka;
        let runtime = runtime()?;
        let ended = runtime.block_on(async {
            let (end, pause) = (EndSignals::take()?, PauseSignals::take()?);
            console.notice(&format!("run: at work on {brokers} as {application_id}, instance {instance_id}; Ctrl-C ends it"));
            let http = self.listen.bind(console, "run").await?;
            tokio::select! {
                () = until_ended(end, &engine) => Ok(()),
                failed = answer(http, asked) => failed,
                never = obey_signals(pause, engine.status(), console, "run") => never,
                never = tell_partitions(&engine, console) => never,
            }
        });
        runtime.shutdown_background();
        engine.stop()?;
        ended?;
        Ok(Exit::Done)
    }
}

/// Says which partitions are at work here, whenever that has changed.
async fn tell_partitions(engine: &Engine, console: &Console) -> anyhow::Result<()> {
    let mut told = String::new();
    loop {
        let of = |stage: &str| {
            let partitions = engine.status().stage(stage).partitions;
            let at_work: Vec<String> =
                partitions.iter().filter(|(_, held)| held.flows()).map(|(number, _)| number.to_string()).collect();
            format!("{stage} {}", if at_work.is_empty() { "none".into() } else { at_work.join(", ") })
        };
        let now = format!("run: has {}; {}", of(CREDITING), of(EARNING));
        if now != told {
            console.notice(&now);
            told = now;
        }
        tokio::time::sleep(LOOK).await;
    }
}
