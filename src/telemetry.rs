//! Logs: structured, to standard error, JSON or logfmt.
//!
//! A line is one event: its time, level, target and message, the fields of the spans around it from the outside in, and
//! its own fields. Of a name that comes twice the innermost value is kept. Control characters are escaped in both
//! formats, so text from outside (a path, a target's error) can neither end a line nor forge one.

mod lines;

use lines::Lines;
#[cfg(test)]
pub(crate) use lines::tests::logged;
use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `time=… level=info msg="…" key=value`.
    #[default]
    Logfmt,
    /// One flat object.
    Json,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("log level {0:?}: it is one of debug, info, warn, error, or directives such as info,slowburn::web=debug")]
    Level(String),
    #[error("log level {0:?} can't be read")]
    Directives(String, #[source] ParseError),
    #[error("logging was set up twice")]
    Twice(#[source] TryInitError),
}

/// Sends all logs of this process to standard error from now on.
///
/// `level` is `debug`, `info`, `warn` or `error`, or tracing's directives (`info,slowburn::web=debug`).
pub fn init(format: LogFormat, level: &str) -> Result<(), Error> {
    let filter = filter(level)?;
    let lines = Lines::new(format, io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).try_init().map_err(Error::Twice)
}

/// A plain `debug` means slowburn's own details; those of its libraries need a directive.
fn filter(level: &str) -> Result<EnvFilter, Error> {
    let directives = match level {
        "debug" | "trace" => format!("info,slowburn={level}"),
        "info" | "warn" | "error" | "off" => level.to_owned(),
        // A single unknown word would be taken for a target's name, and a misspelt level would switch everything off.
        _ if !level.contains('=') => return Err(Error::Level(level.to_owned())),
        _ => level.to_owned(),
    };
    EnvFilter::builder().parse(directives).map_err(|source| Error::Directives(level.to_owned(), source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_directives_are_read_and_typos_are_not() {
        for (level, good) in [
            ("debug", true),
            ("info", true),
            ("warn", true),
            ("error", true),
            ("info,slowburn::web=debug", true),
            ("verbose", false),
            ("", false),
            ("INFO", false),
            ("slowburn=loud", false),
        ] {
            assert_eq!(filter(level).is_ok(), good, "{level:?}");
        }
    }
}
