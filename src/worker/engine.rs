//! Both stages on their threads over one log, the trimming behind them, and the end of all of it.

use super::Stop;
use super::crash::CrashPoints;
use super::ends::{Ends, caught_up, is_past};
use super::restore::UNDECIDED_LIMIT;
use super::status::{CREDITING, EARNING, OutcomeTap, Status};
use super::step::{Machine, MakeStage, Progress, Setup};
use crate::config::Limits;
use crate::domain::topic::Topic;
use crate::log::{Client, LogError, StageLog};
use crate::store::{Layout, Settings, Store};
use crate::telemetry::{self, Metrics};
use crate::wire::Codec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest sleep of a thread that has nothing to do before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// The group of a stage: what its offsets are committed under.
pub fn group(application_id: &str, stage: &str) -> String {
    format!("{application_id}.{stage}")
}

/// Takes a stage's hold on the log: its group, and its inputs.
pub type Hold<'h> = dyn Fn(&str, &[Topic]) -> Result<Box<dyn StageLog>, LogError> + 'h;

pub struct EngineSetup<'h> {
    pub client: Arc<dyn Client>,
    pub codec: Arc<Codec>,
    pub limits: Limits,
    /// Part of the groups' names and of the stores' owner.
    pub application_id: String,
    /// The stores lie here, one per stage.
    pub store_directory: PathBuf,
    /// Called once the stage's store is this process's: what cannot start must not fence what works.
    pub hold: &'h Hold<'h>,
    pub crediting: MakeStage,
    pub earning: MakeStage,
    pub crash: Arc<CrashPoints>,
}

/// Both stages at work. Dropped without [`Engine::stop`], they end after their step, too.
pub struct Engine {
    client: Arc<dyn Client>,
    status: Arc<Status>,
    outcomes: Arc<OutcomeTap>,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ending: AtomicBool,
    failure: Mutex<Option<Stop>>,
}

impl Shared {
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// The first failure is the one that is told.
    fn fail(&self, stop: Stop) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(stop);
        self.ending.store(true, Ordering::Release);
    }
}

impl Engine {
    pub fn start(setup: EngineSetup<'_>) -> Result<Engine, Stop> {
        let status = Arc::new(Status::default());
        let outcomes = Arc::new(OutcomeTap::new(setup.limits.outcomes_per_partition));
        let metrics = Metrics::new().map_err(|error| Stop::Settings(format!("metrics: {error}")))?;
        let metrics = Arc::new(metrics);
        let EngineSetup { client, codec, limits, application_id, store_directory, hold, crediting, earning, crash } = setup;
        let machine = |name: &'static str, layout: Layout, make_stage: MakeStage, tap: Option<Arc<OutcomeTap>>| {
            let store = open_store(name, layout, &store_directory, &limits, &crash, &metrics)?;
            let group = group(&application_id, name);
            let log = hold(&group, make_stage().inputs())?;
            let setup = Setup {
                name,
                group,
                owner: format!("{application_id}/{name}"),
                client: client.clone(),
                codec: codec.clone(),
                make_stage,
                limits: limits.clone(),
                undecided_limit: UNDECIDED_LIMIT,
                status: status.clone(),
                tap,
                metrics: metrics.clone(),
                crash: crash.clone(),
            };
            Machine::new(setup, log, store)
        };
        // Most deals are new; payees' quarters are not.
        let crediting = machine(CREDITING, Layout::Packed, crediting, Some(outcomes.clone()))?;
        let earning = machine(EARNING, Layout::Listed, earning, None)?;
        let mut engine = Engine { client, status, outcomes, metrics, shared: Arc::default(), threads: Vec::new() };
        engine.spawn(CREDITING, move |shared| drive(CREDITING, crediting, shared))?;
        engine.spawn(EARNING, move |shared| drive(EARNING, earning, shared))?;
        let (client, status) = (engine.client.clone(), engine.status.clone());
        let every = Duration::from_millis(limits.maintenance_ms);
        engine.spawn("maintenance", move |shared| maintain(client.as_ref(), &status, every, shared))?;
        Ok(engine)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(&Shared) + Send + 'static) -> Result<(), Stop> {
        let shared = self.shared.clone();
        let of = name.to_owned();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || guarded(&of, &shared, run));
        self.threads.push(thread.map_err(|error| Stop::Storage(format!("no thread for {name}: {error}")))?);
        Ok(())
    }

    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    pub fn outcomes(&self) -> &Arc<OutcomeTap> {
        &self.outcomes
    }

    /// Whether everything that is in the log now has come out of both stages.
    pub fn is_caught_up(&self) -> Result<bool, LogError> {
        caught_up(&self.status, self.client.as_ref())
    }

    /// Whether everything that follows from what lies before `ends` has come out of a stage.
    pub fn is_past(&self, stage: &str, ends: &Ends) -> Result<bool, LogError> {
        is_past(&self.status.stage(stage), ends, self.client.as_ref())
    }

    /// Waits until it is caught up; false when `limit` has passed or a stage has ended.
    pub fn wait_caught_up(&self, limit: Duration) -> Result<bool, LogError> {
        let deadline = Instant::now() + limit;
        loop {
            if self.is_caught_up()? {
                return Ok(true);
            }
            if self.is_ending() || Instant::now() >= deadline {
                return Ok(false);
            }
            self.status.wait(LOOK);
        }
    }

    /// A stage has ended, or is asked to: [`Engine::stop`] tells why.
    pub fn is_ending(&self) -> bool {
        self.shared.is_ending()
    }

    /// Ends the stages after their step, waits for the stores, and tells the first failure.
    pub fn stop(mut self) -> Result<(), Stop> {
        self.end();
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        self.shared.ending.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // What panicked in it is told already.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs what a thread is for. One that panics ends all of them: without it the others would wait for ever.
fn guarded(name: &str, shared: &Shared, run: impl FnOnce(&Shared)) {
    let ran = catch_unwind(AssertUnwindSafe(|| run(shared)));
    if let Err(panic) = ran {
        shared.fail(Stop::Alarm(format!("the thread of {name} panicked: {}; report it", super::panic_text(panic.as_ref()))));
    }
}

fn open_store(
    name: &str,
    layout: Layout,
    directory: &std::path::Path,
    limits: &Limits,
    crash: &Arc<CrashPoints>,
    metrics: &Metrics,
) -> Result<Store, Stop> {
    let settings = Settings {
        layout,
        cache_bytes: limits.store_cache_bytes as u64,
        flush_every_ms: limits.store_flush_ms,
        queue_deltas: limits.store_queue_deltas,
    };
    let (store, wiped) = Store::open(&directory.join(format!("store-{name}")), &settings, crash.clone())?;
    if let Some(wiped) = wiped {
        telemetry::store_wiped(name, None, &wiped);
        metrics.store_wiped(name, &wiped);
    }
    Ok(store)
}

fn drive(name: &'static str, mut machine: Machine, shared: &Shared) {
    while !shared.is_ending() {
        match machine.step(Instant::now()) {
            Ok(Progress::Worked | Progress::Idle) => {}
            Ok(Progress::Wait(wait)) => std::thread::sleep(wait.min(LOOK)),
            Err(stop) => {
                telemetry::stage_stopped(name, &stop);
                shared.fail(stop);
            }
        }
    }
}

/// Trims `credits` behind what earning has committed. A failure is tried again the next time.
fn maintain(client: &dyn Client, status: &Status, every: Duration, shared: &Shared) {
    let mut due = Instant::now() + every;
    while !shared.is_ending() {
        if Instant::now() >= due {
            due = Instant::now() + every;
            for (partition, held) in status.stage(EARNING).partitions {
                trim(client, partition, held.next(Topic::Credits));
            }
        }
        std::thread::sleep(LOOK.min(every));
    }
}

fn trim(client: &dyn Client, partition: u32, next: u64) {
    let trimmed = client.start(Topic::Credits, partition).and_then(|start| match start < next {
        true => client.trim(Topic::Credits, partition, next),
        false => Ok(()),
    });
    if let Err(error) = trimmed {
        telemetry::maintenance_failed("trimming credits", &error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_ends_all_of_them_and_says_why() {
        let shared = Shared::default();
        guarded(EARNING, &shared, |_| {});
        assert!(!shared.is_ending());
        guarded(CREDITING, &shared, |_| panic!("no such thing"));
        assert!(shared.is_ending());
        let failure = shared.failure.lock().unwrap().as_ref().map(ToString::to_string).unwrap();
        assert!(failure.contains("the thread of crediting panicked: no such thing"), "{failure}");
    }
}
