//! `pay`, the tranches of a component, and `attribution`, which they need, and deals that are taken back by themselves.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::node::Node;
use super::source::{Findings, Located};
use crate::domain::money::{NumberError, RATE_DECIMALS, Rate};
use crate::domain::plan::Attribution;
use crate::domain::tranche::{Due, MAXIMUM_MONTHS, MAXIMUM_TRANCHES, Tranche, are_whole};

const CHOICES: &str = "choose \"booked\" or \"+3 months\" or \"interval_end\" or \"year_end\" or \"settled\"";

/// What waits, and with which deals.
pub struct Waits {
    pub pay: Vec<Tranche>,
    pub attribution: Attribution,
}

/// `None` where something was refused.
pub fn tranches(component: &mut Fields<'_>, taken_back: bool, findings: &mut Findings) -> Option<Waits> {
    let Some(place) = component.node("pay").map(|node| node.place) else {
        if taken_back {
            return attribution(component, taken_back, findings).map(|attribution| Waits { pay: Vec::new(), attribution });
        }
        if let Some(node) = component.node("attribution") {
            let message = "`attribution` has no effect: everything is paid when it is booked";
            findings.add(node.place, codes::NO_EFFECT, message, "remove `attribution`, or state `pay`");
        }
        return Some(Waits { pay: Vec::new(), attribution: Attribution::Slice });
    };
    let before = findings.errors();
    let attribution = attribution(component, taken_back, findings);
    let items = component.list("pay", findings);
    let tranches: Vec<Tranche> = items.iter().filter_map(|item| tranche(item, findings)).collect();
    if findings.errors() > before {
        return None;
    }
    if tranches.is_empty() || !are_whole(&tranches) {
        let message = match tranches.len() > MAXIMUM_TRANCHES {
            true => format!("more than {MAXIMUM_TRANCHES} tranches"),
            false => "the shares of the tranches do not total 100 %".into(),
        };
        findings.add(place, codes::BAD_RANGE, message, "let them add up: [{ share = \"60%\", when = \"booked\" }, ...]");
        return None;
    }
    attribution.map(|attribution| Waits { pay: tranches, attribution })
}

/// A deal takes back what it earned itself, never a part of all.
fn attribution(component: &mut Fields<'_>, taken_back: bool, findings: &mut Findings) -> Option<Attribution> {
    let stated = component.choice("attribution", modes::ATTRIBUTION, findings)?;
    if taken_back && stated.value == Attribution::ProRata {
        let message = "a historic rate takes back what a deal earned itself";
        findings.add(stated.place, codes::WRONG_UNIT, message, "write attribution = \"slice\", or price = \"recompute\"");
        return None;
    }
    Some(stated.value)
}

fn tranche(node: &Node, findings: &mut Findings) -> Option<Tranche> {
    let mut fields = Fields::of(node, findings)?;
    let share = fields.number("share", share, findings);
    let when = fields.text("when", findings).and_then(|text| when(&text, findings));
    fields.finish(&[], findings);
    Some(Tranche { share: share?.value, when: when? })
}

fn share(text: &str) -> Result<Rate, NumberError> {
    let rate = Rate::parse(text)?;
    let fits = (1..=10i64.pow(RATE_DECIMALS)).contains(&rate.0);
    if fits { Ok(rate) } else { Err(NumberError::OutOfRange(text.into())) }
}

fn when(text: &Located<String>, findings: &mut Findings) -> Option<Due> {
    let found = Due::parse(&text.value);
    if found.is_none() {
        let message = format!("\"{}\" is not a value of `when`", text.value);
        let hint = format!("{CHOICES}, of 1 to {MAXIMUM_MONTHS} months");
        findings.add(text.place, codes::UNKNOWN_VALUE, message, hint);
    }
    found
}
