//! The tiers of a component, and what is suspicious about them.

use super::codes;
use super::fields::Fields;
use super::node::Node;
use super::own::number_or_own;
use super::source::{Findings, Place};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, NumberError, Rate, format_scaled, parse_scaled};
use crate::domain::plan::{Method, OwnRate, Pays, Tier, TierBy};

/// A rate of 100 %.
const WHOLE_RATE: Rate = Rate(100_000_000);

/// How the tiers of a component are to be read.
#[derive(Clone)]
pub struct Shape {
    pub tier_by: TierBy,
    pub pays: Pays,
    pub method: Method,
    /// Lower is better: they fall.
    pub lower: bool,
}

impl Shape {
    /// What the value of a tier is called.
    fn value_key(&self) -> &'static str {
        match (&self.pays, self.method) {
            (Pays::Lump, _) => "amount",
            (Pays::FractionOf(_), Method::Lump | Method::Curve) => "fraction",
            _ => "rate",
        }
    }

    /// Whether a value is a fraction of what is paid on.
    fn is_fraction(&self) -> bool {
        !matches!(self.pays, Pays::PerUnit | Pays::Lump)
    }

    fn edge_key(&self) -> &'static str {
        if self.method == Method::Curve { "at" } else { "from" }
    }
}

struct TierDraft {
    from: i128,
    from_place: Place,
    to: Option<(i128, Place)>,
    rate: Rate,
    rate_place: Place,
    /// The payee's parameter that the rate is.
    own: Option<String>,
}

/// The tiers (none of a lookup), and which values each payee has of their own, with the places where they are named.
#[derive(Default)]
pub struct Tiers {
    pub tiers: Vec<Tier>,
    pub own_rates: Vec<OwnRate>,
    pub own_places: Vec<Place>,
}

impl TierDraft {
    fn tier(&self) -> Tier {
        Tier { from: self.from, rate: self.rate }
    }
}

/// Reads and checks the list of tiers (a curve's points); `None` when it cannot be used.
pub fn tiers(items: &[Node], place: Place, shape: &Shape, findings: &mut Findings) -> Option<Tiers> {
    let drafts = drafts(items, place, shape, shape.value_key(), findings)?;
    let before = findings.len();
    let ends_at = check_edges(&drafts, shape, findings);
    let whole = findings.len() == before;
    check_rates(&drafts, shape, findings);
    let ended = ends_at.map(|from| Tier { from, rate: Rate(0) });
    whole.then(|| with_own(&drafts, ended))
}

fn with_own(drafts: &[TierDraft], ended: Option<Tier>) -> Tiers {
    let own = || drafts.iter().enumerate().filter_map(|(tier, draft)| Some((draft, tier, draft.own.clone()?)));
    Tiers {
        tiers: drafts.iter().map(TierDraft::tier).chain(ended).collect(),
        own_rates: own().map(|(_, tier, parameter)| OwnRate { tier, parameter }).collect(),
        own_places: own().map(|(draft, ..)| draft.rate_place).collect(),
    }
}

/// Reads and checks the tiers of a multiplier.
pub fn factors(items: &[Node], place: Place, tier_by: TierBy, findings: &mut Findings) -> Option<Tiers> {
    let shape = Shape { tier_by, pays: Pays::RateOf, method: Method::Retroactive, lower: false };
    let drafts = drafts(items, place, &shape, "factor", findings)?;
    let before = findings.len();
    check_edges(&drafts, &shape, findings);
    (findings.len() == before).then(|| with_own(&drafts, None))
}

/// At least one tier, each of them as it is read.
fn drafts(
    items: &[Node],
    place: Place,
    shape: &Shape,
    value_key: &'static str,
    findings: &mut Findings,
) -> Option<Vec<TierDraft>> {
    if items.is_empty() {
        let zero = shown(0, shape.tier_by);
        let hint = format!("add {{ {} = \"{zero}\", {value_key} = \"...\" }}", shape.edge_key());
        findings.add(place, codes::MISSING_KEY, "there is no tier", hint);
        return None;
    }
    let drafts: Vec<Option<TierDraft>> = items.iter().map(|item| tier(item, shape, value_key, findings)).collect();
    drafts.into_iter().collect()
}

/// The order of the tiers; returns where the last one ends, if it does.
fn check_edges(drafts: &[TierDraft], shape: &Shape, findings: &mut Findings) -> Option<i128> {
    check_first(drafts, shape, findings);
    for pair in drafts.windows(2) {
        check_pair(&pair[0], &pair[1], shape, findings);
    }
    check_last(drafts, shape, findings)
}

fn tier(node: &Node, shape: &Shape, value_key: &'static str, findings: &mut Findings) -> Option<TierDraft> {
    let mut fields = Fields::of(node, findings)?;
    let edge = |text: &str| edge(text, shape.tier_by);
    let from = fields.number(shape.edge_key(), edge, findings);
    let to = if shape.method == Method::Curve { None } else { fields.optional_number("to", edge, findings) };
    let value = fields.required(value_key, &format!("add {value_key} = \"...\""), findings);
    let parse = |text: &str| rate(text, shape.is_fraction());
    let value = value.and_then(|node| number_or_own(node, value_key, Rate(0), parse, findings));
    fields.finish(&[], findings);
    let (from, value) = (from?, value?);
    let (rate, own) = value.value;
    let to = to.map(|to| (to.value, to.place));
    Some(TierDraft { from: from.value, from_place: from.place, to, rate, rate_place: value.place, own })
}

/// An edge in 10^-12 of the unit: a percentage of the quota when tiered by attainment, else a plain number.
pub fn edge(text: &str, tier_by: TierBy) -> Result<i128, NumberError> {
    let scaled = match (tier_by, text.strip_suffix('%')) {
        (TierBy::Attainment, Some(percent)) => parse_scaled(percent, MEASURED_DECIMALS - 2, 20)?,
        (TierBy::Attainment, None) | (_, Some(_)) => return Err(NumberError::NotANumber(text.into())),
        (_, None) => parse_scaled(text, AMOUNT_DECIMALS, 24)? * 10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS),
    };
    if scaled < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(scaled) }
}

/// A rate that is not negative; money has no percent sign.
fn rate(text: &str, percent: bool) -> Result<Rate, NumberError> {
    if !percent && text.ends_with('%') {
        return Err(NumberError::NotANumber(text.into()));
    }
    let rate = Rate::parse(text)?;
    if rate.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(rate) }
}

/// An edge as people write it.
fn shown(edge: i128, tier_by: TierBy) -> String {
    match tier_by {
        TierBy::Attainment => format!("{}%", format_scaled(edge, MEASURED_DECIMALS - 2, 0)),
        TierBy::Amount | TierBy::Quantity | TierBy::Count => format_scaled(edge, MEASURED_DECIMALS, 0),
    }
}

fn check_first(drafts: &[TierDraft], shape: &Shape, findings: &mut Findings) {
    let zero = shown(0, shape.tier_by);
    let Some(first) = drafts.first().filter(|_| !shape.lower) else { return };
    if first.from == 0 && shape.method == Method::Overage {
        let hint = "start where it begins to pay, at the quota for example, or write method = \"retroactive\"";
        findings.add(first.from_place, codes::TIER_START, "an overage starts at zero, so that nothing is below it", hint);
    }
    if first.from != 0 && !matches!(shape.method, Method::Curve | Method::Overage) {
        let message = format!("the first tier starts at {}, not at {zero}", shown(first.from, shape.tier_by));
        let hint = format!("begin with {{ from = \"{zero}\", {} = \"0\" }}", shape.value_key());
        findings.add(first.from_place, codes::TIER_START, message, hint);
    }
    let steps = shape.method == Method::Lump || (shape.method == Method::Curve && !on_measure(shape));
    if steps && first.from == 0 && (first.rate.0 != 0 || first.own.is_some()) {
        let message = "a sum of zero would be paid".to_string();
        findings.add(first.rate_place, codes::PAID_FOR_NOTHING, message, "let the first one pay 0");
    }
}

fn on_measure(shape: &Shape) -> bool {
    matches!(shape.pays, Pays::RateOf | Pays::PerUnit)
}

fn check_pair(tier: &TierDraft, next: &TierDraft, shape: &Shape, findings: &mut Findings) {
    let show = |edge| shown(edge, shape.tier_by);
    // What falls is in order on the other side of zero.
    let ahead = |edge: i128, other: i128| if shape.lower { edge > other } else { edge < other };
    if next.from == tier.from {
        let message = format!("the tier from {} is never reached: the next one starts there, too", show(tier.from));
        findings.add(tier.from_place, codes::TIER_NEVER_REACHED, message, "remove one of the two");
    } else if ahead(next.from, tier.from) {
        let message = format!("the tier from {} comes after the one from {}", show(next.from), show(tier.from));
        let hint = match shape.lower {
            true => "put the tiers in descending order: where lower is better, from the worst to the best",
            false => "put the tiers in ascending order",
        };
        findings.add(next.from_place, codes::TIER_ORDER, message, hint);
    } else if let Some((to, place)) = tier.to {
        let (code, what) = if ahead(to, next.from) { (codes::TIER_GAP, "a gap") } else { (codes::TIER_OVERLAP, "an overlap") };
        if to != next.from {
            let message = format!("{what} between {} and {}", show(to.min(next.from)), show(to.max(next.from)));
            findings.add(place, code, message, "leave `to` out: a tier ends where the next one starts");
        }
    }
}

/// The last tier is open, or, where tiers pay in proportion, ends somewhere: there.
fn check_last(drafts: &[TierDraft], shape: &Shape, findings: &mut Findings) -> Option<i128> {
    let last = drafts.last()?;
    match (shape.method, last.to) {
        (Method::Interpolated, None) => {
            let message = "the last tier has no end, so nothing says how far into it a sum is";
            findings.add(last.from_place, codes::TIER_GAP, message, "write `to` in the last tier");
            None
        }
        (Method::Interpolated, Some((to, place))) if to <= last.from => {
            findings.add(place, codes::TIER_ORDER, "the last tier ends before it starts", "write a greater `to`");
            None
        }
        (Method::Interpolated, Some((to, _))) => Some(to),
        (_, Some((_, place))) => {
            let hint = "leave `to` out, or add a tier from there with rate = \"0%\"";
            let message = match shape.lower {
                true => "nothing is said about sums below the last tier",
                false => "nothing is said about sums above the last tier",
            };
            findings.add(place, codes::TIER_GAP, message, hint);
            None
        }
        (_, None) => None,
    }
}

fn check_rates(drafts: &[TierDraft], shape: &Shape, findings: &mut Findings) {
    let of_amount = shape.pays == Pays::RateOf;
    for draft in drafts.iter().filter(|draft| of_amount && draft.rate > WHOLE_RATE) {
        let percent = format_scaled(i128::from(draft.rate.0), 6, 0);
        let message = format!("a rate of {percent}% pays more than the amount itself");
        findings.add(draft.rate_place, codes::RATE_TOO_BIG, message, "percentages carry their sign: \"6%\" or \"0.06\"");
    }
    let steps = matches!(shape.method, Method::Retroactive | Method::Overage | Method::Lump | Method::Curve);
    let lower = |pair: &&[TierDraft]| pair[1].rate < pair[0].rate && pair[1].own.is_none();
    for pair in drafts.windows(2).filter(|_| steps).filter(lower) {
        let message = format!("reaching {} lowers the pay of the whole sum", shown(pair[1].from, shape.tier_by));
        findings.add(pair[1].rate_place, codes::CLIFF, message, "a table like this usually rises");
    }
}
