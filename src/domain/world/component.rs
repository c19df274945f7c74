//! Whether a component can be: its parts fit each other, and its tables are in order.

use super::apply::invalid;
use crate::domain::adjustment::BY_HAND;
use crate::domain::deal::check_id;
use crate::domain::money::{Amount, Rate};
use crate::domain::plan::{
    AtZero, Boundary, Component, Direction, EarningUnit, Gate, Method, MidIntervalChange, Multiplier, Negative, NoQuota,
    Otherwise, OwnPlace, Pays, Plan, QuotaAfterRelease, RoundingAt, Scope, Tier, TierBy,
};
use crate::domain::reject::Reject;
use crate::domain::tranche::are_whole;

type Check = Result<(), String>;

fn hold(condition: bool, otherwise: &str) -> Check {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}

pub(super) fn check_component(component: &Component) -> Result<(), Reject> {
    let id = &component.component_id;
    check_id("component_id", id).map_err(|reject| invalid(&reject.field, reject.message))?;
    if id.starts_with(BY_HAND) {
        return Err(invalid("component_id", format!("\"{id}\": \"{BY_HAND}\" begins the names of manual lines")));
    }
    let about = |field: &'static str| move |message: String| invalid(field, format!("component \"{id}\": {message}"));
    check_formula(component).map_err(about("pays"))?;
    check_lookup(component).map_err(about("lookup"))?;
    check_paid(component).map_err(about("pays"))?;
    check_deals(component).map_err(about("scope"))?;
    hold(component.no_quota.is_some() == component.reads_quota(), "stated exactly when something is by attainment")
        .map_err(about("no_quota"))?;
    check_quota(component).map_err(about("quota"))?;
    check_direction(component).map_err(about("direction"))?;
    check_table(component).map_err(about("tiers"))?;
    check_modifiers(component).map_err(about("modifiers"))?;
    hold(component.unit == EarningUnit::Money || component.pay.is_empty(), "points are not paid").map_err(about("pay"))?;
    hold(are_whole(&component.pay), "tranches are parts that add up to 100 %").map_err(about("pay"))?;
    let of_deals = !component.settles() || component.paid_measure.is_none();
    hold(of_deals, "what is paid on another measure is of no single deal that could be settled").map_err(about("pay"))?;
    check_attribution(component).map_err(about("attribution"))?;
    check_clawback(component).map_err(about("clawback"))
}

/// What is paid fits what the tiers are of, and the method.
fn check_paid(component: &Component) -> Check {
    let proportional = component.method.is_proportional();
    let by_attainment = component.tier_by == TierBy::Attainment;
    let fits = match (&component.pays, component.method) {
        (Pays::Formula(_), method) => method == Method::Formula,
        (_, Method::Formula) => false,
        (pays, Method::Lookup) => matches!(pays, Pays::RateOf | Pays::PerUnit),
        (Pays::RateOf | Pays::PerUnit, Method::Lump | Method::Interpolated) => false,
        (Pays::RateOf, _) => component.paid_measure.is_some() || matches!(component.tier_by, TierBy::Amount | TierBy::Attainment),
        (Pays::PerUnit, _) => component.paid_measure.is_some() || component.tier_by != TierBy::Amount,
        (Pays::FractionOf(_), Method::Interpolated) => false,
        (Pays::FractionOf(_), _) => by_attainment || !proportional,
        (Pays::Lump, _) => !proportional,
    };
    hold(fits, "what it pays does not fit what its tiers are of")?;
    let overage = component.method == Method::Overage;
    hold(!overage || component.no_quota != Some(NoQuota::FirstTier), "without a quota nothing says what is above it")?;
    if let Pays::FractionOf(parameter) = &component.pays {
        hold(!parameter.is_empty(), "it pays a fraction of nothing")?;
        let undefined = proportional && component.no_quota == Some(NoQuota::FirstTier);
        hold(!undefined, "without a quota there is no part of it to pay a fraction for")?;
    }
    let Some(paid) = &component.paid_measure else { return Ok(()) };
    hold(component.paid().is_some() && *paid != component.measure, "another measure is paid on only where one is")?;
    hold(component.method != Method::Marginal && !overage, "parts of one measure have no place in the tiers of another")?;
    hold(component.negative != Negative::Mirror, "nothing mirrors a sum that another measure picks the tier of")
}

/// A formula stands for the whole table, and is of sums.
fn check_formula(component: &Component) -> Check {
    let Some(formula) = component.formula() else {
        return Ok(());
    };
    let first = formula.measures().first();
    let by = |by_quota| if by_quota { TierBy::Attainment } else { TierBy::Amount };
    let named = first.is_some_and(|first| first.id == component.measure && by(first.by_quota) == component.tier_by);
    hold(named, "its measure is not the first that its formula names")?;
    hold(component.tiers.is_empty() && component.paid_measure.is_none(), "a formula has no tiers, and says what it pays on")?;
    hold(component.scope == Scope::Running && !component.settles(), "a formula is of sums, not of single deals")?;
    hold(component.negative == Negative::Carry, "a formula says itself what a negative sum earns")?;
    hold(!component.quota.is_to_date(), "a formula reads the interval's quota")?;
    hold(component.no_quota != Some(NoQuota::FirstTier), "a formula has no first tier")
}

/// A table by line stands for the tiers, and is of sums of lines.
fn check_lookup(component: &Component) -> Check {
    let is = component.method == Method::Lookup;
    hold(component.lookup.is_some() == is, "a lookup has a table of lines, and nothing else does")?;
    let Some(lookup) = &component.lookup else { return Ok(()) };
    let fault = lookup.faults().into_iter().next();
    fault.map_or(Ok(()), |fault| Err(format!("row {}: {}", fault.row, fault.message)))?;
    hold(lookup.otherwise.is_none_or(|rate| rate.0 >= 0), "a rate below zero")?;
    hold(component.tier_by == TierBy::Amount && component.tiers.is_empty(), "a lookup has no tiers")?;
    hold(component.paid_measure.is_none(), "a lookup is of the measure that it pays on")?;
    hold(component.scope == Scope::Running && !component.settles(), "a lookup is of lines, not of single deals")?;
    hold(component.negative == Negative::Carry, "a line takes back what such a line earns")?;
    hold(!component.quota.is_to_date(), "a lookup reads no quota that grows")
}

/// A quota to date goes on through all periods of an interval, whatever the plan says of some of them.
pub(super) fn check_to_date(component: &Component, plan: &Plan) -> Result<(), Reject> {
    if !component.quota.is_to_date() {
        return Ok(());
    }
    if plan.mid_interval_change == MidIntervalChange::Restart {
        return Err(invalid("mid_interval_change", "a quota to date goes on: it cannot begin anew".into()));
    }
    if plan.quota_after_release != QuotaAfterRelease::Adjust {
        let message = "with a quota to date the next period makes up for what a closed one keeps";
        return Err(invalid("quota_after_release", message.into()));
    }
    Ok(())
}

/// What looks at deals one by one.
fn check_deals(component: &Component) -> Check {
    let by_deal = component.scope == Scope::Deal;
    hold(by_deal || component.rounding_at == RoundingAt::Cumulative, "only what is priced by deal is rounded by deal")?;
    hold(by_deal || component.modifiers.deal_cap.is_none(), "a deal is capped only where it is priced by itself")?;
    let counted = component.method.is_whole_deal() && component.tier_by == TierBy::Count;
    hold(counted || !component.counts_whole(), "deals count whole only where a deal finds a number of deals")?;
    if !component.reads_deals() {
        return Ok(());
    }
    hold(component.paid_measure.is_none(), "a deal is paid on the measure that picks its tier")?;
    let whole = component.method.is_whole_deal();
    hold(!(by_deal && whole), "a deal by itself finds no sum before it")?;
    hold(!by_deal || component.tier_by != TierBy::Attainment, "a deal by itself is no part of a quota")?;
    hold(!matches!(component.pays, Pays::FractionOf(_)), "a deal pays no fraction of a target")?;
    hold(!whole || component.negative == Negative::Carry, "whole deals carry a negative sum")
}

/// A quota to date: of what is compared with a quota at all, and of sums that can be priced again as it grows.
fn check_quota(component: &Component) -> Check {
    hold(component.quota.fits(component.interval.count()), "a spread has a share for each pay period, and they total 100 %")?;
    if !component.quota.is_to_date() {
        return Ok(());
    }
    hold(component.reads_quota(), "nothing is compared with a quota to date")?;
    let whole = component.method.is_whole_deal() && component.tier_by == TierBy::Attainment;
    hold(!whole, "a deal that is priced whole is not priced again with the quota of a later period")?;
    hold(!component.settles(), "what is made up for as the quota grows is of no single deal that could be settled")
}

/// All that was earned is shared out where some of it waits, and nothing goes by what a deal earned itself.
fn check_attribution(component: &Component) -> Check {
    if !component.shares_out() {
        return Ok(());
    }
    hold(!component.takes_back(), "a historic rate takes back what a deal earned itself")?;
    hold(!component.pay.is_empty(), "nothing waits that could be shared out")
}

/// What a deal earned can be taken back only where it earned something of its own.
fn check_clawback(component: &Component) -> Check {
    component.clawback.fault().map_or(Ok(()), Err)?;
    let looked_up = component.lookup.is_some() && component.reads_returns();
    hold(!looked_up, "a lookup takes back by recomputing the deal's own period")?;
    if !component.takes_back() {
        return Ok(());
    }
    hold(component.formula().is_none(), "a formula is of sums: no single deal earned something that could be taken back")?;
    hold(component.paid_measure.is_none(), "what is paid on another measure is of no single deal that could be taken back")?;
    hold(component.modifiers.floor.is_none(), "a floor is of no single deal that could be taken back")?;
    hold(!component.quota.is_to_date(), "what is made up for as the quota grows is of no single deal that could be taken back")
}

/// Lower is better only of a table that does not build up from zero, and of sums.
fn check_direction(component: &Component) -> Check {
    let Direction::Lower(at_zero) = component.direction else { return Ok(()) };
    let reads_off = matches!(component.method, Method::Retroactive | Method::Lump | Method::Curve);
    hold(reads_off, "what builds up from zero has no start where lower is better")?;
    hold(component.negative == Negative::Carry, "where lower is better a sum below zero is in the last tier")?;
    hold(!component.earns_by_deal(), "where lower is better no single deal earned something of its own")?;
    if at_zero == AtZero::Nothing {
        return Ok(());
    }
    let by_attainment = component.tier_by == TierBy::Attainment;
    hold(by_attainment && component.no_quota != Some(NoQuota::FirstTier), "without a quota nobody is measured at zero")?;
    let last = component.tiers.len().saturating_sub(1);
    let ends_at_zero = !component.is_own_edge(last) && component.tiers.last().is_some_and(|last| last.from == 0);
    hold(component.boundary == Boundary::Upper || !ends_at_zero, "a sum of zero is not in the best tier")
}

fn check_table(component: &Component) -> Check {
    let curve = component.method == Method::Curve;
    hold(component.beyond.is_some() == curve, "a curve says what is beyond it, and nothing else does")?;
    check_own_rates(component)?;
    check_own_edges(component)?;
    if component.formula().is_some() || component.lookup.is_some() {
        return Ok(());
    }
    let overage = component.method == Method::Overage;
    let stated = component.stated_tiers();
    let ordered = !stated.is_empty() || component.tiers.is_empty();
    if component.is_lower() {
        return if ordered { check_falling(&stated, component.tier_by) } else { Ok(()) };
    }
    let from_zero = !curve && !overage;
    hold(!from_zero || !component.is_own_edge(0), "tiers start at 0 and ascend")?;
    if ordered {
        check_tiers(&stated, component.tier_by, from_zero)?;
    }
    let first = component.tiers.first();
    hold(!overage || first.is_none_or(|tier| tier.from > 0 || component.is_own_edge(0)), "an overage begins above zero")?;
    let steps = component.method == Method::Lump || (curve && component.paid().is_none());
    let own = |place: usize| component.own_rates.iter().any(|own| own.tier == place);
    let nothing = |tier: &Tier| tier.from != 0 || component.is_own_edge(0) || (tier.rate.0 == 0 && !own(0));
    hold(!steps || first.is_none_or(nothing), "a sum of zero would be paid")?;
    let last = component.tiers.len().saturating_sub(1);
    let open = last == 0 || own(last) || component.tiers[last].rate.0 != 0;
    hold(component.method != Method::Interpolated || !open, "tiers that pay in proportion end with one that pays nothing")
}

/// The value of a tier, or of a row, is stated by the plan, or it is a parameter of the payee.
fn check_own_rates(component: &Component) -> Check {
    for own in &component.own_rates {
        hold(component.stated_rate(own.tier) == Some(Rate(0)), "a tier has a value, or the payee's own")?;
        hold(!own.parameter.is_empty(), "a value of the payee's own without a name")?;
    }
    let ascending = component.own_rates.windows(2).all(|pair| pair[0].tier < pair[1].tier);
    hold(ascending, "a tier has one value of the payee's own")
}

/// Where a tier starts is stated by the plan, or it is a parameter of the payee.
fn check_own_edges(component: &Component) -> Check {
    for own in &component.own_edges {
        let free = component.tiers.get(own.tier).is_some_and(|tier| tier.from == 0);
        hold(free, "a tier starts where it is stated, or where the payee has it")?;
        hold(!own.parameter.is_empty(), "an edge of the payee's own without a name")?;
    }
    let ascending = component.own_edges.windows(2).all(|pair| pair[0].tier < pair[1].tier);
    hold(ascending, "a tier has one edge of the payee's own")
}

/// Tiers ascend from 0, or points from anywhere.
fn check_tiers(tiers: &[Tier], tier_by: TierBy, from_zero: bool) -> Check {
    let ascending = tiers.windows(2).all(|pair| pair[0].from < pair[1].from);
    let first = tiers.first().is_some_and(|tier| if from_zero { tier.from == 0 } else { tier.from >= 0 });
    hold(first && ascending, "tiers start at 0 and ascend")?;
    tiers.iter().try_for_each(|tier| check_edge(tier.from, tier_by))
}

/// From the worst to the best, down to zero at most.
fn check_falling(tiers: &[Tier], tier_by: TierBy) -> Check {
    let descending = tiers.windows(2).all(|pair| pair[0].from > pair[1].from);
    let last = tiers.last().is_some_and(|tier| tier.from >= 0);
    hold(last && descending, "tiers fall where lower is better")?;
    tiers.iter().try_for_each(|tier| check_edge(tier.from, tier_by))
}

fn check_edge(edge: i128, tier_by: TierBy) -> Check {
    let fine = tier_by == TierBy::Attainment && edge % 1_000_000 != 0;
    hold(!fine, "a tier of attainment has at most 4 decimals of a percent")
}

/// A number of a modifier is stated by the plan, or it is a parameter of the payee.
fn check_own_modifiers(component: &Component) -> Check {
    for own in &component.own_modifiers {
        hold(component.modifiers.stated(own.place) == Some(0), "a modifier has a number, or the payee's own")?;
        hold(!own.parameter.is_empty(), "a number of the payee's own without a name")?;
    }
    let ascending = component.own_modifiers.windows(2).all(|pair| pair[0].place < pair[1].place);
    hold(ascending, "a modifier has one number of the payee's own")
}

fn check_modifiers(component: &Component) -> Check {
    let modifiers = &component.modifiers;
    check_own_modifiers(component)?;
    hold(modifiers.weight.is_none_or(|Rate(weight)| weight >= 0), "a negative weight")?;
    let caps = [modifiers.cap, modifiers.deal_cap, modifiers.floor];
    hold(caps.iter().flatten().all(|Amount(cap)| *cap >= 0), "a negative cap or floor")?;
    let bounds = modifiers.floor.zip(modifiers.cap);
    let compared = component.own_modifier(OwnPlace::Cap).is_none();
    hold(!compared || bounds.is_none_or(|(floor, cap)| floor.0 <= cap.0), "a floor above the cap")?;
    hold(modifiers.floor.is_none() || !component.settles(), "a floor is of no deal that could be settled")?;
    if let Some(Multiplier { tiers, tier_by, .. }) = &modifiers.multiplier {
        check_tiers(tiers, *tier_by, true)?;
        hold(tiers.iter().all(|tier| tier.rate.0 >= 0), "a negative factor")?;
    }
    let Some(Gate { bound, tier_by, otherwise, .. }) = &modifiers.gate else { return Ok(()) };
    hold(bound.edge() >= 0, "a gate below zero")?;
    check_edge(bound.edge(), *tier_by)?;
    match otherwise {
        Otherwise::Factor(Rate(factor)) => hold(*factor >= 0, "a negative factor"),
        Otherwise::Cap(Amount(cap)) => hold(*cap >= 0, "a negative cap"),
        Otherwise::Zero => Ok(()),
    }
}
