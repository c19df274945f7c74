//! `accrue test --coverage`: the tiers, choices of formulas, factors, gates, caps and pay terms of plans that no case reaches.
//!
//! A part is reached when some case would come out otherwise without it: each is changed in turn, and the second engine
//! says what the case's events then add up to.

use super::super::console::Console;
use super::super::exit::files_error;
use crate::domain::money::{MEASURED_DECIMALS, Rate, format_scaled};
use crate::domain::plan::{ClawbackPrice, Component, Method, OwnAmount, OwnPlace, Pays, Plan, QuotaUse, ScaleRow, Tier, TierBy};
use crate::files::case::Case;
use crate::files::company;
use crate::oracle::History;
use serde_json::json;
use std::path::PathBuf;

/// Added to the value of a tier to see whether anybody notices.
const OTHER: i64 = 777_777;

/// A part of a plan, and the plan without it.
struct Part {
    plan: usize,
    name: String,
    changed: Plan,
    reached: bool,
}

pub struct Coverage {
    plans: Vec<Plan>,
    parts: Vec<Part>,
}

impl Coverage {
    /// Of the plans of the companies among the paths; without one, of every plan in the cases.
    pub fn of(paths: &[PathBuf], cases: &[Case]) -> anyhow::Result<Coverage> {
        let mut plans: Vec<Plan> = Vec::new();
        let companies: Vec<&PathBuf> = paths.iter().filter(|path| path.join("company.toml").exists()).collect();
        for directory in &companies {
            let files = company(directory).map_err(|findings| {
                let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
                files_error(lines.join("\n"))
            })?;
            plans.extend(files.plans.into_iter().map(|plan| plan.value));
        }
        if companies.is_empty() {
            plans.extend(cases.iter().flat_map(|case| &case.company.plans).map(|plan| plan.value.clone()));
        }
        plans.sort_by(|one, other| (&one.plan_id, one.from).cmp(&(&other.plan_id, other.from)));
        plans.dedup();
        let parts = plans.iter().enumerate().flat_map(|(at, plan)| parts(at, plan)).collect();
        Ok(Coverage { plans, parts })
    }

    /// Counts what a case that was played reaches.
    pub fn add(&mut self, mut history: History) -> anyhow::Result<()> {
        let totals = history.totals();
        for part in self.parts.iter_mut().filter(|part| !part.reached) {
            let plan = &self.plans[part.plan];
            if history.replace_plan(plan, &part.changed) {
                part.reached = history.totals() != totals;
                history.replace_plan(&part.changed, plan);
            }
        }
        Ok(())
    }

    /// Names what is not reached; true when nothing is left.
    pub fn report(&self, console: &Console) -> anyhow::Result<bool> {
        let missed: Vec<&Part> = self.parts.iter().filter(|part| !part.reached).collect();
        for part in &missed {
            let Plan { plan_id, from, .. } = &self.plans[part.plan];
            if console.json {
                console.object(&json!({"plan": plan_id, "from": from.to_string(), "not_reached": part.name}))?;
            } else {
                console.line(&format!("not reached: plan {plan_id} from {from}, {}", part.name))?;
            }
        }
        if !console.json {
            console.line(&format!("{} of {} parts of plans reached", self.parts.len() - missed.len(), self.parts.len()))?;
        }
        Ok(missed.is_empty())
    }
}

fn parts(at: usize, plan: &Plan) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |name: String, change: &dyn Fn(&mut Plan)| {
        let mut changed = plan.clone();
        change(&mut changed);
        let stated = |own: &OwnAmount| changed.stated_amount(own.place).is_some();
        let own_amounts = changed.own_amounts.iter().filter(|own| stated(own)).cloned().collect();
        changed.own_amounts = own_amounts;
        parts.push(Part { plan: at, name, changed, reached: false });
    };
    let pay = &plan.pay;
    if pay.draw.is_some() {
        add("draw".into(), &|plan| plan.pay.draw = None);
    }
    if pay.payment_cap.is_some() {
        add("payment_cap".into(), &|plan| plan.pay.payment_cap = None);
    }
    if plan.cap.is_some() {
        add("cap of the plan".into(), &|plan| plan.cap = None);
    }
    if !plan.ramp.is_empty() {
        add("ramp".into(), &|plan| plan.ramp.clear());
    }
    if pay.minimum_settlement.is_some() {
        add("minimum_settlement".into(), &|plan| plan.pay.minimum_settlement = None);
    }
    for (place, component) in plan.components.iter().enumerate() {
        let id = &component.component_id;
        for tier in tiers(component) {
            let own = component.own_edge(tier).map(|own| format!("payee.{own}"));
            let from = own.unwrap_or_else(|| edge(&component.tiers[tier], component.tier_by));
            add(format!("{id}: tier from {from}"), &|plan| {
                let component = &mut plan.components[place];
                component.own_rates.retain(|own| own.tier != tier);
                component.tiers[tier].rate.0 += OTHER;
            });
        }
        let rows = component.lookup.iter().flat_map(|lookup| lookup.takes()).enumerate();
        rows.for_each(|(row, takes)| {
            add(format!("{id}: rate of {takes}"), &|plan| {
                let component = &mut plan.components[place];
                component.own_rates.retain(|own| own.tier != row);
                component.lookup.iter_mut().for_each(|lookup| lookup.rows[row].rate.0 += OTHER);
            });
        });
        if component.lookup.as_ref().is_some_and(|lookup| lookup.otherwise.is_some()) {
            add(format!("{id}: otherwise"), &|plan| {
                let component = &mut plan.components[place];
                let Some(lookup) = &mut component.lookup else { return };
                component.own_rates.retain(|own| own.tier != lookup.rows.len());
                lookup.otherwise.iter_mut().for_each(|rate| rate.0 += OTHER);
            });
        }
        for (choice, formula) in component.formula().into_iter().flat_map(|formula| formula.variants()) {
            add(format!("{id}: what the formula chooses, {choice}"), &|plan| {
                plan.components[place].pays = Pays::Formula(formula.clone());
            });
        }
        let multiplier = component.modifiers.multiplier.iter().flat_map(|of| of.tiers.iter().map(|tier| (tier, of.tier_by)));
        for (tier, (of, tier_by)) in multiplier.enumerate() {
            let name = format!("{id}: multiplier from {}", edge(of, tier_by));
            add(name, &|plan| {
                let component = &mut plan.components[place];
                component.own_modifiers.retain(|own| own.place != OwnPlace::Factor(tier));
                if let Some(multiplier) = &mut component.modifiers.multiplier {
                    multiplier.tiers[tier].rate.0 += OTHER;
                }
            });
        }
        for (row, ScaleRow { within_months, .. }) in component.clawback.scale.iter().enumerate() {
            add(format!("{id}: clawback within {within_months} months"), &|plan| {
                plan.components[place].clawback.scale[row].share.0 += OTHER;
            });
        }
        modifiers(component).into_iter().for_each(|(name, change)| {
            add(format!("{id}: {name}"), &|plan| {
                let component = &mut plan.components[place];
                change(component);
                let modifiers = &component.modifiers;
                component.own_modifiers.retain(|own| modifiers.stated(own.place).is_some());
                // Stated exactly where something is by attainment.
                if !component.reads_quota() {
                    (component.no_quota, component.quota) = (None, QuotaUse::Interval);
                }
            });
        });
    }
    parts
}

type Change = fn(&mut Component);

/// What a component has of gate, floor, quota to date and caps, and how it is without each.
fn modifiers(component: &Component) -> Vec<(&'static str, Change)> {
    let modifiers = &component.modifiers;
    let known: [(&str, bool, Change); 6] = [
        ("gate", modifiers.gate.is_some(), |component| component.modifiers.gate = None),
        ("floor of the interval", modifiers.floor.is_some(), |component| component.modifiers.floor = None),
        ("cap of the interval", modifiers.cap.is_some(), |component| component.modifiers.cap = None),
        ("quota to date", component.quota.is_to_date(), |component| component.quota = QuotaUse::Interval),
        ("clawback at the historic rate", component.takes_back(), |component| {
            (component.clawback.price, component.clawback.scale) = (ClawbackPrice::Recompute, Vec::new());
        }),
        ("cap of a deal", modifiers.deal_cap.is_some(), |component| component.modifiers.deal_cap = None),
    ];
    known.into_iter().filter(|(_, is, _)| *is).map(|(name, _, change)| (name, change)).collect()
}

/// Tiers that can be reached: not the end of tiers in proportion, nor a step that has to pay nothing.
fn tiers(component: &Component) -> impl Iterator<Item = usize> {
    let steps = component.method == Method::Lump || (component.method == Method::Curve && component.paid().is_none());
    let lower = component.is_lower();
    let last = component.tiers.len() - usize::from(component.method == Method::Interpolated);
    let nothing = |(place, tier): (usize, &Tier)| {
        steps && !lower && tier.from == 0 && !component.is_own_edge(place) && tier.rate == Rate(0)
    };
    let skipped: Vec<bool> = component.tiers.iter().enumerate().map(nothing).collect();
    (0..last).filter(move |place| !skipped[*place])
}

fn edge(tier: &Tier, by: TierBy) -> String {
    match by {
        TierBy::Attainment => format!("{}%", format_scaled(tier.from * 100, MEASURED_DECIMALS, 0)),
        _ => format_scaled(tier.from, MEASURED_DECIMALS, 0),
    }
}
