//! One line for each event.

use super::LogFormat;
use crate::clock;
use crate::domain::time::Timestamp;
use serde_json::Value;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The layer that writes lines.
pub struct Lines<W> {
    format: LogFormat,
    writer: W,
}

impl<W> Lines<W> {
    pub fn new(format: LogFormat, writer: W) -> Self {
        Self { format, writer }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                outer.0.iter().for_each(|(name, value)| fields.set(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let line = line(self.format, clock::now(), event.metadata().level(), event.metadata().target(), fields);
        // There is nowhere left to tell that standard error is closed.
        self.writer.make_writer().write_all(line.as_bytes()).ok();
    }
}

/// Names and values in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(index).1)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), Value::String(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    /// The whole chain of causes: a log is where an error is told once and in full.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        self.set(field.name(), Value::String(text));
    }
}

fn line(format: LogFormat, at: Timestamp, level: &Level, target: &str, mut fields: Fields) -> String {
    let message = fields.take("message").unwrap_or_else(|| Value::String(String::new()));
    let mut line = Line { format, text: String::with_capacity(256) };
    line.pair("time", &Value::String(at.to_string()));
    line.pair("level", &Value::String(level.as_str().to_ascii_lowercase()));
    line.pair("msg", &message);
    line.pair("target", &Value::String(target.to_owned()));
    for (name, value) in &fields.0 {
        match *name {
            "time" | "level" | "msg" | "target" => line.pair(&format!("field_{name}"), value),
            _ => line.pair(name, value),
        }
    }
    line.finish()
}

struct Line {
    format: LogFormat,
    text: String,
}

impl Line {
    fn pair(&mut self, name: &str, value: &Value) {
        let first = self.text.is_empty();
        match self.format {
            LogFormat::Json => {
                self.text.push(if first { '{' } else { ',' });
                quoted(&mut self.text, name);
                self.text.push(':');
            }
            LogFormat::Logfmt => {
                self.text.push_str(if first { "" } else { " " });
                self.text.push_str(name);
                self.text.push('=');
            }
        }
        match value {
            Value::String(text) if self.format == LogFormat::Logfmt && bare(text) => self.text.push_str(text),
            Value::String(text) => quoted(&mut self.text, text),
            other => self.text.push_str(&other.to_string()),
        }
    }

    fn finish(mut self) -> String {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text
    }
}

/// Whether logfmt needs no quotes.
fn bare(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| matches!(c, ' ' | '"' | '=' | '\\') || deceives(c))
}

/// Characters that end a line somewhere, steer a terminal or reorder text.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON string; logfmt's readers know the same escapes.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // All of these lie in the basic plane, so four digits are enough. Writing to a string never fails.
            c if deceives(c) => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or(()),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
#[path = "lines_tests.rs"]
pub(crate) mod tests;
