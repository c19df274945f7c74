//! A stage on the real broker that copies text: opened, started, and a transaction of it. One deals' partition has outputs.

use super::broker;
use super::records::{append, contents, records};
use accrue::domain::topic::Topic;
use accrue::log::kafka::{Kafka, KafkaSettings, KafkaStage};
use accrue::log::{Batch, Client, Limit, LogError, StageLog};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub const DEALS: Topic = Topic::DealClosed;
pub const QUOTAS: Topic = Topic::QuotaChanged;
pub const INPUTS: [Topic; 2] = [DEALS, QUOTAS];
pub const OUT: Topic = Topic::Accrual;

pub fn opened(name: &str) -> (Kafka, KafkaSettings) {
    let settings = broker::settings(name);
    let log = Kafka::connect(settings.clone()).unwrap();
    log.create_topics(2).unwrap();
    (log, settings)
}

/// With enough deals for the positions that a test commits.
pub fn filled(name: &str) -> (Kafka, KafkaSettings) {
    let (log, settings) = opened(name);
    append(&log, DEALS, 0, "1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 9=9");
    (log, settings)
}

pub fn group(settings: &KafkaSettings) -> String {
    format!("{}group", settings.topic_prefix)
}

/// The stage with both partitions started at their committed positions.
pub fn owner(log: &Kafka, settings: &KafkaSettings) -> KafkaStage {
    let mut stage = log.stage(&group(settings), &INPUTS).unwrap();
    start_assigned(log, settings, &mut stage);
    stage
}

/// Starts whatever is assigned until both partitions flow; one that is taken away before its start comes again.
pub fn start_assigned(log: &Kafka, settings: &KafkaSettings, stage: &mut KafkaStage) {
    let (mut started, deadline) = (BTreeSet::new(), Instant::now() + Duration::from_secs(20));
    while started.len() < 2 && Instant::now() < deadline {
        let fresh = stage.assigned(Duration::from_millis(200)).unwrap().given;
        for partition in fresh {
            let at = |topic| log.committed(&group(settings), topic, partition).unwrap().unwrap_or(0);
            match stage.start(partition, &INPUTS.map(|topic| (topic, at(topic)))) {
                Err(LogError::Abort(_)) => started.remove(&partition),
                started_now => started_now.map(|()| started.insert(partition)).unwrap(),
            };
        }
        stage.poll(&mut Batch::default(), Limit::records(0), Duration::ZERO).unwrap();
    }
    assert_eq!(started.len(), 2);
}

pub fn begin(stage: &mut KafkaStage, text: &str) -> Result<(), LogError> {
    stage.begin()?;
    stage.send(OUT, 0, &records(text))?;
    stage.drain()
}

pub fn transact(stage: &mut KafkaStage, text: &str, next: u64) -> Result<(), LogError> {
    begin(stage, text)?;
    stage.send_offsets(&[(DEALS, 0, next), (QUOTAS, 0, 0)])?;
    stage.commit()
}

/// A commit is decided a moment before its markers are written.
#[track_caller]
pub fn check(log: &Kafka, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while contents(log, OUT, 0) != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(contents(log, OUT, 0), expected);
}

/// Settings that reach this program's own broker through its proxy.
pub fn proxied(name: &str) -> (Kafka, Kafka, KafkaSettings) {
    let broker = broker::own();
    let direct = KafkaSettings { brokers: broker.address.clone(), ..broker::settings(name) };
    let log = Kafka::connect(direct.clone()).unwrap();
    log.create_topics(2).unwrap();
    append(&log, DEALS, 0, "1=1 2=2 3=3 4=4 5=5");
    let through = KafkaSettings { brokers: format!("127.0.0.1:{}", broker.proxy.port()), request_timeout_ms: 3_000, ..direct };
    (log, Kafka::connect(through.clone()).unwrap(), through)
}
