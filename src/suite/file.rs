//! Reads test files and the SLOs that they test.

use super::keys::FILE;
use super::{cases, values};
use crate::config::decode::{Context, Env, Value, decode};
use crate::config::diagnostics::{Diagnostic, Diagnostics};
use crate::config::{load, yaml};
use crate::domain::labels::{Labels, Series as SeriesName};
use crate::domain::setup::Setup;
use crate::domain::slo::SloId;
use crate::domain::time::{Timestamp, format_duration};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Stands for a figure that there must not be.
pub const NONE: &str = "none";

/// promtool's own default.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

/// Base of links where no main file says another.
const DEFAULT_URL: &str = "http://localhost:9490";

/// One test file, checked.
#[derive(Debug)]
pub struct Suite {
    /// The SLOs, and how often they are evaluated.
    pub setup: Setup,
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Debug)]
pub struct Test {
    pub name: String,
    pub line: u32,
    pub interval: Duration,
    pub start: Timestamp,
    pub series: Vec<Series>,
    pub alerts: Vec<AlertTest>,
    pub slos: Vec<SloTest>,
    pub external_labels: Option<Labels>,
    pub external_url: Option<String>,
}

/// What a target shows under one name, from the start on.
#[derive(Debug)]
pub struct Series {
    pub name: SeriesName,
    pub values: Vec<values::Value>,
}

/// Where an expectation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub line: u32,
    pub column: u32,
    /// Counted from the start.
    pub eval_time: Duration,
}

/// The alerts of one name that must fire.
#[derive(Debug)]
pub struct AlertTest {
    pub at: Watched,
    pub alertname: String,
    pub expected: Vec<Alert>,
}

/// One of them.
#[derive(Debug)]
pub struct Alert {
    /// All labels, `alertname` among them.
    pub labels: Labels,
    pub annotations: Labels,
}

/// What an SLO must look like.
#[derive(Debug)]
pub struct SloTest {
    pub at: Watched,
    pub slo: SloId,
    /// `None`: the only budget there is.
    pub group: Option<Labels>,
    pub state: Option<String>,
    pub figures: Vec<(Figure, Expected)>,
    pub tolerance: f64,
}

/// A number of an SLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    BudgetRemaining,
    SliRatio,
    Good,
    Bad,
    Total,
    Coverage,
    BurnRate(Duration),
}

pub(super) const FIGURES: [(&str, Figure); 6] = [
    ("budget_remaining", Figure::BudgetRemaining),
    ("sli_ratio", Figure::SliRatio),
    ("good", Figure::Good),
    ("bad", Figure::Bad),
    ("total", Figure::Total),
    ("coverage", Figure::Coverage),
];

/// The key under which a test file says it.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::BurnRate(window) = self {
            return write!(f, "burn_rates.{}", format_duration(*window));
        }
        let known = FIGURES.iter().find(|(_, figure)| figure == self);
        f.write_str(known.map_or("", |(key, _)| key))
    }
}

/// `None` where there must be no figure.
pub type Expected = Option<f64>;

/// What a test file says is tested.
enum Tested {
    Config(PathBuf),
    SloFiles(Vec<PathBuf>),
}

/// Reads a test file and all that it names; `None` when there is an error, which is among the diagnostics then.
pub fn read(file: &str, text: &[u8], env: Env<'_>, diagnostics: &mut Diagnostics) -> Option<Suite> {
    let documents = yaml::load(text, file, diagnostics);
    let tested = decode(file, env, diagnostics, |context| tested(context, &documents))?;
    let setup = load_tested(&tested, env, diagnostics);
    let suite = decode(file, env, diagnostics, |context| {
        let map = context.value(document(&documents)?).map(&FILE)?;
        cases::suite(&map, setup)
    });
    diagnostics.sort();
    suite.filter(|_| !diagnostics.has_errors())
}

fn document(documents: &[yaml::Node]) -> Option<&yaml::Node> {
    documents.iter().find(|document| !document.is_null())
}

/// Looks for the SLOs before anything else is read, for the tests are checked against them.
fn tested(context: &Context<'_>, documents: &[yaml::Node]) -> Option<Tested> {
    let mut all = documents.iter().filter(|document| !document.is_null());
    let Some(first) = all.next() else {
        if context.errors() == 0 {
            let empty = Diagnostic::error(context.file(), Default::default(), "the file is empty");
            context.push(empty.help("write slo_files and tests; docs/testing-slos.md shows how"));
        }
        return None;
    };
    if let Some(second) = all.next() {
        context.value(second).error("a test file holds one document only", "write all tests into one list");
    }
    let root = context.value(first);
    let entries = root.entries()?;
    let find = |wanted: &str| entries.iter().find(|(key, _, value)| *key == wanted && !value.node().is_null());
    match (find("config"), find("slo_files")) {
        (Some((_, _, config)), None) => existing(config).map(Tested::Config),
        (None, Some((_, _, files))) => Some(Tested::SloFiles(load::slo_files(context, files.list()?))),
        (Some(_), Some((_, _, files))) => {
            files.error("only one of `config`, `slo_files` can be given", "keep one of the two");
            None
        }
        (None, None) => {
            // An unknown key may be the one that was meant, so all are looked at.
            let errors = context.errors();
            root.map(&FILE);
            if context.errors() == errors {
                root.error("nothing is tested", "add slo_files: [slos.yaml], or config: slowburn.yaml");
            }
            None
        }
    }
}

fn existing(value: &Value<'_>) -> Option<PathBuf> {
    let path = value.path_buf()?;
    if path.is_file() {
        return Some(path);
    }
    value.error("there is no such file", "check the path; it is relative to the file that names it");
    None
}

/// The SLOs with what decides about them; `None` when they have a mistake.
fn load_tested(tested: &Tested, env: Env<'_>, diagnostics: &mut Diagnostics) -> Option<Setup> {
    let setup = match tested {
        Tested::Config(path) => {
            let name = path.display().to_string();
            let text = yaml::read_file(path).map_err(|error| {
                let message = format!("can't read the file: {error}");
                diagnostics.push(Diagnostic::error(&name, Default::default(), message).help("make it readable"));
            });
            load::load_into(path, &text.ok()?, env, diagnostics).config?.setup
        }
        Tested::SloFiles(files) => Setup {
            slos: load::load_slos(files, env, diagnostics).into_iter().map(Arc::new).collect(),
            jobs: BTreeMap::new(),
            watched_jobs: None,
            evaluation_interval: DEFAULT_INTERVAL,
            external_url: DEFAULT_URL.to_owned(),
            external_labels: Labels::new(),
            route: None,
            receivers: Vec::new(),
        },
    };
    // Nobody is told of a test, and its jobs come under watch with their first samples.
    let quiet = Setup { watched_jobs: None, route: None, receivers: Vec::new(), ..setup };
    (!diagnostics.has_errors()).then_some(quiet)
}
