//! One Avro schema with its id: framing, and records as bytes and back.
//!
//! `serde_avro_fast` gets the schema without logical types: a decimal is then plain bytes, read exactly by `decimal`,
//! and a date a plain int. Each id stands for one schema; of schema evolution only added
//! fields with a default are known here (the earlier versions), the rest is `writers`.

use super::WireError;
use super::avro::Shape;
use super::json::avro_of_json;
use super::published::Published;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use serde_avro_fast::ser::SerializerConfig;
use std::sync::{PoisonError, RwLock};

/// First byte of Confluent's framing; a schema id of four bytes, big-endian, follows.
pub(super) const MAGIC: u8 = 0;
const FRAME_BYTES: usize = 5;
/// Longest array or map, and deepest nesting, that a record may have.
const MAXIMUM_SEQUENCE: usize = 100_000;
const MAXIMUM_DEPTH: usize = 16;

/// A schema under its id, with those before it.
pub(super) struct Schema {
    published: &'static Published,
    /// What is written; `None`: a registry has no id of it, and nothing is written under one.
    id: Option<u32>,
    /// The newest, then those that were written before: the fields that came since have a default.
    versions: Vec<Version>,
    /// Ids of versions.
    ids: Vec<(u32, usize)>,
    /// The same, of a registry.
    learned: RwLock<Vec<(u32, usize)>>,
}

struct Version {
    avro: serde_avro_fast::Schema,
    shape: Shape,
    /// With logical types and defaults.
    declared: apache_avro::Schema,
}

impl Schema {
    /// Parses and validates one of the embedded schemas.
    pub(super) fn new(published: &'static Published, id: u32) -> Result<Schema, WireError> {
        let mut versions = vec![parsed(published, published.text)?];
        let mut ids = vec![(id, 0)];
        for (id, text) in published.earlier {
            ids.push((*id, versions.len()));
            versions.push(parsed(published, text)?);
        }
        Ok(Schema { published, id: Some(id), versions, ids, learned: RwLock::default() })
    }

    /// The same under an id of a registry, where the ids of `schemas/ids.toml` mean nothing.
    pub(super) fn under(self, id: u32) -> Schema {
        Schema { id: Some(id), ids: vec![(id, 0)], ..self }
    }

    /// The same where a registry has none, because nothing is written under it.
    pub(super) fn under_none(self) -> Schema {
        Schema { id: None, ids: Vec::new(), ..self }
    }

    pub(super) fn topic(&self) -> Topic {
        self.published.topic
    }

    pub(super) fn name(&self) -> &'static str {
        self.published.name()
    }

    pub(super) fn text(&self) -> &'static str {
        self.published.text
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.versions[0].shape
    }

    /// The version that lays a record out like this.
    pub(super) fn laid_out_as(&self, shape: &Shape) -> Option<usize> {
        self.versions.iter().position(|version| version.shape.is_laid_out_as(shape))
    }

    /// From now on this id means that version.
    pub(super) fn learn(&self, id: u32, version: usize) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        if !learned.iter().any(|(known, _)| *known == id) {
            learned.push((id, version));
        }
    }

    pub(super) fn knows(&self, id: u32) -> bool {
        self.version(id).is_some()
    }

    fn version(&self, id: u32) -> Option<usize> {
        if Some(id) == self.id {
            return Some(0);
        }
        let of = |ids: &[(u32, usize)]| ids.iter().find(|(known, _)| *known == id).map(|(_, version)| *version);
        of(&self.ids).or_else(|| of(&self.learned.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Appends the frame of what is written.
    pub(super) fn write_frame(&self, out: &mut Vec<u8>) {
        if let Some(id) = self.id {
            frame(id, out);
        }
    }

    /// Appends the frame and the record.
    pub(super) fn write<T: Serialize>(&self, record: &T, out: &mut Vec<u8>) -> Result<(), WireError> {
        let start = out.len();
        self.write_frame(out);
        let avro = &self.versions[0].avro;
        let written = serde_avro_fast::to_datum(record, &mut *out, &mut SerializerConfig::new(avro)).map(drop);
        written.map_err(|error| {
            out.truncate(start);
            WireError::Encode { record: self.name(), message: error.to_string() }
        })
    }

    /// The record in a framed value; every byte of it is read.
    pub(super) fn read<'b, T: Deserialize<'b>>(&self, value: Option<&'b [u8]>) -> Result<T, Reject> {
        let (avro, body) = self.unframe(value)?;
        self.read_body(avro, body)
    }

    /// The record of a value that is JSON; as Avro it is in `scratch`.
    pub(super) fn read_json<'b, T: Deserialize<'b>>(&self, json: &[u8], scratch: &'b mut Vec<u8>) -> Result<T, Reject> {
        let newest = &self.versions[0];
        scratch.clear();
        avro_of_json(&newest.declared, json, scratch)?;
        self.read_body(&newest.avro, scratch)
    }

    fn read_body<'b, T: Deserialize<'b>>(&self, avro: &serde_avro_fast::Schema, body: &'b [u8]) -> Result<T, Reject> {
        let mut config = DeserializerConfig::new(avro);
        config.max_seq_size = MAXIMUM_SEQUENCE;
        config.allowed_depth = MAXIMUM_DEPTH;
        let mut state = DeserializerState::with_config(SliceRead::new(body), config);
        let record = T::deserialize(state.deserializer()).map_err(|error| not_decodable(self.name(), &error))?;
        match remaining(&mut state.into_reader()) {
            0 => Ok(record),
            rest => Err(Reject::new(Reason::TrailingBytes, "", format!("{rest} bytes after the end of the record"))),
        }
    }

    fn unframe<'b>(&self, value: Option<&'b [u8]>) -> Result<(&serde_avro_fast::Schema, &'b [u8]), Reject> {
        let unknown = |found: String| {
            Reject::new(
                Reason::UnknownFormat,
                "",
                format!("{found}, expected a record that starts with byte 0x00 and a schema id"),
            )
        };
        let value = value.ok_or_else(|| unknown("no value".into()))?;
        match value {
            [] => Err(unknown("an empty value".into())),
            [MAGIC, a, b, c, d, body @ ..] => self.of_id(u32::from_be_bytes([*a, *b, *c, *d])).map(|avro| (avro, body)),
            [MAGIC, ..] => {
                let message = format!("{} bytes, too short for a frame of {FRAME_BYTES}", value.len());
                Err(Reject::new(Reason::NotDecodable, "", message))
            }
            [first, ..] => Err(unknown(format!("first byte {first:#04x}"))),
        }
    }

    fn of_id(&self, id: u32) -> Result<&serde_avro_fast::Schema, Reject> {
        let version = self.version(id);
        let message = || match self.id {
            Some(expected) => format!("schema id {id}, expected {expected} ({})", self.name()),
            None => format!("schema id {id} is none of {}", self.name()),
        };
        let version = version.ok_or_else(|| Reject::new(Reason::UnknownSchema, "", message()))?;
        Ok(&self.versions[version].avro)
    }
}

/// Appends what comes before a record.
pub(super) fn frame(id: u32, out: &mut Vec<u8>) {
    out.push(MAGIC);
    out.extend_from_slice(&id.to_be_bytes());
}

/// Parses and validates a schema.
fn parsed(published: &'static Published, text: &str) -> Result<Version, WireError> {
    let broken = |message: String| WireError::Schema { name: published.name(), message };
    let declared = apache_avro::Schema::parse_str(text).map_err(|error| broken(error.to_string()))?;
    let shape = Shape::of_text(text).map_err(|error| broken(error.to_string()))?;
    let mut json: serde_json::Value = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
    strip_logical_types(&mut json);
    let avro = json.to_string().parse().map_err(|error: serde_avro_fast::schema::SchemaError| broken(error.to_string()))?;
    Ok(Version { avro, shape, declared })
}

fn not_decodable(name: &str, error: &serde_avro_fast::de::DeError) -> Reject {
    Reject::new(Reason::NotDecodable, "", format!("not a {name} record: {error}"))
}

fn remaining(reader: &mut SliceRead<'_>) -> usize {
    std::io::BufRead::fill_buf(reader).map_or(0, <[u8]>::len)
}

fn strip_logical_types(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(fields) => {
            for name in ["logicalType", "precision", "scale"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(strip_logical_types);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(strip_logical_types),
        _ => {}
    }
}
