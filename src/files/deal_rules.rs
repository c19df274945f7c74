//! What a component states where it looks at deals one by one, and what does not go together with it.

use super::codes;
use super::component::ComponentDraft;
use super::fields::Fields;
use super::modes;
use super::source::{Findings, Located, Place};
use crate::domain::plan::{CountSplit, Method, Modifiers, Negative, Pays, RoundingAt, Scope, TierBy};

/// The choices that matter to whole deals alone: what a shared one counts; `None` where that was refused.
pub fn whole_deal(
    fields: &mut Fields<'_>,
    method: Option<&Located<Method>>,
    findings: &mut Findings,
) -> Option<Option<Located<CountSplit>>> {
    if method.is_some_and(|method| method.value.is_whole_deal()) {
        fields.choice("late", modes::LATE, findings);
        return fields.choice("count_split", modes::COUNT_SPLIT, findings).map(Some);
    }
    for key in ["late", "count_split"] {
        if let Some(node) = fields.node(key) {
            let message = format!("`{key}` has no effect: this method does not fold deals in their order");
            findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`"));
        }
    }
    Some(None)
}

/// Whole deals are counted where what they find is a number of deals.
pub fn counted(draft: &ComponentDraft, count_split: Option<&Located<CountSplit>>, findings: &mut Findings) -> bool {
    let whole = count_split.filter(|of| of.value == CountSplit::Whole);
    let by_count = draft.tier_by.as_ref().is_some_and(|by| by.value == TierBy::Count);
    if let Some(of) = whole.filter(|_| !by_count) {
        let message = "deals count whole only where a deal finds a number of deals";
        findings.add(of.place, codes::WRONG_UNIT, message, "tier by as = \"count\", or write count_split = \"share\"");
        return false;
    }
    true
}

/// What is compared with each other.
pub struct Stated<'s> {
    pub scope: &'s Located<Scope>,
    pub method: &'s Located<Method>,
    pub negative: &'s Located<Negative>,
    pub rounding_at: &'s Located<RoundingAt>,
    pub modifiers: &'s Modifiers,
    pub cap_place: Place,
    /// Where the component says that quotas are to date.
    pub to_date: Option<Place>,
    /// A part of what a deal earns waits until it is settled.
    pub settles: bool,
    /// Where it says that what a returned deal earned is taken back by itself.
    pub taken_back: Option<Place>,
    /// Where it says anything but that a returned deal is forgotten in its own period.
    pub returned: Option<Place>,
}

pub fn check(draft: &ComponentDraft, stated: &Stated<'_>, findings: &mut Findings) -> bool {
    let before = findings.errors();
    let by_deal = stated.scope.value == Scope::Deal;
    let whole = stated.method.value.is_whole_deal();
    let mut refuse = |place, message: &str, hint: &str| findings.add(place, codes::WRONG_UNIT, message, hint);
    if !by_deal && stated.rounding_at.value == RoundingAt::Deal {
        refuse(stated.rounding_at.place, "only what is priced by deal is rounded by deal", "write at = \"cumulative\"");
    }
    if !by_deal && stated.modifiers.deal_cap.is_some() {
        refuse(stated.cap_place, "a deal is capped only where it is priced by itself", "write scope = \"deal\"");
    }
    let other = draft.paid.as_ref().zip(draft.measure.as_ref()).filter(|(paid, measure)| paid.value != measure.value);
    if let Some((paid, _)) = other.filter(|_| stated.settles) {
        refuse(paid.place, "what is paid on another measure is of no single deal to be settled", "name one measure in both");
    }
    if let Some((paid, _)) = other.filter(|_| stated.taken_back.is_some()) {
        let message = "what is paid on another measure is of no single deal to be taken back";
        refuse(paid.place, message, "name one measure in both, or write price = \"recompute\"");
    }
    if let Some(place) = stated.taken_back.filter(|_| stated.modifiers.floor.is_some()) {
        refuse(place, "a floor is of no single deal to be taken back", "write price = \"recompute\", or no floor");
    }
    if let Some(place) = stated.to_date.filter(|_| stated.taken_back.is_some()) {
        let hint = "write quota = \"interval\", or price = \"recompute\"";
        refuse(place, "what is made up for as the quota grows is of no single deal to be taken back", hint);
    }
    if let Some(place) = stated.to_date.filter(|_| stated.settles) {
        let hint = "write quota = \"interval\", or let no part wait until it is settled";
        refuse(place, "what is made up for as the quota grows is of no single deal to be settled", hint);
    }
    if let Some(pays) = draft.pays.as_ref().filter(|_| stated.settles && stated.modifiers.floor.is_some()) {
        refuse(pays.place, "a floor is of no single deal to be settled", "let no part wait until it is settled");
    }
    let by_attainment = draft.tier_by.as_ref().is_some_and(|by| by.value == TierBy::Attainment);
    if let Some(place) = stated.to_date.filter(|_| whole && by_attainment) {
        let hint = "write quota = \"interval\", or method = \"retroactive\"";
        refuse(place, "a deal that is priced whole is not priced again as the quota grows", hint);
    }
    if !by_deal && !whole {
        return findings.errors() == before;
    }
    if by_deal && whole {
        refuse(stated.method.place, "a deal by itself finds no sum before it", "write scope = \"running\"");
    }
    if let Some(tier_by) = draft.tier_by.as_ref().filter(|by| by_deal && by.value == TierBy::Attainment) {
        refuse(tier_by.place, "a deal by itself is no part of a quota", "tier it by amount, quantity or count");
    }
    if let Some(pays) = draft.pays.as_ref().filter(|pays| matches!(pays.value, Pays::FractionOf(_))) {
        refuse(pays.place, "a deal pays no fraction of a target", "pay a rate, money per unit or an amount");
    }
    if let Some((paid, _)) = other {
        refuse(paid.place, "a deal is paid on the measure that picks its tier", "name one measure in both");
    }
    if whole && stated.negative.value != Negative::Carry {
        refuse(stated.negative.place, "whole deals carry a negative sum", "write negative = \"carry\"");
    }
    findings.errors() == before
}
