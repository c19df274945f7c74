//! Waiting for what was there: where the inputs ended when somebody asked, and whether the stages are past that.
//!
//! A log that others append to all the time has no moment at which both stages are idle. Whoever waits asks for the ends
//! of crediting's inputs; once crediting is past them, for those of `credits`; and once earning is past those, again, as
//! long as there is more and at most [`EARNING_ROUNDS`] times, for what earning itself has written to `credits`.

use super::status::{CREDITING, EARNING, StageStatus, Status};
use crate::domain::topic::Topic;
use crate::domain::world::MAXIMUM_PHASE;
use crate::log::{Batch, Client, LogError};

/// What earning writes to `credits` because of a record there is read in the next round, and what that causes in the one
/// after: phase by phase, and last of all what no component reads, for boards.
pub const EARNING_ROUNDS: usize = MAXIMUM_PHASE as usize + 1;

const CREDITING_INPUTS: [Topic; 4] = [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade];

/// Where a stage's inputs and the facts ended at some moment; what was being committed then lies before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    pub facts: u64,
    pub inputs: Vec<(Topic, u32, u64)>,
}

impl Ends {
    fn now(topics: &[Topic], client: &dyn Client) -> Result<Ends, LogError> {
        let mut ends = Ends { facts: client.high_watermark(Topic::Facts, 0)?, inputs: Vec::new() };
        for topic in topics {
            for partition in 0..client.partitions(*topic)? {
                ends.inputs.push((*topic, partition, client.high_watermark(*topic, partition)?));
            }
        }
        Ok(ends)
    }

    /// Of one partition of an input, without a look at facts.
    pub fn of(topic: Topic, partition: u32, end: u64) -> Ends {
        Ends { facts: 0, inputs: vec![(topic, partition, end)] }
    }
}

/// Whether everything that follows from what lies before `ends` has come out of a stage. Never of a partition that
/// stands still.
pub fn is_past(stage: &StageStatus, ends: &Ends, client: &dyn Client) -> Result<bool, LogError> {
    if !stage.settled {
        return Ok(false);
    }
    for (topic, partition, end) in &ends.inputs {
        let Some(held) = stage.partitions.get(partition).filter(|held| held.flows()) else { return Ok(false) };
        if !reaches(client, *topic, *partition, held.next(*topic), *end)?
            || !reaches(client, Topic::Facts, 0, held.facts_next, ends.facts)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether no record lies from an offset on before the end, nor one that is committed and not to be seen yet. Kafka's end
/// may be beyond the last record: marks of transactions take offsets, too.
fn reaches(client: &dyn Client, topic: Topic, partition: u32, offset: u64, end: u64) -> Result<bool, LogError> {
    if offset >= end {
        return Ok(true);
    }
    if client.end(topic, partition)? < end || offset < client.start(topic, partition)? {
        return Ok(false);
    }
    let mut behind = Batch::default();
    client.read(topic, partition, offset, 1, &mut behind)?;
    Ok(behind.rows().first().is_none_or(|row| row.position.offset >= end))
}

/// Whether everything that was in the log when this was called has come out of both stages, and nothing has come since. A
/// stage's status is read before the ends of its inputs, and both of earning once crediting has reached its own.
pub fn caught_up(status: &Status, client: &dyn Client) -> Result<bool, LogError> {
    let idle = |name: &str, inputs: &[Topic]| -> Result<bool, LogError> {
        let stage = status.stage(name);
        Ok(stage.idle && is_past(&stage, &Ends::now(inputs, client)?, client)?)
    };
    Ok(idle(CREDITING, &CREDITING_INPUTS)? && idle(EARNING, &[Topic::Credits])?)
}

/// Whether a stage is past ends, asked of whoever knows.
pub type IsPast<'p> = dyn Fn(&'static str, &Ends) -> Result<bool, LogError> + 'p;

/// Follows what lay in the log when it began through both stages.
#[derive(Debug)]
pub struct Follow(At);

#[derive(Debug)]
enum At {
    Crediting(Ends),
    Earning { ends: Ends, rounds: usize },
    Through,
}

impl Follow {
    pub fn begin(client: &dyn Client) -> Result<Follow, LogError> {
        Ok(Follow(At::Crediting(Ends::now(&CREDITING_INPUTS, client)?)))
    }

    /// Goes on as far as the stages are; true once all of it has come out.
    pub fn is_through(&mut self, client: &dyn Client, is_past: &IsPast<'_>) -> Result<bool, LogError> {
        loop {
            // Facts that came later are not waited for.
            let credits = |facts| -> Result<Ends, LogError> { Ok(Ends { facts, ..Ends::now(&[Topic::Credits], client)? }) };
            self.0 = match &self.0 {
                At::Crediting(ends) if is_past(CREDITING, ends)? => {
                    At::Earning { ends: credits(ends.facts)?, rounds: EARNING_ROUNDS }
                }
                At::Earning { ends, rounds } if is_past(EARNING, ends)? => {
                    let (now, rounds) = (credits(ends.facts)?, rounds - 1);
                    if rounds == 0 || now == *ends { At::Through } else { At::Earning { ends: now, rounds } }
                }
                At::Through => return Ok(true),
                At::Crediting(_) | At::Earning { .. } => return Ok(false),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::embedded::Embedded;
    use crate::log::{Append, Records};
    use crate::worker::status::{PartitionStatus, Stuck};
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    fn append(log: &Embedded, topic: Topic) {
        let mut records = Records::default();
        records.push(None, Some(b"record"));
        log.append(&[Append { topic, partition: 0, records: &records }]).unwrap();
    }

    fn log() -> Embedded {
        let log = Embedded::in_memory().unwrap();
        log.create_topics(1).unwrap();
        log
    }

    fn stage(partition: PartitionStatus, idle: bool, settled: bool) -> StageStatus {
        StageStatus { idle, settled, partitions: BTreeMap::from([(0, partition)]), ..StageStatus::default() }
    }

    fn at(next: u64) -> PartitionStatus {
        PartitionStatus { next: vec![(Topic::Credits, next)], ..PartitionStatus::default() }
    }

    /// A log with one partition, whose one packed record is trimmed, and its two stages as `earning` says.
    fn is_caught_up(earning: PartitionStatus, idle: bool) -> bool {
        let log = log();
        append(&log, Topic::Credits);
        log.trim(Topic::Credits, 0, 1).unwrap();
        let status = Status::default();
        status.update(CREDITING, |crediting| *crediting = stage(PartitionStatus::default(), true, true));
        status.update(EARNING, |of| *of = stage(earning, idle, true));
        caught_up(&status, &log).unwrap()
    }

    #[test]
    fn caught_up_is_an_idle_stage_past_the_last_record_and_never_one_that_stands_still() {
        assert!(is_caught_up(at(1), true));
        assert!(!is_caught_up(at(1), false), "it works");
        assert!(!is_caught_up(at(0), true), "behind what is trimmed");
        assert!(!is_caught_up(PartitionStatus { restoring: true, ..at(1) }, true));
        // Refused at restore: it has no positions, and what it lacks is no mistake of the one who asks.
        let alarm = || Some(Stuck::now("of another log".into()));
        assert!(!is_caught_up(PartitionStatus { alarm: alarm(), ..PartitionStatus::default() }, true));
        assert!(!is_caught_up(PartitionStatus { alarm: alarm(), ..at(1) }, true));
    }

    #[test]
    fn past_is_settled_behind_the_ends_however_much_came_later() {
        let log = log();
        (0..3).for_each(|_| append(&log, Topic::Credits));
        append(&log, Topic::Facts);
        let check = |of: PartitionStatus, settled, facts, end, expected: bool| {
            let ends = Ends { facts, ..Ends::of(Topic::Credits, 0, end) };
            assert_eq!(is_past(&stage(of.clone(), false, settled), &ends, &log).unwrap(), expected, "{of:?} {ends:?}");
        };
        check(at(1), true, 0, 2, false);
        check(at(2), true, 0, 2, true);
        check(at(2), false, 0, 2, false);
        check(at(2), true, 1, 2, false);
        check(PartitionStatus { facts_next: 1, ..at(2) }, true, 1, 2, true);
        check(PartitionStatus { restoring: true, ..at(2) }, true, 0, 2, false);
        // What is not to be read yet may lie before the end.
        check(at(3), true, 0, 4, false);
    }

    /// What is followed lies before the ends of its time, and of what earning writes itself as many rounds are waited for
    /// as may follow from each other.
    #[test]
    fn what_earning_writes_to_credits_is_followed_a_bounded_number_of_times() {
        let check = |earning_writes: usize, rounds: &[u64]| {
            let log = log();
            append(&log, Topic::DealClosed);
            let mut follow = Follow::begin(&log).unwrap();
            append(&log, Topic::DealClosed);
            assert!(!follow.is_through(&log, &|_, _| Ok(false)).unwrap());
            let asked = RefCell::new(Vec::new());
            let is_past = |stage: &'static str, ends: &Ends| {
                let (topic, _, end) = ends.inputs[0];
                let mut asked = asked.borrow_mut();
                match stage {
                    CREDITING => {
                        assert_eq!((topic, end, ends.inputs.len()), (Topic::DealClosed, 1, 4));
                        append(&log, Topic::Credits);
                    }
                    _ => {
                        asked.push(end);
                        (asked.len() <= earning_writes).then(|| append(&log, Topic::Credits));
                    }
                }
                Ok(true)
            };
            assert!(follow.is_through(&log, &is_past).unwrap());
            assert_eq!(*asked.borrow(), rounds);
        };
        check(0, &[1]);
        check(1, &[1, 2]);
        check(2, &[1, 2, 3]);
        check(9, &[1, 2, 3, 4, 5]);
    }
}
