//! The plain record types that the log carries, in one place for readers that know `wire` alone. Re-exports only.

pub use crate::domain::adjustment::{AdjustmentMade, MAXIMUM_ADJUSTMENTS, Target};
pub use crate::domain::calendar::{Calendar, Date, Half, Interval, IntervalKind, Period, Quarter, Year};
pub use crate::domain::currency::{CurrencyRates, MAXIMUM_RATES, RateRow};
pub use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
pub use crate::domain::exact::Exact;
pub use crate::domain::fact::{
    Company, CreditKind, Cut, Fact, FactBody, Payee, PayeeRow, PeriodClosed, PeriodReleased, PeriodReopened,
};
pub use crate::domain::formula::Formula;
pub use crate::domain::measure::{
    AttributeCondition, DatedBy, EarnedBy, Earnings, MAXIMUM_CONDITIONS, Measure, MeasureOf, Missing, Unit, Wanted,
};
pub use crate::domain::output::{
    Accrual, Attainment, Causes, CloseNote, ConvertedFrom, CurrencyTotal, Payout, PayoutKind, PayoutRun,
};
pub use crate::domain::pay_terms::{
    AtEnd, Draw, Flush, MinimumSettlement, PayTerms, PaymentCap, PaymentExcess, Recover, RecoveryFloor,
};
pub use crate::domain::plan::lookup::{Band, LineKey, Listed, Lookup, Row as LookupRow, Takes};
pub use crate::domain::plan::{
    AfterRelease, AmountPlace, AtZero, Attribution, Beyond, Bound, Boundary, Clawback, ClawbackPeriod, ClawbackPrice, Component,
    CountSplit, Deficit, Direction, EarningUnit, Gate, Method, MidIntervalChange, Modifiers, Multiplier, Negative, NegativePay,
    NoQuota, Otherwise, OwnAmount, OwnEdge, OwnModifier, OwnPlace, OwnRate, Pays, Plan, PlanCap, PoolShare, Prorate, ProrateBy,
    QuotaAfterRelease, QuotaUse, RoundingAt, ScaleRow, Scope, Tested, Tier, TierBy,
};
pub use crate::domain::quota::QuotaChanged;
pub use crate::domain::reject::Reason;
pub use crate::domain::settlement::{DealSettled, MAXIMUM_SETTLEMENTS, SettlementKind};
pub use crate::domain::territory::{Assignment, Condition, Crediting, Dimension, Node, Territories, Territory, Uncovered, When};
pub use crate::domain::topic::{Position, Topic};
pub use crate::domain::tranche::{Due, Tranche};
