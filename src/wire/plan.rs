//! How a plan stands in a record: `PlanDefined` of `schemas/facts.avsc`, every mode stated as text.

use super::component::{ComponentRecord, component_record, read_component};
use super::mode::{mode, mode_text};
use crate::domain::calendar::Date;
use crate::domain::plan::{Plan, Prorate};
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct PlanRecord {
    plan_id: String,
    from: Date,
    to: Option<Date>,
    currency: String,
    calendar: String,
    mid_interval_change: String,
    negative_pay: String,
    after_release: String,
    components: Vec<ComponentRecord>,
    #[serde(default)]
    prorate: ProrateRecord,
}

#[derive(Serialize, Deserialize)]
struct ProrateRecord {
    by: String,
    quota: bool,
    target: bool,
    cap: bool,
}

impl PlanRecord {
    pub(super) fn new(plan: &Plan) -> Result<PlanRecord, String> {
        Ok(PlanRecord {
            plan_id: plan.plan_id.clone(),
            from: plan.from,
            to: plan.to,
            currency: plan.currency.clone(),
            calendar: plan.calendar.clone(),
            mid_interval_change: mode_text(&plan.mid_interval_change)?,
            negative_pay: mode_text(&plan.negative_pay)?,
            after_release: mode_text(&plan.after_release)?,
            components: plan.components.iter().map(component_record).collect::<Result<_, _>>()?,
            prorate: prorate_record(plan.prorate)?,
        })
    }

    pub(super) fn plan(self) -> Result<Plan, Reject> {
        let components = self.components.into_iter().enumerate();
        Ok(Plan {
            plan_id: self.plan_id,
            from: self.from,
            to: self.to,
            currency: self.currency,
            calendar: self.calendar,
            prorate: read_prorate(self.prorate)?,
            mid_interval_change: mode("mid_interval_change", &self.mid_interval_change)?,
            negative_pay: mode("negative_pay", &self.negative_pay)?,
            after_release: mode("after_release", &self.after_release)?,
            components: components
                .map(|(place, component)| read_component(&format!("components[{place}]"), component))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// As the schema's default: nothing is prorated.
impl Default for ProrateRecord {
    fn default() -> ProrateRecord {
        ProrateRecord { by: "active_days".into(), quota: false, target: false, cap: false }
    }
}

fn prorate_record(prorate: Prorate) -> Result<ProrateRecord, String> {
    let Prorate { by, quota, target, cap } = prorate;
    Ok(ProrateRecord { by: mode_text(&by)?, quota, target, cap })
}

fn read_prorate(record: ProrateRecord) -> Result<Prorate, Reject> {
    let ProrateRecord { by, quota, target, cap } = record;
    Ok(Prorate { by: mode("prorate.by", &by)?, quota, target, cap })
}
