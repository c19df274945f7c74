//! Results as JSON, for consumers without Avro: what a worker writes so, on a broker, is what it would write as Avro; every
//! command says of a log with such results what it says of the same with Avro; and the format may change.

mod support;

use accrue::config::Config;
use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::{Append, Batch, Client, LogError, Records, StageLog};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::wire::{Codec, Format, OPEN_TOPICS, RESULT_TOPICS};
use accrue::worker::engine::{Engine, EngineSetup};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use support::application::{Application, EVENT_SOURCE};
use support::story::{PATIENCE, Story, accrue, deals, error_text, succeeded, text, totals};

fn contents(log: &dyn Client, topic: Topic) -> Vec<(u32, Batch)> {
    let of = |partition: u32| {
        let (mut batch, mut next) = (Batch::default(), log.start(topic, partition).unwrap());
        while next < log.end(topic, partition).unwrap() {
            next = log.read(topic, partition, next, 1 << 20, &mut batch).unwrap();
        }
        (partition, batch)
    };
    (0..log.partitions(topic).unwrap()).map(of).collect()
}

/// A log with the same inputs and facts, and the results that the engine makes of them as JSON.
fn again_as_json(original: &Path, to: &Path) {
    let [original, log] = [original, to].map(|path| Embedded::open(path, EmbeddedSettings::default()).unwrap());
    let partitions = original.partitions(Topic::DealClosed).unwrap();
    log.create_topics(partitions).unwrap();
    let json = || Codec::new().unwrap().with_formats(&RESULT_TOPICS.map(|topic| (topic, Format::Json)));
    // Names come by `publish`.
    for topic in OPEN_TOPICS.into_iter().chain([Topic::Facts, Topic::Payee]) {
        for (partition, batch) in contents(&original, topic) {
            let mut records = Records::default();
            for row in batch.rows() {
                let mut value = batch.value(row).unwrap().to_vec();
                if topic == Topic::Payee {
                    let name = json().read_payee_name(&std::mem::take(&mut value)).unwrap();
                    json().write_payee_name(&name, &mut value).unwrap();
                }
                records.push_with_headers(batch.key(row), Some(&value), row.headers.clone());
            }
            log.append(&[Append { topic, partition, records: &records }]).unwrap();
        }
    }
    let hold = |group: &str, inputs: &[Topic]| -> Result<Box<dyn StageLog>, LogError> { Ok(Box::new(log.stage(group, inputs)?)) };
    let engine = Engine::start(EngineSetup {
        client: Arc::new(log.clone()),
        codec: Arc::new(json()),
        limits: Config::defaults().unwrap().limits,
        application_id: "accrue".into(),
        store_directory: to.into(),
        hold: &hold,
        crediting: Box::new(move || Box::new(Crediting::new(partitions, 100))),
        earning: Box::new(move || Box::new(Earning::new(partitions, 100))),
        crash: Arc::default(),
    });
    let engine = engine.unwrap();
    assert!(engine.wait_caught_up(PATIENCE).unwrap(), "{:?}", engine.status());
    engine.stop().unwrap();
    RESULT_TOPICS.into_iter().for_each(|topic| assert_eq!(first_bytes(&log, topic), BTreeSet::from([b'{']), "{}", topic.name()));
}

/// Without what tells how inputs came together in transactions.
fn settled(line: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !["sequence", "as_of"].contains(&name.as_str()));
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    strip(&mut value);
    value.to_string()
}

/// What a command says of a log, line by line, and how it ends.
fn said(data: &str, command: &[&str]) -> (Option<i32>, Vec<String>) {
    let output = accrue(&[command, &["--data", data][..]].concat());
    // Where the log lies is another place.
    let said = (error_text(&output) + &text(&output)).replace(data, "DIR");
    // Of what was measured and is no more, a standing says so; whether it ever was is a matter of order, too.
    let is_nothing =
        |line: &str| command[0] == "attainment" && line.contains(r#""measured":"0""#) && line.contains(r#""quota":null"#);
    (output.status.code(), said.lines().filter(|line| !is_nothing(line)).map(settled).collect())
}

#[test]
fn every_command_says_the_same_of_a_log_whose_results_are_json() {
    let story = Story::new();
    let data = story.text("avro");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let directory = "id,name,team\np000,Ana Müller,north\np001,\"Ben \"\"B\"\" Roe\",south\n";
    story.write("company/directory.csv", directory);
    succeeded(&["publish"], &accrue(&[&["publish", &story.text("company"), "--yes", "--author", "hr"], &log[..]].concat()));
    story.steps().iter().for_each(|step| succeeded(&[step.name()], &step.run(&log)));
    again_as_json(&story.path("avro"), &story.path("json"));
    // The review before a close reads results, too; nobody confirms it.
    let commands: [&[&str]; 11] = [
        &["attainment", "--json"],
        &["board", "--measure", "new-arr", "--interval", "2026-Q1"],
        &["board", "--measure", "new-arr", "--interval", "2026-Q1", "--json"],
        &["statement", "p002"],
        &["statement", "p002", "--json"],
        &["payouts", "--json"],
        &["payroll", "2026-01", "--json"],
        &["export", "totals"],
        &["export", "payouts", "2026-01", "--profile", "csv"],
        &["verify", "--json"],
        &["close", "2026-02", "--author", "ann"],
    ];
    for command in commands {
        let [avro, json] = ["avro", "json"].map(|name| said(&story.text(name), command));
        assert_eq!(avro.0, json.0, "{command:?}");
        let differs = avro.1.iter().zip(&json.1).find(|(avro, json)| avro != json);
        assert_eq!((differs, avro.1.len()), (None, json.1.len()), "{command:?}");
        assert!(!avro.1.is_empty(), "{command:?} says nothing");
    }
    for topic in RESULT_TOPICS {
        let (code, lines) = said(&story.text("json"), &["tap", topic.name(), "--last", "3"]);
        let reads = lines.iter().all(|line| line.contains("\"value\":{") && !line.contains("\"error\""));
        assert!(code == Some(0) && !lines.is_empty() && reads, "{lines:?}");
    }
    // Both go on, as Avro.
    story.write("late.jsonl", &deals("late", 50));
    let [avro, json] = ["avro", "json"].map(|name| {
        let (data, late) = (story.text(name), story.text("late.jsonl"));
        succeeded(&["ingest"], &accrue(&["ingest", &late, "--data", &data]));
        let verified = accrue(&["verify", "--data", &data]);
        assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{}{}", text(&verified), error_text(&verified));
        totals(&["--data", &data])
    });
    assert_eq!(avro, json);
    let mixed = Embedded::open(&story.path("json"), EmbeddedSettings::default()).unwrap();
    assert_eq!(first_bytes(&mixed, Topic::Accrual), BTreeSet::from([0, b'{']));
}

fn first_bytes(log: &dyn Client, topic: Topic) -> BTreeSet<u8> {
    let of =
        |(_, batch): (u32, Batch)| batch.rows().iter().filter_map(|row| batch.value(row)?.first().copied()).collect::<Vec<_>>();
    contents(log, topic).into_iter().flat_map(of).collect()
}

#[test]
fn workers_on_a_broker_write_results_as_json_and_as_avro_again() {
    let story = Story::new();
    let application = Application::new(&story, "results", 2).with_events().with_results(Format::Json);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    story.begin(&log);
    let mut worker = application.run(1, None);
    let steps = story.steps();
    steps.iter().for_each(|step| succeeded(&[step.name()], &step.run(&log)));
    let undisturbed = story.undisturbed();
    application.ends_with(&undisturbed, &mut [&mut worker]);
    let client = application.client();
    let json_of = |topic: Topic| {
        let mut found = Vec::new();
        for (_, batch) in contents(&client, topic) {
            for row in batch.rows() {
                let header = |name: &str| {
                    let (_, value) = row.headers.iter().find(|(found, _)| found == name)?;
                    Some(String::from_utf8(value.clone()).unwrap())
                };
                let expected = [("content-type", "application/json"), ("ce_source", EVENT_SOURCE)];
                expected.iter().for_each(|(name, value)| assert_eq!(header(name).as_deref(), Some(*value), "{}", topic.name()));
                found.push(serde_json::from_slice::<Value>(batch.value(row).unwrap()).unwrap());
            }
        }
        found
    };
    // As a program does that knows nothing of accrue but what it says of its topics: payouts add up to what the run says.
    let cents = |money: &Value| money.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let (runs, payouts) = (json_of(Topic::PayoutRun), json_of(Topic::Payout));
    let paid = payouts.iter().filter(|payout| payout["currency"] == "USD").map(|payout| cents(&payout["amount"])).sum::<i64>();
    assert_eq!((runs.len(), cents(&runs[0]["total"])), (1, paid));
    assert_eq!(runs[0]["records"], payouts.len());
    assert!(!json_of(Topic::Accrual).is_empty() && !json_of(Topic::Attainment).is_empty());

    worker.stop();
    let application = application.with_results(Format::Avro);
    let mut worker = application.run(1, None);
    story.write("late.jsonl", &deals("late", 20));
    let (config, late) = (application.config(1), story.text("late.jsonl"));
    succeeded(&["ingest"], &accrue(&["ingest", &late, "--config", &config]));
    let base = story.text("test-base");
    succeeded(&["ingest"], &accrue(&["ingest", &late, "--data", &base]));
    application.ends_with(&totals(&["--data", &base]), &mut [&mut worker]);
    assert_eq!(first_bytes(&client, Topic::Accrual), BTreeSet::from([0, b'{']));
    worker.stop();
}
