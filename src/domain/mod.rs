//! Everything that decides, pure: no tokio, no files or sockets, no clock, no randomness, no hash-map order.

pub mod calendar;
pub mod event;
pub mod labels;
pub mod message;
pub mod ratio;
pub mod reading;
pub mod selector;
pub mod selector_text;
pub mod setup;
pub mod slo;
pub mod status;
pub mod time;
pub mod wording;
