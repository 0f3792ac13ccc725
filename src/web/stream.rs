//! `/api/v1/stream`: live updates over a WebSocket.
//!
//! A client first gets `{"type":"hello",…}` with the counts, then after each publication `{"type":"update",…}` with the
//! counts again, the statuses that changed (other than in `updated_at`) and those that are gone; with `?changes=false`
//! the counts only. What changed before the greeting is not told: a client whose figures are older than the greeting's
//! `at` asks for them again.
//!
//! One task compares two publications and writes each message once for all clients; publications in quick succession
//! become one message. A client that can't keep up is dropped: it connects again and asks for the list, which is cheaper
//! than a queue for it.

use super::AppState;
use super::api::counts_by_name;
use super::api::envelope::{ApiError, ErrorType};
use super::api::params::Pairs;
use super::origin::{Access, check};
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::status::{SloStatus, State as SloState};
use crate::domain::time::Timestamp;
use crate::metrics::StreamGuard;
use crate::view::{Handle, Published};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

const MAX_CLIENTS: usize = 256;
/// Messages that may wait for one client before it is dropped.
const BACKLOG: usize = 16;
/// At most one update in this time.
const SPACING: Duration = Duration::from_millis(500);
/// Statuses in one update; beyond it the client is told to ask for the list.
const MAX_CHANGED: usize = 500;
const PING: Duration = Duration::from_secs(20);
/// A client that says nothing for this long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(65);
/// Time for a client's socket to take one message.
const SEND: Duration = Duration::from_secs(10);
/// Clients have nothing to say.
const MAX_INCOMING: usize = 4096;

/// Writes each update once for all clients.
#[derive(Clone)]
pub struct Hub {
    updates: broadcast::Sender<Utf8Bytes>,
    /// Updates without what changed.
    summaries: broadcast::Sender<Utf8Bytes>,
    clients: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Hub {
    pub fn new() -> Self {
        Self {
            updates: broadcast::Sender::new(BACKLOG),
            summaries: broadcast::Sender::new(BACKLOG),
            clients: Arc::new(Semaphore::new(MAX_CLIENTS)),
            closing: CancellationToken::new(),
        }
    }

    /// Compares publications until `shutdown` or the engine's end, then closes all clients.
    pub async fn run(self, engine: Handle, shutdown: CancellationToken) {
        let _close_clients = self.closing.clone().drop_guard();
        let mut version = engine.version.clone();
        version.mark_unchanged();
        let mut shown = engine.now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = version.changed() => if changed.is_err() { return },
            }
            let now = engine.now();
            let previous = std::mem::replace(&mut shown, Arc::clone(&now));
            if !self.is_heard() {
                continue;
            }
            let hub = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || hub.tell(&previous, &now)).await {
                tracing::error!(%error, "a live update could not be written");
            }
            sleep(SPACING).await;
        }
    }

    fn is_heard(&self) -> bool {
        self.updates.receiver_count() + self.summaries.receiver_count() > 0
    }

    /// Writes only what somebody listens to; sending fails when the last listener has just left, which is no loss.
    fn tell(&self, previous: &Published, now: &Published) {
        if self.updates.receiver_count() > 0 {
            self.updates.send(update(previous, now).into()).ok();
        }
        if self.summaries.receiver_count() > 0 {
            self.summaries.send(summary("update", now).into()).ok();
        }
    }

    fn subscribe(&self, changes: bool) -> broadcast::Receiver<Utf8Bytes> {
        if changes { self.updates.subscribe() } else { self.summaries.subscribe() }
    }
}

/// Upgrades to a WebSocket, or says why not.
pub async fn stream(
    State(app): State<AppState>,
    headers: HeaderMap,
    pairs: Pairs,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| ApiError::bad_data(rejection.body_text()))?;
    check(&headers, &app.now().setup.external_url, Access::Read)
        .map_err(|reason| ApiError::new(ErrorType::Forbidden, reason))?;
    let changes = match pairs.get("changes") {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => return Err(ApiError::bad_data(format!("changes {other:?}: it is one of true, false"))),
    };
    let full = |_| ApiError::new(ErrorType::Unavailable, format!("there are {MAX_CLIENTS} live connections already"));
    let slot = Arc::clone(&app.hub.clients).try_acquire_owned().map_err(full)?;
    let client = Client { app: app.clone(), changes, _slot: slot, _counted: app.metrics.stream_opened() };
    let upgrade = upgrade.max_message_size(MAX_INCOMING).max_frame_size(MAX_INCOMING);
    Ok(upgrade.on_upgrade(|socket| client.serve(socket)))
}

struct Client {
    app: AppState,
    changes: bool,
    _slot: OwnedSemaphorePermit,
    _counted: StreamGuard,
}

impl Client {
    async fn serve(self, mut socket: WebSocket) {
        // Subscribed before the greeting is made, so that no publication falls between the two.
        let mut updates = self.app.hub.subscribe(self.changes);
        let greeting = summary("hello", &self.app.now());
        let mut pings = interval_at(Instant::now() + PING, PING);
        let mut heard = Instant::now();
        let mut sent = send(&mut socket, Message::Text(greeting.into())).await;
        while sent.is_ok() {
            sent = tokio::select! {
                () = self.app.hub.closing.cancelled() => return close(socket, close_code::AWAY, "shutting down").await,
                update = updates.recv() => match update {
                    Ok(update) => send(&mut socket, Message::Text(update)).await,
                    Err(RecvError::Lagged(_)) => return close(socket, close_code::AGAIN, "too slow").await,
                    Err(RecvError::Closed) => return,
                },
                incoming = socket.recv() => match incoming {
                    Some(Ok(_)) => { heard = Instant::now(); Ok(()) }
                    Some(Err(_)) | None => return,
                },
                _ = pings.tick() => match heard.elapsed() > SILENCE {
                    true => return,
                    false => send(&mut socket, Message::Ping(Default::default())).await,
                },
            };
        }
    }
}

/// Why a message did not get through does not matter: the client is gone or stuck.
struct Gone;

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Gone> {
    match timeout(SEND, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // The connection ends either way.
    send(&mut socket, Message::Close(Some(frame))).await.ok();
}

/// What the head of the page shows.
#[derive(Serialize)]
struct Summary {
    at: Timestamp,
    total: usize,
    states: BTreeMap<&'static str, usize>,
    targets: usize,
    targets_down: usize,
    outbox: usize,
}

impl Summary {
    fn of(published: &Published) -> Self {
        let mut counts = SloState::ALL.map(|state| (state, 0));
        for status in published.statuses.iter() {
            counts.iter_mut().filter(|(state, _)| *state == status.state()).for_each(|(_, count)| *count += 1);
        }
        let active = || published.targets.iter().filter(|target| !target.dropped);
        let down =
            |target: &&crate::view::TargetView| target.last.as_ref().is_some_and(|scrape| scrape.error.is_some());
        Self {
            at: published.at,
            total: published.statuses.len(),
            states: counts_by_name(&counts),
            targets: active().count(),
            targets_down: active().filter(down).count(),
            outbox: published.outbox.len(),
        }
    }
}

/// A message that holds the counts only.
fn summary(r#type: &'static str, published: &Published) -> String {
    #[derive(Serialize)]
    struct Bare {
        r#type: &'static str,
        #[serde(flatten)]
        summary: Summary,
    }
    written(&Bare { r#type, summary: Summary::of(published) })
}

fn update(previous: &Published, now: &Published) -> String {
    #[derive(Serialize)]
    struct Update<'a> {
        r#type: &'static str,
        #[serde(flatten)]
        summary: Summary,
        changed: Vec<&'a SloStatus>,
        removed: Vec<Key<'a>>,
        /// More changed than is told here: ask for the list.
        truncated: bool,
    }
    let (mut changed, mut removed) = compare(previous, now);
    let truncated = changed.len() > MAX_CHANGED || removed.len() > MAX_CHANGED;
    if truncated {
        changed.sort_by_key(|status| status.state);
        changed.truncate(MAX_CHANGED);
        removed.truncate(MAX_CHANGED);
    }
    written(&Update { r#type: "update", summary: Summary::of(now), changed, removed, truncated })
}

fn written(message: &impl Serialize) -> String {
    // Plain structs with string keys always have a JSON form.
    serde_json::to_string(message).unwrap_or_default()
}

/// Names a status among all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize)]
struct Key<'a> {
    id: &'a str,
    group: &'a Labels,
}

fn key(status: &SloStatus) -> Key<'_> {
    Key { id: &status.id, group: &status.group }
}

/// Statuses that are new or differ, and those that are gone.
fn compare<'a>(previous: &'a Published, now: &'a Published) -> (Vec<&'a SloStatus>, Vec<Key<'a>>) {
    let mut before: HashMap<Key<'_>, &Arc<LazyStatus>> = previous.statuses.iter().map(|s| (key(s), s)).collect();
    let mut changed = Vec::new();
    for status in now.statuses.iter() {
        let same = before.remove(&key(status)).is_some_and(|old| Arc::ptr_eq(old, status) || alike(old, status));
        if !same {
            changed.push(&***status);
        }
    }
    let mut removed: Vec<Key<'_>> = before.into_keys().collect();
    removed.sort_by(|a, b| (a.id, a.group).cmp(&(b.id, b.group)));
    (changed, removed)
}

/// Equal but for the moment of evaluation, which moves even where nothing happens.
fn alike(a: &SloStatus, b: &SloStatus) -> bool {
    SloStatus { updated_at: b.updated_at, ..a.clone() } == *b
}
