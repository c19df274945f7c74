//! What tables give at, beside and below their edges: 1 % from 0, 2 % from 1 000 and 3 % from 3 000, unless a case says otherwise.

use super::super::plan::{NoQuota, QuotaUse};
use super::super::reward::tests::component;
use super::*;

const UNIT: i128 = 10i128.pow(MEASURED_DECIMALS);

/// By amount, with tiers as (from, rate in percent or value in hundredths).
fn table(method: Method, pays: Pays, tiers: &[(i128, i64)]) -> Component {
    let tiers = tiers.iter().map(|(from, rate)| Tier { from: from * UNIT, rate: Rate(rate * 1_000_000) }).collect();
    let attained = component(QuotaUse::Interval, NoQuota::Park, 1);
    Component { tier_by: TierBy::Amount, no_quota: None, method, pays, tiers, ..attained }
}

fn percents(method: Method) -> Component {
    table(method, Pays::RateOf, &[(0, 1), (1_000, 2), (3_000, 3)])
}

/// In hundredths, of a sum that both picks the tier and is paid on; with a target of 500.
#[track_caller]
fn check(component: &Component, sum: i128, hundredths: i64) {
    let axis = Axis::new(component.tier_by, Measured(sum * UNIT), Some(Amount(300_000_000)), Part::ALL).expect("an axis");
    let target = BigRational::from_integer(500.into());
    let question = Question { tiers: &component.tiers, axis, paid: Measured(sum * UNIT), target: Some(&target) };
    let expected = BigRational::new(hundredths.into(), 100.into());
    assert_eq!(value(component, question).fraction(), expected, "{:?} of {sum}", component.method);
}

#[test]
fn a_tier_begins_at_its_edge_or_behind_it() {
    let lower = |component| Component { boundary: Boundary::Lower, ..component };
    let lump = || table(Method::Lump, Pays::Lump, &[(0, 1_000), (1_000, 2_000)]);
    for (sum, upper, behind) in [(999, 999, 999), (1_000, 2_000, 1_000), (1_001, 2_002, 2_002)] {
        check(&percents(Method::Retroactive), sum, upper);
        check(&lower(percents(Method::Retroactive)), sum, behind);
    }
    for (sum, upper, behind) in [(999, 1_000, 1_000), (1_000, 2_000, 1_000), (1_001, 2_000, 2_000)] {
        check(&lump(), sum, upper);
        check(&lower(lump()), sum, behind);
    }
    // What is marginal has no jump.
    for (sum, expected) in [(500, 500), (1_000, 1_000), (2_000, 3_000), (3_000, 5_000), (4_000, 8_000)] {
        check(&percents(Method::Marginal), sum, expected);
        check(&lower(percents(Method::Marginal)), sum, expected);
    }
}

#[test]
fn overage_pays_the_reached_rate_on_what_is_above_the_first_edge() {
    let component = table(Method::Overage, Pays::RateOf, &[(1_000, 2), (3_000, 3)]);
    for (sum, expected) in [(500, 0), (1_000, 0), (2_000, 2_000), (3_000, 6_000)] {
        check(&component, sum, expected);
    }
}

#[test]
fn interpolated_tiers_give_the_part_of_their_value_that_is_covered() {
    let component = table(Method::Interpolated, Pays::Lump, &[(0, 1_000), (1_000, 4_000), (3_000, 10_000), (8_000, 0)]);
    for (sum, expected) in [(0, 0), (500, 500), (1_000, 1_000), (2_000, 3_000), (3_000, 5_000), (8_000, 15_000), (9_000, 15_000)]
    {
        check(&component, sum, expected);
    }
    // Below zero the first tier's line goes on.
    check(&component, -500, -500);
}

#[test]
fn a_curve_is_straight_between_its_points_and_ends_as_it_says() {
    let curve =
        |beyond| Component { beyond: Some(beyond), ..table(Method::Curve, Pays::Lump, &[(1_000, 1_000), (3_000, 5_000)]) };
    for (sum, flat, extended) in [(999, 0, 0), (1_000, 1_000, 1_000), (2_000, 3_000, 3_000), (4_000, 5_000, 7_000)] {
        check(&curve(Beyond::Flat), sum, flat);
        check(&curve(Beyond::Extend), sum, extended);
    }
}

#[test]
fn fractions_of_a_target_are_by_attainment_and_go_on_below_zero() {
    let attained = component(QuotaUse::Interval, NoQuota::Park, 5);
    let fraction = |method| Component { pays: Pays::FractionOf("bonus".into()), method, ..attained.clone() };
    // 5 % of 500 for each 100 % of 300, and twice that above.
    for (sum, marginal, retroactive) in [(150, 1_250, 1_250), (300, 2_500, 5_000), (600, 7_500, 10_000), (-150, -1_250, -1_250)] {
        check(&fraction(Method::Marginal), sum, marginal);
        check(&fraction(Method::Retroactive), sum, retroactive);
    }
    let mirror = Component { negative: Negative::Mirror, ..fraction(Method::Marginal) };
    check(&mirror, -600, -7_500);
    check(&Component { negative: Negative::Zero, ..mirror }, -600, 0);
    check(&Component { negative: Negative::Mirror, ..percents(Method::Retroactive) }, -1_000, -2_000);
}

#[test]
fn without_a_quota_the_first_tier_pays_on_all_that_is_not_negative() {
    let check = |negative, sum: i128, expected: i64| {
        let component = Component { negative, ..percents(Method::Marginal) };
        let found = without_quota(&component, &component.tiers, Measured(sum * UNIT), Measured(5_000 * UNIT));
        assert_eq!(found.fraction(), BigRational::from_integer(expected.into()), "{negative:?} {sum}");
    };
    for (sum, carried, nothing) in [(1, 50, 50), (0, 50, 50), (-1, 50, 0)] {
        check(Negative::Carry, sum, carried);
        check(Negative::Zero, sum, nothing);
    }
}

#[test]
fn a_quota_of_nothing_is_none() {
    let axis = |quota: Option<i128>, active| {
        let part = Part { active, of: 90 };
        Axis::new(TierBy::Attainment, Measured(1), quota.map(Amount), part).is_some()
    };
    assert!(axis(Some(1), 1) && !axis(Some(0), 1) && !axis(Some(1), 0) && !axis(None, 1));
}

#[test]
fn where_lower_is_better_each_tier_reaches_down_to_the_next_one() {
    let falling = [(3_000, 100), (1_000, 200), (500, 500)];
    let lower = |method, pays: Pays, boundary| {
        let direction = Direction::Lower(AtZero::Best);
        Component { direction, boundary, ..table(method, pays, &falling) }
    };
    let lump = |boundary| lower(Method::Lump, Pays::Lump, boundary);
    let rates = |boundary| lower(Method::Retroactive, Pays::RateOf, boundary);
    // The first one holds what is above it, the last one what is below.
    for (sum, upper, behind) in
        [(9_000, 100, 100), (1_001, 100, 100), (1_000, 200, 100), (999, 200, 200), (500, 500, 200), (0, 500, 500), (-7, 500, 500)]
    {
        check(&lump(Boundary::Upper), sum, upper);
        check(&lump(Boundary::Lower), sum, behind);
        check(&rates(Boundary::Upper), sum, upper * sum as i64);
        check(&rates(Boundary::Lower), sum, behind * sum as i64);
    }
    let curve = |beyond, boundary| Component { beyond: Some(beyond), ..lower(Method::Curve, Pays::Lump, boundary) };
    for (sum, flat, extended) in
        [(3_001, 0, 0), (3_000, 100, 100), (2_000, 150, 150), (750, 350, 350), (500, 500, 500), (250, 500, 650)]
    {
        check(&curve(Beyond::Flat, Boundary::Upper), sum, flat);
        check(&curve(Beyond::Extend, Boundary::Upper), sum, extended);
    }
    check(&curve(Beyond::Flat, Boundary::Lower), 3_000, 0);
    check(&curve(Beyond::Extend, Boundary::Upper), -500, 1_100);
    let attained = Component { tier_by: TierBy::Attainment, ..lump(Boundary::Upper) };
    let percent = |place: usize| attained.tiers[place].from / 1_000;
    let tiers = (0..3).map(|place| Tier { from: percent(place), ..attained.tiers[place] }).collect();
    // Of a quota of 300: 300 %, 100 % and 50 %.
    let attained = Component { tiers, ..attained };
    for (sum, expected) in [(301, 100), (300, 200), (150, 500), (0, 500)] {
        check(&attained, sum, expected);
    }
}

#[test]
fn zero_is_nothing_where_nothing_is_measured() {
    let direction = Direction::Lower(AtZero::Nothing);
    let lump = Component { direction, ..table(Method::Lump, Pays::Lump, &[(1_000, 100), (500, 500)]) };
    for (sum, expected) in [(1, 500), (0, 0), (-1, 500)] {
        check(&lump, sum, expected);
    }
    let rates = Component { direction, ..table(Method::Retroactive, Pays::RateOf, &[(1_000, 2), (500, 5)]) };
    let paid = |sum: i128| without_quota(&rates, &rates.tiers, Measured(sum * UNIT), Measured(100 * UNIT));
    for (sum, units) in [(1, 2), (0, 0), (-1, 2)] {
        assert_eq!(paid(sum).fraction(), BigRational::from_integer(units.into()), "{sum}");
    }
}
