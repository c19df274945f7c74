//! Plans: versions of a compensation plan, and the modes that its components state.
//!
//! Modes that this version does not have are not representable here: the readers refuse them by name. A component with its
//! table is `component`; what a table and its modifiers make of sums is `rate_table` and `reward`; whether a plan can be is
//! `world`'s check.

pub use super::clawback::{Clawback, ClawbackPeriod, ClawbackPrice, ScaleRow};

use super::calendar::{Date, IntervalKind};
use super::formula::Formula;
use super::money::{Amount, RATE_DECIMALS, Rate};
use super::pay_terms::PayTerms;
use super::rate_table::Part;
use serde::{Deserialize, Serialize};

mod component;
pub mod lookup;
mod own_amounts;
mod own_modifiers;
mod pool;

pub use component::{Bound, Component, Gate, Modifiers, Multiplier, Otherwise, OwnEdge, OwnRate, Tested, Tier};
pub use own_amounts::{AmountPlace, OwnAmount};
pub use own_modifiers::{OwnModifier, OwnPlace};
pub use pool::{PoolShare, Sharer, Undivided};

/// A share of 100 %.
const WHOLE: Rate = Rate(10i64.pow(RATE_DECIMALS));

/// One version of a compensation plan: in force from `from` to `to` (half-open), on the first day of a pay period each.
/// Identity is (plan_id, from): the same again with another content is a correction of that version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub plan_id: String,
    pub from: Date,
    pub to: Option<Date>,
    pub currency: String,
    pub calendar: String,
    pub prorate: Prorate,
    pub mid_interval_change: MidIntervalChange,
    pub negative_pay: NegativePay,
    /// What a late fact does that is none about a quota.
    pub after_release: AfterRelease,
    pub quota_after_release: QuotaAfterRelease,
    pub pay: PayTerms,
    pub cap: Option<PlanCap>,
    /// Amounts of these that each payee has of their own, in the order of their places.
    pub own_amounts: Vec<OwnAmount>,
    /// The part of a quota that is expected of a new payee in his first pay periods, one each; then all of it.
    pub ramp: Vec<Rate>,
    pub components: Vec<Component>,
}

impl Plan {
    /// Whether the fiscal year prices a component: its interval is longer than a quarter, or what it earns hangs on what the
    /// intervals of the year before it left.
    pub fn prices_by_year(&self, component: &Component) -> bool {
        let capped = self.cap.is_some_and(|cap| cap.per.is_yearly());
        component.interval.is_yearly() || component.deficit == Deficit::NextIntervalOfYear || capped
    }
}

/// The most that all components of a plan earn together in an interval; what is above is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCap {
    pub per: IntervalKind,
    pub amount: Amount,
}

/// What shrinks with the part of an interval in which a payee is on the plan, and how the part is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prorate {
    pub by: ProrateBy,
    pub quota: bool,
    pub target: bool,
    pub cap: bool,
    pub draw: bool,
    /// The floors of components.
    pub floor: bool,
}

impl Prorate {
    /// Nothing is prorated.
    pub const NOTHING: Prorate =
        Prorate { by: ProrateBy::ActiveDays, quota: false, target: false, cap: false, draw: false, floor: false };
}

/// How the active part of an interval is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProrateBy {
    /// Days on which a row of the payee names the plan, of all days.
    ActiveDays,
    /// Pay periods that hold such a day, of all pay periods.
    Months,
}

/// What a version goes on from that is in force in a part of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MidIntervalChange {
    /// Each segment is priced from its starting position on its own curve.
    Carry,
    /// From sums of zero, against the part of quotas and target that falls to it.
    Restart,
}

/// What a negative net does: it is brought forward into the next run, or paid back by the payee outside of pay: then
/// its records are published as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegativePay {
    Carry,
    Receivable,
}

/// A change of a released period is a prior-period adjustment of the first open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRelease {
    Adjust,
}

/// What a statement about a quota does to a pay period that was closed before it came, and not reopened since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaAfterRelease {
    /// As if it had always been there.
    #[default]
    Adjust,
    /// The period earns the most of what it does by the quotas as each close since its own saw them, and as they are now.
    RaiseOnly,
    /// The period keeps the quota that its close saw. One that waited for its quota takes the first that a later close sees.
    Freeze,
}

/// What picks the tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierBy {
    Amount,
    /// Tiers are fractions of the quota.
    Attainment,
    Quantity,
    Count,
}

/// What the value of a tier is paid on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pays {
    /// The value is a fraction of a measured amount.
    RateOf,
    /// The value is money per unit of a measured quantity.
    PerUnit,
    /// The value is a fraction of this parameter of the payee, an amount of money for the component's interval.
    FractionOf(String),
    /// The value is money.
    Lump,
    /// What this gives, without any tier.
    Formula(Formula),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Each tier's rate applies to the part of the sum inside the tier. One tier is a flat rate.
    Marginal,
    /// The reached tier's rate applies to the whole sum.
    Retroactive,
    /// The reached tier's rate applies to what is above the start of the first tier, and nothing to what is below it.
    Overage,
    /// The reached tier's value is what is paid.
    Lump,
    /// Each tier pays its value in proportion to how far the sum is into the tier. The last tier is where it ends: its
    /// value is 0.
    Interpolated,
    /// Tiers are points: between two of them the value lies on the straight line, below the first one it is 0.
    Curve,
    /// The tier that the sum is in before a deal gives the rate of the whole deal, deal by deal.
    WholeDealBefore,
    /// The same with the tier that the sum is in after it.
    WholeDealAfter,
    /// A formula says what all of the sums earns.
    Formula,
    /// Each line of a deal at the rate of the row that says most about it.
    Lookup,
}

/// What a component earns. Points are no money: no run pays them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarningUnit {
    Money,
    Points,
}

/// What a table is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The sum of the interval up to a pay period.
    Running,
    /// Each deal by itself.
    Deal,
}

/// Where the one rounding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingAt {
    Cumulative,
    /// What each deal earns is rounded; their sum is in minor units then.
    Deal,
}

/// What a curve does behind its last point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// It stays where it is.
    Flat,
    /// The last straight line goes on.
    Extend,
}

/// Which tier owns a sum that hits its edge exactly; the same for a gate and for a curve's first point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    Upper,
    Lower,
}

/// What a negative sum earns: the first tier's line goes on, nothing, or the mirror image of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negative {
    Carry,
    Zero,
    Mirror,
}

/// What becomes of what an interval's sum lacks to zero, where less than nothing earns nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deficit {
    #[default]
    Lost,
    /// The next interval of the fiscal year starts from it. A year starts from nothing.
    NextIntervalOfYear,
}

/// What of a component's earning belongs to a deal, or to a pay period's deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// What it earned itself at its place.
    #[default]
    Slice,
    /// Its part of the sum that is paid, of all that was earned.
    ProRata,
}

/// What a deal that is shared counts in the position that deals find, where that is a number of deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountSplit {
    /// The payee's share of it.
    #[default]
    Share,
    /// One, whatever the share.
    Whole,
}

/// Which end of its axis a table pays more for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    #[default]
    Higher,
    /// Tiers are listed from the worst to the best, and each reaches down to the next one.
    Lower(AtZero),
}

/// What a sum of exactly zero earns where lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtZero {
    /// It is in the last tier: whoever has a quota is measured.
    Best,
    /// Nothing was measured, or nobody was there.
    Nothing,
}

/// What attainment does where the quota is absent or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoQuota {
    /// The component and interval earn nothing and are listed until a quota comes.
    Park,
    /// They earn nothing, and that is the answer.
    Nothing,
    /// The first tier applies to the whole sum; a gate is not met.
    FirstTier,
}

/// Which part of an interval's quota a sum is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuotaUse {
    /// All of it.
    #[default]
    Interval,
    /// What falls to the pay periods so far: each has its share of these, all together 100 %; equal parts where none is stated.
    ToDate(Vec<Rate>),
}

impl QuotaUse {
    pub fn is_to_date(&self) -> bool {
        matches!(self, QuotaUse::ToDate(_))
    }

    /// The part of a quota that falls to the first `periods` pay periods of an interval of `all`.
    pub fn part(&self, periods: usize, all: usize) -> Part {
        match self {
            QuotaUse::Interval => Part::ALL,
            QuotaUse::ToDate(shares) if shares.is_empty() => Part { active: periods as u64, of: all as u64 },
            QuotaUse::ToDate(shares) => {
                Part { active: shares.iter().take(periods).map(|share| share.0.unsigned_abs()).sum(), of: WHOLE.0.unsigned_abs() }
            }
        }
    }

    /// Whether shares that are stated can be those of an interval of this many pay periods.
    pub fn fits(&self, periods: usize) -> bool {
        let QuotaUse::ToDate(shares) = self else { return true };
        let total = shares.iter().try_fold(0i64, |total, share| total.checked_add(share.0));
        let whole = shares.len() == periods && shares.iter().all(|share| share.0 >= 0) && total == Some(WHOLE.0);
        shares.is_empty() || whole
    }
}

impl Method {
    /// The tier gives a rate, not an amount.
    pub fn is_proportional(self) -> bool {
        matches!(self, Method::Marginal | Method::Retroactive | Method::Overage) || self.is_whole_deal()
    }

    pub fn is_whole_deal(self) -> bool {
        matches!(self, Method::WholeDealBefore | Method::WholeDealAfter)
    }
}
