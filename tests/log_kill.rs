//! A worker that copies two co-partitioned inputs is killed with SIGKILL again and again while input flows; afterwards
//! every input record has been copied exactly once, in order. On the embedded log and on a real Kafka broker.
//!
//! The worker is this program again, told by its environment.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::batch::Records;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Append, Batch, Client, Limit, LogError, Row, StageLog};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const INPUTS: [Topic; 2] = [Topic::DealClosed, Topic::QuotaChanged];
const PARTITIONS: u32 = 2;
const OUT: Topic = Topic::Accrual;
const KILLS: u32 = 7;

/// Where the worker finds its log, whether it feeds the inputs itself, and whether it ends when all is copied.
const DIRECTORY: &str = "ACCRUE_TEST_DIRECTORY";
const BROKERS: &str = "ACCRUE_TEST_BROKERS";
const PREFIX: &str = "ACCRUE_TEST_PREFIX";
const FINISH: &str = "ACCRUE_TEST_FINISH";

fn inputs() -> impl Iterator<Item = (Topic, u32)> {
    INPUTS.into_iter().flat_map(|topic| (0..PARTITIONS).map(move |partition| (topic, partition)))
}

fn group() -> String {
    format!("{}copy", std::env::var(PREFIX).unwrap_or_default())
}

fn kafka_settings(brokers: String, prefix: String) -> KafkaSettings {
    KafkaSettings {
        topic_prefix: prefix,
        // A restart takes the place of the one before.
        client_id: "killed".into(),
        replication: 1,
        minimum_in_sync: 1,
        session_timeout_ms: 6_000,
        ..KafkaSettings::new(brokers)
    }
}

/// The worker's side: does nothing unless the environment says that this is one.
#[test]
fn worker() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        let log = Embedded::open(Path::new(&directory), EmbeddedSettings::default()).unwrap();
        log.create_topics(PARTITIONS).unwrap();
        if !finishing() {
            let feeder = log.clone();
            std::thread::spawn(move || feed(&feeder, &AtomicBool::new(false)));
        }
        copy(&log, log.stage(&group(), &INPUTS).unwrap());
    }
    if let (Ok(brokers), Ok(prefix)) = (std::env::var(BROKERS), std::env::var(PREFIX)) {
        let log = Kafka::connect(kafka_settings(brokers, prefix)).unwrap();
        copy(&log, log.stage(&group(), &INPUTS).unwrap());
    }
}

fn finishing() -> bool {
    std::env::var_os(FINISH).is_some()
}

/// Numbers the records of each input partition from where they end, three at a time.
fn feed(log: &dyn Client, stop: &AtomicBool) {
    let mut numbers: BTreeMap<(Topic, u32), usize> =
        inputs().map(|(topic, partition)| ((topic, partition), values(log, topic, partition).len())).collect();
    while !stop.load(Ordering::SeqCst) {
        for ((topic, partition), number) in &mut numbers {
            let mut records = Records::default();
            for _ in 0..3 {
                records.push(Some(b"key"), Some(number.to_string().as_bytes()));
                *number += 1;
            }
            log.append(&[Append { topic: *topic, partition: *partition, records: &records }]).unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Copies inputs to the output of their partition in transactions, and says so after each commit.
fn copy(log: &dyn Client, mut stage: impl StageLog) {
    let mut next: BTreeMap<(Topic, u32), u64> = BTreeMap::new();
    let mut batch = Batch::default();
    loop {
        for partition in stage.assigned(Duration::from_millis(50)).unwrap().given {
            let position = |topic| (topic, log.committed(&group(), topic, partition).unwrap().unwrap_or(0));
            let positions = INPUTS.map(position);
            next.extend(positions.map(|(topic, offset)| ((topic, partition), offset)));
            stage.start(partition, &positions).unwrap();
        }
        batch.clear();
        stage.poll(&mut batch, Limit::records(50), Duration::from_millis(5)).unwrap();
        if batch.is_empty() && finishing() && !next.is_empty() && caught_up(log) {
            return;
        }
        if batch.is_empty() {
            continue;
        }
        let mut after = next.clone();
        after.extend(batch.rows().iter().map(|row| ((row.position.topic, row.position.partition), row.position.offset + 1)));
        match transact(&mut stage, &batch, &after) {
            Ok(()) => next = after,
            Err(LogError::Abort(_)) => {
                stage.abort().unwrap();
                next.iter().for_each(|((topic, partition), offset)| stage.seek(*topic, *partition, *offset).unwrap());
            }
            Err(error) => panic!("{error}"),
        }
        println!("committed");
    }
}

fn transact(stage: &mut impl StageLog, batch: &Batch, next: &BTreeMap<(Topic, u32), u64>) -> Result<(), LogError> {
    stage.begin()?;
    for partition in 0..PARTITIONS {
        let mut records = Records::default();
        for row in batch.rows().iter().filter(|row| row.position.partition == partition) {
            records.push(Some(source(row).as_bytes()), batch.value(row));
        }
        stage.send(OUT, partition, &records)?;
    }
    stage.drain()?;
    let offsets: Vec<_> = next.iter().map(|((topic, partition), next)| (*topic, *partition, *next)).collect();
    stage.send_offsets(&offsets)?;
    stage.commit()
}

fn source(row: &Row) -> String {
    format!("{}/{}", row.position.topic.name(), row.position.partition)
}

/// Every visible input record lies before the committed position; what follows a position may be control records.
fn caught_up(log: &dyn Client) -> bool {
    inputs().all(|(topic, partition)| {
        let from = log.committed(&group(), topic, partition).unwrap().unwrap_or(0);
        let (mut batch, end) = (Batch::default(), log.high_watermark(topic, partition).unwrap());
        let mut at = from;
        while at < end && batch.is_empty() {
            at = log.read(topic, partition, at, 1, &mut batch).unwrap();
        }
        batch.is_empty()
    })
}

/// Committed values of a partition, with their keys.
fn values(log: &dyn Client, topic: Topic, partition: u32) -> Vec<(String, String)> {
    let (mut batch, mut from) = (Batch::default(), 0);
    while from < log.high_watermark(topic, partition).unwrap() {
        from = log.read(topic, partition, from, 1 << 20, &mut batch).unwrap();
    }
    let text = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
    batch.rows().iter().map(|row| (text(batch.key(row)), text(batch.value(row)))).collect()
}

fn check_copied_once(log: &dyn Client) {
    let mut copied: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in (0..PARTITIONS).flat_map(|partition| values(log, OUT, partition)) {
        copied.entry(key).or_default().push(value);
    }
    for (topic, partition) in inputs() {
        let source = format!("{}/{partition}", topic.name());
        let given: Vec<String> = values(log, topic, partition).into_iter().map(|(_, value)| value).collect();
        let numbered: Vec<String> = (0..given.len()).map(|number| number.to_string()).collect();
        assert!(given.len() > 100, "{source} has {} records only", given.len());
        assert!(given == numbered, "{source} itself has lost or doubled records");
        assert!(copied.get(&source) == Some(&given), "{source} is not copied exactly once in order");
    }
}

fn spawn(environment: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker", "--exact", "--nocapture"]).envs(environment.iter().copied());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Kills worker after worker some commits after its start, then lets one finish.
fn kill_workers(environment: &[(&str, &str)]) {
    let mut random = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {random}");
    for round in 0..KILLS {
        let mut child = spawn(environment);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (commits, microseconds) = ((random >> 33) as usize % 40 + 25, (random >> 50) % 8_000);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let seen = lines.by_ref().filter(|line| line.ends_with("committed")).take(commits).count();
        assert_eq!(seen, commits, "the worker of round {round} ended by itself");
        std::thread::sleep(Duration::from_micros(microseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn finish(environment: &[(&str, &str)]) {
    let environment = [environment, &[(FINISH, "1")]].concat();
    let output = spawn(&environment).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_killed_worker_on_the_embedded_log_copies_exactly_once() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [(DIRECTORY, directory.path().to_str().unwrap())];
    kill_workers(&environment);
    finish(&environment);
    check_copied_once(&Embedded::open(directory.path(), EmbeddedSettings::default()).unwrap());
}

#[test]
fn a_killed_worker_on_kafka_copies_exactly_once() {
    let (brokers, prefix) = (support::broker::brokers(), format!("kill-{}-", std::process::id()));
    let log = Kafka::connect(kafka_settings(brokers.clone(), prefix.clone())).unwrap();
    log.create_topics(PARTITIONS).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (feeder, stopped) = (log.clone(), stop.clone());
    let feeding = std::thread::spawn(move || feed(&feeder, &stopped));
    let environment = [(BROKERS, brokers.as_str()), (PREFIX, prefix.as_str())];
    kill_workers(&environment);
    stop.store(true, Ordering::SeqCst);
    feeding.join().unwrap();
    finish(&environment);
    check_copied_once(&log);
}
