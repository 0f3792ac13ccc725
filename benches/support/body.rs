//! The `/metrics` page of a busy target: sixteen series for each service, as clients of Prometheus write them.

use super::traffic;
use slowburn::domain::time::Timestamp;
use std::fmt::Write;
use std::ops::Range;

/// Series of one service that has one group.
pub const SERIES: usize = 16;
/// The metrics that [`body`] shows.
pub const METRICS: [&str; 4] = [
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_sum",
    "http_request_duration_seconds_count",
];
const BOUNDARIES: [&str; 12] = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.2", "0.3", "0.5", "1", "2.5", "5", "+Inf"];

/// Counts of requests by status code until `at`, as a service's counters show them.
pub fn counters(service: usize, group: usize, at: Timestamp) -> [(&'static str, u64); 2] {
    let (total, bad) = traffic::kind(service, group).traffic().until(at, |step| own(service, group, step));
    let first = service as u64 * 7919;
    [("200", first + total - bad), ("500", bad)]
}

/// What a service counts besides those that share its traffic, until a step: no two show the same numbers, which else a
/// journal would keep once for all of them. Less than any of them counts in a step, so that counters never fall.
fn own(service: usize, group: usize, step: usize) -> u32 {
    fastrand::Rng::with_seed(((service << 40) ^ (group << 32) ^ step) as u64).u32(..64)
}

/// The page of a target with these services at a moment; requests are counted for each of `groups` zones.
pub fn body(services: Range<usize>, groups: usize, at: Timestamp) -> Vec<u8> {
    let mut text = String::new();
    text.push_str("# HELP http_requests_total Requests by status code.\n# TYPE http_requests_total counter\n");
    for service in services.clone() {
        for group in 0..groups {
            for (code, value) in counters(service, group, at) {
                let _ = write!(text, "http_requests_total{{service=\"s{service:04}\",code=\"{code}\",method=\"GET\"");
                let _ = if groups > 1 {
                    writeln!(text, ",zone=\"{}\"}} {value}", zone(group))
                } else {
                    writeln!(text, "}} {value}")
                };
            }
        }
    }
    let name = "http_request_duration_seconds";
    let _ = writeln!(text, "# HELP {name} Latency.\n# TYPE {name} histogram");
    for service in services {
        let count: u64 = counters(service, 0, at).iter().map(|(_, value)| value).sum();
        let labels = format!("service=\"s{service:04}\",method=\"GET\"");
        for (boundary, rank) in BOUNDARIES.iter().zip(1..) {
            let value = count * rank / BOUNDARIES.len() as u64;
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{boundary}\"}} {value}");
        }
        let _ = writeln!(text, "{name}_sum{{{labels}}} {:.6}\n{name}_count{{{labels}}} {count}", count as f64 * 0.0731);
    }
    text.into_bytes()
}

/// The label value of a group.
pub fn zone(group: usize) -> String {
    format!("z{group:02}")
}
