//! The metrics: what the worker counts as it goes, and what is read from its status when somebody asks. No label ever names
//! a payee, a deal or a plan.

use crate::domain::output::RejectKind;
use crate::domain::reject::Reason;
use crate::domain::topic::Topic;
use crate::log::{Client, LogError};
use crate::store::Wiped;
use crate::worker::batch::Folded;
use crate::worker::status::{CREDITING, EARNING, PartitionStatus, StageStatus, Status, Stuck};
use prometheus::core::{Collector, GenericCounterVec, GenericGaugeVec};
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder, exponential_buckets,
};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const BY_STAGE: &[&str] = &["stage"];
const BY_PARTITION: &[&str] = &["stage", "partition"];

/// What does not add up, as a label.
const STORE: &str = "store";
const CHANGELOG: &str = "changelog";

/// One process's metrics.
pub struct Metrics {
    registry: Registry,
    /// Held while one who asks is answered: what is of partitions is written anew each time.
    reading: Mutex<()>,
    events: IntCounterVec,
    outputs: IntCounterVec,
    commits: HistogramVec,
    aborts: IntCounterVec,
    rejects: IntCounterVec,
    event_time_lag: GaugeVec,
    last_commit: GaugeVec,
    paused: IntGaugeVec,
    paused_by_operator: IntGaugeVec,
    close_missing: IntGaugeVec,
    partitions: IntGaugeVec,
    stuck_since: GaugeVec,
    restore_remaining: IntGaugeVec,
    live_keys: IntGaugeVec,
    offset_lag: IntGaugeVec,
    store_wiped: IntCounterVec,
    hash_mismatches: IntCounterVec,
}

impl Metrics {
    pub fn new() -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let seconds = HistogramOpts::new(
            "accrue_commit_seconds",
            "Time spent on a transaction from its first fold to its commit, without waiting for input",
        )
        .buckets(exponential_buckets(0.002, 2.0, 13)?);
        let version = Opts::new("accrue_build_info", "1, with the version").const_label("version", env!("CARGO_PKG_VERSION"));
        let build = added(&registry, IntGaugeVec::new(version, &[])?)?;
        build.with_label_values::<&str>(&[]).set(1);
        let metrics = Metrics {
            reading: Mutex::default(),
            events: counter(&registry, "accrue_events_total", "Input records folded and committed", BY_STAGE)?,
            outputs: counter(&registry, "accrue_outputs_total", "Output records committed", BY_STAGE)?,
            commits: added(&registry, HistogramVec::new(seconds, BY_STAGE)?)?,
            aborts: counter(&registry, "accrue_aborts_total", "Failures after which a stage waited and tried again", BY_STAGE)?,
            rejects: counter(
                &registry,
                "accrue_rejects_total",
                "Records rejected, parked or resumed, by reason",
                &["stage", "kind", "reason"],
            )?,
            event_time_lag: gauge(
                &registry,
                "accrue_event_time_lag_seconds",
                "Age of the newest input of the last transaction at its commit",
                BY_STAGE,
            )?,
            last_commit: gauge(
                &registry,
                "accrue_last_commit_timestamp_seconds",
                "When the last transaction was committed",
                BY_STAGE,
            )?,
            paused: gauge(&registry, "accrue_paused", "1: polling waits for the store", BY_STAGE)?,
            paused_by_operator: gauge(
                &registry,
                "accrue_paused_by_operator",
                "1: nothing is folded until somebody resumes it",
                BY_STAGE,
            )?,
            close_missing: gauge(
                &registry,
                "accrue_close_missing",
                "Closes that are stated and to which the partition has yet to do its part, as far as this worker knows",
                BY_PARTITION,
            )?,
            partitions: gauge(&registry, "accrue_partition_at_work", "1: at work; 0: restoring, or stands still", BY_PARTITION)?,
            stuck_since: gauge(
                &registry,
                "accrue_partition_stuck_since_timestamp_seconds",
                "Since when nothing goes on, by an alarm or retries; 0: it does",
                BY_PARTITION,
            )?,
            restore_remaining: gauge(
                &registry,
                "accrue_restore_remaining_records",
                "Offsets of the changelog that are still to be read",
                BY_PARTITION,
            )?,
            live_keys: gauge(&registry, "accrue_live_keys", "States that the partition holds", BY_PARTITION)?,
            offset_lag: gauge(
                &registry,
                "accrue_offset_lag",
                "Offsets between what is folded and the end of the input; 0 while the stage calls itself idle",
                &["stage", "topic", "partition"],
            )?,
            store_wiped: counter(
                &registry,
                "accrue_store_wiped_total",
                "Local stores, or a partition in them, that did not hold and were filled again from the changelog",
                &["stage", "reason"],
            )?,
            hash_mismatches: counter(
                &registry,
                "accrue_hash_mismatches_total",
                "Stores or changelogs whose states or commit records are not those that a commit record states",
                &["stage", "what"],
            )?,
            registry,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// A counter that first appears with its first event has not risen, as Prometheus sees it.
    fn begin_at_zero(&self) {
        for stage in [CREDITING, EARNING] {
            for counter in [&self.events, &self.outputs, &self.aborts] {
                counter.with_label_values(&[stage]).inc_by(0);
            }
            for what in [STORE, CHANGELOG] {
                self.hash_mismatches.with_label_values(&[stage, what]).inc_by(0);
            }
            for reason in Wiped::REASONS {
                self.store_wiped.with_label_values(&[stage, reason]).inc_by(0);
            }
            for reason in Reason::ALL {
                let all = [RejectKind::Parked, RejectKind::Resumed, RejectKind::Rejected];
                let kinds = match (reason.parks(), reason.also_parks()) {
                    (true, _) => &all[..2],
                    (false, true) => &all,
                    (false, false) => &all[2..],
                };
                for kind in kinds {
                    self.rejects.with_label_values(&[stage, kind.name(), reason.code()]).inc_by(0);
                }
            }
        }
    }

    pub fn committed(&self, stage: &str, folded: &Folded, took: Duration) {
        let count = |of: &IntCounterVec, by: usize| of.with_label_values(&[stage]).inc_by(by as u64);
        count(&self.events, folded.records);
        count(&self.outputs, folded.outputs);
        self.commits.with_label_values(&[stage]).observe(took.as_secs_f64());
        for ((kind, reason), times) in &folded.rejects {
            self.rejects.with_label_values(&[stage, kind, reason]).inc_by(*times);
        }
        if folded.newest_ms > 0 {
            let age = seconds_of(SystemTime::now()) - folded.newest_ms as f64 / 1e3;
            self.event_time_lag.with_label_values(&[stage]).set(age.max(0.0));
        }
    }

    pub fn aborted(&self, stage: &str) {
        self.aborts.with_label_values(&[stage]).inc();
    }

    pub fn store_wiped(&self, stage: &str, why: &Wiped) {
        self.store_wiped.with_label_values(&[stage, why.reason()]).inc();
        if matches!(why, Wiped::DigestMismatch) {
            self.hash_mismatches.with_label_values(&[stage, STORE]).inc();
        }
    }

    /// The states do not add up to the last commit record, or that does not follow on the one before.
    pub fn changelog_contradicts(&self, stage: &str) {
        self.hash_mismatches.with_label_values(&[stage, CHANGELOG]).inc();
    }

    /// All of them in Prometheus' text format, read at this moment. Asks the log for ends where something is left to do.
    pub fn text(&self, status: &Status, client: &dyn Client) -> prometheus::Result<String> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = [&self.partitions, &self.restore_remaining, &self.live_keys, &self.offset_lag, &self.close_missing];
        gone.iter().for_each(|by_partition| by_partition.reset());
        self.stuck_since.reset();
        for name in [CREDITING, EARNING] {
            let stage = status.stage(name);
            self.read_stage(name, &stage);
            for (partition, held) in &stage.partitions {
                self.read_partition(name, *partition, held, stage.trouble.as_ref());
                // A log that is not to be had must not hide everything else.
                if self.read_lag(name, *partition, held, stage.idle, client).is_err() {
                    break;
                }
            }
        }
        self.read_closes(status);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn read_stage(&self, name: &str, stage: &StageStatus) {
        self.paused.with_label_values(&[name]).set(stage.paused.into());
        self.paused_by_operator.with_label_values(&[name]).set(stage.paused_by_operator.into());
        if let Some(at) = stage.last_commit {
            self.last_commit.with_label_values(&[name]).set(seconds_of(SystemTime::now()) - at.elapsed().as_secs_f64());
        }
    }

    /// Both stages know of a close; what either of them misses is counted once.
    fn read_closes(&self, status: &Status) {
        let mut missing = BTreeSet::new();
        for pending in [CREDITING, EARNING].iter().flat_map(|name| status.stage(name).closing) {
            for (stage, partitions) in [(CREDITING, pending.crediting), (EARNING, pending.earning)] {
                missing.extend(partitions.into_iter().map(|partition| (stage, partition, pending.close_id.clone())));
            }
        }
        for (stage, partition, _) in missing {
            self.close_missing.with_label_values(&[stage, &partition.to_string()]).inc();
        }
    }

    fn read_partition(&self, name: &str, partition: u32, held: &PartitionStatus, trouble: Option<&Stuck>) {
        let labels = &[name, &partition.to_string()];
        let stuck = held.stuck().or(trouble).map_or(0.0, |stuck| seconds_of(stuck.since));
        self.partitions.with_label_values(labels).set(held.flows().into());
        self.stuck_since.with_label_values(labels).set(stuck);
        self.restore_remaining.with_label_values(labels).set(held.restore_remaining as i64);
        self.live_keys.with_label_values(labels).set(held.live_keys as i64);
        self.close_missing.with_label_values(labels).set(0);
    }

    fn read_lag(
        &self,
        name: &str,
        partition: u32,
        held: &PartitionStatus,
        idle: bool,
        client: &dyn Client,
    ) -> Result<(), LogError> {
        let facts = (Topic::Facts, held.facts_next);
        for (topic, next) in held.next.iter().copied().chain([facts]) {
            let of_topic = if topic == Topic::Facts { 0 } else { partition };
            // An idle stage has met the end, which on Kafka may be marks of transactions that it does not see.
            let lag = if idle { 0 } else { client.end(topic, of_topic)?.saturating_sub(next) };
            self.offset_lag.with_label_values(&[name, topic.name(), &partition.to_string()]).set(lag as i64);
        }
        Ok(())
    }
}

fn seconds_of(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn added<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> prometheus::Result<C> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counter<A: prometheus::core::Atomic + 'static>(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<GenericCounterVec<A>> {
    added(registry, GenericCounterVec::new(Opts::new(name, help), labels)?)
}

fn gauge<A: prometheus::core::Atomic + 'static>(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<GenericGaugeVec<A>> {
    added(registry, GenericGaugeVec::new(Opts::new(name, help), labels)?)
}
