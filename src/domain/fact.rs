//! Facts: what the company states about its organisation, measures, plans, calendar and pay periods.
//!
//! These are the records of the topic `facts` in domain terms. What a sequence of them adds up to is `world`.
//! Modes that this version does not have are not representable here: the readers refuse them by name.

use super::calendar::{Calendar, Date, IntervalKind, Period};
use super::deal::DealKind;
use super::money::{Rate, RoundingMode};
use serde::{Deserialize, Serialize};

/// One fact. `fact_id` is chosen by its author; it names the fact in messages and makes a repeated append visible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub fact_id: String,
    pub author: String,
    pub reason: String,
    pub approver: Option<String>,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub body: FactBody,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactBody {
    CompanyDefined(Company),
    CalendarDefined(Calendar),
    MeasureDefined(Measure),
    PlanDefined(Plan),
    PayeeDefined(Payee),
    PeriodClosed(PeriodClosed),
    PeriodReopened(PeriodReopened),
    PeriodReleased(PeriodReleased),
}

/// The company: one currency, one calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub company_id: String,
    pub currency: String,
    pub calendar: String,
    /// Whether the person who closed a period may release it, too.
    pub closer_may_release: bool,
}

/// How a payee comes by a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreditKind {
    Revenue,
    Overlay,
    Rolled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOf {
    Amount,
    Quantity,
}

/// A named sum over matching credits. A filter list that is empty matches everything; a line without the attribute
/// matches only an empty list. A published measure never changes: another definition takes another id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    pub measure_id: String,
    pub of: MeasureOf,
    pub credit_kinds: Vec<CreditKind>,
    pub products: Vec<String>,
    pub geographies: Vec<String>,
    pub segments: Vec<String>,
    pub deal_kinds: Vec<DealKind>,
}

/// A payee with all effective-dated rows, in order, without overlap. A later fact replaces the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payee {
    pub payee_id: String,
    pub rows: Vec<PayeeRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeRow {
    pub from: Date,
    /// The day after the last; `None` is open.
    pub to: Option<Date>,
    pub title: String,
    pub manager: Option<String>,
    /// Only "default" is known.
    pub pay_group: String,
    pub plans: Vec<String>,
    /// What payroll calls this person.
    pub employee_ref: Option<String>,
}

/// One version of a compensation plan: in force from `from` to `to` (half-open), on the first day of a pay period each.
/// Identity is (plan_id, from): the same again with another content is a correction of that version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub plan_id: String,
    pub from: Date,
    pub to: Option<Date>,
    pub currency: String,
    pub calendar: String,
    pub mid_interval_change: MidIntervalChange,
    pub negative_pay: NegativePay,
    pub after_release: AfterRelease,
    pub components: Vec<Component>,
}

/// Each segment is priced from its starting position on its own curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MidIntervalChange {
    Carry,
}

/// What a negative net does: it is brought forward into the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegativePay {
    Carry,
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
}

/// What is paid on the measure that picks the tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pays {
    /// The rate is a fraction of a measured amount.
    RateOf,
    /// The rate is money per unit of a measured quantity.
    PerUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Each tier's rate applies to the part of the sum inside the tier. One tier is a flat rate.
    Marginal,
    /// The reached tier's rate applies to the whole sum.
    Retroactive,
}

/// Which tier owns a sum that hits its edge exactly.
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

/// What attainment tiers do where the quota is absent or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoQuota {
    /// The component and interval earn nothing and are listed until a quota comes.
    Park,
    /// They earn nothing, and that is the answer.
    Nothing,
    /// The first tier's rate applies to the whole sum.
    FirstTier,
}

/// A tier starts at `from` (in 10^-12 of the measure's unit, or of the quota when tiered by attainment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: i128,
    pub rate: Rate,
}

/// One component of a plan: turns one measure into earnings under one earning code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub component_id: String,
    pub earning_code: String,
    pub interval: IntervalKind,
    pub measure: String,
    pub tier_by: TierBy,
    pub pays: Pays,
    pub method: Method,
    pub boundary: Boundary,
    pub negative: Negative,
    /// Present exactly when tiered by attainment.
    pub no_quota: Option<NoQuota>,
    pub rounding: RoundingMode,
    /// In order, the first from 0.
    pub tiers: Vec<Tier>,
}

/// The end of a period: what lies before the cut is its. The run is named by `close_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodClosed {
    pub close_id: String,
    pub calendar: String,
    pub pay_group: String,
    pub period: Period,
    pub cut: Cut,
}

/// The end offset of every partition of each input topic when the close was stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    pub deal_closed: Vec<u64>,
    pub quota_changed: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodReopened {
    pub close_id: String,
}

/// The release of a closed period with what its drafts added up to: the run as reviewed is the run that is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodReleased {
    pub close_id: String,
    pub records: u64,
    /// In minor units of the company's currency.
    pub total_minor: i64,
    /// Sum mod 2^128 of the partitions' digests, in hexadecimal.
    pub digest: String,
}
