//! How the tiers of a component, and of its multiplier, stand in a record: `Tier` and `Multiplier` of `schemas/facts.avsc`.

use super::component::{rate_decimal, read_edge, read_rate};
use super::decimal::{MeasuredDecimal, RateDecimal, Unscaled};
use super::mode::{mode, mode_text};
use crate::domain::plan::{Multiplier, OwnEdge, OwnRate, Tier};
use crate::domain::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct TierRecord {
    from: MeasuredDecimal,
    rate: RateDecimal,
    #[serde(default)]
    rate_parameter: Option<String>,
    #[serde(default)]
    from_parameter: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MultiplierRecord {
    measure: String,
    tier_by: String,
    pub(super) tiers: Vec<TierRecord>,
}

pub(super) fn tier_records(tiers: &[Tier], own_rates: &[OwnRate], own_edges: &[OwnEdge]) -> Vec<TierRecord> {
    let own = |place: usize| own_rates.iter().find(|own| own.tier == place).map(|own| own.parameter.clone());
    let edge = |place: usize| own_edges.iter().find(|own| own.tier == place).map(|own| own.parameter.clone());
    let record = |(place, tier): (usize, &Tier)| TierRecord {
        from: Unscaled(tier.from),
        rate: rate_decimal(tier.rate),
        rate_parameter: own(place),
        from_parameter: edge(place),
    };
    tiers.iter().enumerate().map(record).collect()
}

pub(super) fn multiplier_record(of: &Multiplier, own: &[OwnRate]) -> Result<MultiplierRecord, String> {
    let tier_by = mode_text(&of.tier_by)?;
    Ok(MultiplierRecord { measure: of.measure.clone(), tier_by, tiers: tier_records(&of.tiers, own, &[]) })
}

pub(super) fn read_tiers(path: &str, records: &[TierRecord]) -> Result<Vec<Tier>, Reject> {
    records.iter().enumerate().map(|(place, tier)| read_tier(&format!("{path}[{place}]"), tier)).collect()
}

pub(super) fn own_rates(records: &[TierRecord]) -> Vec<OwnRate> {
    let own = |(tier, record): (usize, &TierRecord)| Some(OwnRate { tier, parameter: record.rate_parameter.clone()? });
    records.iter().enumerate().filter_map(own).collect()
}

pub(super) fn own_edges(records: &[TierRecord]) -> Vec<OwnEdge> {
    let own = |(tier, record): (usize, &TierRecord)| Some(OwnEdge { tier, parameter: record.from_parameter.clone()? });
    records.iter().enumerate().filter_map(own).collect()
}

fn read_tier(path: &str, record: &TierRecord) -> Result<Tier, Reject> {
    Ok(Tier { from: read_edge(&format!("{path}.from"), record.from)?, rate: read_rate(&format!("{path}.rate"), record.rate)? })
}

pub(super) fn read_multiplier(path: &str, record: MultiplierRecord) -> Result<Multiplier, Reject> {
    let tier_by = mode(&format!("{path}.tier_by"), &record.tier_by)?;
    if let Some(own) = own_edges(&record.tiers).first() {
        let message = "a multiplier's tier does not start at the payee's own";
        return Err(Reject::new(Reason::NotSupported, &format!("{path}.tiers[{}].from_parameter", own.tier), message.into()));
    }
    Ok(Multiplier { measure: record.measure, tier_by, tiers: read_tiers(&format!("{path}.tiers"), &record.tiers)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Rate;
    use crate::domain::plan::TierBy;

    #[test]
    fn a_multipliers_tier_starts_where_the_plan_says() {
        let tiers = [0, 5].map(|from| Tier { from, rate: Rate(1) }).to_vec();
        let multiplier = Multiplier { measure: "sales".into(), tier_by: TierBy::Amount, tiers };
        let record = || multiplier_record(&multiplier, &[]).unwrap();
        assert_eq!(read_multiplier("multiplier", record()).unwrap(), multiplier);
        let mut own = record();
        own.tiers[1].from_parameter = Some("edge".into());
        let expected =
            "multiplier.tiers[1].from_parameter: a multiplier's tier does not start at the payee's own [not_supported]";
        assert_eq!(read_multiplier("multiplier", own).unwrap_err().to_string(), expected);
    }
}
