//! Records that this program alone writes: results, and the names of payees; Avro or JSON, as the topic's format says.
//!
//! What is read is told by its first byte, whatever the format is now, so that it may change.

use super::json::{ToJson, to_json};
use super::output::{AccrualRecord, AttainmentRecord, PayeeNameRecord};
use super::payout::{PayoutRecord, PayoutRunRecord};
use super::schema::Schema;
use super::{Codec, Format, WireError, decode, encode};
use crate::domain::output::{Accrual, Attainment, PayeeName, Payout, PayoutRun};
use crate::domain::topic::Topic;
use serde::{Deserialize, Serialize};

/// The topics of these records: each is Avro or JSON.
pub const RESULT_TOPICS: [Topic; 5] = [Topic::Attainment, Topic::Accrual, Topic::Payout, Topic::PayoutRun, Topic::Payee];

/// Whether a registry has nothing to say of a topic: accrue alone writes it, and as JSON.
pub fn needs_no_schema(topic: Topic, format: Format) -> bool {
    RESULT_TOPICS.contains(&topic) && format == Format::Json
}

impl Codec {
    pub fn write_attainment(&self, attainment: &Attainment, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.write_result(&self.attainment, &AttainmentRecord::new(attainment), attainment, out)
    }

    pub fn write_accrual(&self, accrual: &Accrual, out: &mut Vec<u8>) -> Result<(), WireError> {
        let record = AccrualRecord::new(accrual).map_err(encode("accrual"))?;
        self.write_result(&self.accrual, &record, accrual, out)
    }

    pub fn write_payout(&self, payout: &Payout, out: &mut Vec<u8>) -> Result<(), WireError> {
        let record = PayoutRecord::new(payout).map_err(encode("payout"))?;
        self.write_result(&self.payout, &record, payout, out)
    }

    pub fn write_payout_run(&self, run: &PayoutRun, out: &mut Vec<u8>) -> Result<(), WireError> {
        let record = PayoutRunRecord::new(run).map_err(encode("payout-run"))?;
        self.write_result(&self.payout_run, &record, run, out)
    }

    pub fn write_payee_name(&self, name: &PayeeName, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.write_result(&self.payee, &PayeeNameRecord::new(name), name, out)
    }

    /// What Avro does not take is not written as JSON either: it could not be read back.
    fn write_result<R: Serialize, T: ToJson>(
        &self,
        schema: &Schema,
        record: &R,
        result: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), WireError> {
        let start = out.len();
        schema.write(record, out)?;
        if !self.writes_json(schema.topic()) {
            return Ok(());
        }
        out.truncate(start);
        let wrong = |error: serde_json::Error| WireError::Encode { record: schema.name(), message: error.to_string() };
        serde_json::to_writer(out, &to_json(result)).map_err(wrong)
    }

    pub fn read_attainment(&self, value: &[u8]) -> Result<Attainment, WireError> {
        let mut scratch = Vec::new();
        let record: AttainmentRecord<'_> = self.read_ours(&self.attainment, value, &mut scratch)?;
        record.attainment().map_err(decode("attainment"))
    }

    pub fn read_accrual(&self, value: &[u8]) -> Result<Accrual, WireError> {
        let mut scratch = Vec::new();
        let record: AccrualRecord<'_> = self.read_ours(&self.accrual, value, &mut scratch)?;
        record.accrual().map_err(decode("accrual"))
    }

    pub fn read_payout(&self, value: &[u8]) -> Result<Payout, WireError> {
        let mut scratch = Vec::new();
        let record: PayoutRecord<'_> = self.read_ours(&self.payout, value, &mut scratch)?;
        record.payout().map_err(decode("payout"))
    }

    pub fn read_payout_run(&self, value: &[u8]) -> Result<PayoutRun, WireError> {
        let mut scratch = Vec::new();
        let record: PayoutRunRecord<'_> = self.read_ours(&self.payout_run, value, &mut scratch)?;
        record.payout_run().map_err(decode("payout-run"))
    }

    pub fn read_payee_name(&self, value: &[u8]) -> Result<PayeeName, WireError> {
        let mut scratch = Vec::new();
        let record: PayeeNameRecord<'_> = self.read_ours(&self.payee, value, &mut scratch)?;
        Ok(record.payee_name())
    }

    /// What is JSON is written again into `scratch`, so that there is one reading of it.
    fn read_ours<'b, T: Deserialize<'b>>(
        &self,
        schema: &Schema,
        value: &'b [u8],
        scratch: &'b mut Vec<u8>,
    ) -> Result<T, WireError> {
        let refused = decode(schema.name());
        if value.starts_with(b"{") {
            return schema.read_json(value, scratch).map_err(refused);
        }
        let learned = self.learn_ours(schema, value);
        learned.or_else(|unread| Err(refused(unread.reject()?)))?;
        schema.read(Some(value)).map_err(refused)
    }
}
