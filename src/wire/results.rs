//! Records that this program alone writes: results, and the names of payees.

use super::output::{AccrualRecord, AttainmentRecord, PayeeNameRecord};
use super::payout::{PayoutRecord, PayoutRunRecord};
use super::{Codec, WireError, decode, encode};
use crate::domain::output::{Accrual, Attainment, PayeeName, Payout, PayoutRun};

impl Codec {
    pub fn write_attainment(&self, attainment: &Attainment, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.attainment.write(&AttainmentRecord::new(attainment), out)
    }

    pub fn write_accrual(&self, accrual: &Accrual, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.accrual.write(&AccrualRecord::new(accrual).map_err(encode("accrual"))?, out)
    }

    pub fn write_payout(&self, payout: &Payout, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.payout.write(&PayoutRecord::new(payout).map_err(encode("payout"))?, out)
    }

    pub fn write_payout_run(&self, run: &PayoutRun, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.payout_run.write(&PayoutRunRecord::new(run).map_err(encode("payout-run"))?, out)
    }

    pub fn write_payee_name(&self, name: &PayeeName, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.payee.write(&PayeeNameRecord::new(name), out)
    }

    pub fn read_attainment(&self, value: &[u8]) -> Result<Attainment, WireError> {
        let record: AttainmentRecord<'_> = self.read_ours(&self.attainment, value)?;
        record.attainment().map_err(decode("attainment"))
    }

    pub fn read_accrual(&self, value: &[u8]) -> Result<Accrual, WireError> {
        let record: AccrualRecord<'_> = self.read_ours(&self.accrual, value)?;
        record.accrual().map_err(decode("accrual"))
    }

    pub fn read_payout(&self, value: &[u8]) -> Result<Payout, WireError> {
        let record: PayoutRecord<'_> = self.read_ours(&self.payout, value)?;
        record.payout().map_err(decode("payout"))
    }

    pub fn read_payout_run(&self, value: &[u8]) -> Result<PayoutRun, WireError> {
        let record: PayoutRunRecord<'_> = self.read_ours(&self.payout_run, value)?;
        record.payout_run().map_err(decode("payout-run"))
    }

    pub fn read_payee_name(&self, value: &[u8]) -> Result<PayeeName, WireError> {
        let record: PayeeNameRecord<'_> = self.read_ours(&self.payee, value)?;
        Ok(record.payee_name())
    }
}
