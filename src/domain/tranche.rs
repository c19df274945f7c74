//! Tranches: which part of what was earned for a pay period is due in a run.

use super::calendar::{Interval, Period};
use super::exact::scaled;
use super::money::{RATE_DECIMALS, Rate};
use num_rational::BigRational;
use num_traits::Zero;
use serde::{Deserialize, Serialize};

/// More of them in one component are refused.
pub const MAXIMUM_TRANCHES: usize = 24;
/// The longest wait in months.
pub const MAXIMUM_MONTHS: u32 = 120;

/// A part of an earning, and when it is due. The parts of a component add up to all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tranche {
    pub share: Rate,
    pub when: Due,
}

/// Counted from the pay period of the deals that it was earned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    Booked,
    AfterMonths(u32),
    /// With the last pay period of the component's interval.
    IntervalEnd,
    /// With December.
    YearEnd,
    /// With what the customer has paid for the deal, in the same proportion.
    Settled,
}

impl Due {
    /// Whether what deals of a pay period earned is due in a run; `None`: in the proportion that they are settled.
    fn is_due(self, earned_in: Period, interval: Interval, run: Period) -> Option<bool> {
        Some(match self {
            Due::Settled => return None,
            Due::Booked => true,
            Due::AfterMonths(months) => run.0 >= earned_in.0.saturating_add(months as i32),
            Due::IntervalEnd => run >= interval.first_and_last().1,
            Due::YearEnd => run.0 >= earned_in.0.div_euclid(12) * 12 + 11,
        })
    }

    /// As plans and records have it: "booked", "+3 months", "interval_end", "year_end", "settled".
    pub fn text(self) -> String {
        match self {
            Due::Booked => "booked".into(),
            Due::AfterMonths(months) => format!("+{months} months"),
            Due::IntervalEnd => "interval_end".into(),
            Due::YearEnd => "year_end".into(),
            Due::Settled => "settled".into(),
        }
    }

    pub fn parse(text: &str) -> Option<Due> {
        match text {
            "booked" => Some(Due::Booked),
            "interval_end" => Some(Due::IntervalEnd),
            "year_end" => Some(Due::YearEnd),
            "settled" => Some(Due::Settled),
            _ => {
                let months = text.strip_prefix('+')?.strip_suffix(" months")?;
                let plain = !months.is_empty() && months.bytes().all(|byte| byte.is_ascii_digit());
                let months = plain.then(|| months.parse().ok()).flatten()?;
                (1..=MAXIMUM_MONTHS).contains(&months).then_some(Due::AfterMonths(months))
            }
        }
    }
}

/// The due part of what a deal earned of which the part `settled` is settled; all of it without tranches.
pub fn due(tranches: &[Tranche], earned_in: Period, interval: Interval, run: Period, settled: &BigRational) -> BigRational {
    if tranches.is_empty() {
        return scaled(1, 0);
    }
    tranches.iter().fold(BigRational::zero(), |all, tranche| {
        let share = scaled(tranche.share.0, RATE_DECIMALS);
        match tranche.when.is_due(earned_in, interval, run) {
            Some(true) => all + share,
            Some(false) => all,
            None => all + share * settled,
        }
    })
}

/// Whether the parts are parts, and all of it.
pub fn are_whole(tranches: &[Tranche]) -> bool {
    let parts = tranches.iter().all(|tranche| tranche.share.0 > 0);
    let total: i64 = tranches.iter().map(|tranche| tranche.share.0).fold(0, i64::saturating_add);
    tranches.is_empty() || (parts && tranches.len() <= MAXIMUM_TRANCHES && total == 10i64.pow(RATE_DECIMALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY: Period = Period(2026 * 12 + 4);

    #[test]
    fn when_a_tranche_is_due_reads_as_it_is_written() {
        for due in
            [Due::Booked, Due::Settled, Due::IntervalEnd, Due::YearEnd, Due::AfterMonths(1), Due::AfterMonths(MAXIMUM_MONTHS)]
        {
            assert_eq!(Due::parse(&due.text()), Some(due));
        }
        let longer = format!("+{} months", MAXIMUM_MONTHS + 1);
        for text in ["", "+0 months", "+ months", "++1 months", "+-1 months", "1 months", "+1", "paid", &longer] {
            assert_eq!(Due::parse(text), None, "{text}");
        }
    }

    /// Of what May earned in the second quarter, in a run of a month of 2026, or of 2027 beyond the twelfth.
    #[test]
    fn a_tranche_is_due_from_its_month_on() {
        let check = |when: Due, first: i32| {
            let tranches = [Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when }];
            for month in 5..=15 {
                let run = Period(2026 * 12 + month - 1);
                let found = due(&tranches, MAY, Interval::Quarter(MAY.quarter()), run, &BigRational::zero());
                assert_eq!(found == scaled(1, 0), month >= first, "{when:?} in month {month}");
            }
        };
        check(Due::Booked, 5);
        check(Due::AfterMonths(3), 8);
        check(Due::IntervalEnd, 6);
        check(Due::YearEnd, 12);
    }

    #[test]
    fn tranches_are_parts_of_a_whole() {
        let check = |shares: &[i64], whole: bool| {
            let tranche = |share: &i64| Tranche { share: Rate(share * 1_000_000), when: Due::Booked };
            assert_eq!(are_whole(&shares.iter().map(tranche).collect::<Vec<_>>()), whole, "{shares:?}");
        };
        check(&[], true);
        check(&[100], true);
        check(&[60, 40], true);
        check(&[60, 30], false);
        check(&[100, 0], false);
        check(&[110, -10], false);
        let mut most = vec![1; MAXIMUM_TRANCHES - 1];
        most.push(100 - (MAXIMUM_TRANCHES as i64 - 1));
        check(&most, true);
        most[0] = 100 - MAXIMUM_TRANCHES as i64;
        most[MAXIMUM_TRANCHES - 1] = 1;
        most.push(1);
        check(&most, false);
    }
}
