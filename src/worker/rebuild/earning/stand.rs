//! Where both stages stand when earning is rebuilt: crediting in all partitions, and the partitions of earning that are built
//! again. Leaves out what the inputs give (`again`).

use super::super::Rebuild;
use super::super::changelog::Logged;
use super::super::told::{Behind, Facts, Sent};
use crate::domain::topic::Topic;
use crate::pipeline::crediting::rebuilt::Source;
use crate::pipeline::earning::rebuilt::Stood;
use crate::store::Store;
use crate::worker::Stop;
use std::collections::{BTreeMap, BTreeSet};

/// Where crediting stands.
pub struct Stand {
    pub partitions: u32,
    pub inputs: &'static [Topic],
    pub changelog: Topic,
    pub crediting: Vec<Logged>,
    pub sources: Vec<Source>,
    /// Facts that crediting has adopted, and that crediting or a partition of earning has.
    pub facts_of_crediting: u64,
    pub facts_of_both: u64,
}

/// A partition of earning as the log has it.
pub struct Member {
    pub partition: u32,
    pub logged: Logged,
    pub stood: Stood,
    pub behind: Behind,
}

impl Member {
    /// It cannot go on with what lies before it, or its states are not those of its last commit record.
    pub fn stands_still(&self) -> bool {
        !self.logged.adds_up() || self.behind.broken.is_some()
    }

    /// It has taken in everything, and told what follows.
    pub fn is_whole(&self, stand: &Stand) -> bool {
        let adopted = self.logged.last.record.facts_next == stand.facts_of_both;
        adopted && self.stood.is_at_rest() && self.behind.records == 0 && self.behind.broken.is_none()
    }
}

impl Rebuild {
    /// The states and commit records of partitions of earning; they stay readable as long as the store.
    pub fn earning_logs(&self, store: &Store, partitions: &[u32]) -> Result<Vec<(u32, Logged, Stood)>, Stop> {
        let mut logs = Vec::new();
        for partition in partitions {
            let logged = Logged::read(self.client.as_ref(), store, self.changelog, *partition)?;
            let stood = Stood::read(&logged.last.record.stage_meta).map_err(Stop::Settings)?;
            logs.push((*partition, logged, stood));
        }
        Ok(logs)
    }

    /// What the partitions have yet to take in.
    pub fn members(&self, logs: Vec<(u32, Logged, Stood)>, stand: &Stand) -> Result<Vec<Member>, Stop> {
        let sent: BTreeMap<u32, Sent> = logs.iter().map(|(to, ..)| (*to, stand.sent(*to, &logs))).collect();
        let member = |(partition, logged, stood): (u32, Logged, Stood)| {
            let next = logged.last.record.next(Topic::Credits).unwrap_or(0);
            let behind = Behind::read(self.client.as_ref(), partition, next, &stood, &sent[&partition])?;
            Ok(Member { partition, logged, stood, behind })
        };
        let members: Vec<Member> = logs.into_iter().map(member).collect::<Result<_, Stop>>()?;
        let operating = members.iter().find(|member| member.stood.is_operating());
        operating.map_or(Ok(()), |member| Err(in_the_middle(member)))?;
        Ok(members)
    }

    /// Where crediting stands; what it has sent follows from its inputs only where it is through with them, and whole.
    pub fn stand(
        &self,
        (inputs, changelog): (&'static [Topic], Topic),
        partitions: u32,
        store: &Store,
        facts_of_earning: u64,
    ) -> Result<Stand, Stop> {
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
        let facts_of_both = facts_of_crediting.max(facts_of_earning);
        Ok(Stand { partitions, inputs, changelog, crediting, sources, facts_of_crediting, facts_of_both })
    }
}

impl Stand {
    /// What both stages have sent to a partition of earning.
    fn sent(&self, destination: u32, logs: &[(u32, Logged, Stood)]) -> Sent {
        let of_credits = |source: &Source| source.links.get(destination as usize).copied().unwrap_or(0);
        let credits = self.sources.iter().map(of_credits);
        credits.chain(logs.iter().map(|(_, _, stood)| stood.sent(destination))).collect()
    }

    /// Who has performed a close has said where it stood.
    pub fn check_cuts(&self, place: usize, close_id: &str, facts: &Facts) -> Result<(), Stop> {
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
    pub fn positions<'c>(&self, cut: impl Fn(u32) -> Option<&'c [(Topic, u64); 4]>) -> BTreeMap<(Topic, u32), u64> {
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

/// Which payees are through the partition's commit record alone knows.
fn in_the_middle(member: &Member) -> Stop {
    let at = format!("earning partition {} is in the middle of a close, a reopening or a release", member.partition);
    Stop::Settings(match member.stands_still() {
        true => format!(
            "{at}, and which payees are through is known to its commit record alone; bring all topics back from one backup"
        ),
        false => format!("{at}; start the workers until it is through, end them, and rebuild again"),
    })
}

pub fn crediting_first(partition: u32, why: &str) -> Stop {
    Stop::Settings(format!(
        "crediting partition {partition} {why}; run `accrue rebuild --stage crediting --partition {partition}` first, and let the \
         workers tell what that brings"
    ))
}
