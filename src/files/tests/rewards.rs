//! Tables and modifiers of a component: every refusal with its exact message and place.

use super::{PLAN_FILE, brief, found};

/// Replaces text in the small company and wants exactly these findings.
fn check(from: &str, to: &str, wanted: &[&str]) {
    let wanted: String = wanted.iter().map(|line| format!("{PLAN_FILE}:{line}\n")).collect();
    assert_eq!(brief(&found(PLAN_FILE, from, to)), wanted, "{to}");
}

const TIERS: &str = "tiers = ";
const TABLE: &str = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";

#[test]
fn what_an_interval_lacks_may_go_on() {
    let carry = "negative = \"carry\"";
    let stated = |negative: &str, deficit: &str| format!("negative = \"{negative}\"\ndeficit = \"{deficit}\"");
    check(carry, &stated("zero", "next_interval_of_year"), &[]);
    check(carry, &stated("zero", "lost"), &[]);
    check(carry, &stated("carry", "lost"), &[]);
    let nothing = "22:11: not-supported: only where a sum below zero earns nothing is anything missing";
    check(carry, &stated("carry", "next_interval_of_year"), &[nothing]);
    let ever = "22:11: not-supported: deficit = \"next_interval\" is not supported by this version";
    check(carry, &stated("zero", "next_interval"), &[ever]);
    check(carry, &stated("zero", "kept"), &["22:11: unknown-value: \"kept\" is not a value of `deficit`"]);
}

#[test]
fn gates() {
    let gate = "gate = { measure = \"sales\", as = \"attainment\", at_least = \"80%\"";
    let table = [
        (format!("{gate}, tested = \"running\", else = \"zero\" }}"), vec![]),
        (format!("{gate}, tested = \"running\", else = {{ factor = \"50%\" }} }}"), vec![]),
        (format!("{gate}, tested = \"interval_end\", until_then = \"hold\", else = {{ cap = \"10.00\" }} }}"), vec![]),
        (format!("{gate}, tested = \"running\" }}"), vec!["24:8: missing-key: `else` is missing"]),
        (format!("{gate}, tested = \"interval_end\", else = \"zero\" }}"), vec!["24:8: missing-key: `until_then` is missing"]),
        (
            format!("{gate}, tested = \"running\", until_then = \"pay\", else = \"zero\" }}"),
            vec!["24:99: no-effect: `until_then` has no effect: the gate is tested all the time"],
        ),
        (
            format!("{gate}, tested = \"running\", else = \"nothing\" }}"),
            vec!["24:93: unknown-value: \"nothing\" is not a value of `else`"],
        ),
        (
            format!("{gate}, tested = \"running\", else = {{ factor = \"50%\", cap = \"1.00\" }} }}"),
            vec!["24:93: missing-key: `else` says not exactly one of factor and cap"],
        ),
        (
            format!("{gate}, tested = \"running\", else = {{ factor = \"-50%\" }} }}"),
            vec!["24:104: bad-number: \"-50%\" is out of range"],
        ),
    ];
    for (gate, wanted) in table {
        check(TIERS, &format!("{gate}\n{TIERS}"), &wanted);
    }
    let unknown = "gate = { measure = \"sale\", as = \"attainment\", at_least = \"80%\", tested = \"running\", else = \"zero\" }";
    check(TIERS, &format!("{unknown}\n{TIERS}"), &["24:20: unknown-measure: no measure is called \"sale\""]);
}

#[test]
fn what_is_paid() {
    let pays = "pays = { rate_of = \"sales\" }";
    let table = [
        ("pays = { lump = \"1.00\" }", "18:17: wrong-type: `lump` is not true"),
        ("pays = { lump = true }", "19:10: wrong-unit: this method pays rates, not amounts"),
        (
            "pays = { fraction_of = \"target\" }",
            "18:24: unknown-value: `fraction_of` is not a parameter of the payee: \"target\"",
        ),
        ("pays = { rate_of = \"renewals\" }", "18:20: wrong-unit: parts of one measure have no place in the tiers of another"),
    ];
    for (to, wanted) in table {
        let text = brief(&found(PLAN_FILE, pays, to));
        assert!(text.contains(&format!("{PLAN_FILE}:{wanted}\n")), "{to}\n{text}");
    }
    let both = "pays = { rate_of = \"sales\", lump = true }";
    let text = brief(&found(PLAN_FILE, pays, both));
    assert!(text.contains("duplicate: `pays` says both rate_of and lump"), "{text}");
}

#[test]
fn a_table_without_a_tier() {
    let tiers = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";
    let empty = found(PLAN_FILE, tiers, "tiers = []");
    assert_eq!(brief(&empty), format!("{PLAN_FILE}:24:9: missing-key: there is no tier\n"));
    let list = brief(&found(PLAN_FILE, tiers, "tiers = \"6%\""));
    assert_eq!(list, format!("{PLAN_FILE}:24:9: wrong-type: `tiers` is a string\n"));
    let multiplier = "multiplier = { measure = \"sales\", as = \"amount\", tiers = [] }";
    check(TIERS, &format!("{multiplier}\n{TIERS}"), &["24:58: missing-key: there is no tier"]);
}

#[test]
fn tables() {
    let method = "method = \"marginal\"";
    for name in ["lump", "interpolated"] {
        let text = brief(&found(PLAN_FILE, method, &format!("method = \"{name}\"")));
        assert!(text.contains("19:10: wrong-unit: this method pays amounts, not rates of a measure"), "{text}");
    }
    let text = brief(&found(PLAN_FILE, method, "method = \"curve\""));
    assert!(text.contains("24:9: no-effect: `tiers` has no effect: this method reads `points`"), "{text}");
    check(TIERS, &format!("beyond = \"flat\"\n{TIERS}"), &["24:10: no-effect: `beyond` has no effect: only a curve ends"]);
    check(TIERS, &format!("weight = \"-1\"\n{TIERS}"), &["24:10: bad-number: \"-1\" is out of range"]);
    let cap = "cap = { per = \"interval\", amount = \"-1.00\", excess = \"lost\" }";
    check(TIERS, &format!("{cap}\n{TIERS}"), &["24:36: bad-number: \"-1.00\" is out of range"]);
}

#[test]
fn overage() {
    let (method, tiers) = ("method = \"marginal\"", TABLE);
    let over = |tiers: &str, no_quota: &str| {
        let text = super::PLAN.replace(method, "method = \"overage\"").replace(TABLE, tiers);
        brief(&found(PLAN_FILE, super::PLAN, &text.replace("no_quota = \"park\"", no_quota)))
    };
    let above = "tiers = [{ from = \"100%\", rate = \"6%\" }, { from = \"120%\", rate = \"8%\" }]";
    assert_eq!(over(above, "no_quota = \"park\""), "");
    let zero = over(tiers, "no_quota = \"park\"");
    assert_eq!(zero, format!("{PLAN_FILE}:24:19: tier-start: an overage starts at zero, so that nothing is below it\n"));
    let unmeasured = over(above, "no_quota = \"first_tier\"");
    assert_eq!(unmeasured, format!("{PLAN_FILE}:19:10: wrong-unit: without a quota nothing says what is above it\n"));
}

#[test]
fn floors() {
    let floor = "floor = { per = \"interval\", amount = \"10.00\" }\n";
    let stated = |more: &str, prorate: &str| {
        let text = super::PLAN.replace(TIERS, &format!("{floor}{more}{TIERS}"));
        brief(&found(PLAN_FILE, super::PLAN, &text.replace("draw = false", prorate)))
    };
    assert_eq!(stated("", "draw = false, floor = true"), "");
    assert_eq!(stated("", "draw = false"), format!("{PLAN_FILE}:6:11: missing-key: `floor` is missing\n"));
    let cap = "cap = { per = \"interval\", amount = \"9.00\", excess = \"lost\" }\n";
    let small = stated(cap, "draw = false, floor = false");
    assert_eq!(small, format!("{PLAN_FILE}:24:38: bad-range: the floor is above the cap\n"));
    let pay = "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"settled\" }]\n";
    let settled = stated(pay, "draw = false, floor = false");
    assert_eq!(settled, format!("{PLAN_FILE}:18:20: wrong-unit: a floor is of no single deal to be settled\n"));
    let yearly = super::PLAN.replace(TIERS, &format!("{}{TIERS}", floor.replace("interval", "year")));
    let yearly = brief(&found(PLAN_FILE, super::PLAN, &yearly.replace("draw = false", "draw = false, floor = true")));
    assert_eq!(yearly, format!("{PLAN_FILE}:24:17: not-supported: per = \"year\" is not supported by this version\n"));
    let none = brief(&found(PLAN_FILE, "draw = false", "draw = false, floor = true"));
    assert_eq!(none, format!("{PLAN_FILE}:6:94: no-effect: `floor` has no effect: no component has one\n"));
}

#[test]
fn points() {
    let points = "unit = \"points\"";
    check(TIERS, &format!("{points}\n{TIERS}"), &[]);
    check(TIERS, &format!("unit = \"money\"\n{TIERS}"), &[]);
    check(TIERS, &format!("unit = \"medals\"\n{TIERS}"), &["24:8: unknown-value: \"medals\" is not a value of `unit`"]);
    let pay = "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"booked\" }]";
    let paid = ["26:7: no-effect: `pay` has no effect: points are not paid"];
    check(TIERS, &format!("{points}\n{pay}\n{TIERS}"), &paid);
}
