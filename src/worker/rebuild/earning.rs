//! Builds the states of a partition of earning again, compares them with those of the changelog, and puts them in their place.
//!
//! `credits` is trimmed, so both stages are folded again on shadows of the log (`again`), with the closes and releases that
//! earning has performed and no other, up to where both stand (`stand`). What was said of payees is taken from what was
//! published (`told`). A partition then stands behind all that its sources have sent, with everything to be priced again:
//! what differs from what was said is said by the worker that starts next, as behind any fact. Where payees earn for each
//! other, all partitions are rebuilt together, because what one has told another is known to both alone. Nothing is published
//! here but that inputs are refused which a partition passes over.

mod again;
mod stand;

use super::shadow::Hold;
use super::told::{Facts, published, unsaid};
use super::{KEYS, Piece, Rebuild, TRANSACTION_BYTES};
use crate::domain::topic::Topic;
use crate::log::StageLog;
use crate::pipeline::Stage;
use crate::pipeline::earning::rebuilt::{Compared, Difference, Mended, Stood};
use crate::store::Digest;
use crate::worker::Stop;
use crate::worker::commit_record::{CommitRecord, InputPosition};
use again::Folded;
use stand::{Member, Stand};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Makes the stages over all partitions of the log.
pub struct EarningStages {
    pub crediting: fn(u32, usize) -> Box<dyn Stage>,
    /// Performing no more operations on periods in each partition than so many.
    pub earning: fn(u32, usize, Vec<usize>) -> Box<dyn Stage>,
}

/// What was found, and done.
pub struct EarningRebuilt {
    /// The states that the inputs give.
    pub states: u64,
    pub adds_up: bool,
    /// Why the partition cannot go on with what lies before it.
    pub broken: Option<String>,
    /// Packed records that it has yet to take in, or facts or prices: what is counted and earned was not compared.
    pub behind: bool,
    pub differences: Vec<(Vec<u8>, Difference)>,
    /// Partitions that are rebuilt together, and those of the others that stand still, too.
    pub partitions: usize,
    pub others: Vec<u32>,
    pub commits: u32,
}

impl Rebuild {
    /// Compares; with a place among the workers of both stages, that of this one first, also writes what differs.
    pub fn run_earning(&self, stages: &EarningStages, holds: Vec<Box<dyn StageLog>>) -> Result<EarningRebuilt, Stop> {
        self.clear_directory()?;
        let holds = holds.into_iter().map(|hold| Arc::new(Mutex::new(hold))).collect();
        let rebuilt = self.run_earning_in_directory(stages, holds);
        self.clear_directory()?;
        rebuilt
    }

    fn run_earning_in_directory(&self, stages: &EarningStages, holds: Vec<Hold>) -> Result<EarningRebuilt, Stop> {
        let partitions = self.client.partitions(Topic::DealClosed)?;
        let all: Vec<u32> = (0..partitions).collect();
        holds.iter().try_for_each(|hold| self.wait_for_partitions(hold, &all))?;
        let facts = Facts::read(self.client.as_ref(), &self.codec, partitions)?;
        let together = if facts.measure_earnings { all } else { vec![self.partition] };
        let (store, crediting_store) = (self.store("logged")?, self.store("logged-crediting")?);
        let logs = self.earning_logs(&store, &together)?;
        let adopted = logs.iter().map(|(_, logged, _)| logged.last.record.facts_next).max().unwrap_or(0);
        let crediting = (stages.crediting)(1, 0);
        let stand = self.stand((crediting.inputs(), crediting.changelog()), partitions, &crediting_store, adopted)?;
        let members = self.members(logs, &stand)?;
        let folded = self.fold_both(stages, (&stand, &facts, &members), &holds);
        let rebuilt = folded.and_then(|folded| Ok((self.compare_earning(&stand, &members, &folded)?, folded)));
        if holds.is_empty() {
            self.check_at_rest(&stand, &members)?;
        }
        let (rebuilt, folded) = rebuilt?;
        let commits = match rebuilt.is_to_be_written() && !holds.is_empty() {
            true => self.switch_earning(&holds, &stand, &members, &folded)?,
            false => 0,
        };
        Ok(EarningRebuilt { commits, ..rebuilt })
    }

    fn compare_earning(&self, stand: &Stand, members: &[Member], folded: &Folded) -> Result<EarningRebuilt, Stop> {
        let own = members.iter().find(|member| member.partition == self.partition);
        let own = own.ok_or_else(|| Stop::Alarm("the partition is not among those that are rebuilt".into()))?;
        let whole = members.iter().all(|member| member.is_whole(stand));
        let mut differences = Vec::new();
        self.each_state(own, folded, &mut self.compared(own, folded)?, whole, |key, _, mended| {
            differences.extend(mended.difference.map(|difference| (key.to_vec(), difference)));
            Ok(())
        })?;
        let (_, states, _) = folded.of(own.partition)?;
        let (adds_up, broken) = (own.logged.adds_up(), own.behind.broken.clone());
        let others = members.iter().filter(|member| member.partition != self.partition && member.stands_still());
        let (partitions, others) = (members.len(), others.map(|member| member.partition).collect());
        Ok(EarningRebuilt { states, adds_up, broken, behind: !whole, differences, partitions, others, commits: 0 })
    }

    /// Without a place among the workers nothing keeps them from going on, and what was found says nothing then.
    fn check_at_rest(&self, stand: &Stand, members: &[Member]) -> Result<(), Stop> {
        let crediting = (0..).zip(&stand.crediting).map(|(partition, logged)| (stand.changelog, partition, logged));
        let earning = members.iter().map(|member| (self.changelog, member.partition, &member.logged));
        for (changelog, partition, logged) in crediting.chain(earning) {
            if self.client.high_watermark(changelog, partition)? != logged.until {
                return Err(Stop::Unavailable(format!(
                    "a worker went on with partition {partition} meanwhile; end the workers, or compare again when they have nothing \
                     to do"
                )));
            }
        }
        Ok(())
    }

    /// What is said of a member's payees.
    fn compared(&self, member: &Member, folded: &Folded) -> Result<Compared, Stop> {
        let mut compared = Compared::new(published(self.client.as_ref(), &self.codec, member.partition, &folded.by_year)?);
        let (rebuilt, ..) = folded.of(member.partition)?;
        let mut after = Vec::new();
        loop {
            let keys = rebuilt.keys_between(&after, None, KEYS)?;
            for key in &keys {
                compared.note(key, &rebuilt.get(key)?.unwrap_or_default()).map_err(Stop::Settings)?;
            }
            match keys.last() {
                Some(last) if keys.len() == KEYS => after.clone_from(last),
                _ => return Ok(compared),
            }
        }
    }

    /// Every key that is stored, given or published, in order.
    fn each_state(
        &self,
        member: &Member,
        folded: &Folded,
        compared: &mut Compared,
        whole: bool,
        mut each: impl FnMut(&[u8], Option<Vec<u8>>, Mended) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (logged, (rebuilt, ..)) = (&member.logged.reader, folded.of(member.partition)?);
        let mut after = Vec::new();
        compared.begin();
        loop {
            let (one, other) = (logged.keys_between(&after, None, KEYS)?, rebuilt.keys_between(&after, None, KEYS)?);
            // Behind the last key of a list that is not whole nothing is known of it.
            let through =
                [&one, &other].into_iter().filter(|keys| keys.len() == KEYS).filter_map(|keys| keys.last()).min().cloned();
            let mut keys: BTreeSet<Vec<u8>> = compared.published.keys(&after, through.as_deref()).cloned().collect();
            keys.extend(one.into_iter().chain(other).filter(|key| through.as_ref().is_none_or(|through| key <= through)));
            for key in keys {
                let stored = logged.get(&key)?;
                let mended = compared.mend(&key, stored.as_deref(), rebuilt.get(&key)?.as_deref(), whole);
                each(&key, stored, mended.map_err(Stop::Settings)?)?;
            }
            match through {
                Some(through) => after = through,
                None => return Ok(()),
            }
        }
    }

    /// Writes every state that is another one, and in a last transaction the commit records of all members. Before that the
    /// commit records are the ones before: states add up to them only where they are what they were then. So after a rebuild
    /// that was broken off a worker goes on where the log left off, or stands still until it is begun again.
    fn switch_earning(&self, holds: &[Hold], stand: &Stand, members: &[Member], folded: &Folded) -> Result<u32, Stop> {
        let (mut pieces, mut commits) = (Vec::new(), 0);
        for member in members {
            let mut compared = self.compared(member, folded)?;
            let refused = unsaid(folded.said.as_ref(), member.partition, &compared.published)?;
            let (mut piece, mut digest) = (Piece::of(member.partition, &member.logged), member.logged.digest);
            self.each_state(member, folded, &mut compared, false, |key, stored, mended| {
                if stored.as_deref() == mended.state.as_deref() {
                    return Ok(());
                }
                digest.replace(key, stored.as_deref(), mended.state.as_deref());
                piece.records.push(Some(key), mended.state.as_deref());
                if piece.records.bytes() >= TRANSACTION_BYTES {
                    commits += self.commit_unfinished(holds, &mut piece)?;
                }
                Ok(())
            })?;
            commits += self.commit_unfinished(holds, &mut piece)?;
            piece.next = self.last_record(member, stand, members, folded, digest)?;
            pieces.push(Piece { refused, ..piece });
        }
        self.crash.pass("mid-rebuild")?;
        self.commit(holds, &mut pieces)?;
        Ok(commits + 1)
    }

    /// How many transactions that took: states alone, under the commit record that is there.
    fn commit_unfinished(&self, holds: &[Hold], piece: &mut Piece) -> Result<u32, Stop> {
        if piece.records.is_empty() {
            return Ok(0);
        }
        piece.next = piece.before.record.clone();
        self.commit(holds, std::slice::from_mut(piece))?;
        Ok(1)
    }

    /// The commit record of the last transaction.
    fn last_record(
        &self,
        member: &Member,
        stand: &Stand,
        members: &[Member],
        folded: &Folded,
        digest: Digest,
    ) -> Result<CommitRecord, Stop> {
        let Member { partition, logged, stood, behind } = member;
        let (.., again) = folded.of(*partition)?;
        let peers: Vec<&Stood> = members.iter().map(|member| &member.stood).collect();
        let peers = if members.len() == stand.partitions as usize { &peers[..] } else { &[] };
        Ok(CommitRecord {
            inputs: vec![InputPosition { topic: Topic::Credits.name().into(), next: behind.end, partitions: stand.partitions }],
            facts_next: stand.facts_of_both,
            stage_meta: stood.behind(*partition, &stand.sources, peers, again),
            live_keys: digest.live_keys,
            state_digest: digest.sum,
            ..logged.last.record.clone()
        })
    }
}

impl EarningRebuilt {
    pub fn is_to_be_written(&self) -> bool {
        !self.adds_up || self.broken.is_some() || !self.differences.is_empty() || !self.others.is_empty()
    }
}
