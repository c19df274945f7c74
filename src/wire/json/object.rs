//! One JSON object whose fields are taken by name; what is left over is unknown and refused.

use crate::domain::calendar::DateError;
use crate::domain::money::NumberError;
use crate::domain::reject::{Reason, Reject};
use crate::wire::mode::variant;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Longest excerpt of a value in a message.
const EXCERPT_CHARACTERS: usize = 40;

pub(super) struct Object<'j> {
    path: String,
    fields: Vec<(String, &'j RawValue)>,
}

impl<'j> Object<'j> {
    /// The object of a whole line.
    pub(super) fn of_line(text: &'j str) -> Result<Object<'j>, Reject> {
        let raw = serde_json::from_str::<&RawValue>(text);
        let raw = raw.map_err(|error| Reject::new(Reason::NotDecodable, "", format!("not JSON: {error}")))?;
        Object::of_value(String::new(), raw)
    }

    pub(super) fn of_value(path: String, raw: &'j RawValue) -> Result<Object<'j>, Reject> {
        let Ok(Fields(fields)) = serde_json::from_str(raw.get()) else {
            return Err(expected(&path, "an object", raw));
        };
        let object = Object { path, fields };
        let mut names = BTreeSet::new();
        match object.fields.iter().find(|(name, _)| !names.insert(name)) {
            Some((name, _)) => Err(Reject::field(&object.path_of(name), "twice".into())),
            None => Ok(object),
        }
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    /// A field that may be absent.
    pub(super) fn take(&mut self, name: &str) -> Option<&'j RawValue> {
        let place = self.fields.iter().position(|(found, _)| found == name)?;
        Some(self.fields.swap_remove(place).1)
    }

    /// A field that may be absent or null.
    pub(super) fn optional(&mut self, name: &str) -> Option<&'j RawValue> {
        self.take(name).filter(|raw| raw.get() != "null")
    }

    fn required(&mut self, name: &str) -> Result<&'j RawValue, Reject> {
        self.optional(name).ok_or_else(|| Reject::field(&self.path_of(name), "missing".into()))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, Reject> {
        let raw = self.required(name)?;
        text(&self.path_of(name), raw)
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Reject> {
        let raw = self.optional(name);
        raw.map(|raw| text(&self.path_of(name), raw)).transpose()
    }

    pub(super) fn integer<T: FromStr>(&mut self, name: &str) -> Result<T, Reject> {
        let raw = self.required(name)?;
        integer(&self.path_of(name), raw)
    }

    pub(super) fn optional_integer<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Reject> {
        let raw = self.optional(name);
        raw.map(|raw| integer(&self.path_of(name), raw)).transpose()
    }

    /// A decimal, given as a number or as text, read by `parse`.
    pub(super) fn decimal<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, NumberError>) -> Result<T, Reject> {
        let raw = self.required(name)?;
        decimal(&self.path_of(name), raw, parse)
    }

    pub(super) fn optional_decimal<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, NumberError>,
    ) -> Result<Option<T>, Reject> {
        let raw = self.optional(name);
        raw.map(|raw| decimal(&self.path_of(name), raw, parse)).transpose()
    }

    /// A date or an interval.
    pub(super) fn dated<T: FromStr<Err = DateError>>(&mut self, name: &str) -> Result<T, Reject> {
        let raw = self.required(name)?;
        dated(&self.path_of(name), raw)
    }

    pub(super) fn optional_dated<T: FromStr<Err = DateError>>(&mut self, name: &str) -> Result<Option<T>, Reject> {
        let raw = self.optional(name);
        raw.map(|raw| dated(&self.path_of(name), raw)).transpose()
    }

    pub(super) fn choice<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Reject> {
        let raw = self.required(name)?;
        choice(&self.path_of(name), raw)
    }

    pub(super) fn optional_choice<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Reject> {
        let raw = self.optional(name);
        raw.map(|raw| choice(&self.path_of(name), raw)).transpose()
    }

    /// The objects of a list; none when it is absent.
    pub(super) fn list<T>(&mut self, name: &str, read: fn(Object<'j>) -> Result<T, Reject>) -> Result<Vec<T>, Reject> {
        let Some(raw) = self.optional(name) else { return Ok(Vec::new()) };
        let path = self.path_of(name);
        let items: Vec<&'j RawValue> = serde_json::from_str(raw.get()).map_err(|_| expected(&path, "a list", raw))?;
        let objects = items.into_iter().enumerate();
        objects.map(|(place, item)| read(Object::of_value(format!("{path}[{place}]"), item)?)).collect()
    }

    /// Fields of any name, in the order of their names.
    pub(super) fn into_fields(mut self) -> Vec<(String, &'j RawValue)> {
        self.fields.sort_by(|one, other| one.0.cmp(&other.0));
        self.fields
    }

    /// Microseconds since 1970, given as such or as RFC 3339 text; 0 when it is absent.
    pub(super) fn time(&mut self, name: &str) -> Result<i64, Reject> {
        self.optional(name).map_or(Ok(0), |raw| time(&self.path_of(name), raw))
    }

    /// Ends the reading: a field that nobody took is unknown.
    pub(super) fn finish(self) -> Result<(), Reject> {
        match self.fields.first() {
            Some((name, _)) => Err(Reject::field(&self.path_of(name), "unknown field".into())),
            None => Ok(()),
        }
    }
}

pub(super) fn text(path: &str, raw: &RawValue) -> Result<String, Reject> {
    serde_json::from_str(raw.get()).map_err(|_| expected(path, "text", raw))
}

pub(super) fn integer<T: FromStr>(path: &str, raw: &RawValue) -> Result<T, Reject> {
    raw.get().parse().map_err(|_| expected(path, "a whole number in range", raw))
}

/// Microseconds since 1970, given as such or as RFC 3339 text.
pub(super) fn time(path: &str, raw: &RawValue) -> Result<i64, Reject> {
    if !raw.get().starts_with('"') {
        return integer(path, raw);
    }
    let written = text(path, raw)?;
    let time: Option<jiff::Timestamp> = written.parse().ok();
    let exact = time.filter(|time| time.subsec_nanosecond() % 1_000 == 0);
    let wrong = || Reject::field(path, format!("\"{written}\" is not a time like 2026-01-31T09:30:00Z, to the microsecond"));
    exact.map(|time| time.as_microsecond()).ok_or_else(wrong)
}

pub(super) fn decimal<T>(path: &str, raw: &RawValue, parse: fn(&str) -> Result<T, NumberError>) -> Result<T, Reject> {
    let number = match raw.get().as_bytes().first() {
        Some(b'"') => text(path, raw)?,
        Some(b'-' | b'0'..=b'9') => raw.get().into(),
        _ => return Err(expected(path, "a decimal number", raw)),
    };
    parse(&number).map_err(|error| {
        let out_of_range = matches!(error, NumberError::OutOfRange(_));
        let reason = if out_of_range { Reason::AmountOutOfRange } else { Reason::InvalidField };
        Reject::new(reason, path, error.to_string())
    })
}

fn dated<T: FromStr<Err = DateError>>(path: &str, raw: &RawValue) -> Result<T, Reject> {
    text(path, raw)?.parse().map_err(|error: DateError| Reject::field(path, error.to_string()))
}

fn choice<T: DeserializeOwned>(path: &str, raw: &RawValue) -> Result<T, Reject> {
    let name = text(path, raw)?;
    variant(&name).map_err(|known| Reject::field(path, format!("\"{name}\" is not one of {}", known.join(", "))))
}

pub(super) fn expected(path: &str, what: &str, raw: &RawValue) -> Reject {
    let mut excerpt: String = raw.get().chars().take(EXCERPT_CHARACTERS).collect();
    if excerpt.len() < raw.get().len() {
        excerpt.push_str("...");
    }
    Reject::field(path, format!("expected {what}, found {excerpt}"))
}

/// The fields of an object in the order in which they are written.
pub struct Fields<'j>(pub Vec<(String, &'j RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(fields)
    }
}
