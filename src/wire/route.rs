//! Where an output goes and what its record is: topic, partition, key, value and headers.

use super::envelope::Headers;
use super::{Codec, Contexts, WireError, internal, keys, rejected};
use crate::domain::output::{CloseNote, RejectKind, RejectRecord};
use crate::domain::topic::{Topic, partition_of};
use crate::log::batch::{Outbox, Records};
use crate::pipeline::Output;

impl Codec {
    /// Writes an output into the outbox. `partitions` is the count of every topic that has more than one; `contexts` is what
    /// the headers of the transaction's inputs say.
    pub fn output(&self, output: &Output, contexts: &Contexts, partitions: u32, outbox: &mut Outbox) -> Result<(), WireError> {
        let headers = self.envelope(output, contexts);
        let of_payee = |payee_id: &str| keys::partition(payee_id, partitions);
        match output {
            Output::Credits { partition, bytes } => {
                outbox.to(Topic::Credits, *partition).push_with_headers(None, Some(bytes), headers);
            }
            Output::Attainment { attainment, .. } => {
                let records = outbox.to(Topic::Attainment, of_payee(&attainment.payee_id));
                let key = keys::attainment(attainment);
                return written(records, key.as_bytes(), headers, |out| self.write_attainment(attainment, out));
            }
            Output::Accrual(accrual) => {
                let records = outbox.to(Topic::Accrual, of_payee(&accrual.payee_id));
                return written(records, accrual.payee_id.as_bytes(), headers, |out| self.write_accrual(accrual, out));
            }
            Output::PayoutDraft(payout) => {
                let draft = internal::write_payout_draft(payout)?;
                outbox.to(Topic::PayoutDraft, of_payee(&payout.payee_id)).push(Some(payout.payee_id.as_bytes()), Some(&draft));
            }
            Output::RunBalance(balance) => {
                let value = internal::write_run_balance(balance)?;
                outbox.to(Topic::PayoutDraft, of_payee(&balance.payee_id)).push(Some(balance.payee_id.as_bytes()), Some(&value));
            }
            Output::Payout(payout) => {
                let records = outbox.to(Topic::Payout, of_payee(&payout.payee_id));
                return written(records, payout.payee_id.as_bytes(), headers, |out| self.write_payout(payout, out));
            }
            Output::PayoutRun(run) => {
                let records = outbox.to(Topic::PayoutRun, 0);
                return written(records, run.run_id.as_bytes(), headers, |out| self.write_payout_run(run, out));
            }
            Output::Close(note) => {
                let value = internal::write_close_note(note)?;
                outbox.to(Topic::Closes, 0).push(Some(close_id(note).as_bytes()), Some(&value));
            }
            Output::Rejected { record, .. } => push_rejected(record, headers, partitions, outbox),
        }
        Ok(())
    }
}

/// Writes a record's value straight into the records' buffer.
fn written(
    records: &mut Records,
    key: &[u8],
    headers: Headers,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let mut outcome = Ok(());
    records.push_written(key, headers, |out| outcome = write(out));
    outcome
}

fn close_id(note: &CloseNote) -> &str {
    match note {
        CloseNote::SourceClosed { close_id, .. }
        | CloseNote::RunComputed { close_id, .. }
        | CloseNote::RunReopened { close_id, .. }
        | CloseNote::RunReleased { close_id, .. } => close_id,
    }
}

fn push_rejected(record: &RejectRecord, beside: Headers, partitions: u32, outbox: &mut Outbox) {
    // What waits and resumes is in one partition, wherever the records stood that caused it: its words have an order.
    let partition = match record.kind {
        RejectKind::Rejected => record.position.partition % partitions,
        RejectKind::Parked | RejectKind::Resumed => partition_of(&record.key, partitions),
    };
    let records = outbox.to(Topic::Rejected, partition);
    let headers = rejected::headers(record).into_iter().chain(beside).collect();
    records.push_with_headers(Some(&record.key), Some(&record.original), headers);
}
