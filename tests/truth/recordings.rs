//! The oracle against `slowburn replay` from text to statuses: the same attempts as OpenMetrics, grouped by series or in
//! the order of time.

use crate::engine::{SERIES, WEIGHTS, same_rates, same_window};
use crate::oracle::{Attempt, Ms, Oracle, Rules, Sum};
use crate::traffic::{Move, Targets, World, forward, moves, world};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use slowburn::config::{Config, load};
use slowburn::domain::status::SloStatus;
use slowburn::replay::{Line, Recording, run};

const INSTANCES: [&str; 3] = ["a:80", "b:80", "c:80"];

const SLOS: &str = "
version: slowburn/v1
service: shop
slos:
  - name: requests
    objective: 90
    window: 1h
    sli: {events: {total: requests_total, bad: 'requests_total{code=~\"5..\"}'}}
    alerting: {page: [{long: 10m, short: 1m, factor: 3}], ticket: [{long: 30m, short: 5m, factor: 1}]}
  - name: jobs
    objective: 90
    window: 1h
    sli: {events: {total: jobs_total, good: 'jobs_total{result=\"done\"}'}}
  - name: up
    objective: 90
    window: 1h
    sli: {scrape: {job: shop}}
  - name: each
    objective: 90
    window: 1h
    by: [instance]
    sli: {events: {total: requests_total, bad: 'requests_total{code=~\"5..\"}'}}
";

fn config(world: World) -> Config {
    let dir = tempfile::tempdir().expect("a directory");
    let series = if world.rules.baseline { "baseline" } else { "zero" };
    let target = if world.rules.process_start { "process_start" } else { "created" };
    let main = format!(
        "slo_files: [slos.yaml]\nscrape_configs: [{{job_name: shop, scrape_interval: 15s, new_series: {series}, \
         new_target: {target}, static_configs: [{{targets: ['a:80']}}]}}]\n"
    );
    std::fs::write(dir.path().join("slos.yaml"), SLOS).expect("written");
    std::fs::write(dir.path().join("slowburn.yaml"), main).expect("written");
    let loaded = load::load(&dir.path().join("slowburn.yaml"), &|_| None).expect("read");
    loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text()))
}

/// The lines of one attempt: the sample without its time, and the time.
fn lines(attempt: &Attempt) -> Vec<(String, Ms)> {
    let target = format!("job=\"shop\",instance=\"{}\"", INSTANCES[attempt.target]);
    let seconds = |at: Ms| at as f64 / 1000.0;
    let mut lines = vec![format!("up{{{target}}} {}", u8::from(attempt.good))];
    if let Some(start) = attempt.process_start.filter(|_| attempt.good) {
        lines.push(format!("process_start_time_seconds{{{target}}} {}", seconds(start)));
    }
    for shown in &attempt.shown {
        let (name, label, value) = SERIES[shown.series];
        let labels = format!("{{{target},{label}=\"{value}\"}}");
        lines.push(format!("{name}{labels} {}", shown.value));
        if let Some(created) = shown.created {
            lines.push(format!("{}_created{labels} {}", name.trim_end_matches("_total"), seconds(created)));
        }
    }
    lines.into_iter().map(|line| (line, attempt.at)).collect()
}

fn text(mut lines: Vec<(String, Ms)>, by_series: bool) -> String {
    if by_series {
        // Stable: of a series that is named twice in one scrape the first one stays first.
        lines.sort_by(|(a, _), (b, _)| a.split(' ').next().cmp(&b.split(' ').next()));
    }
    let line = |(line, at): (String, Ms)| format!("{line} {}.{:03}\n", at.div_euclid(1000), at.rem_euclid(1000));
    lines.into_iter().map(line).chain(["# EOF\n".to_owned()]).collect()
}

fn compare(status: &SloStatus, oracle: &Oracle) -> Result<(), TestCaseError> {
    let (_, weigh) = WEIGHTS.into_iter().find(|(name, _)| *name == status.name).expect("an SLO");
    let only = status.group.get("instance").and_then(|name| INSTANCES.iter().position(|instance| *instance == name));
    let of_group = |target, series| weigh(target, series).filter(|_| only.is_none_or(|only| only == target));
    let now = status.updated_at.0;
    let sum = |length: Ms| -> Sum { oracle.sum(of_group, (now - length, now), &[]) };
    same_window(status, &sum(3_600_000))?;
    same_rates(status, &|seconds| sum(seconds * 1000))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_tells_what_the_oracle_tells(
        moves in moves(forward(), 12), world in world(), by_series: bool,
    ) {
        let world = World { own_times: false, ..world };
        let mut targets = Targets::new(world);
        let attempts: Vec<Attempt> = moves.iter().map(|a_move: &Move| targets.attempt(a_move)).collect();
        // The watch begins with the job's first sample.
        let rules = Rules { watched_since: attempts[0].at, ..world.rules };
        let mut oracle = Oracle::new(rules);
        attempts.iter().for_each(|attempt| oracle.take(attempt));
        let config = config(world);
        let text = text(attempts.iter().flat_map(lines).collect(), by_series);
        let recording = Recording::read(text.as_bytes(), &config).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        let mut statuses = Vec::new();
        run(&config, recording, |line| if let Line::Slo(status) = line { statuses.push(status) });
        prop_assert!(statuses.len() >= WEIGHTS.len());
        for status in statuses {
            compare(&status, &oracle)?;
        }
    }
}
