//! The `/metrics` page of a busy target: sixteen series for each service, as clients of Prometheus write them.

use std::fmt::Write;
use std::ops::Range;

/// Series of one service.
pub const SERIES: usize = 16;
/// The metrics that [`body`] shows.
pub const METRICS: [&str; 4] = [
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_sum",
    "http_request_duration_seconds_count",
];
const BOUNDARIES: [&str; 12] = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.2", "0.3", "0.5", "1", "2.5", "5", "+Inf"];

/// The page of a target with these services; `tick` moves the counters on.
pub fn body(services: Range<usize>, tick: usize) -> Vec<u8> {
    let mut text = String::new();
    text.push_str("# HELP http_requests_total Requests by status code.\n# TYPE http_requests_total counter\n");
    for service in services.clone() {
        for (code, share) in [("200", 997), ("500", 3)] {
            let value = (service * 7919 + tick * 15) * share;
            let labels = format!("service=\"s{service:04}\",code=\"{code}\",method=\"GET\"");
            let _ = writeln!(text, "http_requests_total{{{labels}}} {value}");
        }
    }
    let name = "http_request_duration_seconds";
    let _ = writeln!(text, "# HELP {name} Latency.\n# TYPE {name} histogram");
    for service in services {
        let count = service * 7919 + tick * 15;
        let labels = format!("service=\"s{service:04}\",method=\"GET\"");
        for (rank, boundary) in BOUNDARIES.iter().enumerate() {
            let value = count * (rank + 1) / BOUNDARIES.len();
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{boundary}\"}} {value}");
        }
        let _ = writeln!(text, "{name}_sum{{{labels}}} {:.6}\n{name}_count{{{labels}}} {count}", count as f64 * 0.0731);
    }
    text.into_bytes()
}
