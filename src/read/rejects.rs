//! What was refused, what waits for a fact, and what has resumed: the topic `rejected`, folded by the record it is about.

use super::ReadError;
use super::scan;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::domain::topic::{Position, Topic};
use crate::log::Client;
use crate::wire::{WireError, read_reject};
use std::collections::BTreeMap;

/// Where the record stood, and its key: a component without a quota has the key alone in common with its resumption.
type About = (Position, Vec<u8>);

/// The newest word about every record, in order of its position.
#[derive(Debug, Default)]
pub struct Rejects(BTreeMap<About, RejectRecord>);

impl Rejects {
    pub fn read(client: &dyn Client) -> Result<Rejects, ReadError> {
        let mut rejects = Rejects::default();
        scan::all(client, Topic::Rejected, |batch, row| -> Result<(), WireError> {
            let record = read_reject(batch, row)?;
            rejects.0.insert((record.position, record.key.clone()), record);
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

/// The word for a kind, as header `accrue.kind` has it.
pub fn kind_text(kind: RejectKind) -> &'static str {
    match kind {
        RejectKind::Rejected => "rejected",
        RejectKind::Parked => "parked",
        RejectKind::Resumed => "resumed",
    }
}
