//! Starts both stages over a log: the one place where stages, worker and log meet.

use crate::config::Limits;
use crate::domain::topic::Topic;
use crate::log::embedded::Embedded;
use crate::log::{Client, LogError, StageLog};
use crate::pipeline::Stage;
use crate::pipeline::crediting::Crediting;
use crate::pipeline::earning::Earning;
use crate::wire::Codec;
use crate::worker::crash::{self, CrashPoints};
use crate::worker::engine::{Engine, EngineSetup, Hold};
use crate::worker::rebuild::{EarningStages, Rebuild};
use crate::worker::status::{CREDITING, EARNING};
use crate::worker::step::MakeStage;
use std::path::Path;
use std::sync::Arc;

/// Names the groups of an embedded log: it has no other application.
pub const APPLICATION: &str = "accrue";

/// Both stages on an embedded log, their stores in its directory.
pub fn start(log: &Embedded, directory: &Path, codec: Arc<Codec>, limits: &Limits) -> anyhow::Result<Engine> {
    let place = Place { application_id: APPLICATION, store_directory: directory, crash_place: &directory.display().to_string() };
    let hold = |group: &str, inputs: &[Topic]| -> Result<Box<dyn StageLog>, LogError> { Ok(Box::new(log.stage(group, inputs)?)) };
    start_on(Arc::new(log.clone()), &hold, place, codec, limits)
}

/// Where the stages' local files lie, and what they are called.
pub struct Place<'p> {
    pub application_id: &'p str,
    pub store_directory: &'p Path,
    /// A crash point is armed only where this says test.
    pub crash_place: &'p str,
}

/// Both stages over any log; `hold` takes a stage's hold on it.
pub fn start_on(
    client: Arc<dyn Client>,
    hold: &Hold<'_>,
    place: Place<'_>,
    codec: Arc<Codec>,
    limits: &Limits,
) -> anyhow::Result<Engine> {
    let partitions = client.partitions(Topic::DealClosed)?;
    let reject_bytes = limits.reject_bytes;
    let crash = crash_points(place.crash_place)?;
    Ok(Engine::start(EngineSetup {
        client,
        codec,
        limits: limits.clone(),
        application_id: place.application_id.into(),
        store_directory: place.store_directory.into(),
        hold,
        crediting: Box::new(move || Box::new(Crediting::new(partitions, reject_bytes))),
        earning: Box::new(move || Box::new(Earning::new(partitions, reject_bytes))),
        crash: Arc::new(crash),
    })?)
}

fn crash_points(place: &str) -> Result<CrashPoints, crash::CrashError> {
    CrashPoints::from_text(std::env::var(crash::VARIABLE).ok().as_deref(), place)
}

/// What rebuilds a partition of a stage; its files lie in the store's directory meanwhile.
pub fn rebuild(
    client: Arc<dyn Client>,
    codec: Arc<Codec>,
    limits: Limits,
    (stage, partition): (&'static str, u32),
    place: &Place<'_>,
) -> anyhow::Result<Rebuild> {
    let directory = place.store_directory.join(format!("rebuild-{stage}-{partition}"));
    let made: Box<dyn Stage> = if stage == CREDITING { Box::new(Crediting::new(1, 0)) } else { Box::new(Earning::new(1, 0)) };
    let (inputs, changelog, crash) = (made.inputs(), made.changelog(), crash_points(place.crash_place)?);
    Ok(Rebuild { client, codec, limits, partition, inputs, changelog, directory, crash })
}

/// Both stages for a rebuild of earning.
pub fn earning_stages() -> EarningStages {
    EarningStages {
        crediting: |partitions, reject_bytes| Box::new(Crediting::new(partitions, reject_bytes)),
        earning: |partitions, reject_bytes, performed| Box::new(Earning::up_to(partitions, reject_bytes, performed)),
    }
}

/// Crediting over all partitions of an application's log, as the engine makes it.
pub fn crediting(client: &dyn Client, limits: &Limits) -> Result<MakeStage, LogError> {
    let (partitions, reject_bytes) = (client.partitions(Topic::DealClosed)?, limits.reject_bytes);
    Ok(Box::new(move || Box::new(Crediting::new(partitions, reject_bytes))))
}

/// What a partition stands still for, if one does.
pub fn alarm(engine: &Engine) -> Option<String> {
    let of = |stage: &'static str| {
        let partitions = engine.status().stage(stage).partitions;
        let alarms = partitions.into_iter().filter_map(|(partition, held)| Some((partition, held.alarm?)));
        alarms.map(move |(partition, alarm)| format!("{stage} partition {partition}: {}", alarm.reason)).next()
    };
    of(CREDITING).or_else(|| of(EARNING))
}
