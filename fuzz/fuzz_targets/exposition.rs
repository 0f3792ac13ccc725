//! Any body, in both formats, twice: nothing panics, and what a reader has learned changes no result.
//!
//! The first byte chooses the options. The second pass of the same reader goes the ways of known series; a reader that
//! is new must agree with it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::selector::{Matchers, Selector};
use slowburn::source::exposition::{Entry, Format, SyntaxError, read};
use slowburn::source::reader::{ReadOutcome, ReaderOptions, SeriesReader};
use std::sync::Arc;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let format = if choice & 1 == 0 { Format::Text } else { Format::OpenMetrics };
    let every = read(body, format, |entry| {
        if let Entry::Sample { series, .. } = entry {
            assert!(!series.name().is_empty());
            assert!(series.labels().all(|(name, _)| !name.is_empty() && name != "__name__"));
        }
        Ok::<(), SyntaxError>(())
    });
    let new = || reader(*choice);
    let mut known = new();
    let first = known.read(body, format);
    // The label limit is the one thing that a reader refuses beyond the format.
    assert!(every.is_ok() || first.is_err());
    let half = body.len() / 2;
    let _ = known.read(&body[half..], format);
    assert_eq!(shown(&known.read(body, format)), shown(&first));
});

/// A result with NaN as text, so that it equals itself.
fn shown<E: std::fmt::Debug>(result: &Result<ReadOutcome, E>) -> String {
    format!("{result:?}")
}

fn reader(choice: u8) -> SeriesReader {
    let labels = Labels::new().with("job", "j").with("a", "1");
    let id = TargetId { job: "j".into(), instance: "i".into(), url: String::new() };
    let target = Target { id, labels, interval: Duration::from_secs(15) };
    let names = ["a", "a_total", "h_bucket", "h_count", "http.requests"];
    let selectors: Vec<Selector> =
        names.iter().map(|name| Selector { name: (*name).into(), matchers: Matchers::default() }).collect();
    let options = ReaderOptions {
        honor_labels: choice & 2 != 0,
        honor_timestamps: choice & 4 != 0,
        label_limit: if choice & 8 != 0 { 4 } else { 0 },
        process_start: true,
        ..ReaderOptions::default()
    };
    SeriesReader::new(Arc::new(target), selectors.into(), options)
}
