//! Tests of the files that people write: the worked company and cases, bad files, refused modes, publishing.

mod adjustments;
mod bad_files;
mod calendars;
mod case_files;
mod clawback;
mod currencies;
mod deals;
mod earnings;
mod formulas;
mod json_schemas;
mod lookups;
mod lower;
mod measures;
mod parameters;
mod pay;
mod pay_currencies;
mod publishing;
mod quota_use;
mod ramps;
mod rates;
mod refused_modes;
mod rewards;
mod territories;
mod tranches;

use super::{CompanyFiles, Diagnostic};
use std::path::{Path, PathBuf};

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn shown(found: &[Diagnostic]) -> String {
    found.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

/// The findings in short: position, code and message.
fn brief(found: &[Diagnostic]) -> String {
    let line =
        |found: &Diagnostic| format!("{}:{}:{}: {}: {}\n", found.file, found.line, found.column, found.code, found.message);
    found.iter().map(line).collect()
}

fn worked_company() -> CompanyFiles {
    super::company(&config()).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

/// A small company that has nothing wrong with it, by file.
const COMPANY: &str = "company_id = \"small\"\ncurrency = \"USD\"\ncalendar = \"fiscal\"\ncloser_may_release = false\n";
const CALENDAR: &str = "id = \"fiscal\"\nkind = \"monthly\"\nfrom = \"2026-01\"\nto = \"2026-12\"\n";
const MEASURES: &str = "\
[[measure]]
id = \"sales\"
of = \"amount\"
credit_kinds = [\"REVENUE\"]
[[measure]]
id = \"seats\"
of = \"quantity\"
credit_kinds = [\"REVENUE\"]
";
const PLAN: &str = "\
plan = \"ae\"
from = 2026-01-01
to = 2027-01-01
currency = \"USD\"
calendar = \"fiscal\"
prorate = { by = \"months\", quota = false, target = false, cap = false, draw = false }
mid_interval_change = \"carry\"
negative_pay = \"carry\"
after_release = \"adjust\"
[[component]]
id = \"new\"
earning_code = \"COMM\"
interval = \"quarter\"
scope = \"running\"
quota = \"interval\"
no_quota = \"park\"
tier_by = { measure = \"sales\", as = \"attainment\" }
pays = { rate_of = \"sales\" }
method = \"marginal\"
boundary = \"upper\"
negative = \"carry\"
clawback = { price = \"recompute\", period = \"original\" }
rounding = { to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }
tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]
";
const PAYEES: &str = "\
id,title,manager,pay_group,plans,from,to
mia,Manager,,default,,2026-01-01,
ana,Rep,mia,default,ae,2026-01-01,
";
const QUOTAS: &str = "payee,measure,calendar,interval,amount,applies_from\nana,sales,fiscal,2026-Q1,100000.00,\n";
const PLAN_FILE: &str = "plans/ae.2026-01-01.toml";

/// The small company with some text of one of its files replaced.
fn small_company(file: &str, from: &str, to: &str) -> Result<CompanyFiles, Vec<Diagnostic>> {
    small_texts(&[(file, from, to)])
}

/// With text of several files replaced.
fn small_texts(replaced: &[(&str, &str, &str)]) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let mut texts = vec![
        ("company.toml", COMPANY.to_string()),
        ("calendar.toml", CALENDAR.to_string()),
        ("measures.toml", MEASURES.to_string()),
        (PLAN_FILE, PLAN.to_string()),
        ("payees.csv", PAYEES.to_string()),
        ("quotas.csv", QUOTAS.to_string()),
    ];
    for (file, from, to) in replaced {
        match texts.iter_mut().find(|(name, _)| name == file) {
            Some((_, text)) => {
                assert!(text.contains(from), "{file} has no {from}");
                *text = text.replacen(from, to, 1);
            }
            None => texts.push((file, to.to_string())),
        }
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    super::company_from_texts(&texts)
}

/// What is found in the small company after a replacement, errors and warnings.
fn found(file: &str, from: &str, to: &str) -> Vec<Diagnostic> {
    small_company(file, from, to).map_or_else(|found| found, |files| files.warnings)
}

#[test]
fn the_worked_company_loads_without_a_finding() {
    let files = worked_company();
    assert_eq!(shown(&files.warnings), "");
    let counts = (files.measures.len(), files.plans.len(), files.payees.len(), files.quotas.len(), files.names.len());
    assert_eq!(counts, (19, 9, 22, 84, 22));
    assert_eq!(files.facts().len(), 2 + 5 + 19 + 9 + 22 + 1);
}

#[test]
fn codes_are_listed_once_and_explained() {
    let names: std::collections::BTreeSet<&str> = super::codes::ALL.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), super::codes::ALL.len());
    assert!(super::codes::ALL.iter().all(|code| !code.meaning.is_empty()));
}
