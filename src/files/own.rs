//! A number of a plan, or the name of a payee's parameter in its place: `payee.NAME`.

use super::codes;
use super::fields::{checked_id, number_of, text_of};
use super::node::{Node, Value};
use super::source::{Findings, Located};
use crate::domain::money::NumberError;

/// What the name of a payee's parameter begins with.
const PAYEE: &str = "payee.";

/// The number, or `zero` and the name of the parameter.
pub fn number_or_own<T>(
    node: &Node,
    key: &str,
    zero: T,
    parse: impl Fn(&str) -> Result<T, NumberError>,
    findings: &mut Findings,
) -> Option<Located<(T, Option<String>)>> {
    if !is_own(node) {
        let number = number_of(node, key, parse, findings)?;
        return Some(Located::new((number.value, None), number.place));
    }
    parameter(node, key, findings).map(|name| Located::new((zero, Some(name.value)), name.place))
}

/// Whether it names a parameter of the payee.
pub fn is_own(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if text.starts_with(PAYEE))
}

/// The name of a parameter of the payee.
pub fn parameter(node: &Node, key: &str, findings: &mut Findings) -> Option<Located<String>> {
    let named = text_of(node, key, findings).and_then(|text| checked_id(key, text, findings))?;
    match named.value.strip_prefix(PAYEE).filter(|name| !name.is_empty()) {
        Some(name) => Some(Located::new(name.into(), named.place)),
        None => {
            let message = format!("`{key}` is not a parameter of the payee: \"{}\"", named.value);
            findings.add(named.place, codes::UNKNOWN_VALUE, message, "write payee. and the name of a column parameter.NAME");
            None
        }
    }
}
