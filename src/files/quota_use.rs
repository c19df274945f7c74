//! `quota`, `spread` and `no_quota` of a component: which part of a quota sums are compared with, and what is done without one.

use super::codes;
use super::fields::{Fields, number_of};
use super::modes;
use super::node::Node;
use super::source::{Findings, Place};
use crate::domain::calendar::IntervalKind;
use crate::domain::money::{NumberError, RATE_DECIMALS, Rate, format_scaled};
use crate::domain::plan::{NoQuota, QuotaUse};

/// What was stated.
pub struct Quota {
    /// `None` where it was refused.
    pub used: Option<QuotaUse>,
    pub no_quota: Option<NoQuota>,
    /// Where `quota` says `to_date`.
    pub to_date: Option<Place>,
}

/// They belong to what is compared with a quota, and only there; `by_quota` is whether anything is.
pub fn quota(
    fields: &mut Fields<'_>,
    by_quota: Option<bool>,
    by_formula: bool,
    interval: Option<IntervalKind>,
    findings: &mut Findings,
) -> Quota {
    let (to_date, no_quota) = match by_quota {
        Some(true) => (fields.choice("quota", modes::QUOTA, findings), fields.choice("no_quota", modes::NO_QUOTA, findings)),
        None => (
            fields.optional_choice("quota", modes::QUOTA, findings),
            fields.optional_choice("no_quota", modes::NO_QUOTA, findings),
        ),
        Some(false) => {
            for key in ["quota", "spread", "no_quota"] {
                if let Some(node) = fields.node(key) {
                    let (why, instead) = match by_formula {
                        true => ("the formula reads no quota", "use attainment(\"...\") or quota(\"...\")"),
                        false => ("the tiers are not in percent of a quota", "tier by attainment"),
                    };
                    let message = format!("`{key}` has no effect: {why}");
                    findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`, or {instead}"));
                }
            }
            return Quota { used: Some(QuotaUse::Interval), no_quota: None, to_date: None };
        }
    };
    let no_quota = no_quota.map(|no_quota| no_quota.value);
    let spread = fields.node("spread");
    let used = match (&to_date, spread) {
        (Some(to_date), Some(node)) if !to_date.value => {
            let message = "`spread` has no effect: sums are compared with the whole quota";
            findings.add(node.place, codes::NO_EFFECT, message, "remove `spread`, or write quota = \"to_date\"");
            None
        }
        (Some(to_date), _) if to_date.value && interval.is_some_and(|interval| interval.count() == 1) => {
            let message = "a quota to date has no effect: the interval is one pay period";
            findings.add(to_date.place, codes::NO_EFFECT, message, "write quota = \"interval\", without `spread`");
            None
        }
        (Some(to_date), None) if to_date.value => Some(QuotaUse::ToDate(Vec::new())),
        (Some(to_date), Some(node)) if to_date.value => {
            interval.and_then(|interval| shares(fields, node, interval, findings)).map(QuotaUse::ToDate)
        }
        (Some(_), _) => Some(QuotaUse::Interval),
        (None, _) => None,
    };
    Quota { used, no_quota, to_date: to_date.filter(|to_date| to_date.value).map(|to_date| to_date.place) }
}

/// A share for each pay period; `None` where something was refused.
fn shares(fields: &mut Fields<'_>, node: &Node, interval: IntervalKind, findings: &mut Findings) -> Option<Vec<Rate>> {
    let before = findings.errors();
    let items = fields.list("spread", findings);
    let shares: Vec<Rate> =
        items.iter().filter_map(|item| number_of(item, "spread", share, findings)).map(|share| share.value).collect();
    if findings.errors() > before {
        return None;
    }
    let (periods, used) = (interval.count(), QuotaUse::ToDate(shares.clone()));
    if used.fits(periods) && !shares.is_empty() {
        return Some(shares);
    }
    let (message, hint) = match shares.len() == periods {
        true => {
            let total: i64 = shares.iter().map(|share| share.0).sum();
            let total = format_scaled(i128::from(total), RATE_DECIMALS - 2, 0);
            (format!("the shares of `spread` total {total} %, not 100 %"), "let one of them take the rest")
        }
        false => (
            format!("`spread` has {} for {}", counted(shares.len(), "share"), counted(periods, "pay period")),
            "write one share for each pay period of the interval: [\"20%\", ...]",
        ),
    };
    findings.add(node.place, codes::BAD_RANGE, message, hint);
    None
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn share(text: &str) -> Result<Rate, NumberError> {
    let rate = Rate::parse(text)?;
    let fits = (0..=10i64.pow(RATE_DECIMALS)).contains(&rate.0);
    if fits { Ok(rate) } else { Err(NumberError::OutOfRange(text.into())) }
}
