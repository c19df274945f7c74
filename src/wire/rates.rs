//! How currency rates stand in a fact: the fields of `RatesDefined` in `schemas/facts.avsc`.

use super::deal::in_range;
use super::decimal::Unscaled;
use crate::domain::calendar::Date;
use crate::domain::currency::{CurrencyRates, RateRow};
use crate::domain::money::CurrencyRate;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct RatesRecord {
    rate_type: String,
    from_currency: String,
    to_currency: String,
    rows: Vec<RowRecord>,
}

#[derive(Serialize, Deserialize)]
struct RowRecord {
    from: Date,
    rate: Unscaled<20>,
    max_age_days: i32,
}

impl RatesRecord {
    pub(super) fn new(stated: &CurrencyRates) -> Result<RatesRecord, String> {
        let row = |row: &RateRow| {
            let max_age_days = i32::try_from(row.max_age_days).map_err(|_| "max_age_days: out of range".to_string())?;
            Ok(RowRecord { from: row.from, rate: Unscaled(row.rate.0), max_age_days })
        };
        Ok(RatesRecord {
            rate_type: stated.rate_type.clone(),
            from_currency: stated.from_currency.clone(),
            to_currency: stated.to_currency.clone(),
            rows: stated.rows.iter().map(row).collect::<Result<_, String>>()?,
        })
    }

    pub(super) fn rates(self) -> Result<CurrencyRates, Reject> {
        let rows = self.rows.into_iter().enumerate().map(|(place, row)| row.row(place));
        Ok(CurrencyRates {
            rate_type: self.rate_type,
            from_currency: self.from_currency,
            to_currency: self.to_currency,
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

impl RowRecord {
    fn row(self, place: usize) -> Result<RateRow, Reject> {
        in_range(self.rate.in_range().is_some(), || format!("rows[{place}].rate"), "decimal(20,10)")?;
        let max_age_days = u32::try_from(self.max_age_days)
            .map_err(|_| Reject::field(&format!("rows[{place}].max_age_days"), format!("{} is negative", self.max_age_days)))?;
        Ok(RateRow { from: self.from, rate: CurrencyRate(self.rate.0), max_age_days })
    }
}
