//! Pay terms of a plan's file: what is refused, and where two plans of one payee contradict each other.

use super::*;
use crate::domain::calendar::IntervalKind;
use crate::domain::money::Amount;
use crate::domain::plan::AmountPlace;

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
    assert_eq!(stated("\"quarter\"", "\"year\"", &[]), "");
    let kinds = "a cap of a month or quarter over components of half-years or years, or whose deficits go on";
    refused(&[(PLAN_FILE, "negative = \"carry\"", "negative = \"zero\"\ndeficit = \"next_interval_of_year\"")], kinds);
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

#[test]
fn a_component_is_priced_by_the_year_in_all_plans_or_in_none() {
    let of_year = "cap = { per = \"half_year\", amount = \"5000.00\", excess = \"lost\" }\n";
    let twice = "component \"new\" is priced by the year in one plan (its deficits go on, or the plan has a cap of a half-year or year) \
                 and by the quarter in another";
    let refused = |line: usize| format!("plans/spiff.2026-01-01.toml:{line}:6: not-supported: {twice}\n");
    assert_eq!(with_second_plan("", of_year, "to = 2027-01-01"), refused(12));
    assert_eq!(with_second_plan(of_year, "", "to = 2027-01-01"), refused(11));
    assert_eq!(with_second_plan(of_year, of_year, "to = 2027-01-01"), "");
}

/// The small company with these keys of its plan, and what ana has.
fn with_own(keys: &str, columns: &str, cells: &str) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let plan = PLAN.replace("[[component]]", &format!("{keys}[[component]]"));
    let header = format!("id,title,manager,pay_group,plans,from,to{columns}\n");
    let payees = format!("{header}ana,Rep,,default,ae,2026-01-01,{cells}\n");
    small_texts(&[(PLAN_FILE, PLAN, &plan), ("payees.csv", PAYEES, &payees)])
}

fn own_draw() -> String {
    DRAW.replace("3000.00", "payee.least").replace("9000.00", "payee.most")
}

const OWN_CAP: &str = "payment_cap = { amount = \"payee.most\", excess = \"lost\" }\n";
const OWN_MINIMUM: &str = "minimum_settlement = { amount = \"payee.least\", flush = \"end\" }\n";

#[test]
fn amounts_of_pay_are_the_plans_or_the_payees_own() {
    use AmountPlace::{Draw, MaximumBalance, MinimumSettlement, PaymentCap};
    let check = |keys: &str, expected: &[(AmountPlace, &str)]| {
        let files =
            with_own(keys, ",parameter.least,parameter.most", ",50,60").unwrap_or_else(|found| panic!("{}", shown(&found)));
        assert_eq!(shown(&files.warnings), "", "{keys}");
        let plan = &files.plans[0].value;
        let own: Vec<_> = plan.own_amounts.iter().map(|own| (own.place, own.parameter.as_str())).collect();
        assert_eq!(own, expected, "{keys}");
        assert!(expected.iter().all(|(place, _)| plan.stated_amount(*place) == Some(Amount(0))), "{keys}");
    };
    check(OWN_CAP, &[(PaymentCap, "most")]);
    check(OWN_MINIMUM, &[(MinimumSettlement, "least")]);
    let all = [(Draw, "least"), (MaximumBalance, "most"), (PaymentCap, "most"), (MinimumSettlement, "least")];
    check(&format!("{OWN_MINIMUM}{OWN_CAP}{}", own_draw()), &all);
    // Nobody knows yet which of the two is greater.
    check(&format!("{OWN_CAP}{DRAW}"), &all[2..3]);
    let cap = OWN_CAP.replace("payee.most", "1");
    check(&format!("{cap}{}", DRAW.replace("3000.00", "payee.least")), &all[..1]);
}

#[test]
fn the_cap_of_a_plan_may_be_the_payees_own() {
    let cap = "cap = { per = \"quarter\", amount = \"payee.most\", excess = \"lost\" }\n";
    let files = with_own(cap, ",parameter.most", ",60").unwrap_or_else(|found| panic!("{}", shown(&found)));
    assert_eq!(shown(&files.warnings), "");
    let plan = &files.plans[0].value;
    assert_eq!(plan.own_amount(AmountPlace::PlanCap), Some("most"));
    assert_eq!(plan.stated_amount(AmountPlace::PlanCap), Some(Amount(0)));
    let found = with_own(cap, ",parameter.least", ",50").map_or_else(|found| found, |files| files.warnings);
    assert_eq!(brief(&found), format!("{PLAN_FILE}:10:35: unknown-parameter: no payee has a parameter \"most\"\n"));
}

#[test]
fn amounts_of_pay_that_are_refused() {
    let check = |keys: &str, expected: &str| {
        let found = with_own(keys, ",parameter.least", ",50").map_or_else(|found| found, |files| files.warnings);
        assert_eq!(brief(&found), expected, "{keys}");
    };
    let at = |wanted: &str| format!("{PLAN_FILE}:{wanted}\n");
    check(&OWN_CAP.replace(".most", "."), &at("10:26: unknown-value: `amount` is not a parameter of the payee: \"payee.\""));
    check(&OWN_CAP.replace(".most", ""), &at("10:26: bad-number: \"payee\" is not a plain decimal number"));
    check(OWN_CAP, &at("10:26: unknown-parameter: no payee has a parameter \"most\""));
    check(&own_draw(), &at("15:87: unknown-parameter: no payee has a parameter \"most\""));
    let share = DRAW.replace("\"100%\"", "\"payee.least\"");
    check(&share, &at("15:49: not-supported: `share_of_excess` from a payee's parameter is not supported by this version"));
}

#[test]
fn whoever_lacks_an_amount_of_pay_is_named() {
    let check = |keys: &str, rows: &[(&str, &str, &str, &str)], expected: &str| {
        let row = |(id, from, to, least): &(&str, &str, &str, &str)| format!("{id},Rep,,default,ae,{from},{to},{least}\n");
        let rows: String = rows.iter().map(row).collect();
        let payees = format!("id,title,manager,pay_group,plans,from,to,parameter.least\nbo,Rep,,default,,2026-01-01,,\n{rows}");
        let plan = PLAN.replace("[[component]]", &format!("{keys}[[component]]"));
        let files = small_texts(&[(PLAN_FILE, PLAN, &plan), ("payees.csv", PAYEES, &payees), ("quotas.csv", QUOTAS, QUOTAS)]);
        let found = files.map_or_else(|found| found, |files| files.warnings);
        assert_eq!(brief(&found), expected, "{rows}");
    };
    let lacks = |line: usize, field: &str| {
        format!("payees.csv:{line}:1: no-own-amount: \"ana\" is on plan \"ae\", whose {field} is payee.least, and states none\n")
    };
    let least = DRAW.replace("3000.00", "payee.least");
    let until =
        |day: &'static str, one: &'static str, next: &'static str| [("ana", "2026-01-01", day, one), ("ana", day, "", next)];
    check(&least, &until("2026-05-01", "5", ""), &lacks(4, "draw.amount"));
    check(OWN_MINIMUM, &until("2026-05-01", "", "5"), &lacks(3, "minimum_settlement.amount"));
    // The draw ends in June, and the plan with the year.
    check(&least, &until("2026-07-01", "5", ""), "");
    check(OWN_MINIMUM, &until("2026-07-01", "5", ""), &lacks(4, "minimum_settlement.amount"));
    check(OWN_MINIMUM, &until("2027-01-01", "0", ""), "");
}
