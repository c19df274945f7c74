//! A deal: one full revision as the CRM states it, borrowed from the record that carried it.
//!
//! Leaves out what becomes of it (see `credit`). [`DealClosed::check`] refuses only what is wrong in itself.

use super::calendar::Date;
use super::money::{Amount, Quantity, Share, WHOLE};
use super::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DealStatus {
    Closed,
    Cancelled,
    Open,
    Lost,
}

/// What a revision says that it is. Ignored on a deal's first revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Change {
    Correction,
    Return,
    Cancellation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DealKind {
    New,
    Renewal,
    Expansion,
}

/// What a split counts as. REVENUE shares total exactly 100 %; OVERLAY is extra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Counts {
    Revenue,
    Overlay,
}

/// A value of `DealClosed::attributes`. Territories look at texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attribute<'a> {
    Text(&'a str),
    /// In millionths.
    Number(i128),
    Date(Date),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split<'a> {
    pub payee_id: &'a str,
    pub role: &'a str,
    pub counts: Counts,
    pub share: Share,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<'a> {
    pub line_id: &'a str,
    pub product: &'a str,
    pub geography: Option<&'a str>,
    pub segment: Option<&'a str>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub cost: Option<Amount>,
    /// A line's own splits replace the deal's. Empty: the deal's apply.
    #[serde(borrow)]
    pub splits: Vec<Split<'a>>,
}

/// One full revision of a deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealClosed<'a> {
    pub deal_id: &'a str,
    /// Any number that grows.
    pub revision: i64,
    pub status: DealStatus,
    pub change: Change,
    pub effective_on: Option<Date>,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub currency: &'a str,
    pub customer: Option<&'a str>,
    pub related_deal: Option<&'a str>,
    pub kind: Option<DealKind>,
    pub contract_start: Option<Date>,
    pub term_months: Option<i32>,
    pub stage: Option<&'a str>,
    /// A share: 0.25 is 25 %.
    pub probability: Option<Share>,
    #[serde(borrow)]
    pub lines: Vec<Line<'a>>,
    #[serde(borrow)]
    pub splits: Vec<Split<'a>>,
    /// In key order.
    #[serde(borrow)]
    pub attributes: Vec<(&'a str, Attribute<'a>)>,
    /// Microseconds since 1970; the only field in which two deliveries of one revision may differ.
    pub occurred_at: i64,
}

/// Limits of a deal's own size, so that one record stays one bounded piece of work.
pub const MAXIMUM_LINES: usize = 1_000;
pub const MAXIMUM_SPLITS: usize = 100;
/// Longest id (deal, payee, line, product): a key in every store.
pub const MAXIMUM_ID_BYTES: usize = 200;

impl<'a> DealClosed<'a> {
    /// The splits that apply to a line.
    pub fn splits_of<'d>(&'d self, line: &'d Line<'a>) -> &'d [Split<'a>] {
        if line.splits.is_empty() { &self.splits } else { &line.splits }
    }

    /// Whether this revision credits anything: OPEN, LOST and CANCELLED deals do not.
    pub fn credits_anything(&self) -> bool {
        self.status == DealStatus::Closed
    }

    /// What is wrong in the record itself. Order of checks is fixed; the first finding is the reason.
    pub fn check(&self) -> Result<(), Reject> {
        check_id("deal_id", self.deal_id)?;
        if super::money::minor_digits(self.currency).is_none() {
            return Err(Reject::field("currency", format!("\"{}\" is not an ISO 4217 currency code", self.currency)));
        }
        if self.lines.is_empty() {
            return Err(Reject::field("lines", "a deal needs at least one line".into()));
        }
        if self.lines.len() > MAXIMUM_LINES {
            return Err(Reject::field("lines", format!("{} lines, more than {MAXIMUM_LINES}", self.lines.len())));
        }
        check_splits(|| "splits".into(), &self.splits)?;
        for (place, line) in self.lines.iter().enumerate() {
            check_id_at(|| format!("lines[{place}].line_id"), line.line_id)?;
            check_id_at(|| format!("lines[{place}].product"), line.product)?;
            if self.lines[..place].iter().any(|earlier| earlier.line_id == line.line_id) {
                return Err(Reject::field(&format!("lines[{place}].line_id"), format!("line \"{}\" twice", line.line_id)));
            }
            check_splits(|| format!("lines[{place}].splits"), &line.splits)?;
            check_totals(|| format!("lines[{place}]"), self.splits_of(line))?;
        }
        Ok(())
    }
}

/// An id that can be a key: not empty, not too long, no control characters.
pub fn check_id(field: &str, id: &str) -> Result<(), Reject> {
    check_id_at(|| field.into(), id)
}

/// As [`check_id`], for a path that is only spelt out when it is needed: good deals cost no allocation.
fn check_id_at(field: impl Fn() -> String, id: &str) -> Result<(), Reject> {
    if id.is_empty() {
        return Err(Reject::field(&field(), "empty".into()));
    }
    if id.len() > MAXIMUM_ID_BYTES {
        return Err(Reject::field(&field(), format!("{} bytes, more than {MAXIMUM_ID_BYTES}", id.len())));
    }
    if id.chars().any(char::is_control) {
        return Err(Reject::field(&field(), "has a control character".into()));
    }
    Ok(())
}

fn check_splits(field: impl Fn() -> String, splits: &[Split<'_>]) -> Result<(), Reject> {
    if splits.len() > MAXIMUM_SPLITS {
        return Err(Reject::field(&field(), format!("{} splits, more than {MAXIMUM_SPLITS}", splits.len())));
    }
    for (place, split) in splits.iter().enumerate() {
        check_id_at(|| format!("{}[{place}].payee_id", field()), split.payee_id)?;
        if split.share > WHOLE || split.share.0 == 0 {
            return Err(Reject::field(
                &format!("{}[{place}].share", field()),
                format!("{} is not above 0 and at most 1", split.share),
            ));
        }
        let twin = splits[..place].iter().any(|other| other.payee_id == split.payee_id && other.counts == split.counts);
        if twin {
            return Err(Reject::duplicate_split(&format!("{}[{place}]", field()), split.payee_id));
        }
    }
    Ok(())
}

/// REVENUE shares of what applies to a line total exactly 100 %. A line that names nobody is credited by territory.
fn check_totals(line: impl Fn() -> String, splits: &[Split<'_>]) -> Result<(), Reject> {
    let revenue = splits.iter().filter(|split| split.counts == Counts::Revenue);
    let total: u64 = revenue.map(|split| u64::from(split.share.0)).sum();
    if splits.is_empty() {
        return Ok(());
    }
    if total == u64::from(WHOLE.0) { Ok(()) } else { Err(Reject::splits(&line(), total)) }
}

#[cfg(test)]
pub(super) mod tests;
