//! Tranches of a component: what they may say.

use super::*;

#[test]
fn tranches_are_read_or_refused() {
    let slice = "attribution = \"slice\"\n";
    let half = "{ share = \"50%\", when = \"booked\" }";
    let table = [
        (format!("{slice}pay = [{half}, {{ share = \"50%\", when = \"+3 months\" }}]\n"), ""),
        (format!("{slice}pay = [{half}, {{ share = \"50%\", when = \"interval_end\" }}]\n"), ""),
        (format!("{slice}pay = [{{ share = \"100%\", when = \"year_end\" }}]\n"), ""),
        (format!("pay = [{half}, {half}]\n"), "10:1: missing-key: `attribution` is missing"),
        (slice.into(), "24:15: no-effect: `attribution` has no effect: everything is paid when it is booked"),
        (format!("attribution = \"pro_rata\"\npay = [{half}, {half}]\n"), ""),
        (
            "attribution = \"pro_rata\"\n".into(),
            "24:15: no-effect: `attribution` has no effect: everything is paid when it is booked",
        ),
        (format!("{slice}pay = [{half}]\n"), "25:7: bad-range: the shares of the tranches do not total 100 %"),
        (format!("{slice}pay = []\n"), "25:7: bad-range: the shares of the tranches do not total 100 %"),
        (format!("{slice}pay = [{}]\n", [half; 25].join(", ")), "25:7: bad-range: more than 24 tranches"),
        (
            format!("{slice}pay = [{{ share = \"0%\", when = \"booked\" }}, {half}, {half}]\n"),
            "25:18: bad-number: \"0%\" is out of range",
        ),
        (format!("{slice}pay = [{half}, {{ share = \"50%\", when = \"settled\" }}]\n"), ""),
        (
            format!("{slice}pay = [{half}, {{ share = \"50%\", when = \"+121 months\" }}]\n"),
            "25:68: unknown-value: \"+121 months\" is not a value of `when`",
        ),
    ];
    for (text, wanted) in table {
        let found = brief(&found(PLAN_FILE, "tiers = ", &format!("{text}tiers = ")));
        let wanted = if wanted.is_empty() { String::new() } else { format!("{PLAN_FILE}:{wanted}\n") };
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn a_historic_rate_needs_what_a_deal_earned_itself() {
    let historic = |attribution: &str, pay: &str| {
        let to = format!("attribution = \"{attribution}\"\n{pay}clawback = {{ price = \"historic_rate\"");
        brief(&found(PLAN_FILE, "clawback = { price = \"recompute\"", &to))
    };
    let refused = "22:15: wrong-unit: a historic rate takes back what a deal earned itself\n";
    for pay in ["", "pay = [{ share = \"100%\", when = \"settled\" }]\n"] {
        assert_eq!(historic("slice", pay), "");
        assert_eq!(historic("pro_rata", pay), format!("{PLAN_FILE}:{refused}"));
    }
}
