//! `/api/v1/status/…`: how this process runs, in Prometheus's shapes.

use super::envelope::success;
use super::targets::time_or_zero;
use crate::clock;
use crate::domain::time::Timestamp;
use crate::web::{AppState, off_thread};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    start_time: Timestamp,
    #[serde(rename = "CWD")]
    cwd: String,
    server_time: Timestamp,
    reload_config_success: bool,
    /// Why the last reload failed; slowburn's own.
    reload_config_error: Option<String>,
    last_config_time: String,
    corruption_count: u64,
    storage: StorageInfo,
}

/// slowburn's own: whether what is counted is also kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StorageInfo {
    healthy: bool,
    error: Option<String>,
    error_since: Option<Timestamp>,
    bytes: u64,
    commits: u64,
    last_commit: Option<Timestamp>,
}

pub async fn runtime_info(State(app): State<AppState>) -> Response {
    off_thread(move || success(about(&app))).await
}

fn about(app: &AppState) -> RuntimeInfo {
    let now = app.now();
    let store = &now.store;
    RuntimeInfo {
        start_time: now.started,
        cwd: std::env::current_dir().map(|path| path.display().to_string()).unwrap_or_default(),
        server_time: clock::now(),
        reload_config_success: !now.reload.failed,
        reload_config_error: now.reload.error.clone(),
        last_config_time: time_or_zero(now.reload.last_success),
        corruption_count: 0,
        storage: StorageInfo {
            healthy: store.error.is_none(),
            error: store.error.clone(),
            error_since: store.since,
            bytes: (app.engine.store_size)(),
            commits: store.commits,
            last_commit: store.last_commit,
        },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildInfo {
    /// Tells slowburn from Prometheus, whose clients read this page.
    application: &'static str,
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    build_user: &'static str,
    build_date: &'static str,
    go_version: &'static str,
}

/// Version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Commit that was built, as `build.rs` found it; empty where nobody knows.
pub const REVISION: &str = match option_env!("SLOWBURN_REVISION") {
    Some(revision) => revision,
    None => "",
};

pub async fn build_info() -> Response {
    success(BuildInfo {
        application: "slowburn",
        version: VERSION,
        revision: REVISION,
        branch: "",
        build_user: "",
        build_date: "",
        go_version: "",
    })
}

pub async fn flags(State(app): State<AppState>) -> Response {
    let flags: BTreeMap<&str, &str> = app.flags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    success(flags)
}
