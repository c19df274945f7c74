//! How a deal stands in a record: the fields of `schemas/deal-closed.avsc`, read straight into the domain's types.
//!
//! Decoding a deal is the hot path: texts are borrowed, and nothing is allocated but the deal's own lists.

use super::decimal::{self, AMOUNT_DIGITS, AmountDecimal, QUANTITY_DIGITS, SHARE_DIGITS, Unscaled};
use crate::domain::calendar::Date;
use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use crate::domain::money::{Amount, Quantity, Share, WHOLE};
use crate::domain::reject::{Reason, Reject};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

#[derive(Serialize, Deserialize)]
#[serde(remote = "DealClosed")]
struct DealFields<'a> {
    deal_id: &'a str,
    revision: i64,
    status: DealStatus,
    change: Change,
    effective_on: Option<Date>,
    closed_on: Date,
    sequence: Option<i64>,
    currency: &'a str,
    #[serde(borrow)]
    customer: Option<&'a str>,
    related_deal: Option<&'a str>,
    kind: Option<DealKind>,
    contract_start: Option<Date>,
    term_months: Option<i32>,
    stage: Option<&'a str>,
    #[serde(with = "decimal::optional_share")]
    probability: Option<Share>,
    #[serde(borrow, serialize_with = "write_lines", deserialize_with = "read_lines")]
    lines: Vec<Line<'a>>,
    #[serde(borrow, serialize_with = "write_splits", deserialize_with = "read_splits")]
    splits: Vec<Split<'a>>,
    #[serde(borrow, serialize_with = "write_attributes", deserialize_with = "read_attributes")]
    attributes: Vec<(&'a str, Attribute<'a>)>,
    occurred_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Line")]
struct LineFields<'a> {
    line_id: &'a str,
    product: &'a str,
    #[serde(borrow)]
    geography: Option<&'a str>,
    segment: Option<&'a str>,
    #[serde(with = "decimal::amount")]
    amount: Amount,
    #[serde(with = "decimal::quantity")]
    quantity: Quantity,
    #[serde(with = "decimal::optional_amount")]
    cost: Option<Amount>,
    #[serde(borrow, serialize_with = "write_splits", deserialize_with = "read_splits")]
    splits: Vec<Split<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Split")]
struct SplitFields<'a> {
    payee_id: &'a str,
    role: &'a str,
    counts: Counts,
    #[serde(with = "decimal::share")]
    share: Share,
}

/// The union of an attribute's types, under the names that Avro has for them.
#[derive(Serialize, Deserialize)]
enum AttributeValue<'a> {
    String(&'a str),
    Bytes(AmountDecimal),
    Int(Date),
}

/// A deal as it is read.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct ReadDeal<'a>(#[serde(borrow, with = "DealFields")] pub(super) DealClosed<'a>);

#[derive(Deserialize)]
#[serde(transparent)]
struct ReadLine<'a>(#[serde(borrow, with = "LineFields")] Line<'a>);

#[derive(Deserialize)]
#[serde(transparent)]
struct ReadSplit<'a>(#[serde(borrow, with = "SplitFields")] Split<'a>);

impl<'a> From<ReadLine<'a>> for Line<'a> {
    fn from(read: ReadLine<'a>) -> Line<'a> {
        read.0
    }
}

impl<'a> From<ReadSplit<'a>> for Split<'a> {
    fn from(read: ReadSplit<'a>) -> Split<'a> {
        read.0
    }
}

fn read_lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Line<'de>>, D::Error> {
    deserializer.deserialize_seq(Each::<ReadLine<'de>, Line<'de>>(PhantomData))
}

fn read_splits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Split<'de>>, D::Error> {
    deserializer.deserialize_seq(Each::<ReadSplit<'de>, Split<'de>>(PhantomData))
}

/// Collects what is read as `R` into a list of `T`.
struct Each<R, T>(PhantomData<(R, T)>);

impl<'de, R: Deserialize<'de> + Into<T>, T> Visitor<'de> for Each<R, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<R>()? {
            list.push(item.into());
        }
        Ok(list)
    }
}

fn read_attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(&'de str, Attribute<'de>)>, D::Error> {
    deserializer.deserialize_map(Attributes)
}

/// Collects a map into pairs in key order.
struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = Vec<(&'de str, Attribute<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some((name, value)) = entries.next_entry::<&'de str, AttributeValue<'de>>()? {
            let value = match value {
                AttributeValue::String(text) => Attribute::Text(text),
                AttributeValue::Bytes(number) => Attribute::Number(number.0),
                AttributeValue::Int(date) => Attribute::Date(date),
            };
            list.push((name, value));
        }
        list.sort_by_key(|(name, _)| *name);
        Ok(list)
    }
}

/// A deal as it is written.
pub(super) struct WriteDeal<'d, 'a>(pub(super) &'d DealClosed<'a>);
struct WriteLine<'d, 'a>(&'d Line<'a>);
struct WriteSplit<'d, 'a>(&'d Split<'a>);

impl Serialize for WriteDeal<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        DealFields::serialize(self.0, serializer)
    }
}

impl Serialize for WriteLine<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LineFields::serialize(self.0, serializer)
    }
}

impl Serialize for WriteSplit<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SplitFields::serialize(self.0, serializer)
    }
}

fn write_lines<S: Serializer>(lines: &[Line<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lines.iter().map(WriteLine))
}

fn write_splits<S: Serializer>(splits: &[Split<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(splits.iter().map(WriteSplit))
}

fn write_attributes<S: Serializer>(attributes: &[(&str, Attribute<'_>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(attributes.iter().map(|(name, value)| {
        let value = match value {
            Attribute::Text(text) => AttributeValue::String(text),
            Attribute::Number(number) => AttributeValue::Bytes(Unscaled(*number)),
            Attribute::Date(date) => AttributeValue::Int(*date),
        };
        (name, value)
    }))
}

/// Refuses decimals of more digits than the schema declares, and an attribute that comes twice.
pub(super) fn check_ranges(deal: &DealClosed<'_>) -> Result<(), Reject> {
    for (place, line) in deal.lines.iter().enumerate() {
        let cost = line.cost.is_none_or(|cost| decimal::fits(cost.0, AMOUNT_DIGITS));
        in_range(decimal::fits(line.amount.0, AMOUNT_DIGITS), || format!("lines[{place}].amount"), "decimal(24,6)")?;
        let quantity = decimal::fits(i128::from(line.quantity.0), QUANTITY_DIGITS);
        in_range(quantity, || format!("lines[{place}].quantity"), "decimal(18,4)")?;
        in_range(cost, || format!("lines[{place}].cost"), "decimal(24,6)")?;
        for (at, split) in line.splits.iter().enumerate() {
            in_range(share_fits(split.share), || format!("lines[{place}].splits[{at}].share"), "decimal(9,6)")?;
        }
    }
    for (at, split) in deal.splits.iter().enumerate() {
        in_range(share_fits(split.share), || format!("splits[{at}].share"), "decimal(9,6)")?;
    }
    in_range(deal.probability.is_none_or(|share| share <= WHOLE), || "probability".into(), "a share from 0 to 1")?;
    check_attributes(deal)
}

fn check_attributes(deal: &DealClosed<'_>) -> Result<(), Reject> {
    for (name, value) in &deal.attributes {
        let fits = !matches!(value, Attribute::Number(number) if !decimal::fits(*number, AMOUNT_DIGITS));
        in_range(fits, || format!("attributes.{name}"), "decimal(24,6)")?;
    }
    match deal.attributes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Reject::field(&format!("attributes.{}", pair[0].0), "twice".into())),
        None => Ok(()),
    }
}

fn share_fits(share: Share) -> bool {
    decimal::fits(i128::from(share.0), SHARE_DIGITS)
}

pub(super) fn in_range(fits: bool, field: impl FnOnce() -> String, expected: &str) -> Result<(), Reject> {
    if fits {
        return Ok(());
    }
    Err(Reject::new(Reason::AmountOutOfRange, &field(), format!("out of range, does not fit {expected}")))
}
