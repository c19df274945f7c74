//! What an earning partition's commit record says about its progress, and where a key stands in it.

use super::booking::{PendingClose, Standpoint};
use super::telling::Telling;
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
    /// Behind everything else, where there is any: [`Progress::encode`].
    #[serde(skip)]
    pub exchange: Exchange,
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

/// What earning partitions tell each other, and how far they are with the close in front: its rounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Next `link_seq` per destination.
    pub links: Vec<u64>,
    /// Per earning partition.
    pub peers: Vec<Peer>,
    /// Rounds that this partition has told to the others.
    pub rounds: u32,
    /// The first round: keys up to this one are told.
    pub after: Option<Vec<u8>>,
}

/// What an earning partition has told this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peer {
    /// The last round that it has told, of the close of an epoch.
    pub epoch: u32,
    pub round: u32,
    pub next_link_seq: u64,
}

impl Exchange {
    /// Whether what is earned up to the close in front is told apart for a key.
    fn has_begun_for(&self, key: &[u8]) -> bool {
        self.rounds > 0 || self.after.as_ref().is_some_and(|after| key <= after.as_slice())
    }

    /// What partitions of this many tell each other begins.
    pub fn open(&mut self, partitions: u32) {
        self.links.resize(partitions as usize, 0);
        self.peers.resize(partitions as usize, Peer::default());
    }

    /// Whether every partition has told a round of a close.
    pub fn has_all(&self, epoch: u32, round: u32) -> bool {
        !self.peers.is_empty() && self.peers.iter().all(|peer| (peer.epoch, peer.round) >= (epoch, round))
    }
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
            exchange: Exchange::default(),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        let other_totals = self.operating.as_ref().map_or(&[][..], |operating| &operating.other_totals);
        let exchanges = self.exchange != Exchange::default();
        if other_totals.is_empty() && !exchanges {
            return bytes;
        }
        let bytes = postcard::to_extend(other_totals, bytes).unwrap_or_default();
        if exchanges { postcard::to_extend(&self.exchange, bytes).unwrap_or_default() } else { bytes }
    }

    pub fn decode(bytes: &[u8]) -> Result<Progress, postcard::Error> {
        let (mut progress, rest): (Progress, &[u8]) = postcard::take_from_bytes(bytes)?;
        if rest.is_empty() {
            return Ok(progress);
        }
        let (other_totals, rest) = postcard::take_from_bytes(rest)?;
        if let Some(operating) = progress.operating.as_mut() {
            operating.other_totals = other_totals;
        }
        if !rest.is_empty() {
            progress.exchange = postcard::from_bytes(rest)?;
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
        Standpoint { frozen_through, pending, telling: self.telling(key, world) }
    }

    /// In which epoch what a key's payee earns is told: that of the first close in front of it whose world measures earnings.
    /// Nothing was told before.
    fn telling(&self, key: &[u8], world: &World) -> Telling {
        let mut epoch = self.closes_for(key, world);
        while world.runs.get(epoch as usize).is_some_and(|run| run.rounds == 0) {
            epoch += 1;
        }
        let next = world.operations.get(self.operations);
        let in_front = self.done_for(key, world).is_none() && next == Some(&Operation::Close(epoch as usize));
        Telling { epoch, apart: in_front && self.exchange.has_begun_for(key) }
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

    #[test]
    fn what_partitions_tell_each_other_stands_behind_everything_else() {
        let mut progress = Progress::new(2);
        progress.exchange.open(2);
        (progress.exchange.peers[1].round, progress.exchange.after) = (3, Some(vec![7]));
        let total = CurrencyTotal { currency: "GBP".into(), records: 1, total: Minor(9) };
        for other_totals in [vec![], vec![total]] {
            for operating in [None, Some(Operating { other_totals: other_totals.clone(), ..Operating::default() })] {
                progress.operating = operating;
                assert_eq!(Progress::decode(&progress.encode()), Ok(progress.clone()));
            }
        }
    }
}
