//! Any `/metrics` body, in both formats: nothing panics, what a reader has learned changes no result, and what it gives
//! is what the walk over all entries gives.
//!
//! The first byte chooses the format and the options, the rest is the body. A reader that knows a body's series goes
//! ways of its own; one that knows other series, or the same ones in another order, must agree with one that is new.

use slowburn::config::scrape::{RelabelAction, RelabelConfig};
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::selector::{Matchers, Selector};
use slowburn::source::exposition::{Entry, Format, SyntaxError, read};
use slowburn::source::reader::{ReadError, ReadOutcome, ReaderOptions, SeriesReader};
use std::sync::Arc;
use std::time::Duration;

const NAMES: [&str; 5] = ["a", "a_total", "h_bucket", "h_count", "http.requests"];
/// The options that the first byte chooses, besides the format.
const HONOR_LABELS: u8 = 2;
const HONOR_TIMESTAMPS: u8 = 4;
const LIMITS: u8 = 8;
const RELABELS: u8 = 16;

pub fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let format = if choice & 1 == 0 { Format::Text } else { Format::OpenMetrics };
    let mut learner = reader(*choice);
    let first = learner.read(body, format);
    match (walk(body, format), &first) {
        (Ok(walked), Ok(outcome)) if choice & RELABELS == 0 => agree(&walked, outcome),
        (Err(error), Ok(_)) => panic!("read although {error}"),
        (Ok(_), Err(ReadError::Syntax(error))) => panic!("refused for {error}"),
        _ => {}
    }
    let first = shown(&first);
    assert_eq!(shown(&learner.read(body, format)), first, "the series are known");
    let (head, tail) = body.split_at(body.len() / 2);
    let mut other = reader(*choice);
    for part in [tail, head] {
        let _ = (learner.read(part, format), other.read(part, format));
    }
    assert_eq!(shown(&learner.read(body, format)), first, "the series are known in another order");
    assert_eq!(shown(&other.read(body, format)), first, "other series are known");
}

/// The samples of a body, entry by entry.
struct Walked {
    samples: u64,
    /// The names and values of those that somebody wants.
    wanted: Vec<(String, u64)>,
}

fn walk(body: &[u8], format: Format) -> Result<Walked, SyntaxError> {
    let mut walked = Walked { samples: 0, wanted: Vec::new() };
    read(body, format, |entry| {
        if let Entry::Sample { series, point } = entry {
            let name = series.name();
            assert!(!name.is_empty());
            assert!(series.labels().all(|(name, _)| !name.is_empty() && name != "__name__"));
            walked.samples += 1;
            if NAMES.contains(&&*name) {
                walked.wanted.push((name.into_owned(), point.value.to_bits()));
            }
        }
        Ok::<(), SyntaxError>(())
    })?;
    Ok(walked)
}

/// A reading is what was walked without repetitions, in its order.
fn agree(walked: &Walked, outcome: &ReadOutcome) {
    assert_eq!(outcome.samples, walked.samples);
    let read = outcome.reading.samples.iter().map(|sample| (sample.series.name.clone(), sample.value.to_bits()));
    if outcome.warning.is_none() {
        assert!(read.eq(walked.wanted.iter().cloned()));
    } else {
        let mut wanted = walked.wanted.iter();
        assert!(read.len() < wanted.len());
        assert!(read.into_iter().all(|sample| wanted.any(|found| *found == sample)));
    }
}

/// A result with NaN as text, so that it equals itself.
fn shown(result: &Result<ReadOutcome, ReadError>) -> String {
    format!("{result:?}")
}

fn reader(choice: u8) -> SeriesReader {
    let labels = Labels::new().with("job", "j").with("a", "1");
    let id = TargetId { job: "j".into(), instance: "i".into(), url: String::new() };
    let target = Target { id, labels, interval: Duration::from_secs(15) };
    let selectors: Vec<Selector> =
        NAMES.iter().map(|name| Selector { name: (*name).into(), matchers: Matchers::default() }).collect();
    let limits = choice & LIMITS != 0;
    let options = ReaderOptions {
        honor_labels: choice & HONOR_LABELS != 0,
        honor_timestamps: choice & HONOR_TIMESTAMPS != 0,
        label_limit: if limits { 4 } else { 0 },
        sample_limit: if limits { 10 } else { 0 },
        label_value_length_limit: if limits { 20 } else { 0 },
        metric_relabel: if choice & RELABELS != 0 { relabels() } else { Vec::new() },
        process_start: true,
        ..ReaderOptions::default()
    };
    SeriesReader::new(Arc::new(target), selectors.into(), options)
}

/// One step that drops series, and one that renames them.
fn relabels() -> Vec<RelabelConfig> {
    let step = |action, source: &str, regex: &str, target: &str| RelabelConfig {
        source_labels: vec![source.into()],
        separator: ";".into(),
        regex: regex::Regex::new(&format!("^(?s:{regex})$")).expect("the expression is fixed"),
        target_label: target.into(),
        replacement: "$1".into(),
        modulus: 0,
        action,
    };
    vec![
        step(RelabelAction::Drop, "b", "1.*", ""),
        step(RelabelAction::Replace, "__name__", "(?:x_)*(.*?)(?:_y)*", "__name__"),
    ]
}
