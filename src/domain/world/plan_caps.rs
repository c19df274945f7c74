//! Which plans may have a cap, and what it comes to for a payee.

use super::apply::{invalid, not_supported};
use super::{PlanVersion, World, active_part};
use crate::domain::calendar::{Interval, Period};
use crate::domain::exact::{Exact, scaled};
use crate::domain::fact::Measure;
use crate::domain::money::{AMOUNT_DECIMALS, Minor, RoundingMode};
use crate::domain::plan::Plan;
use crate::domain::rate_table::Part;
use crate::domain::reject::Reject;
use std::sync::Arc;

/// Why versions of one plan cannot have the cap that one of them states: all that it cuts has to be known at once, and to be
/// paid at once.
pub fn cap_fault(versions: &[&Plan], measures: &[&Measure]) -> Option<String> {
    let stated = versions.iter().find_map(|plan| plan.cap)?;
    let components = || versions.iter().flat_map(|plan| &plan.components);
    let kinds = versions.iter().filter_map(|plan| plan.cap).map(|cap| cap.per).chain(components().map(|of| of.interval));
    if kinds.into_iter().any(|kind| kind.is_yearly() != stated.per.is_yearly()) {
        return Some("a cap of a month or quarter over components of half-years or years, or the reverse".into());
    }
    if let Some(of) = components().find(|of| !of.pay.is_empty()) {
        return Some(format!("component \"{}\" is paid in parts, and a cap cuts what is paid at once", of.component_id));
    }
    if let Some(of) = components().find(|of| of.takes_back_later()) {
        return Some(format!("component \"{}\" takes back in the current period, which no cap counts", of.component_id));
    }
    let counted = |id: &str| measures.iter().find(|measure| measure.counts_earnings_of(id));
    let (component, measure) = components().find_map(|of| Some((of, counted(&of.component_id)?)))?;
    let (id, measure) = (&component.component_id, &measure.measure_id);
    Some(format!("measure \"{measure}\" counts what component \"{id}\" earns, which the cap may cut"))
}

/// The same of every plan of a world.
pub(super) fn check_caps<'p>(
    plans: impl Iterator<Item = &'p Vec<Arc<PlanVersion>>>,
    measures: &[&Measure],
) -> Result<(), Reject> {
    for versions in plans {
        let versions: Vec<&Plan> = versions.iter().map(|version| &version.plan).collect();
        if versions.iter().filter_map(|plan| plan.cap).any(|cap| cap.amount.0 < 0) {
            return Err(invalid("cap", "a cap is not negative".into()));
        }
        if let Some(fault) = cap_fault(&versions, measures) {
            return Err(not_supported("cap", &fault));
        }
    }
    Ok(())
}

impl World {
    /// Over which interval a plan version has a cap in a pay period, and the most that a payee earns in it.
    pub fn plan_cap(&self, payee_id: &str, version: &PlanVersion, period: Period) -> Option<(Interval, Minor)> {
        let plan = &version.plan;
        let cap = plan.cap?;
        let interval = Interval::of(cap.per, period);
        let payee = self.organisation.get(payee_id).zip(self.calendar.as_deref()).filter(|_| plan.prorate.cap);
        let part = payee.and_then(|(payee, of)| active_part(payee, plan, of, interval, interval.first_and_last()));
        let amount = scaled(cap.amount.0, AMOUNT_DECIMALS) * part.unwrap_or(Part::ALL).fraction();
        let most = Exact::of(amount).round(self.minor_digits, RoundingMode::HalfEven)?;
        Some((interval, most))
    }
}
