//! The JSON Schema, the decoder and the reference page know the same keys.

use super::good::{EVERYTHING, env};
use serde_json::{Map, Value};
use slowburn::config::diagnostics::Diagnostics;
use slowburn::spec::{json_schema, read_slos};
use std::collections::BTreeSet;

/// `definition.key` for every key of the schema.
fn keys_of_the_schema(schema: &Value) -> BTreeSet<String> {
    let definitions = schema["$defs"].as_object().unwrap();
    let keys = |(title, definition): (&String, &Value)| {
        let properties = definition["properties"].as_object().unwrap().clone();
        properties.into_iter().map(|(key, _)| format!("{title}.{key}")).collect::<Vec<_>>()
    };
    definitions.iter().flat_map(keys).collect()
}

/// Follows a document along the schema and notes each key it uses.
fn use_keys(schema: &Value, shape: &Value, value: &Value, used: &mut BTreeSet<String>) {
    if let Some(reference) = shape["$ref"].as_str() {
        let title = reference.trim_start_matches("#/$defs/");
        let properties = schema["$defs"][title]["properties"].as_object().unwrap();
        for (key, inner) in value.as_object().unwrap_or(&Map::new()) {
            let property = properties.get(key).unwrap_or_else(|| panic!("the schema has no {title}.{key}"));
            used.insert(format!("{title}.{key}"));
            use_keys(schema, property, inner, used);
        }
    }
    for alternative in shape["anyOf"].as_array().into_iter().flatten() {
        let is_list = alternative.get("items").is_some();
        if is_list == value.is_array() {
            use_keys(schema, alternative, value, used);
        }
    }
    for item in value.as_array().filter(|_| shape.get("items").is_some()).into_iter().flatten() {
        use_keys(schema, &shape["items"], item, used);
    }
}

#[test]
fn a_file_with_every_key_of_the_schema_is_read_without_a_mistake() {
    let mut diagnostics = Diagnostics::new();
    read_slos("everything.yaml", EVERYTHING.as_bytes(), &env, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    let schema = json_schema();
    let mut used = BTreeSet::new();
    for document in serde_yaml::from_multiple::<Value>(EVERYTHING).unwrap() {
        use_keys(&schema, &serde_json::json!({ "$ref": schema["$ref"] }), &document, &mut used);
    }
    assert_eq!(used, keys_of_the_schema(&schema));
}

#[test]
fn the_schema_asks_for_what_the_reader_asks_for() {
    let schema = json_schema();
    for (title, required) in [
        ("Document", vec!["version", "service", "slos"]),
        ("SLO", vec!["name", "objective", "window", "sli"]),
        ("Pair of windows", vec!["long", "factor"]),
        ("Budget alert", vec!["consumed", "severity"]),
    ] {
        assert_eq!(schema["$defs"][title]["required"], serde_json::json!(required), "{title}");
        assert_eq!(schema["$defs"][title]["additionalProperties"], false, "{title}");
    }
    let words = &schema["$defs"]["Calendar window"]["properties"]["calendar"]["enum"];
    assert_eq!(*words, serde_json::json!(["week", "month", "quarter", "year"]));
}

#[test]
fn the_reference_page_tells_of_every_key() {
    let page = std::fs::read_to_string("docs/slo-reference.md").unwrap();
    for key in keys_of_the_schema(&json_schema()) {
        let (_, key) = key.split_once('.').unwrap();
        assert!(page.contains(&format!("`{key}`")), "docs/slo-reference.md does not mention `{key}`");
    }
}
