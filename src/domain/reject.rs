//! Why an input was not counted: one enum of stable codes in the order of checks, and the message for people.
//!
//! Rejected is what is wrong in itself; parked is what lacks a fact and resumes by itself when the fact comes.

use super::money::{SHARE_DECIMALS, format_scaled};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Stable reason codes. Their text ([`Reason::code`]) is a contract: header `__connect.errors.exception.class.name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    // wrong in itself: rejected
    RecordTooLarge,
    UnknownFormat,
    UnknownSchema,
    NotDecodable,
    TrailingBytes,
    KeyMismatch,
    WrongPartition,
    InvalidField,
    DuplicateSplit,
    SplitsNotWhole,
    AmountOutOfRange,
    RevisionConflict,
    InvalidFact,
    NotSupported,
    FoldPanicked,
    // lacks a fact: parked
    UnknownPayee,
    NoSuchPeriod,
    OtherCurrency,
    UnknownCalendar,
    MissingPlan,
    MissingQuota,
    MissingParameter,
    UnknownMeasure,
    NoSuchInterval,
    UnknownTerritory,
    UnknownDeal,
    UnmatchedAdjustment,
    MissingRate,
    DividedByZero,
    MissingCost,
    MissingAttribute,
    EdgesOutOfOrder,
}

impl Reason {
    pub const ALL: [Reason; 32] = [
        Reason::RecordTooLarge,
        Reason::UnknownFormat,
        Reason::UnknownSchema,
        Reason::NotDecodable,
        Reason::TrailingBytes,
        Reason::KeyMismatch,
        Reason::WrongPartition,
        Reason::InvalidField,
        Reason::DuplicateSplit,
        Reason::SplitsNotWhole,
        Reason::AmountOutOfRange,
        Reason::RevisionConflict,
        Reason::InvalidFact,
        Reason::NotSupported,
        Reason::FoldPanicked,
        Reason::UnknownPayee,
        Reason::NoSuchPeriod,
        Reason::OtherCurrency,
        Reason::UnknownCalendar,
        Reason::MissingPlan,
        Reason::MissingQuota,
        Reason::MissingParameter,
        Reason::UnknownMeasure,
        Reason::NoSuchInterval,
        Reason::UnknownTerritory,
        Reason::UnknownDeal,
        Reason::UnmatchedAdjustment,
        Reason::MissingRate,
        Reason::DividedByZero,
        Reason::MissingCost,
        Reason::MissingAttribute,
        Reason::EdgesOutOfOrder,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Reason::RecordTooLarge => "record_too_large",
            Reason::UnknownFormat => "unknown_format",
            Reason::UnknownSchema => "unknown_schema",
            Reason::NotDecodable => "not_decodable",
            Reason::TrailingBytes => "trailing_bytes",
            Reason::KeyMismatch => "key_mismatch",
            Reason::WrongPartition => "wrong_partition",
            Reason::InvalidField => "invalid_field",
            Reason::DuplicateSplit => "duplicate_split",
            Reason::SplitsNotWhole => "splits_not_whole",
            Reason::AmountOutOfRange => "amount_out_of_range",
            Reason::RevisionConflict => "revision_conflict",
            Reason::InvalidFact => "invalid_fact",
            Reason::NotSupported => "not_supported",
            Reason::FoldPanicked => "fold_panicked",
            Reason::UnknownPayee => "unknown_payee",
            Reason::NoSuchPeriod => "no_such_period",
            Reason::OtherCurrency => "other_currency",
            Reason::UnknownCalendar => "unknown_calendar",
            Reason::MissingPlan => "missing_plan",
            Reason::MissingQuota => "missing_quota",
            Reason::MissingParameter => "missing_parameter",
            Reason::UnknownMeasure => "unknown_measure",
            Reason::NoSuchInterval => "no_such_interval",
            Reason::UnknownTerritory => "unknown_territory",
            Reason::UnknownDeal => "unknown_deal",
            Reason::UnmatchedAdjustment => "unmatched_adjustment",
            Reason::MissingRate => "missing_rate",
            Reason::DividedByZero => "divided_by_zero",
            Reason::MissingCost => "missing_cost",
            Reason::MissingAttribute => "missing_attribute",
            Reason::EdgesOutOfOrder => "edges_out_of_order",
        }
    }

    /// What it means, and what helps.
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::RecordTooLarge => "the record is larger than limits.maximum_record_bytes: split the deal, or raise the limit",
            Reason::UnknownFormat => "not a record in Confluent's framing: a byte 0 and a schema id come first",
            Reason::UnknownSchema => {
                "the schema id is none that is read for the topic: see schemas/ids.toml, or what the registry has under it"
            }
            Reason::NotDecodable => "the bytes are no record of the schema: the producer writes another one",
            Reason::TrailingBytes => "something follows the record: the producer writes another schema than it says",
            Reason::KeyMismatch => "the key is not the record's id: key by deal_id or payee_id",
            Reason::WrongPartition => "the key belongs to another partition: use the murmur2 partitioner",
            Reason::InvalidField => {
                "a field holds what it cannot, or there are as many as there may be: correct it, a deal under a higher revision"
            }
            Reason::DuplicateSplit => "a payee is there twice with the same counts: add the shares up",
            Reason::SplitsNotWhole => "REVENUE shares of a line do not total exactly 100 %",
            Reason::AmountOutOfRange => {
                "an amount has more digits than can be counted or paid: correct the deal, or the rates of the plan"
            }
            Reason::RevisionConflict => {
                "the revision or id was accepted with another content: send a higher revision, or another id"
            }
            Reason::InvalidFact => "a published row contradicts itself or what is published already",
            Reason::NotSupported => "the format knows it, this version does not do it: nothing is half done",
            Reason::FoldPanicked => "a defect of this program: the record is set aside and the rest goes on; report it",
            Reason::UnknownPayee => "a payee has no row on the close date: publish one, and the deal goes on by itself",
            Reason::NoSuchPeriod => "the calendar does not reach the close date: extend it",
            Reason::OtherCurrency => {
                "a deal is in a currency that a measure which counts it does not convert, or a settlement in another than its deal"
            }
            Reason::MissingRate => {
                "no rate converts a deal's currency on its close date (or one gives too many digits), or pay on the last day of a \
                 period that would be closed: state it in rates.csv"
            }
            Reason::UnknownCalendar => "the company or its calendar is not published yet",
            Reason::MissingPlan => {
                "a payee's plan has no version in force in a period, or none has a component for a quota's interval: publish one"
            }
            Reason::MissingQuota => "a component needs a quota that is not there: state it, or write no_quota otherwise",
            Reason::MissingParameter => {
                "a component, or pay in a period that would be closed, reads an amount of the payee that the payee's row does not state"
            }
            Reason::UnknownMeasure => "a component names a measure that is not published",
            Reason::NoSuchInterval => {
                "the calendar does not reach a quota's interval or an adjustment's period: extend it; or applies_from is no first day"
            }
            Reason::DividedByZero => {
                "a formula divides by zero: nothing is earned until it can be calculated; say with if(...) what it pays then"
            }
            Reason::MissingCost => {
                "a measure sums margins and lets deals wait whose lines state no cost: send a revision with it"
            }
            Reason::MissingAttribute => {
                "a measure sums an attribute and lets deals wait that do not state it as a number: send a revision with it"
            }
            Reason::EdgesOutOfOrder => {
                "a payee's own edges put a component's tiers out of order, or are 0: state amounts above 0 between the edges beside them"
            }
            Reason::UnknownDeal => "a settlement is of a deal that is not there: it counts when the deal comes",
            Reason::UnmatchedAdjustment => "a manual adjustment fits nothing that it could adjust or reverse: state another one",
            Reason::UnknownTerritory => "no territory takes a line, or nobody has the territory that wins it",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Whether the input waits for a fact instead of being refused.
    pub fn parks(self) -> bool {
        self >= Reason::UnknownPayee
    }

    /// Whether it is what a component, quota or adjustment of a payee waits for, in earning; such words are told by their message,
    /// because a payee may lack several of a kind.
    pub fn is_of_payee(self) -> bool {
        matches!(
            self,
            Reason::MissingPlan
                | Reason::MissingQuota
                | Reason::MissingParameter
                | Reason::DividedByZero
                | Reason::EdgesOutOfOrder
                | Reason::UnknownMeasure
                | Reason::NoSuchInterval
                | Reason::AmountOutOfRange
                | Reason::UnmatchedAdjustment
        )
    }

    /// Whether it may be either: a record with such an amount is refused, a component that would earn it waits.
    pub fn also_parks(self) -> bool {
        self == Reason::AmountOutOfRange
    }
}

/// A refusal or a parking: the code, the field it is about (empty when it is the whole record), and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    pub reason: Reason,
    pub field: String,
    pub message: String,
}

impl std::error::Error for Reject {}

impl Reject {
    pub fn new(reason: Reason, field: &str, message: String) -> Reject {
        Reject { reason, field: field.into(), message }
    }

    /// A field whose value cannot be.
    pub fn field(field: &str, message: String) -> Reject {
        Reject::new(Reason::InvalidField, field, message)
    }

    pub fn duplicate_split(field: &str, payee_id: &str) -> Reject {
        Reject::new(Reason::DuplicateSplit, field, format!("payee \"{payee_id}\" twice with the same counts"))
    }

    /// REVENUE shares of a line that do not total 100 %; `total` in millionths.
    pub fn splits(line: &str, total: u64) -> Reject {
        let text = format_scaled(i128::from(total) * 100, SHARE_DECIMALS, 0);
        Reject::new(Reason::SplitsNotWhole, line, format!("REVENUE shares total {text} %, not 100 %"))
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            write!(f, "{} [{}]", self.message, self.reason.code())
        } else {
            write!(f, "{}: {} [{}]", self.field, self.message, self.reason.code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_and_a_sentence_of_its_own() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert!(reason.meaning().len() > reason.code().len(), "{reason:?}");
            assert!(Reason::ALL[..place].iter().all(|other| other.meaning() != reason.meaning()), "{reason:?}");
        }
        assert_eq!(Reason::from_code("unknown"), None);
    }

    #[test]
    fn what_a_later_fact_can_mend_parks() {
        for (reason, parks, of_payee, also) in [
            (Reason::FoldPanicked, false, false, false),
            (Reason::AmountOutOfRange, false, true, true),
            (Reason::UnknownPayee, true, false, false),
            (Reason::MissingQuota, true, true, false),
            (Reason::UnmatchedAdjustment, true, true, false),
            (Reason::UnknownDeal, true, false, false),
        ] {
            assert_eq!((reason.parks(), reason.is_of_payee(), reason.also_parks()), (parks, of_payee, also), "{reason:?}");
        }
    }
}
