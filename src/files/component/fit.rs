//! What a component pays, its method and what its tiers are of: whether they fit each other.

use super::ComponentDraft;
use crate::domain::plan::{Method, Negative, NoQuota, Pays, TierBy};
use crate::files::codes;
use crate::files::source::{Findings, Located};

/// What the parts of a component have to do with each other.
pub(super) fn check_fit(
    draft: &ComponentDraft,
    method: Option<&Located<Method>>,
    negative: Option<&Located<Negative>>,
    no_quota: Option<NoQuota>,
    findings: &mut Findings,
) -> bool {
    if let Some(Pays::Formula(_)) = draft.pays.as_ref().map(|pays| &pays.value) {
        return true;
    }
    if method.is_some_and(|method| method.value == Method::Lookup) {
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
        (Pays::FractionOf(_), Method::Marginal | Method::Retroactive | Method::Overage) if !by_attainment => {
            refuse(tier_by.place, "a fraction for each part of the quota needs tiers by attainment", "write as = \"attainment\"");
        }
        _ => {}
    }
    if (method.value, no_quota) == (Method::Overage, Some(NoQuota::FirstTier)) {
        let message = "without a quota nothing says what is above it";
        refuse(method.place, message, "use no_quota = \"park\" or \"nothing\"");
        return false;
    }
    if let (Some((paid, _)), Method::Marginal | Method::Overage) = (other_measure, method.value) {
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
