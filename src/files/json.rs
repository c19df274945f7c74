//! A JSON document as the same tree as a TOML one: dates are strings, and numbers keep their text.

use super::codes;
use super::node::{Entry, Node, Value};
use super::source::{Findings, Place};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads a JSON document. Syntax errors are reported; `None` when there was one.
pub fn from_json(file: usize, findings: &mut Findings) -> Option<Node> {
    let text = findings.text(file);
    let reader = Reader { file, text: &text };
    match serde_json::from_str::<&RawValue>(&text).and_then(|raw| reader.node(raw)) {
        Ok(node) => Some(node),
        Err(error) => {
            let place = Place { file, start: offset(&text, error.line(), error.column()), length: 1 };
            findings.add(place, codes::SYNTAX, error.to_string(), "");
            None
        }
    }
}

/// The byte of a line and column as the JSON reader counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    start + column.saturating_sub(1)
}

struct Reader<'t> {
    file: usize,
    text: &'t str,
}

impl<'t> Reader<'t> {
    /// Raw values are slices of the text, so their address is their place.
    fn node(&self, raw: &'t RawValue) -> serde_json::Result<Node> {
        let written = raw.get();
        let start = written.as_ptr() as usize - self.text.as_ptr() as usize;
        let place = Place { file: self.file, start, length: written.len() };
        let value = match written.as_bytes().first() {
            Some(b'{') => self.table(serde_json::from_str(written)?)?,
            Some(b'[') => {
                let items: Vec<&'t RawValue> = serde_json::from_str(written)?;
                Value::List(items.into_iter().map(|item| self.node(item)).collect::<serde_json::Result<_>>()?)
            }
            Some(b'"') => Value::Text(serde_json::from_str(written)?),
            Some(b't' | b'f') => Value::Boolean(written == "true"),
            Some(b'n') | None => Value::Null,
            Some(_) if written.contains(['.', 'e', 'E']) => Value::Float(written.into()),
            Some(_) => Value::Integer(written.into()),
        };
        Ok(Node { place, value })
    }

    fn table(&self, pairs: Pairs<'t>) -> serde_json::Result<Value> {
        let mut entries: Vec<Entry> = Vec::new();
        for (key, raw) in pairs.0 {
            if entries.iter().any(|entry| entry.key == key) {
                return Err(serde::de::Error::custom(format!("key \"{key}\" is there twice")));
            }
            let node = self.node(raw)?;
            entries.push(Entry { key, key_place: node.place, node });
        }
        Ok(Value::Table(entries))
    }
}

/// The members of an object in their order.
struct Pairs<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<'de>, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
