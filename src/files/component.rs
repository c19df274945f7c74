//! A component of a plan: what picks the tier, what is paid, its table, and what modifies it.
//!
//! What the parts have to do with each other is checked here; whether the measures that they name are defined, and count
//! what is paid, is `check`'s.

use super::clawback::{by_deal, clawback};
use super::codes;
use super::deal_rules::{self, Stated};
use super::fields::{Fields, checked_id, text_of};
use super::formula;
use super::modes;
use super::modifiers::modifiers;
use super::node::{Node, Value};
use super::quota_use::{Quota, quota};
use super::source::{Findings, Located, Place};
use super::tiers::{Shape, tiers};
use super::tranches::tranches;
use crate::domain::adjustment::BY_HAND;
use crate::domain::calendar::IntervalKind;
use crate::domain::money::{Minor, RoundingMode, parse_scaled};
use crate::domain::pay::RESERVED;
use crate::domain::plan::{Beyond, Boundary, Component, Method, Negative, NoQuota, Pays, RoundingAt, Tier, TierBy};
use crate::domain::tranche::Due;

/// A measure that is looked at, and what as; by a formula only where it reads the quota.
pub type Looked = (Located<String>, Option<Located<TierBy>>);

/// A component as read: what other files refer to is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct ComponentDraft {
    pub id: Option<Located<String>>,
    pub interval: Option<IntervalKind>,
    pub measure: Option<Located<String>>,
    pub tier_by: Option<Located<TierBy>>,
    pub pays: Option<Located<Pays>>,
    /// What a rate or money per unit is paid on.
    pub paid: Option<Located<String>>,
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
    let interval = fields.choice("interval", modes::INTERVAL, findings).map(|interval| interval.value);
    let scope = fields.choice("scope", modes::SCOPE, findings);
    let method = fields.choice("method", modes::METHOD, findings);
    let (pays, paid) = pays(&mut fields, findings);
    let by_formula = formula::place(method.as_ref(), pays.as_ref());
    let Asked { measure, tier_by, boundary, negative } = asked(&mut fields, by_formula, findings);
    deal_rules::whole_deal(&mut fields, method.as_ref(), findings);
    let cap_place = fields.node("cap").map_or(fields.place, |node| node.place);
    let (modifiers, mut others) = modifiers(&mut fields, findings);
    others.extend(formula::measures(pays.as_ref()));
    let clawback = clawback(&mut fields, findings);
    let taken_back = by_deal(clawback.as_ref());
    let pay = tranches(&mut fields, taken_back.is_some(), findings);
    let by_quota = by_quota(tier_by.as_ref(), by_formula.and(pays.as_ref()), &others);
    let Quota { used, no_quota, to_date } = quota(&mut fields, by_quota, by_formula.is_some(), interval, findings);
    let rounding = rounding(&mut fields, minor, findings);
    let shape = shape(tier_by.as_ref(), pays.as_ref(), method.as_ref());
    let table = match by_formula {
        Some(_) => Some(Table { tiers: Vec::new(), beyond: None }),
        None => table(&mut fields, shape, findings),
    };
    fields.finish(modes::COMPONENT_KEYS_NOT_BUILT, findings);
    let mut draft = ComponentDraft { id, interval, measure, tier_by, pays, paid, others, component: None };
    let fits = check_fit(&draft, method.as_ref(), negative.as_ref(), no_quota, findings);
    let parts = (earning_code, scope, method, boundary, negative, rounding, table.zip(pay), modifiers.zip(used).zip(clawback));
    if let (
        Some(code),
        Some(scope),
        Some(method),
        Some(boundary),
        Some(negative),
        Some(rounding),
        Some((table, pay)),
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
        };
        let of_formula = formula::check(&draft, &stated, no_quota, findings);
        if !deal_rules::check(&draft, &stated, findings) || !of_formula || !fits {
            return Some(draft);
        }
        draft.component = whole(&draft).map(|names| Component {
            component_id: names.id,
            earning_code: code.value,
            interval: names.interval,
            scope: scope.value,
            measure: names.measure,
            tier_by: names.tier_by,
            pays: names.pays,
            paid_measure: names.paid_measure,
            method: method.value,
            beyond: table.beyond,
            boundary: boundary.value,
            negative: negative.value,
            quota: used,
            no_quota,
            clawback: clawback.value,
            rounding,
            rounding_at: rounding_at.value,
            tiers: table.tiers,
            modifiers,
            pay,
        });
    }
    Some(draft)
}

struct Names {
    id: String,
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
        None => (draft.measure.as_ref()?.value.clone(), draft.tier_by.as_ref()?.value),
    };
    let paid_measure = draft.paid.as_ref().map(|paid| paid.value.clone()).filter(|paid| *paid != measure);
    Some(Names {
        id: draft.id.as_ref()?.value.clone(),
        interval: draft.interval?,
        measure,
        tier_by,
        pays: draft.pays.as_ref()?.value.clone(),
        paid_measure,
    })
}

fn shape(tier_by: Option<&Located<TierBy>>, pays: Option<&Located<Pays>>, method: Option<&Located<Method>>) -> Option<Shape> {
    Some(Shape { tier_by: tier_by?.value, pays: pays?.value.clone(), method: method?.value })
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
    negative: Option<Located<Negative>>,
}

fn asked(fields: &mut Fields<'_>, by_formula: Option<Place>, findings: &mut Findings) -> Asked {
    if let Some(place) = by_formula {
        formula::no_table(fields, findings);
        let negative = Some(Located::new(Negative::Carry, place));
        return Asked { measure: None, tier_by: None, boundary: formula::boundary(fields, place, findings), negative };
    }
    let (measure, tier_by) = measured(fields, "tier_by", findings);
    let boundary = fields.choice("boundary", modes::BOUNDARY, findings);
    let negative = fields.choice("negative", modes::NEGATIVE, findings);
    fields.optional_choice("direction", modes::DIRECTION, findings);
    fields.optional_choice("deficit", modes::DEFICIT, findings);
    Asked { measure, tier_by, boundary, negative }
}

struct Table {
    tiers: Vec<Tier>,
    beyond: Option<Beyond>,
}

/// The tiers, or the points of a curve.
fn table(fields: &mut Fields<'_>, shape: Option<Shape>, findings: &mut Findings) -> Option<Table> {
    let curve = shape.as_ref().is_some_and(|shape| shape.method == Method::Curve);
    let (key, other) = if curve { ("points", "tiers") } else { ("tiers", "points") };
    let items = fields.node(key);
    if let Some(node) = fields.node(other) {
        let message = format!("`{other}` has no effect: this method reads `{key}`");
        findings.add(node.place, codes::NO_EFFECT, message, format!("write `{key}`"));
        return None;
    }
    let beyond = match (curve, fields.node("beyond")) {
        (true, _) => Some(fields.choice("beyond", modes::BEYOND, findings)?.value),
        (false, None) => None,
        (false, Some(node)) => {
            findings.add(node.place, codes::NO_EFFECT, "`beyond` has no effect: only a curve ends", "remove `beyond`");
            return None;
        }
    };
    let hint = if curve { "add points = [{ at = \"50%\", ... }]" } else { "add tiers = [{ from = \"0%\", rate = \"6%\" }]" };
    let Some(Node { place, .. }) = items else {
        fields.required(key, hint, findings)?;
        return None;
    };
    let before = findings.len();
    let items = fields.list(key, findings);
    if findings.len() > before {
        return None;
    }
    Some(Table { tiers: tiers(items, *place, &shape?, findings)?, beyond })
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

const PAYS: [&str; 5] = ["rate_of", "per_unit", "fraction_of", "lump", "formula"];

/// What is paid, and the measure that it is paid on where it is one.
fn pays(component: &mut Fields<'_>, findings: &mut Findings) -> (Option<Located<Pays>>, Option<Located<String>>) {
    let example = "{ rate_of = \"...\" }, { per_unit = \"...\" }, { fraction_of = \"...\" } or { lump = true }";
    let Some(mut fields) = component.table("pays", example, findings) else { return (None, None) };
    let stated: Vec<(&str, &Node)> = PAYS.into_iter().filter_map(|key| Some((key, fields.node(key)?))).collect();
    fields.finish(&[], findings);
    match stated.as_slice() {
        [] => {
            findings.add(
                fields.place,
                codes::MISSING_KEY,
                "`pays` says nothing",
                "choose rate_of, per_unit, fraction_of, lump or formula",
            );
            (None, None)
        }
        [(key, node)] => one_of_pays(key, node, findings),
        [(one, _), (other, node), ..] => {
            findings.add(node.place, codes::DUPLICATE, format!("`pays` says both {one} and {other}"), "keep one of them");
            (None, None)
        }
    }
}

fn one_of_pays(key: &str, node: &Node, findings: &mut Findings) -> (Option<Located<Pays>>, Option<Located<String>>) {
    if key == "lump" {
        let is = matches!(node.value, Value::Boolean(true));
        if !is {
            findings.add(node.place, codes::WRONG_TYPE, "`lump` is not true", "write pays = { lump = true }");
        }
        return (is.then(|| Located::new(Pays::Lump, node.place)), None);
    }
    if key == "formula" {
        return (formula::formula(node, findings), None);
    }
    let text = text_of(node, key, findings);
    let Some(named) = text.and_then(|text| checked_id(key, text, findings)) else { return (None, None) };
    match key {
        "rate_of" => (Some(Located::new(Pays::RateOf, node.place)), Some(named)),
        "per_unit" => (Some(Located::new(Pays::PerUnit, node.place)), Some(named)),
        _ => match named.value.strip_prefix("payee.").filter(|name| !name.is_empty()) {
            Some(parameter) => (Some(Located::new(Pays::FractionOf(parameter.into()), node.place)), None),
            None => {
                let message = format!("`fraction_of` is not a parameter of the payee: \"{}\"", named.value);
                findings.add(
                    named.place,
                    codes::UNKNOWN_VALUE,
                    message,
                    "write fraction_of = \"payee.target_incentive\", or payee. and the name of a column parameter.NAME",
                );
                (None, None)
            }
        },
    }
}

/// What the parts of a component have to do with each other.
fn check_fit(
    draft: &ComponentDraft,
    method: Option<&Located<Method>>,
    negative: Option<&Located<Negative>>,
    no_quota: Option<NoQuota>,
    findings: &mut Findings,
) -> bool {
    if let Some(Pays::Formula(_)) = draft.pays.as_ref().map(|pays| &pays.value) {
        return true;
    }
    let (Some(pays), Some(method), Some(tier_by)) = (&draft.pays, method, &draft.tier_by) else { return false };
    let before = findings.errors();
    let by_attainment = tier_by.value == TierBy::Attainment;
    let proportional = method.value.is_proportional();
    let other_measure = draft.paid.as_ref().zip(draft.measure.as_ref()).filter(|(paid, measure)| paid.value != measure.value);
    let mut refuse = |place, message: &str, hint: &str| findings.add(place, codes::WRONG_UNIT, message, hint);
    match (&pays.value, method.value) {
        (Pays::RateOf | Pays::PerUnit, Method::Lump | Method::Interpolated) => {
            refuse(method.place, "this method pays amounts, not rates of a measure", "write pays = { lump = true }");
        }
        (Pays::FractionOf(_), Method::Interpolated) => {
            refuse(method.place, "`interpolated` pays amounts, not fractions", "use method = \"curve\" or \"lump\"");
        }
        (Pays::Lump, _) if proportional => {
            refuse(method.place, "this method pays rates, not amounts", "use method = \"lump\", \"interpolated\" or \"curve\"");
        }
        (Pays::FractionOf(_), Method::Marginal | Method::Retroactive) if !by_attainment => {
            refuse(tier_by.place, "a fraction for each part of the quota needs tiers by attainment", "write as = \"attainment\"");
        }
        _ => {}
    }
    if let (Some((paid, _)), Method::Marginal) = (other_measure, method.value) {
        let hint = "use method = \"retroactive\" or \"curve\", or pay on the measure of `tier_by`";
        refuse(paid.place, "parts of one measure have no place in the tiers of another", hint);
    }
    if let (Some(negative), Some((paid, _))) = (negative, other_measure)
        && negative.value == Negative::Mirror
    {
        refuse(
            paid.place,
            "nothing mirrors a sum that another measure picks the tier of",
            "use negative = \"carry\" or \"zero\"",
        );
    }
    if let (Pays::FractionOf(_), true, Some(NoQuota::FirstTier)) = (&pays.value, proportional, no_quota) {
        refuse(pays.place, "without a quota there is no part of it", "use no_quota = \"park\" or \"nothing\"");
    }
    findings.errors() == before
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
