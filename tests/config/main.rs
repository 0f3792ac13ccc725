//! The main file: what is accepted, and what is said about each mistake.

mod accepted;
mod files;
mod mistakes;
mod mistakes_of_receivers;
mod properties;
mod schema;
mod secrets;
mod whole;

use slowburn::config::Config;
use slowburn::config::diagnostics::Diagnostics;
use slowburn::config::load::{LoadResult, check_text, load_text};

/// Variables of the tests' environment.
fn env(name: &str) -> Option<String> {
    match name {
        "LISTEN" => Some("127.0.0.1:1".to_owned()),
        "TIMEOUT" => Some("2s".to_owned()),
        "TOKEN" => Some("hunter2".to_owned()),
        "YES" => Some("true".to_owned()),
        _ => None,
    }
}

/// What is reported about a main file, a line for each mistake; the files that it names are not read.
fn mistakes(text: &str) -> Vec<String> {
    check(text).iter().map(ToString::to_string).collect()
}

fn check(text: &str) -> Diagnostics {
    check_text("slowburn.yaml", text.as_bytes(), &env)
}

/// The configuration of a main file without mistakes.
fn config(text: &str) -> Config {
    let LoadResult { config, diagnostics, .. } = load_text("slowburn.yaml".as_ref(), text.as_bytes(), &env);
    config.unwrap_or_else(|| panic!("{}", diagnostics.to_text()))
}

/// A main file that names a receiver, so that nothing is warned of, with more lines at its end.
fn with_receiver(more: &str) -> String {
    format!("route: {{receiver: r}}\nreceivers: [{{name: r}}]\n{more}")
}

/// A main file with one job, with more keys in it (indented by 4).
fn with_job(keys: &str) -> String {
    with_receiver(&format!("scrape_configs:\n  - job_name: a\n    static_configs: [{{targets: ['a:1']}}]\n{keys}"))
}
