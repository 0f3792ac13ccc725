//! Decodes the main file, one file for each element; the checked types are those of [`super`].
//!
//! Decoders ask for every key of their table, report what is wrong, and fall back to defaults so that one mistake does
//! not hide another. Whether the result may be used is decided at the end by the errors reported.

pub mod email;
pub mod global;
pub mod http_config;
pub mod receiver;
pub mod relabel;
pub mod route;
pub mod scrape;
pub mod sd;
pub mod secret;
pub mod server;
pub mod slack;
pub mod tls;
pub mod webhook;

use super::decode::{Context, Field, Refused, SecretKeys, Shape, Table, Value};
use super::yaml::Node;
use super::{Storage, Web};
use crate::config::diagnostics::Diagnostic;
use crate::config::receiver::Receiver;
use crate::config::scrape::ScrapeConfig;
use crate::domain::setup::Route;
use global::Globals;
use std::sync::LazyLock;

/// The keys of `slowburn.yaml`.
pub static MAIN: Table = Table {
    title: "config",
    fields: &[
        Field::opt("global", Shape::Map(&global::GLOBAL), "defaults for all jobs and receivers"),
        Field::opt("slo_files", Shape::List(&Shape::Path), "files with SLOs; paths or globs, relative to this file"),
        Field::opt(
            "scrape_configs",
            Shape::List(&Shape::Map(&scrape::SCRAPE)),
            "jobs: which targets are read, and how",
        ),
        Field::opt("storage", Shape::Map(&server::STORAGE), "where counts and alert states are kept"),
        Field::opt("route", Shape::Map(&route::ROUTE), "who is told of which alerts"),
        Field::opt("receivers", Shape::List(&Shape::Map(&receiver::RECEIVER)), "the channels that alerts are sent to"),
        Field::opt("web", Shape::Map(&server::WEB), "the status page and API"),
    ],
    refused: &[
        Refused::new(
            "rule_files",
            "is Prometheus's: slowburn evaluates no rules",
            "declare SLOs in files named by slo_files",
        ),
        Refused::new("alerting", "is Prometheus's: slowburn sends alerts itself", "use route and receivers"),
        Refused::new(
            "remote_write",
            "is not supported",
            "remove it; /metrics shows every SLO's figures to other systems",
        ),
        Refused::new("remote_read", "is not supported", "remove it and scrape the targets under scrape_configs"),
        Refused::new("scrape_config_files", "is not supported", "put the jobs under scrape_configs"),
        Refused::new("tracing", "is not supported", "remove it"),
        Refused::new("otlp", "is not supported", "remove it"),
        Refused::new("runtime", "is Prometheus's own tuning", "remove it"),
        Refused::new("templates", "is not supported: messages have a fixed form", "remove it"),
        Refused::new(
            "inhibit_rules",
            "is not supported yet: page and ticket of an SLO are both sent",
            "remove it, and route severity=\"ticket\" to a receiver that wakes nobody",
        ),
        Refused::new(
            "mute_time_intervals",
            "is not supported",
            "remove it; planned work goes under an SLO's maintenance",
        ),
        Refused::new("time_intervals", "is not supported", "remove it; planned work goes under an SLO's maintenance"),
    ],
};

/// What is secret in `slowburn.yaml`.
pub static SECRETS: LazyLock<SecretKeys> = LazyLock::new(|| SecretKeys::of(&MAIN));

/// What the main file says, its SLO files not read yet.
pub struct MainFile {
    pub globals: Globals,
    pub scrape_configs: Vec<ScrapeConfig>,
    pub storage: Storage,
    pub route: Option<Route>,
    pub receivers: Vec<Receiver>,
    pub web: Web,
}

/// Decodes the documents of the main file, of which there must be one; beside it the items of `slo_files`.
pub fn main_file<'a>(context: &'a Context<'a>, documents: &'a [Node]) -> Option<(MainFile, Vec<Value<'a>>)> {
    documents.iter().for_each(|document| SECRETS.hide_in(&context.value(document)));
    let first = documents.iter().find(|document| !document.is_null());
    let Some(first) = first else {
        if context.errors() == 0 {
            let empty = Diagnostic::error(context.file(), Default::default(), "the file is empty");
            context.push(empty.help("slowburn init URL writes a first one"));
        }
        return None;
    };
    if let [_, second, ..] = documents {
        context.value(second).error("the main file holds one document only", "remove the line --- and what follows");
    }
    let root = context.value(first);
    let map = root.map(&MAIN)?;
    let globals = global::read(map.get("global").as_ref());
    let receivers = map.get("receivers").map(|list| receiver::read_all(&list, &globals)).unwrap_or_default();
    let route = map.get("route").and_then(|route| route::read(&route, &receivers));
    if !map.has("route") {
        let help = match receivers.is_empty() {
            true => "add route and receivers",
            false => "add route: {receiver: …}",
        };
        root.warn_at_key("route", "there is no route: alerts show on the page only, nobody is told", help);
    }
    let slo_files = map.get("slo_files").and_then(|list| list.list()).unwrap_or_default();
    let main = MainFile {
        scrape_configs: map.get("scrape_configs").map(|l| scrape::read_all(&l, &globals)).unwrap_or_default(),
        storage: server::storage(context, map.get("storage").as_ref()),
        web: server::web(map.get("web").as_ref()),
        globals,
        route,
        receivers: receivers.into_iter().map(|named| named.receiver).collect(),
    };
    Some((main, slo_files))
}
