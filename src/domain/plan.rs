//! Plans: versions of a compensation plan, its components, their rate tables, and what modifies what a table pays.
//!
//! Modes that this version does not have are not representable here: the readers refuse them by name. What a table and
//! its modifiers make of sums is `rate_table` and `reward`; whether a plan can be is `world`'s check.

pub use super::clawback::ClawbackPrice;

use super::calendar::{Date, IntervalKind};
use super::formula::Formula;
use super::money::{Amount, RATE_DECIMALS, Rate, RoundingMode};
use super::pay_terms::PayTerms;
use super::rate_table::Part;
use super::tranche::{Due, Tranche};
use serde::{Deserialize, Serialize};

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
    pub after_release: AfterRelease,
    pub pay: PayTerms,
    pub components: Vec<Component>,
}

/// What shrinks with the part of an interval in which a payee is on the plan, and how the part is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prorate {
    pub by: ProrateBy,
    pub quota: bool,
    pub target: bool,
    pub cap: bool,
    pub draw: bool,
}

impl Prorate {
    /// Nothing is prorated.
    pub const NOTHING: Prorate = Prorate { by: ProrateBy::ActiveDays, quota: false, target: false, cap: false, draw: false };
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

/// A tier starts at `from` (in 10^-12 of the measure's unit, or of the quota when tiered by attainment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: i128,
    /// A rate, a fraction or money, by `pays` and the method.
    pub rate: Rate,
}

/// One component of a plan: turns sums into earnings under one earning code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub component_id: String,
    pub earning_code: String,
    pub interval: IntervalKind,
    pub scope: Scope,
    /// Picks the tier; the first that a formula names.
    pub measure: String,
    /// Of a formula: by attainment where it reads the quota of that measure, else by amount.
    pub tier_by: TierBy,
    pub pays: Pays,
    /// Of a rate or of money per unit: what is paid on, where it is another measure than the one that picks the tier.
    pub paid_measure: Option<String>,
    pub method: Method,
    /// Present exactly with a curve.
    pub beyond: Option<Beyond>,
    pub boundary: Boundary,
    pub negative: Negative,
    /// To date only where something is compared with a quota.
    pub quota: QuotaUse,
    /// Present exactly where something is compared with a quota.
    pub no_quota: Option<NoQuota>,
    pub clawback: ClawbackPrice,
    pub rounding: RoundingMode,
    pub rounding_at: RoundingAt,
    /// In order, the first from 0 (a curve's first point is anywhere); none of a formula.
    pub tiers: Vec<Tier>,
    pub modifiers: Modifiers,
    /// When parts of it are paid; empty: all of it when it is booked.
    pub pay: Vec<Tranche>,
}

/// What is done to what the table pays, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modifiers {
    /// At most this for one deal, and at most this taken back by a negative one.
    pub deal_cap: Option<Amount>,
    /// Times this.
    pub weight: Option<Rate>,
    /// Times the factor of the tier that a measure reaches.
    pub multiplier: Option<Multiplier>,
    pub gate: Option<Gate>,
    /// At most this in an interval; what is above is lost.
    pub cap: Option<Amount>,
}

/// A factor that is looked up by a measure of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiplier {
    pub measure: String,
    pub tier_by: TierBy,
    /// As a component's, the rates being factors.
    pub tiers: Vec<Tier>,
}

/// A threshold of a measure under which a component pays less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub measure: String,
    pub tier_by: TierBy,
    /// As a tier's `from`.
    pub at_least: i128,
    pub tested: Tested,
    pub otherwise: Otherwise,
}

/// When a gate is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tested {
    /// With each pay period, at the sums up to then.
    Running,
    /// With the interval's last pay period; until then it counts as met.
    AtEndPaidUntilThen,
    /// With the interval's last pay period; until then nothing is earned.
    AtEndHeldUntilThen,
}

/// What a component earns whose gate is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Otherwise {
    Zero,
    Factor(Rate),
    Cap(Amount),
}

impl Component {
    /// Whether its deals are looked at one by one, not their sum alone.
    pub fn reads_deals(&self) -> bool {
        self.scope == Scope::Deal || self.method.is_whole_deal()
    }

    /// Whether a part of what a deal earns waits until the deal is settled.
    pub fn settles(&self) -> bool {
        self.pay.iter().any(|tranche| tranche.when == Due::Settled)
    }

    /// Whether returned deals count in its sums, and it takes back what they earned themselves.
    pub fn takes_back(&self) -> bool {
        self.clawback == ClawbackPrice::HistoricRate
    }

    /// Whether what it earns is told deal by deal.
    pub fn earns_by_deal(&self) -> bool {
        self.settles() || self.takes_back()
    }

    /// Whether it needs the deals of its measure one by one.
    pub fn lists_deals(&self) -> bool {
        self.reads_deals() || self.earns_by_deal()
    }

    /// The measure that is paid on, where one is.
    pub fn paid(&self) -> Option<&str> {
        match self.pays {
            Pays::RateOf | Pays::PerUnit => Some(self.paid_measure.as_deref().unwrap_or(&self.measure)),
            Pays::FractionOf(_) | Pays::Lump | Pays::Formula(_) => None,
        }
    }

    /// Every measure that it reads, and whether it is compared with a quota; the first is the one that picks the tier.
    pub fn measures(&self) -> impl Iterator<Item = (&str, bool)> {
        let by_quota = |by: TierBy| by == TierBy::Attainment;
        let own = [Some((self.measure.as_str(), by_quota(self.tier_by))), self.paid_measure.as_deref().map(|id| (id, false))];
        let multiplier = self.modifiers.multiplier.as_ref().map(|of| (of.measure.as_str(), by_quota(of.tier_by)));
        let gate = self.modifiers.gate.as_ref().map(|of| (of.measure.as_str(), by_quota(of.tier_by)));
        let others = self.formula().into_iter().flat_map(|formula| formula.measures()).skip(1);
        let others = others.map(|named| (named.id.as_str(), named.by_quota));
        own.into_iter().chain([multiplier, gate]).flatten().chain(others)
    }

    /// What it pays where no table says it.
    pub fn formula(&self) -> Option<&Formula> {
        match &self.pays {
            Pays::Formula(formula) => Some(formula),
            _ => None,
        }
    }

    /// Whether any quota has a say.
    pub fn reads_quota(&self) -> bool {
        self.measures().any(|(_, by_quota)| by_quota)
    }
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
        matches!(self, Method::Marginal | Method::Retroactive) || self.is_whole_deal()
    }

    pub fn is_whole_deal(self) -> bool {
        matches!(self, Method::WholeDealBefore | Method::WholeDealAfter)
    }
}
