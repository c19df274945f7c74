//! What was refused, what waits for a fact, and what has resumed: the topic `rejected`, folded by the record it is about.

use super::ReadError;
use super::scan::Cursor;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::domain::topic::{Position, Topic};
use crate::log::Client;
use crate::wire::{WireError, read_reject};
use std::collections::BTreeMap;

/// What a word is about, so that a resumption meets its parking.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// A refused record stays refused; a settlement waits and resumes as the record that it is.
    Record(Position, Vec<u8>),
    /// A deal waits, whichever revision of it.
    Deal(Vec<u8>),
    /// A component, quota or adjustment of a payee lacks just this.
    Payee(Vec<u8>, String),
}

fn about(record: &RejectRecord) -> About {
    match record.kind {
        _ if record.position.topic == Topic::DealSettled => About::Record(record.position, record.key.clone()),
        RejectKind::Rejected => About::Record(record.position, record.key.clone()),
        _ if record.reject.reason.is_of_payee() => About::Payee(record.key.clone(), record.reject.message.clone()),
        _ => About::Deal(record.key.clone()),
    }
}

/// The newest word about everything: refused records by position, then what waited.
#[derive(Debug, Default)]
pub struct Rejects(BTreeMap<About, RejectRecord>);

impl Rejects {
    pub fn read(client: &dyn Client) -> Result<Rejects, ReadError> {
        let mut rejects = Rejects::default();
        rejects.read_on(client, &mut Cursor::at_start(client, Topic::Rejected)?)?;
        Ok(rejects)
    }

    /// Takes in what was said since the cursor's last look.
    pub fn read_on(&mut self, client: &dyn Client, cursor: &mut Cursor) -> Result<(), ReadError> {
        cursor.advance(client, |batch, row| -> Result<(), WireError> {
            let record = read_reject(batch, row)?;
            self.0.insert(about(&record), record);
            Ok(())
        })
    }

    /// The word about a quota or an adjustment of a payee that does not count: the record at `position` was refused, or
    /// something waits whose word begins with one of `waits_as`.
    pub fn word_about(&self, position: Position, payee_id: &str, waits_as: &[String]) -> Option<&RejectRecord> {
        let key = payee_id.as_bytes();
        let refused = self.0.get(&About::Record(position, key.into()));
        let waits = waits_as.iter().find_map(|beginning| {
            let of_payee = self.0.range(About::Payee(key.into(), beginning.clone())..).take_while(|(about, _)| match about {
                About::Payee(of, message) => of == key && message.starts_with(beginning),
                About::Record(..) | About::Deal(_) => false,
            });
            of_payee.map(|(_, record)| record).find(|record| record.kind == RejectKind::Parked)
        });
        refused.filter(|record| record.kind == RejectKind::Rejected).or(waits)
    }

    /// All of them, or those of one kind.
    pub fn of(&self, kind: Option<RejectKind>) -> impl Iterator<Item = &RejectRecord> {
        self.0.values().filter(move |record| kind.is_none_or(|kind| record.kind == kind))
    }

    pub fn count(&self, kind: RejectKind) -> usize {
        self.of(Some(kind)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reject::{Reason, Reject};
    use crate::log::batch::Outbox;
    use crate::log::embedded::Embedded;
    use crate::log::{Append, Client};
    use crate::pipeline::Output;
    use crate::wire::{Codec, Contexts};

    /// Kind, where its cause stood, key, reason, message.
    type Word<'w> = (RejectKind, (Topic, u32, u64), &'w str, Reason, &'w str);

    /// What the newest words are after these.
    fn check(words: &[Word<'_>], expected: &[&str]) {
        const PARTITIONS: u32 = 4;
        let (log, codec, mut outbox) = (Embedded::in_memory().unwrap(), Codec::new().unwrap(), Outbox::default());
        log.create_topics(PARTITIONS).unwrap();
        for (kind, (topic, partition, offset), key, reason, message) in words {
            let record = RejectRecord {
                kind: *kind,
                position: Position { topic: *topic, partition: *partition, offset: *offset },
                key: key.as_bytes().to_vec(),
                reject: Reject::new(*reason, "", (*message).into()),
                original: Vec::new(),
                original_bytes: 0,
                original_hash: String::new(),
            };
            let (record, cause) = (Box::new(record), Position { topic: *topic, partition: *partition, offset: *offset });
            codec.output(&Output::Rejected { record, cause }, &Contexts::default(), PARTITIONS, &mut outbox).unwrap();
        }
        let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
        log.append(&appends).unwrap();
        let rejects = Rejects::read(&log).unwrap();
        let word = |of: &RejectRecord| format!("{} {} {}", of.kind.name(), of.reject.reason.code(), of.reject.message);
        assert_eq!(rejects.of(None).map(word).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_last_word_counts_wherever_its_cause_stood() {
        use RejectKind::{Parked, Resumed};
        let (deals, quotas, facts) = (Topic::DealClosed, Topic::QuotaChanged, Topic::Facts);
        for partition in 0..4 {
            let interval = |kind, topic, at| (kind, (topic, at, 7), "ben", Reason::NoSuchInterval, "2026-Q1");
            check(&[interval(Parked, quotas, partition), interval(Resumed, facts, 0)], &["resumed no_such_interval 2026-Q1"]);
            check(&[interval(Resumed, facts, 0), interval(Parked, deals, partition)], &["parked no_such_interval 2026-Q1"]);
        }
    }

    #[test]
    fn what_waits_for_different_things_is_told_one_by_one() {
        let lacks = |message| (RejectKind::Parked, (Topic::Facts, 0, 1), "ana", Reason::MissingParameter, message);
        check(&[lacks("one"), lacks("two")], &["parked missing_parameter one", "parked missing_parameter two"]);
        let divides = |message| (RejectKind::Parked, (Topic::Facts, 0, 1), "ana", Reason::DividedByZero, message);
        check(&[divides("one"), divides("two")], &["parked divided_by_zero one", "parked divided_by_zero two"]);
        let settled = |kind, offset, reason| (kind, (Topic::DealSettled, 1, offset), "D-1", reason, "settled");
        let deal = (RejectKind::Parked, (Topic::DealClosed, 1, 0), "D-1", Reason::UnknownPayee, "deal");
        let words = [
            settled(RejectKind::Parked, 0, Reason::UnknownDeal),
            settled(RejectKind::Parked, 1, Reason::UnknownDeal),
            deal,
            settled(RejectKind::Resumed, 0, Reason::UnknownDeal),
            settled(RejectKind::Resumed, 1, Reason::UnknownDeal),
            settled(RejectKind::Parked, 1, Reason::OtherCurrency),
        ];
        let expected = ["resumed unknown_deal settled", "parked other_currency settled", "parked unknown_payee deal"];
        check(&words, &expected);
    }
}
