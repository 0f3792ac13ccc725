//! A server on a real socket over a published snapshot made by hand.

use slowburn::domain::labels::Labels;
use slowburn::domain::message::{BurnDetail, Channel, Detail, Message, Notice, NoticeReason, Sent};
use slowburn::domain::ratio::Ratio;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{
    BudgetAlert, Indicator, Measure, NoData, Objective, Pair, Part, Policy, Severity, Slo, SloId, SloWindow,
};
use slowburn::domain::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, HistoryPoint, SliStatus, SloStatus, State, WindowStatus,
};
use slowburn::domain::time::Timestamp;
use slowburn::metrics::Metrics;
use slowburn::view::{
    DiscoveryView, Handle, Published, ReloadView, Request, ScrapeView, Sparkline, Statuses, StoreView, TargetView,
};
use slowburn::web::{AppState, serve};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// 2026-01-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp(1_767_225_600_000);

pub fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs.into_iter().collect()
}

/// A quiet status that tests change as they need.
pub fn status(service: &str, name: &str) -> SloStatus {
    let burn =
        |window: &str, seconds| BurnRate { window: window.into(), seconds, rate: Some(0.5), bad: 1.0, total: 2e3 };
    SloStatus {
        id: format!("{service}/{name}"),
        service: service.into(),
        name: name.into(),
        group: Labels::new(),
        labels: labels([("team", "payments")]),
        description: "Requests succeed.".into(),
        objective: 99.9,
        window: WindowStatus::Rolling { seconds: 2_592_000 },
        state: State::Ok,
        sli: SliStatus { kind: "events".into(), ratio: Some(0.9995), good: 9995.0, bad: 5.0, total: 1e4 },
        budget: BudgetStatus { remaining: Some(0.5), consumed: Some(0.5), exhausts_in_seconds: None, coverage: 1.0 },
        burn_rates: vec![burn("5m", 300), burn("1h", 3600)],
        alerts: Vec::new(),
        runbook_url: Some("https://runbooks.example.com/x".into()),
        problem: None,
        updated_at: NOW,
    }
}

pub fn firing_page() -> AlertStatus {
    AlertStatus {
        alert: "ErrorBudgetBurn".into(),
        severity: Severity::Page,
        state: AlertState::Firing,
        since: NOW,
        long: Some("1h".into()),
        short: Some("5m".into()),
        factor: Some(14.4),
        burn_long: Some(20.0),
        burn_short: Some(33.0),
    }
}

pub fn slo(service: &str, name: &str, by: &[&str]) -> Slo {
    let pair = |severity, long, short, factor: (u64, u64)| Pair {
        severity,
        long: Duration::from_secs(long),
        short: Duration::from_secs(short),
        factor: Ratio::new(factor.0, factor.1).unwrap(),
        r#for: Duration::from_secs(60),
        keep_firing_for: Duration::ZERO,
        min_bad_events: 0.0,
    };
    Slo {
        id: SloId { service: service.into(), name: name.into() },
        description: "Requests succeed.".into(),
        labels: labels([("team", "payments")]),
        objective: Objective::from_percent(Ratio::parse("99.9").unwrap()).unwrap(),
        window: SloWindow::Rolling(Duration::from_secs(2_592_000)),
        by: by.iter().map(|name| (*name).to_owned()).collect(),
        indicator: Indicator::Events {
            total: parse_selector("requests_total").unwrap(),
            part: parse_selector("requests_total{code=~\"5..\"}").unwrap(),
            part_is: Part::Bad,
        },
        timeslices: None,
        policy: Policy {
            pairs: vec![
                pair(Severity::Page, 3600, 300, (144, 10)),
                pair(Severity::Page, 21_600, 1800, (6, 1)),
                pair(Severity::Ticket, 86_400, 7200, (3, 1)),
            ],
            measure: Measure::BurnRate,
            no_data: NoData { after: Duration::from_secs(600), severity: Some(Severity::Ticket) },
            budget: vec![BudgetAlert { consumed: Ratio::new(75, 1).unwrap(), severity: Severity::Ticket }],
            runbook_url: Some("https://runbooks.example.com/x".into()),
            labels: labels([("channel", "checkout")]),
            annotations: Labels::new(),
            of_severity: Default::default(),
        },
        maintenance: Vec::new(),
        source: "slos/checkout.yaml:4".into(),
        definition: String::new(),
    }
}

pub fn notice(service: &str, name: &str, group: Labels) -> Notice {
    let id = SloId { service: service.into(), name: name.into() };
    let mut all = labels([("alertname", "ErrorBudgetBurn"), ("service", service), ("slo", name), ("severity", "page")]);
    all.merge(&group);
    Notice {
        labels: all,
        annotations: labels([("summary", "burns")]),
        starts_at: NOW,
        ends_at: None,
        detail: Detail {
            id,
            group,
            alert: "ErrorBudgetBurn".into(),
            severity: Severity::Page,
            description: String::new(),
            objective: 99.9,
            slo_window: "30d".into(),
            burn: Some(BurnDetail {
                long: "1h".into(),
                short: "5m".into(),
                factor: 14.4,
                burn_long: Some(20.5),
                burn_short: Some(33.0),
                bad: 10.0,
                total: 100.0,
            }),
            budget_remaining: Some(0.1),
            exhausts_in_seconds: Some(3600.0),
            sli_ratio: Some(0.99),
            runbook_url: None,
            slo_url: "http://localhost/slo/checkout/availability".into(),
        },
    }
}

pub fn message(id: u64, alert: Notice) -> Message {
    Message {
        id,
        channel: Channel { receiver: "pager".into(), kind: "webhook".into(), index: 0 },
        group_key: "{}:{}".into(),
        group_labels: labels([("service", "checkout")]),
        route_labels: Labels::new(),
        reason: NoticeReason::First,
        alerts: vec![alert],
        created_at: NOW - Duration::from_secs(90),
        attempts: 2,
        next_attempt: NOW + Duration::from_secs(30),
        last_error: Some("connection refused".into()),
    }
}

pub fn target(job: &str, instance: &str, error: Option<&str>) -> TargetView {
    TargetView {
        job: job.into(),
        url: format!("http://user:s3cret@{instance}/metrics?x=1"),
        labels: labels([("job", job), ("instance", instance)]),
        discovered_labels: labels([("__address__", instance)]),
        last: Some(ScrapeView {
            at: NOW,
            duration: Duration::from_millis(12),
            samples: 34,
            bytes: 5678,
            error: error.map(str::to_owned),
            warning: None,
        }),
        scrape_interval: Duration::from_secs(15),
        scrape_timeout: Duration::from_secs(10),
        dropped: false,
    }
}

/// Nothing but time.
pub fn empty() -> Published {
    Published {
        discovery: Arc::default(),
        at: NOW,
        started: NOW - Duration::from_secs(3600),
        statuses: Statuses::default(),
        setup: Arc::new(Setup {
            watched_jobs: None,
            slos: Vec::new(),
            jobs: Default::default(),
            evaluation_interval: Duration::from_secs(15),
            external_url: "https://slo.example.com".into(),
            external_labels: Labels::new(),
            route: None,
            receivers: Vec::new(),
        }),
        outbox: Arc::default(),
        sent: Arc::default(),
        transitions: Arc::default(),
        alerts: Arc::default(),
        targets: Arc::default(),
        store: StoreView { commits: 7, last_commit: Some(NOW), ..StoreView::default() },
        reload: ReloadView { failed: false, error: None, last_success: Some(NOW) },
        compat: Default::default(),
    }
}

impl PublishedExt for Published {
    fn with_statuses(mut self, statuses: Vec<SloStatus>) -> Self {
        self.statuses = statuses.into_iter().map(|status| Arc::new(status.into())).collect();
        self
    }

    fn with_slos(mut self, slos: Vec<Slo>) -> Self {
        Arc::make_mut(&mut self.setup).slos = slos.into_iter().map(Arc::new).collect();
        self
    }
}

pub trait PublishedExt {
    fn with_statuses(self, statuses: Vec<SloStatus>) -> Self;
    fn with_slos(self, slos: Vec<Slo>) -> Self;
}

/// A little of everything: a grouped SLO of which one group burns, a quiet one, one with an error.
pub fn shop() -> Published {
    let mut cart = status("checkout", "availability");
    cart.group = labels([("route", "/cart")]);
    let mut pay = SloStatus { group: labels([("route", "/pay")]), state: State::Critical, ..cart.clone() };
    pay.alerts = vec![firing_page()];
    pay.budget.remaining = Some(-0.25);
    let mut broken = status("search", "latency");
    broken.state = State::Error;
    broken.problem = Some("no bucket at 0.3".into());
    broken.sli.ratio = None;
    broken.budget.remaining = None;
    broken.burn_rates.iter_mut().for_each(|burn| burn.rate = None);
    let alert = notice("checkout", "availability", labels([("route", "/pay")]));
    let mut dropped = target("checkout", "127.0.0.1:3", None);
    dropped.dropped = true;
    dropped.last = None;
    let mut fresh = target("checkout", "127.0.0.1:4", None);
    fresh.last = None;
    let mut published = empty()
        .with_statuses(vec![cart, pay, broken])
        .with_slos(vec![slo("checkout", "availability", &["route"]), slo("search", "latency", &[])]);
    published.alerts = Arc::new(vec![alert.clone().into()]);
    published.outbox = Arc::new(vec![message(5, alert.clone()).into()]);
    published.sent = Arc::new(vec![
        Sent { message: message(4, alert.clone()), at: NOW, error: None }.into(),
        Sent { message: message(3, alert), at: NOW, error: Some("404 Not Found".into()) }.into(),
    ]);
    published.targets = Arc::new(vec![
        target("checkout", "127.0.0.1:1", None),
        target("checkout", "127.0.0.1:2", Some("connection refused")),
        dropped,
        fresh,
    ]);
    published.discovery = Arc::new(vec![
        source("checkout", "static", "", &[]),
        source("mail", "http_sd", "http://sd.example.com/targets", &["HTTP status 500"]),
        source("mail", "http_sd", "http://sd.example.com/targets", &[]),
        source("search", "dns_sd", "search.example.com", &[]),
    ]);
    published
}

fn source(job: &str, kind: &'static str, source: &str, problems: &[&str]) -> DiscoveryView {
    DiscoveryView {
        job: job.into(),
        kind,
        source: source.into(),
        targets: 3,
        refreshed: Some(NOW),
        problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
    }
}

/// How the engine that is played answers to a reload.
pub struct Reload {
    pub result: Mutex<Result<(), String>>,
    /// Held by a test, it keeps the answer back.
    pub gate: tokio::sync::Mutex<()>,
    /// Told when a reload was asked for.
    pub asked: Notify,
}

/// A server that stops when it is dropped.
pub struct Server {
    pub url: String,
    pub metrics: Metrics,
    pub client: reqwest::Client,
    pub shutdown: CancellationToken,
    pub serving: Option<JoinHandle<std::io::Result<()>>>,
    pub published: Arc<arc_swap::ArcSwap<Published>>,
    pub reload: Arc<Reload>,
    version: watch::Sender<u64>,
}

impl Server {
    pub async fn start(published: Published) -> Self {
        let server = Self::start_unpublished(published).await;
        server.version.send_replace(1);
        server
    }

    /// As before the engine's first publication.
    pub async fn start_unpublished(published: Published) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let published = Arc::new(arc_swap::ArcSwap::from_pointee(published));
        let (version, versions) = watch::channel(0);
        let (requests, answers) = mpsc::channel(8);
        let reload = Reload { result: Mutex::new(Ok(())), gate: Default::default(), asked: Notify::new() };
        let reload = Arc::new(reload);
        tokio::spawn(answer(answers, Arc::clone(&reload)));
        let store_size = Arc::new(|| 1000);
        let engine = Handle { published: published.clone(), version: versions, requests, store_size };
        let metrics = Metrics::new();
        let flags = vec![("config".to_owned(), "slowburn.yaml".to_owned())];
        let state = AppState::new(engine, metrics.clone(), flags);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let serving = Some(serve(listener, state, shutdown.clone(), &tokio::runtime::Handle::current()).unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, metrics, client, shutdown, serving, published, reload, version }
    }

    pub fn publish(&self, published: Published) {
        self.published.store(Arc::new(published));
        self.version.send_modify(|version| *version += 1);
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Status and JSON body.
    pub async fn json(&self, path: &str) -> (u16, serde_json::Value) {
        let response = self.get(path).await;
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        (status, response.json().await.unwrap())
    }

    /// The data of a successful answer.
    pub async fn data(&self, path: &str) -> serde_json::Value {
        let (status, mut body) = self.json(path).await;
        assert_eq!((status, &body["status"]), (200, &"success".into()), "{path}: {body}");
        body["data"].take()
    }

    pub async fn text(&self, path: &str) -> (u16, String) {
        let response = self.get(path).await;
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Plays the engine: history has one point a step whose `good` counts the steps.
async fn answer(mut requests: mpsc::Receiver<Request>, reload: Arc<Reload>) {
    while let Some(request) = requests.recv().await {
        match request {
            Request::History { query, reply } => {
                let mut points = Vec::new();
                let mut at = query.start + query.step;
                while at <= query.end {
                    points.push(point(at, points.len() as f64));
                    at = at + query.step;
                }
                reply.send((query.group.get("route") != Some("/gone")).then_some(points)).ok();
            }
            Request::Sparklines { ids, points, reply } => {
                drop(reply.send(vec![Sparkline { points: vec![None; points], young: None }; ids.len()]))
            }
            Request::Reload { reply } => {
                reload.asked.notify_one();
                let _open = reload.gate.lock().await;
                let result = reload.result.lock().unwrap().clone();
                match result.as_ref().map_err(String::as_str) {
                    // The engine dies while it reloads: no answer.
                    Err("die") => {}
                    // It answers, then stops.
                    Err("stop") => return drop(reply.send(result)),
                    _ => drop(reply.send(result)),
                }
            }
        }
    }
}

fn point(at: Timestamp, good: f64) -> HistoryPoint {
    HistoryPoint { at, good, bad: 0.0, total: good, burn_rate: None, budget_remaining: Some(0.5), coverage: 1.0 }
}
