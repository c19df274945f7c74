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

const TOKEN: &str = "token-0123456789";

/// Posts a body; with `token` where it is not empty.
fn post(address: &str, token: &str, body: &str) -> (u16, serde_json::Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let length = body.len();
    let head = format!("POST /v1/deals HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{authorization}");
    // Who refuses a large body may close before all of it is sent.
    let _ = write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, serde_json::from_str(body).unwrap_or_else(|_| body.into()))
}

#[test]
fn deals_that_are_brought_count_once() {
    use std::os::unix::fs::PermissionsExt;
    let story = Story::new();
    let data = story.text("test-data");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let token = story.write("token", &format!("{TOKEN}\n"));
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["up", "--data", &data, "--listen", "127.0.0.1:0", "--token-file", &token];
    let mut up = Worker::start(&arguments, None, story.path("up.log"));
    let address = address(&mut up);
    let measured = || {
        let output = accrue(&["attainment", log[0], log[1], "--payee", "p001", "--measure", "renewals", "--json"]);
        let rows = support::story::text(&output);
        let quarter = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        quarter.filter(|row| row["interval"] == "2026-Q1").map(|row| row["measured"].as_str().unwrap().to_owned()).next()
    };
    let before: f64 = measured().unwrap_or("0".into()).parse().unwrap();
    let deal = |id: &str, amount: &str, share: &str| {
        format!(
            r#"{{"deal_id":"{id}","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"RENEWAL","lines":[{{"line_id":"1","product":"p","amount":"{amount}","quantity":"1"}}],"splits":[{{"payee_id":"p001","role":"AE","counts":"REVENUE","share":"{share}"}}]}}"#
        )
    };
    let (code, answer) = post(&address, TOKEN, &deal("H-1", "100", "1"));
    assert_eq!((code, &answer["deals"][0]["deal_id"], &answer["topic"]), (200, &"H-1".into(), &"deal-closed".into()), "{answer}");
    let first = answer["deals"][0]["offset"].as_u64().unwrap();
    let both = format!("[{},\n {}]", deal("H-1", "100", "1"), deal("H-2", "20", "1"));
    for _ in 0..2 {
        let (code, answer) = post(&address, TOKEN, &both);
        assert_eq!((code, answer["deals"].as_array().map(Vec::len)), (200, Some(2)), "{answer}");
        assert!(answer["deals"][0]["offset"].as_u64().unwrap() > first, "{answer}");
    }
    let wrong = format!("[{},{},{}]", deal("H-3", "1", "1"), deal("H-4", "1e5", "1"), deal("H-5", "1", "90%"));
    let (code, answer) = post(&address, TOKEN, &wrong);
    let refused: Vec<String> =
        answer["refused"].as_array().unwrap().iter().map(|row| format!("{} {}", row["at"], row["reason"])).collect();
    assert_eq!((code, refused.join(", ")), (422, r#"1 "invalid_field", 2 "splits_not_whole""#.into()), "{answer}");
    let table = [
        (TOKEN, "", 400, "no deal: send one as a JSON object, or several in a list"),
        (TOKEN, "[]", 400, "no deal: send one"),
        (TOKEN, "[1, ", 400, "not a list of deals: EOF"),
        (TOKEN, "deal", 422, "nothing of the request is appended"),
        ("", "{}", 401, "send the token as `Authorization: Bearer TOKEN`"),
        ("token-0123456788", "{}", 401, "send the token"),
    ];
    for (token, body, code, said) in table {
        let (found, answer) = post(&address, token, body);
        assert!(found == code && answer["error"].as_str().unwrap().starts_with(said), "{body}: {found} {answer}");
    }
    // config/accrue.toml: limits.http_body_bytes.
    assert_eq!(post(&address, TOKEN, &" ".repeat(4_194_305)).0, 413);
    assert_eq!(get(&address, "/v1/deals").0, 405);
    assert_eq!(measured().unwrap().parse::<f64>().unwrap(), before + 120.0);
    let verified = accrue(&[&["verify"], &log[..]].concat());
    assert!(support::story::text(&verified).ends_with(" totals, 0 differ\n"));
    up.stop();

    let mut up = Worker::start(&["up", "--data", &data, "--listen", "127.0.0.1:0"], None, story.path("again.log"));
    let again = self::address(&mut up);
    let (code, answer) = post(&again, TOKEN, &deal("H-9", "1", "1"));
    assert!(code == 403 && answer["error"].as_str().unwrap().contains("start with --token-file FILE"), "{answer}");
    up.stop();
    for (content, mode, said) in [(TOKEN, 0o644, "is open to everybody"), ("short", 0o600, "has less than 16 bytes")] {
        std::fs::write(&token, content).unwrap();
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = command(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", error_text(&output));
        assert!(error_text(&output).contains(said), "{}", error_text(&output));
    }
}
