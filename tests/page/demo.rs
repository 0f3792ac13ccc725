//! A small shop in trouble, as the engine would publish it.

use super::engine::INCIDENT;
use slowburn::clock;
use slowburn::domain::labels::Labels;
use slowburn::domain::message::{BurnDetail, Channel, Detail, Message, Notice, NoticeReason, Sent};
use slowburn::domain::ratio::Ratio;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::setup::{GroupBy, Route, Setup};
use slowburn::domain::slo::{
    Indicator, Maintenance, Measure, NoData, Objective, Pair, Part, Policy, Severity, Slo, SloId, SloWindow,
};
use slowburn::domain::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, SliStatus, SloStatus, State, Transition, WindowStatus,
};
use slowburn::domain::time::{Timestamp, parse_duration};
use slowburn::view::{Published, ReloadView, ScrapeView, StoreView, TargetView};
use std::sync::Arc;
use std::time::Duration;

const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
const PAIRS: [(Severity, &str, &str, &str); 4] = [
    (Severity::Page, "1h", "5m", "14.4"),
    (Severity::Page, "6h", "30m", "6"),
    (Severity::Ticket, "1d", "2h", "3"),
    (Severity::Ticket, "3d", "6h", "1"),
];

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

/// One SLO of the shop, in the few numbers that matter.
pub struct Shown {
    pub service: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub objective: &'static str,
    pub group: &'static [(&'static str, &'static str)],
    pub state: State,
    pub remaining: Option<f64>,
    /// Burn rates over [`WINDOWS`].
    pub burns: [f64; 7],
    pub problem: Option<&'static str>,
}

const QUIET: [f64; 7] = [0.0, 0.21, 0.34, 0.28, 0.4, 0.37, 0.42];

const SHOP: &[Shown] = &[
    Shown {
        service: "checkout",
        name: "availability",
        description: "Checkout requests succeed.",
        objective: "99.9",
        group: &[],
        state: State::Critical,
        remaining: Some(0.237),
        burns: [33.0, 21.4, 20.1, 10.3, 4.2, 1.6, 0.9],
        problem: None,
    },
    Shown {
        service: "checkout",
        name: "latency",
        description: "Checkout answers within 300 ms.",
        objective: "99",
        group: &[],
        state: State::Ok,
        remaining: Some(0.812),
        burns: [1.4, 0.9, 0.72, 0.6, 0.41, 0.38, 0.3],
        problem: None,
    },
    Shown {
        service: "search",
        name: "availability",
        description: "Searches succeed, for each kind of client.",
        objective: "99.5",
        group: &[("client", "android")],
        state: State::Burning,
        remaining: Some(0.455),
        burns: [3.9, 4.2, 4.4, 4.1, 3.8, 3.4, 1.2],
        problem: None,
    },
    Shown {
        service: "search",
        name: "availability",
        description: "Searches succeed, for each kind of client.",
        objective: "99.5",
        group: &[("client", "ios")],
        state: State::Ok,
        remaining: Some(0.973),
        burns: [0.0, 0.004, 0.02, 0.01, 0.05, 0.03, 0.02],
        problem: None,
    },
    Shown {
        service: "search",
        name: "availability",
        description: "Searches succeed, for each kind of client.",
        objective: "99.5",
        group: &[("client", "web")],
        state: State::Ok,
        remaining: Some(0.664),
        burns: QUIET,
        problem: None,
    },
    Shown {
        service: "payments",
        name: "card-authorisation",
        description: "Card authorisations are answered by the bank.",
        objective: "99.95",
        group: &[],
        state: State::Exhausted,
        remaining: Some(-0.372),
        burns: [0.0, 0.0, 0.4, 0.7, 0.9, 0.8, 1.3],
        problem: None,
    },
    Shown {
        service: "catalog",
        name: "freshness",
        description: "Prices are less than five minutes old.",
        objective: "99",
        group: &[],
        state: State::Ok,
        remaining: Some(0.931),
        burns: QUIET,
        problem: None,
    },
    Shown {
        service: "mail",
        name: "delivery",
        description: "Order confirmations leave within a minute.",
        objective: "99",
        group: &[],
        state: State::NoData,
        remaining: None,
        burns: [f64::NAN; 7],
        problem: None,
    },
    Shown {
        service: "warehouse",
        name: "stock-latency",
        description: "Stock look-ups take less than 250 ms.",
        objective: "99",
        group: &[],
        state: State::Error,
        remaining: None,
        burns: [f64::NAN; 7],
        problem: Some("histogram stock_lookup_seconds has no bucket le=\"0.25\"; nearest are 0.2 and 0.3"),
    },
];

/// The whole shop, published just now.
pub fn shop() -> Published {
    let mut published = of(SHOP);
    published.targets = Arc::new(targets(published.at));
    let status = |id: &str| published.statuses.iter().find(|s| s.id == id).unwrap().clone();
    let (checkout, search) = (status("checkout/availability"), status("search/availability"));
    let fired = checkout.alerts[0].since;
    published.transitions = Arc::new(vec![
        transition(&checkout, fired, AlertState::Firing),
        transition(&search, published.at - Duration::from_secs(5400), AlertState::Firing),
        transition(&checkout, fired - Duration::from_secs(9 * 86_400), AlertState::Inactive),
        transition(&checkout, fired - Duration::from_secs(9 * 86_400 + 4000), AlertState::Firing),
    ]);
    let notice = notice(&checkout, fired, &published);
    published.alerts = Arc::new(vec![notice.clone()]);
    published.sent = Arc::new(vec![sent(1, "pager", "webhook", &notice, None), given_up(&notice)]);
    published.outbox = Arc::new(vec![waiting(&notice, published.at)]);
    published
}

/// A publication of these SLOs and nothing else.
pub fn of(shown: &[Shown]) -> Published {
    let at = clock::now();
    let mut statuses: Vec<_> = shown.iter().map(|shown| Arc::new(status(shown, at))).collect();
    statuses.sort_by(|a, b| (&a.service, &a.name, &a.group).cmp(&(&b.service, &b.name, &b.group)));
    let mut slos: Vec<Arc<Slo>> = shown.iter().map(|shown| Arc::new(slo(shown, at))).collect();
    slos.dedup_by(|a, b| a.id == b.id);
    Published {
        discovery: Arc::default(),
        at,
        started: at - Duration::from_secs(86_400),
        events: Arc::new(statuses.iter().map(|s| (s.sli.good, s.sli.bad)).collect()),
        statuses: Arc::new(statuses),
        setup: Arc::new(setup(slos)),
        outbox: Arc::default(),
        sent: Arc::default(),
        transitions: Arc::default(),
        alerts: Arc::default(),
        targets: Arc::default(),
        store: StoreView::default(),
        reload: ReloadView { last_success: Some(at - Duration::from_secs(86_400)), ..ReloadView::default() },
    }
}

fn setup(slos: Vec<Arc<Slo>>) -> Setup {
    Setup {
        watched_jobs: None,
        slos,
        jobs: std::collections::BTreeMap::new(),
        evaluation_interval: Duration::from_secs(15),
        external_url: "https://slo.example.com".into(),
        external_labels: Labels::new(),
        route: Some(Route {
            receiver: "pager".into(),
            group_by: GroupBy::Labels(vec!["service".into()]),
            group_wait: Duration::ZERO,
            group_interval: Duration::from_secs(300),
            repeat_interval: Duration::from_secs(14_400),
            matchers: Default::default(),
            r#continue: false,
            routes: Vec::new(),
        }),
        receivers: Vec::new(),
    }
}

fn status(shown: &Shown, at: Timestamp) -> SloStatus {
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

fn slo(shown: &Shown, at: Timestamp) -> Slo {
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
    }
}

fn transition(status: &SloStatus, at: Timestamp, to: AlertState) -> Transition {
    let alert = &status.alerts[0];
    let from = if to == AlertState::Firing { AlertState::Inactive } else { AlertState::Firing };
    Transition {
        at,
        id: status.id.clone(),
        group: status.group.clone(),
        alert: alert.alert.clone(),
        severity: alert.severity,
        from,
        to,
        long: alert.long.clone(),
        short: alert.short.clone(),
        factor: alert.factor,
        burn_long: alert.burn_long,
        burn_short: alert.burn_short,
        budget_remaining: status.budget.remaining,
        reason: "both windows burn faster than the limit".into(),
    }
}

fn notice(status: &SloStatus, at: Timestamp, published: &Published) -> Notice {
    let alert = &status.alerts[0];
    let summary = format!("{} burns its error budget {:.1} times too fast", status.id, alert.burn_long.unwrap());
    Notice {
        labels: labels(&[("alertname", "ErrorBudgetBurn"), ("service", &status.service), ("severity", "page")]),
        annotations: labels(&[("summary", &summary)]),
        starts_at: at,
        ends_at: None,
        detail: Detail {
            id: SloId { service: status.service.clone(), name: status.name.clone() },
            group: status.group.clone(),
            alert: alert.alert.clone(),
            severity: alert.severity,
            description: status.description.clone(),
            objective: status.objective,
            slo_window: "30d".into(),
            burn: Some(BurnDetail {
                long: "1h".into(),
                short: "5m".into(),
                factor: 14.4,
                burn_long: alert.burn_long,
                burn_short: alert.burn_short,
                bad: 3020.0,
                total: 151_200.0,
            }),
            budget_remaining: status.budget.remaining,
            exhausts_in_seconds: status.budget.exhausts_in_seconds,
            sli_ratio: status.sli.ratio,
            runbook_url: status.runbook_url.clone(),
            slo_url: format!("{}/slo/{}", published.setup.external_url, status.id),
        },
    }
}

fn message(id: u64, receiver: &str, kind: &str, notice: &Notice) -> Message {
    Message {
        id,
        channel: Channel { receiver: receiver.into(), kind: kind.into(), index: 0 },
        group_key: "{}:{service=\"checkout\"}".into(),
        group_labels: labels(&[("service", "checkout")]),
        route_labels: Labels::new(),
        reason: NoticeReason::First,
        alerts: vec![notice.clone()],
        created_at: notice.starts_at,
        attempts: 1,
        next_attempt: notice.starts_at,
        last_error: None,
    }
}

fn sent(id: u64, receiver: &str, kind: &str, notice: &Notice, error: Option<&str>) -> Sent {
    let at = notice.starts_at + Duration::from_secs(1);
    Sent { message: message(id, receiver, kind, notice), at, error: error.map(str::to_owned) }
}

fn given_up(notice: &Notice) -> Sent {
    sent(2, "team", "slack", notice, Some("400 Bad Request: invalid_payload"))
}

fn waiting(notice: &Notice, at: Timestamp) -> Message {
    Message {
        attempts: 7,
        next_attempt: at + Duration::from_secs(95),
        last_error: Some("connect to smtp.example.com:587: connection refused".into()),
        ..message(3, "team", "email", notice)
    }
}

fn targets(at: Timestamp) -> Vec<TargetView> {
    let target = |job: &str, instance: &str, error: Option<&str>| TargetView {
        job: job.into(),
        url: format!("http://{instance}/metrics"),
        labels: labels(&[("job", job), ("instance", instance), ("env", "prod")]),
        discovered_labels: labels(&[("__address__", instance), ("__metrics_path__", "/metrics")]),
        last: Some(ScrapeView {
            at: at - Duration::from_secs(6),
            duration: Duration::from_millis(if error.is_some() { 10_000 } else { 23 }),
            samples: if error.is_some() { 0 } else { 1843 },
            bytes: 182_133,
            error: error.map(str::to_owned),
            warning: None,
        }),
        scrape_interval: Duration::from_secs(15),
        scrape_timeout: Duration::from_secs(10),
        dropped: false,
    };
    let dropped = TargetView { dropped: true, last: None, ..target("checkout", "10.0.3.9:9100", None) };
    vec![
        target("checkout", "10.0.3.14:8080", None),
        target("checkout", "10.0.3.15:8080", None),
        target(
            "mail",
            "10.0.5.2:8080",
            Some("line 214: expected a number, found \"12,5\": mail_queue_seconds_sum 12,5"),
        ),
        target("search", "10.0.4.2:8080", None),
        TargetView { last: None, ..target("search", "10.0.4.3:8080", None) },
        dropped,
    ]
}
