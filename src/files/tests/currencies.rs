//! Plans and measures in currencies of their own: what is refused, and what cannot follow what is published.

use super::super::{Current, Record, changes};
use super::{MEASURES, PAYEES, PLAN, PLAN_FILE, brief, found, shown, small_texts};
use crate::domain::fact::FactBody;
use crate::files::CompanyFiles;

const EUROS: &str = "of = \"amount\"\ncurrency = \"EUR\"";

fn check(replaced: &[(&str, &str, &str)], expected: &str) {
    let found = small_texts(replaced).map_or_else(|found| brief(&found), |files| brief(&files.warnings));
    assert_eq!(found, expected, "{replaced:?}");
}

#[test]
fn a_measure_has_a_currency_where_it_is_of_money() {
    let euros = small_texts(&[("measures.toml", "of = \"amount\"", EUROS), (PLAN_FILE, "\"USD\"", "\"EUR\"")]);
    let euros = euros.unwrap_or_else(|found| panic!("{}", shown(&found)));
    assert_eq!(euros.measures[0].value.currency.as_deref(), Some("EUR"));
    let seats = "of = \"quantity\"\ncurrency = \"EUR\"";
    let number = "measures.toml:8:12: no-effect: `currency` has no effect: what the measure counts is no money\n";
    assert_eq!(brief(&found("measures.toml", "of = \"quantity\"", seats)), number);
    let code = "measures.toml:4:12: unknown-currency: \"euro\" is not an ISO 4217 currency code\n";
    assert_eq!(brief(&found("measures.toml", "of = \"amount\"", &EUROS.replace("EUR", "euro"))), code);
}

#[test]
fn a_plan_pays_on_measures_in_its_currency() {
    let pays = "plans/ae.2026-01-01.toml:11:6: other-currency: component \"new\" pays EUR: measure \"sales\" is in USD, to be \
                compared with a quota alone\n";
    check(&[(PLAN_FILE, "\"USD\"", "\"EUR\"")], pays);
    // What is compared with its quota is a ratio.
    let lump = [
        (PLAN_FILE, "\"USD\"", "\"EUR\""),
        (PLAN_FILE, "pays = { rate_of = \"sales\" }", "pays = { lump = true }"),
        (PLAN_FILE, "\"marginal\"", "\"lump\""),
        (
            PLAN_FILE,
            "{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }",
            "{ from = \"0%\", amount = \"0.00\" }",
        ),
    ];
    check(&lump, "");
    let earned = "of = \"amount\"\ncredit_kinds = [\"REVENUE\"]\n[[measure]]\nid = \"earned\"\nof = \"earned\"\ncomponents = [\"new\"]\nearned_by = \"self\"\n";
    let dollars = [
        ("measures.toml", "of = \"amount\"\n", "of = \"amount\"\ncurrency = \"EUR\"\n"),
        (
            "measures.toml",
            "[[measure]]\nid = \"seats\"",
            &format!("[[measure]]\nid = \"more\"\n{earned}[[measure]]\nid = \"seats\""),
        ),
        (PLAN_FILE, "\"USD\"", "\"EUR\""),
    ];
    let counts = "plans/ae.2026-01-01.toml:11:6: other-currency: component \"new\" pays EUR: measure \"earned\" counts what is earned in \
                  USD\n";
    check(&dollars, counts);
}

/// The small company with a second plan, of its own file, in euros.
fn two_plans(payees: &str) -> [(&'static str, String, String); 3] {
    let second = PLAN.replace("plan = \"ae\"", "plan = \"south\"").replace("\"USD\"", "\"EUR\"").replace("sales", "euros");
    let second = second.replace("\"new\"", "\"south-new\"");
    let measures =
        format!("{MEASURES}[[measure]]\nid = \"euros\"\nof = \"amount\"\ncurrency = \"EUR\"\ncredit_kinds = [\"REVENUE\"]\n");
    [
        ("measures.toml", MEASURES.into(), measures),
        ("plans/south.2026-01-01.toml", String::new(), second),
        ("payees.csv", PAYEES.into(), payees.into()),
    ]
}

fn read(payees: &str) -> Result<CompanyFiles, String> {
    let texts = two_plans(payees);
    let texts: Vec<(&str, &str, &str)> = texts.iter().map(|(name, from, to)| (*name, from.as_str(), to.as_str())).collect();
    small_texts(&texts).map_err(|found| brief(&found))
}

fn rows(of_ana: &str) -> String {
    PAYEES.replace("ana,Rep,mia,default,ae,2026-01-01,\n", of_ana)
}

#[test]
fn plans_of_a_payee_are_in_one_currency() {
    let check_ana = |of_ana: &str, expected: &str| {
        let found = read(&rows(of_ana)).map_or_else(|found| found, |_| String::new());
        assert_eq!(found, expected, "{of_ana}");
    };
    check_ana("ana,Rep,mia,default,south,2026-01-01,\n", "");
    let two = "payees.csv:3:25: other-currency: \"ana\" has plans in USD, and \"south\" is in EUR\n";
    check_ana("ana,Rep,mia,default,ae;south,2026-01-01,\n", &two.replace("3:25", "3:24"));
    let moves = "ana,Rep,mia,default,ae,2026-01-01,2026-02-01\nana,Rep,mia,default,south,2026-02-01,\n";
    check_ana(moves, "payees.csv:4:21: other-currency: \"ana\" has plans in USD, and \"south\" is in EUR\n");
    let twice = "plans/ae.2026-07-01.toml:4:12: other-currency: plan \"ae\" is in USD, and in EUR here\n";
    let next = PLAN.replace("\"USD\"", "\"EUR\"").replace("from = 2026-01-01", "from = 2026-07-01");
    let next = next.replace("pays = { rate_of = \"sales\" }", "pays = { lump = true }").replace("\"marginal\"", "\"lump\"");
    let next = next.replace("rate = \"6%\"", "amount = \"0.00\"").replace("rate = \"12%\"", "amount = \"5.00\"");
    let two = [(PLAN_FILE, "to = 2027-01-01", "to = 2026-07-01"), ("plans/ae.2026-07-01.toml", "", next.as_str())];
    check(&two, twice);
}

#[test]
fn what_is_published_stays_in_its_currency() {
    let published = |files: &CompanyFiles| {
        let mut current = Current::default();
        for change in changes(files, &current).unwrap_or_else(|found| panic!("{}", shown(&found))) {
            match change.record {
                Record::Fact(FactBody::PlanDefined(plan)) => {
                    drop(current.plans.insert((plan.plan_id.clone(), plan.from), plan));
                }
                Record::Fact(FactBody::PayeeDefined(payee)) => drop(current.payees.insert(payee.payee_id.clone(), payee)),
                _ => {}
            }
        }
        current
    };
    let read = |of_ana: &str| read(&rows(of_ana)).unwrap_or_else(|found| panic!("{found}"));
    let (ae, south) = ("ana,Rep,mia,default,ae,2026-01-01,\n", "ana,Rep,mia,default,south,2026-01-01,\n");
    let current = published(&read(ae));
    let refused = "payees.csv:3:1: cannot-change: \"ana\" is published with plans in USD: plans in EUR cannot follow\n";
    assert_eq!(brief(&changes(&read(south), &current).unwrap_err()), refused);
    assert!(changes(&read(south), &Current::default()).is_ok());
    // Of one who is not in the files any more.
    let mut other = published(&read(ae));
    other.plans.retain(|(plan_id, _), _| plan_id != "south");
    let bo = other.payees["ana"].clone();
    let mut bo = crate::domain::fact::Payee { payee_id: "bo".into(), ..bo };
    bo.rows[0].plans = vec!["south".into()];
    other.payees.insert("bo".into(), bo);
    let late = "plans/ae.2026-01-01.toml:2:8: cannot-change: \"bo\" is published with plans in USD: plans in EUR cannot follow\n";
    assert_eq!(brief(&changes(&read(ae), &other).unwrap_err()), late);
    let mut changed = published(&read(ae));
    changed.plans.values_mut().filter(|plan| plan.plan_id == "south").for_each(|plan| plan.currency = "GBP".into());
    let plan = "plans/south.2026-01-01.toml:2:8: cannot-change: plan \"south\" is published in GBP, and is in EUR here\n";
    assert_eq!(brief(&changes(&read(ae), &changed).unwrap_err()), plan);
}
