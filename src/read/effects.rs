//! What changes that are not on the log yet would do to what is earned: everything computed twice by the second engine, as the log
//! is and as if they came next.
//!
//! Leaves out pay terms: a draw or a cap says when something is paid, and what is earned stays.

use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::Period;
use crate::domain::fact::Fact;
use crate::domain::money::Minor;
use crate::domain::quota::QuotaChanged;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::oracle::{History, Totals};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Behind everything that a log can hold.
const NEXT: u64 = u64::MAX / 2;

/// What comes next on a log.
pub struct Coming<'c> {
    pub facts: &'c [Fact],
    pub quotas: &'c [QuotaChanged<'c>],
    pub adjustments: &'c [AdjustmentMade],
}

impl Coming<'_> {
    /// Adds it to a history, in this order; `partitions` is how many the inputs have.
    pub fn join(&self, history: &mut History, partitions: u32) {
        let position =
            |topic, payee_id: &str, offset| Position { topic, partition: partition_of(payee_id.as_bytes(), partitions), offset };
        for (offset, fact) in (NEXT..).zip(self.facts) {
            history.fact(offset, fact);
        }
        for (offset, quota) in (NEXT..).zip(self.quotas) {
            history.quota(position(Topic::QuotaChanged, quota.payee_id, offset), quota);
        }
        for (offset, made) in (NEXT..).zip(self.adjustments) {
            history.adjustment(position(Topic::AdjustmentMade, &made.payee_id, offset), made);
        }
    }
}

/// What a payee earns in money, before and after, in minor units of the currency of the plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub payee_id: Arc<str>,
    pub currency: Arc<str>,
    pub before: Minor,
    pub after: Minor,
    /// What of the difference is for periods that are closed.
    pub in_closed: Minor,
    /// Closed periods for which less is earned, whatever others gain: that is taken back, or not owed any more.
    pub less_in: Vec<Period>,
    /// How much less, in all of those.
    pub less: Minor,
}

/// What is added up of one payee.
#[derive(Default)]
struct Sum {
    before: i64,
    after: i64,
    /// The differences of closed periods.
    closed: BTreeMap<Period, i64>,
    changed: bool,
}

/// Everybody for whom any period earns something else, in the order of ids.
pub fn effects(before: &Totals, after: &Totals) -> Vec<Effect> {
    // One that partitions still perform is closed, too.
    let closed = before.runs.iter().map(|run| run.period).chain(before.pending.iter().map(|close| close.period)).max();
    let mut sums: BTreeMap<&Arc<str>, Sum> = BTreeMap::new();
    for (totals, is_after) in [(before, false), (after, true)] {
        let money = totals.earned.iter().filter(|(key, _)| !totals.points.contains(&key.component));
        for (key, minor) in money {
            let sum = sums.entry(&key.payee_id).or_default();
            *(if is_after { &mut sum.after } else { &mut sum.before }) += minor.0;
            if closed.is_some_and(|closed| key.pay_period <= closed) {
                *sum.closed.entry(key.pay_period).or_default() += if is_after { minor.0 } else { -minor.0 };
            }
            let other = if is_after { before } else { after };
            sum.changed |= other.earned.get(key) != Some(minor);
        }
    }
    let own: Arc<str> = after.currency.as_str().into();
    let changed = sums.into_iter().filter(|(_, sum)| sum.changed);
    let effect = |(payee_id, sum): (&Arc<str>, Sum)| Effect {
        payee_id: payee_id.clone(),
        currency: after.earned_in.get(payee_id).unwrap_or(&own).clone(),
        before: Minor(sum.before),
        after: Minor(sum.after),
        in_closed: Minor(sum.closed.values().sum()),
        less_in: sum.closed.iter().filter(|(_, difference)| **difference < 0).map(|(period, _)| *period).collect(),
        less: Minor(-sum.closed.values().filter(|difference| **difference < 0).sum::<i64>()),
    };
    changed.map(effect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Interval;
    use crate::oracle::{EarnedKey, RunTotal};

    fn totals(earned: &[(&str, &str, i32, i64)]) -> Totals {
        let key = |(payee_id, component, period, minor): &(&str, &str, i32, i64)| {
            let (pay_period, interval) = (Period(*period), Interval::Month(Period(*period)));
            (EarnedKey { payee_id: (*payee_id).into(), component: (*component).into(), interval, pay_period }, Minor(*minor))
        };
        let run = RunTotal {
            run_id: "r".into(),
            period: Period(2),
            records: 0,
            total: Minor(0),
            other_totals: vec![],
            closed_by: "kim".into(),
            released_by: None,
        };
        Totals {
            currency: "USD".into(),
            earned_in: [("cy".into(), "JPY".into())].into(),
            points: ["club".into()].into(),
            earned: earned.iter().map(key).collect(),
            runs: vec![run],
            ..Totals::default()
        }
    }

    #[test]
    fn who_earns_something_else() {
        let check = |before: &[(&str, &str, i32, i64)], after: &[(&str, &str, i32, i64)], expected: &[(&str, &str, [i64; 4])]| {
            let found = effects(&totals(before), &totals(after));
            assert!(found.iter().all(|of| of.less_in.is_empty() == (of.less.0 == 0)));
            let found: Vec<(&str, &str, [i64; 4])> = found
                .iter()
                .map(|of| (&*of.payee_id, &*of.currency, [of.before, of.after, of.in_closed, of.less].map(|of| of.0)))
                .collect();
            assert_eq!(found, expected, "{before:?} {after:?}");
        };
        check(&[("ana", "c", 1, 5)], &[("ana", "c", 1, 5)], &[]);
        check(&[("ana", "c", 1, 5), ("bo", "c", 3, 7)], &[("bo", "c", 3, 7)], &[("ana", "USD", [5, 0, -5, 5])]);
        check(
            &[("cy", "c", 3, 5)],
            &[("cy", "c", 3, 4), ("bo", "c", 2, 1)],
            &[("bo", "USD", [0, 1, 1, 0]), ("cy", "JPY", [5, 4, 0, 0])],
        );
        // From one period to another: the sum stays, what is closed does not.
        check(&[("ana", "c", 2, 5)], &[("ana", "c", 3, 5)], &[("ana", "USD", [5, 5, -5, 5])]);
        // What one closed period gains sets nothing off against what another loses; inside one it does.
        check(&[("ana", "c", 1, 5)], &[("ana", "c", 2, 7)], &[("ana", "USD", [5, 7, 2, 5])]);
        check(&[("ana", "c", 1, 5)], &[("ana", "d", 1, 7)], &[("ana", "USD", [5, 7, 2, 0])]);
        check(&[("ana", "club", 2, 5)], &[("ana", "club", 2, 9)], &[]);
    }
}
