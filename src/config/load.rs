//! Reads the main file and all it names into one checked [`Config`], or into all mistakes of all files.
//!
//! A file that can't be read at all, named on the command line, is an error of its own: it is a mistake of the command,
//! not of the configuration.

use super::auth::HttpConfig;
use super::decode::{Context, Env, NeededFile, Value, decode};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::read::{self, MainFile};
use super::yaml::{self, FileError, Mark};
use super::{Config, checks, glob};
use crate::domain::setup::{IntegrationSpec, ReceiverSpec, Setup};
use crate::domain::slo::Slo;
use crate::spec::{self, Reading, fidelity::Fidelity};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What reading came to.
#[derive(Debug)]
pub struct LoadResult {
    /// Given when there is no error.
    pub config: Option<Config>,
    pub diagnostics: Diagnostics,
    /// What became of each SLO that was written in another format.
    pub fidelity: Vec<Fidelity>,
    /// All files that were read, the main file first; for watching.
    pub files: Vec<PathBuf>,
}

/// What reading came to besides diagnostics, see [`LoadResult`].
#[derive(Debug)]
pub struct Loaded {
    pub config: Option<Config>,
    pub fidelity: Vec<Fidelity>,
    pub files: Vec<PathBuf>,
}

/// Why the main file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("can't read {path}: {error}")]
pub struct Unreadable {
    path: String,
    error: FileError,
}

/// Reads everything from the main file `path` on.
pub fn load(path: &Path, env: Env<'_>) -> Result<LoadResult, Unreadable> {
    let name = path.display().to_string();
    let text = yaml::read_file(path).map_err(|error| Unreadable { path: name.clone(), error })?;
    Ok(load_text(path, &text, env))
}

/// As [`load`], with the main file's text given; the files that it names are read.
pub fn load_text(path: &Path, text: &[u8], env: Env<'_>) -> LoadResult {
    let mut diagnostics = Diagnostics::new();
    let Loaded { config, fidelity, files } = load_into(path, text, env, &mut diagnostics);
    LoadResult { config, diagnostics, fidelity, files }
}

/// As [`load_text`], adding to what was found in other files; a configuration is given when none has an error.
pub fn load_into(path: &Path, text: &[u8], env: Env<'_>, diagnostics: &mut Diagnostics) -> Loaded {
    let name = path.display().to_string();
    let documents = yaml::load(text, &name, diagnostics);
    let (main, slo_files, needed) = decode(&name, env, diagnostics, |context| {
        let found = read::main_file(context, &documents);
        let (main, slo_files) = found.map_or((None, Vec::new()), |(main, files)| (Some(main), files));
        (main, self::slo_files(context, slo_files), context.take_needed())
    });
    check_needed(needed, diagnostics);
    let Reading { slos, fidelity } = read_slo_files(&slo_files, env, diagnostics);
    let mut files = vec![path.to_owned()];
    files.extend(slo_files);
    let config = main.map(|main| {
        checks::duplicate_ids(&slos, diagnostics);
        if !checks::bad_jobs(&name, diagnostics) {
            checks::known_jobs(&slos, &main.scrape_configs, &name, diagnostics);
        }
        checks::any_slos(&slos, &name, diagnostics);
        assemble(main, slos, path)
    });
    diagnostics.sort();
    Loaded { config: config.filter(|_| !diagnostics.has_errors()), fidelity, files }
}

/// Reads SLO files without a main file, as tests of SLOs do; no two SLOs may have one name.
pub fn load_slos(files: &[PathBuf], env: Env<'_>, diagnostics: &mut Diagnostics) -> Vec<Slo> {
    let Reading { slos, .. } = read_slo_files(files, env, diagnostics);
    checks::duplicate_ids(&slos, diagnostics);
    slos
}

/// Reads a file that holds the keys of an `http_config`, for commands that ask a server.
pub fn http_config(name: &str, text: &[u8], env: Env<'_>, diagnostics: &mut Diagnostics) -> Option<HttpConfig> {
    let documents = yaml::load(text, name, diagnostics);
    let (config, needed) = decode(name, env, diagnostics, |context| {
        let root = documents.iter().find(|document| !document.is_null());
        (root.map(|root| read::http_config::read(&context.value(root))), context.take_needed())
    });
    check_needed(needed, diagnostics);
    config
}

/// Decodes the main file's text alone, without reading the files that it names; for editors and fuzzing.
pub fn check_text(name: &str, text: &[u8], env: Env<'_>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let documents = yaml::load(text, name, &mut diagnostics);
    decode(name, env, &mut diagnostics, |context| {
        read::main_file(context, &documents);
    });
    diagnostics.sort();
    diagnostics
}

/// The files that the paths and patterns of `slo_files` name, each once, in their order.
pub fn slo_files(context: &Context<'_>, values: Vec<Value<'_>>) -> Vec<PathBuf> {
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    for value in &values {
        let Some(text) = value.nonempty() else { continue };
        let found = matching(value, &text, &context.resolve(&text));
        files.extend(found.into_iter().filter(|file| seen.insert(file.clone())));
    }
    files
}

fn matching(value: &Value<'_>, text: &str, path: &Path) -> Vec<PathBuf> {
    if !glob::is_pattern(text) || path.is_file() {
        if path.is_dir() {
            value.error("this is a directory", format!("write {}/*.yaml", text.trim_end_matches('/')));
        } else if !path.exists() {
            value.error("there is no such file", "check the path; it is relative to the file that names it");
        }
        return if path.is_file() { vec![path.to_owned()] } else { Vec::new() };
    }
    match glob::find(path) {
        Ok(found) => {
            if found.is_empty() {
                value.warn("no file matches", "check the path; it is relative to the file that names it");
            }
            found
        }
        Err(problem) => {
            value.error("not a pattern of file names", problem);
            Vec::new()
        }
    }
}

/// Secrets and certificates must be there before anything starts.
fn check_needed(needed: Vec<NeededFile>, diagnostics: &mut Diagnostics) {
    for NeededFile { path, report } in needed {
        match yaml::read_file(&path) {
            Ok(content) if content.iter().all(u8::is_ascii_whitespace) => {
                diagnostics.push(report.because("the file is empty").help("write the secret into it"));
            }
            Ok(_) => {}
            Err(error) => {
                let message = format!("can't read {}: {error}", path.display());
                diagnostics.push(report.because(message).help("create it, or make it readable for slowburn"));
            }
        }
    }
}

fn read_slo_files(paths: &[PathBuf], env: Env<'_>, diagnostics: &mut Diagnostics) -> Reading {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        match yaml::read_file(path) {
            Ok(text) => files.push((name, text)),
            Err(error) => {
                let found = Diagnostic::error(&name, Mark::default(), format!("can't read the file: {error}"));
                diagnostics.push(found.help("make it a readable file, or leave it out of slo_files"));
            }
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    spec::read_files(&files, env, diagnostics)
}

fn assemble(main: MainFile, mut slos: Vec<Slo>, path: &Path) -> Config {
    // The order in which everything is shown.
    slos.sort_by(|a, b| a.id.cmp(&b.id));
    let mut global = main.globals.global;
    global.external_url_by_default = main.globals.external_url.is_none();
    global.external_url = main.globals.external_url.unwrap_or_else(|| read::server::default_url(main.web.listen));
    let setup = Setup {
        slos: slos.into_iter().map(Arc::new).collect(),
        jobs: main.scrape_configs.iter().map(|job| (job.job_name.clone(), job.policy)).collect(),
        watched_jobs: Some(main.scrape_configs.iter().map(|job| job.job_name.clone()).collect()),
        evaluation_interval: global.evaluation_interval,
        external_url: global.external_url.clone(),
        external_labels: global.external_labels.clone(),
        route: main.route,
        receivers: main.receivers.iter().map(receiver_spec).collect(),
    };
    Config {
        global,
        scrape_configs: main.scrape_configs,
        storage: main.storage,
        receivers: main.receivers,
        web: main.web,
        setup,
        path: path.to_owned(),
    }
}

fn receiver_spec(receiver: &super::receiver::Receiver) -> ReceiverSpec {
    let channels = |kind: &str, send_resolved: Vec<bool>| -> Vec<IntegrationSpec> {
        let spec = |(index, send_resolved)| IntegrationSpec { kind: kind.to_owned(), index, send_resolved };
        send_resolved.into_iter().enumerate().map(spec).collect()
    };
    let slack = channels("slack", receiver.slack.iter().map(|c| c.send_resolved).collect());
    let email = channels("email", receiver.email.iter().map(|c| c.send_resolved).collect());
    let webhook = channels("webhook", receiver.webhook.iter().map(|c| c.send_resolved).collect());
    ReceiverSpec { name: receiver.name.clone(), integrations: [slack, email, webhook].concat() }
}
