//! What modifies a component's table: weight, multiplier, gate, floor and cap.

use super::codes;
use super::component::Looked;
use super::fields::{Choices, Fields, text_of};
use super::modes;
use super::node::{Node, Value};
use super::own::number_or_own;
use super::source::{Findings, Located};
use super::tiers::{Tiers, edge, factors};
use crate::domain::money::{Amount, NumberError, Rate};
use crate::domain::plan::{Bound, Gate, Modifiers, Multiplier, Otherwise, OwnModifier, OwnPlace, Tested, TierBy};

/// What the modifiers of a component name beside themselves.
#[derive(Default)]
pub struct Named {
    /// Measures that they look at.
    pub measures: Vec<Looked>,
    /// Parameters of the payee that are numbers of theirs.
    own: Vec<(OwnPlace, Located<String>)>,
}

impl Named {
    /// A number that is the plan's, or 0 for one that is the payee's own.
    fn number<T>(
        &mut self,
        node: &Node,
        key: &str,
        (at, zero): (OwnPlace, T),
        parse: impl Fn(&str) -> Result<T, NumberError>,
        findings: &mut Findings,
    ) -> Option<Located<T>> {
        let number = number_or_own(node, key, zero, parse, findings)?;
        let (value, own) = number.value;
        self.own.extend(own.map(|name| (at, Located::new(name, number.place))));
        Some(Located::new(value, number.place))
    }

    fn is_own(&self, at: OwnPlace) -> bool {
        self.own.iter().any(|(place, _)| *place == at)
    }

    /// The numbers that are the payee's own, in the order of their places.
    pub fn own_modifiers(&self) -> Vec<OwnModifier> {
        let own = self.own.iter().map(|(place, name)| OwnModifier { place: *place, parameter: name.value.clone() });
        let mut own: Vec<OwnModifier> = own.collect();
        own.sort_by_key(|own| own.place);
        own
    }

    pub fn parameters(self) -> impl Iterator<Item = Located<String>> {
        self.own.into_iter().map(|(_, name)| name)
    }
}

/// The modifiers (`None` where one was refused), and what they name.
pub fn modifiers(component: &mut Fields<'_>, findings: &mut Findings) -> (Option<Modifiers>, Named) {
    let before = findings.errors();
    let mut named = Named::default();
    let weight = component.node("weight");
    let weight = weight.and_then(|node| named.number(node, "weight", (OwnPlace::Weight, Rate(0)), factor, findings));
    let multiplier = component.node("multiplier").and_then(|node| multiplier(node, &mut named, findings));
    let gate = component.node("gate").and_then(|node| gate(node, &mut named, findings));
    let (cap, deal_cap) = caps(component, &mut named, findings);
    let floor = component.node("floor").and_then(|node| floor(node, cap, &mut named, findings));
    let whole = findings.errors() == before;
    let weight = weight.map(|weight| weight.value);
    (whole.then_some(Modifiers { deal_cap, weight, multiplier, gate, floor, cap }), named)
}

/// A factor that is not negative.
fn factor(text: &str) -> Result<Rate, NumberError> {
    let rate = Rate::parse(text)?;
    if rate.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(rate) }
}

/// Money that is not negative.
fn money(text: &str) -> Result<Amount, NumberError> {
    let amount = Amount::parse(text)?;
    if amount.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(amount) }
}

fn looked_at(fields: &mut Fields<'_>, named: &mut Named, findings: &mut Findings) -> Option<(String, TierBy)> {
    let measure = fields.id("measure", findings);
    let tier_by = fields.choice("as", modes::TIER_BY, findings);
    let (measure, tier_by) = (measure?, tier_by?);
    named.measures.push((measure.clone(), Some(tier_by.clone())));
    Some((measure.value, tier_by.value))
}

fn multiplier(node: &Node, named: &mut Named, findings: &mut Findings) -> Option<Multiplier> {
    let mut fields = Fields::of(node, findings)?;
    let looked_at = looked_at(&mut fields, named, findings);
    let place = fields.required("tiers", "add tiers = [{ from = \"0%\", factor = \"1\" }]", findings).map(|node| node.place);
    let before = findings.len();
    let items = if place.is_some() { fields.list("tiers", findings) } else { &[] };
    let listed = findings.len() == before;
    fields.finish(&[], findings);
    let ((measure, tier_by), place) = (looked_at?, place.filter(|_| listed)?);
    let Tiers { tiers, own_rates, own_places, .. } = factors(items, place, tier_by, findings)?;
    let own = own_rates.into_iter().zip(own_places);
    named.own.extend(own.map(|(own, place)| (OwnPlace::Factor(own.tier), Located::new(own.parameter, place))));
    Some(Multiplier { measure, tier_by, tiers })
}

fn gate(node: &Node, named: &mut Named, findings: &mut Findings) -> Option<Gate> {
    let mut fields = Fields::of(node, findings)?;
    let looked_at = looked_at(&mut fields, named, findings);
    let bound = bound(&mut fields, looked_at.as_ref().map(|(_, tier_by)| *tier_by), named, findings);
    let tested = tested(&mut fields, findings);
    let otherwise = fields.required("else", OTHERWISE, findings).and_then(|node| otherwise(node, named, findings));
    fields.finish(&[], findings);
    let (measure, tier_by) = looked_at?;
    Some(Gate { measure, tier_by, bound: bound?, tested: tested?, otherwise: otherwise? })
}

/// The least or the most at which a gate is met, one of them.
fn bound(fields: &mut Fields<'_>, tier_by: Option<TierBy>, named: &mut Named, findings: &mut Findings) -> Option<Bound> {
    let (key, node, side): (_, _, fn(i128) -> Bound) = match (fields.node("at_least"), fields.node("at_most")) {
        (Some(_), Some(node)) => {
            let message = "a gate says both `at_least` and `at_most`";
            findings.add(node.place, codes::DUPLICATE, message, "keep one of them");
            return None;
        }
        (None, Some(node)) => ("at_most", node, Bound::AtMost),
        (Some(node), None) => ("at_least", node, Bound::AtLeast),
        (None, None) => {
            let hint = "add at_least = \"80%\", or at_most where less is better";
            fields.required("at_least", hint, findings)?;
            return None;
        }
    };
    let tier_by = tier_by?;
    let number = named.number(node, key, (OwnPlace::GateAtLeast, 0), |text| edge(text, tier_by), findings);
    number.map(|number| side(number.value))
}

const UNTIL_THEN: &Choices<Tested> = &[("pay", Some(Tested::AtEndPaidUntilThen)), ("hold", Some(Tested::AtEndHeldUntilThen))];

fn tested(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Tested> {
    let at_end = fields.choice("tested", modes::TESTED, findings)?.value;
    if at_end {
        return fields.choice("until_then", UNTIL_THEN, findings).map(|tested| tested.value);
    }
    match fields.node("until_then") {
        None => Some(Tested::Running),
        Some(node) => {
            let message = "`until_then` has no effect: the gate is tested all the time";
            findings.add(node.place, codes::NO_EFFECT, message, "remove `until_then`, or write tested = \"interval_end\"");
            None
        }
    }
}

const OTHERWISE: &str = "write else = \"zero\", { factor = \"50%\" } or { cap = \"1000.00\" }";

fn otherwise(node: &Node, named: &mut Named, findings: &mut Findings) -> Option<Otherwise> {
    if !matches!(node.value, Value::Table(_)) {
        let text = text_of(node, "else", findings)?;
        if text.value != "zero" {
            findings.add(text.place, codes::UNKNOWN_VALUE, format!("\"{}\" is not a value of `else`", text.value), OTHERWISE);
            return None;
        }
        return Some(Otherwise::Zero);
    }
    let mut fields = Fields::of(node, findings)?;
    let (by_factor, by_cap) = (fields.node("factor"), fields.node("cap"));
    fields.finish(&[], findings);
    match (by_factor, by_cap) {
        (Some(node), None) => {
            let part = named.number(node, "factor", (OwnPlace::GateElse, Rate(0)), factor, findings);
            part.map(|of| Otherwise::Factor(of.value))
        }
        (None, Some(node)) => {
            let most = named.number(node, "cap", (OwnPlace::GateElse, Amount(0)), money, findings);
            most.map(|of| Otherwise::Cap(of.value))
        }
        _ => {
            findings.add(node.place, codes::MISSING_KEY, "`else` says not exactly one of factor and cap", OTHERWISE);
            None
        }
    }
}

/// The least that an interval earns; not above the cap.
fn floor(node: &Node, cap: Option<Amount>, named: &mut Named, findings: &mut Findings) -> Option<Amount> {
    let mut fields = Fields::of(node, findings)?;
    let per = fields.choice("per", modes::FLOOR_PER, findings);
    let amount = amount(&mut fields, OwnPlace::Floor, named, findings);
    fields.finish(&[], findings);
    let (_, amount) = (per?, amount?);
    if cap.filter(|_| !named.is_own(OwnPlace::Cap)).is_some_and(|cap| amount.value.0 > cap.0) {
        findings.add(amount.place, codes::BAD_RANGE, "the floor is above the cap", "lower it, or raise the cap");
        return None;
    }
    Some(amount.value)
}

/// Money, of the plan or of the payee.
fn amount(fields: &mut Fields<'_>, at: OwnPlace, named: &mut Named, findings: &mut Findings) -> Option<Located<Amount>> {
    let node = fields.required("amount", "add amount = \"...\"", findings)?;
    named.number(node, "amount", (at, Amount(0)), money, findings)
}

/// The caps of the interval and of a deal: one table, or a list of both.
fn caps(component: &mut Fields<'_>, named: &mut Named, findings: &mut Findings) -> (Option<Amount>, Option<Amount>) {
    let Some(node) = component.node("cap") else { return (None, None) };
    let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
    let (mut interval, mut deal) = (None, None);
    for item in items {
        let Some((by_deal, amount)) = cap(item, named, findings) else { continue };
        let slot = if by_deal { &mut deal } else { &mut interval };
        if slot.replace(amount).is_some() {
            findings.add(item.place, codes::DUPLICATE, "a second cap per the same", "keep one of them");
        }
    }
    (interval, deal)
}

fn cap(node: &Node, named: &mut Named, findings: &mut Findings) -> Option<(bool, Amount)> {
    let mut fields = Fields::of(node, findings)?;
    let by_deal = fields.choice("per", modes::CAP_PER, findings);
    let at = if by_deal.as_ref().is_some_and(|by_deal| by_deal.value) { OwnPlace::DealCap } else { OwnPlace::Cap };
    let amount = amount(&mut fields, at, named, findings);
    fields.choice("excess", modes::CAP_EXCESS, findings);
    fields.finish(&[], findings);
    Some((by_deal?.value, amount?.value))
}
