//! Facts: what the company states about its organisation, measures, plans, calendar and pay periods.
//!
//! These are the records of the topic `facts` in domain terms. What a sequence of them adds up to is `world`.
//! Modes that this version does not have are not representable here: the readers refuse them by name.

use super::calendar::{Calendar, Date, Period};
use super::currency::CurrencyRates;
use super::money::Amount;
use super::output::CurrencyTotal;
use super::plan::Plan;
use super::territory::Territories;
use serde::{Deserialize, Serialize};

pub use super::measure::{EarnedBy, Earnings, Measure, MeasureOf};

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
    TerritoriesDefined(Territories),
    RatesDefined(CurrencyRates),
    PeriodClosed(PeriodClosed),
    PeriodReopened(PeriodReopened),
    PeriodReleased(PeriodReleased),
}

/// The company: the currency of what states none, one calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub company_id: String,
    pub currency: String,
    pub calendar: String,
    /// Whether the person who closed a period may release it, too.
    pub closer_may_release: bool,
    /// The type of rate at which pay in another currency than `currency` is converted. `None`: nobody is paid so.
    pub pay_rate_type: Option<String>,
}

/// How a payee comes by a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreditKind {
    Revenue,
    Overlay,
    Rolled,
    Territory,
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
    /// Amounts that plans read by name, in order of names.
    pub parameters: Vec<(String, Amount)>,
    /// What this person is paid in; `None` is that of the plans. All rows of a payee say the same.
    pub pay_currency: Option<String>,
    /// Those of one team are measured, and share, together.
    pub team: Option<String>,
}

impl Payee {
    /// What the payee is paid in, where a row states it.
    pub fn pay_currency(&self) -> Option<&str> {
        self.rows.first()?.pay_currency.as_deref()
    }
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
    /// Empty in a close that was stated before there were settlements: none of them is its.
    pub deal_settled: Vec<u64>,
    /// Empty in a close that was stated before there were adjustments.
    pub adjustment_made: Vec<u64>,
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
    /// Of what is paid in the company's currency, in its minor units.
    pub total_minor: i64,
    /// Of what is paid in other currencies.
    pub other_totals: Vec<CurrencyTotal>,
    /// Sum mod 2^128 of the partitions' digests, in hexadecimal.
    pub digest: String,
}
