//! Whether one schema reads what another wrote, and what keeps it from that, in words.
//!
//! Stricter than Avro in what could silently change a number: a logical type, and with it the digits of a decimal, must stay
//! what it is, and of promotions only int to long is one.

use super::{SchemaFault, Shape};

/// What a changed schema must still do with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Others write: the newest reads what was written under any.
    Backward,
    /// Others read: each reads what was written under any other.
    Full,
}

impl Direction {
    /// As registries name it.
    pub fn level(self) -> &'static str {
        match self {
            Direction::Backward => "BACKWARD_TRANSITIVE",
            Direction::Full => "FULL_TRANSITIVE",
        }
    }
}

/// What a schema's change would break with one before it.
pub fn differences(direction: Direction, newer: &str, older: &str) -> Result<Vec<String>, SchemaFault> {
    let [newer, older] = [Shape::of_text(newer)?, Shape::of_text(older)?];
    let mut found = unreadable(&newer, &older);
    if direction == Direction::Full {
        found.extend(unreadable(&older, &newer).into_iter().map(|what| format!("for who reads the older one, {what}")));
    }
    Ok(found)
}

/// What keeps `reader` from reading what `writer` wrote; nothing: it reads all of it.
pub fn unreadable(reader: &Shape, writer: &Shape) -> Vec<String> {
    let mut found = Vec::new();
    compare("", reader, writer, &mut found);
    found
}

fn compare(path: &str, reader: &Shape, writer: &Shape, found: &mut Vec<String>) {
    match (reader, writer) {
        (_, Shape::Union(written)) => written.iter().for_each(|branch| compare(path, reader, branch, found)),
        (Shape::Union(read), _) => {
            if !read.iter().any(|branch| reads(branch, writer)) {
                // What is nearly it says more than that nothing is.
                match read.iter().find(|branch| name_of(branch).is_some() && name_of(branch) == name_of(writer)) {
                    Some(near) => compare(path, near, writer, found),
                    None => differ(path, reader, writer, found),
                }
            }
        }
        (Shape::Plain(read, as_read), Shape::Plain(written, as_written)) => {
            let same = read == written || (read == "long" && written == "int");
            if !same || as_read != as_written {
                differ(path, reader, writer, found);
            }
        }
        (Shape::Array(read), Shape::Array(written)) => compare(&format!("{path}[]"), read, written, found),
        (Shape::Map(read), Shape::Map(written)) => compare(&format!("{path}{{}}"), read, written, found),
        (Shape::Enum(name, known, default), Shape::Enum(other, symbols, _)) if name == other => {
            let unknown = symbols.iter().filter(|symbol| !known.contains(symbol) && default.is_none());
            found.extend(unknown.map(|symbol| format!("{}{symbol} is no symbol of {name}", at(path))));
        }
        (Shape::Record(name, read), Shape::Record(other, written)) if name == other => {
            for field in read {
                let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
                match written.iter().find(|of| of.name == field.name) {
                    Some(of) => compare(&path, &field.shape, &of.shape, found),
                    None if field.has_default => {}
                    None => found.push(format!("{path}: is not written, and has no default")),
                }
            }
        }
        (Shape::Fixed(..), Shape::Fixed(..)) if reader == writer => {}
        _ => differ(path, reader, writer, found),
    }
}

fn reads(reader: &Shape, writer: &Shape) -> bool {
    unreadable(reader, writer).is_empty()
}

fn name_of(shape: &Shape) -> Option<&str> {
    match shape {
        Shape::Fixed(name, ..) | Shape::Enum(name, ..) | Shape::Record(name, _) => Some(name),
        Shape::Plain(..) | Shape::Array(_) | Shape::Map(_) | Shape::Union(_) => None,
    }
}

fn differ(path: &str, reader: &Shape, writer: &Shape, found: &mut Vec<String>) {
    found.push(format!("{}{writer} is written, {reader} is read", at(path)));
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}
