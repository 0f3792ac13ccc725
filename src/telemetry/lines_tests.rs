//! Lines of both formats hold hostile text whole, and can't be forged by it.

use super::*;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `log` writes, line by line.
pub(crate) fn logged(format: LogFormat, log: impl FnOnce()) -> Vec<String> {
    let sink = Sink::default();
    let writer = sink.clone();
    let lines = Lines::new(format, move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
    let bytes = sink.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

const HOSTILE: &str = "a\"b\\ c\nlevel=error msg=forged\r\t\u{1b}[2J\u{9b}\u{202e}\u{2028}\0é";

fn hostile_event() {
    let span = tracing::info_span!("outer", request_id = "r1", path = "outer");
    let inner = tracing::info_span!(parent: &span, "inner", path = HOSTILE, later = tracing::field::Empty);
    let _in = inner.enter();
    inner.record("later", 7);
    tracing::info!(level = "mine", n = -3, share = 0.5, ok = true, "it {}", "works\nwell");
}

#[test]
fn json_lines_are_flat_objects_and_hold_hostile_text_whole() {
    let lines = logged(LogFormat::Json, hostile_event);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let value: Value = serde_json::from_str(&lines[0]).unwrap();
    let time = value["time"].as_str().unwrap();
    assert!(Timestamp::parse(time).is_some() && time.ends_with('Z'), "{time}");
    for (key, expected) in [
        ("level", "info".into()),
        ("msg", "it works\nwell".into()),
        ("target", "slowburn::telemetry::lines::tests".into()),
        ("request_id", "r1".into()),
        ("path", HOSTILE.into()),
        ("later", Value::from(7)),
        ("field_level", "mine".into()),
        ("n", Value::from(-3)),
        ("share", Value::from(0.5)),
        ("ok", Value::from(true)),
    ] {
        assert_eq!(value[key], expected, "{key}");
    }
}

#[test]
fn logfmt_lines_can_not_be_forged() {
    let lines = logged(LogFormat::Logfmt, hostile_event);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (_, rest) = lines[0].split_once(' ').unwrap();
    assert_eq!(
        rest,
        "level=info msg=\"it works\\nwell\" target=slowburn::telemetry::lines::tests request_id=r1 \
         path=\"a\\\"b\\\\ c\\nlevel=error msg=forged\\r\\t\\u001b[2J\\u009b\\u202e\\u2028\\u0000é\" later=7 \
         field_level=mine n=-3 share=0.5 ok=true"
    );
}

#[test]
fn an_error_is_told_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);
    let error = Outer(io::Error::other("the cause"));
    let lines = logged(LogFormat::Logfmt, || {
        tracing::warn!(error = &error as &(dyn std::error::Error + 'static), "failed");
    });
    assert!(lines[0].ends_with("error=\"outer: the cause\""), "{lines:?}");
}

#[test]
fn empty_values_are_quoted() {
    let lines = logged(LogFormat::Logfmt, || tracing::info!(reason = "", "x"));
    assert!(lines[0].ends_with("msg=x target=slowburn::telemetry::lines::tests reason=\"\""), "{lines:?}");
}
