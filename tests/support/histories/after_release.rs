//! Plans of a history that quotas change no more, or only for the better, where a pay period is closed; now and then one that
//! cannot have that.

use super::*;

/// Drawn apart, so that the rest of a history is what it is without.
pub struct AfterReleases {
    random: Random,
    /// Some plans say so.
    stated: bool,
}

impl AfterReleases {
    pub fn new(seed: u64) -> AfterReleases {
        let mut random = Random(seed ^ 0x0af7_e12e);
        let stated = random.chance(50);
        AfterReleases { random, stated }
    }
}

impl Making {
    /// Each version of a plan by itself.
    pub(super) fn after_release(&mut self, plan: &mut Plan) {
        let AfterReleases { random, stated } = &mut self.after_releases;
        plan.quota_after_release = QuotaAfterRelease::Adjust;
        let to_date = plan.components.iter().any(|of| of.quota.is_to_date());
        let reads = plan.components.iter().any(|of| of.reads_quota());
        if !*stated || !reads || random.chance(if to_date { 90 } else { 20 }) {
            return;
        }
        let (mode, feature) = *random.pick(&[
            (QuotaAfterRelease::RaiseOnly, "quotas only raise"),
            (QuotaAfterRelease::RaiseOnly, "quotas only raise"),
            (QuotaAfterRelease::Freeze, "quotas frozen"),
        ]);
        plan.quota_after_release = mode;
        self.features.count(if to_date { "quotas kept that are to date" } else { feature });
    }

    /// What was closed is stated again.
    pub(super) fn count_behind_a_close(&mut self, interval: Interval) {
        if interval.first_and_last().0.0 < JANUARY.0 + self.closes.len() as i32 {
            self.features.count("quota behind a close");
        }
    }
}
