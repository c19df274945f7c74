//! Records that only accrue reads: notes about closes, and payouts before their release.
//!
//! A version byte and postcard: the reader is never another version than one that knows the byte.

use super::WireError;
use crate::domain::output::{CloseNote, Payout};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// First byte of every internal record.
const VERSION: u8 = 1;

pub fn write_close_note(note: &CloseNote) -> Result<Vec<u8>, WireError> {
    write("closes", note)
}

pub fn read_close_note(value: &[u8]) -> Result<CloseNote, WireError> {
    read("closes", value)
}

pub fn write_payout_draft(payout: &Payout) -> Result<Vec<u8>, WireError> {
    write("payout-draft", payout)
}

pub fn read_payout_draft(value: &[u8]) -> Result<Payout, WireError> {
    read("payout-draft", value)
}

fn write<T: Serialize>(record: &'static str, value: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_extend(value, vec![VERSION]).map_err(|error| WireError::Encode { record, message: error.to_string() })
}

fn read<T: DeserializeOwned>(record: &'static str, value: &[u8]) -> Result<T, WireError> {
    let wrong = |message: String| WireError::Decode { record, message };
    match value {
        [VERSION, body @ ..] => {
            let (read, rest) = postcard::take_from_bytes(body).map_err(|error| wrong(error.to_string()))?;
            if rest.is_empty() { Ok(read) } else { Err(wrong(format!("{} bytes after the end of the record", rest.len()))) }
        }
        [version, ..] => Err(wrong(format!("version {version}, expected {VERSION}"))),
        [] => Err(wrong("an empty value".into())),
    }
}
