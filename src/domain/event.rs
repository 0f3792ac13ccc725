//! What can happen to the engine. The journal is a list of these: replaying them gives the same state again.

use super::message::DeliveryReport;
use super::reading::Scrape;
use super::setup::Setup;
use super::time::Timestamp;
use std::sync::Arc;

/// One input of `step`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A configuration takes effect.
    Configured { at: Timestamp, setup: Arc<Setup> },
    /// A target was read, or could not be.
    Scraped(Scrape),
    /// Time passed: what is due is evaluated and told.
    Tick { at: Timestamp },
    /// The store can't be written (or can again, `None`).
    Trouble { at: Timestamp, error: Option<String> },
    /// A message met its fate.
    Delivered(DeliveryReport),
}
