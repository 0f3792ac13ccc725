//! The oracle against `slowburn replay` from text to statuses: the same attempts as OpenMetrics, grouped by series or in
//! the order of time.

use crate::both::{View, same_figures, same_problem};
use crate::engine::{INSTANCES, SERIES, WEIGHTS};
use crate::histogram::part;
use crate::oracle::{Attempt, Ms, Oracle, Rules};
use crate::traffic::{Move, Targets, World, forward, moves, world};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use slowburn::config::{Config, load};
use slowburn::domain::status::SloStatus;
use slowburn::replay::{Line, Recording, run};

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
  - name: speed
    objective: 90
    window: 1h
    sli: {latency: {histogram: latency_seconds, threshold: 300ms}}
  - name: bad-misfit
    objective: 90
    window: 1h
    sli: {events: {total: 'jobs_total{result=\"done\"}', bad: 'requests_total{code=~\"5..\"}'}}
    alerting: {page: [{long: 10m, short: 1m, factor: 3}], ticket: {disable: true}}
  - name: good-misfit
    objective: 90
    window: 1h
    sli: {events: {total: 'jobs_total{result=\"done\"}', good: 'requests_total{code=\"200\"}'}}
    alerting: {page: [{long: 10m, short: 1m, factor: 3}], ticket: {disable: true}}
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
        let own = if label.is_empty() { String::new() } else { format!(",{label}=\"{value}\"") };
        lines.push(format!("{name}{{{target}{own}}} {}", shown.value));
        if let Some(created) = shown.created {
            // All parts of a histogram were created at once.
            let (name, own) = match name.strip_suffix("_total") {
                Some(name) => (name, &*own),
                None => ("latency_seconds", ""),
            };
            let line = format!("{name}_created{{{target}{own}}} {}", seconds(created));
            if !lines.contains(&line) {
                lines.push(line);
            }
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

/// A recording tells by itself how often a target was scraped: the median time between two attempts.
fn interval(attempts: &[Attempt], target: usize) -> Option<Ms> {
    let times: Vec<Ms> = attempts.iter().filter(|attempt| attempt.target == target).map(|attempt| attempt.at).collect();
    let mut steps: Vec<Ms> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied()
}

fn compare(status: &SloStatus, oracle: &Oracle) -> Result<(), TestCaseError> {
    let (_, weigh) = WEIGHTS.into_iter().find(|(name, _)| *name == status.name).expect("an SLO");
    let only = status.group.get("instance").and_then(|name| INSTANCES.iter().position(|instance| *instance == name));
    let view = View { oracle, maintenance: &[], weigh, only };
    same_figures(status, &view)?;
    // How long a target that is gone counts as one without the bucket is nobody's promise.
    if status.name == "speed" { Ok(()) } else { same_problem(status, &view) }
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
        let mut oracle = Oracle::with_histogram(rules, part);
        oracle.intervals = (0..3).filter_map(|target| Some((target, interval(&attempts, target)?))).collect();
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
