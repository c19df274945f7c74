//! A component whose pay a formula says: what belongs to it, and what only tables have.

use super::codes;
use super::component::{ComponentDraft, Looked};
use super::deal_rules::Stated;
use super::fields::{Fields, text_of};
use super::modes;
use super::node::Node;
use super::source::{Findings, Located, Place};
use crate::domain::formula::Formula;
use crate::domain::plan::{Boundary, Method, NoQuota, Pays, Scope, TierBy};

/// What a table says and a formula says itself.
const OF_TABLES: [&str; 8] = ["tier_by", "negative", "tiers", "points", "beyond", "direction", "at_zero", "deficit"];

pub fn formula(node: &Node, findings: &mut Findings) -> Option<Located<Pays>> {
    let text = text_of(node, "formula", findings)?;
    match Formula::parse(&text.value) {
        Ok(formula) => Some(Located::new(Pays::Formula(formula), text.place)),
        Err(error) => {
            let hint = "for example measure(\"sales\") * if(attainment(\"sales\") < 100%, 5%, 8%)";
            findings.add(text.place, codes::BAD_FORMULA, error.to_string(), hint);
            None
        }
    }
}

/// Where a formula is stated, by its method or by what it pays.
pub fn place(method: Option<&Located<Method>>, pays: Option<&Located<Pays>>) -> Option<Place> {
    let pays = pays.filter(|pays| matches!(pays.value, Pays::Formula(_))).map(|pays| pays.place);
    pays.or_else(|| method.filter(|method| method.value == Method::Formula).map(|method| method.place))
}

/// Nothing of a table stands beside a formula.
pub fn no_table(fields: &mut Fields<'_>, findings: &mut Findings) {
    for key in OF_TABLES {
        if let Some(node) = fields.node(key) {
            let message = format!("`{key}` has no effect: a formula says itself what is paid");
            findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`"));
        }
    }
}

/// Who owns an exact hit matters to a gate and a multiplier alone.
pub fn boundary(fields: &mut Fields<'_>, place: Place, findings: &mut Findings) -> Option<Located<Boundary>> {
    if fields.has("gate") || fields.has("multiplier") {
        return fields.choice("boundary", modes::BOUNDARY, findings);
    }
    if let Some(node) = fields.node("boundary") {
        let message = "`boundary` has no effect: nothing but a formula compares";
        findings.add(node.place, codes::NO_EFFECT, message, "remove `boundary`");
        return None;
    }
    Some(Located::new(Boundary::Upper, place))
}

/// The measures that are named, and which of them are compared with a quota.
pub fn measures(pays: Option<&Located<Pays>>) -> Vec<Looked> {
    let Some(Located { value: Pays::Formula(formula), place }) = pays else { return Vec::new() };
    let attained = |by_quota: bool| by_quota.then(|| Located::new(TierBy::Attainment, *place));
    formula.measures().iter().map(|named| (Located::new(named.id.clone(), *place), attained(named.by_quota))).collect()
}

/// A formula and its method go together, and with sums of the whole interval alone.
pub fn check(draft: &ComponentDraft, stated: &Stated<'_>, no_quota: Option<NoQuota>, findings: &mut Findings) -> bool {
    let Some(pays) = &draft.pays else { return false };
    let before = findings.errors();
    let mut refuse = |place, message: &str, hint: &str| findings.add(place, codes::WRONG_UNIT, message, hint);
    match (matches!(pays.value, Pays::Formula(_)), stated.method.value == Method::Formula) {
        (false, false) => return true,
        (true, false) => refuse(pays.place, "this method pays by tiers, not by a formula", "write method = \"formula\""),
        (false, true) => refuse(pays.place, "this method pays what a formula says", "write pays = { formula = \"...\" }"),
        (true, true) => {}
    }
    if stated.scope.value == Scope::Deal {
        refuse(stated.scope.place, "a formula reads sums, not single deals", "write scope = \"running\"");
    }
    if let Some(place) = stated.to_date {
        refuse(place, "a formula reads the quota of the interval", "write quota = \"interval\"");
    }
    if stated.settles {
        refuse(pays.place, "what a formula pays is of no single deal to be settled", "let no part wait until it is settled");
    }
    if let Some(place) = stated.taken_back {
        refuse(place, "what a formula pays is of no single deal to be taken back", "write price = \"recompute\"");
    }
    if no_quota == Some(NoQuota::FirstTier) {
        refuse(pays.place, "a formula has no first tier", "use no_quota = \"park\" or \"nothing\"");
    }
    findings.errors() == before
}
