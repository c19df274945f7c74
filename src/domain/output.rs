//! What is published: attainment, accrual, payout, payout run, and the names that boards show.
//!
//! Plain data, exact; how it is written to the log is `wire`'s. Money is in minor units of `currency`.

use super::calendar::{Date, Interval, Period};
use super::exact::Exact;
use super::money::{Amount, CurrencyRate, Measured, Minor, POINTS};
use super::topic::Position;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;

/// Where a measured sum stands against its quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attainment {
    pub payee_id: Arc<str>,
    pub measure: Arc<str>,
    pub calendar: Arc<str>,
    pub interval: Interval,
    pub from: Date,
    /// The day after the last.
    pub to: Date,
    pub measured: Measured,
    /// In force for the interval's last period; `None`: no quota.
    pub quota: Option<Amount>,
    pub quota_revision: Option<i64>,
    pub revenue: Measured,
    pub overlay: Measured,
    pub rolled: Measured,
    pub territory: Measured,
    /// "USD" or "unit" for a quantity.
    pub unit: Arc<str>,
    /// FINAL once the interval's last period is released.
    pub last: bool,
    pub sequence: i64,
    /// Newest `occurred_at` that it covers, microseconds since 1970.
    pub as_of: i64,
}

/// The input events that an output covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Causes {
    pub first: Position,
    pub last: Position,
    pub count: i64,
}

/// The change of what one component earned for one effective period, booked into one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    pub payee_id: Arc<str>,
    pub plan_id: CompactString,
    /// First day of the plan version that priced it.
    pub plan_from: Date,
    pub component: CompactString,
    pub earning_code: CompactString,
    pub calendar: Arc<str>,
    pub interval: Interval,
    pub effective_period: Period,
    pub booking_period: Period,
    /// 1, 2, 3 ... per (payee, component, calendar, interval, effective period, booking period).
    pub sequence: i64,
    pub previous_total: Minor,
    pub new_total: Minor,
    /// The unrounded earning of the effective period (all bookings).
    pub exact: Exact,
    pub currency: Arc<str>,
    /// It is paid in tranches: what is earned may not be payable yet.
    pub in_tranches: bool,
    pub causes: Causes,
    pub as_of: i64,
}

impl Accrual {
    /// A pure function of what it is about, so that a replay names it the same.
    pub fn accrual_id(&self) -> String {
        let mut id = String::with_capacity(self.payee_id.len() + self.component.len() + self.calendar.len() + 48);
        id.extend([&self.payee_id, "/", self.component.as_str(), "/", &self.calendar]);
        let (effective, booking) = (self.effective_period, self.booking_period);
        // Writing into a string does not fail.
        let _ = write!(id, "/{}/{effective}/{booking}/{}", self.interval, self.sequence);
        id
    }

    /// What is earned: money of the currency, or points.
    pub fn unit(&self) -> &'static str {
        if *self.currency == *POINTS { POINTS } else { "money" }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayoutKind {
    /// Earned for the run's own period.
    Regular,
    /// Earned for a period that was closed before.
    PriorPeriod,
    /// What an earlier run could not pay: its negative net, what was above a cap or too little to be paid; less what this
    /// run brings forward itself.
    Carried,
    /// Raised to the draw: an advance.
    Draw,
    /// Raised to the guarantee, or such a raise set off against what came late for its period.
    Guarantee,
    /// A draw paid back.
    Recovery,
    /// A line that a person added.
    Manual,
}

impl PayoutKind {
    /// As a payout's id has it.
    pub fn name(self) -> &'static str {
        match self {
            PayoutKind::Regular => "regular",
            PayoutKind::PriorPeriod => "prior-period",
            PayoutKind::Carried => "carried",
            PayoutKind::Draw => "draw",
            PayoutKind::Guarantee => "guarantee",
            PayoutKind::Recovery => "recovery",
            PayoutKind::Manual => "manual",
        }
    }
}

/// What payroll pays. One record per run, payee, earning code, kind, currency and effective period; never zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    pub run_id: String,
    pub pay_group: String,
    pub period: Period,
    pub payee_id: String,
    pub employee_ref: Option<String>,
    /// Of what no component earned: CARRIED, CAPPED, DRAW, GUARANTEE or RECOVERY.
    pub earning_code: String,
    pub kind: PayoutKind,
    pub effective_period: Period,
    pub amount: Minor,
    pub currency: String,
    /// What later runs pay (positive) or set off and recover (negative): what this run brings forward, less draws that are
    /// still owed. In the plans' currency.
    pub balance_after: Minor,
    /// What it is in the plans' currency; `None`: it is paid in that.
    pub converted: Option<ConvertedFrom>,
}

/// What a payout in another currency than the plans' is in theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvertedFrom {
    pub plan_amount: Minor,
    pub plan_currency: String,
    /// The rate that was applied to all of it, and the first day of that rate. `None` for what is taken back at what it was
    /// paid at, and for what is brought forward.
    pub rate: Option<(CurrencyRate, Date)>,
}

/// What a run pays in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyTotal {
    pub currency: String,
    pub records: u64,
    pub total: Minor,
}

impl CurrencyTotal {
    /// Adds to the total of a currency; totals are in order of currencies.
    pub fn add(totals: &mut Vec<CurrencyTotal>, of: &CurrencyTotal) {
        match totals.binary_search_by(|total| total.currency.cmp(&of.currency)) {
            Ok(place) => {
                totals[place].records += of.records;
                totals[place].total.0 = totals[place].total.0.saturating_add(of.total.0);
            }
            Err(place) => totals.insert(place, of.clone()),
        }
    }
}

impl Payout {
    /// The currency of plans and of `balance_after`.
    pub fn plan_currency(&self) -> &str {
        self.converted.as_ref().map_or(&self.currency, |from| &from.plan_currency)
    }

    /// What it is in the plans' currency.
    pub fn plan_amount(&self) -> Minor {
        self.converted.as_ref().map_or(self.amount, |from| from.plan_amount)
    }

    /// A pure function of what it is about, so that a replay names it the same.
    pub fn payout_id(&self) -> String {
        let kind = self.kind.name();
        format!("{}/{}/{}/{kind}/{}/{}", self.run_id, self.payee_id, self.earning_code, self.currency, self.effective_period)
    }
}

/// Where a payee stands after a run that is computed; written where not all are 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBalance {
    pub run_id: String,
    pub payee_id: String,
    /// Brought forward into the next run: positive is paid, negative set off.
    pub carried: Minor,
    /// Draws that are still to be recovered.
    pub owed: Minor,
    /// Earned and not due yet.
    pub held: Minor,
    /// What is brought forward in the currency of pay, where that is another than the plans'.
    pub carried_in: Option<(String, Minor)>,
}

/// A released run, so that payroll can tell that it has all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutRun {
    pub run_id: String,
    pub calendar: String,
    pub pay_group: String,
    pub period: Period,
    /// In all currencies.
    pub records: u64,
    /// Of what is paid in the company's currency.
    pub total: Minor,
    pub currency: String,
    /// Of what is paid in other currencies, in order of them.
    pub other_totals: Vec<CurrencyTotal>,
    pub digest: String,
    pub closed_by: String,
    pub released_by: String,
}

/// A payee's name for boards; the only topic with personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayeeName {
    pub payee_id: String,
    pub name: String,
    pub team: String,
    pub manager: Option<String>,
    pub active: bool,
}

/// What the topic `closes` holds: how far each partition of each stage is with a close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloseNote {
    /// A source partition has passed the cut: everything before these next offsets of the inputs is the closed epoch's.
    SourceClosed {
        close_id: String,
        partition: u32,
        deal_closed: u64,
        quota_changed: u64,
        deal_settled: u64,
        adjustment_made: u64,
    },
    /// An earning partition has computed its part of the run.
    RunComputed { close_id: String, partition: u32, records: u64, total: Minor, digest: u128, other_totals: Vec<CurrencyTotal> },
    /// An earning partition has taken its part of the run back.
    RunReopened { close_id: String, partition: u32 },
    /// An earning partition has published its part of the run.
    RunReleased { close_id: String, partition: u32 },
}

/// What goes to `rejected`: kind in header `accrue.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectKind {
    Rejected,
    Parked,
    Resumed,
}

impl RejectKind {
    /// As header `accrue.kind` has it.
    pub fn name(self) -> &'static str {
        match self {
            RejectKind::Rejected => "rejected",
            RejectKind::Parked => "parked",
            RejectKind::Resumed => "resumed",
        }
    }
}

/// A dead letter, a parking or its end. `original` is at most the configured limit of the record's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectRecord {
    pub kind: RejectKind,
    pub position: Position,
    pub key: Vec<u8>,
    pub reject: super::reject::Reject,
    pub original: Vec<u8>,
    pub original_bytes: u64,
    /// BLAKE3 of the whole original record value, in hexadecimal.
    pub original_hash: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::topic::Topic;

    fn accrual(currency: &str) -> Accrual {
        let at = Position { topic: Topic::DealClosed, partition: 0, offset: 0 };
        let period = Period(2026 * 12);
        Accrual {
            payee_id: "ana".into(),
            plan_id: "ae".into(),
            plan_from: Date(0),
            component: "new".into(),
            earning_code: "COMM".into(),
            calendar: "fiscal".into(),
            interval: Interval::Quarter(period.quarter()),
            effective_period: period,
            booking_period: period.next(),
            sequence: 3,
            previous_total: Minor(0),
            new_total: Minor(1),
            exact: Exact::ZERO,
            currency: currency.into(),
            in_tranches: false,
            causes: Causes { first: at, last: at, count: 1 },
            as_of: 0,
        }
    }

    #[test]
    fn an_accrual_is_named_by_what_it_is_about() {
        assert_eq!(accrual("USD").accrual_id(), "ana/new/fiscal/2026-Q1/2026-01/2026-02/3");
        assert_eq!([accrual("USD").unit(), accrual(POINTS).unit()], ["money", POINTS]);
    }

    #[test]
    fn a_payout_is_named_by_its_run_and_has_what_it_is_in_the_currency_of_plans() {
        let converted = ConvertedFrom { plan_amount: Minor(5), plan_currency: "USD".into(), rate: None };
        let payout = |currency: &str, converted| Payout {
            run_id: "run".into(),
            pay_group: "default".into(),
            period: Period(2026 * 12 + 1),
            payee_id: "ana".into(),
            employee_ref: None,
            earning_code: "COMM".into(),
            kind: PayoutKind::PriorPeriod,
            effective_period: Period(2026 * 12),
            amount: Minor(4),
            currency: currency.into(),
            balance_after: Minor(0),
            converted,
        };
        let in_pounds = payout("GBP", Some(converted));
        assert_eq!((in_pounds.plan_currency(), in_pounds.plan_amount()), ("USD", Minor(5)));
        assert_eq!(in_pounds.payout_id(), "run/ana/COMM/prior-period/GBP/2026-01");
        let in_dollars = payout("USD", None);
        assert_eq!((in_dollars.plan_currency(), in_dollars.plan_amount()), ("USD", Minor(4)));
    }
}
