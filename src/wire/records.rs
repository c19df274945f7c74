//! The plain record types that the log carries, in one place for readers that know `wire` alone. Re-exports only.

pub use crate::domain::calendar::{Calendar, Date, Interval, IntervalKind, Period, Quarter};
pub use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
pub use crate::domain::fact::{
    AfterRelease, Boundary, Company, Component, CreditKind, Cut, Fact, FactBody, Measure, MeasureOf, Method, MidIntervalChange,
    Negative, NegativePay, NoQuota, Payee, PayeeRow, Pays, PeriodClosed, PeriodReleased, PeriodReopened, Plan, Tier, TierBy,
};
pub use crate::domain::output::{Accrual, Attainment, Causes, CloseNote, Payout, PayoutKind, PayoutRun};
pub use crate::domain::quota::QuotaChanged;
pub use crate::domain::reject::Reason;
pub use crate::domain::topic::{Position, Topic};
