//! The documents say what is so: keys, metrics, links, commands.

use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The part of a document below a heading, up to the next one of its rank or a higher one.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let rank = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = (1..=rank).filter_map(|rank| rest.find(&format!("\n{} ", "#".repeat(rank))));
    &rest[..ends.min().unwrap_or(rest.len())]
}

/// Where the keys of each map of the main file are told.
const SECTIONS: [(&str, &str); 20] = [
    ("config", "## The file"),
    ("storage", "## The file"),
    ("web", "## The file"),
    ("global", "## `global`"),
    ("scrape_config", "## `scrape_configs`"),
    ("static_config", "## `scrape_configs`"),
    ("file_sd_config", "## `scrape_configs`"),
    ("http_sd_config", "## `scrape_configs`"),
    ("dns_sd_config", "## `scrape_configs`"),
    ("http_config", "### HTTP clients"),
    ("basic_auth", "### HTTP clients"),
    ("authorization", "### HTTP clients"),
    ("http_header", "### HTTP clients"),
    ("tls_config", "### `tls_config`"),
    ("relabel_config", "### Relabelling"),
    ("route", "## `route`"),
    ("receiver", "## `receivers`"),
    ("slack_config", "### `slack_configs`"),
    ("email_config", "### `email_configs`"),
    ("webhook_config", "### `webhook_configs`"),
];

#[test]
fn every_key_of_the_main_file_is_told_where_people_look() {
    let text = read("docs/configuration.md");
    let schema = slowburn::config::json_schema();
    let mut missing = Vec::new();
    for (title, definition) in schema["$defs"].as_object().unwrap() {
        let heading =
            SECTIONS.iter().find(|(known, _)| known == title).unwrap_or_else(|| panic!("no place for {title}")).1;
        let told = section(&text, heading);
        for key in definition["properties"].as_object().unwrap().keys() {
            let in_receiver = format!("### `{key}`");
            if !told.contains(&format!("`{key}`")) && !told.contains(&in_receiver) {
                missing.push(format!("{title}.{key} below {heading:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Choices are told with all their words.
#[test]
fn every_choice_of_the_main_file_is_told() {
    let text = read("docs/configuration.md");
    let schema = slowburn::config::json_schema();
    let mut words = Vec::new();
    choices(&schema, &mut words);
    assert!(words.len() > 20, "{words:?}");
    let missing: Vec<&String> = words.iter().filter(|word| !text.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn choices(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| choices(item, words)),
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("enum", Value::Array(items)) => {
                        words.extend(items.iter().map(|word| word.as_str().unwrap().to_owned()));
                    }
                    _ => choices(inner, words),
                }
            }
        }
        _ => {}
    }
}

/// Metrics that the documents name are in the sources under that name; a counter's `_total` is added by the encoder.
#[test]
fn metrics_that_are_named_are_there() {
    let files = ["src/metrics.rs", "src/web/metrics/collector.rs", "src/web/metrics/discovery.rs"];
    let sources = files.map(read).concat();
    let text = read("docs/operations.md");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = text.split(|c| !is_name(c)).filter(|word| word.starts_with("slowburn_") || word.starts_with("slo_"));
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("\"{}\"", name.trim_end_matches("_total"))), "{name}");
    }
}

/// `make` lines of the documents name targets of the Makefile.
#[test]
fn make_targets_that_are_named_are_there() {
    let makefile = read("Makefile");
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("make ")) {
            let target = line.split_whitespace().next().unwrap();
            assert!(makefile.contains(&format!("\n{target}:")), "{}: make {target}", document.display());
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root().join(name)).to_vec();
    collect(&root().join("docs"), &mut found);
    found
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension() == Some("md".as_ref()) {
            found.push(path);
        }
    }
}

/// Links to files of this repository lead somewhere.
#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let images =
            text.split("src=\"").chain(text.split("srcset=\"")).skip(1).map(|rest| rest.split('"').next().unwrap());
        let links = links.chain(images.filter(|image| image.ends_with(".png")));
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = document.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link}", document.display());
            if !anchor.is_empty() {
                let there = std::fs::read_to_string(&target).unwrap();
                assert!(anchors(&there).any(|known| known == anchor), "{}: {link}", document.display());
            }
        }
    }
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')))
        .map(|heading| {
            let lower = heading.trim().to_lowercase();
            let kept = lower.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
}
