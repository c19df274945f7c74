//! What the second engine is given: everything that went into a log, and everything that came out.

use super::{ReadError, scan};
use crate::domain::reject::Reject;
use crate::domain::topic::Topic;
use crate::log::{Batch, Client, Row};
use crate::oracle::{History, Published};
use crate::pipeline::Input;
use crate::wire::{Codec, Raw, read_close_note};

/// Everything that went in. `each` is told of every input, with the reason when its form is refused: the engine
/// does not take those, and so the second engine does not get them either.
pub fn history(
    client: &dyn Client,
    codec: &Codec,
    maximum_record_bytes: usize,
    mut each: impl FnMut(Option<&Reject>),
) -> Result<History, ReadError> {
    let partitions = client.partitions(Topic::DealClosed)?;
    let (mut history, mut scratch) = (History::new(partitions), Vec::new());
    for topic in [Topic::DealClosed, Topic::QuotaChanged, Topic::DealSettled, Topic::AdjustmentMade] {
        scan::all(client, topic, |batch, row| {
            let input = codec.take(Raw::of(batch, row), partitions, maximum_record_bytes, &mut scratch);
            let input = match input {
                Ok(input) => Ok(input),
                Err(unread) => Err(unread.reject()?),
            };
            each(input.as_ref().err());
            match input {
                Ok(Input::Deal(deal)) => drop(history.deal(row.position, &deal)),
                Ok(Input::Quota(quota)) => drop(history.quota(row.position, &quota)),
                Ok(Input::Settlement(settled)) => drop(history.settlement(row.position, &settled)),
                Ok(Input::Adjustment(made)) => drop(history.adjustment(row.position, &made)),
                Ok(Input::Credits(_)) | Err(_) => {}
            }
            Ok(())
        })?;
    }
    scan::all(client, Topic::Facts, |batch, row| {
        if let Some(fact) = batch.value(row).map(|value| codec.read_fact(value)).transpose()?.flatten() {
            history.fact(row.position.offset, &fact);
        }
        Ok(())
    })?;
    scan::all(client, Topic::Closes, |batch, row| {
        batch.value(row).map_or(Ok(()), |value| read_close_note(value).map(|note| history.close_note(&note)))
    })?;
    Ok(history)
}

/// Everything that came out.
pub fn published(client: &dyn Client, codec: &Codec) -> Result<Published, ReadError> {
    let mut published = Published::new();
    scan::all(client, Topic::Accrual, |batch, row| {
        let accrual = codec.read_accrual(value(batch, row))?;
        published.accrual(row.position.partition, row.position.offset, &accrual);
        Ok(())
    })?;
    scan::all(client, Topic::Payout, |batch, row| {
        published.payout(&codec.read_payout(value(batch, row))?);
        Ok(())
    })?;
    scan::all(client, Topic::PayoutRun, |batch, row| {
        published.payout_run(&codec.read_payout_run(value(batch, row))?);
        Ok(())
    })?;
    scan::all(client, Topic::Attainment, |batch, row| {
        published.attainment(&codec.read_attainment(value(batch, row))?);
        Ok(())
    })?;
    Ok(published)
}

/// A record without a value does not decode: that is an error for the topics that are read here.
fn value<'b>(batch: &'b Batch, row: &Row) -> &'b [u8] {
    batch.value(row).unwrap_or_default()
}
