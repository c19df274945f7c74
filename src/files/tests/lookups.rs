//! Tables that are looked up by line: every refusal with its exact message and place.

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
    let cases: [(String, &[&str]); 16] = [
        (format!("{head}rates = [{row}]\notherwise = \"nothing\"\n"), &[]),
        (format!("{head}rates = [{row}]\notherwise = \"1%\"\n"), &[]),
        (
            format!("{head}rates = [{row}]\notherwise = \"payee.rest\"\n"),
            &["18:13: not-supported: `otherwise` from a payee's parameter is not supported by this version"],
        ),
        (
            format!("{head}rates = [{{ product = \"core\", rate = \"payee.core\" }}]\notherwise = \"1%\"\n"),
            &["17:37: not-supported: `rate` from a payee's parameter is not supported by this version"],
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
