//! The JSON API, `/metrics` and the operations endpoints over real sockets.

mod badge;
mod compat;
mod data;
mod guard;
mod history;
mod listing;
mod metrics;
mod ops;
mod stream;
mod support;
