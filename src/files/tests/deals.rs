//! Components that look at deals one by one: what does not go together.

use super::*;
use crate::domain::plan::CountSplit;

/// The small company's component, with `scope`, `as`, method and more keys replaced: what is found.
fn of(scope: &str, tier_by: &str, method: &str, more: &str) -> String {
    let quota = if tier_by == "attainment" { "quota = \"interval\"\nno_quota = \"park\"\n" } else { "" };
    let tiers = if tier_by == "attainment" { "50%" } else { "1000" };
    let from = PLAN.split_once("scope = ").map(|(_, rest)| format!("scope = {rest}")).unwrap();
    let to = format!(
        "scope = \"{scope}\"\n{quota}tier_by = {{ measure = \"sales\", as = \"{tier_by}\" }}\npays = {{ rate_of = \"sales\" }}\n\
         method = \"{method}\"\nboundary = \"upper\"\nclawback = {{ price = \"recompute\", period = \"original\" }}\n\
         tiers = [{{ from = \"0{percent}\", rate = \"6%\" }}, {{ from = \"{tiers}\", rate = \"12%\" }}]\n{more}",
        percent = if tier_by == "attainment" { "%" } else { "" },
    );
    let found = brief(&found(PLAN_FILE, &from, &to));
    found.lines().map(|line| line.splitn(4, ':').nth(3).unwrap_or(line).trim().to_string() + "\n").collect()
}

const CARRY: &str = "negative = \"carry\"\nrounding = { to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }\n";
const FOLDED: &str = "late = \"refold\"\ncount_split = \"share\"\n";

#[test]
fn what_goes_together() {
    let capped = format!(
        "{CARRY}cap = [{{ per = \"deal\", amount = \"300.00\", excess = \"lost\" }}, {{ per = \"interval\", amount = \"900.00\", excess = \"lost\" }}]"
    );
    for (scope, tier_by, method, more) in [
        ("deal", "amount", "marginal", CARRY.to_string()),
        ("deal", "amount", "retroactive", capped),
        ("running", "attainment", "whole_deal_before", format!("{CARRY}{FOLDED}")),
        ("running", "amount", "whole_deal_after", format!("{CARRY}{FOLDED}")),
    ] {
        assert_eq!(of(scope, tier_by, method, &more), "", "{scope} {method}");
    }
}

#[test]
fn what_does_not() {
    let rounded = CARRY.replace("cumulative", "deal");
    let mirrored = CARRY.replace("carry", "mirror") + FOLDED;
    let capped = format!("{CARRY}cap = {{ per = \"deal\", amount = \"300.00\", excess = \"lost\" }}");
    let twice = "{ per = \"deal\", amount = \"1.00\", excess = \"lost\" }";
    let twice = format!("{CARRY}cap = [{twice}, {twice}]");
    let appended = CARRY.to_string() + &FOLDED.replace("refold", "append");
    let whole = CARRY.to_string() + &FOLDED.replace("share", "whole");
    let folded = format!("{CARRY}{FOLDED}");
    let late = format!("{CARRY}late = \"refold\"");
    let table = [
        ("deal", "attainment", "marginal", CARRY, "wrong-unit: a deal by itself is no part of a quota"),
        ("deal", "amount", "whole_deal_after", &folded, "wrong-unit: a deal by itself finds no sum before it"),
        ("running", "amount", "marginal", &rounded, "wrong-unit: only what is priced by deal is rounded by deal"),
        ("running", "amount", "marginal", &capped, "wrong-unit: a deal is capped only where it is priced by itself"),
        ("deal", "amount", "marginal", &twice, "duplicate: a second cap per the same"),
        ("running", "amount", "whole_deal_after", &mirrored, "wrong-unit: whole deals carry a negative sum"),
        ("running", "amount", "whole_deal_after", &appended, "not-supported: late = \"append\" is not supported by this version"),
        (
            "running",
            "amount",
            "whole_deal_after",
            &whole,
            "wrong-unit: deals count whole only where a deal finds a number of deals",
        ),
        ("running", "amount", "whole_deal_after", CARRY, "missing-key: `count_split` is missing\nmissing-key: `late` is missing"),
        (
            "running",
            "amount",
            "marginal",
            &late,
            "no-effect: `late` has no effect: this method does not fold deals in their order",
        ),
    ];
    for (scope, tier_by, method, more, wanted) in table {
        assert_eq!(of(scope, tier_by, method, more), format!("{wanted}\n"), "{scope} {tier_by} {method} {more}");
    }
}

#[test]
fn deals_that_are_counted_may_count_whole() {
    let counted = "id = \"seats\"\nof = \"count\"";
    let table =
        "tier_by = { measure = \"seats\", as = \"count\" }\npays = { per_unit = \"seats\" }\nmethod = \"whole_deal_before\"";
    let (_, rest) = PLAN.split_once("method = \"marginal\"").unwrap();
    let (head, _) = PLAN.split_once("quota = \"interval\"").unwrap();
    let of = |count_split: &str| {
        let folded = FOLDED.replace("share", count_split);
        let plan = format!("{head}{table}\n{folded}{rest}").replace("from = \"0%\"", "from = \"0\"").replace("\"100%\"", "\"3\"");
        let plan = plan.replace("6%", "500").replace("12%", "0");
        small_texts(&[("measures.toml", "id = \"seats\"\nof = \"quantity\"", counted), (PLAN_FILE, PLAN, &plan)])
    };
    for (count_split, expected) in [("whole", CountSplit::Whole), ("share", CountSplit::Share)] {
        let files = of(count_split).unwrap_or_else(|found| panic!("{}", shown(&found)));
        assert_eq!(files.plans[0].value.components[0].count_split, expected);
    }
}
