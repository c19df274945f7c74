//! The tiers of a component, and what is suspicious about them.

use super::codes;
use super::fields::{Fields, number_of};
use super::node::Node;
use super::own::number_or_own;
use super::source::{Findings, Located, Place};
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, NumberError, Rate, format_scaled, parse_scaled};
use crate::domain::plan::{Method, OwnEdge, OwnRate, Pays, Tier, TierBy};

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

    /// Whether an edge comes before another one: what falls is in order on the other side of zero.
    fn ahead(&self, edge: i128, other: i128) -> bool {
        if self.lower { edge > other } else { edge < other }
    }
}

impl Tiers {
    /// Where the last one starts, unless each payee has it of their own.
    pub fn last_from(&self) -> Option<i128> {
        let last = self.tiers.len().checked_sub(1)?;
        let own = self.own_edges.iter().any(|own| own.tier == last);
        (!own).then(|| self.tiers[last].from)
    }
}

/// Where a tier starts or ends.
struct Edge {
    /// 0 where it is the payee's own.
    at: i128,
    /// The payee's parameter that it is.
    own: Option<String>,
    place: Place,
}

impl Edge {
    /// As people write it.
    fn shown(&self, tier_by: TierBy) -> String {
        self.own.as_ref().map_or_else(|| shown(self.at, tier_by), |name| format!("payee.{name}"))
    }
}

struct TierDraft {
    from: Edge,
    to: Option<Edge>,
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
    /// Which of them start where each payee has it of their own.
    pub own_edges: Vec<OwnEdge>,
    pub edge_places: Vec<Place>,
}

/// Reads and checks the list of tiers (a curve's points); `None` when it cannot be used.
pub fn tiers(items: &[Node], place: Place, shape: &Shape, findings: &mut Findings) -> Option<Tiers> {
    let drafts = drafts(items, place, shape, shape.value_key(), findings)?;
    let before = findings.len();
    let ends_at = check_edges(&drafts, shape, findings);
    let whole = findings.len() == before;
    check_rates(&drafts, shape, findings);
    whole.then(|| with_own(&drafts, ends_at))
}

/// The tiers, behind them one that pays nothing where they end somewhere.
fn with_own(drafts: &[TierDraft], ends_at: Option<&Edge>) -> Tiers {
    let own = || drafts.iter().enumerate().filter_map(|(tier, draft)| Some((draft, tier, draft.own.clone()?)));
    let starts = drafts.iter().map(|draft| (&draft.from, draft.rate)).chain(ends_at.map(|edge| (edge, Rate(0))));
    let edges = || starts.clone().enumerate().filter_map(|(tier, (edge, _))| Some((edge, tier, edge.own.clone()?)));
    Tiers {
        own_edges: edges().map(|(_, tier, parameter)| OwnEdge { tier, parameter }).collect(),
        edge_places: edges().map(|(edge, ..)| edge.place).collect(),
        tiers: starts.clone().map(|(edge, rate)| Tier { from: edge.at, rate }).collect(),
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
fn check_edges<'d>(drafts: &'d [TierDraft], shape: &Shape, findings: &mut Findings) -> Option<&'d Edge> {
    check_first(drafts, shape, findings);
    for pair in drafts.windows(2) {
        check_pair(&pair[0], &pair[1], shape, findings);
    }
    // What the plan states is in order, whatever stands between.
    let stated: Vec<(usize, &TierDraft)> = drafts.iter().enumerate().filter(|(_, draft)| draft.from.own.is_none()).collect();
    for pair in stated.windows(2).filter(|pair| pair[1].0 - pair[0].0 > 1) {
        check_order(pair[0].1, pair[1].1, shape, findings);
    }
    check_last(drafts, shape, findings)
}

fn tier(node: &Node, shape: &Shape, value_key: &'static str, findings: &mut Findings) -> Option<TierDraft> {
    let mut fields = Fields::of(node, findings)?;
    let key = shape.edge_key();
    let from = fields.required(key, &format!("add {key} = \"...\""), findings);
    let to = if shape.method == Method::Curve { None } else { fields.node("to") };
    let mut edge = |node: &Node, key: &'static str| {
        let parse = |text: &str| edge(text, shape.tier_by);
        let read = match value_key {
            "factor" => number_of(node, key, parse, findings).map(|read| Located::new((read.value, None), read.place)),
            _ => number_or_own(node, key, 0, parse, findings),
        };
        read.map(|Located { value: (at, own), place }| Edge { at, own, place })
    };
    let (from, to) = (from.and_then(|node| edge(node, key)), to.and_then(|node| edge(node, "to")));
    let value = fields.required(value_key, &format!("add {value_key} = \"...\""), findings);
    let parse = |text: &str| rate(text, shape.is_fraction());
    let value = value.and_then(|node| number_or_own(node, value_key, Rate(0), parse, findings));
    fields.finish(&[], findings);
    let (from, value) = (from?, value?);
    let (rate, own) = value.value;
    Some(TierDraft { from, to, rate, rate_place: value.place, own })
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
    let anywhere = matches!(shape.method, Method::Curve | Method::Overage);
    if first.from.own.is_some() && anywhere {
        return;
    }
    if first.from.at == 0 && shape.method == Method::Overage {
        let hint = "start where it begins to pay, at the quota for example, or write method = \"retroactive\"";
        findings.add(first.from.place, codes::TIER_START, "an overage starts at zero, so that nothing is below it", hint);
    }
    if (first.from.at != 0 || first.from.own.is_some()) && !anywhere {
        let message = format!("the first tier starts at {}, not at {zero}", first.from.shown(shape.tier_by));
        let hint = format!("begin with {{ from = \"{zero}\", {} = \"0\" }}", shape.value_key());
        findings.add(first.from.place, codes::TIER_START, message, hint);
    }
    let steps = shape.method == Method::Lump || (shape.method == Method::Curve && !on_measure(shape));
    if steps && first.from.at == 0 && (first.rate.0 != 0 || first.own.is_some()) {
        let message = "a sum of zero would be paid".to_string();
        findings.add(first.rate_place, codes::PAID_FOR_NOTHING, message, "let the first one pay 0");
    }
}

fn on_measure(shape: &Shape) -> bool {
    matches!(shape.pays, Pays::RateOf | Pays::PerUnit)
}

/// Whether two edges of the plan are in order.
fn check_order(tier: &TierDraft, next: &TierDraft, shape: &Shape, findings: &mut Findings) -> bool {
    let (from, start) = (&tier.from, &next.from);
    if start.at == from.at {
        let message = format!("the tier from {} is never reached: the next one starts there, too", from.shown(shape.tier_by));
        findings.add(from.place, codes::TIER_NEVER_REACHED, message, "remove one of the two");
    } else if shape.ahead(start.at, from.at) {
        let (after, before) = (start.shown(shape.tier_by), from.shown(shape.tier_by));
        let message = format!("the tier from {after} comes after the one from {before}");
        let hint = match shape.lower {
            true => "put the tiers in descending order: where lower is better, from the worst to the best",
            false => "put the tiers in ascending order",
        };
        findings.add(start.place, codes::TIER_ORDER, message, hint);
    }
    shape.ahead(from.at, start.at)
}

fn check_pair(tier: &TierDraft, next: &TierDraft, shape: &Shape, findings: &mut Findings) {
    let stated = tier.from.own.is_none() && next.from.own.is_none();
    if stated && !check_order(tier, next, shape, findings) {
        return;
    }
    let (Some(to), start) = (&tier.to, &next.from) else { return };
    let hint = "leave `to` out: a tier ends where the next one starts";
    if to.own.is_some() || start.own.is_some() {
        let message =
            format!("the tier ends at {}, and the next one starts at {}", to.shown(shape.tier_by), start.shown(shape.tier_by));
        findings.add(to.place, codes::TIER_OVERLAP, message, hint);
    } else if to.at != start.at {
        let gap = shape.ahead(to.at, start.at);
        let (code, what) = if gap { (codes::TIER_GAP, "a gap") } else { (codes::TIER_OVERLAP, "an overlap") };
        let show = |edge| shown(edge, shape.tier_by);
        let message = format!("{what} between {} and {}", show(to.at.min(start.at)), show(to.at.max(start.at)));
        findings.add(to.place, code, message, hint);
    }
}

/// The last tier is open, or, where tiers pay in proportion, ends somewhere: there.
fn check_last<'d>(drafts: &'d [TierDraft], shape: &Shape, findings: &mut Findings) -> Option<&'d Edge> {
    let last = drafts.last()?;
    let highest = drafts.iter().map(|draft| draft.from.at).max().unwrap_or_default();
    match (shape.method, &last.to) {
        (Method::Interpolated, None) => {
            let message = "the last tier has no end, so nothing says how far into it a sum is";
            findings.add(last.from.place, codes::TIER_GAP, message, "write `to` in the last tier");
            None
        }
        (Method::Interpolated, Some(to)) if to.own.is_none() && to.at <= highest => {
            findings.add(to.place, codes::TIER_ORDER, "the last tier ends before it starts", "write a greater `to`");
            None
        }
        (Method::Interpolated, Some(to)) => Some(to),
        (_, Some(to)) => {
            let hint = "leave `to` out, or add a tier from there with rate = \"0%\"";
            let message = match shape.lower {
                true => "nothing is said about sums below the last tier",
                false => "nothing is said about sums above the last tier",
            };
            findings.add(to.place, codes::TIER_GAP, message, hint);
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
        let message = format!("reaching {} lowers the pay of the whole sum", pair[1].from.shown(shape.tier_by));
        findings.add(pair[1].rate_place, codes::CLIFF, message, "a table like this usually rises");
    }
}
