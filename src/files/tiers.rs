//! The tiers of a component, and what is suspicious about them.

use super::codes;
use super::fields::Fields;
use super::node::Node;
use super::source::{Findings, Place};
use crate::domain::fact::{Method, Tier, TierBy};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, NumberError, Rate, format_scaled, parse_scaled};

/// A rate of 100 %.
const WHOLE_RATE: Rate = Rate(100_000_000);

/// How the tiers of a component are to be read.
#[derive(Clone, Copy)]
pub struct Shape {
    pub tier_by: TierBy,
    pub per_unit: bool,
    pub method: Method,
}

struct TierDraft {
    from: i128,
    from_place: Place,
    to: Option<(i128, Place)>,
    rate: Rate,
    rate_place: Place,
}

/// Reads and checks the list of tiers; `None` when it cannot be used.
pub fn tiers(items: &[Node], shape: Shape, findings: &mut Findings) -> Option<Vec<Tier>> {
    let drafts: Vec<Option<TierDraft>> = items.iter().map(|item| tier(item, shape, findings)).collect();
    let drafts: Vec<TierDraft> = drafts.into_iter().collect::<Option<_>>()?;
    let before = findings.len();
    check_first(&drafts, shape, findings);
    for pair in drafts.windows(2) {
        check_pair(&pair[0], &pair[1], shape, findings);
    }
    check_last(&drafts, findings);
    let broken = findings.len() > before;
    check_rates(&drafts, shape, findings);
    (!broken && !drafts.is_empty()).then(|| drafts.iter().map(|draft| Tier { from: draft.from, rate: draft.rate }).collect())
}

fn tier(node: &Node, shape: Shape, findings: &mut Findings) -> Option<TierDraft> {
    let mut fields = Fields::of(node, findings)?;
    let edge = |text: &str| edge(text, shape.tier_by);
    let from = fields.number("from", edge, findings);
    let to = fields.optional_number("to", edge, findings);
    let rate = fields.number("rate", |text| rate(text, shape.per_unit), findings);
    fields.finish(&["amount", "lump", "factor"], findings);
    let (from, rate) = (from?, rate?);
    Some(TierDraft {
        from: from.value,
        from_place: from.place,
        to: to.map(|to| (to.value, to.place)),
        rate: rate.value,
        rate_place: rate.place,
    })
}

/// An edge in 10^-12 of the unit: a percentage of the quota when tiered by attainment, else a plain number.
fn edge(text: &str, tier_by: TierBy) -> Result<i128, NumberError> {
    let scaled = match (tier_by, text.strip_suffix('%')) {
        (TierBy::Attainment, Some(percent)) => parse_scaled(percent, MEASURED_DECIMALS - 2, 20)?,
        (TierBy::Attainment, None) | (_, Some(_)) => return Err(NumberError::NotANumber(text.into())),
        (_, None) => parse_scaled(text, AMOUNT_DECIMALS, 24)? * 10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS),
    };
    if scaled < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(scaled) }
}

/// A rate that is not negative; money per unit has no percent sign.
fn rate(text: &str, per_unit: bool) -> Result<Rate, NumberError> {
    if per_unit && text.ends_with('%') {
        return Err(NumberError::NotANumber(text.into()));
    }
    let rate = Rate::parse(text)?;
    if rate.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(rate) }
}

/// An edge as people write it.
fn shown(edge: i128, tier_by: TierBy) -> String {
    match tier_by {
        TierBy::Attainment => format!("{}%", format_scaled(edge, MEASURED_DECIMALS - 2, 0)),
        TierBy::Amount | TierBy::Quantity => format_scaled(edge, MEASURED_DECIMALS, 0),
    }
}

fn check_first(drafts: &[TierDraft], shape: Shape, findings: &mut Findings) {
    if let Some(first) = drafts.first().filter(|first| first.from != 0) {
        let zero = shown(0, shape.tier_by);
        let message = format!("the first tier starts at {}, not at {zero}", shown(first.from, shape.tier_by));
        findings.add(first.from_place, codes::TIER_START, message, format!("begin with {{ from = \"{zero}\", rate = \"0%\" }}"));
    }
}

fn check_pair(tier: &TierDraft, next: &TierDraft, shape: Shape, findings: &mut Findings) {
    let show = |edge| shown(edge, shape.tier_by);
    if next.from == tier.from {
        let message = format!("the tier from {} is never reached: the next one starts there, too", show(tier.from));
        findings.add(tier.from_place, codes::TIER_NEVER_REACHED, message, "remove one of the two");
    } else if next.from < tier.from {
        let message = format!("the tier from {} comes after the one from {}", show(next.from), show(tier.from));
        findings.add(next.from_place, codes::TIER_ORDER, message, "put the tiers in ascending order");
    } else if let Some((to, place)) = tier.to {
        let (code, what) = if to < next.from { (codes::TIER_GAP, "a gap") } else { (codes::TIER_OVERLAP, "an overlap") };
        if to != next.from {
            let message = format!("{what} between {} and {}", show(to.min(next.from)), show(to.max(next.from)));
            findings.add(place, code, message, "leave `to` out: a tier ends where the next one starts");
        }
    }
}

fn check_last(drafts: &[TierDraft], findings: &mut Findings) {
    if let Some((_, place)) = drafts.last().and_then(|last| last.to) {
        let hint = "leave `to` out, or add a tier from there with rate = \"0%\"";
        findings.add(place, codes::TIER_GAP, "nothing is said about sums above the last tier", hint);
    }
}

fn check_rates(drafts: &[TierDraft], shape: Shape, findings: &mut Findings) {
    for draft in drafts.iter().filter(|draft| !shape.per_unit && draft.rate > WHOLE_RATE) {
        let percent = format_scaled(i128::from(draft.rate.0), 6, 0);
        let message = format!("a rate of {percent}% pays more than the amount itself");
        findings.add(draft.rate_place, codes::RATE_TOO_BIG, message, "percentages carry their sign: \"6%\" or \"0.06\"");
    }
    for pair in drafts.windows(2).filter(|pair| shape.method == Method::Retroactive && pair[1].rate < pair[0].rate) {
        let message = format!("reaching {} lowers the pay of the whole sum", shown(pair[1].from, shape.tier_by));
        findings.add(pair[1].rate_place, codes::CLIFF, message, "a retroactive table usually rises");
    }
}
