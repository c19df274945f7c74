//! A log to work on: embedded with the engine at work in this process, through a running `accrue up`, or on Kafka.
//!
//! With no `up` on a directory, a command runs the engine itself until it has caught up, and ends.

use super::exit::{files_error, io_error, usage_error};
use super::{console::Console, engine, kafka};
use crate::append::Appender;
use crate::config::{Config, Limits};
use crate::domain::topic::Topic;
use crate::log::embedded::{Embedded, EmbeddedSettings};
use crate::log::socket::SocketLog;
use crate::log::{Client, LogError};
use crate::pipeline::Outcome;
use crate::wire::Codec;
use crate::worker::ends::{Ends, Follow};
use crate::worker::engine::Engine;
use crate::worker::status::CREDITING;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Partitions of a log that is created.
pub const DEFAULT_PARTITIONS: u32 = 4;
const LOOK: Duration = Duration::from_millis(5);
/// After this long without an end, waiting is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one question for outcomes may wait for the fold.
pub const OUTCOMES_WAIT: Duration = Duration::from_millis(500);

/// Which log.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct LogOptions {
    /// Directory of an embedded log
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Config of a Kafka log
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl LogOptions {
    pub fn embedded(&self) -> bool {
        self.data.is_some()
    }

    /// Of an embedded log.
    pub fn directory(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// The config of a Kafka log; an embedded one has no `what`.
    pub fn config(&self, what: &str) -> anyhow::Result<Config> {
        let none = || usage_error(format!("an embedded log has no {what}; name a Kafka log with --config FILE"));
        read_config(self.config.as_deref().ok_or_else(none)?)
    }

    /// Of a log that is created.
    pub fn partitions(&self) -> anyhow::Result<u32> {
        self.config.as_deref().map_or(Ok(DEFAULT_PARTITIONS), |file| Ok(read_config(file)?.partitions))
    }
}

/// Who states something.
#[derive(Clone, Debug, Args)]
pub struct Author {
    /// Who you are; default: $USER
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

impl Author {
    pub fn name(&self) -> anyhow::Result<String> {
        let given = self.author.clone().or_else(|| std::env::var("USER").ok());
        let given = given.filter(|name| !name.trim().is_empty());
        given.ok_or_else(|| usage_error("no author: say who you are with --author NAME"))
    }
}

enum Backend {
    Embedded {
        log: Embedded,
        /// Taken out when it is stopped.
        engine: Mutex<Option<Engine>>,
    },
    Socket(SocketLog),
    Kafka(Box<dyn Client>),
}

/// An open log.
pub struct Session {
    backend: Backend,
    codec: Arc<Codec>,
    maximum_record_bytes: usize,
}

impl Session {
    /// Opens a log that is there, and waits until the engine has folded what is in it now.
    pub fn open(options: &LogOptions, console: &Console) -> anyhow::Result<Session> {
        expect_log(options)?;
        Session::open_or_create(options, console)
    }

    /// Opens a log, or starts one in a directory that has none.
    pub fn open_or_create(options: &LogOptions, console: &Console) -> anyhow::Result<Session> {
        let session = Session::connect(options, true, DEFAULT_PARTITIONS, console)?;
        session.catch_up()?;
        Ok(session)
    }

    /// Opens a log to look at it; nothing is folded. One that is not there is started with `create` partitions.
    pub fn without_engine(options: &LogOptions, create: Option<u32>, console: &Console) -> anyhow::Result<Session> {
        if create.is_none() {
            expect_log(options)?;
        }
        Session::connect(options, false, create.unwrap_or(DEFAULT_PARTITIONS), console)
    }

    fn connect(options: &LogOptions, with_engine: bool, partitions: u32, console: &Console) -> anyhow::Result<Session> {
        match (&options.data, &options.config) {
            (Some(directory), _) => Session::at(directory, with_engine, partitions, console),
            (None, Some(file)) => {
                let config = read_config(file)?;
                let client = Box::new(kafka::connect(&config)?);
                Session::new(Backend::Kafka(client), kafka::codec(&config)?, &config.limits)
            }
            (None, None) => Err(usage_error("no log: name one with --data DIR or --config FILE")),
        }
    }

    fn at(directory: &Path, with_engine: bool, partitions: u32, console: &Console) -> anyhow::Result<Session> {
        let limits = Config::defaults()?.limits;
        let codec = Arc::new(Codec::new()?);
        if let Some(log) = SocketLog::connect(directory)? {
            return Session::new(Backend::Socket(log), codec, &limits);
        }
        let created = !Embedded::is_in(directory);
        let log = open_embedded(directory, partitions, &limits)?;
        if created {
            console.notice(&format!("started a log in {} with {partitions} partitions", directory.display()));
        }
        if with_engine {
            return Session::on(log, directory, codec, limits);
        }
        Session::new(Backend::Embedded { log, engine: Mutex::default() }, codec, &limits)
    }

    /// On an open embedded log, with the engine at work.
    pub fn on(log: Embedded, directory: &Path, codec: Arc<Codec>, limits: Limits) -> anyhow::Result<Session> {
        let engine = engine::start(&log, directory, codec.clone(), &limits)?;
        Session::new(Backend::Embedded { log, engine: Mutex::new(Some(engine)) }, codec, &limits)
    }

    fn new(backend: Backend, codec: Arc<Codec>, limits: &Limits) -> anyhow::Result<Session> {
        Ok(Session { backend, codec, maximum_record_bytes: limits.maximum_record_bytes })
    }

    pub fn client(&self) -> &dyn Client {
        match &self.backend {
            Backend::Embedded { log, .. } => log,
            Backend::Socket(log) => log,
            Backend::Kafka(client) => client.as_ref(),
        }
    }

    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Larger input records are rejected by the engine.
    pub fn maximum_record_bytes(&self) -> usize {
        self.maximum_record_bytes
    }

    /// Appends to this log.
    pub fn appender(&self) -> Result<Appender<'_>, LogError> {
        Appender::new(self.client(), self.codec(), self.maximum_record_bytes())
    }

    /// Whether what is appended is folded by this process, and by no other.
    pub fn runs_engine_here(&self) -> bool {
        matches!(self.backend, Backend::Embedded { .. })
    }

    /// Whether the fold's outcome of an appended record can be asked for.
    pub fn has_outcomes(&self) -> bool {
        !matches!(self.backend, Backend::Kafka(_))
    }

    /// Until everything that is in the log now is folded: what others append meanwhile is not waited for. On Kafka the
    /// workers do that in their own time.
    pub fn catch_up(&self) -> anyhow::Result<()> {
        if matches!(self.backend, Backend::Kafka(_)) {
            return Ok(());
        }
        let mut follow = Follow::begin(self.client())?;
        self.wait_until("the engine to catch up", || {
            Ok(follow.is_through(self.client(), &|stage, ends| self.is_past(stage, ends))?)
        })
    }

    fn is_past(&self, stage: &'static str, ends: &Ends) -> Result<bool, LogError> {
        match &self.backend {
            Backend::Embedded { engine, .. } => {
                let engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                engine.as_ref().map_or(Ok(true), |engine| engine.is_past(stage, ends))
            }
            Backend::Socket(log) => log.is_past(stage, ends.facts, &ends.inputs),
            Backend::Kafka(_) => Ok(true),
        }
    }

    /// Waits until `done`; tells on standard error what for when it takes long. An engine of this process that has
    /// stopped ends the waiting with its reason.
    pub fn wait_until(&self, what: &str, done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        self.wait_telling(|| what.to_owned(), done)
    }

    /// The same for what is said at that time.
    pub fn wait_telling(&self, what: impl Fn() -> String, mut done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let mut told = Instant::now();
        while !done()? {
            self.check_engine()?;
            if told.elapsed() >= PATIENCE {
                told = Instant::now();
                Console::new(false).notice(&format!("waiting for {}", what()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn check_engine(&self) -> anyhow::Result<()> {
        let Backend::Embedded { engine, .. } = &self.backend else { return Ok(()) };
        let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
        if engine.as_ref().is_some_and(Engine::is_ending) {
            engine.take().map_or(Ok(()), Engine::stop)?;
            return Err(io_error("the engine has stopped without a reason; repeat the command"));
        }
        match engine.as_ref().and_then(engine::alarm) {
            Some(alarm) => Err(io_error(format!("alarm: {alarm}"))),
            None => Ok(()),
        }
    }

    /// What became of the inputs at `first` up to before `next` that were not simply counted, once these are folded.
    pub fn outcomes(&self, topic: Topic, partition: u32, first: u64, next: u64) -> anyhow::Result<Vec<(u64, Outcome)>> {
        let mut found = None;
        self.wait_until("the fold to pass the appended records", || {
            let folded = self.is_past(CREDITING, &Ends::of(topic, partition, next))?;
            found = self.ask_outcomes(topic, partition, first, next)?;
            if folded && found.is_none() {
                let topic = topic.name();
                return Err(io_error(format!(
                    "outcomes of {topic} partition {partition} from offset {first} on are not kept any more; see `accrue rejects list`"
                )));
            }
            Ok(found.is_some())
        })?;
        Ok(found.unwrap_or_default())
    }

    fn ask_outcomes(&self, topic: Topic, partition: u32, first: u64, next: u64) -> anyhow::Result<Option<Vec<(u64, Outcome)>>> {
        match &self.backend {
            Backend::Embedded { engine, .. } => {
                let engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(engine.as_ref().and_then(|engine| engine.outcomes().outcomes(topic, partition, first..next, OUTCOMES_WAIT)))
            }
            Backend::Socket(log) => Ok(log.outcomes(topic, partition, first, next)?),
            Backend::Kafka(_) => Ok(Some(Vec::new())),
        }
    }

    /// Folds what was appended, and stops the engine of this process: what it held in memory is free afterwards.
    pub fn finish(&self) -> anyhow::Result<()> {
        let Backend::Embedded { engine, .. } = &self.backend else { return Ok(()) };
        self.catch_up()?;
        let engine = engine.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(engine.map_or(Ok(()), Engine::stop)?)
    }
}

/// An embedded log must be there.
pub fn expect_log(options: &LogOptions) -> anyhow::Result<()> {
    match options.data.as_deref().filter(|directory| !Embedded::is_in(directory)).map(Path::display) {
        Some(place) => {
            Err(files_error(format!("there is no log in {place}; `accrue publish` or `accrue up --data {place}` starts one")))
        }
        None => Ok(()),
    }
}

/// Opens the embedded log of a directory; one without topics gets them with this many partitions, an older one those that
/// it lacks.
pub fn open_embedded(directory: &Path, partitions: u32, limits: &Limits) -> anyhow::Result<Embedded> {
    let sizes = EmbeddedSettings { cache_bytes: limits.log_cache_bytes, ..EmbeddedSettings::default() };
    let log = Embedded::open(directory, sizes)?;
    log.create_topics(log.partitions(Topic::DealClosed).unwrap_or(partitions))?;
    Ok(log)
}

/// Reads a config; all its errors come at once.
pub fn read_config(file: &Path) -> anyhow::Result<Config> {
    let place = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| files_error(format!("{place}: {error}; config/accrue.toml shows what a config looks like")))?;
    let named = |error: crate::config::ConfigErrors| {
        let lines: Vec<String> = error.to_string().lines().map(|line| format!("{place}:{line}")).collect();
        files_error(lines.join("\n"))
    };
    Config::read(&text).map_err(named)
}
