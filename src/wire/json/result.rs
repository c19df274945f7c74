//! A result that is JSON made Avro again, by the schema alone, so that whoever reads results reads one form.
//!
//! As Avro resolves what another version wrote: a field that is unknown is passed over, one that is missing has the
//! schema's default and is wrong without one. Numbers are read from their text, never through a float. Leaves out types that
//! no result has: maps, floats, fixed, and unions of more than null and one other.

use super::object::{Object, expected, integer, text, time};
use crate::domain::calendar::{Date, DateError};
use crate::domain::reject::{Reason, Reject};
use crate::wire::decimal::smallest_bytes;
use apache_avro::Schema;
use apache_avro::schema::{RecordField, RecordSchema};
use serde_json::value::{RawValue, to_raw_value};

/// Digits that an `i128` has at least.
const MAXIMUM_DIGITS: usize = 38;

/// Appends the record of a JSON text as the schema's Avro, without a frame.
pub fn avro_of_json(schema: &Schema, json: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
    let raw = serde_json::from_slice::<&RawValue>(json);
    let raw = raw.map_err(|error| Reject::new(Reason::NotDecodable, "", format!("not JSON: {error}")))?;
    write(schema, raw, out)
}

/// What is wrong is told by where it lies in this value; whoever has the value puts its name in front.
fn write(schema: &Schema, raw: &RawValue, out: &mut Vec<u8>) -> Result<(), Reject> {
    match schema {
        Schema::Record(record) => return write_record(record, raw, out),
        Schema::Array(array) => return write_array(&array.items, raw, out),
        Schema::Union(union) => return write_union(union.variants(), raw, out),
        Schema::String => write_bytes(text("", raw)?.as_bytes(), out),
        Schema::Enum(of) => {
            let name = text("", raw)?;
            let unknown = || Reject::field("", format!("\"{}\" is not one of {}", name.escape_debug(), of.symbols.join(", ")));
            let place = of.symbols.iter().position(|symbol| *symbol == name).ok_or_else(unknown)?;
            write_long(place as i64, out);
        }
        Schema::Decimal(of) => {
            let unscaled = scaled(raw, of.scale, of.precision.get())?;
            smallest_bytes(unscaled, |bytes| write_bytes(bytes, out));
        }
        Schema::Date => {
            let day: Date = text("", raw)?.parse().map_err(|error: DateError| Reject::field("", error.to_string()))?;
            write_long(day.0.into(), out);
        }
        Schema::TimestampMicros => write_long(time("", raw)?, out),
        Schema::Long => write_long(integer("", raw)?, out),
        Schema::Int => write_long(integer::<i32>("", raw)?.into(), out),
        Schema::Boolean => match raw.get() {
            "true" => out.push(1),
            "false" => out.push(0),
            _ => return Err(expected("", "true or false", raw)),
        },
        _ => return Err(Reject::field("", "has a type that is never JSON".into())),
    }
    Ok(())
}

fn write_record(record: &RecordSchema, raw: &RawValue, out: &mut Vec<u8>) -> Result<(), Reject> {
    let mut fields = Object::of_value(String::new(), raw)?;
    record.fields.iter().try_for_each(|field| {
        let written = match fields.take(&field.name) {
            Some(raw) => write(&field.schema, raw, out),
            None => write_default(field, out),
        };
        written.map_err(|reject| inside(&field.name, reject))
    })
}

fn write_default(field: &RecordField, out: &mut Vec<u8>) -> Result<(), Reject> {
    match (&field.default, &field.schema) {
        (None, _) => Err(Reject::field("", "missing".into())),
        // The default of a decimal is its bytes, each of them a character.
        (Some(serde_json::Value::String(bytes)), Schema::Decimal(_)) => {
            write_bytes(&bytes.chars().map(|byte| byte as u8).collect::<Vec<_>>(), out);
            Ok(())
        }
        (Some(stated), schema) => {
            let raw = to_raw_value(stated).map_err(|error| Reject::field("", error.to_string()))?;
            write(schema, &raw, out)
        }
    }
}

fn write_union(variants: &[Schema], raw: &RawValue, out: &mut Vec<u8>) -> Result<(), Reject> {
    let is_null = raw.get() == "null";
    let place = variants.iter().position(|variant| matches!(variant, Schema::Null) == is_null);
    let place = place.ok_or_else(|| expected("", "a value", raw))?;
    write_long(place as i64, out);
    if is_null { Ok(()) } else { write(&variants[place], raw, out) }
}

fn write_array(items: &Schema, raw: &RawValue, out: &mut Vec<u8>) -> Result<(), Reject> {
    let found: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| expected("", "a list", raw))?;
    if !found.is_empty() {
        write_long(found.len() as i64, out);
        for (place, item) in found.into_iter().enumerate() {
            write(items, item, out).map_err(|reject| inside(&format!("[{place}]"), reject))?;
        }
    }
    write_long(0, out);
    Ok(())
}

/// The same of the value that has it in this place.
fn inside(place: &str, reject: Reject) -> Reject {
    let dot = if reject.field.is_empty() || reject.field.starts_with('[') { "" } else { "." };
    Reject { field: format!("{place}{dot}{}", reject.field), ..reject }
}

/// A plain decimal, as text or as a number, times 10^`decimals`.
fn scaled(raw: &RawValue, decimals: usize, digits: usize) -> Result<i128, Reject> {
    let number = match raw.get().as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => raw.get().to_owned(),
        _ => text("", raw).unwrap_or_default(),
    };
    let wanted = || expected("", &format!("a decimal number of {digits} digits, {decimals} of them decimals, at most"), raw);
    unscaled(&number, decimals)
        .filter(|value| value.unsigned_abs() < 10u128.pow(digits.min(MAXIMUM_DIGITS) as u32))
        .ok_or_else(wanted)
}

fn unscaled(number: &str, decimals: usize) -> Option<i128> {
    let (sign, magnitude) = number.strip_prefix('-').map_or((1, number), |magnitude| (-1, magnitude));
    let (whole, part) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let part_stated = part.trim_end_matches('0');
    if !are_digits(whole) || !are_digits(part) || part_stated.len() > decimals {
        return None;
    }
    let digits = format!("{}{part_stated:0<decimals$}", whole.trim_start_matches('0'));
    // No digit is left of a zero without decimals.
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(sign * value)
}

/// As the fewest groups of seven bits, the sign in the lowest one.
fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}
