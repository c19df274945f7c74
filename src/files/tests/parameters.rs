//! Parameters of payees: columns of `payees.csv` that plans name, and what is wrong with them.

use super::{PLAN, PLAN_FILE, brief, found, shown, small_texts};
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::{OwnEdge, OwnPlace, OwnRate, Tier};
use crate::files::Diagnostic;

/// The small company whose plan pays a fraction of a parameter, with these payees.
fn company(parameter: &str, payees: &str) -> Result<Vec<(String, Amount)>, Vec<Diagnostic>> {
    let plan = PLAN.replace("rate_of = \"sales\"", &format!("fraction_of = \"payee.{parameter}\""));
    let plan = plan.replace("rate = \"6%\"", "rate = \"50%\"").replace("rate = \"12%\"", "rate = \"80%\"");
    let texts = [
        ("company.toml", super::COMPANY),
        ("calendar.toml", super::CALENDAR),
        ("measures.toml", super::MEASURES),
        (PLAN_FILE, &plan),
        ("payees.csv", payees),
        ("quotas.csv", super::QUOTAS),
    ];
    let files = super::super::company_from_texts(&texts)?;
    if files.warnings.is_empty() { Ok(files.payees[0].value.rows[0].parameters.clone()) } else { Err(files.warnings) }
}

fn sheet(columns: &str, cells: &str) -> String {
    format!("id,title,manager,pay_group,plans,from,to,{columns}\nana,Rep,,default,ae,2026-01-01,,{cells}\n")
}

#[test]
fn plans_read_columns_by_name() {
    let check = |columns, cells, expected: &[(&str, i128)]| {
        let found = company("bonus", &sheet(columns, cells)).unwrap_or_else(|found| panic!("{}", shown(&found)));
        let expected: Vec<_> = expected.iter().map(|(name, amount)| (name.to_string(), Amount(*amount))).collect();
        assert_eq!(found, expected, "in the order of names");
    };
    check("parameter.bonus", "500.25", &[("bonus", 500_250_000)]);
    let both = [("bonus", 1_000_000), ("target_incentive", 2_000_000)];
    check("target_incentive,parameter.car,parameter.bonus", "2,,1", &both);
    check("parameter.bonus", "6.125%", &[("bonus", 61_250)]);
}

#[test]
fn columns_that_are_refused() {
    let check = |columns, cells, expected: &str| {
        let found = company("bonus", &sheet(columns, cells)).unwrap_err();
        assert_eq!(brief(&found), format!("{expected}\n"), "{columns} {cells}");
    };
    check("parameter.bonus", "-1", "payees.csv:2:33: bad-number: \"-1\" is out of range");
    check("parameter.bonus", "-6%", "payees.csv:2:33: bad-number: \"-6%\" is out of range");
    check("parameter.bonus", "6.12345%", "payees.csv:2:33: bad-number: \"6.12345\" has more than 4 decimals");
    check("target_incentive,parameter.bonus", "6%,1", "payees.csv:2:33: bad-number: \"6%\" is not a plain decimal number");
    check("parameter.bonus", "5 %", "payees.csv:2:33: bad-number: \"5 %\" is not a plain decimal number");
    check("parameter.,parameter.bonus", "1,1", "payees.csv:1:42: unknown-key: `parameter.` is not a column of this file");
    check(
        "parameter.target_incentive,target_incentive,parameter.bonus",
        "1,2,1",
        "payees.csv:1:42: duplicate: parameter \"target_incentive\" is stated twice",
    );
    let nameless = company("", &sheet("parameter.bonus", "1")).unwrap_err();
    assert_eq!(
        brief(&nameless),
        format!("{PLAN_FILE}:18:24: unknown-value: `fraction_of` is not a parameter of the payee: \"payee.\"\n")
    );
    check("parameter.bonsu", "1", &format!("{PLAN_FILE}:18:24: unknown-parameter: no payee has a parameter \"bonus\""));
}

/// Tiers of the small company's plan.
const TABLE: &str = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";

#[test]
fn values_of_tiers_are_numbers_or_the_payees_own() {
    let plan = PLAN.replace("\"6%\"", "\"payee.base\"");
    let payees = sheet("parameter.base", "6%");
    let files = small_texts(&[(PLAN_FILE, PLAN, &plan), ("payees.csv", super::PAYEES, &payees)]);
    let files = files.unwrap_or_else(|found| panic!("{}", shown(&found)));
    assert_eq!(shown(&files.warnings), "", "nothing lowers the pay, and somebody has it");
    let component = &files.plans[0].value.components[0];
    assert_eq!(component.own_rates, [OwnRate { tier: 0, parameter: "base".into() }]);
    assert_eq!(component.tiers.iter().map(|tier| tier.rate.0).collect::<Vec<_>>(), [0, 12_000_000]);
}

#[test]
fn values_of_tiers_that_are_refused() {
    let check = |table: &str, expected: &str| {
        let found = found(PLAN_FILE, TABLE, table);
        assert_eq!(brief(&found), format!("{PLAN_FILE}:{expected}\n"), "{table}");
    };
    let own = |name: &str| TABLE.replace("\"6%\"", &format!("\"{name}\""));
    check(&own("payee.base"), "24:32: unknown-parameter: no payee has a parameter \"base\"");
    check(&own("payee."), "24:32: unknown-value: `rate` is not a parameter of the payee: \"payee.\"");
    check(&own("payee"), "24:32: bad-number: \"payee\" is not a plain decimal number");
    let amounts = "tiers = [{ from = \"0%\", amount = \"payee.base\" }, { from = \"100%\", amount = \"5\" }]";
    let lump = PLAN.replace("rate_of = \"sales\"", "lump = true").replace("method = \"marginal\"", "method = \"lump\"");
    let lump = lump.replace(TABLE, amounts);
    let zero = brief(&found(PLAN_FILE, PLAN, &lump));
    assert_eq!(zero, format!("{PLAN_FILE}:24:34: paid-for-nothing: a sum of zero would be paid\n"));
}

#[test]
fn edges_of_tiers_are_numbers_or_the_payees_own() {
    let of = |table: &str| {
        let payees = sheet("parameter.low,parameter.high", "50%,100%");
        small_texts(&[(PLAN_FILE, TABLE, table), ("payees.csv", super::PAYEES, &payees)])
    };
    let three = |second: &str, third: &str| {
        let tier = |from: &str, rate: &str| format!("{{ from = \"{from}\", rate = \"{rate}\" }}");
        format!("tiers = [{}, {}, {}]", tier("0%", "6%"), tier(second, "8%"), tier(third, "12%"))
    };
    let check = |table: &str, expected: &[(usize, &str)], froms: &[i128]| {
        let files = of(table).unwrap_or_else(|found| panic!("{}", shown(&found)));
        let component = &files.plans[0].value.components[0];
        let own: Vec<_> = component.own_edges.iter().map(|own| (own.tier, own.parameter.as_str())).collect();
        assert_eq!(own, expected, "{table}");
        let stated: Vec<_> = component.tiers.iter().map(|tier| tier.from / 10_000_000_000).collect();
        assert_eq!(stated, froms, "{table}");
    };
    check(&three("payee.low", "100%"), &[(1, "low")], &[0, 0, 100]);
    check(&three("50%", "payee.high"), &[(2, "high")], &[0, 50, 0]);
    check(&three("payee.low", "payee.high"), &[(1, "low"), (2, "high")], &[0, 0, 0]);
    let refused = |table: &str, expected: &str| {
        let found = of(table).map_or_else(|found| found, |files| files.warnings);
        assert_eq!(brief(&found), format!("{PLAN_FILE}:{expected}\n"), "{table}");
    };
    refused(&three("payee.lwo", "100%"), "24:49: unknown-parameter: no payee has a parameter \"lwo\"");
    refused(&three("payee.", "100%"), "24:49: unknown-value: `from` is not a parameter of the payee: \"payee.\"");
    let first = TABLE.replace("\"0%\"", "\"payee.low\"");
    refused(&first, "24:19: tier-start: the first tier starts at payee.low, not at 0%");
    let to = |from: &str| {
        let plan = three(from, "100%");
        plan.replace("\"6%\" }", "\"6%\", to = \"50%\" }")
    };
    refused(&to("payee.low"), "24:43: tier-overlap: the tier ends at 50%, and the next one starts at payee.low");
    let own_end = three("50%", "100%").replace("\"6%\" }", "\"6%\", to = \"payee.low\" }");
    refused(&own_end, "24:43: tier-overlap: the tier ends at payee.low, and the next one starts at 50%");
    let around = three("payee.low", "0%");
    refused(&around, "24:19: tier-never-reached: the tier from 0% is never reached: the next one starts there, too");
    let end = TABLE.replace("\"12%\" }", "\"12%\", to = \"payee.high\" }");
    refused(&end, "24:76: tier-gap: nothing is said about sums above the last tier");
}

#[test]
fn tiers_in_proportion_may_end_at_the_payees_own() {
    let plan = |tiers: &str| {
        let plan = PLAN.replace("rate_of = \"sales\"", "lump = true").replace("\"marginal\"", "\"interpolated\"");
        plan.replace(TABLE, &tiers.replace("rate = ", "amount = ").replace("6%", "600").replace("8%", "800"))
    };
    let of = |tiers: &str| {
        let payees = sheet("parameter.low,parameter.high", "50%,100%");
        small_texts(&[(PLAN_FILE, PLAN, &plan(tiers)), ("payees.csv", super::PAYEES, &payees)])
    };
    let files =
        of("tiers = [{ from = \"0%\", to = \"payee.high\", rate = \"6%\" }]").unwrap_or_else(|found| panic!("{}", shown(&found)));
    let component = &files.plans[0].value.components[0];
    assert_eq!(component.own_edges, [OwnEdge { tier: 1, parameter: "high".into() }]);
    assert_eq!(component.tiers, [600, 0].map(|amount| Tier { from: 0, rate: Rate(amount * 100_000_000) }));
    let refused = |tiers: &str, expected: &str| {
        let found = of(tiers).map_or_else(|found| found, |files| files.warnings);
        assert_eq!(brief(&found), format!("{PLAN_FILE}:{expected}\n"), "{tiers}");
    };
    let typo = "tiers = [{ from = \"0%\", to = \"payee.hihg\", rate = \"6%\" }]";
    refused(typo, "24:30: unknown-parameter: no payee has a parameter \"hihg\"");
    let before = "tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"60%\", rate = \"8%\" }, { from = \"payee.low\", to = \"60%\", rate = \"8%\" }]";
    refused(before, "24:104: tier-order: the last tier ends before it starts");
}

#[test]
fn edges_of_the_payees_own_fall_where_lower_is_better() {
    let of = |boundary: &str, tiers: [&str; 2]| {
        let plan = PLAN.replace("negative = \"carry\"", "direction = \"lower\"\nat_zero = \"best\"");
        let plan = plan.replace("\"marginal\"", "\"retroactive\"").replace("\"upper\"", &format!("\"{boundary}\""));
        let [worst, best] = tiers.map(|from| format!("{{ from = \"{from}\", rate = \"6%\" }}"));
        let plan = plan.replace(TABLE, &format!("tiers = [{worst}, {{ from = \"payee.low\", rate = \"6%\" }}, {best}]"));
        let payees = sheet("parameter.low,parameter.high", "50%,100%");
        let found = small_texts(&[(PLAN_FILE, PLAN, &plan), ("payees.csv", super::PAYEES, &payees)]);
        brief(&found.map_or_else(|found| found, |files| files.warnings))
    };
    assert_eq!(of("upper", ["100%", "40%"]), "");
    assert_eq!(of("lower", ["payee.high", "payee.high"]), "");
    let order = "25:87: tier-order: the tier from 100% comes after the one from 40%";
    assert_eq!(of("upper", ["40%", "100%"]), format!("{PLAN_FILE}:{order}\n"));
    let zero = "22:11: wrong-unit: a sum of zero is not in the best tier";
    assert_eq!(of("lower", ["100%", "0%"]), format!("{PLAN_FILE}:{zero}\n"));
}

/// A gate and a multiplier with a number of the payee's own each, and the caps of an interval and of a deal.
const GATE: &str =
    "gate = { measure = \"sales\", as = \"amount\", at_least = \"payee.most\", tested = \"running\", else = \"zero\" }";
const FACTORS: &str = "multiplier = { measure = \"sales\", as = \"amount\", tiers = [{ from = \"0\", factor = \"1\" }, \
                       { from = \"5\", factor = \"payee.part\" }] }";
const CAP: &str = "cap = { per = \"interval\", amount = \"payee.most\", excess = \"lost\" }";
const BOTH_CAPS: &str = "cap = [{ per = \"deal\", amount = \"payee.part\", excess = \"lost\" }, \
                         { per = \"interval\", amount = \"payee.most\", excess = \"lost\" }]";

#[test]
fn numbers_of_modifiers_are_the_plans_or_the_payees_own() {
    let check_of = |plan: &str, keys: &str, expected: &[(OwnPlace, &str)]| {
        let prorate = if keys.contains("floor") { "draw = false, floor = false" } else { "draw = false" };
        let plan = plan.replace("draw = false", prorate).replace("tiers = ", &format!("{keys}\ntiers = "));
        let payees = sheet("parameter.most,parameter.part", "1000,50%");
        let files = small_texts(&[(PLAN_FILE, PLAN, &plan), ("payees.csv", super::PAYEES, &payees)]);
        let files = files.unwrap_or_else(|found| panic!("{}", shown(&found)));
        assert_eq!(shown(&files.warnings), "");
        let component = &files.plans[0].value.components[0];
        let own: Vec<_> = component.own_modifiers.iter().map(|own| (own.place, own.parameter.as_str())).collect();
        assert_eq!(own, expected, "{keys}");
        assert!(expected.iter().all(|(place, _)| component.modifiers.stated(*place) == Some(0)), "{keys}");
    };
    let check = |keys: &str, expected: &[(OwnPlace, &str)]| check_of(PLAN, keys, expected);
    check("weight = \"payee.part\"", &[(OwnPlace::Weight, "part")]);
    check(GATE, &[(OwnPlace::GateAtLeast, "most")]);
    let otherwise = |otherwise: &str| GATE.replace("payee.most", "5").replace("\"zero\"", otherwise);
    check(&otherwise("{ factor = \"payee.part\" }"), &[(OwnPlace::GateElse, "part")]);
    check(&otherwise("{ cap = \"payee.most\" }"), &[(OwnPlace::GateElse, "most")]);
    check(FACTORS, &[(OwnPlace::Factor(1), "part")]);
    check(
        &format!("{GATE}\n{FACTORS}\n{CAP}"),
        &[(OwnPlace::Cap, "most"), (OwnPlace::GateAtLeast, "most"), (OwnPlace::Factor(1), "part")],
    );
    let floor = |amount: &str| format!("floor = {{ per = \"interval\", amount = \"{amount}\" }}");
    check(&floor("payee.part"), &[(OwnPlace::Floor, "part")]);
    // Nobody knows yet which of the two is greater.
    check(&format!("{CAP}\n{}", floor("2000")), &[(OwnPlace::Cap, "most")]);
    let alone = PLAN.replace("\"running\"", "\"deal\"").replace("\"attainment\"", "\"amount\"").replace("%\", rate", "\", rate");
    let alone = alone.replace("quota = \"interval\"\nno_quota = \"park\"\n", "");
    check_of(&alone, BOTH_CAPS, &[(OwnPlace::Cap, "most"), (OwnPlace::DealCap, "part")]);
}

#[test]
fn numbers_of_modifiers_that_are_refused() {
    let check = |key: &str, expected: &str| {
        let found = found(PLAN_FILE, "tiers = ", &format!("{key}\ntiers = "));
        assert_eq!(brief(&found), format!("{PLAN_FILE}:{expected}\n"), "{key}");
    };
    check("weight = \"payee.w\"", "24:10: unknown-parameter: no payee has a parameter \"w\"");
    check("weight = \"payee.\"", "24:10: unknown-value: `weight` is not a parameter of the payee: \"payee.\"");
    check("weight = \"payee\"", "24:10: bad-number: \"payee\" is not a plain decimal number");
    check(GATE, "24:55: unknown-parameter: no payee has a parameter \"most\"");
    check(&GATE.replace(".most", "."), "24:55: unknown-value: `at_least` is not a parameter of the payee: \"payee.\"");
    let otherwise = |otherwise: &str| GATE.replace("payee.most", "5").replace("\"zero\"", otherwise);
    check(&otherwise("{ factor = \"payee.f\" }"), "24:98: unknown-parameter: no payee has a parameter \"f\"");
    check(&otherwise("{ cap = \"payee.\" }"), "24:95: unknown-value: `cap` is not a parameter of the payee: \"payee.\"");
    check(FACTORS, "24:112: unknown-parameter: no payee has a parameter \"part\"");
    check(&FACTORS.replace(".part", "."), "24:112: unknown-value: `factor` is not a parameter of the payee: \"payee.\"");
    check(CAP, "24:36: unknown-parameter: no payee has a parameter \"most\"");
}
