//! Adjustments as people make them: one command each, repeated without harm, taken back, and told when they fit nothing.

#[path = "support/command.rs"]
mod command;

use command::{Scratch, accrue, code, err, out};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");

/// Runs a command on the log; what it said, ending with `expected`.
fn run(arguments: &[&str], data: &str, expected: i32) -> String {
    let output = accrue(&[arguments, &["--data", data]].concat());
    assert_eq!(code(&output), expected, "{arguments:?}: {} {}", out(&output), err(&output));
    out(&output) + &err(&output)
}

fn adjust(arguments: &[&str], data: &str, expected: i32) -> String {
    run(&[&["adjust"], arguments, &["--author", "eva"]].concat(), data, expected)
}

#[test]
fn a_person_adds_repeats_and_takes_back() {
    let scratch = Scratch::new();
    let data = scratch.data();
    run(&["publish", CONFIG, "--yes", "--author", "kim"], &data, 0);
    let contest = ["ana", "2026-01", "500", "--pay", "CONTEST", "--reason", "first of the quarter"];
    let first = adjust(&contest, &data, 0);
    assert!(first.starts_with("ana, 2026-01: 500 pay as CONTEST\nadjustment by-hand-"), "{first}");
    assert_eq!(adjust(&contest, &data, 0), first, "the same words are the same adjustment");
    adjust(&["ana", "2026-01", "-20.25", "--pay", "CONTEST", "--reason", "lunch"], &data, 0);
    adjust(&["ana", "2026-01", "40000", "--credit", "renewals", "--reason", "of the former CRM", "--id", "C1"], &data, 0);
    let review = run(&["close", "2026-01", "--yes", "--wait", "--author", "kim"], &data, 0);
    assert!(review.contains("lines of pay by hand, 979.75 USD in all"), "{review}");
    run(&["release", "2026-01", "--author", "lee"], &data, 0);

    let id = first.lines().nth(1).and_then(|line| line.strip_prefix("adjustment ")).unwrap();
    let back = adjust(&["ana", "--reverse", id, "--reason", "a deal was cancelled"], &data, 0);
    assert!(back.starts_with("ana, 2026-01: -500 pay as CONTEST\n"), "{back}");
    run(&["close", "2026-02", "--yes", "--wait", "--author", "kim"], &data, 0);
    run(&["release", "2026-02", "--author", "lee"], &data, 0);
    let paid = run(&["payouts"], &data, 0);
    let lines: Vec<Vec<&str>> = paid.lines().map(|line| line.split_whitespace().collect()).collect();
    for expected in ["ana CONTEST MANUAL 2026-01 479.75 USD", "ana RENEW REGULAR 2026-01 1 000.00 USD"] {
        assert!(lines.iter().any(|line| line.join(" ") == expected), "{expected}\n{paid}");
    }
    // February owes: it is brought forward, and nothing is paid.
    let balance = run(&["statement", "ana"], &data, 0);
    assert!(balance.contains("-500.00"), "{balance}");
    let verified = run(&["verify"], &data, 0);
    assert!(verified.contains(" 0 differ"), "{verified}");
}

#[test]
fn lines_of_json_are_adjustments_and_come_out_as_they_went_in() {
    let scratch = Scratch::new();
    let data = scratch.data();
    run(&["publish", CONFIG, "--yes", "--author", "kim"], &data, 0);
    let line = r#"{"adjustment_id":"A1","payee_id":"ana","target":"PAY","earning_code":"CONTEST","calendar":"fiscal","effective_period":"2026-01","amount":"500","author":"hr","reason":"contest"}"#;
    let wrong = line.replace("\"reason\":\"contest\"", "\"reason\":\"\"");
    let other = line.replace("\"CONTEST\"", "\"CONTEST\",\"component\":\"new-business\"");
    let file = scratch.write("adjustments.jsonl", &format!("{line}\n{line}\n{wrong}\n{other}\n"));
    let told = run(&["ingest", &file, "--topic", "adjustment-made"], &data, 1);
    let expected = "line 3: refused: reason: an adjustment says why [invalid_field]
line 4: refused: target: with this one earning_code is stated, and nothing of the others [invalid_field]
2 counted, 0 duplicate, 0 parked, 2 rejected; 2 lines appended, 2 refused before that
";
    assert_eq!(told, expected);
    let tapped = run(&["tap", "adjustment-made", "--key", "ana"], &data, 0);
    let values: Vec<String> =
        tapped.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["value"].to_string()).collect();
    let again = scratch.write("again.jsonl", &values.join("\n"));
    run(&["ingest", &again, "--topic", "adjustment-made"], &data, 0);
    let statement = run(&["statement", "ana"], &data, 0);
    assert!(statement.contains("manual:CONTEST") && statement.contains("500.00"), "{statement}");
    assert!(!statement.contains("1 000.00"), "it counts once: {statement}");
}

#[test]
fn what_fits_nothing_is_told() {
    let scratch = Scratch::new();
    let data = scratch.data();
    run(&["publish", CONFIG, "--yes", "--author", "kim"], &data, 0);
    let check = |arguments: &[&str], expected_code: i32, expected: &str| {
        let said = adjust(&[arguments, &["--reason", "test"]].concat(), &data, expected_code);
        assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(expected), "{arguments:?}: {said}");
    };
    check(&["ana", "2026-01", "0.005", "--pay", "X"], 1, "0.005 is not in whole minor units of USD [unmatched_adjustment]");
    check(&["nobody", "2026-01", "5", "--pay", "X"], 1, "payee \"nobody\" is not published [unmatched_adjustment]");
    check(&["ana", "2026-01", "5", "--earning", "expansion"], 1, "component \"expansion\" is not in force in 2026-01");
    check(&["ana", "2026-01", "5", "--credit", "sales"], 1, "measure \"sales\" is not published [unknown_measure]");
    check(&["ana", "2029-01", "5", "--pay", "X"], 1, "no calendar reaches 2029-01 [no_such_interval]");
    check(&["ana", "--reverse", "A1"], 1, "\"ana\" has no adjustment \"A1\"");
    check(&["ana", "2026-01", "0", "--pay", "X"], 2, "amount: 0 adjusts nothing");
    check(&["ana", "2026-01", "5", "--pay", "DRAW"], 2, "\"DRAW\" is what a run adds itself");
    check(&["ana", "2026-01", "5"], 2, "say what it adjusts: --pay CODE, --earning COMPONENT or --credit MEASURE");
    check(&["ana", "2026-01", "100000000001", "--pay", "X"], 2, "amount: 100000000001 is more than 100000000000");
    check(&["ana", "2026-01", "5", "--pay", "X", "--kind", "OVERLAY"], 2, "cannot be used with");
    check(&["ana", "2026-01", "5e2", "--pay", "X"], 2, "\"5e2\" is not a plain decimal number");
    let once = ["ana", "2026-01", "5", "--pay", "X", "--id", "A1"];
    check(&once, 0, "adjustment A1");
    check(&["ana", "2026-01", "6", "--pay", "X", "--id", "A1"], 1, "\"A1\" was accepted before with another content");
    check(&["ana", "--reverse", "A1"], 0, "ana, 2026-01: -5 pay as X");
    check(&once, 1, "adjustment \"A1\" was taken back; give another --id to make it anew");
    check(&["ana", "2026-04", "5", "--pay", "X", "--id", "A1"], 0, "adjustment A1");
    check(&["ana", "--reverse", "A1"], 1, "has an adjustment \"A1\" in more than one quarter");
    let parked = run(&["rejects", "list", "--kind", "parked"], &data, 0);
    assert!(parked.contains("5 parked"), "{parked}");
    let review = run(&["close", "2026-01", "--yes", "--author", "kim"], &data, 0);
    assert!(review.contains("3  adjustments fit nothing (parked)"), "{review}");
    assert!(review.contains("nobody: adjustment \"by-hand-"), "{review}");
}

/// A running `accrue up`, until it is dropped.
struct Up(std::process::Child);

impl Up {
    fn start(data: &str) -> Up {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(["up", "--data", data, "--listen", "none"]).stderr(std::process::Stdio::null());
        let mut up = Up(command.spawn().unwrap());
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !std::path::Path::new(data).join("control.sock").exists() {
            assert!(up.0.try_wait().unwrap().is_none() && std::time::Instant::now() < deadline, "it is not up");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        up
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ingest_says_what_earning_makes_of_quotas_and_adjustments() {
    let quota = |content: &str| {
        format!(r#"{{"payee_id":"ana","measure":"new-arr","calendar":"fiscal","author":"hr","reason":"test",{content}}}"#) + "\n"
    };
    let adjustment = |content: &str| {
        format!(
            r#"{{"payee_id":"ana","calendar":"fiscal","target":"PAY","earning_code":"X","author":"hr","reason":"test",{content}}}"#
        ) + "\n"
    };
    let quotas = [
        r#""interval":"2026-Q1","amount":"110000","revision":7"#,
        r#""interval":"2026-Q1","amount":"120000","revision":7"#,
        r#""interval":"2026-Q1","amount":"1","revision":8,"applies_from":"2026-01-15""#,
        r#""interval":"2029-Q1","amount":"1","revision":1"#,
        r#""interval":"2026-Q2","amount":"1","revision":9"#,
    ];
    let adjustments = [
        r#""adjustment_id":"A1","effective_period":"2026-01","amount":"5""#,
        r#""adjustment_id":"A1","effective_period":"2026-01","amount":"6""#,
        r#""adjustment_id":"A2","effective_period":"2026-01","amount":"0.005""#,
        r#""adjustment_id":"A3","effective_period":"2029-01","amount":"5""#,
        r#""adjustment_id":"A1","effective_period":"2026-04","amount":"5""#,
    ];
    let elsewhere = quota(r#""interval":"2026-Q1","amount":"1","revision":1"#).replace("fiscal", "civil");
    let files = [
        (
            "quota-changed",
            quotas.map(quota).concat() + &elsewhere,
            r#"line 2: rejected: revision: revision 7 of the quota of "new-arr" for 2026-Q1 was accepted before with another content [revision_conflict]
line 3: parked: the quota of "new-arr" for 2026-Q1: 2026-01-15 is not the first day of one of its pay periods [no_such_interval]
line 4: parked: the quota of "new-arr" for 2029-Q1: no calendar reaches it [no_such_interval]
line 6: rejected: calendar: "civil": the company has one calendar, "fiscal" [not_supported]
2 counted, 0 duplicate, 2 parked, 2 rejected; 6 lines appended, 0 refused before that
"#,
        ),
        (
            "adjustment-made",
            adjustments.map(adjustment).concat(),
            r#"line 2: rejected: adjustment_id: "A1" was accepted before with another content [revision_conflict]
line 3: parked: adjustment "A2" of 2026-Q1: 0.005 is not in whole minor units of USD [unmatched_adjustment]
line 4: parked: adjustment "A3" of 2029-Q1: no calendar reaches 2029-01 [no_such_interval]
2 counted, 0 duplicate, 2 parked, 1 rejected; 5 lines appended, 0 refused before that
"#,
        ),
    ];
    for with_up in [false, true] {
        let scratch = Scratch::new();
        let data = scratch.data();
        run(&["publish", CONFIG, "--yes", "--author", "kim"], &data, 0);
        let _up = with_up.then(|| Up::start(&data));
        for (topic, lines, expected) in &files {
            let file = scratch.write("lines.jsonl", lines);
            assert_eq!(run(&["ingest", &file, "--topic", topic], &data, 1), *expected, "{topic}, with up: {with_up}");
            // What waits still waits when it is told again.
            let again = run(&["ingest", &file, "--topic", topic], &data, 1);
            assert_eq!(again, *expected, "{topic} again, with up: {with_up}");
        }
    }
}
