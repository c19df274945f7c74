//! A quota: the target of a payee, measure and interval, as it is stated, changed or withdrawn.

use super::calendar::{Date, Interval};
use super::deal::check_id;
use super::money::Amount;
use super::reject::Reject;
use serde::{Deserialize, Serialize};

/// One statement about a quota. The highest revision that applies to a pay period wins, whatever came first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaChanged<'a> {
    pub payee_id: &'a str,
    pub measure: &'a str,
    pub calendar: &'a str,
    pub interval: Interval,
    /// `None` withdraws the quota.
    pub amount: Option<Amount>,
    pub revision: i64,
    /// First day of the pay period from which it applies; `None`: the whole interval. Which days those are only the
    /// calendar knows.
    pub applies_from: Option<Date>,
    pub author: &'a str,
    pub reason: &'a str,
    /// Microseconds since 1970; the only field in which two deliveries of one revision may differ.
    pub occurred_at: i64,
}

/// What every word that a quota waits begins with.
pub fn label(measure: &str, interval: Interval) -> String {
    format!("the quota of \"{measure}\" for {interval}: ")
}

impl QuotaChanged<'_> {
    /// What words that it waits begin with: the day where that is wrong, which other revisions need not have, else what there is
    /// none of.
    pub fn waits_as(&self) -> Vec<String> {
        let label = label(self.measure, self.interval);
        let day = self.applies_from.map(|from| format!("{label}{from} "));
        day.into_iter().chain([label + "no "]).collect()
    }

    /// What is wrong in the record itself.
    pub fn check(&self) -> Result<(), Reject> {
        check_id("payee_id", self.payee_id)?;
        check_id("measure", self.measure)?;
        check_id("calendar", self.calendar)?;
        if let Some(amount) = self.amount.filter(|amount| amount.0 < 0) {
            return Err(Reject::field("amount", format!("{amount} is negative")));
        }
        Ok(())
    }
}
