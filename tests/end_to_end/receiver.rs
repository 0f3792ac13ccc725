//! An HTTP receiver of messages: keeps what it accepts, and can be out of order.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    accepted: Vec<Value>,
    refused: usize,
    /// Answers with this instead of 200.
    broken: Option<StatusCode>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let app = Router::new().route("/{*path}", post(take)).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("served") });
        Self { address, shared, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Refuses everything with this status, or takes messages again.
    pub fn set_broken(&self, status: Option<u16>) {
        let status = status.map(|status| StatusCode::from_u16(status).expect("a status"));
        self.shared.lock().expect("no panic while held").broken = status;
    }

    /// What it accepted, in order.
    pub fn accepted(&self) -> Vec<Value> {
        self.shared.lock().expect("no panic while held").accepted.clone()
    }

    pub fn refused(&self) -> usize {
        self.shared.lock().expect("no panic while held").refused
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, body: String) -> (StatusCode, &'static str) {
    let mut shared = shared.lock().expect("no panic while held");
    if let Some(status) = shared.broken {
        shared.refused += 1;
        return (status, "out of order");
    }
    shared.accepted.push(serde_json::from_str(&body).expect("JSON"));
    (StatusCode::OK, "ok")
}
