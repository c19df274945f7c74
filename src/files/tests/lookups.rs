//! Tables that are looked up by line: every refusal with its exact message and place.

use super::super::plan_words::differences;
use super::{PLAN_FILE, brief, found};

const TIERS: &str = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";

/// The small company's component with these lines instead of its table; lines are counted from 14 on.
fn findings(lines: &str) -> String {
    let head = "scope = \"running\"\nquota = \"interval\"\nno_quota = \"park\"\ntier_by = { measure = \"sales\", as = \"attainment\" }\npays = { rate_of = \"sales\" }\nmethod = \"marginal\"\nboundary = \"upper\"\nnegative = \"carry\"\n";
    let text = super::PLAN.replace(TIERS, "");
    assert!(text.contains(head), "{text}");
    brief(&found(PLAN_FILE, super::PLAN, &text.replace(head, lines)))
}

#[test]
fn tables_by_line() {
    let head = "scope = \"running\"\nmethod = \"lookup\"\npays = { rate_of = \"sales\" }\n";
    let row = "{ product = \"core\", rate = \"5%\" }";
    let cases: [(String, &[&str]); 17] = [
        (format!("{head}rates = [{row}]\notherwise = \"nothing\"\n"), &[]),
        (format!("{head}rates = [{row}]\notherwise = \"1%\"\n"), &[]),
        (
            format!("{head}rates = [{row}]\notherwise = \"payee.rest\"\n"),
            &["18:13: unknown-parameter: no payee has a parameter \"rest\""],
        ),
        (
            format!("{head}rates = [{{ product = \"core\", rate = \"payee.core\" }}]\notherwise = \"1%\"\n"),
            &["17:37: unknown-parameter: no payee has a parameter \"core\""],
        ),
        (
            format!("{head}rates = [{{ product = \"core\", rate = \"payee.\" }}]\notherwise = \"1%\"\n"),
            &["17:37: unknown-value: `rate` is not a parameter of the payee: \"payee.\""],
        ),
        (format!("{head}rates = [{row}]\n"), &["10:1: missing-key: `otherwise` is missing"]),
        (format!("{head}otherwise = \"1%\"\n"), &["10:1: missing-key: `rates` is missing"]),
        (
            format!("{head}rates = [{row}]\notherwise = \"1%\"\nboundary = \"upper\"\n"),
            &["19:12: no-effect: `boundary` has no effect: no row has a band"],
        ),
        (
            format!("{head}rates = [{{ band = {{ from = \"10\" }}, rate = \"5%\" }}]\notherwise = \"1%\"\n"),
            &["10:1: missing-key: `boundary` is missing"],
        ),
        (
            format!(
                "{head}rates = [{{ band = {{ from = \"10\", to = \"10\" }}, rate = \"5%\" }}]\notherwise = \"1%\"\nboundary = \"upper\"\n"
            ),
            &["17:10: bad-range: a band that ends before it starts"],
        ),
        (
            format!("{head}rates = [{{ rate = \"5%\" }}]\notherwise = \"1%\"\n"),
            &["17:10: bad-range: a row that takes every line: that is what `otherwise` says"],
        ),
        (
            format!("{head}rates = [{row}, {{ geography = [\"emea\"], rate = \"4%\" }}]\notherwise = \"1%\"\n"),
            &["17:45: equal-rows: \"product core\" and \"geography emea\" say equally much about a line that both take"],
        ),
        (
            format!("{head}rates = [{{ customer = \"acme\", rate = \"5%\" }}]\notherwise = \"1%\"\n"),
            &["17:12: not-supported: `customer` is not supported by this version"],
        ),
        (
            format!("{head}rates = [{row}]\notherwise = \"1%\"\nnegative = \"carry\"\n"),
            &["19:12: no-effect: `negative` has no effect: each line is looked up by itself"],
        ),
        (
            format!("{head}rates = [{row}]\notherwise = \"1%\"\n").replace("running", "deal"),
            &["14:9: wrong-unit: a lookup is of lines, not of deals"],
        ),
        (
            format!("{head}rates = [{row}]\notherwise = \"1%\"\n").replace("{ rate_of = \"sales\" }", "{ lump = true }"),
            &[
                "17:37: bad-number: \"5%\" is not a plain decimal number",
                "18:13: bad-number: \"1%\" is not a plain decimal number",
            ],
        ),
        (
            format!("{head}rates = [{{ kind = \"SALE\", rate = \"-5%\" }}]\notherwise = \"1%\"\n"),
            &["17:34: bad-number: \"-5%\" is out of range"],
        ),
    ];
    for (lines, wanted) in cases {
        let wanted: String = wanted.iter().map(|line| format!("{PLAN_FILE}:{line}\n")).collect();
        assert_eq!(findings(&lines), wanted, "{lines}");
    }
    let text = brief(&found(PLAN_FILE, TIERS, &format!("{TIERS}\notherwise = \"nothing\"")));
    assert_eq!(text, format!("{PLAN_FILE}:25:13: no-effect: `otherwise` has no effect: this method does not look lines up\n"));
}

/// The row's rate is the payee's own, and so is that of the other lines.
#[test]
fn rates_of_lines_are_numbers_or_the_payees_own() {
    let table = "tier_by = { measure = \"sales\", as = \"attainment\" }\npays = { rate_of = \"sales\" }\nmethod = \"marginal\"\nboundary = \"upper\"\nnegative = \"carry\"\n";
    let head = format!("quota = \"interval\"\nno_quota = \"park\"\n{table}");
    let payees = super::PAYEES.replace("from,to\n", "from,to,parameter.core,parameter.rest\n");
    let payees = payees.replace("2026-01-01,\n", "2026-01-01,,6%,1%\n");
    let plan = |core: &str, rest: &str| {
        let rows = format!("{{ product = \"addon\", rate = \"5%\" }}, {{ product = \"core\", rate = \"{core}\" }}");
        let lines = format!("pays = {{ rate_of = \"sales\" }}\nmethod = \"lookup\"\nrates = [{rows}]\notherwise = \"{rest}\"\n");
        let plan = super::PLAN.replace(TIERS, "").replace(&head, &lines);
        let files = super::small_texts(&[(PLAN_FILE, super::PLAN, &plan), ("payees.csv", super::PAYEES, &payees)]);
        files.unwrap_or_else(|found| panic!("{}", super::shown(&found))).plans[0].value.clone()
    };
    let own = plan("payee.core", "payee.rest");
    let component = &own.components[0];
    let named: Vec<_> = component.own_rates.iter().map(|own| (own.tier, own.parameter.as_str())).collect();
    assert_eq!(named, [(1, "core"), (2, "rest")]);
    assert_eq!([0, 1, 2].map(|place| component.stated_rate(place).unwrap().0), [5_000_000, 0, 0]);
    let words = differences(&plan("4%", "nothing"), &own);
    assert_eq!(words, ["new, rate of product core: 4% becomes payee.core", "new, otherwise: nothing becomes payee.rest"]);
}
