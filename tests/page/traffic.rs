//! What the shop of the pictures serves, and what went wrong there.

use slowburn::domain::labels::{Labels, Series};
use slowburn::domain::reading::{Target, TargetId};
use slowburn::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Why the mail service can't be read.
pub const BROKEN: &str = "line 214: expected a number, found \"12,5\": mail_queue_seconds_sum 12,5";

const TARGETS: [(&str, &str); 7] = [
    ("checkout", "10.0.3.14:8080"),
    ("checkout", "10.0.3.15:8080"),
    ("search", "10.0.4.2:8080"),
    ("payments", "10.0.6.7:8080"),
    ("catalog", "10.0.2.4:8080"),
    ("mail", "10.0.5.2:8080"),
    ("warehouse", "10.0.7.3:8080"),
];

/// Who, of which client, between which hours ago, and the share of requests that fails besides.
type Incident = (&'static str, &'static str, f64, f64, f64);
const INCIDENTS: [Incident; 7] = [
    ("checkout", "", 504.0, 502.5, 0.06),
    ("checkout", "", 228.0, 226.0, 0.045),
    ("checkout", "", 0.92, -24.0, 0.021),
    ("search", "android", 20.0, -24.0, 0.021),
    ("search", "web", 290.0, 280.0, 0.03),
    ("payments", "", 150.0, 147.0, 0.12),
    ("catalog", "", 400.0, 394.0, 0.02),
];

/// One counter of one target.
pub struct Counter {
    pub target: usize,
    pub series: Arc<Series>,
    pub value: f64,
    service: &'static str,
    client: &'static str,
    /// Events a second at noon, of which this counter shows a part.
    peak: f64,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Failed(f64),
    Succeeded(f64),
    /// A fixed share, for buckets.
    Share(f64),
}

impl Counter {
    /// Goes on for some seconds, up to `at`, so many hours ago.
    pub fn count(&mut self, at: Timestamp, hours_ago: f64, seconds: f64) {
        let day = at.as_secs_f64() / 86_400.0 * std::f64::consts::TAU;
        let ripple = (at.as_secs_f64() / 5437.0).sin() * 0.06 + (at.as_secs_f64() / 1613.0).cos() * 0.05;
        let events = self.peak * (0.58 + 0.42 * (day + 3.9).sin() + ripple) * seconds;
        let here = |(service, client, from, until, _): &&Incident| {
            (*service, *client) == (self.service, self.client) && hours_ago < *from && hours_ago >= *until
        };
        let trouble: f64 = INCIDENTS.iter().filter(here).map(|incident| incident.4).sum();
        self.value += events
            * match self.part {
                Part::Failed(usual) => usual + trouble,
                Part::Succeeded(usual) => 1.0 - usual - trouble,
                Part::Share(share) => share,
            };
    }
}

pub fn targets() -> Vec<Arc<Target>> {
    let target = |(job, instance): &(&str, &str)| {
        let url = format!("http://{instance}/metrics");
        let id = TargetId { job: (*job).into(), instance: (*instance).into(), url };
        let labels = [("job", *job), ("instance", *instance), ("env", "prod")].into_iter().collect();
        Arc::new(Target { id, labels, interval: Duration::from_secs(15) })
    };
    TARGETS.iter().map(target).collect()
}

pub fn counters(targets: &[Arc<Target>]) -> Vec<Counter> {
    let mut all = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let mut add = |name: &str, labels: &[(&str, &str)], client, peak, part| {
            let mut own = target.labels.clone();
            own.merge(&labels.iter().copied().collect::<Labels>());
            let series = Arc::new(Series::new(name, own));
            all.push(Counter { target: index, series, value: 0.0, service: TARGETS[index].0, client, peak, part });
        };
        let mut served = |client: &'static str, peak, failures| {
            for (code, part) in [("200", Part::Succeeded(failures)), ("503", Part::Failed(failures))] {
                let labels = [("code", code), ("client", client)];
                add("http_requests_total", &labels[..if client.is_empty() { 1 } else { 2 }], client, peak, part);
            }
        };
        match TARGETS[index].0 {
            "checkout" => served("", 28.0, 0.000_11),
            "payments" => served("", 14.0, 0.000_16),
            "catalog" => served("", 90.0, 0.000_7),
            "search" => {
                served("android", 18.0, 0.000_9);
                served("ios", 15.0, 0.000_3);
                served("web", 40.0, 0.001_1);
            }
            _ => {}
        }
        let histogram = match TARGETS[index].0 {
            "checkout" => ("http_request_duration_seconds_bucket", 28.0),
            "warehouse" => ("stock_lookup_seconds_bucket", 6.0),
            _ => continue,
        };
        let bounds: &[(&str, f64)] = match TARGETS[index].0 {
            "checkout" => &[("0.1", 0.9), ("0.3", 0.997_9), ("1", 0.999_8), ("+Inf", 1.0)],
            _ => &[("0.1", 0.8), ("0.2", 0.95), ("0.3", 0.99), ("+Inf", 1.0)],
        };
        for (le, share) in bounds {
            add(histogram.0, &[("le", le)], "", histogram.1, Part::Share(*share));
        }
    }
    all
}
