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

#[cfg(test)]
mod tests {
    use super::*;

    const STATED: QuotaChanged<'static> = QuotaChanged {
        payee_id: "ana",
        measure: "sales",
        calendar: "fiscal",
        interval: Interval::Year(crate::domain::calendar::Year(2026)),
        amount: None,
        revision: 1,
        applies_from: None,
        author: "eva",
        reason: "",
        occurred_at: 0,
    };

    #[test]
    fn a_quota_is_not_negative_and_names_what_it_is_of() {
        let check = |quota: QuotaChanged<'_>, expected: &str| {
            let found = quota.check().map_err(|reject| reject.to_string());
            assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(expected.to_owned()) }, "{quota:?}");
        };
        check(STATED, "");
        check(QuotaChanged { amount: Some(Amount(0)), ..STATED }, "");
        check(QuotaChanged { amount: Some(Amount(-1)), ..STATED }, "amount: -0.000001 is negative [invalid_field]");
        check(QuotaChanged { payee_id: "", ..STATED }, "payee_id: empty [invalid_field]");
        check(QuotaChanged { measure: "", ..STATED }, "measure: empty [invalid_field]");
        check(QuotaChanged { calendar: "", ..STATED }, "calendar: empty [invalid_field]");
    }

    #[test]
    fn it_waits_in_words_that_tell_which_it_is() {
        assert_eq!(STATED.waits_as(), ["the quota of \"sales\" for 2026: no "]);
        let dated = QuotaChanged { applies_from: Some(Date(0)), ..STATED };
        let expected = ["the quota of \"sales\" for 2026: 1970-01-01 ", "the quota of \"sales\" for 2026: no "];
        assert_eq!(dated.waits_as(), expected);
    }
}
