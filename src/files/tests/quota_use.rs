//! Quotas to date and their spread: what is read, and every refusal with its exact message and place.

use super::*;
use crate::domain::money::Rate;
use crate::domain::plan::QuotaUse;
use crate::files::plan_words::differences;

/// Replaces text in the small company's plan and wants these findings.
fn check(from: &str, to: &str, wanted: &[&str]) {
    let wanted: String = wanted.iter().map(|line| format!("{PLAN_FILE}:{line}\n")).collect();
    assert_eq!(brief(&found(PLAN_FILE, from, to)), wanted, "{to}");
}

const QUOTA: &str = "quota = \"interval\"";
const TO_DATE: &str = "quota = \"to_date\"";

#[test]
fn what_is_read() {
    let shares = |percents: &[i64]| QuotaUse::ToDate(percents.iter().map(|percent| Rate(percent * 1_000_000)).collect());
    let table = [
        (QUOTA.to_string(), QuotaUse::Interval),
        (TO_DATE.into(), shares(&[])),
        (format!("{TO_DATE}\nspread = [\"20%\", \"30%\", \"50%\"]"), shares(&[20, 30, 50])),
        (format!("{TO_DATE}\nspread = [\"0\", \"0.5\", \"50%\"]"), shares(&[0, 50, 50])),
    ];
    for (text, wanted) in table {
        let files = small_company(PLAN_FILE, QUOTA, &text).unwrap();
        assert_eq!(files.plans[0].value.components[0].quota, wanted, "{text}");
    }
}

#[test]
fn spreads() {
    let spread = |spread: &str| format!("{TO_DATE}\nspread = {spread}");
    let table = [
        (spread("[\"50%\", \"50%\"]"), "16:10: bad-range: `spread` has 2 shares for 3 pay periods"),
        (spread("[\"100%\"]"), "16:10: bad-range: `spread` has 1 share for 3 pay periods"),
        (spread("[]"), "16:10: bad-range: `spread` has 0 shares for 3 pay periods"),
        (spread("[\"20%\", \"30%\", \"49%\"]"), "16:10: bad-range: the shares of `spread` total 99 %, not 100 %"),
        (spread("[\"20%\", \"30%\", \"51%\"]"), "16:10: bad-range: the shares of `spread` total 101 %, not 100 %"),
        (spread("[\"-20%\", \"70%\", \"50%\"]"), "16:11: bad-number: \"-20%\" is out of range"),
        (spread("[\"101%\", \"0%\", \"0%\"]"), "16:11: bad-number: \"101%\" is out of range"),
        (spread("[0.2, \"30%\", \"50%\"]"), "16:11: float: `spread` is a float, which is not exact"),
        (spread("\"20%\""), "16:10: wrong-type: `spread` is a string"),
        (
            format!("{QUOTA}\nspread = [\"20%\", \"30%\", \"50%\"]"),
            "16:10: no-effect: `spread` has no effect: sums are compared with the whole quota",
        ),
        ("quota = \"to_day\"".into(), "15:9: unknown-value: \"to_day\" is not a value of `quota`"),
    ];
    for (to, wanted) in table {
        check(QUOTA, &to, &[wanted]);
    }
    let hints = found(PLAN_FILE, QUOTA, &spread("[\"50%\", \"50%\"]"));
    assert_eq!(hints[0].hint, "write one share for each pay period of the interval: [\"20%\", ...]");
    let year = |to: &str| brief(&found(PLAN_FILE, "quarter\"\nscope = \"running\"\nquota = \"interval\"", to));
    let months = |periods: usize| format!("[\"100%\"{}]", ", \"0%\"".repeat(periods - 1));
    let month = year(&format!("month\"\nscope = \"running\"\n{TO_DATE}"));
    assert!(month.contains("no-effect: a quota to date has no effect: the interval is one pay period"), "{month}");
    for (interval, periods) in [("quarter", 3), ("half_year", 6), ("year", 12)] {
        let text = |shares| format!("{interval}\"\nscope = \"running\"\n{TO_DATE}\nspread = {}", months(shares));
        assert!(!year(&text(periods)).contains("spread"), "{interval}: {}", year(&text(periods)));
        let shares = format!("`spread` has {} shares for {periods} pay period", periods + 1);
        assert!(year(&text(periods + 1)).contains(&shares), "{interval}: {}", year(&text(periods + 1)));
    }
}

#[test]
fn where_nothing_is_compared_with_a_quota() {
    let amount = PLAN.split_once("quota = ").map(|(_, rest)| format!("quota = {rest}")).unwrap();
    let changed = amount
        .replace("no_quota = \"park\"\n", "")
        .replace(QUOTA, &format!("{TO_DATE}\nspread = [\"20%\", \"30%\", \"50%\"]"))
        .replace("\"attainment\"", "\"amount\"")
        .replace("0%\", rate", "0\", rate");
    let no_effect = "no-effect: `KEY` has no effect: the tiers are not in percent of a quota";
    let wanted = [("15:9", "quota"), ("16:10", "spread")].map(|(at, key)| format!("{at}: {}", no_effect.replace("KEY", key)));
    check(&amount, &changed, &wanted.each_ref().map(String::as_str));
}

#[test]
fn what_has_no_meaning_to_date() {
    let rest = PLAN.split_once("quota = ").map(|(_, rest)| format!("quota = {rest}")).unwrap();
    for method in ["whole_deal_before", "whole_deal_after"] {
        let folded = format!("method = \"{method}\"\nlate = \"refold\"\ncount_split = \"share\"");
        let changed = rest.replace(QUOTA, TO_DATE).replace("method = \"marginal\"", &folded);
        check(&rest, &changed, &["15:9: wrong-unit: a deal that is priced whole is not priced again as the quota grows"]);
        let hints = found(PLAN_FILE, &rest, &changed);
        assert_eq!(hints[0].hint, "write quota = \"interval\", or method = \"retroactive\"");
    }
    let settled = "attribution = \"slice\"\npay = [{ share = \"100%\", when = \"settled\" }]\ntiers = ";
    let changed = rest.replace(QUOTA, TO_DATE).replace("tiers = ", settled);
    let wanted = "15:9: wrong-unit: what is made up for as the quota grows is of no single deal to be settled";
    check(&rest, &changed, &[wanted]);
    let hints = found(PLAN_FILE, &rest, &changed);
    assert_eq!(hints[0].hint, "write quota = \"interval\", or let no part wait until it is settled");
    check(&rest, &changed.replace("\"settled\"", "\"interval_end\""), &[]);
}

#[test]
fn a_quota_to_date_does_not_begin_anew() {
    let restart = |plan: &str| plan.replace("\"carry\"\nnegative_pay", "\"restart\"\nnegative_pay");
    let text = brief(&found(PLAN_FILE, PLAN, &restart(PLAN)));
    assert_eq!(text, "");
    let to_date = restart(PLAN).replace(QUOTA, TO_DATE);
    let wanted = "7:23: wrong-unit: component \"new\" has a quota to date, which goes on and cannot begin anew";
    assert_eq!(brief(&found(PLAN_FILE, PLAN, &to_date)), format!("{PLAN_FILE}:{wanted}\n"));
}

#[test]
fn what_a_closed_period_keeps_is_not_made_up_for() {
    let kept =
        |plan: &str| plan.replace("after_release = \"adjust\"", "after_release = { quota = \"raise_only\", other = \"adjust\" }");
    assert_eq!(brief(&found(PLAN_FILE, PLAN, &kept(PLAN))), "");
    let to_date = kept(PLAN).replace(QUOTA, TO_DATE);
    let wanted = "9:27: wrong-unit: component \"new\" has a quota to date: the next period makes up for what a closed one keeps";
    assert_eq!(brief(&found(PLAN_FILE, PLAN, &to_date)), format!("{PLAN_FILE}:{wanted}\n"));
    let adjusted = to_date.replace("raise_only", "adjust");
    assert_eq!(brief(&found(PLAN_FILE, PLAN, &adjusted)), "");
    let plan = |text: &str| small_texts(&[(PLAN_FILE, PLAN, text)]).unwrap().plans[0].value.clone();
    let said = differences(&plan(PLAN), &plan(&kept(PLAN)));
    assert_eq!(said, ["after_release, quota: adjust becomes raise_only"]);
}
