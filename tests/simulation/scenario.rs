//! The configurations of the simulation, and the same for the oracle.

use crate::build;
use crate::oracle::{Births, Events, Oracle, Rule};
use slowburn::domain::selector::Matchers;
use slowburn::domain::selector_text::parse_matcher;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{Indicator, Part, Severity, Slo};
use std::time::Duration;

pub const INTERVAL: Duration = Duration::from_secs(15);
pub const GROUP_INTERVAL: Duration = Duration::from_secs(60);

/// Which of the configurations is in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// Whether the SLO on jobs is there.
    pub jobs: bool,
    /// A label of the SLO on requests, and with it of its alerts.
    pub team: &'static str,
}

pub const FIRST: Variant = Variant { jobs: false, team: "one" };

pub fn setup(variant: Variant) -> Setup {
    let mut requests = Slo { by: vec!["instance".to_owned()], ..build::slo("requests") };
    requests.labels.set("team", variant.team);
    alerting(&mut requests);
    let mut latency = Slo { indicator: build::latency("latency_seconds", 0.3), ..build::slo("latency") };
    alerting(&mut latency);
    let up = Matchers(vec![parse_matcher("job=\"shop\"").expect("a matcher")]);
    let up = Slo { indicator: Indicator::Scrape { targets: up }, ..build::slo("up") };
    let jobs = build::events("jobs_total", "jobs_total{result=\"failed\"}", Part::Bad);
    let jobs = Slo { indicator: jobs, ..build::slo("jobs") };
    let mut setup = build::setup([requests, latency, up].into_iter().chain(variant.jobs.then_some(jobs)));
    setup.watched_jobs = Some(["shop".to_owned()].into());
    setup.route = Some(slowburn::domain::setup::Route {
        group_interval: GROUP_INTERVAL,
        repeat_interval: Duration::from_secs(864_000),
        ..build::route("team")
    });
    setup.receivers = vec![build::receiver("team", &[("webhook", true), ("email", true)])];
    setup
}

fn alerting(slo: &mut Slo) {
    slo.policy.pairs = vec![build::pair(Severity::Page, 600, 60, "3"), build::pair(Severity::Ticket, 1800, 180, "1.5")];
}

/// The oracle as of the start.
pub fn oracle(began: i64) -> Oracle {
    let rules = vec![
        Rule {
            name: "requests",
            since: began,
            by: &["instance"],
            events: Events::Series(|series| {
                let bad = series.labels.get("code").is_some_and(|code| code.starts_with('5'));
                (series.name == "requests_total").then_some((1.0, f64::from(u8::from(bad))))
            }),
        },
        Rule {
            name: "latency",
            since: began,
            by: &[],
            events: Events::Series(|series| match series.name.as_str() {
                "latency_seconds_count" => Some((1.0, 1.0)),
                "latency_seconds_bucket" if series.labels.get("le") == Some("0.3") => Some((0.0, -1.0)),
                _ => None,
            }),
        },
        Rule { name: "up", since: began, by: &[], events: Events::Attempts },
    ];
    Oracle::new(rules, Births { watched: Some(began), ..Births::default() })
}

pub fn jobs_rule(since: i64) -> Rule {
    Rule {
        name: "jobs",
        since,
        by: &[],
        events: Events::Series(|series| {
            let bad = series.labels.get("result") == Some("failed");
            (series.name == "jobs_total").then_some((1.0, f64::from(u8::from(bad))))
        }),
    }
}
