//! Quotas to date, worked by hand: 300 000 for the quarter, 5 % to the quota and 10 % above, unless a vector says otherwise.

use super::*;

const SALES: [(&str, &str, &str); 3] =
    [("D1", "2026-01-20", "150000"), ("D2", "2026-02-03", "10000"), ("D3", "2026-03-10", "20000")];

fn equal() -> QuotaUse {
    QuotaUse::ToDate(vec![])
}

fn spread(percents: [i64; 3]) -> QuotaUse {
    QuotaUse::ToDate(percents.map(|percent| Rate(percent * 1_000_000)).into())
}

fn to_date(quota: QuotaUse, no_quota: NoQuota) -> Component {
    Component { tier_by: TierBy::Attainment, quota, no_quota: Some(no_quota), ..component(&[("0", "5%"), ("1", "10%")]) }
}

/// The same with 6 % and 12 %.
fn richer(quota: QuotaUse, no_quota: NoQuota) -> Component {
    let tiers = component(&[("0", "6%"), ("1", "12%")]).tiers;
    Component { tiers, ..to_date(quota, no_quota) }
}

fn told_all(script: &mut Script) {
    for (id, closed_on, amount) in SALES {
        script.deal(told(id, closed_on, amount));
    }
}

fn check(script: &Script, expected: [&str; 3]) {
    assert_eq!(script.quarter(), expected);
}

fn priced(component: Component, expected: [&str; 3]) {
    let mut script = Script::with_plan(component);
    told_all(&mut script);
    script.quota("2026-Q1", Some("300000"), 1, None);
    check(&script, expected);
}

/// The first version until January's end, the second one from February on.
fn two_versions(first: Component, second: Component) -> Script {
    let mut script = Script::new();
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", Some("2026-02-01"), vec![first])));
    script.fact("admin", FactBody::PlanDefined(plan("2026-02-01", None, vec![second])));
    told_all(&mut script);
    script.quota("2026-Q1", Some("300000"), 1, None);
    script
}

#[test]
fn every_month_makes_up_for_the_ones_before() {
    // 100 000: 5 000 + 50 000 x 10 %. 160 000 of 200 000: 8 000. 180 000 of 300 000: 9 000.
    priced(to_date(equal(), NoQuota::Park), ["10000.00", "-2000.00", "1000.00"]);
    // 60 000: 3 000 + 90 000 x 10 %. 150 000: 7 500 + 10 000 x 10 %. 9 000.
    priced(to_date(spread([20, 30, 50]), NoQuota::Park), ["12000.00", "-3500.00", "500.00"]);
    priced(to_date(spread([100, 0, 0]), NoQuota::Park), ["7500.00", "500.00", "1000.00"]);
    priced(to_date(QuotaUse::Interval, NoQuota::Park), ["7500.00", "500.00", "1000.00"]);
}

#[test]
fn a_share_of_nothing_is_no_quota() {
    for no_quota in [NoQuota::Park, NoQuota::Nothing] {
        // February makes up for January: 160 000 of 150 000.
        priced(to_date(spread([0, 50, 50]), no_quota), ["0.00", "8500.00", "500.00"]);
    }
    // 150 000 x 5 % first, and 8 500 less that.
    priced(to_date(spread([0, 50, 50]), NoQuota::FirstTier), ["7500.00", "1000.00", "500.00"]);
}

#[test]
fn a_month_without_a_quota_is_made_up_for_from_what_was_priced() {
    for (no_quota, expected) in [
        (NoQuota::Park, ["10000.00", "0.00", "-1000.00"]),
        (NoQuota::Nothing, ["10000.00", "0.00", "-1000.00"]),
        (NoQuota::FirstTier, ["10000.00", "-2000.00", "1000.00"]),
    ] {
        let mut script = Script::with_plan(to_date(equal(), no_quota));
        told_all(&mut script);
        script.quota("2026-Q1", Some("300000"), 1, None);
        script.quota("2026-Q1", None, 2, Some("2026-02-01"));
        script.quota("2026-Q1", Some("300000"), 3, Some("2026-03-01"));
        check(&script, expected);
    }
}

#[test]
fn a_statement_in_force_is_that_of_all_months_so_far() {
    let mut script = Script::with_plan(to_date(equal(), NoQuota::Park));
    told_all(&mut script);
    script.quota("2026-Q1", Some("300000"), 1, None);
    script.quota("2026-Q1", Some("120000"), 2, Some("2026-02-01"));
    // 160 000 of 80 000: 4 000 + 8 000. 180 000 of 120 000: 6 000 + 6 000.
    check(&script, ["10000.00", "2000.00", "0.00"]);
}

#[test]
fn a_version_starts_from_the_month_before_on_its_own_table() {
    // 150 000 of 100 000: 6 000 + 6 000. 160 000 of 200 000: 9 600. 180 000 of 300 000: 10 800.
    let carried = ["-2400.00", "1200.00"];
    let first = to_date(equal(), NoQuota::Park);
    check(&two_versions(first.clone(), richer(equal(), NoQuota::Park)), ["10000.00", carried[0], carried[1]]);
    let whole = to_date(QuotaUse::Interval, NoQuota::Park);
    check(&two_versions(whole, richer(equal(), NoQuota::Park)), ["7500.00", carried[0], carried[1]]);
    // The start is against January's statement: 12 000. 160 000 of 80 000: 4 800 + 9 600, 180 000 of 120 000 the same.
    let mut restated = two_versions(first, richer(equal(), NoQuota::Park));
    restated.quota("2026-Q1", Some("120000"), 2, Some("2026-02-01"));
    check(&restated, ["10000.00", "2400.00", "0.00"]);
}

#[test]
fn a_version_that_starts_without_a_quota_pays_nothing_for_the_month_before() {
    for no_quota in [NoQuota::Park, NoQuota::Nothing] {
        // 10 000 at 12 %, behind 150 000 of February's 120 000; then 10 800 less 12 000.
        let script = two_versions(to_date(equal(), no_quota), richer(spread([0, 40, 60]), no_quota));
        check(&script, ["10000.00", "1200.00", "-1200.00"]);
    }
    // From 150 000 x 6 % to 160 000 of 120 000: 7 200 + 4 800.
    let script = two_versions(to_date(equal(), NoQuota::FirstTier), richer(spread([0, 40, 60]), NoQuota::FirstTier));
    check(&script, ["10000.00", "3000.00", "-1200.00"]);
}

#[test]
fn a_month_off_the_plan_is_not_made_up_for() {
    let mut script = Script::with_plan(to_date(equal(), NoQuota::Park));
    let off = PayeeRow { plans: vec![], ..row("2026-02-01", Some("2026-03-01"), None) };
    script.fact("admin", payee("ana", vec![row("2026-01-01", Some("2026-02-01"), None), off, row("2026-03-01", None, None)]));
    told_all(&mut script);
    script.quota("2026-Q1", Some("300000"), 1, None);
    // 160 000 of 200 000: 8 000. 180 000 of 300 000: 9 000.
    check(&script, ["10000.00", "0.00", "1000.00"]);
}

#[test]
fn prorating_takes_both_parts() {
    let mut script = Script::new();
    let prorate = Prorate { by: ProrateBy::Months, quota: true, ..Prorate::NOTHING };
    let prorated = Plan { prorate, ..plan("2026-01-01", None, vec![to_date(equal(), NoQuota::Park)]) };
    script.fact("admin", FactBody::PlanDefined(prorated));
    script.fact("admin", payee("ana", vec![row("2026-02-01", None, None)]));
    script.deal(told("D1", "2026-02-03", "150000"));
    script.deal(told("D2", "2026-03-10", "30000"));
    script.quota("2026-Q1", Some("300000"), 1, None);
    // Two thirds of 200 000: 6 666.67 and 16 666.67 x 10 %. 180 000 of 200 000: 9 000.
    check(&script, ["0.00", "8333.33", "666.67"]);
}

#[test]
fn gates_and_multipliers_are_of_the_quota_to_date() {
    let gate = Gate {
        measure: "sales".into(),
        tier_by: TierBy::Attainment,
        bound: Bound::AtLeast(1_000_000_000_000),
        tested: Tested::Running,
        otherwise: Otherwise::Zero,
    };
    let gated = |scope, quota| Component {
        scope,
        quota,
        no_quota: Some(NoQuota::Park),
        modifiers: Modifiers { gate: Some(gate.clone()), ..Modifiers::default() },
        ..component(&[("0", "10%")])
    };
    for scope in [Scope::Running, Scope::Deal] {
        // 150 000 of 100 000, 160 000 of 200 000, 180 000 of 300 000.
        priced(gated(scope, equal()), ["15000.00", "-15000.00", "0.00"]);
        // In February 160 000 of 150 000, with what January could not be measured by.
        priced(gated(scope, spread([0, 50, 50])), ["0.00", "16000.00", "-16000.00"]);
        priced(gated(scope, QuotaUse::Interval), ["0.00"; 3]);
    }
    let tiers = component(&[("0", "1"), ("1", "2")]).tiers;
    let multiplier = Some(Multiplier { measure: "sales".into(), tier_by: TierBy::Attainment, tiers });
    let modifiers = Modifiers { multiplier, ..Modifiers::default() };
    priced(Component { modifiers, ..gated(Scope::Running, equal()) }, ["30000.00", "-14000.00", "2000.00"]);
}

#[test]
fn a_target_that_changes_carries() {
    let pays = Pays::FractionOf("target_incentive".into());
    let component = Component { pays, tiers: component(&[("0", "100%")]).tiers, ..to_date(equal(), NoQuota::Park) };
    let mut script = Script::with_plan(component);
    let of = |from, to, target| {
        let parameters = vec![("target_incentive".into(), Amount::parse(target).unwrap())];
        PayeeRow { parameters, ..row(from, to, None) }
    };
    let rows = vec![of("2026-01-01", Some("2026-02-01"), "9000"), of("2026-02-01", None, "12000")];
    script.fact("admin", payee("ana", rows));
    script.deal(told("D1", "2026-01-20", "50000"));
    script.deal(told("D2", "2026-02-03", "50000"));
    script.quota("2026-Q1", Some("300000"), 1, None);
    // Half of 9 000. From half of 12 000 to half of it. A third of 12 000.
    check(&script, ["4500.00", "0.00", "-2000.00"]);
}

#[test]
fn a_version_that_begins_anew_has_its_months_part_of_the_quota() {
    let anew = |component: Component| {
        let mut script = Script::new();
        let first = plan("2026-01-01", Some("2026-02-01"), vec![component.clone()]);
        let second = Plan { mid_interval_change: MidIntervalChange::Restart, ..plan("2026-02-01", None, vec![component]) };
        script.fact("admin", FactBody::PlanDefined(first));
        script.fact("admin", FactBody::PlanDefined(second));
        script.deal(told("D1", "2026-01-20", "90000"));
        script.deal(told("D2", "2026-02-03", "60000"));
        script.quota("2026-Q1", Some("90000"), 1, None);
        script
    };
    // 90 000 of 90 000. 59 of 90 days are 59 000, and 1 000 of the 60 000 are above them.
    check(&anew(to_date(QuotaUse::Interval, NoQuota::Park)), ["4500.00", "3050.00", "0.00"]);
    assert_eq!(anew(to_date(equal(), NoQuota::Park)).totals().ignored_facts.len(), 1);
}
