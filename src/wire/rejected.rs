//! Dead letters: the original key and bytes, and in headers where it stood and why it was refused, parked or resumed.
//!
//! Headers are those of Kafka Connect's dead letters, the class name being our reason code, and four of our own.

use super::WireError;
use crate::domain::output::{RejectKind, RejectRecord};
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::{Batch, Row};
use std::str::FromStr;

pub const TOPIC: &str = "__connect.errors.topic";
pub const PARTITION: &str = "__connect.errors.partition";
pub const OFFSET: &str = "__connect.errors.offset";
pub const REASON: &str = "__connect.errors.exception.class.name";
pub const MESSAGE: &str = "__connect.errors.exception.message";
pub const KIND: &str = "accrue.kind";
pub const FIELD: &str = "accrue.field";
/// Length of the whole original value.
pub const BYTES: &str = "accrue.bytes";
/// BLAKE3 of the whole original value.
pub const HASH: &str = "accrue.blake3";

pub(super) fn headers(record: &RejectRecord) -> Vec<(String, Vec<u8>)> {
    let position = record.position;
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    vec![
        header(TOPIC, position.topic.name()),
        header(PARTITION, &position.partition.to_string()),
        header(OFFSET, &position.offset.to_string()),
        header(REASON, record.reject.reason.code()),
        header(MESSAGE, &record.reject.message),
        header(KIND, record.kind.name()),
        header(FIELD, &record.reject.field),
        header(BYTES, &record.original_bytes.to_string()),
        header(HASH, &record.original_hash),
    ]
}

/// A record of the topic `rejected`.
pub fn read_reject(batch: &Batch, row: &Row) -> Result<RejectRecord, WireError> {
    let topic = header(row, TOPIC)?;
    let reason = header(row, REASON)?;
    let kind = header(row, KIND)?;
    let position = Position {
        topic: Topic::from_name(topic).ok_or_else(|| unknown(TOPIC, topic))?,
        partition: number(row, PARTITION)?,
        offset: number(row, OFFSET)?,
    };
    let reason = Reason::from_code(reason).ok_or_else(|| unknown(REASON, reason))?;
    Ok(RejectRecord {
        kind: kind_from_name(kind).ok_or_else(|| unknown(KIND, kind))?,
        position,
        key: batch.key(row).unwrap_or_default().to_vec(),
        reject: Reject::new(reason, header(row, FIELD)?, header(row, MESSAGE)?.into()),
        original: batch.value(row).unwrap_or_default().to_vec(),
        original_bytes: number(row, BYTES)?,
        original_hash: header(row, HASH)?.into(),
    })
}

fn kind_from_name(name: &str) -> Option<RejectKind> {
    [RejectKind::Rejected, RejectKind::Parked, RejectKind::Resumed].into_iter().find(|kind| kind.name() == name)
}

fn header<'r>(row: &'r Row, name: &str) -> Result<&'r str, WireError> {
    let found = row.headers.iter().find(|(found, _)| found == name);
    let text = found.and_then(|(_, value)| std::str::from_utf8(value).ok());
    text.ok_or_else(|| wrong(format!("no header {name} with text")))
}

fn number<T: FromStr>(row: &Row, name: &str) -> Result<T, WireError> {
    let text = header(row, name)?;
    text.parse().map_err(|_| unknown(name, text))
}

fn unknown(name: &str, value: &str) -> WireError {
    wrong(format!("header {name} cannot be \"{value}\""))
}

fn wrong(message: String) -> WireError {
    WireError::Decode { record: "rejected", message }
}
