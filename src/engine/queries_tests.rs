//! The curve on the list begins with the first sample, however short the history is.

use super::*;
use crate::config::diagnostics::Diagnostics;
use crate::domain::event::Event;
use crate::domain::labels::Series;
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::setup::Setup;
use crate::domain::time::Timestamp;
use crate::view::Sparkline;
use std::sync::Arc;
use std::time::Duration;

const SLO: &[u8] = br#"
version: slowburn/v1
service: shop
slos:
  - name: new
    objective: 99
    window: 30d
    sli: {events: {total: 'requests_total', bad: 'requests_total{code="500"}'}}
"#;
const MINUTE: i64 = 60_000;
const BEGIN: i64 = 1_767_225_600_000;

/// One SLO that was scraped each minute; one request in a hundred was bad.
fn watched(minutes: i64) -> State {
    let mut state = State::default();
    state.step(&[Event::Configured { at: Timestamp(BEGIN - 1), setup: Arc::new(setup()) }]);
    let labels = Labels::new().with("job", "shop");
    let id = TargetId { job: "shop".into(), instance: "a:80".into(), url: String::new() };
    let target = Arc::new(Target { id, labels: labels.clone(), interval: Duration::from_secs(60) });
    let series = |code: &str| Arc::new(Series::new("requests_total", labels.clone().with("code", code)));
    let (good, bad) = (series("200"), series("500"));
    for minute in 0..=minutes {
        let sample = |series: &Arc<Series>, each: f64| Sample {
            series: series.clone(),
            value: each * minute as f64,
            at: None,
            created: None,
        };
        let samples = vec![sample(&good, 99.0), sample(&bad, 1.0)];
        let outcome = Outcome::Read(Reading { samples, ..Reading::default() });
        state.step(&[Event::Scraped(Scrape {
            target: target.clone(),
            at: Timestamp(BEGIN + minute * MINUTE),
            outcome,
        })]);
    }
    state
}

fn line(state: &State, id: &SloId) -> Sparkline {
    past(state, id, &Labels::new()).map(|past| past.sparkline(40)).unwrap_or_default()
}

fn setup() -> Setup {
    let mut diagnostics = Diagnostics::default();
    let slos = crate::spec::read_slos("slo.yaml", SLO, &|_| None, &mut diagnostics);
    assert_eq!(slos.len(), 1);
    Setup {
        slos: slos.into_iter().map(Arc::new).collect(),
        jobs: Default::default(),
        watched_jobs: None,
        evaluation_interval: Duration::from_secs(60),
        external_url: String::new(),
        external_labels: Labels::new(),
        route: None,
        receivers: Vec::new(),
    }
}

fn spark(minutes: i64) -> Sparkline {
    line(&watched(minutes), &SloId { service: "shop".into(), name: "new".into() })
}

#[test]
fn the_line_of_a_new_slo_begins_with_its_first_sample() {
    let spark = spark(30);
    assert_eq!(spark.young, Some(Duration::from_secs(1800)));
    let known = spark.points.iter().flatten().count();
    assert!(known >= 39, "{known} of {} points are known: {:?}", spark.points.len(), spark.points);
}

#[test]
fn without_a_sample_there_is_no_line() {
    let id = SloId { service: "shop".into(), name: "new".into() };
    let mut state = State::default();
    state.step(&[Event::Configured { at: Timestamp(BEGIN), setup: Arc::new(setup()) }]);
    assert_eq!(line(&state, &id).points.iter().flatten().count(), 0);
}
