//! CloudEvents 1.0 in Kafka's binary mode, as others write them: the event's attributes in headers, its data as the value.
//!
//! Of the attributes only these matter here: the version, what the data is, and who a rejected one is. Structured mode is
//! refused: its value is an envelope, not the record.

use super::{Codec, Format};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::Topic;

/// What makes a record an event.
pub const VERSION: &str = "ce_specversion";
pub const ID: &str = "ce_id";
pub const SOURCE: &str = "ce_source";
/// Heeded on events alone: elsewhere programs write what they like.
pub const CONTENT_TYPE: &str = "content-type";
pub const JSON: &str = "application/json";
pub const AVRO: &str = "application/avro";

/// Types of data that are Avro, in binary.
const AVRO_TYPES: [&str; 4] = [AVRO, "avro/binary", "application/vnd.apache.avro", "application/vnd.apache.avro+binary"];
/// Avro's other encoding is no record of ours.
const AVRO_AS_JSON: &str = "application/vnd.apache.avro+json";
/// An id or source that is longer is not repeated beside a reject.
const MAXIMUM_NAME_BYTES: usize = 1_024;

/// Which event a record is, for whoever has to find it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub source: String,
}

fn header<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_slice())
}

/// How an event says that its value is written; `None` where it says nothing, and of a record that is no event.
pub fn stated_format(headers: &[(String, Vec<u8>)]) -> Result<Option<Format>, Reject> {
    if headers.is_empty() {
        return Ok(None);
    }
    let content_type = header(headers, CONTENT_TYPE).map(media_type);
    if content_type.as_deref().is_some_and(is_structured) {
        return Err(refused(CONTENT_TYPE, content_type.as_deref().unwrap_or_default(), STRUCTURED));
    }
    let Some(version) = header(headers, VERSION) else { return Ok(None) };
    check_version(version)?;
    content_type.map(|stated| format_of(&stated)).transpose()
}

const STRUCTURED: &str = "an event in structured mode is not read: send it in binary mode, with its attributes in headers";

/// The version of an event, which has to be 1.x.
pub fn check_version(version: &[u8]) -> Result<(), Reject> {
    let minor = version.strip_prefix(b"1.").filter(|minor| !minor.is_empty() && minor.iter().all(u8::is_ascii_digit));
    minor.map(drop).ok_or_else(|| refused(VERSION, &String::from_utf8_lossy(version), "expected 1.0"))
}

/// A media type without its parameters, in small letters.
pub fn media_type(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub fn is_structured(media_type: &str) -> bool {
    media_type.starts_with("application/cloudevents")
}

/// What data of a media type is.
pub fn format_of(media_type: &str) -> Result<Format, Reject> {
    let is_json = (media_type.ends_with("/json") || media_type.ends_with("+json")) && media_type != AVRO_AS_JSON;
    match media_type {
        avro if AVRO_TYPES.contains(&avro) => Ok(Format::Avro),
        _ if is_json => Ok(Format::Json),
        other => Err(refused(CONTENT_TYPE, other, "expected application/json, one that ends with +json, or application/avro")),
    }
}

fn refused(name: &str, value: &str, expected: &str) -> Reject {
    Reject::new(Reason::UnknownFormat, name, format!("header {name} is \"{}\", {expected}", value.escape_debug()))
}

impl Event {
    /// `None`: it is no event, or says neither.
    pub fn of(headers: &[(String, Vec<u8>)]) -> Option<Event> {
        header(headers, VERSION)?;
        let name = |of: &str| {
            let text = header(headers, of).and_then(|value| std::str::from_utf8(value).ok());
            text.filter(|text| text.len() <= MAXIMUM_NAME_BYTES).unwrap_or_default().to_owned()
        };
        let event = Event { id: name(ID), source: name(SOURCE) };
        Some(event).filter(|event| event.bytes() > 0)
    }

    pub(super) fn bytes(&self) -> usize {
        self.id.len() + self.source.len()
    }
}

impl Codec {
    /// What the value of a record that this program writes is, as `content-type` says it.
    pub fn content_type(&self, topic: Topic) -> &'static str {
        if self.writes_json(topic) { JSON } else { AVRO }
    }
}
