//! Typed access to the keys of a table: what is missing, of another type or unknown is reported, with the nearest name.
//!
//! A reader asks for every key that it knows and then calls [`Fields::finish`], which refuses the rest. Every method
//! answers `None` after it has reported, so that one pass finds all errors.

use super::codes;
use super::node::{Entry, Node, Value};
use super::source::{Findings, Located, Place};
use crate::domain::calendar::Date;
use crate::domain::deal::check_id;
use crate::domain::money::NumberError;

/// The names that a key takes. `None`: the format knows it, this version does not do it.
pub type Choices<T> = [(&'static str, Option<T>)];

/// Keys that people look for in another kind of file than the one that has them.
const ELSEWHERE: [(&str, &str); 1] =
    [("time_zone", "the mapping of a report or a CRM states it, where times become days; all other files have days")];

pub struct Fields<'n> {
    entries: &'n [Entry],
    /// Of the table's start, for what is missing.
    pub place: Place,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of a node that has to be a table.
    pub fn of(node: &'n Node, findings: &mut Findings) -> Option<Fields<'n>> {
        match &node.value {
            Value::Table(entries) => Some(Fields { entries, place: start_of(node, entries), asked: Vec::new() }),
            other => {
                let message = format!("{} where a table is needed", other.kind());
                findings.add(node.place, codes::WRONG_TYPE, message, "write { key = value, ... }");
                None
            }
        }
    }

    /// The node of a key that may be absent.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The value of a key, without asking for it.
    pub fn peek(&self, key: &str) -> Option<&'n Value> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node.value)
    }

    /// The node of a key that has to be there; `hint` says what to write.
    pub fn required(&mut self, key: &'static str, hint: &str, findings: &mut Findings) -> Option<&'n Node> {
        let node = self.node(key);
        if node.is_none() {
            findings.add(self.place, codes::MISSING_KEY, format!("`{key}` is missing"), hint);
        }
        node
    }

    pub fn text(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<String>> {
        let node = self.required(key, &format!("add {key} = \"...\""), findings)?;
        text_of(node, key, findings)
    }

    pub fn optional_text(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<String>> {
        let node = self.node(key)?;
        text_of(node, key, findings)
    }

    /// A text that names something.
    pub fn id(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<String>> {
        let text = self.text(key, findings)?;
        checked_id(key, text, findings)
    }

    pub fn optional_id(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<String>> {
        let text = self.optional_text(key, findings)?;
        checked_id(key, text, findings)
    }

    pub fn boolean(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<bool>> {
        let node = self.required(key, &format!("add {key} = true or {key} = false"), findings)?;
        match &node.value {
            Value::Boolean(boolean) => Some(Located::new(*boolean, node.place)),
            other => {
                findings.add(node.place, codes::WRONG_TYPE, format!("`{key}` is {}", other.kind()), "write true or false");
                None
            }
        }
    }

    pub fn date(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<Date>> {
        let node = self.required(key, &format!("add {key} = 2026-01-01"), findings)?;
        date_of(node, key, findings)
    }

    pub fn optional_date(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<Date>> {
        let node = self.node(key)?;
        date_of(node, key, findings)
    }

    /// Text that a parser of its own understands.
    pub fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &'static str,
        code: codes::Code,
        parse: impl Fn(&str) -> Result<T, E>,
        findings: &mut Findings,
    ) -> Option<Located<T>> {
        let text = self.text(key, findings)?;
        parsed_text(text, code, parse, findings)
    }

    /// A plain decimal, as a string: a float is refused because it is not exact.
    pub fn number<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, NumberError>,
        findings: &mut Findings,
    ) -> Option<Located<T>> {
        let node = self.required(key, &format!("add {key} = \"...\""), findings)?;
        number_of(node, key, parse, findings)
    }

    pub fn optional_number<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, NumberError>,
        findings: &mut Findings,
    ) -> Option<Located<T>> {
        let node = self.node(key)?;
        number_of(node, key, parse, findings)
    }

    pub fn optional_integer(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<i64>> {
        let node = self.node(key)?;
        integer_of(node, key, findings)
    }

    pub fn integer(&mut self, key: &'static str, findings: &mut Findings) -> Option<Located<i64>> {
        let node = self.required(key, &format!("add {key} = 3"), findings)?;
        integer_of(node, key, findings)
    }

    /// One of a list of names.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &Choices<T>, findings: &mut Findings) -> Option<Located<T>> {
        let node = self.required(key, &format!("choose {}", list_of(choices)), findings)?;
        choice_of(node, key, choices, findings)
    }

    pub fn optional_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &Choices<T>,
        findings: &mut Findings,
    ) -> Option<Located<T>> {
        let node = self.node(key)?;
        choice_of(node, key, choices, findings)
    }

    /// The items of a list; none when the key is absent.
    pub fn list(&mut self, key: &'static str, findings: &mut Findings) -> &'n [Node] {
        match self.node(key) {
            None => &[],
            Some(Node { value: Value::List(items), .. }) => items,
            Some(other) => {
                findings.add(other.place, codes::WRONG_TYPE, format!("`{key}` is {}", other.value.kind()), "write a list: [...]");
                &[]
            }
        }
    }

    /// A list of strings; none when the key is absent.
    pub fn texts(&mut self, key: &'static str, findings: &mut Findings) -> Vec<Located<String>> {
        self.list(key, findings).iter().filter_map(|item| text_of(item, key, findings)).collect()
    }

    /// A list of names; none when the key is absent.
    pub fn choices<T: Copy>(&mut self, key: &'static str, choices: &Choices<T>, findings: &mut Findings) -> Vec<T> {
        let items = self.list(key, findings);
        items.iter().filter_map(|item| choice_of(item, key, choices, findings)).map(|choice| choice.value).collect()
    }

    /// The table of a required key.
    pub fn table(&mut self, key: &'static str, example: &str, findings: &mut Findings) -> Option<Fields<'n>> {
        let node = self.required(key, &format!("add {key} = {example}"), findings)?;
        Fields::of(node, findings)
    }

    /// Keys that were not asked for, taken as they are.
    pub fn others(&self) -> impl Iterator<Item = &'n Entry> + use<'n, '_> {
        self.entries.iter().filter(|entry| !self.asked.contains(&entry.key.as_str()))
    }

    /// Refuses what was not asked for; `not_built` are keys that the format knows and this version does not do.
    pub fn finish(&self, not_built: &[&'static str], findings: &mut Findings) {
        for entry in self.others() {
            if not_built.contains(&entry.key.as_str()) {
                let message = format!("`{}` is not supported by this version", entry.key);
                findings.add(entry.key_place, codes::NOT_SUPPORTED, message, format!("remove `{}`", entry.key));
                continue;
            }
            let known = self.asked.iter().chain(not_built).copied();
            let elsewhere = ELSEWHERE.iter().find(|(key, _)| *key == entry.key).map(|(_, hint)| hint.to_string());
            let hint = elsewhere.or_else(|| did_you_mean(&entry.key, known));
            let hint = hint.unwrap_or_else(|| format!("known: {}", self.asked.join(", ")));
            findings.add(entry.key_place, codes::UNKNOWN_KEY, format!("`{}` is not a key of this table", entry.key), hint);
        }
    }
}

/// Where a table's missing keys are pointed at: its own start, for a document its first key.
fn start_of(node: &Node, entries: &[Entry]) -> Place {
    match entries.first() {
        Some(first) if node.place.length == 0 => first.key_place,
        _ => node.place,
    }
}

pub fn text_of(node: &Node, key: &str, findings: &mut Findings) -> Option<Located<String>> {
    match &node.value {
        Value::Text(text) => Some(Located::new(text.clone(), node.place)),
        Value::Float(text) => {
            let hint = format!("write it as a string: \"{text}\"");
            findings.add(node.place, codes::FLOAT, format!("`{key}` is a float, which is not exact"), hint);
            None
        }
        other => {
            let message = format!("`{key}` is {}, not a string", other.kind());
            findings.add(node.place, codes::WRONG_TYPE, message, "put it in quotes");
            None
        }
    }
}

fn integer_of(node: &Node, key: &str, findings: &mut Findings) -> Option<Located<i64>> {
    let number = match &node.value {
        Value::Integer(text) => text.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let message = format!("`{key}` is not an integer");
        findings.add(node.place, codes::WRONG_TYPE, message, "write a whole number without quotes");
    }
    number.map(|number| Located::new(number, node.place))
}

pub fn checked_id(key: &str, id: Located<String>, findings: &mut Findings) -> Option<Located<String>> {
    match check_id(key, &id.value) {
        Ok(()) => Some(id),
        Err(reject) => {
            findings.add(id.place, codes::BAD_ID, format!("`{key}`: {}", reject.message), "give it a short name");
            None
        }
    }
}

/// A TOML date, or the same as a string.
pub fn date_of(node: &Node, key: &str, findings: &mut Findings) -> Option<Located<Date>> {
    let text = match &node.value {
        Value::Date(text) | Value::Text(text) => text,
        other => {
            findings.add(node.place, codes::WRONG_TYPE, format!("`{key}` is {}, not a date", other.kind()), "write 2026-01-31");
            return None;
        }
    };
    parsed_text(Located::new(text.clone(), node.place), codes::BAD_DATE, str::parse, findings)
}

pub fn parsed_text<T, E: std::fmt::Display>(
    text: Located<String>,
    code: codes::Code,
    parse: impl Fn(&str) -> Result<T, E>,
    findings: &mut Findings,
) -> Option<Located<T>> {
    match parse(&text.value) {
        Ok(value) => Some(Located::new(value, text.place)),
        Err(error) => {
            findings.add(text.place, code, error.to_string(), "");
            None
        }
    }
}

pub fn number_of<T>(
    node: &Node,
    key: &str,
    parse: impl Fn(&str) -> Result<T, NumberError>,
    findings: &mut Findings,
) -> Option<Located<T>> {
    let text = text_of(node, key, findings)?;
    if text.value.starts_with("payee.") {
        let message = format!("`{key}` from a payee's parameter is not supported by this version");
        findings.add(text.place, codes::NOT_SUPPORTED, message, "write the number itself");
        return None;
    }
    parsed_text(text, codes::BAD_NUMBER, parse, findings)
}

fn choice_of<T: Copy>(node: &Node, key: &str, choices: &Choices<T>, findings: &mut Findings) -> Option<Located<T>> {
    let text = text_of(node, key, findings)?;
    chosen(&text, key, choices, findings)
}

/// A name out of a list, or a finding that says the nearest.
pub fn chosen<T: Copy>(text: &Located<String>, key: &str, choices: &Choices<T>, findings: &mut Findings) -> Option<Located<T>> {
    match choices.iter().find(|(name, _)| *name == text.value) {
        Some((_, Some(value))) => return Some(Located::new(*value, text.place)),
        Some((name, None)) => {
            let message = format!("{key} = \"{name}\" is not supported by this version");
            findings.add(text.place, codes::NOT_SUPPORTED, message, format!("choose {}", list_of(choices)));
        }
        None => {
            let nearest = did_you_mean(&text.value, choices.iter().map(|(name, _)| *name));
            let hint = nearest.unwrap_or_else(|| format!("choose {}", list_of(choices)));
            findings.add(text.place, codes::UNKNOWN_VALUE, format!("\"{}\" is not a value of `{key}`", text.value), hint);
        }
    }
    None
}

/// The supported names, as prose.
fn list_of<T>(choices: &Choices<T>) -> String {
    let names: Vec<String> = choices.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| format!("\"{name}\"")).collect();
    names.join(" or ")
}

/// "did you mean ..." with the nearest of the names, when one is near.
pub fn did_you_mean<'k>(wrong: &str, names: impl Iterator<Item = &'k str>) -> Option<String> {
    let near = names.map(|name| (distance(wrong, name), name)).min()?;
    let close = near.0 <= 2.max(wrong.chars().count() / 3);
    close.then(|| format!("did you mean \"{}\"?", near.1))
}

/// How many characters must be added, dropped or replaced to turn one into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, character) in from.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for column in 0..to.len() {
            let replaced = diagonal + usize::from(to[column] != character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
