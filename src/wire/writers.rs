//! Schemas of others, by the ids that a registry gave them: asked for once, kept, and read where they fit our own.
//!
//! Who asks is a function, so that nothing here knows of HTTP. One that lays a record out as ours is ours under another id;
//! one that ours can read is resolved: the record is written again under ours. Any other is refused with the difference.
//! What an id means never changes: it is pinned, by the commit records, too, once something is read under it. That an id is
//! not there may change: such a record is rejected, and the id asked for again later.

use super::avro::{Shape, unreadable};
use super::contracts::PinnedSchema;
use super::schema::Schema;
use super::{Unread, WireError};
use crate::domain::reject::{Reason, Reject};
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the registry does not have is asked for again only after this long: whoever writes garbage must not make a question
/// of every record.
const ABSENT_FOR: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 30_000 });
/// So many of them are remembered at most.
const MAXIMUM_ABSENT: usize = 10_000;
/// Memory that a record under another schema may take while it is written again: a few bytes may claim to be very many.
const MAXIMUM_RECORD_MEMORY_BYTES: usize = 64 << 20;

/// How a record names its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaId {
    /// In front of the value.
    Id(u32),
    /// In the header [`HEADER`](super::others::HEADER).
    Guid([u8; 16]),
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemaId::Id(id) => write!(f, "schema id {id}"),
            SchemaId::Guid(guid) => {
                f.write_str("schema guid ")?;
                for (place, byte) in guid.iter().enumerate() {
                    let dash = if [4, 6, 8, 10].contains(&place) { "-" } else { "" };
                    write!(f, "{dash}{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

/// The text of a schema; `None` where the registry says that it has none; the error is why it cannot be asked now.
pub type Ask = Box<dyn Fn(SchemaId) -> Result<Option<String>, String> + Send + Sync>;

/// What a schema is to the records of a topic.
pub(super) enum Writer {
    /// Laid out as this version of ours.
    Ours(usize),
    Resolved(Box<Resolved>),
    Refused(Reject),
}

/// Reads what another schema wrote, and writes it under ours.
pub(super) struct Resolved {
    writer: apache_avro::Schema,
    reader: apache_avro::Schema,
}

/// Everything that was asked for.
pub(super) struct Writers {
    ask: Ask,
    known: Mutex<BTreeMap<(&'static str, SchemaId), Arc<Writer>>>,
    /// Fingerprints by id.
    pins: Mutex<BTreeMap<u32, [u8; 16]>>,
    /// What the registry did not have, and when it said so.
    absent: Mutex<BTreeMap<SchemaId, Instant>>,
}

impl Writers {
    pub(super) fn new(ask: Ask) -> Writers {
        // Once for the process; nothing else decodes with it.
        apache_avro::util::max_allocation_bytes(MAXIMUM_RECORD_MEMORY_BYTES);
        Writers { ask, known: Mutex::default(), pins: Mutex::default(), absent: Mutex::default() }
    }

    pub(super) fn of(&self, schema: &Schema, id: SchemaId) -> Result<Arc<Writer>, Unread> {
        let place = (schema.name(), id);
        if let Some(writer) = lock(&self.known).get(&place) {
            return Ok(writer.clone());
        }
        if lock(&self.absent).get(&id).is_some_and(|told| told.elapsed() < ABSENT_FOR) {
            return Ok(Arc::new(absent(id)));
        }
        let pinned = self.pinned(id);
        let Some(text) = (self.ask)(id).map_err(Unread::Unavailable)? else {
            // What was there and is gone is the registry's loss, no fault of the record.
            if pinned.is_some() {
                return Err(Unread::Unavailable(format!("the registry has lost {id}; bring it back from a backup")));
            }
            self.remember_absent(id);
            return Ok(Arc::new(absent(id)));
        };
        if pinned.is_some_and(|pinned| pinned != fingerprint(&text)) {
            let what = "is another schema in the registry than it was when it was read before";
            return Err(Unread::Unavailable(format!("{id} {what}; bring the registry back from a backup")));
        }
        let writer = Arc::new(judged(schema, id, &text));
        if let (SchemaId::Id(id), Writer::Ours(_) | Writer::Resolved(_)) = (id, writer.as_ref()) {
            lock(&self.pins).insert(id, fingerprint(&text));
        }
        lock(&self.known).insert(place, writer.clone());
        Ok(writer)
    }

    /// What the registry says of an id of our own: one that is lost later must not make garbage of what was written under it.
    pub(super) fn pin_own(&self, id: u32) -> Result<(), WireError> {
        if let Some(text) = (self.ask)(SchemaId::Id(id)).map_err(WireError::Unavailable)? {
            lock(&self.pins).insert(id, fingerprint(&text));
        }
        Ok(())
    }

    fn pinned(&self, id: SchemaId) -> Option<[u8; 16]> {
        match id {
            SchemaId::Id(id) => lock(&self.pins).get(&id).copied(),
            SchemaId::Guid(_) => None,
        }
    }

    fn remember_absent(&self, id: SchemaId) {
        let mut absent = lock(&self.absent);
        if absent.len() >= MAXIMUM_ABSENT {
            absent.clear();
        }
        absent.insert(id, Instant::now());
    }

    pub(super) fn pins(&self) -> Vec<PinnedSchema> {
        lock(&self.pins).iter().map(|(id, fingerprint)| PinnedSchema { id: *id, fingerprint: *fingerprint }).collect()
    }

    /// Takes over what a commit record says; an id that is known as another schema is the error.
    pub(super) fn pin(&self, pins: &[PinnedSchema]) -> Result<(), u32> {
        let mut known = lock(&self.pins);
        for PinnedSchema { id, fingerprint } in pins {
            if known.entry(*id).or_insert(*fingerprint) != fingerprint {
                return Err(*id);
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fingerprint(text: &str) -> [u8; 16] {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    fingerprint
}

fn refused(message: String) -> Writer {
    Writer::Refused(Reject::new(Reason::UnknownSchema, "", message))
}

fn absent(id: SchemaId) -> Writer {
    refused(format!("{id} is not in the registry"))
}

/// What the schema of a text is to ours.
fn judged(schema: &Schema, id: SchemaId, text: &str) -> Writer {
    let name = schema.name();
    let shape = match Shape::of_text(text) {
        Ok(shape) => shape,
        Err(fault) => return refused(format!("{id} is not read: {fault}")),
    };
    // Under a guid there is no id that an earlier version could be known by.
    let known = |version: &usize| *version == 0 || matches!(id, SchemaId::Id(_));
    if let Some(version) = schema.laid_out_as(&shape).filter(known) {
        return Writer::Ours(version);
    }
    let found = unreadable(schema.shape(), &shape);
    if !found.is_empty() {
        return refused(format!("{id} cannot be read as {name}: {}", found.join("; ")));
    }
    let parsed = |text: &str| apache_avro::Schema::parse_str(text).map_err(|error| error.to_string());
    match (parsed(text), parsed(schema.text())) {
        (Ok(writer), Ok(reader)) => Writer::Resolved(Box::new(Resolved { writer, reader })),
        (Err(error), _) | (_, Err(error)) => refused(format!("{id} is not read: {error}")),
    }
}

impl Resolved {
    /// Appends the record of `body`, which has to end with it, as our schema writes it.
    pub(super) fn rewrite(&self, name: &'static str, mut body: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
        let failed = |error: &dyn fmt::Display| Reject::new(Reason::NotDecodable, "", format!("not a {name} record: {error}"));
        let reader = GenericDatumReader::builder(&self.writer).reader_schema(&self.reader).build();
        let value = reader.and_then(|reader| reader.read_value(&mut body)).map_err(|error| failed(&error))?;
        if !body.is_empty() {
            let message = format!("{} bytes after the end of the record", body.len());
            return Err(Reject::new(Reason::TrailingBytes, "", message));
        }
        let written = GenericDatumWriter::builder(&self.reader).build().and_then(|writer| writer.write_value_ref(out, &value));
        written.map(drop).map_err(|error| failed(&error))
    }
}

impl Unread {
    /// The refusal; what cannot be told now is the error.
    pub fn reject(self) -> Result<Reject, WireError> {
        match self {
            Unread::Refused(reject) => Ok(reject),
            Unread::Unavailable(message) => Err(WireError::Unavailable(message)),
        }
    }
}
