//! What an earning partition's commit record says about its progress, and where a key stands in it.

use super::booking::{PendingClose, Standpoint};
use crate::domain::calendar::Period;
use crate::domain::output::{CurrencyTotal, Payout};
use crate::domain::world::{Operation, Run, World};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Per source partition.
    pub sources: Vec<Source>,
    /// Operations on periods (in the order of facts) that are performed.
    pub operations: usize,
    /// Closes among them: credits of later epochs are kept apart.
    pub closes: u32,
    pub closed_through: Option<Period>,
    pub released_through: Option<Period>,
    /// The operation that is being performed, payee by payee.
    pub operating: Option<Operating>,
    /// Entries that facts touch.
    pub pass: Option<Pass>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub next_link_seq: u64,
    /// Markers seen.
    pub epoch: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operating {
    /// Keys up to this one are done.
    pub after: Vec<u8>,
    pub records: u64,
    /// Of what is paid in the company's currency.
    pub total_minor: i64,
    pub digest: u128,
    /// In order of currencies. Behind everything else, where there are any: [`Progress::encode`].
    #[serde(skip)]
    pub other_totals: Vec<CurrencyTotal>,
}

impl Operating {
    /// Counts a payout; `currency` is the company's.
    pub fn add(&mut self, payout: &Payout, currency: &str) {
        self.records += 1;
        if payout.currency == currency {
            self.total_minor = self.total_minor.saturating_add(payout.amount.0);
        } else {
            let of = CurrencyTotal { currency: payout.currency.clone(), records: 1, total: payout.amount };
            CurrencyTotal::add(&mut self.other_totals, &of);
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Whose entries; `None`: everybody's. In order; those that are done are gone.
    pub payees: Option<Vec<String>>,
    pub after: Vec<u8>,
}

/// The worlds that closes saw, by operation.
pub type Snapshots = BTreeMap<usize, Arc<World>>;

impl Progress {
    pub fn new(partitions: u32) -> Progress {
        Progress {
            sources: vec![Source::default(); partitions as usize],
            operations: 0,
            closes: 0,
            closed_through: None,
            released_through: None,
            operating: None,
            pass: None,
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        match self.operating.as_ref().map(|operating| &operating.other_totals) {
            Some(other_totals) if !other_totals.is_empty() => postcard::to_extend(other_totals, bytes).unwrap_or_default(),
            _ => bytes,
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<Progress, postcard::Error> {
        let (mut progress, rest): (Progress, &[u8]) = postcard::take_from_bytes(bytes)?;
        if let Some(operating) = progress.operating.as_mut().filter(|_| !rest.is_empty()) {
            operating.other_totals = postcard::from_bytes(rest)?;
        }
        Ok(progress)
    }

    /// The operation in progress for a key that it has done.
    fn done_for(&self, key: &[u8], world: &World) -> Option<Operation> {
        let passed = self.operating.as_ref().is_some_and(|operating| key <= operating.after.as_slice());
        world.operations.get(self.operations).filter(|_| passed).copied()
    }

    /// Closes performed for a key.
    pub fn closes_for(&self, key: &[u8], world: &World) -> u32 {
        self.closes + u32::from(matches!(self.done_for(key, world), Some(Operation::Close(_))))
    }

    pub fn released_for(&self, key: &[u8], world: &World) -> Option<Period> {
        match self.done_for(key, world) {
            Some(Operation::Release(run)) => Some(world.runs[run].closed.period),
            _ => self.released_through,
        }
    }

    /// Where a key stands: what is fixed for it, and which closes are in front of it.
    pub fn standpoint(&self, key: &[u8], world: &World, snapshots: &Snapshots) -> Standpoint {
        let done = self.done_for(key, world);
        let frozen_through = match done {
            Some(Operation::Close(run)) => Some(world.runs[run].closed.period),
            Some(Operation::Reopen(run)) => before(world, run),
            _ => self.closed_through,
        };
        let first = self.operations + usize::from(done.is_some());
        let mut pending = Vec::new();
        for at in first..world.operations.len() {
            let (Operation::Close(run), Some(seen)) = (world.operations[at], snapshots.get(&at)) else { break };
            pending.push(PendingClose { period: world.runs[run].closed.period, epoch: run as u32, world: seen.clone() });
        }
        Standpoint { frozen_through, pending }
    }
}

/// The last period that was closed before a run: none when it was the first of all.
pub fn before(world: &World, run: usize) -> Option<Period> {
    let period = world.runs[run].closed.period;
    let earlier = |other: &&Run| other.closed.period < period && other.state != crate::domain::world::RunState::Reopened;
    world.runs[..run].iter().filter(earlier).map(|other| other.closed.period).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Minor;

    #[test]
    fn totals_of_other_currencies_stand_behind_what_was_there_before() {
        let mut progress = Progress::new(2);
        let mut check = |operating: Option<Operating>, longer: bool| {
            progress.operating = operating;
            let (bytes, before) = (progress.encode(), postcard::to_stdvec(&progress).unwrap());
            assert_eq!((bytes.len() > before.len(), Progress::decode(&bytes)), (longer, Ok(progress.clone())));
        };
        check(None, false);
        let operating = Operating { after: vec![7], records: 2, total_minor: -3, digest: 5, other_totals: vec![] };
        check(Some(operating.clone()), false);
        let total = CurrencyTotal { currency: "GBP".into(), records: 1, total: Minor(9) };
        check(Some(Operating { other_totals: vec![total], ..operating }), true);
    }
}
