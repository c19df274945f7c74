//! Objects that say a field twice: which of the two holds is said nowhere, so that such an item is refused.
//!
//! Looks at everything under an item, also at what no mapping names. Leaves out what the fields say.

use crate::domain::reject::Reject;
use crate::wire::json::Fields;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// Deeper than anything a CRM sends; every level is read once more.
const MAXIMUM_DEPTH: usize = 32;

/// Where something is, from the inside out, and what is wrong there.
struct Place {
    path: Vec<String>,
    message: String,
}

/// What is said twice in an item, however deep.
pub fn said_twice(item: &RawValue) -> Option<Reject> {
    let Place { path, message } = find(item, 0)?;
    let path: String = path.into_iter().rev().collect();
    Some(Reject::field(path.trim_start_matches('.'), message))
}

/// A field that an object itself has twice.
pub fn twice_in(raw: &RawValue) -> Option<String> {
    let Fields(fields) = serde_json::from_str(raw.get()).ok()?;
    twice(&fields).map(str::to_owned)
}

fn twice<'f>(fields: &'f [(String, &RawValue)]) -> Option<&'f str> {
    let mut known = HashSet::new();
    fields.iter().map(|(name, _)| name.as_str()).find(|name| !known.insert(*name))
}

fn find(raw: &RawValue, depth: usize) -> Option<Place> {
    let opening = raw.get().as_bytes().first();
    if !matches!(opening, Some(b'{' | b'[')) {
        return None;
    }
    if depth == MAXIMUM_DEPTH {
        return Some(Place {
            path: Vec::new(),
            message: format!("nested more than {MAXIMUM_DEPTH} deep: send the record alone"),
        });
    }
    let under = |step: String, raw: &RawValue| {
        let mut place = find(raw, depth + 1)?;
        place.path.push(step);
        Some(place)
    };
    if opening == Some(&b'[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        return items.into_iter().enumerate().find_map(|(at, item)| under(format!("[{at}]"), item));
    }
    let Fields(fields) = serde_json::from_str(raw.get()).ok()?;
    if let Some(name) = twice(&fields) {
        return Some(Place { path: vec![format!(".{name}")], message: "twice".into() });
    }
    fields.into_iter().find_map(|(name, raw)| under(format!(".{name}"), raw))
}
