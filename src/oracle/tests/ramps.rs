//! What is expected of new payees, worked by hand: 120 000 for the quarter, 6 % to the quota and 12 % above, 25/50/75 %.

use super::*;

fn by_attainment(no_quota: NoQuota) -> Component {
    let tiers = component(&[("0", "6%"), ("1", "12%")]).tiers;
    Component { tier_by: TierBy::Attainment, no_quota: Some(no_quota), tiers, ..component(&[]) }
}

fn ramped(percents: &[i64], component: Component) -> Plan {
    let ramp = percents.iter().map(|percent| Rate(percent * 1_000_000)).collect();
    Plan { ramp, ..plan("2026-01-01", None, vec![component]) }
}

/// Ana begins on a day; she sells 60 000 on 20 February and 12 000 on 10 March. What the three months earn.
fn check(plans: &[Plan], from: &str, expected: [&str; 3]) {
    let mut script = Script::new();
    for plan in plans {
        script.fact("admin", FactBody::PlanDefined(plan.clone()));
    }
    script.fact("admin", payee("ana", vec![row(from, None, None)]));
    for (id, closed_on, amount) in [("D1", "2026-02-20", "60000"), ("D2", "2026-03-10", "12000")] {
        script.deal(told(id, closed_on, amount));
    }
    script.quota("2026-Q1", Some("120000"), 1, None);
    assert_eq!(script.quarter(), expected, "{from} {:?}", plans[0].ramp);
}

#[test]
fn a_new_payee_is_compared_with_a_part_of_the_quota() {
    let plan = || ramped(&[25, 50, 75], by_attainment(NoQuota::Park));
    // (25 + 50) / 2 = 37.5 %: 45 000 at 6 % and 15 000 at 12 %.
    check(&[plan()], "2026-02-10", ["0.00", "4500.00", "1440.00"]);
    // (25 + 50 + 75) / 3 = 50 %: 60 000 are all of it.
    check(&[plan()], "2026-01-31", ["0.00", "3600.00", "1440.00"]);
    // From December on nobody is new.
    check(&[plan()], "2025-12-31", ["0.00", "3600.00", "720.00"]);
    // With two thirds of the quarter it is 25 % of the quota: 30 000.
    let prorate = Prorate { by: ProrateBy::Months, quota: true, ..Prorate::NOTHING };
    check(&[Plan { prorate, ..plan() }], "2026-02-10", ["0.00", "5400.00", "1440.00"]);
}

#[test]
fn a_part_of_nothing_is_no_quota() {
    for (no_quota, expected) in [
        (NoQuota::Park, ["0.00", "0.00", "0.00"]),
        (NoQuota::Nothing, ["0.00", "0.00", "0.00"]),
        (NoQuota::FirstTier, ["0.00", "3600.00", "720.00"]),
    ] {
        check(&[ramped(&[0, 0], by_attainment(no_quota))], "2026-02-10", expected);
    }
    // (0 + 50) / 2: 30 000 are enough.
    check(&[ramped(&[0, 50], by_attainment(NoQuota::Park))], "2026-02-10", ["0.00", "5400.00", "1440.00"]);
}

#[test]
fn what_begins_anew_has_the_parts_of_its_own_months() {
    let versions = |mid_interval_change| {
        let prorate = Prorate { by: ProrateBy::Months, ..Prorate::NOTHING };
        let whole = ramped(&[25, 50], by_attainment(NoQuota::Park));
        let first = Plan { to: Some(date("2026-03-01")), mid_interval_change, prorate, ..whole };
        [first.clone(), Plan { from: date("2026-03-01"), to: None, ..first }]
    };
    // Each goes on with 37.5 % of the quota: 45 000.
    check(&versions(MidIntervalChange::Carry), "2026-02-10", ["0.00", "4500.00", "1440.00"]);
    // February has a third of the quota and 25 % of that, 10 000; March a third and 50 %, 20 000.
    check(&versions(MidIntervalChange::Restart), "2026-02-10", ["0.00", "6600.00", "720.00"]);
}

#[test]
fn a_gate_is_of_the_same_part() {
    let gate = Gate {
        measure: "sales".into(),
        tier_by: TierBy::Attainment,
        bound: Bound::AtLeast(1_000_000_000_000),
        tested: Tested::Running,
        otherwise: Otherwise::Zero,
    };
    let modifiers = Modifiers { gate: Some(gate), ..Modifiers::default() };
    let gated = Component { modifiers, no_quota: Some(NoQuota::Park), ..component(&[("0", "10%")]) };
    // 60 000 of 45 000; of 60 000; of 80 000, which 72 000 do not reach either.
    check(&[ramped(&[25, 50], gated.clone())], "2026-02-10", ["0.00", "6000.00", "1200.00"]);
    check(&[ramped(&[25, 50, 75], gated.clone())], "2026-01-31", ["0.00", "6000.00", "1200.00"]);
    check(&[ramped(&[0, 100, 100], gated)], "2026-01-31", ["0.00", "0.00", "0.00"]);
}
