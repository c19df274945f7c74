//! Measures of what components earn: which, and whose; and whether there is an order in which all of them can be priced.

use super::codes;
use super::draft::Draft;
use super::fields::Fields;
use super::modes;
use super::plan::nearest;
use super::source::{Findings, Located};
use crate::domain::fact::{Earnings, Measure};
use crate::domain::plan::Component;
use crate::domain::world::phases;
use std::collections::BTreeSet;

/// Filters of credits.
const OF_CREDITS: [&str; 9] =
    ["credit_kinds", "roles", "products", "geographies", "segments", "deal_kinds", "customers", "filter", "dated_by"];
const OF_EARNINGS: [&str; 2] = ["components", "earned_by"];

/// `components` and `earned_by` of a measure, which only one of earnings has, and needs.
pub fn read(fields: &mut Fields<'_>, earned: bool, findings: &mut Findings) -> (Vec<Located<String>>, Option<Earnings>) {
    let components = fields.texts("components", findings);
    let place = fields.place;
    let unused = if earned { &OF_CREDITS[..] } else { &OF_EARNINGS[..] };
    for key in unused.iter().filter(|key| fields.has(key)) {
        let message = match earned {
            true => format!("`{key}` filters credits, and a measure of earnings counts none"),
            false => format!("`{key}` is of a measure of earnings"),
        };
        findings.add(place, codes::NO_EFFECT, message, format!("remove `{key}`, or state another `of`"));
    }
    if !earned {
        let _ = fields.optional_choice("earned_by", modes::EARNED_BY, findings);
        return (Vec::new(), None);
    }
    let by = fields.choice("earned_by", modes::EARNED_BY, findings);
    if components.is_empty() {
        let hint = "name the components whose earnings count: components = [\"commission\"]";
        findings.add(place, codes::MISSING_KEY, "`components` names no component", hint);
        return (components, None);
    }
    let ids = components.iter().map(|id| id.value.clone()).collect();
    (components, by.map(|by| Earnings { components: ids, by: by.value }))
}

/// Whether all components can be priced one after the other.
pub fn check(draft: &Draft, findings: &mut Findings) {
    let drafts = || draft.plans.iter().flat_map(|plan| &plan.components);
    let measures: Vec<&Measure> = draft.measures.iter().flatten().filter_map(|measure| measure.measure.as_ref()).collect();
    let components: Vec<&Component> = drafts().filter_map(|of| of.component.as_ref()).collect();
    let Err(fault) = phases(&measures, &components) else { return };
    let place = drafts().filter_map(|component| component.id.as_ref()).find(|id| id.value == fault.component_id);
    if let Some(id) = place {
        let hint = "let it read another measure, or let the measure count other components";
        findings.add(id.place, codes::BAD_EARNINGS, fault.message, hint);
    }
}

/// Measures of components that no plan has.
pub fn warn_unknown(draft: &Draft, findings: &mut Findings) {
    let components = draft.plans.iter().flat_map(|plan| &plan.components);
    let ids: BTreeSet<&str> = components.filter_map(|component| Some(component.id.as_ref()?.value.as_str())).collect();
    let named = draft.measures.iter().flatten().flat_map(|measure| &measure.components);
    for id in named.filter(|id| !ids.contains(id.value.as_str())) {
        let hint = nearest(&id.value, "component", ids.iter().copied());
        findings.add(id.place, codes::NO_EARNINGS, format!("no component is called \"{}\"", id.value), hint);
    }
}
