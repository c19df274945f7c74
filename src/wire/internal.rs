//! Records that only accrue reads: notes about closes, payouts before their release, and what runs leave behind.
//!
//! A version byte and postcard: the reader is never another version than one that knows the byte.

use super::WireError;
use crate::domain::output::{CloseNote, Payout, RunBalance};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// First byte of a payout's draft.
const VERSION: u8 = 1;
/// First byte of a close note. Version 1 knew no settlements, version 2 no adjustments.
const NOTE_VERSION: u8 = 3;
/// First byte of a balance, which shares its topic with the drafts.
const BALANCE_VERSION: u8 = 2;

/// A record of the topic of drafts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    Payout(Payout),
    Balance(RunBalance),
}

pub fn write_close_note(note: &CloseNote) -> Result<Vec<u8>, WireError> {
    write("closes", NOTE_VERSION, note)
}

pub fn read_close_note(value: &[u8]) -> Result<CloseNote, WireError> {
    /// The number of `CloseNote::SourceClosed`, the first.
    const SOURCE_CLOSED: u8 = 0;
    match value {
        // Its last fields came with versions 2 and 3: none of these inputs is the closed epoch's.
        [1, SOURCE_CLOSED, body @ ..] => read("closes", NOTE_VERSION, &[&[NOTE_VERSION, SOURCE_CLOSED], body, &[0, 0]].concat()),
        [2, SOURCE_CLOSED, body @ ..] => read("closes", NOTE_VERSION, &[&[NOTE_VERSION, SOURCE_CLOSED], body, &[0]].concat()),
        [1 | 2, body @ ..] => read("closes", NOTE_VERSION, &[&[NOTE_VERSION], body].concat()),
        _ => read("closes", NOTE_VERSION, value),
    }
}

pub fn write_payout_draft(payout: &Payout) -> Result<Vec<u8>, WireError> {
    write("payout-draft", VERSION, payout)
}

pub fn write_run_balance(balance: &RunBalance) -> Result<Vec<u8>, WireError> {
    write("payout-draft", BALANCE_VERSION, balance)
}

pub fn read_draft(value: &[u8]) -> Result<Draft, WireError> {
    match value.first() {
        Some(&BALANCE_VERSION) => read("payout-draft", BALANCE_VERSION, value).map(Draft::Balance),
        _ => read("payout-draft", VERSION, value).map(Draft::Payout),
    }
}

fn write<T: Serialize>(record: &'static str, version: u8, value: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_extend(value, vec![version]).map_err(|error| WireError::Encode { record, message: error.to_string() })
}

fn read<T: DeserializeOwned>(record: &'static str, expected: u8, value: &[u8]) -> Result<T, WireError> {
    let wrong = |message: String| WireError::Decode { record, message };
    match value {
        [version, body @ ..] if *version == expected => {
            let (read, rest) = postcard::take_from_bytes(body).map_err(|error| wrong(error.to_string()))?;
            if rest.is_empty() { Ok(read) } else { Err(wrong(format!("{} bytes after the end of the record", rest.len()))) }
        }
        [version, ..] => Err(wrong(format!("version {version}, expected {expected}"))),
        [] => Err(wrong("an empty value".into())),
    }
}
