//! Quotas behind a close, worked by hand: 150 000 in January, 10 000 in February and 20 000 in March, at 5 % to the quota and 10 %
//! above.

use super::*;

fn by_attainment(no_quota: NoQuota) -> Component {
    Component { tier_by: TierBy::Attainment, no_quota: Some(no_quota), ..component(&[("0", "5%"), ("1", "10%")]) }
}

/// Everything is sold, and quotas are stated, behind so many closes each; `None` withdraws.
fn told_quotas(mode: QuotaAfterRelease, component: Component, quotas: &[(usize, Option<&str>)]) -> Script {
    let mut script = Script::new();
    let plan = Plan { quota_after_release: mode, ..plan("2026-01-01", None, vec![component]) };
    script.fact("admin", FactBody::PlanDefined(plan));
    for (id, closed_on, amount) in [("D1", "2026-01-20", "150000"), ("D2", "2026-02-03", "10000"), ("D3", "2026-03-10", "20000")]
    {
        script.deal(told(id, closed_on, amount));
    }
    let periods = [("c1", JANUARY), ("c2", FEBRUARY), ("c3", MARCH)];
    let (mut closed, mut revision) = (0, 0);
    for (behind, amount) in quotas {
        while closed < *behind {
            script.close(periods[closed].0, periods[closed].1);
            closed += 1;
        }
        revision += 1;
        script.quota("2026-Q1", *amount, revision, None);
    }
    script
}

fn check(mode: QuotaAfterRelease, quotas: &[(usize, Option<&str>)], expected: [&str; 3]) {
    let script = told_quotas(mode, by_attainment(NoQuota::Park), quotas);
    assert_eq!(script.quarter(), expected, "{mode:?} {quotas:?}");
}

const HUNDRED: (usize, Option<&str>) = (0, Some("100000"));

#[test]
fn a_quota_behind_a_close_does_what_the_plan_says() {
    use QuotaAfterRelease::{Adjust, Freeze, RaiseOnly};
    let rises = [HUNDRED, (1, Some("300000"))];
    check(Adjust, &rises, ["7500.00", "500.00", "1000.00"]);
    check(RaiseOnly, &rises, ["10000.00", "500.00", "1000.00"]);
    check(Freeze, &rises, ["10000.00", "500.00", "1000.00"]);
    let falls = [HUNDRED, (1, Some("80000"))];
    check(Adjust, &falls, ["11000.00", "1000.00", "2000.00"]);
    check(RaiseOnly, &falls, ["11000.00", "1000.00", "2000.00"]);
    check(Freeze, &falls, ["10000.00", "1000.00", "2000.00"]);
    // What February's close saw of January is January's for good, too.
    let back = [HUNDRED, (1, Some("80000")), (2, Some("300000"))];
    check(RaiseOnly, &back, ["11000.00", "1000.00", "1000.00"]);
    check(Freeze, &back, ["10000.00", "1000.00", "1000.00"]);
    // In front of the close it was never in force there.
    check(RaiseOnly, &[HUNDRED, (0, Some("300000"))], ["7500.00", "500.00", "1000.00"]);
}

#[test]
fn who_had_no_quota_takes_the_first_that_a_close_sees() {
    use QuotaAfterRelease::{Freeze, RaiseOnly};
    let late = [(1, Some("300000"))];
    check(Freeze, &late, ["7500.00", "500.00", "1000.00"]);
    check(RaiseOnly, &late, ["7500.00", "500.00", "1000.00"]);
    let later = [(1, Some("300000")), (2, Some("100000"))];
    check(Freeze, &later, ["7500.00", "500.00", "2000.00"]);
    check(RaiseOnly, &later, ["10000.00", "1000.00", "2000.00"]);
    let withdrawn = [HUNDRED, (1, None)];
    check(Freeze, &withdrawn, ["10000.00", "0.00", "0.00"]);
    check(RaiseOnly, &withdrawn, ["10000.00", "0.00", "0.00"]);
    // Without one nothing, or the first tier, was the answer: it stays.
    for (no_quota, january) in [(NoQuota::Nothing, "0.00"), (NoQuota::FirstTier, "7500.00")] {
        let script = told_quotas(Freeze, by_attainment(no_quota), &[(1, Some("100000"))]);
        assert_eq!(script.quarter(), [january, "1000.00", "2000.00"], "{no_quota:?}");
    }
}

#[test]
fn a_period_that_is_reopened_takes_in_every_quota() {
    let mut script = told_quotas(QuotaAfterRelease::Freeze, by_attainment(NoQuota::Park), &[HUNDRED, (1, Some("300000"))]);
    assert_eq!(script.quarter(), ["10000.00", "500.00", "1000.00"]);
    script.fact("carl", FactBody::PeriodReopened(PeriodReopened { close_id: "c1".into() }));
    assert_eq!(script.quarter(), ["7500.00", "500.00", "1000.00"]);
}

#[test]
fn a_quota_to_date_cannot_be_kept() {
    let to_date = Component { quota: QuotaUse::ToDate(vec![]), ..by_attainment(NoQuota::Park) };
    let script = told_quotas(QuotaAfterRelease::Freeze, to_date, &[HUNDRED]);
    let ignored = script.totals().ignored_facts.iter().map(|(_, why)| why.clone()).collect::<Vec<_>>();
    assert_eq!(ignored, ["a quota to date that makes up for what is kept"]);
}
