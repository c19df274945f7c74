//! What a registry may answer, from a server that says what it is told, and what becomes of it.

use super::*;
use crate::config::Config;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

/// Answers each connection's requests with the next of `answers`, and keeps what was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(answers: &[(u16, &str)]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (kept, mut answers): (_, VecDeque<(u16, String)>) =
        (asked.clone(), answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect());
    std::thread::spawn(move || {
        while let Some((status, body)) = answers.pop_front() {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 65_536];
            let mut request = String::new();
            while !whole(&request) {
                let count = stream.read(&mut bytes).unwrap();
                request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            }
            kept.lock().unwrap().push(request);
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
        }
    });
    Server { url, asked }
}

fn whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

fn registry(url: &str, more: &str) -> Registry {
    let text = format!("[registry]\nurl = \"{url}\"\nretry_ms = 1\n{more}");
    Registry::new(&Config::read(&text).unwrap().registry).unwrap()
}

#[test]
fn answers_become_schemas_ids_and_reasons() {
    let absent = r#"{"error_code":40403,"message":"none"}"#;
    let check = |status: u16, body: &str, expected: &str| {
        let server = serve(&[(status, body)]);
        let told = match registry(&server.url, "").schema(SchemaId::Id(7)) {
            Ok(schema) => format!("{schema:?}"),
            Err(error) => format!("{error:?}").replace(&server.url, "URL"),
        };
        assert_eq!(told, expected, "{status} {body}");
    };
    check(200, r#"{"schema":"\"int\""}"#, r#"Some("\"int\"")"#);
    check(200, r#"{"schema":"x","schemaType":"PROTOBUF"}"#, r#"Some("\"PROTOBUF\"")"#);
    check(404, absent, "None");
    let other = "answers 404, as no registry with Confluent's API does; correct registry.url";
    check(404, r#"{"error_code":0,"message":"no page"}"#, &format!("Settings(\"URL/schemas/ids/7 {other}\")"));
    check(404, "<html>", &format!("Settings(\"URL/schemas/ids/7 {other}\")"));
    check(200, "<html>", &format!("Settings(\"URL/schemas/ids/7 {}\")", other.replace("404", "200")));
    check(200, "{}", r#"Settings("the registry's answer to /schemas/ids/7 has no \"schema\"; correct registry.url")"#);
    check(
        401,
        r#"{"error_code":401,"message":"who?"}"#,
        r#"Settings("the registry at URL lets this user not do /schemas/ids/7: who?; look at registry.user_name")"#,
    );
    check(503, "", r#"Unavailable("the registry at URL answers 503: no reason")"#);
    check(500, r#"{"error_code":50001,"message":"store"}"#, r#"Unavailable("the registry at URL answers 500: store")"#);
    let refused = "the registry at URL does not take /schemas/ids/7: incompatible; see `accrue schemas check`";
    check(409, r#"{"error_code":409,"message":"incompatible"}"#, &format!("Refused(\"{refused}\")"));
}

#[test]
fn requests_are_those_of_confluents_api_and_log_in() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "pass:word\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, mode).unwrap();
    let found = r#"{"id":5,"version":1,"schema":"\"int\""}"#;
    let server = serve(&[(200, found), (200, found), (200, "[1]"), (200, found), (200, "{}"), (200, found)]);
    let registry = registry(&server.url, &format!("user_name = \"kim\"\npassword_file = \"{}\"\n", secret.display()));
    assert_eq!(registry.look_up("a.b-value", "\"int\""), Ok(Some(5)));
    assert_eq!(registry.register("a b/value", "\"int\""), Ok(5));
    let version = Version { version: 1, id: 5, text: "\"int\"".into() };
    assert_eq!(registry.versions("s"), Ok(vec![version]));
    assert_eq!(registry.set_compatibility("s", "FULL_TRANSITIVE"), Ok(()));
    assert!(registry.schema(SchemaId::Guid([0xab; 16])).unwrap().is_some());
    let asked = server.asked.lock().unwrap();
    let lines: Vec<&str> = asked.iter().map(|request| request.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "POST /subjects/a.b-value HTTP/1.1",
            "POST /subjects/a%20b%2Fvalue/versions HTTP/1.1",
            "GET /subjects/s/versions HTTP/1.1",
            "GET /subjects/s/versions/1 HTTP/1.1",
            "PUT /config/s HTTP/1.1",
            "GET /schemas/guids/abababab-abab-abab-abab-abababababab HTTP/1.1",
        ]
    );
    assert!(asked.iter().all(|request| request.contains("authorization: Basic a2ltOnBhc3M6d29yZA==\r\n")), "{asked:?}");
    assert!(asked[0].ends_with(r#"{"schema":"\"int\"","schemaType":"AVRO"}"#), "{}", asked[0]);
    assert!(asked[4].ends_with(r#"{"compatibility":"FULL_TRANSITIVE"}"#), "{}", asked[4]);
    assert!(!format!("{registry:?}").contains("a2lt"));
}

#[test]
fn one_that_is_not_there_is_not_asked_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It takes connections and says nothing.
    let settings = Config::read(&format!("[registry]\nurl = \"{url}\"\ntimeout_ms = 200\nretry_ms = 60000\n")).unwrap().registry;
    let registry = Registry::new(&settings).unwrap();
    let first = Instant::now();
    let error = registry.schema(SchemaId::Id(7)).unwrap_err();
    assert!(first.elapsed() >= Duration::from_millis(200) && first.elapsed() < Duration::from_secs(5));
    let begins = format!("the registry at {url} is not to be had: timeout");
    assert!(matches!(&error, RegistryError::Unavailable(said) if said.starts_with(&begins)), "{error}");
    let again = Instant::now();
    assert_eq!(registry.schema(SchemaId::Id(8)), Err(error));
    assert!(again.elapsed() < Duration::from_millis(100));
    drop(listener);
    let gone = super::tests::registry(&url, "");
    let error = gone.schema(SchemaId::Id(7)).unwrap_err().to_string();
    assert!(error.ends_with("start it, or correct registry.url"), "{error}");
}
