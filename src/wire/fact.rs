//! How facts stand in records: the fields of `schemas/facts.avsc`.
//!
//! Modes are text there, so that one that the design names and this version does not build is refused by its name
//! (`not_supported`). Measures, plans, territories and rates have files of their own. What a fact means, and whether it can be, is `world`'s.

use super::deal::in_range;
use super::decimal::{AmountDecimal, Unscaled};
use super::measure::MeasureRecord;
use super::mode::only;
use super::plan::PlanRecord;
use super::rates::RatesRecord;
use super::territory::TerritoriesRecord;
use crate::domain::calendar::{Calendar, Date, DateError};
use crate::domain::fact::{Company, Cut, Fact, FactBody, Payee, PayeeRow, PeriodClosed, PeriodReleased, PeriodReopened};
use crate::domain::money::{Amount, Minor};
use crate::domain::output::CurrencyTotal;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct FactRecord {
    fact_id: String,
    author: String,
    reason: String,
    approver: Option<String>,
    occurred_at: i64,
    body: BodyRecord,
}

/// The union of bodies, under the full names that Avro has for them.
#[derive(Serialize, Deserialize)]
enum BodyRecord {
    #[serde(rename = "accrue.CompanyDefined")]
    Company(CompanyRecord),
    #[serde(rename = "accrue.CalendarDefined")]
    Calendar(CalendarRecord),
    #[serde(rename = "accrue.MeasureDefined")]
    Measure(Box<MeasureRecord>),
    #[serde(rename = "accrue.PlanDefined")]
    Plan(Box<PlanRecord>),
    #[serde(rename = "accrue.PayeeDefined")]
    Payee(PayeeRecord),
    #[serde(rename = "accrue.TerritoriesDefined")]
    Territories(TerritoriesRecord),
    #[serde(rename = "accrue.RatesDefined")]
    Rates(RatesRecord),
    #[serde(rename = "accrue.PeriodClosed")]
    Closed(ClosedRecord),
    #[serde(rename = "accrue.PeriodReopened")]
    Reopened(ReopenedRecord),
    #[serde(rename = "accrue.PeriodReleased")]
    Released(ReleasedRecord),
}

#[derive(Serialize, Deserialize)]
struct CompanyRecord {
    company_id: String,
    currency: String,
    calendar: String,
    closer_may_release: bool,
    #[serde(default)]
    pay_rate_type: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CalendarRecord {
    calendar_id: String,
    first: String,
    starts: Vec<Date>,
}

#[derive(Serialize, Deserialize)]
struct PayeeRecord {
    payee_id: String,
    rows: Vec<RowRecord>,
}

#[derive(Serialize, Deserialize)]
struct RowRecord {
    from: Date,
    to: Option<Date>,
    title: String,
    manager: Option<String>,
    pay_group: String,
    plans: Vec<String>,
    employee_ref: Option<String>,
    #[serde(default)]
    parameters: Vec<ParameterRecord>,
    #[serde(default)]
    pay_currency: Option<String>,
    #[serde(default)]
    team: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ParameterRecord {
    name: String,
    amount: AmountDecimal,
}

#[derive(Serialize, Deserialize)]
struct ClosedRecord {
    close_id: String,
    calendar: String,
    pay_group: String,
    period: String,
    cut: CutRecord,
}

#[derive(Serialize, Deserialize)]
struct CutRecord {
    deal_closed: Vec<i64>,
    quota_changed: Vec<i64>,
    #[serde(default)]
    deal_settled: Vec<i64>,
    #[serde(default)]
    adjustment_made: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct ReopenedRecord {
    close_id: String,
}

#[derive(Serialize, Deserialize)]
struct ReleasedRecord {
    close_id: String,
    records: i64,
    total_minor: i64,
    digest: String,
    #[serde(default)]
    other_totals: Vec<TotalRecord>,
}

#[derive(Serialize, Deserialize)]
struct TotalRecord {
    currency: String,
    records: i64,
    total_minor: i64,
}

impl FactRecord {
    pub(super) fn new(fact: &Fact) -> Result<FactRecord, String> {
        Ok(FactRecord {
            fact_id: fact.fact_id.clone(),
            author: fact.author.clone(),
            reason: fact.reason.clone(),
            approver: fact.approver.clone(),
            occurred_at: fact.occurred_at,
            body: BodyRecord::new(&fact.body)?,
        })
    }

    pub(super) fn fact(self) -> Result<Fact, Reject> {
        Ok(Fact {
            fact_id: self.fact_id,
            author: self.author,
            reason: self.reason,
            approver: self.approver,
            occurred_at: self.occurred_at,
            body: self.body.body()?,
        })
    }
}

impl BodyRecord {
    fn new(body: &FactBody) -> Result<BodyRecord, String> {
        Ok(match body {
            FactBody::CompanyDefined(company) => BodyRecord::Company(company_record(company)),
            FactBody::CalendarDefined(calendar) => BodyRecord::Calendar(calendar_record(calendar)),
            FactBody::MeasureDefined(measure) => BodyRecord::Measure(Box::new(MeasureRecord::new(measure)?)),
            FactBody::PlanDefined(plan) => BodyRecord::Plan(Box::new(PlanRecord::new(plan)?)),
            FactBody::PayeeDefined(payee) => BodyRecord::Payee(payee_record(payee)),
            FactBody::TerritoriesDefined(stated) => BodyRecord::Territories(TerritoriesRecord::new(stated)?),
            FactBody::RatesDefined(stated) => BodyRecord::Rates(RatesRecord::new(stated)?),
            FactBody::PeriodClosed(closed) => BodyRecord::Closed(closed_record(closed)?),
            FactBody::PeriodReopened(reopened) => BodyRecord::Reopened(ReopenedRecord { close_id: reopened.close_id.clone() }),
            FactBody::PeriodReleased(released) => BodyRecord::Released(released_record(released)?),
        })
    }

    fn body(self) -> Result<FactBody, Reject> {
        Ok(match self {
            BodyRecord::Company(company) => FactBody::CompanyDefined(read_company(company)),
            BodyRecord::Calendar(calendar) => FactBody::CalendarDefined(read_calendar(calendar)?),
            BodyRecord::Measure(measure) => FactBody::MeasureDefined(measure.measure()?),
            BodyRecord::Plan(plan) => FactBody::PlanDefined(plan.plan()?),
            BodyRecord::Payee(payee) => FactBody::PayeeDefined(read_payee(payee)?),
            BodyRecord::Territories(stated) => FactBody::TerritoriesDefined(stated.territories()?),
            BodyRecord::Rates(stated) => FactBody::RatesDefined(stated.rates()?),
            BodyRecord::Closed(closed) => FactBody::PeriodClosed(read_closed(closed)?),
            BodyRecord::Reopened(reopened) => FactBody::PeriodReopened(PeriodReopened { close_id: reopened.close_id }),
            BodyRecord::Released(released) => FactBody::PeriodReleased(read_released(released)?),
        })
    }
}

fn company_record(company: &Company) -> CompanyRecord {
    CompanyRecord {
        company_id: company.company_id.clone(),
        currency: company.currency.clone(),
        calendar: company.calendar.clone(),
        closer_may_release: company.closer_may_release,
        pay_rate_type: company.pay_rate_type.clone(),
    }
}

fn read_company(record: CompanyRecord) -> Company {
    Company {
        company_id: record.company_id,
        currency: record.currency,
        calendar: record.calendar,
        closer_may_release: record.closer_may_release,
        pay_rate_type: record.pay_rate_type,
    }
}

fn calendar_record(calendar: &Calendar) -> CalendarRecord {
    CalendarRecord {
        calendar_id: calendar.calendar_id.clone(),
        first: calendar.first.to_string(),
        starts: calendar.starts.clone(),
    }
}

fn read_calendar(record: CalendarRecord) -> Result<Calendar, Reject> {
    let first = record.first.parse().map_err(|error| dated("first", &error))?;
    Ok(Calendar { calendar_id: record.calendar_id, first, starts: record.starts })
}

fn payee_record(payee: &Payee) -> PayeeRecord {
    let row = |row: &PayeeRow| RowRecord {
        from: row.from,
        to: row.to,
        title: row.title.clone(),
        manager: row.manager.clone(),
        pay_group: row.pay_group.clone(),
        plans: row.plans.clone(),
        employee_ref: row.employee_ref.clone(),
        parameters: row.parameters.iter().map(parameter_record).collect(),
        pay_currency: row.pay_currency.clone(),
        team: row.team.clone(),
    };
    PayeeRecord { payee_id: payee.payee_id.clone(), rows: payee.rows.iter().map(row).collect() }
}

fn read_payee(record: PayeeRecord) -> Result<Payee, Reject> {
    for (place, row) in record.rows.iter().enumerate() {
        only(&format!("rows[{place}].pay_group"), &row.pay_group, "default")?;
    }
    let rows = record.rows.into_iter().enumerate().map(|(place, row)| read_row(&format!("rows[{place}]"), row));
    Ok(Payee { payee_id: record.payee_id, rows: rows.collect::<Result<_, _>>()? })
}

fn parameter_record((name, amount): &(String, Amount)) -> ParameterRecord {
    ParameterRecord { name: name.clone(), amount: Unscaled(amount.0) }
}

fn read_row(path: &str, row: RowRecord) -> Result<PayeeRow, Reject> {
    let parameters = row.parameters.into_iter().map(|parameter| {
        in_range(parameter.amount.in_range().is_some(), || format!("{path}.parameters"), "decimal(24,6)")?;
        Ok((parameter.name, Amount(parameter.amount.0)))
    });
    Ok(PayeeRow {
        parameters: parameters.collect::<Result<_, Reject>>()?,
        from: row.from,
        to: row.to,
        title: row.title,
        manager: row.manager,
        pay_group: row.pay_group,
        plans: row.plans,
        employee_ref: row.employee_ref,
        pay_currency: row.pay_currency,
        team: row.team,
    })
}

fn closed_record(closed: &PeriodClosed) -> Result<ClosedRecord, String> {
    let longs = |offsets: &[u64]| offsets.iter().map(|offset| long("cut", *offset)).collect::<Result<Vec<i64>, String>>();
    Ok(ClosedRecord {
        close_id: closed.close_id.clone(),
        calendar: closed.calendar.clone(),
        pay_group: closed.pay_group.clone(),
        period: closed.period.to_string(),
        cut: CutRecord {
            deal_closed: longs(&closed.cut.deal_closed)?,
            quota_changed: longs(&closed.cut.quota_changed)?,
            deal_settled: longs(&closed.cut.deal_settled)?,
            adjustment_made: longs(&closed.cut.adjustment_made)?,
        },
    })
}

fn read_closed(record: ClosedRecord) -> Result<PeriodClosed, Reject> {
    only("pay_group", &record.pay_group, "default")?;
    let cut = Cut {
        deal_closed: offsets("cut.deal_closed", record.cut.deal_closed)?,
        quota_changed: offsets("cut.quota_changed", record.cut.quota_changed)?,
        deal_settled: offsets("cut.deal_settled", record.cut.deal_settled)?,
        adjustment_made: offsets("cut.adjustment_made", record.cut.adjustment_made)?,
    };
    let period = record.period.parse().map_err(|error| dated("period", &error))?;
    Ok(PeriodClosed { close_id: record.close_id, calendar: record.calendar, pay_group: record.pay_group, period, cut })
}

fn offsets(field: &str, longs: Vec<i64>) -> Result<Vec<u64>, Reject> {
    longs.into_iter().map(|long| not_negative(field, long)).collect()
}

fn released_record(released: &PeriodReleased) -> Result<ReleasedRecord, String> {
    let total = |of: &CurrencyTotal| {
        Ok(TotalRecord { currency: of.currency.clone(), records: long("other_totals", of.records)?, total_minor: of.total.0 })
    };
    Ok(ReleasedRecord {
        close_id: released.close_id.clone(),
        records: long("records", released.records)?,
        total_minor: released.total_minor,
        digest: released.digest.clone(),
        other_totals: released.other_totals.iter().map(total).collect::<Result<_, String>>()?,
    })
}

fn read_released(record: ReleasedRecord) -> Result<PeriodReleased, Reject> {
    let total = |of: TotalRecord| {
        let records = not_negative("other_totals", of.records)?;
        Ok(CurrencyTotal { currency: of.currency, records, total: Minor(of.total_minor) })
    };
    Ok(PeriodReleased {
        close_id: record.close_id,
        records: not_negative("records", record.records)?,
        total_minor: record.total_minor,
        digest: record.digest,
        other_totals: record.other_totals.into_iter().map(total).collect::<Result<_, Reject>>()?,
    })
}

fn long(field: &str, value: u64) -> Result<i64, String> {
    i64::try_from(value).map_err(|_| format!("{field}: out of range"))
}

fn not_negative(field: &str, value: i64) -> Result<u64, Reject> {
    u64::try_from(value).map_err(|_| Reject::field(field, format!("{value} is negative")))
}

fn dated(field: &str, error: &DateError) -> Reject {
    Reject::field(field, error.to_string())
}
