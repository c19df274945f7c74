//! What a running worker tells machines: metrics that are Prometheus' and true, whether it lives, whether it is ready.

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use support::story::{Story, Worker, accrue, command, error_text, succeeded};

/// The status code and the body of an answer.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn address(worker: &mut Worker) -> String {
    let said = |worker: &Worker| {
        let said = worker.said().replace('\n', " ");
        said.split_once("metrics at http://").and_then(|(_, rest)| Some(rest.split_once("/metrics")?.0.to_owned()))
    };
    worker.wait_until("it says where", |worker| said(worker).is_some());
    said(worker).unwrap()
}

/// Samples by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.parse().unwrap())).unwrap()).collect()
}

#[test]
fn a_worker_tells_what_it_does() {
    let story = Story::new();
    let data = story.text("test-data");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let mut up = Worker::start(&["up", "--data", &data, "--listen", "127.0.0.1:0"], None, story.path("up.log"));
    let address = address(&mut up);
    assert_eq!(get(&address, "/livez"), (200, "alive\n".into()));
    up.wait_until("it is ready", |_| get(&address, "/readyz").0 == 200);
    let ready = get(&address, "/readyz").1;
    assert!(ready.contains(r#""ready":true"#) && ready.contains(r#""at_work":[0,1]"#), "{ready}");
    assert_eq!(get(&address, "/other").0, 404);

    // One line says nothing that can be folded, the other is of nobody.
    let broken = r#"{"deal_id":"b","revision":1,"status":"CLOSED","change":"CORRECTION","closed_on":"2026-01-02","currency":"USD","lines":[{"line_id":"1","product":"p","amount":"1","quantity":"1"}],"splits":[{"payee_id":"nobody","role":"owner","counts":"REVENUE","share":"1"}],"occurred_at":"2026-01-15T10:00:00Z"}"#;
    let file = story.write("more.jsonl", &(support::story::deals("more", 50) + broken + "\n"));
    let ingested = accrue(&["ingest", &file, log[0], log[1]]);
    assert_eq!(ingested.status.code(), Some(1), "{}", error_text(&ingested));
    up.wait_until("earning has caught up", |_| {
        let told = samples(&get(&address, "/metrics").1);
        let has_lag = told.iter().any(|(name, lag)| name.starts_with("accrue_offset_lag") && *lag > 0.0);
        told.get(r#"accrue_outputs_total{stage="earning"}"#).is_some_and(|outputs| *outputs > 50.0) && !has_lag
    });
    let (code, text) = get(&address, "/metrics");
    assert_eq!(code, 200);
    let told = samples(&text);
    let of = |name: &str| *told.get(name).unwrap_or_else(|| panic!("no {name} in\n{text}"));
    assert_eq!(of(r#"accrue_events_total{stage="crediting"}"#), 51.0);
    assert_eq!(of(r#"accrue_rejects_total{kind="parked",reason="unknown_payee",stage="crediting"}"#), 1.0);
    assert!(of(r#"accrue_commit_seconds_count{stage="crediting"}"#) >= 1.0);
    assert!((0.0..60.0).contains(&of(r#"accrue_event_time_lag_seconds{stage="crediting"}"#)));
    assert!(of(r#"accrue_last_commit_timestamp_seconds{stage="earning"}"#) > 1.7e9);
    for partition in ["0", "1"] {
        assert_eq!(of(&format!(r#"accrue_partition_at_work{{partition="{partition}",stage="earning"}}"#)), 1.0);
        assert_eq!(
            of(&format!(r#"accrue_partition_stuck_since_timestamp_seconds{{partition="{partition}",stage="crediting"}}"#)),
            0.0
        );
        assert_eq!(of(&format!(r#"accrue_restore_remaining_records{{partition="{partition}",stage="crediting"}}"#)), 0.0);
        assert!(of(&format!(r#"accrue_live_keys{{partition="{partition}",stage="crediting"}}"#)) > 50.0);
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.starts_with("accrue_"), "{line}");
    }

    // The address is taken now.
    let other = story.text("test-other");
    succeeded(&["topics"], &accrue(&["topics", "--create", "--data", &other]));
    let refused = command(&["up", "--data", &other, "--listen", &address]).output().unwrap();
    assert_eq!(refused.status.code(), Some(78), "{}", error_text(&refused));
    assert!(error_text(&refused).contains(&format!("--listen {address}: ")), "{}", error_text(&refused));
    up.stop();
}
