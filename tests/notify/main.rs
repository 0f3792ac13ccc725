//! Messages on their way out: titles, payloads, retries, order, and real servers at the other end.

mod backoff;
mod command;
mod conformance;
#[path = "../support/detail.rs"]
mod detail;
mod email;
mod fixtures;
mod http_server;
mod payloads;
mod plan;
#[path = "../support/smtp_server.rs"]
mod smtp_server;
mod titles;
mod worker;
