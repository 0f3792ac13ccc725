//! What the shop consists of: its services, how busy they are, and how they usually behave.

use crate::domain::time::Timestamp;

/// One service, with as many instances as it has ports.
#[derive(Debug)]
pub struct Service {
    /// Its name, and its job's.
    pub name: &'static str,
    pub instances: usize,
    pub rhythm: Rhythm,
    /// Events a second at its busiest, over all instances.
    pub peak: f64,
    pub counter: Counter,
    /// The share of events that fail on a good day.
    pub failures: f64,
    pub endpoints: &'static [Endpoint],
    /// The latency histogram, where it has one.
    pub histogram: Option<&'static str>,
}

/// The counter of events, and what its outcomes are called.
#[derive(Debug)]
pub struct Counter {
    /// Without `_total`.
    pub name: &'static str,
    pub help: &'static str,
    /// The label of the outcome.
    pub label: &'static str,
    pub good: &'static str,
    /// An outcome that is nobody's failure (not found), and its share.
    pub rejected: Option<(&'static str, f64)>,
    pub bad: &'static str,
}

/// One kind of request.
#[derive(Debug)]
pub struct Endpoint {
    pub labels: &'static [(&'static str, &'static str)],
    /// Its part of the service's events; those of a service add up to 1.
    pub share: f64,
    /// How hard trouble hits it; 1 is as hard as the incident says.
    pub fragility: f64,
    /// Half of its requests are answered in this time, in seconds.
    pub median: f64,
}

/// When a service is busy.
#[derive(Clone, Copy, Debug)]
pub enum Rhythm {
    /// People: busiest in the early afternoon (UTC), down to `night` of the peak before dawn, less at weekends.
    Day { night: f64 },
    /// A job that runs between these hours (UTC) only, and leaves no trace of traffic else.
    Nightly { from: f64, until: f64 },
}

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const BUSIEST: f64 = 14.0;
const WEEKEND: f64 = 0.7;

impl Rhythm {
    /// Activity at a moment, as a share of the peak.
    pub fn at(self, at: Timestamp) -> f64 {
        let seconds = at.as_secs_f64();
        let hour = seconds.rem_euclid(DAY) / HOUR;
        match self {
            Self::Nightly { from, until } => f64::from(u8::from((from..until).contains(&hour))),
            Self::Day { night } => {
                let day = (1.0 + ((hour - BUSIEST) / 24.0 * std::f64::consts::TAU).cos()) / 2.0;
                // The epoch began on a Thursday: its days 2 and 3 were the weekend.
                let weekend = matches!((seconds / DAY).floor().rem_euclid(7.0) as i64, 2 | 3);
                let week = if weekend { WEEKEND } else { 1.0 };
                (night + (1.0 - night) * day.powf(1.4)) * week * ripple(seconds)
            }
        }
    }
}

/// Ups and downs without a plan, a few percent, the same at every asking: waves whose lengths share no measure.
fn ripple(seconds: f64) -> f64 {
    let wave = |length: f64, height: f64| height * (seconds / length * std::f64::consts::TAU).sin();
    1.0 + wave(5_437.0, 0.05) + wave(1_613.0, 0.04) + wave(401.0, 0.03) + wave(97.0, 0.02)
}

/// Upper bounds of the latency buckets, in seconds.
pub const BUCKETS: [f64; 8] = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5];
/// How far latencies spread around their median (the sigma of a log-normal distribution).
pub const SPREAD: f64 = 0.5;

const HTTP: Counter = Counter {
    name: "http_requests",
    help: "HTTP requests by route and status.",
    label: "code",
    good: "200",
    rejected: Some(("404", 0.012)),
    bad: "503",
};
const DURATION: Option<&str> = Some("http_request_duration_seconds");

const fn http(labels: &'static [(&'static str, &'static str)], share: f64, fragility: f64, median: f64) -> Endpoint {
    Endpoint { labels, share, fragility, median }
}

/// All services.
pub static SHOP: &[Service] = &[
    Service {
        name: "checkout",
        instances: 2,
        rhythm: Rhythm::Day { night: 0.15 },
        peak: 40.0,
        counter: HTTP,
        failures: 0.000_15,
        endpoints: &[
            http(&[("method", "POST"), ("route", "/pay")], 0.3, 2.2, 0.095),
            http(&[("method", "GET"), ("route", "/cart")], 0.5, 0.5, 0.045),
            http(&[("method", "GET"), ("route", "/orders/{id}")], 0.2, 0.5, 0.06),
        ],
        histogram: DURATION,
    },
    Service {
        name: "catalog",
        instances: 1,
        rhythm: Rhythm::Day { night: 0.2 },
        peak: 120.0,
        counter: HTTP,
        failures: 0.000_04,
        endpoints: &[
            http(&[("method", "GET"), ("route", "/products")], 0.7, 1.0, 0.03),
            http(&[("method", "GET"), ("route", "/products/{id}")], 0.3, 1.0, 0.02),
        ],
        histogram: DURATION,
    },
    Service {
        name: "search",
        instances: 1,
        rhythm: Rhythm::Day { night: 0.15 },
        peak: 25.0,
        counter: HTTP,
        failures: 0.000_5,
        endpoints: &[
            http(&[("method", "GET"), ("route", "/search")], 0.8, 1.0, 0.09),
            http(&[("method", "GET"), ("route", "/suggest")], 0.2, 1.0, 0.03),
        ],
        histogram: DURATION,
    },
    Service {
        name: "payments",
        instances: 1,
        rhythm: Rhythm::Day { night: 0.15 },
        peak: 12.0,
        counter: Counter {
            name: "grpc_server_handled",
            help: "RPCs completed on the server, regardless of success or failure.",
            label: "grpc_code",
            good: "OK",
            rejected: Some(("FailedPrecondition", 0.02)),
            bad: "Unavailable",
        },
        failures: 0.000_1,
        endpoints: &[
            http(&[("grpc_service", "shop.Payments"), ("grpc_method", "Authorise")], 0.7, 1.0, 0.15),
            http(&[("grpc_service", "shop.Payments"), ("grpc_method", "Capture")], 0.3, 1.0, 0.2),
        ],
        histogram: None,
    },
    Service {
        name: "login",
        instances: 3,
        rhythm: Rhythm::Day { night: 0.1 },
        peak: 6.0,
        counter: HTTP,
        failures: 0.000_1,
        endpoints: &[http(&[("method", "POST"), ("route", "/session")], 1.0, 1.0, 0.12)],
        histogram: None,
    },
    Service {
        name: "invoices",
        instances: 1,
        rhythm: Rhythm::Nightly { from: 2.0, until: 3.5 },
        peak: 0.5,
        counter: Counter {
            name: "invoices_processed",
            help: "Invoices written by the nightly run.",
            label: "result",
            good: "ok",
            rejected: None,
            bad: "failed",
        },
        failures: 0.004,
        endpoints: &[http(&[], 1.0, 1.0, 0.4)],
        histogram: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_every_service_add_up() {
        for service in SHOP {
            let shares: f64 = service.endpoints.iter().map(|endpoint| endpoint.share).sum();
            assert!((shares - 1.0).abs() < 1e-9, "{}: {shares}", service.name);
        }
    }

    #[test]
    fn days_are_busy_nights_quiet_and_the_nightly_run_leaves_no_trace_by_day() {
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        let (noon, night) = (at("2026-01-07T14:00:00Z"), at("2026-01-07T02:30:00Z"));
        let saturday = at("2026-01-10T14:00:00Z");
        let day = Rhythm::Day { night: 0.1 };
        assert!(day.at(noon) > 0.8 && day.at(night) < 0.2, "{} {}", day.at(noon), day.at(night));
        assert!(day.at(saturday) < day.at(noon));
        let nightly = Rhythm::Nightly { from: 2.0, until: 3.5 };
        assert_eq!((nightly.at(noon), nightly.at(night)), (0.0, 1.0));
    }
}
