//! Where a partition of earning stood at its last commit, and where it stands behind a rebuild. Leaves out its states.

use super::super::progress::{Exchange, Pass, Peer, Progress, Source};
use crate::pipeline::crediting::rebuilt::Source as CreditingSource;

/// What a commit record's stage part says.
pub struct Stood {
    progress: Progress,
}

impl Stood {
    /// The text of an error says what to do.
    pub fn read(meta: &[u8]) -> Result<Stood, String> {
        let progress = Progress::decode(meta).map_err(|error| format!("commit record cannot be read: {error}"))?;
        Ok(Stood { progress })
    }

    /// In the middle of a close, a reopening or a release: which payees are through is known to the commit record alone.
    pub fn is_operating(&self) -> bool {
        self.progress.operating.is_some()
    }

    /// Operations on periods that were performed.
    pub fn operations(&self) -> usize {
        self.progress.operations
    }

    /// Neither entries wait to be priced again, nor has it told some of what is earned up to a close, and not all.
    pub fn is_at_rest(&self) -> bool {
        let Progress { pass, exchange, .. } = &self.progress;
        pass.is_none() && exchange.rounds == 0 && exchange.after.is_none()
    }

    /// The number and the epoch of the next packed record of each source: the partitions of crediting, then those of earning.
    pub fn expected(&self) -> Vec<(u64, u32)> {
        let sources = self.progress.sources.iter().map(|source| (source.next_link_seq, source.epoch));
        let peers = self.progress.exchange.peers.iter().map(|peer| (peer.next_link_seq, 0));
        sources.chain(peers).collect()
    }

    /// How many packed records it has sent to a partition.
    pub fn sent(&self, destination: u32) -> u64 {
        self.progress.exchange.links.get(destination as usize).copied().unwrap_or(0)
    }

    /// Whether states that were folded again stand where these do.
    pub fn is_reached_by(&self, again: &Stood) -> bool {
        let at = |of: &Progress| (of.operations, of.closes, of.closed_through, of.released_through);
        at(&again.progress) == at(&self.progress) && !again.is_operating()
    }

    /// The commit record's part of a partition behind all that the sources have sent: everything is priced again. `peers` are
    /// all partitions, where they tell each other anything.
    pub fn behind(&self, partition: u32, sources: &[CreditingSource], peers: &[&Stood], again: &Stood) -> Vec<u8> {
        let sources = sources
            .iter()
            .map(|of| Source { next_link_seq: of.links.get(partition as usize).copied().unwrap_or(0), epoch: of.epoch });
        let exchange = self.exchange(partition, peers, &again.progress.exchange);
        let pass = Some(Pass { payees: None, after: Vec::new() });
        Progress { sources: sources.collect(), pass, exchange, ..self.progress.clone() }.encode()
    }

    /// What partitions have told each other is what it is after folding again, under the numbers that they have come to.
    fn exchange(&self, partition: u32, peers: &[&Stood], again: &Exchange) -> Exchange {
        let nothing = Exchange::default();
        if (again, &self.progress.exchange) == (&nothing, &nothing) {
            return nothing;
        }
        let told = |(number, peer): (usize, &&Stood)| {
            let known = again.peers.get(number).copied().unwrap_or_default();
            Peer { next_link_seq: peer.sent(partition), ..known }
        };
        Exchange {
            links: (0..peers.len()).map(|to| self.sent(to as u32)).collect(),
            peers: peers.iter().enumerate().map(told).collect(),
            rounds: again.rounds,
            after: None,
        }
    }
}
