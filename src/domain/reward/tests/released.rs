//! Periods that must not earn less than by what they read at a close.

use super::*;

/// 150, 10 and 20 against a quota of 100, of which the periods read others at closes. 5 % up to the quota, 10 % above.
fn of(months: [&[Option<i128>]; 3], no_quota: NoQuota, modifiers: Modifiers) -> Vec<(i64, bool)> {
    let component = Component { modifiers, ..component(QuotaUse::Interval, no_quota, 5) };
    let mut periods = quarter([(Some((&component, JANUARY)), Some(100)); 3]);
    for (period, quotas) in periods.iter_mut().zip(months) {
        let by = |quota: &Option<i128>| {
            let quota = quota.map(|units| Amount(units * 1_000_000));
            PeriodInput { tier: Reading { quota, ..period.tier }, ..period.clone() }
        };
        period.released = quotas.iter().map(by).collect();
    }
    let earned = earned(&periods, 2, true).unwrap();
    earned.iter().map(|of| (of.minor.0, of.lacks.is_some())).collect()
}

fn check(months: [&[Option<i128>]; 3], expected: [i64; 3]) {
    let found = of(months, NoQuota::Park, Modifiers::default());
    assert_eq!(found, expected.map(|minor| (minor, false)), "{months:?}");
}

#[test]
fn a_period_earns_by_the_reading_that_adds_most() {
    check([&[], &[], &[]], [1_000, 100, 200]);
    // Of 300 the first month earns 7.50, of 80 it earns 11.00.
    check([&[Some(300)], &[], &[]], [1_000, 100, 200]);
    check([&[Some(80)], &[], &[]], [1_100, 100, 200]);
    check([&[Some(300), Some(80), Some(300)], &[], &[]], [1_100, 100, 200]);
    // Each by itself, from where the sums stand: 20 behind 160 earn 1.00 of 300.
    check([&[Some(80)], &[Some(300)], &[Some(300), Some(10)]], [1_100, 100, 200]);
}

#[test]
fn what_was_lacking_earned_nothing_and_is_not_waited_for_any_more() {
    check([&[None], &[None], &[]], [1_000, 100, 200]);
    let mut periods = quarter([(None, None), (None, None), (None, None)]);
    let component = component(QuotaUse::Interval, NoQuota::Park, 5);
    periods.iter_mut().for_each(|period| period.component = Some(&component));
    periods[0].released =
        vec![PeriodInput { tier: Reading { quota: Some(Amount(100_000_000)), ..periods[0].tier }, ..periods[0].clone() }];
    periods[1].released = vec![periods[1].clone()];
    super::check(&periods, [(1_000, false), (0, true), (0, true)]);
    // What goes down by a quota that came later is not owed by who had none.
    let sums = [150, 100].map(|units| Measured(units * 1_000_000_000_000));
    let mut falls = periods[1].clone();
    (falls.tier.from, falls.tier.to, falls.tier.quota) = (sums[0], sums[1], Some(Amount(100_000_000)));
    let lacking = PeriodInput { tier: Reading { quota: None, ..falls.tier }, ..falls.clone() };
    let [found] = &earned(&[PeriodInput { released: vec![lacking], ..falls }], 2, false).unwrap()[..] else { panic!() };
    assert_eq!((found.minor.0, found.lacks), (0, None));
}

#[test]
fn what_follows_goes_on_from_the_reading_that_was_taken() {
    let capped = |units: i128| Modifiers { cap: Some(Amount(units * 1_000_000)), ..Modifiers::default() };
    let months: [&[Option<i128>]; 3] = [&[Some(80)], &[], &[]];
    let found = of(months, NoQuota::Park, capped(11));
    assert_eq!(found, [(1_100, false), (0, false), (0, false)]);
    // Of readings that add as much the first one counts: what its table gave stands behind the cap.
    let months: [&[Option<i128>]; 3] = [&[Some(20), Some(80)], &[], &[]];
    let component = Component { modifiers: capped(9), ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    let mut periods = quarter([(Some((&component, JANUARY)), Some(100)); 3]);
    let by = |quota: Option<i128>, period: &PeriodInput<'_>| {
        let quota = quota.map(|units| Amount(units * 1_000_000));
        Reading { quota, ..period.tier }
    };
    let readings: Vec<Reading> = months[0].iter().map(|quota| by(*quota, &periods[0])).collect();
    periods[0].released = readings.into_iter().map(|tier| PeriodInput { tier, ..periods[0].clone() }).collect();
    // 14.00 by a quota of 20, cut to 9.00; then 40 less leave 10.00 of it, cut to 9.00.
    periods[1].tier.to = Measured(periods[1].tier.from.0 - 40 * 1_000_000_000_000);
    super::check(&periods, [(900, false), (0, false), (0, false)]);
}
