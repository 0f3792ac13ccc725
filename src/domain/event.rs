//! What can happen to the engine. The journal is a list of these: replaying them gives the same state again.

use super::message::DeliveryReport;
use super::reading::Scrape;
use super::setup::Setup;
use super::slo::Slo;
use super::time::Timestamp;
use std::sync::Arc;

/// One input of `step`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A configuration takes effect.
    Configured { at: Timestamp, setup: Arc<Setup> },
    /// The SLOs in force go on under a configuration that has the very same; `setup` is that without SLOs.
    Resumed { at: Timestamp, setup: Arc<Setup> },
    /// A target was read, or could not be.
    Scraped(Scrape),
    /// Time passed: what is due is evaluated and told.
    Tick { at: Timestamp },
    /// The store can't be written (or can again, `None`).
    Trouble { at: Timestamp, error: Option<String> },
    /// A message met its fate.
    Delivered(DeliveryReport),
}

impl Event {
    /// This event as briefly as it can be told where a setup is in force: thousands of SLOs are mostly the same after a
    /// restart, and to write and read them takes longer than all else that a start has to write.
    pub fn in_brief(self, in_force: Option<&Setup>) -> Self {
        match (self, in_force) {
            (Self::Configured { at, setup }, Some(in_force)) if same(&setup.slos, &in_force.slos) => {
                Self::Resumed { at, setup: Arc::new(Setup { slos: Vec::new(), ..Setup::clone(&setup) }) }
            }
            (event, _) => event,
        }
    }
}

fn same(slos: &[Arc<Slo>], others: &[Arc<Slo>]) -> bool {
    slos.len() == others.len() && slos.iter().zip(others).all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
}
