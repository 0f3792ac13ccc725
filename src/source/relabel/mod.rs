//! Prometheus's relabelling: an ordered list of steps that rewrite a label set or drop it.
//!
//! The metric name is the label `__name__`. A missing label reads as empty and an empty value removes the label, so a
//! step that needs neither a match nor a label can't fail: it leaves the labels as they are. Regular expressions come
//! anchored from the configuration.

use crate::config::scrape::{RelabelAction, RelabelConfig};
use crate::domain::labels::Labels;
use md5::{Digest, Md5};

/// The labels after every step, or `None` when a step dropped them.
pub fn apply(configs: &[RelabelConfig], labels: Labels) -> Option<Labels> {
    configs.iter().try_fold(labels, |labels, config| step(config, labels))
}

fn step(config: &RelabelConfig, mut labels: Labels) -> Option<Labels> {
    let source = source(config, &labels);
    let target = config.target_label.as_str();
    let keep = match config.action {
        RelabelAction::Keep => config.regex.is_match(&source),
        RelabelAction::Drop => !config.regex.is_match(&source),
        RelabelAction::KeepEqual => labels.get(target).unwrap_or_default() == source,
        RelabelAction::DropEqual => labels.get(target).unwrap_or_default() != source,
        _ => true,
    };
    if !keep {
        return None;
    }
    match config.action {
        RelabelAction::Replace => replace(config, &source, &mut labels),
        RelabelAction::HashMod => hash_mod(config, &source, &mut labels),
        RelabelAction::Lowercase => set(&mut labels, target, &map_chars(&source, char::to_lowercase)),
        RelabelAction::Uppercase => set(&mut labels, target, &map_chars(&source, char::to_uppercase)),
        RelabelAction::LabelMap => label_map(config, &mut labels),
        RelabelAction::LabelDrop => return Some(retain(&labels, |name| !config.regex.is_match(name))),
        RelabelAction::LabelKeep => return Some(retain(&labels, |name| config.regex.is_match(name))),
        RelabelAction::Keep | RelabelAction::Drop | RelabelAction::KeepEqual | RelabelAction::DropEqual => {}
    }
    Some(labels)
}

/// The source labels' values, joined.
fn source(config: &RelabelConfig, labels: &Labels) -> String {
    let values = config.source_labels.iter().map(|name| labels.get(name).unwrap_or_default());
    values.collect::<Vec<_>>().join(&config.separator)
}

/// A label without a name can't exist; templates may come out empty.
fn set(labels: &mut Labels, name: &str, value: &str) {
    if !name.is_empty() {
        labels.set(name, value);
    }
}

fn replace(config: &RelabelConfig, source: &str, labels: &mut Labels) {
    let Some(captures) = config.regex.captures(source) else { return };
    let (mut target, mut value) = (String::new(), String::new());
    captures.expand(&config.target_label, &mut target);
    captures.expand(&config.replacement, &mut value);
    set(labels, &target, &value);
}

/// The last 8 bytes of the MD5 sum as a number, modulo `modulus`; a modulus of 0 is refused by the configuration.
fn hash_mod(config: &RelabelConfig, source: &str, labels: &mut Labels) {
    let sum = Md5::digest(source.as_bytes());
    let hash = sum[8..].iter().fold(0u64, |hash, byte| hash << 8 | u64::from(*byte));
    if let Some(rest) = hash.checked_rem(config.modulus) {
        set(labels, &config.target_label, &rest.to_string());
    }
}

/// Character by character, as Go does: a character whose other case is more than one character stays.
fn map_chars<I: Iterator<Item = char>>(text: &str, map: impl Fn(char) -> I) -> String {
    let single = |c| {
        let mut mapped = map(c);
        match (mapped.next(), mapped.next()) {
            (Some(only), None) => only,
            _ => c,
        }
    };
    text.chars().map(single).collect()
}

fn label_map(config: &RelabelConfig, labels: &mut Labels) {
    for (name, value) in labels.clone().iter().filter(|(name, _)| config.regex.is_match(name)) {
        set(labels, &config.regex.replace_all(name, &config.replacement), value);
    }
}

fn retain(labels: &Labels, keep: impl Fn(&str) -> bool) -> Labels {
    labels.iter().filter(|(name, _)| keep(name)).collect()
}

#[cfg(test)]
mod tests;
