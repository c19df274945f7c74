//! `measures.toml`: margins, attributes and conditions on them, and what is wrong with one.

use super::{PLAN_FILE, brief, found, shown, small_company, small_texts};
use crate::domain::measure::{Measure, MeasureOf, Missing, Unit, Wanted};

const FILE: &str = "measures.toml";
const FROM: &str = "of = \"quantity\"";

fn seats(text: &str) -> Measure {
    let files = small_company(FILE, FROM, text).unwrap_or_else(|found| panic!("{}", shown(&found)));
    files.measures[1].value.clone()
}

#[test]
fn what_a_measure_sums_and_takes() {
    let margin = seats("of = \"margin\"\nmissing = \"park\"");
    assert_eq!((margin.of, margin.missing), (MeasureOf::Margin, Some(Missing::Park)));
    let text = "of = \"attribute\"\nattribute = \"users\"\nunit = \"number\"\nmissing = \"nothing\"\ncustomers = [\"globex\"]
filter = [
  { attribute = \"industry\", is = [\"bank\"] },
  { attribute = \"users\", at_least = \"1.5\" },
  { attribute = \"signed\", from = 2026-01-01, to = 2026-07-01 },
]";
    let users = seats(text);
    let conditions: Vec<(&str, bool)> = users.filter.iter().map(|of| (&*of.attribute, of.is.is_possible())).collect();
    assert_eq!(conditions, [("industry", true), ("users", true), ("signed", true)]);
    assert!(matches!(users.filter[1].is, Wanted::Number { at_least: Some(_), below: None }));
    let stated = (users.attribute.as_deref(), users.unit, users.customers.as_slice());
    assert_eq!(stated, (Some("users"), Some(Unit::Number), &["globex".to_string()][..]));
}

#[test]
fn a_measure_takes_roles() {
    assert_eq!(seats(&format!("{FROM}\nroles = [\"AE\", \"SE\"]")).roles, ["AE", "SE"]);
    assert!(seats(&format!("{FROM}\nroles = []")).roles.is_empty());
}

#[test]
fn measures_that_are_refused() {
    let check = |text: &str, expected: &str| {
        assert_eq!(brief(&found(FILE, FROM, text)), format!("measures.toml:{expected}\n"), "{text}");
    };
    let quantity = |more: &str| format!("{FROM}\n{more}");
    check("of = \"margin\"", "5:1: missing-key: `missing` is missing");
    let attribute = "of = \"attribute\"\nunit = \"money\"\nmissing = \"park\"";
    check(attribute, "5:1: missing-key: `attribute` is missing");
    check("of = \"attribute\"\nattribute = \"a\"\nmissing = \"park\"", "5:1: missing-key: `unit` is missing");
    check(&quantity("unit = \"money\""), "8:8: no-effect: `unit` has no effect: only of = \"attribute\" reads it");
    check(&quantity("missing = \"park\""), "8:11: no-effect: `missing` has no effect: nothing that it counts can be missing");
    let condition = |text: &str| quantity(&format!("filter = [{{ attribute = \"a\"{text} }}]"));
    let of_one = "8:11: wrong-type: a condition is of texts, of a number or of a date";
    check(&condition(""), of_one);
    check(&condition(", is = [\"b\"], below = \"1\""), of_one);
    check(&condition(", at_least = \"1\", to = 2026-01-01"), of_one);
    let nothing = "8:11: bad-range: nothing holds for `a`";
    check(&condition(", is = []"), nothing);
    check(&condition(", at_least = \"1\", below = \"1.0\""), nothing);
    check(&condition(", from = 2026-01-02, to = 2026-01-01"), nothing);
    check(&condition(", at_least = 1.5"), "8:41: float: `at_least` is a float, which is not exact");
    let of_splits = "8:10: not-supported: `roles` of ROLLED or TERRITORY credit is not supported by this version";
    for kind in ["ROLLED", "TERRITORY"] {
        let kinds = format!("{FROM}\nroles = [\"AE\"]\ncredit_kinds = [\"REVENUE\", \"{kind}\"]");
        let replaced = [(FILE, "of = \"quantity\"\ncredit_kinds = [\"REVENUE\"]", kinds.as_str())];
        let found = small_texts(&replaced).map_or_else(|found| found, |files| files.warnings);
        assert_eq!(brief(&found), format!("measures.toml:{of_splits}\n"), "{kind}");
    }
    check(&quantity("roles = [\"AE\", \"\"]"), "8:16: bad-id: `roles`: empty");
    let many = vec!["{ attribute = \"a\", is = [\"b\"] }"; 21].join(", ");
    check(&quantity(&format!("filter = [{many}]")), "8:671: bad-range: more than 20 conditions");
}

#[test]
fn money_is_compared_as_an_amount_and_a_number_as_a_quantity() {
    let tiered = |of: &str| found(FILE, "of = \"amount\"", of);
    let money = "of = \"attribute\"\nattribute = \"acv\"\nunit = \"money\"\nmissing = \"nothing\"";
    assert_eq!(brief(&tiered(money)), "");
    assert_eq!(brief(&tiered("of = \"margin\"\nmissing = \"nothing\"")), "");
    let number = brief(&tiered(&money.replace("money", "number")));
    assert!(number.contains("wrong-unit") && number.contains("measure \"sales\" counts quantity"), "{number}");
}

#[test]
fn deals_that_count_in_parts_are_not_priced_one_by_one() {
    let dated = "of = \"amount\"\ndated_by = \"receipt\"";
    assert_eq!(brief(&found(FILE, "of = \"amount\"", dated)), "");
    let settled = "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"settled\" }]\ntiers = ";
    assert_eq!(brief(&found(PLAN_FILE, "tiers = ", settled)), "");
    let texts = small_texts(&[(FILE, "of = \"amount\"", dated), (PLAN_FILE, "tiers = ", settled)]);
    let told = brief(&texts.err().unwrap_or_default());
    let expected = "not-supported: deals one by one of measure \"sales\", which counts them in parts\n";
    assert!(told.ends_with(expected), "{told}");
}
