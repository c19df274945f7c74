//! What late facts do to pay periods that are closed: one word of a plan for all facts, or one for those about quotas and one
//! for all others.

use super::codes;
use super::component::ComponentDraft;
use super::fields::Fields;
use super::modes;
use super::node::Value;
use super::source::{Findings, Located};
use crate::domain::plan::{AfterRelease, QuotaAfterRelease};

const EXAMPLE: &str = "{ quota = \"raise_only\", other = \"adjust\" }";

/// Of facts about quotas, and of all others.
pub fn after_release(plan: &mut Fields<'_>, findings: &mut Findings) -> Option<(Located<QuotaAfterRelease>, AfterRelease)> {
    if !matches!(plan.peek("after_release"), Some(Value::Table(_))) {
        let word = plan.choice("after_release", modes::AFTER_RELEASE, findings)?;
        return Some((Located::new(QuotaAfterRelease::Adjust, word.place), word.value));
    }
    let mut fields = plan.table("after_release", EXAMPLE, findings)?;
    let quota = fields.choice("quota", modes::QUOTA_AFTER_RELEASE, findings);
    let other = fields.choice("other", modes::AFTER_RELEASE, findings);
    fields.finish(modes::AFTER_RELEASE_KEYS_NOT_BUILT, findings);
    Some((quota?, other?.value))
}

/// What a closed period keeps the next one would make up for.
pub fn check_to_date(quota: Option<&Located<QuotaAfterRelease>>, components: &[ComponentDraft], findings: &mut Findings) {
    let Some(quota) = quota.filter(|quota| quota.value != QuotaAfterRelease::Adjust) else { return };
    let mut whole = components.iter().filter_map(|draft| draft.component.as_ref());
    if let Some(to_date) = whole.find(|component| component.quota.is_to_date()) {
        let id = &to_date.component_id;
        let message = format!("component \"{id}\" has a quota to date: the next period makes up for what a closed one keeps");
        findings.add(quota.place, codes::WRONG_UNIT, message, "write \"adjust\", or quota = \"interval\" in the component");
    }
}
