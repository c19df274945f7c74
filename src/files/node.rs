//! A TOML or JSON document as one tree of values that know where they were written; numbers keep their text.

use super::codes;
use super::source::{Findings, Place};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[derive(Clone, Debug)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Integer(String),
    /// Refused wherever it stands; kept to say where.
    Float(String),
    Boolean(bool),
    /// A TOML date, as text.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// JSON's null.
    Null,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Boolean(_) => "a boolean",
            Value::Date(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Null => "null",
        }
    }
}

/// Reads a TOML document. Syntax errors are reported; `None` when there was one.
pub fn from_toml(file: usize, findings: &mut Findings) -> Option<Node> {
    let text = findings.text(file);
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let place = Place { file, start: span.start, length: span.len() };
        findings.add(place, codes::SYNTAX, error.message().replace('\n', ", "), "");
    }
    let place = Place { file, start: 0, length: 0 };
    errors.is_empty().then(|| Node { place, value: table_value(file, table.get_ref()) })
}

fn table_value(file: usize, table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        Entry { key: key.get_ref().to_string(), key_place: place(file, key.span()), node: node(file, value) }
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_place);
    Value::Table(entries)
}

fn place(file: usize, span: std::ops::Range<usize>) -> Place {
    Place { file, start: span.start, length: span.len() }
}

fn node(file: usize, value: &Spanned<DeValue<'_>>) -> Node {
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(number.as_str().into()),
        DeValue::Float(number) => Value::Float(number.as_str().into()),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(file, item)).collect()),
        DeValue::Table(table) => table_value(file, table),
    };
    Node { place: place(file, value.span()), value: read }
}
