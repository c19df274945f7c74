//! A deal by every way in which producers send it (a CSV report, HTTP, Salesforce, HubSpot) counts once, however often and in
//! whatever order it is sent; who may send; and what is refused, by its place.

mod support;

use accrue::domain::deal::{DealClosed, DealKind, Line, Split};
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Records;
use accrue::log::kafka::Kafka;
use accrue::log::{Append, Client};
use accrue::wire::Codec;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use support::company;
use support::producers::{
    ADDRESS, DEALS, HUBSPOT_MAPPING, Producers, SECRET, Scratch, TOKEN, document, event, four_ways, now_ms, opportunity,
    revision_of, signature, start,
};
use support::story::{PATIENCE, command, error_text, succeeded, text};

#[test]
fn a_deal_by_every_way_counts_once_in_any_order() {
    let producers = four_ways(Scratch::new());
    let before = producers.scratch.counted();
    let sends = [(0, 2), (1, 1), (2, 2), (3, 1), (3, 2), (0, 1), (1, 2), (2, 1)];
    for (place, deal) in DEALS.iter().enumerate() {
        for at in 0..2 * sends.len() {
            let (way, revision) = sends[(at + 2 * place) % sends.len()];
            producers.send(way, deal, revision);
        }
    }
    let sum = |counted: &(String, usize)| counted.0.parse::<i64>().unwrap_or_default();
    let first = sum(&before);
    let counted = producers.scratch.counted();
    assert_eq!((sum(&counted) - first, counted.1), (800_000, before.1), "{counted:?}");

    // Two of them are deleted, by one event that comes again, and an older revision comes after it.
    let deletion = event("DELETE", "2026-01-25T00:00:00.123Z", &DEALS[..2], "");
    for _ in 0..2 {
        let (code, answer) = producers.with_token("/v1/crm/salesforce", &deletion);
        assert_eq!((code, answer["deals"].as_array().map(Vec::len)), (200, Some(2)), "{answer}");
        producers.send(2, DEALS[0], 2);
        producers.send(0, DEALS[1], 2);
    }
    let counted = producers.scratch.counted();
    assert_eq!((sum(&counted) - first, counted.1), (400_000, before.1), "{counted:?}");
    // One is deleted before it ever came as it was then; the other comes back.
    let late = event("DELETE", "2026-01-28T00:00:00Z", &[DEALS[2]], "");
    let newer = opportunity(DEALS[2], "2026-01-27T00:00:00.000+0000", "5");
    let fields = r#","LastModifiedDate":"2026-01-26T00:00:00.000Z","StageName":"Closed Won","CloseDate":"2026-01-20","CurrencyIsoCode":"USD","Amount":7,"OwnerId":"0055g000000AbCdAAK""#;
    let back = event("UNDELETE", "2026-01-26T00:00:00.500Z", &[DEALS[0]], fields);
    for body in [&late, &back, &newer, &back, &late, &deletion] {
        let (code, answer) = producers.with_token("/v1/crm/salesforce", body);
        assert_eq!(code, 200, "{body}: {answer}");
    }
    let counted = producers.scratch.counted();
    assert_eq!((sum(&counted) - first, counted.1), (200_007, before.1), "{counted:?}");

    // What says a part changes nothing, and names what to send.
    let update = event("UPDATE", "2026-01-29T00:00:00Z", &[DEALS[3]], ",\"Amount\":1");
    let (code, answer) = producers.with_token("/v1/crm/salesforce", &format!("[{newer},{update}]"));
    let expected = serde_json::json!({
        "error": "nothing of the request is appended",
        "refused": [{ "at": 1, "field": "", "reason": "not_supported",
            "message": format!("an UPDATE says only what changed: send deal {} in full", DEALS[3]) }],
        "ask": format!("SELECT Amount, CloseDate, CurrencyIsoCode, Id, LastModifiedDate, OwnerId, StageName FROM Opportunity WHERE Id IN ('{}')", DEALS[3]),
    });
    assert_eq!((code, &answer), (422, &expected));
    let (code, answer) = producers.with_token("/v1/crm/salesforce", &opportunity(DEALS[3], "2026-01-29T00:00:00Z", "\"1,0\""));
    let refused = &answer["refused"][0];
    assert_eq!((code, &refused["source"], &refused["field"]), (422, &"Amount".into(), &"lines[0].amount".into()), "{answer}");
    // The other content of one second is not taken for the same, nor silently for the newer.
    let (code, _) = producers.with_token("/v1/crm/salesforce", &opportunity(DEALS[3], "2026-01-22T15:00:00.000+0000", "9"));
    assert_eq!(code, 200);
    let counted = producers.scratch.counted();
    assert_eq!((sum(&counted) - first, counted.1), (200_007, before.1 + 1), "{counted:?}");
    let verified = producers.scratch.on_log(&["verify"]);
    assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{}", text(&verified));
    producers.up.stop();
}

/// By all of them onto one topic: a report, HTTP, Salesforce, HubSpot, and as a record of its own, in Avro and in JSON.
#[test]
fn a_worker_on_kafka_takes_the_same_and_what_is_written_there_in_avro_or_json() {
    let producers = four_ways(Scratch::on_kafka());
    let log = Kafka::connect(producers.scratch.kafka.clone().unwrap()).unwrap();
    let key = DEALS[0].as_bytes();
    let write = |value: &[u8]| {
        let mut records = Records::default();
        records.push(Some(key), Some(value));
        log.append(&[Append { topic: Topic::DealClosed, partition: partition_of(key, 2), records: &records }]).unwrap();
    };
    let in_avro = |revision: usize| {
        let amount = (revision * 100_000).to_string();
        let plain = company::deal(DEALS[0], revision_of(revision), "2026-01-20", &amount, "ana");
        let splits = vec![Split { role: "AE", ..plain.splits[0].clone() }];
        let lines = vec![Line { product: "core", splits, ..plain.lines[0].clone() }];
        let mut record = Vec::new();
        let deal = DealClosed { kind: Some(DealKind::New), lines, splits: Vec::new(), ..plain };
        Codec::new().unwrap().write_deal(&deal, &mut record).unwrap();
        write(&record);
    };
    for (way, revision) in [(3, 2), (0, 1), (2, 1), (1, 2), (2, 2), (3, 1), (0, 2), (1, 1), (3, 2)] {
        producers.send(way, DEALS[0], revision);
        write(document(DEALS[0], revision).as_bytes());
        in_avro(3 - revision);
    }
    // Commands on Kafka do not wait for the worker.
    let deadline = Instant::now() + PATIENCE;
    while producers.scratch.counted().0.parse() != Ok(200_000) {
        assert!(Instant::now() < deadline, "{:?}\n{}", producers.scratch.counted(), producers.up.said());
        std::thread::sleep(Duration::from_millis(100));
    }
    // Nor for managers, whose sums come a transaction later.
    let verified = || text(&producers.scratch.on_log(&["verify"]));
    while !verified().ends_with(" totals, 0 differ\n") {
        assert!(Instant::now() < deadline, "{}", verified());
    }
    let rejects = text(&producers.scratch.on_log(&["rejects", "list", "--json"]));
    assert_eq!(producers.scratch.counted(), ("200000".into(), 0), "{rejects}");
    producers.up.stop();
}

#[test]
fn who_is_not_admitted_is_told_no_more() {
    let producers = four_ways(Scratch::new());
    let body = "[]";
    let (now, long_ago) = (now_ms().to_string(), (now_ms() - 301_000).to_string());
    let sign = |secret, address, body, time: &str| signature(secret, address, body, time);
    let table = [
        (sign(SECRET, ADDRESS, body, &now), now.as_str(), 400),
        (sign(SECRET, ADDRESS, body, &long_ago), &long_ago, 401),
        (sign(SECRET, ADDRESS, "[ ]", &now), &now, 401),
        (sign(SECRET, "https://other.example/v1/crm/hubspot", body, &now), &now, 401),
        (sign("another-secret", ADDRESS, body, &now), &now, 401),
        (sign(SECRET, ADDRESS, body, &now), &long_ago, 401),
        (String::new(), &now, 401),
        (sign(SECRET, ADDRESS, body, ""), "", 401),
    ];
    for (signature, time, code) in table {
        let headers = [("X-HubSpot-Signature-v3", signature.as_str()), ("X-HubSpot-Request-Timestamp", time)];
        let (found, answer) = producers.post("/v1/crm/hubspot", &headers, body);
        let said = if code == 401 { "not admitted" } else { "no record: send one as a JSON object, or several in a list" };
        assert_eq!((found, &answer), (code, &serde_json::json!({ "error": said })), "{signature} {time}");
        assert_eq!(producers.post("/v1/crm/salesforce", &headers, body).0, 401);
    }
    // What is signed has to be of the portal; the token's own says so or not.
    let object = r#"{"id":"9001","properties":{}}"#;
    let (code, answer) = producers.signed(object);
    assert_eq!((code, &answer["refused"][0]["field"]), (422, &"portalId".into()), "{answer}");
    let (code, answer) = producers.with_token("/v1/crm/hubspot", object);
    assert_eq!((code, &answer["refused"][0]["source"]), (422, &"amount".into()), "{answer}");
    // Version 1 alone, and another token.
    assert_eq!(producers.post("/v1/crm/hubspot", &[("X-HubSpot-Signature", "x")], body).0, 401);
    assert_eq!(producers.post("/v1/crm/hubspot", &[("Authorization", "Bearer token-0123456788")], body).0, 401);
    assert_eq!(producers.with_token("/v1/crm/hubspot", body).0, 400);
    assert_eq!(producers.with_token("/v1/crm/hubspot", &" ".repeat(4_194_305)).0, 413);
    assert!(!producers.up.said().contains(SECRET) && !producers.up.said().contains(TOKEN));
    let Producers { scratch, up, .. } = producers;
    up.stop();

    let again = start(scratch, &[]);
    for (path, option) in [("/v1/crm/salesforce", "--salesforce"), ("/v1/crm/hubspot", "--hubspot")] {
        let (code, answer) = again.with_token(path, "{}");
        let said = format!("no such deals are taken here; start with {option} MAPPING to take them");
        assert_eq!((code, &answer["error"]), (403, &said.into()));
    }
    let Producers { scratch, up, .. } = again;
    up.stop();
    let (hubspot, salesforce) = (scratch.path("hubspot.toml"), scratch.path("salesforce.toml"));
    let bare = scratch.write("bare.toml", HUBSPOT_MAPPING);
    let open = scratch.write("open", SECRET);
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let text = std::fs::read_to_string(&hubspot).unwrap();
    let open = scratch.write("open.toml", &text.replace(&scratch.path("hubspot-secret"), &open));
    let inline = scratch.write("inline.toml", &text.replace("secret_file", "secret"));
    let table = [
        (["--salesforce", &salesforce], 2, "--token-file"),
        (["--hubspot", &bare], 78, "nobody could send: write [webhook] with HubSpot's secret, or start with --token-file"),
        (["--hubspot", &open], 78, "is open to everybody (mode 0644)"),
        (["--hubspot", &inline], 78, "unknown field `secret`"),
        (["--hubspot", "/nowhere.toml"], 74, "name a mapping file"),
    ];
    for (arguments, code, said) in table {
        let output = command(&[&["up", "--data", &scratch.path("data")], &arguments[..]].concat()).output().unwrap();
        let told = error_text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said) && !told.contains(SECRET), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(code), "{told}");
    }
}

#[test]
fn files_of_the_same_shapes_are_ingested() {
    let scratch = Scratch::new();
    let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    let example = |name: &str| format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    for (crm, name) in [("salesforce", "salesforce/opportunities"), ("hubspot", "hubspot/deals")] {
        let (file, mapping) = (example(&format!("{name}.json")), example(&format!("{name}.toml")));
        let read = ["ingest", &file, "--from", crm, "--mapping", &mapping];
        let tried = scratch.on_log(&[&read[..], &["--dry-run"]].concat());
        assert_eq!(text(&tried), "2 records are 2 deals; nothing is appended in a dry run\n");
        let tried = scratch.on_log(&[&read[..], &["--dry-run", "--json"]].concat());
        assert_eq!(text(&tried), "{\"appended\":0,\"deals\":2,\"refused\":0,\"rows\":2}\n");
    }
    assert!(!std::path::Path::new(&scratch.path("data")).exists());
    succeeded(&["publish"], &scratch.on_log(&["publish", company, "--yes"]));
    for (crm, name) in [("salesforce", "salesforce/opportunities"), ("hubspot", "hubspot/deals")] {
        let (file, mapping) = (example(&format!("{name}.json")), example(&format!("{name}.toml")));
        let read = ["ingest", &file, "--from", crm, "--mapping", &mapping];
        let reconcile = ["reconcile", "--crm", &file, "--from", crm, "--mapping", &mapping];
        assert!(text(&scratch.on_log(&reconcile)).ends_with("2 deals in the report, 2 not on the log as the report has them\n"));
        let first = text(&scratch.on_log(&read));
        assert_eq!(first, "2 counted, 0 duplicate, 0 parked, 0 rejected; 2 lines appended, 0 refused before that\n");
        let again = text(&scratch.on_log(&read));
        assert_eq!(again, "0 counted, 2 duplicate, 0 parked, 0 rejected; 2 lines appended, 0 refused before that\n");
        assert!(text(&scratch.on_log(&reconcile)).ends_with("2 deals in the report, 0 not on the log as the report has them\n"));
    }
    // What is removed takes its time away: the log keeps a newer revision, and that says something else.
    let (file, mapping) = (example("salesforce/opportunities.json"), example("salesforce/opportunities.toml"));
    let records = std::fs::read_to_string(&file).unwrap();
    let newest = records.replace("2026-01-20T15:00:02.000+0000", "2026-01-20T15:00:09.000+0000");
    let (from, to) = (
        records.find(",\n     {\"attributes\": {\"type\": \"OpportunitySplit\"}, \"Id\": \"1Nf5g0000004AbeCAE\""),
        "Overlay\"}}",
    );
    let (from, to) = (from.unwrap(), records.find(to).unwrap() + to.len());
    let removed = format!("{}{}", &records[..from], &records[to..]);
    let (newest, removed) = (scratch.write("newest.json", &newest), scratch.write("removed.json", &removed));
    let ingest = |file: &str| text(&scratch.on_log(&["ingest", file, "--from", "salesforce", "--mapping", &mapping]));
    assert!(ingest(&newest).starts_with("1 counted, 1 duplicate, 0 parked, 0 rejected; "));
    let reconcile = |file: &str, more: &[&str]| {
        text(&scratch.on_log(&[&["reconcile", "--crm", file, "--from", "salesforce", "--mapping", &mapping], more].concat()))
    };
    // The older of two revisions with one content is no matter.
    let end = |differing: u32| format!("2 deals in the report, {differing} not on the log as the report has them\n");
    assert_eq!(reconcile(&file, &[]), end(0));
    let said = "record 1: deal \"0065g00000XyZabAAF\" arrived with another content under revision 1768921207000000\n";
    assert_eq!(reconcile(&removed, &[]), format!("{said}{}", end(1)));
    let touched =
        std::fs::read_to_string(&removed).unwrap().replace("2026-01-20T15:00:07.000+0000", "2026-01-20T15:00:08.000+0000");
    let touched = scratch.write("touched.json", &touched);
    let said = "record 1: deal \"0065g00000XyZabAAF\" has another content on the log under the newer revision 1768921209000000, the report has 1768921208000000\n";
    assert_eq!(reconcile(&touched, &[]), format!("{said}{}", end(1)));
    assert!(reconcile(&touched, &["--json"]).contains("\"became\":\"newer\""));
    // Nor what the report itself has in a newer one.
    let both = [&touched, &newest].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    let both = scratch.write("both.json", &both);
    assert_eq!(reconcile(&both, &[]), "4 deals in the report, 0 not on the log as the report has them\n");
    let (sold, _) = scratch.counted();
    // 60 % of Acme's two lines, and HubSpot's deal of the last day of January.
    assert_eq!(sold, "7295700.5");
    // A deletion, before an event that says a part.
    let mapping = example("hubspot/deals.toml");
    let event = |kind: &str, id: u32| format!(r#"{{"subscriptionType":"{kind}","objectId":{id},"occurredAt":1769990400000}}"#);
    let (gone, part) = (event("deal.deletion", 90011), event("deal.propertyChange", 90012));
    let both = scratch.write("both.json", &format!("[{gone},{part}]"));
    let refused = scratch.on_log(&["ingest", &both, "--from", "hubspot", "--mapping", &mapping]);
    let asked = r#"to have them in full, ask the CRM: POST /crm/v3/objects/deals/batch/read {"inputs":[{"id":"90012"}],"properties":["amount","closedate","deal_currency_code","dealstage","dealtype","hs_lastmodifieddate","hubspot_owner_id","product"]}"#;
    let said = "record 2: refused: deal.propertyChange says only a part: send deal 90012 in full [not_supported]";
    let end = "1 refused: correct them; nothing of the 2 records is appended\n";
    assert_eq!((text(&refused), refused.status.code()), (format!("{said}\n{asked}\n{end}"), Some(1)));
    let gone = scratch.write("gone.json", &gone);
    succeeded(&["ingest"], &scratch.on_log(&["ingest", &gone, "--from", "hubspot", "--mapping", &mapping]));
    assert_eq!(scratch.counted().0, "7235700");
    let alone = scratch.on_log(&["ingest", &gone, "--from", "hubspot"]);
    assert_eq!(alone.status.code(), Some(2), "{}", error_text(&alone));
}

/// The headers of a topic's records, as `tap` shows them, by a field of their values.
fn tapped(producers: &Producers, topic: &str, field: &str) -> Vec<(String, serde_json::Value)> {
    let output = producers.scratch.on_log(&["tap", topic, "--json"]);
    succeeded(&["tap"], &output);
    let said = text(&output);
    let shown = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    shown.map(|shown| (shown["value"][field].as_str().unwrap_or_default().to_owned(), shown["headers"].clone())).collect()
}

#[test]
fn what_a_request_says_beside_its_body_goes_on_with_its_deals() {
    let producers = four_ways(Scratch::new());
    let parent = |span: u32| format!("00-0af7651916cd43dd8448eb211c80319c-{span:016x}-01");
    let deal = |id: &str| {
        format!(
            r#"{{"deal_id":"{id}","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"NEW","lines":[{{"line_id":"1","product":"core","amount":"100","quantity":1}}],"splits":[{{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"1"}}]}}"#
        )
    };
    let authorization = ("Authorization", format!("Bearer {TOKEN}"));
    let post = |path: &str, headers: &[(&str, &str)], body: &str| {
        producers.post(path, &[&[(authorization.0, authorization.1.as_str())], headers].concat(), body)
    };
    let event = [("ce-specversion", "1.0"), ("ce-id", "e%201"), ("Ce-Source", "/crm"), ("Content-Type", "application/json")];
    let both = format!("[{},{}]", deal("E-1"), deal("E-2"));
    let table = [
        (&[("ce-specversion", "2.0")][..], deal("E-1"), "ce-specversion: header ce_specversion is \"2.0\", expected 1.0"),
        (&event, both.clone(), "an event is one deal: send each by itself"),
        (&[("content-type", "application/cloudevents+json")], deal("E-1"), "an event in structured mode is not read"),
    ];
    for (headers, body, said) in table {
        let (code, answer) = post("/v1/deals", headers, &body);
        assert!(code == 400 && answer["error"].as_str().unwrap().starts_with(said), "{code} {answer}");
    }
    let spans = [1, 2, 3].map(parent);
    let traced = |place: usize| ("traceparent", spans[place].as_str());
    let salesforce = opportunity(DEALS[0], "2026-01-21T15:00:00.000+0000", "1");
    for (path, headers, body) in [
        ("/v1/deals", vec![("traceparent", "00-0-0-00")], deal("E-3")),
        ("/v1/deals", [&event[..], &[traced(0)]].concat(), deal("E-0")),
        ("/v1/deals", vec![traced(1), ("tracestate", "a=1"), ("ce-id", "no event")], both),
        ("/v1/crm/salesforce", [&event[..], &[traced(2)]].concat(), salesforce),
    ] {
        let (code, answer) = post(path, &headers, &body);
        assert_eq!(code, 200, "{answer}");
        // It is folded before the next one comes.
        producers.scratch.counted();
    }
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let carried = [
        ("E-0", json(r#"{"ce_specversion":"1.0","ce_id":"e 1","ce_source":"/crm","content-type":"application/avro"}"#), 0),
        ("E-1", json(r#"{"tracestate":"a=1"}"#), 1),
        ("E-2", json(r#"{"tracestate":"a=1"}"#), 1),
        (DEALS[0], json("{}"), 2),
    ];
    let mut expected: Vec<(String, serde_json::Value)> = carried
        .into_iter()
        .map(|(id, mut headers, place)| {
            headers["traceparent"] = spans[place].clone().into();
            (id.into(), headers)
        })
        .collect();
    expected.push(("E-3".into(), serde_json::Value::Null));
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    let mut deals = tapped(&producers, "deal-closed", "deal_id");
    deals.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(deals, expected);
    let attained = tapped(&producers, "attainment", "payee_id");
    let mut traces: Vec<&str> =
        attained.iter().filter(|(payee, _)| payee == "ana").filter_map(|(_, headers)| headers["traceparent"].as_str()).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces, spans, "{attained:?}");
    producers.up.stop();
}
