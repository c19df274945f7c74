//! The binary as people run it: exit codes, messages, and the truth about every line.

#[path = "support/command.rs"]
mod command;

use command::{Scratch, accrue, code, err, out};
use std::path::Path;

fn company(scratch: &Scratch, payees: &str) -> String {
    let plan = include_str!("../config/plans/ae.2026-01-01.toml");
    scratch.write("company/plans/ae.2026-01-01.toml", plan);
    for (name, text) in [
        ("company.toml", include_str!("../config/company.toml")),
        ("calendar.toml", include_str!("../config/calendar.toml")),
        ("measures.toml", include_str!("../config/measures.toml")),
    ] {
        scratch.write(&format!("company/{name}"), text);
    }
    let header = "id,title,manager,pay_group,plans,from,to,employee_ref\n";
    scratch.write("company/payees.csv", &format!("{header}{payees}"));
    scratch.path("company").display().to_string()
}

fn deal(number: usize, payee: &str, share: &str) -> String {
    format!(
        r#"{{"deal_id":"D{number}","revision":1,"status":"CLOSED","change":"CORRECTION","closed_on":"2026-01-15","currency":"USD","kind":"RENEWAL","lines":[{{"line_id":"1","product":"core","amount":"100.00","quantity":"1"}}],"splits":[{{"payee_id":"{payee}","role":"owner","counts":"REVENUE","share":"{share}"}}],"occurred_at":"2026-01-15T10:00:00Z"}}"#
    )
}

/// 1 000 lines: 9 are bad, 1 is of a payee that nobody knows.
fn lines() -> String {
    let line = |number: usize| match number {
        100 | 200 | 300 => format!("{}\n", deal(number, "ana", "0.5")),
        400 | 500 | 600 => format!("{}\n", deal(number, "ana", "1").replace("100.00", "1e2")),
        700 | 800 | 900 => format!("{}\n", &deal(number, "ana", "1")[..80]),
        950 => format!("{}\n", deal(number, "zoe", "1")),
        _ => format!("{}\n", deal(number, "ana", "1")),
    };
    (1..=1_000).map(line).collect()
}

const ANA: &str = "ana,AE,,default,ae,2026-01-01,,E1\n";
const ZOE: &str = "zoe,AE,,default,ae,2026-01-01,,E2\n";

#[test]
fn every_line_of_a_file_is_told_and_a_parked_deal_resumes_when_its_payee_is_published() {
    let scratch = Scratch::new();
    let (data, directory) = (scratch.data(), company(&scratch, ANA));
    let published = accrue(&["publish", &directory, "--data", &data, "--yes"]);
    assert_eq!(code(&published), 0, "{}", err(&published));
    let file = scratch.write("deals.jsonl", &lines());

    let ingested = accrue(&["ingest", &file, "--data", &data]);
    assert_eq!(code(&ingested), 1, "{}", err(&ingested));
    let text = out(&ingested);
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("line ")).collect();
    let expected = [
        "line 100: refused: lines[0]: REVENUE shares total 50 %, not 100 % [splits_not_whole]",
        "line 200: refused: lines[0]: REVENUE shares total 50 %, not 100 % [splits_not_whole]",
        "line 300: refused: lines[0]: REVENUE shares total 50 %, not 100 % [splits_not_whole]",
        "line 400: refused: lines[0].amount: \"1e2\" is not a plain decimal number [invalid_field]",
        "line 500: refused: lines[0].amount: \"1e2\" is not a plain decimal number [invalid_field]",
        "line 600: refused: lines[0].amount: \"1e2\" is not a plain decimal number [invalid_field]",
        "line 700: refused: not JSON: EOF while parsing a string at line 1 column 80 [not_decodable]",
        "line 800: refused: not JSON: EOF while parsing a string at line 1 column 80 [not_decodable]",
        "line 900: refused: not JSON: EOF while parsing a string at line 1 column 80 [not_decodable]",
        "line 950: parked: splits: payee \"zoe\" is not known on 2026-01-15 [unknown_payee]",
    ];
    assert_eq!(told, expected, "{text}");
    assert!(text.contains("990 counted, 0 duplicate, 1 parked, 9 rejected; 991 lines appended, 9 refused before that"), "{text}");

    let again = accrue(&["ingest", &file, "--data", &data, "--json"]);
    let summary: serde_json::Value = serde_json::from_str(out(&again).lines().last().unwrap()).unwrap();
    assert_eq!((&summary["duplicate"], &summary["counted"]), (&991.into(), &0.into()));

    let parked = accrue(&["rejects", "list", "--data", &data, "--kind", "parked"]);
    assert!(out(&parked).contains("[unknown_payee]"), "{}", out(&parked));
    company(&scratch, &format!("{ANA}{ZOE}"));
    assert_eq!(code(&accrue(&["publish", &directory, "--data", &data, "--yes"])), 0);
    let resumed = accrue(&["rejects", "list", "--data", &data]);
    assert!(out(&resumed).starts_with("resumed  deal-closed"), "{}", out(&resumed));
    let exported = out(&accrue(&["export", "totals", "--data", &data]));
    let (_, totals) = exported.split_once('\n').unwrap();
    let of_ana = "total,ana,ae/renewals,2026-01,2026-01,2026-01,2475.00,USD";
    assert_eq!(totals, format!("{of_ana}\ntotal,zoe,ae/renewals,2026-01,2026-01,2026-01,2.50,USD\n"));
    let attained = out(&accrue(&["attainment", "--data", &data, "--json", "--payee", "zoe"]));
    assert!(attained.contains(r#""measured":"100"#), "{attained}");
    let verified = accrue(&["verify", "--data", &data]);
    assert!(out(&verified).ends_with(" totals, 0 differ\n"), "{}", out(&verified));
}

#[test]
fn a_line_that_is_too_large_is_refused_and_the_next_keeps_its_number() {
    let scratch = Scratch::new();
    let (data, directory) = (scratch.data(), company(&scratch, ANA));
    assert_eq!(code(&accrue(&["publish", &directory, "--data", &data, "--yes"])), 0);
    let customer = |bytes: usize| format!(r#""customer":"{}","kind""#, "c".repeat(bytes));
    let large = deal(1, "ana", "1").replace(r#""kind""#, &customer(1_100_000));
    let endless = deal(2, "ana", "1").replace(r#""kind""#, &customer(17 << 20));
    let file = scratch.write("deals.jsonl", &format!("{large}\n{endless}\n{}\n{}\n", deal(3, "zoe", "1"), deal(4, "ana", "1")));
    let ingested = accrue(&["ingest", &file, "--data", &data]);
    let told: Vec<String> = out(&ingested).lines().map(String::from).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].starts_with("line 1: refused: 11"), "{}", told[0]);
    assert!(told[0].ends_with(" bytes as a record, more than 1048576 [record_too_large]"), "{}", told[0]);
    assert!(told[1].starts_with("line 2: refused: not JSON: EOF while parsing"), "{}", told[1]);
    assert!(told[2].starts_with("line 3: parked: "), "{}", told[2]);
    assert!(told[3].starts_with("1 counted, 0 duplicate, 1 parked, 2 rejected; 2 lines appended"), "{}", told[3]);
}

#[test]
fn bad_files_are_told_at_once_and_nothing_is_appended() {
    let scratch = Scratch::new();
    let (data, directory) = (scratch.data(), company(&scratch, "ana,AE,nobody,default,unknown,2026-01-01,,E1\n"));
    let published = accrue(&["publish", &directory, "--data", &data, "--yes"]);
    assert_eq!(code(&published), 78);
    assert!(err(&published).contains("nothing was appended"), "{}", err(&published));
    assert!(!Path::new(&data).exists());
    assert_eq!(code(&accrue(&["check", &directory])), 78);
}

#[test]
fn what_cannot_be_run_says_what_to_do() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let table: [(&[&str], i32, &str); 11] = [
        (&["why", "x"], 2, "accrue: `accrue why` is not in this version; `accrue --help` lists what is"),
        (&["rejects", "show", "x"], 2, "accrue: `accrue rejects show` is not in this version"),
        (&["explain", "tier_gap"], 1, "accrue: no code is called \"tier_gap\": did you mean \"tier-gap\"?"),
        (&["fly"], 2, "accrue: there is no command \"fly\"; `accrue --help` lists them"),
        (&["board"], 2, "error: the following required arguments were not provided:"),
        (&["close", "2026-13", "--data", &data], 2, "\"2026-13\" is not a pay period like 2026-01"),
        (&["board", "--data", &data], 78, "accrue: there is no log in "),
        (&["topics", "--acls", "--data", &data], 2, "accrue: an embedded log has no ACLs; name a Kafka log with --config FILE"),
        (&["topics", "--acls", "--role", "boss", "--data", &data], 2, "the roles are worker, http, append, read, create"),
        (&["run", "--config", "/nowhere.toml"], 78, "accrue: /nowhere.toml: "),
        (&["ingest", "/nowhere.jsonl", "--data", &data], 74, "accrue: /nowhere.jsonl: "),
    ];
    for (arguments, expected, message) in table {
        let output = accrue(arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn acls_are_printed_for_a_shell_and_need_no_broker() {
    let scratch = Scratch::new();
    let config =
        scratch.write("accrue.toml", "[kafka]\nbrokers = \"127.0.0.1:1\"\ntopic_prefix = \"x.\"\napplication_id = \"it's\"\n");
    let http = |more: &[&str]| out(&accrue(&[&["topics", "--acls", "--role", "http", "--config", &config], more].concat()));
    let expected = r#"--add --allow-principal 'User:CN=a b' --operation Write --topic x.deal-closed
--add --allow-principal 'User:CN=a b' --operation Write --transactional-id 'x.append-it'\''s-' --resource-pattern-type prefixed
"#;
    assert_eq!(http(&["--principal", "User:CN=a b"]), expected);
    assert!(http(&[]).starts_with(r"--add --allow-principal 'User:it'\''s-worker' --operation Write "), "{}", http(&[]));
    let record: serde_json::Value = serde_json::from_str(http(&["--json"]).lines().nth(1).unwrap()).unwrap();
    let expected = serde_json::json!({"role": "http", "principal": "User:it's-worker", "operation": "Write",
        "resource": "transactional-id", "name": "x.append-it's-", "pattern": "prefixed"});
    assert_eq!(record, expected);
}

#[test]
fn without_a_broker_run_ends_with_69_and_says_so() {
    let scratch = Scratch::new();
    let config = scratch.write("accrue.toml", "[kafka]\nbrokers = \"127.0.0.1:1\"\n");
    let output = accrue(&["run", "--config", &config]);
    assert_eq!(code(&output), 69, "{}", err(&output));
    let said = err(&output).replace('\n', " ");
    assert!(said.contains("no Kafka broker answers at 127.0.0.1:1 within 10 s ("), "{said}");
    assert!(said.contains("start it, or correct brokers, or protocol and certificate_file in [kafka.security]"), "{said}");
}

#[test]
fn help_fits_a_terminal_of_80_columns() {
    let listed = out(&accrue(&["--help"]));
    let commands = listed.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut commands: Vec<String> = commands.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(commands.len() > 20, "{listed}");
    commands.extend(
        ["", "export payouts", "export totals", "export schema", "rejects list", "schemas check", "schemas register"]
            .map(str::to_owned),
    );
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).filter(|word| !word.is_empty()).collect();
        let output = accrue(&arguments);
        assert_eq!(code(&output), 0, "{command}");
        let text = out(&output);
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{command}");
    }
}

/// A deal that names nobody, in a geography.
fn unnamed(number: usize, geography: &str) -> String {
    let named = r#""splits":[{"payee_id":"ana","role":"owner","counts":"REVENUE","share":"1"}]"#;
    let line = format!(r#""product":"core","geography":"{geography}""#);
    deal(number, "ana", "1").replace(named, r#""splits":[]"#).replace(r#""product":"core""#, &line)
}

#[test]
fn a_deal_that_names_nobody_goes_to_its_territory_or_waits_for_one() {
    let scratch = Scratch::new();
    let (data, directory) = (scratch.data(), company(&scratch, &format!("{ANA}{ZOE}")));
    let measures = include_str!("../config/measures.toml");
    let patch = "[[measure]]\nid = \"patch\"\nof = \"amount\"\ncredit_kinds = [\"TERRITORY\"]\n";
    scratch.write("company/measures.toml", &format!("{measures}\n{patch}"));
    let settings = "[[crediting]]\nfrom = 2026-01-01\nwhen = \"unnamed\"\nwinners = 1\nroll_up = []\n";
    scratch.write("company/territories.toml", settings);
    let territories = "territory,layer,rank,geography,from,to\nnorth,1,1,North,2026-01-01,\n";
    scratch.write("company/territories.csv", territories);
    let assignments = "territory,payee,share,from,to\nnorth,zoe,100%,2026-01-01,\n";
    scratch.write("company/assignments.csv", assignments);
    let published = accrue(&["publish", &directory, "--data", &data, "--yes"]);
    assert_eq!(code(&published), 0, "{}", err(&published));
    let added = "+ territories: crediting from 2026-01-01, north from 2026-01-01, zoe in north from 2026-01-01\n";
    assert!(out(&published).contains(added), "{}", out(&published));

    let text = format!("{}\n{}\n{}\n", unnamed(1, "North"), unnamed(2, "South"), deal(3, "ana", "1"));
    let ingested = accrue(&["ingest", &scratch.write("deals.jsonl", &text), "--data", &data]);
    let waits = "line 2: parked: lines[0]: no territory covers it on 2026-01-15 [unknown_territory]\n2 counted";
    assert!(out(&ingested).starts_with(waits), "{}", out(&ingested));
    let of_zoe = || out(&accrue(&["attainment", "--data", &data, "--json", "--payee", "zoe"]));
    assert!(of_zoe().contains(r#""territory":"100"#), "{}", of_zoe());
    let review = err(&accrue(&["close", "2026-01", "--data", &data, "--wait", "--yes"]));
    let gap = "       1  deals have a line without a territory, or one that nobody has (parked)\n            D2: lines[0]: no \
               territory covers it on 2026-01-15\n";
    assert!(review.contains(gap), "{review}");

    scratch.write("company/territories.csv", &format!("{territories}south,1,2,South,2026-01-01,\n"));
    let check = accrue(&["check", &directory]);
    assert_eq!(code(&check), 1);
    let vacant = "territories.csv:3:1: warning: vacant-territory: nobody has territory \"south\"";
    assert!(out(&check).replace("\n    ", " ").contains(vacant), "{}", out(&check));
    scratch.write("company/assignments.csv", &format!("{assignments}south,zoe,50%,2026-01-01,\n"));
    assert_eq!(code(&accrue(&["publish", &directory, "--data", &data, "--yes"])), 0);
    let resumed = out(&accrue(&["rejects", "list", "--data", &data]));
    assert!(resumed.starts_with("resumed  deal-closed"), "{resumed}");
    assert!(of_zoe().contains(r#""territory":"150"#), "{}", of_zoe());
    let verified = out(&accrue(&["verify", "--data", &data]));
    assert!(verified.ends_with(" totals, 0 differ\n"), "{verified}");
}
