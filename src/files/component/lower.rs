//! `direction` of a component, and what is asked in the place of `negative` where lower is better.

use super::ComponentDraft;
use crate::domain::plan::{AtZero, Boundary, Direction, Method, Negative, NoQuota, TierBy};
use crate::files::codes;
use crate::files::deal_rules::Stated;
use crate::files::fields::Fields;
use crate::files::modes;
use crate::files::source::{Findings, Located, Place};

/// Lower is better: where it says so, and what a sum of zero earns.
pub(super) struct Lower {
    place: Place,
    at_zero: Located<AtZero>,
}

impl Lower {
    pub(super) fn direction(&self) -> Direction {
        Direction::Lower(self.at_zero.value)
    }
}

/// `direction` (`None` where it was refused, and in it none where higher is better) and `negative`: a sum below zero is in the
/// last tier where lower is better.
pub(super) fn lower(fields: &mut Fields<'_>, findings: &mut Findings) -> (Option<Option<Lower>>, Option<Located<Negative>>) {
    let stated = fields.has("direction");
    let direction = fields.optional_choice("direction", modes::DIRECTION, findings);
    let Some(place) = direction.as_ref().filter(|lower| lower.value).map(|lower| lower.place) else {
        if let Some(node) = fields.node("at_zero") {
            let message = "`at_zero` has no effect: lower is not better";
            findings.add(node.place, codes::NO_EFFECT, message, "remove `at_zero`, or write direction = \"lower\"");
        }
        return ((direction.is_some() || !stated).then_some(None), fields.choice("negative", modes::NEGATIVE, findings));
    };
    if let Some(node) = fields.node("negative") {
        let message = "`negative` has no effect: where lower is better a sum below zero is in the last tier";
        findings.add(node.place, codes::NO_EFFECT, message, "remove `negative`");
    }
    let at_zero = fields.choice("at_zero", modes::AT_ZERO, findings);
    (at_zero.map(|at_zero| Some(Lower { place, at_zero })), Some(Located::new(Negative::Carry, place)))
}

/// Whether the method finds its value by where the sum is alone.
pub(super) fn reads_off(lower: Option<&Option<Lower>>, method: Option<&Located<Method>>, findings: &mut Findings) -> bool {
    let (Some(Some(_)), Some(method)) = (lower, method) else { return true };
    if matches!(method.value, Method::Retroactive | Method::Lump | Method::Curve) {
        return true;
    }
    let message = "this method builds up from zero, and where lower is better there is no such start";
    let hint = "use method = \"retroactive\", \"lump\" or \"curve\"";
    findings.add(method.place, codes::WRONG_UNIT, message, hint);
    false
}

/// No single deal earns anything of its own, and what zero earns needs somebody who is measured; `edges` are the boundary and
/// where the last tier begins.
pub(super) fn check(
    draft: &ComponentDraft,
    stated: &Stated<'_>,
    (lower, no_quota): (Option<&Lower>, Option<NoQuota>),
    edges: (Boundary, Option<i128>),
    findings: &mut Findings,
) -> bool {
    let Some(lower) = lower else { return true };
    let before = findings.errors();
    let mut refuse = |place, message: &str, hint: &str| findings.add(place, codes::WRONG_UNIT, message, hint);
    if let Some(place) = stated.taken_back {
        let message = "where lower is better no single deal earned something to be taken back";
        refuse(place, message, "write price = \"recompute\"");
    }
    if stated.settles {
        let message = "where lower is better no single deal earned something to be settled";
        refuse(lower.place, message, "let no part wait until it is settled");
    }
    let by_attainment = draft.tier_by.as_ref().is_some_and(|by| by.value == TierBy::Attainment);
    let unmeasured = !by_attainment || no_quota == Some(NoQuota::FirstTier);
    match lower.at_zero {
        Located { value: AtZero::Best, place } if unmeasured => {
            let hint = "tier by attainment, with no_quota = \"park\" or \"nothing\", or write at_zero = \"nothing\"";
            refuse(place, "without a quota nobody is measured at zero", hint);
        }
        Located { value: AtZero::Best, place } if edges == (Boundary::Lower, Some(0)) => {
            let hint = "write boundary = \"upper\", or begin the last one above zero";
            refuse(place, "a sum of zero is not in the best tier", hint);
        }
        _ => {}
    }
    findings.errors() == before
}
