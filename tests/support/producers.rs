//! Four producers of one company's deals (a CSV report, HTTP, Salesforce, HubSpot) and a worker that takes them.

use super::broker;
use super::story::{Worker, accrue, succeeded, text};
use accrue::log::kafka::KafkaSettings;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

pub const TOKEN: &str = "token-0123456789";
pub const SECRET: &str = "c0ffee00-1111-2222-3333-444455556666";
pub const ADDRESS: &str = "https://hooks.harbour.example/v1/crm/hubspot";

pub const CSV_MAPPING: &str = r#"
[deal]
deal_id = { column = "Id", as = "salesforce-id" }
revision = { column = "Modified", as = "timestamp" }
closed_on = { column = "Close Date", as = "mm/dd/yyyy" }
currency = { value = "USD" }
status = { column = "Stage", is = { "Closed Won" = "CLOSED" }, otherwise = "OPEN" }
kind = { value = "NEW" }
[line]
line_id = { value = "1" }
product = { value = "core" }
amount = { column = "Amount", as = "1,234.56" }
quantity = { value = "1" }
[[split]]
payee_id = { column = "Owner" }
role = { value = "AE" }
counts = { value = "REVENUE" }
share = { value = "100%" }
"#;

pub const SALESFORCE_MAPPING: &str = r#"
[deal]
deal_id = { field = "Id" }
revision = { field = "LastModifiedDate", as = "timestamp" }
closed_on = { field = "CloseDate" }
currency = { field = "CurrencyIsoCode", empty = "USD" }
status = { field = "StageName", is = { "Closed Won" = "CLOSED" }, otherwise = "OPEN" }
kind = { value = "NEW" }
[line]
line_id = { value = "1" }
product = { value = "core" }
amount = { field = "Amount" }
quantity = { value = "1" }
[[split]]
payee_id = { field = "OwnerId", is = { "0055g000000AbCdAAK" = "ana" } }
role = { value = "AE" }
counts = { value = "REVENUE" }
share = { value = "100%" }
"#;

/// The deals of Salesforce, as a portal that is kept in step with it has them.
pub const HUBSPOT_MAPPING: &str = r#"
time_zone = "America/New_York"
[deal]
deal_id = { field = "salesforce_id", as = "salesforce-id" }
revision = { field = "hs_lastmodifieddate", as = "timestamp" }
closed_on = { field = "closedate", as = "day" }
currency = { field = "deal_currency_code", empty = "USD" }
status = { field = "dealstage", is = { closedwon = "CLOSED" }, otherwise = "OPEN" }
kind = { value = "NEW" }
[line]
line_id = { value = "1" }
product = { value = "core" }
amount = { field = "amount" }
quantity = { value = "1" }
[[split]]
payee_id = { field = "hubspot_owner_id", is = { 51 = "ana" } }
role = { value = "AE" }
counts = { value = "REVENUE" }
share = { value = "100%" }
"#;

pub const DEALS: [&str; 4] = ["0065g00000XyZabAAF", "0065g00000XyZacAAF", "0065g00000XyZadAAF", "0065g00000XyZaeAAF"];

/// A directory, and which log is used.
pub struct Scratch {
    directory: tempfile::TempDir,
    log: [String; 2],
    /// What others write to it with.
    pub kafka: Option<KafkaSettings>,
}

impl Scratch {
    /// With an embedded log.
    pub fn new() -> Scratch {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data").display().to_string();
        Scratch { directory, log: ["--data".into(), data], kafka: None }
    }

    /// With topics of its own on the broker, of which that of deals takes Avro and JSON.
    pub fn on_kafka() -> Scratch {
        let mut scratch = Scratch::new();
        let (settings, state) = (broker::settings("crm"), scratch.path("state"));
        let (prefix, brokers) = (&settings.topic_prefix, broker::brokers());
        let config = format!(
            "partitions = 2\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{prefix}\"\napplication_id = \"{prefix}\"\n\
             session_timeout_ms = 6000\nreplication = 1\nstate_directory = \"{state}\"\n[topics]\ndeal-closed = {{ format = \"either\" }}\n"
        );
        scratch.log = ["--config".into(), scratch.write("kafka.toml", &config)];
        succeeded(&["topics"], &scratch.on_log(&["topics", "--create"]));
        scratch.kafka = Some(settings);
        scratch
    }

    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub fn secret(&self, name: &str, text: &str) -> String {
        let path = self.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn on_log(&self, arguments: &[&str]) -> Output {
        accrue(&[arguments, &self.log.each_ref().map(String::as_str)].concat())
    }

    /// What ana has sold in the first quarter, and how often something was rejected or waits.
    pub fn counted(&self) -> (String, usize) {
        let output = self.on_log(&["attainment", "--payee", "ana", "--measure", "new-arr", "--json"]);
        succeeded(&["attainment"], &output);
        let rows = text(&output);
        let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut quarter = rows.filter(|row| row["interval"] == "2026-Q1").map(|row| row["measured"].as_str().unwrap().to_owned());
        let rejects = text(&self.on_log(&["rejects", "list", "--json"]));
        // What waited for a quota that was on its way has come to nothing.
        let left = rejects.lines().filter(|line| line.contains("\"reason\"") && !line.contains("\"resumed\""));
        (quarter.next_back().unwrap_or_default(), left.count())
    }
}

/// What a producer that is at work takes deals with.
pub struct Producers {
    pub scratch: Scratch,
    pub address: String,
    pub up: Worker,
}

pub fn start(scratch: Scratch, more: &[&str]) -> Producers {
    let command = if scratch.log[0] == "--data" { "up" } else { "run" };
    let arguments = [&[command, &scratch.log[0], &scratch.log[1], "--listen", "127.0.0.1:0"], more].concat();
    let mut up = Worker::start(&arguments, None, scratch.path("up.log").into());
    let said = |worker: &Worker| {
        let said = worker.said().replace('\n', " ");
        said.split_once("metrics at http://").and_then(|(_, rest)| Some(rest.split_once("/metrics")?.0.to_owned()))
    };
    up.wait_until("it says where", |worker| said(worker).is_some());
    let address = said(&up).unwrap();
    Producers { scratch, address, up }
}

impl Producers {
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, serde_json::Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (address, length) = (&self.address, body.len());
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n");
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }

    pub fn with_token(&self, path: &str, body: &str) -> (u16, serde_json::Value) {
        self.post(path, &[("Authorization", &format!("Bearer {TOKEN}"))], body)
    }

    pub fn signed(&self, body: &str) -> (u16, serde_json::Value) {
        let time = now_ms().to_string();
        let signature = signature(SECRET, ADDRESS, body, &time);
        self.post("/v1/crm/hubspot", &[("X-HubSpot-Signature-v3", &signature), ("X-HubSpot-Request-Timestamp", &time)], body)
    }

    /// Sends a revision of a deal by one of the four ways.
    pub fn send(&self, way: usize, deal: &str, revision: usize) {
        let amount = revision * 100_000;
        let modified = format!("2026-01-2{revision}T15:00:00.000+0000");
        let accepted = match way {
            0 => {
                let report = self.scratch.write(
                    "report.csv",
                    &format!(
                        "Id,Modified,Close Date,Stage,Amount,Owner\n{},{modified},1/20/2026,Closed Won,\"{}00,000.00\",ana\n",
                        &deal[..15],
                        revision
                    ),
                );
                let mapping = self.scratch.path("csv.toml");
                succeeded(&["ingest"], &self.scratch.on_log(&["ingest", &report, "--mapping", &mapping]));
                return;
            }
            1 => self.with_token("/v1/deals", &document(deal, revision)),
            2 => self.with_token("/v1/crm/salesforce", &opportunity(deal, &modified, &format!("{revision}.0E5"))),
            _ => self.signed(&format!(
                r#"[{{"portalId":62515,"id":"9001","properties":{{"salesforce_id":"{deal}","hs_lastmodifieddate":"{modified}","dealstage":"closedwon","closedate":"2026-01-21T03:00:00Z","deal_currency_code":"USD","amount":"{amount}","hubspot_owner_id":"51"}},"archived":false}}]"#
            )),
        };
        let (code, answer) = accepted;
        assert!(code == 200 && answer["deals"][0]["deal_id"] == deal, "{way} {deal} {revision}: {code} {answer}");
    }
}

/// The number of a revision: its time of change in microseconds.
pub fn revision_of(revision: usize) -> i64 {
    format!("2026-01-2{revision}T15:00:00Z").parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

/// A revision of a deal as accrue's own JSON.
pub fn document(deal: &str, revision: usize) -> String {
    let time = revision_of(revision);
    let split = r#"{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"1"}"#;
    let amount = revision * 100_000;
    let line = format!(r#"{{"line_id":"1","product":"core","amount":"{amount}","quantity":1,"splits":[{split}]}}"#);
    format!(r#"{{"deal_id":"{deal}","revision":{time},"closed_on":"2026-01-20","currency":"USD","kind":"NEW","lines":[{line}]}}"#)
}

pub fn opportunity(deal: &str, modified: &str, amount: &str) -> String {
    format!(
        r#"{{"attributes":{{"type":"Opportunity"}},"Id":"{deal}","LastModifiedDate":"{modified}","StageName":"Closed Won","CloseDate":"2026-01-20","CurrencyIsoCode":"USD","Amount":{amount},"OwnerId":"0055g000000AbCdAAK"}}"#
    )
}

pub fn event(change: &str, time: &str, deals: &[&str], fields: &str) -> String {
    let time = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let ids = serde_json::to_string(deals).unwrap();
    format!(
        r#"{{"schema":"s","payload":{{"ChangeEventHeader":{{"entityName":"Opportunity","recordIds":{ids},"changeType":"{change}","changedFields":[],"commitTimestamp":{time},"commitNumber":1}}{fields}}},"event":{{"replayId":1}}}}"#
    )
}

pub fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}

pub fn signature(secret: &str, address: &str, body: &str, time: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("POST{address}{body}{time}").as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// All four ways are open, and the worked company is published.
pub fn four_ways(scratch: Scratch) -> Producers {
    let token = scratch.secret("token", TOKEN);
    let secret = scratch.secret("hubspot-secret", &format!("{SECRET}\n"));
    scratch.write("csv.toml", CSV_MAPPING);
    let salesforce = scratch.write("salesforce.toml", SALESFORCE_MAPPING);
    let webhook = format!("[webhook]\nurl = \"{ADDRESS}\"\nsecret_file = \"{secret}\"\nportal_id = 62515\n");
    let hubspot = scratch.write("hubspot.toml", &format!("{HUBSPOT_MAPPING}{webhook}"));
    let producers = start(scratch, &["--token-file", &token, "--salesforce", &salesforce, "--hubspot", &hubspot]);
    let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    succeeded(&["publish"], &producers.scratch.on_log(&["publish", company, "--yes"]));
    producers
}
