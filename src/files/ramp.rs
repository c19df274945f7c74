//! `ramp` of a plan: the part of a quota that is expected of a new payee, one for each of his first pay periods.

use super::codes;
use super::fields::{Fields, number_of};
use super::pay_terms::share;
use super::source::{Findings, Located, Place};
use crate::domain::money::Rate;
use crate::domain::plan::Plan;
use crate::domain::world::{MAXIMUM_RAMP, ramp_fault};

/// The parts, in order; `None` where there are none, or where they were refused.
pub fn ramp(plan: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<Vec<Rate>>> {
    let place = plan.node("ramp")?.place;
    let before = findings.errors();
    let items = plan.list("ramp", findings);
    let parts = items.iter().filter_map(|item| number_of(item, "ramp", share, findings)).map(|part| part.value).collect();
    if findings.errors() > before {
        return None;
    }
    let most = format!("write from one to {MAXIMUM_RAMP} parts: [\"25%\", \"50%\", \"75%\"]; after them it is 100 %");
    if items.is_empty() {
        findings.add(place, codes::BAD_RANGE, "a ramp of no pay period", most);
        return None;
    }
    if items.len() > MAXIMUM_RAMP {
        let message = format!("a ramp of {} pay periods: {MAXIMUM_RAMP} at most", items.len());
        findings.add(place, codes::BAD_RANGE, message, most);
        return None;
    }
    Some(Located::new(parts, place))
}

/// Whether there are quotas that it could be of.
pub fn check_ramp(plan: &Plan, place: Place, findings: &mut Findings) {
    let Some(fault) = ramp_fault(plan) else { return };
    let (code, hint) = match plan.components.iter().any(|component| component.reads_quota()) {
        true => (codes::NOT_SUPPORTED, "write quota = \"interval\", or put the component into a plan of its own, without a ramp"),
        false => (codes::NO_EFFECT, "remove `ramp`, or tier by attainment"),
    };
    findings.add(place, code, fault, hint);
}
