//! Deals that find a number of deals: shares of them, or whole ones.

use super::*;
use crate::domain::money::MEASURED_DECIMALS;

/// 10.00 for each of the first two deals, 30.00 for each behind them; shares in percent, a month's deals each.
fn earns(method: Method, count_split: CountSplit, months: [&[i128]; 2], expected: [i64; 2]) {
    let one = 10i128.pow(MEASURED_DECIMALS);
    let tiers = [(0, 10), (2, 30)].map(|(from, units)| Tier { from: from * one, rate: Rate(units * 100_000_000) });
    let by_count = Component {
        tier_by: TierBy::Count,
        pays: Pays::PerUnit,
        no_quota: None,
        tiers: tiers.into(),
        ..component(QuotaUse::Interval, NoQuota::Park, 1)
    };
    let component = Component { method, count_split, ..by_count };
    let deal = |percent: &i128| OneDeal { deal_id: "D", measured: Measured(percent * one / 100), back: ethnum::I256::ZERO };
    let (mut sum, mut before) = (0, 0);
    let month = |shares: &[i128]| {
        let deals: Vec<OneDeal<'_>> = shares.iter().map(deal).collect();
        let added: i128 = deals.iter().map(|deal| deal.measured.0).sum();
        let tier = Reading { from: Measured(sum), to: Measured(sum + added), ..Reading::default() };
        let deals_before = before;
        (sum, before) = (sum + added, before + number_of(&deals));
        PeriodInput { component: Some(&component), deals, deals_before, ..input(tier) }
    };
    let periods: Vec<PeriodInput<'_>> = months.map(month).into();
    let earned = earned(&periods, 2, false).unwrap();
    assert_eq!(earned.iter().map(|of| of.minor.0).collect::<Vec<_>>(), expected, "{method:?} {count_split:?} {months:?}");
}

#[test]
fn a_shared_deal_is_a_part_or_a_whole_one_of_those_before() {
    use CountSplit::{Share, Whole};
    use Method::{WholeDealAfter, WholeDealBefore};
    let halves: [&[i128]; 2] = [&[50, 50], &[50, 100]];
    // Of shares only one and a half are there before the last deal.
    earns(WholeDealBefore, Share, halves, [1_000, 1_500]);
    earns(WholeDealBefore, Whole, halves, [1_000, 4_500]);
    earns(WholeDealAfter, Share, halves, [1_000, 3_500]);
    earns(WholeDealAfter, Whole, halves, [2_000, 4_500]);
    // One of less than nothing takes one back.
    let less: [&[i128]; 2] = [&[100, -100], &[50, 50, 50]];
    earns(WholeDealBefore, Whole, less, [0, 2_500]);
    // More than one of a deal is one.
    earns(WholeDealBefore, Whole, [&[150], &[100, 100]], [1_500, 4_000]);
}
