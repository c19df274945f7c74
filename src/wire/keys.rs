//! The key of each topic's record, and the partition that it goes to.
//!
//! Records about a payee lie in the partition of the payee id, whatever else their key holds.

use crate::domain::fact::{Fact, FactBody};
use crate::domain::output::Attainment;
use crate::domain::topic::partition_of;
use std::fmt::Write;

/// `payee|measure|calendar|interval`.
pub fn attainment(attainment: &Attainment) -> String {
    let Attainment { payee_id, measure, calendar, interval, .. } = attainment;
    let mut key = String::with_capacity(payee_id.len() + measure.len() + calendar.len() + 12);
    key.extend([payee_id, "|", measure, "|", calendar]);
    // Writing into a string does not fail.
    let _ = write!(key, "|{interval}");
    key
}

/// `kind:id`.
pub fn fact(fact: &Fact) -> String {
    match &fact.body {
        FactBody::CompanyDefined(company) => format!("company:{}", company.company_id),
        FactBody::CalendarDefined(calendar) => format!("calendar:{}", calendar.calendar_id),
        FactBody::MeasureDefined(measure) => format!("measure:{}", measure.measure_id),
        FactBody::PlanDefined(plan) => format!("plan:{}.{}", plan.plan_id, plan.from),
        FactBody::PayeeDefined(payee) => format!("payee:{}", payee.payee_id),
        FactBody::TerritoriesDefined(_) => "territories:all".into(),
        FactBody::RatesDefined(stated) => format!("rates:{}.{}.{}", stated.rate_type, stated.from_currency, stated.to_currency),
        FactBody::PeriodClosed(closed) => format!("period-closed:{}", closed.close_id),
        FactBody::PeriodReopened(reopened) => format!("period-reopened:{}", reopened.close_id),
        FactBody::PeriodReleased(released) => format!("period-released:{}", released.close_id),
    }
}

/// The partition of a deal's or payee's records.
pub fn partition(id: &str, partitions: u32) -> u32 {
    partition_of(id.as_bytes(), partitions)
}
