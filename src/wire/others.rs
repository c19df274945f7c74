//! What others write otherwise than this program does, made a record that it reads: JSON, where a topic's format says so.
//!
//! Such a value is written again under our own schema before anything looks at it. So there is one reading of each
//! input: the same checks, the same content of two deliveries of which one came as JSON.

use super::json::{acknowledgement_from_line, adjustment_from_line, deal_from_line, quota_from_line, settlement_from_line};
use super::{Codec, Format, WireError};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::{Batch, Row};
use crate::pipeline::Input;
use serde_json::value::RawValue;

/// The topics whose format can be chosen: those that others write.
pub const OPEN_TOPICS: [Topic; 5] =
    [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade, Topic::PayoutAcknowledged];

/// A record as it stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'b> {
    pub position: Position,
    pub key: Option<&'b [u8]>,
    pub value: Option<&'b [u8]>,
}

impl<'b> Raw<'b> {
    pub fn of(batch: &'b Batch, row: &Row) -> Raw<'b> {
        Raw { position: row.position, key: batch.key(row), value: batch.value(row) }
    }
}

impl Codec {
    /// Reads, and writes, topics as they are said to be written.
    pub fn with_formats(mut self, formats: &[(Topic, Format)]) -> Codec {
        let open = formats.iter().filter(|(topic, format)| OPEN_TOPICS.contains(topic) && *format != Format::Avro);
        self.formats.extend(open);
        self
    }

    pub fn format(&self, topic: Topic) -> Format {
        self.formats.iter().find(|(of, _)| *of == topic).map_or(Format::Avro, |(_, format)| *format)
    }

    pub(super) fn writes_json(&self, topic: Topic) -> bool {
        self.format(topic) == Format::Json
    }

    /// Whether a value of a topic is to be read as JSON.
    fn is_json(&self, topic: Topic, value: Option<&[u8]>) -> bool {
        match self.format(topic) {
            Format::Avro => false,
            Format::Json => true,
            Format::Either => value.is_some_and(|bytes| !bytes.starts_with(&[0])),
        }
    }

    /// An input record, however it is written, or why it is refused. The order of checks is fixed: size, form, content,
    /// key, partition.
    pub fn take<'b>(
        &self,
        raw: Raw<'b>,
        partitions: u32,
        maximum_bytes: usize,
        scratch: &'b mut Vec<u8>,
    ) -> Result<Input<'b>, Reject> {
        if !self.is_json(raw.position.topic, raw.value) {
            return self.input(raw.position, partitions, raw.key, raw.value, maximum_bytes);
        }
        super::check_size(raw.position.topic, raw.value, maximum_bytes)?;
        let value = self.own(raw, scratch)?;
        self.input(raw.position, partitions, raw.key, value, usize::MAX)
    }

    /// A value as this program writes it. What is that already stays where it is, the rest is written into `scratch`.
    pub fn own<'b>(&self, raw: Raw<'b>, scratch: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, Reject> {
        if !self.is_json(raw.position.topic, raw.value) {
            return Ok(raw.value);
        }
        scratch.clear();
        self.rewrite(raw.position.topic, json_text(raw.value)?, scratch)?;
        Ok(Some(scratch))
    }

    /// A line of JSON as a framed record.
    fn rewrite(&self, topic: Topic, line: &str, out: &mut Vec<u8>) -> Result<(), Reject> {
        let written = match topic {
            Topic::DealClosed => self.frame_deal(&deal_from_line(line)?.as_deal(), out),
            Topic::QuotaChanged => self.frame_quota(&quota_from_line(line)?.as_quota(), out),
            Topic::DealSettled => self.frame_settlement(&settlement_from_line(line)?.as_settlement(), out),
            Topic::AdjustmentMade => self.frame_adjustment(&adjustment_from_line(line)?, out),
            Topic::PayoutAcknowledged => self.frame_acknowledgement(&acknowledgement_from_line(line)?.as_acknowledgement(), out),
            other => Err(WireError::Encode { record: other.name(), message: "it is never JSON".into() }),
        };
        written.map_err(|error| Reject::new(Reason::NotDecodable, "", error.to_string()))
    }
}

/// The text of a value that is to be JSON.
fn json_text(value: Option<&[u8]>) -> Result<&str, Reject> {
    let refused = |reason, message: String| Err(Reject::new(reason, "", message));
    match value {
        None => refused(Reason::UnknownFormat, "no value, expected a JSON object".into()),
        Some([]) => refused(Reason::UnknownFormat, "an empty value, expected a JSON object".into()),
        Some([0, ..]) => {
            refused(Reason::UnknownFormat, "first byte 0x00, expected a JSON object: the topic's format is json".into())
        }
        Some(bytes) => std::str::from_utf8(bytes)
            .or_else(|error| refused(Reason::NotDecodable, format!("not UTF-8 text at byte {}", error.valid_up_to()))),
    }
}

/// Appends a line as it is written to a topic of JSON.
pub(super) fn write_line(
    record: &'static str,
    line: Result<Box<RawValue>, serde_json::Error>,
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    let line = line.map_err(|error| WireError::Encode { record, message: error.to_string() })?;
    out.extend_from_slice(line.get().as_bytes());
    Ok(())
}
