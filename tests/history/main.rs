//! `slowburn replay` on real history: out of a running Prometheus and its JSON, and the report on what happened.

#[path = "../support/imported.rs"]
mod imported;
mod prometheus;
mod remote_read;
mod report;
#[path = "../support/prometheus.rs"]
mod server;
mod trace;
mod usage;
