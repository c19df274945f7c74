//! What passes from crediting to earning, and from earning to itself: one packed record per source and destination partition and transaction.
//!
//! A record carries shares, not amounts: `share x line` is computed where it is summed, so that an allocation costs a
//! few bytes. Retracted and asserted credits keep date and attributes, so that what moved is taken from where it was.

use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::{Date, Period};
use crate::domain::deal::{Attribute, DealKind};
use crate::domain::fact::CreditKind;
use crate::domain::money::{Amount, CurrencyRate, Quantity, Share};
use crate::domain::quota::QuotaChanged;
use crate::domain::settlement::{Dated, Passed};
use crate::domain::topic::{Position, Topic};
use serde::{Deserialize, Serialize};

/// First byte of every packed record.
pub const PACKED_VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedCredits<'a> {
    /// The crediting partition that wrote it; of what earning tells itself, its partition behind those of crediting.
    pub source: u32,
    /// Contiguous per (source, destination).
    pub link_seq: u64,
    /// The source's epoch: closes that it has performed. Of what earning tells itself each entry has its own.
    pub epoch: u32,
    /// The facts that the source had adopted: earning folds this only once it has them, too.
    pub facts_next: u64,
    /// Payee ids that `Allocation::payee` points into.
    #[serde(borrow)]
    pub payees: Vec<&'a str>,
    /// Products, geographies and segments that lines point into.
    #[serde(borrow)]
    pub texts: Vec<&'a str>,
    #[serde(borrow)]
    pub entries: Vec<Entry<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry<'a> {
    #[serde(borrow)]
    Credits(CreditGroup<'a>),
    /// A payee-keyed input, forwarded.
    Quota {
        cause: Cause,
        quota: QuotaChanged<'a>,
    },
    /// The source has performed this close: what follows from it is of the next epoch.
    Marker {
        close_id: &'a str,
    },
    /// Credits of a deal that states its place among those of its close date.
    SequencedCredits {
        sequence: i64,
        #[serde(borrow)]
        group: CreditGroup<'a>,
    },
    #[serde(borrow)]
    Settled(SettledDeal<'a>),
    /// A payee-keyed input, forwarded.
    Adjustment {
        cause: Cause,
        adjustment: AdjustmentMade,
    },
    /// Credits of a deal that some measure counts at a rate, or that is not in the company's currency: each rate that its
    /// amounts count at, with its name (in `texts`, as `domain::currency::is_rate_into` reads it).
    Converted {
        sequence: Option<i64>,
        rates: Vec<(u32, CurrencyRate)>,
        #[serde(borrow)]
        group: CreditGroup<'a>,
    },
    /// Credits of a deal with what else of it some measure reads.
    Detailed {
        sequence: Option<i64>,
        rates: Option<Vec<(u32, CurrencyRate)>>,
        #[serde(borrow)]
        details: Details<'a>,
        group: CreditGroup<'a>,
    },
    Earned(Earned),
    /// An earning partition has told what was earned up to the close of this epoch by components of phases up to this one.
    Round {
        epoch: u32,
        round: u32,
    },
    /// Credits of what was taken back of a deal on a day, of all lines that it ever had, with the day since which each is gone.
    Returned {
        on: Date,
        gone: Vec<Option<Date>>,
        sequence: Option<i64>,
        rates: Option<Vec<(u32, CurrencyRate)>>,
        #[serde(borrow)]
        details: Option<Details<'a>>,
        group: CreditGroup<'a>,
    },
    /// Credits where some measure is dated by settlements, with the days of those.
    Dated {
        dated: Dated,
        sequence: Option<i64>,
        rates: Option<Vec<(u32, CurrencyRate)>>,
        #[serde(borrow)]
        details: Option<Details<'a>>,
        group: CreditGroup<'a>,
    },
    /// Credits where some measure counts by roles, with the role (in `texts`) of each allocation's split.
    Roles {
        roles: Vec<Option<u32>>,
        #[serde(borrow)]
        entry: Box<Entry<'a>>,
    },
}

impl<'a> Entry<'a> {
    /// What caused it, told by this source.
    fn cause(&self, source: u32) -> Option<Position> {
        match self {
            Entry::Quota { cause, .. } | Entry::Adjustment { cause, .. } => Some(cause.position(source)),
            Entry::Settled(of) => Some(of.cause.position(source)),
            Entry::Earned(of) => Some(of.cause.position(of.partition)),
            Entry::Marker { .. } | Entry::Round { .. } => None,
            credits => credits.group().map(|group| group.cause.position(source)),
        }
    }

    /// Of credits.
    fn group(&self) -> Option<&CreditGroup<'a>> {
        match self {
            Entry::Credits(group)
            | Entry::SequencedCredits { group, .. }
            | Entry::Converted { group, .. }
            | Entry::Detailed { group, .. }
            | Entry::Returned { group, .. }
            | Entry::Dated { group, .. } => Some(group),
            Entry::Roles { entry, .. } => entry.group(),
            _ => None,
        }
    }

    pub fn into_group(self) -> Option<CreditGroup<'a>> {
        match self {
            Entry::Credits(group)
            | Entry::SequencedCredits { group, .. }
            | Entry::Converted { group, .. }
            | Entry::Detailed { group, .. }
            | Entry::Returned { group, .. }
            | Entry::Dated { group, .. } => Some(group),
            Entry::Roles { entry, .. } => entry.into_group(),
            _ => None,
        }
    }
}

/// What a payee earned for a pay period, for a measure that counts it for another payee or for himself: the difference to
/// what was told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    pub cause: Cause,
    /// The cause's partition.
    pub partition: u32,
    pub epoch: u32,
    /// For whom it counts.
    pub payee: u32,
    pub measure: u32,
    pub period: Period,
    /// For the sums of the year, not of the quarter.
    pub yearly: bool,
    pub minor: i128,
}

/// What measures read of a deal besides kind, amounts and quantities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details<'a> {
    pub customer: Option<&'a str>,
    /// Those that some measure names, in order of names.
    #[serde(borrow)]
    pub attributes: Vec<(&'a str, Attribute<'a>)>,
    /// Of each line; none at all where no line states one.
    pub costs: Vec<Option<Amount>>,
}

/// All that was settled of a deal, for payees whom it credits: it replaces what was told before. What is told of no deal
/// is a deal of which nothing is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledDeal<'a> {
    pub cause: Cause,
    pub deal_id: &'a str,
    /// Tells whose quarter it is.
    pub closed_on: Date,
    pub payees: Vec<u32>,
    pub settled: Settled,
}

/// What a deal's lines total, and what was paid for it: by day, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub total: Amount,
    pub passed: Vec<Passed>,
}

/// The input record that caused it: a topic of crediting's inputs and an offset in the source's partition of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub topic: CauseTopic,
    pub offset: u64,
    pub occurred_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CauseTopic {
    DealClosed,
    QuotaChanged,
    Facts,
    DealSettled,
    AdjustmentMade,
}

impl CauseTopic {
    const ALL: [CauseTopic; 5] = [
        CauseTopic::DealClosed,
        CauseTopic::QuotaChanged,
        CauseTopic::Facts,
        CauseTopic::DealSettled,
        CauseTopic::AdjustmentMade,
    ];

    pub fn topic(self) -> Topic {
        match self {
            CauseTopic::DealClosed => Topic::DealClosed,
            CauseTopic::QuotaChanged => Topic::QuotaChanged,
            CauseTopic::Facts => Topic::Facts,
            CauseTopic::DealSettled => Topic::DealSettled,
            CauseTopic::AdjustmentMade => Topic::AdjustmentMade,
        }
    }

    /// `None`: nothing of the topic causes anything.
    pub fn of(topic: Topic) -> Option<CauseTopic> {
        CauseTopic::ALL.into_iter().find(|cause| cause.topic() == topic)
    }
}

impl Cause {
    /// Where it stands, told by this partition: facts have one.
    pub fn position(&self, partition: u32) -> Position {
        let topic = self.topic.topic();
        Position { topic, partition: if topic == Topic::Facts { 0 } else { partition }, offset: self.offset }
    }
}

/// Credits of one deal for the payees of one destination partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditGroup<'a> {
    pub cause: Cause,
    pub deal_id: &'a str,
    /// Taken back (with the content under which it was given) instead of given.
    pub retract: bool,
    pub closed_on: Date,
    pub kind: Option<DealKind>,
    /// Credits that were given before the fact at this offset: they count only in measures defined at or after it.
    pub backfill_from: Option<u64>,
    pub lines: Vec<CreditLine>,
    pub allocations: Vec<Allocation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    pub product: u32,
    pub geography: Option<u32>,
    pub segment: Option<u32>,
    pub amount: Amount,
    pub quantity: Quantity,
}

/// A payee's share of one line, or of every line of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    pub payee: u32,
    pub kind: CreditKind,
    pub line: Option<u32>,
    pub share: Share,
}

/// A packed record that is not one.
#[derive(Debug, thiserror::Error)]
#[error("packed credits cannot be read: {0}")]
pub struct PackedError(String);

impl<'a> PackedCredits<'a> {
    /// What caused the entries, in their order.
    pub fn causes(&self) -> impl DoubleEndedIterator<Item = Position> {
        self.entries.iter().filter_map(|entry| entry.cause(self.source))
    }

    pub fn encode(&self) -> Result<Vec<u8>, PackedError> {
        postcard::to_extend(self, vec![PACKED_VERSION]).map_err(|error| PackedError(error.to_string()))
    }

    pub fn decode(bytes: &'a [u8]) -> Result<PackedCredits<'a>, PackedError> {
        let (version, body) = bytes.split_first().ok_or_else(|| PackedError("empty".into()))?;
        if *version != PACKED_VERSION {
            return Err(PackedError(format!("version {version}")));
        }
        let (packed, rest) = postcard::take_from_bytes(body).map_err(|error| PackedError(error.to_string()))?;
        if rest.is_empty() { Ok(packed) } else { Err(PackedError(format!("{} trailing bytes", rest.len()))) }
    }
}
