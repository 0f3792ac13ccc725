//! Everything that decides, pure: no tokio, no files or sockets, no clock, no randomness, no hash-map order.

pub mod alert;
pub mod burn;
pub mod calendar;
pub mod dispatch;
pub mod event;
pub mod group;
pub mod history;
pub mod labels;
pub mod message;
pub mod plan;
pub mod ratio;
pub mod reading;
pub mod route;
pub mod selector;
pub mod selector_text;
pub mod setup;
pub mod sli;
pub mod slices;
pub mod slo;
pub mod state;
pub mod status;
pub mod step;
pub mod time;
pub mod trouble;
pub mod varint;
pub mod wording;
