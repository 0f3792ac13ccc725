//! The real binary on loopback: a service whose true counts are known, real receivers, real signals.

mod engine;
mod outage;
mod receiver;
mod service;
#[path = "../support/smtp_server.rs"]
mod smtp_server;
mod wait;
