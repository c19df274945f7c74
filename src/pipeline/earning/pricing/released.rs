//! By which statements about quotas a closed pay period is priced, where its plan does not leave it to all of them.
//!
//! What a close saw are the statements of epochs up to its own. Deals, organisation and plans are as they are now in any case.

use super::{InForce, Terms};
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::money::Amount;
use crate::domain::plan::{Component, NoQuota, QuotaAfterRelease};
use crate::pipeline::earning::inputs::Inputs;

/// The statements that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statements {
    All,
    /// What one close saw.
    SeenBy(u32),
    /// What the first of these closes saw, or, of who waits for a quota, the first that saw one; at last all.
    FirstSeenBy(Vec<u32>),
}

impl Statements {
    /// The quota of a measure for the pay period that begins on a day.
    pub(super) fn quota(&self, inputs: &Inputs, component: &Component, of: (&str, Interval), first_day: Date) -> Option<Amount> {
        let seen = |epoch: u32| inputs.quota_up_to(epoch, of.0, of.1, first_day).map(|stated| stated.amount);
        match self {
            Statements::All => seen(u32::MAX),
            Statements::SeenBy(close) => seen(*close),
            Statements::FirstSeenBy(closes) if component.no_quota == Some(NoQuota::Park) => {
                closes.iter().find_map(|close| seen(*close)).or_else(|| seen(u32::MAX))
            }
            Statements::FirstSeenBy(closes) => seen(closes.first().copied().unwrap_or(u32::MAX)),
        }
    }
}

impl<'w> Terms<'w> {
    /// By what a period of an interval is priced, and by what else it could be if that were more.
    pub(super) fn statements(
        &self,
        version: InForce<'w>,
        (interval, period): (Interval, Period),
        inputs: &Inputs,
    ) -> (Statements, Vec<Statements>) {
        let mode = version.plan.plan.quota_after_release;
        if mode == QuotaAfterRelease::Adjust || !version.component().reads_quota() {
            return (Statements::All, Vec::new());
        }
        let closes: Vec<u32> = self.world.closes_since(period).collect();
        match mode {
            QuotaAfterRelease::Freeze if !closes.is_empty() => (Statements::FirstSeenBy(closes), Vec::new()),
            QuotaAfterRelease::RaiseOnly => (Statements::All, seen_differently(closes, interval, inputs)),
            QuotaAfterRelease::Freeze | QuotaAfterRelease::Adjust => (Statements::All, Vec::new()),
        }
    }
}

/// Those of closes that saw fewer statements about an interval than there are, each number of them once.
fn seen_differently(closes: Vec<u32>, interval: Interval, inputs: &Inputs) -> Vec<Statements> {
    let seen = |epoch: u32| {
        inputs.statements.iter().filter(|statement| statement.interval == interval && statement.epoch <= epoch).count()
    };
    let all = seen(u32::MAX);
    let mut closes: Vec<(usize, u32)> = closes.into_iter().map(|close| (seen(close), close)).collect();
    closes.retain(|(count, _)| *count < all);
    closes.dedup_by_key(|(count, _)| *count);
    closes.into_iter().map(|(_, close)| Statements::SeenBy(close)).collect()
}
