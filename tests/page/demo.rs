//! A small shop in trouble, as the engine would publish it.

use super::demo_news::{given_up, notice, sent, targets, transition, waiting};
use super::demo_slo::{slo, status};
use slowburn::clock;
use slowburn::domain::labels::Labels;
use slowburn::domain::lazy_status::LazyStatus;
use slowburn::domain::setup::{GroupBy, Route, Setup};
use slowburn::domain::slo::Slo;
use slowburn::domain::status::{AlertState, State};
use slowburn::view::{Published, ReloadView, StoreView};
use std::sync::Arc;
use std::time::Duration;

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
    /// Burn rates over `5m`, `30m`, `1h`, `2h`, `6h`, `1d` and `3d`.
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
        transition(&checkout, fired, AlertState::Firing).into(),
        transition(&search, published.at - Duration::from_secs(5400), AlertState::Firing).into(),
        transition(&checkout, fired - Duration::from_secs(9 * 86_400), AlertState::Inactive).into(),
        transition(&checkout, fired - Duration::from_secs(9 * 86_400 + 4000), AlertState::Firing).into(),
    ]);
    let notice = notice(&checkout, fired, &published);
    published.alerts = Arc::new(vec![notice.clone().into()]);
    published.sent = Arc::new(vec![
        sent(8, "pager", "webhook", &notice, None),
        sent(1, "pager", "webhook", &notice, None),
        given_up(&notice),
    ]);
    published.outbox = Arc::new(vec![waiting(&notice, published.at).into()]);
    published
}

/// A publication of these SLOs and nothing else.
pub fn of(shown: &[Shown]) -> Published {
    let at = clock::now();
    let mut statuses: Vec<_> = shown.iter().map(|shown| Arc::new(LazyStatus::from(status(shown, at)))).collect();
    statuses.sort_by(|a, b| (&a.service, &a.name, &a.group).cmp(&(&b.service, &b.name, &b.group)));
    let mut slos: Vec<Arc<Slo>> = shown.iter().map(|shown| Arc::new(slo(shown, at))).collect();
    slos.dedup_by(|a, b| a.id == b.id);
    Published {
        discovery: Arc::default(),
        at,
        started: at - Duration::from_secs(86_400),
        statuses: statuses.into_iter().collect(),
        setup: Arc::new(setup(slos)),
        outbox: Arc::default(),
        sent: Arc::default(),
        transitions: Arc::default(),
        alerts: Arc::default(),
        targets: Arc::default(),
        store: StoreView::default(),
        reload: ReloadView { last_success: Some(at - Duration::from_secs(86_400)), ..ReloadView::default() },
        compat: Default::default(),
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
