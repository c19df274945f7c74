//! Which plans may have a cap, and what it comes to for a payee.

use super::apply::{invalid, not_supported};
use super::{PlanVersion, World, active_part, parameter_in, plans_in};
use crate::domain::calendar::{Calendar, Interval, Period};
use crate::domain::exact::{Exact, scaled};
use crate::domain::fact::{Measure, Payee};
use crate::domain::money::{AMOUNT_DECIMALS, Minor, RoundingMode};
use crate::domain::plan::{AmountPlace, Plan};
use crate::domain::rate_table::Part;
use crate::domain::reject::Reject;
use std::sync::Arc;

/// Why versions of one plan cannot have the cap that one of them states: all that it cuts has to be known at once, and to be
/// paid at once.
pub fn cap_fault(versions: &[&Plan], measures: &[&Measure]) -> Option<String> {
    let stated = versions.iter().find_map(|plan| plan.cap)?;
    let components = || versions.iter().flat_map(|plan| &plan.components);
    let by_year = stated.per.is_yearly();
    let differs = |plan: &&Plan| plan.components.iter().any(|component| plan.prices_by_year(component) != by_year);
    if versions.iter().filter_map(|plan| plan.cap).any(|cap| cap.per.is_yearly() != by_year) {
        return Some("a cap of a month or quarter in one version, and of a half-year or year in another".into());
    }
    if versions.iter().copied().any(|plan| differs(&plan)) {
        return Some(match by_year {
            true => "another version has no cap of a half-year or year: what it earns is not known by the year".into(),
            false => "a cap of a month or quarter over components of half-years or years, or whose deficits go on".into(),
        });
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
    /// The cap that a plan version has for a payee in a pay period; the parameter that it lacks where it is the payee's own.
    pub fn plan_cap<'v>(
        &self,
        payee_id: &str,
        version: &'v PlanVersion,
        period: Period,
    ) -> Option<Result<(Interval, Minor), &'v str>> {
        let plan = &version.plan;
        let cap = plan.cap?;
        let interval = Interval::of(cap.per, period);
        let payee = self.organisation.get(payee_id).zip(self.calendar.as_deref());
        let amount = match plan.own_amount(AmountPlace::PlanCap) {
            None => cap.amount,
            Some(name) => {
                let own = payee.and_then(|(payee, calendar)| {
                    parameter_in(payee, calendar, self.begins(payee, calendar, plan, interval, period), name)
                });
                match own {
                    Some(amount) => amount,
                    None => return Some(Err(name)),
                }
            }
        };
        let prorated = payee.filter(|_| plan.prorate.cap);
        let part = prorated.and_then(|(payee, of)| active_part(payee, plan, of, interval, interval.first_and_last()));
        let amount = scaled(amount.0, AMOUNT_DECIMALS) * part.unwrap_or(Part::ALL).fraction();
        let most = Exact::of(amount).round(version.money.minor_digits, RoundingMode::HalfEven)?;
        Some(Ok((interval, most)))
    }

    /// The first pay period of an interval in which a payee is on a version of a plan: a cap of the payee's own stays what it is
    /// then, so that what was cut before is not cut otherwise.
    fn begins(&self, payee: &Payee, calendar: &Calendar, plan: &Plan, interval: Interval, period: Period) -> Period {
        let (first, _) = interval.first_and_last();
        let on_version = |at: &Period| {
            let version = self.plan_version(&plan.plan_id, *at);
            plans_in(payee, calendar, *at).contains(&plan.plan_id) && version.is_some_and(|of| of.plan.from == plan.from)
        };
        (first.0..period.0).map(Period).find(on_version).unwrap_or(period)
    }
}
