//! What a plan takes back of what a deal earned that is returned or cancelled. What was returned is `returns`.

use super::calendar::Date;
use super::money::{RATE_DECIMALS, Rate};
use serde::{Deserialize, Serialize};

/// More rows of one scale are refused.
pub const MAXIMUM_ROWS: usize = 12;
/// The oldest that a deal may be for a row, in months.
pub const MAXIMUM_AGE: i32 = 120;
/// What is taken back where no scale says less.
const ALL: Rate = Rate(10i64.pow(RATE_DECIMALS));

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clawback {
    pub price: ClawbackPrice,
    pub period: ClawbackPeriod,
    /// By the deal's age, in rising order; empty: all of it, however old the deal is.
    pub scale: Vec<ScaleRow>,
}

/// How much is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClawbackPrice {
    /// What all deals earn less without what was returned: the sums are as if it had never been sold.
    #[default]
    Recompute,
    /// What the deal itself earned at its place: it goes on counting in the sums, and the others keep what they earned.
    HistoricRate,
}

/// When it is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClawbackPeriod {
    /// In the pay period of the deal.
    #[default]
    Original,
    /// In the pay period of the return; that of the deal keeps what it earned.
    Current,
}

/// The share that is taken back of a deal that is not yet so many months old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleRow {
    pub within_months: i32,
    pub share: Rate,
}

impl Clawback {
    /// The share that is taken back of what was returned on a day: that of the first row whose months have not passed by
    /// then; behind the last row nothing.
    pub fn share(&self, closed_on: Date, on: Date) -> Rate {
        if self.scale.is_empty() {
            return ALL;
        }
        // The calendar ends before the months do: they never pass.
        let within = |row: &&ScaleRow| closed_on.plus_months(row.within_months).is_none_or(|end| on < end);
        self.scale.iter().find(within).map_or(Rate(0), |row| row.share)
    }

    /// What is wrong with the scale in itself.
    pub fn fault(&self) -> Option<String> {
        let rows = &self.scale;
        let in_range = |row: &ScaleRow| (1..=MAXIMUM_AGE).contains(&row.within_months);
        let is_part = |row: &ScaleRow| (0..=ALL.0).contains(&row.share.0);
        let faults = [
            (rows.is_empty() || self.price == ClawbackPrice::HistoricRate, "a scale is of what single deals earned".to_owned()),
            (rows.len() <= MAXIMUM_ROWS, format!("a scale of more than {MAXIMUM_ROWS} rows")),
            (rows.iter().all(in_range), format!("a row of a scale is within 1 to {MAXIMUM_AGE} months")),
            (rows.windows(2).all(|pair| pair[0].within_months < pair[1].within_months), "the months of a scale rise".into()),
            (rows.iter().all(is_part), "a share of a scale is 0 to 100 %".into()),
        ];
        faults.into_iter().find(|(fine, _)| !fine).map(|(_, message)| message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(rows: &[(i32, i64)]) -> Clawback {
        let row =
            |(within_months, percent): &(i32, i64)| ScaleRow { within_months: *within_months, share: Rate(percent * 1_000_000) };
        Clawback { price: ClawbackPrice::HistoricRate, scale: rows.iter().map(row).collect(), ..Clawback::default() }
    }

    #[test]
    fn the_age_of_a_deal_says_the_share() {
        let check = |rows: &[(i32, i64)], closed_on: &str, on: &str, percent: i64| {
            let found = scale(rows).share(closed_on.parse().unwrap(), on.parse().unwrap());
            assert_eq!(found, Rate(percent * 1_000_000), "{rows:?} {closed_on} {on}");
        };
        let rows = &[(3, 100), (6, 50)];
        check(rows, "2026-01-15", "2026-01-15", 100);
        check(rows, "2026-01-15", "2026-04-14", 100);
        check(rows, "2026-01-15", "2026-04-15", 50);
        check(rows, "2026-01-15", "2026-07-14", 50);
        check(rows, "2026-01-15", "2026-07-15", 0);
        check(&[], "2026-01-15", "2036-07-15", 100);
        // Months end where they have no such day.
        check(&[(1, 100)], "2026-01-31", "2026-02-27", 100);
        check(&[(1, 100)], "2026-01-31", "2026-02-28", 0);
        check(&[(1, 100)], "2028-01-31", "2028-02-28", 100);
        check(&[(1, 100)], "2028-01-31", "2028-02-29", 0);
        check(&[(12, 100)], "2028-02-29", "2029-02-27", 100);
        check(&[(12, 100)], "2028-02-29", "2029-02-28", 0);
        check(&[(1, 100)], "9999-12-01", "9999-12-31", 100);
        // A share may grow, too, and be nothing.
        check(&[(1, 0), (2, 70)], "2026-01-15", "2026-02-01", 0);
        check(&[(1, 0), (2, 70)], "2026-01-15", "2026-02-15", 70);
    }

    #[test]
    fn a_scale_that_is_none() {
        let check = |clawback: Clawback, fault: &str| assert_eq!(clawback.fault().unwrap_or_default(), fault, "{clawback:?}");
        check(Clawback::default(), "");
        check(scale(&[(1, 100), (120, 0)]), "");
        let recomputed = Clawback { price: ClawbackPrice::Recompute, ..scale(&[(1, 100)]) };
        check(recomputed, "a scale is of what single deals earned");
        let rows: Vec<(i32, i64)> = (1..=13).map(|months| (months, 50)).collect();
        check(scale(&rows[..12]), "");
        check(scale(&rows), "a scale of more than 12 rows");
        for months in [0, -1, 121] {
            check(scale(&[(months, 50)]), "a row of a scale is within 1 to 120 months");
        }
        check(scale(&[(3, 50), (3, 40)]), "the months of a scale rise");
        check(scale(&[(6, 50), (3, 40)]), "the months of a scale rise");
        for percent in [-1, 101] {
            check(scale(&[(3, percent)]), "a share of a scale is 0 to 100 %");
        }
    }
}
