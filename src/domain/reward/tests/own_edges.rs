//! Edges of tiers that are the payee's own, in the periods of a quarter that sold 150, 10 and 20 of a quota of 300.

use super::*;

/// 5 %, and 10 % from where the payee has it.
fn component_of(method: Method, places: &[usize]) -> Component {
    let mut component = Component { method, ..component(QuotaUse::Interval, NoQuota::Park, 5) };
    for tier in places {
        component.tiers[*tier].from = 0;
        component.own_edges.push(OwnEdge { tier: *tier, parameter: format!("edge-{tier}") });
    }
    component
}

/// The edges of each month, in percent.
fn check_own(component: &Component, months: [&[Option<i128>]; 3], expected: [(i64, bool); 3]) {
    let mut periods = quarter([(Some((component, JANUARY)), Some(300)); 3]);
    for (period, own) in periods.iter_mut().zip(months) {
        period.own_edges = own.iter().map(|percent| percent.map(|percent| Amount(percent * 10_000))).collect();
    }
    check(&periods, expected);
}

#[test]
fn each_period_has_those_of_its_own() {
    let check = |method, months: [i128; 3], expected: [i64; 3]| {
        let months = months.map(|percent| [Some(percent)]);
        let [january, february, march] = [0, 1, 2].map(|place| months[place].as_slice());
        check_own(&component_of(method, &[1]), [january, february, march], expected.map(|minor| (minor, false)));
    };
    check(Method::Marginal, [50; 3], [750, 100, 200]);
    check(Method::Marginal, [100; 3], [750, 50, 100]);
    // Of 75 in January 50 lie above, and February's 10 lie below.
    check(Method::Marginal, [25, 100, 50], [1_125, 50, 200]);
    check(Method::Retroactive, [60; 3], [750, 50, 1_000]);
    check(Method::WholeDealAfter, [53; 3], [750, 100, 200]);
}

#[test]
fn who_lacks_one_or_has_none_that_rises_waits() {
    let component = component_of(Method::Marginal, &[1]);
    check_own(&component, [&[Some(50)], &[None], &[Some(50)]], [(750, false), (0, true), (200, false)]);
    check_own(&component, [&[Some(50)], &[Some(0)], &[Some(50)]], [(750, false), (0, true), (200, false)]);
    let lacks = |component: &Component, own: &[Option<i128>]| {
        let mut periods = throughout(component);
        periods[0].own_edges = own.iter().map(|percent| percent.map(|percent| Amount(percent * 10_000))).collect();
        earned(&periods[..1], 2, false).unwrap()[0].lacks.map(|lacks| format!("{lacks:?}"))
    };
    assert_eq!(lacks(&component, &[None]).unwrap(), "Parameter(\"edge-1\")");
    assert_eq!(lacks(&component, &[Some(0)]).unwrap(), "Order");
    assert_eq!(lacks(&component, &[Some(1)]), None);
    // Above the first of one's own, which is above 0.
    let overage = component_of(Method::Overage, &[0, 1]);
    assert_eq!(lacks(&overage, &[Some(10), Some(20)]), None);
    assert_eq!(lacks(&overage, &[Some(0), Some(20)]).unwrap(), "Order");
    assert_eq!(lacks(&overage, &[Some(20), Some(20)]).unwrap(), "Order");
    assert_eq!(lacks(&overage, &[None, Some(20)]).unwrap(), "Parameter(\"edge-0\")");
    // An edge of the plan behind it.
    let between =
        Component { tiers: [component.tiers.clone(), vec![Tier { from: 900_000_000_000, rate: Rate(0) }]].concat(), ..component };
    assert_eq!(lacks(&between, &[Some(89)]), None);
    assert_eq!(lacks(&between, &[Some(90)]).unwrap(), "Order");
}

#[test]
fn tiers_in_proportion_may_end_there() {
    // 10.00 in proportion to what lies below: a half of 300, then 160, and 180 of 200.
    let mut component = component_of(Method::Interpolated, &[1]);
    (component.pays, component.tiers[0].rate, component.tiers[1].rate) = (Pays::Lump, Rate(1_000_000_000), Rate(0));
    check_own(&component, [&[Some(100)]; 3], [(500, false), (33, false), (67, false)]);
    check_own(&component, [&[Some(50)], &[Some(200)], &[Some(0)]], [(1_000, false), (17, false), (0, true)]);
}

#[test]
fn what_falls_has_edges_that_fall() {
    // 10 % from 59 % of 300 down, and 5 % above: of 150 and 160 the higher rate, of 180 the other one.
    let lower = |places: &[usize]| {
        let component = component_of(Method::Retroactive, places);
        Component { direction: Direction::Lower(AtZero::Nothing), ..component }
    };
    let both = lower(&[0, 1]);
    let months = |own: [[i128; 2]; 3]| own.map(|[worst, best]| [Some(worst), Some(best)]);
    let check = |own: [[i128; 2]; 3], expected| {
        let [january, february, march] = months(own);
        check_own(&both, [&january, &february, &march], expected);
    };
    check([[100, 59]; 3], [(1_500, false), (100, false), (-700, false)]);
    check([[100, 59], [59, 100], [100, 59]], [(1_500, false), (0, true), (-700, false)]);
    check([[100, 59], [59, 59], [100, 0]], [(1_500, false), (0, true), (0, true)]);
    // Beside an edge of the plan at 100 %, and below the quota alone.
    let mut best = lower(&[1]);
    best.tiers[0].from = 1_000_000_000_000;
    check_own(&best, [&[Some(99)], &[Some(100)], &[Some(101)]], [(1_500, false), (0, true), (0, true)]);
}

#[test]
fn an_amount_is_an_edge() {
    assert_eq!([0, 1, 1_000_000].map(|amount| OwnEdge::from(Amount(amount))), [0, 1_000_000, 1_000_000_000_000]);
    assert_eq!(OwnEdge::from(Amount(i128::MAX)), i128::MAX);
}
