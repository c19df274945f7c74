//! How a plan stands in a record: `PlanDefined` of `schemas/facts.avsc`, every mode stated as text.

use super::deal::in_range;
use super::decimal::{MeasuredDecimal, RateDecimal, Unscaled};
use super::mode::{mode, mode_text, only};
use crate::domain::calendar::Date;
use crate::domain::fact::{Component, Plan, Tier, TierBy};
use crate::domain::money::Rate;
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
}

#[derive(Serialize, Deserialize)]
struct ComponentRecord {
    component_id: String,
    earning_code: String,
    interval: String,
    scope: String,
    measure: String,
    tier_by: String,
    pays: String,
    method: String,
    boundary: String,
    negative: String,
    quota: Option<String>,
    no_quota: Option<String>,
    clawback_price: String,
    clawback_period: String,
    rounding_mode: String,
    rounding_at: String,
    tiers: Vec<TierRecord>,
}

#[derive(Serialize, Deserialize)]
struct TierRecord {
    from: MeasuredDecimal,
    rate: RateDecimal,
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
            mid_interval_change: mode("mid_interval_change", &self.mid_interval_change)?,
            negative_pay: mode("negative_pay", &self.negative_pay)?,
            after_release: mode("after_release", &self.after_release)?,
            components: components
                .map(|(place, component)| read_component(&format!("components[{place}]"), component))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn component_record(component: &Component) -> Result<ComponentRecord, String> {
    let tier = |tier: &Tier| TierRecord { from: Unscaled(tier.from), rate: Unscaled(i128::from(tier.rate.0)) };
    Ok(ComponentRecord {
        component_id: component.component_id.clone(),
        earning_code: component.earning_code.clone(),
        interval: mode_text(&component.interval)?,
        scope: "running".into(),
        measure: component.measure.clone(),
        tier_by: mode_text(&component.tier_by)?,
        pays: mode_text(&component.pays)?,
        method: mode_text(&component.method)?,
        boundary: mode_text(&component.boundary)?,
        negative: mode_text(&component.negative)?,
        quota: (component.tier_by == TierBy::Attainment).then(|| "interval".into()),
        no_quota: component.no_quota.as_ref().map(mode_text).transpose()?,
        clawback_price: "recompute".into(),
        clawback_period: "original".into(),
        rounding_mode: mode_text(&component.rounding)?,
        rounding_at: "cumulative".into(),
        tiers: component.tiers.iter().map(tier).collect(),
    })
}

fn read_component(path: &str, record: ComponentRecord) -> Result<Component, Reject> {
    let at = |field: &str| format!("{path}.{field}");
    check_fixed_modes(path, &record)?;
    let tiers = record.tiers.iter().enumerate();
    Ok(Component {
        interval: mode(&at("interval"), &record.interval)?,
        tier_by: mode(&at("tier_by"), &record.tier_by)?,
        pays: mode(&at("pays"), &record.pays)?,
        method: mode(&at("method"), &record.method)?,
        boundary: mode(&at("boundary"), &record.boundary)?,
        negative: mode(&at("negative"), &record.negative)?,
        no_quota: record.no_quota.as_deref().map(|text| mode(&at("no_quota"), text)).transpose()?,
        rounding: mode(&at("rounding_mode"), &record.rounding_mode)?,
        tiers: tiers.map(|(place, tier)| read_tier(&at(&format!("tiers[{place}]")), tier)).collect::<Result<_, _>>()?,
        component_id: record.component_id,
        earning_code: record.earning_code,
        measure: record.measure,
    })
}

/// Fields of which this version builds one mode.
fn check_fixed_modes(path: &str, record: &ComponentRecord) -> Result<(), Reject> {
    let only = |field: &str, text: &str, known: &'static str| only(&format!("{path}.{field}"), text, known);
    only("scope", &record.scope, "running")?;
    only("quota", record.quota.as_deref().unwrap_or("interval"), "interval")?;
    only("clawback_price", &record.clawback_price, "recompute")?;
    only("clawback_period", &record.clawback_period, "original")?;
    only("rounding_at", &record.rounding_at, "cumulative")
}

fn read_tier(path: &str, record: &TierRecord) -> Result<Tier, Reject> {
    let rate = record.rate.in_range().and_then(|rate| i64::try_from(rate).ok());
    in_range(record.from.in_range().is_some(), || format!("{path}.from"), "decimal(38,12)")?;
    in_range(rate.is_some(), || format!("{path}.rate"), "decimal(18,8)")?;
    Ok(Tier { from: record.from.0, rate: Rate(rate.unwrap_or_default()) })
}
