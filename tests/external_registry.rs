//! A real schema registry gives the ids: what a worker does without it at its start, with it, when it dies later, and what
//! schemas of others are to it.

mod support;

use accrue::wire::Codec;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::application::Application;
use support::broker;
use support::company;
use support::foreign::{become_equal, ours, repository, rows};
use support::registry::Registry;
use support::story::{PATIENCE, Story, Worker, accrue, error_text, succeeded, text};

const DEAL: &str = include_str!("../schemas/deal-closed.avsc");

/// A schema with one thing changed.
fn changed(schema: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut json = serde_json::from_str(schema).unwrap();
    change(&mut json);
    json.to_string()
}

fn with_field(schema: &str, field: Value) -> String {
    changed(schema, |json| json["fields"].as_array_mut().unwrap().push(field))
}

/// A deal of ana's without its frame.
fn body(deal_id: &str, amount: &str) -> Vec<u8> {
    let mut deal = company::deal(deal_id, 1, "2026-01-20", amount, "ana");
    deal.lines[0].product = "analytics";
    deal.kind = Some(accrue::domain::deal::DealKind::New);
    let mut bytes = Vec::new();
    Codec::new().unwrap().write_deal(&deal, &mut bytes).unwrap();
    bytes[5..].to_vec()
}

/// The same under a schema with a text more.
fn body_with(schema: &str, field: &str, deal_id: &str, amount: &str) -> Vec<u8> {
    let [reader, writer] = [DEAL, schema].map(|text| Schema::parse_str(text).unwrap());
    let read = GenericDatumReader::builder(&reader).build().unwrap().read_value(&mut body(deal_id, amount).as_slice());
    let Avro::Record(mut fields) = read.unwrap() else { panic!("a deal is a record") };
    fields.push((field.into(), Avro::String("theirs".into())));
    GenericDatumWriter::builder(&writer).build().unwrap().write_value_to_vec(Avro::Record(fields)).unwrap()
}

fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], body].concat()
}

/// Sends a deal as a producer that is not ours.
fn send(application: &Application<'_>, deal_id: &str, value: &[u8], headers: OwnedHeaders) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker::brokers()).set("partitioner", "murmur2_random");
    let producer: BaseProducer = config.create().unwrap();
    let topic = application.topic("deal-closed");
    let record = BaseRecord::to(&topic).key(deal_id).payload(value).headers(headers);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn send_framed(application: &Application<'_>, deal_id: &str, id: u32, body: &[u8]) {
    send(application, deal_id, &framed(id, body), OwnedHeaders::new());
}

/// Waits until ana's deals add up to it.
fn measured(config: &str, expected: &str) {
    let measured = || {
        let arguments = ["attainment", "--config", config, "--payee", "ana", "--measure", "new-arr", "--interval", "2026-Q1"];
        let found = ours(&arguments, &["payee_id"]);
        rows(found.into_values().map(|row| json!({"measured": row["measured"]})), &[])
    };
    become_equal(measured, || rows([json!({ "measured": expected })], &[]));
}

/// The second engine comes to agree: the sums of managers come a transaction later.
fn becomes_verified(config: &str) {
    let deadline = Instant::now() + PATIENCE;
    let verified = || text(&accrue(&["verify", "--config", config]));
    while !verified().ends_with(" totals, 0 differ\n") {
        assert!(Instant::now() < deadline, "{}", verified());
    }
}

fn refused(arguments: &[&str], code: i32, wanted: &str) {
    let output = accrue(arguments);
    let said = format!("{}{}", text(&output), error_text(&output)).replace('\n', " ");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(wanted), "{arguments:?}: {said}");
}

fn run(arguments: &[&str], config: &str) -> String {
    let arguments = [arguments, &["--config", config]].concat();
    let output = accrue(&arguments);
    succeeded(&arguments, &output);
    text(&output)
}

/// The id under which a schema of ours is registered.
fn id_of(config: &str, topic: &str) -> u32 {
    let lines = run(&["schemas", "register", "--json"], config);
    let found = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_topic = found.into_iter().find(|line| line["subject"].as_str().unwrap().ends_with(&format!("{topic}-value")));
    u32::try_from(of_topic.expect("a subject")["id"].as_u64().unwrap()).unwrap()
}

#[test]
fn a_registry_gives_the_ids_and_may_come_and_go() {
    let story = Story::of(0);
    let (application, mut registry) = (Application::new(&story, "registry", 2), Registry::new());
    let plain = std::fs::read_to_string(application.config(1)).unwrap();
    let section =
        format!("[registry]\nurl = \"{}\"\nretry_ms = 200\ntimeout_ms = 30000\nconnect_timeout_ms = 10000\n", registry.url());
    // What is JSON has no schema.
    let json = "[topics]\nquota-changed = { format = \"json\" }\nadjustment-made = { format = \"json\" }\npayee = { format = \"json\" }\n";
    let config = story.write("registry.toml", &format!("{plain}{section}{json}"));
    let start = |name: &str| Worker::start(&["run", "--config", &config, "--listen", "none"], None, story.path(name));

    // Down at start: nothing begins, and it is said what to do.
    run(&["topics", "--create"], &application.config(1));
    for command in ["run", "verify", "payouts"] {
        refused(&[command, "--config", &config], 69, "is not to be had");
    }
    refused(&["schemas", "register", "--config", &config], 69, "start it, or correct registry.url");

    // There, and empty.
    registry.start();
    refused(&["run", "--config", &config], 78, "`accrue schemas register` adds it");
    refused(&["schemas", "check", "--config", &config], 1, "10 of the schemas are not in the registry");
    refused(&["schemas", "check", "--config", &config], 1, "payee: JSON in this config, so that the registry needs no schema");
    // Ids of other subjects come first, so that none of ours is what schemas/ids.toml says.
    for size in 1..26 {
        registry.register("other-value", &format!(r#"{{"type":"fixed","name":"F","size":{size}}}"#));
    }
    let registered = run(&["schemas", "register"], &config);
    assert_eq!(run(&["schemas", "register"], &config), registered, "again it changes nothing");
    assert!(registered.contains("payout-value: id ") && registered.contains(", FULL_TRANSITIVE"), "{registered}");
    assert!(!registered.contains("payee-value"), "{registered}");
    assert!(run(&["schemas", "check"], &config).contains("deal-closed-value: compatible, id "));
    let own = id_of(&config, "deal-closed");
    assert!(own > 25);

    let worker = start("first.log");
    run(&["publish", &repository("config"), "--yes", "--author", "hr"], &config);
    let line = r#"{"deal_id":"D-0","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"NEW","lines":[{"line_id":"1","product":"analytics","amount":"1000","quantity":"1"}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"1"}]}"#;
    run(&["ingest", &story.write("one.jsonl", line)], &config);
    measured(&config, "1000");

    for (topic, field) in [("quota-changed", "\"measure\":"), ("adjustment-made", "\"target\":"), ("payee", "\"team\":")] {
        let tapped = run(&["tap", topic, "--last", "1"], &config);
        assert!(tapped.contains(field) && !tapped.contains("\"error\""), "{tapped}");
    }

    // Others write: our schema by its id in front and in the header, one with a field more, one that does not fit.
    let more = with_field(DEAL, json!({"name": "note", "type": "string", "default": ""}));
    let theirs = registry.register("theirs-value", &more);
    send_framed(&application, "D-1", own, &body("D-1", "200"));
    let in_header = |id: u32| {
        let value = framed(id, &[]);
        OwnedHeaders::new().insert(Header { key: "__value_schema_id", value: Some(&value) })
    };
    send(&application, "D-2", &body("D-2", "30"), in_header(own));
    send_framed(&application, "D-3", theirs, &body_with(&more, "note", "D-3", "4"));
    send(&application, "D-4", &body_with(&more, "note", "D-4", "0.5"), in_header(theirs));
    measured(&config, "1234.5");
    let digits = changed(DEAL, |json| {
        let lines = json["fields"].as_array_mut().unwrap().iter_mut().find(|field| field["name"] == "lines").unwrap();
        let fields = lines["type"]["items"]["fields"].as_array_mut().unwrap();
        fields.iter_mut().find(|field| field["name"] == "amount").unwrap()["type"]["scale"] = 2.into();
    });
    let unfit = registry.register("unfit-value", &digits);
    send_framed(&application, "D-5", unfit, &body("D-5", "7"));
    send_framed(&application, "D-6", 9_999, &body("D-6", "7"));
    let rejects = || {
        let listed = run(&["rejects", "list"], &config);
        let told = ["decimal(24,2) is written", "schema id 9999 is not in the registry"];
        rows(told.iter().filter(|what| listed.contains(**what)).map(|what| json!({ "told": what })), &["told"])
    };
    become_equal(rejects, || {
        rows([json!({"told": "decimal(24,2) is written"}), json!({"told": "schema id 9999 is not in the registry"})], &["told"])
    });

    // It dies: what is known goes on; what nobody can tell waits, and is not rejected.
    let late = with_field(DEAL, json!({"name": "remark", "type": "string", "default": ""}));
    let unknown = registry.register("theirs-value", &late);
    registry.kill();
    send_framed(&application, "D-7", unknown, &body_with(&late, "remark", "D-7", "70000"));
    let mut worker = worker;
    worker.wait_until("it says that it waits", |worker| worker.said().contains("nobody can tell what its next record is"));
    let elsewhere = (0..).map(|number| format!("E-{number}"));
    let partition = |id: &str| accrue::domain::topic::partition_of(id.as_bytes(), 2);
    let elsewhere: Vec<String> = elsewhere.filter(|id| partition(id) != partition("D-7")).take(3).collect();
    send_framed(&application, &elsewhere[0], own, &body(&elsewhere[0], "5"));
    send_framed(&application, &elsewhere[1], theirs, &body_with(&more, "note", &elsewhere[1], "0.25"));
    std::thread::sleep(Duration::from_secs(2));
    assert!(!worker.has_ended(), "{}", worker.said());
    registry.start();
    measured(&config, "71239.75");
    assert!(!run(&["rejects", "list"], &config).contains("remark"));
    worker.stop();

    // Restored from the log alone, with ids as they were pinned; the second engine agrees.
    application.wipe(1);
    let worker = start("second.log");
    send_framed(&application, &elsewhere[2], unknown, &body_with(&late, "remark", &elsewhere[2], "0.01"));
    measured(&config, "71239.76");
    becomes_verified(&config);
    worker.stop();

    // Ids of the registry and those of schemas/ids.toml do not mix.
    let ended = Worker::start(&["run", "--config", &application.config(1), "--listen", "none"], None, story.path("mixed.log"));
    let said = story.path("mixed.log");
    assert_eq!(ended.exit_code(), Some(78));
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.replace('\n', " ").contains("under schema ids of a registry so far"), "{said}");

    // A version in the registry that payroll's readers would not read.
    let subject = application.topic("payout-value");
    registry.allow_all(&subject);
    let payout = include_str!("../schemas/payout.avsc");
    registry.register(&subject, &with_field(payout, json!({"name": "branch", "type": "string"})));
    refused(&["schemas", "check", "--config", &config], 1, "branch: is not written, and has no default");
    refused(&["schemas", "register", "--config", &config], 1, "nothing was registered");

    // Set up anew, with one schema more in front, it gives the ids that were pinned to others of ours.
    registry.kill();
    registry.forget();
    registry.start();
    for size in 1..27 {
        registry.register("other-value", &format!(r#"{{"type":"fixed","name":"F","size":{size}}}"#));
    }
    run(&["schemas", "register"], &config);
    assert_eq!(start("anew.log").exit_code(), Some(78));
    let said = std::fs::read_to_string(story.path("anew.log")).unwrap().replace('\n', " ");
    assert!(said.contains("is another schema in the registry than it was when it was folded"), "{said}");
}

#[test]
fn a_registry_behind_tls_is_trusted_by_its_ca_alone() {
    let story = Story::of(0);
    let (application, mut registry) = (Application::new(&story, "registry-tls", 2), Registry::new());
    registry.start();
    let plain = std::fs::read_to_string(application.config(1)).unwrap();
    let config = |name: &str, more: &str| {
        let section = format!("[registry]\nurl = \"{}\"\nretry_ms = 200\n{more}", registry.tls_url());
        story.write(name, &format!("{plain}{section}"))
    };
    let trusted = |file: &str| format!("ca_file = \"{}\"\n", registry.file(file));
    for (name, more) in [("system.toml", String::new()), ("stranger.toml", trusted("stranger.pem"))] {
        refused(&["schemas", "register", "--config", &config(name, &more)], 69, "look at registry.url and registry.ca_file");
    }
    let config = config("tls.toml", &trusted("ca.pem"));
    refused(&["topics", "--create", "--config", &config], 78, "`accrue schemas register` adds it");
    assert!(run(&["schemas", "register"], &config).contains("payout-value: id "));
    assert!(run(&["schemas", "check"], &config).contains("payout-value: compatible, id "));
}
