//! The modes of a plan by name: what this version does, and what it knows and refuses.
//!
//! A mode with `None` is named by the format; a plan that states it is refused with that name, never half done.

use super::fields::Choices;
use crate::domain::calendar::IntervalKind;
use crate::domain::clawback::{ClawbackPeriod, ClawbackPrice};
use crate::domain::deal::{Change, Counts, DealKind, DealStatus};
use crate::domain::fact::CreditKind;
use crate::domain::measure::{DatedBy, EarnedBy, MeasureOf, Missing, Unit};
use crate::domain::money::RoundingMode;
use crate::domain::pay_terms::{AtEnd, Flush, PaymentExcess, RecoveryFloor};
use crate::domain::plan::{
    AfterRelease, AtZero, Attribution, Beyond, Boundary, CountSplit, Deficit, EarningUnit, Method, MidIntervalChange, Negative,
    NegativePay, NoQuota, ProrateBy, QuotaAfterRelease, RoundingAt, Scope, TierBy,
};
use crate::domain::settlement::SettlementKind;
use crate::domain::territory::{Uncovered, When};

/// How the first days of pay periods are stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarKind {
    Months,
    /// The weeks of a quarter's three pay periods.
    Weeks([i32; 3]),
    /// Each by itself.
    Table,
}

pub const CALENDAR_KIND: &Choices<CalendarKind> = &[
    ("monthly", Some(CalendarKind::Months)),
    ("4-4-5", Some(CalendarKind::Weeks([4, 4, 5]))),
    ("4-5-4", Some(CalendarKind::Weeks([4, 5, 4]))),
    ("5-4-4", Some(CalendarKind::Weeks([5, 4, 4]))),
    ("table", Some(CalendarKind::Table)),
    ("weekly", None),
];
pub const MEASURE_OF: &Choices<MeasureOf> = &[
    ("amount", Some(MeasureOf::Amount)),
    ("quantity", Some(MeasureOf::Quantity)),
    ("count", Some(MeasureOf::Count)),
    ("margin", Some(MeasureOf::Margin)),
    ("attribute", Some(MeasureOf::Attribute)),
    ("earned", Some(MeasureOf::Earned)),
];
/// Whose earnings.
pub const EARNED_BY: &Choices<EarnedBy> =
    &[("self", Some(EarnedBy::Own)), ("reports", Some(EarnedBy::Reports)), ("team", Some(EarnedBy::Team))];
/// Whose earnings a pool is of, and how it is divided but for a number of the payee's own.
pub const POOL_OF: &Choices<()> = &[("team", Some(())), ("reports", None), ("plan", None)];
pub const POOL_SHARE: &Choices<()> = &[("equal", Some(())), ("weight", None)];
pub const DATED_BY: &Choices<DatedBy> =
    &[("deal", Some(DatedBy::Deal)), ("invoice", Some(DatedBy::Invoice)), ("receipt", Some(DatedBy::Receipt))];
pub const UNIT: &Choices<Unit> = &[("money", Some(Unit::Money)), ("number", Some(Unit::Number))];
pub const MISSING: &Choices<Missing> = &[("park", Some(Missing::Park)), ("nothing", Some(Missing::Nothing))];
pub const CREDIT_KINDS: &Choices<CreditKind> = &[
    ("REVENUE", Some(CreditKind::Revenue)),
    ("OVERLAY", Some(CreditKind::Overlay)),
    ("ROLLED", Some(CreditKind::Rolled)),
    ("TERRITORY", Some(CreditKind::Territory)),
];
/// What rolls up beside REVENUE.
pub const ROLL_UP: &Choices<CreditKind> = &[("OVERLAY", Some(CreditKind::Overlay)), ("TERRITORY", Some(CreditKind::Territory))];
pub const TERRITORY_WHEN: &Choices<When> = &[("unnamed", Some(When::Unnamed)), ("always", Some(When::Always))];
pub const UNCOVERED: &Choices<Uncovered> = &[("park", Some(Uncovered::Park)), ("nothing", Some(Uncovered::Nothing))];
pub const DEAL_KIND: &Choices<DealKind> =
    &[("NEW", Some(DealKind::New)), ("RENEWAL", Some(DealKind::Renewal)), ("EXPANSION", Some(DealKind::Expansion))];
pub const DEAL_STATUS: &Choices<DealStatus> = &[
    ("CLOSED", Some(DealStatus::Closed)),
    ("CANCELLED", Some(DealStatus::Cancelled)),
    ("OPEN", Some(DealStatus::Open)),
    ("LOST", Some(DealStatus::Lost)),
];
pub const CHANGE: &Choices<Change> =
    &[("CORRECTION", Some(Change::Correction)), ("RETURN", Some(Change::Return)), ("CANCELLATION", Some(Change::Cancellation))];
pub const SETTLEMENT_KIND: &Choices<SettlementKind> = &[
    ("INVOICED", Some(SettlementKind::Invoiced)),
    ("COLLECTED", Some(SettlementKind::Collected)),
    ("REFUNDED", Some(SettlementKind::Refunded)),
];
pub const COUNTS: &Choices<Counts> = &[("REVENUE", Some(Counts::Revenue)), ("OVERLAY", Some(Counts::Overlay))];

pub const MID_INTERVAL_CHANGE: &Choices<MidIntervalChange> =
    &[("carry", Some(MidIntervalChange::Carry)), ("restart", Some(MidIntervalChange::Restart)), ("refuse", None)];
pub const NEGATIVE_PAY: &Choices<NegativePay> =
    &[("carry", Some(NegativePay::Carry)), ("receivable", Some(NegativePay::Receivable))];
/// Whether a draw is paid back.
pub const DRAW_KIND: &Choices<bool> = &[("recoverable", Some(true)), ("guarantee", Some(false))];
pub const RECOVERY_FLOOR: &Choices<RecoveryFloor> = &[("draw", Some(RecoveryFloor::Draw)), ("none", Some(RecoveryFloor::Zero))];
pub const AT_END: &Choices<AtEnd> = &[("owed", Some(AtEnd::Owed)), ("forgiven", Some(AtEnd::Forgiven))];
pub const PAYMENT_EXCESS: &Choices<PaymentExcess> = &[("carry", Some(PaymentExcess::Carry)), ("lost", Some(PaymentExcess::Lost))];
pub const FLUSH: &Choices<Flush> = &[("end", Some(Flush::End)), ("year_end", Some(Flush::YearEnd))];
pub const AFTER_RELEASE: &Choices<AfterRelease> =
    &[("adjust", Some(AfterRelease::Adjust)), ("raise_only", None), ("freeze", None)];
/// Of facts about quotas.
pub const QUOTA_AFTER_RELEASE: &Choices<QuotaAfterRelease> = &[
    ("adjust", Some(QuotaAfterRelease::Adjust)),
    ("raise_only", Some(QuotaAfterRelease::RaiseOnly)),
    ("freeze", Some(QuotaAfterRelease::Freeze)),
];
pub const PRORATE_BY: &Choices<ProrateBy> = &[("active_days", Some(ProrateBy::ActiveDays)), ("months", Some(ProrateBy::Months))];

pub const INTERVAL: &Choices<IntervalKind> = &[
    ("month", Some(IntervalKind::Month)),
    ("quarter", Some(IntervalKind::Quarter)),
    ("half_year", Some(IntervalKind::HalfYear)),
    ("year", Some(IntervalKind::Year)),
    ("week", None),
];
pub const EARNING_UNIT: &Choices<EarningUnit> = &[("money", Some(EarningUnit::Money)), ("points", Some(EarningUnit::Points))];
pub const SCOPE: &Choices<Scope> = &[("running", Some(Scope::Running)), ("deal", Some(Scope::Deal))];
pub const METHOD: &Choices<Method> = &[
    ("marginal", Some(Method::Marginal)),
    ("retroactive", Some(Method::Retroactive)),
    ("whole_deal_before", Some(Method::WholeDealBefore)),
    ("whole_deal_after", Some(Method::WholeDealAfter)),
    ("interpolated", Some(Method::Interpolated)),
    ("curve", Some(Method::Curve)),
    ("overage", Some(Method::Overage)),
    ("lump", Some(Method::Lump)),
    ("lookup", Some(Method::Lookup)),
    ("formula", Some(Method::Formula)),
];
pub const TIER_BY: &Choices<TierBy> = &[
    ("amount", Some(TierBy::Amount)),
    ("attainment", Some(TierBy::Attainment)),
    ("quantity", Some(TierBy::Quantity)),
    ("count", Some(TierBy::Count)),
];
pub const BOUNDARY: &Choices<Boundary> = &[("upper", Some(Boundary::Upper)), ("lower", Some(Boundary::Lower))];
pub const BEYOND: &Choices<Beyond> = &[("flat", Some(Beyond::Flat)), ("extend", Some(Beyond::Extend))];
/// Whether at the interval's end.
pub const TESTED: &Choices<bool> = &[("running", Some(false)), ("interval_end", Some(true))];
/// Whether of a deal.
pub const CAP_PER: &Choices<bool> =
    &[("interval", Some(false)), ("deal", Some(true)), ("period", None), ("plan", None), ("year", None), ("payment", None)];
pub const FLOOR_PER: &Choices<()> =
    &[("interval", Some(())), ("period", None), ("plan", None), ("year", None), ("payment", None)];
pub const CAP_EXCESS: &Choices<()> = &[("lost", Some(())), ("carry", None)];
pub const NEGATIVE: &Choices<Negative> =
    &[("carry", Some(Negative::Carry)), ("zero", Some(Negative::Zero)), ("mirror", Some(Negative::Mirror))];
/// Whether lower is better.
pub const DIRECTION: &Choices<bool> = &[("higher", Some(false)), ("lower", Some(true))];
pub const AT_ZERO: &Choices<AtZero> = &[("best", Some(AtZero::Best)), ("nothing", Some(AtZero::Nothing))];
pub const DEFICIT: &Choices<Deficit> =
    &[("lost", Some(Deficit::Lost)), ("next_interval_of_year", Some(Deficit::NextIntervalOfYear)), ("next_interval", None)];
/// Whether to date.
pub const QUOTA: &Choices<bool> = &[("interval", Some(false)), ("to_date", Some(true))];
pub const NO_QUOTA: &Choices<NoQuota> =
    &[("park", Some(NoQuota::Park)), ("nothing", Some(NoQuota::Nothing)), ("first_tier", Some(NoQuota::FirstTier))];
pub const CLAWBACK_PRICE: &Choices<ClawbackPrice> =
    &[("recompute", Some(ClawbackPrice::Recompute)), ("historic_rate", Some(ClawbackPrice::HistoricRate))];
pub const CLAWBACK_PERIOD: &Choices<ClawbackPeriod> =
    &[("original", Some(ClawbackPeriod::Original)), ("current", Some(ClawbackPeriod::Current))];
pub const ROUNDING_MODE: &Choices<RoundingMode> =
    &[("half_even", Some(RoundingMode::HalfEven)), ("half_up", Some(RoundingMode::HalfUp)), ("down", Some(RoundingMode::Down))];
pub const ROUNDING_AT: &Choices<RoundingAt> = &[("cumulative", Some(RoundingAt::Cumulative)), ("deal", Some(RoundingAt::Deal))];
pub const ATTRIBUTION: &Choices<Attribution> = &[("slice", Some(Attribution::Slice)), ("pro_rata", Some(Attribution::ProRata))];
pub const LATE: &Choices<()> = &[("refold", Some(())), ("append", None)];
pub const COUNT_SPLIT: &Choices<CountSplit> = &[("share", Some(CountSplit::Share)), ("whole", Some(CountSplit::Whole))];

/// Keys of a plan that the format knows and this version does not do.
pub const PLAN_KEYS_NOT_BUILT: &[&str] = &["pay_group"];
/// Kinds of facts of which a plan says by itself what they do to closed pay periods, beside quotas and all others.
pub const AFTER_RELEASE_KEYS_NOT_BUILT: &[&str] = &["deal", "plan", "organisation", "rate"];
/// The same of a component.
pub const COMPONENT_KEYS_NOT_BUILT: &[&str] = &["phase", "rate_type"];
pub const COMPANY_KEYS_NOT_BUILT: &[&str] = &["pay_groups", "releasers", "closers", "currencies"];
pub const MEASURE_KEYS_NOT_BUILT: &[&str] = &["earning_codes"];
/// Columns of payees.csv that are not built.
pub const PAYEE_COLUMNS_NOT_BUILT: &[&str] = &["own_rate", "pay_mix", "territories", "tenure_from"];
