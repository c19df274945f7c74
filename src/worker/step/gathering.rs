//! How long a batch gathers input before it is folded.
//!
//! After a transaction that took long, a stage that gathers takes input for a multiple of it: under load most of what comes
//! touches states that are touched already and costs little more. A short one changes nothing, so that light load is answered at
//! once. Gathering ends when its time is over or nothing has come for a while; the step machine ends it when a batch is full.

use std::time::{Duration, Instant};

/// Shorter transactions are not worth it.
const FROM: Duration = Duration::from_millis(100);
const TIMES: u32 = 3;
/// Nothing has come for so long: nothing is on its way.
const QUIET: Duration = Duration::from_millis(1_000);

pub struct Gathering {
    limit: Duration,
    span: Duration,
    began: Instant,
    newest: Instant,
}

impl Gathering {
    pub fn new(limit: Duration) -> Gathering {
        let now = Instant::now();
        Gathering { limit, span: Duration::ZERO, began: now, newest: now }
    }

    /// The transaction took so long from the beginning of its fold to its end.
    pub fn committed(&mut self, took: Duration) {
        self.span = if took < FROM { Duration::ZERO } else { self.limit.min(TIMES * took) };
    }

    /// Whether a batch that went from `before` to `after` records goes on.
    pub fn goes_on(&mut self, before: usize, after: usize, now: Instant) -> bool {
        if before == 0 {
            self.began = now;
        }
        if after > before {
            self.newest = now;
        }
        after > 0 && now < self.began + self.span && now < self.newest + QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a poll ended, with how many records in all, and whether the batch goes on.
    type Poll = (u64, usize, bool);

    #[test]
    fn a_batch_gathers_while_it_is_worth_it() {
        // By how long the last transaction took.
        let cases: &[(u64, &[Poll])] = &[
            (99, &[(0, 1, false)]),
            (100, &[(0, 0, false), (5, 1, true), (304, 1, true), (305, 1, false)]),
            (200, &[(0, 1, true), (599, 9, true), (600, 10, false)]),
            (9_000, &[(0, 1, true), (999, 1, true), (1_000, 1, false)]),
            (9_000, &[(0, 1, true), (900, 2, true), (1_899, 2, true), (1_900, 2, false)]),
            (9_000, &[(0, 1, true), (900, 2, true), (1_800, 3, true), (2_000, 4, false)]),
        ];
        for (took_ms, polls) in cases {
            let mut gathering = Gathering::new(Duration::from_millis(2_000));
            gathering.committed(Duration::from_millis(*took_ms));
            let (start, mut before) = (Instant::now(), 0);
            for (at_ms, records, goes_on) in *polls {
                let now = start + Duration::from_millis(*at_ms);
                assert_eq!(gathering.goes_on(before, *records, now), *goes_on, "{took_ms} {at_ms}");
                before = *records;
            }
        }
    }
}
