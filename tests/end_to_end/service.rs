//! A service that can be broken at will and knows what really happened in it.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use slowburn::clock;
use slowburn::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Events since the engine's first look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Truth {
    pub total: f64,
    pub bad: f64,
}

/// Serves `/metrics` with `http_requests_total{route,code}`.
pub struct Service {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    counters: BTreeMap<(String, String), u64>,
    /// Events that happened before the first scrape, and so count nothing.
    before: Option<(u64, u64)>,
    /// All events, but those that a restart took away before anyone saw them.
    total: u64,
    bad: u64,
    /// Both as of the last scrape.
    seen: (u64, u64),
    down: bool,
    scrapes: usize,
    served: Vec<(Timestamp, String)>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Service {
    /// Starts with counters that already stand somewhere.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let app = Router::new().route("/metrics", get(metrics)).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("served") });
        let service = Self { address, shared, server };
        service.happen("/cart", "200", 1000);
        service.happen("/cart", "500", 7);
        service
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic while held")
    }

    /// Requests to a route come to an end with this code.
    pub fn happen(&self, route: &str, code: &str, times: u64) {
        let mut shared = self.shared();
        *shared.counters.entry((route.to_owned(), code.to_owned())).or_default() += times;
        shared.total += times;
        shared.bad += if code.starts_with('5') { times } else { 0 };
    }

    /// Answers scrapes with 503, or with metrics again.
    pub fn set_down(&self, down: bool) {
        self.shared().down = down;
    }

    /// The process starts anew: all counters are gone, with what nobody has seen.
    pub fn restart(&self) {
        let mut shared = self.shared();
        shared.counters.values_mut().for_each(|counter| *counter = 0);
        (shared.total, shared.bad) = shared.seen;
    }

    /// How often metrics were asked for.
    pub fn scrapes(&self) -> usize {
        self.shared().scrapes
    }

    pub fn truth(&self) -> Truth {
        let shared = self.shared();
        let (total, bad) = shared.before.unwrap_or((shared.total, shared.bad));
        Truth { total: (shared.total - total) as f64, bad: (shared.bad - bad) as f64 }
    }

    /// Every body served, with the time of serving.
    pub fn served(&self) -> Vec<(Timestamp, String)> {
        self.shared().served.clone()
    }
}

async fn metrics(State(shared): State<Arc<Mutex<Shared>>>) -> Response {
    let mut shared = shared.lock().expect("no panic while held");
    shared.scrapes += 1;
    if shared.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let now = (shared.total, shared.bad);
    shared.before.get_or_insert(now);
    shared.seen = now;
    let mut text = String::from("# TYPE http_requests_total counter\n");
    for ((route, code), value) in &shared.counters {
        writeln!(text, "http_requests_total{{route=\"{route}\",code=\"{code}\"}} {value}").expect("written");
    }
    shared.served.push((clock::now(), text.clone()));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
