//! Users' own tests of their SLOs: what goes in over time, and what must come out of it.
//!
//! The files have the shape of promtool's unit tests, so that who has those needs to learn little: series in promtool's
//! notation, expected alerts at times. Expected figures of SLOs are slowburn's own addition. A test runs through the one
//! engine on a virtual clock, as a replay does; nothing is sent and no clock is read.

mod cases;
pub mod compare;
mod file;
mod junit;
mod keys;
mod report;
mod run;
pub mod values;

pub use file::{Alert, AlertTest, Expected, Figure, Series, SloTest, Suite, Test, Watched, read};
pub use junit::to_junit;
pub use report::{FileReport, Mismatch, TestReport, to_json, to_text};
pub use run::run;

use crate::config::decode::schema;

/// The JSON Schema of test files, from the tables by which they are read.
pub fn json_schema() -> serde_json::Value {
    schema::json_schema(&keys::FILE, "slowburn test file")
}
