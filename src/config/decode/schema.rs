//! JSON Schema (draft 2020-12) from the tables of keys.

use super::{Shape, Table};
use serde_json::{Map, Value, json};

/// The schema of a document whose root is `table`.
pub fn json_schema(table: &'static Table, title: &str) -> Value {
    let mut defs = Map::new();
    let root = reference(table, &mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": root["$ref"],
        "$defs": defs,
    })
}

/// A reference to a table's definition, which is added once.
fn reference(table: &'static Table, defs: &mut Map<String, Value>) -> Value {
    if !defs.contains_key(table.title) {
        defs.insert(table.title.to_owned(), Value::Null);
        let definition = object(table, defs);
        defs.insert(table.title.to_owned(), definition);
    }
    json!({ "$ref": format!("#/$defs/{}", table.title) })
}

fn object(table: &'static Table, defs: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in table.fields {
        let mut property = shape(&field.shape, defs);
        property["description"] = json!(field.doc);
        properties.insert(field.key.to_owned(), property);
    }
    let required: Vec<&str> = table.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn shape(shape_of: &'static Shape, defs: &mut Map<String, Value>) -> Value {
    match shape_of {
        // Variables may stand for any text, and numbers are taken as texts.
        Shape::Text | Shape::Path | Shape::Matcher | Shape::Selector => {
            json!({ "type": ["string", "number", "boolean"] })
        }
        Shape::Secret => json!({ "type": ["string", "number"], "writeOnly": true }),
        Shape::Url => json!({ "type": "string", "format": "uri" }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer", "minimum": 0 }),
        Shape::Decimal => json!({ "type": "number", "minimum": 0 }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Duration => json!({ "type": "string", "pattern": DURATION, "examples": ["30s", "5m", "30d"] }),
        Shape::Size => json!({ "type": ["string", "integer"], "examples": ["64MiB"] }),
        Shape::Time => json!({ "type": "string", "examples": ["2026-01-31T22:00:00Z"] }),
        Shape::Labels => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$" },
            "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
        }),
        Shape::Texts(inner) => json!({ "type": "object", "additionalProperties": shape(inner, defs) }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::List(inner) => json!({ "type": ["array", "null"], "items": shape(inner, defs) }),
        Shape::Map(table) => reference(table, defs),
        Shape::OneOf(shapes) => {
            json!({ "anyOf": shapes.iter().map(|inner| shape(inner, defs)).collect::<Vec<_>>() })
        }
    }
}

const DURATION: &str = r"^(0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?|.*\$\{\w+\}.*)$";
