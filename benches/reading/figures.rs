//! The readers of the benchmark, over one body of 100 000 series.

use crate::support::body::{METRICS, SERIES, body};
use crate::support::measure::median;
use crate::support::traffic::STEP;
use slowburn::clock;
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::selection::Selection;
use slowburn::domain::selector_text::parse_selector;
use slowburn::source::exposition::Format;
use slowburn::source::reader::{ReaderOptions, SeriesReader};
use std::sync::Arc;
use std::time::Duration;

const SERVICES: usize = 100_000 / SERIES;
/// More than the caches of the processor hold.
const MEMORY: usize = 512 << 20;

/// One way of reading the body.
pub struct Figure {
    pub name: &'static str,
    pub megabytes_per_second: f64,
}

/// Measures every way, each in some seconds.
pub fn figures() -> Vec<Figure> {
    let now = clock::now();
    let bodies: Vec<Vec<u8>> = (0..4).map(|scrape| body(0..SERVICES, 1, now + STEP * scrape)).collect();
    let body = &bodies[0];
    let text = std::str::from_utf8(body).unwrap_or_default();
    let few: Vec<String> =
        (0..SERVICES).step_by(100).flat_map(|i| METRICS.map(|m| format!("{m}{{service=\"s{i:04}\"}}"))).collect();
    let few = selectors(few.iter().map(String::as_str));
    let all = selectors(METRICS.into_iter());
    let none = selectors(["absent_total"].into_iter());
    let mut figures = Vec::new();
    let mut add = |name, time: Duration| {
        let megabytes = body.len() as f64 / 1e6;
        figures.push(Figure { name, megabytes_per_second: megabytes / time.as_secs_f64() });
    };
    for (first, steady, selectors) in [
        ("0 % wanted, first", "0 % wanted, steady", &none),
        ("1 % wanted, first", "1 % wanted, steady", &few),
        ("100 % wanted, first", "100 % wanted, steady", &all),
    ] {
        add(first, median(|| read(&mut reader(selectors), body)));
        let (mut known, mut scrapes) = (reader(selectors), bodies.iter().cycle());
        read(&mut known, body);
        add(steady, median(|| scrapes.next().map(|body| read(&mut known, body))));
    }
    add(
        "prometheus-parse",
        median(|| prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).is_ok()),
    );
    add("line breaks only", median(|| lines(body).map(|line| usize::from(line[0])).sum::<usize>()));
    add("line breaks and a number each", median(|| last_words(text)));
    let memory = vec![3u8; MEMORY];
    let time = median(|| sum(&memory));
    figures.push(Figure { name: "memory, read once", megabytes_per_second: MEMORY as f64 / 1e6 / time.as_secs_f64() });
    figures
}

fn selectors<'t>(texts: impl Iterator<Item = &'t str>) -> Selection {
    texts.map(|text| parse_selector(text).expect("the benchmark's own selectors are valid")).collect()
}

fn reader(selectors: &Selection) -> SeriesReader {
    let id = TargetId { job: "bench".into(), instance: "i".into(), url: String::new() };
    let labels = Labels::new().with("job", "bench").with("instance", "i");
    let target = Target { id, labels, interval: Duration::from_secs(15) };
    SeriesReader::new(Arc::new(target), selectors.clone(), ReaderOptions::default())
}

fn read(reader: &mut SeriesReader, body: &[u8]) -> usize {
    reader.read(body, Format::Text).map_or(0, |outcome| outcome.reading.samples.len())
}

/// Where each line lies; none is empty.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr_iter(b'\n', body).scan(0, |start, end| Some(&body[std::mem::replace(start, end + 1)..end]))
}

fn last_words(text: &str) -> f64 {
    let words = lines(text.as_bytes()).filter_map(|line| std::str::from_utf8(line.rsplit(|b| *b == b' ').next()?).ok());
    words.filter_map(|word| word.parse::<f64>().ok()).sum()
}

/// Reads every byte and does next to nothing with it.
fn sum(memory: &[u8]) -> u64 {
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    memory
        .as_chunks::<64>()
        .0
        .iter()
        .fold(0, |sum: u64, line| line.as_chunks::<8>().0.iter().fold(sum, |sum, bytes| sum.wrapping_add(word(bytes))))
}
