//! A stand-in for the engine: publishes what a test says and answers questions about the past from formulas.

use slowburn::clock;
use slowburn::domain::status::{HistoryPoint, SloStatus};
use slowburn::domain::time::Timestamp;
use slowburn::metrics::Metrics;
use slowburn::view::{Handle, HistoryQuery, Published, Request, Sparkline};
use slowburn::web::{self, AppState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// A page served on loopback.
pub struct Site {
    /// `http://127.0.0.1:port`
    pub base: String,
    handle: Handle,
    version: watch::Sender<u64>,
    shutdown: CancellationToken,
}

impl Site {
    /// With a past made of formulas.
    pub async fn serve(published: Published) -> Self {
        Self::serve_with(published, Arc::new(formulas)).await
    }

    pub async fn serve_with(published: Published, answer: Answer) -> Self {
        let (version, seen) = watch::channel(1);
        let (requests, asked) = mpsc::channel(16);
        let published = Arc::new(arc_swap::ArcSwap::from_pointee(published));
        let handle = Handle { published, version: seen, requests, store_size: Arc::new(|| 0) };
        tokio::spawn(answer_all(asked, Arc::clone(&handle.published), answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let state = AppState::new(handle.clone(), Metrics::new(), Vec::new());
        web::serve(listener, state, shutdown.clone(), &tokio::runtime::Handle::current()).unwrap();
        Self { base, handle, version, shutdown }
    }

    /// Publishes a change, as the engine does after a commit.
    pub fn publish(&self, change: impl FnOnce(&mut Published)) {
        let mut next = Published::clone(&self.handle.now());
        next.at = clock::now();
        change(&mut next);
        self.handle.published.store(Arc::new(next));
        self.version.send_modify(|version| *version += 1);
    }

    /// Changes one SLO in a new publication.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut SloStatus)) {
        self.publish(|published| {
            let mut statuses: Vec<_> = published.statuses.iter().cloned().collect();
            let place = statuses.iter().position(|status| status.id == id).unwrap();
            let mut status = SloStatus::clone(&statuses[place]);
            change(&mut status);
            statuses[place] = Arc::new(status.into());
            published.statuses = statuses.into_iter().collect();
        });
    }

    pub fn stop(&self) {
        self.shutdown.cancel();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers a question, given what is published.
pub type Answer = Arc<dyn Fn(Request, &Published) + Send + Sync>;

async fn answer_all(mut asked: mpsc::Receiver<Request>, published: Arc<arc_swap::ArcSwap<Published>>, answer: Answer) {
    while let Some(request) = asked.recv().await {
        answer(request, &published.load_full());
    }
}

fn formulas(request: Request, now: &Published) {
    let find = |id: &slowburn::domain::slo::SloId, group: &_| {
        now.statuses.iter().find(|s| s.service == id.service && s.name == id.name && s.group == *group)
    };
    match request {
        Request::History { query, reply } => {
            let points = find(&query.id, &query.group).map(|status| history(status, &query, now.at));
            reply.send(points).ok();
        }
        Request::Sparklines { ids, points, reply } => {
            let line = |(id, group): &_| find(id, group).map_or_else(Sparkline::default, |s| spark(s, points, now.at));
            reply.send(ids.iter().map(line).collect()).ok();
        }
        Request::Reload { reply } => {
            reply.send(Ok(())).ok();
        }
    }
}

const DAY: f64 = 86_400.0;
/// When the demo's incident began, before now.
pub const INCIDENT: Duration = Duration::from_secs(55 * 60);

fn spark(status: &SloStatus, points: usize, now: Timestamp) -> Sparkline {
    let step = 30.0 * DAY / points as f64;
    let points = (1..=points).map(|i| budget(status, step * (points - i) as f64, now));
    Sparkline { points: points.collect(), young: None }
}

/// The budget `age` seconds ago: spent by two old incidents, by daily noise, and by today's incident.
fn budget(status: &SloStatus, age: f64, _now: Timestamp) -> Option<f64> {
    let last = status.budget.remaining?;
    let today = if last < 0.5 { 0.34 } else { 0.02 };
    let began = INCIDENT.as_secs_f64();
    let recent = today * (1.0 - (age / began).min(1.0));
    let older = [(21.0, 0.22), (9.5, 0.16)].iter().map(|(days, size): &(f64, f64)| {
        let since = (days * DAY - age) / (0.4 * DAY);
        size * since.clamp(0.0, 1.0)
    });
    let spent_now = today + 0.38 + 0.02;
    let scale = (1.0 - last) / spent_now.max(0.01);
    let spent = recent + older.sum::<f64>() + 0.02 * (1.0 - age / (30.0 * DAY)).clamp(0.0, 1.0);
    Some(1.0 - spent * scale)
}

fn history(status: &SloStatus, query: &HistoryQuery, now: Timestamp) -> Vec<HistoryPoint> {
    let step = query.step.as_secs_f64();
    let count = (query.end.since(query.start).as_secs_f64() / step) as u64;
    (1..=count)
        .map(|i| {
            let at = query.start + Duration::from_secs_f64(step * i as f64);
            point(status, at, step, now.since(at).as_secs_f64(), now)
        })
        .collect()
}

fn point(status: &SloStatus, at: Timestamp, step: f64, age: f64, now: Timestamp) -> HistoryPoint {
    let day = at.as_secs_f64() / DAY * std::f64::consts::TAU;
    let noise = (at.as_secs_f64() / 137.0).sin() * 0.08 + (at.as_secs_f64() / 41.0).cos() * 0.05;
    let total = (42.0 * (1.0 + 0.45 * (day + 3.9).sin() + noise) * step).round();
    let allowed = 1.0 - status.objective / 100.0;
    let burning = status.budget.remaining.is_some_and(|r| r < 0.5) && age < INCIDENT.as_secs_f64();
    let share = if burning { 18.0 + 9.0 * noise } else { 0.35 + noise } * allowed;
    let bad = (total * share).max(0.0).round();
    let measured = status.budget.remaining.is_some();
    HistoryPoint {
        at,
        good: total - bad,
        bad,
        total,
        burn_rate: measured.then(|| bad / total / allowed),
        budget_remaining: budget(status, age, now),
        coverage: if measured { 1.0 } else { 0.0 },
    }
}
