//! Which format a document is written in: said by its `version` or its `apiVersion`.

use super::slowburn;
use crate::config::decode::{Value, nearest};
use crate::config::yaml::Kind;
use std::fmt;

/// A format of SLO documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Slowburn,
    /// Its own documents and its Kubernetes resource.
    Sloth,
    OpenSlo,
    Pyrra,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slowburn => "slowburn's SLO documents",
            Self::Sloth => "Sloth's SLO documents",
            Self::OpenSlo => "OpenSLO documents",
            Self::Pyrra => "Pyrra's SLO documents",
        })
    }
}

/// What stands after `version:` and `apiVersion:`.
const VERSIONS: [(&str, Format); 2] = [(slowburn::VERSION, Format::Slowburn), ("prometheus/v1", Format::Sloth)];
const API_VERSIONS: [(&str, Format); 5] = [
    ("openslo/v1", Format::OpenSlo),
    ("openslo/v1alpha", Format::OpenSlo),
    ("openslo.com/v2alpha", Format::OpenSlo),
    ("pyrra.dev/v1alpha1", Format::Pyrra),
    ("sloth.slok.dev/v1", Format::Sloth),
];

const ACCEPTED: &str = "accepted are `version: slowburn/v1`, `version: prometheus/v1` (Sloth), `apiVersion: openslo/v1`, \
                        `apiVersion: pyrra.dev/v1alpha1` and `apiVersion: sloth.slok.dev/v1`";

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
    if let Some((_, _, version)) = entry("version") {
        return among(&VERSIONS, &version);
    }
    if let Some((_, _, version)) = entry("apiVersion") {
        return among(&API_VERSIONS, &version);
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

fn among(known: &[(&'static str, Format)], version: &Value<'_>) -> Option<Format> {
    let found = version.node().text().unwrap_or_default();
    if let Some((_, format)) = known.iter().find(|(text, _)| *text == found) {
        return Some(*format);
    }
    version.error(
        "unknown format of SLOs",
        match nearest(found, known.iter().map(|(text, _)| *text)) {
            Some(near) => format!("did you mean {near}?"),
            None => ACCEPTED.to_owned(),
        },
    );
    None
}
