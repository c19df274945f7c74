//! How a table that is looked up by line stands in a record: `Lookup` of `schemas/facts.avsc`.

use super::component::{rate_decimal, read_edge, read_rate};
use super::decimal::{MeasuredDecimal, RateDecimal, Unscaled};
use crate::domain::plan::lookup::{Band, LineKey, Listed, Lookup, Row, Takes};
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct LookupRecord {
    rows: Vec<RowRecord>,
    otherwise: Option<RateDecimal>,
}

#[derive(Serialize, Deserialize)]
struct RowRecord {
    conditions: Vec<ConditionRecord>,
    from: Option<MeasuredDecimal>,
    to: Option<MeasuredDecimal>,
    rate: RateDecimal,
}

#[derive(Serialize, Deserialize)]
struct ConditionRecord {
    by: String,
    values: Vec<String>,
}

pub(super) fn lookup_record(lookup: &Lookup) -> LookupRecord {
    let condition = |of: &Listed| ConditionRecord { by: of.by.to_string(), values: of.values.clone() };
    let row = |row: &Row| RowRecord {
        conditions: row.takes.conditions.iter().map(condition).collect(),
        from: row.takes.band.map(|band| Unscaled(band.from)),
        to: row.takes.band.and_then(|band| band.to).map(Unscaled),
        rate: rate_decimal(row.rate),
    };
    LookupRecord { rows: lookup.rows.iter().map(row).collect(), otherwise: lookup.otherwise.map(rate_decimal) }
}

pub(super) fn read_lookup(path: &str, record: LookupRecord) -> Result<Lookup, Reject> {
    let rows = record.rows.into_iter().enumerate().map(|(place, row)| read_row(&format!("{path}.rows[{place}]"), row));
    let otherwise = record.otherwise.map(|rate| read_rate(&format!("{path}.otherwise"), rate)).transpose()?;
    Ok(Lookup { rows: rows.collect::<Result<_, _>>()?, otherwise })
}

fn read_row(path: &str, row: RowRecord) -> Result<Row, Reject> {
    let condition = |(place, of): (usize, ConditionRecord)| {
        let by: Result<LineKey, String> = of.by.parse();
        let by = by.map_err(|why| Reject::new(Reason::NotSupported, &format!("{path}.conditions[{place}].by"), why))?;
        Ok(Listed { by, values: of.values })
    };
    let conditions = row.conditions.into_iter().enumerate().map(condition).collect::<Result<_, Reject>>()?;
    let edge =
        |name: &str, edge: Option<MeasuredDecimal>| edge.map(|edge| read_edge(&format!("{path}.{name}"), edge)).transpose();
    let band = match (edge("from", row.from)?, edge("to", row.to)?) {
        (Some(from), to) => Some(Band { from, to }),
        (None, None) => None,
        (None, Some(_)) => return Err(Reject::field(&format!("{path}.to"), "a band ends that starts nowhere".into())),
    };
    Ok(Row { takes: Takes { conditions, band }, rate: read_rate(&format!("{path}.rate"), row.rate)? })
}
