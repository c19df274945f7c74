//! Tables of which less is better over the months of a quarter: when zero is worth something, and what a later entry takes back.

use super::*;

/// Against a quota of 300: 10.00 above half of it, 40.00 from there on, 100.00 from a tenth on.
fn lump(at_zero: AtZero) -> Component {
    let edge = |percent: i128| percent * 10_000_000_000;
    let tiers = [(100, 10), (50, 40), (10, 100)];
    let tiers = tiers.map(|(percent, units)| Tier { from: edge(percent), rate: Rate(units * 100_000_000) });
    let (method, pays, direction) = (Method::Lump, Pays::Lump, Direction::Lower(at_zero));
    Component { method, pays, direction, tiers: tiers.into(), ..component(QuotaUse::Interval, NoQuota::Park, 1) }
}

/// The sums after each of the months, and in which a quota of 300 is stated.
fn months<'w>(component: &'w Component, sums: [i128; 3], stated: [bool; 3]) -> Vec<PeriodInput<'w>> {
    let unit = |sum: i128| Measured(sum * 1_000_000_000_000);
    let mut periods = quarter([0, 1, 2].map(|place: usize| (Some((component, JANUARY)), stated[place].then_some(300))));
    for (place, period) in periods.iter_mut().enumerate() {
        let before = place.checked_sub(1).map_or(0, |before| sums[before]);
        (period.tier.from, period.tier.to) = (unit(before), unit(sums[place]));
        period.gate = period.tier;
    }
    periods
}

#[test]
fn zero_is_worth_what_the_component_says() {
    let table = [
        (AtZero::Best, [0, 0, 0], [10_000, 0, 0]),
        (AtZero::Nothing, [0, 0, 0], [0, 0, 0]),
        // A later entry takes back what January had for nothing.
        (AtZero::Best, [0, 30, 31], [10_000, 0, -6_000]),
        (AtZero::Nothing, [0, 30, 31], [0, 10_000, -6_000]),
        // And what goes away again brings it back: down to nothing, and below.
        (AtZero::Best, [200, 0, -5], [1_000, 9_000, 0]),
        (AtZero::Nothing, [200, 0, -5], [1_000, -1_000, 10_000]),
    ];
    for (at_zero, sums, expected) in table {
        check(&months(&lump(at_zero), sums, [true; 3]), expected.map(|minor| (minor, false)));
    }
}

#[test]
fn zero_is_measured_as_soon_as_there_is_a_quota() {
    let expected = |no_quota, expected| {
        let component = Component { no_quota: Some(no_quota), ..lump(AtZero::Best) };
        check(&months(&component, [0, 0, 0], [false, true, true]), expected);
    };
    expected(NoQuota::Park, [(0, true), (10_000, false), (0, false)]);
    expected(NoQuota::Nothing, [(0, false), (10_000, false), (0, false)]);
}

#[test]
fn amounts_count_from_the_first_period_that_is_measured() {
    let component = lump(AtZero::Best);
    let since_february = |sums, expected| {
        let mut periods = months(&component, sums, [true; 3]);
        periods[0].component = None;
        check(&periods, expected);
    };
    since_february([0, 0, 60], [(0, false), (10_000, false), (-6_000, false)]);
    since_february([60, 60, 60], [(0, false), (4_000, false), (0, false)]);
    // Another version goes on from where the one before it stands.
    let mut better = lump(AtZero::Best);
    better.tiers[2].rate = Rate(200 * 100_000_000);
    let mut periods = months(&component, [0, 0, 60], [true; 3]);
    periods[1..].iter_mut().for_each(|period| (period.component, period.version) = (Some(&better), FEBRUARY));
    check(&periods, [(10_000, false), (0, false), (-16_000, false)]);
    // One that begins anew does not.
    periods[1..].iter_mut().for_each(|period| period.anew = Some(Period(2)));
    check(&periods, [(10_000, false), (20_000, false), (-16_000, false)]);
    // Rates have measured the payee, too.
    let rates = Component { method: Method::Retroactive, pays: Pays::RateOf, ..lump(AtZero::Best) };
    let mut periods = months(&component, [0, 0, 60], [true; 3]);
    periods[0].component = Some(&rates);
    periods[1..].iter_mut().for_each(|period| period.version = FEBRUARY);
    check(&periods, [(0, false), (0, false), (-6_000, false)]);
}

#[test]
fn where_more_is_better_what_was_passed_before_the_first_quota_is_not_earned() {
    let mut higher = Component { direction: Direction::Higher, ..lump(AtZero::Nothing) };
    higher.tiers.reverse();
    higher.tiers[0] = Tier { from: 0, rate: Rate(0) };
    check(&months(&higher, [150, 160, 310], [false, true, true]), [(0, true), (0, false), (-3_000, false)]);
}

#[test]
fn a_quota_to_date_is_met_anew_with_each_period() {
    let component = Component { quota: equal(), ..lump(AtZero::Best) };
    // Of 100, 200 and 300.
    check(&months(&component, [0, 90, 90], [true; 3]), [(10_000, false), (-6_000, false), (0, false)]);
    check(&months(&component, [60, 60, 30], [true; 3]), [(1_000, false), (3_000, false), (6_000, false)]);
}

#[test]
fn a_gate_at_the_end_keeps_what_could_be_taken_back() {
    let gate = Gate {
        measure: "sales".into(),
        tier_by: TierBy::Attainment,
        bound: Bound::AtMost(100_000_000_000),
        tested: Tested::AtEndHeldUntilThen,
        otherwise: Otherwise::Zero,
    };
    let modifiers = Modifiers { gate: Some(gate), floor: Some(Amount(5_000_000)), ..Modifiers::default() };
    let component = Component { modifiers, ..lump(AtZero::Best) };
    // The floor is of whoever has a quota.
    check(&months(&component, [0, 0, 0], [true; 3]), [(500, false), (0, false), (9_500, false)]);
    check(&months(&component, [0, 0, 31], [true; 3]), [(500, false), (0, false), (0, false)]);
}

#[test]
fn parts_are_what_their_periods_earned() {
    let pay = vec![Tranche { share: Rate(100_000_000), when: Due::IntervalEnd }];
    let component = Component { pay, ..lump(AtZero::Best) };
    let earned = earned(&months(&component, [0, 60, 60], [true; 3]), 2, true).unwrap();
    let parts: Vec<_> = earned[2].slices.iter().map(|slice| (slice.place, slice.amount.to_integer().to_string())).collect();
    assert_eq!(parts, [(0, "100".into()), (1, "-60".into()), (2, "0".into())]);
}

#[test]
fn a_period_is_measured_if_it_is_by_any_of_its_readings() {
    let mut component = lump(AtZero::Best);
    component.tiers[0].rate = Rate(0);
    let quota = |units: Option<i128>| units.map(|units| Amount(units * 1_000_000));
    let by = |period: &PeriodInput<'_>, units| Reading { quota: quota(units), ..period.tier };
    // January's quota and the one that its close saw, and what is earned: 400, 90 and 90, against 1 000 from February on.
    let check = |now, seen, expected| {
        let mut periods = months(&component, [400, 90, 90], [true; 3]);
        periods[1..].iter_mut().for_each(|period| period.tier.quota = quota(Some(1_000)));
        let released = PeriodInput { tier: by(&periods[0], seen), ..periods[0].clone() };
        (periods[0].tier, periods[0].released) = (by(&periods[0], now), vec![released]);
        super::check(&periods, expected);
    };
    // It was in the worst tier, which is worth nothing; what the sum is worth by February's quota was there already.
    check(Some(300), None, [(0, false), (6_000, false), (0, false)]);
    check(None, Some(300), [(0, false), (6_000, false), (0, false)]);
    check(None, Some(1_000), [(4_000, false), (6_000, false), (0, false)]);
    check(None, None, [(0, true), (10_000, false), (0, false)]);
}
