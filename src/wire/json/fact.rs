//! A fact as JSON, for people who look: who stated it, and its body field by field as `schemas/facts.avsc` names them.
//!
//! By the schema alone, so that a field that comes with a version is shown without a line here. Of the body's union the one that
//! it is names the object. Leaves out what that schema does not have (floats, fixed, maps) and reading it back.

use super::to_json;
use crate::domain::calendar::Date;
use crate::domain::fact::Fact;
use crate::domain::topic::Topic;
use crate::wire::published::Published;
use crate::wire::{Codec, WireError};
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::{NamesRef, RecordField, ResolvedSchema};
use apache_avro::types::Value as Avro;
use apache_avro::{Decimal, Schema};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// In front of each record: a zero and the schema's id.
const FRAME_BYTES: usize = 5;

impl Codec {
    /// What `to_json` says of a fact, and its body.
    pub fn fact_json(&self, fact: &Fact) -> Result<Value, WireError> {
        let mut record = Vec::new();
        self.write_fact(fact, &mut record)?;
        let read = fields(record.get(FRAME_BYTES..).unwrap_or_default());
        let mut shown = to_json(fact);
        shown["body"] = read.map_err(|message| WireError::Decode { record: "facts", message })?["body"].take();
        Ok(shown)
    }
}

fn fields(mut record: &[u8]) -> Result<Value, String> {
    static SCHEMA: OnceLock<Result<Schema, String>> = OnceLock::new();
    let parsed = || {
        let published = Published::of(Topic::Facts).ok_or("facts have no schema")?;
        Schema::parse_str(published.text).map_err(|error| error.to_string())
    };
    let schema = SCHEMA.get_or_init(parsed).as_ref().map_err(Clone::clone)?;
    let failed = |error: apache_avro::Error| error.to_string();
    let names = ResolvedSchema::new(schema).map_err(failed)?;
    let reader = GenericDatumReader::builder(schema).build().map_err(failed)?;
    let value = reader.read_value(&mut record).map_err(failed)?;
    Ok(shown(schema, &value, names.get_names()))
}

fn shown(schema: &Schema, value: &Avro, names: &NamesRef<'_>) -> Value {
    match (schema, value) {
        (Schema::Ref { name }, value) => names.get(name).map_or(Value::Null, |schema| shown(schema, value, names)),
        (Schema::Record(record), Avro::Record(fields)) => {
            let field = |(of, (name, value)): (&RecordField, &(String, Avro))| (name.clone(), shown(&of.schema, value, names));
            record.fields.iter().zip(fields).map(field).collect::<Map<_, _>>().into()
        }
        (Schema::Array(of), Avro::Array(items)) => items.iter().map(|item| shown(&of.items, item, names)).collect(),
        (Schema::Union(of), Avro::Union(place, value)) => {
            let Some(schema) = of.variants().get(*place as usize) else { return Value::Null };
            let value = shown(schema, value, names);
            match schema {
                Schema::Record(record) if of.variants().len() > 2 => json!({ record.name.name(): value }),
                _ => value,
            }
        }
        (Schema::Decimal(of), Avro::Decimal(decimal)) => decimal_text(decimal, of.scale).into(),
        (_, Avro::Date(day)) => Date(*day).to_string().into(),
        (_, Avro::String(text) | Avro::Enum(_, text)) => text.clone().into(),
        (_, Avro::Int(number)) => (*number).into(),
        (_, Avro::Long(number) | Avro::TimestampMicros(number)) => (*number).into(),
        (_, Avro::Boolean(is)) => (*is).into(),
        _ => Value::Null,
    }
}

/// All digits of the scale.
fn decimal_text(decimal: &Decimal, scale: usize) -> String {
    let bytes = Vec::<u8>::try_from(decimal).unwrap_or_default();
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let unscaled = bytes.iter().fold(if negative { -1_i128 } else { 0 }, |number, byte| number << 8 | i128::from(*byte));
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if negative { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_its_digits() {
        for (bytes, scale, text) in [
            (&[0x04, 0xd2][..], 2, "12.34"),
            (&[0xfb, 0x2e], 2, "-12.34"),
            (&[0x05], 3, "0.005"),
            (&[0xff], 1, "-0.1"),
            (&[0x2a], 0, "42"),
            (&[0x00], 2, "0.00"),
        ] {
            assert_eq!(decimal_text(&Decimal::new(bytes).unwrap(), scale), text);
        }
    }
}
