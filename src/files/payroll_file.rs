//! A released run as a file that payroll software takes: the same bytes for the same run.
//!
//! Shapes, each with the limits of its reader: `csv` has a row for each payout; `adp` is ADP's import of paydata, amounts summed
//! by employee and code, split where a row holds no more; `workday` the lines of Import_Payroll_Input; `gusto` the fixed
//! compensations of a payroll's update, whose `version` its caller adds. Leaves out how a file is sent.

use crate::domain::money::{Minor, minor_digits};
use crate::domain::output::{Payout, PayoutKind};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What one row of ADP's import holds, in hundredths: from -40 500.00 to 99 999.99, the narrower of the limits that its
/// documents give.
const ADP_LEAST: i64 = -4_050_000;
const ADP_MOST: i64 = 9_999_999;
/// Digits of ADP's file number.
const ADP_FILE_DIGITS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Csv,
    Adp,
    Workday,
    Gusto,
}

/// What payroll calls things, as a TOML file says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayrollNames {
    /// ADP's code of the company: three characters.
    company_code: Option<String>,
    /// By our earning code. One that is not there keeps its name, where the profile has room for it.
    #[serde(default)]
    earning_codes: BTreeMap<String, String>,
    /// By payee id; goes before the `employee_ref` of a payout, which a run keeps as it was computed.
    #[serde(default)]
    employee_refs: BTreeMap<String, String>,
}

impl PayrollNames {
    pub fn parse(text: &str) -> Result<PayrollNames, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    fn code<'n>(&'n self, code: &'n str) -> &'n str {
        self.earning_codes.get(code).map_or(code, String::as_str)
    }

    /// Empty where nobody says it.
    fn employee<'n>(&'n self, payout: &'n Payout) -> &'n str {
        let named = self.employee_refs.get(&payout.payee_id).or(payout.employee_ref.as_ref());
        named.map_or("", String::as_str)
    }
}

/// A file and what it adds up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayrollFile {
    pub bytes: Vec<u8>,
    /// Without a header.
    pub rows: usize,
    /// BLAKE3 of the bytes, in hexadecimal.
    pub digest: String,
}

/// Writes the payouts of a run; what keeps it from being written comes all at once.
pub fn payroll_file(payouts: &[Payout], profile: Profile, names: &PayrollNames) -> Result<PayrollFile, Vec<String>> {
    let faults = faults(payouts, profile, names);
    if !faults.is_empty() {
        return Err(faults);
    }
    let (header, rows): (&[&str], Vec<Vec<String>>) = match profile {
        Profile::Csv => (&CSV, payouts.iter().map(csv_row).collect()),
        Profile::Adp => (&ADP, adp_rows(payouts, names)),
        Profile::Workday => (&WORKDAY, payouts.iter().map(|payout| workday_row(payout, names)).collect()),
        Profile::Gusto => return Ok(file(gusto(payouts, names), summed(payouts, names).len())),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = std::iter::once(header.iter().map(|name| (*name).to_owned()).collect()).chain(rows.iter().cloned());
    for row in written.collect::<Vec<Vec<String>>>() {
        writer.write_record(row).map_err(|error| vec![error.to_string()])?;
    }
    let bytes = writer.into_inner().map_err(|error| vec![error.to_string()])?;
    Ok(file(bytes, rows.len()))
}

fn file(bytes: Vec<u8>, rows: usize) -> PayrollFile {
    let digest = blake3::hash(&bytes).to_hex().to_string();
    PayrollFile { bytes, rows, digest }
}

const CSV: [&str; 10] = [
    "payout_id",
    "run_id",
    "period",
    "payee_id",
    "employee_ref",
    "earning_code",
    "kind",
    "effective_period",
    "amount",
    "currency",
];
const ADP: [&str; 5] = ["Co Code", "Batch ID", "File #", "Earnings 3 Code", "Earnings 3 Amount"];
const WORKDAY: [&str; 7] = ["Batch_ID", "Worker", "Pay_Component", "Start_Period", "Amount", "Currency", "Adjustment"];

/// Every reason why a run cannot be written.
fn faults(payouts: &[Payout], profile: Profile, names: &PayrollNames) -> Vec<String> {
    let mut faults = BTreeSet::new();
    if profile == Profile::Adp && names.company_code.as_ref().is_none_or(|code| code.chars().count() != 3) {
        faults.insert("company_code is missing or has not three characters: state it in the file of --names".to_owned());
    }
    let currencies: BTreeSet<&str> = payouts.iter().map(|payout| payout.currency.as_str()).collect();
    if matches!(profile, Profile::Adp | Profile::Gusto) && currencies.len() > 1 {
        let all = currencies.into_iter().collect::<Vec<_>>().join(" and ");
        faults.insert(format!("the run pays in {all}, and such a file has one currency: name it with --currency"));
    }
    for payout in payouts.iter().filter(|_| profile != Profile::Csv) {
        let payee = &payout.payee_id;
        let employee = names.employee(payout);
        if employee.is_empty() {
            faults.insert(format!("payee \"{payee}\" has no employee_ref: {}", state_ref(payee)));
            continue;
        }
        if profile != Profile::Adp {
            continue;
        }
        let code = names.code(&payout.earning_code);
        if code.is_empty() || code.chars().count() > 2 {
            let of = &payout.earning_code;
            faults.insert(format!("{of} needs a code of one or two characters: add {of} = \"..\" to [earning_codes]"));
        }
        if file_number(employee).is_none() {
            faults.insert(format!(
                "employee_ref \"{employee}\" of \"{payee}\" is no file number of at most {ADP_FILE_DIGITS} digits: {}",
                state_ref(payee)
            ));
        }
        if minor_digits(&payout.currency) != Some(2) {
            faults.insert(format!("ADP takes amounts with two decimals, and {} has others", payout.currency));
        }
    }
    faults.into_iter().collect()
}

fn state_ref(payee_id: &str) -> String {
    format!("add {payee_id} = \"..\" to [employee_refs] of --names, and to payees.csv for the next run")
}

fn csv_row(payout: &Payout) -> Vec<String> {
    vec![
        text(&payout.payout_id()),
        text(&payout.run_id),
        payout.period.to_string(),
        text(&payout.payee_id),
        text(payout.employee_ref.as_deref().unwrap_or_default()),
        text(&payout.earning_code),
        payout.kind.name().to_uppercase().replace('-', "_"),
        payout.effective_period.to_string(),
        money(payout.amount, &payout.currency),
        payout.currency.clone(),
    ]
}

fn workday_row(payout: &Payout, names: &PayrollNames) -> Vec<String> {
    let adjustment = if payout.kind == PayoutKind::PriorPeriod { "Y" } else { "N" };
    vec![
        text(&payout.run_id),
        text(names.employee(payout)),
        text(names.code(&payout.earning_code)),
        payout.effective_period.to_string(),
        money(payout.amount, &payout.currency),
        payout.currency.clone(),
        adjustment.into(),
    ]
}

/// By employee and payroll's code, without what adds up to nothing.
fn summed<'p>(payouts: &'p [Payout], names: &'p PayrollNames) -> BTreeMap<(&'p str, &'p str), i64> {
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for payout in payouts {
        let key = (names.employee(payout), names.code(&payout.earning_code));
        *sums.entry(key).or_default() += payout.amount.0;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn adp_rows(payouts: &[Payout], names: &PayrollNames) -> Vec<Vec<String>> {
    let batch = payouts.first().map(|payout| payout.period.to_string().replace('-', "")).unwrap_or_default();
    let company = names.company_code.clone().unwrap_or_default();
    let mut rows = Vec::new();
    for ((employee, code), sum) in summed(payouts, names) {
        let number = file_number(employee).unwrap_or_default();
        let row = |part: i64| vec![text(&company), batch.clone(), number.clone(), text(code), Minor(part).text(2)];
        rows.extend(parts(sum).map(row));
    }
    rows
}

/// An amount in rows that hold it.
fn parts(mut sum: i64) -> impl Iterator<Item = i64> {
    std::iter::from_fn(move || {
        let part = sum.clamp(ADP_LEAST, ADP_MOST);
        sum -= part;
        (part != 0).then_some(part)
    })
}

/// Six digits with their zeros in front.
fn file_number(employee: &str) -> Option<String> {
    let digits = employee.len() <= ADP_FILE_DIGITS && employee.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("{employee:0>ADP_FILE_DIGITS$}"))
}

fn gusto(payouts: &[Payout], names: &PayrollNames) -> Vec<u8> {
    let currency = payouts.first().map_or("USD", |payout| payout.currency.as_str());
    let mut employees: BTreeMap<&str, Vec<serde_json::Value>> = BTreeMap::new();
    for ((employee, name), sum) in summed(payouts, names) {
        let fixed = json!({ "name": name, "amount": money(Minor(sum), currency) });
        employees.entry(employee).or_default().push(fixed);
    }
    let compensation = |(employee, fixed)| json!({ "employee": employee, "fixed_compensations": fixed });
    let all: Vec<serde_json::Value> = employees.into_iter().map(compensation).collect();
    let mut bytes = format!("{:#}", json!({ "employee_compensations": all })).into_bytes();
    bytes.push(b'\n');
    bytes
}

fn money(minor: Minor, currency: &str) -> String {
    minor.text(minor_digits(currency).unwrap_or(2))
}

/// What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A cell of text that no spreadsheet takes for a formula.
fn text(cell: &str) -> String {
    if cell.starts_with(FORMULA_STARTS) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Period;

    fn payout(employee: Option<&str>, code: &str, minor: i64) -> Payout {
        Payout {
            run_id: "2026-01".into(),
            pay_group: "default".into(),
            period: Period(2026 * 12),
            payee_id: "ana".into(),
            employee_ref: employee.map(String::from),
            earning_code: code.into(),
            kind: PayoutKind::Regular,
            effective_period: Period(2026 * 12),
            amount: Minor(minor),
            currency: "USD".into(),
            balance_after: Minor(0),
            converted: None,
        }
    }

    fn check(profile: Profile, names: &str, payouts: &[Payout], expected: &str) {
        let names = PayrollNames::parse(names).unwrap();
        let written = payroll_file(payouts, profile, &names);
        let text = written.map_or_else(|faults| faults.join("\n"), |file| String::from_utf8(file.bytes).unwrap());
        assert_eq!(text, expected);
    }

    #[test]
    fn every_profile_has_its_shape() {
        let payouts = [payout(Some("17"), "COMM", 123_456), payout(Some("17"), "CARRIED", -50), payout(Some("17"), "COMM", 4)];
        check(
            Profile::Csv,
            "",
            &[payout(Some("=17"), "COMM", -50)],
            "payout_id,run_id,period,payee_id,employee_ref,earning_code,kind,effective_period,amount,currency\n\
             2026-01/ana/COMM/regular/USD/2026-01,2026-01,2026-01,ana,'=17,COMM,REGULAR,2026-01,-0.50,USD\n",
        );
        check(
            Profile::Adp,
            "company_code = \"HBR\"\nearning_codes = { COMM = \"C\", CARRIED = \"K\" }",
            &payouts,
            "Co Code,Batch ID,File #,Earnings 3 Code,Earnings 3 Amount\nHBR,202601,000017,C,1234.60\nHBR,202601,000017,K,-0.50\n",
        );
        check(
            Profile::Workday,
            "earning_codes = { COMM = \"Commission\" }",
            &payouts[..2],
            "Batch_ID,Worker,Pay_Component,Start_Period,Amount,Currency,Adjustment\n\
             2026-01,17,Commission,2026-01,1234.56,USD,N\n2026-01,17,CARRIED,2026-01,-0.50,USD,N\n",
        );
        let gusto = "{\n  \"employee_compensations\": [\n    {\n      \"employee\": \"17\",\n      \"fixed_compensations\": [\n        {\n          \
                     \"amount\": \"1234.56\",\n          \"name\": \"COMM\"\n        }\n      ]\n    }\n  ]\n}\n";
        check(Profile::Gusto, "", &[payouts[0].clone(), payout(Some("17"), "X", 1), payout(Some("17"), "X", -1)], gusto);
    }

    /// Each that is a sheet, with everything that somebody else has named.
    #[test]
    fn no_cell_of_any_profile_is_a_formula() {
        let names = "company_code = \"=AB\"\nearning_codes = { COMM = \"@S\" }";
        let cells = |profile: Profile, payouts: &[Payout]| -> Vec<String> {
            let file = payroll_file(payouts, profile, &PayrollNames::parse(names).unwrap()).unwrap();
            let mut rows = csv::Reader::from_reader(file.bytes.as_slice());
            let cells = rows.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
            cells.filter(|cell| cell.starts_with('\'')).collect()
        };
        for start in FORMULA_STARTS {
            let (bad, quoted) = (format!("{start}1"), format!("'{start}1"));
            let named = Payout { payee_id: bad.clone(), run_id: bad.clone(), ..payout(Some(&bad), &bad, 1) };
            let id = format!("'{}", named.payout_id());
            assert_eq!(
                cells(Profile::Csv, std::slice::from_ref(&named)),
                [id.as_str(), &quoted, &quoted, &quoted, &quoted],
                "{start:?}"
            );
            assert_eq!(cells(Profile::Workday, &[named]), [quoted.as_str(), &quoted, &quoted], "{start:?}");
        }
        assert_eq!(cells(Profile::Workday, &[payout(Some("17"), "COMM", 1)]), ["'@S"]);
        assert_eq!(cells(Profile::Adp, &[payout(Some("17"), "COMM", 1)]), ["'=AB", "'@S"]);
    }

    #[test]
    fn a_row_of_adp_holds_so_much() {
        let all = |sum| parts(sum).collect::<Vec<i64>>();
        assert_eq!(all(9_999_999), [9_999_999]);
        assert_eq!(all(20_000_000), [9_999_999, 9_999_999, 2]);
        assert_eq!(all(-4_050_001), [-4_050_000, -1]);
        assert!(all(0).is_empty());
    }

    #[test]
    fn what_keeps_a_file_from_being_written_comes_at_once() {
        let payouts = [payout(None, "COMM", 1), payout(Some("E17"), "COMM", 1), payout(Some("1234567"), "C", 1)];
        let expected = "COMM needs a code of one or two characters: add COMM = \"..\" to [earning_codes]\n\
                        company_code is missing or has not three characters: state it in the file of --names\n\
                        employee_ref \"1234567\" of \"ana\" is no file number of at most 6 digits: add ana = \"..\" to \
                        [employee_refs] of --names, and to payees.csv for the next run\n\
                        employee_ref \"E17\" of \"ana\" is no file number of at most 6 digits: add ana = \"..\" to \
                        [employee_refs] of --names, and to payees.csv for the next run\n\
                        payee \"ana\" has no employee_ref: add ana = \"..\" to [employee_refs] of --names, and to payees.csv for \
                        the next run";
        check(Profile::Adp, "", &payouts, expected);
        let euro = Payout { currency: "EUR".into(), ..payout(Some("17"), "COMM", 1) };
        let mixed = "the run pays in EUR and USD, and such a file has one currency: name it with --currency";
        check(Profile::Gusto, "", &[payout(Some("17"), "COMM", 1), euro], mixed);
        let missing = "payee \"ana\" has no employee_ref: add ana = \"..\" to [employee_refs] of --names, and to payees.csv for the \
                       next run";
        check(Profile::Workday, "", &payouts[..1], missing);
        let named = "company_code = \"HBR\"\nearning_codes = { COMM = \"C\" }\nemployee_refs = { ana = \"9\" }";
        let row = "Co Code,Batch ID,File #,Earnings 3 Code,Earnings 3 Amount\nHBR,202601,000009,C,0.02\n";
        check(Profile::Adp, named, &payouts[..2], row);
        assert!(PayrollNames::parse("company = \"HBR\"").unwrap_err().contains("unknown field `company`"));
    }
}
