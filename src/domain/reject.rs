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
}

impl Reason {
    pub const ALL: [Reason; 25] = [
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
