//! `rates` and `otherwise` of a component that looks each line of a deal up, and what does not go together with it.

use super::ComponentDraft;
use super::table::Table;
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, NumberError, Rate, parse_scaled};
use crate::domain::plan::lookup::{Band, LineKey, Listed, Lookup, Row, Takes};
use crate::domain::plan::{Boundary, Method, OwnRate, Pays, Scope};
use crate::files::codes;
use crate::files::deal_rules::Stated;
use crate::files::fields::{Fields, text_of};
use crate::files::modes;
use crate::files::node::{Node, Value};
use crate::files::own::number_or_own;
use crate::files::source::{Findings, Located, Place};
use crate::files::tiers::Tiers;

/// What tiers say, or a line says by itself.
const OF_TIERS: [&str; 8] = ["tier_by", "negative", "tiers", "points", "beyond", "direction", "at_zero", "deficit"];
const EXAMPLE: &str = "rates = [{ product = \"analytics\", rate = \"6%\" }]";

/// Where the method says so.
pub(super) fn place(method: Option<&Located<Method>>) -> Option<Place> {
    method.filter(|method| method.value == Method::Lookup).map(|method| method.place)
}

/// Nothing of tiers stands beside a table of lines.
pub(super) fn no_tiers(fields: &mut Fields<'_>, findings: &mut Findings) {
    for key in OF_TIERS {
        if let Some(node) = fields.node(key) {
            let message = format!("`{key}` has no effect: each line is looked up by itself");
            findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`"));
        }
    }
}

/// Nothing of a table of lines stands elsewhere.
pub(super) fn none(fields: &mut Fields<'_>, findings: &mut Findings) {
    for key in ["rates", "otherwise"] {
        if let Some(node) = fields.node(key) {
            let message = format!("`{key}` has no effect: this method does not look lines up");
            findings.add(node.place, codes::NO_EFFECT, message, format!("remove `{key}`, or write method = \"lookup\""));
        }
    }
}

/// Who owns an exact hit matters to bands, a gate and a multiplier alone.
pub(super) fn boundary(fields: &mut Fields<'_>, place: Place, findings: &mut Findings) -> Option<Located<Boundary>> {
    let is_band = |row: &Node| matches!(&row.value, Value::Table(entries) if entries.iter().any(|entry| entry.key == "band"));
    let bands = matches!(fields.peek("rates"), Some(Value::List(rows)) if rows.iter().any(is_band));
    if bands || fields.has("gate") || fields.has("multiplier") {
        return fields.choice("boundary", modes::BOUNDARY, findings);
    }
    if let Some(node) = fields.node("boundary") {
        let message = "`boundary` has no effect: no row has a band";
        findings.add(node.place, codes::NO_EFFECT, message, "remove `boundary`");
        return None;
    }
    Some(Located::new(Boundary::Upper, place))
}

/// A rate, or 0 and the payee's parameter that is the rate.
type RateOrOwn = Located<(Rate, Option<String>)>;

/// The table; `None` where something of it was refused.
pub(super) fn lookup(fields: &mut Fields<'_>, pays: Option<&Located<Pays>>, findings: &mut Findings) -> Option<Table> {
    let before = findings.errors();
    let place = fields.required("rates", &format!("add {EXAMPLE}"), findings).map(|node| node.place);
    let percent = pays.is_none_or(|pays| pays.value == Pays::RateOf);
    let items = if place.is_some() { fields.list("rates", findings) } else { &[] };
    let rows: Vec<Option<(Takes, RateOrOwn)>> = items.iter().map(|item| row(item, percent, findings)).collect();
    let otherwise = otherwise(fields, percent, findings);
    if findings.errors() > before {
        return None;
    }
    let (rows, otherwise) = (rows.into_iter().collect::<Option<Vec<_>>>()?, otherwise?);
    let own = own_rates(rows.iter().map(|(_, rate)| rate).chain(&otherwise));
    let rows = rows.into_iter().map(|(takes, rate)| Row { takes, rate: rate.value.0 }).collect();
    let lookup = Lookup { rows, otherwise: otherwise.map(|rate| rate.value.0) };
    for fault in lookup.faults() {
        let place = items.get(fault.row).map_or(place, |item| Some(item.place)).unwrap_or(fields.place);
        let (code, hint) = match fault.tied_with {
            Some(_) => (codes::EQUAL_ROWS, "add a row that says both, or let one of them say more"),
            None => (codes::BAD_RANGE, EXAMPLE),
        };
        findings.add(place, code, fault.message, hint);
    }
    (findings.errors() == before).then_some(Table { lookup: Some(lookup), tiers: own, beyond: None })
}

/// Those that are the payee's own, each by its place.
fn own_rates<'r>(rates: impl Iterator<Item = &'r RateOrOwn>) -> Tiers {
    let mut own = Tiers::default();
    for (tier, rate) in rates.enumerate() {
        if let Some(parameter) = &rate.value.1 {
            own.own_rates.push(OwnRate { tier, parameter: parameter.clone() });
            own.own_places.push(rate.place);
        }
    }
    own
}

fn otherwise(fields: &mut Fields<'_>, percent: bool, findings: &mut Findings) -> Option<Option<RateOrOwn>> {
    let node = fields.required("otherwise", "add otherwise = \"1%\", or otherwise = \"nothing\"", findings)?;
    if matches!(&node.value, Value::Text(text) if text == "nothing") {
        return Some(None);
    }
    number_or_own(node, "otherwise", Rate(0), |text| rate(text, percent), findings).map(Some)
}

/// A rate that is not negative; money has no percent sign.
fn rate(text: &str, percent: bool) -> Result<Rate, NumberError> {
    if !percent && text.ends_with('%') {
        return Err(NumberError::NotANumber(text.into()));
    }
    let rate = Rate::parse(text)?;
    if rate.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(rate) }
}

fn row(node: &Node, percent: bool, findings: &mut Findings) -> Option<(Takes, RateOrOwn)> {
    let mut fields = Fields::of(node, findings)?;
    let mut conditions = Vec::new();
    let keys = [
        ("product", LineKey::Product),
        ("geography", LineKey::Geography),
        ("segment", LineKey::Segment),
        ("kind", LineKey::Kind),
    ];
    for (key, by) in keys {
        if let Some(node) = fields.node(key) {
            conditions.push(Listed { by, values: values(node, key, findings) });
        }
    }
    if let Some(node) = fields.node("attribute") {
        for entry in Fields::of(node, findings)?.others() {
            let values = values(&entry.node, &entry.key, findings);
            conditions.push(Listed { by: LineKey::Attribute(entry.key.clone()), values });
        }
    }
    let band = match fields.node("band") {
        None => None,
        Some(node) => Some(band(node, findings)?),
    };
    let node = fields.required("rate", "add rate = \"...\"", findings);
    let rate = node.and_then(|node| number_or_own(node, "rate", Rate(0), |text| rate(text, percent), findings));
    fields.finish(&["customer"], findings);
    Some((Takes { conditions, band }, rate?))
}

/// One value, or a list of them.
fn values(node: &Node, key: &str, findings: &mut Findings) -> Vec<String> {
    let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
    items.iter().filter_map(|item| text_of(item, key, findings)).map(|text| text.value).collect()
}

fn band(node: &Node, findings: &mut Findings) -> Option<Band> {
    let mut fields = Fields::of(node, findings)?;
    let edge = |text: &str| match parse_scaled(text, AMOUNT_DECIMALS, 24)? {
        edge if edge < 0 => Err(NumberError::OutOfRange(text.into())),
        edge => Ok(edge * 10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS)),
    };
    let from = fields.number("from", edge, findings);
    let to = fields.optional_number("to", edge, findings);
    fields.finish(&[], findings);
    Some(Band { from: from?.value, to: to.map(|to| to.value) })
}

/// A table of lines pays rates, and is of sums of lines.
pub(super) fn check(draft: &ComponentDraft, stated: &Stated<'_>, findings: &mut Findings) -> bool {
    let (Some(place), Some(pays)) = (place(Some(stated.method)), &draft.pays) else { return true };
    let before = findings.errors();
    let mut refuse = |place, message: &str, hint: &str| findings.add(place, codes::WRONG_UNIT, message, hint);
    if !matches!(pays.value, Pays::RateOf | Pays::PerUnit) {
        refuse(pays.place, "a lookup pays rates, or money per unit", "write pays = { rate_of = \"...\" }");
    }
    if stated.scope.value == Scope::Deal {
        refuse(stated.scope.place, "a lookup is of lines, not of deals", "write scope = \"running\"");
    }
    if let Some(to_date) = stated.to_date {
        refuse(to_date, "a lookup reads no quota that grows", "write quota = \"interval\"");
    }
    if let Some(place) = stated.returned {
        let hint = "write clawback = { price = \"recompute\", period = \"original\" }";
        refuse(place, "a lookup takes back by recomputing the deal's own period", hint);
    }
    if stated.settles {
        let hint = "let no part wait until it is settled";
        refuse(place, "what a lookup pays is of no single deal to be settled", hint);
    }
    findings.errors() == before
}
