//! Ramps: the part of a quota that is expected of a new payee, by pay periods since the first one, and which plans may have one.

use super::apply::{invalid, not_supported};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::Payee;
use crate::domain::money::{RATE_DECIMALS, Rate};
use crate::domain::plan::Plan;
use crate::domain::rate_table::Part;
use crate::domain::reject::Reject;

/// Most pay periods of a ramp.
pub const MAXIMUM_RAMP: usize = 36;
/// 100 %.
const WHOLE: u64 = 10u64.pow(RATE_DECIMALS);

/// Why a plan cannot have the ramp that it states: a ramp is of quotas, and of all that there is of them.
pub fn ramp_fault(plan: &Plan) -> Option<String> {
    if plan.ramp.is_empty() {
        return None;
    }
    if !plan.components.iter().any(|component| component.reads_quota()) {
        return Some("`ramp` has no effect: no component is compared with a quota".into());
    }
    let to_date = plan.components.iter().find(|component| component.quota.is_to_date())?;
    Some(format!("not together: `ramp`, and a quota to date in component \"{}\"", to_date.component_id))
}

pub(super) fn check_ramp(plan: &Plan) -> Result<(), Reject> {
    if plan.ramp.len() > MAXIMUM_RAMP {
        return Err(invalid("ramp", format!("a ramp of {} pay periods: {MAXIMUM_RAMP} at most", plan.ramp.len())));
    }
    if plan.ramp.iter().any(|part| u64::try_from(part.0).map_or(true, |part| part > WHOLE)) {
        return Err(invalid("ramp", "a part of a ramp is from 0 to 100 %".into()));
    }
    ramp_fault(plan).map_or(Ok(()), |fault| Err(not_supported("ramp", &fault)))
}

/// The part of a quota that is expected of a payee in pay periods (both included): the mean of those from his first one on.
/// Whose first row begins before the calendar is not new.
pub fn ramp_part(payee: &Payee, plan: &Plan, calendar: &Calendar, (first, last): (Period, Period)) -> Part {
    let begins = payee.rows.first().and_then(|row| calendar.period_of(row.from));
    let Some(begins) = begins.filter(|begins| !plan.ramp.is_empty() && *begins <= last) else { return Part::ALL };
    let of = |Rate(part): &Rate| part.unsigned_abs();
    let tenures = first.0.max(begins.0) - begins.0..=last.0 - begins.0;
    let (periods, active) = tenures
        .fold((0, 0), |(periods, active), tenure| (periods + 1, active + plan.ramp.get(tenure as usize).map_or(WHOLE, of)));
    Part { active, of: periods * WHOLE }
}
