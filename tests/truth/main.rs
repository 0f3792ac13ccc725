//! The numbers are right: against a brute-force oracle in exact fractions, and against a real Prometheus over simulated
//! traffic whose true counts are known.

mod answers;
mod both;
#[path = "../support/build.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod build;
mod calendar;
mod cells;
mod corpus;
mod counts;
mod engine;
mod histogram;
#[path = "../support/imported.rs"]
mod imported;
mod oracle;
mod prometheus;
mod recordings;
#[path = "../support/prometheus.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod server;
mod simulation;
mod slices;
mod sum;
mod table;
mod target;
mod traffic;
mod world;
