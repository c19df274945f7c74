//! What of an earning waits with which deals, where each has its part of all of it.

use super::*;

fn waits(when: Due) -> Vec<Tranche> {
    vec![Tranche { share: Rate(100_000_000), when }]
}

/// 5 % of 150, 10 and 20 up to a quota of 100, and 10 % above: what each deal has of it in tenths of a unit, after every month.
fn parts(component: &Component, sums: [i128; 3], expected: [&[i64]; 3]) {
    let mut periods = throughout(component);
    let mut before = 0;
    for (period, sum) in periods.iter_mut().zip(sums) {
        let unit = |units: i128| Measured(units * 1_000_000_000_000);
        period.tier = Reading { quota: Some(Amount(100_000_000)), from: unit(before), to: unit(before + sum), ..period.tier };
        period.deals = vec![OneDeal { deal_id: "D", measured: unit(sum), back: ethnum::I256::ZERO }];
        before += sum;
    }
    let found = earned(&periods, 2, true).unwrap();
    for (of, expected) in found.iter().zip(expected) {
        let tenths = |slice: &Slice<'_>| (&slice.amount * BigRational::from_integer(10.into())).to_integer().to_string();
        let shown: Vec<String> = of.slices.iter().filter(|slice| !slice.amount.is_zero()).map(tenths).collect();
        assert_eq!(shown, expected.iter().map(ToString::to_string).collect::<Vec<_>>());
        let all = of.slices.iter().fold(BigRational::zero(), |all, slice| all + &slice.amount);
        assert_eq!(of.slices.is_empty(), of.lacks.is_some());
        let earned = found.iter().take_while(|other| !std::ptr::eq(*other, of)).chain([of]);
        assert_eq!(all, earned.fold(BigRational::zero(), |all, of| all + of.exact.fraction()), "the parts are all of it");
    }
}

fn component_of(attribution: Attribution, when: Due) -> Component {
    Component { pay: waits(when), attribution, ..component(QuotaUse::Interval, NoQuota::Park, 5) }
}

#[test]
fn a_deal_has_its_part_of_all_or_its_own_slice() {
    for when in [Due::Settled, Due::AfterMonths(3)] {
        // 5 + 5; the next ones at 10 %.
        parts(&component_of(Attribution::Slice, when), [150, 50, 100], [&[100], &[100, 50], &[100, 50, 100]]);
        // 10 of 150; 15 of 200; 25 of 300.
        parts(&component_of(Attribution::ProRata, when), [150, 50, 100], [&[100], &[112, 37], &[125, 41, 83]]);
    }
}

#[test]
fn what_no_deal_has_a_part_of_does_not_wait() {
    for when in [Due::Settled, Due::AfterMonths(3)] {
        let floor = Some(Amount(7_000_000)).filter(|_| when != Due::Settled);
        let modifiers = Modifiers { floor, ..Modifiers::default() };
        let component = Component { modifiers, ..component_of(Attribution::ProRata, when) };
        // Of 40 and less than 40 nothing is left to have a part of.
        let first: &[i64] = if floor.is_some() { &[70] } else { &[20] };
        parts(&component, [40, -40, 60], [first, &[], if floor.is_some() { &[46, -46, 70] } else { &[20, -20, 30] }]);
    }
}
