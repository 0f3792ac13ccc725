//! What the measured process talks to: targets, probes that break now and then, and the receiver of its messages.

use super::world::SERVICES;
use crate::support::body::body;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use slowburn::clock;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Scrapes of one turn of a probe; the first of them shows errors.
const TURN: usize = 8;
/// The first tick that targets show; ticks before it are in the history.
const FIRST_TICK: usize = 1000;

/// Serves `router` on a free port; the address.
fn serve(runtime: &Runtime, router: Router) -> String {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

fn page(text: impl Into<Bytes>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text.into())
}

/// Addresses of so many targets with a hundred services each.
pub fn targets(runtime: &Runtime, count: usize) -> Vec<String> {
    let target = |number: usize| {
        let ticks = Arc::new(AtomicUsize::new(FIRST_TICK));
        let show = move || async move {
            let tick = ticks.fetch_add(1, Ordering::Relaxed);
            page(body(number * SERVICES..(number + 1) * SERVICES, tick))
        };
        serve(runtime, Router::new().route("/metrics", get(show)))
    };
    (0..count).map(target).collect()
}

/// Probes by number: when each last showed errors that no message has told of yet.
#[derive(Clone, Default)]
pub struct Alarms {
    shown: Arc<Mutex<HashMap<String, Instant>>>,
    told: Arc<Mutex<Vec<Duration>>>,
}

impl Alarms {
    fn show(&self, probe: String) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(probe, clock::instant());
    }

    fn tell(&self, probe: &str) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(probe);
        if let Some(shown) = shown {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).push(shown.elapsed());
        }
    }

    /// Times from a scrape's end to its message, since the last call.
    pub fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Addresses of targets that show errors at every eighth scrape, out of step with each other.
pub fn probes(runtime: &Runtime, count: usize, alarms: &Alarms) -> Vec<String> {
    let probe = |number: usize| {
        let (alarms, state) = (alarms.clone(), Arc::new(Mutex::new((number % TURN, 0u64, 0u64))));
        let show = move || async move {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let (turn, good, bad) = &mut *state;
            *turn += 1;
            let breaks = turn.is_multiple_of(TURN);
            *(if breaks { &mut *bad } else { &mut *good }) += if breaks { 1000 } else { 100 };
            let mut text = String::from("# TYPE probe_total counter\n");
            for (code, value) in [("200", *good), ("500", *bad)] {
                let _ = writeln!(text, "probe_total{{probe=\"p{number}\",code=\"{code}\"}} {value}");
            }
            if breaks {
                alarms.show(format!("p{number}"));
            }
            page(text)
        };
        serve(runtime, Router::new().route("/metrics", get(show)))
    };
    (0..count).map(probe).collect()
}

/// The URL of a receiver that notes when it hears of a probe.
pub fn receiver(runtime: &Runtime, alarms: &Alarms) -> String {
    let take = |State(alarms): State<Alarms>, body: Bytes| async move {
        let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        for alert in message["alerts"].as_array().into_iter().flatten() {
            if alert["status"] == "firing" {
                alarms.tell(alert["labels"]["slo"].as_str().unwrap_or_default());
            }
        }
    };
    let address = serve(runtime, Router::new().route("/hook", post(take)).with_state(alarms.clone()));
    format!("http://{address}/hook")
}
