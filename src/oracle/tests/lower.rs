//! What is better the lower, worked by hand: of 300 000 for the quarter, 10.00 in the worst tier, 40.00 from a half on and 100.00 from
//! a tenth on, unless a vector says otherwise.

use super::*;

const UNIT: i128 = 1_000_000_000_000;

fn lump(at_zero: AtZero) -> Component {
    let tiers = [(UNIT, 10), (UNIT / 2, 40), (UNIT / 10, 100)];
    Component {
        tier_by: TierBy::Attainment,
        no_quota: Some(NoQuota::Park),
        pays: Pays::Lump,
        method: Method::Lump,
        direction: Direction::Lower(at_zero),
        tiers: tiers.map(|(from, units)| Tier { from, rate: Rate(units * 100_000_000) }).into(),
        ..component(&[])
    }
}

fn check(component: Component, deals: &[(&str, &str)], expected: [&str; 3]) {
    let mut script = Script::with_plan(component);
    script.quota("2026-Q1", Some("300000"), 1, None);
    for (place, (closed_on, amount)) in deals.iter().enumerate() {
        script.deal(told(&format!("D{place}"), closed_on, amount));
    }
    assert_eq!(script.quarter(), expected, "{deals:?}");
}

#[test]
fn a_quota_says_that_zero_is_measured() {
    let best = || lump(AtZero::Best);
    check(best(), &[], ["100.00", "0.00", "0.00"]);
    check(best(), &[("2026-02-03", "30001"), ("2026-03-03", "120000")], ["100.00", "-60.00", "-30.00"]);
    check(best(), &[("2026-02-03", "30000"), ("2026-03-03", "-40000")], ["100.00", "0.00", "0.00"]);
    check(lump(AtZero::Nothing), &[], ["0.00"; 3]);
    check(lump(AtZero::Nothing), &[("2026-02-03", "30001"), ("2026-03-03", "-30001")], ["0.00", "40.00", "-40.00"]);
    let mut later = Script::with_plan(best());
    later.quota("2026-Q1", Some("300000"), 1, Some("2026-02-01"));
    assert_eq!(later.quarter(), ["0.00", "100.00", "0.00"]);
    assert_eq!(Script::with_plan(best()).quarter(), ["0.00"; 3]);
}

#[test]
fn an_exact_hit_is_where_the_boundary_says() {
    let behind = || Component { boundary: Boundary::Lower, ..lump(AtZero::Best) };
    check(behind(), &[("2026-01-03", "30000")], ["40.00", "0.00", "0.00"]);
    check(lump(AtZero::Best), &[("2026-01-03", "30000")], ["100.00", "0.00", "0.00"]);
    let curve = |boundary, beyond| Component { method: Method::Curve, beyond: Some(beyond), boundary, ..lump(AtZero::Best) };
    let flat = |boundary| curve(boundary, Beyond::Flat);
    check(flat(Boundary::Upper), &[("2026-01-03", "300000")], ["10.00", "0.00", "0.00"]);
    check(flat(Boundary::Lower), &[("2026-01-03", "300000")], ["0.00", "0.00", "0.00"]);
    check(flat(Boundary::Upper), &[("2026-01-03", "225000")], ["25.00", "0.00", "0.00"]);
    check(flat(Boundary::Upper), &[], ["100.00", "0.00", "0.00"]);
    // 60.00 for 40 %: at zero a tenth further.
    check(curve(Boundary::Upper, Beyond::Extend), &[], ["115.00", "0.00", "0.00"]);
}

#[test]
fn edges_of_the_payees_own_fall_with_those_of_the_plan() {
    let check = |own: &[usize], edge: &str, component: Component, expected: [&str; 3]| {
        let own_edges = own.iter().map(|tier| OwnEdge { tier: *tier, parameter: "edge".into() }).collect();
        let mut component = Component { own_edges, ..component };
        own.iter().for_each(|tier| component.tiers[*tier].from = 0);
        let mut script = Script::with_plan(component);
        script.fact("admin", payee("ana", vec![own_rates::having("2026-01-01", None, &[("edge", edge)])]));
        script.quota("2026-Q1", Some("300000"), 1, None);
        for (day, amount) in [("2026-01-20", "30000"), ("2026-02-03", "75000"), ("2026-03-03", "90000")] {
            script.deal(told(day, day, amount));
        }
        assert_eq!(script.quarter(), expected, "{edge}");
    };
    let best = || lump(AtZero::Best);
    // At 10, 35 and 65 % of the quota.
    check(&[1], "0.65", best(), ["100.00", "-60.00", "0.00"]);
    check(&[1], "0.5", best(), ["100.00", "-60.00", "-30.00"]);
    check(&[2], "0.35", best(), ["100.00", "0.00", "-90.00"]);
    check(&[2], "0.09", best(), ["40.00", "0.00", "-30.00"]);
    for (tier, edge) in [(1, "1"), (1, "0.1"), (2, "0.5"), (2, "0"), (0, "0.5")] {
        check(&[tier], edge, best(), ["0.00"; 3]);
    }
    check(&[1, 2], "0.5", best(), ["0.00"; 3]);
    // From 100 % down the line rises to 40.00 at 20 %, and from there to 100.00.
    let curve = Component { method: Method::Curve, beyond: Some(Beyond::Flat), ..best() };
    check(&[1], "0.2", curve.clone(), ["100.00", "-65.62", "-11.26"]);
    check(&[0], "0.65", curve, ["100.00", "-37.50", "-52.50"]);
    let last = Component { boundary: Boundary::Lower, ..best() };
    check(&[2], "0.1", last, ["40.00", "0.00", "-30.00"]);
}

#[test]
fn rates_are_read_off_on_all_that_is_paid() {
    let rates = |at_zero| Component { pays: Pays::RateOf, method: Method::Retroactive, ..lump(at_zero) };
    let tiers = [(UNIT, 1_000_000), (UNIT / 2, 2_000_000)].map(|(from, rate)| Tier { from, rate: Rate(rate) });
    let rates = Component { tiers: tiers.into(), ..rates(AtZero::Nothing) };
    check(rates.clone(), &[("2026-01-03", "150000"), ("2026-02-03", "1000")], ["3000.00", "-1490.00", "0.00"]);
    let first = Component { no_quota: Some(NoQuota::FirstTier), ..rates };
    let mut script = Script::with_plan(first);
    script.deal(told("D1", "2026-01-10", "1000"));
    assert_eq!(script.quarter(), ["10.00", "0.00", "0.00"]);
}

#[test]
fn a_plan_that_begins_later_owes_nothing_for_its_start() {
    let mut script = Script::new();
    script.fact("admin", FactBody::PlanDefined(plan("2026-02-01", None, vec![lump(AtZero::Best)])));
    script.quota("2026-Q1", Some("300000"), 1, None);
    assert_eq!(script.quarter(), ["0.00", "100.00", "0.00"]);
    // The next version goes on from where the first one stands.
    let mut script = Script::new();
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", Some("2026-02-01"), vec![lump(AtZero::Best)])));
    let mut better = lump(AtZero::Best);
    better.tiers[2].rate = Rate(20_000_000_000);
    script.fact("admin", FactBody::PlanDefined(plan("2026-02-01", None, vec![better.clone()])));
    script.quota("2026-Q1", Some("300000"), 1, None);
    assert_eq!(script.quarter(), ["100.00", "0.00", "0.00"]);
    let anew = Plan { mid_interval_change: MidIntervalChange::Restart, ..plan("2026-02-01", None, vec![better]) };
    script.fact("admin", FactBody::PlanDefined(anew));
    assert_eq!(script.quarter(), ["100.00", "200.00", "0.00"]);
}

#[test]
fn a_gate_is_met_up_to_its_most() {
    let gated = |boundary| {
        let (tier_by, tested) = (TierBy::Attainment, Tested::Running);
        let gate = Gate { measure: "sales".into(), tier_by, bound: Bound::AtMost(UNIT / 2), tested, otherwise: Otherwise::Zero };
        let modifiers = Modifiers { gate: Some(gate), ..Modifiers::default() };
        Component { modifiers, no_quota: Some(NoQuota::Park), boundary, ..component(&[("0", "1%")]) }
    };
    let deals = [("2026-01-03", "150000"), ("2026-02-03", "1000")];
    check(gated(Boundary::Upper), &deals, ["1500.00", "-1500.00", "0.00"]);
    check(gated(Boundary::Lower), &deals, ["0.00"; 3]);
}

#[test]
fn what_cannot_be_is_ignored() {
    let check = |component: Component, reason: &str| {
        let ignored = Script::with_plan(component).totals().ignored_facts;
        assert_eq!(ignored.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>(), [reason.to_string()]);
    };
    let best = || lump(AtZero::Best);
    let interpolated = Component { method: Method::Interpolated, ..best() };
    check(interpolated, "lower is better of what builds up from zero");
    check(Component { negative: Negative::Zero, ..best() }, "something else below zero where lower is better");
    let clawback = Clawback { price: ClawbackPrice::HistoricRate, ..Clawback::default() };
    check(Component { clawback, ..best() }, "single deals where lower is better");
    let tiers: Vec<Tier> = best().tiers.into_iter().rev().collect();
    check(Component { tiers, ..best() }, "tiers that do not fall where lower is better");
    check(Component { no_quota: Some(NoQuota::FirstTier), ..best() }, "zero that nobody has a quota for");
    let mut zero = Component { boundary: Boundary::Lower, ..best() };
    zero.tiers[2].from = 0;
    check(zero, "zero that is not in the best tier");
    check(Component { beyond: Some(Beyond::Flat), ..best() }, "a curve says what is beyond it, and only a curve");
    let mut around = lump(AtZero::Best);
    (around.tiers[1].from, around.tiers[2].from) = (0, UNIT);
    around.own_edges = vec![OwnEdge { tier: 1, parameter: "edge".into() }];
    check(around, "tiers that do not fall where lower is better");
}
