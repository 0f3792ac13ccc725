//! SLO documents: text in, `domain::slo` out; pure.
//!
//! A file holds one or more YAML documents, and each tells its own format. Every format is one module beside
//! [`slowburn`] that reads a document into the same checked types; what they share (names, pairs of windows, selectors,
//! percentages) lies here. Reading goes on after a mistake, so that one run reports all mistakes of a file.

mod declared;
mod format;
pub mod names;
pub mod pairs;
mod percent;
mod selectors;
mod slowburn;

use crate::config::decode::{Env, Value, decode, schema};
use crate::config::diagnostics::{Diagnostic, Diagnostics};
use crate::config::read::SECRETS;
use crate::config::yaml::{self, Mark};
use crate::domain::slo::Slo;
use declared::Declared;
use format::Format;

/// Reads the SLOs of one file; those with a mistake are left out, and all mistakes go to `diagnostics`.
///
/// `file` names it in messages and in [`Slo::source`]; `env` looks up `${NAME}`.
pub fn read_slos(file: &str, text: &[u8], env: Env<'_>, diagnostics: &mut Diagnostics) -> Vec<Slo> {
    let errors_before = diagnostics.errors();
    let documents = yaml::load(text, file, diagnostics);
    let documents: Vec<_> = documents.iter().filter(|document| !document.is_null()).collect();
    if documents.is_empty() && diagnostics.errors() == errors_before {
        let found = Diagnostic::warning(file, Mark::default(), "the file holds no SLO");
        diagnostics.push(found.help(format!("begin it with `version: {}`", slowburn::VERSION)));
    }
    let source = diagnostics.source(file).unwrap_or_default();
    decode(file, env, diagnostics, |context| {
        // A pattern of file names may take in the main file.
        documents.iter().for_each(|document| SECRETS.hide_in_foreign(&context.value(document)));
        let mut declared = Declared::default();
        let read = |document| read_document(&context.value(document), &source, &mut declared);
        documents.into_iter().flat_map(read).collect()
    })
}

fn read_document(root: &Value<'_>, source: &str, declared: &mut Declared) -> Vec<Slo> {
    match format::recognise(root) {
        Some(Format::Slowburn) => slowburn::read(root, source, declared),
        Some(foreign) => {
            root.error(
                format!("{foreign} are not supported yet in this version of slowburn"),
                format!(
                    "write the SLO with `version: {}` for now; docs/slo-reference.md lists the keys",
                    slowburn::VERSION
                ),
            );
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// The JSON Schema of slowburn's own format, made from the tables by which it is read.
pub fn json_schema() -> serde_json::Value {
    schema::json_schema(&slowburn::DOCUMENT, "slowburn SLO file")
}
