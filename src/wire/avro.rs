//! What an Avro schema says of its bytes, without docs, aliases and order: to tell whether two lay a record out alike, and
//! whether one reads what the other wrote.
//!
//! Names are taken without their namespace. A recursive schema is refused, and so is one that becomes very large or that has
//! lists of what takes no bytes: a few bytes of such a record would be very many items.

mod compatible;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

pub use compatible::{Direction, differences, unreadable};

/// Types that a schema may have once every name is followed, and how deep they may lie.
const MAXIMUM_TYPES: usize = 10_000;
const MAXIMUM_DEPTH: usize = 32;
const PLAIN: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// With its logical type.
    Plain(String, Option<String>),
    Fixed(String, u64, Option<String>),
    Enum(String, Vec<String>, Option<String>),
    Array(Box<Shape>),
    Map(Box<Shape>),
    Union(Vec<Shape>),
    Record(String, Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub shape: Shape,
    pub has_default: bool,
}

/// Why a text is no schema that is read here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaFault(String);

fn fault<T>(message: impl Into<String>) -> Result<T, SchemaFault> {
    Err(SchemaFault(message.into()))
}

impl Shape {
    pub fn of_text(text: &str) -> Result<Shape, SchemaFault> {
        let json: Value = serde_json::from_str(text).or_else(|error| fault(format!("not JSON: {error}")))?;
        Parser::default().shape(&json, 0)
    }

    /// Its bytes are laid out alike: whatever one writes is the other's record.
    pub fn is_laid_out_as(&self, other: &Shape) -> bool {
        self.layout() == other.layout()
    }

    /// Everything but defaults.
    fn layout(&self) -> String {
        let all = |shapes: &[Shape]| shapes.iter().map(Shape::layout).collect::<Vec<_>>().join("|");
        match self {
            Shape::Plain(..) => self.to_string(),
            Shape::Fixed(_, size, logical) => format!("fixed{size}{}", logical.as_deref().unwrap_or_default()),
            Shape::Enum(_, symbols, _) => format!("enum<{}>", symbols.join(",")),
            Shape::Array(items) => format!("array<{}>", items.layout()),
            Shape::Map(values) => format!("map<{}>", values.layout()),
            Shape::Union(branches) => format!("union<{}>", all(branches)),
            Shape::Record(_, fields) => {
                let fields = fields.iter().map(|field| format!("{}:{}", field.name, field.shape.layout()));
                format!("record<{}>", fields.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Takes no bytes at all.
    fn is_nothing(&self) -> bool {
        match self {
            Shape::Plain(name, _) => name == "null",
            Shape::Fixed(_, size, _) => *size == 0,
            Shape::Record(_, fields) => fields.iter().all(|field| field.shape.is_nothing()),
            Shape::Enum(..) | Shape::Array(_) | Shape::Map(_) | Shape::Union(_) => false,
        }
    }
}

/// In a few words.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Plain(name, None) => f.write_str(name),
            Shape::Plain(name, Some(logical)) => write!(f, "{name} as {logical}"),
            Shape::Fixed(name, size, _) => write!(f, "fixed {name} of {size} bytes"),
            Shape::Enum(name, ..) => write!(f, "enum {name}"),
            Shape::Array(items) => write!(f, "array of {items}"),
            Shape::Map(values) => write!(f, "map of {values}"),
            Shape::Union(branches) => {
                let branches: Vec<String> = branches.iter().map(Shape::to_string).collect();
                f.write_str(&branches.join(" or "))
            }
            Shape::Record(name, _) => write!(f, "record {name}"),
        }
    }
}

#[derive(Default)]
struct Parser {
    /// By name; `None` while it is being read: a name that leads there is recursive.
    named: BTreeMap<String, Option<Shape>>,
    types: usize,
}

impl Parser {
    fn shape(&mut self, json: &Value, depth: usize) -> Result<Shape, SchemaFault> {
        if depth > MAXIMUM_DEPTH {
            return fault(format!("types lie in more than {MAXIMUM_DEPTH} others"));
        }
        match json {
            Value::String(name) => self.of_name(name, None),
            Value::Array(branches) => {
                self.count(1)?;
                branches.iter().map(|branch| self.shape(branch, depth + 1)).collect::<Result<_, _>>().map(Shape::Union)
            }
            Value::Object(object) => match object.get("type") {
                Some(Value::String(kind)) => self.of_kind(kind, json, depth),
                Some(inner) => self.shape(inner, depth + 1),
                None => fault("a type that does not say what it is"),
            },
            other => fault(format!("{other} is no type")),
        }
    }

    fn count(&mut self, more: usize) -> Result<(), SchemaFault> {
        self.types += more;
        if self.types > MAXIMUM_TYPES { fault(format!("more than {MAXIMUM_TYPES} types")) } else { Ok(()) }
    }

    fn of_name(&mut self, name: &str, logical: Option<String>) -> Result<Shape, SchemaFault> {
        self.count(1)?;
        if PLAIN.contains(&name) {
            return Ok(Shape::Plain(name.into(), logical));
        }
        let shape = match self.named.get(unqualified(name)) {
            Some(Some(shape)) => shape.clone(),
            Some(None) => return fault(format!("{name} holds itself: recursive schemas are not read")),
            None => return fault(format!("there is no type {name}")),
        };
        self.count(size(&shape))?;
        Ok(shape)
    }

    fn of_kind(&mut self, kind: &str, json: &Value, depth: usize) -> Result<Shape, SchemaFault> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let name =
            || text("name").map(unqualified).map(str::to_owned).ok_or_else(|| SchemaFault(format!("{kind} without a name")));
        let part = |key: &str| json.get(key).ok_or_else(|| SchemaFault(format!("{kind} without {key}")));
        match kind {
            "record" => self.record(&name()?, part("fields")?, depth),
            "enum" => {
                let symbols = part("symbols")?.as_array().into_iter().flatten().filter_map(Value::as_str);
                let symbols = symbols.map(str::to_owned).collect();
                self.define(&name()?, Shape::Enum(name()?, symbols, text("default").map(str::to_owned)))
            }
            "fixed" => {
                let size = part("size")?.as_u64().ok_or_else(|| SchemaFault("a fixed without a size".into()))?;
                self.define(&name()?, Shape::Fixed(name()?, size, logical(json)))
            }
            "array" => {
                let items = self.shape(part("items")?, depth + 1)?;
                if items.is_nothing() {
                    return fault(format!("array of {items}: its items take no bytes"));
                }
                Ok(Shape::Array(items.into()))
            }
            "map" => Ok(Shape::Map(self.shape(part("values")?, depth + 1)?.into())),
            other => self.of_name(other, logical(json)),
        }
    }

    fn record(&mut self, name: &str, fields: &Value, depth: usize) -> Result<Shape, SchemaFault> {
        if self.named.insert(name.into(), None).is_some() {
            return fault(format!("{name} is defined twice"));
        }
        let mut found: Vec<Field> = Vec::new();
        for field in fields.as_array().into_iter().flatten() {
            let of = field
                .get("name")
                .and_then(Value::as_str)
                .ok_or_else(|| SchemaFault(format!("{name}: a field without a name")))?;
            let kind = field.get("type").ok_or_else(|| SchemaFault(format!("{name}.{of}: no type")))?;
            let shape = self.shape(kind, depth + 1)?;
            if found.iter().any(|field| field.name == of) {
                return fault(format!("{name}.{of} is there twice"));
            }
            found.push(Field { name: of.into(), shape, has_default: field.get("default").is_some() });
        }
        self.named.remove(name);
        self.define(name, Shape::Record(name.into(), found))
    }

    fn define(&mut self, name: &str, shape: Shape) -> Result<Shape, SchemaFault> {
        self.count(1)?;
        match self.named.insert(name.into(), Some(shape.clone())) {
            None => Ok(shape),
            Some(_) => fault(format!("{name} is defined twice")),
        }
    }
}

fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A logical type with what it depends on.
fn logical(json: &Value) -> Option<String> {
    let name = json.get("logicalType")?.as_str()?;
    let number = |key: &str| json.get(key).and_then(Value::as_u64).unwrap_or(0);
    Some(match name {
        "decimal" => format!("decimal({},{})", number("precision"), number("scale")),
        _ => name.into(),
    })
}

fn size(shape: &Shape) -> usize {
    match shape {
        Shape::Plain(..) | Shape::Fixed(..) | Shape::Enum(..) => 1,
        Shape::Array(inner) | Shape::Map(inner) => 1 + size(inner),
        Shape::Union(branches) => 1 + branches.iter().map(size).sum::<usize>(),
        Shape::Record(_, fields) => 1 + fields.iter().map(|field| size(&field.shape)).sum::<usize>(),
    }
}
