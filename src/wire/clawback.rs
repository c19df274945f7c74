//! How the scale of a clawback stands in a record: `ScaleRow` of `schemas/facts.avsc`.

use super::component::{rate_decimal, read_rate};
use super::decimal::RateDecimal;
use crate::domain::plan::ScaleRow;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct ScaleRowRecord {
    within_months: i32,
    share: RateDecimal,
}

pub(super) fn scale_records(scale: &[ScaleRow]) -> Vec<ScaleRowRecord> {
    let record = |row: &ScaleRow| ScaleRowRecord { within_months: row.within_months, share: rate_decimal(row.share) };
    scale.iter().map(record).collect()
}

pub(super) fn read_scale(path: &str, records: &[ScaleRowRecord]) -> Result<Vec<ScaleRow>, Reject> {
    let row = |(place, record): (usize, &ScaleRowRecord)| {
        let share = read_rate(&format!("{path}[{place}].share"), record.share)?;
        Ok(ScaleRow { within_months: record.within_months, share })
    };
    records.iter().enumerate().map(row).collect()
}
