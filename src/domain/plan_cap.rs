//! The cap of a plan: what of all that its components earn together in an interval is above it, pay period by pay period, and
//! how that is laid on them.
//!
//! Leaves out which plans may have one (`world`), and what their components earn (`reward`).

use super::calendar::{Date, Interval, Period};
use super::money::Minor;

/// A pay period of a plan, with what each component earned for it.
pub struct CappedPeriod {
    pub period: Period,
    /// First day of the version in force.
    pub version: Date,
    /// That of the version, where it has one.
    pub cap: Option<PeriodCap>,
    /// In the order of the components' keys.
    pub earned: Vec<Minor>,
}

/// The cap of a pay period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodCap {
    /// Over which interval, and the most of it.
    Of(Interval, Minor),
    /// It is the payee's own, and not stated: until it is, nothing is earned.
    Missing,
}

impl CappedPeriod {
    fn total(&self) -> i128 {
        self.earned.iter().map(|earned| i128::from(earned.0)).sum()
    }
}

/// What is cut of what each component earned, by pay period. All that a version earned in the interval of its cap up to a period
/// is at most what the cap leaves behind what earlier versions earned there: so what was cut comes back with a later period
/// that earns less than nothing.
pub fn cuts(periods: &[CappedPeriod]) -> Vec<Vec<Minor>> {
    let mut kept: Vec<i128> = Vec::with_capacity(periods.len());
    let mut all = Vec::with_capacity(periods.len());
    for (place, now) in periods.iter().enumerate() {
        let (cut, cuts) = match now.cap {
            None => (0, vec![Minor(0); now.earned.len()]),
            Some(PeriodCap::Missing) => (now.total(), now.earned.clone()),
            Some(PeriodCap::Of(interval, most)) => {
                let cut = cut(now, (interval, most), periods[..place].iter().zip(&kept));
                (cut, laid(cut, &now.earned))
            }
        };
        kept.push(now.total() - cut);
        all.push(cuts);
    }
    all
}

fn cut<'p>(
    now: &CappedPeriod,
    (interval, most): (Interval, Minor),
    earlier: impl Iterator<Item = (&'p CappedPeriod, &'p i128)>,
) -> i128 {
    let (first, _) = interval.first_and_last();
    let (mut own, mut before, mut cut) = (now.total(), 0, 0);
    for (earlier, kept) in earlier.filter(|(earlier, _)| earlier.period >= first) {
        if earlier.version == now.version {
            own += earlier.total();
            cut += earlier.total() - kept;
        } else {
            before += kept;
        }
    }
    let room = (i128::from(most.0) - before).max(0);
    (own - room).max(0) - cut
}

/// Lays a cut on those who earned of its sign, in proportion, by largest remainder; of equal ones the first.
fn laid(cut: i128, earned: &[Minor]) -> Vec<Minor> {
    let size = |earned: &Minor| if i128::from(earned.0).signum() == cut.signum() { i128::from(earned.0).abs() } else { 0 };
    let sizes: Vec<i128> = earned.iter().map(size).collect();
    let whole = sizes.iter().sum::<i128>().max(1);
    let mut parts: Vec<i128> = sizes.iter().map(|size| cut.abs() * size / whole).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(cut.abs() * sizes[*place] % whole));
    let left = cut.abs() - parts.iter().sum::<i128>();
    order.into_iter().take(left as usize).for_each(|place| parts[place] += 1);
    parts.into_iter().map(|part| Minor((part * cut.signum()) as i64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY: Period = Period(2026 * 12);
    /// In the place of a cap that is the payee's own and not stated.
    const MISSING: i64 = -1;

    /// By period: version, the cap and what components earned.
    fn check(periods: &[(i32, i32, Option<i64>, &[i64])], expected: &[&[i64]]) {
        let period = |(at, version, cap, earned): &(i32, i32, Option<i64>, &[i64])| {
            let period = Period(JANUARY.0 + at);
            let cap = cap.map(|most| match most {
                MISSING => PeriodCap::Missing,
                most => PeriodCap::Of(Interval::Quarter(period.quarter()), Minor(most)),
            });
            CappedPeriod { period, version: Date(*version), cap, earned: earned.iter().map(|earned| Minor(*earned)).collect() }
        };
        let periods: Vec<CappedPeriod> = periods.iter().map(period).collect();
        let found: Vec<Vec<i64>> = cuts(&periods).iter().map(|cuts| cuts.iter().map(|cut| cut.0).collect()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_interval_earns_at_most_its_cap() {
        check(&[(0, 1, Some(100), &[60, 30]), (1, 1, Some(100), &[0, 0])], &[&[0, 0], &[0, 0]]);
        check(&[(0, 1, Some(100), &[60, 30]), (1, 1, Some(100), &[20, 20])], &[&[0, 0], &[15, 15]]);
        // What was cut comes back as far as less is earned.
        check(&[(0, 1, Some(100), &[150]), (1, 1, Some(100), &[-40]), (2, 1, Some(100), &[-30])], &[&[50], &[-40], &[-10]]);
        // The next quarter begins anew.
        check(&[(2, 1, Some(100), &[150]), (3, 1, Some(100), &[150])], &[&[50], &[50]]);
        check(&[(0, 1, None, &[150])], &[&[0]]);
        check(&[(0, 1, Some(0), &[7, -3])], &[&[4, 0]]);
    }

    #[test]
    fn without_its_cap_nothing_is_earned() {
        check(&[(0, 1, Some(MISSING), &[60, -30]), (1, 1, Some(MISSING), &[20, 0])], &[&[60, -30], &[20, 0]]);
        // It takes nothing of what the next version's cap leaves.
        check(&[(0, 1, Some(MISSING), &[150]), (1, 2, Some(100), &[120])], &[&[150], &[20]]);
        check(&[(0, 1, Some(100), &[150]), (1, 2, Some(MISSING), &[50])], &[&[50], &[50]]);
    }

    #[test]
    fn another_version_has_what_its_cap_leaves() {
        check(&[(0, 1, Some(100), &[150]), (1, 2, Some(120), &[50])], &[&[50], &[30]]);
        check(&[(0, 1, None, &[150]), (1, 2, Some(120), &[50]), (2, 2, Some(120), &[-10])], &[&[0], &[50], &[-10]]);
        check(&[(0, 1, Some(100), &[150]), (1, 2, None, &[50])], &[&[50], &[0]]);
    }

    #[test]
    fn a_cut_is_laid_by_largest_remainder() {
        let check = |cut, earned: &[i64], expected: &[i64]| {
            let earned: Vec<Minor> = earned.iter().map(|earned| Minor(*earned)).collect();
            let parts: Vec<i64> = laid(cut, &earned).iter().map(|part| part.0).collect();
            assert_eq!(parts, expected, "{cut} of {earned:?}");
        };
        check(10, &[10, 10, 10], &[4, 3, 3]);
        check(2, &[1, 1, 1], &[1, 1, 0]);
        check(5, &[10, -20, 30], &[1, 0, 4]);
        check(-3, &[10, -20, -20], &[0, -2, -1]);
        check(0, &[10, -20], &[0, 0]);
        check(0, &[], &[]);
        check(i128::from(i64::MAX), &[i64::MAX, 0], &[i64::MAX, 0]);
    }
}
