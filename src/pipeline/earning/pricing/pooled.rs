//! What of a pool is the payee's, and what its division waits for.

use super::{Terms, Versions};
use crate::domain::calendar::Period;
use crate::domain::exact::{Exact, scaled};
use crate::domain::money::Minor;
use crate::domain::plan::{PoolShare, Undivided};
use crate::domain::reject::Reason;
use crate::pipeline::earning::entry::Waiting;

impl Terms<'_> {
    /// The payee's part of what the team earned; nothing for one who is not in it any more, or as long as it cannot be divided.
    pub(super) fn part_of_pool(
        &self,
        share: &PoolShare,
        (versions, period): (&Versions<'_>, Period),
        pool: Minor,
        waiting: &mut Vec<Waiting>,
    ) -> (Minor, Exact) {
        let payee_id = self.payee.map_or("", |payee| &payee.payee_id);
        let sharers = self.world.sharers(payee_id, versions.plan_id, period, share.parameter());
        let place = sharers.iter().position(|sharer| sharer.payee_id == payee_id);
        let part = place.map_or(Ok(0), |place| share.of(pool.0, place, &sharers)).unwrap_or_else(|undivided| {
            let name = share.parameter().unwrap_or_default();
            let why = match undivided {
                Undivided::Lacks(payee_id) => format!("payee \"{payee_id}\", who shares the pool, has no {name}"),
                Undivided::Nothing => format!("nobody who shares the pool has any {name}"),
            };
            let message = format!("component \"{}\" in {period}: {why}", versions.component_id);
            waiting.push(Waiting { reason: Reason::MissingParameter, message });
            0
        });
        (Minor(part), Exact::of(scaled(part, self.money.minor_digits)))
    }
}
