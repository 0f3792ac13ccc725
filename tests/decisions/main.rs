//! Alert decisions: Sloth's generated rules and slowburn's own export in a real Prometheus, beside slowburn's replay of
//! the same samples, transition by transition.

mod agreement;
mod compare;
mod counted;
mod files;
mod indicator;
mod model;
mod peers;
mod process;
mod promtool;
mod rules;
#[path = "../support/prometheus.rs"]
mod server;
mod services;
mod table;
mod traces;
