//! The way in over the network: discovery, relabelled targets, attempts and their schedule, against real sockets.

#[path = "scrape/answers.rs"]
mod answers;
#[path = "scrape/credentials.rs"]
mod credentials;
#[path = "scrape/discovery.rs"]
mod discovery;
#[path = "scrape/dns.rs"]
mod dns;
#[path = "scrape/peers.rs"]
mod peers;
#[path = "scrape/pool.rs"]
mod pool;
#[path = "scrape/server.rs"]
mod server;
#[path = "scrape/setup.rs"]
mod setup;
#[path = "scrape/targets.rs"]
mod targets;
#[path = "scrape/tls.rs"]
mod tls;
