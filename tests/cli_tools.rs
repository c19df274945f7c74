//! What people look into a log and its files with: `tap`, `diff`, and the log of the binary itself.

#[path = "support/command.rs"]
mod command;

use command::{Scratch, accrue, code, err, out};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of the files of the worked company.
fn worked_company(scratch: &Scratch, directory: &str) -> String {
    let plans = config().join("plans");
    for folder in [config(), plans] {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let name = path.strip_prefix(config()).unwrap().display().to_string();
            scratch.write(&format!("{directory}/{name}"), &std::fs::read_to_string(&path).unwrap());
        }
    }
    scratch.path(directory).display().to_string()
}

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// A deal with an attribute that is a number, as a line.
fn deal(number: usize) -> String {
    format!(
        r#"{{"deal_id":"D{number}","revision":1,"closed_on":"2026-01-15","currency":"USD","kind":"RENEWAL","lines":[{{"line_id":"1","product":"core","amount":"100.00","quantity":"1"}}],"splits":[{{"payee_id":"ana","role":"owner","counts":"REVENUE","share":"70%"}},{{"payee_id":"ben","role":"owner","counts":"REVENUE","share":"0.3"}}],"attributes":{{"score":-1.5}},"occurred_at":"2026-01-15T10:00:00Z"}}
"#
    )
}

#[test]
fn logs_are_for_people_or_json_and_need_no_reader() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let directory = worked_company(&scratch, "company");
    assert_eq!(code(&accrue(&["publish", &directory, "--data", &data, "--yes"])), 0);
    let verify = |level: &str, format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(["verify", "--data", &data]).env("ACCRUE_LOG", level).env("ACCRUE_LOG_FORMAT", format);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let said = |level, format| {
        let output = verify(level, format).wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (ended, lines) = said("info", "json");
    let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let started = lines.lines().map(object);
    let stages: Vec<String> =
        started.filter(|line| line["message"] == "stage started").map(|line| line["stage"].to_string()).collect();
    assert_eq!((ended, stages.len()), (Some(0), 2), "{lines}");
    // What a command says of itself is a line like any other, whatever the level.
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_accrue"));
    nowhere.args(["verify", "--data", &scratch.path("nowhere").display().to_string()]);
    let failed = nowhere.env("ACCRUE_LOG", "off").env("ACCRUE_LOG_FORMAT", "json").output().unwrap();
    let failure = object(std::str::from_utf8(&failed.stderr).unwrap().trim_end());
    assert_eq!(failure["level"], "ERROR", "{failure}");
    assert!(failure["message"].as_str().unwrap().starts_with("accrue: "), "{failure}");
    assert!(said("info", "text").1.contains("stage started stage=\"crediting\""));
    assert_eq!(said("warn", "xml"), (Some(2), "accrue: log format \"xml\" is none; use text or json\n".into()));
    assert_eq!(said("accrue=loud", "text").0, Some(2));
    // Whoever read standard error is gone before anything is written there.
    let mut unread = verify("trace", "text");
    drop(unread.stderr.take());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while unread.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "it waits for ever");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(unread.wait().unwrap().code(), Some(0));
}

#[test]
fn a_topic_is_tapped_and_goes_in_again() {
    let scratch = Scratch::new();
    let (data, other) = (scratch.data(), scratch.path("other").display().to_string());
    let directory = worked_company(&scratch, "company");
    for log in [&data, &other] {
        assert_eq!(code(&accrue(&["publish", &directory, "--data", log, "--yes"])), 0);
    }
    let deals: String = (0..20).map(deal).collect();
    accrue(&["ingest", &scratch.write("deals.jsonl", &deals), "--data", &data]);
    let tapped = out(&accrue(&["tap", "deal-closed", "--data", &data]));
    let values = |text: &str| -> String {
        let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["value"].to_string() + "\n";
        text.lines().map(value).collect()
    };
    assert_eq!(tapped.lines().count(), 20);
    accrue(&["ingest", &scratch.write("again.jsonl", &values(&tapped)), "--data", &other]);
    let sorted = |log: &str| {
        let mut lines: Vec<String> =
            values(&out(&accrue(&["tap", "deal-closed", "--data", log]))).lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&data), sorted(&other));
    assert_eq!(out(&accrue(&["tap", "facts", "--last", "2", "--data", &data])).lines().count(), 2);
    let facts = values(&out(&accrue(&["tap", "facts", "--data", &data])));
    let facts: Vec<serde_json::Value> = facts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let body =
        |name: &str| facts.iter().find_map(|fact| fact["body"].get(name)).unwrap_or_else(|| panic!("no {name}: {facts:?}"));
    assert_eq!(body("CompanyDefined")["currency"], "USD");
    let plan = body("PlanDefined");
    assert!(plan["from"].as_str().is_some_and(|day| day.len() == 10 && day.starts_with("20")), "{plan}");
    assert!(plan["components"].as_array().is_some_and(|components| !components.is_empty()), "{plan}");
    assert!(plan.to_string().contains("\"rate\":\"0."), "{plan}");
    assert_eq!(out(&accrue(&["tap", "payee", "--key", "nobody", "--data", &data])), "");
    let unknown = accrue(&["tap", "deals", "--data", &data]);
    assert_eq!(code(&unknown), 2);
    for topic in ["quota-changed", "credits", "closes", "crediting-changelog", "earning-changelog", "attainment", "rejected"] {
        let tapped = accrue(&["tap", topic, "--data", &data]);
        assert!(code(&tapped) == 0 && !out(&tapped).contains("\"error\""), "{topic}: {}", out(&tapped));
    }
}

#[test]
fn what_another_version_of_the_files_changes_is_said_in_words() {
    let scratch = Scratch::new();
    let config = config();
    let (before, after) = (worked_company(&scratch, "before"), worked_company(&scratch, "after"));
    let diff = || accrue(&["diff", &before, &after]);
    assert_eq!((code(&diff()), out(&diff())), (0, String::new()));
    let change = |file: &str, pairs: &[(&str, &str)]| {
        let mut text = std::fs::read_to_string(config.join(file)).unwrap();
        for (from, to) in pairs {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        scratch.write(&format!("after/{file}"), &text);
    };
    let plan = "plans/enterprise.2026-01-01.toml";
    change(
        plan,
        &[
            (
                "recover = { from = \"2026-02\", share_of_excess = \"50%\"",
                "recover = { from = \"2026-03\", share_of_excess = \"60%\"",
            ),
            ("weight = \"80%\"", "weight = \"75%\""),
            ("{ at = \"100%\", fraction = \"100%\" }, ", ""),
            (
                "at_least = \"80%\", tested = \"running\", else = { factor = \"50%\" }",
                "at_least = \"90%\", tested = \"running\", else = \"zero\"",
            ),
            (
                "[{ share = \"70%\", when = \"booked\" }, { share = \"30%\", when = \"settled\" }]",
                "[{ share = \"100%\", when = \"+1 months\" }]",
            ),
            (
                "tiers = [{ from = \"0\", rate = \"1%\" }, { from = \"50000\", rate = \"2%\" }]",
                "tiers = [{ from = \"0\", rate = \"1%\" }, { from = \"60000\", rate = \"2.5%\" }]",
            ),
            ("id = \"services\"", "id = \"service-work\""),
        ],
    );
    change(
        "quotas.csv",
        &[
            ("jo,new-arr,fiscal,2026-Q1,400000.00,\n", ""),
            ("jo,renewals,fiscal,2026-Q1,100000.00", "jo,renewals,fiscal,2026-Q1,110000.00"),
        ],
    );
    let expected = "~ plan enterprise from 2026-01-01
    draw, recovered from: 2026-02 becomes 2026-03
    draw, share of the excess: 50% becomes 60%
    target, weight: 80% becomes 75%
    target, gate, at least: 80% becomes 90%
    target, gate, else: 50% becomes nothing
    target, pay: 70% booked, 30% settled becomes 100% +1 months
    target, tier from 100%: gone, was 100%
    expansion, tier from 60000: new, 2.5%
    expansion, tier from 50000: gone, was 2%
    service-work: the component is new
    services: the component is gone
";
    change("nodes.csv", &[("geography,NO,North,2026-01-01,\n", "")]);
    change("directory.csv", &[("kay,Kay Moreau,West\n", "")]);
    change("payees.csv", &[("cleo,Account Executive,noor,default,ae,2026-01-01,2026-05-16,E1103,,,,,,\n", "")]);
    let said = out(&diff());
    assert_eq!(code(&diff()), 1);
    assert!(said.starts_with(expected), "{said}");
    assert!(
        said.contains("? quota of jo for new-arr, 2026-Q1 is not mentioned any more: publishing leaves it as it is\n"),
        "{said}"
    );
    for gone in ["node NO of geography from 2026-01-01", "the name of kay", "the row of payee cleo from 2026-01-01"] {
        assert!(said.contains(&format!("? {gone} is not mentioned any more")), "{said}");
    }
    assert!(said.lines().any(|line| line.starts_with("~ quota of jo") && line.contains("renewals")), "{said}");
    change("measures.toml", &[("credit_kinds = [\"REVENUE\"]", "credit_kinds = [\"OVERLAY\"]")]);
    assert_eq!(code(&diff()), 78);
    assert!(err(&diff()).replace('\n', " ").contains("cannot be published where"), "{}", err(&diff()));
}

#[test]
fn schemas_are_checked_against_those_before_them_without_a_registry() {
    let scratch = Scratch::new();
    let checked = accrue(&["schemas", "check"]);
    let ids: toml::Table = include_str!("../schemas/ids.toml").parse().unwrap();
    let mut expected: Vec<String> = ids.keys().map(|name| format!("{name}: compatible")).collect();
    expected.sort();
    let mut found: Vec<String> = out(&checked).lines().map(String::from).collect();
    found.sort();
    assert_eq!((code(&checked), found, err(&checked)), (0, expected, String::new()));
    let lines = out(&accrue(&["schemas", "check", "--json"]));
    let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    assert!(lines.lines().map(object).all(|line| line["id"].is_null() && line["breaks"] == serde_json::json!([])), "{lines}");
    // A config asks its registry, and has to name one.
    for (text, expected) in [("", 2), ("[registry]\nurl = \"http://127.0.0.1:1\"\n", 69), ("[registry]\nurl = 1\n", 78)] {
        let refused = accrue(&["schemas", "check", "--config", &scratch.write("accrue.toml", text)]);
        assert_eq!((code(&refused), out(&refused)), (expected, String::new()), "{text}: {}", err(&refused));
    }
    assert_eq!(code(&accrue(&["schemas", "register"])), 2, "only a registry can be added to");
}
