//! `accrue test` and `accrue explain` as people run them: expectations that are written, and what no case reaches.

use std::path::Path;
use std::process::Command;

/// Exit code, standard output, standard error.
fn accrue(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_accrue")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn config() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"))
}

#[test]
fn the_cases_of_the_worked_company_reach_all_of_its_plans() {
    let (code, out, err) = accrue(&["test", "--coverage", &config().display().to_string()]);
    assert_eq!(code, 0, "{out}{err}");
    let last = out.lines().last().unwrap();
    let parts: Vec<&str> = last.split(' ').collect();
    assert!(parts[0] == parts[2] && last.ends_with(" parts of plans reached"), "{last}");
}

/// Each names its source and the numbers that are published there.
#[test]
fn what_vendors_publish_is_reached_by_plans_alone() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vendor"));
    let files: Vec<String> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect();
    let sourced = |file: &String| {
        let text = std::fs::read_to_string(file).unwrap();
        text.starts_with("# ") && text.contains("ublished") && text.contains(".com") | text.contains("Eclipse Help")
    };
    assert!(files.len() >= 9 && files.iter().all(sourced), "{files:?}");
    let arguments: Vec<&str> = ["test"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (code, out, err) = accrue(&arguments);
    assert_eq!(code, 0, "{out}{err}");
}

/// `config/README.md` lists them, one in a row with a case.
#[test]
fn the_worked_company_uses_at_least_25_rules_each_with_a_case() {
    let readme = std::fs::read_to_string(config().join("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| ") && line.contains("](cases/"));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split('|').map(str::trim).collect()).collect();
    for row in &rows {
        let case = row[3].split("](").nth(1).unwrap().trim_end_matches(')');
        assert!(config().join(case).is_file(), "{case}");
    }
    let rules: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
    assert!(rules.len() >= 25 && rules.len() == rows.len(), "{} rules in {} rows", rules.len(), rows.len());
}

#[test]
fn what_no_case_reaches_is_named() {
    let case = config().join("cases/gate-running.toml");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("case.toml");
    let text = std::fs::read_to_string(case).unwrap();
    let gate = text.lines().find(|line| line.starts_with("gate = ")).unwrap();
    let parts = "cap = [{ per = \"interval\", amount = \"999999.00\", excess = \"lost\" }]\nmultiplier = { measure = \"sales\", as = \
                 \"amount\", tiers = [{ from = \"0\", factor = \"1\" }, { from = \"1000000\", factor = \"2\" }] }\n";
    let table = [
        (text.clone(), ""),
        (text.replace(gate, &format!("{gate}\n{parts}")), "multiplier from 1000000, cap of the interval"),
        (text.replace("at_least = \"80%\"", "at_least = \"0%\""), "gate"),
    ];
    for (text, missed) in table {
        std::fs::write(&file, &text).unwrap();
        let (_, out, err) = accrue(&["test", "--coverage", &file.display().to_string(), "--json"]);
        let rows = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let named: Vec<String> =
            rows.filter_map(|row| row["not_reached"].as_str()?.split_once(": ").map(|(_, name)| name.to_string())).collect();
        assert_eq!(named.join(", "), missed, "{out}{err}");
    }
}

#[test]
fn expectations_are_written_once_and_then_hold() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["draw-late-deal-is-not-repaid-twice", "gate-held-until-the-end", "unknown-payee-parks"] {
        let text = std::fs::read_to_string(config().join("cases").join(format!("{name}.toml"))).unwrap();
        let (head, rest) = text.split_once("[expect]").unwrap();
        let rest = rest.split_once("\n[").map_or("", |(_, rest)| rest);
        let file = directory.path().join(format!("{name}.toml"));
        std::fs::write(&file, format!("{head}[{rest}")).unwrap();
        let path = file.display().to_string();
        let (code, out, err) = accrue(&["test", "--init", &path]);
        assert_eq!(code, 0, "{out}{err}");
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.contains("[expect]\nattainment = ["), "{written}");
        assert_eq!(accrue(&["test", &path]).0, 0, "{written}");
        let (code, out, _) = accrue(&["test", "--init", &path]);
        assert_eq!(code, 78, "a case that has expectations");
        let flat = out.replace("\n    ", " ");
        assert!(flat.contains("duplicate: the case states expectations already"), "{out}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "nothing is written then");
    }
    let (code, _, err) = accrue(&["test", "--init", &config().join("cases/flat-rate.json").display().to_string()]);
    assert_eq!(code, 78);
    assert!(err.contains("--init writes TOML"), "{err}");
}

#[test]
fn every_code_is_explained() {
    let (code, out, err) = accrue(&["explain"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for expected in ["tier-gap (error): ", "no-quota (warning): ", "wrong_partition (rejected): ", "missing_quota (parked): "] {
        assert!(out.contains(expected), "{expected}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let (_, json, _) = accrue(&["explain", "missing_quota", "--json"]);
    let row: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(row["kind"], "parked");
}
