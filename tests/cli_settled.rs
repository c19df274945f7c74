//! Payments of customers through `accrue ingest --topic deal-settled`: before their deal, twice, wrong, and what is paid of
//! them by the runs of two periods.

use std::process::{Command, Output};

/// Of a renewal of 10 000 a first half, which comes before its deal; the same again; and nine others that do not count.
const SETTLEMENTS: &str = r#"{"settlement_id":"S1","deal_id":"D-1","kind":"COLLECTED","amount":"5000.00","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S1","deal_id":"D-1","kind":"COLLECTED","amount":"5000","currency":"USD","on":"2026-02-15","occurred_at":7}
{"settlement_id":"S1","deal_id":"D-1","kind":"COLLECTED","amount":"5001.00","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S2","deal_id":"D-1","kind":"COLLECTED","amount":"1","currency":"EUR","on":"2026-02-28"}
{"settlement_id":"S3","deal_id":"D-1","kind":"INVOICED","amount":"10000","currency":"USD","on":"2026-01-21"}
{"settlement_id":"S4","deal_id":"D-1","kind":"COLLECTED","amount":"0","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S5","deal_id":"D-1","kind":"PAID","amount":"1","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S6","deal_id":"D-1","kind":"COLLECTED","amount":"1e3","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S7","deal_id":"","kind":"COLLECTED","amount":"1","currency":"USD","on":"2026-02-15"}
{"settlement_id":"S8","deal_id":"D-1","kind":"COLLECTED","amount":"1","currency":"USD","on":"2026-02-30"}
"#;
const TOLD: &str = r#"line 6: refused: amount: 0 is not more than 0: the kind says which way the money went [invalid_field]
line 7: refused: kind: "PAID" is not one of INVOICED, COLLECTED, REFUNDED [invalid_field]
line 8: refused: amount: "1e3" is not a plain decimal number [invalid_field]
line 9: refused: deal_id: empty [invalid_field]
line 10: refused: on: "2026-02-30" is not a date like 2026-01-31 [invalid_field]
line 1: parked: deal_id: there is no deal "D-1" yet [unknown_deal]
line 3: rejected: settlement_id: settlement "S1" of deal "D-1" was accepted before with another content [revision_conflict]
line 4: parked: deal_id: there is no deal "D-1" yet [unknown_deal]
line 5: parked: deal_id: there is no deal "D-1" yet [unknown_deal]
0 counted, 1 duplicate, 3 parked, 6 rejected; 5 lines appended, 5 refused before that
"#;
const DEAL: &str = r#"{"deal_id":"D-1","revision":1,"status":"CLOSED","closed_on":"2026-01-20","currency":"USD","kind":"RENEWAL","lines":[{"line_id":"1","product":"analytics","amount":"10000.00","quantity":"1"}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"100%"}]}"#;

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs a command on the log, which must end with `code`; its standard output.
    fn accrue(&self, arguments: &[&str], code: i32) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(arguments).args(["--data", &self.path("data")]).env_remove("ACCRUE_LOG");
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}{err}");
        out
    }

    /// What the run of a period pays ana for renewals.
    fn pays(&self, period: &str) -> Vec<String> {
        self.accrue(&["close", period, "--author", "kim", "--yes", "--wait"], 0);
        self.accrue(&["release", period, "--author", "lee"], 0);
        let rows = self.accrue(&["payouts", "--json"], 0);
        let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let of_period = rows.filter(|row| row["period"] == period && row["earning_code"] == "RENEW");
        of_period.map(|row| row["amount"].as_str().unwrap().to_owned()).collect()
    }
}

/// The worked company, whose renewals are paid 40 % at once and 60 % with the customer's money.
fn company(scratch: &Scratch) -> String {
    let from = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"));
    std::fs::create_dir_all(scratch.path("company/plans")).unwrap();
    for name in ["company.toml", "calendar.toml", "measures.toml", "payees.csv", "rates.csv", "quotas.csv", "directory.csv"] {
        std::fs::copy(from.join(name), scratch.path(&format!("company/{name}"))).unwrap();
    }
    for entry in std::fs::read_dir(from.join("plans")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let pay =
            "attribution = \"slice\"\npay = [{ share = \"40%\", when = \"booked\" }, { share = \"60%\", when = \"settled\" }]";
        let text = text.replace("id = \"renewals\"\n", &format!("id = \"renewals\"\n{pay}\n"));
        scratch.write(&format!("company/plans/{}", path.file_name().unwrap().to_str().unwrap()), &text);
    }
    scratch.path("company")
}

#[test]
fn what_a_customer_pays_is_paid_on() {
    let scratch = Scratch(tempfile::tempdir().unwrap());
    let company = company(&scratch);
    scratch.accrue(&["publish", &company, "--author", "kim", "--yes"], 0);
    assert_eq!(scratch.accrue(&["rejects", "list", "--kind", "parked"], 0), "", "all quotas have their calendar");
    let settlements = scratch.write("settlements.jsonl", SETTLEMENTS);
    let ingest = ["ingest", &settlements, "--topic", "deal-settled"];
    assert_eq!(scratch.accrue(&ingest, 1), TOLD);
    scratch.accrue(&["ingest", &scratch.write("deals.jsonl", DEAL)], 0);
    let waits = scratch.accrue(&["rejects", "list", "--kind", "parked"], 0);
    let other = "currency: \"EUR\" is not what deal \"D-1\" is in [other_currency]";
    assert!(waits.contains(other) && waits.matches("deal-settled").count() == 1, "{waits}");
    assert_eq!(scratch.pays("2026-01"), ["100.00"]);
    assert_eq!(scratch.pays("2026-02"), ["75.00"]);
    let statement = scratch.accrue(&["statement", "ana"], 0);
    assert!(statement.contains("75.00"), "{statement}");
    assert!(scratch.accrue(&["verify"], 0).ends_with(" totals, 0 differ\n"));
}
