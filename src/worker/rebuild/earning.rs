//! Builds the states of a partition of earning again, compares them with those of the changelog, and puts them in their place.
//!
//! `credits` is trimmed, so both stages are folded again on shadows of the log: crediting in all partitions, epoch by epoch
//! up to where each source stood at each close, and behind it earning, with the closes and releases that the partition has
//! performed and no other. What was said of it is taken from what was published (`told`). The partition then stands behind
//! all that its sources have sent, with everything to be priced again: what differs from what was said is said by the
//! worker that starts next, as behind any fact. Nothing is published here but that inputs are refused which it passes over.

use super::changelog::Logged;
use super::fold::{Fold, Until};
use super::shadow::{Commits, Hold, Inputs};
use super::told::{Behind, Facts, Runs, published, unsaid};
use super::{KEYS, Rebuild, TRANSACTION_BYTES};
use crate::domain::topic::Topic;
use crate::log::embedded::{Embedded, EmbeddedSettings};
use crate::log::{Client, Records, StageLog};
use crate::pipeline::Stage;
use crate::pipeline::crediting::rebuilt::{Compared as ComparedCrediting, Source};
use crate::pipeline::earning::rebuilt::{Compared, Difference, Mended, earnings_are_measured};
use crate::store::{Reader, Store};
use crate::worker::Stop;
use crate::worker::commit_record::{CommitRecord, InputPosition, Sealed};
use crate::worker::status::{CREDITING, EARNING};
use crate::worker::step::MakeStage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Makes the stages over all partitions of the log.
pub struct EarningStages {
    pub crediting: fn(u32, usize) -> Box<dyn Stage>,
    /// Performing no more operations on periods than so many.
    pub earning: fn(u32, usize, usize) -> Box<dyn Stage>,
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
    pub commits: u32,
}

/// What the inputs give.
struct Folded {
    _store: Store,
    reader: Reader,
    states: u64,
    /// What of them is refused, and was not said to be.
    refused: Records,
}

/// Where both stages stand.
struct Stand {
    partitions: u32,
    inputs: &'static [Topic],
    crediting_changelog: Topic,
    crediting: Vec<Logged>,
    sources: Vec<Source>,
    /// Facts that crediting and the partition have adopted, one or the other.
    facts_of_crediting: u64,
    facts_of_both: u64,
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
        holds.iter().try_for_each(|hold| self.wait_for_partition(hold))?;
        let store = self.store("logged")?;
        let logged = Logged::read(self.client.as_ref(), &store, self.changelog, self.partition)?;
        let record = &logged.last.record;
        let crediting_store = self.store("logged-crediting")?;
        let stand = self.stand(stages, &crediting_store, record)?;
        let facts = Facts::read(self.client.as_ref(), &self.codec, stand.partitions, stand.facts_of_both)?;
        if facts.measure_earnings {
            return Err(Stop::Settings(earnings_are_measured()));
        }
        let said = published(self.client.as_ref(), &self.codec, self.partition)?;
        let mut compared = Compared::new(&record.stage_meta, said).map_err(Stop::Settings)?;
        let next = record.next(Topic::Credits).unwrap_or(0);
        let behind = Behind::read(self.client.as_ref(), self.partition, next, &compared, &stand.sources)?;
        let Folded { _store, reader, states, refused } = self.fold_both(stages, &stand, &facts, &compared, &holds)?;
        let whole =
            behind.records == 0 && behind.broken.is_none() && !compared.is_passing() && record.facts_next == stand.facts_of_both;
        self.note_waiting(&mut compared, &reader)?;
        let mut differences = Vec::new();
        self.each_key(&mut compared, &logged.reader, &reader, whole, |key, _, mended| {
            differences.extend(mended.difference.map(|difference| (key.to_vec(), difference)));
            Ok(())
        })?;
        let adds_up = logged.adds_up();
        let commits = match holds.first() {
            Some(_) if !adds_up || behind.broken.is_some() || !differences.is_empty() => {
                let last = self.last_record(record, &compared, &stand, behind.end);
                self.switch_earning(&holds, &mut compared, (&logged, &reader), last, &refused)?
            }
            _ => 0,
        };
        if holds.is_empty() && self.client.high_watermark(self.changelog, self.partition)? != logged.until {
            let partition = self.partition;
            return Err(Stop::Unavailable(format!(
                "a worker went on with partition {partition} meanwhile; end the workers, or compare again when they have nothing to do"
            )));
        }
        Ok(EarningRebuilt { states, adds_up, broken: behind.broken, behind: !whole, differences, commits })
    }

    /// Where crediting stands; what it has sent follows from its inputs only where it is through with them, and whole.
    fn stand(&self, stages: &EarningStages, store: &Store, record: &CommitRecord) -> Result<Stand, Stop> {
        let stage = (stages.crediting)(1, 0);
        let (inputs, changelog) = (stage.inputs(), stage.changelog());
        let partitions = self.client.partitions(Topic::DealClosed)?;
        self.check_inputs(inputs, &(0..partitions).collect::<Vec<_>>())?;
        let (mut crediting, mut sources) = (Vec::new(), Vec::new());
        for partition in 0..partitions {
            let logged = Logged::read(self.client.as_ref(), store, changelog, partition)?;
            self.check_contracts(&logged.last.record, inputs)?;
            let source = Source::read(&logged.last.record.stage_meta).map_err(Stop::Settings)?;
            if !logged.adds_up() {
                return Err(crediting_first(partition, "does not add up to its last commit record"));
            }
            if source.passing {
                return Err(Stop::Settings(format!(
                    "crediting partition {partition} is in the middle of crediting deals again; start the workers until they are \
                     through, end them, and rebuild again"
                )));
            }
            crediting.push(logged);
            sources.push(source);
        }
        let facts: BTreeSet<u64> = crediting.iter().map(|logged| logged.last.record.facts_next).collect();
        let facts_of_crediting = facts.last().copied().unwrap_or(0);
        if facts.len() > 1 {
            return Err(Stop::Settings(
                "the partitions of crediting have adopted different facts; start the workers until they are through, end them, and \
                 rebuild again"
                    .into(),
            ));
        }
        let facts_of_both = facts_of_crediting.max(record.facts_next);
        Ok(Stand { partitions, inputs, crediting_changelog: changelog, crediting, sources, facts_of_crediting, facts_of_both })
    }

    /// Folds crediting and, behind it, the partition of earning again, epoch by epoch.
    fn fold_both(
        &self,
        stages: &EarningStages,
        stand: &Stand,
        facts: &Facts,
        compared: &Compared,
        holds: &[Hold],
    ) -> Result<Folded, Stop> {
        let (partitions, reject_bytes, operations) = (stand.partitions, self.limits.reject_bytes, compared.operations());
        let between: Arc<dyn Client> = Arc::new(Embedded::open(&self.directory.join("credits"), EmbeddedSettings::default())?);
        between.create_topics(partitions)?;
        let (crediting, earning) = (stages.crediting, stages.earning);
        let all: Vec<u32> = (0..partitions).collect();
        let inputs =
            Inputs::of(self.client.clone(), all, holds.to_vec()).keeping(between.clone(), &[(Topic::Credits, self.partition)]);
        let sent = inputs.commits.clone();
        let make: MakeStage = Box::new(move || crediting(partitions, reject_bytes));
        let mut first = Fold::new(self, (CREDITING, "rebuilt-crediting"), make, inputs)?;
        let said = [(Topic::Rejected, self.partition), (Topic::Closes, 0), (Topic::PayoutDraft, self.partition)];
        let inputs = Inputs::of(between.clone(), vec![self.partition], holds.to_vec()).keeping(between.clone(), &said);
        let reached = inputs.commits.clone();
        let make: MakeStage = Box::new(move || earning(partitions, reject_bytes, operations));
        let mut second = Fold::new(self, (EARNING, "rebuilt"), make, inputs)?;
        let mut follow = |facts_until: u64| -> Result<(), Stop> {
            let credits = between.end(Topic::Credits, self.partition)?;
            let inputs = BTreeMap::from([((Topic::Credits, self.partition), credits)]);
            second.run(&Until { facts: facts.before(facts_until), inputs: &inputs })
        };
        let closes = facts.closes.iter().filter(|(offset, _)| *offset < stand.facts_of_crediting);
        for (place, (offset, close_id)) in closes.enumerate() {
            stand.check_cuts(place, close_id, facts)?;
            let inputs = stand.positions(|partition| facts.cut(close_id, partition));
            first.run(&Until { facts: facts.before(*offset), inputs: &inputs })?;
            first.run(&Until { facts: facts.before(offset + 1), inputs: &inputs })?;
            follow(offset + 1)?;
        }
        let inputs = stand.positions(|_| None);
        first.run(&Until { facts: facts.before(stand.facts_of_crediting), inputs: &inputs })?;
        follow(stand.facts_of_both)?;
        self.check_crediting(stand, &sent, first)?;
        let (store, mut readers) = second.end(self)?;
        let (reader, states) = readers.remove(&self.partition).ok_or_else(|| Stop::Alarm("no states were folded".into()))?;
        let reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        let is_reached = reached.get(&self.partition).is_some_and(|record| compared.is_reached_by(&record.stage_meta));
        let [was, is] = [self.client.as_ref(), between.as_ref()].map(|log| Runs::read(log, self.partition));
        if !is_reached || was? != is? {
            return Err(Stop::Settings(
                "what the runs of this partition computed does not follow from the inputs as they are, so that what they left to payees \
                 is not known; bring all topics back from one backup"
                    .into(),
            ));
        }
        let refused = unsaid(between.as_ref(), self.partition, &compared.published)?;
        Ok(Folded { _store: store, reader, states, refused })
    }

    /// What the inputs give is what crediting has: else what it has sent is something else.
    fn check_crediting(&self, stand: &Stand, sent: &Commits, fold: Fold) -> Result<(), Stop> {
        let (_store, readers) = fold.end(self)?;
        let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, (logged, source)) in (0..).zip(stand.crediting.iter().zip(&stand.sources)) {
            let record = &logged.last.record;
            let compared = ComparedCrediting::new(true, &record.stage_meta).map_err(Stop::Settings)?;
            let Some((reader, _)) = readers.get(&partition) else { continue };
            let again =
                sent.get(&partition).map(|record| Source::read(&record.stage_meta)).transpose().map_err(Stop::Settings)?;
            let same_epoch = again.map_or(0, |again| again.epoch) == source.epoch;
            if !same_epoch || !self.compare(&compared, &logged.reader, reader)?.is_empty() {
                let name = stand.crediting_changelog.name();
                return Err(crediting_first(partition, &format!("differs in {name} from what its inputs give")));
            }
        }
        Ok(())
    }

    fn note_waiting(&self, compared: &mut Compared, rebuilt: &Reader) -> Result<(), Stop> {
        let mut after = Vec::new();
        loop {
            let keys = rebuilt.keys_between(&after, None, KEYS)?;
            for key in &keys {
                compared.note(key, &rebuilt.get(key)?.unwrap_or_default()).map_err(Stop::Settings)?;
            }
            match keys.last() {
                Some(last) if keys.len() == KEYS => after.clone_from(last),
                _ => return Ok(()),
            }
        }
    }

    /// Every key that is stored, given or published, in order.
    fn each_key(
        &self,
        compared: &mut Compared,
        logged: &Reader,
        rebuilt: &Reader,
        whole: bool,
        mut each: impl FnMut(&[u8], Option<Vec<u8>>, Mended) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
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

    /// The commit record of the last transaction, but for the sum of its states.
    fn last_record(&self, record: &CommitRecord, compared: &Compared, stand: &Stand, end: u64) -> CommitRecord {
        CommitRecord {
            inputs: vec![InputPosition { topic: Topic::Credits.name().into(), next: end, partitions: stand.partitions }],
            facts_next: stand.facts_of_both,
            stage_meta: compared.meta(self.partition, &stand.sources),
            ..record.clone()
        }
    }

    /// Writes every state that is another one. Before the last transaction the states do not add up to the commit record,
    /// which is the one before: no worker takes them for whole, and a rebuild that is broken off is begun again.
    fn switch_earning(
        &self,
        holds: &[Hold],
        compared: &mut Compared,
        (logged, rebuilt): (&Logged, &Reader),
        last: CommitRecord,
        refused: &Records,
    ) -> Result<u32, Stop> {
        let (mut sealed, mut digest): (Sealed, _) = (logged.last.clone(), logged.digest);
        let (mut records, mut commits) = (Records::default(), 0);
        self.each_key(compared, &logged.reader, rebuilt, false, |key, stored, mended| {
            if stored.as_deref() == mended.state.as_deref() {
                return Ok(());
            }
            digest.replace(key, stored.as_deref(), mended.state.as_deref());
            records.push(Some(key), mended.state.as_deref());
            if records.bytes() >= TRANSACTION_BYTES {
                sealed = self.commit(holds, &sealed, sealed.record.clone(), &mut records, &Records::default())?;
                commits += 1;
            }
            Ok(())
        })?;
        let last = CommitRecord { live_keys: digest.live_keys, state_digest: digest.sum, ..last };
        self.commit(holds, &sealed, last, &mut records, refused)?;
        Ok(commits + 1)
    }
}

impl Stand {
    /// Who has performed a close has said where it stood.
    fn check_cuts(&self, place: usize, close_id: &str, facts: &Facts) -> Result<(), Stop> {
        for (partition, source) in (0..).zip(&self.sources) {
            if source.epoch as usize > place && facts.cut(close_id, partition).is_none() {
                return Err(Stop::Settings(format!(
                    "closes does not say where crediting partition {partition} stood at {close_id}; bring all topics back from one backup"
                )));
            }
        }
        Ok(())
    }

    /// Where each partition of crediting is to be: at a cut, or where its last commit is.
    fn positions<'c>(&self, cut: impl Fn(u32) -> Option<&'c [(Topic, u64); 4]>) -> BTreeMap<(Topic, u32), u64> {
        let mut positions = BTreeMap::new();
        for (partition, logged) in (0..).zip(&self.crediting) {
            for topic in self.inputs {
                let of_cut = cut(partition).and_then(|cut| cut.iter().find(|(of, _)| of == topic)).map(|(_, next)| *next);
                let next = of_cut.or(logged.last.record.next(*topic)).unwrap_or(0);
                positions.insert((*topic, partition), next);
            }
        }
        positions
    }
}

fn crediting_first(partition: u32, why: &str) -> Stop {
    Stop::Settings(format!(
        "crediting partition {partition} {why}; run `accrue rebuild --stage crediting --partition {partition}` first, and let the \
         workers tell what that brings"
    ))
}
