//! Every mode that the format knows and this version does not do is refused by name, at its place.

use super::{PLAN_FILE, brief, found};

/// Replaces text in the small company and wants exactly one finding.
fn check(file: &str, from: &str, to: &str, wanted: &str) {
    assert_eq!(brief(&found(file, from, to)), format!("{wanted}\n"), "{to}");
}

fn refused(from: &str, to: &str, at: &str, what: &str) {
    check(PLAN_FILE, from, to, &format!("{PLAN_FILE}:{at}: not-supported: {what} not supported by this version"));
}

#[test]
fn modes_of_a_plan_and_component() {
    let table = [
        ("mid_interval_change = \"carry\"", "mid_interval_change = \"refuse\"", "7:23", "mid_interval_change = \"refuse\" is"),
        ("after_release = \"adjust\"", "after_release = \"raise_only\"", "9:17", "after_release = \"raise_only\" is"),
        ("after_release = \"adjust\"", "after_release = \"freeze\"", "9:17", "after_release = \"freeze\" is"),
        (
            "after_release = \"adjust\"",
            "after_release = { quota = \"freeze\", other = \"raise_only\" }",
            "9:45",
            "other = \"raise_only\" is",
        ),
        (
            "after_release = \"adjust\"",
            "after_release = { quota = \"freeze\", plan = \"adjust\", other = \"adjust\" }",
            "9:37",
            "`plan` is",
        ),
        ("interval = \"quarter\"", "interval = \"week\"", "13:12", "interval = \"week\" is"),
        ("to = \"0.01\"", "to = \"1\"", "23:19", "rounding to anything but the currency's minor unit is"),
    ];
    for (from, to, at, what) in table {
        refused(from, to, at, what);
    }
}

#[test]
fn keys_that_are_not_built() {
    let keys = [
        ("deficit = \"next_interval\"", "24:11", "deficit = \"next_interval\" is"),
        ("cap = { per = \"year\", amount = \"1.00\", excess = \"lost\" }", "24:15", "per = \"year\" is"),
        ("cap = { per = \"interval\", amount = \"1.00\", excess = \"carry\" }", "24:53", "excess = \"carry\" is"),
    ];
    for (key, at, what) in keys {
        refused("tiers = ", &format!("{key}\ntiers = "), at, what);
    }
    let own = "multiplier = { measure = \"sales\", as = \"amount\", tiers = [{ from = \"payee.f\", factor = \"1\" }] }";
    refused("tiers = ", &format!("{own}\ntiers = "), "24:68", "`from` from a payee's parameter is");
}

#[test]
fn the_rest_of_a_company() {
    let not = "not-supported";
    let cases = [
        (
            "company.toml",
            "calendar",
            "pay_groups = [\"default\"]\ncalendar",
            "3:1",
            "`pay_groups` is not supported by this version",
        ),
        ("calendar.toml", "monthly", "weekly", "2:8", "kind = \"weekly\" is not supported by this version"),
        (
            "measures.toml",
            "of = \"amount\"",
            "of = \"amount\"\nearning_codes = [\"COMM\"]",
            "4:1",
            "`earning_codes` is not supported by this version",
        ),
        ("payees.csv", ",default,", ",field,", "2:14", "pay group \"field\" is not supported by this version"),
    ];
    for (file, from, to, at, what) in cases {
        check(file, from, to, &format!("{file}:{at}: {not}: {what}"));
    }
    let column = "id,title,manager,pay_group,plans,from,to,own_rate\nana,,,,,2026-01-01,,1000\n";
    let text =
        "id,title,manager,pay_group,plans,from,to\nmia,Manager,,default,,2026-01-01,\nana,Rep,mia,default,ae,2026-01-01,\n";
    check("payees.csv", text, column, "payees.csv:1:42: not-supported: column `own_rate` is not supported by this version");
    let split = "ana,Rep,mia,default,ae,2026-01-01,2026-02-10\nana,Rep,mia,default,,2026-02-10,";
    let inside = "payees.csv:4:22: not-supported: a change of plans inside a pay period is not supported by this version";
    check("payees.csv", "ana,Rep,mia,default,ae,2026-01-01,", split, inside);
}
