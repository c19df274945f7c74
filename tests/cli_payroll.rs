//! The way of pay: a released run as a file for payroll, the same bytes each time, and what payroll says about it.

use std::process::{Command, Output};

const DEALS: &str = r#"{"deal_id":"D-1","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"RENEWAL","lines":[{"line_id":"1","product":"core","amount":"10000.00","quantity":"1"}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"60%"},{"payee_id":"ben","role":"AE","counts":"REVENUE","share":"40%"}]}
{"deal_id":"D-2","revision":1,"closed_on":"2026-02-20","currency":"USD","kind":"RENEWAL","lines":[{"line_id":"1","product":"core","amount":"4000.00","quantity":"1"}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"1"}]}
"#;

struct Scratch(tempfile::TempDir);

impl Scratch {
    /// The worked company with two deals, January released and February closed.
    fn released() -> Scratch {
        let scratch = Scratch(tempfile::tempdir().unwrap());
        let company = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
        scratch.accrue(&["publish", company, "--author", "kim", "--yes"], 0);
        scratch.accrue(&["ingest", &scratch.write("deals.jsonl", DEALS)], 0);
        scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes", "--wait"], 0);
        scratch.accrue(&["release", "2026-01", "--author", "lee"], 0);
        scratch.accrue(&["close", "2026-02", "--author", "kim", "--yes", "--wait"], 0);
        scratch
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Standard output and standard error, the latter on one line, of a command that ends with `code`.
    fn accrue(&self, arguments: &[&str], code: i32) -> (String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(arguments).args(["--data", &self.path("data")]).env_remove("ACCRUE_LOG");
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr).split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}{err}");
        (out, err)
    }
}

#[test]
fn a_released_run_is_the_same_file_each_time_and_no_other_takes_its_place() {
    let scratch = Scratch::released();
    let (file, named) = (scratch.path("january.csv"), scratch.write("names.toml", "earning_codes = { RENEW = \"Renewals\" }"));
    let (first, totals) = scratch.accrue(&["export", "payouts", "2026-01"], 0);
    let rows: Vec<&str> = first.lines().skip(1).filter(|row| row.contains(",RENEW,")).collect();
    let ana =
        "fiscal-2026-01-1/ana/RENEW/regular/USD/2026-01,fiscal-2026-01-1,2026-01,ana,E1101,RENEW,REGULAR,2026-01,150.00,USD";
    let ben =
        "fiscal-2026-01-1/ben/RENEW/regular/USD/2026-01,fiscal-2026-01-1,2026-01,ben,E1102,RENEW,REGULAR,2026-01,100.00,USD";
    assert_eq!(rows, [ana, ben], "{first}");
    assert!(totals.contains(" USD, in ") && totals.contains("digest "), "{totals}");
    let to_file = ["export", "payouts", "2026-01", "--out", &file];
    for _ in 0..2 {
        scratch.accrue(&to_file, 0);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    }
    let control = std::fs::read_to_string(format!("{file}.control.json")).unwrap();
    let control: serde_json::Value = serde_json::from_str(&control).unwrap();
    assert_eq!((&control["run_id"], &control["rows"]), (&"fiscal-2026-01-1".into(), &(first.lines().count() - 1).into()));
    let other = scratch.accrue(&[&to_file[..], &["--profile", "workday", "--names", &named]].concat(), 1).1;
    assert!(other.contains("january.csv is there with another content, of run fiscal-2026-01-1"), "{other}");
    std::fs::write(&file, first.replace("150.00", "950.00")).unwrap();
    let changed = scratch.accrue(&to_file, 1).1;
    assert!(changed.contains("january.csv was changed since it was written; choose another name"), "{changed}");
    let foreign = scratch.accrue(&["export", "payouts", "2026-01", "--out", &named], 1).1;
    assert!(foreign.contains("is there, without control totals; choose another name"), "{foreign}");
    let workday = scratch.accrue(&["export", "payouts", "2026-01", "--profile", "workday", "--names", &named], 0).0;
    assert!(workday.contains("\nfiscal-2026-01-1,E1101,Renewals,2026-01,150.00,USD,N\n"), "{workday}");
    let gusto = scratch.accrue(&["export", "payouts", "2026-01", "--profile", "gusto"], 0).0;
    let gusto: serde_json::Value = serde_json::from_str(&gusto).unwrap();
    let paid = gusto["employee_compensations"].as_array().unwrap();
    let mut fixed = paid.iter().flat_map(|of| of["fixed_compensations"].as_array().unwrap());
    assert!(fixed.any(|fixed| fixed["name"] == "RENEW" && fixed["amount"] == "150.00"), "{gusto}");
    for (arguments, code, said) in [
        (&["2026-02"][..], 1, "2026-02 is not released: accrue release publishes its payouts"),
        (&["2026-03"], 1, "2026-03 is not closed: accrue close closes it"),
        (
            &["2026-01", "--profile", "adp"],
            78,
            "employee_ref \"E1101\" of \"ana\" is no file number of at most 6 digits: add ana = \"..\"",
        ),
        (
            &["2026-01", "--profile", "adp"],
            78,
            "RENEW needs a code of one or two characters: add RENEW = \"..\" to [earning_codes]",
        ),
        (&["2026-01", "--names", "/nowhere.toml"], 74, "/nowhere.toml: No such file or directory"),
    ] {
        let err = scratch.accrue(&[&["export", "payouts"], arguments].concat(), code).1;
        assert!(err.contains(said), "{err}");
    }
}

/// Names under which ADP takes the worked company: what its people and earning codes are called in letters is a number there.
fn adp_names(rows: &str) -> String {
    let columns: Vec<Vec<&str>> = rows.lines().skip(1).map(|row| row.split(',').collect()).collect();
    let distinct = |column: usize| columns.iter().map(|row| row[column]).collect::<std::collections::BTreeSet<_>>();
    let table = |names: std::collections::BTreeSet<&str>, number: &dyn Fn(usize) -> String| {
        let lines = names.into_iter().enumerate().map(|(at, name)| format!("{name} = \"{}\"\n", number(at)));
        lines.collect::<String>()
    };
    let (codes, payees) = (table(distinct(5), &|at| format!("{at:02}")), table(distinct(3), &|at| format!("{}", 1100 + at)));
    format!("company_code = \"HBR\"\n[earning_codes]\n{codes}[employee_refs]\n{payees}")
}

#[test]
fn every_profile_is_the_same_twice_and_a_run_has_one_content_in_a_place() {
    let scratch = Scratch::released();
    let rows = scratch.accrue(&["export", "payouts", "2026-01"], 0).0;
    let names = scratch.write("names.toml", &adp_names(&rows));
    std::fs::create_dir(scratch.path("out")).unwrap();
    let read = |file: &str| (std::fs::read(file).unwrap(), std::fs::read(format!("{file}.control.json")).unwrap());
    for profile in ["csv", "adp", "workday", "gusto"] {
        let file = scratch.path(&format!("out/january-{profile}"));
        let to_file = ["export", "payouts", "2026-01", "--profile", profile, "--names", &names, "--out", &file];
        scratch.accrue(&to_file, 0);
        let first = read(&file);
        scratch.accrue(&to_file, 0);
        assert_eq!(read(&file), first, "{profile}");
        let elsewhere = scratch.path(&format!("out/january-{profile}-again"));
        let again = |names: &str, code| {
            let arguments = ["export", "payouts", "2026-01", "--profile", profile, "--names", names, "--out", &elsewhere];
            scratch.accrue(&arguments, code).1
        };
        again(&names, 0);
        assert_eq!(read(&elsewhere), first, "{profile}");
        if profile == "csv" {
            continue;
        }
        std::fs::remove_file(&elsewhere).unwrap();
        std::fs::remove_file(format!("{elsewhere}.control.json")).unwrap();
        let other = scratch.write("other.toml", &adp_names(&rows).replace("\"11", "\"22"));
        let said = again(&other, 1);
        let expected = format!("january-{profile}.control.json says that run fiscal-2026-01-1 was written with another content");
        assert!(said.contains(&expected) && !std::path::Path::new(&elsewhere).exists(), "{said}");
    }
}

#[test]
fn what_payroll_says_is_compared_with_what_was_published() {
    let scratch = Scratch::released();
    let say = |text: &str, code| {
        let file = scratch.write("said.jsonl", text);
        scratch.accrue(&["ingest", &file, "--topic", "payout-acknowledged"], code).0
    };
    let word = |payee: &str, rest: &str| {
        format!(r#"{{"payout_id":"fiscal-2026-01-1/{payee}/RENEW/regular/USD/2026-01","payee_id":"{payee}",{rest}}}"#) + "\n"
    };
    let states = |code| {
        let rows = scratch.accrue(&["payroll", "2026-01", "--all", "--json"], code).0;
        let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let of = |row: serde_json::Value| format!("{} {}", row["payee_id"].as_str().unwrap(), row["state"].as_str().unwrap());
        rows.filter(|row| row["earning_code"] == "RENEW").map(of).collect::<Vec<_>>()
    };
    assert_eq!(states(0), ["ana unpaid", "ben unpaid"]);
    let accepted = word("ana", r#""status":"ACCEPTED""#) + &word("ben", r#""status":"PAID","amount":"100","reference":"T-1""#);
    assert_eq!(say(&accepted, 0), "2 counted, 0 duplicate, 0 parked, 0 rejected; 2 lines appended, 0 refused before that\n");
    assert_eq!(states(0), ["ana accepted", "ben paid"]);
    say(&word("ana", r#""status":"PAID","amount":"140.00""#), 0);
    assert_eq!(states(1), ["ana paid unlike published", "ben paid"]);
    let shown = scratch.accrue(&["payroll"], 1).0;
    assert!(shown.contains("150.00  140.00  paid unlike published") && !shown.contains("ben "), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    say(&word("ben", r#""status":"RETURNED","reason":"account closed""#), 0);
    say(&word("ana", r#""status":"PAID","amount":"150.00""#), 0);
    assert_eq!(states(1), ["ana paid", "ben returned"]);
    say(&word("ben", r#""status":"REJECTED","reason":"no such account""#), 0);
    assert_eq!(states(1), ["ana paid", "ben rejected"]);
    let shown = scratch.accrue(&["payroll"], 1).0;
    assert!(shown.contains("rejected") && shown.contains("no such account"), "{shown}");
    say(&word("ben", r#""status":"RETURNED","reason":"account closed""#), 0);
    // Under the name of another payee it says nothing about her payout.
    say(r#"{"payout_id":"fiscal-2026-01-1/ana/RENEW/regular/USD/2026-01","payee_id":"ben","status":"ACCEPTED"}"#, 0);
    assert_eq!(states(1), ["ana paid", "ben returned"]);
    let refused = say(
        &[
            word("ana", r#""status":"PAID""#),
            word("ana", r#""status":"REJECTED""#),
            word("ana", r#""status":"LOST""#),
            word("", r#""status":"ACCEPTED""#),
            word("ana", r#""status":"ACCEPTED","note":1"#),
        ]
        .concat(),
        1,
    );
    let expected = "line 1: refused: amount: missing: PAID states it [invalid_field]\n\
                    line 2: refused: reason: missing: REJECTED states it [invalid_field]\n\
                    line 3: refused: status: \"LOST\" is not one of ACCEPTED, REJECTED, PAID, RETURNED [invalid_field]\n\
                    line 4: refused: payee_id: empty [invalid_field]\n\
                    line 5: refused: note: unknown field [invalid_field]\n";
    assert!(refused.starts_with(expected), "{refused}");
    say(r#"{"payout_id":"2026-01/ana/X","payee_id":"ana","status":"ACCEPTED"}"#, 0);
    let stray = scratch.accrue(&["payroll"], 1).0;
    assert!(
        stray.contains("2026-01/ana/X\n    payout_id: no released run has such a payout of \"ana\" [invalid_field]"),
        "{stray}"
    );
    assert!(stray.contains("2 stray acknowledgements"), "{stray}");
}
