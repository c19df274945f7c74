//! `accrue rebuild`: what a changelog has lost or holds wrongly comes back from the inputs, on the embedded log and on Kafka;
//! what an engine left out is told once, and nothing twice.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::{Append, Batch, Client, Records, StageLog};
use accrue::worker::commit_record::{COMMIT_KEY, Sealed};
use std::collections::BTreeMap;
use std::path::Path;
use support::application::{Application, held};
use support::story::{Story, Worker, accrue, error_text, succeeded, text, totals};

const STATES: Topic = Topic::CreditingChangelog;
const INPUTS: [Topic; 4] = [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade];
const PAYEES: usize = 700;
const REBUILD: [&str; 5] = ["rebuild", "--stage", "crediting", "--partition", "0"];

fn embedded(data: &str) -> Embedded {
    Embedded::open(Path::new(data), EmbeddedSettings::default()).unwrap()
}

fn read(log: &dyn Client, topic: Topic) -> Batch {
    let (mut batch, mut next) = (Batch::default(), log.start(topic, 0).unwrap());
    while next < log.end(topic, 0).unwrap() {
        next = log.read(topic, 0, next, 1 << 20, &mut batch).unwrap();
    }
    batch
}

/// The deals of partition 0 whose states are there.
fn stored(log: &dyn Client) -> Vec<Vec<u8>> {
    let batch = read(log, STATES);
    let mut live: BTreeMap<&[u8], bool> = BTreeMap::new();
    for row in batch.rows() {
        live.insert(batch.key(row).unwrap(), batch.value(row).is_some());
    }
    live.into_iter().filter(|(key, live)| *live && key[0] > 1).map(|(key, _)| key.to_vec()).collect()
}

fn last_commit(log: &dyn Client) -> Sealed {
    let batch = read(log, STATES);
    let last = batch.rows().iter().rfind(|row| batch.key(row) == Some(COMMIT_KEY)).unwrap();
    Sealed::read(batch.value(last).unwrap()).unwrap()
}

/// One state is lost, one is none, and one is nobody's.
fn damage(log: &dyn Client) {
    let keys = stored(log);
    let mut records = Records::default();
    records.push(Some(&keys[0]), None);
    records.push(Some(&keys[1]), Some(b"\x09"));
    records.push(Some(b"of-nobody"), Some(b"?"));
    log.append(&[Append { topic: STATES, partition: 0, records: &records }]).unwrap();
}

const TOLD: [&str; 5] = [
    "is not in the changelog",
    "cannot be read in the changelog",
    "deal \"of-nobody\" is in the changelog, and no input gives it",
    ", 3 differ",
    "the changelog does not add up to its last commit record",
];

/// Runs `rebuild` on the log, which must end so and say all of this.
fn rebuild(log: &[&str], dry_run: bool, code: i32, told: &[&str]) {
    let options: &[&str] = if dry_run { &["--dry-run"] } else { &[] };
    let output = accrue(&[&REBUILD, log, options].concat());
    let said = text(&output) + &error_text(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for told in told {
        assert!(said.replace('\n', " ").contains(told), "{told}: {said}");
    }
}

fn verified(log: &[&str]) -> bool {
    text(&accrue(&[&["verify"], log].concat())).ends_with(" totals, 0 differ\n")
}

#[test]
fn what_is_lost_or_none_comes_back_from_the_inputs() {
    let story = Story::of(PAYEES);
    let expected = story.undisturbed();
    let data = story.text("test-rebuilt");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    rebuild(&log, true, 0, &[", 0 differ", "nothing was written"]);
    rebuild(&log, false, 0, &[", 0 differ", "nothing was to be written"]);
    damage(&embedded(&data));
    let refused = accrue(&["ingest", &story.text("deals.jsonl"), log[0], log[1]]);
    let said = error_text(&refused).replace('\n', " ");
    assert_eq!(refused.status.code(), Some(74), "{said}");
    assert!(said.contains("accrue rebuild --stage crediting --partition 0"), "{said}");
    rebuild(&log, true, 1, &[&TOLD[..], &["nothing was written"]].concat());
    rebuild(&log, false, 0, &[&TOLD[..], &["earning is told nothing"]].concat());
    rebuild(&log, false, 0, &[", 0 differ", "nothing was to be written"]);
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    assert_eq!(totals(&log), expected);
    assert!(verified(&log));
    // Nothing differs behind re-credits, a close and a release, either.
    rebuild(&log, true, 0, &[", 0 differ"]);
}

#[test]
fn what_an_engine_left_out_is_told_once() {
    let story = Story::of(PAYEES);
    let (data, other) = (story.text("test-left-out"), story.text("test-whole"));
    let (log, whole) = (["--data", data.as_str()], ["--data", other.as_str()]);
    story.begin(&log);
    story.begin(&whole);
    let file = story.write("more.jsonl", &support::story::deals("more", 40));
    succeeded(&["ingest"], &accrue(&["ingest", &file, whole[0], whole[1]]));
    // The same records, and a commit that says that they were folded.
    let batch = read(&embedded(&other), Topic::DealClosed);
    let mut records = Records::default();
    for row in batch.rows().iter().filter(|row| batch.key(row).is_some_and(|key| key.starts_with(b"more-"))) {
        records.push(batch.key(row), batch.value(row));
    }
    assert!(!records.is_empty());
    leave_out(&embedded(&data), &records);
    assert!(!verified(&log));
    let told = format!(", {} differ", records.len());
    rebuild(&log, true, 1, &[&told, "is not in the changelog", "nothing was written"]);
    rebuild(&log, false, 0, &[&told, "a worker tells earning what differs"]);
    let file = story.write("last.jsonl", &support::story::deals("last", 10));
    succeeded(&["ingest"], &accrue(&["ingest", &file, log[0], log[1]]));
    assert!(verified(&log));
    rebuild(&log, true, 0, &[", 0 differ"]);
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    assert!(verified(&log));
}

/// Appends inputs, and moves the positions behind them without folding them.
fn leave_out(log: &Embedded, inputs: &Records) {
    log.append(&[Append { topic: Topic::DealClosed, partition: 0, records: inputs }]).unwrap();
    let Sealed { record: mut commit, hash } = last_commit(log);
    (commit.seq, commit.previous_hash) = (commit.seq + 1, hash);
    let mut stage = log.stage("accrue.crediting", &INPUTS).unwrap();
    let deals = commit.inputs.iter_mut().find(|input| input.topic == Topic::DealClosed.name()).unwrap();
    deals.next = log.end(Topic::DealClosed, 0).unwrap();
    let mut records = Records::default();
    records.push(Some(COMMIT_KEY), Some(&commit.encode().unwrap()));
    let offsets: Vec<_> = INPUTS.iter().map(|topic| (*topic, 0, commit.next(*topic).unwrap())).collect();
    stage.begin().unwrap();
    stage.send(STATES, 0, &records).unwrap();
    stage.send_offsets(&offsets).unwrap();
    stage.commit().unwrap();
}

#[test]
fn on_kafka_a_rebuild_waits_for_no_worker_and_refuses_to_write_beside_one() {
    let story = Story::of(PAYEES);
    let expected = story.undisturbed();
    let application = Application::new(&story, "rebuilt", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let mut worker = application.run(1, None);
    story.begin(&log);
    let client = application.client();
    // All of the first file.
    worker.wait_until("it has folded them", |_| stored(&client).len() > 30);
    worker.stop();
    damage(&client);
    let mut worker = application.run(1, None);
    let has_alarm = |worker: &mut Worker| worker.said().contains("accrue rebuild --stage crediting --partition 0");
    worker.wait_until("it has an alarm", has_alarm);
    worker.wait_until("it has the other partition", |worker| held(worker, "crediting").contains(&1));
    assert!(!worker.has_ended() && !held(&worker, "crediting").contains(&0), "{}", worker.said());
    rebuild(&log, true, 1, &[&TOLD[..], &["nothing was written"]].concat());
    rebuild(&log, false, 78, &["end all of them"]);
    worker.stop();
    rebuild(&log, false, 0, &[&TOLD[..], &["earning is told nothing"]].concat());
    let mut worker = application.run(1, None);
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    application.ends_with(&expected, &mut [&mut worker]);
    worker.stop();
}

#[test]
fn what_is_not_to_be_rebuilt_is_refused_by_name() {
    let story = Story::of(PAYEES);
    let data = story.text("test-refused");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let check = |arguments: &[&str], code: i32, told: &str| {
        let output = accrue(&[arguments, &log].concat());
        let said = error_text(&output).replace('\n', " ");
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(told), "{told}: {said}");
    };
    let unfolded = story.text("test-unfolded");
    succeeded(&["topics"], &accrue(&["topics", "--create", "--data", &unfolded]));
    let output = accrue(&["rebuild", "--partition", "0", "--data", &unfolded]);
    let told = "crediting-changelog, partition 0, is empty: start the workers";
    assert!(error_text(&output).replace('\n', " ").contains(told), "{}", error_text(&output));
    check(&["rebuild", "--stage", "crediting", "--partition", "2"], 78, "there is no partition 2; the log has 2");
    let mut up = Worker::start(&["up", "--data", &data, "--listen", "none"], None, story.path("up.log"));
    check(&REBUILD, 78, "`accrue up` is at work in");
    rebuild(&log, true, 0, &[", 0 differ"]);
    assert!(!up.has_ended());
    up.stop();
}
