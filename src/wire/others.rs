//! What others write otherwise than this program does, made a record that it reads: JSON, where a topic's format or an event
//! says so, and Avro under schemas of a registry.
//!
//! Such a value is written again under our own schema before anything looks at it. So there is one reading of each
//! input: the same checks, the same content of two deliveries of which one came as JSON.

use super::cloud_event;
use super::json::{acknowledgement_from_line, adjustment_from_line, deal_from_line, quota_from_line, settlement_from_line};
use super::published::PUBLISHED;
use super::results::needs_no_schema;
use super::schema::{MAGIC, Schema, frame};
use super::writers::{Writer, Writers};
use super::{Ask, Codec, Format, PinnedSchema, SchemaId, Unread, WireError};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::{Batch, Row};
use crate::pipeline::Input;
use serde_json::value::RawValue;

/// The topics that others write, in a format that can be chosen; results have formats of their own.
pub const OPEN_TOPICS: [Topic; 5] =
    [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade, Topic::PayoutAcknowledged];

/// Confluent's other way to name a schema: in a header, the value being the record alone.
pub const HEADER: &str = "__value_schema_id";
/// First byte of a header that holds a guid; one with an id starts with [`MAGIC`].
const GUID_MAGIC: u8 = 1;

/// A record as it stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'b> {
    pub position: Position,
    pub key: Option<&'b [u8]>,
    pub value: Option<&'b [u8]>,
    pub headers: &'b [(String, Vec<u8>)],
}

impl<'b> Raw<'b> {
    pub fn of(batch: &'b Batch, row: &'b Row) -> Raw<'b> {
        Raw { position: row.position, key: batch.key(row), value: batch.value(row), headers: &row.headers }
    }

    fn schema_header(&self) -> Option<&'b [u8]> {
        self.headers.iter().find(|(name, _)| name == HEADER).map(|(_, value)| value.as_slice())
    }
}

impl Codec {
    /// Reads, and writes, topics as they are said to be written.
    pub fn with_formats(mut self, formats: &[(Topic, Format)]) -> Codec {
        let open = |topic: Topic, format| OPEN_TOPICS.contains(&topic) && format != Format::Avro;
        let chosen = formats.iter().filter(|(topic, format)| open(*topic, *format) || needs_no_schema(*topic, *format));
        self.formats.extend(chosen);
        self
    }

    pub fn format(&self, topic: Topic) -> Format {
        self.formats.iter().find(|(of, _)| *of == topic).map_or(Format::Avro, |(_, format)| *format)
    }

    pub(super) fn writes_json(&self, topic: Topic) -> bool {
        self.format(topic) == Format::Json
    }

    /// Whether a value of a topic is to be read as JSON, and who says so: an event itself, or else the topic's format.
    fn is_json(&self, raw: &Raw<'_>) -> Result<Option<&'static str>, Reject> {
        // What this program alone writes is told by its first byte: `results` do that.
        if !OPEN_TOPICS.contains(&raw.position.topic) {
            return Ok(None);
        }
        let stated = cloud_event::stated_format(raw.headers)?;
        let json = match stated.unwrap_or_else(|| self.format(raw.position.topic)) {
            Format::Avro => false,
            Format::Json => true,
            Format::Either => raw.schema_header().is_none() && raw.value.is_some_and(|bytes| !bytes.starts_with(&[MAGIC])),
        };
        let said = if stated.is_some() { "header content-type says so" } else { "the topic's format is json" };
        Ok(json.then_some(said))
    }

    /// An input record, however it is written, or why it is refused. The order of checks is fixed: size, form, content,
    /// key, partition.
    pub fn take<'b>(
        &self,
        raw: Raw<'b>,
        partitions: u32,
        maximum_bytes: usize,
        scratch: &'b mut Vec<u8>,
    ) -> Result<Input<'b>, Unread> {
        super::check_size(raw.position.topic, raw.value, maximum_bytes)?;
        let value = self.own(raw, scratch)?;
        Ok(self.input(raw.position, partitions, raw.key, value, usize::MAX)?)
    }

    /// A value as this program writes it. What is that already stays where it is, the rest is written into `scratch`.
    pub fn own<'b>(&self, raw: Raw<'b>, scratch: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, Unread> {
        if let Some(said) = self.is_json(&raw)? {
            scratch.clear();
            self.rewrite(raw.position.topic, json_text(raw.value, said)?, scratch)?;
            return Ok(Some(scratch));
        }
        match (&self.writers, self.open_schema(raw.position.topic)) {
            (Some(writers), Some(schema)) => of_writer(writers, schema, raw, scratch),
            _ => Ok(raw.value),
        }
    }

    /// The same for who only looks: `None` where there is none, or it is refused.
    pub fn readable<'b>(&self, raw: Raw<'b>, scratch: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, WireError> {
        self.own(raw, scratch).or_else(|unread| unread.reject().map(|_| None))
    }

    fn open_schema(&self, topic: Topic) -> Option<&Schema> {
        match topic {
            Topic::DealClosed => Some(&self.deal_closed),
            Topic::QuotaChanged => Some(&self.quota_changed),
            Topic::DealSettled => Some(&self.deal_settled),
            Topic::AdjustmentMade => Some(&self.adjustment_made),
            Topic::PayoutAcknowledged => Some(&self.payout_acknowledged),
            _ => None,
        }
    }

    /// Under the ids of a registry: `own` has that of every schema of ours, but for results that are JSON; `ask` tells the
    /// others.
    pub fn with_registry(self, own: impl Fn(Topic) -> Option<u32>, ask: Ask) -> Result<Codec, WireError> {
        let under = |schema: Schema, topic: Topic| {
            let format = self.formats.iter().find(|(of, _)| *of == topic).map_or(Format::Avro, |(_, format)| *format);
            match own(topic) {
                Some(id) => Ok(schema.under(id)),
                None if needs_no_schema(topic, format) => Ok(schema.under_none()),
                None => Err(WireError::Schema { name: topic.name(), message: "has no id of the registry".into() }),
            }
        };
        let writers = Writers::new(ask);
        PUBLISHED.iter().filter_map(|published| own(published.topic)).try_for_each(|id| writers.pin_own(id))?;
        Ok(Codec {
            deal_closed: under(self.deal_closed, Topic::DealClosed)?,
            quota_changed: under(self.quota_changed, Topic::QuotaChanged)?,
            deal_settled: under(self.deal_settled, Topic::DealSettled)?,
            adjustment_made: under(self.adjustment_made, Topic::AdjustmentMade)?,
            facts: under(self.facts, Topic::Facts)?,
            attainment: under(self.attainment, Topic::Attainment)?,
            accrual: under(self.accrual, Topic::Accrual)?,
            payout: under(self.payout, Topic::Payout)?,
            payout_run: under(self.payout_run, Topic::PayoutRun)?,
            payee: under(self.payee, Topic::Payee)?,
            payout_acknowledged: under(self.payout_acknowledged, Topic::PayoutAcknowledged)?,
            writers: Some(writers),
            formats: self.formats,
            event_source: self.event_source,
        })
    }

    pub(super) fn pins(&self) -> Vec<PinnedSchema> {
        self.writers.as_ref().map_or_else(Vec::new, Writers::pins)
    }

    pub(super) fn has_registry(&self) -> bool {
        self.writers.is_some()
    }

    /// Takes over what a commit record says that ids mean.
    pub fn pin(&self, pins: &[PinnedSchema]) -> Result<(), String> {
        let pinned = self.writers.as_ref().map_or(Ok(()), |writers| writers.pin(pins));
        pinned.map_err(|id| format!("schema id {id} is another schema in the registry than it was when it was folded; bring the registry back from a backup"))
    }

    /// Of what this program alone writes: which of our versions a registry's id is, if it is one that is not known yet.
    pub(super) fn learn_ours(&self, schema: &Schema, value: &[u8]) -> Result<(), Unread> {
        match (&self.writers, framed(value)) {
            (Some(writers), Some((id, _))) if !schema.knows(id) => learned(writers, schema, id).map(drop),
            _ => Ok(()),
        }
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

/// The id and the record of a framed value.
fn framed(value: &[u8]) -> Option<(u32, &[u8])> {
    match value {
        [MAGIC, a, b, c, d, body @ ..] => Some((u32::from_be_bytes([*a, *b, *c, *d]), body)),
        _ => None,
    }
}

/// What a header says of the schema.
fn named(header: &[u8]) -> Result<SchemaId, Reject> {
    match header {
        [MAGIC, a, b, c, d] => Ok(SchemaId::Id(u32::from_be_bytes([*a, *b, *c, *d]))),
        [GUID_MAGIC, guid @ ..] if guid.len() == 16 => {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(guid);
            Ok(SchemaId::Guid(bytes))
        }
        _ => {
            let message = format!("header {HEADER} of {} bytes, expected byte 0x00 and an id, or 0x01 and a guid", header.len());
            Err(Reject::new(Reason::UnknownFormat, "", message))
        }
    }
}

/// A value as our own schema writes it, whoever wrote it.
fn of_writer<'b>(writers: &Writers, schema: &Schema, raw: Raw<'b>, scratch: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>, Unread> {
    let Some(value) = raw.value else { return Ok(None) };
    let (id, body) = match (raw.schema_header(), framed(value)) {
        (Some(header), _) => (named(header)?, value),
        (None, Some((id, _))) if schema.knows(id) => return Ok(Some(value)),
        (None, Some((id, body))) => (SchemaId::Id(id), body),
        // No frame: whoever reads it says what it lacks.
        (None, None) => return Ok(Some(value)),
    };
    scratch.clear();
    if let SchemaId::Id(id) = id
        && (schema.knows(id) || learned(writers, schema, id)?)
    {
        if body.len() < value.len() {
            return Ok(Some(value));
        }
        frame(id, scratch);
        scratch.extend_from_slice(body);
        return Ok(Some(scratch));
    }
    match writers.of(schema, id)?.as_ref() {
        Writer::Ours(_) => {
            schema.write_frame(scratch);
            scratch.extend_from_slice(body);
            Ok(Some(scratch))
        }
        Writer::Resolved(resolved) => {
            schema.write_frame(scratch);
            resolved.rewrite(schema.name(), body, scratch)?;
            Ok(Some(scratch))
        }
        Writer::Refused(reject) => Err(reject.clone().into()),
    }
}

/// Asks what an id is; whether it is one of our own versions, which from now on is known by it.
fn learned(writers: &Writers, schema: &Schema, id: u32) -> Result<bool, Unread> {
    let Writer::Ours(version) = *writers.of(schema, SchemaId::Id(id))? else { return Ok(false) };
    schema.learn(id, version);
    Ok(true)
}

/// The text of a value that is to be JSON, as somebody said.
fn json_text<'v>(value: Option<&'v [u8]>, said: &str) -> Result<&'v str, Reject> {
    let refused = |reason, message: String| Err(Reject::new(reason, "", message));
    match value {
        None => refused(Reason::UnknownFormat, "no value, expected a JSON object".into()),
        Some([]) => refused(Reason::UnknownFormat, "an empty value, expected a JSON object".into()),
        Some([0, ..]) => refused(Reason::UnknownFormat, format!("first byte 0x00, expected a JSON object: {said}")),
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
