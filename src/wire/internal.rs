//! Records that only accrue reads: notes about closes, payouts before their release, and what runs leave behind.
//!
//! A version byte and postcard: the reader is never another version than one that knows the byte.

use super::WireError;
use crate::domain::output::{CloseNote, Payout, RunBalance};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;

/// First byte of a payout's draft. Version 1 knew no pay in another currency.
const VERSION: u8 = 3;
/// First byte of a close note. Version 1 knew no settlements, version 2 no adjustments, version 3 no other currencies.
const NOTE_VERSION: u8 = 4;
/// First byte of a balance, which shares its topic with the drafts. Version 2 knew no pay in another currency.
const BALANCE_VERSION: u8 = 4;

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
    /// The numbers of `CloseNote::SourceClosed`, the first, and `CloseNote::RunComputed`.
    const SOURCE_CLOSED: u8 = 0;
    const RUN_COMPUTED: u8 = 1;
    let since: &[u8] = match value {
        // Its last fields came with versions 2 and 3: none of these inputs is the closed epoch's.
        [1, SOURCE_CLOSED, ..] => &[0, 0],
        [2, SOURCE_CLOSED, ..] => &[0],
        // Its last field came with version 4: no other currency.
        [1..=3, RUN_COMPUTED, ..] => &[0],
        _ => &[],
    };
    read_since("closes", 1..=3, NOTE_VERSION, value, since)
}

pub fn write_payout_draft(payout: &Payout) -> Result<Vec<u8>, WireError> {
    write("payout-draft", VERSION, payout)
}

pub fn write_run_balance(balance: &RunBalance) -> Result<Vec<u8>, WireError> {
    write("payout-draft", BALANCE_VERSION, balance)
}

pub fn read_draft(value: &[u8]) -> Result<Draft, WireError> {
    match value.first() {
        Some(&BALANCE_VERSION | 2) => read_since("payout-draft", 2..=2, BALANCE_VERSION, value, &[0]).map(Draft::Balance),
        _ => read_since("payout-draft", 1..=1, VERSION, value, &[0]).map(Draft::Payout),
    }
}

/// Reads a record of an earlier version, too: behind it stands what came `since`.
fn read_since<T: DeserializeOwned>(
    record: &'static str,
    earlier: RangeInclusive<u8>,
    version: u8,
    value: &[u8],
    since: &[u8],
) -> Result<T, WireError> {
    match value {
        [of, body @ ..] if earlier.contains(of) => read(record, version, &[&[version], body, since].concat()),
        _ => read(record, version, value),
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
