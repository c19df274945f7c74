//! Headers of what others read: each output as a CloudEvent in Kafka's binary mode, where the config names a source, and the
//! trace of the record that caused it, where that has one.
//!
//! All of it follows from the output and its cause, and nothing from a clock: who computes it again writes the same. What
//! passes between accrue's own workers is no event.

use super::cloud_event::{AVRO, CONTENT_TYPE, Event, ID, JSON, SOURCE, VERSION};
use super::contexts::{Contexts, TOLD};
use super::{Codec, Format, keys};
use crate::domain::output::RejectRecord;
use crate::domain::topic::{Position, Topic};
use crate::pipeline::Output;

pub const TYPE: &str = "ce_type";
pub const SUBJECT: &str = "ce_subject";
pub const TIME: &str = "ce_time";
/// Beside a reject: which event the record was.
pub const ORIGINAL_ID: &str = "accrue.ce_id";
pub const ORIGINAL_SOURCE: &str = "accrue.ce_source";
/// What a rejected record holds.
const BYTES: &str = "application/octet-stream";
/// Of the hash in a reject's id.
const HASH_DIGITS: usize = 16;

pub type Headers = Vec<(String, Vec<u8>)>;

/// What an output is as an event.
struct Written {
    topic: Topic,
    id: String,
    subject: String,
    /// Microseconds since 1970.
    time: Option<i64>,
}

impl Codec {
    /// Writes what others read as events of this source; without one (an empty text) they are none.
    pub fn with_cloud_events(mut self, source: &str) -> Codec {
        self.event_source = source.into();
        self
    }

    /// Nothing, and no allocation, where there is neither a source nor an input with such headers.
    pub(super) fn envelope(&self, output: &Output, contexts: &Contexts) -> Headers {
        if self.event_source.is_empty() && contexts.is_empty() {
            return Headers::new();
        }
        if let Output::Credits { bytes, .. } = output {
            let told = if contexts.is_empty() { None } else { contexts.told(bytes) };
            return told.map(|told| (TOLD.to_owned(), told)).into_iter().collect();
        }
        let mut headers = Headers::new();
        if let Some(event) = event_of(output).filter(|_| !self.event_source.is_empty()) {
            let format = self.format(event.topic);
            event.write(&self.event_source, format, &mut headers);
        }
        let trace = cause_of(output).and_then(|cause| contexts.trace(cause));
        headers.extend(trace.into_iter().flat_map(|trace| trace.headers()));
        if let Output::Rejected { record, .. } = output {
            headers.extend(contexts.event(record.position).into_iter().flat_map(original));
        }
        headers
    }
}

/// The last record that an output follows from. A release publishes payouts: a fact, which has no trace.
fn cause_of(output: &Output) -> Option<Position> {
    match output {
        Output::Accrual(accrual) => Some(accrual.causes.last),
        Output::Attainment { cause, .. } | Output::Rejected { cause, .. } => Some(*cause),
        _ => None,
    }
}

/// Ids of two outputs are never equal: those of accruals end with a number behind a period, those of attainment with one
/// behind an interval and `|`, those of payouts with a period, and those of rejects with a hash behind an offset.
fn event_of(output: &Output) -> Option<Written> {
    let (topic, id, subject, time) = match output {
        Output::Attainment { attainment, .. } => {
            let key = keys::attainment(attainment);
            (Topic::Attainment, format!("{key}/{}", attainment.sequence), key, Some(attainment.as_of))
        }
        Output::Accrual(accrual) => (Topic::Accrual, accrual.accrual_id(), accrual.payee_id.to_string(), Some(accrual.as_of)),
        Output::Payout(payout) => (Topic::Payout, payout.payout_id(), payout.payee_id.clone(), None),
        Output::PayoutRun(run) => (Topic::PayoutRun, run.run_id.clone(), run.run_id.clone(), None),
        Output::Rejected { record, cause } => {
            (Topic::Rejected, reject_id(record, *cause), String::from_utf8_lossy(&record.key).into_owned(), None)
        }
        Output::Credits { .. } | Output::PayoutDraft(_) | Output::RunBalance(_) | Output::Close(_) => return None,
    };
    Some(Written { topic, id, subject, time })
}

/// A record may wait, go on and wait again, each time because of another one: what it is about, what is said, and why now.
fn reject_id(record: &RejectRecord, cause: Position) -> String {
    let place = |of: Position| format!("{}/{}/{}", of.topic.name(), of.partition, of.offset);
    let reject = &record.reject;
    let said = [record.key.as_slice(), reject.reason.code().as_bytes(), reject.field.as_bytes(), reject.message.as_bytes()];
    let hash = blake3::hash(&said.join(&0)).to_hex();
    format!("{}/{}/{}/{}", record.kind.name(), place(record.position), place(cause), &hash[..HASH_DIGITS])
}

impl Written {
    fn write(self, source: &str, format: Format, headers: &mut Headers) {
        let mut push = |name: &str, value: &str| {
            if !value.is_empty() {
                headers.push((name.to_owned(), value.as_bytes().to_vec()));
            }
        };
        push(VERSION, "1.0");
        push(ID, &self.id);
        push(SOURCE, source);
        push(TYPE, &event_type(self.topic));
        push(SUBJECT, &self.subject);
        // What nothing but facts has caused covers no event, and its time is 0.
        let time = self.time.filter(|time| *time != 0).and_then(|time| jiff::Timestamp::from_microsecond(time).ok());
        push(TIME, &time.map_or_else(String::new, |time| time.to_string()));
        push(CONTENT_TYPE, data_type(self.topic, format));
    }
}

/// What the values of a topic that others read are. Of a record that is rejected nobody can tell.
pub fn data_type(topic: Topic, format: Format) -> &'static str {
    match format {
        _ if topic == Topic::Rejected => BYTES,
        Format::Json => JSON,
        Format::Avro | Format::Either => AVRO,
    }
}

/// The type of the events of a topic that others read.
pub fn event_type(topic: Topic) -> String {
    format!("accrue.{}", topic.name())
}

fn original(event: &Event) -> impl Iterator<Item = (String, Vec<u8>)> {
    let names = [(ORIGINAL_ID, &event.id), (ORIGINAL_SOURCE, &event.source)];
    let stated = names.into_iter().filter(|(_, value)| !value.is_empty());
    stated.map(|(name, value)| (name.to_owned(), value.clone().into_bytes()))
}

/// Whether a header is one of these, for whoever shows records.
pub fn is_envelope(name: &str) -> bool {
    use super::trace::{PARENT, STATE};
    name.starts_with("ce_") || [CONTENT_TYPE, PARENT, STATE, ORIGINAL_ID, ORIGINAL_SOURCE].contains(&name)
}
