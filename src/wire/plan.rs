//! How a plan stands in a record: `PlanDefined` of `schemas/facts.avsc`, every mode stated as text.

use super::component::{ComponentRecord, component_record, rate_decimal, read_component, read_rate};
use super::decimal::RateDecimal;
use super::mode::{mode, mode_text};
use super::own_amounts::{OwnAmountRecord, own_amount_records, read_own_amounts};
use super::pay_terms::{DrawRecord, MinimumSettlementRecord, PaymentCapRecord, PlanCapRecord, pay_terms};
use crate::domain::calendar::Date;
use crate::domain::plan::{Plan, Prorate, QuotaAfterRelease};
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
    #[serde(default)]
    draw: Option<DrawRecord>,
    #[serde(default)]
    payment_cap: Option<PaymentCapRecord>,
    #[serde(default)]
    minimum_settlement: Option<MinimumSettlementRecord>,
    #[serde(default)]
    plan_cap: Option<PlanCapRecord>,
    #[serde(default)]
    ramp: Vec<RateDecimal>,
    #[serde(default)]
    own_amounts: Vec<OwnAmountRecord>,
    #[serde(default)]
    quota_after_release: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ProrateRecord {
    by: String,
    quota: bool,
    target: bool,
    cap: bool,
    #[serde(default)]
    draw: bool,
    #[serde(default)]
    floors: bool,
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
            draw: plan.pay.draw.as_ref().map(DrawRecord::new).transpose()?,
            payment_cap: plan.pay.payment_cap.as_ref().map(PaymentCapRecord::new).transpose()?,
            minimum_settlement: plan.pay.minimum_settlement.as_ref().map(MinimumSettlementRecord::new).transpose()?,
            plan_cap: plan.cap.as_ref().map(PlanCapRecord::new).transpose()?,
            ramp: plan.ramp.iter().copied().map(rate_decimal).collect(),
            own_amounts: own_amount_records(&plan.own_amounts)?,
            quota_after_release: quota_text(plan.quota_after_release)?,
        })
    }

    pub(super) fn plan(self) -> Result<Plan, Reject> {
        let components = self.components.into_iter().enumerate();
        let part = |(place, part): (usize, &RateDecimal)| read_rate(&format!("ramp[{place}]"), *part);
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
            quota_after_release: self
                .quota_after_release
                .map_or(Ok(QuotaAfterRelease::Adjust), |text| mode("quota_after_release", &text))?,
            pay: pay_terms(self.draw, self.payment_cap, self.minimum_settlement)?,
            cap: self.plan_cap.map(PlanCapRecord::cap).transpose()?,
            own_amounts: read_own_amounts(self.own_amounts)?,
            ramp: self.ramp.iter().enumerate().map(part).collect::<Result<_, _>>()?,
            components: components
                .map(|(place, component)| read_component(&format!("components[{place}]"), component))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What other facts do is not said again.
fn quota_text(quota: QuotaAfterRelease) -> Result<Option<String>, String> {
    (quota != QuotaAfterRelease::Adjust).then(|| mode_text(&quota)).transpose()
}

/// As the schema's default: nothing is prorated.
impl Default for ProrateRecord {
    fn default() -> ProrateRecord {
        ProrateRecord { by: "active_days".into(), quota: false, target: false, cap: false, draw: false, floors: false }
    }
}

fn prorate_record(prorate: Prorate) -> Result<ProrateRecord, String> {
    let Prorate { by, quota, target, cap, draw, floor } = prorate;
    Ok(ProrateRecord { by: mode_text(&by)?, quota, target, cap, draw, floors: floor })
}

fn read_prorate(record: ProrateRecord) -> Result<Prorate, Reject> {
    let ProrateRecord { by, quota, target, cap, draw, floors } = record;
    Ok(Prorate { by: mode("prorate.by", &by)?, quota, target, cap, draw, floor: floors })
}
