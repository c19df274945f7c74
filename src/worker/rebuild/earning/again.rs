//! Folds both stages again: crediting in all partitions, epoch by epoch, and behind it the partitions of earning that are
//! rebuilt, which hear of each other alone what all of them earn.

use super::super::Rebuild;
use super::super::fold::{Counted, Fold, Until};
use super::super::shadow::{Commits, Hold, Inputs};
use super::super::told::{Facts, Runs};
use super::EarningStages;
use super::stand::{Member, Stand, crediting_first};
use crate::domain::topic::Topic;
use crate::domain::world::ByYear;
use crate::log::Client;
use crate::log::embedded::{Embedded, EmbeddedSettings};
use crate::pipeline::crediting::rebuilt::{Compared, Source};
use crate::pipeline::earning::rebuilt::Stood;
use crate::store::{Reader, Store};
use crate::worker::Stop;
use crate::worker::status::{CREDITING, EARNING};
use crate::worker::step::MakeStage;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// What the inputs give.
pub struct Folded {
    _store: Store,
    states: Counted,
    /// Where the partitions stand then.
    stood: BTreeMap<u32, Stood>,
    /// What was said meanwhile.
    pub said: Arc<dyn Client>,
    /// Which components the year prices.
    pub by_year: Arc<ByYear>,
}

impl Folded {
    /// The states of a partition, how many there are, and where it stands.
    pub fn of(&self, partition: u32) -> Result<(&Reader, u64, &Stood), Stop> {
        let found = self.states.get(&partition).zip(self.stood.get(&partition));
        let ((reader, states), stood) = found.ok_or_else(|| Stop::Alarm("no states were folded".into()))?;
        Ok((reader, *states, stood))
    }
}

/// Earning, behind the crediting that is folded again in front of it.
struct Follower<'r> {
    fold: Fold,
    facts: &'r Facts,
    members: &'r [Member],
    between: Arc<dyn Client>,
    reached: Commits,
}

impl<'r> Follower<'r> {
    fn new(
        rebuild: &Rebuild,
        stages: &EarningStages,
        (stand, facts, members): (&Stand, &'r Facts, &'r [Member]),
        between: &Arc<dyn Client>,
        holds: &[Hold],
    ) -> Result<Follower<'r>, Stop> {
        let partitions: Vec<u32> = members.iter().map(|member| member.partition).collect();
        let said = [Topic::Rejected, Topic::PayoutDraft, Topic::Credits];
        let mut kept: Vec<(Topic, u32)> = partitions.iter().flat_map(|partition| said.map(|topic| (topic, *partition))).collect();
        kept.push((Topic::Closes, 0));
        let inputs = Inputs::of(between.clone(), partitions, holds.to_vec()).keeping(between.clone(), &kept);
        let reached = inputs.commits.clone();
        let mut performed = vec![0; stand.partitions as usize];
        members.iter().for_each(|member| performed[member.partition as usize] = member.stood.operations());
        let (make, count, reject_bytes) = (stages.earning, stand.partitions, rebuild.limits.reject_bytes);
        let make: MakeStage = Box::new(move || make(count, reject_bytes, performed.clone()));
        let fold = Fold::new(rebuild, (EARNING, "rebuilt"), make, inputs)?;
        Ok(Follower { fold, facts, members, between: between.clone(), reached })
    }

    /// Goes on until nothing is left of what crediting and earning itself have sent.
    fn follow(&mut self, facts_until: u64) -> Result<(), Stop> {
        let mut before = BTreeMap::new();
        loop {
            let mut ends = BTreeMap::new();
            for member in self.members {
                ends.insert((Topic::Credits, member.partition), self.between.end(Topic::Credits, member.partition)?);
            }
            if ends == before {
                return Ok(());
            }
            self.fold.run(&Until { facts: self.facts.before(facts_until), inputs: &ends })?;
            before = ends;
        }
    }

    fn end(self, rebuild: &Rebuild, facts: &Facts) -> Result<Folded, Stop> {
        let (store, states) = self.fold.end(rebuild)?;
        let mut stood = BTreeMap::new();
        for (partition, record) in self.reached.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            stood.insert(*partition, Stood::read(&record.stage_meta).map_err(Stop::Settings)?);
        }
        for member in self.members {
            let partition = member.partition;
            let is_reached = stood.get(&partition).is_some_and(|again| member.stood.is_reached_by(again));
            let [was, is] = [rebuild.client.as_ref(), self.between.as_ref()].map(|log| Runs::read(log, partition));
            if !is_reached || was? != is? {
                return Err(Stop::Settings(format!(
                    "what the runs of earning partition {partition} computed does not follow from the inputs as they are, so that \
                     what they left to payees is not known; bring all topics back from one backup"
                )));
            }
        }
        Ok(Folded { _store: store, states, stood, said: self.between, by_year: facts.by_year.clone() })
    }
}

impl Rebuild {
    /// Folds crediting and, behind it, partitions of earning again, epoch by epoch.
    pub fn fold_both(
        &self,
        stages: &EarningStages,
        (stand, facts, members): (&Stand, &Facts, &[Member]),
        holds: &[Hold],
    ) -> Result<Folded, Stop> {
        let (partitions, reject_bytes) = (stand.partitions, self.limits.reject_bytes);
        let between: Arc<dyn Client> = Arc::new(Embedded::open(&self.directory.join("credits"), EmbeddedSettings::default())?);
        between.create_topics(partitions)?;
        let kept: Vec<(Topic, u32)> = members.iter().map(|member| (Topic::Credits, member.partition)).collect();
        let all = (0..partitions).collect();
        let inputs = Inputs::of(self.client.clone(), all, holds.to_vec()).keeping(between.clone(), &kept);
        let sent = inputs.commits.clone();
        let crediting = stages.crediting;
        let make: MakeStage = Box::new(move || crediting(partitions, reject_bytes));
        let mut first = Fold::new(self, (CREDITING, "rebuilt-crediting"), make, inputs)?;
        let mut second = Follower::new(self, stages, (stand, facts, members), &between, holds)?;
        let closes = facts.closes.iter().filter(|(offset, _)| *offset < stand.facts_of_crediting);
        for (place, (offset, close_id)) in closes.enumerate() {
            stand.check_cuts(place, close_id, facts)?;
            let inputs = stand.positions(|partition| facts.cut(close_id, partition));
            first.run(&Until { facts: facts.before(*offset), inputs: &inputs })?;
            first.run(&Until { facts: facts.before(offset + 1), inputs: &inputs })?;
            second.follow(offset + 1)?;
        }
        let inputs = stand.positions(|_| None);
        first.run(&Until { facts: facts.before(stand.facts_of_crediting), inputs: &inputs })?;
        second.follow(stand.facts_of_both)?;
        self.check_crediting(stand, &sent, first)?;
        second.end(self, facts)
    }

    /// What the inputs give is what crediting has: else what it has sent is something else.
    fn check_crediting(&self, stand: &Stand, sent: &Commits, fold: Fold) -> Result<(), Stop> {
        let (_store, readers) = fold.end(self)?;
        let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, (logged, source)) in (0..).zip(stand.crediting.iter().zip(&stand.sources)) {
            let record = &logged.last.record;
            let compared = Compared::new(true, &record.stage_meta).map_err(Stop::Settings)?;
            let Some((reader, _)) = readers.get(&partition) else { continue };
            let again =
                sent.get(&partition).map(|record| Source::read(&record.stage_meta)).transpose().map_err(Stop::Settings)?;
            let same_epoch = again.map_or(0, |again| again.epoch) == source.epoch;
            if !same_epoch || !self.compare(&compared, &logged.reader, reader)?.is_empty() {
                let name = stand.changelog.name();
                return Err(crediting_first(partition, &format!("differs in {name} from what its inputs give")));
            }
        }
        Ok(())
    }
}
