//! The body, the readers and the clock of the benchmark.

use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::selector::Selector;
use slowburn::domain::selector_text::parse_selector;
use slowburn::source::exposition::Format;
use slowburn::source::reader::{ReaderOptions, SeriesReader};
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const SERIES: usize = 100_000;
const SERVICES: usize = 6250;
const ROUNDS: usize = 15;
const METRICS: [&str; 4] = [
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_sum",
    "http_request_duration_seconds_count",
];
const BOUNDARIES: [&str; 12] = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.2", "0.3", "0.5", "1", "2.5", "5", "+Inf"];

/// One way of reading the body.
pub struct Figure {
    pub name: &'static str,
    pub megabytes_per_second: f64,
    pub milliseconds: f64,
}

/// Measures every way, each in some seconds.
pub fn figures() -> Vec<Figure> {
    let body = body(7);
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let few: Vec<String> =
        (0..SERVICES).step_by(100).flat_map(|i| METRICS.map(|m| format!("{m}{{service=\"s{i:04}\"}}"))).collect();
    let few = selectors(few.iter().map(String::as_str));
    let all = selectors(METRICS.into_iter());
    let none = selectors(["absent_total"].into_iter());
    let mut figures = Vec::new();
    let mut add = |name, time: Duration| {
        let megabytes = body.len() as f64 / 1e6;
        figures.push(Figure {
            name,
            megabytes_per_second: megabytes / time.as_secs_f64(),
            milliseconds: time.as_secs_f64() * 1e3,
        });
    };
    for (first, steady, selectors) in [
        ("0 % wanted, first", "0 % wanted, steady", &none),
        ("1 % wanted, first", "1 % wanted, steady", &few),
        ("100 % wanted, first", "100 % wanted, steady", &all),
    ] {
        add(first, median(|| read(&mut reader(selectors), &body)));
        let mut known = reader(selectors);
        read(&mut known, &body);
        add(steady, median(|| read(&mut known, &body)));
    }
    add(
        "prometheus-parse",
        median(|| prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).is_ok()),
    );
    add("line breaks only", median(|| memchr::memchr_iter(b'\n', &body).count()));
    add("line breaks and a number each", median(|| last_words(text)));
    figures
}

/// A steady target's `/metrics` page; `tick` moves the counters on.
fn body(tick: usize) -> Vec<u8> {
    let mut text = String::new();
    let mut samples = 0;
    text.push_str("# HELP http_requests_total Requests by status code.\n# TYPE http_requests_total counter\n");
    for service in 0..SERVICES {
        for (code, share) in [("200", 997), ("500", 3)] {
            let value = (service * 7919 + tick * 15) * share;
            let _ = writeln!(
                text,
                "http_requests_total{{service=\"s{service:04}\",code=\"{code}\",method=\"GET\"}} {value}"
            );
            samples += 1;
        }
    }
    let name = "http_request_duration_seconds";
    let _ = writeln!(text, "# HELP {name} Latency.\n# TYPE {name} histogram");
    for service in 0..SERVICES {
        let count = service * 7919 + tick * 15;
        let labels = format!("service=\"s{service:04}\",method=\"GET\"");
        for (rank, boundary) in BOUNDARIES.iter().enumerate() {
            let value = count * (rank + 1) / BOUNDARIES.len();
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{boundary}\"}} {value}");
        }
        let _ = writeln!(text, "{name}_sum{{{labels}}} {:.6}\n{name}_count{{{labels}}} {count}", count as f64 * 0.0731);
        samples += BOUNDARIES.len() + 2;
    }
    assert_eq!(samples, SERIES);
    text.into_bytes()
}

fn selectors<'t>(texts: impl Iterator<Item = &'t str>) -> Arc<[Selector]> {
    texts.map(|text| parse_selector(text).expect("the benchmark's own selectors are valid")).collect()
}

fn reader(selectors: &Arc<[Selector]>) -> SeriesReader {
    let id = TargetId { job: "bench".into(), instance: "i".into(), url: String::new() };
    let labels = Labels::new().with("job", "bench").with("instance", "i");
    let target = Target { id, labels, interval: Duration::from_secs(15) };
    SeriesReader::new(Arc::new(target), Arc::clone(selectors), ReaderOptions::default())
}

fn read(reader: &mut SeriesReader, body: &[u8]) -> usize {
    reader.read(body, Format::Text).map_or(0, |outcome| outcome.reading.samples.len())
}

fn last_words(text: &str) -> f64 {
    let words = memchr::memchr_iter(b'\n', text.as_bytes()).scan(0, |start, end| {
        let line = &text[std::mem::replace(start, end + 1)..end];
        Some(line.rsplit(' ').next().unwrap_or_default())
    });
    words.filter_map(|word| word.parse::<f64>().ok()).sum()
}

/// The median time of one run. A round repeats the run until the clock, which moves in ticks, can tell its length.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    const ROUND: Duration = Duration::from_millis(100);
    let mut round = || {
        let (start, mut runs) = (cpu_time(), 0);
        while cpu_time() < start + ROUND {
            black_box(run());
            runs += 1;
        }
        (cpu_time() - start) / runs
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round()).collect();
    times.sort();
    times[ROUNDS / 2]
}

/// The CPU time of this thread; where the system does not tell it, the time since the first call.
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(slowburn::clock::instant).elapsed(), Duration::from_nanos)
}
