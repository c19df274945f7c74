//! Pay in another currency, on the command line: a close without a rate, or without an amount of somebody's own, what is paid in which currency, files for payroll,
//! and the second engine.

use std::process::{Command, Output};

const COMPANY: &str = "company_id = \"small\"\ncurrency = \"USD\"\ncalendar = \"fiscal\"\ncloser_may_release = false\n";
const CALENDAR: &str = "id = \"fiscal\"\nkind = \"monthly\"\nfrom = \"2026-01\"\nto = \"2026-12\"\n";
const MEASURES: &str = "[[measure]]\nid = \"sales\"\nof = \"amount\"\ncredit_kinds = [\"REVENUE\"]\n";
const PLAN: &str = r#"plan = "rep"
from = 2026-01-01
currency = "USD"
calendar = "fiscal"
prorate = { by = "months", quota = false, target = false, cap = false, draw = false }
mid_interval_change = "carry"
negative_pay = "carry"
after_release = "adjust"
[[component]]
id = "commission"
earning_code = "COMM"
interval = "month"
scope = "running"
tier_by = { measure = "sales", as = "amount" }
pays = { rate_of = "sales" }
method = "marginal"
boundary = "upper"
negative = "carry"
clawback = { price = "recompute", period = "original" }
rounding = { to = "0.01", mode = "half_even", at = "cumulative" }
tiers = [{ from = "0", rate = "10%" }]
"#;
const PAYEES: &str = "id,title,manager,pay_group,plans,from,to,employee_ref,pay_currency
ana,Rep,,default,rep,2026-01-01,,1101,
bo,Rep,,default,rep,2026-01-01,,1102,GBP
cy,Rep,,default,rep,2026-01-01,,1103,GBP
";
const RATES: &str = "rate_type,from_currency,to_currency,from,rate,max_age_days\n";

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Scratch {
        let scratch = Scratch(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(scratch.0.path().join("company/plans")).unwrap();
        let company = format!("{COMPANY}pay_rate_type = \"pay\"\n");
        let files = [("company.toml", company.as_str()), ("calendar.toml", CALENDAR), ("measures.toml", MEASURES)];
        for (name, text) in files.into_iter().chain([("plans/rep.2026-01-01.toml", PLAN), ("payees.csv", PAYEES)]) {
            scratch.write(&format!("company/{name}"), text);
        }
        scratch
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn publish(&self, rates: &str) {
        self.write("company/rates.csv", &format!("{RATES}{rates}"));
        self.accrue(&["publish", &self.path("company"), "--author", "kim", "--yes"], 0);
    }

    fn deal(&self, id: &str, revision: u32, on: &str, amount: &str, payee: &str) {
        let text = format!(
            r#"{{"deal_id":"{id}","revision":{revision},"closed_on":"{on}","currency":"USD","lines":[{{"line_id":"1","product":"core","amount":"{amount}","quantity":"1"}}],"splits":[{{"payee_id":"{payee}","role":"AE","counts":"REVENUE","share":"1"}}]}}"#
        );
        self.accrue(&["ingest", &self.write("deals.jsonl", &text)], 0);
    }

    fn close_and_release(&self, period: &str) {
        self.accrue(&["close", period, "--author", "kim", "--yes", "--wait"], 0);
        self.accrue(&["release", period, "--author", "lee"], 0);
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

/// Lines with single spaces between their words.
fn words(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_period_closes_when_all_pay_has_a_rate() {
    let scratch = Scratch::new();
    scratch.publish("pay,USD,GBP,2026-02-01,0.5,27\n");
    scratch.deal("D-1", 1, "2026-01-20", "1000.00", "ana");
    let refused = scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes"], 1).1;
    let why = "2026-01 cannot be closed: pay lacks a rate; add it to rates.csv and publish \
               GBP: no \"pay\" rate from USD to GBP is stated for 2026-01-31 or before; it pays bo, cy";
    assert!(refused.contains(why), "{refused}");
    scratch.publish("pay,USD,GBP,2026-01-01,0.8,3\n");
    let refused = scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes"], 1).1;
    let why = "the last \"pay\" rate from USD to GBP is of 2026-01-01 and holds 3 days behind it, not until 2026-01-31";
    assert!(refused.contains(why), "{refused}");
    scratch.publish("pay,USD,GBP,2026-01-01,0.8,30\n");
    scratch.close_and_release("2026-01");
    // Now pay stays in pounds.
    scratch.write("company/payees.csv", &PAYEES.replace("1102,GBP", "1102,"));
    let refused = scratch.accrue(&["publish", &scratch.path("company"), "--author", "kim", "--yes"], 78).0;
    let refused = words(&refused).join(" ");
    assert!(refused.contains("a close may have paid \"bo\" in GBP: pay in USD cannot follow"), "{refused}");
    let verified = scratch.accrue(&["verify"], 0).0;
    assert!(verified.contains(" totals, 0 differ"), "{verified}");
}

#[test]
fn a_period_closes_when_everybody_has_the_amounts_of_their_pay() {
    let scratch = Scratch::new();
    let cap = "payment_cap = { amount = \"payee.most\", excess = \"lost\" }\n[[component]]";
    scratch.write("company/plans/rep.2026-01-01.toml", &PLAN.replace("[[component]]", cap));
    let payees = "id,title,manager,pay_group,plans,from,to,parameter.most\nbo,Rep,,default,rep,2026-01-01,,\n";
    let seven: String = (1..=6).map(|number| format!("p{number},Rep,,default,rep,2026-01-01,,\n")).collect();
    scratch.write("company/payees.csv", &format!("{payees}{seven}"));
    scratch.publish("");
    let refused = words(&scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes"], 1).1).join(" ");
    let lacks = |id: &str| format!("{id}: payment_cap.amount: plan \"rep\" needs the payee's most in 2026-01");
    let named: Vec<String> = ["bo", "p1", "p2", "p3", "p4"].map(lacks).to_vec();
    let why = format!(
        "2026-01 cannot be closed: pay lacks amounts of payees' own; state them in payees.csv and publish {} and 2 more",
        named.join(" ")
    );
    assert!(refused.contains(&why), "{refused}");
    let stated = format!("{payees}{seven}").replace("2026-01-01,,\n", "2026-01-01,,70.00\n");
    scratch.write("company/payees.csv", &stated);
    scratch.publish("");
    scratch.deal("D-1", 1, "2026-01-20", "1000.00", "bo");
    scratch.close_and_release("2026-01");
    let paid = words(&scratch.accrue(&["payouts"], 0).0).join("; ");
    assert!(paid.contains("bo CAPPED CARRIED 2026-01 -30.00 USD") && paid.contains("70.00 USD in all"), "{paid}");
}

#[test]
fn what_is_paid_is_told_in_every_currency() {
    let scratch = Scratch::new();
    scratch.publish("pay,USD,GBP,2026-01-01,0.8,30\npay,USD,GBP,2026-02-01,0.5,27\n");
    scratch.deal("D-1", 1, "2026-01-20", "10000.00", "ana");
    scratch.deal("D-2", 1, "2026-01-20", "20000.00", "bo");
    scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes", "--wait"], 0);
    let draft = words(&scratch.accrue(&["payouts", "--draft"], 0).0);
    let bo = "bo COMM REGULAR 2026-01 1 600.00 GBP 2 000.00 USD 0.8 2026-01-01";
    assert_eq!(draft[2], "payee code kind earned in amount currency of plan plan in rate of");
    assert_eq!(draft[3], "ana COMM REGULAR 2026-01 1 000.00 USD 1 000.00 USD - -");
    assert_eq!(draft[4..], [bo, "2 payouts, 1 600.00 GBP, 1 000.00 USD in all"]);
    let released = scratch.accrue(&["release", "2026-01", "--author", "lee", "--json"], 0).0;
    let released: serde_json::Value = serde_json::from_str(&released).unwrap();
    let pounds = serde_json::json!([{"currency": "GBP", "records": 1, "total": "1600.00"}]);
    assert_eq!((&released["records"], &released["total"]), (&2.into(), &"1000.00".into()));
    assert_eq!(released["other_totals"], pounds);
    let run: serde_json::Value = serde_json::from_str(&scratch.accrue(&["tap", "payout-run"], 0).0).unwrap();
    assert_eq!((&run["value"]["total"], &run["value"]["other_totals"]), (&"1000.00".into(), &pounds), "{run}");
    // The deal is cancelled to the cent, in both currencies.
    scratch.deal("D-2", 2, "2026-01-20", "0.00", "bo");
    scratch.deal("D-3", 1, "2026-02-20", "1000.00", "bo");
    scratch.close_and_release("2026-02");
    let statement = scratch.accrue(&["statement", "bo"], 0).0;
    let carried = "carried into the next run: -1 900.00, which is -1 550.00 GBP";
    assert!(statement.contains(carried), "{statement}");
    let row = scratch.accrue(&["payouts", "--json"], 0).0;
    let row: serde_json::Value = serde_json::from_str(row.lines().find(|row| row.contains("\"bo\"")).unwrap()).unwrap();
    let found = ["amount", "currency", "plan_amount", "plan_currency", "rate", "rate_date"].map(|key| row[key].clone());
    assert_eq!(found, ["1600.00", "GBP", "2000.00", "USD", "0.8", "2026-01-01"].map(serde_json::Value::from));
    let verified = scratch.accrue(&["verify"], 0).0;
    assert!(verified.contains(" totals, 0 differ"), "{verified}");
}

#[test]
fn a_file_for_payroll_adds_up_in_each_currency() {
    let scratch = Scratch::new();
    scratch.publish("pay,USD,GBP,2026-01-01,0.8,30\n");
    scratch.deal("D-1", 1, "2026-01-20", "10000.00", "ana");
    scratch.deal("D-2", 1, "2026-01-20", "20000.00", "bo");
    scratch.close_and_release("2026-01");
    let export = |arguments: &[&str], code| scratch.accrue(&[&["export", "payouts", "2026-01"], arguments].concat(), code);
    let (file, told) = export(&[], 0);
    assert_eq!(file.lines().count(), 3, "{file}");
    assert!(told.contains("2 payouts, 1000.00 USD, 1600.00 GBP, in 2 rows"), "{told}");
    let names = scratch.write("names.toml", "company_code = \"HBR\"\nearning_codes = { COMM = \"C\" }");
    let adp = ["--profile", "adp", "--names", &names];
    let mixed = export(&adp, 78).1;
    assert!(mixed.contains("the run pays in GBP and USD, and such a file has one currency: name it with --currency"), "{mixed}");
    let (file, told) = export(&[&adp[..], &["--currency", "GBP"]].concat(), 0);
    assert!(file.ends_with("HBR,202601,001102,C,1600.00\n") && file.lines().count() == 2, "{file}");
    assert!(told.contains("1 payouts, 1600.00 GBP, in 1 rows"), "{told}");
    let none = export(&["--currency", "CHF"], 1).1;
    assert!(none.contains("the run pays nothing in CHF; it pays in GBP, USD"), "{none}");
    let out = scratch.path("january.csv");
    export(&["--out", &out], 0);
    let control: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{out}.control.json")).unwrap()).unwrap();
    assert_eq!(control["other_totals"], serde_json::json!([{"currency": "GBP", "payouts": 1, "total": "1600.00"}]));
    let said =
        r#"{"payout_id":"fiscal-2026-01-1/bo/COMM/regular/GBP/2026-01","payee_id":"bo","status":"PAID","amount":"1600.00"}"#;
    scratch.accrue(&["ingest", &scratch.write("said.jsonl", said), "--topic", "payout-acknowledged"], 0);
    let shown = words(&scratch.accrue(&["payroll", "2026-01", "--all"], 0).0);
    assert!(shown.iter().any(|line| line.starts_with("bo 2026-01 COMM 1 600.00 GBP 1 600.00 paid")), "{shown:?}");
    assert_eq!(shown[shown.len() - 2..], ["1 paid, 1 600.00 GBP", "1 unpaid, 1 000.00 USD"], "{shown:?}");
}

#[test]
fn a_run_that_no_record_holds_is_reopened() {
    let scratch = Scratch::new();
    scratch.publish("pay,USD,GBP,2026-01-01,7420000000,30\n");
    scratch.deal("D-1", 1, "2026-01-20", "100000.00", "bo");
    scratch.deal("D-2", 1, "2026-01-20", "100000.00", "cy");
    scratch.accrue(&["close", "2026-01", "--author", "kim", "--yes", "--wait"], 0);
    let refused = scratch.accrue(&["release", "2026-01", "--author", "lee"], 1).1;
    let why = "2026-01 pays 148400000000000.00 GBP, more than the record of a run holds: accrue reopen 2026-01, correct the rates, \
               and close it again";
    assert!(refused.contains(why), "{refused}");
    scratch.accrue(&["reopen", "2026-01", "--author", "kim"], 0);
    scratch.publish("pay,USD,GBP,2026-01-01,0.742,30\n");
    scratch.close_and_release("2026-01");
    let paid = words(&scratch.accrue(&["payouts"], 0).0);
    assert_eq!(paid.last().map(String::as_str), Some("2 payouts, 14 840.00 GBP in all"), "{paid:?}");
    let verified = scratch.accrue(&["verify"], 0).0;
    assert!(verified.contains(" totals, 0 differ"), "{verified}");
}
