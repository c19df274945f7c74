//! Events of a CRM that say only a part become full records: `examples/clients/python/relay_crm.py` between a CRM that is made up
//! here, as Salesforce's and HubSpot's APIs answer, and `accrue up`.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use support::foreign::{python, repository};
use support::producers::{DEALS, Producers, Scratch, TOKEN, event, four_ways, opportunity};

const CRM_TOKEN: &str = "crm-token-0123456789";
const MODIFIED: &str = "2026-01-22T15:00:00.000+0000";

/// What was asked of the CRM: method and path, and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A CRM that answers by the beginning of what is asked; everything else is not found.
fn crm(answers: Vec<(&'static str, String)>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let shared = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (line, admitted, body) = request(&stream);
            let found = answers.iter().find(|(beginning, _)| line.starts_with(beginning));
            let (status, answer) = match found {
                _ if !admitted => (401, "{}"),
                Some((_, answer)) => (200, answer.as_str()),
                None => (404, "{}"),
            };
            shared.lock().unwrap().push((line, body));
            let length = answer.len();
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}").unwrap();
        }
    });
    (url, asked)
}

/// Method and path, whether the token is right, and the body.
fn request(stream: &TcpStream) -> (String, bool, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let admitted = head.contains(&format!("Authorization: Bearer {CRM_TOKEN}"));
    (head[0].trim_end_matches(" HTTP/1.1").into(), admitted, String::from_utf8(body).unwrap())
}

/// Exit code, what was printed and what was complained about.
fn relay(producers: &Producers, crm: &str, url: &str, events: &str) -> (i32, String, String) {
    let scratch = &producers.scratch;
    let tokens = [scratch.secret("relay-token", TOKEN), scratch.secret("crm-token", CRM_TOKEN)];
    let mut relay = python();
    relay.arg(repository("examples/clients/python/relay_crm.py"));
    relay.args([&format!("http://{}", producers.address), &tokens[0], crm, url, &tokens[1]]);
    let input = std::fs::File::open(scratch.write("events.jsonl", events)).unwrap();
    let output = relay.stdin(input).stdout(Stdio::piped()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_an_event_leaves_out_is_asked_for_and_counts_once() {
    let producers = four_ways(Scratch::new());
    let before: i64 = producers.scratch.counted().0.parse().unwrap_or_default();
    let more = || producers.scratch.counted().0.parse::<i64>().unwrap() - before;

    let page = |end: &str, deal, amount| format!("{{{end},\"records\":[{}]}}", opportunity(deal, MODIFIED, amount));
    let goes_on = "\"done\":false,\"nextRecordsUrl\":\"/services/data/v62.0/query/01g-2000\"";
    let (salesforce, asked) = crm(vec![
        ("GET /services/data/v62.0/query?q=SELECT+Amount", page(goes_on, DEALS[0], "1.0E5")),
        ("GET /services/data/v62.0/query/01g-2000", page("\"done\":true", DEALS[1], "200000.0")),
    ]);
    let update = event("UPDATE", "2026-01-22T15:00:00Z", &DEALS[..2], ",\"StageName\":\"Closed Won\"");
    let gone = event("DELETE", "2026-01-23T00:00:00Z", &[DEALS[3]], "");
    let events = format!("{update}\n[{gone},{update}]\n");
    for _ in 0..2 {
        let (code, said, complaint) = relay(&producers, "salesforce", &salesforce, &events);
        assert_eq!((code, said.as_str()), (0, "{\"line\": 1}\n{\"line\": 2}\n"), "{complaint}");
    }
    assert_eq!(more(), 300_000);
    let asked: Vec<String> = asked.lock().unwrap().iter().map(|(line, _)| line.clone()).collect();
    assert_eq!(asked.len(), 8, "two pages for each of the updates: {asked:?}");
    assert!(asked[0].ends_with(&format!("WHERE+Id+IN+%28%27{}%27%2C+%27{}%27%29", DEALS[0], DEALS[1])), "{asked:?}");

    let deal = DEALS[2];
    let record = format!(
        r#"{{"results":[{{"id":"9001","properties":{{"salesforce_id":"{deal}","hs_lastmodifieddate":"2026-01-22T15:00:00Z","dealstage":"closedwon","closedate":"2026-01-21T03:00:00Z","deal_currency_code":"USD","amount":"50000.5","hubspot_owner_id":"51"}},"archived":false}}]}}"#
    );
    let (hubspot, asked) = crm(vec![("POST /crm/v3/objects/deals/batch/read", record)]);
    let changed = r#"[{"eventId":1,"portalId":62515,"subscriptionType":"deal.propertyChange","objectId":9001,"propertyName":"amount","propertyValue":"50000.5","occurredAt":1769094000000}]"#;
    let (code, said, complaint) = relay(&producers, "hubspot", &hubspot, &format!("{changed}\n{changed}\n"));
    assert_eq!((code, said.lines().count()), (0, 2), "{complaint}");
    let (_, body) = asked.lock().unwrap()[0].clone();
    assert!(body.contains(r#""inputs": [{"id": "9001"}]"#) && body.contains("hubspot_owner_id"), "{body}");
    let sum = producers.scratch.counted();
    assert_eq!(sum.0, format!("{}.5", before + 350_000), "{sum:?}");

    // What nobody knows ends it, with what was said.
    let (nowhere, _) = crm(Vec::new());
    let (code, said, complaint) = relay(&producers, "salesforce", &nowhere, &update);
    assert!(code == 1 && said.is_empty() && complaint.contains("salesforce answers "), "{said}{complaint}");
    producers.up.stop();
}
