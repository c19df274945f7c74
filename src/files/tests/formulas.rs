//! Components that a formula pays: what is read, and every refusal with its exact message and place.

use super::{PLAN, PLAN_FILE, brief, found, small_company};
use crate::domain::plan::{Boundary, Method, Negative, NoQuota, TierBy};

const SALES: &str = "measure(\"sales\") * 6%";
const ENDS: &str = "clawback = { price = \"recompute\", period = \"original\" }
rounding = { to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }
";

/// The table of the small company's component, and a formula with what is stated beside it: from line 15 on.
fn texts(formula: &str, more: &str) -> (&'static str, String) {
    let table = &PLAN[PLAN.find("quota = \"").unwrap()..];
    (table, format!("method = \"formula\"\npays = {{ formula = '{formula}' }}\n{ENDS}{more}"))
}

fn check(formula: &str, more: &str, wanted: &[&str]) {
    let (table, text) = texts(formula, more);
    let wanted: String = wanted.iter().map(|line| format!("{PLAN_FILE}:{line}\n")).collect();
    assert_eq!(brief(&found(PLAN_FILE, table, &text)), wanted, "{formula} {more}");
}

#[test]
fn what_is_read() {
    let read = |formula: &str, more: &str| {
        let (table, text) = texts(formula, more);
        small_company(PLAN_FILE, table, &text).unwrap().plans[0].value.components[0].clone()
    };
    let plain = read(SALES, "");
    assert_eq!(plain.formula().map(|formula| formula.text()), Some(SALES));
    assert_eq!((plain.measure.as_str(), plain.tier_by, plain.method), ("sales", TierBy::Amount, Method::Formula));
    assert_eq!((plain.boundary, plain.negative, plain.no_quota), (Boundary::Upper, Negative::Carry, None));
    let by_quota = "measure(\"seats\") * attainment(\"sales\")";
    let quotas = "quota = \"interval\"\nno_quota = \"park\"\n";
    let gate = "boundary = \"lower\"\ngate = { measure = \"seats\", as = \"quantity\", at_least = \"1\", tested = \"running\", else = \"zero\" }";
    let gated = read(by_quota, &format!("{quotas}{gate}"));
    let measures: Vec<_> = gated.measures().collect();
    assert_eq!(measures, [("seats", false), ("seats", false), ("sales", true)]);
    assert_eq!((gated.boundary, gated.no_quota), (Boundary::Lower, Some(NoQuota::Park)));
}

#[test]
fn what_a_formula_is_not() {
    let quotas = |no_quota: &str| format!("quota = \"interval\"\nno_quota = \"{no_quota}\"\n");
    let by_quota = "attainment(\"sales\") * 100";
    let no_effect = "has no effect: a formula says itself what is paid";
    let (tiers, by) = ("tiers = [{ from = \"0%\", rate = \"6%\" }]", "tier_by = { measure = \"sales\", as = \"amount\" }");
    let table: [(&str, String, &[&str]); 18] = [
        ("measure(\"sales\"", "".into(), &["16:20: bad-formula: character 16: the end where \")\" is needed"]),
        ("measure(\"sale\")", "".into(), &["16:20: unknown-measure: no measure is called \"sale\""]),
        (
            "measure(\"sales\") + result(\"new\")",
            "".into(),
            &["16:20: bad-formula: character 20: results of other components are read through a measure of earnings"],
        ),
        (SALES, tiers.into(), &[&format!("19:9: no-effect: `tiers` {no_effect}")]),
        (SALES, by.into(), &[&format!("19:11: no-effect: `tier_by` {no_effect}")]),
        (SALES, "negative = \"carry\"".into(), &[&format!("19:12: no-effect: `negative` {no_effect}")]),
        (SALES, "boundary = \"upper\"".into(), &["19:12: no-effect: `boundary` has no effect: nothing but a formula compares"]),
        (SALES, "beyond = \"flat\"".into(), &[&format!("19:10: no-effect: `beyond` {no_effect}")]),
        (
            SALES,
            "late = \"refold\"".into(),
            &["19:8: no-effect: `late` has no effect: this method does not fold deals in their order"],
        ),
        (
            SALES,
            quotas("park"),
            &[
                "19:9: no-effect: `quota` has no effect: the formula reads no quota",
                "20:12: no-effect: `no_quota` has no effect: the formula reads no quota",
            ],
        ),
        (by_quota, "quota = \"interval\"".into(), &["10:1: missing-key: `no_quota` is missing"]),
        (by_quota, quotas("first_tier"), &["16:20: wrong-unit: a formula has no first tier"]),
        (
            by_quota,
            quotas("park").replace("interval", "to_date"),
            &["19:9: wrong-unit: a formula reads the quota of the interval"],
        ),
        (
            SALES,
            "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"settled\" }]".into(),
            &["16:20: wrong-unit: what a formula pays is of no single deal to be settled"],
        ),
        (
            SALES,
            "cap = { per = \"deal\", amount = \"1.00\", excess = \"lost\" }".into(),
            &["19:7: wrong-unit: a deal is capped only where it is priced by itself"],
        ),
        ("measure(\"sales\") * payee(\"rate\")", "".into(), &["16:20: unknown-parameter: no payee has a parameter \"rate\""]),
        (
            SALES,
            "gate = { measure = \"seats\", as = \"quantity\", at_least = \"1\", tested = \"running\", else = \"zero\" }".into(),
            &["10:1: missing-key: `boundary` is missing"],
        ),
        (SALES, "phase = 2".into(), &["19:1: not-supported: `phase` is not supported by this version"]),
    ];
    for (formula, more, wanted) in table {
        check(formula, &more, wanted);
    }
}

#[test]
fn a_formula_and_its_method_go_together() {
    let table = [
        ("scope = \"running\"\n", "scope = \"deal\"\n", "14:9: wrong-unit: a formula reads sums, not single deals"),
        ("method = \"formula\"", "method = \"marginal\"", "16:20: wrong-unit: this method pays by tiers, not by a formula"),
        (
            "pays = { formula = 'measure(\"sales\") * 6%' }",
            "pays = { lump = true }",
            "16:17: wrong-unit: this method pays what a formula says",
        ),
        (
            "pays = { formula = 'measure(\"sales\") * 6%' }",
            "pays = { formula = 1 }",
            "16:20: wrong-type: `formula` is an integer, not a string",
        ),
    ];
    for (from, to, wanted) in table {
        let (tiers, formula) = texts(SALES, "");
        let plan = PLAN.replace(tiers, &formula);
        assert!(plan.contains(from), "{from}");
        let text = brief(&found(PLAN_FILE, PLAN, &plan.replacen(from, to, 1)));
        assert!(text.contains(&format!("{PLAN_FILE}:{wanted}\n")), "{to}\n{text}");
    }
}
