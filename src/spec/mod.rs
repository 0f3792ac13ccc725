//! SLO documents: text in, `domain::slo` out; pure.
//!
//! A file holds one or more YAML documents, and each tells its own format. Every format is one module beside
//! [`slowburn`] that reads a document into the same checked types; what they share (names, pairs of windows, selectors,
//! percentages, PromQL) lies here. Reading goes on after a mistake, so that one run reports all mistakes of all files.
//!
//! Documents of other formats may lean on others (OpenSLO's references, Sloth's catalogues of windows), in whatever
//! file those stand. So reading has two passes: the first gathers what can be leaned on, the second reads the SLOs.

mod declared;
mod definition;
pub mod fidelity;
mod foreign;
mod format;
pub mod names;
mod openslo;
pub mod pairs;
mod percent;
pub mod promql;
mod pyrra;
mod selectors;
mod sloth;
mod slowburn;

use crate::config::decode::{Env, Value, decode, schema};
use crate::config::diagnostics::{Diagnostic, Diagnostics};
use crate::config::read::SECRETS;
use crate::config::yaml::{self, Kind, Mark, Node};
use crate::cores::on_all_cores;
use crate::domain::slo::Slo;
use declared::Declared;
use fidelity::Fidelity;
use format::Format;
use openslo::Pass;
pub use openslo::{annotations as openslo_annotations, severity as openslo_severity};
pub use slowburn::{NO_DATA_AFTER, VERSION};

/// What was read from all files.
#[derive(Debug, Default)]
pub struct Reading {
    pub slos: Vec<Slo>,
    /// A report on each SLO that was written in another format.
    pub fidelity: Vec<Fidelity>,
}

/// A file by its name in messages and in [`Slo::source`], and its content.
pub type SourceFile<'a> = (&'a str, &'a [u8]);

/// What documents of other formats lean on.
#[derive(Default)]
struct Gathered {
    windows: sloth::Catalogues,
    openslo: openslo::Library,
}

/// Reads the SLOs of several files, which may refer to one another; those with a mistake are left out, and all mistakes
/// go to `diagnostics`. `env` looks up `${NAME}`, which only slowburn's own format has.
pub fn read_files(files: &[SourceFile<'_>], env: Env<'_>, diagnostics: &mut Diagnostics) -> Reading {
    let mut opened = on_all_cores(files.to_vec(), || (), |(), (name, text)| Opened::new(name, text));
    let mut gathered = Gathered::default();
    for pass in [Pass::First, Pass::Second] {
        opened.iter_mut().for_each(|file| file.gather(pass, &mut gathered));
    }
    let mut reading = Reading::default();
    for (of_file, found) in on_all_cores(opened, || (), |(), file| file.read(env, &gathered)) {
        reading.slos.extend(of_file.slos);
        reading.fidelity.extend(of_file.fidelity);
        diagnostics.append(found);
    }
    reading
}

/// A file's documents, and what was found wrong with it so far.
struct Opened<'a> {
    name: &'a str,
    documents: Vec<Node>,
    diagnostics: Diagnostics,
}

impl<'a> Opened<'a> {
    fn new(name: &'a str, text: &[u8]) -> Self {
        let mut diagnostics = Diagnostics::new();
        Self { name, documents: documents(name, text, &mut diagnostics), diagnostics }
    }

    fn gather(&mut self, pass: Pass, gathered: &mut Gathered) {
        let Self { name, documents, diagnostics } = self;
        documents.iter().for_each(|document| gather(name, document, pass, gathered, diagnostics));
    }

    fn read(self, env: Env<'_>, gathered: &Gathered) -> (Reading, Diagnostics) {
        let Self { name, documents, mut diagnostics } = self;
        let (mut reading, mut declared) = (Reading::default(), Declared::default());
        for document in &documents {
            File { name, env, gathered }.read(document, &mut declared, &mut diagnostics, &mut reading);
        }
        (reading, diagnostics)
    }
}

/// Reads the SLOs of one file; see [`read_files`].
pub fn read_slos(file: &str, text: &[u8], env: Env<'_>, diagnostics: &mut Diagnostics) -> Vec<Slo> {
    read_files(&[(file, text)], env, diagnostics).slos
}

/// The documents of a file; a list of documents is as good as several.
fn documents(name: &str, text: &[u8], diagnostics: &mut Diagnostics) -> Vec<Node> {
    let errors_before = diagnostics.errors();
    let documents = yaml::load(text, name, diagnostics);
    let is_list = |items: &[Node]| items.iter().any(|item| item.get("apiVersion").is_some());
    let apart = |document: Node| match document.kind() {
        Kind::List(items) if is_list(items) => items.clone(),
        _ => vec![document],
    };
    let documents: Vec<Node> = documents.into_iter().filter(|document| !document.is_null()).flat_map(apart).collect();
    if documents.is_empty() && diagnostics.errors() == errors_before {
        let found = Diagnostic::warning(name, Mark::default(), "the file holds no SLO");
        diagnostics.push(found.help(format!("begin it with `version: {}`", slowburn::VERSION)));
    }
    documents
}

/// Texts of other formats stand as they are.
fn as_written(name: &str) -> Option<String> {
    Some(format!("${{{name}}}"))
}

fn gather(name: &str, document: &Node, pass: Pass, gathered: &mut Gathered, diagnostics: &mut Diagnostics) {
    match format::peek(document) {
        Some(Format::SlothWindows) if pass == Pass::First => decode(name, &as_written, diagnostics, |context| {
            gathered.windows.add(&context.value(document));
        }),
        Some(Format::OpenSlo) => decode(name, &as_written, diagnostics, |context| {
            gathered.openslo.add(&context.value(document), pass);
        }),
        _ => {}
    }
}

/// A file that is being read.
struct File<'a> {
    name: &'a str,
    env: Env<'a>,
    gathered: &'a Gathered,
}

impl File<'_> {
    fn read(&self, document: &Node, declared: &mut Declared, diagnostics: &mut Diagnostics, reading: &mut Reading) {
        let source = diagnostics.source(self.name).unwrap_or_default();
        let foreign = format::peek(document).is_some_and(Format::is_foreign);
        let env: Env<'_> = if foreign { &as_written } else { self.env };
        let (slos, fidelity) = decode(self.name, env, diagnostics, |context| {
            let root = context.value(document);
            // A pattern of file names may take in the main file.
            SECRETS.hide_in_foreign(&root);
            match format::recognise(&root) {
                Some(Format::Slowburn) => (slowburn::read(&root, &source, declared), Vec::new()),
                Some(format) => self.read_foreign(format, &root, &source, declared).into_iter().unzip(),
                None => (Vec::new(), Vec::new()),
            }
        });
        reading.slos.extend(slos);
        reading.fidelity.extend(fidelity);
    }

    fn read_foreign(
        &self,
        format: Format,
        root: &Value<'_>,
        source: &str,
        declared: &mut Declared,
    ) -> Vec<(Slo, Fidelity)> {
        match format {
            Format::Sloth => sloth::read(root, source, &self.gathered.windows, declared),
            Format::SlothResource => sloth::read_resource(root, source, &self.gathered.windows, declared),
            Format::Pyrra => pyrra::read(root, source, declared),
            Format::OpenSlo => openslo::read(root, source, &self.gathered.openslo, declared),
            Format::OpenSloAlpha => openslo::read_alpha(root, source, declared),
            // Gathered already, or not of this part.
            Format::SlothWindows | Format::Slowburn => Vec::new(),
        }
    }
}

/// The JSON Schema of slowburn's own format, made from the tables by which it is read.
pub fn json_schema() -> serde_json::Value {
    schema::json_schema(&slowburn::DOCUMENT, "slowburn SLO file")
}
