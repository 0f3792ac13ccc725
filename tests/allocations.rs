//! What reading a body again allocates: the same for few series and for many.
//!
//! One test alone, for the heap is counted for the process as a whole.

use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::selector_text::parse_selector;
use slowburn::source::exposition::Format;
use slowburn::source::reader::{ReaderOptions, SeriesReader};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

fn reader() -> SeriesReader {
    let id = TargetId { job: "j".into(), instance: "i".into(), url: String::new() };
    let target = Target { id, labels: Labels::new().with("job", "j"), interval: Duration::from_secs(15) };
    let selectors = [parse_selector("requests_total").expect("a selector")];
    SeriesReader::new(Arc::new(target), selectors.into_iter().collect(), ReaderOptions::default())
}

/// Counters of so many routes, each selected, and as many that nobody wants.
fn body(series: usize, count: usize) -> Vec<u8> {
    let mut text = "# TYPE requests_total counter\n".to_owned();
    for i in 0..series {
        writeln!(text, "requests_total{{route=\"/r/{i}\",code=\"200\"}} {}", count + i).expect("a string");
    }
    text.push_str("# TYPE others_total counter\n");
    for i in 0..series {
        writeln!(text, "others_total{{route=\"/r/{i}\"}} {}", count + i).expect("a string");
    }
    text.into_bytes()
}

/// Blocks that a third scrape allocates.
fn blocks(series: usize) -> u64 {
    let mut reader = reader();
    let bodies = [1, 20, 300].map(|count| body(series, count));
    let mut read = |body: &[u8]| reader.read(body, Format::Text).expect("a right body").reading.samples.len();
    assert_eq!([read(&bodies[0]), read(&bodies[1])], [series; 2]);
    let before = dhat::HeapStats::get().total_blocks;
    assert_eq!(read(&bodies[2]), series);
    dhat::HeapStats::get().total_blocks - before
}

#[test]
fn a_known_series_allocates_nothing() {
    let _counted = dhat::Profiler::builder().testing().build();
    let (few, many) = (blocks(100), blocks(10_000));
    assert_eq!(few, many, "blocks for 100 and for 10 000 series");
    assert!(few < 20, "{few} blocks");
}
