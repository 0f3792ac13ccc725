//! Connections: accepted up to a limit, bounded in header size and time, and drained at the end.
//!
//! HTTP/1.1 only: TLS and HTTP/2 belong to the proxy in front. A connection beyond the limit waits in the kernel's queue
//! rather than being refused, so a burst of clients is slow instead of broken.

use super::{AppState, router};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

const MAX_CONNECTIONS: usize = 1024;
/// From the end of one request until the head of the next is complete; longer than the common scrape intervals, so that
/// Prometheus keeps its connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);
/// Bytes of a request's head; hyper may read up to twice as many before it looks.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
/// Requests in flight get this long to finish after shutdown begins.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause after a failed accept, as when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until `shutdown`, then finishes what is in flight. Connections live on `runtime`. Live updates are made where
/// this is called, in the runtime of the engine: most publications have no listener, for whom another thread would be
/// woken. Fails where the system can't watch the listener.
pub fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: CancellationToken,
    runtime: &Handle,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let listener = listener.into_std()?;
    let listener = {
        let _on = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let updates = tokio::spawn(state.hub.clone().run(state.engine.clone(), shutdown.clone()));
    Ok(runtime.spawn(run(listener, state, updates, shutdown)))
}

async fn run(
    listener: TcpListener,
    state: AppState,
    updates: JoinHandle<()>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving HTTP");
    let app = router(state);
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    let accepting = async {
        loop {
            // The semaphore is never closed, so a permit always comes.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            if let Some(socket) = accept(&listener).await {
                connections.spawn(connection(socket, app.clone(), shutdown.clone(), slot));
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown.cancelled() => {}
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!(seconds = DRAIN.as_secs(), "some HTTP requests were cut off at shutdown");
    }
    // Ends by the same token; live connections are closed with it.
    updates.await.map_err(io::Error::other)
}

async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((socket, _)) => {
            // Answers are written whole; waiting for more would only delay them.
            socket.set_nodelay(true).ok();
            Some(socket)
        }
        Err(error) => {
            tracing::warn!(%error, "can't accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Serves one connection; from `shutdown` on it finishes the request it is in and takes no other.
async fn connection(socket: TcpStream, app: Router, shutdown: CancellationToken, slot: OwnedSemaphorePermit) {
    let service = TowerToHyperService::new(app.map_request(|request: hyper::Request<Incoming>| request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended early");
    }
    drop(slot);
}
