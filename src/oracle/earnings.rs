//! What payees earn as sums of measures: phase by phase, over all payees; and whether there is such an order of phases.
//!
//! Everybody is priced with the sums that the phase before gave, from none, until no sum of earnings differs.

use super::credits::{Sum, Sums};
use super::deals::{by_deals, earns_by_deal};
use super::lookups::is_lookup;
use super::pools;
use super::rewards::Pricing;
use super::rules::{Check, hold};
use super::tables::measures_of;
use super::world::World;
use crate::wire::records::{Component, Date, DatedBy, EarnedBy, EarningUnit, Earnings, Measure, MeasureOf, Period, Plan};
use ethnum::I256;
use std::collections::{BTreeMap, BTreeSet};

/// Phases that there are.
const PHASES: usize = 4;

/// By payee, place of the measure and pay period, at 10^-12.
type Earned = BTreeMap<(u32, u32, Period), I256>;

/// Adds what measures of earnings count to sums of credits; `pricing` prices with the sums that it is given.
pub(super) fn add<'h>(world: &World<'h>, mut sums: Sums, pricing: impl for<'s> Fn(&'s Sums) -> Pricing<'s, 'h>) -> Sums {
    let measures = (0u32..).zip(world.measures.values());
    let counting: Vec<(u32, &Earnings)> = measures.filter_map(|(at, of)| Some((at, of.earnings.as_ref()?))).collect();
    let mut before = Earned::new();
    for _ in 0..=PHASES {
        let priced = pricing(&sums);
        let now = if counting.is_empty() { Earned::new() } else { earned(&priced, &sums, &counting) };
        if now == before {
            break;
        }
        sums.sums.retain(|sum| counting.iter().all(|(measure, _)| *measure != sum.measure));
        let sum = |((payee, measure, period), sum): (&(u32, u32, Period), &I256)| Sum {
            payee: *payee,
            measure: *measure,
            period: *period,
            sum: *sum,
        };
        sums.sums.extend(now.iter().map(sum));
        sums.sums.sort_unstable_by_key(|sum| (sum.payee, sum.measure, sum.period));
        before = now;
    }
    sums
}

fn earned(pricing: &Pricing<'_, '_>, sums: &Sums, counting: &[(u32, &Earnings)]) -> Earned {
    let mut now = Earned::new();
    let adjusted = pricing.history.adjustments.keys().copied().chain(pricing.world.measured_at_zero());
    let payees: BTreeSet<u32> = sums.sums.iter().map(|sum| sum.payee).chain(adjusted).collect();
    for payee in payees {
        // Whoever is counted by a measure earns in its currency.
        let unit = I256::from(10).pow(12 - pricing.world.digits_of(payee));
        for (slot, earned) in pricing.earned(payee, sums.of(payee)) {
            let component = pricing.history.texts.text(slot.component);
            let named = |of: &Earnings| !component.starts_with("manual:") && of.components.iter().any(|id| **component == **id);
            for (measure, of) in counting.iter().filter(|(_, of)| named(of)) {
                for whose in receivers(pricing.world, payee, slot.effective, of.by) {
                    *now.entry((whose, *measure, slot.effective)).or_insert(I256::ZERO) += I256::from(earned.minor) * unit;
                }
            }
        }
    }
    now
}

/// The payee, his team, or everyone above on the period's last day who holds a seat, up to a manager whom nobody knows.
fn receivers(world: &World<'_>, payee: u32, period: Period, by: EarnedBy) -> Vec<u32> {
    match by {
        EarnedBy::Own => return vec![payee],
        EarnedBy::Team => return pools::team(world, payee, period),
        EarnedBy::Reports => {}
    }
    let Some((_, after)) = world.bounds(period) else { return Vec::new() };
    let date = Date(after.0 - 1);
    let mut found = Vec::new();
    let mut at = world.known(payee).and_then(|seat| seat.manager_on(date));
    while let Some((manager, seat)) = at.and_then(|manager| Some((manager, world.known(manager)?))) {
        if world.seated(manager, date) {
            found.push(manager);
        }
        at = seat.manager_on(date);
    }
    found
}

/// A measure that counts earnings names components, and no credits.
pub(super) fn fit(measure: &Measure) -> Check {
    hold((measure.of == MeasureOf::Earned) == measure.earnings.is_some(), "earnings that are not stated, or of credits")?;
    let Some(earnings) = &measure.earnings else {
        return hold(!measure.credit_kinds.is_empty(), "a measure without a kind of credit");
    };
    hold(!earnings.components.is_empty(), "earnings of no component")?;
    hold(measure.dated_by == DatedBy::Deal, "earnings on the days of a deal")?;
    let lists = [&measure.products, &measure.geographies, &measure.segments];
    let of_deals = measure.deal_kinds.len() + measure.customers.len() + measure.filter.len() + measure.roles.len();
    let filtered = lists.iter().any(|list| !list.is_empty()) || of_deals > 0;
    hold(measure.credit_kinds.is_empty() && !filtered, "earnings with a filter of credits")
}

/// Whether the components of these plans can be priced one phase after the other, four of them at most.
pub(super) fn in_order<'m>(measures: &[&'m Measure], plans: &[&'m Plan]) -> Check {
    let components: Vec<&Component> = plans.iter().flat_map(|plan| &plan.components).collect();
    let earnings = |id: &str| measures.iter().find(|measure| measure.measure_id == id).and_then(|of| of.earnings.as_ref());
    for component in &components {
        let counted = measures.iter().filter_map(|of| of.earnings.as_ref()).flat_map(|of| &of.components);
        let counted = counted.filter(|id| **id == component.component_id).count();
        hold(counted == 0 || component.unit == EarningUnit::Money, "a measure of money that is points")?;
        let pooled = measures_of(component).into_iter().filter(|_| component.pool.is_some());
        let mut known = pooled.filter(|id| measures.iter().any(|of| of.measure_id == *id));
        let team = |id: &str| earnings(id).is_some_and(|of| of.by == EarnedBy::Team);
        hold(known.all(team), "a pool of what no team has together")?;
        let single = by_deals(component) || earns_by_deal(component) || is_lookup(component);
        hold(!single || earnings(&component.measure).is_none(), "single deals or lines of what is earned")?;
    }
    let mut phases: BTreeMap<&str, usize> = components.iter().map(|component| (component.component_id.as_str(), 1)).collect();
    for _ in 0..=PHASES {
        for component in &components {
            let read = measures_of(component).into_iter().filter_map(earnings).flat_map(|of| &of.components);
            let below = read.filter_map(|id| phases.get(id.as_str())).max().copied().unwrap_or(0);
            let phase = phases.entry(&component.component_id).or_insert(1);
            *phase = (*phase).max(below + 1);
        }
    }
    hold(phases.values().all(|phase| *phase <= PHASES), "components that read each other, or too deep")
}
