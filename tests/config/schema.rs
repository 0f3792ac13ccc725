//! The JSON Schema and the decoder know the same keys.

use serde_json::{Value, json};
use slowburn::config::decode::{Field, Shape, Table};
use slowburn::config::read::MAIN;

/// A value of a kind that no shape accepts.
fn wrong(shape: &Shape) -> Value {
    match shape {
        Shape::List(_) | Shape::Map(_) | Shape::Texts(_) | Shape::Labels => json!("x"),
        _ => json!(["x"]),
    }
}

/// Calls `visit` for every key of every table, with a document that holds `wrong` at it and the path of that place.
fn visit_keys(
    table: &'static Table,
    wrap: &dyn Fn(Value) -> Value,
    path: &str,
    visit: &mut dyn FnMut(&Field, Value, String),
) {
    for field in table.fields {
        let at = if path.is_empty() { field.key.to_owned() } else { format!("{path}.{}", field.key) };
        visit(field, wrap(json!({ field.key: wrong(&field.shape) })), at.clone());
        let inside = |inner: Value| wrap(json!({ field.key: inner }));
        match field.shape {
            // A route's routes are routes again.
            Shape::List(Shape::Map(inner)) if inner.title != table.title => {
                visit_keys(inner, &|value| inside(json!([value])), &format!("{at}[0]"), visit);
            }
            Shape::Map(inner) => visit_keys(inner, &inside, &at, visit),
            Shape::Texts(Shape::Map(inner)) => {
                visit_keys(inner, &|value| inside(json!({ "X-A": value })), &format!("{at}.X-A"), visit);
            }
            _ => {}
        }
    }
}

#[test]
fn every_key_of_the_schema_is_read_by_the_decoder() {
    let mut keys = 0;
    visit_keys(&MAIN, &|value| value, "", &mut |field, document, path| {
        keys += 1;
        let found = crate::check(&document.to_string());
        let told = found.iter().any(|d| d.path == path && d.message.starts_with("expected"));
        assert!(told, "{} in {document}:\n{}", field.key, found.to_text());
    });
    assert!(keys > 150, "{keys} keys");
}

#[test]
fn the_schema_refers_to_each_table_once_and_closes_it() {
    let schema = slowburn::config::json_schema();
    assert_eq!(schema["$ref"], "#/$defs/config");
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, definition) in definitions {
        assert_eq!(definition["additionalProperties"], false, "{name}");
    }
    assert_eq!(definitions["route"]["properties"]["routes"]["items"]["$ref"], "#/$defs/route");
    assert_eq!(definitions["scrape_config"]["required"], json!(["job_name"]));
    let mut references = Vec::new();
    collect_references(&schema, &mut references);
    for reference in references {
        let name = reference.trim_start_matches("#/$defs/").to_owned();
        assert!(definitions.contains_key(&name), "{name}");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|inner| collect_references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect_references(inner, found)),
        _ => {}
    }
}
