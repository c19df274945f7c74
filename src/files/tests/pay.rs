//! Pay terms of a plan's file: what is refused, and where two plans of one payee contradict each other.

use super::*;
use crate::domain::calendar::IntervalKind;

const DRAW: &str = "\
[draw]
kind = \"recoverable\"
amount = \"3000.00\"
first = \"2026-01\"
last = \"2026-06\"
recover = { from = \"2026-02\", share_of_excess = \"100%\", floor = \"draw\", max_balance = \"9000.00\", at_end = \"owed\" }
";

/// The small company whose plan has a draw, with some of its text replaced: position, code and message.
fn of_draw(from: &str, to: &str) -> String {
    assert!(DRAW.contains(from), "{from}");
    brief(&found(PLAN_FILE, "[[component]]", &format!("{}[[component]]", DRAW.replacen(from, to, 1))))
}

#[test]
fn a_draw_is_read() {
    let stated = small_company(PLAN_FILE, "[[component]]", &format!("{DRAW}[[component]]")).unwrap();
    let draw = stated.plans[0].value.pay.draw.clone().unwrap();
    assert_eq!(
        (draw.amount.to_string(), draw.first.to_string(), draw.last.to_string()),
        ("3000".into(), "2026-01".into(), "2026-06".into())
    );
    let recover = draw.recover.unwrap();
    assert_eq!((recover.from.to_string(), recover.share_of_excess.to_string()), ("2026-02".into(), "1".into()));
    assert_eq!(recover.maximum_balance.unwrap().to_string(), "9000");
}

#[test]
fn what_a_draw_cannot_say() {
    let table = [
        ("\"recoverable\"", "\"advance\"", "11:8: unknown-value: \"advance\" is not a value of `kind`"),
        ("3000.00", "3000.001", "12:10: bad-number: \"3000.001\" has more than 2 decimals"),
        ("3000.00", "-1", "12:10: bad-number: \"-1\" is out of range"),
        ("3000.00", "0", "12:10: bad-range: a draw of nothing"),
        ("3000.00", "1000000000000.01", "12:10: bad-range: no payout holds a draw of more than 1000000000000"),
        ("last = \"2026-06\"", "last = \"2025-12\"", "14:8: bad-range: `last` 2025-12 is before `first` 2026-01"),
        ("from = \"2026-02\"", "from = \"2025-12\"", "15:20: bad-range: `recover.from` 2025-12 is before `first` 2026-01"),
        ("\"100%\"", "\"101%\"", "15:49: bad-number: \"101%\" is out of range"),
        ("floor = \"draw\"", "floor = \"500.00\"", "15:65: unknown-value: \"500.00\" is not a value of `floor`"),
        ("at_end = \"owed\"", "at_end = \"paid\"", "15:107: unknown-value: \"paid\" is not a value of `at_end`"),
        (", at_end = \"owed\"", "", "15:11: missing-key: `at_end` is missing"),
        (
            "recover = {",
            "recovery = {",
            "10:1: missing-key: `recover` is missing\nplans/ae.2026-01-01.toml:15:1: unknown-key: `recovery` is not a key of this table",
        ),
        ("\"recoverable\"", "\"guarantee\"", "15:11: no-effect: `recover` has no effect: a guarantee is not paid back"),
    ];
    for (from, to, wanted) in table {
        assert_eq!(of_draw(from, to), format!("{PLAN_FILE}:{wanted}\n"), "{to}");
    }
}

#[test]
fn what_a_cap_and_a_smallest_payment_cannot_say() {
    let cap = |amount: &str, excess: &str| format!("payment_cap = {{ amount = \"{amount}\", excess = \"{excess}\" }}\n");
    let table = [
        (cap("1000.00", "paid"), "10:46: unknown-value: \"paid\" is not a value of `excess`"),
        (cap("2999.99", "carry") + DRAW, "1:1: bad-range: the payment cap is below the draw"),
        ("minimum_settlement = { amount = \"25.00\" }\n".into(), "10:22: missing-key: `flush` is missing"),
        ("minimum_settlement = { amount = \"-1\", flush = \"end\" }\n".into(), "10:33: bad-number: \"-1\" is out of range"),
    ];
    for (text, wanted) in table {
        let found = brief(&found(PLAN_FILE, "[[component]]", &format!("{text}[[component]]")));
        assert_eq!(found, format!("{PLAN_FILE}:{wanted}\n"), "{text}");
    }
}

#[test]
fn a_cap_of_a_plan_is_of_what_is_earned_and_paid_at_once() {
    const CAP: &str = "cap = { per = \"quarter\", amount = \"5000.00\", excess = \"lost\" }\n";
    let company = small_company(PLAN_FILE, "[[component]]", &format!("{CAP}[[component]]")).unwrap();
    let plan = &company.plans[0].value;
    assert_eq!(plan.cap.map(|cap| (cap.per, cap.amount.to_string())), Some((IntervalKind::Quarter, "5000".into())));
    let stated = |from: &str, to: &str, more: &[(&str, &str, &str)]| {
        let cap = format!("{}[[component]]", CAP.replacen(from, to, 1));
        let mut replaced = vec![(PLAN_FILE, "[[component]]", cap.as_str())];
        replaced.extend(more);
        brief(&small_texts(&replaced).map_or_else(|found| found, |files| files.warnings))
    };
    let refused = |more: &[(&str, &str, &str)], wanted: &str| {
        assert_eq!(stated("", "", more), format!("{PLAN_FILE}:10:15: not-supported: {wanted}\n"), "{more:?}");
    };
    for (from, to, wanted) in [
        ("\"lost\"", "\"carry\"", "10:55: not-supported: excess = \"carry\" is not supported by this version"),
        ("5000.00", "-1", "10:35: bad-number: \"-1\" is out of range"),
        ("\"quarter\"", "\"week\"", "10:15: not-supported: per = \"week\" is not supported by this version"),
        ("per = \"quarter\", ", "", "10:7: missing-key: `per` is missing"),
    ] {
        assert_eq!(stated(from, to, &[]), format!("{PLAN_FILE}:{wanted}\n"), "{to}");
    }
    let kinds = "a cap of a month or quarter over components of half-years or years, or the reverse";
    assert_eq!(stated("\"quarter\"", "\"year\"", &[]), format!("{PLAN_FILE}:10:15: not-supported: {kinds}\n"));
    let later = "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"interval_end\" }]\ntiers = ";
    let parts = "component \"new\" is paid in parts, and a cap cuts what is paid at once";
    refused(&[(PLAN_FILE, "tiers = ", later)], parts);
    let current = "component \"new\" takes back in the current period, which no cap counts";
    refused(&[(PLAN_FILE, "period = \"original\"", "period = \"current\"")], current);
    let seats = "id = \"seats\"\nof = \"quantity\"\ncredit_kinds = [\"REVENUE\"]\n";
    let made = "id = \"made\"\nof = \"earned\"\ncomponents = [\"new\"]\nearned_by = \"reports\"\n";
    refused(&[("measures.toml", seats, made)], "measure \"made\" counts what component \"new\" earns, which the cap may cut");
}

/// Another plan of ana's, with one more text.
fn with_second_plan(first: &str, second: &str, to: &str) -> String {
    let plan = PLAN.replacen("plan = \"ae\"", "plan = \"spiff\"", 1).replacen("to = 2027-01-01", to, 1);
    let plan = plan.replacen("[[component]]", &format!("{second}[[component]]"), 1);
    let texts = [
        ("company.toml", COMPANY.to_string()),
        ("calendar.toml", CALENDAR.to_string()),
        ("measures.toml", MEASURES.to_string()),
        (PLAN_FILE, PLAN.replacen("[[component]]", &format!("{first}[[component]]"), 1)),
        ("plans/spiff.2026-01-01.toml", plan),
        ("payees.csv", PAYEES.replacen(",ae,", ",ae;spiff,", 1)),
        ("quotas.csv", QUOTAS.to_string()),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    brief(&crate::files::company_from_texts(&texts).map_or_else(|found| found, |files| files.warnings))
}

#[test]
fn two_plans_of_a_payee_state_each_term_once() {
    let minimum = "minimum_settlement = { amount = \"25.00\", flush = \"end\" }\n";
    let table = [
        (DRAW, DRAW, "to = 2027-01-01", "both state a draw"),
        (minimum, minimum, "to = 2027-01-01", "both state a minimum_settlement"),
    ];
    for (first, second, to, what) in table {
        let wanted = format!("payees.csv:3:24: pay-conflict: \"ana\" is on plans \"ae\" and \"spiff\", and {what}\n");
        assert_eq!(with_second_plan(first, second, to), wanted);
    }
    assert_eq!(with_second_plan(DRAW, minimum, "to = 2027-01-01"), "", "different terms");
}
