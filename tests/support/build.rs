//! SLOs, setups and readings made by hand.

use slowburn::domain::labels::{Labels, Series};
use slowburn::domain::ratio::Ratio;
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::setup::{GroupBy, IntegrationSpec, ReceiverSpec, Route, Setup};
use slowburn::domain::slo::{
    Indicator, Measure, NoData, Objective, Pair, Part, Policy, Severity, Slo, SloId, SloWindow,
};
use slowburn::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).expect("a decimal")
}

/// 90 % of `requests_total` over an hour, `code=~"5.."` being bad; no alerts.
pub fn slo(name: &str) -> Slo {
    Slo {
        id: SloId { service: "shop".to_owned(), name: name.to_owned() },
        description: String::new(),
        labels: Labels::new(),
        objective: objective("90"),
        window: SloWindow::Rolling(seconds(3600)),
        by: Vec::new(),
        indicator: events("requests_total", "requests_total{code=~\"5..\"}", Part::Bad),
        timeslices: None,
        policy: Policy {
            pairs: Vec::new(),
            measure: Measure::BurnRate,
            no_data: NoData { after: seconds(300), severity: None },
            budget: Vec::new(),
            runbook_url: None,
            labels: Labels::new(),
            annotations: Labels::new(),
            of_severity: Default::default(),
        },
        maintenance: Vec::new(),
        source: String::new(),
        definition: String::new(),
    }
}

pub fn objective(percent: &str) -> Objective {
    Objective::from_percent(ratio(percent)).expect("between 0 and 100")
}

pub fn events(total: &str, part: &str, part_is: Part) -> Indicator {
    let selector = |text| parse_selector(text).expect("a selector");
    Indicator::Events { total: selector(total), part: selector(part), part_is }
}

pub fn latency(histogram: &str, threshold: f64) -> Indicator {
    let histogram = parse_selector(histogram).expect("a selector");
    Indicator::Latency { histogram, threshold, threshold_text: threshold.to_string() }
}

/// Windows in seconds.
pub fn pair(severity: Severity, long: u64, short: u64, factor: &str) -> Pair {
    Pair {
        severity,
        long: seconds(long),
        short: seconds(short),
        factor: ratio(factor),
        r#for: Duration::ZERO,
        keep_firing_for: Duration::ZERO,
        min_bad_events: 0.0,
    }
}

/// Evaluated every 15 s, jobs watched from their first sample, nobody told.
pub fn setup(slos: impl IntoIterator<Item = Slo>) -> Setup {
    Setup {
        slos: slos.into_iter().map(Arc::new).collect(),
        jobs: Default::default(),
        watched_jobs: None,
        evaluation_interval: seconds(15),
        external_url: "https://slo.example.com".to_owned(),
        external_labels: Labels::new(),
        route: None,
        receivers: Vec::new(),
    }
}

/// Every alert on its own, at once, with five minutes between two messages.
pub fn route(receiver: &str) -> Route {
    Route {
        receiver: receiver.to_owned(),
        group_by: GroupBy::All,
        group_wait: Duration::ZERO,
        group_interval: seconds(300),
        repeat_interval: seconds(14_400),
        matchers: Default::default(),
        r#continue: false,
        routes: Vec::new(),
    }
}

/// A receiver with channels of these kinds that do or don't hear of resolved alerts.
pub fn receiver(name: &str, channels: &[(&str, bool)]) -> ReceiverSpec {
    let spec = |(kind, send_resolved): &(&str, bool)| {
        let send_resolved = *send_resolved;
        IntegrationSpec { kind: (*kind).to_owned(), index: 0, send_resolved }
    };
    ReceiverSpec { name: name.to_owned(), integrations: channels.iter().map(spec).collect() }
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

/// A target of the job `shop`.
pub fn target(instance: &str, interval: Duration) -> Arc<Target> {
    let id = TargetId { job: "shop".to_owned(), instance: instance.to_owned(), url: String::new() };
    Arc::new(Target { id, labels: labels(&[("job", "shop"), ("instance", instance)]), interval })
}

/// A series of a target.
pub fn series(target: &Target, name: &str, own: &[(&str, &str)]) -> Arc<Series> {
    let mut all = target.labels.clone();
    all.merge(&labels(own));
    Arc::new(Series::new(name, all))
}

pub fn sample(series: &Arc<Series>, value: f64) -> Sample {
    Sample { series: series.clone(), value, at: None, created: None }
}

pub fn read(target: &Arc<Target>, at: i64, samples: Vec<Sample>) -> Scrape {
    let reading = Reading { samples, ..Reading::default() };
    Scrape { target: target.clone(), at: Timestamp(at), outcome: Outcome::Read(reading) }
}

pub fn failed(target: &Arc<Target>, at: i64) -> Scrape {
    Scrape { target: target.clone(), at: Timestamp(at), outcome: Outcome::Failed("connection refused".to_owned()) }
}
