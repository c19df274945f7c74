//! A plan's file: every mode by name, refused by name where this version does not do it.
//!
//! What a plan refers to (measures, calendar, currency) is compared in `check`, after all files are read.

use super::after_release::{after_release, check_to_date};
use super::codes;
use super::component::{ComponentDraft, component};
use super::fields::{Fields, did_you_mean};
use super::modes;
use super::node::{Node, Value};
use super::own_amounts::Amounts;
use super::pay_terms::{pay_terms, plan_cap};
use super::ramp::{check_ramp, ramp};
use super::source::{Findings, Located, Place};
use crate::domain::calendar::Date;
use crate::domain::money::{Rate, minor_digits};
use crate::domain::pay_terms::PayTerms;
use crate::domain::plan::{AfterRelease, MidIntervalChange, NegativePay, OwnAmount, Plan, PlanCap, Prorate, QuotaAfterRelease};
use crate::domain::world::{deficit_fault, pool_fault};

/// A plan as read: what other files refer to is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct PlanDraft {
    pub id: Option<Located<String>>,
    pub from: Option<Located<Date>>,
    pub to: Option<Located<Date>>,
    pub currency: Option<Located<String>>,
    pub calendar: Option<Located<String>>,
    pub components: Vec<ComponentDraft>,
    /// Parameters of the payee that are amounts of its terms.
    pub own: Vec<Located<String>>,
    /// Where it states a cap.
    pub cap_place: Option<Place>,
    pub plan: Option<Plan>,
}

pub fn plan(node: &Node, findings: &mut Findings) -> Option<PlanDraft> {
    let mut fields = Fields::of(node, findings)?;
    let before = findings.errors();
    let id = fields.id("plan", findings);
    let from = fields.date("from", findings);
    let to = fields.optional_date("to", findings);
    let currency = fields.parsed("currency", codes::UNKNOWN_CURRENCY, super::definitions::currency_code, findings);
    let calendar = fields.id("calendar", findings);
    let has_floor = |item: &Node| matches!(&item.value, Value::Table(keys) if keys.iter().any(|entry| entry.key == "floor"));
    let floors = matches!(fields.peek("component"), Some(Value::List(items)) if items.iter().any(has_floor));
    let prorate = prorate(&mut fields, floors, findings);
    let mid_interval_change = fields.choice("mid_interval_change", modes::MID_INTERVAL_CHANGE, findings);
    let negative_pay = fields.choice("negative_pay", modes::NEGATIVE_PAY, findings);
    let after_release = after_release(&mut fields, findings);
    let minor = currency.as_ref().and_then(|currency| minor_digits(&currency.value));
    let mut amounts = Amounts::new(minor);
    let pay = pay_terms(&mut fields, &mut amounts, findings);
    let cap = plan_cap(&mut fields, &mut amounts, findings);
    let cap_place = cap.as_ref().map(|cap| cap.place);
    let ramp = ramp(&mut fields, findings);
    let ramp_place = ramp.as_ref().map(|ramp| ramp.place);
    let items = fields.list("component", findings);
    fields.finish(modes::PLAN_KEYS_NOT_BUILT, findings);
    if items.is_empty() {
        findings.add(fields.place, codes::MISSING_KEY, "the plan has no component", "add a [[component]]");
    }
    check_range(&from, &to, findings);
    let components: Vec<ComponentDraft> = items.iter().filter_map(|item| component(item, minor, findings)).collect();
    check_twins(&components, findings);
    check_restart(mid_interval_change.as_ref(), &components, findings);
    check_to_date(after_release.as_ref().map(|(quota, _)| quota), &components, findings);
    let own_amounts = amounts.own_amounts();
    let own = amounts.parameters();
    let mut draft = PlanDraft { id, from, to, currency, calendar, components, own, cap_place, plan: None };
    if findings.errors() == before {
        let pay = (negative_pay?.value, pay?, cap.map(|cap| cap.value), own_amounts);
        let ramp = ramp.map(|ramp| ramp.value).unwrap_or_default();
        draft.plan = assembled(&draft, (prorate?, ramp), mid_interval_change?.value, after_release?, pay);
        draft.plan.iter().for_each(|plan| check_whole(plan, &draft.components, findings));
        let ramped = draft.plan.as_ref().zip(ramp_place);
        ramped.into_iter().for_each(|(plan, place)| check_ramp(plan, place, findings));
    }
    Some(draft)
}

fn assembled(
    draft: &PlanDraft,
    (prorate, ramp): (Prorate, Vec<Rate>),
    mid_interval_change: MidIntervalChange,
    (quota_after_release, after_release): (Located<QuotaAfterRelease>, AfterRelease),
    (negative_pay, pay, cap, own_amounts): (NegativePay, PayTerms, Option<PlanCap>, Vec<OwnAmount>),
) -> Option<Plan> {
    Some(Plan {
        plan_id: draft.id.as_ref()?.value.clone(),
        from: draft.from.as_ref()?.value,
        to: draft.to.as_ref().map(|to| to.value),
        currency: draft.currency.as_ref()?.value.clone(),
        calendar: draft.calendar.as_ref()?.value.clone(),
        prorate,
        mid_interval_change,
        negative_pay,
        after_release,
        quota_after_release: quota_after_release.value,
        pay,
        cap,
        own_amounts,
        ramp,
        components: draft.components.iter().map(|component| component.component.clone()).collect::<Option<_>>()?,
    })
}

/// What shrinks with the part of an interval in which a payee is on the plan; `floor` is stated where a component has one.
fn prorate(plan: &mut Fields<'_>, floors: bool, findings: &mut Findings) -> Option<Prorate> {
    let example = "{ by = \"active_days\", quota = false, target = false, cap = false, draw = false }";
    let mut fields = plan.table("prorate", example, findings)?;
    let by = fields.choice("by", modes::PRORATE_BY, findings);
    let [quota, target, cap, draw] = ["quota", "target", "cap", "draw"].map(|key| fields.boolean(key, findings));
    let floor = match (floors, fields.node("floor")) {
        (true, _) => fields.boolean("floor", findings).map(|floor| floor.value),
        (false, None) => Some(false),
        (false, Some(node)) => {
            findings.add(node.place, codes::NO_EFFECT, "`floor` has no effect: no component has one", "remove `floor`");
            None
        }
    };
    fields.finish(&[], findings);
    let (quota, target, cap, draw) = (quota?.value, target?.value, cap?.value, draw?.value);
    Some(Prorate { by: by?.value, quota, target, cap, draw, floor: floor? })
}

pub fn check_range(from: &Option<Located<Date>>, to: &Option<Located<Date>>, findings: &mut Findings) {
    if let (Some(from), Some(to)) = (from, to)
        && to.value <= from.value
    {
        let message = format!("`to` {} does not come after `from` {}", to.value, from.value);
        findings.add(to.place, codes::BAD_RANGE, message, "`to` is the day after the last one");
    }
}

/// Everybody who shares a pool computes the same, and what goes on is something that can.
fn check_whole(plan: &Plan, components: &[ComponentDraft], findings: &mut Findings) {
    for (draft, component) in components.iter().zip(&plan.components) {
        if let Some((place, fault)) = draft.pool_place.zip(pool_fault(component, plan)) {
            let hint = "let a monthly component, of measures with earned_by = \"team\" alone, be the pool";
            findings.add(place, codes::NOT_SUPPORTED, fault, hint);
        }
        if let Some((place, fault)) = draft.deficit_place.zip(deficit_fault(component, plan)) {
            let hint = "remove `deficit`, or let it be of the running sum of one measure, with negative = \"zero\"";
            findings.add(place, codes::NOT_SUPPORTED, fault, hint);
        }
    }
}

/// What begins anew has no quota that goes on.
fn check_restart(change: Option<&Located<MidIntervalChange>>, components: &[ComponentDraft], findings: &mut Findings) {
    let Some(change) = change.filter(|change| change.value == MidIntervalChange::Restart) else { return };
    let mut whole = components.iter().filter_map(|draft| draft.component.as_ref());
    if let Some(to_date) = whole.find(|component| component.quota.is_to_date()) {
        let message = format!("component \"{}\" has a quota to date, which goes on and cannot begin anew", to_date.component_id);
        findings.add(change.place, codes::WRONG_UNIT, message, "write \"carry\", or quota = \"interval\" in the component");
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
