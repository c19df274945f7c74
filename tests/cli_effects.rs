//! What `publish` says of pay before it asks: everybody who earns something else, and who loses for periods that are closed.

#[path = "support/command.rs"]
mod command;

use command::{Scratch, accrue, code, err, out};

const PAYEES: &str = "id,title,manager,pay_group,plans,from,to\nana,AE,,default,ae,2026-01-01,\nzoe,AE,,default,ae,2026-01-01,\n";
const QUOTAS: &str = "payee,measure,calendar,interval,amount,applies_from\n";

/// The company with account executives alone, whose renewals pay at this rate.
fn company(scratch: &Scratch, rate: &str, quotas: &str) -> String {
    let plan = include_str!("../config/plans/ae.2026-01-01.toml").replace("rate = \"2.5%\"", &format!("rate = \"{rate}\""));
    for (name, text) in [
        ("plans/ae.2026-01-01.toml", plan.as_str()),
        ("company.toml", include_str!("../config/company.toml")),
        ("calendar.toml", include_str!("../config/calendar.toml")),
        ("measures.toml", include_str!("../config/measures.toml")),
        ("payees.csv", PAYEES),
        ("quotas.csv", &format!("{QUOTAS}{quotas}")),
    ] {
        scratch.write(&format!("company/{name}"), text);
    }
    scratch.path("company").display().to_string()
}

fn deal(id: &str, kind: &str, on: &str, amount: &str, payee: &str) -> String {
    format!(
        r#"{{"deal_id":"{id}","revision":1,"status":"CLOSED","change":"CORRECTION","closed_on":"{on}","currency":"USD","kind":"{kind}","lines":[{{"line_id":"1","product":"core","amount":"{amount}","quantity":"1"}}],"splits":[{{"payee_id":"{payee}","role":"owner","counts":"REVENUE","share":"1"}}],"occurred_at":"2026-01-15T10:00:00Z"}}
"#
    )
}

#[test]
fn a_publication_says_what_it_does_to_pay() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let publish = |directory: &str, more: &[&str]| {
        let output = accrue(&[&["publish", directory, "--data", &data, "--yes", "--author", "kim"], more].concat());
        assert_eq!(code(&output), 0, "{}", err(&output));
        (out(&output), err(&output))
    };
    let (_, said) = publish(&company(&scratch, "2.5%", ""), &[]);
    assert!(!said.contains("earned now") && !said.contains("nobody"), "nothing is sold yet: {said}");
    let deals = [
        deal("R1", "RENEWAL", "2026-01-15", "4000.00", "ana"),
        deal("R2", "RENEWAL", "2026-02-15", "8000.00", "ana"),
        deal("R3", "RENEWAL", "2026-02-20", "1000.00", "zoe"),
        deal("N1", "NEW", "2026-01-20", "1000.00", "zoe"),
    ];
    let file = scratch.write("deals.jsonl", &deals.concat());
    let ingested = accrue(&["ingest", &file, "--data", &data]);
    assert_eq!(code(&ingested), 0, "{}{}", out(&ingested), err(&ingested));
    let closed = accrue(&["close", "2026-01", "--data", &data, "--author", "kim", "--yes"]);
    assert_eq!(code(&closed), 0, "{}", err(&closed));

    let (_, said) = publish(&company(&scratch, "2.5%", "ana,new-arr,fiscal,2026-Q1,1000.00,\n"), &[]);
    assert!(said.contains("nobody earns more or less money by it\n"), "{said}");

    let quota = "ana,new-arr,fiscal,2026-Q1,1000.00,\nzoe,new-arr,fiscal,2026-Q1,500.00,\n";
    let (_, said) = publish(&company(&scratch, "2.0%", quota), &[]);
    let table = "payee  earned now    then  difference  of it closed  currency
ana        300.00  240.00      -60.00        -20.00  USD
zoe         25.00  122.50       97.50        102.50  USD
less is earned for periods that are closed, which may not be lawful everywhere,
by ana
";
    assert!(said.contains(table), "{said}");
    // And so it is.
    let totals = out(&accrue(&["export", "totals", "--data", &data]));
    let earned = |payee: &str| {
        let rows = totals.lines().filter(|row| row.starts_with(&format!("total,{payee},")));
        rows.map(|row| row.split(',').nth(6).unwrap().replace('.', "").parse::<i64>().unwrap()).sum::<i64>()
    };
    assert_eq!((earned("ana"), earned("zoe")), (24_000, 12_250), "{totals}");

    let (told, _) = publish(&company(&scratch, "2.5%", quota), &["--json"]);
    let ana = r#"{"after":"300.00","before":"240.00","currency":"USD","difference":"60.00","in_closed_periods":"20.00","kind":"pay","less_in":[],"payee":"ana"}"#;
    let pay: Vec<&str> = told.lines().filter(|line| line.contains(r#""kind":"pay""#)).collect();
    assert_eq!((pay.len(), pay.last().copied()), (2, Some(ana)), "{told}");
    let (_, said) = publish(&company(&scratch, "2.0%", quota), &["--no-pay"]);
    assert!(!said.contains("earned now"), "{said}");
}
