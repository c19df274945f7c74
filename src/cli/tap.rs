//! `accrue tap`: the records of a topic as lines of JSON, from its start, from its end on, or as they come.

use super::console::Console;
use super::exit::{Exit, usage_error};
use super::session::{LogOptions, Session};
use crate::domain::topic::Topic;
use crate::log::{Batch, Row};
use crate::read::scan::Cursor;
use crate::wire::envelope::is_envelope;
use crate::wire::json::{acknowledgement_line, adjustment_line, deal_line, quota_line, settlement_line, to_json};
use crate::wire::{Codec, Raw, read_reject};
use clap::Args;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How often it is looked for new records.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub struct Tap {
    /// A topic without its prefix, like payout; of an internal
    /// one only the size of records is shown
    #[arg(verbatim_doc_comment)]
    topic: String,
    #[command(flatten)]
    log: LogOptions,
    /// Only the last of what is there
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Only records with this key
    #[arg(long)]
    key: Option<String>,
}

/// A record as it is shown.
#[derive(Serialize)]
struct Shown {
    topic: &'static str,
    partition: u32,
    offset: u64,
    timestamp_ms: i64,
    key: Option<String>,
    /// Those of its event and its trace.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// `null` for a tombstone.
    value: Option<Box<RawValue>>,
    /// Of an internal record, or of one that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Tap {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let names = || Topic::ALL.map(Topic::name).join(", ");
        let topic = Topic::from_name(&self.topic);
        let topic =
            topic.ok_or_else(|| usage_error(format!("there is no topic \"{}\"; the topics are {}", self.topic, names())))?;
        let session = Session::without_engine(&self.log, None, console)?;
        let mut cursor = Cursor::at_start(session.client(), topic)?;
        if let Some(last) = self.last {
            let mut kept = VecDeque::new();
            while cursor.advance_some(session.client(), |batch, row| {
                kept.extend(self.shown(session.codec(), batch, row));
                kept.drain(..kept.len().saturating_sub(last));
                Ok(())
            })? {}
            kept.iter().try_for_each(|shown| console.object(shown))?;
        }
        loop {
            let mut some = Vec::new();
            let more = cursor.advance_some(session.client(), |batch, row| {
                some.extend(self.shown(session.codec(), batch, row));
                Ok(())
            })?;
            some.iter().try_for_each(|shown| console.object(shown))?;
            match (more, self.follow) {
                (true, _) => {}
                (false, true) => std::thread::sleep(LOOK),
                (false, false) => return Ok(Exit::Done),
            }
        }
    }

    /// `None`: it has another key.
    fn shown(&self, codec: &Codec, batch: &Batch, row: &Row) -> Option<Shown> {
        let key = batch.key(row).map(|key| String::from_utf8_lossy(key).into_owned());
        if self.key.is_some() && key != self.key {
            return None;
        }
        let position = row.position;
        let (value, error) = match decoded(codec, batch, row) {
            Ok(value) => (value, None),
            Err(error) => (None, Some(error)),
        };
        let unread = value.is_none() && batch.value(row).is_some();
        let bytes = unread.then(|| batch.value(row).map_or(0, <[u8]>::len));
        let (topic, partition, offset, timestamp_ms) =
            (position.topic.name(), position.partition, position.offset, row.timestamp_ms);
        let said = row.headers.iter().filter(|(name, _)| is_envelope(name));
        let headers = said.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect();
        Some(Shown { topic, partition, offset, timestamp_ms, key, headers, value, bytes, error })
    }
}

/// `None` for what has no value, or is internal.
fn decoded(codec: &Codec, batch: &Batch, row: &Row) -> Result<Option<Box<RawValue>>, String> {
    let topic = row.position.topic;
    if topic == Topic::Rejected {
        return read_reject(batch, row).map_err(text).and_then(|of| to_raw_value(&to_json(&of)).map_err(text)).map(Some);
    }
    let mut scratch = Vec::new();
    if batch.value(row).is_none() {
        return Ok(None);
    }
    let value = codec.own(Raw::of(batch, row), &mut scratch).map_err(text)?.unwrap_or_default();
    let line = match topic {
        Topic::DealClosed => deal_line(&codec.read_deal(value).map_err(text)?),
        Topic::QuotaChanged => quota_line(&codec.read_quota(value).map_err(text)?),
        Topic::DealSettled => settlement_line(&codec.read_settlement(value).map_err(text)?),
        Topic::AdjustmentMade => adjustment_line(&codec.read_adjustment(value).map_err(text)?),
        Topic::PayoutAcknowledged => acknowledgement_line(&codec.read_acknowledgement(value).map_err(text)?),
        Topic::Facts => to_raw_value(&codec.fact_json(&codec.fact(value).map_err(text)?).map_err(text)?),
        Topic::Attainment => to_raw_value(&to_json(&codec.read_attainment(value).map_err(text)?)),
        Topic::Accrual => to_raw_value(&to_json(&codec.read_accrual(value).map_err(text)?)),
        Topic::Payout => to_raw_value(&to_json(&codec.read_payout(value).map_err(text)?)),
        Topic::PayoutRun => to_raw_value(&to_json(&codec.read_payout_run(value).map_err(text)?)),
        Topic::Payee => to_raw_value(&to_json(&codec.read_payee_name(value).map_err(text)?)),
        _ => return Ok(None),
    };
    line.map(Some).map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
