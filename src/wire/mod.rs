//! Records as bytes and back: Avro in Confluent framing, JSON lines, and the internal records.
//!
//! [`Codec`] is the way in and out; what an input is refused for is a [`Reject`], what keeps an output from being
//! written is a [`WireError`]. `schema` frames, `deal`, `quota`, `settlement`, `adjustment`, `fact`, `output` and `acknowledgement` say how
//! each record's fields stand, `published` has their schemas and `avro` what those say, `route` decides topic, key and partition, `json` is the same records as text, `others` takes what is written
//! otherwise, `records` has their types under one roof. Of headers, `cloud_event` and `trace` are what others say in them,
//! `contexts` what a transaction remembers of that, and `envelope` what is written.

mod acknowledgement;
mod adjustment;
pub mod avro;
mod clawback;
pub mod cloud_event;
mod component;
mod contexts;
mod contracts;
mod deal;
mod decimal;
mod direction;
pub mod envelope;
mod fact;
mod gate;
mod internal;
pub mod json;
pub mod keys;
mod lookup;
mod measure;
mod mode;
mod others;
mod output;
mod own_amounts;
mod own_modifiers;
mod pay_terms;
mod payout;
mod plan;
mod pool;
pub mod published;
mod quota;
mod rates;
pub mod records;
pub mod rejected;
mod results;
mod route;
mod schema;
mod settlement;
mod territory;
mod tiers;
pub mod trace;
mod writers;

pub use contexts::Contexts;
pub use contracts::{Contracts, Format, PinnedSchema};
pub use internal::{Draft, read_close_note, read_draft, write_close_note, write_payout_draft, write_run_balance};
pub use others::{OPEN_TOPICS, Raw};
pub use rejected::read_reject;
pub use results::{RESULT_TOPICS, needs_no_schema};
pub use writers::{Ask, SchemaId};

use crate::domain::acknowledgement::PayoutAcknowledged;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::deal::DealClosed;
use crate::domain::fact::Fact;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::{Reason, Reject};
use crate::domain::settlement::DealSettled;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::pipeline::Input;
use crate::pipeline::packed::PackedCredits;
use acknowledgement::AcknowledgementRecord;
use adjustment::AdjustmentRecord;
use deal::{ReadDeal, WriteDeal};
use fact::FactRecord;
use output::Wrong;
use published::Published;
use quota::QuotaRecord;
use schema::Schema;
use settlement::SettlementRecord;
use writers::Writers;

/// What keeps a record from being written, or one of our own from being read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The embedded schemas or their ids do not hold together.
    #[error("schema {name}: {message}")]
    Schema { name: &'static str, message: String },
    #[error("{record} record cannot be written: {message}")]
    Encode { record: &'static str, message: String },
    #[error("{record} record cannot be read: {message}")]
    Decode { record: &'static str, message: String },
    /// The registry cannot be asked for a schema now.
    #[error("{0}")]
    Unavailable(String),
}

/// Why an input is not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is wrong, for ever.
    #[error("{0}")]
    Refused(Reject),
    /// It may be good: nobody can tell now under which schema it was written.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Reject> for Unread {
    fn from(reject: Reject) -> Unread {
        Unread::Refused(reject)
    }
}

fn encode(record: &'static str) -> impl Fn(Wrong) -> WireError {
    move |message| WireError::Encode { record, message }
}

fn decode<M: ToString>(record: &'static str) -> impl Fn(M) -> WireError {
    move |message| WireError::Decode { record, message: message.to_string() }
}

/// The schemas under their ids.
pub struct Codec {
    deal_closed: Schema,
    quota_changed: Schema,
    deal_settled: Schema,
    adjustment_made: Schema,
    facts: Schema,
    attainment: Schema,
    accrual: Schema,
    payout: Schema,
    payout_run: Schema,
    payee: Schema,
    payout_acknowledged: Schema,
    /// Schemas of others; `None`: ids are those of `schemas/ids.toml`.
    writers: Option<Writers>,
    /// Of topics that are not Avro alone.
    formats: Vec<(Topic, Format)>,
    /// Of what others read, as events. Empty: they are none.
    event_source: String,
}

impl Codec {
    /// The codec of the embedded schemas.
    pub fn new() -> Result<Codec, WireError> {
        let ids = published::ids().map_err(|error| WireError::Schema { name: "ids", message: error.to_string() })?;
        let schema = |topic: Topic| {
            let name = topic.name();
            let broken = |message: &str| WireError::Schema { name, message: message.into() };
            let published = Published::of(topic).ok_or_else(|| broken("is not embedded"))?;
            Schema::new(published, *ids.get(name).ok_or_else(|| broken("has no id in ids.toml"))?)
        };
        Ok(Codec {
            deal_closed: schema(Topic::DealClosed)?,
            quota_changed: schema(Topic::QuotaChanged)?,
            deal_settled: schema(Topic::DealSettled)?,
            adjustment_made: schema(Topic::AdjustmentMade)?,
            facts: schema(Topic::Facts)?,
            attainment: schema(Topic::Attainment)?,
            accrual: schema(Topic::Accrual)?,
            payout: schema(Topic::Payout)?,
            payout_run: schema(Topic::PayoutRun)?,
            payee: schema(Topic::Payee)?,
            payout_acknowledged: schema(Topic::PayoutAcknowledged)?,
            writers: None,
            formats: Vec::new(),
            event_source: String::new(),
        })
    }

    /// An input record of one of our schemas, or why it is refused. The order of checks is fixed: size, framing, schema, content, key, partition.
    pub fn input<'b>(
        &self,
        position: Position,
        partitions: u32,
        key: Option<&'b [u8]>,
        value: Option<&'b [u8]>,
        maximum_bytes: usize,
    ) -> Result<Input<'b>, Reject> {
        check_size(position.topic, value, maximum_bytes)?;
        match position.topic {
            Topic::DealClosed => {
                let deal = self.deal(value)?;
                check_place(position, partitions, key, "deal_id", deal.deal_id)?;
                Ok(Input::Deal(deal))
            }
            Topic::QuotaChanged => {
                let quota = self.quota(value)?;
                check_place(position, partitions, key, "payee_id", quota.payee_id)?;
                Ok(Input::Quota(quota))
            }
            Topic::DealSettled => {
                let settled = self.settlement(value)?;
                check_place(position, partitions, key, "deal_id", settled.deal_id)?;
                Ok(Input::Settlement(settled))
            }
            Topic::AdjustmentMade => {
                let made = self.adjustment(value)?;
                check_place(position, partitions, key, "payee_id", &made.payee_id)?;
                Ok(Input::Adjustment(made))
            }
            Topic::Credits => packed(value).map(Input::Credits),
            other => Err(Reject::new(Reason::NotSupported, "", format!("topic {} is not an input of a stage", other.name()))),
        }
    }

    /// A fact, or why it is refused: a mode that is not built is `not_supported`, named with the ones that are.
    pub fn fact(&self, value: &[u8]) -> Result<Fact, Unread> {
        self.learn_ours(&self.facts, value)?;
        Ok(self.facts.read::<FactRecord>(Some(value))?.fact()?)
    }

    /// A fact; `None` where it is refused.
    pub fn read_fact(&self, value: &[u8]) -> Result<Option<Fact>, WireError> {
        match self.fact(value) {
            Ok(fact) => Ok(Some(fact)),
            Err(unread) => unread.reject().map(|_| None),
        }
    }

    fn deal<'b>(&self, value: Option<&'b [u8]>) -> Result<DealClosed<'b>, Reject> {
        let ReadDeal(deal) = self.deal_closed.read(value)?;
        deal::check_ranges(&deal)?;
        deal.check()?;
        Ok(deal)
    }

    fn quota<'b>(&self, value: Option<&'b [u8]>) -> Result<QuotaChanged<'b>, Reject> {
        let quota = self.quota_changed.read::<QuotaRecord<'b>>(value)?.quota()?;
        quota.check()?;
        Ok(quota)
    }

    fn settlement<'b>(&self, value: Option<&'b [u8]>) -> Result<DealSettled<'b>, Reject> {
        let settled = self.deal_settled.read::<SettlementRecord<'b>>(value)?.settlement()?;
        settled.check()?;
        Ok(settled)
    }

    fn adjustment(&self, value: Option<&[u8]>) -> Result<AdjustmentMade, Reject> {
        let made = self.adjustment_made.read::<AdjustmentRecord>(value)?.adjustment()?;
        made.check()?;
        Ok(made)
    }

    pub fn write_deal(&self, deal: &DealClosed<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self.writes_json(Topic::DealClosed) {
            true => others::write_line("deal-closed", json::deal_line(deal), out),
            false => self.frame_deal(deal, out),
        }
    }

    fn frame_deal(&self, deal: &DealClosed<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.deal_closed.write(&WriteDeal(deal), out)
    }

    pub fn write_quota(&self, quota: &QuotaChanged<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self.writes_json(Topic::QuotaChanged) {
            true => others::write_line("quota-changed", json::quota_line(quota), out),
            false => self.frame_quota(quota, out),
        }
    }

    fn frame_quota(&self, quota: &QuotaChanged<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.quota_changed.write(&QuotaRecord::new(quota), out)
    }

    pub fn write_settlement(&self, settled: &DealSettled<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self.writes_json(Topic::DealSettled) {
            true => others::write_line("deal-settled", json::settlement_line(settled), out),
            false => self.frame_settlement(settled, out),
        }
    }

    fn frame_settlement(&self, settled: &DealSettled<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.deal_settled.write(&SettlementRecord::new(settled), out)
    }

    pub fn write_adjustment(&self, made: &AdjustmentMade, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self.writes_json(Topic::AdjustmentMade) {
            true => others::write_line("adjustment-made", json::adjustment_line(made), out),
            false => self.frame_adjustment(made, out),
        }
    }

    fn frame_adjustment(&self, made: &AdjustmentMade, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.adjustment_made.write(&AdjustmentRecord::new(made), out)
    }

    pub fn write_acknowledgement(&self, of: &PayoutAcknowledged<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self.writes_json(Topic::PayoutAcknowledged) {
            true => others::write_line("payout-acknowledged", json::acknowledgement_line(of), out),
            false => self.frame_acknowledgement(of, out),
        }
    }

    fn frame_acknowledgement(&self, of: &PayoutAcknowledged<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.payout_acknowledged.write(&AcknowledgementRecord::new(of), out)
    }

    pub fn write_fact(&self, fact: &Fact, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.facts.write(&FactRecord::new(fact).map_err(encode("facts"))?, out)
    }

    /// A deal whose place in the log does not matter.
    pub fn read_deal<'b>(&self, value: &'b [u8]) -> Result<DealClosed<'b>, WireError> {
        self.deal(Some(value)).map_err(decode("deal-closed"))
    }

    /// A quota whose place in the log does not matter.
    pub fn read_quota<'b>(&self, value: &'b [u8]) -> Result<QuotaChanged<'b>, WireError> {
        self.quota(Some(value)).map_err(decode("quota-changed"))
    }

    /// A settlement whose place in the log does not matter.
    pub fn read_settlement<'b>(&self, value: &'b [u8]) -> Result<DealSettled<'b>, WireError> {
        self.settlement(Some(value)).map_err(decode("deal-settled"))
    }

    /// An adjustment whose place in the log does not matter.
    pub fn read_adjustment(&self, value: &[u8]) -> Result<AdjustmentMade, WireError> {
        self.adjustment(Some(value)).map_err(decode("adjustment-made"))
    }

    /// What payroll says, or why its record is refused: no stage reads it first.
    pub fn acknowledgement<'b>(
        &self,
        position: Position,
        partitions: u32,
        key: Option<&[u8]>,
        value: Option<&'b [u8]>,
    ) -> Result<PayoutAcknowledged<'b>, Reject> {
        let said = self.said(value)?;
        check_place(position, partitions, key, "payee_id", said.payee_id)?;
        Ok(said)
    }

    fn said<'b>(&self, value: Option<&'b [u8]>) -> Result<PayoutAcknowledged<'b>, Reject> {
        let said = self.payout_acknowledged.read::<AcknowledgementRecord<'b>>(value)?.acknowledgement()?;
        said.check()?;
        Ok(said)
    }

    /// What payroll says, wherever its record stands.
    pub fn read_acknowledgement<'b>(&self, value: &'b [u8]) -> Result<PayoutAcknowledged<'b>, WireError> {
        self.said(Some(value)).map_err(decode("payout-acknowledged"))
    }
}

/// The limit is for what comes from outside: one large deal may make larger credits.
fn check_size(topic: Topic, value: Option<&[u8]>, maximum_bytes: usize) -> Result<(), Reject> {
    match value.map(<[u8]>::len).filter(|bytes| topic != Topic::Credits && *bytes > maximum_bytes) {
        Some(bytes) => Err(Reject::new(Reason::RecordTooLarge, "", format!("{bytes} bytes, more than {maximum_bytes}"))),
        None => Ok(()),
    }
}

/// The key must be the record's id, and the partition the key's.
fn check_place(position: Position, partitions: u32, key: Option<&[u8]>, field: &str, id: &str) -> Result<(), Reject> {
    if key != Some(id.as_bytes()) {
        let found = key.map_or("no key".into(), |key| format!("key \"{}\"", key.escape_ascii()));
        return Err(Reject::new(Reason::KeyMismatch, field, format!("{found}, but the record is of \"{id}\"")));
    }
    let expected = partition_of(id.as_bytes(), partitions);
    if expected == position.partition {
        return Ok(());
    }
    let message = format!("in partition {}, expected {expected} of {partitions} (murmur2 of the key)", position.partition);
    Err(Reject::new(Reason::WrongPartition, field, message))
}

fn packed(value: Option<&[u8]>) -> Result<PackedCredits<'_>, Reject> {
    let value = value.ok_or_else(|| Reject::new(Reason::UnknownFormat, "", "no value, expected packed credits".into()))?;
    PackedCredits::decode(value).map_err(|error| Reject::new(Reason::NotDecodable, "", error.to_string()))
}

#[cfg(test)]
mod tests;
