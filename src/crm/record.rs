//! A full record of a CRM: its fields as texts, and the lists of records under it.
//!
//! A field that is there without a value is empty; one that is not there was not asked for, which is something else: taken
//! as empty it would say what the CRM never said.

use super::{fields_of, goes_on, list_of, text_of};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Zeros that a power of ten may add to a number: what has more is no amount.
const MAXIMUM_SHIFT: i32 = 40;

pub struct Record<'j> {
    pub id: String,
    /// What the CRM calls the field that has the id.
    pub id_field: &'static str,
    pub fields: BTreeMap<String, &'j RawValue>,
    /// Where the lists are: beside the fields, or above them.
    pub lists: BTreeMap<String, &'j RawValue>,
    /// It came as a change event.
    pub is_event: bool,
    /// The sender leaves out what is empty. What is not there then needs the mapping's word for what is empty.
    pub omits_empty: bool,
}

/// Why a field has no text.
#[derive(Debug, PartialEq, Eq)]
pub enum Lack {
    Absent,
    /// It is a list or an object.
    NoText,
}

impl<'j> Record<'j> {
    /// Whether a field that is not there may be an empty one. An event has no fields of other records.
    pub fn may_omit(&self, path: &str) -> bool {
        self.omits_empty && !(self.is_event && path.contains('.'))
    }

    /// A field's text, by its path through the records that this one refers to.
    pub fn text(&self, path: &str) -> Result<String, Lack> {
        if path == self.id_field {
            return Ok(self.id.clone());
        }
        let mut names = path.split('.');
        let mut value = *self.fields.get(names.next().unwrap_or_default()).ok_or(Lack::Absent)?;
        for name in names {
            // A record that refers to nothing has nothing behind that.
            if value.get() == "null" {
                return Ok(String::new());
            }
            value = *fields_of(value).ok_or(Lack::NoText)?.get(name).ok_or(Lack::Absent)?;
        }
        // HubSpot's older form of a value: with where it comes from.
        let stated = fields_of(value).and_then(|fields| fields.get("value").copied());
        scalar(stated.unwrap_or(value)).ok_or(Lack::NoText)
    }

    /// The records of a list that is whole; `Err` says what it is otherwise.
    pub fn list(&self, name: &str) -> Result<Vec<Record<'j>>, String> {
        let raw = *self.lists.get(name).ok_or_else(|| format!("the record has no list {name}; ask for it"))?;
        if raw.get() == "null" {
            return Ok(Vec::new());
        }
        let page = fields_of(raw).unwrap_or_default();
        if goes_on(&page) {
            return Err(format!("{name} goes on elsewhere: the record has to have all of it"));
        }
        let items = list_of(raw, "records").or_else(|| list_of(raw, "results"));
        let items = items.ok_or_else(|| format!("{name} is no list of records"))?;
        let record = |raw: &'j RawValue| self.under(raw).ok_or_else(|| format!("{name} has something that is no record"));
        items.into_iter().map(record).collect()
    }

    /// A record under this one, which is of the same form.
    fn under(&self, raw: &'j RawValue) -> Option<Record<'j>> {
        let lists = fields_of(raw)?;
        let fields = match lists.get("properties") {
            Some(properties) => fields_of(properties)?,
            None => lists.clone(),
        };
        let id = lists.get(self.id_field).and_then(|raw| scalar(raw)).unwrap_or_default();
        Some(Record { id, id_field: self.id_field, fields, lists, is_event: self.is_event, omits_empty: self.omits_empty })
    }
}

/// A text, a number or a truth value as text; null is the empty one.
pub fn scalar(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'"' => text_of(raw),
        b'n' => Some(String::new()),
        b't' | b'f' => Some(raw.get().into()),
        b'-' | b'0'..=b'9' => plain(raw.get()),
        _ => None,
    }
}

/// A number without a power of ten, digit by digit: Salesforce writes ten millions as `1.0E7`.
fn plain(number: &str) -> Option<String> {
    let Some((mantissa, power)) = number.split_once(['e', 'E']) else { return Some(number.into()) };
    let power: i32 = power.parse().ok().filter(|power: &i32| power.abs() <= MAXIMUM_SHIFT)?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + power;
    let text = if point <= 0 {
        format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if point as usize >= digits.len() {
        format!("{digits}{}", "0".repeat(point as usize - digits.len()))
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    Some(format!("{sign}{text}"))
}
