//! The rooms of slowburn that read what others wrote, and those that they lean on, without the rest of the crate.
//!
//! Fuzzing instruments whatever it builds; without the database, TLS, HTTP and the page this takes a minute or two, not ten.

// The bodies name this library as they name the whole crate in the test of the kept inputs.
extern crate self as slowburn;
// The configuration names these two by way of the HTTP client, which re-exports them.
extern crate self as reqwest;
pub use http::header;
pub use url::Url;

#[path = "../bodies/mod.rs"]
pub mod bodies;
#[path = "../../src/config/mod.rs"]
pub mod config;
#[path = "../../src/cores.rs"]
pub mod cores;
#[path = "../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../src/export/mod.rs"]
pub mod export;
pub mod source;
#[path = "../../src/spec/mod.rs"]
pub mod spec;
