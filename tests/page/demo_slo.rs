//! The shop's SLOs and their statuses, made from the few numbers of a [`Shown`].

use super::demo::{Shown, labels};
use super::engine::INCIDENT;
use slowburn::domain::labels::Labels;
use slowburn::domain::ratio::Ratio;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::slo::{
    Indicator, Maintenance, Measure, NoData, Objective, Pair, Part, Policy, Severity, Slo, SloId, SloWindow,
};
use slowburn::domain::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, SliStatus, SloStatus, State, WindowStatus,
};
use slowburn::domain::time::{Timestamp, parse_duration};
use std::time::Duration;

const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
const PAIRS: [(Severity, &str, &str, &str); 4] = [
    (Severity::Page, "1h", "5m", "14.4"),
    (Severity::Page, "6h", "30m", "6"),
    (Severity::Ticket, "1d", "2h", "3"),
    (Severity::Ticket, "3d", "6h", "1"),
];

pub fn status(shown: &Shown, at: Timestamp) -> SloStatus {
    let objective: f64 = shown.objective.parse().unwrap();
    let remaining = shown.remaining;
    let total = if remaining.is_some() { 1_241_188.0 } else { 0.0 };
    let bad = remaining.map_or(0.0, |r| ((1.0 - r) * (1.0 - objective / 100.0) * total).round());
    SloStatus {
        id: format!("{}/{}", shown.service, shown.name),
        service: shown.service.into(),
        name: shown.name.into(),
        group: labels(shown.group),
        labels: labels(&[("team", if shown.service == "payments" { "payments" } else { "shop" }), ("tier", "1")]),
        description: shown.description.into(),
        objective,
        window: WindowStatus::Rolling { seconds: 2_592_000 },
        state: shown.state,
        sli: SliStatus {
            kind: "events".into(),
            ratio: (total > 0.0).then(|| 1.0 - bad / total),
            good: total - bad,
            bad,
            total,
        },
        budget: BudgetStatus {
            remaining,
            consumed: remaining.map(|r| 1.0 - r),
            exhausts_in_seconds: exhausts(remaining, shown.burns[4]),
            coverage: if remaining.is_some() { 0.998 } else { 0.0 },
        },
        burn_rates: WINDOWS.iter().zip(shown.burns).map(|(window, rate)| burn(window, rate, objective)).collect(),
        alerts: alert(shown, at).into_iter().collect(),
        runbook_url: Some(format!("https://runbooks.example.com/{}/{}", shown.service, shown.name)),
        problem: shown.problem.map(str::to_owned),
        updated_at: at,
    }
}

fn exhausts(remaining: Option<f64>, rate: f64) -> Option<f64> {
    let remaining = remaining?;
    if remaining <= 0.0 { Some(0.0) } else { (rate > 0.0).then(|| remaining * 2_592_000.0 / rate) }
}

fn burn(window: &str, rate: f64, objective: f64) -> BurnRate {
    let seconds = parse_duration(window).unwrap().as_secs_f64();
    let total = if rate.is_nan() { 0.0 } else { (42.0 * seconds).round() };
    let bad = if rate.is_nan() { 0.0 } else { (rate * (1.0 - objective / 100.0) * total).round() };
    BurnRate { window: window.into(), seconds: seconds as u64, rate: (!rate.is_nan()).then_some(rate), bad, total }
}

fn alert(shown: &Shown, at: Timestamp) -> Option<AlertStatus> {
    let (severity, pair, since) = match shown.state {
        State::Critical => (Severity::Page, 0, at - INCIDENT + Duration::from_secs(120)),
        State::Burning => (Severity::Ticket, 2, at - Duration::from_secs(5400)),
        _ => return None,
    };
    let (_, long, short, factor) = PAIRS[pair];
    let rate = |window: &str| shown.burns[WINDOWS.iter().position(|w| *w == window).unwrap()];
    Some(AlertStatus {
        alert: "ErrorBudgetBurn".into(),
        severity,
        state: AlertState::Firing,
        since,
        long: Some(long.into()),
        short: Some(short.into()),
        factor: factor.parse().ok(),
        burn_long: Some(rate(long)),
        burn_short: Some(rate(short)),
    })
}

pub fn slo(shown: &Shown, at: Timestamp) -> Slo {
    let selector = |text: String| parse_selector(&text).unwrap();
    let total = format!("http_requests_total{{job=\"{}\"}}", shown.service);
    let bad = format!("http_requests_total{{job=\"{}\",code=~\"5..\"}}", shown.service);
    let definition = format!(
        "- name: {}\n  description: {}\n  objective: {}\n  window: 30d\n  sli:\n    events:\n      total: {total}\n      bad: {bad}\n",
        shown.name, shown.description, shown.objective
    );
    Slo {
        id: SloId { service: shown.service.into(), name: shown.name.into() },
        description: shown.description.into(),
        labels: labels(&[("team", "shop")]),
        objective: Objective::from_percent(Ratio::parse(shown.objective).unwrap()).unwrap(),
        window: SloWindow::Rolling(Duration::from_secs(2_592_000)),
        by: shown.group.iter().map(|(name, _)| (*name).to_owned()).collect(),
        indicator: Indicator::Events { total: selector(total), part: selector(bad), part_is: Part::Bad },
        timeslices: None,
        policy: policy(shown),
        maintenance: vec![Maintenance {
            start: at - Duration::from_secs(4 * 86_400),
            end: at - Duration::from_secs(4 * 86_400 - 7200),
            reason: "Database upgrade".into(),
        }],
        source: format!("slos/{}.yaml:4", shown.service),
        definition,
    }
}

fn policy(shown: &Shown) -> Policy {
    let duration = |text: &str| parse_duration(text).unwrap();
    let pair = |(severity, long, short, factor): &(Severity, &str, &str, &str)| Pair {
        severity: *severity,
        long: duration(long),
        short: duration(short),
        factor: Ratio::parse(factor).unwrap(),
        r#for: Duration::ZERO,
        keep_firing_for: Duration::ZERO,
        min_bad_events: 0.0,
    };
    Policy {
        pairs: PAIRS.iter().map(pair).collect(),
        measure: Measure::BurnRate,
        no_data: NoData { after: Duration::from_secs(300), severity: None },
        budget: Vec::new(),
        runbook_url: Some(format!("https://runbooks.example.com/{}/{}", shown.service, shown.name)),
        labels: Labels::new(),
        annotations: labels(&[("dashboard", "https://dashboards.example.com/d/checkout")]),
        of_severity: Default::default(),
    }
}
