//! Modes as text: the names of the domain's enums, and the refusal of every other one by its name.

use crate::domain::reject::{Reason, Reject};
use serde::Serialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use std::fmt;

/// The text of a mode.
pub(super) fn mode_text<T: Serialize>(mode: &T) -> Result<String, String> {
    match serde_json::to_value(mode) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        other => Err(format!("not a mode: {other:?}")),
    }
}

/// The mode of a text; one that is not built is refused by its name.
pub(super) fn mode<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Reject> {
    variant(text).map_err(|known| unsupported(field, text, known))
}

/// The variant of a name, or the names that there are.
pub(super) fn variant<T: DeserializeOwned>(text: &str) -> Result<T, &'static [&'static str]> {
    let deserializer: StrDeserializer<'_, Unknown> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|Unknown(known)| known)
}

pub(super) fn modes<T: DeserializeOwned>(field: &str, texts: &[String]) -> Result<Vec<T>, Reject> {
    texts.iter().enumerate().map(|(place, text)| mode(&format!("{field}[{place}]"), text)).collect()
}

/// A field for which one mode is built.
pub(super) fn only(field: &str, text: &str, known: &'static str) -> Result<(), Reject> {
    if text == known { Ok(()) } else { Err(unsupported(field, text, &[known])) }
}

fn unsupported(field: &str, text: &str, known: &[&str]) -> Reject {
    Reject::new(Reason::NotSupported, field, format!("\"{text}\" is not supported; use {}", known.join(" or ")))
}

/// Serde's refusal of a variant, kept as the names that it knows.
#[derive(Debug)]
struct Unknown(&'static [&'static str]);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not one of {}", self.0.join(", "))
    }
}

impl std::error::Error for Unknown {}

impl serde::de::Error for Unknown {
    fn custom<T: fmt::Display>(_: T) -> Unknown {
        Unknown(&[])
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Unknown {
        Unknown(known)
    }
}
