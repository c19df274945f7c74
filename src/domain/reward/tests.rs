//! Quotas to date in the periods of a quarter: which point of the table each period starts from.

mod lower;
mod modifiers;
mod own_edges;
mod own_lines;
mod own_modifiers;
mod pro_rata;
mod released;
mod whole_deals;

use super::*;
use crate::domain::calendar::IntervalKind;
use crate::domain::money::{Amount, Rate, RoundingMode};
use crate::domain::pay_terms::PayTerms;
use crate::domain::plan::*;
use crate::domain::rate_table::{Part, Parts};
use crate::domain::tranche::{Due, Tranche};

const JANUARY: Date = Date(20_454);
const FEBRUARY: Date = Date(20_485);

/// By attainment of a quota of 300, marginally `rate` % to the quota and twice that above.
pub fn component(quota: QuotaUse, no_quota: NoQuota, rate: i64) -> Component {
    let tiers = [(0, rate), (1_000_000_000_000, 2 * rate)];
    Component {
        component_id: "new".into(),
        earning_code: "COMM".into(),
        interval: IntervalKind::Quarter,
        scope: Scope::Running,
        measure: "sales".into(),
        tier_by: TierBy::Attainment,
        pays: Pays::RateOf,
        paid_measure: None,
        lookup: None,
        method: Method::Marginal,
        beyond: None,
        own_rates: Vec::new(),
        own_edges: Vec::new(),
        own_modifiers: Vec::new(),
        boundary: Boundary::Upper,
        direction: Direction::Higher,
        deficit: Deficit::Lost,
        count_split: CountSplit::Share,
        negative: Negative::Carry,
        quota,
        no_quota: Some(no_quota),
        clawback: Clawback::default(),
        rounding: RoundingMode::HalfEven,
        rounding_at: RoundingAt::Cumulative,
        tiers: tiers.map(|(from, rate)| Tier { from, rate: Rate(rate * 1_000_000) }).into(),
        modifiers: Modifiers::default(),
        pay: Vec::new(),
        attribution: Attribution::Slice,
        unit: EarningUnit::Money,
        pool: None,
    }
}

fn equal() -> QuotaUse {
    QuotaUse::ToDate(vec![])
}

fn spread(percents: [i64; 3]) -> QuotaUse {
    QuotaUse::ToDate(percents.map(|percent| Rate(percent * 1_000_000)).into())
}

/// A month's component (since when), and the quota that is stated for it.
type Month<'w> = (Option<(&'w Component, Date)>, Option<i128>);

/// An interval's last period in which nothing but what picks the tier is read, and no component is stated yet.
pub fn input<'w>(tier: Reading) -> PeriodInput<'w> {
    PeriodInput {
        component: None,
        version: JANUARY,
        anew: None,
        parts: Parts::ALL,
        target: None,
        own_rates: vec![],
        own_edges: vec![],
        own_modifiers: None,
        deficit: Measured(0),
        tier,
        paid: Reading::default(),
        multiplier: Reading::default(),
        gate: Reading::default(),
        named: vec![],
        parameters: vec![],
        deals: vec![],
        deals_before: 0,
        last: true,
        released: Vec::new(),
    }
}

/// 150, 10 and 20 in the three months.
fn quarter(months: [Month<'_>; 3]) -> Vec<PeriodInput<'_>> {
    let stated = |place: usize| months[place].1.map(|units| Amount(units * 1_000_000));
    let sums = [0, 150, 160, 180].map(|units| Measured(units * 1_000_000_000_000));
    let month = |place: usize| {
        let tier = Reading {
            quota: stated(place),
            quota_before: place.checked_sub(1).and_then(stated),
            from: sums[place],
            to: sums[place + 1],
        };
        let measured = Measured(sums[place + 1].0 - sums[place].0);
        PeriodInput {
            component: months[place].0.map(|(component, _)| component),
            version: months[place].0.map_or(JANUARY, |(_, version)| version),
            gate: tier,
            deals: vec![OneDeal { deal_id: "D", measured, back: ethnum::I256::ZERO }],
            last: place == 2,
            ..input(tier)
        }
    };
    (0..3).map(month).collect()
}

/// What is earned in the months, in cents, and whether each lacks its quota.
fn check(periods: &[PeriodInput<'_>], expected: [(i64, bool); 3]) {
    let earned = earned(periods, 2, true).unwrap();
    assert_eq!(earned.iter().map(|of| (of.minor.0, of.lacks.is_some())).collect::<Vec<_>>(), expected);
}

fn throughout(component: &Component) -> Vec<PeriodInput<'_>> {
    quarter([(Some((component, JANUARY)), Some(300)); 3])
}

#[test]
fn a_period_starts_where_the_one_before_ended() {
    // Against 100, 200 and 300: 5 + 5, 8, 9.
    check(&throughout(&component(equal(), NoQuota::Park, 5)), [(1_000, false), (-200, false), (100, false)]);
    // Against 60, 150 and 300: 3 + 9, 7.5 + 1, 9.
    check(&throughout(&component(spread([20, 30, 50]), NoQuota::Park, 5)), [(1_200, false), (-350, false), (50, false)]);
    check(&throughout(&component(QuotaUse::Interval, NoQuota::Park, 5)), [(750, false), (50, false), (100, false)]);
}

#[test]
fn a_period_without_its_quota_is_made_up_for() {
    check(&throughout(&component(spread([0, 50, 50]), NoQuota::Park, 5)), [(0, false), (850, false), (50, false)]);
    check(&throughout(&component(spread([0, 50, 50]), NoQuota::Nothing, 5)), [(0, false), (850, false), (50, false)]);
    check(&throughout(&component(spread([0, 50, 50]), NoQuota::FirstTier, 5)), [(750, false), (100, false), (50, false)]);
    let component = component(equal(), NoQuota::Park, 5);
    let of = Some((&component, JANUARY));
    check(&quarter([(of, Some(300)), (of, None), (of, Some(300))]), [(1_000, false), (0, true), (-100, false)]);
}

#[test]
fn what_a_cap_leaves_of_a_period_is_its_part() {
    let tranche = Tranche { share: Rate(100_000_000), when: Due::Booked };
    let modifiers = Modifiers { cap: Some(Amount(4_000_000)), ..Modifiers::default() };
    let paid = Component { pay: vec![tranche], modifiers, ..component(equal(), NoQuota::Park, 5) };
    let earned = earned(&throughout(&paid), 2, true).unwrap();
    let parts = |of: &Earned<'_>| of.slices.iter().map(|slice| slice.amount.clone()).collect::<Vec<_>>();
    let of = |units: i64| BigRational::from_integer(units.into());
    assert_eq!(earned.iter().map(|of| of.minor.0).collect::<Vec<_>>(), [400, 0, 0]);
    assert_eq!(parts(&earned[2]), [of(4), of(0), of(0)]);
}

#[test]
fn deals_that_a_gate_could_not_measure_come_with_the_next_period() {
    let (tier_by, otherwise, bound) = (TierBy::Attainment, Otherwise::Zero, Bound::AtLeast(1_000_000_000_000));
    let gate = Gate { measure: "sales".into(), tier_by, bound, tested: Tested::Running, otherwise };
    let modifiers = Modifiers { gate: Some(gate), ..Modifiers::default() };
    let gated = Component { scope: Scope::Deal, tier_by: TierBy::Amount, modifiers, ..component(equal(), NoQuota::Park, 10) };
    let gated = Component { tiers: gated.tiers[..1].to_vec(), ..gated };
    check(&throughout(&gated), [(1_500, false), (-1_500, false), (0, false)]);
    check(&throughout(&Component { quota: spread([0, 50, 50]), ..gated.clone() }), [(0, false), (1_600, false), (-1_600, false)]);
    // The deals of January are behind a month in which the component is not in force.
    let of = Some((&gated, JANUARY));
    check(&quarter([(of, None), (None, Some(300)), (of, Some(150))]), [(0, true), (0, false), (200, false)]);
    let whole = Component { quota: QuotaUse::Interval, ..gated.clone() };
    let of = Some((&whole, JANUARY));
    check(&quarter([(of, None), (of, Some(160)), (of, Some(150))]), [(0, true), (100, false), (200, false)]);
}

#[test]
fn a_version_and_one_that_comes_back_start_at_the_period_before() {
    let [first, second] = [5, 6].map(|rate| component(equal(), NoQuota::Park, rate));
    let (before, after) = (Some((&first, JANUARY)), Some((&second, FEBRUARY)));
    // From 150 of 100 (12) to 160 of 200 (9.6) to 180 of 300 (10.8).
    check(&quarter([(before, Some(300)), (after, Some(300)), (after, Some(300))]), [(1_000, false), (-240, false), (120, false)]);
    // 160 of 80: 4.8 + 9.6; 180 of 120: 7.2 + 7.2.
    check(&quarter([(before, Some(300)), (after, Some(120)), (after, Some(120))]), [(1_000, false), (240, false), (0, false)]);
    // From 160 of 200.
    check(&quarter([(before, Some(300)), (None, Some(300)), (before, Some(300))]), [(1_000, false), (0, false), (100, false)]);
    let late = component(spread([0, 40, 60]), NoQuota::Park, 6);
    let after = Some((&late, FEBRUARY));
    // From 150 to 160 of 120; 180 of 300.
    check(&quarter([(before, Some(300)), (after, Some(300)), (after, Some(300))]), [(1_000, false), (120, false), (-120, false)]);
    let [first_tier, late_first_tier] = [&first, &late].map(|of| Component { no_quota: Some(NoQuota::FirstTier), ..of.clone() });
    let (before_it, after_it) = (Some((&first_tier, JANUARY)), Some((&late_first_tier, FEBRUARY)));
    // From 6 % of 150 to 160 of 120: 7.2 + 4.8.
    check(
        &quarter([(before_it, Some(300)), (after_it, Some(300)), (after_it, Some(300))]),
        [(1_000, false), (300, false), (-120, false)],
    );
    // February waits; March goes from where January ended, as there is no quota, by its own one.
    check(&quarter([(before, Some(300)), (after, None), (after, Some(300))]), [(1_000, false), (0, true), (180, false)]);
}

#[test]
fn parts_are_what_each_period_made_up() {
    let tranche = Tranche { share: Rate(100_000_000), when: Due::Booked };
    let paid = Component { pay: vec![tranche], ..component(equal(), NoQuota::Park, 5) };
    let earned = earned(&throughout(&paid), 2, true).unwrap();
    let parts = |of: &Earned<'_>| of.slices.iter().map(|slice| (slice.place, slice.amount.clone())).collect::<Vec<_>>();
    let of = |place: usize, units: i64| (place, BigRational::from_integer(units.into()));
    assert_eq!(parts(&earned[2]), [of(0, 10), of(1, -2), of(2, 1)]);
}

#[test]
fn the_part_so_far_is_as_small_as_it_is_written() {
    assert_eq!(equal().part(2, 12).times(Part { active: 45, of: 90 }), Part { active: 1, of: 12 });
    assert_eq!(spread([20, 30, 50]).part(2, 3).times(Part::ALL), Part { active: 1, of: 2 });
    assert_eq!(spread([0, 50, 50]).part(1, 3).times(Part::ALL), Part { active: 0, of: 1 });
    assert_eq!(QuotaUse::Interval.part(1, 3), Part::ALL);
}

/// A plan without components.
pub fn plan() -> Plan {
    Plan {
        plan_id: "ae".into(),
        from: JANUARY,
        to: None,
        currency: "USD".into(),
        calendar: "fiscal".into(),
        prorate: Prorate::NOTHING,
        mid_interval_change: MidIntervalChange::Carry,
        negative_pay: NegativePay::Carry,
        after_release: AfterRelease::Adjust,
        quota_after_release: QuotaAfterRelease::Adjust,
        cap: None,
        own_amounts: Vec::new(),
        ramp: Vec::new(),
        pay: PayTerms::default(),
        components: vec![],
    }
}
