//! A component of a plan: what picks the tier, what is paid, its table, and what modifies it.
//!
//! What the parts have to do with each other is checked here; whether the measures that they name are defined, and count
//! what is paid, is `check`'s.

use super::clawback::{RECOMPUTED, clawback};
use super::codes;
use super::deal_rules::{self, Stated};
use super::fields::Fields;
use super::formula;
use super::modes;
use super::modifiers::modifiers;
use super::node::Node;
use super::quota_use::{Quota, quota};
use super::source::{Findings, Located, Place};
use super::tiers::Shape;
use super::tranches::{Waits, tranches};
use super::unit::unit;
use crate::domain::adjustment::BY_HAND;
use crate::domain::calendar::IntervalKind;
use crate::domain::money::{Minor, RoundingMode, parse_scaled};
use crate::domain::pay::RESERVED;
use crate::domain::plan::{
    Boundary, Component, CountSplit, Deficit, Direction, EarningUnit, Method, Negative, Pays, RoundingAt, TierBy,
};
use crate::domain::tranche::Due;
use fit::check_fit;
use lower::{Lower, lower};
use pays::pays;
use pool::{Pool, pool};
use table::{Table, table};

mod fit;
mod lookup;
mod lower;
mod pays;
mod pool;
mod table;

/// A measure that is looked at, and what as; by a formula only where it reads the quota.
pub type Looked = (Located<String>, Option<Located<TierBy>>);

/// A component as read: what other files refer to is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct ComponentDraft {
    pub id: Option<Located<String>>,
    pub unit: Option<Located<EarningUnit>>,
    /// Where it says that it is a pool.
    pub pool_place: Option<Place>,
    /// Where it states what becomes of a deficit.
    pub deficit_place: Option<Place>,
    pub interval: Option<IntervalKind>,
    pub measure: Option<Located<String>>,
    pub tier_by: Option<Located<TierBy>>,
    pub pays: Option<Located<Pays>>,
    /// What a rate or money per unit is paid on.
    pub paid: Option<Located<String>>,
    /// Parameters that are values of tiers, numbers of modifiers or divide a pool.
    pub own: Vec<Located<String>>,
    /// Measures of the gate, the multiplier and the formula.
    pub others: Vec<Looked>,
    pub component: Option<Component>,
}

impl ComponentDraft {
    /// Measures that are compared with a quota.
    pub fn with_quota(&self) -> impl Iterator<Item = &Located<String>> {
        let own = self.measure.as_ref().zip(self.tier_by.as_ref());
        let all = own.into_iter().chain(self.others.iter().filter_map(|(measure, by)| Some((measure, by.as_ref()?))));
        all.filter(|(_, by)| by.value == TierBy::Attainment).map(|(measure, _)| measure)
    }
}

pub fn component(node: &Node, minor: Option<u32>, findings: &mut Findings) -> Option<ComponentDraft> {
    let mut fields = Fields::of(node, findings)?;
    let id = component_id(&mut fields, findings);
    let earning_code = earning_code(&mut fields, findings);
    let unit = unit(&mut fields, minor, findings);
    let pool = pool(&mut fields, findings);
    let interval = fields.choice("interval", modes::INTERVAL, findings).map(|interval| interval.value);
    let scope = fields.choice("scope", modes::SCOPE, findings);
    let method = fields.choice("method", modes::METHOD, findings);
    let (pays, paid) = pays(&mut fields, findings);
    let by_formula = formula::place(method.as_ref(), pays.as_ref());
    let by_line = lookup::place(method.as_ref()).filter(|_| by_formula.is_none());
    let Asked { measure, tier_by, boundary, direction, negative, deficit } = match by_line {
        Some(place) => by_lines(&mut fields, place, paid.as_ref(), findings),
        None => asked(&mut fields, by_formula, findings),
    };
    let count_split = deal_rules::whole_deal(&mut fields, method.as_ref(), findings);
    let cap_place = fields.node("cap").map_or(fields.place, |node| node.place);
    let (modifiers, mut named) = modifiers(&mut fields, findings);
    let mut others = std::mem::take(&mut named.measures);
    others.extend(formula::measures(pays.as_ref()));
    let (clawback, taken_back) = clawback(&mut fields, findings);
    let returned = clawback.as_ref().filter(|of| of.value != RECOMPUTED).map(|of| of.place);
    let waits = tranches(&mut fields, taken_back.is_some(), findings);
    let by_quota = by_quota(tier_by.as_ref(), by_formula.or(by_line).and(pays.as_ref()), &others);
    let Quota { used, no_quota, to_date } = quota(&mut fields, by_quota, by_formula.is_some(), interval, findings);
    let rounding = rounding(&mut fields, minor, findings);
    let shape = shape(tier_by.as_ref(), pays.as_ref(), method.as_ref(), direction.as_ref());
    let table = match (by_formula, by_line) {
        (Some(_), _) => Some(Table::default()),
        (None, Some(_)) => lookup::lookup(&mut fields, pays.as_ref(), findings),
        (None, None) => table(&mut fields, shape, findings),
    };
    if by_line.is_none() {
        lookup::none(&mut fields, findings);
    }
    fields.finish(modes::COMPONENT_KEYS_NOT_BUILT, findings);
    let pool_place = pool.as_ref().map(|pool| pool.place);
    let own_modifiers = named.own_modifiers();
    let own = table.as_ref().map_or_else(Vec::new, Table::own).into_iter().chain(named.parameters());
    let own = own.chain(pool.as_ref().and_then(Pool::parameter)).collect();
    let deficit_place = deficit.as_ref().map(|deficit| deficit.place);
    let mut draft = ComponentDraft {
        id,
        unit,
        pool_place,
        deficit_place,
        interval,
        measure,
        tier_by,
        pays,
        paid,
        own,
        others,
        component: None,
    };
    let fits = check_fit(&draft, method.as_ref(), negative.as_ref(), no_quota, findings);
    let reads_off = lower::reads_off(direction.as_ref(), method.as_ref(), findings);
    let negative = negative.zip(direction.filter(|_| reads_off)).zip(count_split);
    let parts = (earning_code, scope, method, boundary, negative, rounding, table.zip(waits), modifiers.zip(used).zip(clawback));
    if let (
        Some(code),
        Some(scope),
        Some(method),
        Some(boundary),
        Some(((negative, direction), count_split)),
        Some(rounding),
        Some((table, Waits { pay, attribution })),
        Some(((modifiers, used), clawback)),
    ) = parts
    {
        let (rounding, rounding_at) = rounding;
        let stated = Stated {
            scope: &scope,
            method: &method,
            negative: &negative,
            rounding_at: &rounding_at,
            modifiers: &modifiers,
            cap_place,
            to_date,
            settles: pay.iter().any(|tranche| tranche.when == Due::Settled),
            taken_back,
            returned,
        };
        let of_formula = formula::check(&draft, &stated, no_quota, findings);
        let of_lines = lookup::check(&draft, &stated, findings);
        let of_count = deal_rules::counted(&draft, count_split.as_ref(), findings);
        let of_edges = (boundary.value, table.tiers.last_from());
        let of_lower = lower::check(&draft, &stated, (direction.as_ref(), no_quota), of_edges, findings);
        if !deal_rules::check(&draft, &stated, findings) || !of_formula || !of_lines || !of_lower || !of_count || !fits {
            return Some(draft);
        }
        draft.component = whole(&draft).map(|names| Component {
            component_id: names.id,
            earning_code: code.value,
            unit: names.unit,
            pool: pool.map(|pool| pool.share.value),
            interval: names.interval,
            scope: scope.value,
            measure: names.measure,
            tier_by: names.tier_by,
            pays: names.pays,
            paid_measure: names.paid_measure,
            method: method.value,
            count_split: count_split.map_or(CountSplit::Share, |of| of.value),
            beyond: table.beyond,
            boundary: boundary.value,
            direction: direction.map_or(Direction::Higher, |lower| lower.direction()),
            negative: negative.value,
            deficit: deficit.map_or(Deficit::Lost, |of| of.value),
            quota: used,
            no_quota,
            clawback: clawback.value,
            rounding,
            rounding_at: rounding_at.value,
            tiers: table.tiers.tiers,
            own_rates: table.tiers.own_rates,
            own_edges: table.tiers.own_edges,
            lookup: table.lookup,
            modifiers,
            own_modifiers,
            pay,
            attribution,
        });
    }
    Some(draft)
}

struct Names {
    id: String,
    unit: EarningUnit,
    interval: IntervalKind,
    measure: String,
    tier_by: TierBy,
    pays: Pays,
    paid_measure: Option<String>,
}

fn whole(draft: &ComponentDraft) -> Option<Names> {
    let first = formula::measures(draft.pays.as_ref()).into_iter().next();
    let (measure, tier_by) = match first {
        Some((measure, by_quota)) => (measure.value, by_quota.map_or(TierBy::Amount, |by| by.value)),
        // Of a lookup nothing picks a tier.
        None => (draft.measure.as_ref()?.value.clone(), draft.tier_by.as_ref().map_or(TierBy::Amount, |by| by.value)),
    };
    let paid_measure = draft.paid.as_ref().map(|paid| paid.value.clone()).filter(|paid| *paid != measure);
    Some(Names {
        id: draft.id.as_ref()?.value.clone(),
        unit: draft.unit.as_ref()?.value,
        interval: draft.interval?,
        measure,
        tier_by,
        pays: draft.pays.as_ref()?.value.clone(),
        paid_measure,
    })
}

fn shape(
    tier_by: Option<&Located<TierBy>>,
    pays: Option<&Located<Pays>>,
    method: Option<&Located<Method>>,
    direction: Option<&Option<Lower>>,
) -> Option<Shape> {
    let lower = direction?.is_some();
    Some(Shape { tier_by: tier_by?.value, pays: pays?.value.clone(), method: method?.value, lower })
}

/// Whether anything is compared with a quota; `None` where that was refused.
fn by_quota(tier_by: Option<&Located<TierBy>>, formula: Option<&Located<Pays>>, others: &[Looked]) -> Option<bool> {
    let other = others.iter().any(|(_, by)| by.as_ref().is_some_and(|by| by.value == TierBy::Attainment));
    match (other, tier_by, formula) {
        (true, ..) => Some(true),
        (false, Some(by), _) => Some(by.value == TierBy::Attainment),
        (false, None, formula) => formula.map(|_| false),
    }
}

/// What a table is asked about, and how.
struct Asked {
    measure: Option<Located<String>>,
    tier_by: Option<Located<TierBy>>,
    boundary: Option<Located<Boundary>>,
    /// `None` where it was refused.
    direction: Option<Option<Lower>>,
    negative: Option<Located<Negative>>,
    deficit: Option<Located<Deficit>>,
}

/// Of a lookup: no tier is picked, and a line takes back what such a line earns.
fn by_lines(fields: &mut Fields<'_>, place: Place, paid: Option<&Located<String>>, findings: &mut Findings) -> Asked {
    lookup::no_tiers(fields, findings);
    let negative = Some(Located::new(Negative::Carry, place));
    let boundary = lookup::boundary(fields, place, findings);
    Asked { measure: paid.cloned(), tier_by: None, boundary, direction: Some(None), negative, deficit: None }
}

fn asked(fields: &mut Fields<'_>, by_formula: Option<Place>, findings: &mut Findings) -> Asked {
    if let Some(place) = by_formula {
        formula::no_table(fields, findings);
        let negative = Some(Located::new(Negative::Carry, place));
        let boundary = formula::boundary(fields, place, findings);
        return Asked { measure: None, tier_by: None, boundary, direction: Some(None), negative, deficit: None };
    }
    let (measure, tier_by) = measured(fields, "tier_by", findings);
    let boundary = fields.choice("boundary", modes::BOUNDARY, findings);
    let (direction, negative) = lower(fields, findings);
    let deficit = fields.optional_choice("deficit", modes::DEFICIT, findings);
    Asked { measure, tier_by, boundary, direction, negative, deficit }
}

fn component_id(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<String>> {
    let id = fields.id("id", findings)?;
    if id.value.starts_with(BY_HAND) {
        let message = format!("\"{}\": \"{BY_HAND}\" begins the names of manual lines", id.value);
        findings.add(id.place, codes::BAD_ID, message, "choose another name");
        return None;
    }
    Some(id)
}

fn earning_code(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<String>> {
    let code = fields.id("earning_code", findings)?;
    if RESERVED.contains(&code.value.as_str()) {
        let message = format!("earning code \"{}\" is reserved", code.value);
        findings.add(code.place, codes::BAD_ID, message, "choose another code, \"COMM\" for example");
        return None;
    }
    Some(code)
}

/// The table `{ measure, as }` of a key.
fn measured(
    component: &mut Fields<'_>,
    key: &'static str,
    findings: &mut Findings,
) -> (Option<Located<String>>, Option<Located<TierBy>>) {
    let example = "{ measure = \"...\", as = \"attainment\" }";
    let Some(mut fields) = component.table(key, example, findings) else { return (None, None) };
    let measure = fields.id("measure", findings);
    let tier_by = fields.choice("as", modes::TIER_BY, findings);
    fields.finish(&[], findings);
    (measure, tier_by)
}

fn rounding(
    component: &mut Fields<'_>,
    minor: Option<u32>,
    findings: &mut Findings,
) -> Option<(RoundingMode, Located<RoundingAt>)> {
    let example = "{ to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }";
    let mut fields = component.table("rounding", example, findings)?;
    let to = fields.number("to", |text| parse_scaled(text, 6, 12), findings);
    let mode = fields.choice("mode", modes::ROUNDING_MODE, findings);
    let at = fields.choice("at", modes::ROUNDING_AT, findings);
    fields.finish(&[], findings);
    let (to, minor) = (to?, minor?);
    if to.value != 10i128.pow(6 - minor) {
        let unit = Minor(1).text(minor);
        let message = "rounding to anything but the currency's minor unit is not supported by this version";
        findings.add(to.place, codes::NOT_SUPPORTED, message, format!("write to = \"{unit}\""));
    }
    Some((mode?.value, at?))
}
