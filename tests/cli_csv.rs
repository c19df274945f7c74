//! A report of another system through `accrue ingest --mapping`: the worked example, and every way in which a report or
//! its mapping can be wrong, with the place that the message names. Nothing of a report that is wrong is appended.

use std::process::{Command, Output};

const MAPPING: &str = include_str!("../examples/csv/opportunities.toml");
const REPORT: &str = include_str!("../examples/csv/opportunities.csv");

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Scratch {
        Scratch(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Ingests a report into a log of its own directory.
    fn ingest(&self, report: &str, mapping: &str, more: &[&str]) -> Output {
        let (report, mapping) = (self.write("report.csv", report), self.write("mapping.toml", mapping));
        accrue(&[&["ingest", &report, "--mapping", &mapping, "--data", &self.path("data")], more].concat())
    }
}

fn accrue(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
    command.args(arguments).env("USER", "hr").env_remove("ACCRUE_LOG").output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Messages are wrapped at 80 columns.
fn err(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_report_counts_once_and_as_the_same_deals_written_as_json() {
    let (from_csv, from_json) = (Scratch::new(), Scratch::new());
    let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    for scratch in [&from_csv, &from_json] {
        let published = accrue(&["publish", company, "--data", &scratch.path("data"), "--yes"]);
        assert_eq!(code(&published), 0, "{}", err(&published));
    }
    let first = from_csv.ingest(REPORT, MAPPING, &[]);
    assert_eq!(out(&first), "3 counted, 0 duplicate, 0 parked, 0 rejected; 3 lines appended, 0 refused before that\n");
    assert_eq!(code(&first), 0, "{}", err(&first));
    // In another order of rows, with a mark at its front and ends of lines as Windows has them, it is the same report.
    let mut lines: Vec<&str> = REPORT.lines().collect();
    lines[1..].sort();
    let again = from_csv.ingest(&format!("\u{feff}{}\r\n", lines.join("\r\n")), MAPPING, &["--json"]);
    assert!(out(&again).contains(r#""duplicate":3"#), "{}", out(&again));
    let json = concat!(
        r#"{"deal_id":"006-1","revision":1768903200000000,"status":"CLOSED","stage":"Closed Won","closed_on":"2026-01-20","#,
        r#""currency":"USD","customer":"Acme, Inc.","kind":"NEW","attributes":{"campaign":"spring"},"lines":["#,
        r#"{"line_id":"1","product":"analytics","amount":"60000","quantity":"120","splits":["#,
        r#"{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"60%"},"#,
        r#"{"payee_id":"sam","role":"SE","counts":"OVERLAY","share":"100%"},"#,
        r#"{"payee_id":"ben","role":"AE","counts":"REVENUE","share":"40%"}]},"#,
        r#"{"line_id":"2","product":"platform","amount":"-500","quantity":"1","splits":["#,
        r#"{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"100%"}]}]}"#,
        "\n",
        r#"{"deal_id":"006-2","revision":1770111000000000,"stage":"Closed Won","closed_on":"2026-02-03","currency":"USD","#,
        r#""customer":"Borealis","kind":"RENEWAL","lines":[{"line_id":"1","product":"platform","amount":"12500.50","#,
        r#""quantity":"1","splits":[{"payee_id":"ben","role":"AE","counts":"REVENUE","share":"100%"}]}]}"#,
        "\n",
        r#"{"deal_id":"006-3","revision":1770202800000000,"status":"OPEN","stage":"Negotiation","closed_on":"2026-03-31","#,
        r#""currency":"USD","customer":"Cobalt","kind":"EXPANSION","lines":[{"line_id":"1","product":"analytics","#,
        r#""amount":"8000","quantity":"16","splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"100%"}]}]}"#,
        "\n",
    );
    let lines = from_json.write("deals.jsonl", json);
    let ingested = accrue(&["ingest", &lines, "--data", &from_json.path("data")]);
    assert_eq!(code(&ingested), 0, "{}{}", out(&ingested), err(&ingested));
    // They are the same to the letter: the log that had the report knows every one of them.
    let known = accrue(&["ingest", &lines, "--data", &from_csv.path("data"), "--json"]);
    assert!(out(&known).contains(r#""duplicate":3"#), "{}", out(&known));
    let totals = |scratch: &Scratch| out(&accrue(&["export", "totals", "--data", &scratch.path("data")]));
    assert!(totals(&from_csv).lines().count() > 1, "nothing was earned");
    assert_eq!(totals(&from_csv), totals(&from_json));
}

#[test]
fn what_never_arrived_is_named() {
    let scratch = Scratch::new();
    let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    let data = scratch.path("data");
    assert_eq!(code(&accrue(&["publish", company, "--data", &data, "--yes"])), 0);
    let mapping = scratch.write("mapping.toml", MAPPING);
    let reconcile = |report: &str, more: &[&str]| {
        let report = scratch.write("crm.csv", report);
        accrue(&[&["reconcile", "--crm", &report, "--mapping", &mapping, "--data", &data], more].concat())
    };
    let nothing = out(&reconcile(REPORT, &[]));
    assert!(nothing.starts_with("row 2: deal \"006-1\" never arrived\nrow 4: deal \"006-2\" never arrived\n"), "{nothing}");
    // The second deal does not get there, and the third one only as it was a day before.
    let sent: Vec<&str> = REPORT.lines().filter(|line| !line.starts_with("006-2")).collect();
    let sent = sent.join("\n").replace("2026-02-04T11", "2026-02-03T11");
    assert_eq!(code(&scratch.ingest(&sent, MAPPING, &[])), 0);
    let lacking = reconcile(&REPORT.replacen("60,000.00", "61,000.00", 2), &[]);
    let expected = concat!(
        "row 2: deal \"006-1\" arrived with another content under revision 1768903200000000\n",
        "row 4: deal \"006-2\" never arrived\n",
        "row 6: deal \"006-3\" arrived only up to revision 1770116400000000, the report has 1770202800000000\n",
        "3 deals in the report, 3 not on the log as the report has them\n",
    );
    assert_eq!((out(&lacking).as_str(), code(&lacking)), (expected, 1));
    let json = out(&reconcile(REPORT, &["--json"]));
    let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&rows[0]["deal_id"], &rows[0]["became"], &rows[0]["newest_revision"]),
        (&"006-2".into(), &"missing".into(), &().into())
    );
    assert_eq!(rows[2], serde_json::json!({ "deals": 3, "differing": 2 }));
    assert_eq!(code(&scratch.ingest(REPORT, MAPPING, &[])), 0);
    let whole = reconcile(REPORT, &[]);
    assert_eq!((out(&whole).as_str(), code(&whole)), ("3 deals in the report, 0 not on the log as the report has them\n", 0));
    // What the log knows and the report has an older revision of is no matter; a report that is wrong is no report.
    assert_eq!(code(&reconcile(&sent, &[])), 0);
    let wrong = reconcile(&REPORT.replace("Renewal", "Gift"), &[]);
    assert_eq!((out(&wrong).starts_with("row 4:Type: refused: kind: "), code(&wrong)), (true, 1), "{}", out(&wrong));
}

#[test]
fn a_time_is_a_day_in_its_zone_and_an_empty_cell_what_the_mapping_says() {
    let scratch = Scratch::new();
    let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    assert_eq!(code(&accrue(&["publish", company, "--data", &scratch.path("data"), "--yes"])), 0);
    let mapping = MAPPING
        .replace("as = \"mm/dd/yyyy\"", "as = \"day\"")
        .replace("{ column = \"Type\", is", "{ column = \"Type\", empty = \"Renewal\", is");
    let report = |time: &str, kind: &str| {
        let header = REPORT.lines().next().unwrap();
        format!("{header}\n006-9;2026-02-03T09:30:00Z;Won;{time};B;{kind};1;platform;1;1;;;;;\n")
    };
    let mapping = |zone: &str| format!("time_zone = \"{zone}\"\n{mapping}");
    let table = [
        ("2026-02-01T02:30:00Z", "America/New_York", ""),
        ("2026-01-31", "Europe/Berlin", "Renewal"),
        ("1769877000000", "UTC", ""),
    ];
    for (place, (time, zone, kind)) in table.into_iter().enumerate() {
        let output = scratch.ingest(&report(time, kind), &mapping(zone), &["--json"]);
        let ingested = out(&output) + &err(&output);
        let duplicate = format!("\"duplicate\":{}", usize::from(place > 0));
        assert!(ingested.contains(&duplicate) && ingested.contains("\"appended\":1"), "{time} {zone}: {ingested}");
    }
}

#[test]
fn a_dry_run_opens_no_log() {
    let scratch = Scratch::new();
    let tried = scratch.ingest(REPORT, MAPPING, &["--dry-run"]);
    assert_eq!(out(&tried), "5 rows are 3 deals; nothing is appended in a dry run\n");
    assert_eq!(code(&tried), 0);
    let told = out(&scratch.ingest(REPORT, MAPPING, &["--dry-run", "--json"]));
    assert_eq!(told, "{\"appended\":0,\"deals\":3,\"refused\":0,\"rows\":5}\n");
    assert!(!std::path::Path::new(&scratch.path("data")).exists());
}

/// Each: what of the example is replaced by what, and what is said.
#[test]
fn what_is_wrong_in_a_report_is_told_with_row_and_column_and_nothing_is_appended() {
    let cases = [
        (
            "1/20/2026;Acme, Inc.;New Business;2",
            "20.1.2026;Acme, Inc.;New Business;2",
            "row 5:Close Date: refused: closed_on: \"20.1.2026\" is not written as the mapping says, like 01/31/2026 [invalid_field]",
        ),
        ("02/03/2026", "02/30/2026", "row 4:Close Date: refused: closed_on: "),
        (
            "12,500.50",
            "12,50.50",
            "row 4:Amount: refused: lines[0].amount: \"12,50.50\" is not written as the mapping says, like 1,234.56 [invalid_field]",
        ),
        (
            "12,500.50",
            "12.500,50",
            "row 4:Amount: refused: lines[0].amount: \"12.500,50\" is not written as the mapping says, like 1,234.56 [invalid_field]",
        ),
        ("12,500.50", "1.2e4", "row 4:Amount: refused: lines[0].amount: "),
        ("12,500.50", "", "row 4:Amount: refused: lines[0].amount: "),
        ("12,500.50;1;", "12,500.50;a few;", "row 4:Quantity: refused: lines[0].quantity: "),
        (
            "Renewal",
            "Gift",
            "row 4:Type: refused: kind: \"Gift\" is none of those that the mapping translates: Add-On, New Business, Renewal [invalid_field]",
        ),
        ("2026-02-03T09:30:00Z", "yesterday", "row 4:Last Modified: refused: "),
        ("ben;100;", "ben;90;", "row 4: refused: lines[0]: REVENUE shares total 90 %, not 100 % [splits_not_whole]"),
        ("ben;40%", "ana;40%", "row 2: refused: lines[0]"),
        ("006-2;", ";", "row 4:Opportunity ID: refused: deal_id: "),
        (
            "Acme, Inc.;New Business;2",
            "Acme Ltd;New Business;2",
            "row 5:Account: refused: customer: the deal has another customer in row 2 [invalid_field]",
        ),
        ("120;ben", "121;ben", "row 3:Quantity: refused: quantity: the line has another quantity in row 2 [invalid_field]"),
        (";call\n", "\n", "row 4: refused: CSV error: record 3 (line: 4, "),
    ];
    let scratch = Scratch::new();
    for (old, new, said) in cases {
        assert!(REPORT.contains(old), "{old}");
        let wrong = REPORT.replacen(old, new, 1);
        let refused = scratch.ingest(&wrong, MAPPING, &[]);
        let told = out(&refused);
        assert!(told.starts_with(said), "{old} -> {new}\nexpected {said}\ngot      {told}");
        assert!(told.ends_with(" refused: correct them; nothing of the 5 rows is appended\n"), "{told}");
        assert_eq!(code(&refused), 1, "{told}");
        assert_eq!(out(&scratch.ingest(&wrong, MAPPING, &["--dry-run"])), told);
    }
    assert!(!std::path::Path::new(&scratch.path("data")).exists());
    let json = out(&scratch.ingest(&REPORT.replace("Renewal", "Gift"), MAPPING, &["--json"]));
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!((&first["row"], &first["column"], &first["reason"]), (&4.into(), &"Type".into(), &"invalid_field".into()));
}

#[test]
fn what_is_wrong_in_a_mapping_is_told_before_a_row_is_read() {
    let cases = [
        ("column = \"Opportunity ID\"", "column = \"Oportunity ID\"", "the report has no column \"Oportunity ID\": did you mean"),
        ("deal_id = {", "deal_ids = {", "deal.deal_ids is no field of a deal: did you mean"),
        ("product = { column = \"Product\" }\n", "", "line.product is missing: write product = { column = \"...\" } or"),
        ("{ value = \"USD\" }", "{ }", "deal.currency needs either a column or a value"),
        ("{ value = \"USD\" }", "{ value = \"USD\", column = \"Type\" }", "deal.currency needs either a column or a value"),
        ("as = \"mm/dd/yyyy\"", "as = \"mm-dd-yyyy\"", "unknown variant `mm-dd-yyyy`"),
        ("as = \"mm/dd/yyyy\"", "form = \"mm/dd/yyyy\"", "unknown field `form`"),
        ("[deal]", "[deal", "TOML parse error at line 8"),
        ("delimiter = \";\"", "delimiter = \"·\"", "delimiter = \"·\" is not one of ASCII's"),
        ("delimiter = \";\"", "delimiter = \",\"", "the report has no column"),
        ("delimiter = \";\"", "delimiter = \";\"\ntime_zone = \"Mars\"", "\"Mars\" is no time zone; write one like"),
        ("{ value = \"USD\" }", "{ field = \"Type\" }", "deal.currency needs either a column or a value"),
    ];
    let scratch = Scratch::new();
    for (old, new, said) in cases {
        assert!(MAPPING.contains(old), "{old}");
        let refused = scratch.ingest(REPORT, &MAPPING.replacen(old, new, 1), &["--dry-run"]);
        assert!(err(&refused).contains(said), "{old} -> {new}\nexpected {said}\ngot      {}", err(&refused));
        assert_eq!(code(&refused), 78, "{}", err(&refused));
    }
    let twice = scratch.ingest(&REPORT.replacen("Next Step", "Owner", 1), MAPPING, &["--dry-run"]);
    assert!(err(&twice).contains("has column \"Owner\" more than once"), "{}", err(&twice));
    let nowhere = accrue(&["ingest", &scratch.path("report.csv"), "--mapping", "/nowhere.toml", "--data", "data"]);
    assert_eq!((code(&nowhere), err(&nowhere).starts_with("accrue: /nowhere.toml: ")), (74, true), "{}", err(&nowhere));
    let alone = accrue(&["ingest", &scratch.path("report.csv"), "--dry-run", "--data", "data"]);
    assert_eq!(code(&alone), 2, "{}", err(&alone));
}
