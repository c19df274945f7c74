//! How a plan's component stands in a record: `Component` of `schemas/facts.avsc`, every mode stated as text.

use super::clawback::{ScaleRowRecord, read_scale, scale_records};
use super::deal::in_range;
use super::decimal::{AmountDecimal, MeasuredDecimal, RateDecimal, Unscaled};
use super::direction::{direction_texts, read_direction};
use super::gate::{GateRecord, gate_record, read_gate};
use super::lookup::{self, LookupRecord, lookup_record, read_lookup};
use super::mode::{mode, mode_text, only};
use super::own_modifiers::{OwnModifierRecord, own_factors, own_modifier_records, read_own_modifiers};
use super::pool::{pool_text, read_pool};
use super::tiers::{
    MultiplierRecord, TierRecord, multiplier_record, own_edges, own_rates, read_multiplier, read_tiers, tier_records,
};
use crate::domain::formula::Formula;
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::{Attribution, Clawback, Component, CountSplit, Deficit, EarningUnit, Modifiers, Pays, QuotaUse};
use crate::domain::reject::{Reason, Reject};
use crate::domain::tranche::{Due, Tranche};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct ComponentRecord {
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
    paid_measure: Option<String>,
    target: Option<String>,
    beyond: Option<String>,
    weight: Option<RateDecimal>,
    multiplier: Option<MultiplierRecord>,
    gate: Option<GateRecord>,
    cap: Option<CapRecord>,
    #[serde(default)]
    deal_cap: Option<AmountDecimal>,
    #[serde(default)]
    late: Option<String>,
    #[serde(default)]
    count_split: Option<String>,
    #[serde(default)]
    pay: Vec<TrancheRecord>,
    #[serde(default)]
    attribution: Option<String>,
    #[serde(default)]
    spread: Vec<RateDecimal>,
    #[serde(default)]
    formula: Option<String>,
    #[serde(default)]
    lookup: Option<LookupRecord>,
    #[serde(default)]
    interval_floor: Option<FloorRecord>,
    #[serde(default)]
    earning_unit: Option<String>,
    #[serde(default)]
    pool: Option<String>,
    #[serde(default)]
    clawback_scale: Vec<ScaleRowRecord>,
    #[serde(default)]
    own_modifiers: Vec<OwnModifierRecord>,
    #[serde(default)]
    direction: Option<String>,
    #[serde(default)]
    at_zero: Option<String>,
    #[serde(default)]
    deficit: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TrancheRecord {
    share: RateDecimal,
    when: String,
}

#[derive(Serialize, Deserialize)]
struct FloorRecord {
    per: String,
    amount: AmountDecimal,
}

#[derive(Serialize, Deserialize)]
struct CapRecord {
    per: String,
    amount: AmountDecimal,
    excess: String,
}

pub(super) fn rate_decimal(rate: Rate) -> RateDecimal {
    Unscaled(i128::from(rate.0))
}

pub(super) fn component_record(component: &Component) -> Result<ComponentRecord, String> {
    let modifiers = &component.modifiers;
    let (pays, target) = match &component.pays {
        Pays::RateOf => ("rate_of", None),
        Pays::PerUnit => ("per_unit", None),
        Pays::FractionOf(parameter) => ("fraction_of", Some(parameter.clone())),
        Pays::Lump => ("lump", None),
        Pays::Formula(_) => ("formula", None),
    };
    let (direction, at_zero) = direction_texts(component.direction)?;
    Ok(ComponentRecord {
        component_id: component.component_id.clone(),
        earning_code: component.earning_code.clone(),
        interval: mode_text(&component.interval)?,
        scope: mode_text(&component.scope)?,
        measure: component.measure.clone(),
        tier_by: mode_text(&component.tier_by)?,
        pays: pays.into(),
        method: mode_text(&component.method)?,
        boundary: mode_text(&component.boundary)?,
        negative: mode_text(&component.negative)?,
        direction,
        at_zero,
        deficit: (component.deficit != Deficit::Lost).then(|| mode_text(&component.deficit)).transpose()?,
        quota: component.reads_quota().then(|| quota_text(&component.quota).into()),
        no_quota: component.no_quota.as_ref().map(mode_text).transpose()?,
        clawback_price: mode_text(&component.clawback.price)?,
        clawback_period: mode_text(&component.clawback.period)?,
        clawback_scale: scale_records(&component.clawback.scale),
        rounding_mode: mode_text(&component.rounding)?,
        rounding_at: mode_text(&component.rounding_at)?,
        tiers: tier_records(&component.tiers, &component.own_rates, &component.own_edges),
        paid_measure: component.paid_measure.clone(),
        target,
        beyond: component.beyond.as_ref().map(mode_text).transpose()?,
        weight: modifiers.weight.map(rate_decimal),
        multiplier: modifiers
            .multiplier
            .as_ref()
            .map(|of| multiplier_record(of, &own_factors(&component.own_modifiers)))
            .transpose()?,
        gate: modifiers.gate.as_ref().map(gate_record).transpose()?,
        deal_cap: modifiers.deal_cap.map(|cap| Unscaled(cap.0)),
        late: component.method.is_whole_deal().then(|| "refold".into()),
        count_split: component.method.is_whole_deal().then(|| mode_text(&component.count_split)).transpose()?,
        pay: component.pay.iter().map(tranche_record).collect(),
        attribution: (!component.pay.is_empty() || component.takes_back())
            .then(|| mode_text(&component.attribution))
            .transpose()?,
        spread: match &component.quota {
            QuotaUse::ToDate(shares) => shares.iter().copied().map(rate_decimal).collect(),
            QuotaUse::Interval => Vec::new(),
        },
        earning_unit: (component.unit != EarningUnit::Money).then(|| mode_text(&component.unit)).transpose()?,
        pool: component.pool.as_ref().map(pool_text),
        own_modifiers: own_modifier_records(&component.own_modifiers)?,
        formula: component.formula().map(|formula| formula.text().to_owned()),
        lookup: component.lookup.as_ref().map(|lookup| lookup_record(lookup, &component.own_rates)),
        interval_floor: modifiers.floor.map(|floor| FloorRecord { per: "interval".into(), amount: Unscaled(floor.0) }),
        cap: modifiers.cap.map(|cap| CapRecord { per: "interval".into(), amount: Unscaled(cap.0), excess: "lost".into() }),
    })
}

fn quota_text(used: &QuotaUse) -> &'static str {
    if used.is_to_date() { "to_date" } else { "interval" }
}

fn read_quota(path: &str, quota: Option<&str>, spread: &[RateDecimal]) -> Result<QuotaUse, Reject> {
    let share = |(place, share): (usize, &RateDecimal)| read_rate(&format!("{path}.spread[{place}]"), *share);
    match quota.unwrap_or("interval") {
        "to_date" => spread.iter().enumerate().map(share).collect::<Result<_, _>>().map(QuotaUse::ToDate),
        "interval" if spread.is_empty() => Ok(QuotaUse::Interval),
        "interval" => Err(Reject::field(&format!("{path}.spread"), "a quota of the interval is not spread".into())),
        other => {
            let message = format!("\"{other}\" is not supported; use interval or to_date");
            Err(Reject::new(Reason::NotSupported, &format!("{path}.quota"), message))
        }
    }
}

fn tranche_record(tranche: &Tranche) -> TrancheRecord {
    TrancheRecord { share: rate_decimal(tranche.share), when: tranche.when.text() }
}

fn read_tranche(path: &str, record: &TrancheRecord) -> Result<Tranche, Reject> {
    let unknown = || {
        let message = format!("\"{}\" is not supported; use booked, settled, +N months, interval_end or year_end", record.when);
        Reject::new(Reason::NotSupported, &format!("{path}.when"), message)
    };
    let when = Due::parse(&record.when).ok_or_else(unknown)?;
    Ok(Tranche { share: read_rate(&format!("{path}.share"), record.share)?, when })
}

pub(super) fn read_component(path: &str, record: ComponentRecord) -> Result<Component, Reject> {
    let at = |field: &str| format!("{path}.{field}");
    only(&at("late"), record.late.as_deref().unwrap_or("refold"), "refold")?;
    let factors = record.multiplier.as_ref().map_or_else(Vec::new, |of| own_rates(&of.tiers));
    Ok(Component {
        own_modifiers: read_own_modifiers(&at("own_modifiers"), record.own_modifiers, factors)?,
        unit: record.earning_unit.as_deref().map_or(Ok(EarningUnit::Money), |text| mode(&at("earning_unit"), text))?,
        interval: mode(&at("interval"), &record.interval)?,
        scope: mode(&at("scope"), &record.scope)?,
        tier_by: mode(&at("tier_by"), &record.tier_by)?,
        pays: read_pays(path, &record.pays, record.target, record.formula)?,
        paid_measure: record.paid_measure,
        method: mode(&at("method"), &record.method)?,
        count_split: record.count_split.as_deref().map_or(Ok(CountSplit::Share), |text| mode(&at("count_split"), text))?,
        beyond: record.beyond.as_deref().map(|text| mode(&at("beyond"), text)).transpose()?,
        boundary: mode(&at("boundary"), &record.boundary)?,
        negative: mode(&at("negative"), &record.negative)?,
        direction: read_direction(path, record.direction.as_deref(), record.at_zero.as_deref())?,
        deficit: record.deficit.as_deref().map_or(Ok(Deficit::Lost), |text| mode(&at("deficit"), text))?,
        quota: read_quota(path, record.quota.as_deref(), &record.spread)?,
        no_quota: record.no_quota.as_deref().map(|text| mode(&at("no_quota"), text)).transpose()?,
        clawback: Clawback {
            price: mode(&at("clawback_price"), &record.clawback_price)?,
            period: mode(&at("clawback_period"), &record.clawback_period)?,
            scale: read_scale(&at("clawback_scale"), &record.clawback_scale)?,
        },
        rounding: mode(&at("rounding_mode"), &record.rounding_mode)?,
        rounding_at: mode(&at("rounding_at"), &record.rounding_at)?,
        tiers: read_tiers(&at("tiers"), &record.tiers)?,
        own_edges: own_edges(&record.tiers),
        own_rates: record.lookup.as_ref().map_or_else(|| own_rates(&record.tiers), lookup::own_rates),
        lookup: record.lookup.map(|lookup| read_lookup(&at("lookup"), lookup)).transpose()?,
        pay: record
            .pay
            .iter()
            .enumerate()
            .map(|(place, tranche)| read_tranche(&at(&format!("pay[{place}]")), tranche))
            .collect::<Result<_, _>>()?,
        attribution: record.attribution.as_deref().map_or(Ok(Attribution::Slice), |text| mode(&at("attribution"), text))?,
        pool: record.pool.as_deref().map(|text| read_pool(&at("pool"), text)).transpose()?,
        component_id: record.component_id,
        earning_code: record.earning_code,
        measure: record.measure,
        modifiers: Modifiers {
            weight: record.weight.map(|weight| read_rate(&at("weight"), weight)).transpose()?,
            multiplier: record.multiplier.map(|of| read_multiplier(&at("multiplier"), of)).transpose()?,
            gate: record.gate.map(|gate| read_gate(&at("gate"), gate)).transpose()?,
            cap: record.cap.map(|cap| read_cap(&at("cap"), &cap)).transpose()?,
            floor: record.interval_floor.map(|floor| read_floor(&at("interval_floor"), &floor)).transpose()?,
            deal_cap: record.deal_cap.map(|cap| read_amount(&at("deal_cap"), cap)).transpose()?,
        },
    })
}

fn read_pays(path: &str, pays: &str, target: Option<String>, formula: Option<String>) -> Result<Pays, Reject> {
    let at = |field: &str| format!("{path}.{field}");
    match (pays, target, formula) {
        ("rate_of", None, None) => Ok(Pays::RateOf),
        ("per_unit", None, None) => Ok(Pays::PerUnit),
        ("lump", None, None) => Ok(Pays::Lump),
        ("fraction_of", Some(parameter), None) => Ok(Pays::FractionOf(parameter)),
        ("fraction_of", None, None) => Err(Reject::field(&at("target"), "fraction_of states no parameter".into())),
        ("formula", None, Some(text)) => {
            Formula::parse(&text).map(Pays::Formula).map_err(|error| Reject::field(&at("formula"), error.to_string()))
        }
        ("formula", None, None) => Err(Reject::field(&at("formula"), "formula states none".into())),
        ("rate_of" | "per_unit" | "lump" | "formula", Some(_), _) => {
            Err(Reject::field(&at("target"), format!("{pays} pays no fraction of a parameter")))
        }
        ("rate_of" | "per_unit" | "lump" | "fraction_of", _, Some(_)) => {
            Err(Reject::field(&at("formula"), format!("{pays} pays by tiers, not by a formula")))
        }
        _ => {
            let message = format!("\"{pays}\" is not supported; use rate_of or per_unit or fraction_of or lump or formula");
            Err(Reject::new(Reason::NotSupported, &at("pays"), message))
        }
    }
}

pub(super) fn read_edge(path: &str, edge: MeasuredDecimal) -> Result<i128, Reject> {
    in_range(edge.in_range().is_some(), || path.into(), "decimal(38,12)")?;
    Ok(edge.0)
}

pub(super) fn read_rate(path: &str, rate: RateDecimal) -> Result<Rate, Reject> {
    let found = rate.in_range().and_then(|rate| i64::try_from(rate).ok());
    in_range(found.is_some(), || path.into(), "decimal(18,8)")?;
    Ok(Rate(found.unwrap_or_default()))
}

pub(super) fn read_amount(path: &str, amount: AmountDecimal) -> Result<Amount, Reject> {
    in_range(amount.in_range().is_some(), || path.into(), "decimal(24,6)")?;
    Ok(Amount(amount.0))
}

fn read_cap(path: &str, record: &CapRecord) -> Result<Amount, Reject> {
    only(&format!("{path}.per"), &record.per, "interval")?;
    only(&format!("{path}.excess"), &record.excess, "lost")?;
    read_amount(&format!("{path}.amount"), record.amount)
}

fn read_floor(path: &str, record: &FloorRecord) -> Result<Amount, Reject> {
    only(&format!("{path}.per"), &record.per, "interval")?;
    read_amount(&format!("{path}.amount"), record.amount)
}
