//! The JSON Schema of a result that is JSON, from its Avro schema: for those who read it without Avro.
//!
//! Leaves out types that no result has.

use serde_json::{Map, Value, json};

/// What a value of an Avro schema is as JSON. What has a default may be missing in records of earlier versions.
pub fn json_schema(avro: &Value) -> Value {
    match avro {
        Value::Array(variants) => nullable(variants),
        Value::Object(_) => match (&avro["logicalType"], &avro["type"]) {
            (Value::String(logical), _) => of_logical(logical, avro),
            (_, Value::String(kind)) => of_kind(kind, avro),
            (_, inner) => json_schema(inner),
        },
        Value::String(name) => json!({"type": if ["int", "long"].contains(&name.as_str()) { "integer" } else { name.as_str() }}),
        _ => json!({}),
    }
}

fn nullable(variants: &[Value]) -> Value {
    let mut schema = variants.iter().find(|variant| *variant != "null").map_or_else(|| json!({}), json_schema);
    let stated = schema["type"].take();
    schema["type"] = json!([stated, "null"]);
    schema
}

fn of_logical(logical: &str, avro: &Value) -> Value {
    match logical {
        "decimal" => json!({"type": "string", "pattern": format!("^-?[0-9]+(\\.[0-9]{{1,{}}})?$", avro["scale"])}),
        "date" => json!({"type": "string", "format": "date"}),
        _ => json!({"type": "integer"}),
    }
}

fn of_kind(kind: &str, avro: &Value) -> Value {
    match kind {
        "record" => of_record(avro),
        "array" => json!({"type": "array", "items": json_schema(&avro["items"])}),
        "enum" => json!({"type": "string", "enum": avro["symbols"]}),
        plain => json_schema(&plain.into()),
    }
}

fn of_record(record: &Value) -> Value {
    let fields = record["fields"].as_array().map_or(&[][..], Vec::as_slice);
    let property = |field: &Value| {
        let mut schema = json_schema(&field["type"]);
        let doc = field["doc"].as_str().unwrap_or_default();
        let unit = if field["type"]["logicalType"] == "timestamp-micros" { " Microseconds since 1970." } else { "" };
        schema["description"] = json!(format!("{doc}{unit}"));
        (field["name"].as_str().unwrap_or_default().to_owned(), schema)
    };
    let required = fields.iter().filter(|field| field.get("default").is_none()).map(|field| &field["name"]);
    json!({
        "type": "object",
        "description": record["doc"],
        "required": required.collect::<Vec<_>>(),
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
    })
}
