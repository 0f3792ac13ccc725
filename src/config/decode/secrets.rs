//! Which values of a document are secret: said by the tables of keys, for a whole tree before any of it is decoded.
//!
//! A decoder leaves parts of a file unread once a mistake makes them useless, and a key may stand where it doesn't
//! belong; yet any line may be shown. So a key that is secret in one table is taken for secret wherever no table says
//! what it is, and so is what looks like one.

use super::{Shape, Table, Value};
use crate::config::yaml::{Kind, Node};
use std::collections::BTreeSet;

/// The tables of a kind of file, with every key that is secret in one of them.
pub struct SecretKeys {
    root: Shape,
    keys: BTreeSet<&'static str>,
}

impl SecretKeys {
    /// Collects the keys of `root` and of all tables below it.
    pub fn of(root: &'static Table) -> Self {
        let (mut keys, mut seen) = (BTreeSet::new(), BTreeSet::new());
        collect(root, &mut seen, &mut keys);
        Self { root: Shape::Map(root), keys }
    }

    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().copied()
    }

    /// Hides every secret of a document written by these tables.
    pub fn hide_in(&'static self, document: &Value<'_>) {
        self.walk(document, document.node(), Some(&self.root));
    }

    /// Hides every secret of a document of another kind, such as this file under a wrong name.
    pub fn hide_in_foreign(&self, document: &Value<'_>) {
        self.walk(document, document.node(), None);
    }

    /// `shape` is what the tables say of the node, or nothing.
    fn walk(&self, root: &Value<'_>, node: &Node, shape: Option<&'static Shape>) {
        match node.kind() {
            Kind::Scalar(_) => {
                if node.text().is_some_and(looks_secret) {
                    root.context().hide(node.mark);
                }
            }
            Kind::List(items) => {
                let inner = shape.and_then(Shape::item);
                items.iter().for_each(|item| self.walk(root, item, inner));
            }
            Kind::Map(entries) => {
                for entry in entries {
                    let (secret, inner) = self.value_at(shape, &entry.key.text);
                    if secret {
                        root.context().hide(entry.value.mark);
                    }
                    self.walk(root, &entry.value, inner);
                }
            }
        }
    }

    /// Whether the value of a key is secret, and its shape where it is known.
    fn value_at(&self, shape: Option<&'static Shape>, key: &str) -> (bool, Option<&'static Shape>) {
        match shape.and_then(Shape::map) {
            Some(Shape::Map(table)) => match table.field(key) {
                Some(field) => (field.shape.is_secret(), Some(&field.shape)),
                None => (self.keys.contains(key), None),
            },
            Some(Shape::Texts(inner)) => (inner.is_secret(), Some(inner)),
            // The keys are names of labels.
            Some(_) => (false, None),
            None => (self.keys.contains(key), None),
        }
    }
}

impl Shape {
    fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(inner) => inner.is_secret(),
            Self::OneOf(shapes) => shapes.iter().any(Self::is_secret),
            _ => false,
        }
    }

    /// The shape of a list's items.
    fn item(&'static self) -> Option<&'static Self> {
        match self {
            Self::List(inner) => Some(inner),
            Self::OneOf(shapes) => shapes.iter().find_map(Self::item),
            _ => None,
        }
    }

    /// The shape of a map, where it is one.
    fn map(&'static self) -> Option<&'static Self> {
        match self {
            Self::Map(_) | Self::Texts(_) | Self::Labels => Some(self),
            Self::OneOf(shapes) => shapes.iter().find_map(Self::map),
            _ => None,
        }
    }
}

fn collect(table: &'static Table, seen: &mut BTreeSet<&'static str>, keys: &mut BTreeSet<&'static str>) {
    if seen.insert(table.title) {
        for field in table.fields {
            if field.shape.is_secret() {
                keys.insert(field.key);
            }
            tables(&field.shape, &mut |inner| collect(inner, seen, keys));
        }
    }
}

/// The tables that a shape leads to.
fn tables(shape: &'static Shape, each: &mut dyn FnMut(&'static Table)) {
    match shape {
        Shape::Map(table) => each(table),
        Shape::List(inner) | Shape::Texts(inner) => tables(inner, each),
        Shape::OneOf(shapes) => shapes.iter().for_each(|inner| tables(inner, each)),
        _ => {}
    }
}

/// Whether a text looks like one that holds a secret, whatever key it was given for: `user:password@host`, with or
/// without a scheme, or the URL of a webhook.
pub(super) fn looks_secret(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let credentials = rest.split_once('@').is_some_and(|(before, _)| before.contains(':'));
    credentials || (rest.len() < text.len() && ["hooks.", "webhook"].iter().any(|hook| rest.contains(hook)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret() {
        for (text, secret) in [
            ("http://user:word@host/x", true),
            ("user:word@host:25", true),
            ("https://hooks.slack.com/services/T/B/x", true),
            ("https://discord.com/api/webhooks/1/x", true),
            ("http://host:9100/metrics", false),
            ("host:9100", false),
            ("alerts@example.com", false),
            ("webhooks_total", false),
            ("", false),
        ] {
            assert_eq!(looks_secret(text), secret, "{text}");
        }
    }
}
