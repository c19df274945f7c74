//! Amounts of a plan's terms that are each payee's own, as `PlanDefined` of `schemas/facts.avsc` lists them.

use super::mode::{mode, mode_text};
use crate::domain::plan::OwnAmount;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct OwnAmountRecord {
    place: String,
    parameter: String,
}

pub(super) fn own_amount_records(own: &[OwnAmount]) -> Result<Vec<OwnAmountRecord>, String> {
    let record = |own: &OwnAmount| Ok(OwnAmountRecord { place: mode_text(&own.place)?, parameter: own.parameter.clone() });
    own.iter().map(record).collect()
}

pub(super) fn read_own_amounts(records: Vec<OwnAmountRecord>) -> Result<Vec<OwnAmount>, Reject> {
    let read = |(at, OwnAmountRecord { place, parameter }): (usize, OwnAmountRecord)| {
        Ok(OwnAmount { place: mode(&format!("own_amounts[{at}].place"), &place)?, parameter })
    };
    records.into_iter().enumerate().map(read).collect()
}
