//! When gates are tested and what they leave, caps behind earlier versions, and fractions of a target, over the months of a quarter.

use super::*;
use crate::domain::formula::Formula;

/// 5 % of 150, 160 and 180, against a quota of 300.
fn gated(percent: i128, tested: Tested, otherwise: Otherwise) -> Component {
    let bound = Bound::AtLeast(percent * 10_000_000_000);
    let gate = Gate { measure: "sales".into(), tier_by: TierBy::Attainment, bound, tested, otherwise };
    let modifiers = Modifiers { gate: Some(gate), ..Modifiers::default() };
    Component { modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 5) }
}

fn earns(component: &Component, expected: [i64; 3]) {
    check(&throughout(component), expected.map(|minor| (minor, false)));
}

#[test]
fn a_gate_is_tested_when_it_says() {
    let paid = Tested::AtEndPaidUntilThen;
    earns(&gated(60, paid, Otherwise::Zero), [750, 50, 100]);
    earns(&gated(61, paid, Otherwise::Zero), [750, 50, -800]);
    let held = Tested::AtEndHeldUntilThen;
    earns(&gated(60, held, Otherwise::Zero), [0, 0, 900]);
    earns(&gated(61, held, Otherwise::Zero), [0, 0, 0]);
    // 160 of 300 are 53 %.
    earns(&gated(51, Tested::Running, Otherwise::Zero), [0, 800, 100]);
    earns(&gated(50, Tested::Running, Otherwise::Zero), [750, 50, 100]);
    let lower = Component { boundary: Boundary::Lower, ..gated(50, Tested::Running, Otherwise::Zero) };
    earns(&lower, [0, 800, 100]);
}

#[test]
fn a_gate_is_met_at_or_below_what_is_the_most() {
    let at_most = |percent: i128, boundary| {
        let mut component = gated(0, Tested::Running, Otherwise::Zero);
        let gate = component.modifiers.gate.as_mut().unwrap();
        gate.bound = Bound::AtMost(percent * 10_000_000_000);
        Component { boundary, ..component }
    };
    // 50 %, 53 % and 60 % of 300: what was paid is taken back as the gate closes.
    for (percent, upper, lower) in [(60, [750, 50, 100], [750, 50, -800]), (50, [750, -750, 0], [0, 0, 0])] {
        earns(&at_most(percent, Boundary::Upper), upper);
        earns(&at_most(percent, Boundary::Lower), lower);
    }
    let held = Tested::AtEndHeldUntilThen;
    for (percent, last) in [(60, 900), (59, 0)] {
        let mut component = at_most(percent, Boundary::Upper);
        component.modifiers.gate.as_mut().unwrap().tested = held;
        earns(&component, [0, 0, last]);
    }
}

#[test]
fn a_gate_that_is_not_met_leaves_what_it_says() {
    earns(&gated(61, Tested::Running, Otherwise::Factor(Rate(50_000_000))), [375, 25, 50]);
    earns(&gated(61, Tested::Running, Otherwise::Cap(Amount(8_500_000))), [750, 50, 50]);
    earns(&gated(61, Tested::AtEndHeldUntilThen, Otherwise::Factor(Rate(50_000_000))), [0, 0, 450]);
}

#[test]
fn a_gate_without_a_quota_does_as_the_component_says() {
    let without = |no_quota| {
        let by_amount =
            Component { no_quota: Some(no_quota), tier_by: TierBy::Amount, ..gated(50, Tested::Running, Otherwise::Zero) };
        let tiers = by_amount.tiers[..1].to_vec();
        let component = Component { tiers, ..by_amount };
        let of = Some((&component, JANUARY));
        let earned = earned(&quarter([(of, None); 3]), 2, true).unwrap();
        earned.iter().map(|of| (of.minor.0, of.lacks.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(without(NoQuota::Park), [(0, true); 3]);
    assert_eq!(without(NoQuota::Nothing), [(0, false); 3]);
    assert_eq!(without(NoQuota::FirstTier), [(0, false); 3]);
}

#[test]
fn a_cap_of_the_interval_leaves_what_earlier_versions_left() {
    let capped = |units: i128| {
        let modifiers = Modifiers { cap: Some(Amount(units * 1_000_000)), ..Modifiers::default() };
        Component { modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 5) }
    };
    let (first, second) = (capped(100), capped(8));
    let (before, after) = (Some((&first, JANUARY)), Some((&second, FEBRUARY)));
    // 7.50 of the first version; 0.50 of the second one, which has 8.00 in all.
    check(&quarter([(before, Some(300)), (after, Some(300)), (after, Some(300))]), [(750, false), (50, false), (0, false)]);
    let mut half = throughout(&second);
    half.iter_mut().for_each(|period| period.parts.cap = Part { active: 1, of: 2 });
    check(&half, [(400, false), (0, false), (0, false)]);
}

#[test]
fn a_month_without_deals_waits_for_the_quota_too() {
    let modifiers = Modifiers { floor: Some(Amount(20_000_000)), ..Modifiers::default() };
    let component = Component { method: Method::WholeDealBefore, modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    let months = |quota: Option<i128>, expected: [(i64, bool); 3]| {
        let mut periods = quarter([(Some((&component, JANUARY)), quota); 3]);
        periods[1].deals.clear();
        periods[1].tier.to = periods[1].tier.from;
        check(&periods, expected);
    };
    months(None, [(0, true); 3]);
    months(Some(300), [(2_000, false), (0, false), (0, false)]);
}

#[test]
fn what_is_missing_of_earlier_intervals_is_nothing_that_is_measured() {
    let modifiers = Modifiers { floor: Some(Amount(20_000_000)), ..Modifiers::default() };
    let component = Component { negative: Negative::Zero, modifiers, ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    let months = |sums: [i128; 4], expected: [(i64, bool); 3]| {
        let mut periods = throughout(&component);
        for (place, period) in periods.iter_mut().enumerate() {
            let stated = |units: i128| Measured(units * 1_000_000_000_000);
            let (from, to) = (stated(sums[place]), stated(sums[place + 1]));
            period.deficit = stated(-100);
            period.tier = Reading { from, to, ..period.tier }.behind(period.deficit).unwrap();
        }
        check(&periods, expected);
    };
    months([0; 4], [(0, false); 3]);
    // 20 of a floor, be it that just what is missing was sold; then 15 and 20 on 500.
    months([0, 0, 100, 600], [(0, false), (2_000, false), (1_500, false)]);
    let most = Reading { to: Measured(i128::MIN), ..Reading::default() };
    assert!(most.behind(Measured(-1)).is_none());
}

#[test]
fn what_another_measure_pays_begins_where_the_period_does() {
    let component = Component {
        paid_measure: Some("paid".into()),
        method: Method::Retroactive,
        ..component(QuotaUse::Interval, NoQuota::Park, 5)
    };
    let mut periods = throughout(&component);
    for (period, units) in periods.iter_mut().zip([100, 200, 300]) {
        let [from, to] = [units - 100, units].map(|units: i128| Measured(units * 1_000_000_000_000));
        period.paid = Reading { from, to, ..Reading::default() };
    }
    check(&periods, [(500, false); 3]);
}

#[test]
fn a_quota_that_is_prorated_to_nothing_is_waited_for() {
    let component = component(QuotaUse::Interval, NoQuota::Park, 5);
    let mut periods = throughout(&component);
    periods.iter_mut().for_each(|period| period.parts.quota = Part { active: 0, of: 90 });
    check(&periods, [(0, true); 3]);
}

#[test]
fn a_formula_adds_what_its_sums_add() {
    let formula = |text: &str, no_quota| Component {
        pays: Pays::Formula(Formula::parse(text).unwrap()),
        method: Method::Formula,
        tiers: vec![],
        ..component(QuotaUse::Interval, no_quota, 5)
    };
    let months = |component: &Component, quota: Option<i128>| {
        let mut periods = quarter([(Some((component, JANUARY)), quota); 3]);
        periods.iter_mut().for_each(|period| period.named = vec![period.tier]);
        let earned = earned(&periods, 2, true).unwrap();
        earned.iter().map(|of| (of.minor.0, of.lacks.is_some())).collect::<Vec<_>>()
    };
    // 90 for each 100 % of 300, against the quota and without one.
    let of = |no_quota| formula("attainment('sales') * 90", no_quota);
    assert_eq!(months(&of(NoQuota::Park), Some(300)), [(4_500, false), (300, false), (600, false)]);
    assert_eq!(months(&of(NoQuota::Park), None), [(0, true); 3]);
    assert_eq!(months(&of(NoQuota::Nothing), None), [(0, false); 3]);
}

#[test]
fn parts_are_told_where_they_are_asked_for() {
    let tranche = Tranche { share: Rate(100_000_000), when: Due::Booked };
    let paid = Component { pay: vec![tranche], ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    let told = |component: &Component, in_parts| {
        let earned = earned(&throughout(component), 2, in_parts).unwrap();
        earned.iter().map(|of| of.slices.len()).collect::<Vec<_>>()
    };
    assert_eq!(told(&paid, true), [1, 2, 3]);
    assert_eq!(told(&paid, false), [0, 0, 0]);
    assert_eq!(told(&Component { pay: vec![], ..paid }, true), [0, 0, 0]);
}

#[test]
fn a_fraction_is_of_the_payees_target_and_its_part() {
    let fraction = Component { pays: Pays::FractionOf("bonus".into()), ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    let with = |target: Option<i128>, part: Part| {
        let mut periods = throughout(&fraction);
        for period in &mut periods {
            (period.target, period.parts.target) = (target.map(|units| Amount(units * 1_000_000)), part);
        }
        let earned = earned(&periods, 2, true).unwrap();
        earned.iter().map(|of| (of.minor.0, of.lacks.is_some())).collect::<Vec<_>>()
    };
    // 5 % of 900 for half of the quota, and for what is more of it.
    assert_eq!(with(Some(900), Part::ALL), [(2_250, false), (150, false), (300, false)]);
    assert_eq!(with(Some(900), Part { active: 1, of: 3 }), [(750, false), (50, false), (100, false)]);
    assert_eq!(with(None, Part::ALL), [(0, true); 3]);
}

#[test]
fn an_amount_that_is_reached_is_earned_once() {
    let (method, pays) = (Method::Lump, Pays::Lump);
    let tiers = [(0, 0), (100, 50), (155, 90)];
    let tiers = tiers.map(|(units, paid)| Tier { from: units * 1_000_000_000_000, rate: Rate(paid * 100_000_000) });
    let component = Component {
        method,
        pays,
        tiers: tiers.into(),
        tier_by: TierBy::Amount,
        no_quota: None,
        ..component(QuotaUse::Interval, NoQuota::Park, 1)
    };
    earns(&component, [5_000, 4_000, 0]);
}

/// What an interval that is capped at 10.00 earned, in tenths by the months that it came with.
fn parts(component: &Component) -> Vec<(usize, i64)> {
    let pay = vec![Tranche { share: Rate(100_000_000), when: Due::IntervalEnd }];
    let cap = Some(Amount(10_000_000));
    let component = Component { pay, modifiers: Modifiers { cap, ..Modifiers::default() }, ..component.clone() };
    let mut periods = throughout(&component);
    periods.iter_mut().for_each(|period| period.named = vec![period.tier]);
    let earned = earned(&periods, 2, true).unwrap();
    let tenths = |slice: &Slice<'_>| (&slice.amount * BigRational::from_integer(10.into())).round().to_integer();
    earned[2].slices.iter().map(|slice| (slice.place, i64::try_from(tenths(slice)).unwrap())).collect()
}

#[test]
fn a_cap_is_shared_by_what_each_month_gave_or_left_to_who_comes_first() {
    // 7.50, 0.50 and 1.00 twice over.
    let double = component(QuotaUse::Interval, NoQuota::Park, 10);
    assert_eq!(parts(&double), [(0, 83), (1, 6), (2, 11)]);
    let pays = Pays::Formula(Formula::parse("measure('sales') * 10%").unwrap());
    let formula = Component { pays, method: Method::Formula, tiers: vec![], ..double.clone() };
    assert_eq!(parts(&formula), [(0, 100), (1, 0), (2, 0)]);
    assert_eq!(parts(&Component { quota: equal(), ..double }), [(0, 100), (1, 0), (2, 0)]);
}
