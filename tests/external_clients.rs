//! Kafka clients that are not ours read what accrue writes, and write what accrue reads: the examples of
//! `examples/clients`, against a real broker. A transaction that was rolled back lies in front of everything, so that a
//! client that reads more than what is committed fails on it.

mod support;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::process::Command;
use std::time::Duration;
use support::application::Application;
use support::broker;
use support::foreign::{self, Follower, become_equal, ours, output, repository, rows};
use support::story::{Story, Worker, accrue, succeeded};

const ATTAINMENT_KEY: &[&str] = &["payee_id", "measure", "calendar", "interval"];

/// The worked company at work on the broker, behind a transaction that was rolled back.
fn company(application: &Application<'_>, story: &Story) -> Worker {
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let run = |arguments: &[&str]| succeeded(arguments, &accrue(&[arguments, &log].concat()));
    run(&["topics", "--create"]);
    roll_back(&[&application.topic("attainment"), &application.topic("payout")]);
    let worker = application.run(1, None);
    run(&["publish", &repository("config"), "--yes", "--author", "hr"]);
    let mut deals = String::new();
    for (number, (payee, amount)) in [("ana", "60000.55"), ("ben", "1234.5"), ("gita", "-20.07")].into_iter().enumerate() {
        deals += &format!(
            r#"{{"deal_id":"D-{number}","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"NEW","lines":[{{"line_id":"1","product":"analytics","amount":"{amount}","quantity":"2"}}],"splits":[{{"payee_id":"{payee}","role":"AE","counts":"REVENUE","share":"1"}}],"occurred_at":"2026-01-20T10:00:00Z"}}
"#
        );
    }
    run(&["ingest", &story.write("three.jsonl", &deals)]);
    run(&["close", "2026-01", "--wait", "--yes", "--author", "kim"]);
    run(&["release", "2026-01", "--author", "lee"]);
    worker
}

/// Writes what no schema knows into both partitions of each topic, and takes it back.
fn roll_back(topics: &[&str]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker::brokers())
        .set("transactional.id", format!("rolled-back-{}", topics[0]))
        .create()
        .unwrap();
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience).unwrap();
    producer.begin_transaction().unwrap();
    for topic in topics {
        for partition in 0..2 {
            let record = BaseRecord::<str, str>::to(topic).partition(partition).key("nobody").payload("rolled back");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
    }
    producer.flush(patience).unwrap();
    producer.abort_transaction(patience).unwrap();
}

/// The client prints every payout and the newest attainment of every key as `accrue` prints them.
fn reads(name: &str, client: impl Fn() -> Command, install: &str) {
    let story = Story::of(0);
    let application = Application::new(&story, name, 2);
    let worker = company(&application, &story);
    let config = application.config(1);
    for (topic, schema_id, command, key) in
        [("payout", "23", "payouts", &["payout_id"][..]), ("attainment", "14", "attainment", ATTAINMENT_KEY)]
    {
        let whole = application.topic(topic);
        let mut program = client();
        program.args([&broker::brokers(), &whole, &format!("{whole}-{name}"), &repository(&format!("schemas/{topic}.avsc"))]);
        program.arg(schema_id);
        let mut follower = Follower::start(program, story.path(&format!("{name}-{topic}.jsonl")), install);
        let theirs = || {
            follower.must_live();
            rows(follower.lines(), key)
        };
        let expected = || {
            let mut expected = ours(&[command, "--config", &config], key);
            // Says that a payout is a draft of a run that is not released; no field of the record.
            expected.values_mut().filter_map(|row| row.as_object_mut()).for_each(|row| drop(row.remove("draft")));
            expected
        };
        become_equal(theirs, expected);
    }
    worker.stop();
}

fn script(mut interpreter: Command, path: &str) -> Command {
    interpreter.arg(repository(path));
    interpreter
}

#[test]
fn java_reads_payouts_and_attainment() {
    reads("java", || script(foreign::java(), "examples/clients/java/Read.java"), "openjdk-17-jdk-headless");
}

#[test]
fn python_reads_payouts_and_attainment() {
    reads("python", || script(foreign::python(), "examples/clients/python/read.py"), "python3");
}

#[test]
fn node_reads_payouts_and_attainment() {
    reads("node", || script(foreign::node(), "examples/clients/node/read.js"), "nodejs");
}

#[test]
fn a_deal_that_python_writes_is_credited() {
    let story = Story::of(0);
    let application = Application::new(&story, "produce", 2);
    let worker = company(&application, &story);
    let config = application.config(1);
    // Several ids, so that one of them meets each partition.
    for number in 0..6 {
        let mut produce = script(foreign::python(), "examples/clients/python/produce.py");
        produce.args([&broker::brokers(), &application.topic("deal-closed"), &repository("schemas/deal-closed.avsc"), "1"]);
        output(produce.args([&format!("P-{number}"), "cleo", "100.25", "2026-02-10"]), "python3");
    }
    let measured = || {
        let arguments = ["attainment", "--config", &config, "--payee", "cleo", "--measure", "new-arr", "--interval", "2026-Q1"];
        let found = ours(&arguments, ATTAINMENT_KEY);
        rows(found.into_values().map(|row| serde_json::json!({"measured": row["measured"]})), &[])
    };
    become_equal(measured, || rows([serde_json::json!({"measured": "601.5"})], &[]));
    // A quota may come after the deals that it prices: what waited goes on.
    let left = || {
        let rejects = support::story::text(&accrue(&["rejects", "list", "--config", &config]));
        let still = rejects.lines().filter(|line| !line.starts_with(' ') && !line.starts_with("resumed"));
        still.map(|line| (line.into(), serde_json::Value::Null)).collect()
    };
    become_equal(left, Default::default);
    worker.stop();
}
