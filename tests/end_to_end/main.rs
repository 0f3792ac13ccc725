//! The real binary on loopback: a service whose true counts are known, real receivers, real signals.

mod channels;
mod checkpoints;
mod disk;
mod engine;
mod failing_disk;
#[path = "../support/faulty_disk.rs"]
mod faulty_disk;
mod metrics;
mod open_files;
mod outage;
mod real_peers;
mod receiver;
mod reload;
mod replay;
mod restarts;
mod salvage;
mod service;
#[path = "../support/smtp_server.rs"]
mod smtp_server;
mod wait;
