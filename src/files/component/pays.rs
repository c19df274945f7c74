//! `pays` of a component: what the value of a tier is paid on.

use crate::domain::plan::Pays;
use crate::files::codes;
use crate::files::fields::{Fields, checked_id, text_of};
use crate::files::formula;
use crate::files::node::{Node, Value};
use crate::files::source::{Findings, Located};

const PAYS: [&str; 5] = ["rate_of", "per_unit", "fraction_of", "lump", "formula"];

/// What is paid, and the measure that it is paid on where it is one.
pub(super) fn pays(component: &mut Fields<'_>, findings: &mut Findings) -> (Option<Located<Pays>>, Option<Located<String>>) {
    let example = "{ rate_of = \"...\" }, { per_unit = \"...\" }, { fraction_of = \"...\" } or { lump = true }";
    let Some(mut fields) = component.table("pays", example, findings) else { return (None, None) };
    let stated: Vec<(&str, &Node)> = PAYS.into_iter().filter_map(|key| Some((key, fields.node(key)?))).collect();
    fields.finish(&[], findings);
    match stated.as_slice() {
        [] => {
            findings.add(
                fields.place,
                codes::MISSING_KEY,
                "`pays` says nothing",
                "choose rate_of, per_unit, fraction_of, lump or formula",
            );
            (None, None)
        }
        [(key, node)] => one_of_pays(key, node, findings),
        [(one, _), (other, node), ..] => {
            findings.add(node.place, codes::DUPLICATE, format!("`pays` says both {one} and {other}"), "keep one of them");
            (None, None)
        }
    }
}

fn one_of_pays(key: &str, node: &Node, findings: &mut Findings) -> (Option<Located<Pays>>, Option<Located<String>>) {
    if key == "lump" {
        let is = matches!(node.value, Value::Boolean(true));
        if !is {
            findings.add(node.place, codes::WRONG_TYPE, "`lump` is not true", "write pays = { lump = true }");
        }
        return (is.then(|| Located::new(Pays::Lump, node.place)), None);
    }
    if key == "formula" {
        return (formula::formula(node, findings), None);
    }
    let text = text_of(node, key, findings);
    let Some(named) = text.and_then(|text| checked_id(key, text, findings)) else { return (None, None) };
    match key {
        "rate_of" => (Some(Located::new(Pays::RateOf, node.place)), Some(named)),
        "per_unit" => (Some(Located::new(Pays::PerUnit, node.place)), Some(named)),
        _ => match named.value.strip_prefix("payee.").filter(|name| !name.is_empty()) {
            Some(parameter) => (Some(Located::new(Pays::FractionOf(parameter.into()), node.place)), None),
            None => {
                let message = format!("`fraction_of` is not a parameter of the payee: \"{}\"", named.value);
                findings.add(
                    named.place,
                    codes::UNKNOWN_VALUE,
                    message,
                    "write fraction_of = \"payee.target_incentive\", or payee. and the name of a column parameter.NAME",
                );
                (None, None)
            }
        },
    }
}
