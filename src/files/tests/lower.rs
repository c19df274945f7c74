//! Tables of which less is better, and gates that are met below their threshold: what they may say.

use super::{PLAN, PLAN_FILE, brief, found, worked_company};
use crate::domain::plan::{AtZero, Bound, Direction, Negative};

const TIERS: &str = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";
const NEGATIVE: &str = "negative = \"carry\"";
const FALLING: &str = "tiers = [{ from = \"100%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]";

/// A component of the small company with falling tiers, read off; with these words in others' places.
fn check(at_zero: &str, replaced: &[(&str, &str)], wanted: &[&str]) {
    let lower = format!("direction = \"lower\"\n{at_zero}");
    let mut text = PLAN.replace(NEGATIVE, &lower).replace(TIERS, FALLING).replace("\"marginal\"", "\"retroactive\"");
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let wanted: String = wanted.iter().map(|line| format!("{PLAN_FILE}:{line}\n")).collect();
    assert_eq!(brief(&found(PLAN_FILE, PLAN, &text)), wanted, "{at_zero} {replaced:?}");
}

const BEST: &str = "at_zero = \"best\"";
const NOTHING: &str = "at_zero = \"nothing\"";
const LUMP: [(&str, &str); 2] = [("pays = { rate_of = \"sales\" }", "pays = { lump = true }"), ("\"retroactive\"", "\"lump\"")];

#[test]
fn what_falls_is_read_off() {
    for at_zero in [BEST, NOTHING] {
        check(at_zero, &[], &[]);
        check(at_zero, &[LUMP[0], LUMP[1], ("rate = \"6%\"", "amount = \"6\""), ("rate = \"12%\"", "amount = \"12\"")], &[]);
        check(
            at_zero,
            &[
                ("\"retroactive\"", "\"curve\"\nbeyond = \"extend\""),
                ("tiers = ", "points = "),
                ("from = \"1", "at = \"1"),
                ("from = \"5", "at = \"5"),
            ],
            &[],
        );
        check(at_zero, &[("quota = \"interval\"", "quota = \"to_date\"")], &[]);
        check(at_zero, &[("{ from = \"50%\"", "{ from = \"0%\"")], &[]);
    }
    let message = "19:10: wrong-unit: this method builds up from zero, and where lower is better there is no such start";
    for method in ["marginal", "whole_deal_before\"\nlate = \"refold\"\ncount_split = \"share"] {
        check(NOTHING, &[("\"retroactive\"", &format!("\"{method}\""))], &[message]);
    }
    check(NOTHING, &[("\"retroactive\"", "\"overage\"")], &[message]);
    let lookup = [
        (FALLING, "rates = [{ product = \"core\", rate = \"6%\" }]\notherwise = \"nothing\""),
        ("\"retroactive\"", "\"lookup\""),
        ("tier_by = { measure = \"sales\", as = \"attainment\" }\n", ""),
        ("boundary = \"upper\"\n", ""),
        ("quota = \"interval\"\nno_quota = \"park\"\n", ""),
    ];
    let no_effect = |line: usize, key: &str, column: usize| {
        format!("{line}:{column}: no-effect: `{key}` has no effect: each line is looked up by itself")
    };
    check(NOTHING, &lookup, &[&no_effect(17, "direction", 13), &no_effect(18, "at_zero", 11)]);
}

#[test]
fn zero_is_stated() {
    check("", &[], &["10:1: missing-key: `at_zero` is missing"]);
    check("at_zero = \"worst\"", &[], &["22:11: unknown-value: \"worst\" is not a value of `at_zero`"]);
    let negative = format!("{NOTHING}\nnegative = \"zero\"");
    let below = "23:12: no-effect: `negative` has no effect: where lower is better a sum below zero is in the last tier";
    check(&negative, &[], &[below]);
    let unmeasured = ["22:11: wrong-unit: without a quota nobody is measured at zero"];
    let by_amount =
        [("quota = \"interval\"\nno_quota = \"park\"\n", ""), ("\"attainment\"", "\"amount\""), ("%\", rate", "\", rate")];
    let at_20 = ["20:11: wrong-unit: without a quota nobody is measured at zero"];
    check(BEST, &by_amount, &at_20);
    check(NOTHING, &by_amount, &[]);
    check(BEST, &[("no_quota = \"park\"", "no_quota = \"first_tier\"")], &unmeasured);
    check(NOTHING, &[("no_quota = \"park\"", "no_quota = \"first_tier\"")], &[]);
    let zero = [("boundary = \"upper\"", "boundary = \"lower\""), ("from = \"50%\"", "from = \"0%\"")];
    check(BEST, &zero, &["22:11: wrong-unit: a sum of zero is not in the best tier"]);
    check(NOTHING, &zero, &[]);
    check(BEST, &zero[..1], &[]);
    let higher = |text: &str| brief(&found(PLAN_FILE, NEGATIVE, &format!("{NEGATIVE}\n{text}")));
    let not_better = |line: usize| format!("{PLAN_FILE}:{line}:11: no-effect: `at_zero` has no effect: lower is not better\n");
    assert_eq!(higher(BEST), not_better(22));
    assert_eq!(higher(&format!("direction = \"higher\"\n{BEST}")), not_better(23));
    assert_eq!(higher("direction = \"higher\""), "");
}

#[test]
fn no_single_deal_earns_anything_of_its_own() {
    let historic = "attribution = \"slice\"\nclawback = { price = \"historic_rate\"";
    let taken = "24:22: wrong-unit: where lower is better no single deal earned something to be taken back";
    check(NOTHING, &[("clawback = { price = \"recompute\"", historic)], &[taken]);
    let paid = |when: &str| format!("attribution = \"slice\"\npay = [{{ share = \"100%\", when = \"{when}\" }}]\nmethod");
    let settled = "23:13: wrong-unit: where lower is better no single deal earned something to be settled";
    check(NOTHING, &[("method", &paid("settled"))], &[settled]);
    check(NOTHING, &[("method", &paid("interval_end"))], &[]);
}

#[test]
fn tiers_go_from_the_worst_to_the_best() {
    let check = |list: &str, wanted: &[&str]| check(NOTHING, &[(FALLING, list)], wanted);
    let order = "25:50: tier-order: the tier from 80% comes after the one from 50%";
    check("tiers = [{ from = \"50%\", rate = \"6%\" }, { from = \"80%\", rate = \"12%\" }]", &[order]);
    let same = "25:19: tier-never-reached: the tier from 50% is never reached: the next one starts there, too";
    check("tiers = [{ from = \"50%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]", &[same]);
    let gap = "25:31: tier-gap: a gap between 50% and 60%";
    check("tiers = [{ from = \"90%\", to = \"60%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]", &[gap]);
    let overlap = "25:31: tier-overlap: an overlap between 40% and 50%";
    check("tiers = [{ from = \"90%\", to = \"40%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]", &[overlap]);
    check("tiers = [{ from = \"90%\", to = \"50%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]", &[]);
    let ends = "25:31: tier-gap: nothing is said about sums below the last tier";
    check("tiers = [{ from = \"90%\", to = \"40%\", rate = \"6%\" }]", &[ends]);
    let cliff = "25:64: cliff: reaching 50% lowers the pay of the whole sum";
    check("tiers = [{ from = \"90%\", rate = \"6%\" }, { from = \"50%\", rate = \"2%\" }]", &[cliff]);
}

#[test]
fn a_gate_says_its_least_or_its_most() {
    let gate = |bounds: &str| {
        let gate =
            format!("gate = {{ measure = \"sales\", as = \"attainment\"{bounds}, tested = \"running\", else = \"zero\" }}");
        brief(&found(PLAN_FILE, "tiers = ", &format!("{gate}\ntiers = ")))
    };
    assert_eq!(gate(", at_most = \"80%\""), "");
    assert_eq!(gate(", at_least = \"80%\""), "");
    let both = format!("{PLAN_FILE}:24:76: duplicate: a gate says both `at_least` and `at_most`\n");
    assert_eq!(gate(", at_least = \"80%\", at_most = \"90%\""), both);
    assert_eq!(gate(""), format!("{PLAN_FILE}:24:8: missing-key: `at_least` is missing\n"));
    assert_eq!(gate(", at_most = \"80\""), format!("{PLAN_FILE}:24:58: bad-number: \"80\" is not a plain decimal number\n"));
}

#[test]
fn the_worked_company_pays_for_what_is_not_lost() {
    let files = worked_company();
    let mut components = files.plans.iter().flat_map(|plan| &plan.value.components);
    let churn = components.find(|component| component.component_id == "churn").unwrap();
    assert_eq!((churn.direction, churn.negative), (Direction::Lower(AtZero::Best), Negative::Carry));
    let bound = churn.modifiers.gate.as_ref().map(|gate| gate.bound);
    assert_eq!(bound, Some(Bound::AtMost(1_000_000_000_000)));
}
