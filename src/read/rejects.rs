//! What was refused, what waits for a fact, and what has resumed: the topic `rejected`, folded by the record it is about.

use super::ReadError;
use super::scan;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::domain::reject::Reason;
use crate::domain::topic::{Position, Topic};
use crate::log::Client;
use crate::wire::{WireError, read_reject};
use std::collections::BTreeMap;

/// What a word is about, so that a resumption meets its parking.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// A refused record stays refused.
    Record(Position, Vec<u8>),
    /// A deal waits, whichever revision of it.
    Deal(Vec<u8>),
    /// A component or quota of a payee lacks just this.
    Payee(Vec<u8>, String),
}

fn about(record: &RejectRecord) -> About {
    let lacking =
        [Reason::MissingPlan, Reason::MissingQuota, Reason::UnknownMeasure, Reason::NoSuchInterval, Reason::AmountOutOfRange];
    match record.kind {
        RejectKind::Rejected => About::Record(record.position, record.key.clone()),
        _ if lacking.contains(&record.reject.reason) => About::Payee(record.key.clone(), record.reject.message.clone()),
        _ => About::Deal(record.key.clone()),
    }
}

/// The newest word about everything: refused records by position, then what waited.
#[derive(Debug, Default)]
pub struct Rejects(BTreeMap<About, RejectRecord>);

impl Rejects {
    pub fn read(client: &dyn Client) -> Result<Rejects, ReadError> {
        let mut rejects = Rejects::default();
        scan::all(client, Topic::Rejected, |batch, row| -> Result<(), WireError> {
            let record = read_reject(batch, row)?;
            rejects.0.insert(about(&record), record);
            Ok(())
        })?;
        Ok(rejects)
    }

    /// All of them, or those of one kind.
    pub fn of(&self, kind: Option<RejectKind>) -> impl Iterator<Item = &RejectRecord> {
        self.0.values().filter(move |record| kind.is_none_or(|kind| record.kind == kind))
    }

    pub fn count(&self, kind: RejectKind) -> usize {
        self.of(Some(kind)).count()
    }
}
