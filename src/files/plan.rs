//! A plan's file: every mode by name, refused by name where this version does not do it.
//!
//! What a plan refers to (measures, calendar, currency) is compared in `check`, after all files are read.

use super::codes;
use super::fields::{Fields, did_you_mean};
use super::modes;
use super::node::Node;
use super::source::{Findings, Located, Place};
use super::tiers::{Shape, tiers};
use crate::domain::calendar::{Date, IntervalKind};
use crate::domain::fact::{Component, Method, NoQuota, Pays, Plan, TierBy};
use crate::domain::money::{Minor, RoundingMode, minor_digits, parse_scaled};

/// A plan as read: what other files refer to is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct PlanDraft {
    pub id: Option<Located<String>>,
    pub from: Option<Located<Date>>,
    pub to: Option<Located<Date>>,
    pub currency: Option<Located<String>>,
    pub calendar: Option<Located<String>>,
    pub components: Vec<ComponentDraft>,
    pub plan: Option<Plan>,
}

#[derive(Clone, Debug)]
pub struct ComponentDraft {
    pub id: Option<Located<String>>,
    pub interval: Option<IntervalKind>,
    pub measure: Option<Located<String>>,
    pub tier_by: Option<Located<TierBy>>,
    pub pays: Option<Located<Pays>>,
    component: Option<Component>,
}

pub fn plan(node: &Node, findings: &mut Findings) -> Option<PlanDraft> {
    let mut fields = Fields::of(node, findings)?;
    let before = findings.errors();
    let id = fields.id("plan", findings);
    let from = fields.date("from", findings);
    let to = fields.optional_date("to", findings);
    let currency = fields.parsed("currency", codes::UNKNOWN_CURRENCY, super::definitions::currency_code, findings);
    let calendar = fields.id("calendar", findings);
    prorate(&mut fields, findings);
    let mid_interval_change = fields.choice("mid_interval_change", modes::MID_INTERVAL_CHANGE, findings);
    let negative_pay = fields.choice("negative_pay", modes::NEGATIVE_PAY, findings);
    let after_release = fields.choice("after_release", modes::AFTER_RELEASE, findings);
    let items = fields.list("component", findings);
    fields.finish(modes::PLAN_KEYS_NOT_BUILT, findings);
    if items.is_empty() {
        findings.add(fields.place, codes::MISSING_KEY, "the plan has no component", "add a [[component]]");
    }
    check_range(&from, &to, findings);
    let minor = currency.as_ref().and_then(|currency| minor_digits(&currency.value));
    let components: Vec<ComponentDraft> = items.iter().filter_map(|item| component(item, minor, findings)).collect();
    check_twins(&components, findings);
    let mut draft = PlanDraft { id, from, to, currency, calendar, components, plan: None };
    if findings.errors() == before {
        draft.plan = assembled(&draft, mid_interval_change?.value, negative_pay?.value, after_release?.value);
    }
    Some(draft)
}

fn assembled(
    draft: &PlanDraft,
    mid_interval_change: crate::domain::fact::MidIntervalChange,
    negative_pay: crate::domain::fact::NegativePay,
    after_release: crate::domain::fact::AfterRelease,
) -> Option<Plan> {
    Some(Plan {
        plan_id: draft.id.as_ref()?.value.clone(),
        from: draft.from.as_ref()?.value,
        to: draft.to.as_ref().map(|to| to.value),
        currency: draft.currency.as_ref()?.value.clone(),
        calendar: draft.calendar.as_ref()?.value.clone(),
        mid_interval_change,
        negative_pay,
        after_release,
        components: draft.components.iter().map(|component| component.component.clone()).collect::<Option<_>>()?,
    })
}

/// Nothing is prorated in this version, and a plan says so.
fn prorate(plan: &mut Fields<'_>, findings: &mut Findings) {
    let example = "{ by = \"active_days\", quota = false, target = false, cap = false, draw = false }";
    let Some(mut fields) = plan.table("prorate", example, findings) else { return };
    fields.choice("by", modes::PRORATE_BY, findings);
    for key in ["quota", "target", "cap", "draw"] {
        if let Some(Located { value: true, place }) = fields.boolean(key, findings) {
            let message = format!("prorating a {key} is not supported by this version");
            findings.add(place, codes::NOT_SUPPORTED, message, format!("write {key} = false"));
        }
    }
    fields.finish(&[], findings);
}

pub fn check_range(from: &Option<Located<Date>>, to: &Option<Located<Date>>, findings: &mut Findings) {
    if let (Some(from), Some(to)) = (from, to)
        && to.value <= from.value
    {
        let message = format!("`to` {} does not come after `from` {}", to.value, from.value);
        findings.add(to.place, codes::BAD_RANGE, message, "`to` is the day after the last one");
    }
}

fn check_twins(components: &[ComponentDraft], findings: &mut Findings) {
    let ids: Vec<&Located<String>> = components.iter().filter_map(|component| component.id.as_ref()).collect();
    for (place, id) in ids.iter().enumerate() {
        if ids[..place].iter().any(|other| other.value == id.value) {
            let message = format!("component \"{}\" is there twice", id.value);
            findings.add(id.place, codes::DUPLICATE, message, "give one of them another id");
        }
    }
}

fn component(node: &Node, minor: Option<u32>, findings: &mut Findings) -> Option<ComponentDraft> {
    let mut fields = Fields::of(node, findings)?;
    let id = fields.id("id", findings);
    let earning_code = earning_code(&mut fields, findings);
    let interval = fields.choice("interval", modes::INTERVAL, findings).map(|interval| interval.value);
    fields.choice("scope", modes::SCOPE, findings);
    let method = fields.choice("method", modes::METHOD, findings);
    let (measure, tier_by) = tier_by(&mut fields, findings);
    let pays = pays(&mut fields, measure.as_ref(), findings);
    let boundary = fields.choice("boundary", modes::BOUNDARY, findings);
    let negative = fields.choice("negative", modes::NEGATIVE, findings);
    fields.optional_choice("direction", modes::DIRECTION, findings);
    fields.optional_choice("deficit", modes::DEFICIT, findings);
    let no_quota = quota(&mut fields, tier_by.as_ref(), findings);
    clawback(&mut fields, findings);
    let rounding = rounding(&mut fields, minor, findings);
    let items = fields.required("tiers", "add tiers = [{ from = \"0%\", rate = \"6%\" }]", findings).is_some();
    let items = if items { fields.list("tiers", findings) } else { &[] };
    fields.finish(modes::COMPONENT_KEYS_NOT_BUILT, findings);
    let shape = shape(tier_by.as_ref(), pays.as_ref(), method.as_ref());
    let tiers = shape.and_then(|shape| tiers(items, shape, findings));
    let mut draft = ComponentDraft { id, interval, measure, tier_by, pays, component: None };
    let parts = (earning_code, method, boundary, negative, rounding, tiers);
    if let (Some(earning_code), Some(method), Some(boundary), Some(negative), Some(rounding), Some(tiers)) = parts {
        draft.component = whole(&draft).map(|(component_id, interval, measure, tier_by, pays)| Component {
            component_id,
            earning_code: earning_code.value,
            interval,
            measure,
            tier_by,
            pays,
            method: method.value,
            boundary: boundary.value,
            negative: negative.value,
            no_quota,
            rounding,
            tiers,
        });
    }
    Some(draft)
}

fn whole(draft: &ComponentDraft) -> Option<(String, IntervalKind, String, TierBy, Pays)> {
    let (id, measure) = (draft.id.as_ref()?, draft.measure.as_ref()?);
    Some((id.value.clone(), draft.interval?, measure.value.clone(), draft.tier_by.as_ref()?.value, draft.pays.as_ref()?.value))
}

fn shape(tier_by: Option<&Located<TierBy>>, pays: Option<&Located<Pays>>, method: Option<&Located<Method>>) -> Option<Shape> {
    Some(Shape { tier_by: tier_by?.value, per_unit: pays?.value == Pays::PerUnit, method: method?.value })
}

fn earning_code(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<String>> {
    let code = fields.id("earning_code", findings)?;
    if code.value == "CARRIED" || code.value == "net" {
        let message = format!("earning code \"{}\" is reserved", code.value);
        findings.add(code.place, codes::BAD_ID, message, "choose another code, \"COMM\" for example");
        return None;
    }
    Some(code)
}

fn tier_by(component: &mut Fields<'_>, findings: &mut Findings) -> (Option<Located<String>>, Option<Located<TierBy>>) {
    let example = "{ measure = \"...\", as = \"attainment\" }";
    let Some(mut fields) = component.table("tier_by", example, findings) else { return (None, None) };
    let measure = fields.id("measure", findings);
    let tier_by = fields.choice("as", modes::TIER_BY, findings);
    fields.finish(&[], findings);
    (measure, tier_by)
}

/// What is paid has to be the measure that picks the tier.
fn pays(component: &mut Fields<'_>, measure: Option<&Located<String>>, findings: &mut Findings) -> Option<Located<Pays>> {
    let mut fields = component.table("pays", "{ rate_of = \"...\" } or { per_unit = \"...\" }", findings)?;
    let rate_of = fields.optional_id("rate_of", findings).map(|paid| (paid, Pays::RateOf));
    let per_unit = fields.optional_id("per_unit", findings).map(|paid| (paid, Pays::PerUnit));
    fields.finish(modes::PAYS_NOT_BUILT, findings);
    let not_built = modes::PAYS_NOT_BUILT.iter().any(|key| fields.has(key));
    let (paid, pays) = match (rate_of, per_unit) {
        (Some(_), Some((paid, _))) => {
            findings.add(paid.place, codes::DUPLICATE, "`pays` says both rate_of and per_unit", "keep one of them");
            return None;
        }
        (None, None) => {
            if !not_built {
                findings.add(fields.place, codes::MISSING_KEY, "`pays` says nothing", "choose rate_of or per_unit");
            }
            return None;
        }
        (Some(one), None) | (None, Some(one)) => one,
    };
    if let Some(measure) = measure.filter(|measure| measure.value != paid.value) {
        let message = format!("tiers by \"{}\" that pay on \"{}\" are not supported by this version", measure.value, paid.value);
        findings.add(paid.place, codes::NOT_SUPPORTED, message, "pay on the measure of `tier_by`");
        return None;
    }
    Some(Located::new(pays, paid.place))
}

/// `quota` and `no_quota` belong to tiers by attainment, and only there.
fn quota(fields: &mut Fields<'_>, tier_by: Option<&Located<TierBy>>, findings: &mut Findings) -> Option<NoQuota> {
    match tier_by.map(|tier_by| tier_by.value) {
        Some(TierBy::Attainment) => {
            fields.choice("quota", modes::QUOTA, findings);
            fields.choice("no_quota", modes::NO_QUOTA, findings).map(|no_quota| no_quota.value)
        }
        None => {
            fields.optional_choice("quota", modes::QUOTA, findings);
            fields.optional_choice("no_quota", modes::NO_QUOTA, findings).map(|no_quota| no_quota.value)
        }
        Some(TierBy::Amount | TierBy::Quantity) => {
            for key in ["quota", "no_quota"] {
                if let Some(node) = fields.node(key) {
                    let message = format!("`{key}` has no effect: the tiers are not in percent of a quota");
                    findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`, or tier by attainment"));
                }
            }
            None
        }
    }
}

fn clawback(component: &mut Fields<'_>, findings: &mut Findings) {
    let example = "{ price = \"recompute\", period = \"original\" }";
    let Some(mut fields) = component.table("clawback", example, findings) else { return };
    fields.choice("price", modes::CLAWBACK_PRICE, findings);
    fields.choice("period", modes::CLAWBACK_PERIOD, findings);
    fields.finish(&["scale"], findings);
}

fn rounding(component: &mut Fields<'_>, minor: Option<u32>, findings: &mut Findings) -> Option<RoundingMode> {
    let example = "{ to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }";
    let mut fields = component.table("rounding", example, findings)?;
    let to = fields.number("to", |text| parse_scaled(text, 6, 12), findings);
    let mode = fields.choice("mode", modes::ROUNDING_MODE, findings);
    fields.choice("at", modes::ROUNDING_AT, findings);
    fields.finish(&[], findings);
    let (to, minor) = (to?, minor?);
    if to.value != 10i128.pow(6 - minor) {
        let unit = Minor(1).text(minor);
        let message = "rounding to anything but the currency's minor unit is not supported by this version";
        findings.add(to.place, codes::NOT_SUPPORTED, message, format!("write to = \"{unit}\""));
    }
    mode.map(|mode| mode.value)
}

/// A plan's file is called after its name and first day.
pub fn check_file_name(stem: &str, place: Place, draft: &PlanDraft, findings: &mut Findings) {
    if let (Some(id), Some(from)) = (&draft.id, &draft.from) {
        let expected = format!("{}.{}", id.value, from.value);
        if stem != expected {
            let message = format!("the file of plan \"{}\" from {} is called \"{stem}.toml\"", id.value, from.value);
            findings.add(place, codes::FILE_NAME, message, format!("rename it to plans/{expected}.toml"));
        }
    }
}

/// A hint for a name that is not defined.
pub fn nearest<'k>(wrong: &str, what: &str, names: impl Iterator<Item = &'k str> + Clone) -> String {
    did_you_mean(wrong, names.clone()).unwrap_or_else(|| match names.take(8).collect::<Vec<_>>().join(", ") {
        known if known.is_empty() => format!("define the {what} first"),
        known => format!("defined: {known}"),
    })
}
