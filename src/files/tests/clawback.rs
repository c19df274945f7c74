//! What a component takes back at the historic rate: what goes together with it.

use super::*;

#[test]
fn a_historic_rate_is_of_single_deals() {
    let from = PLAN.split_once("scope = ").map(|(_, rest)| format!("scope = {rest}")).unwrap();
    let table = "boundary = \"upper\"\nnegative = \"carry\"\ntiers = [{ from = \"0%\", rate = \"6%\" }]\n";
    let component = |pays: &str, table: &str, more: &str| {
        let to = format!(
            "scope = \"running\"\npays = {{ {pays} }}\n{table}{more}clawback = {{ price = \"historic_rate\", period = \"original\" }}\n\
             rounding = {{ to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }}\n"
        );
        let found = brief(&found(PLAN_FILE, &from, &to));
        found.lines().map(|line| line.splitn(4, ':').nth(3).unwrap_or(line).trim().to_string()).collect::<Vec<_>>().join("\n")
    };
    let slice = "attribution = \"slice\"\n";
    let tiers = |quota: &str| {
        format!(
            "quota = \"{quota}\"\nno_quota = \"park\"\nmethod = \"marginal\"\ntier_by = {{ measure = \"sales\", as = \"attainment\" }}\n{table}"
        )
    };
    let formula = "method = \"formula\"\n";
    for (pays, table, more, wanted) in [
        ("rate_of = \"sales\"", tiers("interval"), "", "missing-key: `attribution` is missing"),
        (
            "rate_of = \"sales\"",
            tiers("to_date"),
            slice,
            "wrong-unit: what is made up for as the quota grows is of no single deal to be taken back",
        ),
        (
            "formula = 'measure(\"sales\") * 5%'",
            formula.into(),
            slice,
            "wrong-unit: what a formula pays is of no single deal to be taken back",
        ),
        ("rate_of = \"sales\"", tiers("interval"), slice, ""),
    ] {
        assert_eq!(component(pays, &table, more), wanted, "{pays} {table}");
    }
}
