//! How a table that is looked up by line stands in a record: `Lookup` of `schemas/facts.avsc`.

use super::component::{rate_decimal, read_edge, read_rate};
use super::decimal::{MeasuredDecimal, RateDecimal, Unscaled};
use crate::domain::plan::OwnRate;
use crate::domain::plan::lookup::{Band, LineKey, Listed, Lookup, Row, Takes};
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct LookupRecord {
    rows: Vec<RowRecord>,
    otherwise: Option<RateDecimal>,
    own_otherwise: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RowRecord {
    conditions: Vec<ConditionRecord>,
    from: Option<MeasuredDecimal>,
    to: Option<MeasuredDecimal>,
    rate: RateDecimal,
    own_rate: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ConditionRecord {
    by: String,
    values: Vec<String>,
}

/// `own`: rates that are the payee's own, by the row's place; that of `otherwise` is behind the last row.
pub(super) fn lookup_record(lookup: &Lookup, own: &[OwnRate]) -> LookupRecord {
    let parameter = |place: usize| own.iter().find(|own| own.tier == place).map(|own| own.parameter.clone());
    let condition = |of: &Listed| ConditionRecord { by: of.by.to_string(), values: of.values.clone() };
    let row = |(place, row): (usize, &Row)| RowRecord {
        conditions: row.takes.conditions.iter().map(condition).collect(),
        from: row.takes.band.map(|band| Unscaled(band.from)),
        to: row.takes.band.and_then(|band| band.to).map(Unscaled),
        rate: rate_decimal(row.rate),
        own_rate: parameter(place),
    };
    LookupRecord {
        rows: lookup.rows.iter().enumerate().map(row).collect(),
        otherwise: lookup.otherwise.map(rate_decimal),
        own_otherwise: parameter(lookup.rows.len()),
    }
}

/// The rates that are the payee's own.
pub(super) fn own_rates(record: &LookupRecord) -> Vec<OwnRate> {
    let rows = record.rows.iter().map(|row| &row.own_rate);
    let own = |(tier, parameter): (usize, &Option<String>)| Some(OwnRate { tier, parameter: parameter.clone()? });
    rows.chain([&record.own_otherwise]).enumerate().filter_map(own).collect()
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
