//! `ramp` of a plan's file: how it is read, what differs when it does, and what is refused.

use super::*;
use crate::files::plan_words::differences;

fn stated(ramp: &str, more: &[(&str, &str, &str)]) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let line = format!("ramp = {ramp}\n[[component]]");
    let mut replaced = vec![(PLAN_FILE, "[[component]]", line.as_str())];
    replaced.extend(more);
    small_texts(&replaced)
}

#[test]
fn a_ramp_is_read_and_said() {
    let plan = |ramp: &str| stated(ramp, &[]).unwrap().plans[0].value.clone();
    let of = plan("[\"25%\", \"0.5\", \"100%\"]");
    assert_eq!(of.ramp.iter().map(ToString::to_string).collect::<Vec<_>>(), ["0.25", "0.5", "1"]);
    let without = small_texts(&[]).unwrap().plans[0].value.clone();
    assert_eq!(differences(&without, &of), ["ramp: new, 25%, 50%, 100%"]);
    assert_eq!(differences(&of, &plan("[\"0%\"]")), ["ramp: 25%, 50%, 100% becomes 0%"]);
    assert_eq!(differences(&of, &without), ["ramp: gone, was 25%, 50%, 100%"]);
}

#[test]
fn what_a_ramp_cannot_say() {
    let long = format!("[{}]", vec!["\"50%\""; 37].join(", "));
    let table = [
        ("[]", "10:8: bad-range: a ramp of no pay period"),
        (long.as_str(), "10:8: bad-range: a ramp of 37 pay periods: 36 at most"),
        ("\"25%\"", "10:8: wrong-type: `ramp` is a string"),
        ("[\"25%\", 50]", "10:16: wrong-type: `ramp` is an integer, not a string"),
        ("[\"25%\", \"101%\"]", "10:16: bad-number: \"101%\" is out of range"),
        ("[\"-1%\"]", "10:9: bad-number: \"-1%\" is out of range"),
        ("[\"payee.ramp\"]", "10:9: not-supported: `ramp` from a payee's parameter is not supported by this version"),
    ];
    for (ramp, wanted) in table {
        let found = brief(&stated(ramp, &[]).map_or_else(|found| found, |files| files.warnings));
        assert_eq!(found, format!("{PLAN_FILE}:{wanted}\n"), "{ramp}");
    }
}

#[test]
fn a_ramp_is_of_quotas_of_an_interval() {
    let check = |more: &[(&str, &str, &str)], code: &str, message: &str, hint: &str| {
        let found = stated("[\"50%\"]", more).expect_err("refused");
        assert_eq!(brief(&found), format!("{PLAN_FILE}:10:8: {code}: {message}\n"), "{more:?}");
        assert_eq!(found[0].hint, hint);
    };
    let to_date = "not together: `ramp`, and a quota to date in component \"new\"";
    let apart = "write quota = \"interval\", or put the component into a plan of its own, without a ramp";
    check(&[(PLAN_FILE, "quota = \"interval\"", "quota = \"to_date\"")], "not-supported", to_date, apart);
    let by_amount = [
        (PLAN_FILE, "quota = \"interval\"\nno_quota = \"park\"\n", ""),
        (PLAN_FILE, "as = \"attainment\"", "as = \"amount\""),
        (PLAN_FILE, "{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }", "{ from = \"0\", rate = \"6%\" }"),
    ];
    let nothing = "`ramp` has no effect: no component is compared with a quota";
    check(&by_amount, "no-effect", nothing, "remove `ramp`, or tier by attainment");
}
