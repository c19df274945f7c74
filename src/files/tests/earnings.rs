//! Measures of earnings: what is read, and every refusal with its message and place.

use super::{MEASURES, PLAN, PLAN_FILE, brief, found, small_company};
use crate::domain::fact::{EarnedBy, MeasureOf};

const SEATS: &str = "id = \"seats\"\nof = \"quantity\"\ncredit_kinds = [\"REVENUE\"]\n";
const MADE: &str = "id = \"made\"\nof = \"earned\"\ncomponents = [\"new\"]\nearned_by = \"self\"\n";

fn check(measure: &str, wanted: &str) {
    let findings = found("measures.toml", SEATS, measure);
    assert_eq!(brief(&findings).lines().next(), Some(format!("measures.toml:{wanted}").as_str()), "{measure}");
}

/// The small company with a measure of earnings, and its component reading another measure.
fn reading(measure: &str) -> Vec<String> {
    reading_as(measure, "", "")
}

/// With another text in the component.
fn reading_as(measure: &str, from: &str, to: &str) -> Vec<String> {
    let other = "\n[[component]]\nid = \"more\"\nearning_code = \"COMM\"\ninterval = \"month\"\nscope = \"running\"\n\
        tier_by = { measure = \"made\", as = \"amount\" }\npays = { rate_of = \"made\" }\nmethod = \"marginal\"\n\
        boundary = \"upper\"\nnegative = \"carry\"\nclawback = { price = \"recompute\", period = \"original\" }\n\
        rounding = { to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }\ntiers = [{ from = \"0\", rate = \"5%\" }]\n";
    let plan = format!("{PLAN}{}", other.replacen(from, to, 1));
    let measures = MEASURES.replace(SEATS, measure);
    let texts = [
        ("company.toml", super::COMPANY),
        ("calendar.toml", super::CALENDAR),
        ("measures.toml", &measures),
        (PLAN_FILE, &plan),
        ("payees.csv", super::PAYEES),
        ("quotas.csv", super::QUOTAS),
    ];
    match super::super::company_from_texts(&texts) {
        Ok(company) => company.warnings.iter().map(|found| found.to_string()).collect(),
        Err(findings) => brief(&findings).lines().map(str::to_owned).collect(),
    }
}

#[test]
fn what_is_read() {
    let company = small_company("measures.toml", SEATS, MADE).unwrap();
    let measure = &company.measures[1].value;
    let earnings = measure.earnings.as_ref().unwrap();
    assert_eq!((measure.of, earnings.by, &earnings.components[..]), (MeasureOf::Earned, EarnedBy::Own, &["new".to_string()][..]));
    assert!(measure.credit_kinds.is_empty());
    assert_eq!(reading(MADE), Vec::<String>::new());
}

#[test]
fn what_is_refused() {
    let with = |from: &str, to: &str| MADE.replace(from, to);
    assert_eq!(reading(&with("\"self\"", "\"team\"")), Vec::<String>::new());
    check(&with("\"self\"", "\"them\""), "9:13: unknown-value: \"them\" is not a value of `earned_by`");
    check(&with("earned_by = \"self\"\n", ""), "5:1: missing-key: `earned_by` is missing");
    check(&with("components = [\"new\"]\n", ""), "5:1: missing-key: `components` names no component");
    check(
        &with("earned_by", "credit_kinds = [\"REVENUE\"]\nearned_by"),
        "5:1: no-effect: `credit_kinds` filters credits, and a measure of earnings counts none",
    );
    check(
        &with("earned_by", "roles = [\"AE\"]\nearned_by"),
        "5:1: no-effect: `roles` filters credits, and a measure of earnings counts none",
    );
    check(&format!("{SEATS}earned_by = \"self\"\n"), "5:1: no-effect: `earned_by` is of a measure of earnings");
    check(
        &with("components", "earning_codes = []\ncomponents"),
        "8:1: not-supported: `earning_codes` is not supported by this version",
    );
    check(
        &with("earned_by", "rate_type = \"spot\"\nearned_by"),
        "9:13: no-effect: measure \"made\" counts no amounts, so there is nothing to convert",
    );
}

#[test]
fn a_pool_is_what_a_team_has_together() {
    let pool = |share: &str| format!("pool = {{ of = \"team\", share = \"{share}\" }}\nscope = ");
    let team = MADE.replace("\"self\"", "\"team\"");
    assert_eq!(reading_as(&team, "scope = ", &pool("equal")), Vec::<String>::new());
    let check = |measure: &str, from: &str, to: &str, expected: &str| {
        let found = reading_as(measure, from, to);
        assert_eq!(found, [format!("plans/ae.2026-01-01.toml:{expected}")], "{to}");
    };
    check(&team, "scope = ", &pool("weight"), "30:31: not-supported: share = \"weight\" is not supported by this version");
    check(&team, "scope = ", &pool("payee."), "30:31: unknown-value: `share` is not a parameter of the payee: \"payee.\"");
    let nobody_has = reading_as(&team, "scope = ", &pool("payee.weight"));
    assert!(nobody_has.len() == 1 && nobody_has[0].contains(":30:31: warning: unknown-parameter: "), "{nobody_has:?}");
    check(&team, "scope = ", "pool = { of = \"team\" }\nscope = ", "30:8: missing-key: `share` is missing");
    let own = "27:6: bad-earnings: component \"more\" is a pool of a team, and measure \"made\" is not of one";
    check(MADE, "scope = ", &pool("equal"), own);
    let quarterly = "interval = \"quarter\"\npool = { of = \"team\", share = \"equal\" }";
    let a_month = "30:8: not-supported: a pool is of one pay period: interval = \"month\"";
    check(&team, "interval = \"month\"", quarterly, a_month);
}

#[test]
fn a_team_has_so_many_payees() {
    let check = |payees: usize, expected: &str| {
        let row = |number: usize| {
            format!("p{number},Rep,,default,,2026-01-01,2026-02-01,red\np{number},Rep,,default,,2026-02-01,,red\n")
        };
        let rows: String = (0..payees).map(row).collect();
        let found = found("payees.csv", super::PAYEES, &format!("id,title,manager,pay_group,plans,from,to,team\n{rows}"));
        let errors: Vec<_> = found.into_iter().filter(|of| of.code == "team-too-large").collect();
        assert_eq!(brief(&errors), expected, "{payees}");
        assert!(errors.iter().all(|of| of.hint == "let some of them be in another team"));
    };
    check(200, "");
    let message = "team-too-large: team \"red\" has 200 payees already, those who left it among them\n";
    check(201, &format!("payees.csv:402:42: {message}"));
    check(203, &format!("payees.csv:402:42: {message}"));
}

#[test]
fn components_have_an_order() {
    assert_eq!(
        reading(&MADE.replace("[\"new\"]", "[\"new\", \"more\"]")),
        ["plans/ae.2026-01-01.toml:27:6: bad-earnings: no component reads what it earns itself: \"more\" reads \"more\""]
    );
    let unknown = reading(&MADE.replace("[\"new\"]", "[\"news\"]"));
    assert!(unknown.len() == 1 && unknown[0].contains("no-earnings"), "{unknown:?}");
}
