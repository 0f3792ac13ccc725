//! The engine's decisions through their one public face, `State::step`: events in, counts, alerts and messages out.

mod alerts;
mod births;
mod board;
mod budgets;
#[path = "../support/build.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod build;
mod counting;
#[path = "../support/detail.rs"]
mod detail;
mod dispatch;
mod gauges;
mod groups;
mod idle;
mod levels;
mod memory;
mod misfit;
mod notices;
#[path = "../support/oracle.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod oracle;
mod outbox;
mod past;
mod plan;
mod reloads;
mod run;
mod statuses;
mod steps;
mod wording;
