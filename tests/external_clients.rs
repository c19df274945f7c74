//! Kafka clients that are not ours read what accrue writes, and write what accrue reads: the examples of
//! `examples/clients`, against a real broker. A transaction that was rolled back lies in front of everything, so that a
//! client that reads more than what is committed fails on it.

mod support;

use accrue::wire::Format;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::process::Command;
use std::time::Duration;
use support::application::{Application, EVENT_SOURCE};
use support::broker;
use support::foreign::{self, Follower, become_equal, ours, output, repository, rows, schema_id, tapped};
use support::story::{Story, Worker, accrue, succeeded};

const ATTAINMENT_KEY: &[&str] = &["payee_id", "measure", "calendar", "interval"];
/// The topics that others read, and what tells two records apart.
const READ: [(&str, &[&str]); 5] = [
    ("payout", &["payout_id"]),
    ("attainment", ATTAINMENT_KEY),
    ("accrual", &["accrual_id"]),
    ("payout-run", &["run_id"]),
    ("payee", &["payee_id"]),
];

/// The worked company at work on the broker, behind a transaction that was rolled back.
fn company(application: &Application<'_>, story: &Story) -> Worker {
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let run = |arguments: &[&str]| succeeded(arguments, &accrue(&[arguments, &log].concat()));
    run(&["topics", "--create"]);
    roll_back(&READ.map(|(topic, _)| application.topic(topic)));
    let worker = application.run(1, None);
    run(&["publish", &repository("config"), "--yes", "--author", "hr"]);
    let mut deals = String::new();
    for (number, (payee, amount)) in
        [("ana", "60000.55"), ("ben", "1234.5"), ("gita", "-20.07"), ("elif", "40000")].into_iter().enumerate()
    {
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

/// Writes what no schema knows into the partitions of each topic, and takes it back.
fn roll_back(topics: &[String]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker::brokers())
        .set("transactional.id", format!("rolled-back-{}", topics[0]))
        .create()
        .unwrap();
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience).unwrap();
    producer.begin_transaction().unwrap();
    for topic in topics {
        // Runs are in one partition.
        for partition in 0..if topic.ends_with("payout-run") { 1 } else { 2 } {
            let record = BaseRecord::<str, str>::to(topic.as_str()).partition(partition).key("nobody").payload("rolled back");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
    }
    producer.flush(patience).unwrap();
    producer.abort_transaction(patience).unwrap();
}

/// What accrue prints of a topic: payouts and attainment as their commands say it, the others as they stand in the log.
fn expected(topic: &str, config: &str, key: &[&str]) -> foreign::Rows {
    let command = match topic {
        "payout" => "payouts",
        "attainment" => "attainment",
        _ => return tapped(topic, config, key),
    };
    ours(&[command, "--config", config], key)
}

/// The client prints every record of the topics that others read, of compacted ones the newest of every key, as `accrue` does.
fn reads(name: &str, client: impl Fn() -> Command, install: &str) {
    reads_as(Format::Avro, name, client, install);
}

fn reads_as(format: Format, name: &str, client: impl Fn() -> Command, install: &str) {
    let story = Story::of(0);
    let application = Application::new(&story, name, 2).with_events().with_results(format);
    let worker = company(&application, &story);
    let config = application.config(1);
    for (topic, key) in READ {
        let whole = application.topic(topic);
        let mut program = client();
        program.args([&broker::brokers(), &whole, &format!("{whole}-{name}")]);
        if format == Format::Avro {
            program.args([repository(&format!("schemas/{topic}.avsc")), schema_id(topic)]);
        }
        let mut follower = Follower::start(program, story.path(&format!("{name}-{topic}.jsonl")), install);
        let theirs = || {
            follower.must_live();
            rows(follower.lines(), key)
        };
        become_equal(theirs, || expected(topic, &config, key));
    }
    worker.stop();
}

fn script(mut interpreter: Command, path: &str) -> Command {
    interpreter.arg(repository(path));
    interpreter
}

#[test]
fn java_reads_what_others_read() {
    reads("java", || script(foreign::java(), "examples/clients/java/Read.java"), "openjdk-17-jdk-headless");
}

#[test]
fn python_reads_what_others_read() {
    reads("python", || script(foreign::python(), "examples/clients/python/read.py"), "python3");
}

#[test]
fn python_reads_what_others_read_without_avro() {
    reads_as(Format::Json, "json", || script(foreign::python(), "examples/clients/python/read_json.py"), "python3");
}

#[test]
fn node_reads_what_others_read() {
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
        produce.args([&broker::brokers(), &application.topic("deal-closed"), &repository("schemas/deal-closed.avsc")]);
        produce.arg(schema_id("deal-closed"));
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

#[test]
fn events_of_python_are_read_and_those_of_accrue_by_python() {
    let story = Story::of(0);
    let application = Application::new(&story, "events", 2).with_events();
    let worker = company(&application, &story);
    let config = application.config(1);
    let parent = |number: u32| format!("00-0af7651916cd43dd8448eb211c80319c-{:016x}-01", number + 1);
    for number in 0..6 {
        let mut produce = script(foreign::python(), "examples/clients/python/produce_event.py");
        produce.args([&broker::brokers(), &application.topic("deal-closed"), "/crm"]);
        output(produce.args([&format!("C-{number}"), "cleo", "100.25", "2026-02-10", &parent(number)]), "python3");
    }
    let measured = || {
        let arguments = ["attainment", "--config", &config, "--payee", "cleo", "--measure", "new-arr", "--interval", "2026-Q1"];
        let found = ours(&arguments, ATTAINMENT_KEY);
        rows(found.into_values().map(|row| serde_json::json!({"measured": row["measured"]})), &[])
    };
    become_equal(measured, || rows([serde_json::json!({"measured": "601.5"})], &[]));
    // What the client of somebody else makes of the accruals' headers, and what accrue says that their records are.
    let topic = application.topic("accrual");
    let mut program = script(foreign::python(), "examples/clients/python/read_events.py");
    program.args([&broker::brokers(), &topic, &format!("{topic}-events")]);
    let mut follower = Follower::start(program, story.path("events.jsonl"), "python3");
    let theirs = || {
        follower.must_live();
        let event = |event: &serde_json::Value| serde_json::json!({"id": event["id"], "subject": event["subject"], "source": event["source"], "type": event["type"]});
        rows(follower.lines().iter().map(event), &["id"])
    };
    let event = |accrual: serde_json::Value| {
        let (id, subject) = (&accrual["accrual_id"], &accrual["payee_id"]);
        serde_json::json!({"id": id, "subject": subject, "source": EVENT_SOURCE, "type": "accrue.accrual"})
    };
    become_equal(theirs, || rows(tapped("accrual", &config, &["accrual_id"]).into_values().map(event), &["id"]));
    let parents: Vec<String> = (0..6).map(parent).collect();
    let mut traced = 0;
    for event in follower.lines() {
        let trace = event["traceparent"].as_str().unwrap();
        // Who manages cleo earns of the same deals; what the company began with is part of no trace.
        let ours = parents.iter().any(|parent| parent == trace);
        assert!(ours || trace.is_empty() && event["subject"] != "cleo", "{event}");
        assert_eq!((&event["specversion"], &event["datacontenttype"]), (&"1.0".into(), &"application/avro".into()), "{event}");
        traced += usize::from(!trace.is_empty());
    }
    assert!(traced > 0);
    worker.stop();
}

#[test]
fn an_adjustment_that_python_writes_counts_once() {
    let story = Story::of(0);
    let application = Application::new(&story, "adjust", 2);
    let worker = company(&application, &story);
    let config = application.config(1);
    // Several payees, so that one of them meets each partition; each is told twice.
    let payees = ["ana", "ben", "cleo", "gita"];
    for payee in payees.iter().chain(&payees) {
        let mut adjust = script(foreign::python(), "examples/clients/python/adjust.py");
        adjust.args([&broker::brokers(), &application.topic("adjustment-made"), &repository("schemas/adjustment-made.avsc")]);
        adjust.arg(schema_id("adjustment-made"));
        output(adjust.args([format!("BONUS-{payee}").as_str(), *payee, "2026-02", "BONUS", "-250.25", "by Python"]), "python3");
    }
    let row = |payee: &serde_json::Value, total: &serde_json::Value| serde_json::json!({"payee": payee, "total": total});
    let earned = || {
        let accruals = tapped("accrual", &config, &["accrual_id"]).into_values();
        let by_hand = accruals.filter(|accrual| accrual["component"] == "manual:BONUS");
        rows(by_hand.map(|accrual| row(&accrual["payee_id"], &accrual["new_total"])), &["payee"])
    };
    become_equal(earned, || rows(payees.map(|payee| row(&serde_json::json!(payee), &serde_json::json!("-250.25"))), &["payee"]));
    worker.stop();
}
