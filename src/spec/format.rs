//! Which format a document is written in: said by its `version` or its `apiVersion`.

use super::slowburn;
use crate::config::decode::{Value, nearest};
use crate::config::yaml::{Kind, Node};

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Slowburn,
    Sloth,
    /// Sloth's Kubernetes resource.
    SlothResource,
    /// Sloth's catalogue of windows.
    SlothWindows,
    OpenSlo,
    /// The first version of OpenSLO, as Sloth reads it.
    OpenSloAlpha,
    Pyrra,
}

impl Format {
    /// Whether texts stand as they are: only slowburn's own files know `${NAME}`.
    pub fn is_foreign(self) -> bool {
        self != Self::Slowburn
    }
}

/// What stands after `version:` and `apiVersion:`.
const VERSIONS: [(&str, Format); 2] = [(slowburn::VERSION, Format::Slowburn), ("prometheus/v1", Format::Sloth)];
const API_VERSIONS: [(&str, Format); 4] = [
    ("openslo/v1", Format::OpenSlo),
    ("openslo/v1alpha", Format::OpenSloAlpha),
    ("pyrra.dev/v1alpha1", Format::Pyrra),
    ("sloth.slok.dev/v1", Format::SlothResource),
];

const ACCEPTED: &str = "accepted are `version: slowburn/v1`, `version: prometheus/v1` (Sloth), `apiVersion: openslo/v1`, \
                        `apiVersion: pyrra.dev/v1alpha1` and `apiVersion: sloth.slok.dev/v1`";

/// The format of a document, without a word about one that is none.
pub(super) fn peek(node: &Node) -> Option<Format> {
    let text = |key: &str| node.get(key).and_then(Node::text);
    let find = |known: &[(&str, Format)], found: Option<&str>| {
        known.iter().find(|(text, _)| Some(*text) == found).map(|(_, format)| *format)
    };
    match find(&VERSIONS, text("version")).or_else(|| find(&API_VERSIONS, text("apiVersion")))? {
        Format::SlothResource if text("kind") == Some("AlertWindows") => Some(Format::SlothWindows),
        format => Some(format),
    }
}

/// The format of a document; reports a document that is none.
pub(super) fn recognise(root: &Value<'_>) -> Option<Format> {
    let Kind::Map(_) = root.node().kind() else {
        root.error(
            format!("expected an SLO document, found {}", root.node().kind_name()),
            format!("an SLO file begins with `version: {}`", slowburn::VERSION),
        );
        return None;
    };
    let entry = |wanted: &str| root.entries()?.into_iter().find(|(key, _, _)| *key == wanted);
    if let Some(format) = peek(root.node()) {
        return Some(format);
    }
    if let Some((_, _, version)) = entry("version") {
        unknown(&VERSIONS, &version);
        return None;
    }
    if let Some((_, _, version)) = entry("apiVersion").filter(|(_, _, version)| is_alpha_two(version)) {
        version.error("slowburn does not read OpenSLO's v2alpha", "write it with `apiVersion: openslo/v1`");
        return None;
    }
    if let Some((_, _, version)) = entry("apiVersion") {
        unknown(&API_VERSIONS, &version);
        return None;
    }
    if root.node().get("groups").is_some() {
        root.error(
            "these are rules of Prometheus, not SLOs",
            "name the file from which they were generated; its SLOs need no rules here",
        );
        return None;
    }
    root.error(
        "the document does not say its format",
        match root.node().get("slos") {
            Some(_) => format!("add `version: {}` at its beginning", slowburn::VERSION),
            None => ACCEPTED.to_owned(),
        },
    );
    None
}

/// A draft whose keys are other ones.
fn is_alpha_two(version: &Value<'_>) -> bool {
    version.node().text() == Some("openslo.com/v2alpha")
}

fn unknown(known: &[(&'static str, Format)], version: &Value<'_>) {
    let found = version.node().text().unwrap_or_default();
    let help = match nearest(found, known.iter().map(|(text, _)| *text)) {
        Some(near) => format!("did you mean {near}?"),
        None => ACCEPTED.to_owned(),
    };
    version.error("unknown format of SLOs", help);
}
