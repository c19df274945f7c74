//! One Avro schema with its id: framing, and records as bytes and back.
//!
//! `serde_avro_fast` gets the schema without logical types: a decimal is then plain bytes, read exactly by `decimal`,
//! and a date a plain int. Each id stands for one schema; of schema evolution only added
//! fields with a default are known (`with_earlier`).

use super::WireError;
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use serde_avro_fast::ser::SerializerConfig;

/// First byte of Confluent's framing; a schema id of four bytes, big-endian, follows.
const MAGIC: u8 = 0;
const FRAME_BYTES: usize = 5;
/// Longest array or map, and deepest nesting, that a record may have.
const MAXIMUM_SEQUENCE: usize = 100_000;
const MAXIMUM_DEPTH: usize = 16;

/// A schema under its id.
pub(super) struct Schema {
    name: &'static str,
    id: u32,
    avro: serde_avro_fast::Schema,
    /// What was written before, by id: the fields that came since have a default.
    earlier: Vec<(u32, serde_avro_fast::Schema)>,
}

impl Schema {
    /// Parses and validates one of the embedded schemas.
    pub(super) fn new(name: &'static str, id: u32, text: &str) -> Result<Schema, WireError> {
        Ok(Schema { name, id, avro: parsed(name, text)?, earlier: Vec::new() })
    }

    /// Reads what was written under an earlier id, too.
    pub(super) fn with_earlier(mut self, id: u32, text: &str) -> Result<Schema, WireError> {
        self.earlier.push((id, parsed(self.name, text)?));
        Ok(self)
    }
    /// Appends the frame and the record.
    pub(super) fn write<T: Serialize>(&self, record: &T, out: &mut Vec<u8>) -> Result<(), WireError> {
        let start = out.len();
        out.push(MAGIC);
        out.extend_from_slice(&self.id.to_be_bytes());
        let written = serde_avro_fast::to_datum(record, &mut *out, &mut SerializerConfig::new(&self.avro)).map(drop);
        written.map_err(|error| {
            out.truncate(start);
            WireError::Encode { record: self.name, message: error.to_string() }
        })
    }

    /// The record in a framed value; every byte of it is read.
    pub(super) fn read<'b, T: Deserialize<'b>>(&self, value: Option<&'b [u8]>) -> Result<T, Reject> {
        let (avro, body) = self.unframe(value)?;
        let mut config = DeserializerConfig::new(avro);
        config.max_seq_size = MAXIMUM_SEQUENCE;
        config.allowed_depth = MAXIMUM_DEPTH;
        let mut state = DeserializerState::with_config(SliceRead::new(body), config);
        let record = T::deserialize(state.deserializer()).map_err(|error| not_decodable(self.name, &error))?;
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
        if id == self.id {
            return Ok(&self.avro);
        }
        let earlier = self.earlier.iter().find(|(of, _)| *of == id).map(|(_, avro)| avro);
        let message = || format!("schema id {id}, expected {} ({})", self.id, self.name);
        earlier.ok_or_else(|| Reject::new(Reason::UnknownSchema, "", message()))
    }
}

/// Parses and validates a schema.
fn parsed(name: &'static str, text: &str) -> Result<serde_avro_fast::Schema, WireError> {
    let broken = |message: String| WireError::Schema { name, message };
    apache_avro::Schema::parse_str(text).map_err(|error| broken(error.to_string()))?;
    let mut json: serde_json::Value = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
    strip_logical_types(&mut json);
    json.to_string().parse().map_err(|error: serde_avro_fast::schema::SchemaError| broken(error.to_string()))
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
